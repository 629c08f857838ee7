"""Layout: which column is what. Found once, by the rules printed in its reasons, and stored in the model.

- Flags decide first. Then the time is the column whose name speaks of time and whose cells are times; the series are
  told apart by a known id name, or by the text column without which times would repeat; the target is y, target,
  value, or the only numeric column. Where two could be the target none is chosen: the candidates are listed.
- A column is a covariate only where a flag names it; all others are unused, and said to be.
- Zone, day-first and precision of times need every row: `find` leaves them open, reading the rows settles them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnnforecast.config import DataFlags
from rnnforecast.data.clock import PLUS, calendar_columns, clock_column, joined, parts_of
from rnnforecast.data.coding import Coding, find_codings
from rnnforecast.data.names import listing, plain, quoted, split_names, split_words
from rnnforecast.data.table import About, Chunk, Column, Table
from rnnforecast.data.times import SHAPES, shape_of
from rnnforecast.data.units import unit_named, unit_of
from rnnforecast.data.values import Missing, as_text, missing_of, numeric_share, widened
from rnnforecast.errors import DataUnusable, UsageError, nearest

TIME_NAMES = (
    "ds", "datetime", "date_time", "timestamp", "time_utc", "utc", "time", "valid_time", "_time", "date", "dates",
    "mess_datum", "epoch", "unix_time", "unixtime", "ts", "t",
)  # fmt: skip
PERIOD_NAMES = ("month", "week", "quarter", "year")  # times only where no better column is there
ID_NAMES = ("unique_id", "id", "item_id", "series", "series_id", "site_no", "station", "station_id", "site", "gauge",
            "gauge_id", "monitoring_location_id", "location", "location_id", "name")  # fmt: skip
TARGET_NAMES = ("y", "target", "value", "_value")
# Names of what a gauge is there for; where just one column has such a name it is the target.
PHYSICAL = (
    re.compile(r"^(water_?level|sea_?level|gage_?height|gauge_?height|stage|slev|level|tide)(_|\d|$)"),
    re.compile(r"^(discharge|stream_?flow|flow|runoff|qobs|q)(_|\d|$)"),
)
NO_TARGET = re.compile(  # «runoff_mm_day» ends in a unit
    r"(^|(?<!_mm)_)(qual|quality|flag|flags|qc|cd|code|sigma|std|stderr|grade|symbol|completeness|approval|status|qualifier"
    r"|lat|latitude|lon|lng|long|longitude|elevation|id|index|row|nr|no|year|month|day|hour|minute|doy)($|_|\d)"
    r"|^column_\d+$|^unnamed|^x$"
)


@dataclass(frozen=True)
class Layout:
    """What each column is and how time is written; `predict` reads later files by it."""

    time: str | None  # None: rows in order, no times
    target: tuple[str, ...]
    id: tuple[str, ...]  # () = one series
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]
    unused: tuple[str, ...]
    units: tuple[str, ...]  # one per target, "" where nothing tells it
    zone: str  # "" = naive; "UTC", "+01:00" or a zone name: times inside are UTC, and are written in this zone
    stamp: str  # how times are written: "date", "minute", "second", "integer" (row numbers)
    dayfirst: bool | None  # None = ISO or not dates
    missing: tuple[str, ...]  # words beyond the usual that mean missing
    decimal: str  # "." or ","
    reasons: tuple[tuple[str, str], ...]  # ("target", "the only numeric column")
    candidates: tuple[str, ...] = ()  # the other numeric columns: what the target could be where it is ()
    looks_like: str = ""  # the source whose signature the file has: «USGS RDB»
    ranges: tuple[tuple[float, float], ...] = ()  # 0.1 and 99.9 % of each column; what lies far outside may be a code
    aggregate: str = ""  # how rows were joined to one per step: mean, sum or max
    codings: tuple[Coding, ...] = ()  # covariates that are texts or directions
    covariate_units: tuple[str, ...] = ()  # one per covariate

    def panel_columns(self, role: str) -> tuple[str, ...]:
        """The columns of `role` (past, future, static) as the panel has them, coded ones as what they become."""
        by_name = {coding.column: coding.names() for coding in self.codings}
        return tuple(part for name in getattr(self, role) for part in by_name.get(name, (name,)))

    @property
    def covariates(self) -> tuple[str, ...]:
        return self.past + self.future + self.static


@dataclass(frozen=True)
class Named:
    """The columns that flags name, each found in the file."""

    target: tuple[str, ...]
    id: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        return self.target + self.id + self.past + self.future + self.static


def find(table: Table, flags: DataFlags, beside: Sequence[Table] = (), below: Sequence[Table] = ()) -> Layout:
    """The layout of a table, and of those joined to it by `--with`, decided on its first rows.

    `below`: tables that are stacked under it; their words count as categories too.

    Raises DataUnusable for a named column that is not there, for no rows and for no time column.
    """
    chunk = table.peek()
    if not len(chunk):
        raise DataUnusable(f"{table.source}: a header and no rows; expected rows below it")
    names = tuple(dict.fromkeys([*table.names, *(name for other in beside for name in other.names)]))
    named = named_columns(table, names, flags)
    missing, decimal = missing_of((*flags.missing, *table.about.missing)), flags.decimal or table.fact("decimal", ".")
    time, why_time = find_time(table, chunk, named, flags)
    parts = parts_of(time, table.names)
    ids, why_id = find_ids(clock_added(chunk, time, parts), time, parts, named, missing, decimal, table.about)
    free = [name for name in chunk.columns if name not in {*parts, *ids, *named.all()}]
    target, why_target, candidates = find_target(chunk, free, named, missing, decimal, table.about)
    covariates = (*named.past, *named.future, *named.static)
    used = {*parts, *ids, *target, *covariates}
    units = {name: unit_in(each, name) for each in reversed([table, *beside]) for name in each.names}
    return Layout(
        time=time,
        target=target,
        id=ids,
        past=named.past,
        future=named.future,
        static=named.static,
        unused=tuple(name for name in names if name not in used),
        units=tuple(units[name] for name in target),
        zone="",
        stamp="integer" if time is None else "minute",
        dayfirst=flags.dayfirst,
        missing=split_words((*flags.missing, *table.about.missing)),
        decimal=decimal,
        reasons=(("time", why_time), ("id", why_id), ("target", why_target)),
        candidates=candidates,
        looks_like=table.about.title,
        aggregate=flags.aggregate or "",
        codings=find_codings([table, *below, *beside], covariates, units, missing, decimal),
        covariate_units=tuple(units[name] for name in covariates),
    )


def unit_in(table: Table, name: str) -> str:
    """The unit of a column: as the file says it beside the names, or at the end of the name."""
    said = dict(table.about.units).get(name, "")
    return unit_named(said) if said else unit_of(name)


def clock_added(chunk: Chunk, time: str | None, parts: tuple[str, ...]) -> Chunk:
    """The chunk with the time that its parts make up."""
    if time is None or time in chunk.columns:
        return chunk
    return replace(chunk, columns={**chunk.columns, time: joined(chunk, parts)})


def named_columns(table: Table, names: tuple[str, ...], flags: DataFlags) -> Named:
    """Every column that a flag names. Raises DataUnusable for an unknown one, UsageError for one named twice."""
    roles = {role: split_names(getattr(flags, role), names) for role in ("target", "id", "past", "future", "static")}
    taken: dict[str, str] = {} if flags.time in (None, "none") else {str(flags.time): "time"}
    for role, columns in roles.items():
        for name in columns:
            known(name, role, table, names)
            if taken.setdefault(name, role) != role:
                raise UsageError(f"column {name!r} is named as --{taken[name]} and as --{role}; expected one of them")
    return Named(**roles)


def known(name: str, role: str, table: Table, names: tuple[str, ...]) -> None:
    if name in names:
        return
    if name in table.fact("skipped", ()):
        raise DataUnusable(
            f"{table.source}: column {name!r} holds lists, objects, bytes or decimals; expected numbers, times or texts"
        )
    guess = nearest(name, list(names))
    flag = {"target": "-t"}.get(role, f"--{role}")
    raise DataUnusable(
        f"{table.source}: no column {name!r}; expected one of {listing(names)}",
        f"did you mean {flag} {quoted(guess)}?" if guess else "",
    )


def find_time(table: Table, chunk: Chunk, named: Named, flags: DataFlags) -> tuple[str | None, str]:
    """The time column and why; several columns that make it up are joined by « + ». Raises DataUnusable for none."""
    if flags.time == "none":
        return None, "--time none: rows in order"
    if flags.time is not None:
        return time_asked(flags.time, table), "--time"
    if table.about.time and parts_of(table.about.time, table.names):
        return table.about.time, f"as in {table.about.title}"
    free = [name for name in chunk.columns if name not in named.all()]
    plain_names = {plain(name): name for name in reversed(free)}
    times = [name for name in free if is_time(chunk.columns[name], name)]
    calendar = calendar_columns(chunk.columns, plain_names)
    if calendar and all(name in calendar or time_rank(name) >= LOW_RANK for name in times):
        return PLUS.join(calendar), "its columns make up a date"
    if not times:
        raise DataUnusable(
            f"{table.source}: no time column among {listing(table.names)}; expected one with times",
            f"--time {quoted(time_guess(free))} or --time none",
        )
    counts = {name: shape_of(chunk.columns[name], plain(name)) == "integer" for name in times}  # 0600 beside a date
    best = min(times, key=lambda name: (counts[name], time_rank(name), times.index(name)))
    clock = clock_column(chunk.columns, plain_names) if dates_only(chunk.columns[best]) else ""
    if clock and clock != best:
        return best + PLUS + clock, "a date and a time of day"
    return best, "its name and its cells" if time_rank(best) < LOW_RANK else "its cells are times"


def time_asked(text: str, table: Table) -> str:
    """The time that --time names: one column, or several with commas or plus signs between."""
    parts = [text] if text in table.names else [p.strip() for p in re.split(r"[,+]", text) if p.strip()] or [text]
    for part in parts:
        known(part, "time", table, table.names)
    return PLUS.join(parts)


def dates_only(column: Column) -> bool:
    """Whether no cell has a time of day."""
    cells = [cell for cell in as_text(column[:100]) if cell]
    return not isinstance(column, np.ndarray) and not any(re.search(r"\d[T ]?\d*:\d\d|T\d\d", cell) for cell in cells)


LOW_RANK = 1000


def time_rank(name: str) -> int:
    """How well a name speaks of time: the lower the better."""
    word = plain(name)
    if word in TIME_NAMES:
        return TIME_NAMES.index(word)
    if re.search("time|date", word):
        return 100
    return 200 if word in PERIOD_NAMES else LOW_RANK


def time_guess(names: list[str]) -> str:
    """What to offer after --time: a name that speaks of time, or a placeholder."""
    return next((name for name in sorted(names, key=time_rank) if time_rank(name) < LOW_RANK), "NAME")


def is_time(column: Column, name: str) -> bool:
    """Whether the cells are times; bare digits and row numbers need a name that says so."""
    shape = shape_of(column, plain(name))
    if shape == "integer":
        return plain(name) in ("ds", "time", "t", "timestamp")
    return shape in SHAPES or shape in ("typed", "epoch", "epoch_ms")


def find_ids(
    chunk: Chunk,
    time: str | None,
    parts: tuple[str, ...],
    named: Named,
    missing: Missing,
    decimal: str,
    about: About,
) -> tuple[tuple[str, ...], str]:
    """The columns that tell series apart, and why."""
    if named.id:
        return named.id, "--id"
    if about.id and all(name in chunk.columns and name not in named.all() for name in about.id):
        return about.id, f"as in {about.title}"
    taken = {time, *parts, *named.all()}
    free = {plain(name): name for name in reversed(chunk.columns) if name not in taken}
    for word in ID_NAMES:
        if word in free and tells_series(chunk.columns[free[word]]):
            return (free[word],), "its name"
    if time is None or not repeats(chunk, (time,)):
        return (), "one series"
    texts = [
        name
        for name in free.values()
        if isinstance(chunk.columns[name], list) and numeric_share(chunk.columns[name], missing, decimal) < 0.5
    ]
    few = [
        name
        for name in texts
        if "" not in as_text(chunk.columns[name]) and 2 * len(set(as_text(chunk.columns[name]))) <= len(chunk)
    ]
    unique = [name for name in few if not repeats(chunk, (time, name))]
    fewest = sorted(unique, key=lambda name: (len(set(as_text(chunk.columns[name]))), name))
    return ((fewest[0],), "times repeat without it") if fewest else ((), "one series")


def tells_series(column: Column) -> bool:
    """Whether values come back: a column with another value in each row names rows, not series."""
    cells = as_text(column)
    return len(set(cells)) < len(cells) or len(cells) == 1


def repeats(chunk: Chunk, names: tuple[str, ...]) -> bool:
    keys = list(zip(*(as_text(chunk.columns[name]) for name in names), strict=True))
    return len(set(keys)) < len(keys)


def find_target(
    chunk: Chunk, free: list[str], named: Named, missing: Missing, decimal: str, about: About
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """The target, why, and the other numeric columns."""
    own = dict(about.column_missing)
    codes = {name: widened(missing, own[name]) if name in own else missing for name in free}
    shares = {name: numeric_share(chunk.columns[name], codes[name], decimal) for name in free}
    numeric = tuple(name for name in free if shares[name] >= 0.5 and measures(name, about))
    chosen, why = named.target, "-t"
    if not chosen:
        chosen, why = choose_target(numeric, free, shares, about)
    return chosen, why, tuple(name for name in numeric if name not in chosen)


def measures(name: str, about: About) -> bool:
    """Whether a column may hold what is measured, and not a code, a place or a count of rows."""
    if NO_TARGET.search(plain(name)) or any(re.search(rule, name) for rule in about.aside):
        return False
    return name not in {flag.column for flag in about.flags}


def choose_target(
    numeric: tuple[str, ...], free: list[str], shares: dict[str, float], about: About
) -> tuple[tuple[str, ...], str]:
    """The target and why; () where nothing says which."""
    for name in about.target:
        if shares.get(name, 0.0) >= 0.5:
            return (name,), f"as in {about.title}"
    for word in TARGET_NAMES:
        found = [name for name in free if plain(name) == word and measures(name, about)]
        if found:
            return (found[0],), "its name"
    if len(numeric) == 1:
        return numeric, "the only numeric column"
    for rule in PHYSICAL:
        named_so = [name for name in numeric if rule.search(plain(name))]
        if named_so:
            return (tuple(named_so), "its name") if len(named_so) == 1 else ((), "several such columns")
    return (), "several numeric columns" if numeric else "no numeric column"


def require_target(layout: Layout, source: str) -> None:
    """Raise DataUnusable, listing the candidates, where no target was named or found."""
    if layout.target:
        return
    if not layout.candidates:
        raise DataUnusable(f"{source}: no numeric column to forecast among {listing(layout.unused)}", "-t NAME")
    raise DataUnusable(
        f"{source}: several columns could be the target: {listing(layout.candidates)}; expected one",
        f"-t {quoted(layout.candidates[0])}",
    )
