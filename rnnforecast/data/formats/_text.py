"""Text files: their encoding, and their lines. Shared by the text formats; not a format itself.

- One pass over the bytes decides the encoding and refuses NUL, control characters and endless lines, so that a parser
  sees clean text only.
- Only UTF-8 is sure; Windows-1252 is taken where every other byte is a letter or a sign that people type.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from rnnforecast.data.table import Chunk, Table
from rnnforecast.errors import DataUnusable

BLOCK = 1 << 20
HELD = 8 << 20  # bytes: a smaller file is parsed once and kept
ROWS = 50_000  # rows of a chunk
CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f")) + b"\x7f"
TYPED = bytes({*range(0x80), *range(0xA0, 0x100), 0x80, 0x85, *range(0x91, 0x95), 0x96, 0x97, 0x99})  # of cp1252
WIDE = {codecs.BOM_UTF32_LE: "UTF-32", codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def encoding_of(path: Path, source: str, endless: bool = False) -> str:
    """ "utf-8-sig" or "cp1252". Raises DataUnusable for UTF-16, binary files and, unless allowed, endless lines."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, typed, line = True, True, 1
    for block in blocks(path):
        if line == 1:
            refuse_wide(block, source)
        refuse_junk(block, source, line, endless)
        typed = typed and not block.translate(None, TYPED)
        if utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                utf8, broken = False, line + block[: max(error.start, 0)].count(b"\n")
        line += block.count(b"\n")
    if utf8 and not decoder.getstate()[0]:
        return "utf-8-sig"
    if not typed or utf8:
        place = f"{source} line {line if utf8 else broken}"
        raise DataUnusable(
            f"{place}: text that is neither UTF-8 nor Windows-1252; expected UTF-8",
            f"iconv -f ENCODING -t UTF-8 {source} | rnnforecast ... -",
        )
    return "cp1252"


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def refuse_wide(block: bytes, source: str) -> None:
    for mark, name in WIDE.items():
        if block.startswith(mark):
            raise DataUnusable(
                f"{source}: {name} text; expected UTF-8", f"iconv -f {name} -t UTF-8 {source} | rnnforecast ... -"
            )


def refuse_junk(block: bytes, source: str, line: int, endless: bool = False) -> None:
    clean = block.translate(None, CONTROL)
    if len(clean) < len(block):
        index = next(i for i, byte in enumerate(block) if byte in CONTROL)
        place = f"{source} line {line + block[:index].count(10)}"
        raise DataUnusable(f"{place}: byte 0x{block[index]:02x}, a binary or damaged file; expected text")
    if not endless and len(block) == BLOCK and b"\n" not in block and b"\r" not in block:
        raise DataUnusable(f"{source} line {line}: a line of more than a million characters; expected a table")


def held(table: Table, path: Path) -> Table:
    """The table with its chunks kept where the file is small, so that looking at it first costs nothing."""
    if is_big(path):
        return table
    chunks = list(table.chunks())
    return replace(table, chunks=partial(iter, chunks), some=None)


def is_big(path: Path) -> bool:
    return path.stat().st_size > HELD


def rows_about(path: Path) -> int:
    """About how many lines the file has, by the length of the first ones."""
    head = next(blocks(path), b"")
    return path.stat().st_size * head.count(b"\n") // max(len(head), 1)


def guarded(source: str, rows: Callable[[], Iterator[Chunk]]) -> Callable[[], Iterator[Chunk]]:
    """`rows` with what can go wrong while a file is read turned into one line."""

    def chunks() -> Iterator[Chunk]:
        try:
            yield from rows()
        except UnicodeDecodeError:
            raise DataUnusable(f"{source}: changed while it was read; expected a finished file") from None
        except OSError as error:
            raise DataUnusable(f"{source}: {error.strerror or error}; expected a readable file") from None
        except MemoryError:
            raise DataUnusable(f"{source}: too large for the memory; expected a smaller file", "--start") from None

    return chunks
