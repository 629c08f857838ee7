"""Tides: the harmonics of each series, fitted on the training part, carried as a value, and their heights at any time.

f, u and V of a constituent change slowly beside its turning: they are taken once a day, in between u and f run
straight, and one matrix product turns the constituents within the days. Direct evaluation differs by less than 0.01 mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rnnforecast.data.astronomy import C128, DAY, argument, frequency, nodal
from rnnforecast.data.constituents import Table, chosen, table
from rnnforecast.data.frequency import HOUR
from rnnforecast.data.panel import F64, I64, Panel
from rnnforecast.errors import DataUnusable

LONGEST = 3 * HOUR  # seconds of a step: the quarter-diurnal tides need two rows in 6 h
ENOUGH, CERTAIN = 15, 29  # days of data for a fit that was asked for, and for one that was not
YEAR = 8766  # rows, of an hour or longer, by which it is told whether there is a tide
# Of the variance, and what noise passes for in a day. Measured: gauges 0.17 or more; of other series, the largest of a
# year 0.003, of a month 0.052 (M4) and 0.11 (noise, where 0.15 is asked for).
MOON, CHANCE = 0.05, 3.0
LUNAR = ("M2", "N2", "O1", "Q1")  # no clock and no calendar comes near them
WEEKLY = 21  # harmonics of the week, up to three a day
MOST = 1440  # rows of a block
BLOCKS = 128  # days whose rows are summed at a time: a series may be larger than the memory


@dataclass(frozen=True)
class Tides:
    """The tide of each series and target: heights = sum over k of f_k(t) (C_k cos(V_k + u_k) + S_k sin(V_k + u_k))."""

    names: tuple[str, ...]  # K constituents of the table; may be empty
    parts: F64  # (series, T, K, 2) C and S in the targets' own units; all 0 for a series or target without a tide

    @property
    def any(self) -> bool:
        """Whether some series has a tide."""
        return bool(self.parts.any())


@dataclass(frozen=True)
class Clock:
    """A regular grid of times in blocks of about a day, and K constituents on it."""

    start: int  # seconds since 1970 of row 0
    step: int  # seconds
    table: Table
    latitude: float | None

    @property
    def rows(self) -> int:
        """Rows of a block, R; few enough where rows are seconds apart."""
        return min(max(1, DAY // self.step), MOST)

    def slow(self, first: int, count: int) -> tuple[C128, C128]:
        """f exp(i (u + V)) at the start of `count` blocks, and how f exp(i u) changes in each: (count, K) both."""
        starts = self.start + self.step * self.rows * np.arange(first, first + count + 1)
        modulation = nodal(starts, self.table, self.latitude)
        turned = np.exp(2j * np.pi * argument(starts[:-1], self.table))
        return modulation[:-1] * turned, np.diff(modulation, axis=0) * turned

    def fast(self) -> tuple[C128, F64]:
        """exp(i w t) within a block, (R, K), and the share of the block that has gone by, (R, 1)."""
        days = np.arange(self.rows)[:, None] * (self.step / DAY)
        return np.exp(2j * np.pi * days * frequency(self.start, self.table)), np.arange(self.rows)[:, None] / self.rows


def names_for(hours: float) -> tuple[str, ...]:
    """The constituents that a record of this length can tell apart: Rayleigh's criterion, as UTide's "auto"."""
    whole = table()
    return tuple(name for name, apart in zip(whole.names, whole.apart, strict=True) if apart * hours >= 1)


def fit(panel: Panel, last: I64, mode: str, latitude: float | None = None) -> Tides:
    """From rows of each series up to and with flat row `last` (series,). mode: "off", "on", or "auto": where a tide is.

    Raises DataUnusable where "on" meets a step that is too long or a series that is too short.
    """
    if mode == "on":
        refuse(panel, last)
    found = {}
    for s, end in enumerate((last + 1).tolist()) if mode != "off" else ():
        for t in range(len(panel.targets)):
            if mode == "on" or is_tidal(panel, s, t, end):
                found[s, t] = harmonics(panel, t, int(panel.offsets[s]), end, latitude)
    names = tuple(name for name in table().names if any(name in one for one in found.values()))
    parts = np.zeros((panel.num_series, len(panel.targets), len(names), 2))
    for place, one in found.items():
        parts[place] = [one.get(name, (0.0, 0.0)) for name in names]
    return Tides(names, parts)


def harmonics(panel: Panel, target: int, first: int, end: int, latitude: float | None) -> dict[str, F64]:
    """C and S (2,) of each constituent that flat rows `first` to `end` of one target can tell apart."""
    names = separable(panel, target, first, end)
    return dict(zip(names, solve(panel, target, first, end, names, latitude), strict=True))


def for_panel(panel: Panel, known: Mapping[str, int], tides: Tides) -> Tides:
    """The stored tide of each of the panel's series (known: id -> index); one never seen has none."""
    parts = np.zeros((panel.num_series, *tides.parts.shape[1:]))
    for s, name in enumerate(panel.ids):
        if name in known:
            parts[s] = tides.parts[known[name]]
    return Tides(tides.names, parts)


