"""Faults that a hydrologist would see are told of, with a flag that acts on them; what nature does is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import F64
from rnnforecast.data.reading import Loaded
from rnnforecast.data.suspicions import SWITCHES, suspicions
from tests.data.writing import hours, loaded, write_csv
from tests.making import HOUR, JAN_1, NAN, layout_of, panel_of

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
QUARTER, DAILY, MONTHLY = Step("second", 900), Step("second", 86_400), Step("month", 1)
LATER = JAN_1 + 10**11
N = 8760  # a year of hours


def remembering(rows: int, fade: float, seed: int = 0) -> F64:
    """A slow random part of deviation 1 that forgets by `fade` each row."""
    part = np.random.default_rng(seed).normal(size=rows) * np.sqrt(1 - fade**2)
    for i in range(1, rows):
        part[i] += fade * part[i - 1]
    return part


def tide(rows: int = N, seed: int = 0, mean: float = 1.0) -> F64:
    """Hourly water level in metres: two tides, spring and neap, a surge, rounded to a millimetre."""
    day = 2 * np.pi * np.arange(rows) / 24
    level = 0.7 * np.sin(day * 24 / 12.42) + 0.2 * np.sin(2 * day) + 0.05 * remembering(rows, 0.97, seed)
    return np.round(mean + level, 3)


def river(rows: int = N, seed: int = 0, fade: float = 0.97, often: float = 0.01) -> F64:
    """A stream that floods in one step and recedes, rounded to a centimetre, never dry."""
    rng = np.random.default_rng(seed)
    level = np.where(rng.random(rows) < often, rng.exponential(1.0, rows), 0)
    for i in range(1, rows):
        level[i] += fade * level[i - 1]
    return np.round(0.3 + level, 2)


def rain(rows: int = N, seed: int = 0) -> F64:
    rng = np.random.default_rng(seed)
    return np.round(np.where(rng.random(rows) < 0.08, rng.lognormal(0, 1.2, rows), 0), 1)


def warmth(rows: int = N, seed: int = 0, year: float = 8766) -> F64:
    t = np.arange(rows)
    season, day = 9 * np.sin(2 * np.pi * t / year), 4 * np.sin(2 * np.pi * t / 24)
    return np.round(11 + season + day + 2 * remembering(rows, 0.95, seed), 1)


def humidity(rows: int = N, seed: int = 0) -> F64:
    return np.round(np.minimum(100, 88 + 12 * remembering(rows, 0.97, seed)), 0)


def wild() -> F64:
    rng = np.random.default_rng(0)
    return np.round(2 + np.r_[0.01 * rng.normal(size=8000), 20 * rng.normal(size=400), 0.01 * rng.normal(size=400)], 3)


def plateaus() -> F64:
    rng = np.random.default_rng(0)
    return np.repeat(rng.permutation(2000) / 10, rng.integers(6, 12, 2000))


def put(values: F64, rows: Any, value: Any) -> F64:
    values[rows] = value
    return values


def add(values: F64, rows: Any, value: Any) -> F64:
    values[rows] += value
    return values


def found(*series: F64, now: int = LATER, step: Step = HOUR, **made: Any) -> list[Finding]:
    panel = panel_of(*series, step=step, **made)
    return suspicions(panel, layout_of(panel), now)


def told(*series: F64, code: str, **made: Any) -> Finding:
    """The one finding of `code`; there is no other."""
    (only,) = found(*series, **made)
    assert (only.code, only.severity) == (code, "warning")
    return only


def at(row: int) -> str:
    return f"{np.datetime64(JAN_1 + row * 3600, 's').astype('datetime64[m]')}Z"


def reread(folder: Path, values: F64, hint: str = "") -> Loaded:
    """The values as a file, read with the flag that a hint names."""
    rows = [(t, "" if np.isnan(v) else v) for t, v in zip(hours(len(values)), values.tolist(), strict=True)]
    path = write_csv(folder / "gauge.csv", ("time", "level_m"), rows)
    flag, _, text = hint.removeprefix("--").partition(" ")
    return loaded(path, **({flag: (text,) if flag == "exclude" else text} if hint else {}))


def of(result: Loaded, now: int = LATER) -> list[Finding]:
    return suspicions(result.panel, result.layout, now)


STEPS = (QUARTER, HOUR, DAILY, Step("second", 604_800), MONTHLY, Step("row", 1))
CLEAN = [*((make, HOUR) for make in (tide, rain, warmth, humidity)), *((river, step) for step in STEPS)]


@pytest.mark.parametrize(("make", "step"), CLEAN)
@pytest.mark.parametrize("seed", range(4))
def test_a_clean_record_is_silent(make: Callable[..., F64], step: Step, seed: int) -> None:
    assert found(make(2 * N, seed), step=step) == []


SAMPLED = {
    "tide_la_jolla_2018_simulated_hourly": "water_level_m",
    "flood_plumtree_run_2018_15min": "stage_m,discharge_m3s,water_temp_c",
    "river_fulda_1979_1988_daily": "discharge_m3s,precip_mm,tmean_c",
    "weather_jfk_2013_hourly": "temp_c,wind_speed_mps,precip_mm,pressure_hpa",
}


def test_the_sample_files_are_clean_but_for_one_wrong_hour_at_jfk() -> None:
    texts = [f.text for name, of_it in SAMPLED.items() for f in of(loaded(SAMPLES / f"{name}.csv", target=(of_it,)))]
    assert texts == ["temp_c: -10.5 °C at 2013-05-09T02:00Z jumps away and comes straight back"]


FLOOD, DAYS = np.array([2, 5, 9, 12, 10, 7, 4, 2, 1]), slice(2000, 2600)
AFTER, RAMP = slice(4000, None), np.minimum(np.arange(1, N - 3999) / 6, 1)
NO_FAULT: dict[str, Callable[[], list[Finding]]] = {
    "flat: less than a day": lambda: found(put(tide(), slice(500, 523), 1.01)),
    "flat: less than a day of quarter hours": lambda: found(put(tide(), slice(500, 590), 1.01), step=QUARTER),
    "flat: less than 24 days": lambda: found(put(warmth(), slice(500, 523), 11.1), step=DAILY),
    "flat: a dry bed": lambda: found(put(river(), DAYS, 0.3)),
    "flat: zero": lambda: found(put(tide(mean=0), DAYS, 0.0)),
    "flat: fog": lambda: found(put(humidity(), slice(2000, 2200), 100)),
    "flat: a slow and rounded gauge": lambda: found(np.round(1 + 0.3 * remembering(3 * N, 0.9995), 1)),
    "flat: four times the usual length": lambda: found(put(plateaus(), slice(5000, 5040), 100.05)),
    "flat: two halves with a hole between": lambda: found(put(put(tide(), slice(1000, 1040), 0.777), 1020, NAN)),
    "flat: two halves in two series": lambda: found(put(tide(), slice(-20, None), 0.7), put(tide(), slice(20), 0.7)),
    "a record too short for habits": lambda: found(put(put(tide(180), slice(60, 100), 1.01), 20, 50)),
    "spike: a flood of some hours": lambda: found(add(tide(mean=5), slice(2000, 2009), FLOOD)),
    "spike: a flood in one step": lambda: found(add(river(fade=0.7), slice(2000, 2006), [30, 18, 10, 6, 3, 1])),
    "spike: a shower": lambda: found(put(rain(), slice(1999, 2002), [0, 900, 0])),
    "spike: days of uproar": lambda: found(wild()),
    "spike: a gauge that seldom moves": lambda: found(put(np.full(3 * N, 1.2), slice(0, None, 500), 1.3)),
    "spike: two steps up": lambda: found(add(tide(), AFTER, np.r_[100, np.full(N - 4001, 215)])),
    "spike: neighbours are missing": lambda: found(put(tide(), slice(699, 702), [NAN, 30, NAN])),
    "jump: some hours": lambda: found(add(tide(), AFTER, RAMP)),
    "jump: some hours, one missing": lambda: found(put(add(tide(), AFTER, RAMP), 4003, NAN)),
    "jump: comes back within months": lambda: found(add(tide(), slice(4000, 5000), 1)),
    "jump: a little across a hole": lambda: found(put(add(tide(), AFTER, 0.1), slice(3950, 4000), NAN)),
    "jump: across a long hole": lambda: found(put(add(tide(), AFTER, 1), slice(3600, 4000), NAN)),
    "jump: no habits to break": lambda: found(add(np.full(2 * N, 1.0), slice(N, None), 1)),
    "future: a day for other zones": lambda: found(tide(100), now=JAN_1 + 75 * 3600),
    "future: known ahead": lambda: found(put(np.ones((99, 2)), (slice(9, 99), 0), NAN), F=1, ahead=90, now=JAN_1),
}


@pytest.mark.parametrize("case", NO_FAULT)
def test_what_is_no_fault_is_silent(case: str) -> None:
    assert NO_FAULT[case]() == []


RISES = [(4000, seed, 0.99, 0.01) for seed in range(12)] + [(3000, seed, 0.997, 0.005) for seed in (6, 8, 24, 57)]
RISES += [(600, seed, 0.997, 0.02) for seed in (22, 47, 56)] + [(600, 22, 0.99, 0.02)]


@pytest.mark.parametrize("well", RISES)
def test_water_that_rises_in_a_day_and_falls_in_months_does_not_jump(well: tuple[int, int, float, float]) -> None:
    assert found(river(*well), step=DAILY) == []


@pytest.mark.parametrize("seed", range(6))
def test_holes_in_a_season_are_no_jumps(seed: int) -> None:
    hourly, daily = warmth(3000, seed), warmth(3000, seed, year=365)
    for start in np.random.default_rng(seed).integers(0, 2900, 15).tolist():
        hourly[start : start + 60] = daily[start : start + 60] = NAN
    assert found(hourly) == found(daily, step=DAILY) == []


TWICE = add(add(tide(2 * N), slice(5000, None), 1), slice(12_000, None), -0.7)
FAULTS: dict[str, tuple[Callable[[], list[Finding]], str, int]] = {
    "a day": (lambda: found(put(tide(), slice(500, 524), 1.01)), "flat", 1),
    "a day of quarter hours": (lambda: found(put(tide(), slice(500, 596), 1.01), step=QUARTER), "flat", 1),
    "24 days": (lambda: found(put(warmth(), slice(500, 524), 11.1), step=DAILY), "flat", 1),
    "near zero": (lambda: found(put(tide(mean=0), DAYS, 0.001)), "flat", 1),
    "fifteen times the usual length": (lambda: found(put(plateaus(), slice(5000, 5150), 100.05)), "flat", 1),
    "stuck once at its highest": (lambda: found(put(tide(), DAYS, 9)), "flat", 1),
    "a row in a flood": (lambda: found(add(add(tide(mean=5), slice(2000, 2009), FLOOD), 2004, 60)), "spike", 1),
    "some in a short record": (lambda: found(add(tide(400), [50, 150, 300], [9, -30, 100])), "spike", 3),
    "beyond any uproar": (lambda: found(put(wild(), 5000, 5000)), "spike", 1),
    "a gust": (lambda: found(put(np.abs(4 + 3 * remembering(N, 0.8)), 3000, 1048.4)), "spike", 1),
    "there and half back": (lambda: found(TWICE), "jump", 2),
    "an hour beyond a day": (lambda: found(tide(100), now=JAN_1 + 75 * 3600 - 1), "future", 1),
    "the late one of two": (lambda: found(tide(9), tide(9), now=JAN_1, start=[JAN_1, JAN_1 + 72_000]), "future", 4),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_of(case: str) -> None:
    make, *expected = FAULTS[case]
    assert [[finding.code, finding.count] for finding in make()] == [expected]


def test_a_stuck_gauge_is_shown_where_it_is_longest_and_the_hint_takes_it_out(tmp_path: Path) -> None:
    values = put(put(tide(), slice(1000, 1050), 1.019), slice(3000, 3100), 0.777)
    (flat,) = of(reread(tmp_path, values))
    assert (flat.code, flat.count, flat.column) == ("flat", 2, "level_m")
    text = "level_m: 0.777 m for 100 h from 2026-05-06T00:00: a stuck gauge? (2 such, the first at 2026-02-11T16:00)"
    assert (flat.text, flat.hint) == (text, "--exclude 2026-05-06T00:00..2026-05-10T03:00")
    (other,) = of(reread(tmp_path, values, flat.hint))
    assert other.text == "level_m: 1.019 m for 50 h from 2026-02-11T16:00: a stuck gauge?"


def test_the_largest_spike_is_shown_and_the_hint_takes_it_out(tmp_path: Path) -> None:
    values = put(tide(), [700, 4000], [9.5, -50])
    (spike,) = of(reread(tmp_path, values))
    assert (spike.count, spike.hint) == (2, "--exclude 2026-06-16T16:00..2026-06-16T16:00")
    assert spike.text.startswith("level_m: -50 m at 2026-06-16T16:00 jumps away and comes straight back (2 such, ")
    (other,) = of(reread(tmp_path, values, spike.hint))
    assert other.text == "level_m: 9.5 m at 2026-01-30T04:00 jumps away and comes straight back"


def test_the_largest_jump_is_shown_and_the_hint_starts_after_the_last(tmp_path: Path) -> None:
    values = add(tide(), slice(4000, None), 0.31)
    (jump,) = of(reread(tmp_path, values))
    assert jump.text == "level_m: level jump of +0.295 m at 2026-06-16T16:00: datum change, or gauge moved?"
    rest = reread(tmp_path, values, jump.hint)
    assert (len(rest.panel.values), of(rest)) == (N - 4000, [])
    jump = told(TWICE, code="jump")
    assert f"at {at(5000)}: datum change, or gauge moved? (2 such, the first at {at(5000)})" in jump.text
    assert jump.hint == f"--start {at(12_000)}"


@pytest.mark.parametrize("missing", [0, 1, 10, 30, 100])
def test_a_jump_across_a_hole_is_counted_once(missing: int) -> None:
    lake = np.round(10 + 0.1 * remembering(N, 0.99), 3)
    for level, size in ((lake, 3), *([(tide(), 1)] if missing > 24 else [])):
        jump = told(put(add(level, slice(4000, None), size), slice(4000 - missing, 4000), NAN), code="jump")
        assert (jump.count, jump.hint) == (1, f"--start {at(4000)}")


@given(st.integers(1, N - 200), st.integers(25, 150), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_any_long_enough_flat_line_in_a_moving_series_is_found(first: int, length: int, seed: int) -> None:
    hint = told(put(tide(N, seed), slice(first, first + length), 0.7775), code="flat").hint
    assert hint == f"--exclude {at(first)}..{at(first + length - 1)}"


@given(st.integers(2, N - 3), st.sampled_from([-1, 1]), st.floats(6, 1000), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_one_row_far_off_is_a_spike_wherever_it_is(row: int, sign: int, size: float, seed: int) -> None:
    assert told(add(tide(N, seed), row, sign * size), code="spike").hint == f"--exclude {at(row)}..{at(row)}"


@given(st.integers(2600, N - 2600), st.sampled_from([-1, 1]), st.floats(0.4, 50), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_jump_is_found_at_its_first_row(row: int, sign: int, size: float, seed: int) -> None:
    jump = told(add(tide(N, seed), slice(row, None), sign * size), code="jump")
    assert jump.hint == f"--start {at(row)}"
    assert f"jump of {'+' if sign > 0 else '-'}" in jump.text


@pytest.mark.parametrize("switch", SWITCHES, ids=[words for *_, words in SWITCHES])
def test_a_switch_of_unit_is_told_of_instead_of_a_jump(switch: tuple[float, float, str]) -> None:
    factor, offset, words = switch
    values = warmth(2 * N) + 5 if offset else tide(2 * N, mean=3)
    unit = told(put(values, slice(9000, None), factor * values[9000:] + offset), code="unit-switch")
    assert unit.text == f"y0: another unit from {at(9000)} on, as if from {words}"
    assert unit.hint == f"--start {at(9000)}"


@pytest.mark.parametrize("mean", [0.0, 1.5])
def test_a_switch_is_seen_around_zero_and_while_the_tide_runs(mean: float) -> None:
    values = tide(2 * N, mean=mean)
    row = 9000 + int(np.argmax(np.diff(values[9000:9500]) if mean else values[9000:9500]))
    values[row:] *= 0.3048
    assert told(values, code="unit-switch").text.endswith(f"{at(row)} on, as if from ft to m")


def test_another_factor_is_a_jump_or_nothing_and_floods_do_not_hide_the_right_one() -> None:
    doubled, flow = tide(2 * N, mean=3), np.exp(0.5 * remembering(4000, 0.995))
    doubled[9000:] *= 2
    assert told(doubled, code="jump").hint == f"--start {at(9000)}"
    text = told(put(flow, slice(2000, None), 35.3147 * flow[2000:]), code="unit-switch", step=DAILY).text
    assert text.endswith("as if from m3/s to ft3/s")
    for factor in (8, 60):
        restless = np.exp(0.8 * remembering(4000, 0.99)) * np.where(np.arange(4000) < 2000, 1, factor)
        assert "unit-switch" not in [finding.code for finding in found(restless, step=DAILY)]


def test_rows_after_tomorrow_are_told_of_and_the_hint_leaves_them_out(tmp_path: Path) -> None:
    now, values = JAN_1 + 100 * 3600, put(tide(200), 150, NAN)
    (late,) = of(reread(tmp_path, values), now)
    assert (late.code, late.count, late.severity) == ("future", 74, "warning")
    assert late.text == "74 rows lie in the future, from 2026-01-06T05:00 to 2026-01-09T07:00"
    rest = reread(tmp_path, values, late.hint)
    assert (len(rest.panel.values), of(rest, now)) == (125, [])


def test_rows_without_times_are_named_by_number_and_have_no_future(tmp_path: Path) -> None:
    values = put(put(tide(), 700, 40), slice(1000, 1100), 0.777)
    path = write_csv(tmp_path / "rows.csv", ("y",), [(v,) for v in values.tolist()])
    flat, spike = of(loaded(path, time="none"), now=-(10**9))
    assert flat.text == "y: 0.777 for 100 steps from 1000: a stuck gauge?"
    assert (flat.hint, spike.hint) == ("--exclude 1000..1099", "--exclude 700..700")
    assert of(loaded(path, time="none", exclude=("1000..1099", "700..700"))) == []


def test_the_series_with_the_worst_is_named_and_each_has_its_own_habits() -> None:
    series = put(tide(seed=1), 4000, 20), tide(seed=2), put(tide(seed=3), 300, 30)
    spike = told(*series, code="spike", ids=("kew", "bow", "ely"))
    assert spike.text.startswith(f"y0 of ely: 30 m at {at(300)} jumps")
    assert (spike.count, spike.text.endswith(f"(2 such, the first at {at(300)})")) == (2, True)
    rough, smooth = add(100 * tide(seed=1), 700, 5), add(tide(seed=2), 700, 5)
    assert told(rough, smooth, code="spike").text.startswith("y0 of gauge 1: ")
    wells = [river(4000, seed, fade=0.999, often=0.01) for seed in range(3)]
    assert told(*wells, add(tide(4000), slice(2000, None), 1), code="jump").text.startswith("y0 of gauge 3: ")


def test_past_covariates_are_looked_at_and_known_future_ones_are_not() -> None:
    panel = panel_of(put(np.stack([tide(seed=i) for i in range(4)], axis=1), 500, 30), T=2, P=1, F=1)
    spikes = suspicions(panel, layout_of(panel), LATER)
    assert [(spike.code, spike.column) for spike in spikes] == [("spike", "y0"), ("spike", "y1"), ("spike", "p0")]


PARTS = st.lists(st.sampled_from([0.0, 1.0, 1.5, -3.0, 1e30, -1e30, NAN]), min_size=1, max_size=60)


@given(st.lists(PARTS, min_size=1, max_size=4), st.integers(1, 40), st.sampled_from(STEPS))
@settings(max_examples=80, deadline=None)
def test_no_panel_is_too_odd_and_none_is_changed(parts: list[list[float]], times: int, step: Step) -> None:
    panel = panel_of(*(np.tile(part, times) for part in parts), step=step)
    before = panel.values.copy()
    assert all(finding.count > 0 and "\n" not in finding.text for finding in suspicions(panel, layout_of(panel), LATER))
    np.testing.assert_array_equal(panel.values, before)
