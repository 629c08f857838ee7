"""Shared: one linear map for every target of every series, from each window's own mean.

With few rows and many columns a map that all share is learned from all of them (ACCURACY: ahead of every published mean
squared error on three rows of the ETT tables). Features: the lookback less its mean, and what `ridge` is told beside
the window. Half and quarter of the lookback are candidates of their own, averaged by their held-out error.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, _linear, ridge

summary = "one linear map for all targets and series, from the window's mean"

REACHES = (1, 2, 4)
SMALL = 0.05  # in series units: no window is so easy that it counts for all


def context(config: RunConfig, step: Step) -> int:
    return ridge.context(config, step)


def applies(windows: Windows) -> bool:  # noqa: ARG001
    return True


def design(batch: Batch, lookback: int, target: int) -> tuple[F64, F64]:
    """Features (B, K) and the mean (B, 1) of one target's window, of what was observed."""
    window, mask = batch.target[:, -lookback:, target].astype(np.float64), batch.mask[:, -lookback:, target]
    mean = (window * mask).sum(axis=1, keepdims=True) / np.maximum(mask.sum(axis=1, keepdims=True), 1)
    return np.concatenate([window - mean, *ridge.beside(batch, lookback), np.ones_like(mean)], axis=1), mean


def folded(windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:  # noqa: ARG001
    """The parameters, and those without each block."""
    first = solved(windows, origins, config, None)
    return _linear.stacked([solved(windows, origins, config, first.weights)], config)


def solved(windows: Windows, origins: I64, config: RunConfig, known: F64 | None) -> _linear.Linear:
    """The map, by windows of equal weight; or, after a first map is known, weighed by how well it does on each."""
    L, T = config.lookback, len(windows.panel.targets)

    def features(batch: Batch) -> tuple[F64, F64]:
        parts = [(*design(batch, L, t), ridge.taught(batch, L, t)) for t in range(T)]
        x = np.concatenate([x[kept] for x, _, kept in parts])
        y = np.concatenate([(batch.truth[:, :, t] - mean)[kept] for t, (_, mean, kept) in enumerate(parts)])
        by = 1.0 if known is None else importance(y - x @ known)
        return x * by, y * by

    blocks = _linear.block_sums(windows, origins, features)
    return _linear.solved(blocks, _linear.reaches(L, len(blocks[0].xx), REACHES))


def importance(errors: F64) -> F64:
    """Roots of the weights (n, 1) by which least squares lowers the sum of the windows' errors, not of their squares.

    Iteratively reweighted least squares (Holland & Welsch 1977), one step: 1 / size, of errors (n, H).
    """
    sizes = np.sqrt((errors**2).mean(axis=1, keepdims=True))
    return np.asarray(1.0 / np.sqrt(sizes + SMALL))


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """weights (1, K, H) and the lookback they were made for."""
    return folded(windows, origins, config, step)[0]


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    parts = [design(batch, int(params["lookback"]), t) for t in range(batch.target.shape[2])]
    return np.stack([x @ params["weights"][0] + mean for x, mean in parts], axis=2)


def usable(params: Arrays, batch: Batch) -> Flags:
    return ridge.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    return _linear.valid(params, config, 1, config.lookback + 1 + ridge.beside_width(config, widths))


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "shared linear map"
