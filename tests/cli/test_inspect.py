"""inspect: what a file holds and what to type next; it decides nothing that it cannot."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import hourly, names_in, refused, run, shell, wave, works, write
from tests.cli.test_evaluate import strict


@pytest.fixture
def undecided(tmp_path: Path) -> Path:
    """Two columns that could be the target."""
    rows = [f"{t},{v},{2 * v:.3f}" for t, v in zip(hourly(100), wave(100), strict=True)]
    return write(tmp_path / "two.csv", "time,warmth_c,flux m3/s", rows)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_each_format_shows_the_same_gauge(kind: str, tide: dict[str, Path], tmp_path: Path) -> None:
    done = works(run("inspect", tide[kind], cwd=tmp_path))
    lines = {line.split("  ")[0]: line for line in done.out.decode().splitlines()}
    assert "every 1 h, 2026-01-01T00:00Z to 2026-01-13T11:00Z" in lines["time"]
    assert "level_m (m)" in lines["target"]
    assert "none missing" in done.out.decode()
    assert done.err == ""


def test_stdin_is_inspected_too(tide: dict[str, Path], tmp_path: Path) -> None:
    done = works(run("inspect", "-", cwd=tmp_path, stdin=tide["csv"].read_bytes()))
    assert "Next: rnnforecast train -" in done.out.decode().splitlines()


def test_json_says_what_the_text_says_without_nan(tide: dict[str, Path], tmp_path: Path) -> None:
    seen = strict(works(run("inspect", tide["csv"], "--json", cwd=tmp_path)).out)
    assert seen["time"]["step"] == "1 h"
    assert seen["time"]["steps"] == 300
    assert seen["target"][0]["column"] == "level_m"
    assert seen["target"][0]["missing"] == 0
    assert seen["next"] == f"rnnforecast train {tide['csv']}"


def test_where_the_target_is_open_the_candidates_are_listed_and_exit_is_0(undecided: Path, tmp_path: Path) -> None:
    text = works(run("inspect", undecided.name, cwd=tmp_path)).out.decode()
    assert "not decided; it could be warmth_c, flux m3/s" in text
    assert "Next: rnnforecast train two.csv -t warmth_c" in text.splitlines()
    seen = strict(works(run("inspect", undecided, "--json", cwd=tmp_path)).out)
    assert [one["column"] for one in seen["candidates"]] == ["warmth_c", "flux m3/s"]
    assert seen["target"] == []


def test_train_refuses_an_open_target_and_names_what_to_type(undecided: Path, tmp_path: Path) -> None:
    refused(run("train", undecided, cwd=tmp_path), 5, "several columns could be the target: warmth_c", "-t warmth_c")
    assert names_in(tmp_path) == {"two.csv"}


def test_without_any_numeric_column_inspect_still_shows_the_file_and_train_refuses(tmp_path: Path) -> None:
    data = write(tmp_path / "words.csv", "time,note", [f"{t},fine" for t in hourly(50)])
    assert "none of the columns" in works(run("inspect", data, cwd=tmp_path)).out.decode()
    refused(run("train", data, cwd=tmp_path), 5, "no numeric column to forecast among note")


def test_the_next_command_repeats_the_flags_and_can_be_pasted(tmp_path: Path) -> None:
    rows = [f"{t},{v},{i % 5}" for i, (t, v) in enumerate(zip(hourly(120), wave(120), strict=True))]
    data = write(tmp_path / "my gauge's.csv", "time,the level,rain", rows)
    flags = ("-t", "the level", "--past", "rain", "--gaps", "interpolate:3")
    text = works(run("inspect", data.name, *flags, cwd=tmp_path)).out.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("Next: ")]
    words = shlex.split(line.removeprefix("Next: "))
    assert words[:3] == ["rnnforecast", "train", data.name]
    works(run(*words[1:], "-H", "2", "-L", "4", "--max-epochs", "0", "-q", cwd=tmp_path))


def test_what_was_done_to_the_rows_is_a_finding(tmp_path: Path) -> None:
    pairs = list(zip(hourly(200), wave(200), strict=True))
    rows = [f"{t},{v}" for t, v in [*reversed(pairs[:80]), *reversed(pairs[100:]), pairs[5]]]
    data = write(tmp_path / "odd.csv", "time,level_m", rows)
    text = works(run("inspect", data, cwd=tmp_path)).out.decode()
    for words in ("newest first: sorted", "repeated rows dropped", "longest gap 20 h from 2026-01-04T08:00Z"):
        assert words in text


def test_a_joined_table_may_come_from_a_pipe(tide: dict[str, Path], tmp_path: Path) -> None:
    rain = write(tmp_path / "rain.csv", "time,rain_mm", [f"{t},{i % 7}" for i, t in enumerate(hourly(300))])
    words = ("inspect", tide["csv"], "--past", "rain_mm")
    usual = works(run(*words, "--with", rain, "--json", cwd=tmp_path))
    assert strict(usual.out)["past"][0]["column"] == "rain_mm"
    piped = works(shell(f'"$@" --with <(cat {rain}) --json', *words, cwd=tmp_path))
    from_stdin = works(run(*words, "--with", "-", "--json", cwd=tmp_path, stdin=rain.read_bytes()))
    assert strict(piped.out)["past"] == strict(from_stdin.out)["past"] == strict(usual.out)["past"]


def test_names_that_would_steer_a_terminal_are_shown_escaped_and_cut(tmp_path: Path) -> None:
    hostile = ["[red]a[/]", "%s%n{0}", '"b""\nc"', "日本", "x" * 100_000, "\u202eesrever", "=cmd|' /C calc'!A0"]
    rows = [f"{t}," + ",".join([str(v)] * len(hostile)) for t, v in zip(hourly(40), wave(40), strict=True)]
    data = write(tmp_path / "hostile.csv", ",".join(["time", *hostile]), rows)
    done = works(run("inspect", data, cwd=tmp_path))
    lines = done.out.decode().splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines[:-1])) < 1000
    assert "[red]a[/]" in done.out.decode()
    assert '"b\\nc"' in done.out.decode() or 'b"\\nc' in done.out.decode()
    line = refused(run("train", data, cwd=tmp_path), 5, "several columns could be the target")
    assert len(line) < 1000


def test_many_columns_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(3000)]
    data = write(tmp_path / "wide.csv", ",".join(["time", *names]), [t + ",1" * 3000 for t in hourly(20)])
    text = works(run("inspect", data, cwd=tmp_path)).out.decode()
    assert "and 2988 more" in text
    assert len(text) < 5000


def test_inspect_writes_nothing_but_the_named_output(tide: dict[str, Path], tmp_path: Path) -> None:
    usual = works(run("inspect", tide["csv"], cwd=tmp_path)).out
    assert names_in(tmp_path) == set()
    works(run("inspect", tide["csv"], "-o", "seen.txt", cwd=tmp_path))
    assert (tmp_path / "seen.txt").read_bytes() == usual
    refused(run("inspect", "seen.txt", "-o", "seen.txt", cwd=tmp_path), 11, "is read from")


def test_a_long_file_is_estimated_from_its_ends_and_counted_in_full_when_asked(tmp_path: Path) -> None:
    count = 2_000_000
    times = np.datetime_as_string(np.datetime64("2020-01-01T00:00", "m") + np.arange(count) * np.timedelta64(1, "m"))
    lines = [f"{t},{i % 1440 / 100:.2f},a note that makes rows long" for i, t in enumerate(times.tolist())]
    data = write(tmp_path / "long.csv", "time,level_m,note", lines)
    assert data.stat().st_size > 64 << 20
    seen = strict(works(run("inspect", data, "--json", cwd=tmp_path)).out)["time"]
    assert (seen["first"], seen["last"]) == (times[0], times[-1])
    assert abs(seen["about_rows"] - count) < count / 100
    text = works(run("inspect", data, cwd=tmp_path)).out.decode()
    assert "estimated" in text
    assert "--full" in text
    full = works(run("inspect", data, "--full", cwd=tmp_path)).out.decode()
    assert "2,000,000 steps" in full
    assert "--full" not in full
