"""Reading: from sources and flags to a panel. The one door that train, evaluate, predict and inspect come through.

- `load` opens files; `load_tables` takes tables, so that a DataFrame goes the same way.
- With a known layout (predict) only the columns that the model uses are needed, and its decisions hold: whatever the
  new file shows otherwise is a Mismatch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data import large
from rnnforecast.data.clock import clock, parts_of
from rnnforecast.data.coding import expanded
from rnnforecast.data.columns import Layout, find, require_target, unit_in
from rnnforecast.data.findings import Finding
from rnnforecast.data.formats import open_table
from rnnforecast.data.formats._many import open_all as open_many
from rnnforecast.data.frequency import Step
from rnnforecast.data.joining import join
from rnnforecast.data.names import listing, quoted, split_words
from rnnforecast.data.panel import Panel, tail
from rnnforecast.data.quality import regularise
from rnnforecast.data.readings import SINGLE, Readings, collect, named_by_file, stack
from rnnforecast.data.sentinels import without_sentinels
from rnnforecast.data.sizes import by_files
from rnnforecast.data.suspicions import suspicions
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable, ForecastError, Mismatch, UsageError, nearest

F64 = npt.NDArray[np.float64]

MOST_LOOKED_AT, FEWER_LOOKED_AT = 1 << 22, 1 << 20  # values


@dataclass(frozen=True)
class Loaded:
    """What reading gives: the panel, the layout with everything decided, and what was found or done."""

    panel: Panel
    layout: Layout
    findings: list[Finding]

    def looked_at(self, now: int) -> Loaded:
        """The same with what looks suspicious, of a large panel in its newest rows; `now`: seconds since 1970, UTC."""
        panel = self.panel
        if panel.values.size > MOST_LOOKED_AT:
            panel = tail(panel, max(1, FEWER_LOOKED_AT // (panel.num_series * len(panel.columns))))
        return replace(self, findings=[*self.findings, *suspicions(panel, self.layout, now)])


def load(
    sources: Sequence[str],
    flags: DataFlags,
    known: Layout | None = None,
    step: Step | None = None,
    base: Mapping[str, F64] | None = None,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """Read files (or "-", stdin) onto one grid. `known`, `step` and `base` are the model's, at predict.

    Raises NotFound, DataUnusable, Mismatch (with `known`) and UsageError.
    """
    return load_tables(open_all(sources, flags, stdin), flags, known, step, base, stdin)


def open_all(sources: Sequence[str], flags: DataFlags, stdin: BinaryIO | None = None) -> list[Table]:
    """The tables of DATA: files, folders, patterns. Raises UsageError where stdin would be read twice."""
    if [*sources, *flags.join, *flags.future_data].count("-") > 1:
        raise UsageError("stdin (-) is named twice; expected once")
    return open_many(sources, flags, stdin)


class Others(NamedTuple):
    """The tables beside DATA: those of --with and those of --future-data."""

    beside: list[Table]
    ahead: list[Table]


def open_others(flags: DataFlags, stdin: BinaryIO | None = None) -> Others:
    return Others(*([open_table(path, flags, stdin) for path in paths(v)] for v in (flags.join, flags.future_data)))


def load_tables(
    tables: Sequence[Table],
    flags: DataFlags,
    known: Layout | None = None,
    step: Step | None = None,
    base: Mapping[str, F64] | None = None,
    stdin: BinaryIO | None = None,
    opened: Others | None = None,
) -> Loaded:
    """The same from tables; --with and --future-data are opened here, unless they were: a pipe opens once."""
    beside, ahead = opened or open_others(flags, stdin)
    others = [*beside, *ahead]
    layout = for_model(known, tables, others, flags) if known else find(tables[0], flags, others, tables[1:])
    if not known:
        refuse_other_units(layout, tables[1:], DataUnusable, f"in {tables[0].source}", "convert the values of one")
    tables = [clock(table, layout.time) for table in tables]
    flags = joined_as(known, step, flags) if known and step else flags
    require_target(layout, tables[0].source)
    if ahead and not layout.future:
        raise UsageError("--future-data needs a column that --future names", "--future NAME")
    spilled = by_files(tables, layout, flags)
    readings, found = gather(tables, layout, others, base, flags, zone_asked(flags, known), spilled)
    for other in beside:
        columns = covariates_in(other, found, tables)
        known_ahead = not {*columns}.isdisjoint(found.future)
        readings = join(readings, *partner(other, found, columns, flags, known), known_ahead)
    for other in ahead:
        readings = join(readings, *partner(other, found, found.future, flags, known), True)
    layout = as_known(known, found, tables[0]) if known else found
    readings, layout = without_sentinels(readings, layout)
    if spilled:
        panel, findings = large.regularise(readings, layout, flags, step, base)
    else:
        panel, findings = regularise(expanded(readings, layout.codings), layout, flags, step, base)
    return Loaded(panel, layout, findings + strangers(panel, base))


def strangers(panel: Panel, base: Mapping[str, F64] | None) -> list[Finding]:
    """What is said of series that the model was not trained on."""
    new = [name for name in panel.ids if base is not None and name not in base]
    if not new:
        return []
    text = f"{len(new)} series that training never saw, scaled by their own rows: {listing(new, 5)}"
    return [Finding("unseen-series", "warning", len(new), text)]


def paths(values: tuple[str, ...]) -> list[str]:
    """Paths out of repeated or comma-separated flag values; a file of the exact name wins."""
    return [path for value in values for path in ([value] if Path(value).exists() else split_words([value]))]


def joined_as(known: Layout, step: Step, flags: DataFlags) -> DataFlags:
    """The flags with the step and the way of joining rows to it that the model was trained with."""
    if not known.aggregate or flags.freq or flags.aggregate:
        return flags
    return replace(flags, freq=step.text().replace(" ", ""), aggregate=known.aggregate)


def zone_asked(flags: DataFlags, known: Layout | None) -> str | None:
    """--tz, or the zone that --tz gave when the model was trained."""
    if flags.tz is None and known is not None and dict(known.reasons).get("zone") == "--tz":
        return known.zone
    return flags.tz


def gather(
    tables: Sequence[Table],
    layout: Layout,
    beside: Sequence[Table],
    base: Mapping[str, F64] | None,
    flags: DataFlags,
    tz: str | None,
    spilled: bool = False,
) -> tuple[Readings, Layout]:
    """Every row of the main tables, stacked; columns that only joined tables have are NaN so far."""
    columns = layout.target + layout.covariates
    elsewhere = {name for other in beside for name in other.names}
    parts, layouts = [], []
    for table in tables:
        here = tuple(name for name in columns if name in table.names)
        lacking = [name for name in (layout.time, *layout.id, *columns) if name and name not in table.names]
        if any(name not in elsewhere or name in (layout.time, *layout.id) for name in lacking):
            raise DataUnusable(
                f"{table.source}: no column {lacking[0]!r}, which {tables[0].source} has; expected the "
                f"same columns, found {listing(table.names)}"
            )
        decimal = flags.decimal or table.fact("decimal", ".")
        readings, found = collect(table, replace(layout, decimal=decimal), here, tz, spilled)
        parts.append(widened(readings, columns))
        layouts.append(found)
    single = len(parts) == 1 and not tables[0].apart
    if not layout.id and (not single or (base is not None and SINGLE not in base)):
        parts = named_by_file(parts)
    return stack(parts, spilled), agreed(layouts, tables)


def widened(readings: Readings, columns: tuple[str, ...]) -> Readings:
    """The same rows with all of `columns`, NaN where the table lacks one."""
    if readings.columns == columns:
        return readings
    values = np.full((len(readings), len(columns)), np.nan)
    values[:, [columns.index(name) for name in readings.columns]] = readings.values
    return replace(readings, values=values, columns=columns)


def agreed(layouts: Sequence[Layout], tables: Sequence[Table]) -> Layout:
    """One layout for tables that are stacked: all naive or all with a zone, rows or times, the finest precision."""
    first = layouts[0]
    for layout, table in zip(layouts[1:], tables[1:], strict=True):
        if bool(layout.zone) != bool(first.zone) or (layout.stamp == "integer") != (first.stamp == "integer"):
            raise DataUnusable(
                f"{table.source}: times are not written as in {tables[0].source}; expected a zone in "
                "both or in neither",
                "--tz UTC",
            )
    zone = first.zone if all(layout.zone == first.zone for layout in layouts) else "UTC"
    order = ("date", "minute", "second", "integer")
    return replace(first, zone=zone, stamp=max((layout.stamp for layout in layouts), key=order.index))


def covariates_in(other: Table, layout: Layout, tables: Sequence[Table]) -> tuple[str, ...]:
    """The used columns that a joined table has. Raises DataUnusable where the main table has one too."""
    used = tuple(name for name in layout.target + layout.covariates if name in other.names)
    twice = next((name for name in used if name in tables[0].names), "")
    if twice:
        raise DataUnusable(f"{other.source}: column {twice!r} is also in {tables[0].source}; expected it in one file")
    if not used:
        raise DataUnusable(
            f"{other.source}: none of its columns is used; expected one that --past or --future names",
            f"--past {quoted(next((n for n in other.names if n != layout.time), 'NAME'))}",
        )
    return used


def partner(
    other: Table, layout: Layout, columns: tuple[str, ...], flags: DataFlags, known: Layout | None
) -> tuple[Readings, bool]:
    """The rows of a table to join, and whether they are told apart by the same id columns."""
    here = tuple(name for name in columns if name in other.names)
    if not here:
        raise DataUnusable(f"{other.source}: no column {columns[0]!r}; expected it, found {listing(other.names)}")
    time = layout.time
    if time is not None and not parts_of(time, other.names):
        time = find(other, replace(flags, time=None, target=here, id=(), past=(), future=(), static=())).time
    by_series = bool(layout.id) and set(layout.id) <= set(other.names)
    decimal = flags.decimal or other.fact("decimal", ".")
    own = replace(layout, time=time, id=layout.id if by_series else (), decimal=decimal, dayfirst=flags.dayfirst)
    readings, found = collect(other, own, here, zone_asked(flags, known))
    if bool(found.zone) != bool(layout.zone) or (found.stamp == "integer") != (layout.stamp == "integer"):
        raise DataUnusable(
            f"{other.source}: times are not written as in the main file; expected a zone in both or in neither",
            "--tz UTC",
        )
    return readings, by_series


def for_model(known: Layout, tables: Sequence[Table], beside: Sequence[Table], flags: DataFlags) -> Layout:
    """The model's layout for new files. Raises Mismatch for a column it needs, or a flag that names another."""
    if flags.time is not None and flags.time != (known.time or "none"):
        raise Mismatch(f"--time {flags.time}: the model has {known.time or 'none'}; expected the model's column")
    for role in ("target", "id", "past", "future", "static"):
        named = split_words(getattr(flags, role))
        if named and not set(named) <= {*getattr(known, role)}:
            raise Mismatch(
                f"--{role} {','.join(named)}: the model has {', '.join(getattr(known, role)) or 'none'}; "
                "expected the model's columns",
                "train again to change them",
            )
    have = [*tables[0].names, *(name for other in beside for name in other.names)]
    have += [known.time] if known.time and parts_of(known.time, tables[0].names) else []
    files = [*tables, *beside]
    refuse_other_units(known, files, Mismatch, "the model was trained on", "convert the values, or train again")
    for name in (known.time, *known.id, *known.target, *known.covariates):
        if name is not None and name not in have and not (name in known.future and flags.future_data):
            guess = nearest(name, have)
            raise Mismatch(
                f"{tables[0].source}: no column {name!r}, which the model needs; found {listing(have)}",
                f"rename {quoted(guess)} to {quoted(name)}?" if guess else "",
            )
    return replace(
        known,
        missing=tuple(dict.fromkeys([*known.missing, *split_words(flags.missing), *tables[0].about.missing])),
        decimal=flags.decimal or tables[0].fact("decimal", "."),
        dayfirst=known.dayfirst if flags.dayfirst is None else flags.dayfirst,
    )


