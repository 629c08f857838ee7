"""Absurd numbers: what no gauge means by a level. Refused by line where it would spoil the others, or told of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.grid import firsts
from rnnforecast.data.names import shown
from rnnforecast.data.readings import Readings
from rnnforecast.data.spill import blocks
from rnnforecast.errors import DataUnusable

F64 = npt.NDArray[np.float64]

LARGEST = 1e30
DROWNING = 1e9  # times the usual distance from the median: more than float32 can tell apart


def refuse_absurd(readings: Readings) -> None:
    """Refuse infinities and numbers beyond 1e30, by line."""
    for rows in blocks(len(readings)):
        with np.errstate(invalid="ignore"):
            wrong = np.argwhere(np.abs(readings.values[rows]) > LARGEST)
        for row, column in wrong[:1].tolist():
            name, value = shown(readings.columns[column]), readings.values[rows.start + row, column]
            place = readings.place(rows.start + row)
            raise DataUnusable(f"{place}: {name} is {value:g}; expected a finite number below 1e30")


def refuse_drowning(readings: Readings, layout: Layout) -> None:
    """Refuse, by line, a number so large that the others of its series would lose their digits beside it."""
    bounds = firsts(readings).tolist()
    for at, name in enumerate(readings.columns):
        column = readings.values[:, at]
        if name in layout.panel_columns("static") or not np.nanmax(np.abs(column), initial=0.0) > DROWNING:
            continue
        for first, end in pairwise(bounds):
            rows = first + np.flatnonzero(~np.isnan(column[first:end]))
            row = drowning(column[rows])
            if row is not None:
                raise drowned(readings, int(rows[row]), at)


def drowned(readings: Readings, row: int, column: int) -> DataUnusable:
    value = float(readings.values[row, column])
    return DataUnusable(
        f"{readings.place(row)}: {shown(readings.columns[column])} is {value:g}, beside which the digits of the "
        "other values are lost; expected values of one size",
        f"--missing {value!r} if it means a missing value",
    )


def drowning(values: F64) -> int | None:
    """The index of a number that is further from the median than float32 tells the others apart, or None."""
    if not len(values):
        return None
    middle = float(np.median(values))
    apart = np.abs(values - middle)
    furthest = int(np.argmax(apart))
    others = apart[(apart > 0) & (apart < apart[furthest])]
    usual = float(np.median(others)) if len(others) else abs(middle) or 1.0
    return furthest if apart[furthest] > DROWNING * usual else None
