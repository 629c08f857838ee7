r"""InfluxDB line protocol: one point per line, measurement and tags, fields, and a time.

    river,station=a\ b level=1.5,pump=t,note="calm, clear",count=2i 1556813561000000000

- Fields are columns. What tells series apart is the measurement and the tags, as far as they vary.
- Points of one series and time are one row, as the database holds them; where they disagree on a field they stay two,
  and are refused later.
- Whether times count seconds or milli-, micro- or nanoseconds shows in how large they are. They are UTC.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._cutting import told_apart
from rnnforecast.data.formats._epochs import unit_of, whole_seconds
from rnnforecast.data.formats._json import column_of
from rnnforecast.data.formats._text import ROWS, encoding_of
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.signatures._rows import varying
from rnnforecast.data.table import About, Chunk, Column, Table
from rnnforecast.errors import DataUnusable

summary = "InfluxDB line protocol: one point per line"

LIMIT = 512 << 20  # bytes: points are gathered in memory
TITLE = "InfluxDB line protocol"
EXPECTED = "measurement,tag=a field=1.5 1556813561000000000"
NO_TAG = "-"  # what a point that lacks a tag has in its column
Key = tuple[str, tuple[tuple[str, str], ...]]
WORDS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
_KEY = r"(?:\\.|[^\\,= ])+"
_VALUE = r'(?:"(?:\\.|[^"\\])*"|[^, "]+)'
_POINT = re.compile(
    rf"(?P<series>(?:\\.|[^\\, ])+(?:,{_KEY}={_KEY})*) +(?P<fields>{_KEY}={_VALUE}(?:,{_KEY}={_VALUE})*)"
    r"(?: +(?P<time>-?\d{1,19}))? *"
)
_FIELD = re.compile(rf"({_KEY})=({_VALUE})")
_TAG = re.compile(rf",({_KEY})=({_KEY})")


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    lines = head.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    points = [line for line in lines[: max(len(lines) - 1, 1)][:50] if is_filled(line)]
    found = [_POINT.fullmatch(line) is not None for line in points]
    return found[:1] == [True] and 2 * sum(found) > len(found)  # a damaged line is refused by its number


def is_filled(line: str) -> bool:
    """Whether a line is a point: not blank, no comment, not the first statement of an export."""
    return bool(line.strip()) and not line.startswith(("#", "CREATE DATABASE "))


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a file in line protocol. Raises DataUnusable with the line of the first fault."""
    if path.stat().st_size > LIMIT:
        raise DataUnusable(
            f"{source}: {path.stat().st_size >> 20} MB of line protocol, which is read whole; "
            f"expected at most {LIMIT >> 20} MB",
            f"grep 'station=NAME' {source} | rnnforecast ... -",
        )
    points = points_in(path, source)
    ticks = np.array(points.times, np.int64)
    unit, per_second = unit_of(ticks)
    times, note = whole_seconds(ticks, unit, per_second)
    columns, labels = points.columns(times)
    aside = tuple(f"^{re.escape(name)}$" for name in labels)  # a tag may look like a number
    about = About(TITLE, time=next(iter(columns)), id=varying(labels), aside=aside, notes=(note,) if note else ())
    facts = (("format", TITLE), ("precision", unit), ("decimal", "."))
    chunks = partial(chunks_of, columns, np.array(points.lines, np.int64))
    return Table(source, tuple(columns), chunks, "UTC", facts, about=about)


def points_in(path: Path, source: str) -> Points:
    """All points of a file."""
    points = Points()
    with path.open(encoding=encoding_of(path, source)) as file:
        for number, line in enumerate(file, 1):
            if is_filled(line):
                try:
                    points.add(line.rstrip("\r\n"), number)
                except ValueError as error:
                    raise DataUnusable(f"{source} line {number}: {error}") from None
    if not points.lines:
        raise DataUnusable(f"{source}: comments only; expected points such as {EXPECTED}")
    return points


