"""Forecast: what a model answers, one entry per origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Forecast:
    """B origins, H steps ahead, T targets, Q quantile levels; values in the targets' own units."""

    series: I64  # (B,) index into Panel.ids
    origin: I64  # (B,) flat panel row of the cutoff: step 1 ahead is the row after it
    yhat: F64  # (B, H, T) the median
    quantiles: F64  # (B, H, T, Q) rising along Q
    quantile_levels: tuple[float, ...]
    source: tuple[str, ...]  # (B,) "model", or the name of the floor that stood in
