"""Signals: SIGINT, SIGTERM and SIGHUP end a command at once and cleanly, with exit code 128 + n.

- Stopping is an exception, so what is half written is removed on the way out. It is no Exception: a library that
  catches those while it is imported cannot swallow it.
- An exception that is raised inside a destructor or a callback is dropped by Python: so what was heard is remembered
  too, and training asks for it after every batch.
- A signal that the caller ignores stays ignored: nohup means that.
- A second signal of the same kind ends the process on the spot.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


heard: list[int] = []


class Stopped(SystemExit):
    """The end of a command by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number
        self.hint = ""  # what to type to go on


def trap() -> None:
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `--help | head` ends us as it ends any filter


def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    signal.signal(number, signal.SIG_DFL)
    heard.append(number)
    raise Stopped(number)


def outlive_readers() -> None:
    """A closed pipe is an error to handle and no reason to end on the spot: a model is to be written, files removed."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
