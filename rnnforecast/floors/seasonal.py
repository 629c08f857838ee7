"""Seasonal naive: the same time one season ago; the season is the candidate of the step with the least error."""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step, season_words, seasons
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, batches

summary = "the same time one season ago"

MOST_WINDOWS = 4096  # enough to choose between a handful of periods


def candidates(config: RunConfig, step: Step) -> tuple[int, ...]:
    """Periods to try. A long one is dropped where the lookback shows that the record is short."""
    known = seasons(step)
    return tuple(p for p in known if p <= max(4 * config.lookback, known[0]))


def context(config: RunConfig, step: Step) -> int:
    return max(candidates(config, step))


def applies(windows: Windows) -> bool:  # noqa: ARG001
    return True


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """The period of least mean absolute error; the shortest where errors cannot be told apart."""
    thinned = origins[:: max(1, len(origins) // MOST_WINDOWS)]
    totals = dict.fromkeys(candidates(config, step), 0.0)
    counts = dict.fromkeys(totals, 0)
    for _, batch in batches(windows, thinned):
        for period in totals:
            error = np.abs(repeat(batch, period) - batch.truth)[usable_at(batch, period)]
            totals[period] += float(np.nansum(error))
            counts[period] += int(np.isfinite(error).sum())
    means = {p: totals[p] / counts[p] if counts[p] else np.inf for p in totals}
    return {"period": np.array(min(means, key=lambda p: (means[p], p)), np.int64)}


def repeat(batch: Batch, period: int) -> F64:
    """(B, H, T): step h is the value h - k periods from the origin, k the fewest that lie in the past."""
    C, H = batch.target.shape[1], batch.truth.shape[1]
    rows = np.maximum(C - period + np.arange(H) % period, 0)
    then = np.asarray(batch.target[:, rows], np.float64)
    return then + batch.tide[:, rows] - batch.tide[:, C:] if batch.tide.shape[2] else then


def usable_at(batch: Batch, period: int) -> Flags:
    """The whole last season lies in the context and at least half of it, for each target, was observed."""
    if period > batch.mask.shape[1]:
        return np.zeros(len(batch.mask), bool)
    return np.asarray((batch.mask[:, -period:].mean(axis=1) >= 0.5).all(axis=1))


def forecast(params: Arrays, batch: Batch) -> F64:
    return repeat(batch, int(params["period"]))


def usable(params: Arrays, batch: Batch) -> Flags:
    return usable_at(batch, int(params["period"]))


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:  # noqa: ARG001
    if list(params) != ["period"]:
        return False
    period = params["period"]
    return bool(period.dtype == np.int64 and period.shape == () and 1 <= int(period) <= 2**31)


def label(params: Arrays, step: Step) -> str:
    return season_words(int(params["period"]), step)
