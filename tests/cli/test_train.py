"""train: says everything on stderr, writes one file, keeps what was there when it fails or is stopped."""

from __future__ import annotations

import random
import signal
import time
from itertools import cycle, islice
from pathlib import Path

import pytest

from rnnforecast.config import listed
from tests.cli.process import (
    LONG,
    TINY,
    Done,
    hourly,
    names_in,
    refused,
    run,
    shell,
    started,
    wait_for,
    wave,
    works,
    write,
)

CELLS, DECODERS = listed("network/cells"), listed("network/decoders")
PAIRS = list(islice(zip(cycle(CELLS), cycle(DECODERS), strict=False), max(len(CELLS), len(DECODERS))))
QUICK = ("-H", "4", "-L", "24", "--max-epochs", "0")


def test_train_prints_nothing_to_stdout_and_its_words_to_stderr(trained: tuple[Path, Done]) -> None:
    path, done = trained
    assert done.out == b""
    for words in ("300 steps of 1 h", "4 h ahead", "24 h back", "epoch   1", "MAE (m)", "this model"):
        assert words in done.err
    assert f"Next: rnnforecast predict -m {path}" in done.err


def test_train_leaves_the_model_and_its_lock_and_nothing_else(trained: tuple[Path, Done]) -> None:
    assert names_in(trained[0].parent) == {"tide.safetensors", "tide.safetensors.lock"}
    assert (trained[0].parent / "tide.safetensors.lock").read_bytes() == b""


@pytest.mark.parametrize(("cell", "decoder"), PAIRS)
def test_each_cell_and_each_decoder_trains_in_silence_with_quiet_and_then_predicts(
    cell: str, decoder: str, tide: dict[str, Path], tmp_path: Path
) -> None:
    sizes = ("--hidden-size", "4", "--batch-size", "256")
    done = run("train", tide["csv"], *TINY, *sizes, "--cell", cell, "--decoder", decoder, "-q", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, b"", "")
    assert cell in works(run("info", cwd=tmp_path)).out.decode()
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


