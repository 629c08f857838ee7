"""Faults that a hydrologist would see are told of, with a flag that acts on them; what nature does is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.data.reading import Loaded
from rnnforecast.data.suspicions import SWITCHES, suspicions
from tests.data.writing import hours, loaded, write_csv
from tests.making import HOUR, JAN_1, NAN, layout_of, panel_of

F64 = npt.NDArray[np.float64]

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
DAILY, QUARTER = Step("second", 86_400), Step("second", 900)
LATER = JAN_1 + 10**11
N = 8760  # a year of hours


def remembering(rows: int, fade: float, seed: int = 0) -> F64:
    """A slow random part of deviation 1 that forgets by `fade` each row."""
    noise = np.random.default_rng(seed).normal(size=rows) * np.sqrt(1 - fade**2)
    part = np.zeros(rows)
    for i in range(1, rows):
        part[i] = fade * part[i - 1] + noise[i]
    return part


def tide(rows: int = N, seed: int = 0, mean: float = 1.0) -> F64:
    """Hourly water level in metres: two tides, spring and neap, a surge, rounded to a millimetre."""
    t = np.arange(rows)
    level = (
        0.7 * np.sin(2 * np.pi * t / 12.42) + 0.2 * np.sin(2 * np.pi * t / 12) + 0.05 * remembering(rows, 0.97, seed)
    )
    return np.round(mean + level, 3)


def river(rows: int = N, seed: int = 0, fade: float = 0.97, often: float = 0.01) -> F64:
    """A stream that floods in one step and recedes, rounded to a centimetre, never dry."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(rows) < often, rng.exponential(1.0, rows), 0)
    level = np.zeros(rows)
    for i in range(1, rows):
        level[i] = fade * level[i - 1] + rain[i]
    return np.round(0.3 + level, 2)


def rain(rows: int = N, seed: int = 0) -> F64:
    rng = np.random.default_rng(seed)
    return np.round(np.where(rng.random(rows) < 0.08, rng.lognormal(0, 1.2, rows), 0), 1)


def warmth(rows: int = N, seed: int = 0) -> F64:
    t = np.arange(rows)
    season, day = 9 * np.sin(2 * np.pi * t / 8766), 4 * np.sin(2 * np.pi * t / 24)
    return np.round(11 + season + day + 2 * remembering(rows, 0.95, seed), 1)


def humidity(rows: int = N, seed: int = 0) -> F64:
    """Per cent, with hours and days of fog."""
    return np.round(np.minimum(100, 88 + 12 * remembering(rows, 0.97, seed)), 0)


def found(*series: F64, now: int = LATER, step: Step = HOUR, **made: Any) -> list[Finding]:
    panel = panel_of(*series, step=step, **made)
    return suspicions(panel, layout_of(panel), now)


def told(*series: F64, code: str, **made: Any) -> Finding:
    """The one finding of `code`; there is no other."""
    (only,) = found(*series, **made)
    assert only.code == code
    assert only.severity == "warning"
    return only


def at(row: int, step: Step = HOUR) -> str:
    return f"{np.datetime64(JAN_1 + row * step.count, 's').astype('datetime64[m]')}Z"


def reread(folder: Path, values: F64, hint: str = "", **flags: Any) -> Loaded:
    """The values as a file, read with the flag that a hint names."""
    path = folder / "gauge.csv"
    if not path.exists():
        rows = [(t, "" if np.isnan(v) else v) for t, v in zip(hours(len(values)), values.tolist(), strict=True)]
        write_csv(path, ("time", "level_m"), rows)
    flag, _, text = hint.removeprefix("--").partition(" ")
    given = {flag: (text,) if flag == "exclude" else text} if hint else {}
    return loaded(path, **given, **flags)


def of(result: Loaded, now: int = LATER) -> list[Finding]:
    return suspicions(result.panel, result.layout, now)


# Clean records


