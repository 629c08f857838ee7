"""Holes of a grid: rows that the file lacks, cells without a value, and the short ones that a line may fill."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step, length_in_steps, words
from rnnforecast.data.names import shown
from rnnforecast.data.spill import blocks, owned, per_row
from rnnforecast.data.zones import stamp_text
from rnnforecast.errors import UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


def gaps_found(present: Bool, offsets: I64, last: I64, start: I64, step: Step, layout: Layout) -> list[Finding]:
    """Rows that the file lacks: how many, in how many holes, and where the longest is."""
    begin, end = holes_in(present, offsets, last)
    if not len(begin):
        return []
    longest = int(np.argmax(end - begin))
    row = int(begin[longest])
    series = int(np.searchsorted(offsets, row, side="right")) - 1
    when = step.at(start[series], np.array([row - offsets[series]]))
    count = int((end - begin).sum())
    length = words(int((end - begin)[longest]), step)
    gaps = "1 gap" if len(begin) == 1 else f"{len(begin)} gaps"
    text = f"{count} rows missing in {gaps}; the longest is {length} from {stamp_text(when, layout)[0]}"
    return [Finding("gaps", "warning" if count * 20 > len(present) else "note", count, text)]


def holes_in(present: Bool, offsets: I64, last: I64) -> tuple[I64, I64]:
    """Where runs of absent rows begin and end, (holes,), before the row `last` of each series (series,)."""
    edges, before = [], False
    for rows in blocks(len(present)):
        absent = ~present[rows] & (np.arange(rows.start, rows.stop) < limit(last, offsets, rows))
        edges.append(np.flatnonzero(np.diff(np.r_[before, absent])) + rows.start)
        before = bool(absent[-1])
    every = np.concatenate(edges)
    return every[::2], every[1::2]


def limit(last: I64, offsets: I64, rows: slice) -> I64:
    """`last` of the series of each of these rows."""
    series, begin = owned(offsets, rows)
    return per_row(last[series], begin, rows.stop - rows.start)


def missing_found(values: F64, present: Bool, offsets: I64, last: I64, names: tuple[str, ...]) -> list[Finding]:
    """Cells without a value in rows that are there, per column, up to the cutoff."""
    total, missing = 0, np.zeros(len(names), np.int64)
    for rows in blocks(len(present)):
        there = present[rows] & (np.arange(rows.start, rows.stop) <= limit(last, offsets, rows))
        total += int(there.sum())
        missing += np.isnan(values[rows][there]).sum(axis=0)
    return [
        Finding(
            "missing",
            "warning" if n * 5 > total else "note",
            n,
            f"{shown(name)}: {n} of {total} values missing ({n / total:.1%})",
            column=name,
        )
        for name, n in zip(names, missing.tolist(), strict=True)
        if n
    ]


def fill_short(values: F64, offsets: I64, step: Step, gaps: str, findings: list[Finding]) -> None:
    """With `--gaps interpolate:N`: holes of at most N rows inside a series become a straight line, in place."""
    how, _, length = gaps.partition(":")
    if how == "keep" and not length:
        return
    if how != "interpolate" or not length:
        raise UsageError(f"--gaps {gaps!r} is not known; expected keep or interpolate:N", "--gaps interpolate:3")
    most = length_in_steps(length, step)
    series = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    count = sum(fill_column(column, series, most) for column in values.T)
    if count:
        text = f"{count} values filled by a straight line in holes of at most {words(most, step)}"
        findings.append(Finding("interpolated", "warning", count, text))


def fill_column(column: F64, series: I64, most: int) -> int:
    """Fill short holes of one column (rows,) in place; how many cells."""
    known, holes = np.flatnonzero(~np.isnan(column)), np.flatnonzero(np.isnan(column))
    right = np.searchsorted(known, holes)
    inside = (right > 0) & (right < len(known))
    holes, right = holes[inside], right[inside]
    a, b = known[right - 1], known[right]
    short = (series[a] == series[b]) & (b - a - 1 <= most)
    column[holes[short]] = np.interp(holes[short], known, column[known]) if short.any() else 0.0
    return int(short.sum())