def along(tides: Tides, panel: Panel, ahead: int, latitude: float | None = None) -> F64:
    """Heights at each row of each series and `ahead` rows beyond its end, (rows + series * ahead, T).

    Series s owns rows offsets[s] + s * ahead to offsets[s + 1] + (s + 1) * ahead. Heights have no mean of their own.
    """
    ends = panel.offsets + ahead * np.arange(panel.num_series + 1)
    heights = np.zeros((int(ends[-1]), len(panel.targets)))
    constituents = chosen(tides.names)
    for s in np.flatnonzero(tides.parts.any(axis=(1, 2, 3))):
        clock = Clock(int(panel.start[s]), panel.step.count, constituents, latitude)
        for rows, part in heights_of(tides.parts[s], clock, int(ends[s + 1] - ends[s])):
            heights[ends[s] + rows.start : ends[s] + rows.stop] = part
    return heights


def heights_of(parts: F64, clock: Clock, rows: int) -> Iterator[tuple[slice, F64]]:
    """Heights of T targets, parts (T, K, 2), from row 0 on, some days at a time: which rows, and (n, T)."""
    turning, share = clock.fast()
    waves = np.concatenate([turning, turning * share], axis=1).T
    basis = np.concatenate([waves.real, -waves.imag])  # (4K, R)
    for at in range(0, rows, 8 * BLOCKS * clock.rows):
        some = slice(at, min(at + 8 * BLOCKS * clock.rows, rows))
        level, change = clock.slow(at // clock.rows, -(-(some.stop - at) // clock.rows))
        sizes = parts[:, None, :, 0] - 1j * parts[:, None, :, 1]
        slow = np.concatenate([level * sizes, change * sizes], axis=2)  # (T, blocks, 2K)
        heights = np.concatenate([slow.real, slow.imag], axis=2) @ basis  # (T, blocks, R)
        yield some, heights.reshape(len(parts), -1)[:, : some.stop - at].T


def solve(
    panel: Panel, target: int, first: int, end: int, names: tuple[str, ...], latitude: float | None = None
) -> F64:
    """C and S of each of `names` by least squares over the observed flat rows from `first` to `end`, (K, 2)."""
    clock = Clock(int(panel.times(np.array([first]))[0]), panel.step.count, chosen(names), latitude)
    turning, share = clock.fast()
    K = len(names)
    square, moment = np.zeros((2 * K + 1, 2 * K + 1)), np.zeros(2 * K + 1)
    for at in range(first, end, BLOCKS * clock.rows):
        rows, heights = observed(panel, target, at, min(at + BLOCKS * clock.rows, end))
        if not len(rows):
            continue
        level, change = clock.slow((at - first) // clock.rows, BLOCKS)
        block, within = (rows - at) // clock.rows, (rows - at) % clock.rows
        waves = (level[block] + change[block] * share[within]) * turning[within]
        design = np.concatenate([waves.real, waves.imag, np.ones((len(rows), 1))], axis=1)
        square += design.T @ design
        moment += design.T @ heights
    answer = least_squares(square, moment)
    return np.stack([answer[:K], answer[K : 2 * K]], axis=1)


def least_squares(square: F64, moment: F64) -> F64:
    """The answer of the normal equations; of what a record with gaps cannot tell apart, the smallest."""
    return np.asarray(np.linalg.lstsq(square, moment, rcond=1e-10)[0], np.float64)


def observed(panel: Panel, target: int, first: int, end: int) -> tuple[I64, F64]:
    """Flat rows from `first` to `end` that were observed, about one in an hour, and their values beside the base."""
    values = panel.values[first:end, target]
    rows = np.flatnonzero(np.isfinite(values))[:: thinned(panel)]
    return rows + first, values[rows].astype(np.float64)


def thinned(panel: Panel) -> int:
    """Of how many rows one is used: an hour's, where the step is shorter."""
    return max(1, HOUR // panel.step.count)


def separable(panel: Panel, target: int, first: int, end: int) -> tuple[str, ...]:
    """The constituents that the rows from `first` to `end` can tell apart and the step can resolve."""
    rows = np.flatnonzero(np.isfinite(panel.values[first:end, target]))
    if not len(rows):
        return ()
    step = panel.step.count / HOUR
    # A record that is more gap than data tells less apart than its length says.
    hours = min(int(rows[-1] - rows[0]), 2 * len(rows)) * step
    names = names_for(hours)
    quick = frequency(0, chosen(names)) / 24 + 1 / max(hours, step) > 0.5 / step
    return tuple(name for name, beyond in zip(names, quick, strict=True) if not beyond)


def refuse(panel: Panel, last: I64) -> None:
    """Raises DataUnusable where no tide can be fitted to some series."""
    if panel.step.unit != "second" or panel.step.count > LONGEST:
        raise DataUnusable(f"rows are {panel.step.text()} apart; a tide needs 3 h or less", "--tide off")
    for s, name in enumerate(panel.ids):
        seen = np.isfinite(panel.values[panel.offsets[s] : last[s] + 1, : len(panel.targets)]).sum(axis=0).min()
        days = int(seen) * panel.step.count / DAY
        if days < ENOUGH:
            raise DataUnusable(f"{name}: {days:.1f} days of data; a tide needs {ENOUGH}", "--tide off")


def is_tidal(panel: Panel, series: int, target: int, end: int) -> bool:
    """Whether the rows before flat row `end` show a tide: the last year of them, fitted on three quarters of it.

    In the last quarter the moon must explain MOON of the variance, more of a short record, beyond hour and weekday.
    """
    if panel.step.unit != "second" or panel.step.count > LONGEST:
        return False
    rows, heights = observed(panel, target, int(panel.offsets[series]), end)
    rows, heights = rows[-YEAR:], heights[-YEAR:]
    days = len(rows) * thinned(panel) * panel.step.count / DAY
    if days < CERTAIN:
        return False
    hours = (rows - rows[0]) * (panel.step.count / HOUR)
    without, left = left_over(hours, heights - heights.mean())
    return bool(without - left > (MOON + CHANCE / days) * heights[3 * len(rows) // 4 :].var())


def left_over(hours: F64, heights: F64) -> tuple[float, float]:
    """Variance of the last quarter without what the week explains, and without what week and moon explain.

    Within a year f and u hardly change. The week stands for the sun as well, which loads and weather follow too.
    """
    learned = 3 * len(hours) // 4
    moon = chosen(tuple(name for name in names_for(float(hours[learned - 1])) if name in LUNAR))
    turns = np.concatenate([np.arange(1, WEEKLY + 1) / 168, frequency(0, moon) / 24])
    waves = np.exp(2j * np.pi * hours[:, None] * turns)
    design = np.concatenate([np.ones((len(hours), 1)), waves.view(np.float64)], axis=1)  # cos and sin side by side
    square, moment = design[:learned].T @ design[:learned], design[:learned].T @ heights[:learned]
    with_week, with_both = (
        float((heights[learned:] - design[learned:, :size] @ least_squares(square[:size, :size], moment[:size])).var())
        for size in (1 + 2 * WEEKLY, len(square))
    )
    return with_week, with_both
