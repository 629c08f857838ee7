"""Bands: sorted, about the median, and as wide as the errors were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import QUANTILE_LEVELS
from rnnforecast.scores.bands import TRAJECTORIES, error_quantiles, quantiles, thinned
from tests.making import NAN, Array

MEDIAN = QUANTILE_LEVELS.index(0.5)


def errors_of(count: int, holes: float, seed: int, shift: float = 0.0) -> Array:
    rng = np.random.default_rng(seed)
    errors = rng.standard_t(3, (count, 3, 2)) + shift
    errors[rng.random(errors.shape) < holes] = NAN
    return errors


@given(st.integers(0, 40), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 99), st.floats(-5, 5), st.floats(0, 9))
@settings(deadline=None)
def test_quantiles_are_sorted_about_the_median_whatever_the_errors(count, holes, seed, shift, spread) -> None:
    found = error_quantiles(errors_of(count, holes, seed, shift), QUANTILE_LEVELS)
    assert found.shape == (3, 2, 9)
    yhat = np.random.default_rng(seed).normal(size=(4, 3, 2))
    band = quantiles(yhat, np.full_like(yhat, spread), found)
    assert np.isfinite(band).all()
    assert (np.diff(band, axis=-1) >= 0).all()
    np.testing.assert_array_equal(band[..., MEDIAN], yhat)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_errors_like_those_kept_fall_within_a_band_as_often_as_it_says(level: float) -> None:
    """Of 60 kept errors and one new one of the same kind, 4,000 times: never too seldom."""
    rng = np.random.default_rng(0)
    every = rng.standard_t(3, (4000, 61))
    inside = [
        low <= new <= high
        for *kept, new in every
        for low, _, high in error_quantiles(
            np.array(kept).reshape(60, 1, 1), ((1 - level) / 2, 0.5, (1 + level) / 2)
        ).reshape(1, 3)
    ]
    assert level - 0.015 < np.mean(inside) < level + 0.03


def test_quantiles_are_rounded_outward_by_the_finite_sample() -> None:
    errors = np.arange(-5.0, 6.0).reshape(11, 1, 1)
    low, _, high = error_quantiles(errors, (0.1, 0.5, 0.9))[0, 0]
    assert high > np.quantile(errors, 0.9)
    assert low < np.quantile(errors, 0.1)
    assert high == pytest.approx(np.quantile(np.arange(-5, 6), 0.9, method="weibull"))  # rank q (N + 1)


def test_a_band_is_as_wide_as_the_spread_of_its_day() -> None:
    found = error_quantiles(errors_of(50, 0, 0), QUANTILE_LEVELS)
    spread = np.random.default_rng(1).uniform(0.5, 3, (4, 3, 2))
    yhat = np.random.default_rng(2).normal(size=(4, 3, 2))
    band = quantiles(yhat, spread, found)
    for index in np.ndindex(4, 3, 2, 9):
        assert band[index] == pytest.approx(yhat[index[:3]] + spread[index[:3]] * found[index[1:]])


def test_a_bias_widens_one_side_and_never_crosses_the_median() -> None:
    found = error_quantiles(errors_of(200, 0, 0, shift=30.0), QUANTILE_LEVELS)
    assert (found[..., :MEDIAN] == 0).all()
    assert (found[..., MEDIAN + 1 :] > 10).all()


def test_without_errors_there_is_no_band() -> None:
    assert not error_quantiles(np.zeros((0, 3, 2)), QUANTILE_LEVELS).any()


def test_one_error_is_a_band_on_its_side() -> None:
    assert error_quantiles(np.full((1, 1, 1), 2.0), (0.1, 0.5, 0.9)).ravel().tolist() == [0, 0, 2]


def test_a_lead_that_was_never_observed_has_no_width_and_hides_no_other() -> None:
    errors = errors_of(60, 0, 0)
    whole = error_quantiles(errors, QUANTILE_LEVELS)
    errors[:, 1, 0] = NAN
    found = error_quantiles(errors, QUANTILE_LEVELS)
    assert not found[1, 0].any()
    kept = np.ones((3, 2), bool)
    kept[1, 0] = False
    np.testing.assert_array_equal(found[kept], whole[kept])


def test_trajectories_are_thinned_evenly_and_empty_ones_dropped() -> None:
    errors = np.arange(2000.0).reshape(2000, 1, 1).repeat(2, axis=1)
    errors[::2] = NAN
    errors[1, 0] = NAN
    kept = thinned(errors)[:, 1, 0]
    assert len(kept) == TRAJECTORIES
    assert (kept[0], kept[-1]) == (1, 1999)
    assert set(np.diff(kept).tolist()) <= {2, 4}
    assert len(thinned(errors[:100])) == 50
