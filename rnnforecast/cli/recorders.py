"""Recorders: observers of training that write what they hear: the unfinished run, metrics, TensorBoard's events."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rnnforecast.errors import OutputFailed
from rnnforecast.training.observer import Silent

if TYPE_CHECKING:
    from rnnforecast.training.observer import Epoch, Observer
    from rnnforecast.training.state import Unfinished


class Chorus:
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = observers

    def stage(self, text: str) -> None:
        for observer in self.observers:
            observer.stage(text)

    def epoch(self, epoch: Epoch) -> None:
        for observer in self.observers:
            observer.epoch(epoch)

    def unfinished(self, run: Unfinished) -> None:
        for observer in self.observers:
            observer.unfinished(run)

    def stop_signal(self) -> int:
        return next((number for observer in self.observers if (number := observer.stop_signal())), 0)


class Keeper(Silent):
    """Keeps the unfinished run in a file, for --resume."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def unfinished(self, run: Unfinished) -> None:
        from rnnforecast import checkpoint
        from rnnforecast.training.state import pack

        checkpoint.keep(self.path, *pack(run))


class Metrics(Silent):
    """One JSON object per epoch and line."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self.name = file, name

    def epoch(self, epoch: Epoch) -> None:
        try:
            self.file.write(json.dumps(epoch.numbers()).encode() + b"\n")
            self.file.flush()
        except OSError as error:
            raise OutputFailed(f"{self.name}: could not be written: {error.strerror}", "--metrics FILE") from error


@contextmanager
def recording(
    watcher: Observer, state: Path, metrics: str | None, tensorboard: str | None, heard: tuple[int, int] | None
) -> Iterator[Observer]:
    """All that is to be written, then the watcher: what people read of has been recorded.

    `heard`: network and epoch after which a resumed run goes on.
    """
    from rnnforecast.training.events import Events

    with ExitStack() as stack:
        observers: list[Observer] = [Keeper(state)]
        if metrics is not None:
            observers.append(Metrics(stack.enter_context(lines_file(metrics, heard)), metrics))
        if tensorboard is not None:
            observers.append(events := Events(tensorboard))
            stack.callback(events.close)
        yield Chorus([*observers, watcher])


@contextmanager
def lines_file(name: str, heard: tuple[int, int] | None) -> Iterator[IO[bytes]]:
    """The file of the metrics, anew, or with the lines of the epochs that are not run again; - is stdout."""
    if name == "-":
        if sys.stdout is None:
            raise OutputFailed("stdout is closed; the metrics have nowhere to go", "--metrics FILE")
        yield sys.stdout.buffer
        return
    path = Path(name)
    try:
        old = path.read_bytes().splitlines(keepends=True) if heard and path.is_file() else []
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb", buffering=0)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputFailed(f"{name}: could not be written: {reason}", "--metrics FILE") from error
    with file:
        file.writelines(line for line in old if heard and told_before(line, heard))
        yield file


def told_before(line: bytes, heard: tuple[int, int]) -> bool:
    try:
        told = json.loads(line)
        return bool((told["network"], told["epoch"]) <= heard)
    except (ValueError, KeyError, TypeError):
        return False
