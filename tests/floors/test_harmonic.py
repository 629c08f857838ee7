"""Harmonic: the tide table, about the middle of what the tide leaves."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.windows import Windows
from rnnforecast.floors import harmonic
from tests.floors.waters import laid, sea, swell
from tests.making import HOUR, NAN, panel_of, settings, unscaled, windows_of

CONFIG = settings(lookback=12, horizon=5)


def test_what_is_said_and_the_tide_ahead_are_a_tide_about_the_mean_level() -> None:
    wave = swell(2)
    rows = [wave(s, np.arange(n)) + np.array([7.0, -3.0]) for s, n in enumerate((60, 50))]
    panel = panel_of(*rows, T=2)
    windows = Windows(panel, unscaled(panel), (), 12, 5, laid(wave, [60, 50], 5).astype(np.float32))
    origins = np.r_[12:54, 72:104]
    params = harmonic.fit(windows, origins, CONFIG, HOUR)
    np.testing.assert_allclose(params["level"], [7.0, -3.0], atol=1e-5)
    said = harmonic.forecast(params, windows.gather(origins)) + windows.ahead(origins)
    came = np.concatenate(rows)[origins[:, None] + np.arange(1, 6)]
    np.testing.assert_allclose(said, came, atol=1e-5)


def test_the_level_is_the_mean_of_the_newest_values_that_were_observed() -> None:
    panel, heights = sea(200, horizon=5)
    panel.values[50:120] = NAN
    windows = windows_of(panel, CONFIG, heights=heights)
    batch = windows.gather(np.arange(12, 190))
    seen = batch.target[:, -1][batch.mask[:, -1] > 0]
    assert len(seen) == 108
    np.testing.assert_allclose(harmonic.fit(windows, np.arange(12, 190), CONFIG, HOUR)["level"], [seen.mean()])


def test_a_target_that_was_never_observed_has_level_0_and_spoils_no_other() -> None:
    panel, heights = sea(100, T=2, horizon=5)
    panel.values[:, 1] = NAN
    params = harmonic.fit(windows_of(panel, CONFIG, heights=heights), np.arange(12, 90), CONFIG, HOUR)
    assert params["level"][0] != 0
    assert params["level"][1] == 0


def test_long_windows_are_not_cut_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, heights = sea(200, horizon=5)
    windows = windows_of(panel, CONFIG, heights=heights)
    whole = harmonic.fit(windows, np.arange(12, 190), CONFIG, HOUR)
    most, cut = [], Windows.gather
    monkeypatch.setattr("rnnforecast.data.windows.CELLS", 200)
    monkeypatch.setattr(Windows, "gather", lambda self, origins: (most.append(len(origins)), cut(self, origins))[1])
    np.testing.assert_allclose(harmonic.fit(windows, np.arange(12, 190), CONFIG, HOUR)["level"], whole["level"])
    assert max(most) == windows.at_once(4096) < 10
