"""Log ridge: the ridge (with rain beside it, `runoff`) of the logarithm of what has a long tail upward, as flows do.

The mean of logarithms is the logarithm of the median: where few floods make the mean, this forecasts the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Array, Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, _skew, ridge, runoff

summary = "ridge of the logarithm, for flows"

FEW = 0.1  # of the distance from the bottom to the median is added, or the driest days would rule
BEYOND = 0.5  # above the highest logarithm seen a straight line in logarithms is absurd
LOOK = 20_000  # rows that tell whether a target is a flow
SHAPE = ("zero", "few", "top", "skewed")


def context(config: RunConfig, step: Step) -> int:
    return ridge.context(config, step)


def applies(windows: Windows) -> bool:
    """Some target is never negative and skewed."""
    panel, T = windows.panel, len(windows.panel.targets)
    rows = np.unique(np.linspace(0, len(panel.values) - 1, LOOK).astype(np.int64))
    values = panel.values[rows, :T] + panel.base[panel.series_of(rows), :T]
    bottom, skewed = _skew.bottoms(values, np.isfinite(values))
    return windows.tide is None and bool((skewed & (bottom >= 0)).any())


@dataclass(frozen=True)
class Logged(Windows):
    """Windows whose skewed targets are logarithms."""

    shape: Arrays = field(default_factory=dict)

    def gather(self, origins: I64) -> Batch:
        return logged(super().gather(origins), self.shape)


def logged(batch: Batch, shape: Arrays) -> Batch:
    return replace(batch, target=to_log(batch.target, shape), truth=to_log(batch.truth, shape))


def to_log(values: Array, shape: Arrays) -> Array:
    """log(y - bottom + few) of (..., T) where the target is skewed, else y itself."""
    above = np.log(np.maximum(values - shape["zero"], 0.0) + shape["few"])
    return np.where(shape["skewed"] > 0, above, values)


def from_log(values: F64, shape: Arrays) -> F64:
    """The inverse; no higher than `top`."""
    level = np.exp(np.minimum(values, shape["top"])) - shape["few"] + shape["zero"]
    return np.where(shape["skewed"] > 0, np.maximum(level, shape["zero"]), values)


def folded(windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:
    """The parameters, and those without each block."""
    shape = shape_of(_skew.sampled(windows, origins))
    given = {f.name: getattr(windows, f.name) for f in fields(Windows)}
    rule = runoff if runoff.applies(windows) else ridge
    whole, without = rule.folded(Logged(**given, shape=shape), origins, config, step)
    return {**whole, **shape}, [{**params, **shape} for params in without]


def shape_of(sample: Batch) -> Arrays:
    """Of each target (T,): its bottom, what is added above it, the highest logarithm, and whether it is skewed."""
    bottom, skewed = _skew.bottoms(sample.target, sample.mask)
    seen = np.where(sample.mask > 0, sample.target, np.nan).reshape(-1, len(bottom)).astype(np.float64)
    seen = np.where(np.isfinite(seen).any(axis=0), seen, bottom)
    few = np.maximum(FEW * (np.nanmedian(seen, axis=0) - bottom), 1e-3)
    top = np.log(np.nanmax(seen, axis=0) - bottom + few) + BEYOND
    return {"zero": bottom, "few": few, "top": top, "skewed": skewed.astype(np.int64)}


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """weights (T, K, H), the lookback, and the shape of the targets."""
    return folded(windows, origins, config, step)[0]


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    rule = runoff if "rainy" in params else ridge
    return from_log(rule.forecast(params, logged(batch, params)), params)


def usable(params: Arrays, batch: Batch) -> Flags:
    return ridge.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """The ridge's arrays, and four numbers for each target."""
    kinds = {name: np.int64 if name == "skewed" else np.float64 for name in SHAPE}
    if not all(name in params and params[name].shape == (widths.T,) for name in SHAPE):
        return False
    rule = runoff if widths.P + widths.future else ridge
    rest = {name: value for name, value in params.items() if name not in SHAPE}
    whole = all(params[name].dtype == kind for name, kind in kinds.items()) and bool((params["few"] > 0).all())
    return whole and rule.valid(rest, config, widths)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "ridge of the logarithm"
