"""Ridge: one linear map from the window to all steps ahead, in closed form.

Features: the lookback of a target less its last value, that value itself (a river falls back to its mean), recent past
covariates, the known future, the calendar at the origin, and a constant. The penalty, and how much of the lookback is
used, are chosen per lead by the error on time blocks that the fit has not seen (Hoerl & Kennard 1970; the closed form
is one eigendecomposition per block and reach; a shorter reach is a part of the same sums). The map of each target
is its own and is shared by all series.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, batches, folds

summary = "linear map of the window, closed form"

PENALTIES = np.geomspace(1e-5, 1e2, 15)  # relative to the mean eigenvalue
REACHES = (1, 4, 16)  # the whole lookback, a quarter, a sixteenth: a river forgets sooner than a tide
PAST_LAGS = 32  # of each past covariate: rain older than that has run off or sits in the level
MOST_WINDOWS = 40_000
NEEDED_SHARE = 0.5  # of the lookback observed


def context(config: RunConfig, step: Step) -> int:  # noqa: ARG001
    return config.lookback


def design(batch: Batch, lookback: int, target: int) -> tuple[F64, F64]:
    """Features (B, K) and the last value (B, 1) of one target."""
    window = batch.target[:, -lookback:, target].astype(np.float64)
    last = window[:, -1:]
    B, H = len(window), batch.truth.shape[1]
    past = batch.past[:, -min(lookback, PAST_LAGS) :].reshape(B, -1)
    future = batch.future[:, -H:].reshape(B, -1)
    now = batch.calendar[:, -H - 1]  # every later phase is a linear map of this one
    return np.concatenate([window[:, :-1] - last, past, future, now, last, np.ones((B, 1))], axis=1), last


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:  # noqa: ARG001
    """weights (T, K, H) and the lookback they were made for."""
    thinned = origins[:: 1 + len(origins) // MOST_WINDOWS]
    maps = [fit_target(windows, thinned, config.lookback, t) for t in range(len(windows.panel.targets))]
    return {"weights": np.stack(maps), "lookback": np.array(config.lookback, np.int64)}


def fit_target(windows: Windows, origins: I64, lookback: int, target: int) -> F64:
    """(K, H): the penalised least squares map, its penalty and reach chosen per lead across time blocks."""
    grams = block_sums(windows, origins, lookback, target)
    errors, solutions = [], []
    for dropped in sorted({lookback - max(1, lookback // reach) for reach in REACHES}):
        kept = [(xx[dropped:, dropped:], xy[dropped:], yy, rows) for xx, xy, yy, rows in grams]
        errors.append(np.mean([held_out_errors(kept, k) for k in range(len(kept))], axis=0))  # (penalties, H)
        found = path(*total(kept)[:2])  # (penalties, K - dropped, H)
        solutions.append(np.pad(found, ((0, 0), (dropped, 0), (0, 0))))
    return at_lead(np.concatenate(solutions), np.concatenate(errors).argmin(axis=0))


Sums = tuple[F64, F64, F64, int]  # X'X (K, K), X'Y (K, H), Y'Y (H,), rows


def block_sums(windows: Windows, origins: I64, lookback: int, target: int) -> list[Sums]:
    """The sums of each time block, from complete truths only."""
    blocks, sums = folds(windows, origins), []
    for block in np.unique(blocks):
        parts = [batch_sums(b, lookback, target) for _, b in batches(windows, origins[blocks == block])]
        sums.append(total(parts))
    return sums


def batch_sums(batch: Batch, lookback: int, target: int) -> Sums:
    x, last = design(batch, lookback, target)
    y = batch.truth[:, :, target] - last
    whole = np.isfinite(y).all(axis=1) & (batch.mask[:, -lookback:, target].mean(axis=1) >= NEEDED_SHARE)
    x, y = x[whole], y[whole].astype(np.float64)
    return x.T @ x, x.T @ y, (y**2).sum(axis=0), len(x)


def total(parts: list[Sums]) -> Sums:
    return (
        np.sum([p[0] for p in parts], axis=0),
        np.sum([p[1] for p in parts], axis=0),
        np.sum([p[2] for p in parts], axis=0),
        sum(p[3] for p in parts),
    )


def path(xx: F64, xy: F64) -> F64:
    """The solution at every penalty, (penalties, K, H), from one eigendecomposition."""
    values, vectors = np.linalg.eigh(xx)
    level = max(float(np.trace(xx)) / len(xx), 1e-12)
    shrunk = 1.0 / (np.maximum(values, 0.0)[None] + PENALTIES[:, None] * level)  # (penalties, K)
    return np.asarray(vectors @ (shrunk[:, :, None] * (vectors.T @ xy)[None]))


def held_out_errors(grams: list[Sums], block: int) -> F64:
    """Mean squared error (penalties, H) on one block of the solutions fitted on the others."""
    xx, xy, yy, rows = grams[block]
    rest = total([g for k, g in enumerate(grams) if k != block] or grams)
    solutions = path(rest[0], rest[1])
    squares = yy - 2 * np.einsum("pkh,kh->ph", solutions, xy)
    squares = squares + np.einsum("pkh,pkh->ph", solutions, xx @ solutions)
    return np.asarray(squares / max(rows, 1))


def at_lead(solutions: F64, chosen: I64) -> F64:
    """(K, H): lead h from the solution that lead h chose."""
    return np.stack([solutions[p, :, h] for h, p in enumerate(chosen)], axis=1)


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    out = []
    for t, weights in enumerate(params["weights"]):
        x, last = design(batch, int(params["lookback"]), t)
        out.append(x @ weights + last)
    return np.stack(out, axis=2)


def usable(params: Arrays, batch: Batch) -> Flags:
    """At least half of the lookback of each target observed."""
    share = batch.mask[:, -int(params["lookback"]) :].mean(axis=1)
    return np.asarray((share >= NEEDED_SHARE).all(axis=1))


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """The map of exactly the features that `design` makes."""
    past = min(config.lookback, PAST_LAGS) * widths.P
    features = config.lookback + 1 + past + config.horizon * widths.future + widths.calendar
    if sorted(params) != ["lookback", "weights"]:
        return False
    weights, lookback = params["weights"], params["lookback"]
    fits = weights.dtype == np.float64 and weights.shape == (widths.T, features, config.horizon)
    return bool(fits and lookback.dtype == np.int64 and lookback.shape == () and int(lookback) == config.lookback)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "ridge regression"