def refuse_other_units(
    layout: Layout, tables: Sequence[Table], kind: type[ForecastError], than: str, hint: str
) -> None:
    """Raise `kind` where a table says another unit of a column that is used than the layout has."""
    used = zip(layout.target + layout.covariates, layout.units + layout.covariate_units, strict=True)
    for name, unit in used:
        for table in tables:
            found = unit_in(table, name) if name in table.names else ""
            if unit and found and found != unit:
                raise kind(f"{table.source}: {name!r} is in {found}; expected {unit}, as {than}", hint)


def as_known(known: Layout, found: Layout, table: Table) -> Layout:
    """The model's layout, where the file's times can be meant by it. Raises Mismatch."""
    if (known.stamp == "integer") != (found.stamp == "integer"):
        raise Mismatch(
            f"{table.source}: {'row numbers' if found.stamp == 'integer' else 'times'} in column "
            f"{found.time!r}; expected what the model was trained on"
        )
    if bool(known.zone) != bool(found.zone):
        has = f"times in {found.zone}" if found.zone else "times without a zone"
        raise Mismatch(
            f"{table.source}: {has}; expected {f'times in {known.zone}' if known.zone else 'naive times'}, "
            "as the model was trained on",
            f"--tz {known.zone}" if known.zone else "",
        )
    return replace(known, missing=found.missing, decimal=found.decimal)
