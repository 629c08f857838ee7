"""Zones: there and back, the hour that comes twice, the hour that never comes, and times as they were written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout
from rnnforecast.data.reading import load
from rnnforecast.data.times import parse_times
from rnnforecast.data.zones import canonical, fixed, offsets_at, stamp_text, to_utc, zone_in_name
from rnnforecast.errors import UsageError
from tests.data.writing import loaded, write_csv

LAYOUT = Layout("time", ("y",), (), (), (), (), (), ("",), "", "minute", None, (), ".", ())


def first_pass(rows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.zeros(len(rows), np.int64)


@pytest.mark.parametrize(
    ("given_zone", "stored"),
    [
        ("UTC", "UTC"),
        ("Z", "UTC"),
        ("gmt", "UTC"),
        ("+1", "+01:00"),
        ("+01:00", "+01:00"),
        ("UTC-0330", "-03:30"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("PST", "-08:00"),
        ("cet", "+01:00"),
    ],
)
def test_a_zone_is_stored_in_one_way(given_zone: str, stored: str) -> None:
    assert canonical(given_zone) == stored


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "CEST?"])
def test_an_unknown_zone_is_a_usage_error(zone: str) -> None:
    with pytest.raises(UsageError, match="unknown zone"):
        canonical(zone)


ZONES = st.sampled_from(["UTC", "+05:30", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2_000_000_000), ZONES)
def test_utc_to_local_and_back_is_the_same_moment(moment: int, zone: str) -> None:
    utc = np.array([moment])
    local = utc + offsets_at(utc, zone)
    passes = [to_utc(local, zone, lambda rows, nth=nth: np.full(len(rows), nth))[0][0] for nth in (0, 1)]
    assert moment in passes
    assert len(to_utc(local, zone, first_pass)[1]) == 0  # a clock that was shown exists


def test_the_hour_that_a_zone_skips_is_named() -> None:
    local, _ = parse_times(["2026-03-29 01:30", "2026-03-29 02:30", "2026-03-29 03:30"])
    assert to_utc(local, "Europe/Berlin", first_pass)[1].tolist() == [1]


@pytest.mark.parametrize(
    ("zone", "stamp", "text"),
    [
        ("", "date", "2026-07-01"),
        ("", "minute", "2026-07-01T00:00"),
        ("", "second", "2026-07-01T00:00:00"),
        ("UTC", "minute", "2026-07-01T00:00Z"),
        ("+01:00", "minute", "2026-07-01T01:00+01:00"),
        ("Europe/Berlin", "minute", "2026-07-01T02:00+02:00"),
        ("America/St_Johns", "second", "2026-06-30T21:30:00-02:30"),
    ],
)
def test_times_are_written_as_the_input_wrote_them(zone: str, stamp: str, text: str) -> None:
    moment = np.array([np.datetime64("2026-07-01", "s").astype(np.int64)])
    assert stamp_text(moment, replace(LAYOUT, zone=zone, stamp=stamp)) == [text]


def test_row_numbers_are_digits() -> None:
    assert stamp_text(np.array([7]), replace(LAYOUT, stamp="integer")) == ["7"]


def test_a_time_finer_than_the_input_wrote_is_not_cut() -> None:
    assert stamp_text(np.array([3661]), replace(LAYOUT, stamp="date")) == ["1970-01-01T01:01:01"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=5), ZONES)
def test_what_is_written_reads_back_as_the_same_moment(moments: list[int], zone: str) -> None:
    text = stamp_text(np.array(moments), replace(LAYOUT, zone=zone, stamp="second"))
    assert parse_times(text)[0].tolist() == moments


def test_data_flags_have_no_zone_unless_one_is_given() -> None:
    assert DataFlags().tz is None


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("time_utc", "UTC"), ("Time (GMT)", "UTC"), ("Date/Time (UTC+1)", "+01:00"), ("UTC", ""), ("outcome", ""),
        ("time", ""), ("time_gmt_read", "UTC"), ("Time (UTC -5)", "-05:00"), ("Date and Time (GMT - 05:30)", "-05:30"),
        ("Local time (UTC offset -5)", ""), ("time_utc_offset_removed", ""), ("Date Time, GMT -0500", "-05:00"),
         ("time_MET", ""),
    ],
)  # fmt: skip
def test_the_name_of_a_column_may_tell_its_zone(name: str, zone: str) -> None:
    assert zone_in_name(name) == zone


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=20), ZONES)
def test_offsets_asked_by_the_day_are_those_asked_one_by_one(moments: list[int], zone: str) -> None:
    found = offsets_at(np.array(moments), zone).tolist()
    for moment, offset in zip(moments, found, strict=True):
        if fixed(zone) is None:
            local = datetime.fromtimestamp(moment // 900 * 900, ZoneInfo(zone))
            assert offset == local.utcoffset().total_seconds()  # type: ignore[union-attr]
        else:
            assert offset == fixed(zone)


@pytest.mark.parametrize(
    ("write", "zone"),
    [
        (lambda day, summer: f"{day}T00:00:00{'+02:00' if summer else '+01:00'}", ""),
        (lambda day, summer: f"{day}T00:00", ""),  # noqa: ARG005
        (lambda day, summer: f"{day}T00:00Z", "UTC"),  # noqa: ARG005
        (lambda day, summer: f"{day}", ""),  # noqa: ARG005
    ],
)
def test_days_by_the_local_clock_stay_days_when_clocks_change(
    write: Callable[[object, bool], str], zone: str, tmp_path: Path
) -> None:
    days = [date(2026, 3, 20) + timedelta(days=i) for i in range(20)]
    rows = [(write(day, day > date(2026, 3, 29)), i) for i, day in enumerate(days)]
    result = loaded(write_csv(tmp_path / "gauge.csv", ("time", "y"), rows), tz=None if zone else "Europe/Berlin")
    assert result.panel.step.text() == "1 day"
    assert result.findings == []
    assert result.layout.zone == zone
    stamps = stamp_text(result.panel.times(np.arange(20)), result.layout)
    assert [stamp[:10] for stamp in stamps] == [str(day) for day in days]
    again = load([str(tmp_path / "gauge.csv")], DataFlags(), known=result.layout, step=result.panel.step)
    assert again.panel.start.tolist() == result.panel.start.tolist()


@given(
    st.lists(st.integers(-(2**31), 2**32), min_size=1, max_size=20),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]),
)
@settings(deadline=None)
def test_local_times_become_utc_by_the_day_as_they_do_one_by_one(clocks: list[int], zone: str) -> None:
    local = np.array(clocks) // 900 * 900
    first, lost = to_utc(local.copy(), zone, first_pass)
    for row, (clock, utc) in enumerate(zip(local.tolist(), first.tolist(), strict=True)):
        moment = datetime(1970, 1, 1) + timedelta(seconds=clock)
        early, late = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
        assert early is not None
        assert late is not None
        assert (row in lost) == (early < late)
        assert utc == clock - round(early.total_seconds())


def autumn(*skipped: int) -> list[tuple[str, int]]:
    """Local quarter hours around 2024-10-27 in Berlin, valued by their place in time, some left out."""
    moments = np.datetime64("2024-10-26T23:00", "s") + np.arange(24) * np.timedelta64(900, "s")
    utc = moments.astype(np.int64)
    local = (utc + offsets_at(utc, "Europe/Berlin")).astype("datetime64[s]")
    return [(str(t)[:16], i) for i, t in enumerate(local) if i not in skipped]


@pytest.mark.parametrize("skipped", [(), (6,), (10,), (5, 6), (4, 12)])
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_hour_that_comes_twice_goes_by_order_also_where_it_has_holes(
    skipped: tuple[int, ...], newest_first: bool, tmp_path: Path
) -> None:
    rows = autumn(*skipped)
    ordered = list(reversed(rows)) if newest_first else rows
    stacked = [(*row, "a") for row in ordered] + [(f"2023{t[4:]}", i, "b") for t, i in ordered if "T02" not in t]
    path = write_csv(tmp_path / "gauge.csv", ("time", "y", "id"), stacked)
    panel = loaded(path, tz="Europe/Berlin", id=("id",)).panel
    seen = panel.values[: panel.offsets[1], 0] + panel.base[0, 0]
    expected = [np.nan if i in skipped else float(i) for i in range(24)]
    np.testing.assert_array_equal(seen, expected)
