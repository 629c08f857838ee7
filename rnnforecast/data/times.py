"""Times out of cells: ISO, day or month first, compact digits, epochs, and row numbers.

- One shape holds for a whole column: the first cell chooses it, any other cell that differs is refused by its index.
- 03/04/2026 is kept in both readings until the whole column has been seen (`settle`): a chunk alone cannot tell.
- Seconds are UTC where the cell carries an offset, and the written clock where not. Fractions of a second are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnforecast.data.fields import EXPECTED, MONTHS, Fields, fill, grouped_fields, uniform_fields
from rnnforecast.data.spill import Heap, blocks
from rnnforecast.data.table import CellError, Column
from rnnforecast.data.texts import Texts
from rnnforecast.data.values import as_text, number_in
from rnnforecast.data.zones import ABBREVIATIONS
from rnnforecast.errors import DataUnusable

I64 = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).min  # not a time
_WORDS = "|".join(sorted(ABBREVIATIONS, key=len, reverse=True))
_CLOCK = (
    r"(?:[T ] *(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?(?: ?(?P<half>[AaPp][Mm]))?"
    rf"(?: ?(?P<zone>z|{_WORDS}|(?P<sign>[+-])(?P<zh>\d\d)(?::?(?P<zm>\d\d))?))?)?"
)
_MONTH = rf"(?P<name>(?:{'|'.join(MONTHS)})[a-z]{{0,6}})"
SHAPES = {
    "ymd": re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})" + _CLOCK, re.ASCII),
    "dmy": re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4})" + _CLOCK, re.ASCII),
    "named": re.compile(
        rf"(?:(?P<d>\d{{1,2}})[- /.]*{_MONTH}[- /.,]*(?P<y>\d{{4}})"
        rf"|{_MONTH.replace('<name>', '<name2>')}[- /.]*(?P<d2>\d{{1,2}}),?[- /]*(?P<y2>\d{{4}}))" + _CLOCK,
        re.ASCII | re.IGNORECASE,
    ),
    "ym": re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})", re.ASCII),  # not 1012.6, which is a pressure
    "compact": re.compile(
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:[T ]?(?P<H>\d\d)(?:(?P<M>\d\d)(?P<S>\d\d)?)?"
        r"|[T ](?P<H2>\d\d):(?P<M2>\d\d)(?::(?P<S2>\d\d)(?:[.,](?P<f>\d{1,9}))?)?)?(?P<zone>Z)?",
        re.ASCII,
    ),
    "yyyymm": re.compile(r"(?P<y>\d{4})(?P<m>\d\d)", re.ASCII),
    "year": re.compile(r"(?P<y>\d{4})", re.ASCII),
}
_WHOLE = re.compile(r"[-+]?\d{1,18}(?:\.0*)?", re.ASCII)


@dataclass(frozen=True)
class Stamps:
    """Times of some rows, before it is known whether the day comes first."""

    seconds: I64  # (rows,) day first where the order is open; NEVER where that reading is impossible
    monthfirst: I64 | None  # (rows,) the other reading, where the order is open
    offsets: I64 | None  # (rows,) seconds east of UTC that each row carries; None: naive
    stamp: str  # "date", "minute", "second" or "integer"
    words: frozenset[str] = frozenset()  # letter codes of zones met, such as EST and EDT


def shape_of(column: Column, name: str = "", asked: bool = False) -> str:
    """How the times of a column are written: a key of SHAPES, "typed", "epoch", "epoch_ms", "integer", or "".

    Bare digits are times only where the name speaks of time or the user `asked` for this column.
    """
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return "typed"
    cells = [cell for cell in as_text(column[:1000]) if cell]
    if not cells:
        return ""
    whole = [cell for cell in cells if _WHOLE.fullmatch(cell)]
    if len(whole) > (0 if asked and whole[:1] == cells[:1] else 0.95 * len(cells)):
        return digits_shape(whole, name.lower()) if asked or speaks_of_time(name) else ""
    dated = ("ymd", "dmy", "named", "ym", "compact")
    written = next((shape for shape in dated if SHAPES[shape].fullmatch(cells[0])), "")
    agree = sum(SHAPES[written].fullmatch(cell) is not None for cell in cells) if written else 0
    return written if asked or agree > 0.95 * len(cells) else ""


def speaks_of_time(name: str) -> bool:
    return bool(re.search(r"time|date|epoch|unix|year|month|stamp|^ds$|^ts$|^t$", name.lower()))


def digits_shape(cells: list[str], name: str) -> str:
    """What a column of whole numbers counts: calendar digits, an epoch, or rows."""
    numbers = [int(float(cell)) for cell in cells]
    widths = {len(str(number)) for number in numbers}
    if len(widths) == 1 and widths <= {8, 10, 12, 14} and all(calendar_digits(str(number)) for number in numbers):
        return "compact"
    if widths == {6} and re.search("month|date|period", name) and all(0 < n % 100 < 13 for n in numbers):
        return "yyyymm"
    if widths == {4} and re.search("year|date|yr|month", name) and all(1000 < n < 2500 for n in numbers):
        return "year"
    if all(100_000_000 <= n < 10_000_000_000 for n in numbers):
        return "epoch"
    return "epoch_ms" if all(100_000_000_000 <= n < 10_000_000_000_000 for n in numbers) else "integer"


def calendar_digits(text: str) -> bool:
    year, month, day, hour = int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10] or 0)
    return 1700 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24


def read_times(column: Column, shape: str) -> Stamps:
    """The times of non-empty cells, all of one `shape`. Raises CellError."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        seconds = column.astype("datetime64[s]").astype(np.int64)
        return Stamps(seconds, None, None, stamp_of(seconds))
    if shape in ("epoch", "epoch_ms", "integer"):
        return counted(column, shape)
    if shape not in SHAPES:
        raise CellError(0, f"{as_text(column)[0][:60]!r} is not a time", EXPECTED)
    cells = column if isinstance(column, Texts) else as_text(column)
    fields = uniform_fields(cells, SHAPES[shape]) or grouped_fields(as_text(column), SHAPES[shape])
    return from_fields(fields, cells)


