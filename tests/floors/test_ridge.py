"""Ridge: its features written out, its map against least squares, its skill against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.features import DAY
from rnnforecast.data.windows import Windows
from rnnforecast.floors import _linear, ridge
from tests.floors.waters import sea
from tests.making import HOUR, NAN, Array, panel_of, settings, tide, widths_of, windows_of

CONFIG = settings(lookback=6, horizon=3)


def several() -> Windows:
    columns = np.random.default_rng(3).normal(size=(400, 4))
    columns[:, 0] = tide(400) + np.roll(columns[:, 2], 1)
    return windows_of(panel_of(columns, T=2, P=1, F=1), CONFIG, cycles=(DAY,))


def tidal() -> Windows:
    panel, heights = sea(400, T=2, P=1, horizon=3)
    return windows_of(panel, CONFIG, 9, (DAY,), heights)


ORIGINS = np.arange(8, 390)
each_water = pytest.mark.parametrize("windows", [several(), tidal()], ids=["no tide", "tide"])


def rows_of(windows: Windows, origins: Array, target: int) -> tuple[Array, Array, Array]:
    """Features written out one window at a time, what came less the last value, and the last value."""
    X, Y, lasts = [], [], []
    for origin in origins.tolist():
        batch = windows.gather(np.array([origin]))
        window = batch.target[0, -6:, target].astype(np.float64)
        features = [window[k] - window[-1] for k in range(5)]
        features += batch.past[0, -6:].ravel().tolist() + batch.future[0, -9:].ravel().tolist()
        features += batch.tide[0, -9:].ravel().tolist() + batch.calendar[0, -4].tolist()
        X.append([*features, window[-1], 1.0])
        Y.append(batch.truth[0, :, target].astype(np.float64) - window[-1])
        lasts.append(window[-1])
    return np.array(X), np.array(Y), np.array(lasts)


@each_water
def test_its_features_are_the_window_what_is_known_beside_it_and_a_constant(windows: Windows) -> None:
    for target in range(2):
        X, _, last = rows_of(windows, ORIGINS, target)
        x, now = ridge.design(windows.gather(ORIGINS), 6, target)
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(now[:, 0], last)
        widths = widths_of(windows.panel, windows.cycles, windows.tide is not None)
        assert x.shape[1] == 6 + 1 + ridge.beside_width(CONFIG, widths)


def test_of_covariates_and_tide_before_now_the_newest_are_enough() -> None:
    config = settings(lookback=50, horizon=3)
    panel, heights = sea(100, P=1, horizon=3)
    batch = windows_of(panel, config, heights=heights).gather(np.array([60]))
    past, future, seas, calendar = ridge.beside(batch, 50)
    assert [part.shape[1] for part in (past, future, seas, calendar)] == [32, 0, 35, 0]
    np.testing.assert_array_equal(past[0], batch.past[0, -32:, 0])
    np.testing.assert_array_equal(seas[0], batch.tide[0, -35:, 0])


@pytest.mark.parametrize(("windows", "penalty"), [(several(), 1e-14), (tidal(), 1e-4)], ids=["no tide", "tide"])
def test_its_map_is_that_of_penalized_least_squares(windows: Windows, penalty: float, monkeypatch) -> None:
    monkeypatch.setattr(_linear, "PENALTIES", np.array([penalty]))
    monkeypatch.setattr(_linear.reaches, "__defaults__", ((1,),))
    params = ridge.fit(windows, ORIGINS, CONFIG, HOUR)
    said = ridge.forecast(params, windows.gather(ORIGINS))
    for target in range(2):
        X, Y, last = rows_of(windows, ORIGINS, target)
        level = np.trace(X.T @ X) / X.shape[1]
        solution = np.linalg.solve(X.T @ X + penalty * level * np.eye(X.shape[1]), X.T @ Y)
        np.testing.assert_allclose(said[:, :, target], X @ solution + last[:, None], atol=1e-6)


def test_a_large_penalty_leaves_the_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_linear, "PENALTIES", np.array([1e12]))
    windows = several()
    batch = windows.gather(ORIGINS)
    said = ridge.forecast(ridge.fit(windows, ORIGINS, CONFIG, HOUR), batch)
    np.testing.assert_allclose(said, np.repeat(batch.target[:, -1:], 3, axis=1), atol=1e-5)


def test_each_target_has_a_map_of_its_own() -> None:
    windows = several()
    both = ridge.fit(windows, ORIGINS, CONFIG, HOUR)["weights"]
    columns = windows.panel.values
    for target, order in enumerate(([0, 2, 3], [1, 2, 3])):
        alone = windows_of(panel_of(columns[:, order], P=1, F=1), CONFIG, cycles=(DAY,))
        np.testing.assert_allclose(ridge.fit(alone, ORIGINS, CONFIG, HOUR)["weights"][0], both[target], atol=1e-7)


def test_it_learns_an_autoregression_of_changes_nearly_as_well_as_the_truth() -> None:
    rng = np.random.default_rng(0)
    values = np.zeros(4000)
    for t in range(2, 4000):
        values[t] = values[t - 1] + 0.7 * (values[t - 1] - values[t - 2]) + rng.normal()
    panel = panel_of(values)
    windows = windows_of(panel, CONFIG)
    params = ridge.fit(windows, np.arange(5, 2500), CONFIG, HOUR)
    origins = np.arange(2600, 3990)
    loc, spread = windows.scale.targets(1, np.zeros(len(origins), int))
    said = (loc + spread * ridge.forecast(params, windows.gather(origins)))[:, :, 0]
    ideal, now, before = [], values[origins], values[origins - 1]
    for _ in range(3):
        now, before = now + 0.7 * (now - before), now
        ideal.append(now)
    came = values[origins[:, None] + np.arange(1, 4)]
    own, best = (((forecast - came) ** 2).mean(axis=0) for forecast in (said, np.stack(ideal, axis=1)))
    assert (own < 1.03 * best).all()


@pytest.mark.parametrize("lookback", [6, 24])
def test_it_learns_an_autoregression_about_a_mean_nearly_as_well_as_the_truth(lookback: int) -> None:
    rng = np.random.default_rng(0)
    values = np.zeros(4000)
    for t in range(2, 4000):
        values[t] = 1.5 * values[t - 1] - 0.6 * values[t - 2] + rng.normal()
    config = settings(lookback=lookback, horizon=3)
    windows = windows_of(panel_of(values), config)
    params = ridge.fit(windows, np.arange(lookback, 2500), config, HOUR)
    origins = np.arange(2600, 3990)
    loc, spread = windows.scale.targets(1, np.zeros(len(origins), int))
    said = (loc + spread * ridge.forecast(params, windows.gather(origins)))[:, :, 0]
    ideal, now, before = [], values[origins], values[origins - 1]
    for _ in range(3):
        now, before = 1.5 * now - 0.6 * before, now
        ideal.append(now)
    came = values[origins[:, None] + np.arange(1, 4)]
    own, best = (((forecast - came) ** 2).mean(axis=0) for forecast in (said, np.stack(ideal, axis=1)))
    assert (own < 1.02 * best).all()


def test_it_uses_the_rain_and_the_known_future() -> None:
    rng = np.random.default_rng(1)
    rain, wind = rng.normal(size=(2, 600))
    level = np.zeros(600)
    for t in range(2, 600):
        level[t] = level[t - 1] + 0.5 * rain[t - 2] + 2.0 * wind[t]
    windows = windows_of(panel_of(np.stack([level, rain, wind], axis=1), P=1, F=1), CONFIG)
    params = ridge.fit(windows, np.arange(10, 400), CONFIG, HOUR)
    batch = windows.gather(np.arange(420, 590))
    error = ridge.forecast(params, batch) - batch.truth
    assert np.abs(error[:, :2]).max() < 1e-3  # the rain of three steps ahead is still to come
    assert np.abs(error[:, 2]).mean() > 10 * np.abs(error[:, :2]).mean()


def test_only_windows_with_a_whole_truth_and_half_a_lookback_teach_it() -> None:
    values = tide(400)
    values[100:104] = NAN
    holed = windows_of(panel_of(values), CONFIG)
    batch = holed.gather(ORIGINS)
    whole = np.isfinite(batch.truth).all(axis=(1, 2)) & (batch.mask.sum(axis=(1, 2)) >= 3)
    assert ridge.taught(batch, 6, 0).tolist() == whole.tolist()
    assert 0 < (~whole).sum() < 10
    X, Y, last = rows_of(holed, ORIGINS[whole], 0)
    found = ridge.fit(holed, ORIGINS, CONFIG, HOUR)
    assert np.isfinite(found["weights"]).all()
    error = ridge.forecast(found, holed.gather(ORIGINS[whole]))[:, :, 0] - last[:, None] - Y
    assert (error.mean(axis=0) ** 2 < 1e-3 * (error**2).mean(axis=0)).all()  # fitted to these very windows
    assert X.shape == (whole.sum(), 7)


def test_half_of_the_lookback_must_have_been_observed() -> None:
    values = tide(60)
    values[30:] = NAN
    windows = windows_of(panel_of(values), CONFIG)
    params = ridge.fit(windows, np.arange(5, 25), CONFIG, HOUR)
    assert ridge.usable(params, windows.gather(np.array([31, 32, 33, 34]))).tolist() == [True, True, False, False]
