"""Widths: how many columns of each kind the data has, as the shape letters of the design."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Widths:
    """T targets, P past covariates, S static; F known ahead = known-future covariates, calendar columns, tides."""

    T: int
    P: int
    future: int
    calendar: int
    S: int
    tide: int = 0  # T where the targets are tidal

    @property
    def F(self) -> int:
        return self.future + self.calendar + self.tide
