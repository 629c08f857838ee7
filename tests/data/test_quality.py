"""What is done to rows on their way to the grid, and the finding that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import stamp_text
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable, UsageError
from tests.data.writing import hours, loaded, write_csv


def read(folder: Path, rows: list[tuple[Any, ...]], names: tuple[str, ...] = ("time", "y"), **flags: Any) -> Loaded:
    return loaded(write_csv(folder / "gauge.csv", names, rows), **flags)


def values(result: Loaded, column: int = 0) -> list[float]:
    panel = result.panel
    base = np.repeat(panel.base[:, column], np.diff(panel.offsets))
    return [round(v, 4) for v in (panel.values[:, column] + base).tolist()]


def finding(result: Loaded, code: str) -> Finding:
    return next(f for f in result.findings if f.code == code)


def level(count: int = 10) -> list[tuple[str, Any]]:
    return [(t, i) for i, t in enumerate(hours(count))]


def test_a_clean_file_has_no_findings(tmp_path: Path) -> None:
    assert read(tmp_path, level()).findings == []


def test_newest_first_and_disorder_are_sorted_and_said(tmp_path: Path) -> None:
    result = read(tmp_path, level()[::-1])
    assert values(result) == list(range(10))
    assert finding(result, "order").text == "rows are newest first: sorted"
    rows = level()
    rows[3], rows[4] = rows[4], rows[3]
    assert finding(read(tmp_path, rows), "order").text == "1 rows out of order: sorted"


def test_equal_rows_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = level() + level()[4:6] + [(hours(10)[9], "")]
    with pytest.raises(DataUnusable, match="line 14: 2026-01-01T09:00 was met before with other values, at line 11"):
        read(tmp_path, rows)
    result = read(tmp_path, rows[:-1])
    assert values(result) == list(range(10))
    assert finding(result, "duplicates").count == 2


@pytest.mark.parametrize(("how", "kept"), [("first", 4), ("last", 8), ("mean", 6)])
def test_conflicting_rows_are_settled_as_the_flag_says(how: str, kept: float, tmp_path: Path) -> None:
    result = read(tmp_path, [*level(), (hours(10)[4], 8)], duplicates=how)
    assert values(result)[4] == kept
    assert finding(result, "duplicates").severity == "warning"


def test_gaps_stay_missing_and_the_longest_is_named(tmp_path: Path) -> None:
    rows = [row for i, row in enumerate(level(30)) if i not in (3, 10, 11, 12)]
    result = read(tmp_path, rows)
    assert np.flatnonzero(np.isnan(result.panel.values[:, 0])).tolist() == [3, 10, 11, 12]
    gaps = finding(result, "gaps")
    assert gaps.count == 4
    assert gaps.text == "4 rows missing in 2 gaps; the longest is 3 h from 2026-01-01T10:00"


def test_cells_without_a_value_are_counted_per_column(tmp_path: Path) -> None:
    rows = [(t, "" if i == 3 else i, "NA" if i < 2 else i) for i, t in enumerate(hours(10))]
    result = read(tmp_path, rows, ("time", "y", "rain"), past=("rain",))
    texts = [f.text for f in result.findings if f.code == "missing"]
    assert texts == ["y: 1 of 10 values missing (10.0%)", "rain: 2 of 10 values missing (20.0%)"]


def test_short_holes_are_filled_only_where_asked_only_inside_and_said(tmp_path: Path) -> None:
    holes = {3, 10, 11, 12, 27, 28}
    rows = [(t, "" if i in holes else i) for i, t in enumerate(hours(30))]
    result = read(tmp_path, rows, gaps="interpolate:2")
    assert np.flatnonzero(np.isnan(result.panel.values[:, 0])).tolist() == [10, 11, 12]
    assert values(result)[3] == 3
    assert finding(result, "interpolated").text == "3 values filled by a straight line in holes of at most 2 h"
    assert values(read(tmp_path, rows, gaps="interpolate:3h"))[11] == 11


def test_a_hole_between_two_series_is_never_filled(tmp_path: Path) -> None:
    rows = [("a", t, "" if i > 7 else i) for i, t in enumerate(hours(10))]
    rows += [("b", t, "" if i < 2 else i) for i, t in enumerate(hours(10))]
    result = read(tmp_path, rows, ("id", "time", "y"), gaps="interpolate:20")
    assert np.isnan(result.panel.values[result.panel.offsets[1] : result.panel.offsets[1] + 2]).all()


@pytest.mark.parametrize("gaps", ["fill", "interpolate", "interpolate:", "keep:3", "interpolate:x"])
def test_an_unknown_way_with_gaps_is_a_usage_error(gaps: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, level(), gaps=gaps)


def test_jitter_within_a_tenth_of_a_step_is_snapped_and_said(tmp_path: Path) -> None:
    rows = level(20)
    rows[0] = ("2025-12-31T23:57", 0)  # even the first row
    rows[7] = ("2026-01-01T07:05", 7)
    result = read(tmp_path, rows)
    assert stamp_text(result.panel.start, result.layout) == ["2026-01-01T00:00"]
    assert values(result) == list(range(20))
    assert finding(result, "jitter").text == "2 rows moved by up to 300 s to their step of 1 h"


def test_two_rows_that_snap_to_one_place_conflict(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="was met before"):
        read(tmp_path, [*level(40), ("2026-01-01T07:02", 99)])


def test_month_ends_stand_on_a_grid_of_months(tmp_path: Path) -> None:
    ends = ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-05-31"]
    result = read(tmp_path, [(t, i) for i, t in enumerate(ends)])
    assert values(result)[:5] == [0, 1, 2, 3, 4]
    assert np.isnan(values(result)[5])
    panel = result.panel
    assert stamp_text(panel.step.at(panel.start, panel.lengths()), result.layout) == ["2026-06-30"]
    assert values(read(tmp_path, [(t, i) for i, t in enumerate(ends)], freq="1mo"))[:5] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("how", "joined"), [("mean", 1.5), ("sum", 6.0), ("max", 3.0)])
def test_rows_are_joined_per_step(how: str, joined: float, tmp_path: Path) -> None:
    quarters = [str(np.datetime64("2026-01-01T00:00") + np.timedelta64(15 * i, "m")) for i in range(40)]
    result = read(tmp_path, [(t, i % 4) for i, t in enumerate(quarters)], freq="1h", aggregate=how)
    assert values(result) == [joined] * 10
    assert finding(result, "aggregated").count == 40


def test_a_step_with_too_few_rows_is_missing_and_said(tmp_path: Path) -> None:
    quarters = [str(np.datetime64("2026-01-01T00:00") + np.timedelta64(15 * i, "m")) for i in range(40)]
    rows = [(t, 1) for i, t in enumerate(quarters) if i not in (5, 9, 10, 11)]
    assert np.flatnonzero(np.isnan(values(read(tmp_path, rows, freq="1h", aggregate="sum")))).tolist() == [1, 2]
    result = read(tmp_path, rows, freq="1h", aggregate="mean")
    assert np.flatnonzero(np.isnan(values(result))).tolist() == [2]
    assert finding(result, "few").count == 1


def test_days_are_joined_by_the_local_clock(tmp_path: Path) -> None:
    rows = [(f"{t}+02:00", 1) for t in hours(72, "2026-06-01T00:00")]
    result = read(tmp_path, rows, freq="1d", aggregate="sum")
    assert values(result) == [24, 24, 24]
    assert stamp_text(result.panel.start, result.layout) == ["2026-06-01T00:00+02:00"]


@pytest.mark.parametrize("flags", [{"aggregate": "mean"}, {"freq": "1row"}, {"freq": "fortnight"}])
def test_a_step_that_cannot_be_is_a_usage_error(flags: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, level(), **flags)


def test_the_span_of_rows_can_be_bounded_whole_days_included(tmp_path: Path) -> None:
    rows = [(t, i) for i, t in enumerate(hours(24 * 40))]
    assert values(read(tmp_path, rows, start="2026-02-01", end="2026-02-02")) == list(range(31 * 24, 33 * 24))
    assert values(read(tmp_path, rows, end="2026-01"))[-1] == 31 * 24 - 1
    assert values(read(tmp_path, rows, end="2026-01-01 05:00"))[-1] == 5
    with pytest.raises(DataUnusable, match="no row between"):
        read(tmp_path, rows, start="2030")
    with pytest.raises(UsageError, match="--start 'soon' is not a time"):
        read(tmp_path, rows, start="soon")


def test_bounds_are_meant_in_the_zone_of_the_rows(tmp_path: Path) -> None:
    rows = [(f"{t}+02:00", i) for i, t in enumerate(hours(48, "2026-06-01T00:00"))]
    assert values(read(tmp_path, rows, start="2026-06-02"))[0] == 24


def test_a_series_that_the_bounds_leave_without_rows_is_gone(tmp_path: Path) -> None:
    rows = [("a", t, 1) for t in hours(5)] + [("b", t, 2) for t in hours(5, "2026-02-01T00:00")]
    assert read(tmp_path, rows, ("id", "time", "y"), start="2026-02").panel.ids == ("b",)


def test_an_excluded_span_is_missing(tmp_path: Path) -> None:
    result = read(tmp_path, level(), exclude=("2026-01-01T03:00..2026-01-01T04:00",))
    assert np.flatnonzero(np.isnan(values(result))).tolist() == [3, 4]
    assert finding(result, "excluded").count == 2
    with pytest.raises(UsageError, match="FROM"):
        read(tmp_path, level(), exclude=("2026-01-01",))


def test_the_grid_ends_at_the_last_observed_target(tmp_path: Path) -> None:
    rows = [(t, i if i < 7 else "", i) for i, t in enumerate(hours(10))]
    past = read(tmp_path, rows, ("time", "y", "rain"), target=("y",), past=("rain",)).panel
    assert (len(past.values), past.cutoff.tolist()) == (7, [6])
    future = read(tmp_path, rows, ("time", "y", "rain"), target=("y",), future=("rain",)).panel
    assert (len(future.values), future.cutoff.tolist()) == (10, [6])
    assert future.lengths().tolist() == [7]


def test_a_series_without_a_target_is_left_out_and_named(tmp_path: Path) -> None:
    rows = [("a", t, 1) for t in hours(5)] + [("b", t, "") for t in hours(5)] + [("c", t, 3) for t in hours(5)]
    result = read(tmp_path, rows, ("id", "time", "y"))
    assert result.panel.ids == ("a", "c")
    assert values(result) == [1] * 5 + [3] * 5
    assert finding(result, "silent-series").text.endswith(": b")


def test_a_static_column_holds_one_value_per_series(tmp_path: Path) -> None:
    rows = [(s, t, 1, area if h else "") for s, area in (("a", 5), ("b", 7)) for h, t in enumerate(hours(5))]
    panel = read(tmp_path, rows, ("id", "time", "y", "area"), target=("y",), static=("area",)).panel
    assert (panel.static.tolist(), panel.static_names, panel.columns) == ([[5.0], [7.0]], ("area",), ("y",))
    with pytest.raises(DataUnusable, match=r"line 7: static column 'area' is 9, and 5 before"):
        read(tmp_path, [*rows[:5], ("a", "2026-01-01T05:00", 1, 9)], ("id", "time", "y", "area"), static=("area",))
    with pytest.raises(DataUnusable, match="static column 'area' is empty in series a"):
        read(tmp_path, [(*row[:3], "") for row in rows], ("id", "time", "y", "area"), static=("area",))


def test_rows_with_neither_time_nor_value_are_left_out_and_said(tmp_path: Path) -> None:
    result = read(tmp_path, [*level(), ("", ""), ("", "NA")])
    assert values(result) == list(range(10))
    assert finding(result, "empty-rows").count == 2


def test_the_base_is_near_the_mean_of_what_was_observed_and_leaves_noughts_alone(tmp_path: Path) -> None:
    rows = [("a", t, 10 + i) for i, t in enumerate(hours(5))] + [
        ("b", t, "" if i else 7) for i, t in enumerate(hours(5))
    ]
    panel = read(tmp_path, rows, ("id", "time", "y")).panel
    assert panel.base.tolist() == [[12.0], [7.0]]
    assert panel.values.dtype == np.float32
    rain = read(tmp_path, [(t, 0 if i % 3 else 0.1 * i) for i, t in enumerate(hours(50))])
    assert (rain.panel.values[:, 0] + rain.panel.base[0, 0] == 0).sum() == 34
    assert abs(rain.panel.base[0, 0] - 0.784) < 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=6, max_size=40, unique=True).map(sorted), st.integers(1, 4))
def test_every_reading_stands_at_its_time_and_nowhere_else(
    tmp_path_factory: pytest.TempPathFactory, kept: list[int], count: int
) -> None:
    grid = [0, 1, 2, 3, *(4 + k for k in kept)]  # a start that shows the step
    rows = [(f"s{s}", hours(70)[i], s * 1000 + i) for s in range(count) for i in grid]
    try:
        result = read(tmp_path_factory.mktemp("grid"), rows, ("id", "time", "y"))
    except DataUnusable as refused:
        assert "unevenly spaced" in refused.message  # noqa: PT017  (sparse rows show no step)
        return
    panel = result.panel
    rows_seen = np.flatnonzero(~np.isnan(panel.values[:, 0]))
    series = panel.series_of(rows_seen)
    truth = panel.values[rows_seen, 0].astype(np.float64) + panel.base[series, 0]
    hour = (panel.times(rows_seen) - panel.start[0]) // panel.step.count
    np.testing.assert_allclose(truth, series * 1000 + hour, atol=1e-2)
    assert len(rows_seen) == len(rows)


def test_the_hour_that_clocks_repeat_in_autumn_is_named_as_such(tmp_path: Path) -> None:
    clocks = [*hours(27, "2025-10-25T00:00"), *hours(20, "2025-10-26T02:00")]
    with pytest.raises(DataUnusable, match="met before with other values") as refused:
        read(tmp_path, list(zip(clocks, range(47), strict=True)))
    assert "repeat in autumn" in refused.value.hint
    assert refused.value.hint.startswith("--tz")
    settled = read(tmp_path, list(zip(clocks, range(47), strict=True)), tz="Europe/Berlin")
    assert len(settled.panel.values) == 47
    weekday = [*hours(27, "2025-10-27T00:00"), *hours(20, "2025-10-28T02:00")]
    with pytest.raises(DataUnusable) as refused:
        read(tmp_path, list(zip(weekday, range(47), strict=True)))
    assert "--duplicates" in refused.value.hint


def test_rain_is_summed_where_levels_are_averaged(tmp_path: Path) -> None:
    rows = [(f"2026-01-01T{h:02}:{m:02}", h + m / 60, 0.5, 2.0) for h in range(20) for m in (0, 15, 30, 45)]
    path = write_csv(tmp_path / "gauge.csv", ("time", "level", "rain_mm", "rain_mm_h"), rows)
    result = loaded(path, target=("level", "rain_mm", "rain_mm_h"), freq="1h", aggregate="mean")
    assert values(result)[:3] == [0.375, 1.375, 2.375]
    assert (result.panel.values + result.panel.base[0])[0].tolist() == [0.375, 2.0, 2.0]
    assert result.layout.aggregate == "mean"
    again = load([str(path)], DataFlags(), known=result.layout, step=result.panel.step)
    assert len(again.panel.values) == 20
