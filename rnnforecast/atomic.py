"""One file replaced by another so that a reader, a full disk or a kill never meets half of it. POSIX only.

- The new bytes go to a fixed name beside the file (`.NAME.tmp`), are synced, and one rename puts them in place.
- The version that was there is hard-linked to a second name first (copied where the file system has no hard links).
- A fixed name, not a random one: what a killed run leaves is found and removed by the next. Two runs would share it,
  so a caller holds a lock.
- Files are made with 0666 and the process's umask.
- Nothing here knows what the bytes mean; the caller says which files may be replaced.
- Every failure of the system is an OutputFailed, and leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from rnnforecast.errors import Locked, OutputFailed

ELSEWHERE = "write elsewhere: -o FILE"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CANNOT_SYNC_FOLDERS = {errno.EINVAL, errno.ENOTSUP}


@contextmanager
def lock(path: Path, foreign: Callable[[bytes], str]) -> Iterator[Path]:
    """Hold `path` against other runs, by an empty file `PATH.lock` which stays. Yields the file behind any link.

    `foreign` says what a file that begins with these bytes (some kilobytes) is; an empty answer means that it may be
    replaced. Never waits; ends with its process, however that ends; the same thread may take it again.

    Raises Locked (another run holds it), OutputFailed (something else lies there; its folder cannot be made).
    """
    import filelock

    target = _claim(path, foreign)
    held = filelock.FileLock(f"{target}.lock", blocking=False, is_singleton=True)
    with refusing(path):
        try:
            held.acquire()
        except filelock.Timeout:
            raise Locked(f"{path}: another run is training this model", f"wait, or {ELSEWHERE}") from None
    try:
        yield target
    finally:
        held.release()


def replace(target: Path, data: bytes) -> None:
    """Put `data` at `target`; what was there becomes `previous(target)`. `target` comes from `lock`.

    Raises OutputFailed. Unless only the last sync of the folder failed, `target` is then as it was.
    """
    with refusing(target), _cleared(target, previous(target)):
        _write(temporary(target), data)
        if target.exists():
            _keep(target, previous(target))
        os.replace(temporary(target), target)
        _sync_folder(target.parent)


def put(target: Path, data: bytes) -> None:
    """Put `data` at `target`, whole or not at all, and keep no previous version: for outputs. Raises OutputFailed."""
    with refusing(target), _cleared(target):
        _write(temporary(target), data)
        os.replace(temporary(target), target)
        _sync_folder(target.parent)


def probe(target: Path) -> None:
    """Show that `target` could be written, by writing a byte beside it; removes what a killed run left.

    Raises OutputFailed.
    """
    with refusing(target), _cleared(target, previous(target)):
        _write(temporary(target), b"\0")


def previous(path: Path) -> Path:
    """The name under which the version before the present one is kept: model.safetensors -> model.prev.safetensors."""
    return path.with_name(f"{path.name.removesuffix('.safetensors')}.prev.safetensors")


def temporary(path: Path) -> Path:
    """The one name under which `path` is prepared."""
    return path.with_name(f".{path.name}.tmp")


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedReader]:
    """Open an existing file for reading, without waiting for a pipe or a device. Raises OSError for either."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
        yield file


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one OutputFailed about `path`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        room = "make room there, or " if getattr(error, "errno", None) in NO_ROOM else ""
        raise OutputFailed(f"{path}: could not be written: {reason}", room + ELSEWHERE) from error


def _claim(path: Path, foreign: Callable[[bytes], str]) -> Path:
    """The real file of `path`, its folder made, after a look at all that a write would replace."""
    with refusing(path):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        refuse_foreign(path, foreign)
        refuse_foreign(previous(target), foreign)
        _refuse_full(Path(f"{target}.lock"))
    return target


def refuse_foreign(path: Path, foreign: Callable[[bytes], str]) -> None:
    """Raise OutputFailed where a file lies at `path` that is not ours to replace."""
    try:
        with open_regular(path) as file:
            kind = foreign(file.peek())
    except FileNotFoundError:
        return
    if kind:
        raise OutputFailed(f"{path}: not an rnnforecast model ({kind}), so it is not replaced", ELSEWHERE)


def _refuse_full(path: Path) -> None:
    """A lock file is empty. One that is not may be someone's (Cargo.lock), and older filelocks empty it."""
    with suppress(FileNotFoundError):
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            raise OutputFailed(f"{path}: not an empty lock file, so it is not used", ELSEWHERE)


@contextmanager
def _cleared(*paths: Path) -> Iterator[None]:
    """No temporary file before, and none after.

    The second sweep matters after success too: renaming one link of a file over another link of it does nothing,
    and leaves both. That happens when a run was killed after `previous` was made and before the file was replaced.
    """
    _clear(paths)
    try:
        yield
    finally:
        _clear(paths)


def _clear(paths: tuple[Path, ...]) -> None:
    for path in paths:
        temporary(path).unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _keep(target: Path, second: Path) -> None:
    """Give the present version its second name; the older one under that name goes in the same instant."""
    try:
        os.link(target, temporary(second))
    except OSError:
        _write(temporary(second), target.read_bytes())
    os.replace(temporary(second), second)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC_FOLDERS:
            raise
    finally:
        os.close(descriptor)
