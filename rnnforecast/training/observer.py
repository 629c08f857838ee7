"""Observer: how progress leaves the core and the wish to stop comes in. The core neither prints nor traps signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Epoch:
    """One pass: mean training loss, mean absolute error on validation, in series units; `best`: the weights were kept.

    floor_loss is the validation error of the floor under the network.
    """

    number: int
    of: int
    train_loss: float
    validation_loss: float
    floor_loss: float  # the loss of the floor under the network on the same windows
    best: bool
    seconds: float


class Observer(Protocol):
    """What training tells and asks."""

    def stage(self, text: str) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def stop_signal(self) -> int:
        """The signal that asked to stop, 0 for none."""


class Silent:
    """An observer that neither listens nor speaks."""

    def stage(self, text: str) -> None:
        pass

    def epoch(self, epoch: Epoch) -> None:
        pass

    def stop_signal(self) -> int:
        return 0
