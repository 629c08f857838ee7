"""No change: the last observation, however old."""

from __future__ import annotations

import numpy as np

from rnnforecast.data.windows import Windows
from rnnforecast.floors import persistence
from tests.floors.waters import laid, sea, swell
from tests.making import NAN, panel_of, settings, tide, unscaled, windows_of


def test_every_lead_is_the_last_observation_of_its_target() -> None:
    values = np.stack([tide(30), tide(30, 1)], axis=1)
    values[20:, 1] = NAN
    panel = panel_of(values, T=2)
    batch = Windows(panel, unscaled(panel), (), 15, 3).gather(np.array([24]))
    said = persistence.forecast({}, batch)
    np.testing.assert_allclose(said, [[[values[24, 0], values[19, 1]]] * 3], rtol=1e-6)
    assert persistence.usable({}, batch).all()


def test_a_target_that_was_not_observed_at_all_makes_it_unusable() -> None:
    values = np.stack([tide(30), tide(30, 1)], axis=1)
    values[20:, 1] = NAN
    panel = panel_of(values, T=2)
    batch = Windows(panel, unscaled(panel), (), 5, 3).gather(np.array([23, 24, 25]))
    assert persistence.usable({}, batch).tolist() == [True, False, False]


def test_the_level_persists_although_the_tide_moves() -> None:
    """Windows hold what the tide leaves: what is said and the tide ahead are the last level, of each series its own."""
    panel, heights = sea(60, 50, T=2, horizon=7)
    windows = windows_of(panel, settings(lookback=12, horizon=7), heights=heights)
    origins = np.array([20, 44, 52, 80, 99])  # on both sides of where the second series begins
    said = persistence.forecast({}, windows.gather(origins)) + windows.ahead(origins)
    units = Windows(panel, windows.scale, (), 12, 7).gather(origins)  # the levels themselves
    np.testing.assert_allclose(said, np.repeat(units.target[:, -1:], 7, axis=1), atol=1e-5)
    assert np.abs(np.diff(windows.ahead(origins), axis=1)).max() > 0.1


def test_a_level_last_seen_some_rows_ago_persists_as_it_was_then() -> None:
    panel, heights = sea(60, horizon=3)
    level = panel.values[37, 0]
    panel.values[38:] = NAN
    windows = Windows(panel, unscaled(panel), (), 12, 3, heights.astype(np.float32))
    for origin in (38, 41, 48):
        said = persistence.forecast({}, windows.gather(np.array([origin]))) + windows.ahead(np.array([origin]))
        np.testing.assert_allclose(said[0, :, 0], [level] * 3, atol=1e-5)


def test_a_window_of_nothing_is_not_usable_though_there_is_a_tide() -> None:
    wave = swell()
    panel = panel_of(np.full(40, NAN))
    windows = Windows(panel, unscaled(panel), (), 12, 3, laid(wave, [40], 3).astype(np.float32))
    batch = windows.gather(np.array([0, 30]))
    assert not persistence.usable({}, batch).any()
    assert np.isfinite(persistence.forecast({}, batch)).all()
