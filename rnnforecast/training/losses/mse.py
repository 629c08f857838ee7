"""Mean squared error of the median (Gauss 1809): it forecasts the mean, and floods weigh most."""

from __future__ import annotations

from torch import Tensor

from rnnforecast.training.losses import masked_mean, median

summary = "squared error of the median"


def loss(quantiles: Tensor, truth: Tensor, levels: Tensor) -> Tensor:
    return masked_mean((median(quantiles, levels) - truth.nan_to_num(0.0)).square(), truth)
