"""Surge: the ridge, told besides how the surge meets the tide.

A surge travels faster on a high tide and is held up in shallow water: what the weather adds to the level depends on the
tide it meets (Horsburgh & Wilson 2007, Tide-surge interaction). So beside the ridge's features stand products of what
the tide leaves (its newest value, its mean over RECENT steps, its rise) and the tide about now and ahead. They are used
at the leads where, over held-out blocks, they gain more than one standard error; elsewhere this is the ridge.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, _linear, ridge

summary = "ridge with the tide that a surge meets"

RECENT, RISE = 12, 3  # steps of the mean and of the rise
TIDES = 32  # heights of the tide that are multiplied, at most: neighbours say the same


def context(config: RunConfig, step: Step) -> int:
    return ridge.context(config, step)


def applies(windows: Windows) -> bool:
    return windows.tide is not None


def heights(lookback: int, horizon: int) -> I64:
    """Which of the last rows of a batch's tide are multiplied, counted from the end."""
    back = min(lookback, RECENT)
    return np.arange(1, horizon + back + 1, max(1, -(-(horizon + back) // TIDES)))


def design(batch: Batch, lookback: int, target: int) -> tuple[F64, F64]:
    """The ridge's features, then the products, (B, K); and the last value (B, 1)."""
    x, last = ridge.design(batch, lookback, target)
    window = batch.target[:, -lookback:, target].astype(np.float64)
    tide = batch.tide[:, -heights(lookback, batch.truth.shape[1]), target].astype(np.float64)
    surges = [last, window[:, -RECENT:].mean(axis=1, keepdims=True), last - window[:, -RISE - 1 :][:, :1]]
    return np.concatenate([x, *(surge * tide for surge in surges)], axis=1), last


def folded(windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:  # noqa: ARG001
    """The parameters, and those without each block."""
    found = [fit_target(windows, origins, config.lookback, t) for t in range(len(windows.panel.targets))]
    return _linear.stacked(found, config)


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """weights (T, K, H) and the lookback they were made for."""
    return folded(windows, origins, config, step)[0]


def fit_target(windows: Windows, origins: I64, lookback: int, target: int) -> _linear.Linear:
    def features(batch: Batch) -> tuple[F64, F64]:
        return ridge.examples(batch, lookback, target, *design(batch, lookback, target))

    products = 3 * len(heights(lookback, windows.horizon))
    return _linear.with_more(_linear.block_sums(windows, origins, features), products, lookback)


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    parts = [design(batch, int(params["lookback"]), t) for t in range(batch.target.shape[2])]
    return np.stack([x @ w + last for (x, last), w in zip(parts, params["weights"], strict=True)], axis=2)


def usable(params: Arrays, batch: Batch) -> Flags:
    return ridge.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """The map of exactly the features that `design` makes."""
    products = 3 * len(heights(config.lookback, config.horizon))
    features = config.lookback + 1 + ridge.beside_width(config, widths) + products
    return bool(widths.tide) and _linear.valid(params, config, widths.T, features)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "ridge on surge and tide"
