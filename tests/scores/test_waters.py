"""High and low water: where a curve turns, what is only a ripple, and errors of height and time worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnforecast.scores.waters import HIGH, LOW, TURN_ERRORS, pooled, turn_errors, turns

NAN = float("nan")
CURVE = arrays(np.float64, st.integers(0, 40), elements=st.integers(-9, 9).map(float) | st.just(NAN))


def curve(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def cosine(period: float, phase: float, steps: int = 100) -> np.ndarray:
    """A wave of amplitude 1 whose first high water is at `phase`."""
    return np.cos(2 * np.pi * (np.arange(steps) - phase) / period)


# --- place and height ---


@given(st.floats(15, 40), st.floats(0, 1))
def test_the_turns_of_a_cosine_are_found_between_the_samples(period, share):
    phase = share * period
    found = turns(3 * cosine(period, phase))
    half = np.rint((found.place - phase) / (period / 2))  # even at high water, odd at low
    assert len(half) >= 3
    assert found.kind.tolist() == np.where(half % 2 == 0, HIGH, LOW).tolist()
    assert found.place == pytest.approx(phase + half * period / 2, abs=0.01)
    assert found.height == pytest.approx(3.0 * found.kind, abs=3e-3)


@given(st.floats(0, 1))
def test_an_hourly_tide_is_timed_within_half_a_minute_and_two_thousandths_of_its_amplitude(share):
    # A parabola through three hourly samples of the moon's tide errs by up to w^4 / 43 = 0.0015 of the amplitude.
    phase = share * 12.42
    found = turns(cosine(12.42, phase))
    half = np.rint((found.place - phase) / 6.21)
    assert found.place == pytest.approx(phase + half * 6.21, abs=0.5 / 60)
    assert found.height == pytest.approx(found.kind, abs=2e-3)


def test_the_vertex_is_that_of_the_parabola_through_three_samples():
    # 4 - (x - 2.25)^2 at 1, 2, 3: 2.4375, 3.9375, 3.4375
    found = turns(curve(-5, 2.4375, 3.9375, 3.4375, -5))
    assert (found.place.tolist(), found.height.tolist(), found.kind.tolist()) == ([2.25], [4.0], [HIGH])


def test_of_two_equal_samples_the_turn_lies_between_and_a_little_beyond():
    found = turns(curve(4, 1, 1, 4))
    assert (found.place.tolist(), found.height.tolist(), found.kind.tolist()) == ([1.5], [0.625], [LOW])


def test_of_more_equal_samples_the_turn_is_the_middle_at_their_own_level():
    found = turns(curve(0, 2, 5, 5, 5, 5, 1))
    assert (found.place.tolist(), found.height.tolist()) == ([3.5], [5.0])


@given(CURVE.filter(lambda c: len(set(c)) == len(c)))
def test_time_backwards_gives_the_same_turns_backwards(levels):
    there, back = turns(levels), turns(levels[::-1])
    assert back.place[::-1] == pytest.approx(len(levels) - 1 - there.place)
    assert back.height[::-1] == pytest.approx(there.height)


@given(CURVE)
def test_upside_down_highs_are_lows(levels):
    one, other = turns(levels), turns(-levels)
    assert other.place.tolist() == one.place.tolist()
    assert (-other.height).tolist() == one.height.tolist()
    assert (-other.kind).tolist() == one.kind.tolist()


# --- what is a turn ---


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_noise_on_a_tide_makes_no_more_turns(seed, share):
    clean = cosine(24, share * 24, 120)
    noise = np.random.default_rng(seed).uniform(-0.04, 0.04, 120)
    plain, noisy = turns(clean), turns(clean + noise)
    inner = (plain.place > 6) & (plain.place < 113)  # near an end noise decides what is seen
    near = [np.abs(noisy.place - place).min() for place in plain.place[inner]]
    assert max(near) < 3
    assert inner.sum() <= len(noisy.place) <= inner.sum() + 2


def test_a_move_of_a_tenth_of_the_range_is_a_turn_and_one_of_less_is_not():
    assert turns(curve(0, 6, 5, 10)).kind.tolist() == [HIGH, LOW]
    assert turns(curve(0, 6, 5.01, 10)).kind.tolist() == []
    assert turns(curve(0, 6, 5.01, 10), share=0.09).kind.tolist() == [HIGH, LOW]


@given(CURVE)
def test_highs_and_lows_take_turns_a_tenth_of_the_range_apart(levels):
    found = turns(levels)
    if np.isnan(levels).any():
        return
    assert (found.kind[1:] == -found.kind[:-1]).all()
    samples = levels[np.rint(found.place).astype(int)]
    assert (np.diff(found.height) * found.kind[1:] > 0).all()
    assert len(samples) == 0 or (np.abs(np.diff(found.height)) >= 0.1 * np.ptp(levels) - 1e-9).all()


def test_the_ends_are_no_turns():
    assert turns(curve(9, 5, 0)).kind.tolist() == []
    assert turns(curve(9, 0, 9)).kind.tolist() == [LOW]
    assert turns(curve(9, 9.5, 0)).kind.tolist() == [], "half a tenth above the beginning is not seen to be a high"
    assert turns(curve(4, 9, 9.5, 0)).kind.tolist() == [HIGH], "with one row more before it, it is"


def test_a_missing_value_breaks_the_curve_and_no_turn_is_told_across_it():
    assert turns(curve(0, 5, NAN, 5, 0)).kind.tolist() == []
    assert turns(curve(0, 5, 0, NAN, 0, 5, 0)).kind.tolist() == [HIGH, HIGH]
    assert turns(curve(0, 5, 0, 5, NAN, NAN)).place.tolist() == [1, 2]
    assert turns(curve(0, 5, float("inf"), 5, 0)).kind.tolist() == []


@pytest.mark.parametrize("levels", [[], [1.0], [1.0, 2.0], [5.0] * 9, [NAN] * 4, [0.0] * 3], ids=str)
def test_without_a_move_there_and_back_there_is_no_turn(levels):
    assert len(turns(curve(*levels)).place) == 0


def test_rounding_on_a_flat_curve_is_no_turn():
    flat = 1e6 + np.random.default_rng(0).integers(-1, 2, 50) * np.spacing(1e6)
    assert np.ptp(flat) > 0
    assert len(turns(flat).place) == 0


@given(st.lists(CURVE, min_size=1, max_size=4))
def test_many_curves_at_once_give_the_turns_of_each(curves):
    length = max(map(len, curves))
    table = np.array([np.pad(c, (0, length - len(c)), constant_values=NAN) for c in curves]).reshape(len(curves), -1)
    all_of_them = turns(table)
    for at, one in enumerate(map(turns, curves)):
        mine = all_of_them.curve == at
        assert all_of_them.place[mine].tolist() == one.place.tolist()
        assert all_of_them.height[mine].tolist() == one.height.tolist()
        assert all_of_them.kind[mine].tolist() == one.kind.tolist()
    assert (np.diff(all_of_them.curve) >= 0).all()


# --- errors ---


def peak(at: int, height: float, steps: int = 12) -> np.ndarray:
    """One high water, symmetric about its sample: the vertex is the sample itself."""
    return height - np.abs(np.arange(steps) - at) * 1.0


def test_height_and_time_errors_are_those_worked_by_hand():
    # Highs: 2 steps late and 3 too high; 1 step early and 1 too low. No lows.
    truth = np.stack([peak(4, 10), peak(6, 20)])
    forecast = np.stack([peak(6, 13), peak(5, 19)])
    high = turn_errors(forecast, truth, reach=3).high
    assert (high.observed, high.matched) == (2, 1)
    assert (high.height_mae, high.height_bias) == (2, 1)
    assert (high.time_mae, high.time_bias) == (1.5, 0.5)


def test_highs_and_lows_are_judged_apart():
    truth = np.stack([peak(4, 10), -peak(6, 20)])
    forecast = np.stack([peak(5, 10), -peak(6, 18)])
    found = turn_errors(forecast, truth, reach=3)
    assert (found.high.time_bias, found.high.height_bias) == (1, 0)
    assert (found.low.time_bias, found.low.height_bias) == (0, 2)
    assert (found.high.observed, found.low.observed) == (1, 1)


def test_a_turn_that_no_forecast_turn_of_its_kind_lies_near_is_not_matched():
    truth = np.stack([peak(3, 10)] * 4)
    forecast = np.stack([peak(3, 11), peak(8, 10), -peak(3, 10), np.zeros(12)])
    high = turn_errors(forecast, truth, reach=4).high
    assert (high.observed, high.matched) == (4, 0.25)
    assert (high.height_mae, high.time_mae) == (1, 0)
    assert turn_errors(forecast, truth, reach=5).high.matched == 0.5, "reach counts its own end"


def test_the_nearest_of_two_forecast_turns_is_taken():
    truth = curve(0, 0, 0, 0, 0, 9, 0, 0, 0, 0)[None]
    forecast = curve(0, 7, 0, 0, 0, 0, 8, 0, 0, 0)[None]
    high = turn_errors(forecast, truth, reach=9).high
    assert (high.height_bias, high.time_bias) == (-1, 1)
    earlier = turn_errors(forecast[:, ::-1], truth[:, ::-1], reach=9).high
    assert (earlier.height_bias, earlier.time_bias) == (-1, -1)


def test_a_turn_of_another_window_is_never_near():
    truth = np.stack([peak(10, 5), peak(6, 5)])
    forecast = np.stack([np.zeros(12), peak(1, 5)])
    assert turn_errors(forecast, truth, reach=4).high.matched == 0


def test_only_turns_after_the_observed_rows_are_judged():
    truth = curve(0, 5, 0, 5, 0, 5, 0)[None]
    assert turn_errors(truth, truth, reach=1).high.observed == 3
    assert turn_errors(truth, truth, reach=1, known=4).high.observed == 1, "row 3 is the last of four observed"
    assert turn_errors(truth, truth, reach=1, known=3).high.observed == 2


def test_a_missing_forecast_is_not_skipped_and_a_missing_truth_is():
    truth = np.stack([peak(4, 10), peak(4, 10)])
    gone = truth.copy()
    gone[1, 4] = NAN
    assert turn_errors(gone, truth, reach=3).high.matched == 0.5
    assert turn_errors(truth, gone, reach=3).high.observed == 1


def test_without_any_turn_every_error_is_nan_and_nothing_warns():
    for truth in (np.zeros((3, 8)), np.full((3, 8), NAN), np.zeros((0, 8)), np.zeros((3, 0))):
        found = turn_errors(truth, truth, reach=2).low
        assert found.observed == 0
        assert np.isnan([found.matched, found.height_mae, found.height_bias, found.time_mae, found.time_bias]).all()


@given(st.integers(0, 1000), st.floats(-2, 2), st.floats(-5, 5))
def test_a_shifted_tide_is_late_by_the_shift_and_high_by_the_rise(seed, late, rise):
    phases = np.random.default_rng(seed).uniform(0, 24, 5)
    truth = np.stack([cosine(24, phase) for phase in phases])
    forecast = np.stack([cosine(24, phase + late) + rise for phase in phases])
    found = turn_errors(forecast[:, 20:-20], truth[:, 20:-20], reach=4)
    for kind in (found.high, found.low):
        assert kind.time_bias == pytest.approx(late, abs=0.02)
        assert kind.height_bias == pytest.approx(rise, abs=2e-3)


def test_errors_of_batches_pooled_are_those_of_all_windows_at_once() -> None:
    rng = np.random.default_rng(5)
    truth = np.cos(2 * np.pi * (np.arange(72) + rng.uniform(0, 12, (40, 1))) / 12.4)
    said = 0.9 * np.cos(2 * np.pi * (np.arange(72) + rng.uniform(0, 1, (40, 1))) / 12.4) + 0.05
    said[7] = np.nan
    together = pooled([turn_errors(said, truth, 3.0)])
    apart = pooled([turn_errors(said[a:b], truth[a:b], 3.0) for a, b in ((0, 7), (7, 8), (8, 40))])
    np.testing.assert_allclose(apart, together, rtol=1e-12)
    whole = turn_errors(said, truth, 3.0)
    np.testing.assert_allclose(together[0], [getattr(whole.high, name) for name in TURN_ERRORS], rtol=1e-12)
    np.testing.assert_allclose(together[1], [getattr(whole.low, name) for name in TURN_ERRORS], rtol=1e-12)


def test_pooled_errors_without_a_turn_are_not_a_number() -> None:
    flat = np.zeros((3, 20))
    found = pooled([turn_errors(flat, flat, 3.0)])
    assert found[:, 0].tolist() == [0, 0]
    assert np.isnan(found[:, 1:]).all()
