"""Grid: which step the rows have, and which place on it each row takes.

- All rows here are sorted by series and time, without repeats.
- A row up to a tenth of a step off is moved to its place, and counted; one further off is refused by its line.
- A grid much longer than its readings means one mistyped year: refused before memory is taken, naming that line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import DAY, JITTER, WEEK, Step, infer_step, parse_step
from rnnforecast.data.names import plain
from rnnforecast.data.readings import Readings
from rnnforecast.data.units import unit_of
from rnnforecast.data.zones import offsets_at, stamp_text
from rnnforecast.errors import DataUnusable, Mismatch, UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_RAIN = re.compile(r"(^|_)(rain|rainfall|precip|precipitation|prcp|ppt|rr)(_|$)")
MOST_ROWS, MOST_TIMES = 10_000, 50  # a grid longer than both, and than this many times its readings, is a typo


def firsts(readings: Readings) -> I64:
    """The first row of each series, and the number of rows last, (series + 1,)."""
    return np.searchsorted(readings.series, np.arange(len(readings.ids) + 1)).astype(np.int64)


def choose_step(readings: Readings, layout: Layout, flags: DataFlags, known: Step | None) -> Step:
    """The step that `--freq` names, the model has, or the rows show. Raises Mismatch where they differ."""
    rows = layout.stamp == "integer"
    source = readings.sources[0][0]
    bounds = firsts(readings)
    times = [readings.times[a:b] for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
    if flags.freq is not None:
        step = named_step(flags.freq, rows, readings.times)
    elif known is not None and sum(max(len(t) - 1, 0) for t in times) < 2:
        return known
    else:
        step = infer_step(times, rows, source, way_of(layout))
    if known is None:
        return step
    if (step.unit, step.count) != (known.unit, known.count):
        raise Mismatch(
            f"{source}: rows are {step.text()} apart; expected {known.text()}, as the model was trained on",
            f"--freq {known.text().replace(' ', '')} --aggregate {way_of(layout)}",
        )
    return known


def named_step(freq: str, rows: bool, times: I64) -> Step:
    """The step of `--freq`; months stand on the day that the rows stand on."""
    step = parse_step(freq)
    if (step.unit == "row") != rows:
        raise UsageError(
            f"--freq {freq}: rows without times have no duration"
            if rows
            else f"--freq {freq}: rows with times have a duration",
            "--freq 1row" if rows else "--freq 1h",
        )
    if step.unit != "month" or not len(times):
        return step
    moments = times.astype("datetime64[s]")
    month = moments.astype("datetime64[M]")
    days = (moments.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64) + 1
    ends = (month + 1).astype("datetime64[D]") - 1 == moments.astype("datetime64[D]")
    return replace(step, day=31 if ends.all() else int(np.bincount(days).argmax()))


def aggregate(readings: Readings, step: Step, layout: Layout, how: str) -> tuple[Readings, int]:
    """One row per step, at its start, and how many steps had too few rows to tell.

    A mean or maximum needs half of the rows that most steps have; a sum needs all of them. Rain is summed where other
    columns are averaged.
    """
    start = step_starts(readings.times, step, layout)
    new = np.flatnonzero(np.r_[True, (np.diff(readings.series) != 0) | (np.diff(start) != 0)])
    seen = ~np.isnan(readings.values)
    counts = np.add.reduceat(seen, new, axis=0, dtype=np.int64)  # (steps, C)
    usual = np.array([np.bincount(column[column > 0]).argmax() if column.any() else 1 for column in counts.T])
    rain = np.array([is_rain(name) for name in readings.columns])
    summed = np.full(len(rain), how == "sum") | ((how == "mean") & rain)
    if how == "max":
        joined = np.maximum.reduceat(np.where(seen, readings.values, -np.inf), new, axis=0)
    else:
        joined = np.add.reduceat(np.where(seen, readings.values, 0.0), new, axis=0)
        joined = np.where(summed, joined, joined / np.maximum(counts, 1))
    few = counts < np.where(summed, usual, usual / 2)
    result = replace(readings.take(new), times=start[new], values=np.where(few | (counts == 0), np.nan, joined))
    return result, int((few & (counts > 0)).any(axis=1).sum())


def is_rain(name: str) -> bool:
    """Whether a column holds amounts of rain in each step, which add up; not an intensity."""
    return _RAIN.search(plain(name)) is not None and unit_of(name) in ("", "mm", "cm", "in")


def way_of(layout: Layout) -> str:
    """How rows of the target are joined to one: rain is summed, anything else averaged."""
    return "sum" if layout.target and all(map(is_rain, layout.target)) else "mean"


def step_starts(times: I64, step: Step, layout: Layout) -> I64:
    """The start of the step that each time lies in, by the local clock; weeks start on Monday. Shape as `times`."""
    shift = offsets_at(times, layout.zone) if layout.zone and step.unit != "row" else np.zeros_like(times)
    local = times + shift
    if step.unit == "month":
        month = local.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        month -= month % step.count
        return month.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64) - shift
    anchor = 4 * DAY if step.count % WEEK == 0 and step.unit == "second" else 0
    return local - (local - anchor) % step.count - shift


@dataclass(frozen=True)
class Places:
    """Where each row stands: row `index` (n,) of a series that starts at `start` (series,); `off` (n,) is how far."""

    start: I64
    index: I64
    off: I64

    def lengths(self, readings: Readings) -> I64:
        """Rows of the grid of each series, (series,)."""
        last = firsts(readings)[1:] - 1
        return self.index[last] + 1


def on_grid(readings: Readings, step: Step, layout: Layout) -> Places:
    """The place of every row. Raises DataUnusable for a row between two steps and for a grid that is far too long."""
    start = readings.times[firsts(readings)[:-1]]
    start = step.at(start, np.zeros_like(start)) if step.unit == "month" else on_phase(readings, start, step)
    places = Places(start, *placed(readings.times, start[readings.series], step))
    refuse_endless(readings, places, layout)
    refuse_between(readings, places.off, step, layout)
    return places


def placed(times: I64, start: I64, step: Step) -> tuple[I64, I64]:
    """The place of each time on a grid that begins at `start`, and how far from it the time is; (rows,) each."""
    if step.unit == "month":
        index = (months(times) - months(start)) // step.count
        return index, times - step.at(start, index)
    apart = times - start
    index = (apart + step.count // 2) // step.count
    return index, apart - index * step.count


def months(times: I64) -> I64:
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def on_phase(readings: Readings, start: I64, step: Step) -> I64:
    """Where each series' grid begins, (series,), so that it goes through the most frequent phase of its rows."""
    start, bounds = start.copy(), firsts(readings)
    off = (readings.times - start[readings.series]) % step.count
    for series in np.flatnonzero(np.bincount(readings.series[off != 0])).tolist():  # unique() would import numpy.ma
        phases, counts = np.unique(off[bounds[series] : bounds[series + 1]], return_counts=True)
        start[series] += nearest_phase(int(phases[np.argmax(counts)]), step)
    return start


