"""Help for the tests of this room: run the command line as a process of its own, and look at what it did."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COMMAND = (sys.executable, "-m", "rnnforecast")
TINY = ("-H", "4", "-L", "24", "--max-epochs", "1")
LONG = ("-H", "4", "-L", "24", "--max-epochs", "1000000", "--patience", "0")  # ends by a signal only
COLUMNS = [
    "unique_id", "target", "unit", "ds", "cutoff", "lead", "source", "yhat",
    "q0.025", "q0.05", "q0.1", "q0.25", "q0.5", "q0.75", "q0.9", "q0.95", "q0.975",
]  # fmt: skip
Word = str | Path


@dataclass(frozen=True)
class Done:
    """What a finished process left."""

    code: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[dict[str, str]]:
        return rows_of(self.out.decode())


def rows_of(text: str) -> list[dict[str, str]]:
    """CSV as dicts; every row must be as wide as the header."""
    found = list(csv.DictReader(io.StringIO(text, newline=""), restkey="too many", restval="too few"))
    assert not any("too many" in row or "too few" in row.values() for row in found)
    return found


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' own surroundings without what would change the answer."""
    left_out = ("COLUMNS", "LINES", "RNNFORECAST_MODEL", "PYTHONWARNINGS")
    return {name: value for name, value in os.environ.items() if name not in left_out} | dict(changes or {})


def run(*words: Word, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Done:
    command = [*COMMAND, *map(str, words)]
    done = subprocess.run(command, cwd=cwd, input=stdin, env=environment(env), capture_output=True, timeout=100)
    return Done(done.returncode, done.stdout, done.stderr.decode())


def shell(script: str, *words: Word, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run a bash script in which `"$@"` is the command with these words."""
    command = ["bash", "-c", script, "bash", *COMMAND, *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env=environment(env), capture_output=True, timeout=100)
    return Done(done.returncode, done.stdout, done.stderr.decode())


def started(
    *words: Word, cwd: Path, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    command = [*before, *COMMAND, *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=environment(env), stdin=pipe, stdout=pipe, stderr=pipe)


def wait_for(process: subprocess.Popen[bytes], text: str, seconds: float = 60) -> str:
    """Read stderr until it holds `text`; what was read."""
    assert process.stderr is not None
    seen, end = b"", time.monotonic() + seconds
    while text.encode() not in seen:
        piece = os.read(process.stderr.fileno(), 65536)
        seen += piece
        assert piece, f"it ended without saying {text!r}: {seen.decode()}"
        assert time.monotonic() < end, f"it did not say {text!r} in {seconds} s: {seen.decode()}"
    return seen.decode()


def works(done: Done) -> Done:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    return done


def refused(done: Done, code: int, says: str = "", hint: str = "") -> str:
    """Check a refusal: its exit code, one line and at most one hint, nothing on stdout. Returns the line."""
    assert done.code == code, f"exit code {done.code}: {done.err}"
    assert done.out == b""
    lines = done.err.splitlines()
    assert len(lines) in (1, 2), done.err
    assert lines[0].startswith("rnnforecast: "), done.err
    assert all(line.startswith("hint: ") for line in lines[1:]), done.err
    assert says in lines[0], done.err
    assert hint in "".join(lines[1:]), done.err
    assert lines[0].isprintable()
    return lines[0]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def hourly(count: int, start: str = "2026-01-01T00:00", zone: str = "Z") -> list[str]:
    return [f"{t}{zone}" for t in np.datetime64(start, "m") + np.arange(count) * np.timedelta64(60, "m")]


def wave(count: int, seed: int = 0) -> list[float]:
    noise = np.random.default_rng(seed).standard_normal(count)
    return (2 + np.sin(np.arange(count) * 2 * np.pi / 24) + 0.1 * noise).round(3).tolist()


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
