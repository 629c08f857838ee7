"""Joining: columns of another table, matched on time and on id where both have it.

- What the main table holds is never replaced: a joined value fills a cell that is empty.
- Where it has a known-future column, its rows after a series' last row are appended: rain forecast for the hours ahead.
- One time twice in the other table is refused unless the rows are equal.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.findings import Finding
from rnnforecast.data.readings import Readings
from rnnforecast.errors import DataUnusable

I64 = npt.NDArray[np.int64]

SPAN = 1 << 39  # seconds or rows: wider than the years 1 to 9999, so (series, time) fits one integer


def join(main: Readings, other: Readings, by_series: bool, ahead: bool) -> Readings:
    """`main` with the columns of `other` filled in; `ahead`: and with its later rows.

    Raises DataUnusable where no time or series matches, and where one time occurs twice.
    """
    other = without_repeats(other if by_series else replace(other, series=np.zeros(len(other), np.int64)))
    codes = series_in(main, other) if by_series else np.arange(1)
    other = other.take(codes[other.series] >= 0)
    if not len(other):
        raise DataUnusable(f"{other.sources[0][0]}: no series in common with {main.sources[0][0]}; expected equal ids")
    mine = key(main.series if by_series else np.zeros(len(main), np.int64), main.times)
    theirs = key(codes[other.series], other.times)
    order = np.argsort(theirs, kind="stable")
    place = np.minimum(np.searchsorted(theirs[order], mine), len(order) - 1)
    found = theirs[order][place] == mine
    later = rows_after(main, other, codes, by_series) if ahead else []
    if not found.any() and not len(later):
        raise DataUnusable(
            f"{other.sources[0][0]}: no time in common with {main.sources[0][0]}; expected the same times and zone",
            "rnnforecast inspect " + other.sources[0][0],
        )
    filled = fill(main, other, found, order[place])
    return appended(replace(filled, findings=(*main.findings, *other.findings, matched(main, other, found))), later)


def key(series: I64, times: I64) -> I64:
    return series * SPAN + times + SPAN // 4


def series_in(main: Readings, other: Readings) -> I64:
    """The main table's code of each series of `other`, -1 where it has none."""
    codes = {name: code for code, name in enumerate(main.ids)}
    return np.array([codes.get(name, -1) for name in other.ids], np.int64)


def without_repeats(other: Readings) -> Readings:
    """Equal rows once; two different rows of one time are refused."""
    order = np.argsort(key(other.series, other.times), kind="stable")
    rows = other.take(order)
    again = np.flatnonzero(np.diff(key(rows.series, rows.times)) == 0) + 1
    for row in again.tolist():
        if not np.array_equal(rows.values[row], rows.values[row - 1], equal_nan=True):
            raise DataUnusable(
                f"{rows.place(row)}: another row of the time on line {int(rows.lines[row - 1])}; "
                "expected one row per time to join"
            )
    kept = np.ones(len(rows), np.bool_)
    kept[again] = False
    return rows.take(kept)


def fill(main: Readings, other: Readings, found: npt.NDArray[np.bool_], row: I64) -> Readings:
    """Empty cells of `main` from the matching rows of `other`."""
    values = main.values.copy()
    for i, name in enumerate(main.columns):
        if name in other.columns and found.any():
            theirs = np.where(found, other.values[row, other.columns.index(name)], np.nan)
            values[:, i] = np.where(np.isnan(values[:, i]), theirs, values[:, i])
    return replace(main, values=values)


def rows_after(main: Readings, other: Readings, codes: I64, by_series: bool) -> list[Readings]:
    """The rows of `other` after the last row of each series of `main`, in main's columns."""
    last = np.full(len(main.ids), np.iinfo(np.int64).min)
    np.maximum.at(last, main.series, main.times)
    parts = []
    for series in [None] if by_series else range(len(main.ids)):
        code = codes[other.series] if series is None else np.full(len(other), series, np.int64)
        after = other.times > last[code]
        if after.any():
            parts.append(in_columns(replace(other, series=code).take(after), main))
    return parts


def in_columns(rows: Readings, main: Readings) -> Readings:
    """`rows` with the columns of `main`, NaN where they have none."""
    values = np.full((len(rows), len(main.columns)), np.nan)
    for i, name in enumerate(main.columns):
        if name in rows.columns:
            values[:, i] = rows.values[:, rows.columns.index(name)]
    return replace(rows, values=values, columns=main.columns, ids=main.ids)


def appended(main: Readings, parts: list[Readings]) -> Readings:
    every = [main, *parts]
    shift = len(main.sources)
    return replace(
        main,
        times=np.concatenate([part.times for part in every]),
        series=np.concatenate([part.series for part in every]),
        values=np.concatenate([part.values for part in every]),
        lines=np.concatenate([part.lines for part in every]),
        file=np.concatenate([main.file, *(part.file + shift for part in parts)]),
        sources=main.sources + (parts[0].sources if parts else ()),
    )


def matched(main: Readings, other: Readings, found: npt.NDArray[np.bool_]) -> Finding:
    count = int(found.sum())
    text = f"{other.sources[0][0]}: {count} of {len(main)} rows found a row of their time"
    return Finding("joined", "note", count, text)
