"""Cosine: from the peak down to 0 over max_epochs (Loshchilov & Hutter 2017, SGDR, without restarts).

    rate = peak (1 + cos(pi epochs passed / max_epochs)) / 2
"""

from __future__ import annotations

from math import cos, pi

summary = "falls to 0 over max_epochs"


class Schedule:
    """Remembers nothing but where it began."""

    def __init__(self, peak: float, max_epochs: int) -> None:
        self.peak = peak
        self.max_epochs = max_epochs

    def rate(self, at: float) -> float:
        return self.peak * (1 + cos(pi * min(at / self.max_epochs, 1.0))) / 2

    def told(self, improved: bool) -> bool:  # noqa: ARG002
        return False
