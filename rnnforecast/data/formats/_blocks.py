"""Blocks: a big delimited text by Arrow, block of lines by block of lines; what is not plain goes by the csv module.

- Two parsers of one format must agree: Arrow gets a block only where its bytes show that the csv module would read the
  same cells from the same lines. A blank, ragged or commented line leaves its block to the csv module; a quote that may
  still be open at the end of a block, or an old Mac's line end, leaves it all that follows.
- A block ends after ROWS lines, as a chunk of the csv module does, or after LARGEST bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from rnnforecast.data.formats._cutting import BLANKS, Dialect
from rnnforecast.data.formats._text import ROWS
from rnnforecast.data.signatures import Signature
from rnnforecast.data.table import Chunk, Column, Mould
from rnnforecast.data.texts import among, stripped

READ, LARGEST = 4 << 20, 16 << 20
LONG = 1 << 16  # bytes of a line: half of what the csv module takes for a cell
BOM = b"\xef\xbb\xbf"

Slow = Callable[[TextIO, int], Iterator[Chunk]]  # the rows of an open text whose first line has that number


def suits(dialect: Dialect, signature: Signature) -> bool:
    """Whether the cells of this file are read as they stand between single separators."""
    cut, sep = dialect.cut, dialect.separator
    by_rule = cut.stacked or signature.cells or signature.tidy
    return not by_rule and sep.isascii() and sep != BLANKS and len(dialect.names) > 1


def rows_by_block(
    path: Path, head: list[str], dialect: Dialect, names: tuple[str, ...], slow: Slow
) -> Iterator[Chunk]:
    """Chunks with the columns `names` of the rows below the lines of `head`."""
    start, line = len(head_bytes(path, head, dialect)), len(head) + 1
    with path.open("rb") as file:
        file.seek(start)
        for block in blocks(file):
            ends = block.count(b"\n")
            columns = columns_of(block, ends, dialect, names)
            if columns is not None:
                yield Chunk(columns, line)
            elif stands_alone(block, dialect.separator):
                yield from as_text(io.BytesIO(block), line, dialect, slow)
            else:
                file.seek(start)
                yield from as_text(file, line, dialect, slow)
                return
            start, line = start + len(block), line + ends


def head_bytes(path: Path, head: list[str], dialect: Dialect) -> bytes:
    """The lines of the head as they stand in the file."""
    with path.open("rb") as file:
        marked = file.read(len(BOM)) == BOM
        file.seek(0)
        return file.read(len(BOM) * marked + len("".join(head).encode(plain(dialect))))


def mould_of(path: Path, head: list[str], dialect: Dialect) -> Mould:
    def columns(block: bytes, names: tuple[str, ...]) -> dict[str, Column] | None:
        try:
            return columns_of(block, block.count(b"\n"), dialect, names)
        except UnicodeDecodeError:  # the first file was checked, the others were not
            return None

    return Mould(head_bytes(path, head, dialect), len(head) + 1, columns)


def as_text(file: BinaryIO, line: int, dialect: Dialect, slow: Slow) -> Iterator[Chunk]:
    with io.TextIOWrapper(file, plain(dialect), newline="") as text:
        yield from slow(text, line)


def plain(dialect: Dialect) -> str:
    """The encoding below the byte order mark."""
    return dialect.encoding.removesuffix("-sig")


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """Runs of whole lines: ROWS of them, or as many as LARGEST bytes hold. The last may lack its line end."""
    kept = b""
    while more := file.read(min(READ, LARGEST)):
        kept += more
        ends = np.flatnonzero(np.frombuffer(kept, np.uint8) == 10) + 1
        cuts = ends[ROWS - 1 :: ROWS].tolist()
        if not cuts and len(kept) > LARGEST:
            cuts = ends[-1:].tolist() or [len(kept)]
        for first, end in zip([0, *cuts], cuts, strict=False):
            yield kept[first:end]
        kept = kept[cuts[-1] :] if cuts else kept
    if kept:
        yield kept


def stands_alone(block: bytes, separator: str) -> bool:
    """Whether the csv module, too, ends a row where the block ends, and counts its lines alike."""
    alike = b"\r" not in block or block.count(b"\r") == block.count(b"\r\n")
    return alike and quotes_are_plain(block, separator)


def quotes_are_plain(block: bytes, separator: str) -> bool:
    """Whether every quote opens or closes a whole cell on one line, with no quote inside."""
    if b'"' not in block:
        return True
    codes = np.frombuffer(block, np.uint8)
    places, ends = np.flatnonzero(codes == ord('"')), np.flatnonzero(codes == 10)
    if len(places) % 2:
        return False
    opens, closes = places[::2], places[1::2]
    edge = (separator + "\r\n").encode()
    around = np.concatenate([codes[opens[opens > 0] - 1], codes[closes[closes < len(codes) - 1] + 1]])
    return bool(among(around, edge).all() and (np.searchsorted(ends, opens) == np.searchsorted(ends, closes)).all())


def columns_of(block: bytes, ends: int, dialect: Dialect, names: tuple[str, ...]) -> dict[str, Column] | None:
    """The cells of some columns, stripped; None where the csv module might read others. `ends`: its line ends."""
    comment = dialect.cut.comment.encode()
    if block.startswith(BOM) or (comment and comment in block) or not stands_alone(block, dialect.separator):
        return None
    if any(b"\n" not in block[k : k + LONG] for k in range(0, len(block) - LONG, LONG)):
        return None
    utf8 = block if block.isascii() else block.decode(dialect.encoding).encode()
    return parsed(utf8, ends + (not block.endswith(b"\n")), dialect, names)


def parsed(block: bytes, rows: int, dialect: Dialect, names: tuple[str, ...]) -> dict[str, Column] | None:
    """By Arrow; None where it finds a line of another width, or not so many rows."""
    import pyarrow as pa
    from pyarrow import csv

    quote = '"' if b'"' in block else False
    try:
        table = csv.read_csv(
            pa.py_buffer(block),
            csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(dialect.names)),
            csv.ParseOptions(delimiter=dialect.separator, quote_char=quote),
            csv.ConvertOptions(include_columns=list(names), column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:
        return None
    columns = [table.column(name) for name in names]
    if table.num_rows != rows or any(column.num_chunks != 1 for column in columns):
        return None
    return {name: stripped(column.chunk(0)) for name, column in zip(names, columns, strict=True)}