@pytest.mark.parametrize("make", [tide, river, rain, warmth, humidity])
@pytest.mark.parametrize("seed", range(4))
def test_a_clean_record_is_silent(make: Callable[..., F64], seed: int) -> None:
    assert found(make(2 * N, seed)) == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", [QUARTER, DAILY, Step("second", 604_800), Step("month", 1), Step("row", 1)])
def test_a_stream_is_silent_at_every_step(step: Step, seed: int) -> None:
    assert found(river(4000, seed, fade=0.9, often=0.05), step=step) == []


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("tide_la_jolla_2018_simulated_hourly.csv", "water_level_m", []),
        ("flood_plumtree_run_2018_15min.csv", "stage_m,discharge_m3s,water_temp_c", []),
        ("river_fulda_1979_1988_daily.csv", "discharge_m3s,precip_mm,tmean_c", []),
        (
            "weather_jfk_2013_hourly.csv",
            "temp_c,wind_speed_mps,precip_mm,pressure_hpa",
            ["temp_c: -10.5 °C at 2013-05-09T02:00Z jumps away and comes straight back"],
        ),
    ],
)
def test_the_sample_files_are_clean_but_for_one_wrong_hour_at_jfk(name: str, target: str, expected: list[str]) -> None:
    assert [finding.text for finding in of(loaded(SAMPLES / name, target=(target,)))] == expected


# Flat lines


def test_a_stuck_gauge_is_told_of_and_the_hint_takes_it_out(tmp_path: Path) -> None:
    values = tide()
    values[1000:1050] = values[1000]
    values[3000:3100] = 0.777
    (flat,) = of(reread(tmp_path, values))
    assert (flat.code, flat.count, flat.column) == ("flat", 2, "level_m")
    assert flat.text == (
        "level_m: 0.777 m for 100 h from 2026-05-06T00:00: a stuck gauge?; 2 such, the first at 2026-02-11T16:00"
    )
    assert flat.hint == "--exclude 2026-05-06T00:00..2026-05-10T03:00"
    (other,) = of(reread(tmp_path, values, flat.hint))
    assert other.text == "level_m: 1.019 m for 50 h from 2026-02-11T16:00: a stuck gauge?"


