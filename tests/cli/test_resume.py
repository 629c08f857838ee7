"""--resume: a run that was stopped or killed goes on from its last epoch, and ends as if it had never stopped."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.process import Word, hourly, names_in, refused, run, started, wait_for, wave, works, write

SLOW = ("--segment-length", "1", "--hidden-size", "32", "--dropout", "0.1")  # an epoch takes longer than a signal
RUN: tuple[Word, ...] = ("-H", "4", "-L", "24", "--max-epochs", "8", "--patience", "0", *SLOW)
LEFT = "model.training.safetensors"


@pytest.fixture(scope="module")
def whole(tide: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a run that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    works(run("train", tide["csv"], *RUN, "--metrics", "epochs.jsonl", cwd=folder))
    return folder / "model.safetensors"


def cut_short(number: int, when: str, data: Path, folder: Path, *words: Word) -> str:
    """Start the run, end it by a signal once it says `when`, and return what it said."""
    with started("train", data, *RUN, *words, cwd=folder) as process:
        said = wait_for(process, when)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    return said + err.decode()


@pytest.mark.parametrize(
    ("number", "when"), [(signal.SIGKILL, "epoch   1"), (signal.SIGTERM, "epoch   5"), (signal.SIGINT, "epoch   3")]
)
def test_a_run_that_was_stopped_ends_bit_for_bit_like_one_that_was_not(
    number: int, when: str, tide: dict[str, Path], whole: Path, tmp_path: Path
) -> None:
    said = cut_short(number, when, tide["csv"], tmp_path, "--metrics", "epochs.jsonl")
    assert "epoch   8" not in said, "it was over before it could be stopped"
    assert LEFT in names_in(tmp_path)
    assert "model.safetensors" not in names_in(tmp_path)
    done = works(run("train", tide["csv"], *RUN, "--metrics", "epochs.jsonl", "--resume", cwd=tmp_path))
    assert "going on with the unfinished run after epoch" in done.err
    assert "epoch   1 " not in done.err
    assert (tmp_path / "model.safetensors").read_bytes() == whole.read_bytes()
    assert names_in(tmp_path) == {"model.safetensors", "model.safetensors.lock", "epochs.jsonl"}
    told = [epochs_told(folder / "epochs.jsonl") for folder in (tmp_path, whole.parent)]
    assert told[0] == told[1]


def epochs_told(path: Path) -> list[dict[str, object]]:
    """The lines of a metrics file, but for the seconds."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_run_may_be_killed_again_and_again(tide: dict[str, Path], whole: Path, tmp_path: Path) -> None:
    for when in ("epoch   2", "epoch   4"):
        cut_short(signal.SIGKILL, when, tide["csv"], tmp_path, "--resume")
    works(run("train", tide["csv"], *RUN, "--resume", cwd=tmp_path))
    assert (tmp_path / "model.safetensors").read_bytes() == whole.read_bytes()


def test_a_stopped_run_says_how_to_go_on_and_one_before_its_first_epoch_does_not(
    tide: dict[str, Path], tmp_path: Path
) -> None:
    early = cut_short(signal.SIGTERM, "fitting", tide["csv"], tmp_path)
    assert "--resume" not in early
    late = cut_short(signal.SIGTERM, "epoch   2", tide["csv"], tmp_path)
    assert "hint: the same command with --resume goes on from the last epoch" in late.splitlines()[-1]


def test_with_nothing_unfinished_it_starts_fresh_and_says_so(tide: dict[str, Path], tmp_path: Path) -> None:
    done = works(run("train", tide["csv"], *RUN, "--max-epochs", "1", "--resume", cwd=tmp_path))
    assert "nothing unfinished to resume: starting fresh" in done.err
    assert "epoch   1 " in done.err


