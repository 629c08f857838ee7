"""Scale: location and spread per series and column, fitted on the training part, carried as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnforecast.data.panel import F32, F64, I64, Panel

SKEWED = 1.0  # skewness above which a series has a long tail: flows have 3 and more, tides and temperatures less
BLOCK = 1 << 15  # rows summed at a time: a series may be larger than the memory


@dataclass(frozen=True)
class Scale:
    """loc and spread (series, T + P + F) in the columns' own units; never zero, never NaN."""

    loc: F64
    spread: F64
    static: F64  # (2, S) location and spread of each static covariate over the series

    def targets(self, num_targets: int, series: I64) -> tuple[F64, F64]:
        """loc and spread of the targets of each of B series, (B, 1, T): to turn forecasts into units."""
        return self.loc[series, None, :num_targets], self.spread[series, None, :num_targets]


def fit(panel: Panel, last: I64) -> Scale:
    """Mean and standard deviation of the observed rows of each series up to and with flat row `last` (series,)."""
    pairs = [moments(panel, s, int(last[s]) + 1) for s in range(panel.num_series)]
    loc, spread = (np.array(column) for column in zip(*pairs, strict=True))
    return Scale(loc, spread, over_series(panel.static))


def over_series(static: F32) -> F64:
    """Mean and deviation over the series, (series, S) -> (2, S): catchments have 10 to 100,000 km2.

    A covariate that is the same in every series has spread 1.
    """
    mean, deviation = static.mean(axis=0, dtype=np.float64), static.std(axis=0, dtype=np.float64)
    return np.stack([mean, np.where(deviation <= 1e-7 * np.abs(mean), 1.0, deviation)])


def moments(panel: Panel, series: int, end: int) -> tuple[F64, F64]:
    """Mean and deviation of one series' columns over its rows before `end`; a constant column has spread 1."""
    blocks = [slice(at, min(at + BLOCK, end)) for at in range(int(panel.offsets[series]), end, BLOCK)]
    total = sum((summed(panel.values[block], 0.0) for block in blocks), np.zeros((2, panel.values.shape[1])))
    count = np.maximum(total[0], 1)
    mean = total[1] / count
    squares = sum(summed(panel.values[block], mean, 2)[1] for block in blocks)
    deviation = np.sqrt(squares / count)
    loc = mean + panel.base[series]
    # What float32 can store of the values beside their base, and float64 of what the file wrote, is no movement.
    constant = deviation <= np.maximum(1e-7 * np.abs(mean), 1e-14 * np.abs(loc))
    return loc, np.where(constant, 1.0, deviation)


def summed(values: F32, mean: F64 | float, power: int = 1) -> F64:
    """Of values (n, columns), the number observed and the sum of their distances from `mean` ** power: (2, columns)."""
    seen = np.isfinite(values)
    apart = np.where(seen, values.astype(np.float64) - mean, 0.0) ** power
    return np.stack([seen.sum(axis=0), apart.sum(axis=0)])


def never_negative(panel: Panel, last: I64, scale: Scale) -> tuple[bool, ...]:
    """Targets (T,) that are flows, sums of rain and the like: never below 0 up to `last`, with a long tail upward.

    A level above its datum is not: it may fall below it some day.
    """
    T = len(panel.targets)
    lowest, cubes, count = np.full(T, np.inf), np.zeros(T), np.zeros(T)
    for s in range(panel.num_series):
        for at in range(int(panel.offsets[s]), int(last[s]) + 1, BLOCK):
            values = panel.values[at : min(at + BLOCK, int(last[s]) + 1), :T].astype(np.float64) + panel.base[s, :T]
            seen = np.isfinite(values)
            apart = (np.where(seen, values, scale.loc[s, :T]) - scale.loc[s, :T]) / scale.spread[s, :T]
            lowest = np.minimum(lowest, np.where(seen, values, np.inf).min(axis=0))
            cubes, count = cubes + (apart**3).sum(axis=0), count + seen.sum(axis=0)
    return tuple(((lowest >= 0) & (cubes > SKEWED * np.maximum(count, 1))).tolist())


def fastest_rises(panel: Panel, last: I64) -> F64:
    """The largest rise from one step to the next of each series' targets up to flat row `last`, (series, T), in units.

    0 where no two neighbouring rows were observed.
    """
    T = len(panel.targets)
    rises = np.zeros((panel.num_series, T))
    for s in range(panel.num_series):
        for at in range(int(panel.offsets[s]), int(last[s]), BLOCK):
            values = panel.values[at : min(at + BLOCK, int(last[s])) + 1, :T].astype(np.float64)
            found = np.diff(values, axis=0)
            rises[s] = np.maximum(rises[s], np.where(np.isfinite(found), found, 0.0).max(axis=0, initial=0.0))
    return rises


def for_panel(panel: Panel, known: Mapping[str, int], scale: Scale) -> Scale:
    """The stored scale of each of the panel's series; one never seen is scaled by its own rows, its statics as all."""
    rows = [known.get(name, -1) for name in panel.ids]
    ends = (panel.cutoff + 1).tolist()
    pairs = [(scale.loc[k], scale.spread[k]) if k >= 0 else moments(panel, s, ends[s]) for s, k in enumerate(rows)]
    loc, spread = (np.array(column) for column in zip(*pairs, strict=True))
    return Scale(loc, spread, scale.static)