def counted(column: Column, shape: str) -> Stamps:
    """Epoch seconds or milliseconds, or row numbers."""
    numbers = plainly_whole(column)
    cells = as_text(column) if numbers is None or isinstance(column, np.ndarray) else column
    numbers = whole(as_text(column)) if numbers is None else numbers
    if shape == "integer":
        refuse(np.abs(numbers) >= 2**37, cells, "too large for a row number")
        return Stamps(numbers, None, None, "integer")
    if shape == "epoch_ms":
        refuse(numbers % 1000 != 0, cells, "a part of a second", "whole seconds")
        numbers = numbers // 1000
    refuse(np.abs(numbers) > 10**11, cells, "no epoch in seconds")
    return Stamps(numbers, None, np.zeros(len(numbers), np.int64), stamp_of(numbers, "minute"))


def plainly_whole(column: Column) -> I64 | None:
    """Whole numbers (rows,) out of buffers, None where a cell is none or is text that tells only when looked at."""
    values = column if isinstance(column, np.ndarray) else None
    if isinstance(column, Texts):
        with suppress(ValueError):
            numbers, odd = column.numbers(".")
            values = None if len(odd) else numbers
    if values is None or values.dtype.kind == "M":
        return None
    sure = (np.abs(values) < 2**53).all() and (values == np.rint(values)).all()
    return values.astype(np.int64) if sure else None


def whole(cells: list[str]) -> I64:
    numbers = np.empty(len(cells), np.int64)
    for i, cell in enumerate(cells):
        value = number_in(cell)
        if value is None or value != value or abs(value) >= 2**53 or value != int(value):
            raise CellError(i, f"{cell[:60]!r} is not a whole number", "whole numbers in every row, as in the first")
        numbers[i] = int(value)
    return numbers


def stamp_of(seconds: I64, coarsest: str = "date") -> str:
    """The coarsest way to write these typed times without loss."""
    if (seconds % 60).any():
        return "second"
    return "minute" if coarsest == "minute" or (seconds % 86_400).any() else "date"


OFFSETS = np.array(list(ABBREVIATIONS.values()), np.int64)


