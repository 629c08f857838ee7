"""Learning rate: full while validation improves, halved for every STALL epochs that it did not.

A schedule fixed in advance stops a river too early and lets a tide run on: how long learning pays differs by data.
"""

from __future__ import annotations

STALL = 2


class Plateau:
    """The rate for the next epoch, from how many epochs have passed without gain in all."""

    def __init__(self, peak: float) -> None:
        self.peak = peak
        self.stalled = 0

    def rate(self) -> float:
        return float(self.peak * 0.5 ** (self.stalled // STALL))

    def told(self, improved: bool) -> None:
        self.stalled += not improved
