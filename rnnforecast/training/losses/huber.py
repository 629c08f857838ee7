"""Huber loss of the median (Huber 1964): squared up to DELTA, absolute beyond.

    e^2 / 2 where |e| <= DELTA, else DELTA (|e| - DELTA / 2)      e in units of the series' standard deviation
"""

from __future__ import annotations

from torch import Tensor

from rnnforecast.training.losses import masked_mean, median

summary = "squared error near, absolute error far"

DELTA = 1.0


def loss(quantiles: Tensor, truth: Tensor, levels: Tensor) -> Tensor:
    error = (median(quantiles, levels) - truth.nan_to_num(0.0)).abs()
    small = error.clamp(max=DELTA)
    return masked_mean(small * (error - small / 2), truth)
