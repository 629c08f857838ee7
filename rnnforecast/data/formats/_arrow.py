"""Arrow arrays to columns of a Table. Shared by the formats that pyarrow reads; not a format itself.

- Buffers are read by hand: pyarrow's own conversions (`to_numpy`, `read_table`, lists of timestamps) import pandas,
  which a forecast must not pay for.
- Times are whole seconds between the years 1 and 9999. Others become text: refused by their row where they are the
  time, harmless in a column that is not used.
- Nested, binary and decimal columns are no columns: skipped unless a flag names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import CellError, Chunk, Column
from rnnforecast.data.texts import stripped
from rnnforecast.data.zones import canonical
from rnnforecast.errors import DataUnusable, UsageError

ROWS = 50_000
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
TEXTS = ("string", "large_string", "string_view")
FIRST, LAST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999


@contextmanager
def one_line(source: str, kind: str) -> Iterator[None]:
    """Whatever pyarrow raises over a damaged file, as one line."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, MemoryError, NotImplementedError) as error:
        # ArrowInvalid is a ValueError, ArrowMemoryError a MemoryError, ArrowNotImplementedError and so on likewise.
        why = next(iter(str(error).strip().splitlines()), "too large for the memory")[:160]
        raise DataUnusable(f"{source}: damaged, encrypted or unusual {kind} file ({why})") from None


def usable(kind: Any) -> bool:
    """Whether a column of this Arrow type can be numbers, times or texts."""
    text = str(kind)
    if text.startswith("dictionary"):
        return usable(kind.value_type)
    numeric = text in ("bool", "halffloat", "float", "double") or text.rstrip("0123456789") in ("int", "uint")
    return numeric or text.startswith(("timestamp", "date32", "date64")) or text in TEXTS


def zone_of(kind: Any) -> str:
    """The zone of a timestamp type as this program writes it; "" where naive."""
    try:
        return canonical(kind.tz) if kind.tz else ""
    except UsageError:
        return "UTC"  # an unknown name: the instants are UTC all the same


Schema = tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]


def columns_in(schema: Any, source: str) -> Schema:
    """The names that are columns, those that are not, and the zone of each column of times. Raises DataUnusable."""
    if len(set(schema.names)) < len(schema.names):
        raise DataUnusable(f"{source}: two columns of one name; expected different names")
    kept = tuple(field.name for field in schema if usable(field.type))
    skipped = tuple(name for name in schema.names if name not in kept)
    return kept, skipped, {f.name: zone_of(f.type) for f in schema if str(f.type).startswith("timestamp")}


def chunks_of(batches: Iterable[Any], source: str) -> Iterator[Chunk]:
    """Record batches as chunks. Raises DataUnusable with the row of the first fault."""
    first = 1
    for batch in batches:
        if not batch.num_rows:
            continue
        columns = {}
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            try:
                columns[name] = column_of(values)
            except CellError as bad:
                raise DataUnusable(f"{source} row {first + bad.index}: column {name!r} holds {bad}") from None
        yield Chunk(columns, first)
        first += batch.num_rows


def column_of(values: Any) -> Column:
    """One Arrow array as text, float64 or datetime64[s]. Raises CellError."""
    kind = str(values.type)
    if kind.startswith("dictionary"):
        return by_index(values)
    if kind in TEXTS:
        return texts(values)
    present = present_rows(values)
    if kind.startswith(("timestamp", "date")):
        return times(values, kind, present)
    numbers = booleans(values) if kind == "bool" else fixed_width(values, numpy_name(kind))
    if numbers.dtype.kind in "iu" and (np.abs(numbers[present].astype(np.float64)) >= 2**53).any():
        # ids that float64 cannot tell apart stay text
        return [str(v) if p else "" for v, p in zip(numbers.tolist(), present.tolist(), strict=True)]
    return np.where(present, numbers.astype(np.float64), np.nan)


def numpy_name(kind: str) -> str:
    return {"halffloat": "float16", "float": "float32", "double": "float64"}.get(kind, kind)


def by_index(values: Any) -> Column:
    """A dictionary-encoded array: its words, looked up row by row."""
    words = column_of(values.dictionary)
    present = present_rows(values)
    index = np.where(present, fixed_width(values.indices, numpy_name(str(values.indices.type))), 0).astype(np.int64)
    if (index < 0).any() or (len(words) and index.max() >= len(words)):
        raise CellError(0, "a word that its dictionary lacks", "a whole file")
    if not isinstance(words, np.ndarray):
        return texts(values.dictionary.cast("string").take(values.indices))  # views cannot be decoded at once
    nothing = np.datetime64("NaT", "s") if words.dtype.kind == "M" else np.nan
    looked_up = words[index] if len(words) else np.full(len(index), nothing, words.dtype)
    return np.where(present, looked_up, nothing)


def texts(values: Any) -> Column:
    """Cells of text. What a damaged file says of their places is checked before anything follows it."""
    values.validate(full=True)
    return stripped(values if str(values.type) == "string" else values.cast("string"))


def present_rows(values: Any) -> npt.NDArray[np.bool_]:
    """Which rows are not null, from the validity bitmap."""
    bitmap = values.buffers()[0]
    if bitmap is None or values.null_count == 0:
        return np.ones(len(values), np.bool_)
    return bits(bitmap, values)


def bits(bitmap: Any, values: Any) -> npt.NDArray[np.bool_]:
    unpacked = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    return unpacked[values.offset : values.offset + len(values)].astype(np.bool_)


def booleans(values: Any) -> npt.NDArray[Any]:
    return bits(values.buffers()[1], values).astype(np.float64)


def fixed_width(values: Any, dtype: str) -> npt.NDArray[Any]:
    """The data buffer of an array of fixed width, (rows,); nulls hold anything."""
    if not len(values):
        return np.array([], dtype)
    return np.frombuffer(values.buffers()[1], dtype)[values.offset : values.offset + len(values)]


def times(values: Any, kind: str, present: npt.NDArray[np.bool_]) -> Column:
    """Whole seconds, NaT where null; as text where one is finer or beyond the calendar, so that using it is refused."""
    if kind.startswith("date32"):
        seconds = fixed_width(values, "int32").astype(np.int64) * 86_400
        unit, part = "s", np.zeros(len(values), np.int64)
    else:
        unit = "ms" if kind.startswith("date64") else values.type.unit
        seconds, part = np.divmod(fixed_width(values, "int64"), PER_SECOND[unit])
    if (present & ((part != 0) | (seconds < FIRST) | (seconds > LAST))).any():
        written = np.datetime_as_string((seconds * PER_SECOND[unit] + part).astype(f"datetime64[{unit}]"))
        return [str(text) if there else "" for text, there in zip(written, present.tolist(), strict=True)]
    return np.where(present, seconds, np.iinfo(np.int64).min).astype("datetime64[s]")
