"""Persistence: no change from the last observation."""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags

summary = "no change from the last observation"


def context(config: RunConfig, step: Step) -> int:  # noqa: ARG001
    return config.lookback


def applies(windows: Windows) -> bool:  # noqa: ARG001
    return True


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:  # noqa: ARG001
    return {}


def forecast(params: Arrays, batch: Batch) -> F64:  # noqa: ARG001
    """(B, H, T): the level stays, whatever the tide does."""
    H, C = batch.truth.shape[1], batch.target.shape[1]
    last = batch.target[:, -1:].astype(np.float64)
    if not batch.tide.shape[2]:
        return np.repeat(last, H, axis=1)
    row = C - 1 - np.round(batch.since[:, -1:] * C).astype(np.int64)  # of the last observation
    tide = batch.tide.astype(np.float64)
    level: F64 = last + np.take_along_axis(tide, np.maximum(row, 0), axis=1) - tide[:, C:]
    return level


def usable(params: Arrays, batch: Batch) -> Flags:  # noqa: ARG001
    """One observation of each target in the context."""
    return np.asarray(batch.mask.any(axis=1).all(axis=1))


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:  # noqa: ARG001
    return not params


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "no change"
