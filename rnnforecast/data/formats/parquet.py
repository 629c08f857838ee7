"""Parquet: numbers, times and texts, row group by row group, with page checksums verified.

- int96 is read at microseconds, where it cannot wrap. What columns become is told in `_arrow`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._arrow import ROWS, chunks_of, columns_in, one_line
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import Chunk, Table
from rnnforecast.errors import DataUnusable

BUFFER = 1 << 16  # bytes of a column that are read at a time: a row group may be larger than the memory
CELLS, FEWEST = 200_000, 1000  # of a chunk, and rows of it however many columns there are

summary = "Parquet: numbers, timestamps and texts"


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return head.startswith((b"PAR1", b"PARE"))


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a Parquet file. Raises DataUnusable where it is damaged, encrypted or has no usable column."""
    with one_line(source, "Parquet"):
        file = opened(path)
        rows = file.metadata.num_rows
        kept, skipped, zones = columns_in(file.schema_arrow, source)
    if not kept or not rows:
        found = "no rows" if kept else "no column of numbers, times or texts"
        raise DataUnusable(f"{source}: {found}; expected a time column and numbers")
    facts = (("format", "Parquet"), ("zones", zones), ("skipped", skipped), ("decimal", "."))
    some = partial(batches_of, path, source)
    zone = next(iter(zones.values()), "")
    return Table(source, kept, partial(some, kept), zone, facts, counted="row", some=some, rows=rows)


def opened(path: Path) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(
        path, page_checksum_verification=True, coerce_int96_timestamp_unit="us", pre_buffer=False, buffer_size=BUFFER
    )


def batches_of(path: Path, source: str, names: tuple[str, ...]) -> Iterator[Chunk]:
    rows = min(ROWS, max(FEWEST, CELLS // max(len(names), 1)))
    with one_line(source, "Parquet"):
        yield from chunks_of(opened(path).iter_batches(rows, columns=list(names), use_threads=False), source)
