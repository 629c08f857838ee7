"""JSON: values out of text, and columns out of values. Shared by the JSON formats; not a format itself.

- A name that occurs twice in an object is refused: one of the two values would be lost.
- A column is numbers where every value is one, and text otherwise; whole numbers beyond 2^53 stay text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.table import Column

NOT_JSON = (ValueError, RecursionError)  # what `value_of` raises
DOCUMENT, LINES = "document", "lines"


def value_of(text: str) -> Any:
    """The value of a JSON text; NaN is taken as Python takes it. Raises NOT_JSON."""
    return json.loads(text, object_pairs_hook=unique)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a name occurs twice")
    return row


def why(error: Exception) -> str:
    """What is wrong with a text, in a few words."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error).split(":")[0] or "not JSON"


def kind_of(head: bytes) -> str:
    """Whether a file that starts with `head` is one JSON document, JSON lines, or "", neither.

    Lines hold one object each; an object that is alone on its line and holds a list is a document.
    """
    text = head.decode("utf-8-sig", "replace").lstrip()
    if re.match(r"\[\s*[\[{\]]", text):
        return DOCUMENT
    if not text.startswith("{"):
        return ""
    first, _, below = text.partition("\n")
    try:
        value = value_of(first)
        return DOCUMENT if not below.strip() and has_list(value) else LINES
    except RecursionError:
        return DOCUMENT
    except NOT_JSON:
        return LINES if first.rstrip().endswith("}") and "\n" in text else DOCUMENT


def has_list(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else ()
    return isinstance(value, list) or any(map(has_list, inner))


def is_number(value: Any) -> bool:
    """A number that float64 holds exactly enough, or null."""
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) <= 2**53)


def column_of(values: list[Any] | Column) -> Column:
    """Numbers with NaN for null, or texts with "" for null; what is a column already stays."""
    if isinstance(values, np.ndarray):
        return values
    if all(map(is_number, values)):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    return ["" if value is None else value.strip() if isinstance(value, str) else str(value) for value in values]


def unfolded(value: Any, flags: DataFlags, signature: Signature) -> Columns:
    """The columns that a signature finds in a value, within `as_written`."""
    columns = signature.unfold(value, flags) if signature.unfold else {}
    if len(set(map(len, columns.values()))) != 1:
        raise ValueError("columns of different lengths")
    return columns
