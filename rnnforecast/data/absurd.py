"""Absurd numbers: what no gauge means by a level. Refused by line where it would spoil the others, or told of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.grid import firsts
from rnnforecast.data.names import shown
from rnnforecast.data.readings import Readings
from rnnforecast.errors import DataUnusable

F64 = npt.NDArray[np.float64]

LARGEST = 1e30
DROWNING = 1e9  # times the usual distance from the median: more than float32 can tell apart


def refuse_absurd(readings: Readings) -> None:
    """Refuse infinities and numbers beyond 1e30, by line."""
    with np.errstate(invalid="ignore"):
        wrong = np.abs(readings.values) > LARGEST
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        name, value = shown(readings.columns[column]), readings.values[row, column]
        raise DataUnusable(f"{readings.place(row)}: {name} is {value:g}; expected a finite number below 1e30")


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
                value = float(column[rows[row]])
                raise DataUnusable(
                    f"{readings.place(int(rows[row]))}: {shown(name)} is {value:g}, beside which the digits of the "
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