def from_fields(fields: Fields, cells: Sequence[str]) -> Stamps:
    """Seconds from fields, checked as a calendar and a clock. Raises CellError for 30 February or 10:60."""
    rows = len(cells)
    refuse(fields.get("f", fill(rows)) > 0, cells, "a part of a second", "whole seconds")
    clock, wrong = clock_seconds(fields, rows)
    refuse(wrong, cells, "no time of day")
    offsets = written_offsets(fields, cells)
    shift = clock - (0 if offsets is None else offsets)
    stamp, words = stamp_written(fields, rows), zone_words(fields)
    year = either(fields, "y", rows)
    if "a" not in fields:
        month = np.maximum(either(fields, "m", rows), either(fields, "name", rows))
        days = day_numbers(year, np.where(month == -1, 1, month), either(fields, "d", rows))
        refuse(days == NEVER, cells, "no date of the calendar")
        return Stamps(days * 86_400 + shift, None, offsets, stamp, words)
    dayfirst = day_numbers(year, fields["b"], fields["a"])
    monthfirst = day_numbers(year, fields["a"], fields["b"])
    refuse((dayfirst == NEVER) & (monthfirst == NEVER), cells, "no date of the calendar")
    return Stamps(at_clock(dayfirst, shift), at_clock(monthfirst, shift), offsets, stamp, words)


def either(fields: Fields, name: str, rows: int) -> I64:
    """A field that a pattern may write in either of two places, -1 where it is in none."""
    return np.maximum(fields.get(name, fill(rows)), fields.get(name + "2", fill(rows)))


def zone_words(fields: Fields) -> frozenset[str]:
    """The letter codes of zones met, other than the names of UTC."""
    places = np.unique(fields.get("zone", fill(1))) - 1000
    words = list(ABBREVIATIONS)
    return frozenset(words[place] for place in places.tolist() if 0 <= place < len(words))


def at_clock(days: I64, shift: I64) -> I64:
    return np.where(days == NEVER, NEVER, np.where(days == NEVER, 0, days) * 86_400 + shift)


def refuse(wrong: npt.NDArray[np.bool_], cells: Sequence[str], why: str, expected: str = EXPECTED) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        raise CellError(index, f"{cells[index][:60]!r} is {why}", expected)


def day_numbers(year: I64, month: I64, day: I64) -> I64:
    """Days since 1970, NEVER where there is no such day; a day of -1 is the first."""
    day = np.where(day == -1, 1, day)
    possible = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    first = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    possible &= date.astype("datetime64[M]") == first
    return np.where(possible, date.astype(np.int64), NEVER)