def chunks_of(columns: dict[str, Column], lines: npt.NDArray[np.int64]) -> Iterator[Chunk]:
    for first in range(0, len(lines), ROWS):
        some = slice(first, first + ROWS)
        yield Chunk({name: column[some] for name, column in columns.items()}, int(lines[first]), lines[some])


class Points:
    """Points met so far, as rows: a time, a series and a line each, and the fields as far as they have them."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}  # «river,station=a» -> its place in `series`
        self.series: dict[Key, int] = {}  # the same, whatever the order of its tags
        self.rows: list[dict[int, int]] = []  # of each series: time -> row
        self.times, self.lines, self.owners = array("q"), array("q"), array("q")  # (rows,)
        self.fields: dict[str, list[Any]] = {}  # up to (rows,) each, None = absent

    def add(self, line: str, number: int) -> None:
        """One more point. Raises ValueError for what is none."""
        point = _POINT.fullmatch(line)
        if point is None:
            raise ValueError(f"{line[:60]!r} is no point of line protocol; expected {EXPECTED}")
        if point["time"] is None or abs(int(point["time"])) >= 2**63:
            found = "a point without a time" if point["time"] is None else "a time too large"
            raise ValueError(f"{found}; expected one at the end, such as 1556813561000000000")
        values = {name: value_in(raw) for name, raw in _FIELD.findall(point["fields"])}
        row = self.row_of(self.place_of(point["series"]), int(point["time"]), number, values)
        for name, value in values.items():
            column = self.fields.setdefault(name, [])
            column.extend([None] * (row + 1 - len(column)))
            column[row] = value

    def place_of(self, text: str) -> int:
        if text not in self.places:
            self.places[text] = self.series.setdefault(key_in(text), len(self.series))
            self.rows += [{} for _ in range(len(self.series) - len(self.rows))]
        return self.places[text]

    def row_of(self, place: int, time: int, number: int, values: dict[str, Any]) -> int:
        """The row of that series and time, if no field there says otherwise; else a new one."""
        row = self.rows[place].setdefault(time, len(self.times))
        if any(self.field(name, row) not in (None, value) for name, value in values.items()):
            row = len(self.times)
        if row == len(self.times):
            self.times.append(time)
            self.owners.append(place)
            self.lines.append(number)
        return row

    def field(self, name: str, row: int) -> Any:
        column = self.fields.get(name, [])
        return column[row] if row < len(column) else None

    def columns(self, times: Column) -> tuple[dict[str, Column], dict[str, list[str]]]:
        """Columns (rows,) by name; measurement and tags (series,) by the names of theirs."""
        tags = dict.fromkeys(name for _, own in self.series for name, _ in own)
        measured = [measurement for measurement, _ in self.series]
        words = [[dict(own).get(name, NO_TAG) for _, own in self.series] for name in tags]
        names = told_apart(["time", *map(plain, self.fields), *tags, "measurement"])
        fields = [column_of(column + [None] * (len(self.times) - len(column))) for column in self.fields.values()]
        texts: list[Column] = [[column[place] for place in self.owners] for column in (*words, measured)]
        columns = dict(zip(names, [times, *fields, *texts], strict=True))
        labels = zip((names[-1], *names[1 + len(fields) : -1]), (measured, *words), strict=True)
        return columns, dict(labels)


def key_in(text: str) -> Key:
    """The measurement and the tags, in order of their names."""
    measurement, comma, tags = re.split(r"(?<!\\)(,|$)", text, maxsplit=1)
    return plain(measurement), tuple(sorted((plain(name), plain(value)) for name, value in _TAG.findall(comma + tags)))


def plain(text: str) -> str:
    """A name without the backslashes that escape its signs."""
    return re.sub(r"\\([,= ])", r"\1", text)


def value_in(raw: str) -> Any:
    """A number, a truth or a text. Raises ValueError."""
    if raw.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", raw[1:-1])
    if raw in WORDS:
        return WORDS[raw]
    try:
        if "_" not in raw:
            return int(raw[:-1]) if raw[-1] in "iu" else float(raw)
    except ValueError:
        pass
    raise ValueError(f"{raw[:40]!r} is no value; expected a number, a text in quotes, true or false")
