"""Scale: location and spread per series and column, fitted on the training part, carried as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnforecast.data.panel import F64, I64, Panel


@dataclass(frozen=True)
class Scale:
    """loc and spread (series, T + P + F) in the columns' own units; never zero, never NaN."""

    loc: F64
    spread: F64

    def targets(self, num_targets: int, series: I64) -> tuple[F64, F64]:
        """loc and spread of the targets of each of B series, (B, 1, T): to turn forecasts into units."""
        return self.loc[series, None, :num_targets], self.spread[series, None, :num_targets]


def fit(panel: Panel, last: I64) -> Scale:
    """Mean and standard deviation of the observed rows of each series up to and with flat row `last` (series,)."""
    pairs = [moments(panel, s, int(last[s]) + 1) for s in range(panel.num_series)]
    return Scale(np.array([loc for loc, _ in pairs]), np.array([spread for _, spread in pairs]))


def moments(panel: Panel, series: int, end: int) -> tuple[F64, F64]:
    """Mean and deviation of one series' columns over its rows before `end`; a constant column has spread 1."""
    values = panel.values[panel.offsets[series] : end].astype(np.float64)  # (n, columns)
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, values, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(seen, values - mean, 0.0) ** 2).sum(axis=0) / count)
    loc = mean + panel.base[series]
    constant = deviation <= 1e-7 * np.maximum(np.abs(loc), 1e-30)
    return loc, np.where(constant, 1.0, deviation)


def for_panel(panel: Panel, known: Mapping[str, int], scale: Scale) -> Scale:
    """The stored scale of each of the panel's series; a series never seen is scaled by its own rows."""
    own = fit(panel, panel.cutoff)
    rows = [known.get(name, -1) for name in panel.ids]
    loc = [scale.loc[k] if k >= 0 else own.loc[s] for s, k in enumerate(rows)]
    spread = [scale.spread[k] if k >= 0 else own.spread[s] for s, k in enumerate(rows)]
    return Scale(np.array(loc), np.array(spread))
