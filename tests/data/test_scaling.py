"""Scales are those of the rows that were given, in every column, and never 0 or NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.scaling import Scale, fit, for_panel, never_negative
from tests.making import NAN, Array, panel_of, tide


def test_location_and_spread_are_mean_and_deviation_of_what_was_observed() -> None:
    columns = np.random.default_rng(0).normal(3, 2, (40, 3))
    columns[::7, 0] = NAN
    panel = panel_of(columns, columns[:25] * 5, P=1, F=1, base=2.0)
    scale = fit(panel, np.array([29, 64]))
    for s, true in enumerate((columns[:30], columns[:25] * 5)):
        np.testing.assert_allclose(scale.loc[s], np.nanmean(true, axis=0), rtol=1e-6)
        np.testing.assert_allclose(scale.spread[s], np.nanstd(true, axis=0), rtol=1e-6)


def test_rows_after_the_training_part_are_not_looked_at() -> None:
    calm = tide(40)
    wild = calm.copy()
    wild[30:] = 1e6
    before, after = (fit(panel_of(values), np.array([29])) for values in (calm, wild))
    assert (before.loc, before.spread) == (after.loc, after.spread)


@pytest.mark.parametrize("level", [0.0, 5.0, -273.15, 1e6])
def test_a_constant_series_has_the_spread_1(level: float) -> None:
    for base in (0.0, level):
        scale = fit(panel_of(np.full(30, level), base=base), np.array([29]))
        assert scale.spread.tolist() == [[1.0]]
        assert scale.loc[0, 0] == pytest.approx(level, rel=1e-6)


def test_a_millimetre_on_a_thousand_kilometres_is_no_constant() -> None:
    scale = fit(panel_of(1e6 + tide(50) / 1000, base=1e6), np.array([49]))
    assert scale.spread[0, 0] == pytest.approx(tide(50).std() / 1000, rel=1e-5)


def test_the_last_digit_of_what_a_file_wrote_is_no_movement() -> None:
    for base in (0.0, 0.3):
        assert fit(panel_of(np.array([0.3, 0.1 + 0.2] * 20), base=base), np.array([39])).spread.tolist() == [[1.0]]


@given(
    st.lists(st.one_of(st.just(NAN), st.floats(-(2.0**50), 2.0**50, width=32)), min_size=1, max_size=12),
    st.floats(-1e9, 1e9),
)
@settings(deadline=None)
def test_a_scale_is_never_zero_and_never_nan(values: list[float], base: float) -> None:
    panel = panel_of(np.array(values) + base, base=base)
    scale = fit(panel, panel.cutoff)
    assert np.isfinite(scale.loc).all()
    assert (np.isfinite(scale.spread) & (scale.spread > 0)).all()


def test_a_series_the_model_knows_keeps_its_scale_and_another_is_scaled_by_its_own_rows() -> None:
    stored = Scale(np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]]), np.array([[5.0], [6.0]]))
    panel = panel_of(tide(30, 1), tide(30, 2), ids=("new", "b"))
    scale = for_panel(panel, {"a": 0, "b": 1}, stored)
    own = fit(panel, panel.cutoff)
    assert scale.loc[:, 0].tolist() == [own.loc[0, 0], 2.0]
    assert scale.spread[:, 0].tolist() == [own.spread[0, 0], 20.0]
    assert scale.static is stored.static


def test_static_covariates_are_scaled_over_the_series() -> None:
    areas = [[10.0, 7.0], [1000.0, 7.0], [100_000.0, 7.0]]
    scale = fit(panel_of(*(tide(20, s) for s in range(3)), static=areas), np.array([19, 39, 59]))
    np.testing.assert_allclose(scale.static[0], np.mean(areas, axis=0))
    np.testing.assert_allclose(scale.static[1], [np.std(areas, axis=0)[0], 1.0])


def test_units_come_back_per_window() -> None:
    levels, spreads = np.array([[1.0, 2.0, 9.0], [3.0, 4.0, 9.0]]), np.array([[5.0, 6.0, 9.0], [7.0, 8.0, 9.0]])
    scale = Scale(levels, spreads, np.ones((2, 0)))
    loc, spread = scale.targets(2, np.array([1, 0, 1]))
    assert loc.tolist() == [[[3.0, 4.0]], [[1.0, 2.0]], [[3.0, 4.0]]]
    assert spread[:, 0].tolist() == [[7.0, 8.0], [5.0, 6.0], [7.0, 8.0]]


def test_a_series_is_summed_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(np.where(np.arange(50) % 7, tide(50) + 1e6, NAN), base=1e6)
    whole = fit(panel, panel.cutoff)
    monkeypatch.setattr("rnnforecast.data.scaling.BLOCK", 3)
    parts = fit(panel, panel.cutoff)
    np.testing.assert_allclose(parts.loc, whole.loc, rtol=1e-15)
    np.testing.assert_allclose(parts.spread, whole.spread, rtol=1e-12)


# Never negative -------------------------------------------------------------------------------------------------------


def skewed(rows: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).exponential(3.0, rows)


def bounded(*columns: Array, last: int | None = None, base: float = 0.0) -> tuple[bool, ...]:
    panel = panel_of(np.stack(columns, axis=1), T=len(columns), base=base)
    end = panel.cutoff if last is None else np.array([last])
    return never_negative(panel, end, fit(panel, end))


def test_a_flow_is_told_from_a_level_and_a_temperature_column_by_column() -> None:
    flow, level, temperature = skewed(300), 5 + tide(300), 10 * tide(300)
    assert bounded(flow, level, temperature, base=3.0) == (True, False, False)
    assert bounded(flow + 1) == (True,)  # it need not have been dry
    assert bounded(-flow) == (False,)
    assert bounded(30 - flow) == (False,)  # a long tail downward is none


def test_one_value_below_0_is_enough_and_holes_are_none() -> None:
    flow = skewed(300)
    holed = np.where(np.arange(300) % 5, flow, NAN)
    assert bounded(holed, base=3.0) == (True,)
    holed[7] = -0.1
    assert bounded(holed, base=3.0) == (False,)


def test_only_the_rows_that_are_learned_from_say_whether_a_target_may_be_negative() -> None:
    flow = skewed(300)
    flow[250] = -5
    assert bounded(flow, last=249) == (True,)
    assert bounded(flow, last=250) == (False,)


def test_skewness_is_taken_over_all_series_each_by_its_own_deviation() -> None:
    """By hand: the mean of the cubes of what is left of a series by its mean and deviation."""
    for shape in (0.8, 1.4, 3.0, 6.0):
        parts = [np.random.default_rng(s).gamma(shape, 1 + s, 400) for s in range(3)]
        panel = panel_of(*parts)
        cubes = np.concatenate([((p - p.mean()) / p.std()) ** 3 for p in parts])
        assert never_negative(panel, panel.cutoff, fit(panel, panel.cutoff)) == (bool(cubes.mean() > 1.0),)
    assert bounded(np.full(50, 2.0)) == (False,)  # a stuck gauge


def test_a_long_series_is_looked_at_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = skewed(300)
    monkeypatch.setattr("rnnforecast.data.scaling.BLOCK", 7)
    assert bounded(flow, 5 + tide(300)) == (True, False)
    flow[299] = -1
    assert bounded(flow, 5 + tide(300)) == (False, False)
