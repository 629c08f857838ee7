"""Tides: what UTide fits and predicts, to the millimetre; found where there is one, and nowhere else."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import utide
from hypothesis import given, settings
from hypothesis import strategies as st
from utide.constituent_selection import ut_cnstitsel
from utide.harmonics import ut_E

from rnnforecast.config import DataFlags
from rnnforecast.data import tides
from rnnforecast.data.astronomy import argument, nodal
from rnnforecast.data.constituents import chosen, table
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel, tail
from rnnforecast.data.reading import load
from rnnforecast.data.tides import Tides, along, fit, for_panel, names_for
from tests.making import JAN_1, NAN, bent, panel_of, tide

Array = Any
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
collected = pytest.mark.skipif(not SHARED.exists(), reason="the collection of real gauge files is not here")
LA_JOLLA = {"M2": (0.50, 2.5), "S2": (0.20, 2.4), "N2": (0.12, 2.1), "K2": (0.06, 2.3), "K1": (0.34, 3.6),
            "O1": (0.22, 3.4), "P1": (0.11, 3.6), "Q1": (0.04, 3.3), "SA": (0.07, 3.0), "M4": (0.01, 1.0)}  # fmt: skip
MONTHLY = ("M2", "S2", "N2", "K1", "O1", "Q1", "M4")  # what 40 days tell apart
MILLIMETRE = 1e-3


def water(
    rows: int, step: int = 3600, start: int = JAN_1, latitude: float | None = None, noise: float = 0.0,
    names: tuple[str, ...] = tuple(LA_JOLLA),
) -> Array:  # fmt: skip
    """Metres: a tide as at La Jolla, by direct evaluation, and white noise; mean 0.3."""
    seconds = start + step * np.arange(rows)
    sizes = np.array([size * np.exp(1j * phase) for size, phase in (LA_JOLLA[name] for name in names)])
    waves = nodal(seconds, chosen(names), latitude) * np.exp(2j * np.pi * argument(seconds, chosen(names)))
    return 0.3 + (waves @ sizes).real + noise * np.random.default_rng(rows).normal(size=rows)


def direct(found: Tides, seconds: Array, latitude: float | None = None) -> Array:
    """Heights of the first series by the formula itself, (n, T)."""
    some = chosen(found.names)
    waves = nodal(seconds, some, latitude) * np.exp(2j * np.pi * argument(seconds, some))
    return waves.real @ found.parts[0, :, :, 0].T + waves.imag @ found.parts[0, :, :, 1].T


def by_utide(panel: Panel, rows: int, latitude: float) -> tuple[set[str], Array]:
    """What UTide selects from the first `rows` rows, and what it predicts at all of the panel, without the mean."""
    days = panel.times(np.arange(len(panel.values))) / 86_400 + 719_163
    heights = panel.values[:, 0].astype(np.float64)
    found = utide.solve(
        days[:rows], heights[:rows], lat=latitude, epoch="python", trend=False, conf_int="none", verbose=False
    )
    waves = ut_E(days, found.aux.reftime, found.aux.frq, found.aux.lind, latitude, [0, 0, 0, 0], [])
    return {*found.name}, (waves * (found.A * np.exp(-1j * np.deg2rad(found.g)))).real.sum(axis=1)


def hold_to_utide(panel: Panel, rows: int, latitude: float, within: float) -> None:
    names, expected = by_utide(panel, rows, latitude)
    found = fit(panel, np.array([rows - 1]), "on", latitude=latitude)
    assert {*found.names} == names
    np.testing.assert_allclose(along(found, panel, 0, latitude=latitude)[:, 0], expected, rtol=0, atol=within)


def gauge(path: str, target: str = "") -> Panel:
    return load([str(SHARED / path)], DataFlags(target=(target,) if target else ())).panel


@pytest.mark.parametrize("days", [15, 29, 182, 366, 1000])
def test_what_is_fitted_is_what_utide_fits(days: int) -> None:
    panel = panel_of(water(24 * (days + 730), latitude=32.867, noise=0.05))
    hold_to_utide(panel, 24 * days, 32.867, MILLIMETRE)


@collected
@pytest.mark.parametrize(
    ("path", "target", "latitude", "scale"),
    [
        ("tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv", "water_level_m", 32.867, 1.0),
        ("tide_rws_netherlands_hourly/VLISSGN_obs19.converted.csv.gz", "", 51.44, 100.0),
    ],
)
def test_a_real_gauge_is_predicted_as_utide_does(path: str, target: str, latitude: float, scale: float) -> None:
    panel = gauge(path, target)
    panel = tail(panel, 4 * 8766)  # two years to fit, two beyond
    hold_to_utide(panel, 2 * 8766, latitude, MILLIMETRE * scale)


@collected
def test_not_knowing_the_latitude_costs_half_a_centimetre_at_la_jolla() -> None:
    panel = gauge("tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv", "water_level_m")
    last = np.array([9 * 8766])
    with_it = along(fit(panel, last, "on", latitude=32.867), panel, 0, latitude=32.867)
    without = along(fit(panel, last, "on"), panel, 0)
    assert np.abs(with_it - without).max() < 5 * MILLIMETRE
    assert (with_it - without).std() < 2 * MILLIMETRE


@pytest.mark.parametrize("days", [15, 29, 182.6, 365.25, 9 * 365.25])
def test_a_record_tells_apart_what_utide_selects(days: float) -> None:
    hours = int(days * 24)
    assert {*names_for(hours)} == {*ut_cnstitsel(719_163.0, 1 / hours, "auto", None)[1].name}


def test_a_short_record_tells_nothing_apart() -> None:
    assert names_for(0) == ()
    assert {*names_for(25)} == {"K1", "M2", "M3", "M4", "2MK5", "3MK7"}


def test_gaps_and_holes_are_left_out() -> None:
    heights = water(24 * 400)
    holes = heights.copy()
    holes[np.random.default_rng(1).random(len(holes)) < 0.1] = NAN
    holes[2000:3500] = NAN
    holes[:30] = NAN
    panel = panel_of(holes)
    found = along(fit(panel, panel.cutoff, "on"), panel, 0)[:, 0]
    np.testing.assert_allclose(found, heights - 0.3, rtol=0, atol=MILLIMETRE)


def test_a_record_of_mostly_gap_tells_less_apart() -> None:
    heights = np.full(24 * 400, NAN)
    heights[: 24 * 20] = water(24 * 20)
    heights[-24 * 20 :] = water(24 * 400)[-24 * 20 :]
    panel = panel_of(heights)
    assert fit(panel, panel.cutoff, "on").names == names_for(2 * 24 * 40)


def test_rows_after_the_training_part_are_not_looked_at() -> None:
    calm = water(24 * 60)
    wild = calm.copy()
    wild[24 * 40 :] = 1e6
    first, second = (fit(panel_of(heights), np.array([24 * 40 - 1]), "on") for heights in (calm, wild))
    assert first.names == second.names
    np.testing.assert_array_equal(first.parts, second.parts)


def test_each_series_and_target_has_its_own_tide() -> None:
    later = JAN_1 + 5000 * 3600
    long, short = water(24 * 200 + 10, names=MONTHLY), water(24 * 40 + 10, start=later, names=MONTHLY)
    pairs = np.stack([long, -2 * long], axis=1), np.stack([3 * short, short], axis=1)
    panel = panel_of(*(pair[:-10] for pair in pairs), T=2, start=(JAN_1, later))
    found = fit(panel, panel.cutoff, "on")
    expected = np.concatenate(pairs) - 0.3 * np.repeat([[1, -2], [3, 1]], [len(long), len(short)], axis=0)
    np.testing.assert_allclose(along(found, panel, 10), expected, rtol=0, atol=3 * MILLIMETRE)
    slow = [k for k, name in enumerate(found.names) if name not in names_for(24 * 40 - 1)]
    assert slow
    assert not found.parts[1, :, slow].any()
    assert found.parts[0, :, slow].all()


def test_a_base_beside_the_values_changes_nothing() -> None:
    heights = water(24 * 100)
    plain = fit(panel_of(heights), np.array([2399]), "on")
    moved = fit(panel_of(heights + 1000, base=1000.0), np.array([2399]), "on")
    np.testing.assert_allclose(moved.parts, plain.parts, atol=1e-6)


@pytest.mark.parametrize("seconds", [360, 600, 3600, 7200, 10_800])
def test_a_step_of_minutes_is_thinned_and_one_of_hours_resolves_what_it_can(seconds: int) -> None:
    rows = 60 * 86_400 // seconds
    heights = water(rows, seconds, names=MONTHLY)
    panel = panel_of(heights, step=Step("second", seconds))
    found = fit(panel, panel.cutoff, "on")
    assert ("M6" in found.names) == (seconds <= 7200)
    assert ("M8" in found.names) == (seconds <= 3600)
    np.testing.assert_allclose(along(found, panel, 0)[:, 0], heights - 0.3, rtol=0, atol=2 * MILLIMETRE)


def test_a_day_of_seconds_needs_little_memory() -> None:
    panel = panel_of(np.zeros(86_400), step=Step("second", 1))
    tracemalloc.start()
    along(Tides(table().names, np.ones((1, 1, len(table().names), 2))), panel, 0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6


def test_a_row_of_half_an_hour_counts_as_one() -> None:
    panel = panel_of(water(20 * 43, 2000, names=MONTHLY), step=Step("second", 2000))  # 20 days, none left out
    assert not fit(panel, panel.cutoff, "auto").any


def test_off_has_no_constituents() -> None:
    panel = panel_of(water(800), water(900))
    found = fit(panel, panel.cutoff, "off")
    assert (found.names, found.parts.shape, found.any) == ((), (2, 1, 0, 2), False)
    np.testing.assert_array_equal(along(found, panel, 5), np.zeros((1710, 1)))


def test_auto_fits_where_there_is_a_tide_and_only_there() -> None:
    sea, river = water(24 * 60, noise=0.1), tide(24 * 60)
    panel = panel_of(np.stack([river, sea], axis=1), np.stack([river, river], axis=1), T=2)
    found = fit(panel, panel.cutoff, "auto")
    assert found.any
    assert found.parts.any(axis=(2, 3)).tolist() == [[False, True], [False, False]]
    alone = panel_of(sea)
    np.testing.assert_array_equal(found.parts[0, 1], fit(alone, alone.cutoff, "on").parts[0, 0])


def nothing(rows: int) -> Array:
    return np.full(rows, NAN)


def week(rows: int) -> Array:
    """A load: the day's cycle, weaker at weekends, and noise."""
    hour = np.arange(rows)
    day = np.sin(2 * np.pi * hour / 24) + 0.4 * np.sin(4 * np.pi * hour / 24 + 1)
    return np.where(hour // 24 % 7 < 5, 1.0, 0.4) * day + 0.1 * np.random.default_rng(3).normal(size=rows)


@pytest.mark.parametrize("make", [tide, bent, nothing, week, np.zeros, np.arange])
@pytest.mark.parametrize("days", [10, 29, 45, 400])
def test_what_is_no_tide_has_none(make: Any, days: int) -> None:
    panel = panel_of(make(24 * days))
    found = fit(panel, panel.cutoff, "auto")
    assert not found.any
    assert found.names == ()


@pytest.mark.parametrize("step", [Step("second", 14_400), Step("second", 86_400), Step("month", 1), Step("row", 1)])
def test_a_step_too_long_for_tides_has_none_and_cannot_be_asked_for_one(step: Step) -> None:
    panel = panel_of(water(800, 14_400), step=step)
    assert not fit(panel, panel.cutoff, "auto").any
    with pytest.raises(tides.DataUnusable, match="apart; a tide needs 3 h or less"):
        fit(panel, panel.cutoff, "on")


def test_too_few_days_cannot_be_asked_for_a_tide() -> None:
    holes = water(24 * 20)
    holes[::3] = NAN
    panel = panel_of(water(24 * 20), holes)
    with pytest.raises(tides.DataUnusable, match=r"gauge 1: 13\.3 days of data; a tide needs 15"):
        fit(panel, panel.cutoff, "on")


def test_less_than_a_month_is_not_certain() -> None:
    for days, certain in ((28, False), (30, True)):
        panel = panel_of(water(24 * days))
        assert fit(panel, panel.cutoff, "auto").any == certain


def test_a_series_the_model_knows_keeps_its_tide_and_another_has_none() -> None:
    parts = np.arange(1.0, 9.0).reshape(2, 1, 2, 2)
    panel = panel_of(water(50), water(50), ids=("new", "b"))
    stored = for_panel(panel, {"a": 0, "b": 1}, Tides(("M2", "O1"), parts))
    assert stored.names == ("M2", "O1")
    assert stored.parts.tolist() == [np.zeros((1, 2, 2)).tolist(), parts[1].tolist()]


@given(
    start=st.integers(-600_000_000, 2_500_000_000),
    step=st.sampled_from([1, 60, 360, 420, 900, 1800, 3600, 5000, 7200, 10_800]),
    rows=st.integers(1, 700),
    ahead=st.integers(0, 40),
    latitude=st.sampled_from([None, 32.867, -60.0]),
    seed=st.integers(0, 5),
)
@settings(deadline=None, max_examples=30)
def test_days_together_are_as_each_row_alone(
    start: int, step: int, rows: int, ahead: int, latitude: float | None, seed: int
) -> None:
    panel = panel_of(np.zeros((rows, 2)), T=2, start=(start,), step=Step("second", step))
    parts = np.random.default_rng(seed).normal(size=(1, 2, len(table().names), 2)) * 0.1
    found = Tides(table().names, parts)
    expected = direct(found, start + step * np.arange(rows + ahead), latitude)
    np.testing.assert_allclose(along(found, panel, ahead, latitude=latitude), expected, rtol=0, atol=1e-5)


def test_ten_years_are_as_each_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(np.zeros(10 * 8766))
    found = Tides(tuple(LA_JOLLA), np.full((1, 1, len(LA_JOLLA), 2), 0.3))
    expected = direct(found, JAN_1 + 3600 * np.arange(len(panel.values)))
    np.testing.assert_allclose(along(found, panel, 0), expected, rtol=0, atol=MILLIMETRE / 100)
    monkeypatch.setattr(tides, "BLOCKS", 3)
    np.testing.assert_allclose(along(found, panel, 0), expected, rtol=0, atol=MILLIMETRE / 100)


def test_a_series_is_summed_some_days_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(water(24 * 50 + 7))
    whole = fit(panel, panel.cutoff, "on")
    monkeypatch.setattr(tides, "BLOCKS", 3)
    np.testing.assert_allclose(fit(panel, panel.cutoff, "on").parts, whole.parts, atol=1e-9)


SEA = [
    ("tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv", "water_level_m"),
    *((f"tide_bom_australia_hourly_2012_2014/{name}.converted.csv", "") for name in ("Esperance", "Hillarys")),
    ("tide_bom_australia_hourly_2012_2014/PortKembla.converted.csv", ""),
    *((f"tide_dfo_canada_hourly/wlev_{name}.csv", "") for name in (
        "7120_31-Dec-2010_02-Jan-2012", "7277_31-Dec-2010_02-Jan-2012", "7277_31-Dec-2011_02-Jan-2013")),
    ("tide_rws_netherlands_hourly/VLISSGN_obs19.converted.csv.gz", ""),
]  # fmt: skip
LAND = [
    *(("weather_nyc_2013_hourly/weather.csv", name) for name in ("temp", "humid", "pressure", "wind_speed")),
    *((f"bench_ett/{name}.csv", target) for name in ("ETTh1", "ETTh2") for target in ("OT", "HUFL", "LULL")),
    ("tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv", "air_temp_c"),
    ("flood_usgs_kenduskeag_me_01037000_hourly/keag_small.csv", ""),
    ("flood_usgs_plumtree_md_01581752_5min/plumtree_15min_masked.converted.csv.gz", ""),
    ("anomaly_nab/ambient_temperature_system_failure.csv", ""),
]


@collected
@pytest.mark.parametrize(("path", "target"), SEA)
def test_a_tide_gauge_has_a_tide(path: str, target: str) -> None:
    panel = gauge(path, target)
    assert all(tides.is_tidal(panel, s, 0, int(panel.cutoff[s]) + 1) for s in range(panel.num_series))


@collected
@pytest.mark.parametrize(("path", "target"), LAND)
def test_weather_loads_and_rivers_have_no_tide(path: str, target: str) -> None:
    panel = gauge(path, target)
    assert not any(tides.is_tidal(panel, s, 0, int(panel.cutoff[s]) + 1) for s in range(panel.num_series))


@collected
def test_a_month_of_half_hourly_load_has_no_tide() -> None:
    load_mw = np.loadtxt(SHARED / "bench_electricity" / "taylor.csv", skiprows=1)
    for rows in (1440, len(load_mw)):
        assert not tides.is_tidal(panel_of(load_mw, step=Step("second", 1800)), 0, 0, rows)


@pytest.mark.parametrize(
    ("name", "targets", "tidal"),
    [
        ("tide_la_jolla_2018_simulated_hourly.csv", ("",), True),
        ("flood_plumtree_run_2018_15min.csv", ("",), False),
        ("river_fulda_1979_1988_daily.csv", ("",), False),
        ("weather_jfk_2013_hourly.csv", ("temp_c", "wind_speed_mps", "pressure_hpa"), False),
    ],
)
def test_of_the_samples_only_the_tide_has_one(name: str, targets: Sequence[str], tidal: bool) -> None:
    for target in targets:
        panel = load([str(SAMPLES / name)], DataFlags(target=(target,) if target else ())).panel
        assert fit(panel, panel.cutoff, "auto").any == tidal


def test_a_tide_of_an_unknown_step_is_not_asked_for() -> None:
    panel = replace(panel_of(water(24)), step=Step("month", 1))
    np.testing.assert_array_equal(along(Tides((), np.zeros((1, 1, 0, 2))), panel, 3), np.zeros((27, 1)))
