"""The stack: convex weights per lead over the members, fitted on validation errors and shrunk to the best floor.

The loss is |e| / MAE + e^2 / MSE, both of the best floor at that lead: it is neither blind to floods, as the absolute
error is, nor ruled by the one great flood, as the squared error is; so the stack answers for both scores.

Weights grow greedily (Caruana et al. 2004, Ensemble selection): from the best floor alone, ROUNDS times the member that
lowers the mean loss most is added to the average. What that gains is measured on time blocks that chose
nothing, and the weights are shrunk to the best floor as far as chance could explain the gain:
factor = gain^2 / (gain^2 + standard error^2), 0 where there is none. So a network that adds nothing gets the weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

Loss = Callable[[F64, F64], F64]

ROUNDS = 20
BLOCKS = 8  # at most; each spans a horizon or more, or its windows would share what they are judged by
NOTHING = 1e-4  # a gain of the size of rounding (the floor's own loss is 2)
FEWEST = 3  # blocks that a standard error can be had from: with less, the best floor alone
NEIGHBOURS = 8  # errors of a lead are pooled with those within horizon / 8 of it


@dataclass(frozen=True)
class Stack:
    """weights (M, H, T), rising to 1 over M; `held_out` (N, H, T) forecasts by weights that did not see their block."""

    weights: F64
    held_out: F64


def fit(members: F64, truth: F64, best: int, stride: int = 1) -> Stack:
    """members (M, N, H, T) in series units and in time order, truth (N, H, T) with NaN; `best` is the floor's index.

    stride: steps between the windows. A row on which a member is missing (NaN) is left out of the fit.
    """
    N, H, T = truth.shape
    blocks = np.arange(N) * min(BLOCKS, N * stride // H) // N
    parts = [fit_target(members[..., t], truth[..., t], best, blocks) for t in range(T)]
    return Stack(np.stack([p.weights for p in parts], axis=-1), np.stack([p.held_out for p in parts], axis=-1))


def fit_target(members: F64, truth: F64, best: int, blocks: I64) -> Stack:
    """One target: members (M, N, H), truth (N, H), the time block of each window (N,)."""
    M, _, H = members.shape
    complete = np.isfinite(members).all(axis=(0, 2))
    held_out, gains = members[best].copy(), []
    for block in np.unique(blocks):
        inside, rest = (blocks == block) & complete, (blocks != block) & complete
        if inside.any() and rest.any():
            loss = loss_beside(members[best, rest], truth[rest])  # not even its scale knows the block
            weights = greedy(members[:, rest], truth[rest], best, loss)
            held_out[inside] = np.einsum("mh,mnh->nh", weights, members[:, inside])
            own, its = loss(held_out[inside], truth[inside]), loss(members[best, inside], truth[inside])
            gains.append(pooled(its - own))
    weights = np.zeros((M, H))
    weights[best] = 1.0
    if len(gains) < FEWEST:
        return Stack(weights, members[best])
    factor = trust(np.stack(gains))
    loss = loss_beside(members[best, complete], truth[complete])
    whole = greedy(members[:, complete], truth[complete], best, loss)
    return Stack(weights + factor * (whole - weights), members[best] + factor * (held_out - members[best]))


def greedy(members: F64, truth: F64, best: int, loss: Loss) -> F64:
    """Weights (M, H) by greedy averaging, from `best` on."""
    M, _, H = members.shape
    counts = np.zeros((M, H))
    counts[best] = 1.0
    average = members[best].copy()
    for size in range(1, ROUNDS):
        trials = (average[None] * size + members) / (size + 1)  # (M, N, H)
        chosen = pooled(loss(trials, truth)).argmin(axis=0)  # (H,)
        counts[chosen, np.arange(H)] += 1.0
        average = trials[chosen, :, np.arange(H)].T
    return np.asarray(counts / counts.sum(axis=0))


def loss_beside(floor: F64, truth: F64) -> Loss:
    """The mean loss over windows, (..., N, H) and (N, H) -> (..., H); it is 2 for the floor (N, H) itself."""
    absolute, square = mean_seen(np.abs(floor - truth)), mean_seen((floor - truth) ** 2)

    def loss(forecast: F64, truth: F64) -> F64:
        error = forecast - truth
        parts = mean_seen(np.abs(error)) / np.maximum(absolute, 1e-12), mean_seen(error**2) / np.maximum(square, 1e-12)
        total: F64 = parts[0] + parts[1]
        return total

    return loss


def mean_seen(errors: F64) -> F64:
    """Mean over windows of what was observed, (..., N, H) -> (..., H); 0 where nothing was."""
    seen = np.isfinite(errors)
    return np.asarray(np.where(seen, errors, 0.0).sum(axis=-2) / np.maximum(seen.sum(axis=-2), 1))


def pooled(errors: F64) -> F64:
    """Each lead's error averaged with its neighbours', (..., H): single leads are too noisy to choose by."""
    H = errors.shape[-1]
    reach = H // NEIGHBOURS
    sums = np.concatenate([np.zeros((*errors.shape[:-1], 1)), errors.cumsum(axis=-1)], axis=-1)
    high = np.minimum(np.arange(H) + reach + 1, H)
    low = np.maximum(np.arange(H) - reach, 0)
    return np.asarray((sums[..., high] - sums[..., low]) / (high - low))


def trust(gains: F64) -> F64:
    """Share of the weights to keep, (H,), from the gains of each block (blocks, H)."""
    mean = gains.mean(axis=0)
    error = gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
    gained = np.maximum(mean, 0.0) ** 2
    return np.asarray(gained / (gained + error**2 + NOTHING**2))
