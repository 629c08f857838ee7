"""JSON lines: one flat object per line, numbers as numbers, null or an absent name as missing.

- The first chunk settles the names; a name first met below it is refused, since the rows above would lack it.
- A column is numbers where every value of a chunk is one, and text otherwise; whole numbers beyond 2^53 stay text.
- Lists and objects are no columns: skipped unless a flag names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._text import ROWS, encoding_of, guarded, held
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.errors import DataUnusable

summary = "JSON lines: one object per line"

I64 = npt.NDArray[np.int64]
Row = dict[str, Any]


def recognises(head: bytes, name: str) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") or (name.endswith((".jsonl", ".ndjson", ".json")) and start.startswith(b"["))


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a JSON-lines file. Raises DataUnusable with the line of the first fault."""
    encoding = encoding_of(path, source)
    first = next(guarded_rows(path, source, encoding), ([], 1))[0]
    names = tuple(dict.fromkeys(name for _, row in first for name in row))
    nested = {name for _, row in first for name, value in row.items() if isinstance(value, (dict, list))}
    kept = tuple(name for name in names if name not in nested)
    if not kept:
        raise DataUnusable(f"{source} line 1: no name with a number or a text; expected one flat object per line")
    facts = (("format", "JSON lines"), ("skipped", tuple(sorted(nested))), ("decimal", "."))
    chunks = guarded(source, partial(chunks_of, path, source, encoding, names, kept))
    return held(Table(source, kept, chunks, facts=facts), path)


def guarded_rows(path: Path, source: str, encoding: str) -> Iterator[tuple[list[tuple[int, Row]], int]]:
    """Runs of (line, object), blank lines left out."""
    with path.open(encoding=encoding) as file:
        filled = ((number, text) for number, text in enumerate(file, 1) if text.strip())
        while run := [(number, parsed(text, f"{source} line {number}")) for number, text in islice(filled, ROWS)]:
            yield run, run[0][0]


def parsed(text: str, place: str) -> Row:
    """The object of one line. Raises DataUnusable."""
    try:
        value = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        why = str(error).split(":")[0] or "not JSON"
        raise DataUnusable(
            f"{place}: not a JSON object ({why}); expected one object per line", "jq -c '.[]' FILE | rnnforecast ... -"
        ) from None
    if not isinstance(value, dict):
        raise DataUnusable(
            f"{place}: not a JSON object; expected one object per line", "jq -c '.[]' FILE | rnnforecast ... -"
        )
    return value


def unique(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a name occurs twice")
    return row


def chunks_of(path: Path, source: str, encoding: str, names: tuple[str, ...], kept: tuple[str, ...]) -> Iterator[Chunk]:
    known = set(names)
    for run, line in guarded_rows(path, source, encoding):
        for number, row in run:
            if not row.keys() <= known:
                extra = next(name for name in row if name not in known)
                place = f"{source} line {number}"
                raise DataUnusable(f"{place}: {extra!r} is not in the rows above; expected one set of names")
        lines = np.array([number for number, _ in run], np.int64)
        columns = {name: column_of([row.get(name) for _, row in run], lines, name, source) for name in kept}
        yield Chunk(columns, line, lines)


def is_number(value: Any) -> bool:
    """A number that float64 holds exactly enough, or null."""
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) <= 2**53)


def column_of(values: list[Any], lines: I64, name: str, source: str) -> Column:
    for value, line in zip(values, lines.tolist(), strict=True):
        if isinstance(value, (dict, list)):
            raise DataUnusable(f"{source} line {line}: {name!r} is a list or an object; expected a number or a text")
    if all(map(is_number, values)):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    return ["" if value is None else value.strip() if isinstance(value, str) else str(value) for value in values]
