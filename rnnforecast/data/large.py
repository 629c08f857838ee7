"""Large: the second builder of a panel, for rows that lie in files. Memory grows with the series, not with the rows.

- Passes over the rows as they come: how far each series reaches, which step they have, then each row to its place on a
  grid in a file, with a bitmap of the places that are taken. Nothing is sorted; rows in any order cost the same.
- The step is inferred from ENOUGH rows and then checked on all: a row between two steps is refused by its line.
- What is done and said is what `quality` does and says, and a test holds the two to one panel. What needs all rows of
  a series at once is refused by name: see `sizes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.absurd import DROWNING, drowned, drowning, refuse_absurd
from rnnforecast.data.coding import expanded
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.grid import choose_step, endless, is_endless, nearest_phase, placed, refuse_between
from rnnforecast.data.laying import Grid, panel_of
from rnnforecast.data.panel import Panel
from rnnforecast.data.quality import (
    Bounds,
    bounds_of,
    constants,
    disorder,
    jitter,
    left_out,
    repeats,
    treated_as_missing,
    without,
    without_repeats,
)
from rnnforecast.data.readings import Readings
from rnnforecast.data.spill import blocks, empty

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

ENOUGH = 1 << 18  # rows that show the step
NEVER, ALWAYS = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def regularise(
    readings: Readings,
    layout: Layout,
    flags: DataFlags,
    step: Step | None = None,
    base: Mapping[str, F64] | None = None,
) -> tuple[Panel, list[Finding]]:
    """The panel of readings that lie in files, and what was found or done: as `quality.regularise`."""
    refuse_absurd(readings)
    rows = Rows(readings, layout, bounds_of(layout, flags))
    extent, said = extent_of(rows)
    findings = [*readings.findings, *said]
    rows, extent = compacted(rows, extent)
    step = choose_step(sample(rows, extent), layout, flags, step)
    start = starts(rows, extent, step)
    lengths = placed(extent.last, start, step)[0] + 1
    refuse_far(rows, extent, lengths)
    scatter = Scatter(rows, step, start, np.r_[0, np.cumsum(lengths)], flags.duplicates)
    for part in rows.parts():
        scatter.add(part)
    scatter.refuse_drowning()
    findings += repeats(scatter.repeated, scatter.alike, flags.duplicates)
    findings += jitter(scatter.moved, scatter.furthest, step)
    static = constants(rows.parts(), rows.ids, layout.panel_columns("static"), rows.source)
    ground = (scatter.values, scatter.present, scatter.offsets)
    grid = Grid(rows.source, rows.ids, *ground, start, static, step, spilled=True)
    return panel_of(grid, layout, flags, base, findings), findings


@dataclass(frozen=True)
class Rows:
    """Readings in files, and which of them count."""

    readings: Readings
    layout: Layout
    bounds: Bounds

    @property
    def ids(self) -> tuple[str, ...]:
        return self.readings.ids

    @property
    def source(self) -> str:
        return self.readings.sources[0][0]

    def within(self) -> Iterator[Readings]:
        """The rows from --start to --end, block by block."""
        for rows in blocks(len(self.readings)):
            part = self.readings.take(rows)
            kept = self.bounds.kept(part.times)
            if kept.any():
                yield part if kept.all() else part.take(kept)

    def parts(self) -> Iterator[Readings]:
        """The same with excluded spans missing, in the panel's columns."""
        for part in self.within():
            seen = without(part, self.bounds.excluded(part.times), self.layout)
            yield expanded(seen, self.layout.codings)


@dataclass(frozen=True)
class Extent:
    """Of each series, (series,): its rows, its first and last time, and the mean of its times."""

    count: I64
    first: I64
    last: I64
    mean: F64


