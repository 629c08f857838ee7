"""Errors, as the protocols define them: plain functions of arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def rmse(truth: Array, said: Array) -> float:
    return float(np.sqrt(np.mean((truth - said) ** 2)))


def mae(truth: Array, said: Array) -> float:
    return float(np.mean(np.abs(truth - said)))


def nse(truth: Array, said: Array) -> float:
    """Nash-Sutcliffe: 1 is perfect, 0 as good as the mean of what was observed."""
    return float(1 - np.mean((truth - said) ** 2) / np.var(truth))


def share_within(truth: Array, said: Array, bound: float) -> float:
    """Percent of the forecasts no farther off than `bound`."""
    return float(100 * np.mean(np.abs(truth - said) <= bound))


def seasonal_scale(past: Array, season: int) -> Array:
    """Mean absolute difference from a season before, along the first axis: what MASE divides by."""
    return np.nanmean(np.abs(past[season:] - past[:-season]), axis=0)


def seasonal_naive(past: Array, season: int, horizon: int) -> Array:
    """The newest season again and again, along the first axis."""
    return past[len(past) - season + np.arange(horizon) % season]


def smape(truth: Array, said: Array) -> float:
    """In percent, as M4 has it: 0 to 200."""
    return float(200 * np.mean(np.abs(truth - said) / (np.abs(truth) + np.abs(said))))


def owa(smape: float, mase: float, smape_naive2: float, mase_naive2: float) -> float:
    """M4's overall weighted average: the mean of the two errors over those of Naive2."""
    return (smape / smape_naive2 + mase / mase_naive2) / 2


def geometric_mean(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))
