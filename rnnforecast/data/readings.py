"""Readings: the rows of one or more tables as numbers, before they stand on a grid.

- A reading keeps its file and line, so that whatever is refused later is named.
- Rows without a time are dropped where they hold nothing, and refused where they hold a value.
- Stacking lays tables under each other (id = file stem where no column tells series apart); joining adds columns that
  match on time, and on id where both have it. A partner that is missing is NaN; a value that is there always wins.
- Series are sorted by id: the order of rows or files changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnforecast.data.account import Account
from rnnforecast.data.clock import clock
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.instants import clocked
from rnnforecast.data.spill import Array, Heap, blocks
from rnnforecast.data.table import CellError, Chunk, Column, Table
from rnnforecast.data.texts import Texts
from rnnforecast.data.times import Runs, read_times, shape_of
from rnnforecast.data.values import Missing, as_text
from rnnforecast.errors import DataUnusable

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

SINGLE = "series"  # the id of a series that has none


@dataclass(frozen=True)
class Readings:
    """n rows of C columns. `file` says which of `sources` (name, "line" or "row") a row's `line` counts in."""

    times: I64  # (n,) seconds, UTC where the layout has a zone; row numbers where it has no times
    series: I64  # (n,) index into ids
    ids: tuple[str, ...]
    columns: tuple[str, ...]
    values: F64  # (n, C)
    lines: I64  # (n,)
    file: I32  # (n,)
    sources: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def place(self, row: int) -> str:
        return place_of(self.sources, self.file, self.lines, row)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Readings:
        """Some rows, in the order given; a slice shares the memory of these."""
        return replace(
            self,
            times=self.times[rows],
            series=self.series[rows],
            values=self.values[rows],
            lines=self.lines[rows],
            file=self.file[rows],
        )

    def compact(self) -> Readings:
        """Without the series that have no row."""
        alive = np.bincount(self.series, minlength=len(self.ids)) > 0
        if alive.all():
            return self
        ids = tuple(self.ids[s] for s in np.flatnonzero(alive).tolist())
        return replace(self, ids=ids, series=(np.cumsum(alive) - 1)[self.series])


def collect(
    table: Table, layout: Layout, columns: tuple[str, ...], tz: str | None, spilled: bool = False
) -> tuple[Readings, Layout]:
    """Every row of a table, and the layout with the zone, day order and precision that all rows show.

    `columns` (C,) are read as numbers; `spilled`: the rows are kept in files. Raises DataUnusable with the line of the
    first fault.
    """
    table = clock(table, layout.time)
    rows = Collector(table, layout, columns, spilled)
    for chunk in table.only(rows.used()).chunks():
        try:
            rows.add(chunk)
        except CellError as bad:
            raise table.refusal(chunk, bad) from None
    return rows.whole(tz)


class Collector:
    """The rows of a table, gathered chunk by chunk, in memory or in files."""

    def __init__(self, table: Table, layout: Layout, columns: tuple[str, ...], spilled: bool) -> None:
        self.table, self.layout, self.columns = table, layout, columns
        self.by_file = table.apart and not layout.id
        self.account = Account(table, layout, columns)
        first = table.peek().columns
        self.shape = "" if layout.time is None else shape_of(first[layout.time], layout.time, asked=True)
        self.codes: dict[tuple[str, ...], int] = {}
        self.heaps, self.runs = [Heap(spilled) for _ in range(4)], Runs(spilled)
        self.total = 0

    def used(self) -> tuple[str, ...]:
        """The columns that are read."""
        flags = (flag.column for flag in self.account.flags)
        names = dict.fromkeys([self.layout.time, *self.layout.id, *self.columns, *flags])
        return tuple(name for name in names if name is not None)

    def add(self, chunk: Chunk) -> None:
        """Raises CellError and DataUnusable for the first fault of the chunk."""
        time = self.layout.time
        self.total += len(chunk)
        chunk = timed(chunk, time, self.columns, self.account.usual)
        values = self.account.numbers(chunk)
        files = np.zeros(len(chunk), np.int32) if chunk.files is None else chunk.files
        series = files.astype(np.int64) if self.by_file else series_codes(chunk, self.layout.id, self.codes)
        add_to(self.heaps, series, values, chunk.line_numbers(), files)
        if time is not None and len(chunk):
            self.runs.add(read_times(chunk.columns[time], self.shape))

    def whole(self, tz: str | None) -> tuple[Readings, Layout]:
        """All rows, and the layout that they show. Raises DataUnusable where there are none, and for their times."""
        table, total = self.table, self.total
        if not total:
            raise DataUnusable(f"{table.source}: a header and no rows; expected rows below it")
        series, values, lines, files = (heap.whole() for heap in self.heaps)
        found = skipped(table, total - len(series), total)
        sources = tuple((name, table.counted) for name in table.files or (table.source,))
        place = partial(place_of, sources, files, lines)
        times, layout = clocked(table, self.layout, self.runs, series, place, tz)
        found += self.account.findings(times, layout)
        found += tuple(Finding("as-read", "note", total, f"{table.source}: {note}") for note in table.about.notes)
        ids = table.files if self.by_file else id_texts(self.codes, table)
        return by_id(Readings(times, series, ids, self.columns, values, lines, files, sources, found)), layout


def add_to(heaps: Sequence[Heap], *pieces: Array) -> None:
    for heap, piece in zip(heaps, pieces, strict=True):
        heap.add(piece)


