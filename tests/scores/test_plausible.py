"""Plausible: a rise is told where it is faster than the record, and by whom."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.scores.plausible import BEYOND, first_too_fast

NAN = float("nan")


@pytest.mark.parametrize(
    ("levels", "fastest", "lead"),
    [
        ([0, 1, 2, 3], 1.0, 0),
        ([0, 1, 2.6, 3], 1.0, 2),  # a rise of 1.6 where 1.5 is allowed
        ([0, 1.7, 2.6, 9], 1.0, 1),  # the first one is told
        ([9, 0, 0, 0], 1.0, 0),  # a fall is none
        ([NAN, 5, 5, 5], 1.0, 0),  # nothing is known of the rise to the first step
        ([0, 9, 9, 9], 0.0, 0),  # nothing is known of the record
        ([0, 9, 9, 9], NAN, 0),
    ],
)
def test_the_first_rise_beyond_the_record_is_told(levels: list[float], fastest: float, lead: int) -> None:
    found = first_too_fast(np.array(levels, float)[None, :, None], np.array([[fastest]]))
    assert found.tolist() == [[lead]]


def test_each_series_and_target_has_its_own_record() -> None:
    levels = np.zeros((2, 2, 2))
    levels[:, 1] = 2.0
    found = first_too_fast(levels, np.array([[1.0, 2.0], [2.0 / BEYOND, 1.0]]))
    assert found.tolist() == [[1, 0], [0, 1]]
