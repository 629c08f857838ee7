"""Climatology: the usual value of date and hour, and an anomaly that decays."""

from __future__ import annotations

import numpy as np
import pytest

from rnnforecast.data.features import DAY, WEEK, YEAR, calendar
from rnnforecast.data.frequency import Step
from rnnforecast.data.windows import Windows
from rnnforecast.floors import climatology, thinned
from tests.floors.waters import sea
from tests.making import HOUR, JAN_1, NAN, Array, panel_of, settings, tide, unscaled, windows_of

DAILY = Step("second", DAY)
NONE = np.array([-1, -1])


def autoregression(rows: int, power: float, seed: int = 0) -> Array:
    rng, value = np.random.default_rng(seed), np.zeros(rows)
    for t in range(1, rows):
        value[t] = power * value[t - 1] + rng.normal()
    return value


def fitted(values: Array, horizon: int = 4, step: Step = HOUR, cycles: tuple[int, ...] = ()):
    """Parameters from all of a series, its windows, and the origins."""
    config, panel = settings(lookback=2, horizon=horizon), panel_of(values, step=step)
    windows, origins = Windows(panel, unscaled(panel), cycles, 2, horizon), np.arange(2, len(values) - horizon)
    return climatology.fit(windows, origins, config, step), windows, origins


@pytest.mark.parametrize("power", [0.5, 0.9, 0.99])
def test_the_decay_of_an_autoregression_is_its_power(power: float) -> None:
    params, _, _ = fitted(autoregression(60_000, power))
    assert params["normal"].shape == (1, 1, 1)
    assert params["decay"].shape == (1, 4)
    np.testing.assert_allclose(params["decay"][0], power ** np.arange(1, 5), atol=0.04)


def test_a_decay_is_the_least_squares_slope_and_lies_between_0_and_1() -> None:
    params, windows, origins = fitted(autoregression(300, 0.6))
    batch = windows.gather(origins)
    now, ahead = (v - params["normal"][0, 0, 0] for v in (batch.target[:, -1, 0], batch.truth[:, :, 0]))
    np.testing.assert_allclose(params["decay"][0], (now[:, None] * ahead).sum(axis=0) / (now**2).sum(), rtol=1e-5)
    away, _, _ = fitted(np.exp(np.arange(100) / 20.0))  # an anomaly that grows
    assert away["decay"].max() == 1.0
    back, _, _ = fitted((-1.0) ** np.arange(100))  # one that turns round
    np.testing.assert_allclose(back["decay"], [[0.0, 1.0, 0.0, 1.0]])


def test_the_usual_value_of_an_hour_is_the_median_of_that_hour() -> None:
    values = np.sin(2 * np.pi * np.arange(2400) / 24) + 0.1 * np.random.default_rng(0).normal(size=2400)
    params, _, origins = fitted(values, cycles=(DAY,))
    assert params["normal"].shape == (1, 1, 24)
    assert params["places"].tolist() == [-1, 0]
    for hour in range(24):  # the panel starts at midnight
        there = values[origins[origins % 24 == hour]].astype(np.float32)
        assert params["normal"][0, 0, hour] == np.median(there)


def test_the_usual_value_of_a_date_is_the_median_of_three_weeks_about_it_in_all_years() -> None:
    values = autoregression(365 * 6, 0.5) + 5 * np.sin(2 * np.pi * np.arange(365 * 6) / 365.2425)
    params, windows, origins = fitted(values, step=DAILY, cycles=(YEAR,))
    assert params["normal"].shape == (1, 73, 1)
    assert params["places"].tolist() == [0, -1]
    phase = (JAN_1 + DAY * origins) % YEAR * 73 // YEAR
    for date in (0, 1, 36, 37, 72):  # also about New Year
        away = np.minimum((phase - date) % 73, (date - phase) % 73)
        there = values[origins[away <= 4]].astype(np.float32)
        assert params["normal"][0, date, 0] == np.median(there)
    said = climatology.forecast(params, windows.gather(origins))
    usual = 5 * np.sin(2 * np.pi * (origins[:, None] + np.arange(1, 5)) / 365.2425)
    assert np.abs(said[:, 3, 0] - usual[:, 3]).mean() < 0.5


