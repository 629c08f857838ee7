"""Training losses, one file each; the folder is the list.

A loss is a module with
    summary                              one line for --help
    loss(quantiles, truth, levels)       -> scalar tensor; (B, H, T, Q) and (B, H, T) with NaN where unobserved
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
