"""Feather and other Arrow IPC files or streams: numbers, times and texts, batch by batch.

- A batch is checked whole before its buffers are read: unlike Parquet, these files carry no checksums.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._arrow import ROWS, chunks_of, columns_in, one_line
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import Chunk, Table
from rnnforecast.errors import DataUnusable

summary = "Feather (Arrow IPC): numbers, timestamps and texts"

FILE, OLD, STREAM = b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"
KIND = "Feather"


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return head.startswith((FILE, OLD, STREAM))


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a Feather file. Raises DataUnusable where it is damaged or has no usable column."""
    with path.open("rb") as file:
        if file.read(len(OLD)) == OLD:
            raise DataUnusable(f"{source}: Feather of version 1; expected version 2", "write it again with pyarrow")
    with opened(path, source) as reader:
        kept, skipped, zones = columns_in(reader.schema, source)
    facts = (("format", "Feather"), ("zones", zones), ("skipped", skipped), ("decimal", "."))
    table = Table(source, kept, partial(batches_of, path, source, kept), next(iter(zones.values()), ""), facts, "row")
    if not kept or not len(table.peek()):
        found = "no rows" if kept else "no column of numbers, times or texts"
        raise DataUnusable(f"{source}: {found}; expected a time column and numbers")
    return table


@contextmanager
def opened(path: Path, source: str) -> Iterator[Any]:
    """A reader of record batches. Whatever pyarrow raises is one line."""
    import pyarrow as pa

    with one_line(source, KIND), pa.OSFile(str(path)) as file:
        yield pa.ipc.open_file(file) if file.read(len(FILE)) == FILE else pa.ipc.open_stream(rewound(file))


def rewound(file: Any) -> Any:
    file.seek(0)
    return file


def batches_of(path: Path, source: str, kept: tuple[str, ...]) -> Iterator[Chunk]:
    with opened(path, source) as reader:
        yield from chunks_of(pieces(reader, kept), source)


def pieces(reader: Any, kept: tuple[str, ...]) -> Iterator[Any]:
    """Checked record batches of the columns that are kept, of at most ROWS rows."""
    count = getattr(reader, "num_record_batches", None)
    batches = iter(reader) if count is None else map(reader.get_batch, range(count))
    for batch in batches:
        some = batch.select(list(kept))
        some.validate(full=True)
        for first in range(0, some.num_rows, ROWS):
            yield some.slice(first, ROWS)
