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
    """Keeps the unfinished run in a file, for --resume; `kept`: there is one of this run to go on from."""

    def __init__(self, path: Path, kept: bool) -> None:
        self.path, self.kept = path, kept

    def unfinished(self, run: Unfinished) -> None:
        from rnnforecast import checkpoint
        from rnnforecast.training.state import pack

        checkpoint.keep(self.path, *pack(run))
        self.kept = True


class Metrics(Silent):
    """One JSON object per epoch and line. What a file held is replaced with the first epoch, not before."""

    def __init__(self, file: IO[bytes], name: str, kept: int) -> None:
        self.file, self.name, self.kept = file, name, kept
        self.listened_to = True

    def epoch(self, epoch: Epoch) -> None:
        if not self.listened_to:
            return
        try:
            if self.kept >= 0:
                self.file.truncate(self.kept)
                self.kept = -1
            self.file.write(json.dumps(epoch.numbers()).encode() + b"\n")
            self.file.flush()
        except BrokenPipeError:  # `| head` has what it wanted
            self.listened_to = False
        except OSError as error:
            raise OutputFailed(f"{self.name}: could not be written: {error.strerror}", "--metrics FILE") from error


@contextmanager
def recording(
    watcher: Observer, keeper: Keeper, metrics: str | None, tensorboard: str | None, heard: tuple[int, int] | None
) -> Iterator[Observer]:
    """All that is to be written, then the watcher: what people read of has been recorded.

    `heard`: network and epoch after which a resumed run goes on.
    """
    from rnnforecast.training.events import Events

    with ExitStack() as stack:
        observers: list[Observer] = [keeper]
        if metrics is not None:
            observers.append(stack.enter_context(lines(metrics, heard)))
        if tensorboard is not None:
            observers.append(events := Events(tensorboard))
            stack.callback(events.close)
        yield Chorus([*observers, watcher])


@contextmanager
def lines(name: str, heard: tuple[int, int] | None) -> Iterator[Metrics]:
    """The metrics into a file, or for - to stdout. Raises OutputFailed where they cannot be written there."""
    if name == "-":
        if sys.stdout is None:
            raise OutputFailed("stdout is closed; the metrics have nowhere to go", "--metrics FILE")
        yield Metrics(sys.stdout.buffer, name, kept=-1)
        return
    try:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        file = open(name, "ab", buffering=0)  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputFailed(f"{name}: could not be written: {reason}", "--metrics FILE") from error
    with file:
        yield Metrics(file, name, kept_of(name, heard) if Path(name).is_file() else -1)


def kept_of(name: str, heard: tuple[int, int] | None) -> int:
    """How many bytes of an older metrics file stay: the epochs that are not run again. Raises OutputFailed for a file
    that holds anything else.
    """
    size = 0
    with open(name, "rb") as file:
        for line in file:
            try:
                told = json.loads(line)
                place = (told["network"], told["epoch"])
            except (ValueError, KeyError, TypeError):
                raise OutputFailed(f"{name}: holds no metrics, so it is not replaced", "--metrics FILE") from None
            if heard is not None and place <= heard:
                size += len(line)
    return size


def refuse_family(names: Sequence[str | None], target: Path) -> None:
    """Refuse to record into the files of the run itself. Raises OutputFailed."""
    from rnnforecast import checkpoint

    for name in names:
        if name and name != "-" and Path(name).resolve() in checkpoint.family(target):
            raise OutputFailed(f"{name}: belongs to the model, so nothing else is written there", "another name")
