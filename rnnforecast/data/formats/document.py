"""One JSON document: rows as an array of objects, or columns as an object of equally long arrays, wherever they stand.

- A signature says where in the document its series are; without one there must be exactly one table in it.
- The document is read whole, so a very large one is refused. Lists and objects inside rows are no columns.
- NaN is missing. A name absent from some rows is missing there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._json import DOCUMENT, NOT_JSON, column_of, kind_of, unfolded, value_of, why
from rnnforecast.data.formats._text import ROWS, encoding_of
from rnnforecast.data.signatures import PLAIN, Columns, Signature, as_written
from rnnforecast.data.signatures._rows import by_name
from rnnforecast.data.table import About, Chunk, Column, Table
from rnnforecast.errors import DataUnusable

summary = "JSON: one document with an array of objects, or an object of arrays"

LIMIT = 512 << 20  # bytes of a document
EXPECTED = "expected one array of objects, or one object of equally long arrays"


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return kind_of(head) == DOCUMENT


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:
    """The table of a JSON document. Raises DataUnusable where it is damaged, too large or holds no one table."""
    try:
        document = whole(path, source)
        columns, about, skipped = columns_in(document, source, flags, signature)
        typed = {name: column_of(values) for name, values in columns.items()}
    except RecursionError:
        raise DataUnusable(f"{source} line 1 or below: JSON nested too deep; {EXPECTED}") from None
    except MemoryError:
        raise DataUnusable(f"{source}: too large for the memory; expected a smaller file") from None
    if not any(map(len, typed.values())):
        raise DataUnusable(f"{source}: JSON without a row of data; expected rows")
    facts = (("format", signature.title or "JSON document"), ("skipped", skipped), ("decimal", "."))
    return Table(source, tuple(typed), partial(chunks_of, typed), facts=facts, counted="row", about=about)


def whole(path: Path, source: str) -> Any:
    """The parsed document. Raises DataUnusable with the line of the first fault."""
    size = path.stat().st_size
    if size > LIMIT:
        raise DataUnusable(
            f"{source}: a JSON document of {size >> 20} MB, which is read whole; expected at most {LIMIT >> 20} MB",
            f"convert it to lines first: jq -c '.[]' {source} > rows.jsonl",
        )
    text = path.read_text(encoding=encoding_of(path, source, endless=True))
    try:
        return value_of(text)
    except json.JSONDecodeError as error:
        place = f"{source} line {error.lineno}"
        raise DataUnusable(f"{place}: not JSON ({why(error)}, at character {error.colno}); {EXPECTED}") from None
    except NOT_JSON as error:
        raise DataUnusable(f"{source} line 1 or below: not JSON ({why(error)}); {EXPECTED}") from None


def columns_in(
    document: Any, source: str, flags: DataFlags, signature: Signature
) -> tuple[Columns, About, tuple[str, ...]]:
    """The columns of a document, what it tells of them, and the names that are no columns."""
    if signature.unfold:
        with as_written(source, signature):
            return unfolded(document, flags, signature), signature.told(document), ()
    columns = one_table(document, source)
    nested = {name for name, values in columns.items() if any(isinstance(v, (dict, list)) for v in values)}
    flat = {name: values for name, values in columns.items() if name not in nested}
    return flat, signature.told(document), tuple(sorted(nested))


def one_table(document: Any, source: str) -> Columns:
    """The columns of the one table in a document. Raises DataUnusable where there is none, or several."""
    tables = tables_in(document)
    if len(tables) == 1:
        table = next(iter(tables.values()))
        return table if isinstance(table, dict) else by_name(table)
    places = [path or "." for path in tables]
    what = f"JSON with {len(places)} tables, at {', '.join(places[:5])}" if places else "JSON without a table"
    raise DataUnusable(
        f"{source}: {what}; {EXPECTED}",
        f"jq -c '{places[0]}[]' {source} | rnnforecast ... -" if places else "",
    )


def tables_in(value: Any, path: str = "") -> dict[str, Any]:
    """Every table in a document by where it stands: an array of objects, or an object of equally long arrays."""
    if isinstance(value, list):
        return {path: value} if value and all(isinstance(row, dict) for row in value) else {}
    if not isinstance(value, dict):
        return {}
    arrays = {name: inner for name, inner in value.items() if is_series(inner)}
    tables = {path: arrays} if len(arrays) > 1 and len(set(map(len, arrays.values()))) == 1 else {}
    for name, inner in value.items():
        tables |= tables_in(inner, f"{path}.{name}")
    return tables


def is_series(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and not any(isinstance(each, (dict, list)) for each in value)


def chunks_of(columns: dict[str, Column]) -> Iterator[Chunk]:
    rows = len(next(iter(columns.values())))
    for first in range(0, rows, ROWS):
        yield Chunk({name: column[first : first + ROWS] for name, column in columns.items()}, first + 1)
