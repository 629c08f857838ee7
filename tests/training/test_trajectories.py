"""Error trajectories: at most 512, standardised, and training errors widened, never narrowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnforecast.members import Evidence
from rnnforecast.scores import bands
from rnnforecast.scores.stacking import Stack
from rnnforecast.training.trajectories import MOST_WIDENING, SMALLEST_SPREAD, collect, thin
from tests.making import NAN, Array

H, T = 4, 2


def evidence(count: int, floor_error: float, network_error: float, seed: int = 0, spread: float = 1.0) -> Evidence:
    """A floor and a network about a random truth, above or below it by exactly the given sizes."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, H, T))
    signs = rng.choice([-1.0, 1.0], (2, count, H, T))
    members = truth + np.array([floor_error, network_error])[:, None, None, None] * signs
    return Evidence(members, np.full((count, H, T), spread), truth)


def stack_of(checked: Evidence, network: float = 1.0) -> Stack:
    weights = np.stack([np.full((H, T), 1 - network), np.full((H, T), network)])
    return Stack(weights, np.einsum("mht,mnht->nht", weights, np.nan_to_num(checked.members)))


def learned_errors(learned: Evidence, checked: Evidence) -> Array:
    """Those of the training part, over what they were before widening."""
    found = collect(learned, checked, stack_of(checked), 0, 1).errors[: len(learned.truth)]
    return found / (learned.truth - learned.members[1])


@pytest.mark.parametrize("count", [1, 2, 511, 512, 513, 5000])
def test_windows_are_thinned_evenly_to_512_and_keep_both_ends(count: int) -> None:
    kept = thin(count, bands.TRAJECTORIES)
    assert len(kept) == min(count, bands.TRAJECTORIES)
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert set(np.diff(kept).tolist()) <= {count // 512, count // 512 + 1}


def test_trajectories_are_at_most_512_of_both_parts() -> None:
    few = collect(evidence(30, 1, 1), evidence(20, 1, 1, 1), stack_of(evidence(20, 1, 1, 1)), 0, 1)
    assert few.errors.shape == (50, H, T)
    many = collect(evidence(512, 1, 1), evidence(900, 1, 1, 1), stack_of(evidence(900, 1, 1, 1)), 0, 1)
    assert many.errors.shape == (bands.TRAJECTORIES, H, T)
    assert many.smallest_spread.shape == (H, T)
    assert many.stand_in.shape == (1, H, T)


def test_a_network_that_knows_its_training_part_by_heart_has_its_errors_there_widened() -> None:
    """It gains 30 % over the floor on validation and 50 % on what it learned: 0.7 / 0.5 = 1.4."""
    factor = learned_errors(evidence(200, 1.0, 0.5), evidence(200, 1.0, 0.7, seed=1))
    np.testing.assert_allclose(factor, 1.4)


def test_the_difference_between_the_seasons_cancels_by_the_floor() -> None:
    factor = learned_errors(evidence(200, 3.0, 1.5), evidence(200, 1.0, 0.7, seed=1))
    np.testing.assert_allclose(factor, 1.4)


def test_errors_are_never_narrowed_and_at_most_doubled() -> None:
    better = learned_errors(evidence(200, 1.0, 0.9), evidence(200, 1.0, 0.4, seed=1))
    np.testing.assert_allclose(better, 1.0)
    worse = learned_errors(evidence(200, 1.0, 0.01), evidence(200, 1.0, 1.5, seed=1))
    np.testing.assert_allclose(worse, MOST_WIDENING)


def test_errors_are_in_units_of_the_spread_of_their_day() -> None:
    wide, narrow = (
        collect(evidence(50, 1, 1, spread=s), evidence(50, 1, 1, 1, s), stack_of(evidence(50, 1, 1, 1)), 0, 1)
        for s in (4.0, 1.0)
    )
    np.testing.assert_allclose(4 * wide.errors, narrow.errors)


def test_a_day_that_is_called_calm_is_not_believed_altogether() -> None:
    checked = evidence(50, 1, 1, 1)
    calm = replace(checked, spread=np.concatenate([np.full((1, H, T), 1e-6), checked.spread[1:]]))
    found = collect(evidence(1, 1, 1), calm, stack_of(calm), 0, 1)
    np.testing.assert_allclose(found.smallest_spread, SMALLEST_SPREAD)
    np.testing.assert_allclose(found.errors[1], (calm.truth - calm.members[1])[0] / SMALLEST_SPREAD)


def test_rules_without_any_error_have_trajectories_of_zeros() -> None:
    """A stuck gauge: nothing to divide by, and nothing to warn of."""
    for spread in (1.0, 0.0):
        learned, checked = evidence(20, 0, 0, spread=spread), evidence(20, 0, 0, 1, spread)
        found = collect(learned, checked, stack_of(checked), 0, 1)
        assert found.errors.shape == (40, H, T)
        assert not found.errors.any()
        assert np.isfinite(found.stand_in).all()


def test_a_window_at_which_a_needed_member_is_missing_tells_no_error() -> None:
    learned, checked = evidence(40, 1, 0.5), evidence(40, 1, 0.5, 1)
    learned.members[1, :10] = NAN
    assert collect(learned, checked, stack_of(checked), 0, 1).errors.shape == (70, H, T)
    only_floor = collect(learned, checked, stack_of(checked, network=0.0), 0, 1)
    assert only_floor.errors.shape == (80, H, T)  # the network carries no weight: nobody misses it


def test_a_truth_that_was_not_observed_stays_unknown() -> None:
    learned, checked = evidence(40, 1, 1), evidence(40, 1, 1, 1)
    learned.truth[3, 1:, 0] = NAN
    errors = collect(learned, checked, stack_of(checked), 0, 1).errors
    np.testing.assert_array_equal(np.isnan(errors), np.isnan(np.concatenate([learned.truth, checked.truth])))


def test_a_floor_that_stands_in_has_its_own_spread() -> None:
    checked = evidence(200, 2.0, 1.0, 1)
    found = collect(evidence(200, 2.0, 1.0), checked, stack_of(checked), 0, 1)
    np.testing.assert_allclose(found.stand_in, 2.0)  # it errs twice as much as the stack
