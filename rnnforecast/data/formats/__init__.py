"""Formats: one file each, and the folder is the list. A file added here is read, listed and under the contract tests.

A format is a module with

    summary: str                                                what it reads, in one line
    recognises(head: bytes, name: str) -> bool                  by its first bytes, or by the file's name
    read(path: Path, source: str, flags: DataFlags) -> Table

- Content decides before the name; `delimited` is the last resort, since any text may be a table.
- stdin and pipes are spooled to a temporary file, removed at exit, so that every reader may read twice.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable, NotFound

HEAD = 65_536  # bytes that formats are recognised by
LAST_RESORT = "delimited"
PACKED = {
    b"\x1f\x8b": ("gzip", "zcat"), b"PK\x03\x04": ("zip", "unzip -p"), b"BZh": ("bzip2", "bzcat"),
    b"\xfd7zXZ\x00": ("xz", "xzcat"), b"\x28\xb5\x2f\xfd": ("zstd", "zstdcat"),
}  # fmt: skip
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"\x89HDF": "HDF5 or netCDF", b"CDF": "netCDF", b"%PDF": "PDF",
    b"SQLite format 3": "an SQLite database", b"<!DOCTYPE": "a web page", b"<html": "a web page", b"<?xml": "XML",
}  # fmt: skip

class Format(Protocol):
    summary: str

    def recognises(self, head: bytes, name: str) -> bool: ...

    def read(self, path: Path, source: str, flags: DataFlags) -> Table: ...


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
    except ValueError:  # a NUL in the name
        raise NotFound(f"{source!r}: no such file") from None
    except OSError as error:
        raise DataUnusable(f"{source}: {error.strerror or error}; expected a readable data file") from None


def download_hint(source: str) -> str:
    return f'curl -sf "{source}" | rnnforecast ... -' if "://" in source else ""


def spool(stream: BinaryIO, source: str) -> Path:
    """What a pipe holds, as a file that is removed at exit."""
    import shutil
    import tempfile

    try:
        file = tempfile.NamedTemporaryFile(prefix="rnnforecast-")  # noqa: SIM115  (kept open on purpose)
        atexit.register(file.close)  # which removes it
        shutil.copyfileobj(stream, file)
        file.flush()
    except OSError as error:
        raise DataUnusable(
            f"{source}: {error.strerror or error} while it was copied to {tempfile.gettempdir()}",
            "set TMPDIR to a folder with room",
        ) from None
    return Path(file.name)


def table_in(path: Path, source: str, flags: DataFlags) -> Table:
    with path.open("rb") as file:
        head = file.read(HEAD)
    refuse_foreign(head, source)
    name = os.path.basename(source).lower()
    chosen = next(form for form in formats().values() if form.recognises(head, name))
    return chosen.read(path, source, flags)


def refuse_foreign(head: bytes, source: str) -> None:
    """Refuse by name what is no table: nothing, an archive, a workbook, a web page."""
    if not head.strip():
        raise DataUnusable(f"{source}: empty; expected a header and rows")
    for magic, (kind, unpack) in PACKED.items():
        if head.startswith(magic):
            if b"xl/" in head or source.lower().endswith(".xlsx"):
                raise DataUnusable(f"{source}: an Excel workbook; expected CSV", "save the sheet as CSV")
            raise DataUnusable(f"{source}: {kind} file: unpack it first", f"{unpack} {source} | rnnforecast ... -")
    for magic, kind in FOREIGN.items():
        if head.lstrip().lower().startswith(magic.lower()):
            raise DataUnusable(f"{source}: {kind}; expected CSV, TSV, JSON lines or Parquet")
