"""Quality: readings onto one regular grid, and a finding for everything that was done to them.

- Rows are sorted once by series and time; whatever follows cannot depend on the order of the file.
- Equal rows of one time are dropped and counted; different ones are refused, naming both lines.
- Holes stay NaN. Only `--gaps interpolate:N` fills, only inside a series, and says how many.
- The grid ends at the last observed target; later rows are kept only where a known-future column is observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.absurd import refuse_absurd, refuse_drowning
from rnnforecast.data.bounds import moment
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.grid import Places, aggregate, choose_step, firsts, on_grid
from rnnforecast.data.holes import fill_short, gaps_found, missing_found
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
    kept = np.ones(len(readings), np.bool_)
    if flags.start:
        kept &= readings.times >= moment(flags.start, layout, "--start")
    if flags.end:
        kept &= readings.times <= moment(flags.end, layout, "--end", last=True)
    if not kept.any():
        raise DataUnusable(f"{readings.sources[0][0]}: no row between --start and --end; expected some")
    if not kept.all():
        text = f"{int((~kept).sum())} rows outside --start and --end left out"
        findings.append(Finding("outside", "note", int((~kept).sum()), text))
        readings = readings.take(kept)
    readings = readings.compact()
    spans = [span_of(text, layout) for text in split_words(flags.exclude)]
    inside = np.zeros(len(readings), np.bool_)
    for first, last in spans:
        inside |= (readings.times >= first) & (readings.times <= last)
    if not inside.any():
        return readings
    findings.append(Finding("excluded", "note", int(inside.sum()), f"{int(inside.sum())} rows treated as missing"))
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
        newest_first = back * 2 > int(same.sum())
        text = "rows are newest first: sorted" if newest_first else f"{back} rows out of order: sorted"
        findings.append(Finding("order", "note", back, text))
    return readings.take(order.astype(np.int64))


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
    count = int(again.sum())
    text = f"{count} repeated rows dropped" if alike else f"{count} rows of a time already met: {how} taken"
    findings.append(Finding("duplicates", "note" if alike else "warning", count, text))
    return result


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
    findings.append(
        Finding(
            "jitter",
            "note",
            moved,
            f"{moved} rows moved by up to {np.abs(places.off).max()} s to their step of {step.text()}",
        )
    )
    readings = replace(readings, times=readings.times - places.off)
    readings = without_repeats(readings, layout, flags.duplicates, findings)
    return readings, on_grid(readings, step, layout)


def gridded(
    readings: Readings,
    places: Places,
    step: Step,
    layout: Layout,
    flags: DataFlags,
    base: Mapping[str, F64] | None,
    findings: list[Finding],
) -> Panel:
    """The panel: values scattered to their rows, holes counted, ends trimmed, silent series dropped."""
    past, future, static_names = (layout.panel_columns(role) for role in ("past", "future", "static"))
    dynamic = layout.target + past + future
    offsets = np.r_[0, np.cumsum(places.lengths(readings))]
    values, present = scattered(readings, offsets[readings.series] + places.index, dynamic, int(offsets[-1]))
    ends, last = ends_of(values, offsets, len(layout.target), len(future))
    series = heard(readings, layout, last, findings)
    findings += gaps_found(present, offsets, last, places.start, step, layout)
    findings += missing_found(values, present, offsets, last, dynamic)
    fill_short(values, offsets, step, flags.gaps, findings)
    static = constants(readings, static_names)
    new_offsets = np.r_[0, np.cumsum((ends - offsets[:-1])[series])].astype(np.int64)
    pieces = [values[offsets[s] : ends[s]] for s in series.tolist()]
    bases = base_of(pieces, [readings.ids[s] for s in series.tolist()], base)
    return Panel(
        ids=tuple(readings.ids[s] for s in series.tolist()),
        targets=layout.target,
        past=past,
        future=future,
        values=np.concatenate([(piece - b).astype(np.float32) for piece, b in zip(pieces, bases, strict=True)]),
        base=bases,
        offsets=new_offsets,
        start=places.start[series],
        cutoff=new_offsets[:-1] + (last - offsets[:-1])[series],
        static=static[series],
        static_names=static_names,
        step=step,
        zone=layout.zone,
    )


def scattered(readings: Readings, flat: I64, names: tuple[str, ...], rows: int) -> tuple[F64, Bool]:
    """The named columns on a grid of `rows`, each reading on its row of `flat`, and which rows have a reading."""
    values = np.full((rows, len(names)), np.nan)
    values[flat] = readings.values[:, [readings.columns.index(name) for name in names]]
    present = np.zeros(rows, np.bool_)
    present[flat] = True
    return values, present


def ends_of(values: F64, offsets: I64, targets: int, futures: int) -> tuple[I64, I64]:
    """Where each series ends, and its last row with an observed target (-1: none), flat rows, (series,)."""
    rows = np.arange(len(values))
    seen = ~np.isnan(values)
    last = np.maximum.reduceat(np.where(seen[:, :targets].any(axis=1), rows, -1), offsets[:-1])
    kept = last
    if futures:
        known = np.maximum.reduceat(np.where(seen[:, -futures:].any(axis=1), rows, -1), offsets[:-1])
        kept = np.maximum(last, known)
    return kept + 1, last


def heard(readings: Readings, layout: Layout, last: I64, findings: list[Finding]) -> I64:
    """The series with an observed target; the others are dropped and named."""
    silent = np.flatnonzero(last < 0)
    source = readings.sources[0][0]
    if len(silent) == len(last):
        raise DataUnusable(f"{source}: every value of {listing(layout.target)} is missing; expected numbers")
    if len(silent):
        names = listing((readings.ids[s] for s in silent.tolist()), 5)
        text = f"{len(silent)} series without a value of {listing(layout.target)} left out: {names}"
        findings.append(Finding("silent-series", "warning", len(silent), text))
    return np.flatnonzero(last >= 0)


def constants(readings: Readings, names: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Static columns, (series, S). Raises DataUnusable where one changes within a series or is missing."""
    static = np.zeros((len(readings.ids), len(names)), np.float32)
    bounds = firsts(readings)
    for i, name in enumerate(names):
        column = readings.values[:, readings.columns.index(name)]
        seen = np.flatnonzero(~np.isnan(column))
        for s, identity in enumerate(readings.ids):
            rows = seen[np.searchsorted(seen, bounds[s]) : np.searchsorted(seen, bounds[s + 1])]
            if not len(rows):
                raise DataUnusable(
                    f"{readings.sources[0][0]}: static column {name!r} is empty in series "
                    f"{shown(identity)}; expected one value"
                )
            other = rows[column[rows] != column[rows[0]]]
            if len(other):
                place, first = readings.place(int(other[0])), column[rows[0]]
                raise DataUnusable(
                    f"{place}: static column {name!r} is {column[other[0]]:g}, and {first:g} before; "
                    "expected one value in a series",
                    f"--past {quoted(name)}",
                )
            static[s, i] = column[rows[0]]
    return static


def base_of(pieces: list[F64], ids: list[str], given: Mapping[str, F64] | None) -> F64:
    """The model's base of each series, or the rounded mean of its observed values, (series, columns)."""
    bases = np.zeros((len(pieces), pieces[0].shape[1]))
    for row, (piece, identity) in enumerate(zip(pieces, ids, strict=True)):
        if given is not None and identity in given:
            bases[row] = given[identity]
        else:
            bases[row] = [rounded_mean(column[~np.isnan(column)]) for column in piece.T]
    return bases


def rounded_mean(values: F64) -> float:
    """The mean, to a power of two below the deviation: a dry hour then comes back as 0 mm and not as -0.000001."""
    if not len(values):
        return 0.0
    mean, deviation = float(values.mean()), float(values.std())
    if deviation <= abs(mean) * 1e-15:
        return float(values[0])
    unit = 2.0 ** np.floor(np.log2(deviation))
    return float(np.rint(mean / unit) * unit)