def clock_seconds(fields: Fields, rows: int) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Seconds since midnight and where the clock is impossible; 24:00 is midnight at the end of the day."""
    hour, minute, second = (field_or(fields, name, rows) for name in "HMS")
    half = fields.get("half", fill(rows)) | 32  # lower case
    twelve = (half == ord("a")) | (half == ord("p"))
    wrong = (minute > 59) | (second > 59) | (hour > 24) | ((hour == 24) & (minute + second > 0))
    wrong |= twelve & ((hour < 1) | (hour > 12))
    hour = np.where(twelve, hour % 12 + 12 * (half == ord("p")), hour)
    return hour * 3600 + minute * 60 + second, wrong


def field_or(fields: Fields, name: str, rows: int) -> I64:
    """A clock field, 0 where it was not written; compact dates may write it in a second place."""
    return np.maximum(either(fields, name, rows), 0)


def written_offsets(fields: Fields, cells: Sequence[str]) -> I64 | None:
    """Seconds east of UTC of each row; None where no row carries a zone, refused where only some do."""
    zone = fields.get("zone", fill(len(cells)))
    if (zone == -1).all():
        return None
    refuse(zone == -1, cells, "without a zone while other rows have one", "a zone in every row or in none")
    lettered = zone >= 1000
    if "zh" not in fields or lettered.all():
        return np.where(lettered, OFFSETS[np.where(lettered, zone - 1000, 0)], 0)
    hours, minutes = np.maximum(fields["zh"], 0), np.maximum(fields["zm"], 0)
    refuse((hours > 15) | (minutes > 59), cells, "in no zone on earth", "an offset such as +01:00")
    offsets: I64 = np.where(fields["sign"] == ord("-"), -1, 1) * (hours * 3600 + minutes * 60)
    return np.where(lettered, OFFSETS[np.where(lettered, zone - 1000, 0)], offsets)


def stamp_written(fields: Fields, rows: int) -> str:
    """As the cells write it: dates only, to the minute, or with seconds."""
    if any((fields.get(name, fill(rows)) >= 0).any() for name in ("S", "S2")):
        return "second"
    return "minute" if any((fields.get(name, fill(rows)) >= 0).any() for name in ("H", "H2")) else "date"


def settle(stamps: Stamps, dayfirst: bool | None) -> tuple[I64, bool | None]:
    """Seconds (rows,) and the order that the whole column shows: True = day first, None = nothing to decide.

    Raises CellError where the order is open, where no order fits every row, or where `dayfirst` is contradicted.
    """
    if stamps.monthfirst is None:
        return stamps.seconds, None
    no_day, no_month = first_never(stamps.seconds), first_never(stamps.monthfirst)
    if dayfirst is None:
        dayfirst = decided(no_day, no_month)
    wrong = no_day if dayfirst else no_month
    if wrong is not None:
        written = "day first" if dayfirst else "month first"
        raise CellError(wrong, f"a date that cannot be {written}", f"{written}, as the other rows show")
    return (stamps.seconds if dayfirst else stamps.monthfirst), dayfirst


def first_never(seconds: I64) -> int | None:
    """The first row that this reading of the dates cannot explain."""
    for rows in blocks(len(seconds)):
        wrong = seconds[rows] == NEVER
        if wrong.any():
            return int(rows.start + np.argmax(wrong))
    return None


def decided(no_day: int | None, no_month: int | None) -> bool:
    if no_day is None and no_month is None:
        raise CellError(
            0,
            "dates that read day first and month first alike",
            "a day above 12 in some row",
            "--dayfirst or --no-dayfirst",
        )
    return no_day is None or (no_month is not None and no_month < no_day)


class Runs:
    """Runs of one column, that become one: the finest way of writing holds; all or none must carry a zone."""

    def __init__(self, spilled: bool = False) -> None:
        self.seconds, self.monthfirst, self.offsets = Heap(spilled), Heap(spilled), Heap(spilled)
        self.stamp, self.words = "date", frozenset[str]()
        self.rows = 0
        self.bare: bool | None = None
        self.mixed: int | None = None  # the first row that carries a zone where others carry none, or the reverse

    def add(self, run: Stamps) -> None:
        bare = run.offsets is None
        self.bare = bare if self.bare is None else self.bare
        if bare != self.bare and self.mixed is None:
            self.mixed = self.rows
        self.seconds.add(run.seconds)
        if run.monthfirst is not None:
            self.monthfirst.add(run.monthfirst)
        if run.offsets is not None:
            self.offsets.add(run.offsets)
        self.stamp = max(self.stamp, run.stamp, key=("date", "minute", "second", "integer").index)
        self.words |= run.words
        self.rows += len(run.seconds)

    def whole(self) -> Stamps:
        """Raises CellError where only some rows carry a zone."""
        if self.mixed is not None:
            raise CellError(self.mixed, "a zone in some rows and none in others", "a zone in every row or in none")
        seconds, monthfirst, offsets = (heap.whole() for heap in (self.seconds, self.monthfirst, self.offsets))
        other = monthfirst if len(monthfirst) else None
        return Stamps(seconds, other, None if self.bare else offsets, self.stamp, self.words)


def joined(parts: Iterable[Stamps]) -> Stamps:
    """Runs of one column as one."""
    runs = Runs()
    for part in parts:
        runs.add(part)
    return runs.whole()


def parse_times(column: Column, dayfirst: bool | None = None, name: str = "date") -> tuple[I64, I64 | None]:
    """Seconds (rows,) and the offsets that the rows carry (None: naive). Raises DataUnusable naming the row."""
    try:
        if not len(column) or any(cell == "" for cell in as_text(column)):
            raise CellError(0, "an empty cell", EXPECTED)
        stamps = read_times(column, shape_of(column, name, asked=True))
        return settle(stamps, dayfirst)[0], stamps.offsets
    except CellError as bad:
        raise DataUnusable(f"{name} row {bad.index + 1}: {bad}", bad.hint) from None
