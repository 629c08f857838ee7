"""Error measures: pure functions of arrays, one per name that the field uses.

- Windows lie along axis 0 and are averaged away: (N, H, T) becomes (H, T), one number per lead and target.
- A NaN truth is skipped, a NaN forecast is not: a rule that gave no answer must not look good for it.
- Where nothing is left to average the answer is NaN, without a warning.
- Errors are forecast minus truth, in the target's own unit unless the docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def mae(truth: F64, forecast: F64) -> F64:
    """Mean absolute error, mean |f - y|: (N, ...) and (N, ...) -> (...)."""
    return _mean(np.abs(forecast - truth), ~np.isnan(truth))


def rmse(truth: F64, forecast: F64) -> F64:
    """Root mean square error, sqrt(mean (f - y)^2): (N, ...) and (N, ...) -> (...)."""
    return np.sqrt(_mean((forecast - truth) ** 2, ~np.isnan(truth)))


def bias(truth: F64, forecast: F64) -> F64:
    """Mean error, mean (f - y): above 0 where the forecast is too high. (N, ...) and (N, ...) -> (...)."""
    return _mean(forecast - truth, ~np.isnan(truth))


def pinball(truth: F64, quantiles: F64, levels: Sequence[float]) -> F64:
    """Pinball (quantile) loss, mean of max(q (y - f), (q - 1) (y - f)), for each level q.

    truth (N, ...), quantiles (N, ..., Q), levels Q numbers between 0 and 1 -> (..., Q).
    At q = 0.5 it is half the mean absolute error. Source: Koenker and Bassett, Econometrica 46 (1978), 33-50.
    """
    q = np.asarray(levels, np.float64)
    missed = truth[..., None] - quantiles
    seen = np.broadcast_to(~np.isnan(truth)[..., None], missed.shape)
    return _mean(np.maximum(q * missed, (q - 1) * missed), seen)


def coverage(truth: F64, low: F64, high: F64) -> F64:
    """Share of truths within [low, high], 0 to 1; the ends count as within. Three (N, ...) -> (...).

    A NaN bound holds nothing.
    """
    return _mean(((truth >= low) & (truth <= high)).astype(np.float64), ~np.isnan(truth))


def mase(truth: F64, forecast: F64, scale: F64 | float) -> F64:
    """Mean absolute scaled error, mean |f - y| / scale, without unit: (N, ...) and (N, ...) -> (...).

    `scale`, broadcast against truth, is the training part's own mean absolute change (over one step or one season).
    A window whose scale is 0 (a series that never changed) or NaN has no scaled error and is skipped.
    Source: Hyndman and Koehler, International Journal of Forecasting 22 (2006), 679-688, eq. 2.
    """
    scales = np.broadcast_to(np.asarray(scale, np.float64), truth.shape)
    usable = scales > 0
    scaled = np.abs(forecast - truth) / np.where(usable, scales, 1.0)
    return _mean(scaled, usable & ~np.isnan(truth))


def nse(truth: F64, forecast: F64) -> F64:
    """Nash-Sutcliffe efficiency, 1 - sum (f - y)^2 / sum (y - mean y)^2: (N, ...) and (N, ...) -> (...).

    1 is a perfect forecast, 0 one as good as the mean of the observed values. Where these are all equal
    (the sum below is 0) it is not defined: NaN. Source: Nash and Sutcliffe, Journal of Hydrology 10 (1970), 282-290.
    """
    seen = ~np.isnan(truth)
    variance = _mean((truth - _mean(truth, seen)) ** 2, seen)
    error = _mean((forecast - truth) ** 2, seen)
    return 1.0 - error / np.where(variance > 0, variance, np.nan)


def _mean(values: F64, seen: Mask) -> F64:
    """Mean over axis 0 of the values that were seen; NaN where there are none."""
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.asarray(total / np.where(count > 0, count, np.nan), np.float64)
