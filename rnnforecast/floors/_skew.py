"""Skew: which columns lie above a bottom with a long tail upward, as flows and rain do, and where that bottom is."""

from __future__ import annotations

from math import prod

import numpy as np

from rnnforecast.data.panel import I64
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Flags

SKEWED = 1.0  # skewness of a flow is 3 and more; of a temperature, a tide or a load below 1
MOST_WINDOWS = 4096


def sampled(windows: Windows, origins: I64) -> Batch:
    """Windows to look at the values' shape by: few where they are long, but from all of the record and every series."""
    return windows.gather(origins[:: 1 + len(origins) // windows.at_once(MOST_WINDOWS)])


def bottoms(values: F64, seen: F64) -> tuple[F64, Flags]:
    """The lowest of what was observed, and whether it is skewed: (..., k) -> (k,) and (k,)."""
    rows, columns = prod(values.shape[:-1]), values.shape[-1]
    flat, mask = values.reshape(rows, columns), seen.reshape(rows, columns) > 0
    lowest, skewed = np.zeros(flat.shape[1]), np.zeros(flat.shape[1], bool)
    for k in range(flat.shape[1]):
        column = flat[mask[:, k], k].astype(np.float64)
        if len(column):
            lowest[k] = column.min()
            apart = column - column.mean()
            skewed[k] = (apart**3).mean() > SKEWED * max((apart**2).mean() ** 1.5, 1e-12)
    return lowest, skewed
