"""JSON lines: one flat object per line, numbers as numbers, null or an absent name as missing.

- The first chunk settles the names; a name first met below it is refused, since the rows above would lack it.
- Lists and objects are no columns: skipped unless a flag names them.
- Where a signature unfolds lines, each of them is a whole series; it is told the number of the line as «line».
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._json import LINES, NOT_JSON, column_of, kind_of, unfolded, value_of, why
from rnnforecast.data.formats._text import ROWS, encoding_of, guarded, held, rows_about
from rnnforecast.data.signatures import PLAIN, Signature, as_written
from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.errors import DataUnusable

summary = "JSON lines: one object per line"

I64 = npt.NDArray[np.int64]
Row = dict[str, Any]

HEAD = 65_536  # characters that a signature learns from


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return kind_of(head) == LINES


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:
    """The table of a JSON-lines file. Raises DataUnusable with the line of the first fault."""
    encoding = encoding_of(path, source, endless=signature.unfold is not None)
    with path.open(encoding=encoding) as file, as_written(source, signature):
        about = signature.told(file.read(HEAD))
    facts: tuple[tuple[str, Any], ...] = (("format", signature.title or "JSON lines"), ("decimal", "."))
    if signature.unfold:
        series = partial(series_of, path, source, encoding, flags, signature)
        names = tuple(next(guarded(source, series)(), Chunk({}, 0)).columns)
        return held(Table(source, names, guarded(source, series), facts=facts, about=about), path)
    names, nested = names_in(path, source, encoding)
    kept = tuple(name for name in names if name not in nested)
    if not kept:
        raise DataUnusable(f"{source} line 1: no name with a number or a text; expected one flat object per line")
    chunks = guarded(source, partial(chunks_of, path, source, encoding, names, kept))
    facts = (*facts, ("skipped", tuple(sorted(nested))))
    return held(Table(source, kept, chunks, facts=facts, about=about, rows=rows_about(path)), path)


def names_in(path: Path, source: str, encoding: str) -> tuple[tuple[str, ...], set[str]]:
    """The names that the first rows have, and those of them that hold a list or an object."""
    first = next(guarded_rows(path, source, encoding), ([], 1))[0]
    names = tuple(dict.fromkeys(name for _, row in first for name in row))
    return names, {name for _, row in first for name, value in row.items() if isinstance(value, (dict, list))}


def guarded_rows(path: Path, source: str, encoding: str) -> Iterator[tuple[list[tuple[int, Row]], int]]:
    """Runs of (line, object), blank lines left out."""
    with path.open(encoding=encoding) as file:
        filled = ((number, text) for number, text in enumerate(file, 1) if text.strip())
        while run := [(number, parsed(text, f"{source} line {number}")) for number, text in islice(filled, ROWS)]:
            yield run, run[0][0]


def parsed(text: str, place: str) -> Row:
    """The object of one line. Raises DataUnusable."""
    try:
        value = value_of(text)
    except NOT_JSON as error:
        raise DataUnusable(f"{place}: not a JSON object ({why(error)}); expected one object per line") from None
    if not isinstance(value, dict):
        raise DataUnusable(f"{place}: not a JSON object; expected one object per line")
    return value


def chunks_of(path: Path, source: str, encoding: str, names: tuple[str, ...], kept: tuple[str, ...]) -> Iterator[Chunk]:
    known = set(names)
    for run, line in guarded_rows(path, source, encoding):
        for number, row in run:
            refuse_late(row.keys() - known, f"{source} line {number}")
        lines = np.array([number for number, _ in run], np.int64)
        columns = {name: flat_column([row.get(name) for _, row in run], lines, name, source) for name in kept}
        yield Chunk(columns, line, lines)


def refuse_late(extra: set[str], place: str) -> None:
    if extra:
        raise DataUnusable(f"{place}: {min(extra)!r} is not in the rows above; expected one set of names")


def flat_column(values: list[Any], lines: I64, name: str, source: str) -> Column:
    for value, line in zip(values, lines.tolist(), strict=True):
        if isinstance(value, (dict, list)):
            raise DataUnusable(f"{source} line {line}: {name!r} is a list or an object; expected a number or a text")
    return column_of(values)


def series_of(path: Path, source: str, encoding: str, flags: DataFlags, signature: Signature) -> Iterator[Chunk]:
    """The rows of each line's series. A name that the first line lacks is refused; one absent below is missing."""
    names: tuple[str, ...] = ()
    with path.open(encoding=encoding) as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            place = f"{source} line {number}"
            row = {"line": number, **parsed(text, place)}
            with as_written(place, signature):
                series = unfolded(row, flags, signature)
            names = names or tuple(series)
            refuse_late(series.keys() - {*names}, place)
            rows = len(next(iter(series.values())))
            if rows:
                columns = {name: column_of(series.get(name, [None] * rows)) for name in names}
                yield Chunk(columns, number, np.full(rows, number))
