"""Suspicions: what a hydrologist would want to see in a regular grid before training. Nothing is changed.

- Each rule asks for more than the habits of its own series promise, never for an absolute number: a missed fault is
  better than a false alarm on a clean record.
- Flat line: one value for at least a day (24 steps), and for far longer than any other. The ends of the range to which
  a series often returns do not count: dry beds, hours without rain, ice, fog.
- Spike: one row far off, whose neighbours agree and beside which little changes: no flood, no shower.
- Level jump: the medians of the 15 days (48 rows) before and after differ by what happened between two rows, or across
  a hole of one to four days, and so do up to a year before and after. Seen from twice what one in ten neighbouring
  fortnights differ by: 0.2 to 0.4 m at an ocean tide gauge, a foot in a small stream, hardly in a daily flow; and not
  within 60 days (192 rows) of the ends.
- Unit switch: a jump from which on level and spread are those before in another unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout, shown
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import DAY, Step, words
from rnnforecast.data.panel import Panel
from rnnforecast.data.zones import stamp_text

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FEWEST, FAULTS = 200, 6  # values to learn a habit from; the largest may be what is looked for, and are left out
HEAVIEST = 25  # times what 1 % exceed: beyond it even a heavy tail is no excuse
FLAT_TIMES = 10  # the length that 1 % of the runs exceed, and that 10 % of the rows lie in
SPIKE_TIMES, SPIKE_ALONE = 7, 5  # the bend that 1 % of the rows exceed; the changes beside it
SIDE_DAYS, SIDE_ROWS = 15, 48  # before and after a jump: 15 days hold a spring and a neap tide
FEWEST_SIDES, LASTING_SIDES = 4, 24  # before and after: that it lasts, for up to a year
AROUND = 24  # rows on each side within which the step of a jump stands out
SWITCH_OUT, JUMP_OUT = 2, 3  # times the largest other step there
JUMP_TIMES, HOLE_TIMES = 2, 4  # what one in ten neighbouring sides differ by; across a hole no step is seen
RARE_TIMES = 2  # the third largest step after which the level held: some waters rise in a day and fall in months
AGREE = 0.6  # a step and what came of it, the smaller to the larger
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
        return np.add(self.values[at], self.panel.base[self.series(at), self.column])

    def amount(self, value: float, sign: str = "") -> str:
        units = self.layout.units
        return f"{value:{sign}.6g} {units[self.column] if self.column < len(units) else ''}".rstrip()

    def told(
        self, code: str, at: I64, sizes: F64, what: str, hint: str, labels: Sequence[str] = (), ends: I64 | None = None
    ) -> list[Finding]:
        """The finding of places (n,), if any; `what` and `hint` are filled in for the one of largest size (n,)."""
        if not len(at):
            return []
        worst, seconds = int(np.argmax(sizes)), self.panel.times(self.rows[at])
        until = seconds if ends is None else self.panel.times(self.rows[ends])
        picked = np.array([seconds[worst], until[worst], seconds.min(), seconds.max()])
        said = dict(zip(("time", "end", "first", "last"), stamp_text(picked, self.layout), strict=True))
        said |= {"value": self.amount(float(self.true(at)[worst])), "label": labels[worst] if labels else ""}
        who = shown(self.panel.columns[self.column])
        if self.panel.num_series > 1:
            who += f" of {shown(self.panel.ids[int(self.series(at)[worst])])}"
        more = f"; {len(at)} such, the first at {said['first']}" if len(at) > 1 else ""
        return [Finding(code, "warning", len(at), f"{who}: {what.format(**said)}{more}", hint.format(**said))]


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
    times = panel.times(rows[~np.isnan(panel.values[rows, : len(panel.targets)]).all(axis=1)])
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


def unheard_of(values: F32 | I64, times: float) -> float:
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
    """The series that occur, once each."""
    return np.flatnonzero(np.bincount(series)).tolist()


def rows_in(step: Step, days: int, least: int) -> int:
    """Rows in some days, at least `least`."""
    return max(days * DAY // step.count, least) if step.unit == "second" else least


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
    at, length = starts[long[flat]], lengths[long[flat]]
    what, labels = (
        "{value} for {label} from {time}: a stuck gauge?",
        [words(n, seen.panel.step) for n in length.tolist()],
    )
    return seen.told("flat", at, length, what, "--exclude {time}..{end}", labels, at + length - 1)


def unusual_runs(lengths: I64, values: F32) -> Bool:
    """Which runs of a series are flat lines, (runs,)."""
    limit = unheard_of(lengths, FLAT_TIMES)
    others = np.sort(lengths[lengths < limit])
    rows = np.cumsum(others)
    habit = others[np.searchsorted(rows, 0.9 * rows[-1])]  # nine in ten rows lie in shorter runs
    floor, ceiling = np.quantile(values, (0.01, 0.99))
    return np.logical_and(lengths >= max(limit, FLAT_TIMES * habit), (values > floor) & (values != ceiling))


def spikes(seen: Seen, change: F32) -> list[Finding]:
    """Single values that jump away and come straight back, beside which little changes. `change` is (n - 1,)."""
    bend = np.abs(np.diff(change)) / np.float32(2)  # how far a value is from the middle of its neighbours
    at = alone(change)
    far = np.zeros(len(at), np.bool_)
    for series in each(seen.series(at)):
        first, end = seen.bounds[series : series + 2]
        own = slice(*np.searchsorted(at, (first, end)))
        showers = np.minimum(seen.values[at[own] - 1], seen.values[at[own] + 1]) == seen.values[first:end].min()
        usual = bend[first : end - 2]
        far[own] = ~showers & (bend[at[own] - 1] >= unheard_of(usual[usual > 0], SPIKE_TIMES))
    what = "{value} at {time} jumps away and comes straight back"
    return seen.told("spike", at[far], bend[at[far] - 1], what, "--exclude {time}..{time}")


def alone(change: F32) -> I64:
    """Places of values whose two neighbours agree, and beside which little changes."""
    size = np.abs(change)
    lower, upper = np.minimum(size[:-1], size[1:]), np.maximum(size[:-1], size[1:])
    turns = (change[:-1] < 0) != (change[1:] < 0)
    at = 1 + np.flatnonzero(turns & (lower > SPIKE_ALONE * (upper - lower)))
    beside = np.fmax(size.take(at - 2, mode="clip"), size.take(at + 1, mode="clip"))
    return at[~(SPIKE_ALONE * beside > lower[at - 1])]  # what is not known is no objection


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
    counts[counts <= 2 * FEWEST_SIDES] = 0
    series, firsts = np.repeat(np.arange(len(counts)), counts), np.cumsum(counts) - counts
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
    return np.add(found, seen.panel.base[seen.series(starts), seen.column])


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
    """Where a level may change, (c,) each; across a hole no step is known, and size and others are NaN."""

    at: I64  # the first place after
    size: F64  # of the step
    others: F64  # the largest other step around


def shifts(seen: Seen) -> list[Finding]:
    """Jumps of the level, and those that are a change of unit."""
    sides = sides_of(seen)
    steps = with_holes(seen, sides, sharpest(seen, sides))
    before, after = (quartiles_of(seen, start, sides.length) for start in (steps.at - sides.length, steps.at))
    series, moved = seen.series(steps.at), habits_of(after) - habits_of(before)
    usual = sides.usual[:, series]
    held = agree(steps.size, moved[0]) & (np.abs(steps.size) > JUMP_OUT * steps.others)
    switch, expected = switch_of(seen, steps, before, after, usual, held)
    jump = held & rare(np.abs(steps.size), held, series) & (np.abs(moved[0]) >= JUMP_TIMES * usual[0])
    jump |= np.isnan(steps.size) & (np.abs(moved[0]) >= HOLE_TIMES * usual[0])
    expected[0, jump & (switch < 0)] = moved[0, jump & (switch < 0)]
    lasts = lasting(sides, steps.at, expected)
    return jumps_found(seen, steps.at, moved[0], jump & (switch < 0) & lasts) + switches_found(
        seen, steps.at, switch, lasts
    )


def jumps_found(seen: Seen, at: I64, moved: F64, which: Bool) -> list[Finding]:
    sizes = np.abs(moved[which])
    labels = [seen.amount(size, "+") for size in moved[which].tolist()]
    what = "level jump of {label} at {time}: datum change, or gauge moved?"
    return seen.told("jump", at[which], sizes, what, "--start {last}", labels)


def switches_found(seen: Seen, at: I64, switch: I64, lasts: Bool) -> list[Finding]:
    which = lasts & (switch >= 0)
    labels = [SWITCHES[i][2] for i in switch[which].tolist()]
    what = "another unit from {time} on, as if from {label}"
    return seen.told("unit-switch", at[which], -switch[which], what, "--start {last}", labels)


def sharpest(seen: Seen, sides: Sides) -> Steps:
    """The sharpest step of each side that lies between two others, where it stands out and is seen whole.

    A step is a sixth of a fifth difference: beside it tides and slow floods are almost straight lines.
    """
    starts = sides.starts[1:-1][sides.series[2:] == sides.series[:-2]]
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


def with_holes(seen: Seen, sides: Sides, steps: Steps) -> Steps:
    """The steps, and the places after holes no shorter than AROUND and up to a quarter of a side."""
    missing = np.diff(seen.rows) - 1
    at = 1 + np.flatnonzero((missing >= AROUND) & (missing <= sides.length // 4))
    first, end = seen.bounds[seen.series(at)], seen.bounds[seen.series(at) + 1]
    at = at[(at - first >= sides.length) & (end - at >= sides.length)]
    unknown = np.full(len(at), np.nan)
    return Steps(np.r_[steps.at, at], np.r_[steps.size, unknown], np.r_[steps.others, unknown])


def agree(a: F64, b: F64) -> Bool:
    """Whether two sizes are of one sign and alike; shape as both."""
    return np.logical_and(a * b > 0, np.minimum(np.abs(a), np.abs(b)) >= AGREE * np.maximum(np.abs(a), np.abs(b)))


def rare(sizes: F64, held: Bool, series: I64) -> Bool:
    """Which sizes (c,) are far beyond the third largest of their series after which the level held."""
    third = np.zeros(len(sizes))
    for s in each(series[held]):
        third[series == s] = np.r_[0, 0, np.sort(sizes[held & (series == s)])][-3]
    return sizes > RARE_TIMES * third


def lasting(sides: Sides, at: I64, expected: F64) -> Bool:
    """Whether the habits of up to a year before and after differ as `expected` (3, c), NaN where that is open."""
    found = ~np.isnan(expected).all(axis=0)
    side = np.searchsorted(sides.starts, at, side="right") - 1
    for i in np.flatnonzero(found).tolist():
        first, end = np.searchsorted(sides.series, sides.series[side[i]] + np.array([0, 1]))
        before = sides.habits[:, max(first, side[i] - LASTING_SIDES) : side[i]]
        after = sides.habits[:, side[i] + 1 : min(end, side[i] + 1 + LASTING_SIDES)]
        long = min(before.shape[1], after.shape[1]) >= FEWEST_SIDES
        apart = np.median(after, axis=1) - np.median(before, axis=1) if long else np.zeros(3)
        found[i] = (agree(apart, expected[:, i]) | np.isnan(expected[:, i])).all()
    return found


def switch_of(seen: Seen, steps: Steps, before: F64, after: F64, usual: F64, held: Bool) -> tuple[I64, F64]:
    """The switch of unit at each place, (c,) into SWITCHES, or -1; and how the habits then differ, (3, c), or NaN.

    The row after is the row before in the other unit; so are level and spread, apart from their habits; and this is
    far from what they usually do. A level around zero has no ratio: there the spread tells. The others are (3, c).
    """
    found, told = np.full(len(steps.at), -1), np.full(usual.shape, np.nan)
    p = 1.5 * seen.true(steps.at - 1) - 0.5 * seen.true(steps.at - 2)  # half a row before, by the slope
    q = 1.5 * seen.true(steps.at) - 0.5 * seen.true(steps.at + 1)  # half a row after
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(np.log(np.abs(q)) - np.log(np.abs(p)))
    known = rare(ratio, held, seen.series(steps.at)) & ~np.isnan(steps.size)
    around_zero = np.all([(low < -0.1 * high) & (high > -0.1 * low) for low, _, high in (before, after)], axis=0)
    for i, (factor, offset, _) in enumerate(SWITCHES):
        exact = np.abs(q - factor * p - offset) < SWITCH_NEAR * min(1, factor) * np.abs(q - p)
        expected = habits_of(factor * before + offset) - habits_of(before)
        fits = ~(np.abs(habits_of(after) - habits_of(before) - expected) > 2 * usual).any(axis=0)
        sure = np.abs(expected) >= JUMP_TIMES * usual
        sure[2] &= around_zero
        hit = known & exact & fits & sure.any(axis=0)
        found[hit], told[:, hit] = i, np.where(sure, expected, np.nan)[:, hit]
    return found, told
