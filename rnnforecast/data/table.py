"""Table: what a reader hands over. Names and columns as they stand in the file, values untouched, in chunks.

- A parser of cells knows no file: it raises CellError with the index of the cell, and whoever holds the Chunk adds
  file and line (`Table.refusal`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.texts import Texts
from rnnforecast.errors import DataUnusable

# Text as written (CSV, JSON strings), or a typed array: float64 with NaN for null, or datetime64[s] with NaT.
Column = list[str] | Texts | npt.NDArray[np.float64] | npt.NDArray[np.datetime64]


class CellError(Exception):
    """The cell at `index` of a column is not what it should be; never leaves the data room."""

    def __init__(self, index: int, found: str, expected: str, hint: str = "") -> None:
        super().__init__(f"{found}; expected {expected}")
        self.index, self.hint = index, hint


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table: columns by name, all of one length; `line` is the file line of the first row."""

    columns: dict[str, Column]
    line: int
    lines: npt.NDArray[np.int64] | None = None  # line of each row, where blank or quoted lines break the count
    files: npt.NDArray[np.int32] | None = None  # which of the table's files each row is from, where it has several

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def line_numbers(self) -> npt.NDArray[np.int64]:
        """The file line of each row, (rows,)."""
        return np.arange(self.line, self.line + len(self), dtype=np.int64) if self.lines is None else self.lines


@dataclass(frozen=True)
class Flagged:
    """A column of quality codes beside the values it speaks of."""

    column: str
    of: tuple[str, ...]  # the value columns
    bad: tuple[str, ...] = ()  # codes that make a value missing
    provisional: tuple[str, ...] = ()  # codes of values that the agency may still change
    estimated: tuple[str, ...] = ()  # codes of values that the agency filled in: interpolated, estimated


@dataclass(frozen=True)
class About:
    """What a file, or the agency that wrote it, says of its columns: hints for `columns.find`; any flag wins."""

    title: str = ""  # «USGS RDB»
    station: str = ""  # «01646500 POTOMAC RIVER NEAR WASH, DC», for people
    time: str = ""  # the time column; several that make it up are joined by " + " (see `clock`)
    id: tuple[str, ...] = ()
    target: tuple[str, ...] = ()  # the first of these that is there and observed is the target
    aside: tuple[str, ...] = ()  # regular expressions of names that are never the target
    units: tuple[tuple[str, str], ...] = ()  # (column, unit as written)
    titles: tuple[tuple[str, str], ...] = ()  # (column, «Gage height, feet»)
    zone: str = ""  # of times that carry none: UTC, +01:00, PST, Europe/Berlin
    dayfirst: bool | None = None  # how 03/04/2026 is meant, where the agency always writes it so
    missing: tuple[str, ...] = ()  # further words and codes that mean missing, in every column
    column_missing: tuple[tuple[str, tuple[str, ...]], ...] = ()  # and in one: ("WDIR", ("999",))
    flags: tuple[Flagged, ...] = ()
    notes: tuple[str, ...] = ()  # what was done to the values while they were read: «times lose their 0.225 s»


@dataclass(frozen=True)
class Mould:
    """How the rows of other files of text are read that start with the same bytes."""

    head: bytes
    line: int  # of the first row
    columns: Callable[[bytes, tuple[str, ...]], dict[str, Column] | None]  # of those rows; None where it is not sure


@dataclass(frozen=True)
class Table:
    """A file, a pipe or a frame as columns. `chunks()` may be called again: what came by a pipe is spooled."""

    source: str  # for messages: the path as given, "stdin", or "DataFrame"
    names: tuple[str, ...]
    chunks: Callable[[], Iterator[Chunk]]
    zone: str = ""  # zone of typed times that carry one (Parquet, pandas): "UTC", "Europe/Berlin"; "" = naive
    facts: tuple[tuple[str, Any], ...] = ()  # what the reader saw: ("format", "CSV"), ("separator", ";")
    counted: str = "line"  # what Chunk.line counts: "line" of a text file, "row" where there are no lines
    about: About = About()
    some: Callable[[tuple[str, ...]], Iterator[Chunk]] | None = None  # chunks of some columns, the others left unread
    mould: Callable[[], Mould] | None = None
    rows: int = 0  # about how many there are, where there may be many
    files: tuple[str, ...] = ()  # the sources, where the table is several files end to end
    apart: bool = False  # each file is a series, where no column tells series apart

    def only(self, names: tuple[str, ...]) -> Table:
        """The same rows with some of the columns."""
        if self.some is not None:
            return replace(self, names=names, chunks=partial(self.some, names))

        def chunks() -> Iterator[Chunk]:
            for chunk in self.chunks():
                yield replace(chunk, columns={name: chunk.columns[name] for name in names})

        return replace(self, names=names, chunks=chunks)

    def peek(self) -> Chunk:
        """The first rows, text as lists; an empty chunk where there are none."""
        return self.first

    @cached_property
    def first(self) -> Chunk:
        """What `peek` gives, read once."""
        chunk = next(self.chunks(), Chunk({name: [] for name in self.names}, 0))
        return replace(chunk, columns={n: c.tolist() if isinstance(c, Texts) else c for n, c in chunk.columns.items()})

    def fact(self, name: str, otherwise: Any = None) -> Any:
        """What the reader saw under `name`."""
        return dict(self.facts).get(name, otherwise)

    def place(self, line: int) -> str:
        """«gauge.csv line 57», for messages."""
        return f"{self.source} {self.counted} {line}"

    def refusal(self, chunk: Chunk, bad: CellError) -> DataUnusable:
        """The error that a bad cell of `chunk` is to the user."""
        return DataUnusable(f"{self.spot(chunk, bad.index)}: {bad}", bad.hint)

    def spot(self, chunk: Chunk, row: int) -> str:
        """«gauge.csv line 57» of a row of a chunk."""
        source = self.source if chunk.files is None else self.files[int(chunk.files[row])]
        return f"{source} {self.counted} {int(chunk.line_numbers()[row])}"
