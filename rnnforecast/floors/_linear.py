"""Linear maps in closed form, fitted once and judged on time blocks that the fit has not seen.

What is kept of the data are sums, X'X and X'Y of each time block; everything else is algebra on them.
- Ridge (Hoerl & Kennard 1970): the penalty of each lead is the one of least error on held-out blocks.
- Several candidates, each with some of the features, are averaged per lead with convex weights that lower the same
  held-out error (Breiman 1996, Stacked regressions): their mean is one linear map again.
- A fit that leaves a block out costs one more decomposition, not one more pass over the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.panel import I64
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, FOLDS, Arrays, batches, folds, thinned

PENALTIES = np.geomspace(1e-6, 1e2, 9)  # relative to the mean eigenvalue
REACHES = (1, 4, 16)  # the whole lookback, a quarter, a sixteenth: a river forgets sooner than a tide
MOST_WINDOWS = 20_000
ROUNDS = 200  # of the search for weights: where it stops, candidates that are alike are still weighed alike

Features = Callable[[Batch], tuple[F64, F64]]  # x (n, K) and y (n, H), of complete truths only
Chosen = I64  # a candidate's columns


@dataclass(frozen=True)
class Sums:
    """What least squares needs of n rows."""

    xx: F64  # (K, K)
    xy: F64  # (K, H)
    yy: F64  # (H,)
    rows: int

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy, self.rows + other.rows)

    def of(self, columns: Chosen) -> Sums:
        return Sums(self.xx[np.ix_(columns, columns)], self.xy[columns], self.yy, self.rows)

    def scaled(self, by: F64) -> Sums:
        """The sums of features multiplied by (K,)."""
        return Sums(self.xx * by[:, None] * by, self.xy * by[:, None], self.yy, self.rows)

    def errors(self, weights: F64) -> F64:
        """Mean squared error (H,) on these rows of the map (K, H)."""
        squares = self.yy - 2 * (weights * self.xy).sum(axis=0) + (weights * (self.xx @ weights)).sum(axis=0)
        return np.asarray(squares / max(self.rows, 1))


@dataclass(frozen=True)
class Linear:
    """weights (K, H) from all blocks; held_out[b] from all but block b; errors (blocks, H) of those on block b."""

    weights: F64
    held_out: list[F64]
    errors: F64

    def scaled(self, by: F64) -> Linear:
        """The same map of features that are not multiplied by (K,)."""
        return Linear(self.weights * by[:, None], [w * by[:, None] for w in self.held_out], self.errors)


def with_more(blocks: Sequence[Sums], more: int, lookback: int) -> Linear:
    """The map of all features at the leads where the last `more` are worth it; elsewhere of those before them."""
    features = len(blocks[0].xx)
    by = even(blocks, features - more)
    blocks = [block.scaled(by) for block in blocks]
    plain, rich = (solved(blocks, reaches(lookback, n)) for n in (features - more, features))
    return where_better(plain, rich).scaled(by)


def reaches(lookback: int, features: int, shares: tuple[int, ...] = REACHES) -> list[Chosen]:
    """The columns of each candidate: without the oldest lags, which are the first features."""
    dropped = sorted({lookback - max(1, lookback // share) for share in shares})
    return [np.arange(d, features) for d in dropped]


def even(blocks: Sequence[Sums], kept: int) -> F64:
    """Factors (K,) that give every feature from number `kept` on the mean square 1; a penalty is then fair to them."""
    squares = np.diag(added(blocks).xx) / max(added(blocks).rows, 1)
    by = 1.0 / np.sqrt(np.maximum(squares, 1e-12))
    by[:kept] = 1.0
    return by


def where_better(plain: Linear, rich: Linear) -> Linear:
    """The rich map at the leads where it gains more than a standard error over the blocks; elsewhere the plain one."""
    gains = plain.errors - rich.errors  # (blocks, H)
    error = gains.std(axis=0, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.full(gains.shape[1], np.inf)
    taken = gains.mean(axis=0) > error
    pairs = [(plain.weights, rich.weights), *zip(plain.held_out, rich.held_out, strict=True)]
    whole, *without = (np.where(taken, more, placed(less, np.arange(len(less)), len(more))) for less, more in pairs)
    return Linear(whole, without, np.where(taken, rich.errors, plain.errors))


def block_sums(windows: Windows, origins: I64, features: Features) -> list[Sums]:
    """The sums of each time block, of MOST_WINDOWS windows in all at most."""
    blocks, found = folds(windows, origins), []
    for block in np.unique(blocks):
        inside = thinned(origins[blocks == block], MOST_WINDOWS // FOLDS)
        parts = [sums_of(*features(batch)) for _, batch in batches(windows, inside)]
        found.append(added(parts))
    return found


def sums_of(x: F64, y: F64) -> Sums:
    return Sums(x.T @ x, x.T @ y, (y**2).sum(axis=0), len(x))


def added(parts: Sequence[Sums]) -> Sums:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def solved(blocks: Sequence[Sums], candidates: Sequence[Chosen]) -> Linear:
    """The map of the features that the candidates name, all of which end with the same one."""
    features = int(candidates[0][-1]) + 1
    blocks = [block.of(np.arange(features)) for block in blocks]
    total = added(blocks)
    # Added anew and not taken from the total: what a block holds must not even leave its rounding behind.
    rests = [added([other for other in blocks if other is not block] or blocks) for block in blocks]
    tried = [candidate_maps(blocks, rests, total, columns) for columns in candidates]
    held_out = [np.stack([maps[b] for maps, _ in tried]) for b in range(len(blocks))]  # (candidates, K, H)
    share = mixture(blocks, held_out)  # (candidates, H)
    mixed = [np.einsum("ch,ckh->kh", share, maps) for maps in held_out]
    weights = np.einsum("ch,ckh->kh", share, np.stack([whole for _, whole in tried]))
    return Linear(weights, mixed, np.stack([b.errors(w) for b, w in zip(blocks, mixed, strict=True)]))


def candidate_maps(
    blocks: Sequence[Sums], rests: Sequence[Sums], total: Sums, columns: Chosen
) -> tuple[list[F64], F64]:
    """One candidate's map without each block, and with all; (K, H) with zeros where it has no feature."""
    bases = [Basis(rest.of(columns)) for rest in rests]
    errors = np.mean([basis.errors(block.of(columns)) for basis, block in zip(bases, blocks, strict=True)], axis=0)
    penalty = PENALTIES[errors.argmin(axis=0)]  # (H,)
    *without, whole = (
        placed(basis.solution(penalty), columns, len(total.xx)) for basis in [*bases, Basis(total.of(columns))]
    )
    return without, whole


