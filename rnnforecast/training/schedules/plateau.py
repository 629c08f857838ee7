"""Plateau: full while validation improves; halved after STALL epochs without, from the best weights again.

How coarse a step pays differs by data: a flood bears steps that wreck a tide which its floor all but explains. So the
rate is not fixed in advance but found: what a rate too high has spoilt is undone, and tried again at half of it.
"""

from __future__ import annotations

summary = "halved where validation stalls, from the best weights again"

STALL = 3


class Schedule:
    """`peak` is the rate now; `stalled` how many epochs have passed without gain."""

    def __init__(self, peak: float, max_epochs: int) -> None:  # noqa: ARG002
        self.peak = peak
        self.stalled = 0

    def rate(self, at: float) -> float:  # noqa: ARG002
        return self.peak

    def told(self, improved: bool) -> bool:
        self.stalled = 0 if improved else self.stalled + 1
        if self.stalled < STALL:
            return False
        self.stalled = 0
        self.peak /= 2
        return True
