"""Ridge: its closed form against least squares, its shortcuts against explicit loops, its skill against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.features import DAY
from rnnforecast.data.windows import Windows
from rnnforecast.floors import folds, ridge
from tests.making import HOUR, NAN, Array, panel_of, settings, tide, windows_of

CONFIG = settings(lookback=6, horizon=3)


def several() -> Windows:
    columns = np.random.default_rng(3).normal(size=(400, 4))
    columns[:, 0] = tide(400) + np.roll(columns[:, 2], 1)
    return windows_of(panel_of(columns, T=2, P=1, F=1), CONFIG, cycles=(DAY,))


ORIGINS = np.arange(5, 390)


def rows_of(windows: Windows, origins: Array, target: int) -> tuple[Array, Array, Array]:
    """Features written out one window at a time, what came less the last value, and the last value."""
    X, Y, lasts = [], [], []
    for origin in origins.tolist():
        batch = windows.gather(np.array([origin]))
        window = batch.target[0, -6:, target].astype(np.float64)
        features = [window[k] - window[-1] for k in range(5)]
        features += batch.past[0, -6:].ravel().tolist() + batch.future[0, -3:].ravel().tolist()
        X.append([*features, *batch.calendar[0, -4].tolist(), window[-1], 1.0])
        Y.append(batch.truth[0, :, target].astype(np.float64) - window[-1])
        lasts.append(window[-1])
    return np.array(X), np.array(Y), np.array(lasts)


def test_without_a_penalty_it_is_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "PENALTIES", np.array([1e-14]))
    monkeypatch.setattr(ridge, "REACHES", (1,))
    windows = several()
    params = ridge.fit(windows, ORIGINS, CONFIG, HOUR)
    said = ridge.forecast(params, windows.gather(ORIGINS))
    for target in range(2):
        X, Y, last = rows_of(windows, ORIGINS, target)
        solution = np.linalg.lstsq(X, Y, rcond=None)[0]
        np.testing.assert_allclose(said[:, :, target], X @ solution + last[:, None], atol=1e-6)
        np.testing.assert_allclose(params["weights"][target], solution, atol=1e-6)


def test_a_large_penalty_leaves_the_last_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "PENALTIES", np.array([1e12]))
    windows = several()
    batch = windows.gather(ORIGINS)
    said = ridge.forecast(ridge.fit(windows, ORIGINS, CONFIG, HOUR), batch)
    np.testing.assert_allclose(said, np.repeat(batch.target[:, -1:], 3, axis=1), atol=1e-5)


def test_the_formula_of_the_held_out_error_equals_forecasting_the_block() -> None:
    windows = several()
    sums = ridge.block_sums(windows, ORIGINS, 6, 0)
    blocks = folds(windows, ORIGINS)
    X, Y, _ = rows_of(windows, ORIGINS, 0)
    for block in range(len(sums)):
        inside = blocks == block
        rest = X[~inside]
        level = np.trace(rest.T @ rest) / X.shape[1]
        for p, penalty in enumerate(ridge.PENALTIES):
            solution = np.linalg.solve(rest.T @ rest + penalty * level * np.eye(X.shape[1]), rest.T @ Y[~inside])
            explicit = ((Y[inside] - X[inside] @ solution) ** 2).mean(axis=0)
            np.testing.assert_allclose(ridge.held_out_errors(sums, block)[p], explicit, rtol=1e-6)


def test_penalty_and_reach_are_chosen_per_lead_as_trying_them_all_would() -> None:
    """The whole fit once more, with loops over blocks, reaches and penalties, and no shared sums."""
    windows = several()
    blocks = folds(windows, ORIGINS)
    X, Y, _ = rows_of(windows, ORIGINS, 0)
    best = np.full(3, np.inf)
    chosen = np.zeros((X.shape[1], 3))
    for reach in ridge.REACHES:
        dropped = 6 - max(1, 6 // reach)
        x = X[:, dropped:]

        def solved(rows: Array, y: Array, penalty: float) -> Array:
            level = np.trace(rows.T @ rows) / rows.shape[1]
            return np.linalg.solve(rows.T @ rows + penalty * level * np.eye(rows.shape[1]), rows.T @ y)

        for penalty in ridge.PENALTIES:
            errors = []
            for block in range(5):
                inside = blocks == block
                errors.append(((Y[inside] - x[inside] @ solved(x[~inside], Y[~inside], penalty)) ** 2).mean(axis=0))
            error, whole = np.mean(errors, axis=0), solved(x, Y, penalty)
            for h in np.flatnonzero(error < best - 1e-12):
                best[h] = error[h]
                chosen[:, h] = np.pad(whole[:, h], (dropped, 0))
    np.testing.assert_allclose(ridge.fit(windows, ORIGINS, CONFIG, HOUR)["weights"][0], chosen, atol=1e-6)


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
    taught = ridge.fit(holed, ORIGINS, CONFIG, HOUR)["weights"]
    batch = holed.gather(ORIGINS)
    whole = np.isfinite(batch.truth).all(axis=(1, 2)) & (batch.mask.sum(axis=(1, 2)) >= 3)
    X, Y = (np.concatenate(part) for part in zip(*(rows_of(holed, ORIGINS[whole], 0)[:2],), strict=True))
    sums = ridge.total(ridge.block_sums(holed, ORIGINS, 6, 0))
    assert sums[3] == whole.sum() < len(ORIGINS)
    np.testing.assert_allclose(sums[0], X.T @ X, rtol=1e-9)
    np.testing.assert_allclose(sums[1], X.T @ Y, rtol=1e-9, atol=1e-9)
    assert np.isfinite(taught).all()


def test_half_of_the_lookback_must_have_been_observed() -> None:
    values = tide(60)
    values[30:] = NAN
    windows = windows_of(panel_of(values), CONFIG)
    params = ridge.fit(windows, np.arange(5, 25), CONFIG, HOUR)
    assert ridge.usable(params, windows.gather(np.array([31, 32, 33, 34]))).tolist() == [True, True, False, False]


def test_more_windows_than_it_takes_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = several()
    monkeypatch.setattr(ridge, "MOST_WINDOWS", 100)
    thinned = ridge.fit(windows, ORIGINS, CONFIG, HOUR)["weights"]
    monkeypatch.undo()
    np.testing.assert_array_equal(thinned, ridge.fit(windows, ORIGINS[::4], CONFIG, HOUR)["weights"])