def extent_of(rows: Rows) -> tuple[Extent, list[Finding]]:
    """How far the series reach, and what is said of rows out of bounds or out of order."""
    S = len(rows.ids)
    count, first, last, latest = np.zeros(S, np.int64), np.full(S, ALWAYS), np.full(S, NEVER), np.full(S, NEVER)
    total, back, excluded = np.zeros(S), 0, 0
    for part in rows.within():
        order = np.argsort(part.series, kind="stable")
        series, times = part.series[order], part.times[order]
        begin = np.flatnonzero(np.r_[True, np.diff(series) != 0])
        own, ends = series[begin], np.r_[begin[1:], len(series)]
        before = np.r_[NEVER, times[:-1]]
        before[begin] = latest[own]
        back += int((times < before).sum())
        latest[own] = times[ends - 1]
        count[own] += ends - begin
        first[own] = np.minimum(first[own], np.minimum.reduceat(times, begin))
        last[own] = np.maximum(last[own], np.maximum.reduceat(times, begin))
        total[own] += np.add.reduceat(times.astype(np.float64), begin)
        excluded += int(rows.bounds.excluded(times).sum())
    kept = int(count.sum())
    said = left_out(len(rows.readings) - kept, len(rows.readings), rows.readings) + treated_as_missing(excluded)
    said += disorder(back, kept - int((count > 0).sum()))
    return Extent(count, first, last, total / np.maximum(count, 1)), said


def compacted(rows: Rows, extent: Extent) -> tuple[Rows, Extent]:
    """Without the series that have no row."""
    alive = extent.count > 0
    if alive.all():
        return rows, extent
    rank = np.cumsum(alive) - 1
    for part in blocks(len(rows.readings)):
        rows.readings.series[part] = rank[rows.readings.series[part]]
    ids = tuple(rows.ids[s] for s in np.flatnonzero(alive).tolist())
    kept = Extent(extent.count[alive], extent.first[alive], extent.last[alive], extent.mean[alive])
    return replace(rows, readings=replace(rows.readings, ids=ids)), kept


def sample(rows: Rows, extent: Extent) -> Readings:
    """Times of ENOUGH rows in order, each once: whole series, and of a long one the first stretch."""
    chosen = np.cumsum(extent.count) - extent.count < ENOUGH
    share = np.minimum(ENOUGH / extent.count, 1.0)
    until = np.where(share < 1, extent.first + ((extent.last - extent.first) * share).astype(np.int64), extent.last)
    found = [np.zeros((2, 0), np.int64)]
    for part in rows.within():
        taken = chosen[part.series] & (part.times <= until[part.series])
        found.append(np.stack([part.series[taken], part.times[taken]]))
    series, times = np.concatenate(found, axis=1)
    order = np.lexsort((times, series))
    series, times = series[order], times[order]
    once = np.r_[True, (np.diff(series) != 0) | (np.diff(times) != 0)]
    nothing = np.zeros(int(once.sum()), np.int64)
    return replace(
        rows.readings, times=times[once], series=series[once], columns=(), values=np.zeros((len(nothing), 0)),
        lines=nothing, file=nothing.astype(np.int32),
    )  # fmt: skip


