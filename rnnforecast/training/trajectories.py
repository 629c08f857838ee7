"""Error trajectories for the bands: of all seasons, and honest.

Validation errors come from weights that did not see their block. They cover one season only, so errors of the training
part are added: floors cross-fitted there, the network as it is. A network errs less on what it has learned, so its
stack's training errors are widened per lead by how much more it gains over the cross-fitted floor there than on
validation: the floor, honest in both parts, cancels the difference between the seasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnforecast.data.panel import F64, I64
from rnnforecast.members import Evidence
from rnnforecast.scores import bands
from rnnforecast.scores.stacking import Stack, pooled

MOST_WIDENING = 2.0
SMALLEST_SPREAD = 0.2  # of the lead's median spread: calm is never that sure


@dataclass(frozen=True)
class Trajectories:
    """errors (N, H, T) standardised; smallest_spread (H, T); stand_in (floors, H, T)."""

    errors: F64
    smallest_spread: F64
    stand_in: F64


def thin(count: int, most: int) -> I64:
    """Indices of at most `most` of `count` windows, evenly spread."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)


def collect(learned: Evidence, checked: Evidence, stack: Stack, floor: int, num_floors: int) -> Trajectories:
    """From what the members said on training and on validation windows, with the stack's weights."""
    needed = learned.members[(stack.weights > 0).any(axis=(1, 2))]
    at_train = np.einsum("mht,mnht->nht", stack.weights, np.nan_to_num(learned.members))
    at_train[~np.isfinite(needed).all(axis=(0, 2, 3))] = np.nan  # a missing member would pass for one that says 0
    gained = np.maximum(relative(at_train, learned, floor), 1e-9)  # 0 where a rule is without error: a stuck gauge
    widening = relative(stack.held_out, checked, floor) / gained  # (H, T)
    typical_spread = np.median(checked.spread, axis=0)
    smallest = np.where(typical_spread > 0, SMALLEST_SPREAD * typical_spread, 1.0)
    errors = np.concatenate([
        (learned.truth - at_train) * np.clip(widening, 1.0, MOST_WIDENING) / np.maximum(learned.spread, smallest),
        (checked.truth - stack.held_out) / np.maximum(checked.spread, smallest),
    ])
    typical = np.maximum(mean_abs(errors), 1e-9)
    stand_in = [mean_abs(checked.truth - checked.members[k]) / typical for k in range(num_floors)]
    kept = bands.thinned(errors).astype(np.float32).astype(np.float64)  # as the file will: then both forecast alike
    return Trajectories(kept, smallest, np.stack(stand_in))


def relative(yhat: F64, evidence: Evidence, floor: int) -> F64:
    """Mean absolute error over that of the floor, (H, T), pooled over neighbouring leads."""
    own = mean_abs(evidence.truth - yhat)
    its = mean_abs(evidence.truth - evidence.members[floor])
    return pooled(own.T).T / np.maximum(pooled(its.T).T, 1e-9)


def mean_abs(errors: F64) -> F64:
    """(N, H, T) -> (H, T), over what was observed; 0 where nothing was."""
    seen = np.isfinite(errors)
    return np.asarray(np.abs(np.where(seen, errors, 0.0)).sum(axis=0) / np.maximum(seen.sum(axis=0), 1))
