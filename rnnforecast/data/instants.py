"""Instants: from times as they are written to seconds in UTC, or to local ones where no zone is known or wanted.

- All goes block by block and in place: the rows may lie in files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.spill import blocks, empty
from rnnforecast.data.table import CellError, Table
from rnnforecast.data.times import Runs, Stamps, settle
from rnnforecast.data.zones import canonical, fixed, local_time, offset_text, to_utc, zone_in_name, zone_of_words
from rnnforecast.errors import DataUnusable

I64 = npt.NDArray[np.int64]

DAY = 86_400
LOCAL_DAYS = "days by the local clock"  # why times with offsets are kept as they are written


def clocked(
    table: Table, layout: Layout, runs: Runs, series: I64, place: Callable[[int], str], tz: str | None
) -> tuple[I64, Layout]:
    """Times (n,) in UTC where a zone is known, and the layout that says so. `place` names a row for people."""
    if layout.time is None:
        return counted_rows(series, runs.seconds.spilled), layout
    try:
        whole = runs.whole()
        seconds, dayfirst = settle(whole, table.about.dayfirst if layout.dayfirst is None else layout.dayfirst)
        zone, why = zone_of(whole, table, layout)
        if local_days(seconds, whole, zone, layout):
            for rows in blocks(len(seconds)):
                seconds[rows] = by_local_clock(seconds, whole, zone, rows)
            return seconds, settled(layout, "", whole.stamp, dayfirst, LOCAL_DAYS)
        if whole.stamp != "integer" and whole.offsets is None and not zone:
            zone, why = (canonical(tz), "--tz") if tz else zone_said(table, layout.time or "")
            if zone:
                _, lost = to_utc(seconds, zone, lambda rows: second_pass(seconds, series, rows), out=seconds)
                refuse_skipped(lost, zone)
    except CellError as bad:
        raise DataUnusable(f"{place(bad.index)}: {bad}", bad.hint) from None
    shown = canonical(tz) if tz and zone else zone
    return seconds, settled(layout, shown, whole.stamp, dayfirst, "--tz" if tz and zone else why)


def by_local_clock(seconds: I64, stamps: Stamps, zone: str, rows: slice) -> I64:
    """What the clocks on the wall showed in some rows."""
    return local_time(seconds[rows], zone) if stamps.offsets is None else seconds[rows] + stamps.offsets[rows]


def local_days(seconds: I64, stamps: Stamps, zone: str, layout: Layout) -> bool:
    """Whether rows are days by the local clock: one time of day in every row, under no offset or changing ones.

    Clocks change, days do not: on a grid of UTC such rows would stand an hour off for half the year.
    """
    known = dict(layout.reasons).get("zone")
    if known is not None or stamps.stamp == "integer":
        return known == LOCAL_DAYS
    changing = stamps.offsets is not None and not is_constant(stamps.offsets)
    if zone and fixed(zone) is not None and not changing:
        return False
    first = int(by_local_clock(seconds, stamps, zone, slice(0, 1))[0])
    several = False
    for rows in blocks(len(seconds)):
        apart = by_local_clock(seconds, stamps, zone, rows) - first
        if (apart % DAY != 0).any():
            return False
        several = several or bool((apart != 0).any())
    return several


def is_constant(values: I64) -> bool:
    return all((values[rows] == values[0]).all() for rows in blocks(len(values)))


def zone_said(table: Table, time: str) -> tuple[str, str]:
    """The zone that the file's head or the name of the time column tells, and why; "" where none does."""
    if table.about.zone:
        return canonical(table.about.zone), f"as in {table.about.title}"
    zone = zone_in_name(time)
    return zone, "the column's name" if zone else "none given"


def refuse_skipped(rows: I64, tz: str) -> None:
    if len(rows):
        raise CellError(
            int(rows[0]),
            f"an hour that {tz} skips in spring",
            "the clock of that zone",
            "--tz +01:00, with the offset of the gauge's winter time, if it keeps that all year",
        )


def settled(layout: Layout, zone: str, stamp: str, dayfirst: bool | None, why: str) -> Layout:
    reasons = (*(reason for reason in layout.reasons if reason[0] != "zone"), ("zone", why))
    return replace(layout, zone=zone, stamp=stamp, dayfirst=dayfirst, reasons=reasons)


def zone_of(stamps: Stamps, table: Table, layout: Layout) -> tuple[str, str]:
    """The zone that the times carry, and why: one offset in every row, a pair such as EST and EDT, else UTC."""
    if stamps.offsets is None:
        zones: dict[str, str] = table.fact("zones", {})
        zone = (zones.get(layout.time or "", "") if zones else table.zone) if stamps.stamp != "integer" else ""
        return zone, "as the times carry it" if zone else "none given"
    named = zone_of_words(stamps.words)
    if named:
        return named, "/".join(sorted(stamps.words)) + " in the rows"
    first = int(stamps.offsets[0])
    return offset_text(first, "UTC") if is_constant(stamps.offsets) else "UTC", "as the times carry it"


def counted_rows(series: I64, spilled: bool = False) -> I64:
    """Row numbers 0, 1, 2 … within each series, in file order, (n,)."""
    numbers = empty(series.shape, np.int64, spilled)
    met = np.zeros(int(series.max(initial=-1)) + 1, np.int64)
    for rows in blocks(len(series)):
        own = series[rows]
        order = np.argsort(own, kind="stable")
        starts = np.searchsorted(own[order], own[order], side="left")
        numbers[rows][order] = np.arange(len(own)) - starts + met[own[order]]
        met += np.bincount(own, minlength=len(met))
    return numbers


def second_pass(seconds: I64, series: I64, rows: I64) -> I64:
    """For rows of an hour that occurs twice: 1 from where the clock of their series goes back in it, (rows,).

    `seconds` are local. A series is read in the direction in which it runs, newest first or last.
    """
    first, last = (np.zeros(int(series.max()) + 1, np.int64) for _ in range(2))
    first[series[::-1]], last[series] = seconds[::-1], seconds  # of several the one written last stays
    owner, local = series[rows], seconds[rows]
    forward = np.where((first > last)[owner], -1, 1) * np.arange(len(rows))
    order = np.lexsort((forward, local // DAY, owner))
    day, clock = (owner * (1 << 40) + local // DAY)[order], local[order]
    begins = np.r_[True, day[1:] != day[:-1]]
    back = np.r_[False, clock[1:] <= clock[:-1]] & ~begins
    turns = np.cumsum(back)
    passes = np.empty(len(rows), np.int64)
    passes[order] = turns > turns[np.flatnonzero(begins)[np.cumsum(begins) - 1]]
    return passes
