"""Bands: quantiles from stored error trajectories, standardised by the spread of their day.

    e = (truth - yhat) / spread            kept in the model as (N, H, T), NaN where the truth was not observed
    quantile(q) = yhat + spread * e(q)     e(q) the empirical quantile over N, per lead; below the median never above 0
Quantiles are rounded outward by the finite sample: rank q (N + 1) of N errors, since the next one is as likely to fall
into each of the N + 1 gaps between them (Vovk et al. 2005, split conformal prediction).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

TRAJECTORIES = 512  # kept at most


def thinned(errors: F64) -> F64:
    """At most TRAJECTORIES of (N, H, T), evenly over time so that every season keeps its share."""
    whole = errors[np.isfinite(errors).any(axis=(1, 2))]
    if len(whole) <= TRAJECTORIES:
        return whole
    return whole[np.linspace(0, len(whole) - 1, TRAJECTORIES).round().astype(np.int64)]


def error_quantiles(errors: F64, levels: tuple[float, ...]) -> F64:
    """e(q) per lead and target, (H, T, Q) from (N, H, T): rising along Q and 0 at the median."""
    N = len(errors)
    outward = [min(max((q - 0.5) * (N + 1) / max(N - 1, 1) + 0.5, 0.0), 1.0) for q in levels]
    empty = ~np.isfinite(errors).any(axis=0)  # a lead never observed
    if not N:
        return np.zeros((*empty.shape, len(levels)))
    values = np.nanquantile(np.where(empty, 0.0, errors), outward, axis=0)
    signed = [np.minimum(v, 0) if q < 0.5 else np.maximum(v, 0) if q > 0.5 else 0 * v
              for q, v in zip(levels, values, strict=True)]
    return np.stack(signed, axis=-1)


def quantiles(yhat: F64, spread: F64, error_quantile: F64) -> F64:
    """(B, H, T, Q) from the point forecast and spread (B, H, T) and e(q) (H, T, Q)."""
    return np.asarray(yhat[..., None] + spread[..., None] * error_quantile[None])
