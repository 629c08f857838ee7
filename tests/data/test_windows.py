"""Windows cut by index equal windows cut by hand, and nothing after the origin leaks into them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.features import DAY, calendar
from rnnforecast.data.panel import Panel
from rnnforecast.data.scaling import fit
from rnnforecast.data.tides import Tides, along
from rnnforecast.data.windows import Batch, Windows, bridged, windows_over
from tests.making import HOUR, JAN_1, NAN, Array, panel_of, tide, unscaled


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    """One to three series with every kind of column, a fifth of it holes."""
    T, P, F = (draw(st.integers(low, 2)) for low in (1, 0, 0))
    lengths = draw(st.lists(st.integers(2, 30), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    series = [rng.normal(5, 3, (n, T + P + F)) for n in lengths]
    for one in series:
        one[rng.random(one.shape) < 0.2] = NAN
    static = rng.normal(size=(len(series), 1)).tolist()
    start = [JAN_1 + 3600 * int(hour) for hour in rng.integers(0, 99, len(series))]
    return panel_of(*series, T=T, P=P, F=F, static=static, base=4.0, start=start)


def heights_for(panel: Panel, horizon: int) -> Array:
    """A height of its own for each row of each series and `horizon` beyond its end, (rows + series * horizon, T)."""
    count = len(panel.values) + panel.num_series * horizon
    return np.random.default_rng(count).normal(size=(count, len(panel.targets))).astype(np.float32)


def height_by_hand(windows: Windows, s: int, row: int) -> Array:
    """The tide of series s at a flat row, (T,): row by row through the heights of the series before it."""
    panel, H = windows.panel, windows.horizon
    if windows.tide is None:
        return np.zeros(0)
    first = sum(int(n) + H for n in np.diff(panel.offsets)[:s])
    return windows.tide[first + max(row - int(panel.offsets[s]), 0)].astype(np.float64)


def bridged_by_hand(values: list[float]) -> tuple[list[float], list[float], list[float]]:
    n, seen = len(values), [t for t, value in enumerate(values) if np.isfinite(value)]
    filled, age = [], []
    for t in range(n):
        before, after = [s for s in seen if s <= t], [s for s in seen if s >= t]
        if before and after:
            a, b = before[-1], after[0]
            filled.append(values[a] if a == b else values[a] + (values[b] - values[a]) * (t - a) / (b - a))
        else:
            nearest = before[-1:] or after[:1]
            filled.append(values[nearest[0]] if nearest else 0.0)
        age.append((t - before[-1] if before else t + 1) / n)
    return filled, [float(t in seen) for t in range(n)], age


def by_hand(windows: Windows, origin: int) -> dict[str, Array]:
    """One window, row by row, in double precision."""
    panel, C, H = windows.panel, windows.context, windows.horizon
    T, P = len(panel.targets), len(panel.past)
    s = next(s for s in range(panel.num_series) if panel.offsets[s] <= origin < panel.offsets[s + 1])
    rows, tides = [], []
    for row in range(origin - C + 1, origin + H + 1):
        tides.append(height_by_hand(windows, s, row))
        inside = panel.offsets[s] <= row < panel.offsets[s + 1]
        true = panel.values[row].astype(np.float64) + panel.base[s] if inside else np.full(panel.base.shape[1], NAN)
        rows.append((true - windows.scale.loc[s]) / windows.scale.spread[s])
    units, heights = np.array(rows), np.array(tides)
    units[:, : heights.shape[1]] -= heights
    target = np.array([bridged_by_hand(column.tolist()) for column in units[:C, :T].T])  # (T, 3, C)
    past = np.array([bridged_by_hand(column.tolist()) for column in units[:C, T : T + P].T]).reshape(P, 3, C)
    future = np.array([bridged_by_hand(column.tolist())[0] for column in units[:, T + P :].T]).reshape(-1, C + H)
    seconds = panel.start[s] + 3600 * (np.arange(origin - C + 1, origin + H + 1) - panel.offsets[s])
    return {
        "target": target[:, 0].T, "mask": target[:, 1].T, "since": target[:, 2].T, "past": past[:, 0].T,
        "past_mask": past[:, 1].T, "past_since": past[:, 2].T, "future": future.T,
        "calendar": calendar(seconds, windows.cycles),
        "tide": heights,
        "static": (panel.static[s] - windows.scale.static[0]) / windows.scale.static[1], "truth": units[C:, :T],
    }  # fmt: skip


@given(panels(), st.integers(1, 12), st.integers(1, 5), st.sampled_from([(), (DAY,)]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_every_window_equals_the_one_cut_row_by_row(panel: Panel, context: int, horizon: int, cycles, tidal) -> None:
    heights = heights_for(panel, horizon) if tidal else None
    windows = Windows(panel, fit(panel, panel.cutoff), cycles, context, horizon, heights)
    origins = np.arange(len(panel.values))
    batch = windows.gather(origins)
    for origin in origins.tolist():
        expected = by_hand(windows, origin)
        for f in fields(Batch):
            got = getattr(batch, f.name)[origin]
            assert got.shape == expected[f.name].shape, f.name
            assert got.dtype == np.float32, f.name
            np.testing.assert_allclose(got, expected[f.name], rtol=1e-4, atol=1e-4, err_msg=f.name)


@given(panels(), st.integers(1, 12), st.integers(1, 5), st.data())
@settings(deadline=None, max_examples=60)
def test_nothing_after_the_origin_leaks_but_what_is_known_ahead(panel: Panel, context: int, horizon: int, data) -> None:
    origin = data.draw(st.integers(0, len(panel.values) - 1))
    scale = fit(panel, panel.cutoff)
    known = panel.values.shape[1] - len(panel.future)
    heights = data.draw(st.sampled_from([None, heights_for(panel, horizon)]))
    for poison in (1e6, NAN):
        values = panel.values.copy()
        values[origin + 1 :, :known] = poison
        changed = replace(panel, values=values)
        cuts = [Windows(p, scale, (DAY,), context, horizon, heights) for p in (panel, changed)]
        before, after = (windows.gather(np.array([origin])) for windows in cuts)
        for f in fields(Batch):
            if f.name != "truth":
                np.testing.assert_array_equal(getattr(before, f.name), getattr(after, f.name), err_msg=f.name)


def test_the_border_between_two_series_is_never_crossed() -> None:
    calm, wild = panel_of(tide(20), tide(20, 1)), panel_of(tide(20) * 1e6, tide(20, 1))
    origins = np.arange(20, 40)
    before, after = (Windows(p, unscaled(p), (), 12, 6).gather(origins) for p in (calm, wild))
    for f in fields(Batch):
        np.testing.assert_array_equal(getattr(before, f.name), getattr(after, f.name), err_msg=f.name)
    first = Windows(calm, unscaled(calm), (), 12, 6).gather(np.array([19]))
    assert np.isnan(first.truth).all()  # the rows behind the first series belong to the second


def test_rows_before_the_start_of_a_series_are_missing() -> None:
    panel = panel_of(tide(8), np.array([7.0, 8.0, 9.0]))
    batch = Windows(panel, unscaled(panel), (), 5, 1).gather(np.array([9]))
    assert batch.mask[0, :, 0].tolist() == [0, 0, 0, 1, 1]
    assert batch.target[0, :, 0].tolist() == [7, 7, 7, 7, 8]
    assert batch.truth.tolist() == [[[9.0]]]


def test_a_hole_is_bridged_by_a_line_and_its_age_is_told() -> None:
    column = np.array([NAN, 1, NAN, NAN, 4, NAN], np.float32).reshape(1, 6, 1)
    filled, mask, since = bridged(column)
    np.testing.assert_allclose(filled.ravel(), [1, 1, 2, 3, 4, 4])
    assert mask.ravel().tolist() == [0, 1, 0, 0, 1, 0]
    np.testing.assert_allclose(since.ravel() * 6, [1, 0, 1, 2, 0, 1])


def test_a_window_of_nothing_is_zero_and_says_so() -> None:
    filled, mask, since = bridged(np.full((1, 3, 1), np.nan, np.float32))
    assert (filled.ravel().tolist(), mask.sum()) == ([0, 0, 0], 0)
    np.testing.assert_allclose(since.ravel() * 3, [1, 2, 3])


def test_the_base_keeps_the_millimetres_of_a_level_of_a_thousand_kilometres() -> None:
    true = 1e6 + np.round(np.random.default_rng(0).normal(size=50), 3) / 1000  # metres, to the millionth
    panel = panel_of(true, base=1e6)
    scale = fit(panel, panel.cutoff)
    batch = Windows(panel, scale, (), 10, 1).gather(np.array([48]))
    back = scale.loc[0, 0] + scale.spread[0, 0] * batch.target[0, :, 0].astype(np.float64)
    np.testing.assert_allclose(back - 1e6, true[39:49] - 1e6, atol=1e-7)


def test_known_covariates_reach_over_the_horizon_and_past_ones_do_not() -> None:
    rows = np.arange(30.0)
    panel = panel_of(np.stack([rows, 100 + rows, 200 + rows], axis=1), P=1, F=1, ahead=3)
    batch = Windows(panel, unscaled(panel), (), 4, 3).gather(np.array([26]))
    assert batch.past[0, :, 0].tolist() == [123, 124, 125, 126]
    assert batch.future[0, :, 0].tolist() == [223, 224, 225, 226, 227, 228, 229]


@pytest.mark.parametrize("rows", [0, 5])
def test_the_calendar_counts_on_before_the_first_row_and_after_the_last(rows: int) -> None:
    panel = panel_of(tide(6), start=[JAN_1 + 6 * 3600])
    batch = Windows(panel, unscaled(panel), (DAY,), 8, 4).gather(np.array([rows]))
    hours = 6 + rows + np.arange(-7, 5)
    np.testing.assert_allclose(batch.calendar[0, :, 0], np.sin(2 * np.pi * hours / 24), atol=1e-6)
    assert HOUR.at(panel.start, np.array([rows]))[0] == JAN_1 + 3600 * (6 + rows)


def test_the_calendar_is_that_of_the_local_clock() -> None:
    utc = panel_of(np.arange(24.0 * 400), start=(JAN_1,))
    local = replace(utc, zone="Europe/Berlin")
    for origin, hour in ((24 * 20, 1), (24 * 200, 2)):  # midnight UTC is 1 o'clock in winter and 2 in summer
        batch = Windows(local, fit(local, local.cutoff), (DAY,), 24, 1).gather(np.array([origin]))
        np.testing.assert_allclose(batch.calendar[0, 23], calendar(np.array(hour * 3600), (DAY,)), atol=1e-6)


def test_fewer_of_long_or_wide_windows_are_cut_together() -> None:
    panel = panel_of(np.zeros((30, 4)), P=3)
    for context, count in ((100, 2048), (4096, 2**21 // (4120 * 6)), (10**7, 1)):
        assert Windows(panel, unscaled(panel), (DAY,), context, 24).at_once(2048) == count
    tidal = Windows(panel, unscaled(panel), (DAY,), 4096, 24, np.zeros((54, 1), np.float32))
    assert tidal.at_once(2048) == 2**21 // (4120 * 7)


@given(panels(), st.integers(1, 12), st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_what_the_tide_leaves_and_the_tide_are_the_level(panel: Panel, context: int, horizon: int) -> None:
    """Target and tide are the level of the window, truth and the tide ahead what came."""
    scale, heights, origins = fit(panel, panel.cutoff), heights_for(panel, horizon), np.arange(len(panel.values))
    tidal = Windows(panel, scale, (DAY,), context, horizon, heights)
    batch, level = tidal.gather(origins), Windows(panel, scale, (DAY,), context, horizon).gather(origins)
    seen = batch.mask > 0
    np.testing.assert_allclose((batch.target + batch.tide[:, :context])[seen], level.target[seen], atol=1e-5)
    np.testing.assert_allclose(batch.truth + tidal.ahead(origins), level.truth, atol=1e-5)
    np.testing.assert_array_equal(tidal.ahead(origins), batch.tide[:, context:])
    for f in fields(Batch):
        if f.name not in ("target", "tide", "truth"):
            np.testing.assert_array_equal(getattr(batch, f.name), getattr(level, f.name), err_msg=f.name)


def test_each_series_has_its_own_tide_before_its_start_and_beyond_its_end() -> None:
    """Two series of 4 and 3 rows, 2 steps ahead: the first owns heights 0 to 5, the second 10 to 14."""
    panel = panel_of(np.full(4, 100.0), np.full(3, 200.0))
    heights = np.array([[0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14]], np.float32).T
    windows = Windows(panel, unscaled(panel), (), 3, 2, heights)
    batch = windows.gather(np.array([0, 3, 4, 6]))
    first, second = [[0, 0, 0, 1, 2], [1, 2, 3, 4, 5]], [[10, 10, 10, 11, 12], [10, 11, 12, 13, 14]]
    assert batch.tide[:, :, 0].tolist() == first + second
    assert batch.target[1, :, 0].tolist() == [99, 98, 97]
    assert batch.target[3, :, 0].tolist() == [190, 189, 188]
    assert windows.ahead(np.array([3, 6])).tolist() == [[[4], [5]], [[13], [14]]]
    assert np.isnan(batch.truth[[1, 3]]).all()


def test_without_a_tide_there_is_none_ahead_and_none_in_a_window() -> None:
    panel = panel_of(tide(30))
    windows = Windows(panel, unscaled(panel), (), 5, 2)
    assert windows.ahead(np.array([10, 20])).shape == (2, 2, 0)
    assert windows.gather(np.array([10, 20])).tide.shape == (2, 7, 0)


def test_a_hole_is_bridged_in_what_the_tide_leaves() -> None:
    """A level that is nothing but its tide is whole again, however the tide moves under the hole."""
    heights = 3 * np.sin(np.arange(34.0))
    level = 7 + heights[:30]
    level[10:15] = NAN
    panel = panel_of(level)
    batch = Windows(panel, unscaled(panel), (), 12, 4, heights[:, None].astype(np.float32)).gather(np.array([18]))
    np.testing.assert_allclose(batch.target[0, :, 0], 7.0, atol=1e-5)
    assert batch.mask.sum() == 7


def test_the_heights_of_known_constituents_are_scaled_as_the_targets_of_their_series() -> None:
    """The whole way: constituents in metres, series on other scales, one of them without a tide."""
    panel = panel_of(5 * tide(60), 0.2 * tide(50, 1) + 9, tide(40, 2), start=[JAN_1, JAN_1 + 7200, JAN_1])
    parts = np.array([[[1.0, 0.5], [0.2, 0.1]], [[0.3, -0.2], [0.0, 0.1]], [[0.0, 0.0], [0.0, 0.0]]])
    known = Tides(("M2", "K1"), parts[:, None])
    scale = fit(panel, panel.cutoff)
    windows = windows_over(panel, scale, (), 12, 4, known)
    metres = along(known, panel, 4)
    origins = np.array([20, 59, 70, 109, 130])
    for origin, ahead in zip(origins.tolist(), windows.ahead(origins), strict=True):
        s = int(panel.series_of(np.array([origin]))[0])
        rows = origin + 4 * s + np.arange(1, 5)
        np.testing.assert_allclose(ahead * scale.spread[s, 0], metres[rows], atol=1e-6)
    assert windows.ahead(np.array([130])).max() == 0
    assert windows.tide is not None
    assert windows.tide.dtype == np.float32


def test_where_no_series_has_a_tide_the_windows_have_none() -> None:
    panel = panel_of(tide(60))
    windows = windows_over(panel, fit(panel, panel.cutoff), (DAY,), 12, 4, Tides((), np.zeros((1, 1, 0, 2))))
    assert windows == Windows(panel, windows.scale, (DAY,), 12, 4)