def starts(rows: Rows, extent: Extent, step: Step) -> I64:
    """Where each series' grid begins, (series,): so that it goes through the most frequent phase of its rows."""
    if step.unit == "month":
        return step.at(extent.first, np.zeros_like(extent.first))
    on, keys, counts = np.zeros(len(rows.ids), np.int64), [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in rows.within():
        off = (part.times - extent.first[part.series]) % step.count
        on += np.bincount(part.series[off == 0], minlength=len(on))
        if (off != 0).any():
            found, times = np.unique((part.series * step.count + off)[off != 0], return_counts=True)
            keys.append(found)
            counts.append(times)
    every, place = np.unique(np.concatenate(keys), return_inverse=True)
    often = np.bincount(place, np.concatenate(counts), len(every)).astype(np.int64)
    start, series = extent.first.copy(), every // step.count
    for s in np.flatnonzero(np.bincount(series)).tolist():
        own = np.flatnonzero(series == s)
        best = own[np.argmax(often[own])]
        start[s] += nearest_phase(int(every[best] % step.count), step) if often[best] > on[s] else 0
    return start


def refuse_far(rows: Rows, extent: Extent, lengths: I64) -> None:
    """Refuse a grid that is much longer than its rows, naming the row that makes it so."""
    if not is_endless(int(lengths.sum()), int(extent.count.sum())):
        return
    s = int(np.argmax(lengths))
    early = extent.mean[s] - extent.first[s] > extent.last[s] - extent.mean[s]
    time = extent.first[s] if early else extent.last[s]
    for part in rows.within():
        for row in np.flatnonzero((part.series == s) & (part.times == time))[:1].tolist():
            raise endless(part, row, int(lengths.sum()), int(extent.count.sum()), rows.layout)


class Scatter:
    """The grid, and what was met while rows were put on it."""

    def __init__(self, rows: Rows, step: Step, start: I64, offsets: I64, how: str) -> None:
        self.rows, self.step, self.start, self.offsets, self.how = rows, step, start, offsets, how
        layout, total = rows.layout, int(offsets[-1])
        self.names = layout.target + layout.panel_columns("past") + layout.panel_columns("future")
        self.values = empty((total, len(self.names)), np.float64, True)
        self.present = empty((total,), np.bool_, True)
        self.largest = np.zeros(len(self.names))
        self.repeated, self.alike, self.moved, self.furthest = 0, True, 0, 0

    def places(self, part: Readings) -> tuple[I64, I64]:
        """The flat row of each reading, and how far from it its time is; (rows,) each."""
        index, off = placed(part.times, self.start[part.series], self.step)
        return self.offsets[part.series] + index, off

    def add(self, part: Readings) -> None:
        """Put readings on their places. Raises DataUnusable for one between two steps and for two that differ."""
        flat, off = self.places(part)
        refuse_between(part, off, self.step, self.rows.layout)
        self.furthest = max(self.furthest, int(np.abs(off).max()))
        values = part.values[:, [part.columns.index(name) for name in self.names]]
        self.largest = np.maximum(self.largest, np.abs(np.nan_to_num(values)).max(axis=0))
        if (np.diff(flat) > 0).all() and not self.present[flat].any():
            self.values[flat], self.present[flat] = values, True
            self.moved += int((off != 0).sum())
        else:
            self.moved += int((off[self.add_repeats(part, flat, values)] != 0).sum())

    def add_repeats(self, part: Readings, flat: I64, values: F64) -> I64:
        """The same where places may be met again, in these rows or in earlier ones; the rows that met none."""
        order = np.argsort(flat, kind="stable")
        new = np.r_[True, np.diff(flat[order]) != 0]
        first, again = order[new], order[~new]
        taken = first[self.present[flat[first]]]
        self.compare(part, again, values[again], values[first[np.cumsum(new) - 1][~new]])
        self.compare(part, taken, values[taken], self.values[flat[taken]])
        self.repeated += len(again) + len(taken)
        fresh = first[~self.present[flat[first]]]
        put = order[np.r_[new[1:], True]] if self.how == "last" else fresh
        self.values[flat[put]], self.present[flat[put]] = values[put], True
        return fresh

    def compare(self, part: Readings, rows: I64, values: F64, others: F64) -> None:
        """Whether rows that were met before say the same. Raises DataUnusable where not, and no flag settles it."""
        differ = ~((values == others) | (np.isnan(values) & np.isnan(others))).all(axis=1)
        self.alike = self.alike and not differ.any()
        if self.how == "error" and differ.any():
            row = part.take(rows[differ].min().reshape(1))
            pair = both(self.first_at(int(self.places(row)[0][0])), row)
            at = self.start[pair.series] + 0 * pair.times  # two rows that jitter moved to one place
            place = placed(pair.times, at, self.step)[0]
            without_repeats(replace(pair, times=self.step.at(at, place)), self.rows.layout, "error", [])

    def first_at(self, place: int) -> Readings:
        """The first reading that has this place."""
        for part in self.rows.parts():
            found = np.flatnonzero(self.places(part)[0] == place)
            if len(found):
                return part.take(found[:1])
        raise LookupError(place)

    def refuse_drowning(self) -> None:
        """As `absurd.refuse_drowning`, on the grid."""
        for i in np.flatnonzero(self.largest > DROWNING).tolist():
            for s in range(len(self.rows.ids)):
                own = slice(int(self.offsets[s]), int(self.offsets[s + 1]))
                seen = np.flatnonzero(self.present[own] & ~np.isnan(self.values[own, i]))
                row = drowning(self.values[own, i][seen])
                if row is not None:
                    reading = self.first_at(own.start + int(seen[row]))
                    raise drowned(reading, 0, reading.columns.index(self.names[i]))


def both(a: Readings, b: Readings) -> Readings:
    """Two readings under each other."""
    return replace(
        a,
        times=np.concatenate([a.times, b.times]),
        series=np.concatenate([a.series, b.series]),
        values=np.concatenate([a.values, b.values]),
        lines=np.concatenate([a.lines, b.lines]),
        file=np.concatenate([a.file, b.file]),
    )
