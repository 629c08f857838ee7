"""Clock: a time that stands in several columns, as one: Date and Time, Year Month Day Hour, a time and its zone.

- Such a time is named by its columns: «Date + Time (GMT)». The column is made while rows are read; nothing is copied.
- Parts are joined by what they hold: whole numbers are year, month, day, hour, minute and second in that order; after a
  date a number is an hour (6, 0600); anything else is set behind with a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.data.values import as_text

PLUS = " + "
CALENDAR = (
    ("year", "yr", "yyyy", "yy", "jahr"), ("month", "mon", "mo", "mnth", "mm", "monat"), ("day", "dy", "dd", "tag"),
    ("hour", "hr", "hh", "stunde"), ("minute", "min", "mn", "mi"), ("second", "sec", "ss"),
)  # fmt: skip
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?|\d{3,4}")
_WHOLE = re.compile(r"\d{1,4}(\.0*)?")


def parts_of(time: str | None, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that make up a time: itself where it is one, () where they are not all there."""
    if time is None:
        return ()
    parts = (time,) if time in names else tuple(time.split(PLUS))
    return parts if all(part in names for part in parts) else ()


def clock(table: Table, time: str | None) -> Table:
    """The table with the column `time`, made of its parts where it is not there."""
    parts = parts_of(time, table.names)
    if time is None or time in table.names or not parts:
        return table

    def some(names: tuple[str, ...]) -> Iterator[Chunk]:
        for chunk in table.only((*parts, *(name for name in names if name not in (time, *parts)))).chunks():
            columns = {**chunk.columns, str(time): joined(chunk, parts)}
            yield replace(chunk, columns={name: columns[name] for name in names})

    names = (*table.names, time)
    return replace(table, names=names, chunks=partial(some, names), some=some)


def joined(chunk: Chunk, parts: Sequence[str]) -> Column:
    """One text for each row; empty where the first part is."""
    first, *rest = (as_text(chunk.columns[part]) for part in parts)
    if all(_WHOLE.fullmatch(cell) for cell in first[:100] if cell):
        return [numbered(row) if row[0] else "" for row in zip(first, *rest, strict=True)]
    return [spoken(row) if row[0] else "" for row in zip(first, *rest, strict=True)]


def numbered(row: tuple[str, ...]) -> str:
    """«1980-10-01 12:00» of 1980, 10, 01, 12."""
    year, *others = (cell.partition(".")[0] for cell in row)
    date = "-".join([year.zfill(4), *(cell.zfill(2) for cell in others[:2])])
    if len(others) < 3:
        return date
    hour, *finer = others[2:]
    if len(hour) > 2:  # 0630
        return f"{date} {clock_of(hour)}"
    return f"{date} {':'.join([hour.zfill(2), *(cell.zfill(2) for cell in finer or ['00'])])}"


def spoken(row: tuple[str, ...]) -> str:
    """«2017/08/01 00:00 EST» of a date, a clock time or hour, and a zone."""
    return " ".join([row[0], *(clock_of(cell) for cell in row[1:] if cell)])


def clock_of(cell: str) -> str:
    """«06:00» of 6, 06, 600 and 0600; anything else as it is."""
    if not cell.isdecimal() or len(cell) > 4:
        return cell
    return f"{cell.zfill(2)}:00" if len(cell) < 3 else f"{cell[:-2].zfill(2)}:{cell[-2:]}"


def calendar_columns(columns: dict[str, Column], plain_names: dict[str, str]) -> tuple[str, ...]:
    """Year, month, day, hour … as far as they are there by name and hold numbers; () without year and month.

    `plain_names`: plain name -> column.
    """
    found: list[str] = []
    for words in CALENDAR:
        name = next((plain_names[word] for word in words if word in plain_names), None)
        if name is None or not all(_WHOLE.fullmatch(cell) for cell in as_text(columns[name])[:100] if cell):
            break
        found.append(name)
    return tuple(found) if len(found) > 1 else ()


def clock_column(columns: dict[str, Column], plain_names: dict[str, str]) -> str:
    """The column of the time of day that belongs to a column of dates: by its name and its cells; "" for none."""
    for plain, name in plain_names.items():
        if re.match(r"(obs_|local_)?(time|hour|hr|hh|hhmm|clock)(_|$)", plain):
            cells = [cell for cell in as_text(columns[name])[:100] if cell]
            if cells and all(_CLOCK.fullmatch(cell) or re.fullmatch(r"\d{1,2}", cell) for cell in cells):
                return name
    return ""
