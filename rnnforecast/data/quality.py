"""Quality: readings onto one regular grid, and a finding for everything that was done to them.

- Rows are sorted once by series and time; whatever follows cannot depend on the order of the file.
- Equal rows of one time are dropped and counted; different ones are refused, naming both lines.
- Holes stay NaN. Only `--gaps interpolate:N` fills, only inside a series, and says how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.absurd import refuse_absurd, refuse_drowning
from rnnforecast.data.bounds import moment
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.grid import Places, aggregate, choose_step, on_grid
from rnnforecast.data.laying import Grid, panel_of
from rnnforecast.data.names import listing, quoted, shown, split_words
from rnnforecast.data.panel import Panel
from rnnforecast.data.readings import Readings
from rnnforecast.data.zones import stamp_text
from rnnforecast.errors import DataUnusable, UsageError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


def regularise(
    readings: Readings,
    layout: Layout,
    flags: DataFlags,
    step: Step | None = None,
    base: Mapping[str, F64] | None = None,
) -> tuple[Panel, list[Finding]]:
    """The panel of some readings and what was found or done on the way.

    `step` and `base` (by series id, one value per dynamic column) are the model's, at predict. Raises DataUnusable
    with file and line for what cannot be decided, Mismatch where the rows have another step than the model.
    """
    findings = list(readings.findings)
    refuse_absurd(readings)
    readings = within(readings, layout, flags, findings)
    readings = in_order(readings, findings)
    readings = without_repeats(readings, layout, flags.duplicates, findings)
    refuse_drowning(readings, layout)
    step = choose_step(readings, layout, flags, step)
    readings = joined_per_step(readings, step, layout, flags, findings)
    readings, places = snapped(readings, step, layout, flags, findings)
    return gridded(readings, places, step, layout, flags, base, findings), findings


def within(readings: Readings, layout: Layout, flags: DataFlags, findings: list[Finding]) -> Readings:
    """Rows from --start to --end; those in an --exclude span become missing."""
    bounds = bounds_of(layout, flags)
    kept = bounds.kept(readings.times)
    findings += left_out(int((~kept).sum()), len(kept), readings)
    readings = readings if kept.all() else readings.take(kept)
    inside = bounds.excluded(readings.times)
    findings += treated_as_missing(int(inside.sum()))
    return without(readings, inside, layout).compact()


@dataclass(frozen=True)
class Bounds:
    """What --start, --end and --exclude say, in seconds."""

    first: int | None
    last: int | None
    spans: tuple[tuple[int, int], ...]

    def kept(self, times: I64) -> Bool:
        kept = np.ones(len(times), np.bool_)
        if self.first is not None:
            kept &= times >= self.first
        if self.last is not None:
            kept &= times <= self.last
        return kept

    def excluded(self, times: I64) -> Bool:
        inside = np.zeros(len(times), np.bool_)
        for first, last in self.spans:
            inside |= (times >= first) & (times <= last)
        return inside


def bounds_of(layout: Layout, flags: DataFlags) -> Bounds:
    """Raises UsageError for what is no time."""
    first = moment(flags.start, layout, "--start") if flags.start else None
    last = moment(flags.end, layout, "--end", last=True) if flags.end else None
    return Bounds(first, last, tuple(span_of(text, layout) for text in split_words(flags.exclude)))


def left_out(count: int, rows: int, readings: Readings) -> list[Finding]:
    if count == rows:
        raise DataUnusable(f"{readings.sources[0][0]}: no row between --start and --end; expected some")
    text = f"{count} rows outside --start and --end left out"
    return [Finding("outside", "note", count, text)] if count else []


def treated_as_missing(count: int) -> list[Finding]:
    return [Finding("excluded", "note", count, f"{count} rows treated as missing")] if count else []


def without(readings: Readings, inside: Bool, layout: Layout) -> Readings:
    """The readings with the rows `inside` (n,) missing; what is static stays."""
    if not inside.any():
        return readings
    moving = np.array([name not in layout.panel_columns("static") for name in readings.columns])
    return replace(readings, values=np.where(inside[:, None] & moving, np.nan, readings.values))


def span_of(text: str, layout: Layout) -> tuple[int, int]:
    first, dots, last = text.partition("..")
    if not dots:
        raise UsageError(f"--exclude {text!r} is no span; expected FROM..TO", "--exclude 2020-01-01..2020-01-31")
    return moment(first, layout, "--exclude"), moment(last, layout, "--exclude", last=True)


def in_order(readings: Readings, findings: list[Finding]) -> Readings:
    """Rows sorted by series and time; rows of one time stay in the order of the file."""
    if is_sorted(readings):
        return readings
    order = np.argsort(readings.series, kind="stable")
    series, times = readings.series[order], readings.times[order]
    same = series[1:] == series[:-1]
    back = int((same & (times[1:] < times[:-1])).sum())
    if back:
        order = np.lexsort((readings.times, readings.series))
        findings += disorder(back, int(same.sum()))
    return readings.take(order.astype(np.int64))


def disorder(back: int, pairs: int) -> list[Finding]:
    """What is said of `back` rows that are older than the row of their series above them, of so many pairs."""
    text = "rows are newest first: sorted" if back * 2 > pairs else f"{back} rows out of order: sorted"
    return [Finding("order", "note", back, text)] if back else []


def is_sorted(readings: Readings) -> bool:
    apart = np.diff(readings.series)
    return bool(((apart > 0) | ((apart == 0) & (np.diff(readings.times) >= 0))).all())


def without_repeats(readings: Readings, layout: Layout, how: str, findings: list[Finding]) -> Readings:
    """One row per series and time: equal rows once, different ones as --duplicates says, or refused."""
    again = (np.diff(readings.series) == 0) & (np.diff(readings.times) == 0)
    if not again.any():
        return readings
    alike = np.array_equal(readings.values[1:][again], readings.values[:-1][again], equal_nan=True)
    if not alike and how == "error":
        refuse_conflict(readings, layout, again)
    new = np.flatnonzero(np.r_[True, ~again])
    result = readings.take(new)
    if not alike and how == "last":
        result = replace(result, values=readings.values[np.r_[new[1:], len(readings)] - 1])
    if not alike and how == "mean":
        seen = ~np.isnan(readings.values)
        sums = np.add.reduceat(np.where(seen, readings.values, 0.0), new, axis=0)
        counts = np.add.reduceat(seen, new, axis=0, dtype=np.int64)
        result = replace(result, values=np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    findings += repeats(int(again.sum()), alike, how)
    return result


def repeats(count: int, alike: bool, how: str) -> list[Finding]:
    text = f"{count} repeated rows dropped" if alike else f"{count} rows of a time already met: {how} taken"
    return [Finding("duplicates", "note" if alike else "warning", count, text)] if count else []


def refuse_conflict(readings: Readings, layout: Layout, again: Bool) -> None:
    """Refuse the first two rows of one time that differ, naming both lines."""
    a, b = readings.values[:-1], readings.values[1:]
    differ = again & ~((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1)
    row = int(np.argmax(differ)) + 1
    time = stamp_text(readings.times[row : row + 1], layout)[0]
    other = readings.place(row - 1).removeprefix(readings.sources[int(readings.file[row])][0] + " ")
    raise DataUnusable(
        f"{readings.place(row)}: {time} was met before with other values, at {other}; expected one row per time",
        how_to_settle(readings, layout, again & differ),
    )


def how_to_settle(readings: Readings, layout: Layout, again: Bool) -> str:
    """What to type where rows of one time differ: a zone, an id, or which row to take."""
    if autumn_hour(readings.times[1:][again], layout):
        return "--tz ZONE, such as Europe/Berlin: this looks like the hour that clocks repeat in autumn"
    text = [key for key in layout.unused if key not in layout.candidates]
    if text and not layout.id:
        return f"--id COLUMN if series are stacked ({listing(text, 4)}), or --duplicates first"
    return "--duplicates first, last or mean"


def autumn_hour(times: I64, layout: Layout) -> bool:
    """Whether all these naive times lie in the first hours of Sundays in the months when clocks go back."""
    if layout.zone or layout.stamp in ("integer", "date"):
        return False
    days = times // 86_400
    sunday = (days + 4) % 7 == 0  # 1970-01-01 was a Thursday
    month = times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return bool((sunday & (times % 86_400 < 4 * 3600) & np.isin(month, (3, 4, 10, 11))).all())


def joined_per_step(
    readings: Readings, step: Step, layout: Layout, flags: DataFlags, findings: list[Finding]
) -> Readings:
    """With --aggregate: one row per step."""
    if flags.aggregate is None:
        return readings
    if flags.freq is None:
        raise UsageError("--aggregate needs the step to join rows to", f"--freq 1h --aggregate {flags.aggregate}")
    before = len(readings)
    readings, few = aggregate(readings, step, layout, flags.aggregate)
    text = f"{before} rows joined to {len(readings)} of {step.text()} ({flags.aggregate})"
    findings.append(Finding("aggregated", "note", before, text))
    if few:
        findings.append(Finding("few", "warning", few, f"{few} steps had too few rows to join: missing"))
    return readings


def snapped(
    readings: Readings, step: Step, layout: Layout, flags: DataFlags, findings: list[Finding]
) -> tuple[Readings, Places]:
    """Rows moved to their places on the grid, still one row per place."""
    places = on_grid(readings, step, layout)
    moved = int((places.off != 0).sum())
    if not moved:
        return readings, places
    findings += jitter(moved, int(np.abs(places.off).max()), step)
    readings = replace(readings, times=readings.times - places.off)
    readings = without_repeats(readings, layout, flags.duplicates, findings)
    return readings, on_grid(readings, step, layout)


def jitter(moved: int, most: int, step: Step) -> list[Finding]:
    text = f"{moved} rows moved by up to {most} s to their step of {step.text()}"
    return [Finding("jitter", "note", moved, text)] if moved else []


def gridded(
    readings: Readings,
    places: Places,
    step: Step,
    layout: Layout,
    flags: DataFlags,
    base: Mapping[str, F64] | None,
    findings: list[Finding],
) -> Panel:
    """The panel: values scattered to their rows."""
    dynamic = layout.target + layout.panel_columns("past") + layout.panel_columns("future")
    offsets = np.r_[0, np.cumsum(places.lengths(readings))]
    values, present = scattered(readings, offsets[readings.series] + places.index, dynamic, int(offsets[-1]))
    source = readings.sources[0][0]
    static = constants([readings], readings.ids, layout.panel_columns("static"), source)
    grid = Grid(source, readings.ids, values, present, offsets, places.start, static, step, spilled=False)
    return panel_of(grid, layout, flags, base, findings)


def scattered(readings: Readings, flat: I64, names: tuple[str, ...], rows: int) -> tuple[F64, Bool]:
    """The named columns on a grid of `rows`, each reading on its row of `flat`, and which rows have a reading."""
    values = np.full((rows, len(names)), np.nan)
    values[flat] = readings.values[:, [readings.columns.index(name) for name in names]]
    present = np.zeros(rows, np.bool_)
    present[flat] = True
    return values, present


def constants(
    parts: Iterable[Readings], ids: tuple[str, ...], names: tuple[str, ...], source: str
) -> npt.NDArray[np.float32]:
    """Static columns, (series, S). Raises DataUnusable where one changes within a series or is missing."""
    static = np.full((len(ids), len(names)), np.nan)
    for part in parts if names else ():
        for i, name in enumerate(names):
            constant(part, name, static[:, i])
    for series, i in np.argwhere(np.isnan(static)).tolist():
        raise DataUnusable(
            f"{source}: static column {names[i]!r} is empty in series {shown(ids[series])}; expected one value"
        )
    return static.astype(np.float32)


def constant(readings: Readings, name: str, known: F64) -> None:
    """Put the first value of each series, where none is `known` (series,) yet, and refuse another one."""
    column = readings.values[:, readings.columns.index(name)]
    seen = np.flatnonzero(~np.isnan(column))
    fresh = seen[np.isnan(known[readings.series[seen]])][::-1]
    known[readings.series[fresh]] = column[fresh]  # of several rows of a series the last one written stands: the first
    other = seen[column[seen] != known[readings.series[seen]]]
    if len(other):
        row = int(other[0])
        raise DataUnusable(
            f"{readings.place(row)}: static column {name!r} is {column[row]:g}, and "
            f"{known[readings.series[row]]:g} before; expected one value in a series",
            f"--past {quoted(name)}",
        )
