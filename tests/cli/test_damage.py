"""Faults older than the context that `info` prints change no bit of a forecast; trained on, they cost little."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import run, works, write

TIDE = Path(__file__).parents[2] / "sample_data" / "tide_la_jolla_2018_simulated_hourly.csv"
ROWS = 4000
SETTINGS = ("-H", "24", "-L", "96", "--max-epochs", "2")
Rows = list[list[str]]


def hole(rows: Rows) -> Rows:
    return rows[:1000] + rows[1060:]


def empty(rows: Rows) -> Rows:
    return [[t, "" if i in (50, 51, 700, 2500) else v] for i, (t, v) in enumerate(rows)]


def repeated(rows: Rows) -> Rows:
    return [*rows[:1500], rows[1499], *rows[1500:]]


def coded(rows: Rows) -> Rows:
    return [[t, "-9999" if i in (60, 61, 800, 1200, 1700, 2600) else v] for i, (t, v) in enumerate(rows)]


def explained(rows: Rows) -> Rows:
    return [[t, "Ice" if 900 <= i < 930 else "Eqp" if i == 1300 else v] for i, (t, v) in enumerate(rows)]


def shuffled(rows: Rows) -> Rows:
    order = np.random.default_rng(0).permutation(2000).tolist()
    return [rows[i] for i in order] + rows[2000:]


def everything(rows: Rows) -> Rows:
    return shuffled(hole(repeated(coded(empty(rows)))))


DAMAGES = (hole, empty, repeated, coded, explained, shuffled, everything)


def saved(folder: Path, rows: Rows) -> Path:
    return write(folder / "tide.csv", "time_utc,water_level_m", [",".join(row) for row in rows])


@pytest.fixture(scope="module")
def rows() -> Rows:
    lines = TIDE.read_text(encoding="utf-8").splitlines()
    return [line.split(",")[:2] for line in lines[1 : ROWS + 1]]


@pytest.fixture(scope="module")
def clean(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The clean file and the model trained on it."""
    data = saved(tmp_path_factory.mktemp("clean"), rows)
    model = data.parent / "model.safetensors"
    works(run("train", data, *SETTINGS, "-o", model, cwd=data.parent))
    return data, model


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_older_than_the_context_changes_no_bit_of_the_forecast(
    damage: Callable[[Rows], Rows], rows: Rows, clean: tuple[Path, Path], tmp_path: Path
) -> None:
    data, model = clean
    card = json.loads(works(run("info", "-m", model, "--json", cwd=tmp_path)).out)
    number, unit = card["context"].split()
    assert int(number) * {"h": 1, "days": 24}[unit] < ROWS - 2600  # the newest damage is older
    before = works(run("predict", data, "-m", model, cwd=tmp_path)).out
    after = works(run("predict", saved(tmp_path, damage(rows)), "-m", model, cwd=tmp_path))
    assert after.out == before
    newest = [*rows[:-1], [rows[-1][0], str(float(rows[-1][1]) + 0.1)]]
    assert works(run("predict", saved(tmp_path, newest), "-m", model, cwd=tmp_path)).out != before


def test_a_model_trained_on_a_damaged_file_errs_little_more_than_one_trained_on_the_clean(
    rows: Rows, clean: tuple[Path, Path], tmp_path: Path
) -> None:
    data = saved(tmp_path, everything(rows))
    said = works(run("train", data, *SETTINGS, "-o", "model.safetensors", cwd=tmp_path)).err
    assert "-9999 6 taken as missing" in said
    errors = []
    for model in (clean[1], tmp_path / "model.safetensors"):
        scores = json.loads(works(run("evaluate", clean[0], "-m", model, "--json", cwd=tmp_path)).out)
        errors.append(np.mean(scores["targets"][0]["mae"]["model"]))
    assert errors[1] == pytest.approx(errors[0], rel=0.05)
