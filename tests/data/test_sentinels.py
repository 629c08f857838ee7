"""Numbers that stand for a missing value are found where nothing says so, and only where they cannot be values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import Loaded, load
from rnnforecast.data.sentinels import SENTINELS, codes_in, range_of
from tests.data.writing import hours, loaded, write_csv

LEVELS = [round(2 + np.sin(i / 4), 2) for i in range(200)]


def read(tmp_path: Path, levels: list[float], **flags: Any) -> Loaded:
    path = write_csv(tmp_path / "gauge.csv", ("time", "level"), list(zip(hours(len(levels)), levels, strict=True)))
    return loaded(path, **flags)


def with_codes(*codes: float) -> list[float]:
    return [codes[(i // 50) % len(codes)] if i % 50 == 7 else level for i, level in enumerate(LEVELS)]


@pytest.mark.parametrize("code", [-9999.0, -999.0, -999999.0, -32768.0, -99.99, 999.9, 9999.0])
def test_a_code_far_outside_is_missing_counted_and_named_by_line(code: float, tmp_path: Path) -> None:
    result = read(tmp_path, with_codes(code))
    assert np.flatnonzero(np.isnan(result.panel.values[:, 0])).tolist() == [7, 57, 107, 157]
    finding = next(f for f in result.findings if f.code == "codes")
    assert (finding.count, finding.severity) == (4, "warning")
    assert f"{code:g} 4 taken as missing, first at {tmp_path / 'gauge.csv'} line 9" in finding.text


def test_one_code_of_a_kind_that_nobody_measures_is_enough(tmp_path: Path) -> None:
    assert np.isnan(read(tmp_path, [*LEVELS[:100], -9999.0, *LEVELS[100:]]).panel.values[100, 0])


def test_a_single_number_of_a_doubtful_kind_stays(tmp_path: Path) -> None:
    assert not np.isnan(read(tmp_path, [*LEVELS[:100], -99.0, *LEVELS[100:]]).panel.values).any()


@pytest.mark.parametrize("code", [-99.0, -999.0, 9999.0])
def test_a_true_level_that_looks_like_a_code_stays(code: float, tmp_path: Path) -> None:
    around = [code + (i * 37 % 201 - 100) / 100 * abs(code) for i in range(200)]
    levels = [code if i % 20 == 3 else level for i, level in enumerate(around)]
    result = read(tmp_path, levels)
    assert not np.isnan(result.panel.values).any()
    assert result.findings == []


def test_missing_none_keeps_every_number(tmp_path: Path) -> None:
    assert not np.isnan(read(tmp_path, with_codes(-9999.0), missing=("none",)).panel.values).any()


def test_the_model_knows_a_code_that_training_never_saw(tmp_path: Path) -> None:
    trained = read(tmp_path, LEVELS)
    low, high = trained.layout.ranges[0]
    assert (low, high) == (min(LEVELS), max(LEVELS))
    few = [*LEVELS[:8], 999.9, LEVELS[9]]
    path = write_csv(tmp_path / "new.csv", ("time", "level"), list(zip(hours(10), few, strict=True)))
    again = load([str(path)], DataFlags(), known=trained.layout, step=trained.panel.step)
    assert np.flatnonzero(np.isnan(again.panel.values[:, 0])).tolist() == [8]
    assert again.layout.ranges == trained.layout.ranges


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-500, 500).map(lambda v: round(v, 1)), min_size=20, max_size=60),
    st.lists(st.sampled_from(SENTINELS), max_size=4),
)
def test_only_sentinels_are_taken_and_never_one_beside_other_values(others: list[float], codes: list[float]) -> None:
    column = np.array([*others, *codes])
    taken = codes_in(column, range_of(column), False)
    low, high = range_of(column)
    for value in taken:
        assert value in SENTINELS
        assert value < (0 if low >= 0 else low - (high - low) / 2) or value > high + 2 * (high - low)


def test_a_column_that_is_never_negative_has_no_true_negative_code_however_wide_it_is(tmp_path: Path) -> None:
    flows = [-999.0 if 100 <= i < 130 else float(100 + (i * 7919) % 440_000) for i in range(300)]
    assert int(np.isnan(read(tmp_path, flows).panel.values).sum()) == 30
