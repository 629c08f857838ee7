"""Learning rate: full for a few epochs, then a constant factor per epoch (SegRNN's and xPatch's «type 3»)."""

from __future__ import annotations

HOLD = 3
DECAY = 0.9


def learning_rate(peak: float, epoch: int) -> float:
    """The rate of `epoch`, counted from 0."""
    return float(peak * DECAY ** max(0, epoch - HOLD + 1))
