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


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:  # noqa: ARG001
    return {}


def forecast(params: Arrays, batch: Batch) -> F64:  # noqa: ARG001
    """(B, H, T)."""
    return np.repeat(batch.target[:, -1:].astype(np.float64), batch.truth.shape[1], axis=1)


def usable(params: Arrays, batch: Batch) -> Flags:  # noqa: ARG001
    """One observation of each target in the context."""
    return np.asarray(batch.mask.any(axis=1).all(axis=1))


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:  # noqa: ARG001
    return not params


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "no change"
