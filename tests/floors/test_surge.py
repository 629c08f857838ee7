"""Surge: what the weather adds to a level depends on the tide it meets; where it does not, this is the ridge."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.windows import Windows
from rnnforecast.floors import ridge, surge
from tests.floors.waters import laid, sea, skill, swell
from tests.making import HOUR, Array, panel_of, settings, tide, unscaled, windows_of

CONFIG = settings(lookback=12, horizon=4)
TAUGHT, ASKED = np.arange(12, 2500), np.arange(2600, 3990)


def estuary(meeting: float) -> Windows:
    """A slow surge that grows with the tide under it by `meeting` of itself."""
    rng, weather = np.random.default_rng(4), np.zeros(4000)
    for t in range(1, 4000):
        weather[t] = 0.98 * weather[t - 1] + 0.05 * rng.normal()
    heights = laid(swell(), [4000], 4)
    water = heights[:4000, 0]
    return windows_of(panel_of(water + weather * (1 + meeting * water / 2)), CONFIG, heights=heights)


def test_a_surge_that_grows_with_the_tide_is_forecast_better_than_by_the_ridge() -> None:
    windows = estuary(0.5)
    told, plain = (skill(floor, windows, TAUGHT, ASKED, 12)[:, 0] for floor in (surge, ridge))
    assert (told < 0.85 * plain).all()


def test_where_the_tide_makes_no_difference_it_is_the_ridge() -> None:
    windows = estuary(0.0)
    told, plain = (floor.fit(windows, TAUGHT, CONFIG, HOUR)["weights"] for floor in (surge, ridge))
    assert told.shape[1] > plain.shape[1]
    assert not told[:, plain.shape[1] :].any()
    np.testing.assert_allclose(told[:, : plain.shape[1]], plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("lookback", [12, 24])
def test_its_features_are_the_ridges_and_products_of_surge_and_tide(lookback: int) -> None:
    panel, heights = sea(100, T=2, horizon=4)
    windows, origins = Windows(panel, unscaled(panel), (), 30, 4, heights.astype(np.float32)), np.arange(30, 90)
    batch = windows.gather(origins)
    for target in range(2):
        x, last = surge.design(batch, lookback, target)
        plain, now = ridge.design(batch, lookback, target)
        np.testing.assert_array_equal(x[:, : plain.shape[1]], plain)
        np.testing.assert_array_equal(last, now)
        left = panel.values[:, target] - heights[:100, target]
        more = [by_hand(left, heights[:, target], origin) for origin in origins.tolist()]
        np.testing.assert_allclose(x[:, plain.shape[1] :], more, atol=1e-5)


def by_hand(left: Array, heights: Array, origin: int) -> list[float]:
    """Newest value, mean of half a day and rise over 3 h, times the tide from 4 h ahead to half a day ago."""
    newest = left[origin]
    surges = newest, left[origin - 11 : origin + 1].mean(), newest - left[origin - 3]
    return [s * height for s in surges for height in heights[origin - 11 : origin + 5][::-1]]


@pytest.mark.parametrize(
    ("lookback", "horizon", "count", "furthest"),
    [(1, 1, 2, 2), (12, 4, 16, 16), (48, 20, 32, 32), (48, 21, 17, 33), (48, 84, 32, 94), (48, 400, 32, 404)],
)
def test_neighbouring_heights_are_left_out_where_there_are_many(lookback, horizon, count, furthest) -> None:
    found = surge.heights(lookback, horizon)
    assert (len(found), found[0], found[-1]) == (count, 1, furthest)
    assert len(set(np.diff(found).tolist())) <= 1
    assert furthest <= horizon + min(lookback, 12)


def test_the_rise_in_a_short_window_is_that_since_its_beginning() -> None:
    panel, heights = sea(60, horizon=2)
    batch = windows_of(panel, settings(lookback=2, horizon=2), heights=heights).gather(np.arange(20, 50))
    x, last = surge.design(batch, 2, 0)
    rises = x[:, -len(surge.heights(2, 2)) :]
    sea_then = batch.tide[:, -surge.heights(2, 2), 0]
    np.testing.assert_allclose(rises, (last - batch.target[:, -2:-1, 0]) * sea_then, rtol=1e-6)


def test_each_target_meets_its_own_tide() -> None:
    """The second target has none: with the first one's tide its surges would have products."""
    wave = swell(1)
    heights = np.concatenate([laid(wave, [200], 4), np.zeros((204, 1))], axis=1)
    panel = panel_of(np.stack([tide(200), tide(200, 1)], axis=1), T=2)
    batch = Windows(panel, unscaled(panel), (), 12, 4, heights.astype(np.float32)).gather(np.arange(20, 150))
    products = 3 * len(surge.heights(12, 4))
    assert surge.design(batch, 12, 0)[0][:, -products:].any()
    assert not surge.design(batch, 12, 1)[0][:, -products:].any()