def nearest_phase(phase: int, step: Step) -> int:
    """The shift to a phase (0 to a step) by the shorter way."""
    return phase - step.count if phase * 2 > step.count else phase


def refuse_between(readings: Readings, off: I64, step: Step, layout: Layout) -> None:
    """Refuse the first row that stands further `off` (n,) its place than jitter would."""
    tolerance = 0.0 if step.unit == "row" else JITTER * step.count * (30 * DAY if step.unit == "month" else 1)
    wrong = np.flatnonzero(np.abs(off) > tolerance)
    if len(wrong):
        row = int(wrong[0])
        time = stamp_text(readings.times[row : row + 1], layout)[0]
        raise DataUnusable(
            f"{readings.place(row)}: {time} stands between two steps of {step.text()}; expected rows "
            f"{step.text()} apart",
            f"--freq {step.text().replace(' ', '')} --aggregate {way_of(layout)}",
        )


def refuse_endless(readings: Readings, places: Places, layout: Layout) -> None:
    lengths = places.lengths(readings)
    if not is_endless(int(lengths.sum()), len(readings)):
        return
    series = int(np.argmax(lengths))
    a, b = firsts(readings)[series : series + 2].tolist()
    widest = int(np.argmax(np.diff(places.index[a:b])))
    row = a + widest if widest + 1 <= (b - a) // 2 else a + widest + 1
    raise endless(readings, row, int(lengths.sum()), len(readings), layout)


def is_endless(steps: int, rows: int) -> bool:
    return steps > max(MOST_ROWS, MOST_TIMES * rows)


def endless(readings: Readings, row: int, steps: int, rows: int, layout: Layout) -> DataUnusable:
    """What is said of a row that stands far from the others."""
    time = stamp_text(readings.times[row : row + 1], layout)[0]
    return DataUnusable(
        f"{readings.place(row)}: {time} is far from the other rows ({steps:,} steps for "
        f"{rows:,} rows); expected times close together",
        "--start or --end leaves it out",
    )
