"""Suspicions: what a hydrologist would want to see in a regular grid before training. Nothing is changed.

- Each rule asks for more than the habits of its own series promise, never for an absolute number, and looks at the
  recorded values only: a missed fault is better than a false alarm on a clean record.
- Flat line: one value for at least a day (24 steps), and for far longer than any other. The values that a series often
  returns to at its ends do not count: dry beds, hours without rain, ice, fog.
- Spike: one row far off, whose neighbours agree and beside which little changes: no flood, no shower.
- Level jump: the medians of the 15 days (48 rows) before and after differ by what happened between two rows, or across
  a hole of one to four days. It is seen from 2.5 times what one in ten neighbouring fortnights differ by: 0.2 to 0.4 m
  at an ocean tide gauge, 0.3 ft in a small stream, 15 degrees where the year has seasons; and in 150 days at least.
- Unit switch: a jump from which on level and spread are those before in another unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout, shown
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import DAY, Step, words
from rnnforecast.data.panel import Panel
from rnnforecast.data.zones import stamp_text

Array = npt.NDArray[Any]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FEWEST, FAULTS = 200, 6  # values to learn a habit from; the largest may be what is looked for, and are left out
HEAVIEST = 25  # times what 1 % exceed: beyond it even a heavy tail is no excuse
FLAT_TIMES = 10  # the length that 1 % of the runs exceed, and 10 % of the rows lie in
SPIKE_TIMES, SPIKE_ALONE = 7, 5  # the bend that 1 % of the rows exceed; the changes beside it
SIDE_DAYS, SIDE_ROWS, FEWEST_SIDES = 15, 48, 10  # 15 days hold a spring and a neap tide
AROUND = 24  # rows on each side within which the step of a jump stands out
SWITCH_OUT, JUMP_OUT = 2, 3  # times the largest other step there
AGREE = 0.6  # the step and the difference of the medians, the smaller to the larger
JUMP_TIMES, HOLE_TIMES = 2.5, 4  # what one in ten neighbouring sides differ by; across a hole no step is seen
SWITCH_NEAR = 0.15  # of the step: how exactly the row after is the row before in the other unit
CHUNK = 1_000_000  # values that are looked at together


# From some row on values are `factor` times what they were, plus `offset`; from what to what.
SWITCHES = (
    (1 / 0.3048, 0.0, "m to ft"), (0.3048, 0.0, "ft to m"), (100.0, 0.0, "m to cm"), (0.01, 0.0, "cm to m"),
    (1000.0, 0.0, "m to mm"), (0.001, 0.0, "mm to m"), (25.4, 0.0, "in to mm"), (1 / 25.4, 0.0, "mm to in"),
    (35.3147, 0.0, "m3/s to ft3/s"), (1 / 35.3147, 0.0, "ft3/s to m3/s"), (1.8, 32.0, "°C to °F"),
    (1 / 1.8, -32 / 1.8, "°F to °C"),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """The observed values of one column, series end to end. A place counts observed values."""

    panel: Panel
    layout: Layout
    column: int
    rows: I64  # (n,) rows of the panel
    values: F32  # (n,) minus base
    bounds: I64  # (series + 1,) places

    def series(self, at: I64) -> I64:
        """The series of each place; shape as `at`."""
        return np.searchsorted(self.bounds, at, side="right").astype(np.int64) - 1

    def true(self, at: I64) -> F64:
        """Values with their base; shape as `at`."""
        found: F64 = self.values[at] + self.panel.base[self.series(at), self.column]
        return found

    def amount(self, value: float, sign: str = "") -> str:
        units = self.layout.units
        return f"{value:{sign}.6g} {units[self.column] if self.column < len(units) else ''}".rstrip()

    def when(self, at: I64) -> list[str]:
        return stamp_text(self.panel.times(self.rows[at]), self.layout)

    def told(self, code: str, at: I64, worst: int, what: str, hint: str) -> Finding:
        """The finding of places (n,) in one column; `what` is said of the worst, at[worst]."""
        who = shown(self.panel.columns[self.column])
        if self.panel.num_series > 1:
            who += f" of {shown(self.panel.ids[int(self.series(at[worst : worst + 1])[0])])}"
        first = stamp_text(self.panel.times(self.rows[at]).min(keepdims=True), self.layout)[0]
        more = f"; {len(at)} such, the first at {first}" if len(at) > 1 else ""
        return Finding(code, "warning", len(at), f"{who}: {what}{more}", hint)


def suspicions(panel: Panel, layout: Layout, now: int) -> list[Finding]:
    """Future times, flat lines, spikes, level jumps and unit switches; `now` is in seconds since 1970, UTC.

    At most one finding per kind and column, over all series. Targets and past covariates are looked at.
    """
    found = [] if layout.stamp == "integer" else future(panel, layout, now)
    for column in range(len(panel.targets) + len(panel.past)):
        seen = observed(panel, layout, column)
        change = changes(seen)
        found += flat_lines(seen, change) + spikes(seen, change) + shifts(seen)
    return found


def future(panel: Panel, layout: Layout, now: int) -> list[Finding]:
    """Rows with a target later than a day after `now`: naive times may be of any zone."""
    latest = now + DAY
    late = np.flatnonzero(panel.times(panel.cutoff) > latest).tolist()
    if not late:
        return []
    rows = np.concatenate([np.arange(panel.offsets[s], panel.cutoff[s] + 1) for s in late])
    rows = rows[~np.isnan(panel.values[rows, : len(panel.targets)]).all(axis=1)]
    times = panel.times(rows)
    times = times[times > latest]
    first, last, end = stamp_text(np.array([times.min(), times.max(), latest]), layout)
    text = f"{len(times)} rows lie in the future, from {first} to {last}"
    return [Finding("future", "warning", len(times), text, f"--end {end}")]


def observed(panel: Panel, layout: Layout, column: int) -> Seen:
    values = panel.values[:, column]
    rows = np.flatnonzero(~np.isnan(values))
    return Seen(panel, layout, column, rows, values[rows], np.searchsorted(rows, panel.offsets))


def changes(seen: Seen) -> F32:
    """From each observed value to the next, (n - 1,); NaN across a hole and between two series."""
    change = np.diff(seen.values)
    change[np.diff(seen.rows) != 1] = np.nan
    ends = seen.bounds[1:-1]
    change[ends[(ends > 0) & (ends < len(seen.values))] - 1] = np.nan
    return change


def unheard_of(values: Array, times: float) -> float:
    """What positive values (n,) of this kind do not reach: `times` what 1 % of them exceed, more for a heavy tail.

    A tail that grows k-fold from what 10 % exceed to what 1 % exceed may grow k-fold twice again. Infinity where the
    values are too few to tell.
    """
    if len(values) < FEWEST:
        return np.inf
    last = len(values) - 1 - FAULTS
    few, many = last - len(values) // 100, last - len(values) // 10
    ordered = np.partition(values, (many, few))
    return float(ordered[few] * min(max(times, (ordered[few] / ordered[many]) ** 2), HEAVIEST))


def each(series: I64) -> list[int]:
    """The series that occur among `series`, once each."""
    return np.flatnonzero(np.bincount(series)).tolist()


def flat_lines(seen: Seen, change: F32) -> list[Finding]:
    """Runs of one value, much longer than the other runs of their series. `change` is (n - 1,)."""
    starts = np.flatnonzero(np.r_[True, change != 0])
    lengths = np.diff(np.r_[starts, len(seen.values)])
    long = np.flatnonzero(lengths >= rows_in(seen.panel.step, 1, 24))
    long = long[seen.true(starts[long]) != 0]
    flat = np.zeros(len(long), np.bool_)
    for series in each(seen.series(starts[long])):
        first, end = np.searchsorted(starts, seen.bounds[series : series + 2])
        own = (long >= first) & (long < end)
        flat[own] = unusual_runs(lengths[first:end], seen.values[starts[first:end]])[long[own] - first]
    return [flat_found(seen, starts[long[flat]], lengths[long[flat]])] if flat.any() else []


def rows_in(step: Step, days: int, least: int) -> int:
    """Rows in some days, at least `least`."""
    return max(days * DAY // step.count, least) if step.unit == "second" else least


def unusual_runs(lengths: I64, values: F32) -> Bool:
    """Which runs of a series are flat lines, (runs,)."""
    limit = unheard_of(lengths, FLAT_TIMES)
    others = np.sort(lengths[lengths < limit])
    rows = np.cumsum(others)
    habit = others[np.searchsorted(rows, 0.9 * rows[-1])]  # nine in ten rows lie in shorter runs
    floor, ceiling = np.quantile(values, (0.01, 0.99))
    return (lengths >= max(limit, FLAT_TIMES * habit)) & (values > floor) & (values != ceiling)


def flat_found(seen: Seen, at: I64, lengths: I64) -> Finding:
    worst = int(np.argmax(lengths))
    first, last = seen.when(at[worst] + np.array([0, lengths[worst] - 1]))
    value = seen.amount(float(seen.true(at)[worst]))
    what = f"{value} for {words(int(lengths[worst]), seen.panel.step)} from {first}: a stuck gauge?"
    return seen.told("flat", at, worst, what, f"--exclude {first}..{last}")


def spikes(seen: Seen, change: F32) -> list[Finding]:
    """Single values that jump away and come straight back, beside which little changes. `change` is (n - 1,)."""
    bend = np.abs(np.diff(change)) / 2  # how far a value is from the middle of its neighbours
    at = alone(change)
    far = np.zeros(len(at), np.bool_)
    for series in each(seen.series(at)):
        first, end = np.searchsorted(at, seen.bounds[series : series + 2])
        usual = bend[seen.bounds[series] : seen.bounds[series + 1] - 2]
        far[first:end] = bend[at[first:end] - 1] >= unheard_of(usual[usual > 0], SPIKE_TIMES)
    return [spikes_found(seen, at[far], bend[at[far] - 1])] if far.any() else []


def alone(change: F32) -> I64:
    """Places of values whose two neighbours agree, and beside which little changes."""
    size = np.abs(change)
    lower, upper = np.minimum(size[:-1], size[1:]), np.maximum(size[:-1], size[1:])
    turns = (change[:-1] < 0) != (change[1:] < 0)
    at = 1 + np.flatnonzero(turns & (lower > SPIKE_ALONE * (upper - lower)))
    beside = np.fmax(size.take(at - 2, mode="clip"), size.take(at + 1, mode="clip"))
    return at[~(SPIKE_ALONE * beside > lower[at - 1])]  # what is not known is no objection


def spikes_found(seen: Seen, at: I64, bend: F32) -> Finding:
    worst = int(np.argmax(bend))
    time, value = seen.when(at)[worst], seen.amount(float(seen.true(at)[worst]))
    what = f"{value} at {time} jumps away and comes straight back"
    return seen.told("spike", at, worst, what, f"--exclude {time}..{time}")


class Sides(NamedTuple):
    """Neighbouring pieces of `length` values, in series that hold enough of them."""

    length: int
    starts: I64  # (sides,) places
    series: I64  # (sides,)
    habits: F64  # (3, sides) of `habits_of`
    usual: F64  # (3, series) what one in ten neighbours differ by; NaN where that is nothing


def sides_of(seen: Seen) -> Sides:
    length = rows_in(seen.panel.step, SIDE_DAYS, SIDE_ROWS)
    counts = np.diff(seen.bounds) // length
    counts[counts < FEWEST_SIDES] = 0
    series = np.repeat(np.arange(len(counts)), counts)
    firsts = np.cumsum(counts) - counts
    starts = seen.bounds[series] + length * (np.arange(len(series)) - firsts[series])
    habits = habits_of(quartiles_of(seen, starts, length))
    usual = np.full((3, len(counts)), np.nan)
    for s in each(series):
        apart = np.sort(np.abs(np.diff(habits[:, firsts[s] : firsts[s] + counts[s]])), axis=1)
        usual[:, s] = apart[:, int(0.9 * (counts[s] - 2))]
    return Sides(length, starts, series, habits, np.where(usual > 0, usual, np.nan))


def quartiles_of(seen: Seen, starts: I64, length: int) -> F64:
    """True quartiles of the pieces of `length` values from each start, (3, starts)."""
    found = np.empty((3, len(starts)))
    for part in parts(len(starts), length):
        pieces = np.sort(seen.values[starts[part, None] + np.arange(length)], axis=1)
        found[:, part] = pieces[:, [length // 4, length // 2, length * 3 // 4]].T
    return found + seen.panel.base[seen.series(starts), seen.column]


def habits_of(quartiles: F64) -> F64:
    """The median, and the logarithms of its size and of the spread, NaN of nothing; (3, n) as `quartiles`."""
    low, middle, high = quartiles
    with np.errstate(divide="ignore"):
        habits = np.stack([middle, np.log(np.abs(middle)), np.log(high - low)])
    return np.where(np.isinf(habits), np.nan, habits)


def parts(count: int, length: int) -> list[I64]:
    """Indices of `count` pieces of some length, few enough at once."""
    return np.array_split(np.arange(count), 1 + count * length // CHUNK)


class Steps(NamedTuple):
    """Where a level may change, (c,) each; across a hole no step is known, and the last two are NaN."""

    at: I64  # the first place after
    size: F64  # of the step
    others: F64  # the largest other step around


def shifts(seen: Seen) -> list[Finding]:
    """Jumps of the level, and those that are a change of unit."""
    sides = sides_of(seen)
    steps = Steps(*map(np.concatenate, zip(sharpest(seen, sides), holes(seen, sides), strict=True)))
    before, after = (quartiles_of(seen, start, sides.length) for start in (steps.at - sides.length, steps.at))
    moved, usual = habits_of(after) - habits_of(before), sides.usual[:, seen.series(steps.at)]
    switch = switch_of(seen, steps, before, after, usual)
    known = switch >= 0
    jump = ~known & jumps(steps, moved[0], usual[0])
    found = [jumps_found(seen, steps.at[jump], moved[0, jump])] if jump.any() else []
    return found + ([switches_found(seen, steps.at[known], switch[known])] if known.any() else [])


def sharpest(seen: Seen, sides: Sides) -> Steps:
    """The sharpest step of each side that lies between two different ones, where it stands out and is seen whole.

    A step is a sixth of a fifth difference: beside it tides and slow floods are almost straight lines.
    """
    inner = 1 + np.flatnonzero(sides.series[2:] == sides.series[:-2])
    moved = np.abs(sides.habits[:, inner + 1] - sides.habits[:, inner - 1]) > sides.usual[:, sides.series[inner]]
    starts = sides.starts[inner[moved.any(axis=0)]]
    span = np.arange(-AROUND - 3, sides.length + AROUND + 2)
    found = [sharp_steps(seen.values[starts[part, None] + span]) for part in parts(len(starts), len(span))]
    top, size, others = np.concatenate(found, axis=1)
    at = starts + top.astype(np.int64)
    kept = (np.abs(size) > SWITCH_OUT * others) & (seen.rows[at + 2] - seen.rows[at - 3] == 5)
    return Steps(at[kept], size[kept], others[kept])


def sharp_steps(values: F32) -> F64:
    """Of pieces with AROUND and some values on each side: where the sharpest step is, its size, the largest other."""
    steps = np.diff(values, 5, axis=1) / 6
    top = np.argmax(np.abs(steps[:, AROUND:-AROUND]), axis=1)
    rows, beside = np.arange(len(values))[:, None], np.r_[: AROUND - 2, AROUND + 3 : 2 * AROUND + 1]
    others = np.abs(steps[rows, top[:, None] + beside]).max(axis=1)
    return np.stack([top, steps[rows[:, 0], top + AROUND], others])


def holes(seen: Seen, sides: Sides) -> Steps:
    """The places after holes that are worth a look: no shorter than AROUND and up to a quarter of a side."""
    missing = np.diff(seen.rows) - 1
    at = 1 + np.flatnonzero((missing >= AROUND) & (missing <= sides.length // 4))
    first, end = seen.bounds[seen.series(at)], seen.bounds[seen.series(at) + 1]
    at = at[(at - first >= sides.length) & (end - at >= sides.length)]
    return Steps(at, np.full(len(at), np.nan), np.full(len(at), np.nan))


def jumps(steps: Steps, moved: F64, usual: F64) -> Bool:
    """Which changes of the median (c,) happened in one step and are far beyond the usual."""
    small, large = np.minimum(np.abs(moved), np.abs(steps.size)), np.maximum(np.abs(moved), np.abs(steps.size))
    in_step = (moved * steps.size > 0) & (small >= AGREE * large) & (np.abs(steps.size) > JUMP_OUT * steps.others)
    return (np.abs(moved) >= np.where(in_step, JUMP_TIMES, HOLE_TIMES) * usual) & (in_step | np.isnan(steps.size))


def switch_of(seen: Seen, steps: Steps, before: F64, after: F64, usual: F64) -> I64:
    """The switch of unit at each place, (c,) into SWITCHES, or -1. Quartiles before and after, and `usual`: (3, c).

    The row after is the row before in the other unit; so are level and spread, apart from their habits; and this is
    far from what they usually do. A level around zero has no ratio: there the spread tells.
    """
    found, moved = np.full(len(steps.at), -1), habits_of(after) - habits_of(before)
    p = 1.5 * seen.true(steps.at - 1) - 0.5 * seen.true(steps.at - 2)  # half a row before, by the slope
    q = 1.5 * seen.true(steps.at) - 0.5 * seen.true(steps.at + 1)  # half a row after
    around_zero = [(side[0] < -0.1 * side[2]) & (side[2] > -0.1 * side[0]) for side in (before, after)]
    for i, (factor, offset, _) in enumerate(SWITCHES):
        exact = np.abs(q - factor * p - offset) < SWITCH_NEAR * min(1, factor) * np.abs(q - p)
        expected = habits_of(factor * before + offset) - habits_of(before)
        fits = ~(np.abs(moved - expected) > 2 * usual).any(axis=0)
        sure = np.abs(expected) >= JUMP_TIMES * usual
        sure[2] &= around_zero[0] & around_zero[1]
        found[exact & fits & sure.any(axis=0) & ~np.isnan(steps.size)] = i
    return found


def jumps_found(seen: Seen, at: I64, moved: F64) -> Finding:
    worst, last = int(np.argmax(np.abs(moved))), int(np.argmax(seen.panel.times(seen.rows[at])))
    times, size = seen.when(at), seen.amount(float(moved[worst]), "+")
    what = f"level jump of {size} at {times[worst]}: datum change, or gauge moved?"
    return seen.told("jump", at, worst, what, f"--start {times[last]}")


def switches_found(seen: Seen, at: I64, switch: I64) -> Finding:
    last = int(np.argmax(seen.panel.times(seen.rows[at])))
    time = seen.when(at)[last]
    what = f"another unit from {time} on, as if from {SWITCHES[switch[last]][2]}"
    return seen.told("unit-switch", at, last, what, f"--start {time}")
