"""Progress: a bar on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rnnforecast.cli.signals import heard
from rnnforecast.cli.streams import Voice, is_terminal
from rnnforecast.training.observer import Silent

if TYPE_CHECKING:
    from rnnforecast.training.observer import Epoch, Observer


@contextmanager
def watching(voice: Voice) -> Iterator[Observer]:
    """An observer for this terminal."""
    if is_terminal(sys.stderr) and not voice.quiet:
        with bar() as progress:
            yield Bar(progress)
    else:
        yield Lines(voice)


class Listener(Silent):
    """Wishes to stop where a signal was heard whose exception got lost (cli.signals)."""

    def stop_signal(self) -> int:
        return heard[0] if heard else 0


class Lines(Listener):
    """A line per epoch."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice

    def stage(self, text: str) -> None:
        self.voice.say(text)

    def epoch(self, epoch: Epoch) -> None:
        self.voice.say(epoch_line(epoch))


class Bar(Listener):
    """A bar of epochs, and the stage it belongs to."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress
        self.task = progress.add_task("", total=None)

    def stage(self, text: str) -> None:
        self.progress.update(self.task, description=text, total=None, completed=0)

    def epoch(self, epoch: Epoch) -> None:
        self.progress.update(
            self.task, total=epoch.of, completed=epoch.number, description=epoch_line(epoch)
        )


def bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def epoch_line(epoch: Epoch) -> str:
    mark = "*" if epoch.best else " "
    which = f"network {epoch.network + 1}  " if epoch.network else ""
    return (
        f"{which}epoch {epoch.number:3d}  loss {epoch.train_loss:.4f}  validation {epoch.validation_loss:.4f}{mark} "
        f"{epoch.seconds:.1f} s"
    )
