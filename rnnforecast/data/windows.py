"""Windows: cut from the flat panel by index, never stored.

    | c c c c c c c c | h h h h |        context C (the lookback L is its end), then the horizon H
                    ^ origin: the flat row of the cutoff

Where the targets are tidal, a window holds what the tide leaves of them, and the tide itself beside it, known ahead: a
level is target + tide.

An origin may stand near the start of its series: rows before it count as missing. Holes are
bridged inside the window only, so nothing after the origin can leak in; the mask says what was observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnforecast.data import tides
from rnnforecast.data.features import calendar
from rnnforecast.data.panel import F32, I64, Panel
from rnnforecast.data.scaling import Scale
from rnnforecast.data.tides import Tides
from rnnforecast.data.zones import local_time

CELLS = 1 << 21  # numbers in the windows that are cut together
Array = Any  # numpy in the core; training maps the same fields to torch


@dataclass(frozen=True)
class Batch:
    """B windows in series units (scaled). Every field may be of width 0."""

    target: Array  # (B, C, T) holes bridged
    mask: Array  # (B, C, T) 1 where observed
    since: Array  # (B, C, T) steps since last observed, as a share of C
    past: Array  # (B, C, P) holes bridged
    past_mask: Array  # (B, C, P)
    past_since: Array  # (B, C, P)
    future: Array  # (B, C + H, F) known-future covariates
    calendar: Array  # (B, C + H, 2 cycles)
    tide: Array  # (B, C + H, T), taken out of target and truth; (B, C + H, 0) without one
    static: Array  # (B, S)
    truth: Array  # (B, H, T) NaN where not observed


@dataclass(frozen=True)
class Windows:
    """What it takes to cut a batch: the panel, its scale, the calendar's cycles, the two lengths, and the tide.

    tide: (rows + series * horizon, T) in series units, as `tides.along` lays it out; None where nothing is tidal.
    """

    panel: Panel
    scale: Scale
    cycles: tuple[int, ...]
    context: int
    horizon: int
    tide: F32 | None = None

    def at_once(self, most: int) -> int:
        """How many windows to cut together: at most `most`, fewer of long or wide ones, so that memory is bounded."""
        tides = 0 if self.tide is None else self.tide.shape[1]
        columns = len(self.panel.columns) + 2 * len(self.cycles) + tides
        return max(1, min(most, CELLS // ((self.context + self.horizon) * columns)))

    def gather(self, origins: I64) -> Batch:
        """The windows at `origins` (B,), float32."""
        panel, C = self.panel, self.context
        T, P = len(panel.targets), len(panel.past)
        series = panel.series_of(origins)
        rows = origins[:, None] + np.arange(1 - C, self.horizon + 1)  # (B, C + H)
        values = self.scaled(rows, series)  # (B, C + H, columns)
        tide = self.tide_at(rows, series)
        values[:, :, : tide.shape[2]] -= tide
        target, mask, since = bridged(values[:, :C, :T])
        past, past_mask, past_since = bridged(values[:, :C, T : T + P])
        future, _, _ = bridged(values[:, :, T + P :])
        stamps = panel.step.at(panel.start[series, None], rows - panel.offsets[series, None])
        return Batch(
            target=target,
            mask=mask,
            since=since,
            past=past,
            past_mask=past_mask,
            past_since=past_since,
            future=future,
            calendar=calendar(local_time(stamps, panel.zone), self.cycles),
            tide=tide,
            static=((panel.static[series] - self.scale.static[0]) / self.scale.static[1]).astype(np.float32),
            truth=values[:, C:, :T],
        )

    def tide_at(self, rows: I64, series: I64) -> F32:
        """(B, n, T) in series units; of width 0 without a tide. Rows before a series take its first one."""
        if self.tide is None:
            return np.zeros((*rows.shape, 0), np.float32)
        offsets = self.panel.offsets + self.horizon * np.arange(len(self.panel.offsets))
        first, last = offsets[series, None], offsets[series + 1, None] - 1
        heights: F32 = self.tide[np.clip(rows + self.horizon * series[:, None], first, last)]
        return heights

    def ahead(self, origins: I64) -> F32:
        """The tide over the horizon, (B, H, T) in series units; of width 0 without one."""
        rows = origins[:, None] + np.arange(1, self.horizon + 1)
        return self.tide_at(rows, self.panel.series_of(origins))

    def scaled(self, rows: I64, series: I64) -> F32:
        """(B, n, columns) in series units; NaN for holes and for rows outside the series."""
        panel = self.panel
        inside = (rows >= panel.offsets[series, None]) & (rows < panel.offsets[series + 1, None])
        values = panel.values[np.clip(rows, 0, len(panel.values) - 1)]
        spread = self.scale.spread[series]
        shift = ((panel.base[series] - self.scale.loc[series]) / spread).astype(np.float32)
        units = values * (1.0 / spread).astype(np.float32)[:, None] + shift[:, None]
        return np.where(inside[:, :, None], units, np.float32(np.nan))


def windows_over(
    panel: Panel, scale: Scale, cycles: tuple[int, ...], context: int, horizon: int, known: Tides
) -> Windows:
    """Windows of a panel whose tide is known; heights of 0 where a model of other series counts on one."""
    if not known.names:
        return Windows(panel, scale, cycles, context, horizon)
    heights = tides.along(known, panel, horizon)  # (rows + series * horizon, T)
    spread = np.repeat(scale.spread[:, : len(panel.targets)], np.diff(panel.offsets) + horizon, axis=0)
    return Windows(panel, scale, cycles, context, horizon, (heights / spread).astype(np.float32))


def bridged(values: F32) -> tuple[F32, F32, F32]:
    """Values (B, n, k) with holes bridged, the mask, and the age of each value as a share of n.

    A hole between two observations is interpolated, one at an end takes the nearest observation, a window of nothing
    is 0: all from inside the window.
    """
    seen = np.isfinite(values)
    mask = seen.astype(np.float32)
    if seen.all():
        return values, mask, np.zeros_like(values)
    n = values.shape[1]
    place = np.broadcast_to(np.arange(n)[None, :, None], values.shape)
    before = np.maximum.accumulate(np.where(seen, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, place, n)[:, ::-1], axis=1)[:, ::-1]
    filled = between(values, place, before, after)
    age = np.where(before >= 0, place - before, place + 1) / np.float32(n)
    return np.where(seen, values, filled).astype(np.float32), mask, age.astype(np.float32)


def between(values: F32, place: I64, before: I64, after: I64) -> F32:
    """Linear interpolation between the neighbours at `before` and `after`; -1 and n mark that there is none."""
    n = values.shape[1]
    left = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    right = np.take_along_axis(values, np.minimum(after, n - 1), axis=1)
    weight = (place - before) / np.maximum(after - before, 1)
    inner = left + (right - left) * weight
    outer = np.where(before >= 0, left, np.where(after < n, right, 0.0))
    return np.where((before >= 0) & (after < n), inner, outer).astype(np.float32)