class Basis:
    """The eigenvectors of X'X: there the solution of every penalty is one division away."""

    def __init__(self, sums: Sums) -> None:
        self.values, self.vectors = np.linalg.eigh(sums.xx)
        self.level = max(float(np.trace(sums.xx)) / len(sums.xx), 1e-12)
        self.xy = self.vectors.T @ sums.xy

    def rotated(self, penalty: F64 | float) -> F64:
        """(K, H) in this basis, for one penalty or one for each lead, relative to the mean eigenvalue."""
        return np.asarray(self.xy / (np.maximum(self.values, 0.0)[:, None] + np.atleast_1d(penalty) * self.level))

    def solution(self, penalty: F64) -> F64:
        return np.asarray(self.vectors @ self.rotated(penalty))

    def errors(self, block: Sums) -> F64:
        """Mean squared error (penalties, H) of every penalty's solution on a block."""
        there = Sums(self.vectors.T @ block.xx @ self.vectors, self.vectors.T @ block.xy, block.yy, block.rows)
        return np.stack([there.errors(self.rotated(penalty)) for penalty in PENALTIES])


def placed(weights: F64, columns: Chosen, features: int) -> F64:
    """The map of some columns as one of all features."""
    whole = np.zeros((features, weights.shape[1]))
    whole[columns] = weights
    return whole


def mixture(blocks: Sequence[Sums], held_out: Sequence[F64]) -> F64:
    """Convex weights (candidates, H) of least held-out squared error."""
    products = np.sum([cross(block, maps) for block, maps in zip(blocks, held_out, strict=True)], axis=0)  # (H, n, n)
    share = np.full(products.shape[:2], 1.0 / products.shape[1])
    rate = 1.0 / np.maximum(np.trace(products, axis1=1, axis2=2), 1e-12)[:, None]
    for _ in range(ROUNDS * (products.shape[1] > 1)):
        share = on_simplex(share - rate * np.einsum("hij,hj->hi", products, share))
    return np.asarray(share.T)


def cross(block: Sums, maps: F64) -> F64:
    """Sums of the products of the candidates' errors, (H, n, n), on a block."""
    said = np.stack([block.xx @ m for m in maps])  # (n, K, H)
    both = np.einsum("ikh,jkh->hij", maps, said)
    alone = np.einsum("ikh,kh->hi", maps, block.xy)
    products = block.yy[:, None, None] - alone[:, :, None] - alone[:, None, :] + both
    return np.asarray(products / max(block.rows, 1))


def on_simplex(points: F64) -> F64:
    """The nearest convex weights to each row (Duchi et al. 2008)."""
    n = points.shape[1]
    ordered = -np.sort(-points, axis=1)
    excess = (ordered.cumsum(axis=1) - 1) / np.arange(1, n + 1)
    last = (ordered > excess).sum(axis=1) - 1
    return np.asarray(np.maximum(points - excess[np.arange(len(points)), last][:, None], 0.0))


def stacked(maps: Sequence[Linear], config: RunConfig) -> tuple[Arrays, list[Arrays]]:
    """The parameters of a floor of several maps, (n, K, H), and those without each block."""
    lookback = np.array(config.lookback, np.int64)
    versions = [[m.weights for m in maps], *zip(*(m.held_out for m in maps), strict=True)]
    whole, *without = ({"weights": np.stack(version), "lookback": lookback} for version in versions)
    return whole, without


def valid(params: Arrays, config: RunConfig, maps: int, features: int) -> bool:
    """Arrays read from a file are the maps that the settings call for."""
    if sorted(params) != ["lookback", "weights"]:
        return False
    weights, lookback = params["weights"], params["lookback"]
    fits = weights.dtype == np.float64 and weights.shape == (maps, features, config.horizon)
    return bool(fits and lookback.dtype == np.int64 and lookback.shape == () and int(lookback) == config.lookback)