@given(st.integers(1, N - 200), st.integers(25, 150), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_any_long_enough_flat_line_in_a_moving_series_is_found(first: int, length: int, seed: int) -> None:
    values = tide(N, seed)
    values[first : first + length] = values[first] = max(values[first], 0.3)  # not at the floor
    flat = told(values, code="flat")
    assert flat.hint.startswith("--exclude ")
    start, end = (np.datetime64(t.removesuffix("Z")) for t in flat.hint.removeprefix("--exclude ").split(".."))
    began = int((start - np.datetime64(JAN_1, "s")) / np.timedelta64(1, "h"))
    assert began <= first <= began + 2  # the value may have been there for an hour before
    assert (end - start) >= np.timedelta64(length - 1, "h")


def test_less_than_a_day_is_no_flat_line() -> None:
    values = tide()
    values[500:523] = values[500]
    assert values[499] != values[500] != values[523]
    assert found(values) == []
    values[500:524] = values[500]
    assert told(values, code="flat").count == 1


def test_a_day_of_quarter_hours_is_asked_of_a_quarter_hourly_gauge() -> None:
    values = tide()
    values[500:590] = values[500]
    assert found(values, step=QUARTER) == []
    values[500:596] = values[500]
    assert told(values, code="flat", step=QUARTER).text.startswith("y0: ")


def test_24_days_are_asked_of_a_daily_gauge() -> None:
    values = warmth()
    values[500:523] = 11.1
    assert found(values, step=DAILY) == []
    values[500:524] = 11.1
    assert told(values, code="flat", step=DAILY).text.startswith("y0: 11.1 m for 24 days from 2027-05-16T00:00Z")


def test_the_floor_the_ceiling_and_zero_are_no_flat_lines() -> None:
    dry, calm = river(), tide(mean=0.0)
    dry[2000:2600] = dry.min()
    calm[2000:2100] = 0.0
    foggy = humidity()
    foggy[2000:2200] = 100
    assert found(dry) == found(calm) == found(foggy) == []
    calm[2000:2100] = 0.001
    assert told(calm, code="flat").count == 1


def test_what_a_slow_and_rounded_series_often_does_is_no_flat_line() -> None:
    slow = np.round(1 + 0.3 * remembering(3 * N, 0.9995), 1)
    runs = np.diff(np.flatnonzero(np.r_[True, np.diff(slow) != 0, True]))
    assert (runs > 100).sum() > 20
    assert found(slow) == []


def test_a_gauge_stuck_once_at_its_highest_is_flat() -> None:
    values = tide()
    values[3000:3060] = values.max() + 1
    assert [finding.code for finding in found(values)] == ["flat"]


def test_four_times_the_usual_length_is_no_flat_line() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(rng.permutation(2000) / 10, rng.integers(6, 12, 2000))
    values[5000:5040] = 100.05
    assert found(values) == []
    values[5000:5150] = 100.05
    assert told(values, code="flat").count == 1


def test_too_short_a_record_has_no_habits() -> None:
    values = tide(180)
    values[60:100] = values[60]
    values[20] = 50
    assert found(values) == []


def test_a_run_does_not_go_on_across_a_hole_or_into_the_next_series() -> None:
    values = tide()
    values[1000:1040] = 0.777
    values[1020] = NAN
    assert found(values) == []
    ends, begins = tide(seed=1), tide(seed=2)
    ends[-20:] = begins[:20] = 0.777
    assert found(ends, begins) == []


# Spikes


def test_a_spike_is_told_of_and_the_hint_takes_it_out(tmp_path: Path) -> None:
    values = tide()
    values[700], values[4000] = 9.5, -50
    (spike,) = of(reread(tmp_path, values))
    assert spike.code == "spike"
    assert spike.count == 2
    assert spike.text == (
        "level_m: -50 m at 2026-06-16T16:00 jumps away and comes straight back; 2 such, the first at 2026-01-30T04:00"
    )
    assert spike.hint == "--exclude 2026-06-16T16:00..2026-06-16T16:00"
    (other,) = of(reread(tmp_path, values, spike.hint))
    assert other.text == "level_m: 9.5 m at 2026-01-30T04:00 jumps away and comes straight back"


@given(st.integers(2, N - 3), st.sampled_from([-1, 1]), st.floats(6, 1000), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_one_row_far_off_is_a_spike_wherever_it_is(row: int, sign: int, size: float, seed: int) -> None:
    values = tide(N, seed)
    values[row] += sign * size
    assert at(row) in told(values, code="spike").text


def test_some_spikes_in_a_short_record_do_not_hide_one_another() -> None:
    values = tide(400)
    values[[50, 150, 300]] += [9, -30, 100]
    assert told(values, code="spike").count == 3


def test_however_wild_a_record_is_there_is_a_limit() -> None:
    rng = np.random.default_rng(0)
    wild = np.round(2 + 0.01 * rng.normal(size=N), 3)
    wild[8000:8400] += 20 * rng.normal(size=400)
    assert found(wild) == []
    wild[5000] += 5000
    assert told(wild, code="spike").count == 1


def test_a_coarse_gauge_that_seldom_moves_has_no_spikes() -> None:
    coarse = np.full(3 * N, 1.2)
    coarse[::500] = 1.3
    coarse[15_000:] += 0.1
    assert [finding.code for finding in found(coarse) if finding.code == "spike"] == []


def test_two_steps_up_are_no_spike() -> None:
    values = tide()
    values[4000] += 100
    values[4001:] += 215
    assert found(values) == []


def test_a_gust_among_winds_is_a_spike_and_the_usual_gusts_are_not() -> None:
    wind = np.round(np.abs(4 + 3 * remembering(N, 0.8)) + np.random.default_rng(1).exponential(1, N), 1)
    assert found(wind) == []
    wind[3000] = 1048.4
    assert "1048.4 m at" in told(wind, code="spike").text


def test_floods_and_showers_are_no_spikes() -> None:
    flashy = river(N, fade=0.7, often=0.004)
    flashy[2000:2006] = flashy[1999] + np.array([30, 18, 10, 6, 3, 1])
    slow = tide(N, mean=5)
    slow[2000:2009] += np.array([2, 5, 9, 12, 10, 7, 4, 2, 1])
    shower = rain()
    shower[2000] = 20 * shower.max()
    shower[1999] = shower[2001] = 0
    assert found(flashy) == found(slow) == found(shower) == []
    slow[2004] += 30
    assert told(slow, code="spike").count == 1


def test_a_row_whose_neighbours_are_missing_is_no_spike() -> None:
    values = tide()
    values[[699, 701]] = NAN
    values[700] = 30
    assert found(values) == []


# Jumps of the level


def test_a_jump_is_told_of_and_the_hint_leaves_it_out(tmp_path: Path) -> None:
    values = tide()
    values[4000:] += 0.31
    (jump,) = of(reread(tmp_path, values))
    assert jump.code == "jump"
    assert jump.text == "level_m: level jump of +0.295 m at 2026-06-16T16:00: datum change, or gauge moved?"
    assert jump.hint == "--start 2026-06-16T16:00"
    rest = reread(tmp_path, values, jump.hint)
    assert len(rest.panel.values) == N - 4000
    assert of(rest) == []


@given(st.integers(2600, N - 2600), st.sampled_from([-1, 1]), st.floats(0.4, 50), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_jump_is_found_at_its_first_row(row: int, sign: int, size: float, seed: int) -> None:
    values = tide(N, seed)
    values[row:] += sign * size
    jump = told(values, code="jump")
    assert jump.hint == f"--start {at(row)}"
    assert f"jump of {'+' if sign > 0 else '-'}" in jump.text


def test_of_two_jumps_the_larger_is_shown_and_the_hint_starts_after_the_last() -> None:
    values = tide(2 * N)
    values[5000:] += 1
    values[12000:] -= 0.7
    jump = told(values, code="jump")
    assert jump.count == 2
    assert f"at {at(5000)}: datum change, or gauge moved?; 2 such, the first at {at(5000)}" in jump.text
    assert jump.hint == f"--start {at(12000)}"


def test_a_jump_across_a_hole_is_found_where_the_level_is_steady() -> None:
    values = tide()
    values[4000:] += 1
    values[3950:4000] = NAN
    assert told(values, code="jump").hint == f"--start {at(4000)}"
    values[4000:] -= 0.9
    assert found(values) == []


def test_a_jump_across_a_hole_is_counted_once() -> None:
    lake = np.round(10 + 0.1 * remembering(N, 0.99), 3)
    lake[4000:] += 3
    for missing in (0, 1, 10, 30, 100):
        lake[4000 - missing : 4000] = NAN
        jump = told(lake, code="jump")
        assert (jump.count, jump.hint) == (1, f"--start {at(4000)}")


@pytest.mark.parametrize("missing", [None, 4003])
def test_a_rise_over_some_hours_is_no_jump(missing: int | None) -> None:
    values = tide()
    values[4000:4006] += np.linspace(0.1, 0.9, 6)
    values[4006:] += 1
    if missing is not None:
        values[missing] = NAN
    assert found(values) == []


def test_what_happened_in_a_long_hole_is_not_judged() -> None:
    values = tide()
    values[4000:] += 1
    values[3600:4000] = NAN
    assert found(values) == []


def test_a_level_without_habits_cannot_break_them() -> None:
    pond = np.full(2 * N, 1.0)
    pond[9000:] = 2.0
    assert found(pond) == []


def test_what_one_series_often_does_says_nothing_of_another() -> None:
    steady = tide(4000)
    steady[2000:] += 1
    wells = [river(4000, seed, fade=0.999, often=0.01) for seed in range(3)]
    jumps = found(*wells, steady)
    assert [(finding.code, finding.count) for finding in jumps] == [("jump", 1)]
    assert jumps[0].text.startswith("y0 of gauge 3: level jump of +")


def test_a_level_that_comes_back_within_months_is_no_jump() -> None:
    values = tide()
    values[4000:5000] += 1
    assert found(values) == []


@pytest.mark.parametrize(
    ("rows", "seed", "fade", "often"),
    [
        *((4000, seed, 0.99, 0.01) for seed in range(12)),
        *((3000, seed, 0.997, 0.005) for seed in (6, 8, 24, 57)),
        *((600, seed, 0.997, 0.02) for seed in (22, 47, 56)),
        (600, 22, 0.99, 0.02),
    ],
)
def test_water_that_rises_in_a_day_and_falls_in_months_does_not_jump(
    rows: int, seed: int, fade: float, often: float
) -> None:
    assert found(river(rows, seed, fade, often), step=DAILY) == []


@pytest.mark.parametrize("seed", range(6))
def test_holes_in_a_season_are_no_jumps(seed: int) -> None:
    rng, values = np.random.default_rng(seed), warmth(3000, seed)
    daily = np.round(11 + 9 * np.sin(2 * np.pi * np.arange(3000) / 365) + 2 * remembering(3000, 0.7, seed), 1)
    for start in rng.integers(0, 2900, 15).tolist():
        values[start : start + 60] = daily[start : start + 60] = NAN
    assert found(values) == found(daily, step=DAILY) == []


# Switches of unit


@pytest.mark.parametrize("switch", SWITCHES, ids=[words for *_, words in SWITCHES])
def test_a_switch_of_unit_is_told_of_instead_of_a_jump(switch: tuple[float, float, str]) -> None:
    factor, offset, words = switch
    values = warmth(2 * N) + 5 if offset else tide(2 * N, mean=3)
    values[9000:] = np.round(factor * values[9000:] + offset, 4)
    unit = told(values, code="unit-switch")
    assert unit.text == f"y0: another unit from {at(9000)} on, as if from {words}"
    assert unit.hint == f"--start {at(9000)}"


def test_around_zero_the_spread_tells_the_unit() -> None:
    values = tide(2 * N, mean=0.0)
    row = 9000 + int(np.argmax(values[9000:9100]))
    values[row:] /= 0.3048
    assert told(values, code="unit-switch").text.endswith("as if from m to ft")
    values[row:] *= 0.3048
    values[row : row + 1] += 0.5  # a row alone is no switch
    assert all(finding.code != "unit-switch" for finding in found(values))


def test_a_switch_is_seen_even_while_the_tide_runs() -> None:
    values = tide(2 * N, mean=1.5)
    row = 9000 + int(np.argmax(np.diff(values[9000:9500])))
    values[row:] *= 0.3048
    assert told(values, code="unit-switch").hint == f"--start {at(row)}"


@pytest.mark.parametrize("factor", [8, 60])
def test_another_factor_is_no_switch_of_a_restless_flow(factor: float) -> None:
    flow = np.exp(0.8 * remembering(4000, 0.99))
    flow[2000:] *= factor
    assert "unit-switch" not in [finding.code for finding in found(flow, step=DAILY)]


def test_another_factor_is_a_jump() -> None:
    values = tide(2 * N, mean=3)
    values[9000:] *= 2
    assert told(values, code="jump").hint == f"--start {at(9000)}"


def test_a_flow_in_cubic_feet_is_seen_in_spite_of_its_floods() -> None:
    values = np.exp(0.5 * remembering(4000, 0.995))
    values[2000:] *= 35.3147
    assert told(values, code="unit-switch", step=DAILY).text.endswith("as if from m3/s to ft3/s")


# Times to come


def test_rows_after_tomorrow_are_told_of_and_the_hint_leaves_them_out(tmp_path: Path) -> None:
    now = JAN_1 + 100 * 3600
    values = tide(200)
    values[150] = NAN
    (late,) = of(reread(tmp_path, values), now)
    assert (late.code, late.count, late.severity) == ("future", 74, "warning")
    assert late.text == "74 rows lie in the future, from 2026-01-06T05:00 to 2026-01-09T07:00"
    rest = reread(tmp_path, values, late.hint)
    assert len(rest.panel.values) == 125
    assert of(rest, now) == []


def test_a_day_is_left_for_clocks_of_other_zones() -> None:
    assert found(tide(100), now=JAN_1 + 75 * 3600) == []
    assert told(tide(100), code="future", now=JAN_1 + 75 * 3600 - 1).count == 1


def test_known_future_rows_without_a_target_are_no_mistake() -> None:
    values = np.stack([tide(100), tide(100, 1)], axis=1)
    values[50:, 0] = NAN
    panel = panel_of(values, F=1, ahead=50)
    assert suspicions(panel, layout_of(panel), JAN_1 + 30 * 3600) == []


def test_only_the_late_series_are_counted() -> None:
    late = told(tide(100), tide(100), code="future", now=JAN_1 + 200 * 3600, start=(JAN_1, JAN_1 + 150 * 3600))
    assert late.count == 25


# Rows without times, several series and columns


def test_rows_without_times_are_named_by_number_and_have_no_future(tmp_path: Path) -> None:
    values = tide()
    values[700] = 40
    values[1000:1100] = 0.777
    path = write_csv(tmp_path / "rows.csv", ("y",), [(v,) for v in values.tolist()])
    result = loaded(path, time="none")
    flat, spike = of(result, now=-(10**9))
    assert flat.text == "y: 0.777 for 100 steps from 1000: a stuck gauge?"
    assert (flat.hint, spike.hint) == ("--exclude 1000..1099", "--exclude 700..700")
    assert of(loaded(path, time="none", exclude=("1000..1099", "700..700"))) == []


def test_the_series_with_the_worst_is_named_and_all_are_counted() -> None:
    a, b, c = tide(seed=1), tide(seed=2), tide(seed=3)
    a[4000], c[300] = 20, 30
    spike = told(a, b, c, code="spike", ids=("kew", "bow", "ely"))
    assert spike.count == 2
    assert spike.text.startswith(f"y0 of ely: 30 m at {at(300)} ")
    assert spike.text.endswith(f"2 such, the first at {at(300)}")


def test_habits_are_those_of_the_series_itself() -> None:
    rough, smooth = 100 * tide(seed=1), tide(seed=2)
    smooth[700] += 5
    assert told(rough, smooth, code="spike").text.startswith("y0 of gauge 1")
    rough[700] += 5
    assert told(rough, smooth, code="spike").count == 1


def test_past_covariates_are_looked_at_and_known_future_ones_are_not() -> None:
    columns = np.stack([tide(seed=i) for i in range(4)], axis=1)
    columns[500, :] = 30
    panel = panel_of(columns, T=2, P=1, F=1)
    assert [(f.code, f.column) for f in suspicions(panel, layout_of(panel), LATER)] == [
        ("spike", "y0"), ("spike", "y1"), ("spike", "p0"),
    ]  # fmt: skip


def test_a_base_does_not_change_what_is_seen() -> None:
    values = tide()
    values[700], values[1000:1100] = 40, 0.777
    values[4000:] += 1
    plain, shifted = found(values), found(values + 1024, base=1024.0)
    assert [(f.code, f.count, f.hint) for f in plain] == [(f.code, f.count, f.hint) for f in shifted]
    assert "1064 m at" in shifted[1].text


LEVELS = st.sampled_from([0.0, 1.0, 1.5, -3.0, 1e30, -1e30, NAN])


@given(
    st.lists(st.lists(LEVELS, min_size=1, max_size=60), min_size=1, max_size=4),
    st.integers(1, 40),
    st.sampled_from([HOUR, QUARTER, DAILY, Step("month", 1), Step("row", 1)]),
)
@settings(max_examples=80, deadline=None)
def test_no_panel_is_too_odd_and_none_is_changed(parts: list[list[float]], times: int, step: Step) -> None:
    panel: Panel = panel_of(*(np.tile(part, times) for part in parts), step=step)
    before = panel.values.copy()
    for finding in suspicions(panel, layout_of(panel), LATER):
        assert "\n" not in finding.text
        assert finding.count > 0
    np.testing.assert_array_equal(panel.values, before)
