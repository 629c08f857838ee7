"""Log ridge: flows that grow and shrink by factors, forecast in the middle and never absurdly high."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnforecast.data.windows import Windows
from rnnforecast.floors import forecasts, log_ridge, ridge, runoff
from tests.floors.waters import rain, river
from tests.making import HOUR, NAN, Array, panel_of, settings, tide, unscaled, windows_of

CONFIG = settings(lookback=6, horizon=4)


def factors(rows: int, noise: float = 0.3, seed: int = 0) -> Array:
    """A flow whose logarithm is an autoregression."""
    rng, log = np.random.default_rng(seed), np.zeros(rows)
    for t in range(1, rows):
        log[t] = 0.9 * log[t - 1] + noise * rng.normal()
    return np.exp(log)


def test_of_a_flow_that_changes_by_factors_it_has_the_smaller_absolute_error() -> None:
    windows = windows_of(panel_of(factors(4000, 0.6)), CONFIG)
    batch = windows.gather(np.arange(2600, 3990))
    errors = []
    for floor in (log_ridge, ridge):
        params = floor.fit(windows, np.arange(6, 2500), CONFIG, HOUR)
        errors.append(np.abs(floor.forecast(params, batch) - batch.truth).mean(axis=(0, 2)))
    assert (errors[0] < 0.97 * errors[1]).all()


def test_it_says_the_middle_and_not_the_mean() -> None:
    """Half of what comes lies above: the mean of logarithms is the logarithm of the median."""
    panel = panel_of(factors(6000, 0.6))
    windows = Windows(panel, unscaled(panel), (), 6, 4)
    params = log_ridge.fit(windows, np.arange(6, 4000), CONFIG, HOUR)
    batch = windows.gather(np.arange(4100, 5990))
    above = (batch.truth > log_ridge.forecast(params, batch)).mean()
    assert abs(above - 0.5) < 0.04
    plain = ridge.forecast(ridge.fit(windows, np.arange(6, 4000), CONFIG, HOUR), batch)
    assert (batch.truth > plain).mean() < 0.45


def test_there_and_back_is_where_one_was() -> None:
    values = np.stack([rain(50) + 2, tide(50)], axis=1)
    shape = {
        "zero": np.array([2.0, 0.0]), "few": np.array([0.1, 0.1]), "top": np.array([9.0, 9.0]),
        "skewed": np.array([1, 0]),
    }  # fmt: skip
    logs = log_ridge.to_log(values, shape)
    np.testing.assert_allclose(logs[:, 0], np.log(values[:, 0] - 2 + 0.1))
    np.testing.assert_array_equal(logs[:, 1], values[:, 1])
    np.testing.assert_allclose(log_ridge.from_log(logs, shape), values)


def test_below_all_that_was_seen_there_is_a_bottom_and_above_it_a_top() -> None:
    shape = {"zero": np.array([2.0]), "few": np.array([0.1]), "top": np.array([3.0]), "skewed": np.array([1])}
    assert log_ridge.to_log(np.array([[-50.0]]), shape) == np.log(0.1)
    assert log_ridge.from_log(np.array([[-50.0]]), shape) == 2.0
    np.testing.assert_allclose(log_ridge.from_log(np.array([[1e9]]), shape), np.exp(3.0) + 1.9)


def test_no_forecast_is_above_the_cap_whatever_the_window_holds() -> None:
    panel = panel_of(factors(1000))
    windows, origins = Windows(panel, unscaled(panel), (), 6, 4), np.arange(6, 990)
    params = log_ridge.fit(windows, origins, CONFIG, HOUR)
    highest = panel.values.max()
    cap = (highest - params["zero"] + params["few"]) * np.exp(0.5) - params["few"] + params["zero"]
    wild = replace(windows, panel=replace(panel, values=panel.values ** np.float32(20)))
    said = forecasts(log_ridge, params, wild, origins)
    np.testing.assert_allclose(said.max(), cap[0], rtol=1e-5)
    assert said.min() >= params["zero"][0]


def test_the_shape_of_a_target_is_its_bottom_what_is_added_and_its_top() -> None:
    values = np.stack([factors(500), tide(500)], axis=1).astype(np.float32)
    panel = panel_of(values, T=2)
    params = log_ridge.fit(Windows(panel, unscaled(panel), (), 6, 4), np.arange(5, 496), CONFIG, HOUR)
    seen = values[:496].astype(np.float64)
    assert params["skewed"].tolist() == [1, 0]
    np.testing.assert_allclose(params["zero"], seen.min(axis=0))
    np.testing.assert_allclose(params["few"], 0.1 * (np.median(seen, axis=0) - seen.min(axis=0)), rtol=0.03)
    np.testing.assert_allclose(params["top"], np.log(np.ptp(seen, axis=0) + params["few"]) + 0.5)


def test_a_target_that_is_not_skewed_is_forecast_as_by_the_ridge() -> None:
    windows = windows_of(panel_of(np.stack([factors(500), tide(500)], axis=1), T=2), CONFIG)
    origins = np.arange(6, 490)
    logs, plain = (floor.fit(windows, origins, CONFIG, HOUR) for floor in (log_ridge, ridge))
    np.testing.assert_array_equal(logs["weights"][1], plain["weights"][1])
    assert (logs["weights"][0] != plain["weights"][0]).any()
    batch = windows.gather(origins)
    said = log_ridge.forecast(logs, batch)
    np.testing.assert_array_equal(said[:, :, 1], ridge.forecast(plain, batch)[:, :, 1])


def test_holes_do_not_pass_for_the_shape_and_are_bridged_before_the_logarithm() -> None:
    """Bridged in units: the logarithm of the middle between two values, and the mask is as it was."""
    values = factors(500)
    values[200:203] = NAN
    panel = panel_of(values)
    windows = Windows(panel, unscaled(panel), (), 6, 4)
    params = log_ridge.fit(windows, np.arange(6, 490), CONFIG, HOUR)
    batch = windows.gather(np.array([204]))
    logs = log_ridge.logged(batch, params)
    middle = (values[199] + values[203]) / 2
    expected = np.log(middle - params["zero"][0] + params["few"][0])
    np.testing.assert_allclose(logs.target[0, 2, 0], expected, rtol=1e-5)  # row 201
    np.testing.assert_array_equal(logs.mask, batch.mask)
    seen = values[:490][np.isfinite(values[:490])]
    np.testing.assert_allclose(params["zero"], [seen.min()], rtol=1e-6)


def test_with_rain_beside_it_the_rain_and_wetness_are_told_too() -> None:
    windows = windows_of(river(400), CONFIG)
    params = log_ridge.fit(windows, np.arange(6, 390), CONFIG, HOUR)
    rest = {key: value for key, value in params.items() if key not in log_ridge.SHAPE}
    plain = runoff.fit(windows, np.arange(6, 390), CONFIG, HOUR)
    assert {k: v.shape for k, v in rest.items()} == {k: v.shape for k, v in plain.items()}
    assert rest["rainy"].tolist() == [1]


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_target_that_never_changes_is_said_to_stay(value: float) -> None:
    windows = windows_of(panel_of(np.full(100, value)), CONFIG)
    params = log_ridge.fit(windows, np.arange(6, 90), CONFIG, HOUR)
    np.testing.assert_allclose(log_ridge.forecast(params, windows.gather(np.arange(6, 90))), 0.0, atol=1e-6)
