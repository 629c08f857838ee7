"""Spill: arrays that may be larger than the memory, in temporary files that nobody else sees and that end with the run.

- A file loses its name as soon as it is open and its room on the disk is taken before it is written: neither an error
  nor a kill leaves one behind, and a full disk is an error and not a crash.
- What works on such arrays goes through them by `blocks`, in memory that does not grow with them.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from math import prod
from typing import Any
from weakref import finalize

import numpy as np
import numpy.typing as npt

from rnnforecast.errors import DataUnusable

Array = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]

BLOCK = 1 << 15  # rows at a time


def blocks(rows: int) -> Iterator[slice]:
    """0 to `rows` in runs of at most BLOCK."""
    for start in range(0, rows, BLOCK):
        yield slice(start, min(start + BLOCK, rows))


def owned(offsets: I64, rows: slice) -> tuple[I64, I64]:
    """The series that have some of these flat rows, and where among the rows each begins: (k,) and (k,)."""
    first, last = np.searchsorted(offsets, [rows.start, rows.stop - 1], side="right") - 1
    series = np.arange(first, last + 1)
    return series, np.maximum(offsets[series] - rows.start, 0)


def per_row(values: Array, begin: I64, rows: int) -> Array:
    """What runs of rows have, (k, ...), for each of `rows` rows; run i begins at begin[i]."""
    return np.repeat(values, np.diff(np.r_[begin, rows]), axis=0)


def empty(shape: tuple[int, ...], dtype: Any, spilled: bool) -> Array:
    """An array of zeros, in a file where `spilled`."""
    if not spilled or not prod(shape):
        return np.zeros(shape, dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    with room_told(size), tempfile.TemporaryFile(prefix="rnnforecast-") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        file.truncate(size)
        return mapped(file, dtype, shape)


def mapped(file: Any, dtype: Any, shape: tuple[int, ...]) -> Array:
    """A file as an array that can be written; the map outlives the file's handle."""
    return np.frombuffer(mmap.mmap(file.fileno(), 0), dtype).reshape(shape)


class room_told:  # noqa: N801  (reads as a word)
    """A full disk, as one line."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError):
            raise DataUnusable(
                f"{error.strerror or error}: no room for {self.size / 1e6:,.0f} MB in {tempfile.gettempdir()}; "
                "expected some, since the data are larger than the memory",
                "set TMPDIR to a folder with room",
            ) from None


class Heap:
    """Rows that come piece by piece, kept in memory or in a file."""

    def __init__(self, spilled: bool) -> None:
        self.pieces: list[Array] = []
        self.spilled, self.rows = spilled, 0
        self.file: Any = None
        self.kind: tuple[Any, tuple[int, ...]] | None = None  # dtype and shape of a row

    def add(self, piece: Array) -> None:
        """More rows, all of one dtype."""
        if not self.spilled:
            self.pieces.append(piece)
        elif len(piece):
            self.write(np.ascontiguousarray(piece))

    def write(self, piece: Array) -> None:
        with room_told(piece.nbytes):
            if self.file is None:
                self.file = tempfile.TemporaryFile(prefix="rnnforecast-")  # noqa: SIM115  (open until it is whole)
                self.kind = piece.dtype, piece.shape[1:]
                finalize(self, self.file.close)
            self.file.write(piece.reshape(-1).data)
        self.rows += len(piece)

    def whole(self) -> Array:
        """All rows, in the order in which they came."""
        if not self.spilled:
            return np.concatenate(self.pieces) if self.pieces else np.zeros(0)
        if self.file is None or self.kind is None:
            return np.zeros(0)
        with room_told(self.rows), self.file as file:
            file.flush()
            return mapped(file, self.kind[0], (self.rows, *self.kind[1]))
