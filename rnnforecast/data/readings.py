"""Readings: the rows of one or more tables as numbers, before they stand on a grid.

- A reading keeps its file and line, so that whatever is refused later is named.
- Rows without a time are dropped where they hold nothing, and refused where they hold a value.
- Stacking lays tables under each other (id = file stem where no column tells series apart); joining adds columns that
  match on time, and on id where both have it. A partner that is missing is NaN; a value that is there always wins.
- Series are sorted by id: the order of rows or files changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rnnforecast.data.account import Account
from rnnforecast.data.clock import clock
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.table import CellError, Chunk, Column, Table
from rnnforecast.data.texts import Texts
from rnnforecast.data.times import Stamps, joined, read_times, settle, shape_of
from rnnforecast.data.values import Missing, as_text
from rnnforecast.data.zones import canonical, fixed, local_time, offset_text, to_utc, zone_in_name, zone_of_words
from rnnforecast.errors import DataUnusable

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

DAY = 86_400
LOCAL_DAYS = "days by the local clock"  # why times with offsets are kept as they are written
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

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Readings:
        """Some rows, in the order given."""
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


def collect(table: Table, layout: Layout, columns: tuple[str, ...], tz: str | None) -> tuple[Readings, Layout]:
    """Every row of a table, and the layout with the zone, day order and precision that all rows show.

    `columns` (C,) are read as numbers. Raises DataUnusable with the line of the first fault.
    """
    table = clock(table, layout.time)
    account = Account(table, layout, columns)
    shape = "" if layout.time is None else shape_of(table.peek().columns[layout.time], layout.time, asked=True)
    codes: dict[tuple[str, ...], int] = {}
    parts, stamps, total = [], [], 0
    used = dict.fromkeys([layout.time, *layout.id, *columns, *(flag.column for flag in account.flags)])
    for chunk in table.only(tuple(name for name in used if name is not None)).chunks():
        total += len(chunk)
        try:
            chunk = timed(chunk, layout.time, columns, account.usual)
            values = account.numbers(chunk)
            files = np.zeros(len(chunk), np.int32) if chunk.files is None else chunk.files
            series = files.astype(np.int64) if table.apart and not layout.id else series_codes(chunk, layout.id, codes)
            parts.append((series, values, chunk.line_numbers(), files))
            if layout.time is not None and len(chunk):
                stamps.append(read_times(chunk.columns[layout.time], shape))
        except CellError as bad:
            raise table.refusal(chunk, bad) from None
    if not total:
        raise DataUnusable(f"{table.source}: a header and no rows; expected rows below it")
    series, values, lines, files = (np.concatenate(each) for each in zip(*parts, strict=True))
    found = skipped(table, total - len(series), total)
    sources = tuple((name, table.counted) for name in table.files or (table.source,))
    times, layout = clocked(table, layout, stamps, series, lambda row: place_of(sources, files, lines, row), tz)
    found += account.findings(times, layout)
    found += tuple(Finding("as-read", "note", total, f"{table.source}: {note}") for note in table.about.notes)
    ids = table.files if table.apart and not layout.id else id_texts(codes, table)
    return by_id(Readings(times, series, ids, columns, values, lines, files, sources, found)), layout


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


def clocked(
    table: Table, layout: Layout, stamps: Sequence[Stamps], series: I64, place: Callable[[int], str], tz: str | None
) -> tuple[I64, Layout]:
    """Times (n,) in UTC where a zone is known, and the layout that says so. `place` names a row for people."""
    if layout.time is None:
        return counted_rows(series), layout
    try:
        whole = joined(stamps)
        seconds, dayfirst = settle(whole, table.about.dayfirst if layout.dayfirst is None else layout.dayfirst)
        zone, why = zone_of(whole, table, layout)
        local = seconds + whole.offsets if whole.offsets is not None else local_time(seconds, zone)
        if local_days(local, whole, zone, layout):
            return local, settled(layout, "", whole.stamp, dayfirst, LOCAL_DAYS)
        if whole.stamp != "integer" and whole.offsets is None and not zone:
            zone, why = (canonical(tz), "--tz") if tz else zone_said(table, layout.time or "")
            if zone:
                seconds, lost = to_utc(seconds, zone, lambda rows: second_pass(seconds, series, rows))
                refuse_skipped(lost, zone)
    except CellError as bad:
        raise DataUnusable(f"{place(bad.index)}: {bad}", bad.hint) from None
    shown = canonical(tz) if tz and zone else zone
    return seconds, settled(layout, shown, whole.stamp, dayfirst, "--tz" if tz and zone else why)


def local_days(local: I64, stamps: Stamps, zone: str, layout: Layout) -> bool:
    """Whether rows are days by the local clock: one time of day in every row, under no offset or changing ones.

    Clocks change, days do not: on a grid of UTC such rows would stand an hour off for half the year.
    """
    known = dict(layout.reasons).get("zone")
    if known is not None or stamps.stamp == "integer":
        return known == LOCAL_DAYS
    changing = stamps.offsets is not None and (stamps.offsets != stamps.offsets[0]).any()
    if zone and fixed(zone) is not None and not changing:
        return False
    return bool((local % DAY == local[0] % DAY).all() and len(np.unique(local // DAY)) > 1)


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
        zone = zones.get(layout.time or "", table.zone) if stamps.stamp != "integer" else ""
        return zone, "as the times carry it" if zone else "none given"
    named = zone_of_words(stamps.words)
    if named:
        return named, "/".join(sorted(stamps.words)) + " in the rows"
    first = int(stamps.offsets[0])
    return offset_text(first, "UTC") if (stamps.offsets == first).all() else "UTC", "as the times carry it"


def counted_rows(series: I64) -> I64:
    """Row numbers 0, 1, 2 … within each series, in file order, (n,)."""
    order = np.argsort(series, kind="stable")
    starts = np.searchsorted(series[order], series[order], side="left")
    numbers = np.empty(len(series), np.int64)
    numbers[order] = np.arange(len(series)) - starts
    return numbers


def second_pass(seconds: I64, series: I64, rows: I64) -> I64:
    """For rows of an hour that occurs twice: 1 where the row is the later one of its series, (rows,)."""
    _, same = np.unique(np.stack([series[rows], seconds[rows]]), axis=1, return_inverse=True)
    nth = counted_rows(same.reshape(-1).astype(np.int64))
    total = np.bincount(same.reshape(-1))[same.reshape(-1)]
    newest_first = seconds[0] > seconds[-1]
    return np.minimum(total - 1 - nth if newest_first else nth, 1)


def by_id(readings: Readings) -> Readings:
    """The same rows with ids in order and `series` to match."""
    order = sorted(range(len(readings.ids)), key=lambda i: readings.ids[i])
    if order == [*range(len(order))]:
        return readings
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return replace(readings, ids=tuple(readings.ids[i] for i in order), series=rank[readings.series])


def named_by_file(parts: Sequence[Readings]) -> list[Readings]:
    """One id per file, its stem; the whole path where two files have one stem."""
    names = [name for part in parts for name, _ in part.sources]
    stems = [Path(name).stem for name in names]
    ids = stems if len(set(stems)) == len(stems) else names
    if len(set(ids)) < len(ids):
        raise DataUnusable(f"{max(ids, key=ids.count)}: given twice; expected each file once")
    taken = iter(ids)
    named = [tuple(next(taken) for _ in part.sources) for part in parts]
    return [by_id(replace(part, ids=own, series=part.file.astype(np.int64)))
            for part, own in zip(parts, named, strict=True)]  # fmt: skip


def stack(parts: Sequence[Readings]) -> Readings:
    """All rows under each other; series of one id become one."""
    if len(parts) == 1:
        return parts[0]
    ids = tuple(sorted({name for part in parts for name in part.ids}))
    codes = {name: code for code, name in enumerate(ids)}
    series = [np.array([codes[name] for name in part.ids], np.int64)[part.series] for part in parts]
    shifts = np.cumsum([0, *(len(part.sources) for part in parts[:-1])], dtype=np.int32)
    return Readings(
        np.concatenate([part.times for part in parts]),
        np.concatenate(series),
        ids,
        parts[0].columns,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.lines for part in parts]),
        np.concatenate([part.file + shift for part, shift in zip(parts, shifts, strict=True)]),
        tuple(source for part in parts for source in part.sources),
        tuple(finding for part in parts for finding in part.findings),
    )
