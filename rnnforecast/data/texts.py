"""Texts: a column of text as Arrow holds it, one run of bytes and where each cell starts in it.

- Cells become numbers, times or str only where they are used: a str for each cell of a big file would take a minute.
- Cells are stripped and never null: to every reader it is the same as a list of str, which a test shows.
- Arrow reads a cell as a number only where float() would read the same one; all other cells are `odd`, left to the
  caller and his rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]

PLAIN = b"0123456789+-eE"  # beside the decimal mark: all that a plain number is written with
BLANK = bytes(range(33)) + bytes(range(127, 256))  # what str.strip() may take off, and every byte that is not ASCII
SPACES = bytes(range(9, 14)) + b" "  # what Arrow strips


class Texts(Sequence[str]):
    """The cells (rows,) of an Arrow string array without nulls."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        part = self.array[index]
        return part.to_pylist() if isinstance(index, slice) else part.as_py()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __contains__(self, cell: object) -> bool:
        return bool((self.widths == 0).any()) if cell == "" else cell in self.tolist()

    def tolist(self) -> list[str]:
        return self.array.to_pylist()  # type: ignore[no-any-return]

    def take(self, rows: I64) -> Texts:
        """Some rows, in the order given."""
        import pyarrow as pa

        indices = pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))])
        return Texts(self.array.take(indices))

    @cached_property
    def starts(self) -> npt.NDArray[np.int32]:
        """Where each cell starts in `data`, and where the last one ends, (rows + 1,)."""
        if not len(self.array):
            return np.zeros(1, np.int32)
        first = self.array.offset
        return np.frombuffer(self.array.buffers()[1], np.int32)[first : first + len(self.array) + 1]

    @property
    def widths(self) -> npt.NDArray[np.int32]:
        """Bytes of each cell, (rows,)."""
        return np.diff(self.starts)

    @property
    def data(self) -> U8:
        return np.frombuffer(self.array.buffers()[2] or b"", np.uint8)

    @property
    def written(self) -> U8:
        """The bytes of these cells alone, end to end."""
        return self.data[self.starts[0] : self.starts[-1]]

    def matrix(self) -> U8 | None:
        """The cells as (rows, width) ASCII codes where all have one width, else None."""
        width, rest = divmod(len(self.written), max(len(self), 1))
        if not width or rest or (self.widths != width).any() or not self.written.tobytes().isascii():
            return None
        return self.written.reshape(-1, width)

    def coded(self) -> tuple[I64, list[str]]:
        """The place of each cell among the words, (rows,), and the words in the order in which they are first met."""
        found = self.array.dictionary_encode()
        places = np.frombuffer(found.indices.buffers()[1], np.int32)[: len(self)] if len(self) else np.array([])
        return places.astype(np.int64), found.dictionary.to_pylist()

    def numbers(self, decimal: str) -> tuple[F64, I64]:
        """Plain numbers (rows,), and the rows that hold anything else, in order. Raises ValueError where a cell that
        looks like one is none.
        """
        import pyarrow as pa

        odd = self.odd(PLAIN + decimal.encode())
        written = self.array.buffers()[2]
        if decimal != "." and written is not None:
            written = pa.py_buffer(written.to_pybytes().replace(decimal.encode(), b"."))
        seen = pa.py_buffer(np.packbits(~odd, bitorder="little"))
        starts = pa.py_buffer(np.ascontiguousarray(self.starts))
        array = pa.Array.from_buffers(pa.string(), len(self), [seen, starts, written])
        values = np.frombuffer(array.cast(pa.float64()).buffers()[1], np.float64)[: len(self)]
        return values.copy(), np.flatnonzero(odd)

    def odd(self, plain: bytes) -> Bool:
        """Cells that are empty, end in no digit, start with a plus or hold a byte that is not `plain`, (rows,)."""
        first, end = self.starts[:-1], self.starts[1:]
        if not len(self.data):
            return np.ones(len(self), np.bool_)
        odd: Bool = (first == end) | (self.data[end - 1] - np.uint8(48) > 9) | (at(self.data, first) == ord("+"))
        if self.written.tobytes().translate(None, plain):
            strange = np.flatnonzero(~among(self.written, plain)) + self.starts[0]
            odd[np.searchsorted(self.starts, strange, side="right") - 1] = True
        return odd


def among(codes: U8, signs: bytes) -> Bool:
    """Which codes are one of the signs; shape as `codes`."""
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(signs, np.uint8)] = True
    return table[codes]


def at(codes: U8, places: npt.NDArray[np.int32]) -> U8:
    """codes[places]; the place behind the last code, where an empty cell starts, is any code."""
    return codes[np.minimum(places, len(codes) - 1)]


def stripped(array: Any) -> Texts | list[str]:
    """The cells of an Arrow string array as str.strip() leaves them, null as ""; one by one beyond ASCII."""
    cells = Texts(array.fill_null(empty_cell()) if array.null_count else array)
    if not len(cells.data):
        return cells
    edges = np.concatenate([at(cells.data, cells.starts[:-1]), cells.data[cells.starts[1:] - 1]])
    if not among(edges, BLANK).any():
        return cells
    if cells.written.tobytes().translate(None, SPACES + bytes(range(33, 127))):
        return [cell.strip() for cell in cells.tolist()]
    import pyarrow.compute as pc

    return Texts(pc.ascii_trim_whitespace(cells.array))


def empty_cell() -> Any:
    """An Arrow scalar of ""; pa.scalar("") would import pandas."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes(8)), pa.py_buffer(b"")])[0]
