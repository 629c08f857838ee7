"""Suspicions: what a hydrologist would want to see in a regular grid before training. Nothing is changed.

- Each rule asks for more than the habits of its series promise: a false alarm on a clean record is worse than a miss.
- Flat line: one value for at least a day (24 steps) and far longer than any other; not where a series often returns to
  the end of its range: dry beds, hours without rain, ice, fog.
- Spike: one row far off, whose neighbours agree and beside which little changes: no flood, no shower.
- Level jump: the medians of the 15 days (48 rows) before and after differ by what happened between two rows, or across
  a hole of one to 15 days, and so do those of up to a year. Seen from twice what one in ten neighbouring fortnights
  differ by: 0.2 to 0.5 m at an ocean tide gauge, half a foot in a small stream, hardly in a daily flow; and not within
  75 days (240 rows) of the ends, where it cannot be told from a long flood.
- Unit switch: a jump from which on level and spread are those before in another unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import DAY, Step, words
from rnnforecast.data.names import shown
from rnnforecast.data.panel import F32, F64, I64, Panel
from rnnforecast.data.zones import stamp_text

Array = npt.NDArray[Any]
Bool = npt.NDArray[np.bool_]

FEWEST, FAULTS = 200, 6  # values to learn a habit from; the largest may be what is looked for, and are left out
HEAVIEST = 25  # times what 1 % exceed: beyond it even a heavy tail is no excuse
FLAT_TIMES = 10  # the length that 1 % of the runs exceed
SPIKE_TIMES, SPIKE_ALONE = 7, 5  # the bend that 1 % of the rows exceed; the changes beside it
SIDE_DAYS, SIDE_ROWS = 15, 48  # before and after a jump: 15 days hold a spring and a neap tide
FEWEST_SIDES, LASTING_SIDES = 4, 24  # before and after: that it lasts, for up to a year
AROUND, STANDS_OUT = 24, 2  # rows on each side; a step is so many times any other there
JUMP_TIMES, HOLE_TIMES = 2, 4  # what one in ten neighbouring sides differ by; across a hole no step is seen
RARE_TIMES = 2  # the third largest step after which the level held: some waters rise in a day and fall in months
AGREE, NEAR = 0.6, 0.15  # a step to what came of it; the row after, to the row before in the other unit
CHUNK = 1_000_000  # values that are looked at together

# From some row on values are `factor` times what they were, plus `offset`; from what to what.
SWITCHES = (
    (1 / 0.3048, 0, "m to ft"), (0.3048, 0, "ft to m"), (100, 0, "m to cm"), (0.01, 0, "cm to m"), (1000, 0, "m to mm"),
    (0.001, 0, "mm to m"), (25.4, 0, "in to mm"), (1 / 25.4, 0, "mm to in"), (35.3147, 0, "m3/s to ft3/s"),
    (1 / 35.3147, 0, "ft3/s to m3/s"), (1.8, 32, "°C to °F"), (1 / 1.8, -32 / 1.8, "°F to °C"),
)  # fmt: skip
TOLD = {  # what is said, and the flag that acts on it
    "flat": ("{label} from {time}: a stuck gauge?", "--exclude {time}..{end}"),
    "spike": ("{label} at {time} jumps away and comes straight back", "--exclude {time}..{time}"),
    "jump": ("level jump of {label} at {time}: datum change, or gauge moved?", "--start {last}"),
    "unit-switch": ("another unit from {time} on, as if from {label}", "--start {last}"),
}


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
        return np.asarray(self.values[at] + self.panel.base[self.series(at), self.column], np.float64)

    def amounts(self, values: F64, sign: str = "", digits: int = 6) -> list[str]:
        """Values with their unit, as text."""
        unit = self.layout.units[self.column] if self.column < len(self.layout.units) else ""
        return [f"{float(f'{value:.{digits}g}'):{sign}g} {unit}".rstrip() for value in values.tolist()]

    def told(self, code: str, at: I64, sizes: Array, labels: list[str], ends: I64 | None = None) -> list[Finding]:
        """The finding of places (n,), if any, in the words of TOLD about the one of largest size, (n,)."""
        if not len(at):
            return []
        seconds, worst = self.panel.times(self.rows[at]), int(np.argmax(sizes))
        picked = [at[worst], (at if ends is None else ends)[worst], at[np.argmin(seconds)], at[np.argmax(seconds)]]
        times = stamp_text(self.panel.times(self.rows[picked]), self.layout)
        said = dict(zip(("time", "end", "first", "last"), times, strict=True))
        what, hint = (text.format(label=labels[worst], **said) for text in TOLD[code])
        name, series = self.panel.columns[self.column], self.panel.ids[int(self.series(at)[worst])]
        who = f"{shown(name)} of {shown(series)}" if self.panel.num_series > 1 else shown(name)
        more = f" ({len(at)} such, the first at {said['first']})" if len(at) > 1 else ""
        return [Finding(code, "warning", len(at), f"{who}: {what}{more}", hint, name)]


def suspicions(panel: Panel, layout: Layout, now: int) -> list[Finding]:
    """What is odd in targets and past covariates, once per kind and column; `now` is in seconds since 1970, UTC."""
    found = [] if layout.stamp == "integer" else future(panel, layout, now)
    for column in range(len(panel.targets) + len(panel.past)):
        values = panel.values[:, column]
        rows = np.flatnonzero(~np.isnan(values))
        seen = Seen(panel, layout, column, rows, values[rows], np.searchsorted(rows, panel.offsets))
        change = changes(seen)
        found += flat_lines(seen, change) + spikes(seen, change) + shifts(seen)
    return found


def future(panel: Panel, layout: Layout, now: int) -> list[Finding]:
    """Rows with a target later than a day after `now`: naive times may be of any zone."""
    latest = now + DAY
    if (panel.times(panel.cutoff) <= latest).all():
        return []
    times = panel.times(np.flatnonzero(~np.isnan(panel.values[:, : len(panel.targets)]).all(axis=1)))
    times = times[times > latest]
    first, last, end = stamp_text(np.array([times.min(), times.max(), latest]), layout)
    text = f"{len(times)} rows lie in the future, from {first} to {last}"
    return [Finding("future", "warning", len(times), text, f"--end {end}")]


def changes(seen: Seen) -> F32:
    """From each observed value to the next, (n - 1,); NaN across a hole and between two series."""
    change = np.diff(seen.values)
    change[np.diff(seen.rows) != 1] = np.nan
    ends = seen.bounds[1:-1]
    change[ends[(ends > 0) & (ends < len(seen.values))] - 1] = np.nan
    return change


def unheard_of(values: Array, times: float) -> float:
    """What positive values (n,) of this kind do not reach: `times` what 1 % of them exceed, more for a heavy tail."""
    if len(values) < FEWEST:
        return np.inf  # too few to tell
    last = len(values) - 1 - FAULTS
    few, many = last - len(values) // 100, last - len(values) // 10
    ordered = np.partition(values, (many, few))
    tail = (ordered[few] / ordered[many]) ** 2  # as from what 10 % exceed to what 1 % exceed, and that twice
    return float(ordered[few] * min(max(times, tail), HEAVIEST))


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
        own = slice(*np.searchsorted(long, (first, end)))
        flat[own] = unusual_runs(lengths[first:end], seen.values[starts[first:end]])[long[own] - first]
    at, length = starts[long[flat]], lengths[long[flat]]
    values, step = seen.amounts(seen.true(at)), seen.panel.step
    labels = [f"{value} for {words(n, step)}" for value, n in zip(values, length.tolist(), strict=True)]
    return seen.told("flat", at, length, labels, at + length - 1)


def unusual_runs(lengths: I64, values: F32) -> Bool:
    """Which runs of a series are flat lines, (runs,); not those at a floor, or at a ceiling to which it returns."""
    floor, ceiling = np.quantile(values, (0.01, 0.99))
    middle = (values > floor) & ((values < ceiling) | (ceiling < values.max()))
    return np.asarray(middle & (lengths >= unheard_of(lengths, FLAT_TIMES)))


def spikes(seen: Seen, change: F32) -> list[Finding]:
    """Single values that jump away and come straight back, beside which little changes. `change` is (n - 1,)."""
    bend = np.abs(np.diff(change)) / 2  # how far a value is from the middle of its neighbours
    at = alone(change)
    far = np.zeros(len(at), np.bool_)
    for series in each(seen.series(at)):
        first, end = seen.bounds[series : series + 2]
        own = slice(*np.searchsorted(at, (first, end)))
        showers = np.minimum(seen.values[at[own] - 1], seen.values[at[own] + 1]) == seen.values[first:end].min()
        usual = bend[first : end - 2]
        far[own] = ~showers & (bend[at[own] - 1] >= unheard_of(usual[usual > 0], SPIKE_TIMES))
    at = at[far]
    return seen.told("spike", at, bend[at - 1], seen.amounts(seen.true(at)))


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
    """The sides of all series, end to end."""
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
    span, cuts = np.arange(length), [length // 4, length // 2, length * 3 // 4]
    found = np.concatenate([np.sort(piece, axis=1)[:, cuts] for piece in pieces(seen.values, starts, span)])
    return np.asarray(found.T + seen.panel.base[seen.series(starts), seen.column])


def habits_of(quartiles: F64) -> F64:
    """The median, and the logarithms of its size and of the spread, NaN of nothing; (3, n) as `quartiles`."""
    low, middle, high = quartiles
    with np.errstate(divide="ignore"):
        habits = np.stack([middle, np.log(np.abs(middle)), np.log(high - low)])
    return np.where(np.isinf(habits), np.nan, habits)


def pieces(values: F32, starts: I64, span: I64) -> Iterator[F32]:
    """The values at `span` from each start, (starts, span), so many starts at once as CHUNK allows."""
    for part in np.array_split(starts, 1 + len(starts) * len(span) // CHUNK):
        yield values[part[:, None] + span]


class Steps(NamedTuple):
    """Where a level may change, (c,) each: the first place after, and the size of the step, NaN across a long hole."""

    at: I64
    size: F64


def shifts(seen: Seen) -> list[Finding]:
    """Jumps of the level, and those that are a change of unit."""
    sides = sides_of(seen)
    steps = with_holes(seen, sides, sharpest(seen, sides))
    before, after = (quartiles_of(seen, start, sides.length) for start in (steps.at - sides.length, steps.at))
    moved, series = (habits_of(after) - habits_of(before))[0], seen.series(steps.at)
    usual = sides.usual[:, series]
    held = agree(steps.size, moved)
    switch, expected = switch_of(seen, steps, before, after, usual, held)
    jump = held & rare(np.abs(steps.size), held, series) & (np.abs(moved) >= JUMP_TIMES * usual[0])
    jump = (switch < 0) & (jump | (np.isnan(steps.size) & (np.abs(moved) >= HOLE_TIMES * usual[0])))
    expected[0, jump] = moved[jump]
    lasts = lasting(sides, steps.at, expected)
    jump, switched = jump & lasts, (switch >= 0) & lasts
    found = seen.told("jump", steps.at[jump], np.abs(moved[jump]), seen.amounts(moved[jump], "+", 3))
    units = [SWITCHES[i][2] for i in switch[switched].tolist()]
    return found + seen.told("unit-switch", steps.at[switched], np.abs(moved[switched]), units)


def sharpest(seen: Seen, sides: Sides) -> Steps:
    """The sharpest step of each side that lies between two others, where it stands out and is seen whole."""
    starts = sides.starts[1:-1][sides.series[2:] == sides.series[:-2]]
    span = np.arange(-AROUND - 3, sides.length + AROUND + 2)
    top, size, others = np.concatenate([sharp_steps(piece) for piece in pieces(seen.values, starts, span)], axis=1)
    at = starts + top.astype(np.int64)
    kept = (np.abs(size) > STANDS_OUT * others) & (seen.rows[at + 2] - seen.rows[at - 3] <= AROUND)
    return Steps(at[kept], size[kept])


def sharp_steps(values: F32) -> F64:
    """Of pieces with AROUND and some values on each side: where the sharpest step is, its size, the largest other."""
    steps = np.diff(values, 5, axis=1) / 6  # beside a step, tides and slow floods are then almost nothing
    top = np.argmax(np.abs(steps[:, AROUND:-AROUND]), axis=1)
    rows, beside = np.arange(len(values))[:, None], np.r_[: AROUND - 2, AROUND + 3 : 2 * AROUND + 1]
    others = np.abs(steps[rows, top[:, None] + beside]).max(axis=1)
    return np.stack([top, steps[rows[:, 0], top + AROUND], others])


def with_holes(seen: Seen, sides: Sides, steps: Steps) -> Steps:
    """The steps, and the places after holes from AROUND rows up to a side."""
    missing = np.diff(seen.rows) - 1
    at = 1 + np.flatnonzero((missing >= AROUND) & (missing <= sides.length))
    first, end = seen.bounds[seen.series(at)], seen.bounds[seen.series(at) + 1]
    at = at[(at - first >= sides.length) & (end - at >= sides.length)]
    return Steps(np.r_[steps.at, at], np.r_[steps.size, np.full(len(at), np.nan)])


def agree(a: F64, b: F64) -> Bool:
    """Whether two sizes are of one sign and alike; shape as both."""
    return np.asarray((a * b > 0) & (np.minimum(np.abs(a), np.abs(b)) >= AGREE * np.maximum(np.abs(a), np.abs(b))))


def rare(sizes: F64, held: Bool, series: I64) -> Bool:
    """Which sizes (c,) are far beyond the third largest of their series after which the level held."""
    order = np.lexsort((sizes[held], series[held]))
    first, end = (np.searchsorted(series[held][order], series, side) for side in ("left", "right"))
    third = np.r_[0, 0, 0, sizes[held][order]][end]
    return np.asarray(sizes > RARE_TIMES * np.where(end - first < 3, 0, third))


def lasting(sides: Sides, at: I64, expected: F64) -> Bool:
    """Whether the habits of up to a year before and after differ as `expected` (3, c), NaN where that is open."""
    found = np.zeros(len(at), np.bool_)
    side = np.searchsorted(sides.starts, at, side="right") - 1
    for i in np.flatnonzero(~np.isnan(expected).all(axis=0)).tolist():
        first, end = np.searchsorted(sides.series, sides.series[side[i]] + np.array([0, 1]))
        before = sides.habits[:, max(first, side[i] - LASTING_SIDES) : side[i]]
        after = sides.habits[:, side[i] + 1 : min(side[i] + 1 + LASTING_SIDES, end)]
        if min(before.shape[1], after.shape[1]) >= FEWEST_SIDES:
            apart = np.median(after, axis=1) - np.median(before, axis=1)
            found[i] = (agree(apart, expected[:, i]) | np.isnan(expected[:, i])).all()
    return found


def switch_of(seen: Seen, steps: Steps, before: F64, after: F64, usual: F64, held: Bool) -> tuple[I64, F64]:
    """The switch of unit at each place, (c,) into SWITCHES, or -1; and how the habits then differ, (3, c), or NaN."""
    found, told = np.full(len(steps.at), -1), np.full(usual.shape, np.nan)
    p = 1.5 * seen.true(steps.at - 1) - 0.5 * seen.true(steps.at - 2)  # half a row before, by the slope
    q = 1.5 * seen.true(steps.at) - 0.5 * seen.true(steps.at + 1)  # half a row after
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(np.log(np.abs(q)) - np.log(np.abs(p)))
    known = rare(ratio, held, seen.series(steps.at))
    moved = habits_of(after) - habits_of(before)
    for i, (factor, offset, _) in enumerate(SWITCHES):
        exact = np.abs(q - factor * p - offset) < NEAR * min(1, factor) * np.abs(q - p)
        expected = habits_of(factor * before + offset) - habits_of(before)
        fits = ~(np.abs(moved - expected) > 2 * usual).any(axis=0)
        sure = np.abs(expected) >= JUMP_TIMES * usual  # the others tell nothing, being that restless
        hit = known & exact & fits
        found[hit], told[:, hit] = i, np.where(sure, expected, np.nan)[:, hit]
    return found, told
