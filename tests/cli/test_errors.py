"""Every refusal: its exit code, one line that names what was found, a hint of what to type, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rnnforecast import checkpoint
from tests.cli.process import LONG, TINY, hourly, names_in, refused, run, wave, works, write

TIMES, LEVELS = hourly(300), wave(300)
ROWS = [f"{t},{v}" for t, v in zip(TIMES, LEVELS, strict=True)]
HEADER = "time,level_m"


def changed(line: int, row: str) -> list[str]:
    """The rows of the tide, one of them another."""
    return [*ROWS[: line - 2], row, *ROWS[line - 1 :]]


# name -> header and rows, exit code, what the line says, what the hint says: for train
DATA = {
    "no time column": ("level_m", [str(v) for v in LEVELS], 5, "no time column among level_m", "--time none"),
    "no numeric column": ("time,note", [f"{t},fine" for t in TIMES], 5, "no numeric column", "-t NAME"),
    "header only": (HEADER, [], 5, "a header and no rows", ""),
    "too few rows": (HEADER, ROWS[:30], 5, "too few rows: 30 with lookback 24 and horizon 4", "--lookback"),
    "text in the target": (HEADER, changed(12, f"{TIMES[10]},Ice[/]"), 5, "line 12, column 'level_m': 'Ice[/]'", "Ice"),
    "infinity": (HEADER, changed(7, f"{TIMES[5]},inf"), 5, "line 7: level_m is inf", ""),
    "one absurd value": (HEADER, changed(7, f"{TIMES[5]},1e29"), 5, "line 7: level_m is 1e+29", "--missing 1e+29"),
    "one mistyped year": (HEADER, changed(7, f"2062-01-01T05:00Z,{LEVELS[5]}"), 5, "line 7: 2062", "--end"),
    "two rows of one time": (HEADER, changed(7, f"{TIMES[4]},9.0"), 5, "line 7: 2026-01-01T04:00Z was met", "--dup"),
    "a date that is none": (HEADER, changed(7, f"2026-02-30T00:00Z,{LEVELS[5]}"), 5, "line 7: '2026-02-30", ""),
    "a row too wide": (HEADER, changed(7, f"{ROWS[5]},1"), 5, "line 7: 3 fields; expected 2", ""),
    "all missing": (HEADER, [f"{t}," for t in TIMES], 5, "", "-t NAME"),
}  # fmt: skip


@pytest.mark.parametrize("fault", DATA)
def test_data_that_cannot_be_used_is_refused_and_nothing_is_written(fault: str, tmp_path: Path) -> None:
    header, rows, code, says, hint = DATA[fault]
    data = write(tmp_path / "gauge.csv", header, rows)
    done = run("train", "gauge.csv", *LONG, cwd=tmp_path)
    line = refused(done, code, says, hint)
    assert "gauge.csv" in line or fault == "too few rows"
    assert names_in(tmp_path) == {data.name}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01", b"PK\x03\x04", b"\x1f\x8b\x08", b"<!DOCTYPE html>"])
def test_what_is_no_table_is_refused_by_every_reader(content: bytes, model: Path, tmp_path: Path) -> None:
    (tmp_path / "gauge.csv").write_bytes(content)
    for words in (("inspect",), ("predict", "-m", model), ("train",)):
        refused(run(*words, "gauge.csv", cwd=tmp_path), 5, "gauge.csv")
    assert names_in(tmp_path) == {"gauge.csv"}


@pytest.mark.parametrize("flag", ["-t", "--time", "--id", "--past", "--future", "--static"])
def test_a_named_column_that_is_not_there_is_refused_with_the_nearest(
    flag: str, tide: dict[str, Path], tmp_path: Path
) -> None:
    named = "level" if flag == "-t" else "level_n"
    done = run("train", tide["csv"], flag, named, cwd=tmp_path)
    refused(done, 5, f"no column '{named}'; expected one of time, level_m", "" if flag == "--time" else "level_m?")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("train none.csv", 4, "none.csv: no such file"),
        ("inspect none.csv", 4, "none.csv: no such file"),
        ("predict none.csv -m MODEL", 4, "none.csv: no such file"),
        ("predict -m none.safetensors", 4, "none.safetensors: no such model"),
        ("evaluate DATA -m none.safetensors", 4, "none.safetensors: no such model"),
        ("predict -m DATA", 9, "not an rnnforecast model"),
        ("predict -m /dev/zero", 9, "a pipe or a device"),
        ("predict -m .", 9, "could not be read: Is a directory"),
        ("inspect /dev/zero", 5, "not a regular file"),
        ("inspect .", 5, "a folder"),
        ("predict MODEL -m MODEL", 5, "a binary or damaged file"),
        ("train DATA -o .", 11, "Is a directory"),
        ("train DATA -o /dev/null", 11, "a pipe or a device"),
        ("train DATA -o DATA", 11, "not an rnnforecast model"),
        ("train DATA -o -", 2, "a model goes to a file"),
        ("train DATA --with none.csv", 4, "none.csv: no such file"),
        ("predict -m MODEL --start 2026", 2, "--start says how to read data, and none is named"),
        ("predict -m MODEL --with DATA", 2, "--with says how to read data, and none is named"),
        ("train DATA --tz Mars/Olympus", 2, "unknown zone 'Mars/Olympus'"),
        ("train DATA --freq 7parsecs", 2, "'7parsecs' is not a duration"),
        ("train DATA --exclude 2026", 2, "--exclude '2026' is no span"),
        ("train DATA --gaps fill", 2, "--gaps 'fill'"),
        ("train DATA --start 2030", 5, "no row between --start and --end"),
        ("train DATA --sep abc", 2, "the separator must be one sign"),
        ("train DATA --past level_m -t level_m", 2, "named as --target and as --past"),
        ("train DATA --decoder recursive --segment-length 4", 2, "segment_length 4"),
        ("train DATA -L 4 --segment-length 9", 2, "segment_length 9 is longer than the lookback 4"),
    ],
)
def test_a_command_that_cannot_be_carried_out_is_refused(
    words: str, code: int, says: str, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    files = {"DATA": str(tide["csv"]), "MODEL": str(model)}
    refused(run(*(files.get(word, word) for word in words.split()), cwd=tmp_path), code, says)
    assert names_in(tmp_path) == set()


# --- data and model disagree ---


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("time,stage", ROWS, "no column 'level_m', which the model needs"),
        ("when,level_m", ROWS, "no column 'time', which the model needs"),
        (HEADER, [row.replace("Z,", ",") for row in ROWS], "times without a zone; expected times in UTC"),
        (HEADER, [row for i, row in enumerate(ROWS) if i % 3 == 0], "3 h"),
        (HEADER, [f"{i},{v}" for i, v in enumerate(LEVELS)], "row numbers"),
    ],
    ids=["another target", "another time", "naive times", "another step", "no times"],
)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_data_that_the_model_was_not_trained_for_is_a_mismatch(
    command: str, header: str, rows: list[str], says: str, model: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "gauge.csv", header, rows)
    refused(run(command, data, "-m", model, cwd=tmp_path), 6, says)


@pytest.mark.parametrize(
    ("flag", "value"), [("-t", "flow"), ("--time", "when"), ("--past", "rain"), ("--id", "station"), ("--freq", "3h")]
)
def test_a_flag_that_contradicts_the_model_is_a_mismatch(
    flag: str, value: str, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    refused(run("predict", tide["csv"], "-m", model, flag, value, cwd=tmp_path), 6)


# --- model files ---


@pytest.mark.parametrize("place", [0.0, 0.02, 0.3, 0.6, 0.999])
def test_a_model_with_a_flipped_byte_is_refused_by_every_command(
    place: float, tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    data = bytearray(model.read_bytes())
    data[int(place * len(data))] ^= 0x40
    (tmp_path / "model.safetensors").write_bytes(data)
    refused(run("predict", cwd=tmp_path), 9, "model.safetensors", "rnnforecast" if place else "")
    refused(run("info", cwd=tmp_path), 9, "model.safetensors")
    refused(run("evaluate", tide["csv"], cwd=tmp_path), 9, "model.safetensors")


def test_a_cut_an_empty_and_a_foreign_model_are_refused(model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:8], b"", b"\x80\x04K\x01.", b"PK\x03\x04", b"{}"):
        (tmp_path / "model.safetensors").write_bytes(content)
        refused(run("predict", cwd=tmp_path), 9, "model.safetensors: ")


def test_a_model_of_a_newer_format_is_refused_by_its_version(model: Path, tmp_path: Path) -> None:
    data, current = model.read_bytes(), f'"format_version":"{checkpoint.FORMAT_VERSION}"'.encode()
    assert data.count(current) == 1
    newer = current.replace(str(checkpoint.FORMAT_VERSION).encode(), b"9")
    (tmp_path / "model.safetensors").write_bytes(data.replace(current, newer))
    refused(run("predict", cwd=tmp_path), 9, "format version 9", "upgrade")


def test_a_damaged_model_is_restored_by_the_command_of_the_hint(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.prev.safetensors").write_bytes(model.read_bytes())
    damaged = bytearray(model.read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(damaged)
    done = run("predict", cwd=tmp_path)
    refused(done, 9, "SHA-256", "model.prev.safetensors model.safetensors")
    assert os.system(f"cd {tmp_path} && {done.err.splitlines()[-1].rpartition(': ')[2]}") == 0
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


def test_a_foreign_file_at_the_output_is_never_replaced(tide: dict[str, Path], tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.prev.safetensors", "model.safetensors.lock"):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        (folder / name).write_bytes(b"mine")
        refused(run("train", tide["csv"], *TINY, cwd=folder), 11, name, "-o FILE")
        assert (folder / name).read_bytes() == b"mine"
        assert names_in(folder) <= {name, "model.safetensors.lock"}


# --- what a bug or -v looks like ---


def test_with_verbose_the_traceback_comes_first_and_the_exit_code_stays(tmp_path: Path) -> None:
    for flag in ("-v", "--verbose", "-qv"):
        done = run("inspect", "none.csv", flag, cwd=tmp_path)
        assert done.code == 4
        assert done.out == b""
        assert done.err.startswith("Traceback")
        assert done.err.splitlines()[-1] == "rnnforecast: none.csv: no such file"


def test_control_signs_in_names_are_escaped_in_messages(tmp_path: Path) -> None:
    line = refused(run("inspect", "no\x1b[31m\nfile[red].csv", cwd=tmp_path), 4, "no such file")
    assert "\\x1b[31m\\nfile[red].csv" in line
