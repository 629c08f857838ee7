"""Laying: readings that stand on their grid become a panel.

- Both builders end here, with arrays in memory or in files: all goes block by block, so the two agree to the last bit.
- The grid ends at the last observed target; later rows are kept only where a known-future column is observed.
- A series without any observed target is dropped and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.holes import fill_short, gaps_found, missing_found
from rnnforecast.data.names import listing
from rnnforecast.data.panel import Panel
from rnnforecast.data.spill import blocks, empty, owned, per_row
from rnnforecast.errors import DataUnusable

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Values at their places, series end to end: series s owns rows offsets[s] to offsets[s + 1]."""

    source: str  # for messages
    ids: tuple[str, ...]
    values: F64  # (rows, C) targets, past and future; NaN where missing
    present: Bool  # (rows,) where a reading stands
    offsets: I64  # (series + 1,)
    start: I64  # (series,) seconds of each first row
    static: F32  # (series, S)
    step: Step
    spilled: bool  # whether the panel's values are to lie in a file, as these do


def panel_of(
    grid: Grid, layout: Layout, flags: DataFlags, base: Mapping[str, F64] | None, findings: list[Finding]
) -> Panel:
    """The panel: holes counted, ends trimmed, silent series dropped."""
    past, future, static_names = (layout.panel_columns(role) for role in ("past", "future", "static"))
    dynamic = layout.target + past + future
    ends, last = ends_of(grid, len(layout.target), len(future))
    series = heard(grid, layout, last, findings)
    findings += gaps_found(grid.present, grid.offsets, last, grid.start, grid.step, layout)
    findings += missing_found(grid.values, grid.present, grid.offsets, last, dynamic)
    fill_short(grid.values, grid.offsets, grid.step, flags.gaps, findings)
    bases = base_of(grid, ends, base)
    offsets = np.r_[0, np.cumsum((ends - grid.offsets[:-1])[series])].astype(np.int64)
    return Panel(
        ids=tuple(grid.ids[s] for s in series.tolist()),
        targets=layout.target,
        past=past,
        future=future,
        values=beside_base(grid, ends, series, bases, int(offsets[-1])),
        base=bases[series],
        offsets=offsets,
        start=grid.start[series],
        cutoff=offsets[:-1] + (last - grid.offsets[:-1])[series],
        static=grid.static[series],
        static_names=static_names,
        step=grid.step,
        zone=layout.zone,
    )


def ends_of(grid: Grid, targets: int, futures: int) -> tuple[I64, I64]:
    """Where each series ends, and its last row with an observed target (-1: none), flat rows, (series,)."""
    last = np.full(len(grid.ids), -1)
    known = last.copy()
    for rows in blocks(len(grid.values)):
        seen = ~np.isnan(grid.values[rows]) & grid.present[rows, None]
        series, begin = owned(grid.offsets, rows)
        number = np.arange(rows.start, rows.stop)
        for column, found in ((seen[:, :targets], last), (seen[:, seen.shape[1] - futures :], known)):
            latest = np.maximum.reduceat(np.where(column.any(axis=1), number, -1), begin)
            found[series] = np.maximum(found[series], latest)
    return np.maximum(last, known) + 1, last


def heard(grid: Grid, layout: Layout, last: I64, findings: list[Finding]) -> I64:
    """The series with an observed target; the others are dropped and named."""
    silent = np.flatnonzero(last < 0)
    if len(silent) == len(last):
        raise DataUnusable(f"{grid.source}: every value of {listing(layout.target)} is missing; expected numbers")
    if len(silent):
        names = listing((grid.ids[s] for s in silent.tolist()), 5)
        text = f"{len(silent)} series without a value of {listing(layout.target)} left out: {names}"
        findings.append(Finding("silent-series", "warning", len(silent), text))
    return np.flatnonzero(last >= 0)


def base_of(grid: Grid, ends: I64, given: Mapping[str, F64] | None) -> F64:
    """The model's base of each series, or the rounded mean of its observed values, (series, columns)."""
    bases = rounded_means(grid, ends)
    for s, identity in enumerate(grid.ids if given is not None else ()):
        if given is not None and identity in given:
            bases[s] = given[identity]
    return bases


def rounded_means(grid: Grid, ends: I64) -> F64:
    """Means, to a power of two below the deviation: a dry hour then comes back as 0 mm and not as -0.000001.

    Sums are of what lies beside each series' first value, so that 1e6 + millimetres keeps its digits.
    """
    count, total, squares, first = np.zeros((4, len(grid.ids), grid.values.shape[1]))
    for series, begin, values in observed(grid, ends):
        fresh = (count[series] == 0) & np.logical_or.reduceat(~np.isnan(values), begin, axis=0)
        first[series] = np.where(fresh, first_values(values, begin), first[series])
        apart = values - per_row(first[series], begin, len(values))
        count[series] += np.add.reduceat(~np.isnan(values), begin, axis=0, dtype=np.int64)
        total[series] += np.add.reduceat(np.nan_to_num(apart), begin, axis=0)
    mean = total / np.maximum(count, 1)
    for series, begin, values in observed(grid, ends):
        apart = values - per_row(first[series] + mean[series], begin, len(values))
        squares[series] += np.add.reduceat(np.nan_to_num(apart) ** 2, begin, axis=0)
    deviation = np.sqrt(squares / np.maximum(count, 1))
    constant = deviation <= np.abs(first + mean) * 1e-15
    unit = 2.0 ** np.floor(np.log2(np.where(constant, 1.0, deviation)))
    return np.where(constant, first, np.rint((first + mean) / unit) * unit)


def observed(grid: Grid, ends: I64) -> Iterator[tuple[I64, I64, F64]]:
    """Blocks of rows: the series in them (k,), where each begins (k,), and the values, NaN where there is none."""
    for rows in blocks(len(grid.values)):
        series, begin = owned(grid.offsets, rows)
        until = per_row(ends[series], begin, rows.stop - rows.start)
        kept = grid.present[rows] & (np.arange(rows.start, rows.stop) < until)
        yield series, begin, np.where(kept[:, None], grid.values[rows], np.nan)


def first_values(values: F64, begin: I64) -> F64:
    """The first observed value of each run of rows, (k, columns); of a run without one, some value."""
    rows = np.arange(len(values))[:, None]
    found = np.minimum.reduceat(np.where(np.isnan(values), len(values) - 1, rows), begin, axis=0)
    return np.take_along_axis(values, found, axis=0)


def beside_base(grid: Grid, ends: I64, series: I64, bases: F64, rows: int) -> F32:
    """The values of the series that are kept, minus their base, (rows, columns)."""
    values = empty((rows, grid.values.shape[1]), np.float32, grid.spilled)
    at = 0
    for s in series.tolist():
        first, end = int(grid.offsets[s]), int(ends[s])
        for part in blocks(end - first):
            own = slice(first + part.start, first + part.stop)
            there = np.where(grid.present[own, None], grid.values[own] - bases[s], np.nan)
            values[at + part.start : at + part.stop] = there
        at += end - first
    return values
