"""Observer: how progress leaves the core and the wish to stop comes in. The core neither prints nor traps signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rnnforecast.training.state import Unfinished


@dataclass(frozen=True)
class Epoch:
    """One pass of one network; `best`: the weights were kept. Both errors on validation are mean absolute errors."""

    network: int  # from 0
    number: int  # from 1
    of: int
    train_loss: float
    validation_loss: float  # mean absolute error, in series units
    start_loss: float  # the same before training: the error of the floor under the network, or of what --from brought
    learning_rate: float  # at the end of the epoch
    gradient_norm: float  # mean over the updates, before clipping
    best: bool
    seconds: float

    def numbers(self) -> dict[str, Any]:
        """By the names that metrics have; networks count from 1."""
        return {
            "network": self.network + 1,
            "epoch": self.number,
            "max_epochs": self.of,
            "train_loss": self.train_loss,
            "validation_mae": self.validation_loss,
            "start_mae": self.start_loss,
            "learning_rate": self.learning_rate,
            "gradient_norm": self.gradient_norm,
            "best": self.best,
            "seconds": round(self.seconds, 3),
        }


class Observer(Protocol):
    """What training tells and asks."""

    def stage(self, text: str) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def unfinished(self, run: Unfinished) -> None:
        """At the end of each epoch: what it takes to go on from here."""

    def stop_signal(self) -> int:
        """The signal that asked to stop, 0 for none."""


class Silent:
    """An observer that neither listens nor speaks."""

    def stage(self, text: str) -> None:
        pass

    def epoch(self, epoch: Epoch) -> None:
        pass

    def unfinished(self, run: Unfinished) -> None:
        pass

    def stop_signal(self) -> int:
        return 0
