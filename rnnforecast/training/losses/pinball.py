"""Pinball loss over all quantile levels (Koenker & Bassett 1978); at the level 0.5 alone it is half the MAE.

    max(q (y - f), (q - 1) (y - f)), mean over levels, times 2: so that it reads on the scale of an absolute error
"""

from __future__ import annotations

from torch import Tensor, maximum

from rnnforecast.training.losses import masked_mean

summary = "all quantiles at once"


def loss(quantiles: Tensor, truth: Tensor, levels: Tensor) -> Tensor:
    error = truth.nan_to_num(0.0)[..., None] - quantiles  # (B, H, T, Q)
    return masked_mean(2 * maximum(levels * error, (levels - 1) * error).mean(dim=-1), truth)
