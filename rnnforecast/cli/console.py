"""Progress: a bar on a terminal, a line per epoch elsewhere; and signals turned into a wish to stop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from rnnforecast.cli.streams import Voice, is_terminal

if TYPE_CHECKING:
    from rnnforecast.training.observer import Epoch, Observer

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def watching(voice: Voice) -> Iterator[Observer]:
    """An observer for this terminal. A second signal of the same kind ends the process at once."""
    wish = Wish()
    before = {number: signal.signal(number, wish.heard) for number in STOPPING}
    try:
        if voice.quiet:
            yield Lines(Voice(quiet=True), wish)
        elif is_terminal(sys.stderr):
            with bar() as progress:
                yield Bar(progress, wish)
        else:
            yield Lines(voice, wish)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Wish:
    """The signal that asked to stop, 0 for none."""

    def __init__(self) -> None:
        self.number = 0

    def heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.number = number
        signal.signal(number, signal.SIG_DFL)


class Lines:
    """A line per epoch."""

    def __init__(self, voice: Voice, wish: Wish) -> None:
        self.voice, self.wish = voice, wish

    def stage(self, text: str) -> None:
        self.voice.say(text)

    def epoch(self, epoch: Epoch) -> None:
        self.voice.say(epoch_line(epoch))

    def stop_signal(self) -> int:
        return self.wish.number


class Bar:
    """A bar of epochs, and the stage it belongs to."""

    def __init__(self, progress: Any, wish: Wish) -> None:
        self.progress, self.wish = progress, wish
        self.task = progress.add_task("", total=None)

    def stage(self, text: str) -> None:
        self.progress.update(self.task, description=text, total=None, completed=0)

    def epoch(self, epoch: Epoch) -> None:
        self.progress.update(
            self.task, total=epoch.of, completed=epoch.number, description=epoch_line(epoch)
        )

    def stop_signal(self) -> int:
        return self.wish.number


def bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def epoch_line(epoch: Epoch) -> str:
    mark = "*" if epoch.best else " "
    return (
        f"epoch {epoch.number:3d}  loss {epoch.train_loss:.4f}  validation {epoch.validation_loss:.4f}{mark} "
        f"{epoch.seconds:.1f} s"
    )
