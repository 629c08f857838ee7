"""Times out of cells: every way of writing them, and what no calendar has."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.table import CellError
from rnnforecast.data.times import joined, parse_times, read_times, settle, shape_of
from rnnforecast.errors import DataUnusable


def seconds(text: str) -> int:
    return int(np.datetime64(text, "s").astype(np.int64))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31 06:05", "2026-01-31T06:05"),
        ("2026-01-31T06:05:07", "2026-01-31T06:05:07"),
        ("2026-01-31T06:05:07.000Z", "2026-01-31T06:05:07"),
        ("2026-01-31T06:05+01:00", "2026-01-31T05:05"),
        ("2026-01-31T06:05-0330", "2026-01-31T09:35"),
        ("2026/01/31 06:05", "2026-01-31T06:05"),
        ("2026-01-31 06:05 EST", "2026-01-31T11:05"),
        ("2026-01-31 06:05 PDT", "2026-01-31T13:05"),
        ("2026-01-31T06:05 CET", "2026-01-31T05:05"),
        ("31-Jan-2026 06:05", "2026-01-31T06:05"),
        ("31 January 2026", "2026-01-31"),
        ("Jan 31, 2026 6:05", "2026-01-31T06:05"),
        ("31.01.2026 6:05", "2026-01-31T06:05"),
        ("1/31/2026 6:05 PM", "2026-01-31T18:05"),
        ("1/31/2026 12:05 AM", "2026-01-31T00:05"),
        ("2026-01-31 24:00", "2026-02-01T00:00"),
        ("20260131", "2026-01-31"),
        ("2026013106", "2026-01-31T06:00"),
        ("20260131 06:05", "2026-01-31T06:05"),
        ("2026-01", "2026-01-01"),
        ("2026", "2026-01-01"),
        ("1769839500", "2026-01-31T06:05"),
        ("1769839500000", "2026-01-31T06:05"),
        ("1749-03", "1749-03-01"),
    ],
)
def test_a_time_is_read_however_it_is_written(cell: str, expected: str) -> None:
    assert parse_times([cell])[0].tolist() == [seconds(expected)]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-02-30",
        "2025-02-29",
        "2026-13-01",
        "2026-01-31 10:60",
        "2026-01-31 24:01",
        "2026-01-31 25:00",
        "now",
        "today",
        "NaT",
        "12:00",
        "2026-01-31 06:05:07.5",
        "31.04.2026",
        "0000-01-01",
        "2026-01-31T06:00+99:00",
        "1/31/2026 13:00 PM",
        "٢٠٢٦-01-01",
        "1e400",
    ],
)
def test_what_no_calendar_and_no_clock_has_is_refused(cell: str) -> None:
    with pytest.raises(DataUnusable, match="date row 1"):
        parse_times([cell])


MOMENTS = st.integers(seconds("0001-01-01"), seconds("9999-12-31T23:59:59"))


@settings(max_examples=60, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(["", "Z", "+02:00", "-09:30"]), st.booleans())
def test_iso_text_of_any_moment_comes_back_as_that_moment(moments: list[int], zone: str, blank: bool) -> None:
    text = [str(np.datetime64(m, "s")).replace("T", " " if blank else "T") + zone for m in moments]
    shift = {"": 0, "Z": 0, "+02:00": 7200, "-09:30": -34_200}[zone]
    read, offsets = parse_times(text)
    assert read.tolist() == [m - shift for m in moments]
    assert (offsets is None) == (zone == "")


@settings(max_examples=60, deadline=None)
@given(st.lists(MOMENTS, min_size=2, max_size=8))
def test_the_fast_way_and_the_slow_way_read_the_same(moments: list[int]) -> None:
    uniform = [str(np.datetime64(m, "s")) for m in moments]
    uneven = [uniform[0].replace("T", "T "), *uniform[1:]]  # one wider cell: cell by cell
    assert parse_times(uneven)[0].tolist() == parse_times(uniform)[0].tolist() == moments


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dates(), min_size=1, max_size=8), st.sampled_from("/-."), st.booleans())
def test_day_first_and_month_first_are_told_apart_by_the_flag(dates: list, sep: str, dayfirst: bool) -> None:  # type: ignore[type-arg]
    order = (lambda d: (d.day, d.month)) if dayfirst else (lambda d: (d.month, d.day))
    text = [f"{order(d)[0]}{sep}{order(d)[1]}{sep}{d.year:04d}" for d in dates]
    assert parse_times(text, dayfirst)[0].tolist() == [seconds(d.isoformat()) for d in dates]


def test_a_day_above_twelve_anywhere_decides_the_order_of_the_whole_column() -> None:
    stamps = joined([read_times(["01/02/2026"], "dmy"), read_times(["02/13/2026"], "dmy")])
    read, dayfirst = settle(stamps, None)
    assert dayfirst is False
    assert read.tolist() == [seconds("2026-01-02"), seconds("2026-02-13")]


def test_a_column_that_reads_both_ways_is_refused_with_both_flags() -> None:
    with pytest.raises(CellError) as refused:
        settle(read_times(["01/02/2026", "03/04/2026"], "dmy"), None)
    assert refused.value.hint == "--dayfirst or --no-dayfirst"


def test_a_flag_that_the_column_contradicts_is_refused_by_its_row() -> None:
    with pytest.raises(CellError) as refused:
        settle(read_times(["01/02/2026", "01/14/2026"], "dmy"), True)
    assert refused.value.index == 1


def test_a_pressure_is_no_month() -> None:
    assert shape_of(["1012.6", "1013.1"], "pressure_hpa") == ""


@pytest.mark.parametrize(
    ("cells", "name", "asked", "shape"),
    [
        (["1", "2"], "level", False, ""),
        (["1", "2"], "step", True, "integer"),
        (["1769839500"], "level", False, ""),
        (["1769839500"], "unix_time", False, "epoch"),
        (["1769839500"], "n", True, "epoch"),
        (["20260131"], "date", False, "compact"),
        (["20261399"], "date", True, "integer"),
        (["1948", "1949"], "year", False, "year"),
        (["1948", "1949"], "n", True, "integer"),
        (["194801", "194802"], "month", False, "yyyymm"),
        (["a", "b"], "time", False, ""),
    ],
)
def test_bare_digits_are_times_only_where_the_name_or_the_user_says_so(
    cells: list[str], name: str, asked: bool, shape: str
) -> None:
    assert shape_of(cells, name, asked) == shape
    if all(cell.isdigit() for cell in cells):
        assert shape_of(np.array(cells, np.float64), name, asked) == shape  # typed columns alike


def test_a_zone_in_one_run_of_rows_and_none_in_the_next_is_refused_by_its_row() -> None:
    with pytest.raises(CellError) as refused:
        joined([read_times(["2026-01-01T00:00Z"] * 3, "ymd"), read_times(["2026-01-01T00:00"], "ymd")])
    assert refused.value.index == 3


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2_000_000_000), st.sampled_from(["EST", "EDT", "UTC", "AEDT", "NST"])), min_size=1
    )
)
def test_letter_codes_of_zones_are_read_row_by_row(rows: list[tuple[int, str]]) -> None:
    offsets = {"EST": -5, "EDT": -4, "UTC": 0, "AEDT": 11, "NST": -3.5}
    cells = [
        f"{np.datetime64(moment // 60 * 60 + int(offsets[zone] * 3600), 's').item():%Y-%m-%d %H:%M} {zone}"
        for moment, zone in rows
    ]
    stamps = read_times(cells, "ymd")
    assert stamps.seconds.tolist() == [moment // 60 * 60 for moment, _ in rows]
    assert {word for _, word in rows} == stamps.words


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dates(min_value=date(1900, 1, 1)), min_size=1, max_size=30))
def test_months_by_name_are_the_dates_they_name(dates: list[date]) -> None:
    for pattern in ("%d-%b-%Y", "%B %d, %Y", "%d %B %Y"):
        cells = [f"{day:{pattern}}" for day in dates]
        assert read_times(cells, "named").seconds.tolist() == [seconds(str(day)) for day in dates]
