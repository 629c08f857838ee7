"""Coding: covariates that are not plain numbers, as columns that are.

- A text is a category: one column of 0 and 1 for each word that training saw. A word met later is 0 in all of them.
- A direction in degrees becomes its sine and cosine: 359 and 1 are neighbours.
- What each column is coded by is decided once, over the whole of the training data, and stored in the layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import Table
from rnnforecast.data.values import Missing, as_text, numeric_share
from rnnforecast.errors import DataUnusable

if TYPE_CHECKING:
    from rnnforecast.data.readings import Readings

F64 = npt.NDArray[np.float64]

MOST_LEVELS = 32
_DIRECTION = re.compile(r"(^|_)(dir|direction|wdir|mwd|winddir|heading|bearing|azimuth)(_deg|_degrees|_\d+m?)?$")


@dataclass(frozen=True)
class Coding:
    """How one covariate is coded: "category" with its words in order, or "direction" with degrees in a full circle."""

    column: str
    kind: str
    levels: tuple[str, ...] = ()
    circle: float = 360.0

    def names(self) -> tuple[str, ...]:
        """The columns it becomes."""
        if self.kind == "direction":
            return (f"{self.column} sin", f"{self.column} cos")
        return tuple(f"{self.column}={level}" for level in self.levels)

    def values(self, column: F64) -> F64:
        """(rows,) as read -> (rows, columns): degrees, or the place of a word in `levels` (-1: another word)."""
        if self.kind == "direction":
            phase = column * (2 * np.pi / self.circle)
            return np.stack([np.sin(phase), np.cos(phase)], axis=1)
        hits = (column[:, None] == np.arange(len(self.levels))).astype(np.float64)
        return np.where(np.isnan(column)[:, None], np.nan, hits)


def find_codings(tables: Sequence[Table], covariates: Iterable[str], units: dict[str, str], missing: Missing,
                 decimal: str) -> tuple[Coding, ...]:  # fmt: skip
    """The codings of those covariates that need one. Raises DataUnusable for free text."""
    found = []
    for name in covariates:
        holders = [table for table in tables if name in table.names]
        columns = [table.peek().columns[name] for table in holders]
        if any(isinstance(c, list) and is_text(c, missing, decimal) for c in columns):  # N, NNE, NE are words too
            found.append(Coding(name, "category", levels_of(holders, name, missing)))
        elif is_direction(name, units.get(name, "")):
            found.append(Coding(name, "direction", circle=36.0 if units.get(name) == "10°" else 360.0))
    return tuple(found)


def is_direction(name: str, unit: str) -> bool:
    plain = re.sub(r"[^0-9a-z]+", "_", re.sub(r"[(\[].*", "", name).lower()).strip("_")
    return _DIRECTION.search(plain) is not None and unit in ("", "°", "10°")


def is_text(column: list[str], missing: Missing, decimal: str) -> bool:
    observed = [cell for cell in column if cell not in missing.words]
    return bool(observed) and numeric_share(column, missing, decimal) < 0.5


def levels_of(tables: Sequence[Table], name: str, missing: Missing) -> tuple[str, ...]:
    """The words of a column over all rows, in order."""
    words: set[str] = set()
    for table in tables:
        for chunk in table.only((name,)).chunks():
            words |= {*as_text(chunk.columns[name])} - missing.words
            if len(words) > MOST_LEVELS:
                raise DataUnusable(
                    f"{table.source}: covariate {name!r} holds more than {MOST_LEVELS} different texts; "
                    f"expected numbers or at most {MOST_LEVELS} categories"
                )
    return tuple(sorted(words))


def expanded(readings: Readings, codings: Sequence[Coding]) -> Readings:
    """The readings with each coded column replaced by the columns it becomes."""
    if not codings:
        return readings
    by_name = {coding.column: coding for coding in codings}
    names, columns = [], []
    for i, name in enumerate(readings.columns):
        coding = by_name.get(name)
        names += [name] if coding is None else list(coding.names())
        columns += [readings.values[:, i : i + 1] if coding is None else coding.values(readings.values[:, i])]
    return replace(readings, columns=tuple(names), values=np.concatenate(columns, axis=1))
