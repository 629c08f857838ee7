"""Mean absolute error of the median (Laplace 1774): it forecasts the median, and is not moved by a single flood."""

from __future__ import annotations

from torch import Tensor

from rnnforecast.training.losses import masked_mean, median

summary = "absolute error of the median"


def loss(quantiles: Tensor, truth: Tensor, levels: Tensor) -> Tensor:
    return masked_mean((median(quantiles, levels) - truth.nan_to_num(0.0)).abs(), truth)
