"""The stack: convex weights per lead over members, fitted on honest errors and shrunk to where they start.

They start at the mean of the members that are nearly as good as the best, or at one that is to be kept.

The loss is |e| / MAE + e^2 / MSE, both of that start at that lead: it is neither blind to floods, as the absolute
error is, nor ruled by the one great flood, as the squared error is; so the stack answers for both scores. Where a
model is asked for the mean, the squared error alone counts.

Weights grow greedily (Caruana et al. 2004, Ensemble selection): from the start on, ROUNDS times the member that
lowers the mean loss most is added to the average. What that gains is measured on time blocks that chose nothing, and
the weights are shrunk to the start as far as chance could explain the gain:
factor = gain^2 / (gain^2 + standard error^2), 0 where there is none. So a network that adds nothing gets the weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

Flags = npt.NDArray[np.bool_]
Loss = Callable[[F64, F64], F64]

ROUNDS = 20
BLOCKS = 8  # at most; each spans a horizon or more, or its windows would share what they are judged by
CLOSE = 0.05  # of the least loss: members as good as that cannot be told apart
NOTHING = 1e-4  # a gain of the size of rounding (the start's own loss is 2)
FEWEST = 3  # blocks that a standard error can be had from: with less, the start alone
NEIGHBOURS = 8  # errors of a lead are pooled with those within horizon / 8 of it


@dataclass(frozen=True)
class Stack:
    """weights (M, H, T), rising to 1 over M; `held_out` (N, H, T) forecasts by weights that did not see their block."""

    weights: F64
    held_out: F64


def fit(members: F64, truth: F64, start: F64, spans: int, square: bool = False) -> Stack:
    """members (M, N, H, T) in series units and in time order, truth (N, H, T) with NaN; start (M, H, T) weights.

    spans: horizons that the windows cover, one after the other; square: the squared error alone counts.
    A row on which a member is missing (NaN) is left out of the fit.
    """
    N, _, T = truth.shape
    blocks = np.arange(N) * max(1, min(BLOCKS, spans)) // max(N, 1)
    parts = [fit_target(members[..., t], truth[..., t], start[..., t], blocks, square) for t in range(T)]
    return Stack(np.stack([p.weights for p in parts], axis=-1), np.stack([p.held_out for p in parts], axis=-1))


def fit_target(members: F64, truth: F64, start: F64, blocks: I64, square: bool) -> Stack:
    """One target: members (M, N, H), truth (N, H), start (M, H), the time block of each window (N,)."""
    complete = np.asarray(np.isfinite(members).all(axis=(0, 2)))
    before = mixed(start, members)
    held_out, gains = before.copy(), []
    for block in np.unique(blocks):
        inside, rest = (blocks == block) & complete, (blocks != block) & complete
        if inside.any() and rest.any():
            loss = loss_beside(before[rest], truth[rest], square)  # not even its scale knows the block
            held_out[inside] = mixed(greedy(members[:, rest], truth[rest], start, loss), members[:, inside])
            own, its = loss(held_out[inside], truth[inside]), loss(before[inside], truth[inside])
            gains.append(pooled(its - own))
    if len(gains) < FEWEST:
        return Stack(start, before)
    factor = trust(np.stack(gains))
    loss = loss_beside(before[complete], truth[complete], square)
    whole = greedy(members[:, complete], truth[complete], start, loss)
    return Stack(start + factor * (whole - start), before + factor * (held_out - before))


def near_best(members: F64, truth: F64, best: int, square: bool = False) -> F64:
    """Weights (M, H, T): at each lead all members alike whose loss is within CLOSE of the least; `best` without data.

    Which of several good members will be the best one is mostly chance; their mean is nearly always better than the
    one that was (Bates & Granger 1969, The combination of forecasts; benchmarks/accuracy/NOTES.md).
    """
    complete = np.isfinite(members).all(axis=(0, 2, 3))
    weights = np.zeros((len(members), *truth.shape[1:]))
    if not complete.any():
        weights[best] = 1.0
        return weights
    for t in range(truth.shape[2]):
        own, came = members[..., t][:, complete], truth[complete, :, t]
        losses = pooled(loss_beside(own[best], came, square)(own, came))  # (M, H)
        weights[..., t] = losses <= (1 + CLOSE) * losses.min(axis=0)
    return np.asarray(weights / weights.sum(axis=0))


def mixed(weights: F64, members: F64) -> F64:
    """(N, H) from weights (M, H) and members (M, N, H); a member without weight may be missing."""
    needed = weights.any(axis=1)
    return np.asarray(np.einsum("mh,mnh->nh", weights[needed], members[needed]))


def greedy(members: F64, truth: F64, start: F64, loss: Loss) -> F64:
    """Weights (M, H) by greedy averaging, from `start` on."""
    H = members.shape[2]
    counts, average = start.copy(), mixed(start, members)
    for size in range(1, ROUNDS):
        trials = (average[None] * size + members) / (size + 1)  # (M, N, H)
        chosen = pooled(loss(trials, truth)).argmin(axis=0)  # (H,)
        counts[chosen, np.arange(H)] += 1.0
        average = trials[chosen, :, np.arange(H)].T
    return np.asarray(counts / counts.sum(axis=0))


def loss_beside(member: F64, truth: F64, square: bool) -> Loss:
    """The mean loss over windows, (..., N, H) and (N, H) -> (..., H); it is 2 for the member (N, H) itself."""
    absolute, squared = mean_seen(np.abs(member - truth)), mean_seen((member - truth) ** 2)

    def loss(forecast: F64, truth: F64) -> F64:
        error = forecast - truth
        second = mean_seen(error**2) / np.maximum(squared, 1e-12)
        return 2 * second if square else second + mean_seen(np.abs(error)) / np.maximum(absolute, 1e-12)

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
