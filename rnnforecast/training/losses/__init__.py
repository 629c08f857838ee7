"""Training losses, one file each; the folder is the list.

A loss is a module with
    summary                              one line for --help
    loss(quantiles, truth, levels)       -> scalar tensor; (B, H, T, Q) and (B, H, T) with NaN where unobserved
All are in units of the series' own standard deviation. A loss of the median alone teaches no other quantile: those stay
where the floor's errors put them, as wide as each window's own spread says.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from torch import Tensor


class Loss(Protocol):
    """What a module in this folder offers."""

    summary: str

    def loss(self, quantiles: Tensor, truth: Tensor, levels: Tensor) -> Tensor: ...


def loss_named(name: str) -> Loss:
    """The loss of that file."""
    return cast(Loss, import_module(f"{__name__}.{name}"))


def masked_mean(errors: Tensor, truth: Tensor) -> Tensor:
    """Mean of errors (B, H, T) where the truth was observed; 0 where nothing was."""
    seen = truth.isfinite()
    return errors.where(seen, 0.0).sum() / seen.sum().clamp(min=1)


def median(quantiles: Tensor, levels: Tensor) -> Tensor:
    """(B, H, T, Q) -> (B, H, T): the quantile of the level 0.5."""
    return quantiles[..., int((levels - 0.5).abs().argmin())]