def place_of(sources: Sequence[tuple[str, str]], files: I32, lines: I64, row: int) -> str:
    """«gauge.csv line 57» of a row."""
    source, counted = sources[int(files[row])]
    return f"{source} {counted} {int(lines[row])}"


def skipped(table: Table, empty: int, total: int) -> tuple[Finding, ...]:
    """What is said of rows without time and value. Raises DataUnusable where all are."""
    if empty == total:
        raise DataUnusable(f"{table.source}: no row with a time; expected rows below the header")
    if not empty:
        return ()
    return (Finding("empty-rows", "note", empty, f"{table.source}: {empty} rows with neither time nor value left out"),)


def timed(chunk: Chunk, time: str | None, columns: tuple[str, ...], missing: Missing) -> Chunk:
    """The rows of a chunk that have a time. Raises CellError for a value without one."""
    if time is None:
        return chunk
    bare = no_time(chunk.columns[time])
    if not bare.any():
        return chunk
    for row in np.flatnonzero(bare).tolist():
        if any(as_text(chunk.columns[name][row : row + 1])[0] not in missing.words for name in columns):
            raise CellError(row, "a value without a time", f"a time in column {time!r}")
    kept = np.flatnonzero(~bare)
    columns_kept = {name: chosen(column, kept) for name, column in chunk.columns.items()}
    files = None if chunk.files is None else chunk.files[kept]
    return Chunk(columns_kept, chunk.line, chunk.line_numbers()[kept], files)


def chosen(column: Column, rows: I64) -> Column:
    if isinstance(column, Texts):
        return column.take(rows)
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]


def no_time(column: Column) -> npt.NDArray[np.bool_]:
    if isinstance(column, np.ndarray):
        return np.isnat(column) if column.dtype.kind == "M" else np.isnan(column)
    if isinstance(column, Texts):
        return np.equal(column.widths, 0)
    return np.array([cell == "" for cell in column], np.bool_) if "" in column else np.zeros(len(column), np.bool_)


def series_codes(chunk: Chunk, ids: tuple[str, ...], codes: dict[tuple[str, ...], int]) -> I64:
    """The code of each row's series, (rows,); new ones are added to `codes`. Raises CellError for an empty id."""
    if not ids:
        codes.setdefault((), 0)
        return np.zeros(len(chunk), np.int64)
    for name in ids:
        if (empty := no_text(chunk.columns[name])) is not None:
            raise CellError(empty, f"an empty id in column {name!r}", "the name of a series")
    first = chunk.columns[ids[0]]
    if len(ids) == 1 and isinstance(first, Texts):
        places, words = first.coded()
        return np.array([codes.setdefault((word,), len(codes)) for word in words], np.int64)[places]
    cells = [as_text(chunk.columns[name]) for name in ids]
    return np.array([codes.setdefault(key, len(codes)) for key in zip(*cells, strict=True)], np.int64)


def no_text(column: Column) -> int | None:
    """The first row that is empty as text, None where none is."""
    if isinstance(column, Texts):
        return int(np.argmax(column.widths == 0)) if "" in column else None
    cells = as_text(column)
    return cells.index("") if "" in cells else None


def id_texts(codes: dict[tuple[str, ...], int], table: Table) -> tuple[str, ...]:
    ids = tuple("/".join(key) if key else SINGLE for key in codes)
    if len(set(ids)) < len(ids):
        raise DataUnusable(
            f"{table.source}: two series would both be named {max(ids, key=ids.count)!r}; "
            "expected id columns that differ without their /"
        )
    return ids


def by_id(readings: Readings) -> Readings:
    """The same rows with ids in order and `series` to match, in place."""
    order = sorted(range(len(readings.ids)), key=lambda i: readings.ids[i])
    if order == [*range(len(order))]:
        return readings
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    for rows in blocks(len(readings)):
        readings.series[rows] = rank[readings.series[rows]]
    return replace(readings, ids=tuple(readings.ids[i] for i in order))


def named_by_file(parts: Sequence[Readings]) -> list[Readings]:
    """One id per file, its stem; the whole path where two files have one stem."""
    names = [name for part in parts for name, _ in part.sources]
    stems = [Path(name).stem for name in names]
    ids = stems if len(set(stems)) == len(stems) else names
    if len(set(ids)) < len(ids):
        raise DataUnusable(f"{max(ids, key=ids.count)}: given twice; expected each file once")
    by_name = dict(zip(names, ids, strict=True))
    result = []
    for part in parts:
        own = part.ids if len(part.sources) > 1 else (part.sources[0][0],)
        result.append(by_id(replace(part, ids=tuple(by_name.get(name, name) for name in own))))
    return result


def stack(parts: Sequence[Readings], spilled: bool = False) -> Readings:
    """All rows under each other; series of one id become one."""
    if len(parts) == 1:
        return parts[0]
    ids = tuple(sorted({name for part in parts for name in part.ids}))
    codes = {name: code for code, name in enumerate(ids)}
    heaps, shift = [Heap(spilled) for _ in range(5)], 0
    for part in parts:
        rank = np.array([codes[name] for name in part.ids], np.int64)
        for rows in blocks(len(part)):
            own = part.take(rows)
            add_to(heaps, own.times, rank[own.series], own.values, own.lines, own.file + np.int32(shift))
        shift += len(part.sources)
    times, series, values, lines, files = (heap.whole() for heap in heaps)
    sources = tuple(source for part in parts for source in part.sources)
    findings = tuple(finding for part in parts for finding in part.findings)
    return Readings(times, series, ids, parts[0].columns, values, lines, files, sources, findings)
