"""Learning rate: full while validation improves; halved after STALL epochs without, from the best weights again.

How coarse a step pays differs by data: a flood bears steps that wreck a tide which its floor all but explains. So the
rate is not fixed in advance but found: what a rate too high has spoilt is undone, and tried again at half of it.
"""

from __future__ import annotations

STALL = 3


class Plateau:
    """The rate for the next epoch, from how many epochs have passed without gain."""

    def __init__(self, peak: float) -> None:
        self.rate = peak
        self.stalled = 0

    def told(self, improved: bool) -> bool:
        """Whether the rate was halved just now, so that learning should go back to the best weights."""
        self.stalled = 0 if improved else self.stalled + 1
        if self.stalled < STALL:
            return False
        self.stalled = 0
        self.rate /= 2
        return True
