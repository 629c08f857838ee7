"""Formats: one parser each, and the folder is the list. A file added here is read, listed and under the contract tests.

A format is a module with

    summary: str                                                what it reads, in one line
    recognises(head: bytes, name: str) -> bool                  by its first bytes, or by the file's name
    read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table

- What a file is packed in comes off first; then a known signature decides, then the content, then the name.
  `delimited` is the last resort, since any text may be a table.
- stdin and pipes are spooled to a temporary file, removed at exit, so that every reader may read twice.
"""

from __future__ import annotations

import os
import stat
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.formats._packed import spool, unpacked
from rnnforecast.data.signatures import PLAIN, Signature, recognised
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable, NotFound

HEAD = 65_536  # bytes that formats are recognised by
LAST_RESORT = "delimited"
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "PDF", b"SQLite format 3": "an SQLite database",
    b"<!DOCTYPE": "a web page", b"<html": "a web page", b"<?xml": "XML", b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
}  # fmt: skip
TAR = 257  # where a tar archive says so


class Format(Protocol):
    summary: str

    def recognises(self, head: bytes, name: str) -> bool: ...

    def read(self, path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table: ...


@cache
def formats() -> dict[str, Format]:
    """Every format in this folder by name, the last resort last."""
    names = sorted(listed("data/formats"), key=lambda name: (name == LAST_RESORT, name))
    return {name: cast(Format, import_module(f"{__name__}.{name}")) for name in names}


def open_table(source: str, flags: DataFlags, stdin: BinaryIO | None = None) -> Table:
    """The table in a file, or in stdin where `source` is "-". Nothing but its head is read yet.

    Raises NotFound where there is no such file and DataUnusable where it holds no table.
    """
    if source == "-":
        stream = stdin or getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise DataUnusable("stdin: closed; expected data there", "name a file instead of -")
        return table_in(spool(stream, "stdin"), "stdin", flags)
    if "\0" in source:
        raise NotFound(f"{source!r}: no such file")
    path = Path(source)
    try:
        mode = path.stat().st_mode
        if stat.S_ISFIFO(mode):  # a process substitution: <(zcat FILE)
            with path.open("rb") as pipe:
                path = spool(pipe, source)
        elif not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise DataUnusable(f"{source}: {kind}; expected a data file")
        return table_in(path, source, flags)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{source}: no such file", download_hint(source)) from None
    except OSError as error:
        raise DataUnusable(f"{source}: {error.strerror or error}; expected a readable data file") from None


def download_hint(source: str) -> str:
    return f'curl -sf "{source}" | rnnforecast ... -' if "://" in source else ""


def table_in(path: Path, source: str, flags: DataFlags) -> Table:
    path, inside = unpacked(path, source)
    with path.open("rb") as file:
        head = file.read(HEAD)
    refuse_foreign(head, source)
    name = os.path.basename(inside).lower()
    signature = PLAIN if b"\0" in head else recognised(text_of(head), source)  # signatures are of text
    if signature is not PLAIN:
        return formats()[signature.parser].read(path, source, flags, signature)
    chosen = next(form for form in formats().values() if form.recognises(head, name))
    return chosen.read(path, source, flags)


def text_of(head: bytes) -> str:
    """The head as text for signatures, whatever its encoding; lines end in a line feed."""
    return head.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def refuse_foreign(head: bytes, source: str) -> None:
    """Refuse by name what is no table: nothing, an archive, a workbook, a web page."""
    if not head.strip():
        raise DataUnusable(f"{source}: empty; expected a header and rows")
    if head[TAR : TAR + 5] == b"ustar":
        raise DataUnusable(f"{source}: a tar archive; expected one data file", f"tar xf {source}")
    for magic, kind in FOREIGN.items():
        if head.lstrip().lower().startswith(magic.lower()):
            raise DataUnusable(f"{source}: {kind}; expected CSV, TSV, JSON, Parquet or another table")