@pytest.fixture(scope="module")
def unfinished(tide: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a killed run leaves."""
    folder = tmp_path_factory.mktemp("killed")
    cut_short(signal.SIGKILL, "epoch   2", tide["csv"], folder)
    return (folder / LEFT).read_bytes()


@pytest.fixture
def killed(unfinished: bytes, tmp_path: Path) -> Path:
    (tmp_path / LEFT).write_bytes(unfinished)
    return tmp_path


def test_an_unfinished_run_of_other_data_is_refused_and_fresh_drops_it(killed: Path, unfinished: bytes) -> None:
    rows = [f"{t},{v}" for t, v in zip(hourly(300), wave(300, 9), strict=True)]
    other = write(killed / "other.csv", "time,level_m", rows)
    refused(run("train", other, *RUN, "--resume", "-q", cwd=killed), 6, "other data", "--fresh")
    assert (killed / LEFT).read_bytes() == unfinished, "nothing is lost by a refusal"
    done = works(run("train", other, *RUN, "--resume", "--fresh", "--max-epochs", "1", cwd=killed))
    assert "epoch   1 " in done.err
    assert LEFT not in names_in(killed)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--seed", "1"), "seed 0, now 1"),
        (("--max-epochs", "9"), "max_epochs 8, now 9"),
        (("--dropout", "0.2"), "dropout 0.1, now 0.2"),
    ],
)
def test_an_unfinished_run_of_other_settings_is_refused(
    words: tuple[str, ...], says: str, killed: Path, tide: dict[str, Path]
) -> None:
    refused(run("train", tide["csv"], *RUN, *words, "--resume", "-q", cwd=killed), 6, says, "--fresh")


def test_how_long_a_run_may_take_can_be_another_when_it_goes_on(killed: Path, tide: dict[str, Path]) -> None:
    works(run("train", tide["csv"], *RUN, "--resume", "--max-time", "1s", cwd=killed))


def test_without_resume_it_starts_fresh_and_says_what_it_drops(
    killed: Path, tide: dict[str, Path], whole: Path
) -> None:
    done = works(run("train", tide["csv"], *RUN, cwd=killed))
    assert "an unfinished run (epoch 2) will be replaced; --resume goes on with one" in done.err
    assert (killed / "model.safetensors").read_bytes() == whole.read_bytes()
    assert LEFT not in names_in(killed)


def test_a_damaged_unfinished_run_is_refused_and_fresh_drops_it(killed: Path, tide: dict[str, Path]) -> None:
    data = bytearray((killed / LEFT).read_bytes())
    data[-100] ^= 1
    (killed / LEFT).write_bytes(data)
    refused(run("train", tide["csv"], *RUN, "--resume", "-q", cwd=killed), 9, "SHA-256", "--fresh")
    works(run("train", tide["csv"], *RUN, "--max-epochs", "1", "--resume", "--fresh", cwd=killed))
    assert LEFT not in names_in(killed)


def test_a_command_that_is_refused_leaves_the_unfinished_run_as_it_is(
    killed: Path, unfinished: bytes, model: Path, tide: dict[str, Path]
) -> None:
    words = ("train", tide["csv"], "--from", model, "--hidden-size", "5", "--metrics", "m.jsonl", "-q")
    (killed / "m.jsonl").write_text('{"network": 1, "epoch": 1}\n')
    refused(run(*words, cwd=killed), 6, "weights do not fit")
    assert (killed / LEFT).read_bytes() == unfinished
    assert (killed / "m.jsonl").read_text() == '{"network": 1, "epoch": 1}\n'


def test_a_file_that_is_not_ours_is_neither_read_nor_replaced(tide: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / LEFT).write_text("my notes")
    refused(run("train", tide["csv"], *RUN, "--resume", "-q", cwd=tmp_path), 11, "not an rnnforecast model")
    assert (tmp_path / LEFT).read_text() == "my notes"


def test_an_unfinished_run_is_no_model_to_forecast_with(killed: Path) -> None:
    refused(run("predict", "-m", LEFT, cwd=killed), 9, "an unfinished run, not a model", "--resume")
    refused(run("info", "-m", LEFT, cwd=killed), 9, "an unfinished run, not a model")


def test_a_finished_model_is_no_unfinished_run(whole: Path, tide: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / LEFT).write_bytes(whole.read_bytes())
    refused(run("train", tide["csv"], *RUN, "--resume", "-q", cwd=tmp_path), 11, "a model, where the unfinished run")
    assert (tmp_path / LEFT).read_bytes() == whole.read_bytes()
