"""Widths: how many columns of each kind the data has, as the shape letters of the design."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Widths:
    """T targets, P past covariates, S static; F known ahead = known-future covariates and the calendar's columns."""

    T: int
    P: int
    future: int
    calendar: int
    S: int

    @property
    def F(self) -> int:
        return self.future + self.calendar