def test_a_second_training_on_shuffled_rows_gives_the_same_forecast(
    tide: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    header, *rows = tide["csv"].read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(rows)
    done = works(run("train", write(tmp_path / "mixed.csv", header, rows), *TINY, cwd=tmp_path))
    assert "rows out of order: sorted" not in done.err, "a note is said with -v only"
    assert run("predict", cwd=tmp_path).out == works(run("predict", "-m", model, cwd=tmp_path)).out


def test_rows_without_times_are_counted(tmp_path: Path) -> None:
    data = write(tmp_path / "rows.csv", "level_m", [str(v) for v in wave(200)])
    works(run("train", data, "--time", "none", *QUICK, "-q", cwd=tmp_path))
    rows = works(run("predict", cwd=tmp_path)).rows
    assert [(row["ds"], row["cutoff"]) for row in rows] == [(str(200 + k), "199") for k in range(4)]
    assert run("predict", data, cwd=tmp_path).rows == rows


def test_whole_numbers_can_be_times(tmp_path: Path) -> None:
    data = write(tmp_path / "shots.csv", "t,level_m", [f"{1000 + 5 * i},{v}" for i, v in enumerate(wave(200))])
    works(run("train", data, *QUICK, "-q", cwd=tmp_path))
    assert [row["ds"] for row in works(run("predict", data, cwd=tmp_path)).rows] == ["2000", "2005", "2010", "2015"]


def test_several_files_are_stacked_and_a_file_of_with_is_joined_on_time(tmp_path: Path) -> None:
    for seed, name in enumerate(("kew", "bow")):
        rows = [f"{t},{v}" for t, v in zip(hourly(200), wave(200, seed), strict=True)]
        write(tmp_path / f"{name}.csv", "time,level_m", rows)
    write(tmp_path / "rain.csv", "time,rain_mm", [f"{t},{i % 7}" for i, t in enumerate(hourly(200))])
    both = ("kew.csv", "bow.csv", "--with", "rain.csv", "--past", "rain_mm")
    works(run("train", *both, *QUICK, "-q", cwd=tmp_path))
    ahead = works(run("predict", cwd=tmp_path))
    assert [row["unique_id"] for row in ahead.rows] == ["bow"] * 4 + ["kew"] * 4
    assert works(run("predict", "kew.csv", "bow.csv", "--with", "rain.csv", cwd=tmp_path)).out == ahead.out
    alone = works(run("predict", "kew.csv", "--with", "rain.csv", cwd=tmp_path))
    assert alone.rows == [row for row in ahead.rows if row["unique_id"] == "kew"]


def test_training_goes_on_when_nobody_reads_its_words(tide: dict[str, Path], tmp_path: Path) -> None:
    done = shell('"$@" 2>&1 | head -1; exit ${PIPESTATUS[0]}', "train", tide["csv"], *QUICK, cwd=tmp_path)
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


def test_training_works_in_a_folder_that_was_deleted_and_with_every_stream_closed(
    tide: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    words = ("train", tide["csv"], *TINY, "-o", tmp_path / "model.safetensors")
    assert shell('cd gone && rmdir ../gone && "$@" <&- >&- 2>&-', *words, cwd=tmp_path).code == 0
    assert names_in(tmp_path) == {"model.safetensors", "model.safetensors.lock"}
    assert len(works(run("predict", cwd=tmp_path)).rows) == 4


# --- stopped on the way ---


@pytest.fixture
def old_model(model: Path, tmp_path: Path) -> bytes:
    """A model that lies where the next one is to go."""
    data = model.read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data)
    return data


@pytest.mark.parametrize(
    ("number", "stage"),
    [(signal.SIGINT, "epoch   2"), (signal.SIGTERM, "training the"), (signal.SIGHUP, "fitting the simple rules")],
)
def test_a_signal_ends_training_within_seconds_and_leaves_the_old_model(
    number: signal.Signals, stage: str, tide: dict[str, Path], tmp_path: Path, old_model: bytes
) -> None:
    with started("train", tide["csv"], *LONG, cwd=tmp_path) as process:
        wait_for(process, stage)
        process.send_signal(number)
        before = time.monotonic()
        out, err = process.communicate(timeout=30)
        took = time.monotonic() - before
    assert process.returncode == 128 + number
    assert took < 5
    assert out == b""
    assert b"Traceback" not in err
    going_on = "epoch" in stage  # an epoch is done: the run can go on
    assert f"stopped by signal {int(number)}".encode() in err.splitlines()[-2 if going_on else -1]
    assert (tmp_path / "model.safetensors").read_bytes() == old_model
    left = {"model.training.safetensors"} if going_on else set()
    assert names_in(tmp_path) == {"model.safetensors", "model.safetensors.lock"} | left


def test_under_nohup_training_goes_on_without_its_terminal(tide: dict[str, Path], tmp_path: Path) -> None:
    with started("train", tide["csv"], *LONG, cwd=tmp_path, before=("nohup",)) as process:
        wait_for(process, "epoch   1 ")
        process.send_signal(signal.SIGHUP)
        wait_for(process, "epoch   4 ")
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_of_two_trainings_of_one_model_the_second_is_refused(
    tide: dict[str, Path], tmp_path: Path, old_model: bytes
) -> None:
    with started("train", tide["csv"], *LONG, cwd=tmp_path) as process:
        wait_for(process, "fitting")
        refused(run("train", tide["csv"], *TINY, cwd=tmp_path), 8, "another run is training this model", "-o FILE")
        assert len(works(run("predict", cwd=tmp_path)).rows) == 4, "predict needs no lock"
        process.kill()
        process.communicate(timeout=30)
    assert (tmp_path / "model.safetensors").read_bytes() == old_model
    done = run("train", tide["csv"], *QUICK, "-q", cwd=tmp_path)
    assert (done.code, done.err) == (0, ""), "the lock of a killed run does not block"
    assert (tmp_path / "model.prev.safetensors").read_bytes() == old_model


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="root may write everywhere but into /proc")
def test_a_folder_that_cannot_be_written_is_refused_before_training(tide: dict[str, Path], tmp_path: Path) -> None:
    before = time.monotonic()
    refused(run("train", tide["csv"], *LONG, "-o", "/proc/none/m.safetensors", cwd=tmp_path), 11, "/proc/none")
    assert time.monotonic() - before < 10
