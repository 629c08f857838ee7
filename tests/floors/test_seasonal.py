"""Seasonal: the season with the least error, repeated."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.frequency import Step
from rnnforecast.data.windows import Windows
from rnnforecast.floors import seasonal
from tests.floors.waters import laid, sea
from tests.making import HOUR, NAN, Array, panel_of, settings, unscaled, windows_of


def cycle(rows: int, period: float, noise: float = 0.1) -> Array:
    rng = np.random.default_rng(0)
    return np.sin(2 * np.pi * np.arange(rows) / period) + noise * rng.normal(size=rows)


def weekly(rows: int) -> Array:
    return cycle(rows, 24) + np.where(np.arange(rows) // 24 % 7 < 5, 0.0, 3.0)


def period_of(values: Array, lookback: int = 168, step: Step = HOUR) -> int:
    config, panel = settings(lookback=lookback), panel_of(values, step=step)
    windows = windows_of(panel, config, seasonal.context(config, step))
    origins = np.arange(len(values) // 2, len(values) - config.horizon)
    return int(seasonal.fit(windows, origins, config, step)["period"])


@pytest.mark.parametrize(
    ("values", "period"),
    [(cycle(900, 24), 24), (cycle(900, 25), 25), (weekly(1500), 168), (np.zeros(900), 24)],
    ids=["a day", "a tide", "a week", "all alike: the shortest"],
)
def test_the_season_of_the_series_is_found(values: Array, period: int) -> None:
    assert period_of(values) == period


def test_holes_do_not_hide_the_season() -> None:
    values = cycle(900, 25)
    values[np.random.default_rng(1).random(900) < 0.4] = NAN
    assert period_of(values) == 25


def test_a_season_longer_than_four_lookbacks_is_not_tried() -> None:
    assert seasonal.candidates(settings(lookback=42), HOUR) == (24, 25, 168)
    assert seasonal.candidates(settings(lookback=41), HOUR) == (24, 25)
    assert seasonal.candidates(settings(lookback=2), HOUR) == (24,)
    assert seasonal.context(settings(lookback=2), HOUR) == 24


def test_the_last_season_is_repeated_as_often_as_the_horizon_needs() -> None:
    rows = np.arange(40.0)
    panel = panel_of(rows)
    batch = Windows(panel, unscaled(panel), (), 12, 11).gather(np.array([20]))
    said = seasonal.forecast({"period": np.array(4)}, batch)[0, :, 0]
    assert said.tolist() == [17, 18, 19, 20, 17, 18, 19, 20, 17, 18, 19]


def test_half_of_the_last_season_must_have_been_observed() -> None:
    values = np.stack([np.arange(40.0), np.arange(40.0)], axis=1)
    values[18:, 1] = NAN
    panel = panel_of(values, T=2)
    batch = Windows(panel, unscaled(panel), (), 6, 2).gather(np.array([19, 20, 21]))
    assert seasonal.usable({"period": np.array(4)}, batch).tolist() == [True, False, False]
    assert not seasonal.usable({"period": np.array(7)}, batch).any()  # longer than the window


@pytest.mark.parametrize("period", [0, -1, 2**31 + 1])
def test_a_period_that_cannot_be_is_refused(period: int) -> None:
    from rnnforecast.data.widths import Widths

    assert not seasonal.valid({"period": np.array(period)}, settings(), Widths(1, 0, 0, 0, 0))


def test_the_level_of_a_season_ago_is_repeated_although_windows_hold_what_the_tide_leaves() -> None:
    panel, heights = sea(80, 60, T=2, horizon=11)
    windows = windows_of(panel, settings(lookback=30, horizon=11), heights=heights)
    levels = Windows(panel, windows.scale, (), 30, 11)
    origins, params = np.array([30, 60, 115, 128]), {"period": np.array(4)}
    said = seasonal.forecast(params, windows.gather(origins)) + windows.ahead(origins)
    np.testing.assert_allclose(said, seasonal.forecast(params, levels.gather(origins)), atol=1e-5)


def test_the_season_of_a_tide_is_found_though_it_was_taken_out() -> None:
    """A level that repeats after 25 h, in noise: what the tide leaves of it shows no season at all."""
    noise = np.random.default_rng(0).normal(size=900)
    config = settings(lookback=168)

    def wave(series: int, hours: Array) -> Array:  # noqa: ARG001
        return 3 * np.sin(2 * np.pi * hours / 25)[:, None]

    panel = panel_of(wave(0, np.arange(900))[:, 0] + noise)
    windows = windows_of(panel, config, seasonal.context(config, HOUR), heights=laid(wave, [900], config.horizon))
    assert seasonal.fit(windows, np.arange(450, 890), config, HOUR)["period"] == 25
