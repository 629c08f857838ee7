"""Where words and data go: stdout carries only data, stderr everything for people. No rich here: predict is light."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rnnforecast.errors import ForecastError, OutputFailed
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.findings import Finding


class Voice:
    """Speaks to people on stderr, unless quiet; says nothing where stderr is closed."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            to_stderr(text)

    def tell(self, findings: Iterable[Finding], verbose: bool, hints: bool = False) -> None:
        """What was found in the data: warnings, and with -v the rest too."""
        for finding in findings:
            if finding.severity == "warning" or verbose:
                self.say(escaped(finding.text + (f"  ({finding.hint})" if hints and finding.hint else "")))


def to_stderr(text: str) -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
    except OSError:  # nobody listens: what was said must not break what is done, now or when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "replace").decode() + "\n")


def error_lines(error: ForecastError) -> str:
    """An error as people see it: one line, then the hint."""
    lines = f"rnnforecast: {escaped(error.message)}"
    return f"{lines}\nhint: {escaped(error.hint)}" if error.hint else lines


def is_terminal(stream: object) -> bool:
    try:
        return bool(stream is not None and stream.isatty())  # type: ignore[attr-defined]
    except (ValueError, OSError):
        return False


def speaks_unicode(stream: object) -> bool:
    return "utf" in (getattr(stream, "encoding", None) or "").lower()


def refuse_inputs(output: str | None, inputs: Sequence[str]) -> None:
    """Refuse to write over what was read: the data or the model. Raises OutputFailed."""
    for name in (part for text in inputs for part in {text, *text.split(",")}):
        with suppress(OSError, ValueError):
            if output and name != "-" and os.path.samefile(output, name) and os.path.isfile(name):
                raise OutputFailed(f"{output}: is read from, so it is not replaced", "write elsewhere: -o FILE")


def put(data: str | bytes, output: str | None) -> None:
    """Data to a file, whole or not at all, or to stdout. Raises OutputFailed."""
    content = data.encode() if isinstance(data, str) else data
    if output is not None and output != "-":
        to_file(content, output)
        return
    if sys.stdout is None:
        raise OutputFailed("stdout is closed; the result has nowhere to go", "-o FILE")
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # `| head` has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(128 + signal.SIGPIPE) from None
    except OSError as error:
        raise OutputFailed(f"stdout: could not be written: {error.strerror}") from error


def to_file(content: bytes, name: str) -> None:
    """Replace a regular file in one step; write into a pipe or a device as it is."""
    from rnnforecast import atomic

    path = Path(name)
    try:
        if not name:
            raise OutputFailed("-o '' names no file", "-o FILE")
        mode = path.stat().st_mode if path.exists() else stat.S_IFREG
        if stat.S_ISDIR(mode):
            raise OutputFailed(f"{path}: is a folder", "-o FILE")
        if not stat.S_ISREG(mode):
            path.write_bytes(content)
            return
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"{path}: could not be written: {error.strerror}", "write elsewhere: -o FILE") from error
    except ValueError as error:  # a null character in the name
        raise OutputFailed(f"{name}: could not be written: {error}", "write elsewhere: -o FILE") from error
    atomic.put(target, content)
