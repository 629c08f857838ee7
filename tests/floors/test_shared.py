"""Shared: one map from the mean of the window, learned from every target of every series."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.features import DAY
from rnnforecast.data.windows import Windows
from rnnforecast.floors import _linear, ridge, shared
from tests.floors.waters import sea, skill
from tests.making import HOUR, NAN, Array, panel_of, settings, tide, unscaled, windows_of

CONFIG = settings(lookback=6, horizon=3)
ORIGINS = np.r_[8:190, 210:290]


def several() -> Windows:
    columns = np.random.default_rng(3).normal(size=(300, 4))
    columns[:, 0], columns[:, 1] = 5 + tide(300), tide(300, 1)
    return windows_of(panel_of(columns[:200], columns[200:], T=2, P=1, F=1), CONFIG, 9, (DAY,))


def tidal() -> Windows:
    panel, heights = sea(200, 100, T=2, P=1, horizon=3)
    return windows_of(panel, CONFIG, 9, (DAY,), heights)


def rows_of(windows: Windows, target: int) -> tuple[Array, Array, Array]:
    """Features and what came less the mean, one window at a time, and the mean."""
    X, Y, means = [], [], []
    for origin in ORIGINS.tolist():
        batch = windows.gather(np.array([origin]))
        window = batch.target[0, -6:, target].astype(np.float64)
        features = (window - window.mean()).tolist() + batch.past[0, -6:].ravel().tolist()
        features += batch.future[0, -9:].ravel().tolist() + batch.tide[0, -9:].ravel().tolist()
        X.append([*features, *batch.calendar[0, -4].tolist(), 1.0])
        Y.append(batch.truth[0, :, target] - window.mean())
        means.append(window.mean())
    return np.array(X), np.array(Y), np.array(means)


def weighed(X: Array, Y: Array, weight: Array, penalty: float) -> Array:
    square = X.T @ (weight[:, None] * X)
    level = np.trace(square) / X.shape[1]
    return np.linalg.solve(square + penalty * level * np.eye(X.shape[1]), X.T @ (weight[:, None] * Y))


@pytest.mark.parametrize(("windows", "penalty"), [(several(), 1e-12), (tidal(), 1e-4)], ids=["no tide", "tide"])
def test_its_map_is_that_of_the_rows_of_all_targets_and_series(windows: Windows, penalty: float, monkeypatch) -> None:
    """Least squares, and once more with each window weighed by 1 / (the root mean square of its errors + 0.05)."""
    monkeypatch.setattr(_linear, "PENALTIES", np.array([penalty]))
    monkeypatch.setattr(shared, "REACHES", (1,))
    params = shared.fit(windows, ORIGINS, CONFIG, HOUR)
    assert len(params["weights"]) == 1
    parts = [rows_of(windows, target) for target in range(2)]
    X, Y = np.concatenate([x for x, _, _ in parts]), np.concatenate([y for _, y, _ in parts])
    first = weighed(X, Y, np.ones(len(X)), penalty)
    solution = weighed(X, Y, 1 / (np.sqrt(((Y - X @ first) ** 2).mean(axis=1)) + 0.05), penalty)
    assert np.abs(solution - first).max() > 1e-3
    said = shared.forecast(params, windows.gather(ORIGINS))
    for target, (x, _, mean) in enumerate(parts):
        np.testing.assert_allclose(said[:, :, target], x @ solution + mean[:, None], atol=1e-5)


def test_a_large_penalty_leaves_the_mean_of_what_was_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_linear, "PENALTIES", np.array([1e12]))
    values = tide(200)
    values[50:150:3] = NAN
    windows = windows_of(panel_of(values), CONFIG)
    batch = windows.gather(np.arange(60, 140))
    said = shared.forecast(shared.fit(windows, np.arange(8, 190), CONFIG, HOUR), batch)
    seen = np.where(batch.mask > 0, batch.target, NAN)
    np.testing.assert_allclose(said, np.repeat(np.nanmean(seen, axis=1, keepdims=True), 3, axis=1), atol=1e-5)


def test_of_few_rows_and_many_alike_columns_it_learns_more_than_maps_of_their_own() -> None:
    rows = np.zeros((400, 20))
    for t in range(3, 400):
        rows[t] = 1.1 * rows[t - 1] - 0.5 * rows[t - 3] + np.random.default_rng(t).normal(size=20)
    panel = panel_of(rows + 100 * np.arange(20), T=20)
    windows = Windows(panel, unscaled(panel), (), 12, 3)
    taught, asked = np.arange(12, 60), np.arange(100, 390)
    together, apart = (skill(floor, windows, taught, asked, 12) for floor in (shared, ridge))
    assert (together.mean(axis=1) < 0.85 * apart.mean(axis=1)).all()


def test_it_lowers_the_errors_of_the_windows_where_least_squares_lowers_their_squares() -> None:
    """Of an autoregression that is now and then hit by a blow, which fades at once."""
    rng, value = np.random.default_rng(0), np.zeros(3000)
    for t in range(1, 3000):
        value[t] = 0.8 * value[t - 1] + 0.1 * rng.normal()
    panel = panel_of(value + 5 * rng.normal(size=3000) * (rng.random(3000) < 0.02))
    windows, origins = Windows(panel, unscaled(panel), (), 6, 3), np.arange(8, 2990)
    batch, found = windows.gather(origins), shared.fit(windows, origins, CONFIG, HOUR)
    squares = []
    for weights in (found["weights"], shared.solved(windows, origins, CONFIG, None).weights[None]):
        error = shared.forecast({**found, "weights": weights}, batch) - batch.truth
        squares.append((error**2).mean(axis=(1, 2)))
    own, plain = squares
    assert np.sqrt(own).mean() < 0.99 * np.sqrt(plain).mean()
    assert own.mean() > plain.mean()


def test_a_window_on_another_level_is_forecast_as_much_higher() -> None:
    panel = panel_of(tide(300))
    params = shared.fit(windows_of(panel, CONFIG), np.arange(8, 290), CONFIG, HOUR)
    low, high = (Windows(panel_of(tide(300) + level), unscaled(panel), (), 6, 3) for level in (0.0, 64.0))
    said = [shared.forecast(params, windows.gather(np.array([200]))) for windows in (low, high)]
    np.testing.assert_allclose(said[1] - said[0], 64.0, atol=1e-3)


def test_only_targets_that_are_whole_teach_it() -> None:
    """Of a window, one target may be whole and the other not: the whole one teaches."""
    values = np.stack([tide(200), tide(200, 1)], axis=1)
    values[50:60, 1] = NAN
    panel = panel_of(values, T=2)
    windows = Windows(panel, unscaled(panel), (), 6, 3)
    origins = np.arange(48, 59)
    params = shared.fit(windows, origins, CONFIG, HOUR)
    alone = Windows(panel_of(values[:, 0]), unscaled(panel_of(values[:, 0])), (), 6, 3)
    assert not np.isfinite(windows.gather(origins).truth[:, :, 1]).all(axis=1).any()
    np.testing.assert_allclose(params["weights"], shared.fit(alone, origins, CONFIG, HOUR)["weights"])


def test_all_of_the_lookback_half_of_it_and_a_quarter_are_its_candidates() -> None:
    config, windows = settings(lookback=8, horizon=3), windows_of(panel_of(tide(300)), CONFIG, 8)

    def features(batch):
        x, mean = shared.design(batch, 8, 0)
        return x, batch.truth[:, :, 0] - mean

    blocks = _linear.block_sums(windows, ORIGINS, features)
    found = _linear.solved(blocks, [np.arange(dropped, 9) for dropped in (0, 4, 6)])
    np.testing.assert_allclose(shared.solved(windows, ORIGINS, config, None).weights, found.weights, rtol=1e-9)
    few = _linear.solved(blocks, [np.arange(9)])
    assert np.abs(found.weights - few.weights).max() > 1e-4