def test_date_and_hour_stand_where_the_calendar_has_them() -> None:
    hours = 24 * 365 * 2
    values = np.where(np.arange(hours) // 24 % 365 < 182, 1.0, -1.0) * np.sin(2 * np.pi * np.arange(hours) / 24)
    params, _, _ = fitted(values, cycles=(DAY, WEEK, YEAR))
    assert params["places"].tolist() == [2, 0]
    assert params["normal"].shape == (1, 73, 24)
    wave = np.sin(2 * np.pi * np.arange(24) / 24)
    np.testing.assert_allclose(params["normal"][0, 15], wave, atol=1e-5)
    np.testing.assert_allclose(params["normal"][0, 55], -wave, atol=1e-5)


@pytest.mark.parametrize("minutes", [7, 15, 60, 180])
def test_every_minute_of_an_hour_is_of_that_hours_class(minutes: int) -> None:
    seconds = np.arange(0, DAY, 60 * minutes)
    _, found = climatology.classes(calendar(seconds, (DAY,)), np.array([-1, 0]))
    assert found.tolist() == (seconds // 3600).tolist()


def test_an_hour_that_was_hardly_seen_has_the_usual_value_of_all() -> None:
    values = np.random.default_rng(0).normal(size=(400, 2)) + np.array([5.0, 0.0])
    hours = np.arange(400) % 24
    values[(hours == 7) & (np.arange(400) > 24 * 9 + 7), 0] = NAN  # ten are left
    values[(hours == 8) & (np.arange(400) > 24 * 8 + 8), 0] = NAN  # nine are left
    normal = climatology.normals(values, np.zeros(400, int), hours, np.array([-1, 0]))
    whole = np.nanmedian(values, axis=0)
    assert normal.shape == (2, 1, 24)
    assert normal[0, 0, 8] == whole[0]
    assert normal[0, 0, 7] == np.nanmedian(values[hours == 7, 0])
    assert normal[1, 0, 8] == np.median(values[hours == 8, 1])


def test_a_target_that_was_never_observed_is_usually_0() -> None:
    values = np.stack([tide(100), np.full(100, NAN)], axis=1)
    normal = climatology.normals(values, np.zeros(100, int), np.zeros(100, int), NONE)
    assert normal.ravel().tolist() == [np.median(values[:, 0]), 0.0]


def test_rows_without_times_have_one_usual_value() -> None:
    values = autoregression(500, 0.8) + 3
    params, windows, origins = fitted(values, step=Step("row", 1))
    assert params["places"].tolist() == NONE.tolist()
    assert params["normal"].ravel().tolist() == [np.median(values[origins].astype(np.float32))]
    batch = windows.gather(origins[:9])
    middle, decay = params["normal"][0, 0, 0], params["decay"][0]
    expected = middle + decay * (batch.target[:, -1] - middle)
    np.testing.assert_allclose(climatology.forecast(params, batch)[:, :, 0], expected, rtol=1e-6)


def test_todays_anomaly_is_added_to_the_usual_value_of_the_hours_ahead() -> None:
    normal = np.arange(24.0).reshape(1, 1, 24)
    params = {"normal": normal, "decay": np.array([[0.5, 0.25, 0.0]]), "places": np.array([-1, 0])}
    panel = panel_of(np.full(60, 100.0))
    batch = Windows(panel, unscaled(panel), (DAY,), 2, 3).gather(np.array([45, 47]))  # 21 o'clock and 23
    said = climatology.forecast(params, batch)[:, :, 0]
    np.testing.assert_allclose(said, [[22 + 0.5 * 79, 23 + 0.25 * 79, 0], [0 + 0.5 * 77, 1 + 0.25 * 77, 2]], atol=1e-4)


def test_what_was_not_observed_teaches_nothing() -> None:
    values = autoregression(400, 0.8)
    holes = values.copy()
    holes[100:200] = NAN
    params, _, _ = fitted(holes)
    at = np.arange(2, 396)
    seen = np.isfinite(holes[at])
    middle = np.median(holes[at][seen].astype(np.float32))
    assert params["normal"][0, 0, 0] == middle
    for lead in range(4):
        both = seen & np.isfinite(holes[at + lead + 1])
        now, then = holes[at][both] - middle, holes[at + lead + 1][both] - middle
        np.testing.assert_allclose(params["decay"][0, lead], (now * then).sum() / (now**2).sum(), rtol=1e-4)


def test_of_a_tidal_target_it_is_what_the_tide_leaves_that_decays() -> None:
    panel, heights = sea(900, horizon=4)
    config = settings(lookback=12, horizon=4)
    calm = windows_of(panel_of(tide(900)), config)  # the same water without its tide
    calm = Windows(calm.panel, unscaled(calm.panel), (), 12, 4)
    tidal = Windows(panel, unscaled(panel), (), 12, 4, heights.astype(np.float32))
    origins = np.arange(12, 890)
    first, second = (climatology.fit(windows, origins, config, HOUR) for windows in (calm, tidal))
    for key in ("normal", "decay"):
        np.testing.assert_allclose(second[key], first[key], atol=1e-4)


def test_more_windows_than_it_takes_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    values = autoregression(500, 0.8)
    monkeypatch.setattr(climatology, "MOST_WINDOWS", 100)
    params, windows, origins = fitted(values)
    monkeypatch.undo()
    again = climatology.fit(windows, thinned(origins, 100), settings(lookback=2, horizon=4), HOUR)
    for key, value in params.items():
        np.testing.assert_array_equal(value, again[key])


def test_tables_for_other_cycles_are_refused() -> None:
    from tests.making import widths_of

    params, windows, _ = fitted(autoregression(300, 0.8), cycles=(DAY,))
    config, widths = settings(lookback=2, horizon=4), widths_of(windows.panel, (DAY,))
    assert climatology.valid(params, config, widths)
    for places in ([-1, 1], [0, -1], [-2, 0], [0, 0], [-1, -1]):
        assert not climatology.valid({**params, "places": np.array(places)}, config, widths), places
    assert not climatology.valid(params, config, widths_of(windows.panel))
    assert not climatology.valid(params, settings(lookback=2, horizon=5), widths)
