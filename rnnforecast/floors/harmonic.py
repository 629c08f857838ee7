"""Harmonic: the astronomical tide and nothing else; what a tide table says."""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, batches, persistence, thinned

summary = "the tide of the harmonics alone"

MOST_WINDOWS = 4096


def context(config: RunConfig, step: Step) -> int:
    return persistence.context(config, step)


def applies(windows: Windows) -> bool:
    return windows.tide is not None


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:  # noqa: ARG001
    """level (T,): the middle of what the tide leaves, in series units."""
    few = thinned(origins, MOST_WINDOWS)
    parts = [np.where(b.mask[:, -1] > 0, b.target[:, -1], np.nan) for _, b in batches(windows, few)]
    left = np.concatenate(parts)
    seen = np.isfinite(left).any(axis=0)
    return {"level": np.nanmean(np.where(seen, left, 0.0), axis=0).astype(np.float64)}


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T): the tide itself is not in series units' targets, see `windows`."""
    return np.broadcast_to(params["level"], batch.truth.shape).astype(np.float64)


def usable(params: Arrays, batch: Batch) -> Flags:
    return persistence.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:  # noqa: ARG001
    if list(params) != ["level"] or not widths.tide:
        return False
    return bool(params["level"].dtype == np.float64 and params["level"].shape == (widths.T,))


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "tidal harmonics"
