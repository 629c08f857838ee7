"""Flags, settings and help: every setting is a flag with its bounds, and flags win over the TOML file."""

from __future__ import annotations

import shutil
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

import rnnforecast
from rnnforecast.config import DataFlags, RunConfig, declared, listed
from tests.cli.process import TINY, Done, hourly, names_in, refused, run, shell, wave, works, write
from tests.cli.test_evaluate import strict

COMMANDS = ("train", "predict", "evaluate", "inspect", "info")
BOUNDED = [f for f in fields(RunConfig) if "minimum" in f.metadata]
CHOSEN = [f for f in (*fields(DataFlags), *fields(RunConfig)) if "choices" in f.metadata]


def flag_of(f: Any) -> str:
    return str(f.metadata.get("flag", "--" + f.name.replace("_", "-")))


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The help of each command, on one line."""
    folder = tmp_path_factory.mktemp("help")
    return {name: " ".join(run(name, "--help", cwd=folder).out.decode().split()) for name in COMMANDS}


def is_explained(f: Any, text: str) -> bool:
    """Whether the flag is there, with its own meaning and its default beside it."""
    after = text.partition(f" {flag_of(f)} ")[2].partition(f.metadata["meaning"])
    told = after[1] != "" and " --" not in after[0].replace(f"--no-{f.name.replace('_', '-')}", "").replace(" / --", "")
    shown = ",".join(map(str, f.default)) if isinstance(f.default, tuple) else str(f.default)
    without = f.default in (MISSING, None, (), "")
    rest = after[2]
    for name, line in declared(f.metadata["folder"], "summary").items() if "folder" in f.metadata else ():
        told = told and f" {name} = {line}" in rest
        rest = rest.partition(line)[2]
    return told and (without or rest.startswith(f" [default: {shown.lower() if type(f.default) is bool else shown}]"))


# --- help ---


def test_help_names_every_command_and_every_exit_code(tmp_path: Path) -> None:
    text = works(run("--help", cwd=tmp_path)).out.decode()
    assert all(f"\n  {command} " in text for command in COMMANDS)
    words = " ".join(text.split())
    assert all(f" {code} " in words for code in (0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 12))


@pytest.mark.parametrize("words", [(), ("train",), ("info",)], ids=str)
def test_h_is_help(words: tuple[str, ...], tmp_path: Path) -> None:
    assert works(run(*words, "-h", cwd=tmp_path)).out == works(run(*words, "--help", cwd=tmp_path)).out


def test_without_a_command_the_help_goes_to_stderr_as_a_usage_error(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.code, done.out) == (2, b"")
    assert done.err == works(run("--help", cwd=tmp_path)).out.decode()


@pytest.mark.parametrize("f", fields(DataFlags), ids=lambda f: f.name)
def test_every_flag_for_data_is_in_the_help_of_each_command_that_reads_data(f: Any, helps: dict[str, str]) -> None:
    for command in ("train", "predict", "evaluate", "inspect"):
        assert is_explained(f, helps[command])
    assert f"{flag_of(f)} " not in helps["info"]


@pytest.mark.parametrize("f", fields(RunConfig), ids=lambda f: f.name)
def test_every_setting_is_in_the_help_of_train(f: Any, helps: dict[str, str]) -> None:
    assert is_explained(f, helps["train"])


@pytest.mark.parametrize(
    ("folder", "flag"),
    [
        ("network/cells", "--cell"), ("network/decoders", "--decoder"), ("floors", "--floor"),
        ("training/losses", "--loss"), ("training/schedules", "--schedule"),
    ],
)  # fmt: skip
def test_every_file_of_a_folder_is_a_choice_in_the_help(folder: str, flag: str, helps: dict[str, str]) -> None:
    choices = helps["train"].partition(f" {flag} ")[2].split()[0].split("|")
    assert set(listed(folder)) <= set(choices)
    assert len(listed(folder)) > 0


def test_each_command_has_an_example_that_names_it(helps: dict[str, str]) -> None:
    for command, text in helps.items():
        assert f"rnnforecast {command} " in text.partition("Example: ")[2].partition("Arguments:")[0][:80]


# --- doors ---


def test_the_version_is_that_of_the_package_through_every_door(tmp_path: Path) -> None:
    said = f"rnnforecast {rnnforecast.__version__}\n".encode()
    assert works(run("--version", cwd=tmp_path)).out == said
    script = shutil.which("rnnforecast", path=str(Path(sys.executable).parent))
    assert script, "the console script is not installed"
    assert shell(f'"{script}" --version', cwd=tmp_path).out == said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("trian", "No such command 'trian'. Did you mean 'train'?"),
        ("train x.csv --horizn 4", "No such option: --horizn (Possible options: --horizon)"),
        ("predict --max-epochs 4", "No such option: --max-epochs"),
        ("train", "Missing argument 'DATA...'"),
        ("train x.csv --max-epochs many", "Invalid value for '--max-epochs'"),
        ("train x.csv --seed", "Option '--seed' requires an argument"),
        ("info x.csv", "x.csv"),
    ],
)
def test_what_cannot_be_parsed_is_a_usage_error_with_a_suggestion(words: str, says: str, tmp_path: Path) -> None:
    done = run(*words.split(), cwd=tmp_path)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err.splitlines()[-1]
    assert len(done.err.splitlines()) <= 4


# --- bounds ---


@pytest.mark.parametrize("f", BOUNDED, ids=lambda f: f.name)
def test_a_number_out_of_bounds_is_refused_with_name_rule_and_value(
    f: Any, tide: dict[str, Path], tmp_path: Path
) -> None:
    low, high = f.metadata["minimum"], f.metadata["maximum"]
    above = high + 1 if isinstance(high, int) else high * 2
    below = "0" if f.metadata.get("length") else str(low - 1)
    for value in (below, str(above)):
        done = run("train", tide["csv"], f"{flag_of(f)}={value}", cwd=tmp_path)
        refused(done, 2, f"{f.name} must be from {low} to {high}, got {value}")
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize("f", CHOSEN, ids=lambda f: f.name)
def test_a_word_that_is_no_choice_is_refused_with_the_nearest(f: Any, tide: dict[str, Path], tmp_path: Path) -> None:
    choice = f.metadata["choices"][-1]
    done = run("train", tide["csv"], f"{flag_of(f)}={choice}x", cwd=tmp_path)
    line = refused(done, 2, f"{f.name} must be one of {', '.join(f.metadata['choices'])}, got '{choice}x'")
    assert line
    if len(choice) > 1:
        assert choice in done.err.splitlines()[1]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_rate_that_is_no_number_is_refused(value: str, tide: dict[str, Path], tmp_path: Path) -> None:
    refused(run("train", tide["csv"], f"--learning-rate={value}", cwd=tmp_path), 2, "learning_rate must be from")


@pytest.mark.parametrize("levels", ["0.1,0.9", "0.5,0.1", "0,0.5", "0.5,1.5", "0.5,0.5", "half", "nan"])
def test_quantile_levels_must_rise_and_hold_the_median(levels: str, tide: dict[str, Path], tmp_path: Path) -> None:
    refused(run("train", tide["csv"], "--quantile-levels", levels, cwd=tmp_path), 2, "quantile_levels must")


# --- lists ---


def test_repeated_and_comma_separated_flags_say_the_same_and_an_exact_name_wins(tmp_path: Path) -> None:
    rows = [f"{t},{v},{i % 5},{i % 3},{i % 2}" for i, (t, v) in enumerate(zip(hourly(60), wave(60), strict=True))]
    data = write(tmp_path / "gauge.csv", 'time,level_m,rain,wind,"rain,wind"', rows)

    def past(*words: str) -> list[str]:
        seen = strict(works(run("inspect", data, "-t", "level_m", *words, "--json", cwd=tmp_path)).out)
        return [column["column"] for column in seen["past"]]

    assert past("--past", "rain", "--past", "wind") == past("--past", "rain, wind") == ["rain", "wind"]
    assert past("--past", "rain,wind") == ["rain,wind"]
    assert past("--past=wind,rain") == ["wind", "rain"]


# --- rnnforecast.toml ---


def configured(text: str, *words: str | Path, cwd: Path) -> Done:
    (cwd / "rnnforecast.toml").write_text(text, encoding="utf-8")
    return run(*words, cwd=cwd)


def test_flags_win_over_the_file_and_the_file_over_the_defaults(tide: dict[str, Path], tmp_path: Path) -> None:
    text = 'horizon = "6h"\nlookback = 24\nmax_epochs = 0\ntest = 0.2\nquantile_levels = [0.1, 0.5, 0.9]\n'
    works(configured(text + "seed = 5\n", "train", tide["csv"], "-q", "--seed", "7", cwd=tmp_path))
    found = strict(works(run("info", "--json", cwd=tmp_path)).out)["settings"]
    asked = ("horizon", "lookback", "max_epochs", "seed", "test", "quantile_levels", "cell")
    assert [found[name] for name in asked] == [6, 24, 0, 7, "0.2", [0.1, 0.5, 0.9], "lstm"]
    refused(run("predict", cwd=tmp_path), 6, "seed is 5, the model was trained with 7")
    ahead = works(configured(text, "predict", cwd=tmp_path))
    assert len(ahead.rows) == 6
    assert list(ahead.rows[0])[8:] == ["q0.1", "q0.5", "q0.9"]
    works(run("evaluate", tide["csv"], cwd=tmp_path))
    shorter = works(configured(text.replace("6h", "2h"), "predict", cwd=tmp_path))
    assert shorter.rows == ahead.rows[:2]


@pytest.mark.parametrize(
    ("text", "code", "says", "hint"),
    [
        ("max_epoch = 3", 2, "rnnforecast.toml: unknown setting 'max_epoch'", "max_epochs"),
        ("[train]\nseed = 1", 2, "unknown setting 'train'", ""),
        ("seed = -1", 2, "seed must be from 0", ""),
        ("seed = 1.5", 2, "seed must be int, got 1.5", ""),
        ("seed = true", 2, "seed must be int, got True", ""),
        ("final_fit = 'yes'", 2, "final_fit must be bool", ""),
        ("cell = 'lsmt'", 2, "cell must be one of", "lstm"),
        ("cell = ['lstm']", 2, "cell must be str", ""),
        ("quantile_levels = ['a']", 2, "quantile_levels must be numbers", ""),
        ("quantile_levels = 0.4", 2, "quantile_levels must rise", ""),
        ("horizon = 4.5", 2, "'4.5' is not a duration", ""),
        ("time = 'when'", 5, "no column 'when'", ""),
        ("with = 'none.csv'", 4, "none.csv", ""),
        ("start = 2030-01-01", 5, "no row between", ""),
        ("x = [", 2, "rnnforecast.toml: not a TOML file", ""),
    ],
)
def test_a_fault_in_the_file_is_refused(
    text: str, code: int, says: str, hint: str, tide: dict[str, Path], tmp_path: Path
) -> None:
    refused(configured(text, "train", tide["csv"], cwd=tmp_path), code, says, hint)
    assert names_in(tmp_path) == {"rnnforecast.toml"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cell = 'gru'", "cell is gru, the model was trained with lstm"),
        ("hidden_size = 7", "hidden_size is 7"),
        ("horizon = 9", "horizon 9 steps: the model was trained for 4 steps"),
        ("quantile_levels = [0.5]", "quantile_levels is"),
    ],
)
def test_at_predict_a_file_that_contradicts_the_model_is_a_mismatch(
    text: str, says: str, model: Path, tmp_path: Path
) -> None:
    refused(configured(text, "predict", "-m", model, cwd=tmp_path), 6, says)


def test_a_named_file_is_read_instead_and_must_be_there(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "other.toml", "horizon = 2", [])
    done = configured("horizon = 9", "predict", "-m", model, "--config", "other.toml", cwd=tmp_path)
    assert len(works(done).rows) == 2
    refused(run("predict", "-m", model, "--config", "none.toml", cwd=tmp_path), 4, "none.toml: no such file")
    refused(run("predict", "-m", model, "--config", ".", cwd=tmp_path), 2, "not a TOML file")


def test_tiny_settings_are_those_the_shared_model_was_trained_with(model: Path, tmp_path: Path) -> None:
    said = strict(works(run("info", "-m", model, "--json", cwd=tmp_path)).out)["settings"]
    assert [said["horizon"], said["lookback"], said["max_epochs"]] == [int(word) for word in TINY[1::2]]
