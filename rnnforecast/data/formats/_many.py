"""Many files as one table: rows end to end, file by file, each open only while it is read.

- What the first file is, the others must be: the same columns, as far as they are asked for, and times written alike.
- Files of text that start with the very header of the first one are read many at a time, as one text: ten thousand
  gauges in seconds. Any other file, and any that is not plain, is opened as if it stood alone.
- Keys that folders give (site=007) are columns of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import ID_NAMES, PERIOD_NAMES
from rnnforecast.data.formats import _text, open_table
from rnnforecast.data.formats._folder import File, files_in
from rnnforecast.data.names import listing, plain
from rnnforecast.data.table import Chunk, Column, Mould, Table
from rnnforecast.errors import DataUnusable

I32 = npt.NDArray[np.int32]
Names = tuple[str, ...]

BATCH = 4 << 20  # bytes of small files that are read as one
PERIODS = ("day", "hour", "date", *PERIOD_NAMES)  # keys of folders that tell no series apart


def open_all(sources: Sequence[str], flags: DataFlags, stdin: BinaryIO | None = None) -> list[Table]:
    """The tables of files, folders and patterns: one of many files where there is much to read, else one of each."""
    files = [file for source in sources for file in files_in(source)]
    keyed = any(file.keys for file in files)
    if not keyed and (len(files) == 1 or any(file.source == "-" for file in files) or not is_much(files)):
        return [open_table(file.source, flags, stdin) for file in files]
    first = open_table(files[0].source, flags)
    if not keyed and first.about.title:  # each file of an agency says for itself what its columns mean
        return [first, *(open_table(file.source, flags) for file in files[1:])]
    return [end_to_end(files, first, flags)]


def is_much(files: Sequence[File]) -> bool:
    """Whether the files, all of them regular, are together what a single file is not kept in memory for."""
    return all(Path(file.source).is_file() for file in files) and size_of(files) > _text.HELD


def size_of(files: Sequence[File]) -> int:
    return sum(Path(file.source).stat().st_size for file in files)


def end_to_end(files: Sequence[File], first: Table, flags: DataFlags) -> Table:
    """One table of many files like the first."""
    keys = tuple(key for key, _ in files[0].keys if key not in first.names)
    some = Files(files, first, flags, keys).chunks
    names = (*first.names, *keys)
    ids = tuple(key for key in keys if plain(key) not in PERIODS)
    told = first.about.id or any(plain(name) in ID_NAMES for name in names)
    about = replace(first.about, id=ids, title=first.about.title or "its folders") if ids and not told else first.about
    return replace(
        first,
        source=files[0].source if len(files) == 1 else f"{files[0].source} and {len(files) - 1} more",
        names=names,
        chunks=partial(some, names),
        some=some,
        facts=(*first.facts, ("files", len(files))),
        about=about,
        files=tuple(file.source for file in files),
        apart=not keys,
        mould=None,
        rows=first.rows * size_of(files) // max(size_of(files[:1]), 1),
    )


@dataclass(frozen=True)
class Files:
    """Files to be read like the first of them."""

    files: Sequence[File]
    first: Table
    flags: DataFlags
    keys: tuple[str, ...]

    def chunks(self, names: tuple[str, ...]) -> Iterator[Chunk]:
        """Columns of the rows of all files. The first chunk is of the first file alone: by it the layout is found."""
        mould = self.first.mould() if self.first.mould is not None else None
        batch, size = [], 0
        for index, file in enumerate(self.files):
            body = body_of(Path(file.source), mould)
            if body is not None:
                batch.append((index, body))
                size += len(body)
            if body is None or size > BATCH or index == 0:
                yield from self.together(batch, mould, names)
                batch, size = [], 0
            if body is None:
                yield from self.alone(index, names)
        yield from self.together(batch, mould, names)

    def together(self, batch: Sequence[tuple[int, bytes]], mould: Mould | None, names: Names) -> Iterator[Chunk]:
        """The rows of plain bodies of text, as one chunk; file by file where they turn out not to be plain."""
        if not batch or mould is None:
            return
        columns = mould.columns(b"".join(body for _, body in batch), self.own(names))
        if columns is None:
            for index, _ in batch:
                yield from self.alone(index, names)
            return
        counts = np.array([body.count(b"\n") for _, body in batch])
        lines = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + mould.line
        files = np.repeat(np.array([index for index, _ in batch], np.int32), counts)
        yield self.marked(Chunk(columns, mould.line, lines), names, files)

    def alone(self, index: int, names: Names) -> Iterator[Chunk]:
        """The rows of one file, opened as any file is. Raises DataUnusable where it is not like the first."""
        table = open_table(self.files[index].source, self.flags)
        self.refuse_other(table, self.own(names))
        rows = 0
        for chunk in table.only(self.own(names)).chunks():
            rows += len(chunk)
            yield self.marked(chunk, names, np.full(len(chunk), index, np.int32))
        if not rows:
            raise DataUnusable(f"{table.source}: a header and no rows; expected rows below it")

    def own(self, names: Names) -> Names:
        """Those of the columns that stand in the files."""
        return tuple(name for name in names if name not in self.keys)

    def refuse_other(self, table: Table, names: Names) -> None:
        first = self.files[0].source
        lacking = next((name for name in names if name not in table.names), None)
        if lacking is not None:
            raise DataUnusable(
                f"{table.source}: no column {lacking!r}, which {first} has; expected the same columns, "
                f"found {listing(table.names)}"
            )
        if bool(table.zone) != bool(self.first.zone) or table.counted != self.first.counted:
            raise DataUnusable(f"{table.source}: not the same kind of file as {first}; expected files of one kind")

    def marked(self, chunk: Chunk, names: Names, files: I32) -> Chunk:
        """The chunk with the columns of keys, and the file of each row (rows,)."""
        said = {key: self.said[key] for key in names if key in self.keys}
        keyed: dict[str, Column] = {key: [cells[file] for file in files.tolist()] for key, cells in said.items()}
        columns = {name: keyed[name] if name in keyed else chunk.columns[name] for name in names}
        return replace(chunk, columns=columns, files=files)

    @cached_property
    def said(self) -> dict[str, list[str]]:
        """What the folders say of each file, by key. Raises DataUnusable for a file that lacks a key of the first."""
        for file in self.files:
            lacking = next((key for key in self.keys if key not in dict(file.keys)), None)
            if lacking is not None:
                like = self.files[0].source
                raise DataUnusable(f"{file.source}: in no folder {lacking}=...; expected one, as {like} lies in")
        return {key: [dict(file.keys)[key] for file in self.files] for key in self.keys}


def body_of(path: Path, mould: Mould | None) -> bytes | None:
    """The rows of a small file of plain text that starts as the mould does; None for any other."""
    try:
        if mould is None or path.stat().st_size > _text.HELD:
            return None
        whole = path.read_bytes()
    except OSError:  # opening it alone will say why
        return None
    if not whole.startswith(mould.head) or len(whole.translate(None, _text.CONTROL)) < len(whole):
        return None
    return whole[len(mould.head) :].rstrip(b"\r\n") + b"\n"
