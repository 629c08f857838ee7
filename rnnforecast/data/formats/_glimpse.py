"""Glimpse: the beginning and the end of a file that is too long to be read for a look at it.

- Of a text the first megabyte and the last 64 kB, each as a table of its own, with the lines above the data before it.
- Of a Parquet file the first rows and the last ones; it says itself how many it has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import table_in
from rnnforecast.data.formats._arrow import ROWS, chunks_of
from rnnforecast.data.formats._packed import temporary
from rnnforecast.data.table import Chunk, Table

LARGE = 64 << 20  # bytes: a longer file is only glimpsed at
HEAD, TAIL = 1 << 20, 1 << 16


@dataclass(frozen=True)
class Glimpse:
    """The first rows of a file, its last rows, and about how many it has."""

    head: Table
    tail: Table
    rows: int


def glimpse(source: str, flags: DataFlags) -> Glimpse | None:
    """None for what is short, no plain file, packed, or no table of lines: that is read as a whole."""
    path = Path(source)
    if not path.is_file() or path.stat().st_size <= LARGE:
        return None
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return of_parquet(path, table_in(path, source, flags))
    return of_lines(path, source, flags) if is_text(path) else None


def is_text(path: Path) -> bool:
    """Whether the beginning is lines of text: neither packed nor one JSON document."""
    with path.open("rb") as file:
        start = file.read(HEAD)
    plain = b"\0" not in start and start.count(b"\n") > 10
    return plain and not start.lstrip().startswith((b"[", b"{\n", b"{\r"))


def of_lines(path: Path, source: str, flags: DataFlags) -> Glimpse:
    with path.open("rb") as file:
        start = whole_lines(file.read(HEAD))
        file.seek(-TAIL, 2)
        end = file.read().partition(b"\n")[2]
    head = table_of(start, source, flags)
    first = int(head.peek().line_numbers()[0])
    above = b"".join(start.splitlines(keepends=True)[: first - 1])
    lines = start.count(b"\n") - first + 1
    rows = round((path.stat().st_size - len(above)) * lines / max(len(start) - len(above), 1))
    return Glimpse(head, table_of(above + end, source, flags), rows)


def whole_lines(text: bytes) -> bytes:
    return text[: text.rfind(b"\n") + 1]


def table_of(text: bytes, source: str, flags: DataFlags) -> Table:
    """A table of some lines, under the name of the file that they are from."""
    file = temporary(source)
    file.write(text)
    file.flush()
    return table_in(Path(file.name), source, flags)


def of_parquet(path: Path, table: Table) -> Glimpse:
    head, tail = (replace(table, chunks=part, some=None, rows=ROWS)
                  for part in (partial(first_of, table), partial(last_of, path, table)))  # fmt: skip
    return Glimpse(head, tail, table.rows)


def first_of(table: Table) -> Iterator[Chunk]:
    return islice(table.chunks(), 1)


def last_of(path: Path, table: Table) -> Iterator[Chunk]:
    """The last rows of the last row group."""
    from rnnforecast.data.formats.parquet import opened

    file = opened(path)
    groups, names = [file.num_row_groups - 1], list(table.names)
    batches = file.iter_batches(ROWS, row_groups=groups, columns=names, use_threads=False)
    yield from deque(chunks_of(batches, table.source), maxlen=1)
