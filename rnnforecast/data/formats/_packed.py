"""Packed files: gzip, bzip2, xz, zstd and zip, unpacked to a temporary file that is removed at exit.

- What is inside is recognised by its content, as any file is.
- A zip holds one data file, or several of which one has a known signature; else the choice is the user's.
"""

from __future__ import annotations

import atexit
import shlex
import shutil
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO

from rnnforecast.errors import DataUnusable

BLOCK = 1 << 20
BOMB = 300  # times its packed size, and more than a quarter of a gigabyte: refused
QUARTER = 1 << 28
SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")


def gzip_of(path: Path) -> Any:
    import gzip

    return gzip.open(path)


def bzip2_of(path: Path) -> Any:
    import bz2

    return bz2.open(path)


def xz_of(path: Path) -> Any:
    import lzma

    return lzma.open(path)


def zstd_of(path: Path) -> Any:
    import pyarrow

    return pyarrow.input_stream(str(path), compression="zstd")


OPENERS: dict[bytes, tuple[str, Callable[[Path], Any]]] = {
    b"\x1f\x8b": ("gzip", gzip_of), b"BZh": ("bzip2", bzip2_of), b"\xfd7zXZ\x00": ("xz", xz_of),
    b"\x28\xb5\x2f\xfd": ("zstd", zstd_of),
}  # fmt: skip
MOST_MEMBERS = 20  # whose heads are looked at
ZIP = b"PK\x03\x04"


def unpacked(path: Path, source: str) -> tuple[Path, str]:
    """The file inside a packed one, and its name; the file itself where it is not packed. Raises DataUnusable."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(ZIP):
        if source.lower().endswith(".xlsx"):
            raise DataUnusable(f"{source}: an Excel workbook; expected CSV", "save the sheet as CSV")
        return member_of(path, source)
    for magic, (kind, opener) in OPENERS.items():
        if start.startswith(magic):
            with broken(source, kind), opener(path) as stream:
                return kept(stream, source, path.stat().st_size, kind), stem(source)
    return path, source


def stem(name: str) -> str:
    """«gauge.csv» of «gauge.csv.gz»."""
    suffix = next((end for end in SUFFIXES if name.lower().endswith(end)), "")
    return name[: len(name) - len(suffix)] if suffix else name


class broken:  # noqa: N801  (reads as a word: with broken(source, kind))
    """Whatever a decompressor raises over a damaged file, as one line."""

    def __init__(self, source: str, kind: str) -> None:
        self.source, self.kind = source, kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, DataUnusable) or error is None:
            return
        if isinstance(error, (OSError, EOFError, ValueError, zlib.error, NotImplementedError, RuntimeError)) or (
            type(error).__name__ in ("LZMAError", "BadZipFile")
        ):
            why = next(iter(str(error).strip().splitlines()), "cut short")[:120]
            raise DataUnusable(f"{self.source}: damaged {self.kind} file ({why}); expected a whole one") from None


def kept(stream: IO[bytes], source: str, size: int, kind: str = "packed") -> Path:
    """What a stream holds, as a file that is removed at exit. Raises DataUnusable for a bomb."""
    file = temporary(source)
    written = 0
    while block := stream.read(BLOCK):
        written += len(block)
        if written > max(BOMB * size, QUARTER):
            raise DataUnusable(f"{source}: {kind} file of more than {BOMB} times its size; expected a data file")
        store(file, block, source)
    file.flush()
    return Path(file.name)


def temporary(source: str) -> Any:
    try:
        file = tempfile.NamedTemporaryFile(prefix="rnnforecast-")  # noqa: SIM115  (kept open on purpose)
    except OSError as error:
        raise no_room(source, error) from None
    atexit.register(file.close)  # which removes it
    return file


def store(file: Any, block: bytes, source: str) -> None:
    try:
        file.write(block)
    except OSError as error:
        raise no_room(source, error) from None


def no_room(source: str, error: OSError) -> DataUnusable:
    return DataUnusable(
        f"{source}: {error.strerror or error} while it was copied to {tempfile.gettempdir()}",
        "set TMPDIR to a folder with room",
    )


def spool(stream: BinaryIO, source: str) -> Path:
    """What a pipe holds, as a file that is removed at exit."""
    file = temporary(source)
    try:
        shutil.copyfileobj(stream, file)
        file.flush()
    except OSError as error:
        raise no_room(source, error) from None
    return Path(file.name)


def member_of(path: Path, source: str) -> tuple[Path, str]:
    """The data file in a zip. Raises DataUnusable where there is none, or several."""
    import zipfile

    with broken(source, "zip"), zipfile.ZipFile(path) as archive:
        if any(name.startswith("xl/") for name in archive.namelist()):
            raise DataUnusable(f"{source}: an Excel workbook; expected CSV", "save the sheet as CSV")
        chosen = choose(archive, source)
        with archive.open(chosen) as stream:
            return kept(stream, source, path.stat().st_size, "zip"), chosen


def choose(archive: Any, source: str) -> str:
    from rnnforecast.data.signatures import PLAIN, recognised

    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    if 1 < len(names) <= MOST_MEMBERS:
        known = [n for n in names if recognised(head_in(archive, n), source) is not PLAIN]
        names = known if len(known) == 1 else names
    if len(names) == 1:
        return str(names[0])
    listed = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    raise DataUnusable(
        f"{source}: a zip of {len(names)} files ({listed}); expected one data file",
        f"unzip -p {shlex.quote(source)} {shlex.quote(names[0])} | rnnforecast ... -" if names else "",
    )


def head_in(archive: Any, name: str) -> str:
    with archive.open(name) as stream:
        return str(stream.read(65_536).decode("utf-8-sig", "replace")).replace("\r\n", "\n")
