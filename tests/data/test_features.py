"""Cycles are trusted once the record shows them often enough; their phases are those of the clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.features import DAY, NEEDED, WEEK, YEAR, calendar, cycles
from rnnforecast.data.frequency import Step
from tests.making import HOUR, JAN_1


@pytest.mark.parametrize("cycle", NEEDED)
def test_a_cycle_needs_its_repeats(cycle: int) -> None:
    enough = NEEDED[cycle] * cycle
    assert cycle in cycles(HOUR, enough)
    assert cycle not in cycles(HOUR, enough - 1)


def test_one_year_of_data_proves_no_season() -> None:
    assert cycles(HOUR, YEAR) == (DAY, WEEK)


@pytest.mark.parametrize(
    ("step", "known"),
    [
        (Step("second", 12 * 3600), (DAY, WEEK, YEAR)),
        (Step("second", 13 * 3600), (WEEK, YEAR)),
        (Step("second", DAY), (WEEK, YEAR)),
        (Step("second", WEEK), (YEAR,)),
        (Step("month", 1), (YEAR,)),
        (Step("month", 6), (YEAR,)),
        (Step("month", 12), ()),
        (Step("row", 1), ()),
    ],
)
def test_a_step_resolves_the_cycles_that_are_twice_as_long(step: Step, known: tuple[int, ...]) -> None:
    assert cycles(step, 100 * YEAR) == known


@given(st.lists(st.integers(-(2**33), 2**33), min_size=1, max_size=5), st.sampled_from(list(NEEDED)))
@settings(deadline=None)
def test_the_phase_is_that_of_the_clock_and_lies_on_the_unit_circle(seconds: list[int], cycle: int) -> None:
    sine, cosine = calendar(np.array(seconds), (cycle,)).T
    share = np.array([second % cycle / cycle for second in seconds])
    np.testing.assert_allclose(np.arctan2(sine, cosine) % (2 * np.pi), 2 * np.pi * share, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(sine**2 + cosine**2, 1, rtol=1e-5)


def test_noon_is_half_a_day() -> None:
    np.testing.assert_allclose(calendar(np.array([JAN_1 + DAY // 2]), (DAY,)), [[0, -1]], atol=1e-6)


def test_without_cycles_there_are_no_columns() -> None:
    assert calendar(np.zeros((3, 4), np.int64), ()).shape == (3, 4, 0)


def test_two_cycles_are_four_columns() -> None:
    assert calendar(np.zeros((3, 4), np.int64), (DAY, YEAR)).shape == (3, 4, 4)
