"""Cutting: where the header of a text table stands, what separates its columns, and what they are called.

- A signature's Cut decides what it says. Else the separator is the one that cuts the lines into rows of one width, and
  the header is the first line of that width from which on all lines have it: what stands above is preamble.
- A row right below the header that holds words where all other rows hold numbers is a row of units.
- A header that starts with # is one where the line below it is cut alike and holds values.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from rnnforecast.data.signatures import Cut
from rnnforecast.data.units import KNOWN
from rnnforecast.errors import DataUnusable, UsageError

SEPARATORS = ("\t", ";", "|", ",")
BLANKS = " "  # runs of blanks and tabs: str.split
SAMPLE = 200  # lines the separator and the header are chosen by
PREAMBLE = 500  # lines that may stand above a header
LONGEST = 5000  # and above one that a signature knows
STEADY = 5  # rows of one width that must follow a header which is not the first line
_EXCEL = re.compile(r'"?sep=(.)"?\s*')
_VALUE = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d\d:\d\d.*)?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?")


@dataclass(frozen=True)
class Dialect:
    """How this file is cut."""

    encoding: str
    above: int  # lines above the header, or above the first row where the file has no header
    below: int  # lines of units or types below the header
    separator: str
    names: tuple[str, ...]
    units: tuple[tuple[str, str], ...]  # (column, unit) from a row of units
    headed: bool  # whether the names stand in the file
    cut: Cut


def separator_asked(sep: str | None) -> str | None:
    if sep is None:
        return None
    sign = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}.get(sep, sep)
    if len(sign) != 1 or sign in '"\r\n' or sign.isalnum():
        raise UsageError(f"the separator must be one sign, got {sep!r}", "--sep ';' or --sep tab")
    return sign


def dialect_in(file: TextIO, encoding: str, source: str, sep: str | None, cut: Cut) -> Dialect:
    """The dialect of an open text. Raises DataUnusable where it has no header."""
    lines = list(islice(file, (LONGEST if cut.header else PREAMBLE) + SAMPLE))
    above, excel = skipped(lines, cut)
    if above == len(lines):
        wanted = "comments only" if not cut.header else f"no header such as {cut.header!r} starts with"
        raise DataUnusable(f"{source}: {wanted}; expected a header and rows")
    separator = separator_asked(sep) or cut.separator or excel or best_separator(lines[above : above + SAMPLE])
    if not (cut.header or excel):
        above = header_at(lines, above, separator)
    header, above = header_of(lines, above, separator, cut)
    names = tuple(name.strip() or f"column {i + 1}" for i, name in enumerate(header))
    names = trimmed(names) if cut.ragged else names
    names = told_apart(names) if cut.twice else names
    headed = not cut.names
    if headed:
        check_names(names, f"{source} line {above + 1}")
    units = units_below(lines, above, separator, names) if headed and not cut.below else ()
    below = cut.below if headed else 0
    return Dialect(encoding, above, max(below, int(bool(units))), separator, names, units, headed, cut)


def skipped(lines: Sequence[str], cut: Cut) -> tuple[int, str | None]:
    """Lines above the header as far as single lines show it, and the separator that Excel's `sep=;` line names."""
    if cut.header:
        at = next((i for i, line in enumerate(lines) if re.match(cut.header, line.lstrip("\ufeff"))), len(lines))
        return at, None
    excel = None
    for above, line in enumerate(lines):
        named = _EXCEL.fullmatch(line) if above == 0 else None
        excel = named[1] if named else excel
        if named is None and line.strip() and not line.lstrip().startswith("#"):
            return above, excel
    return len(lines), excel


def header_of(lines: Sequence[str], above: int, separator: str, cut: Cut) -> tuple[list[str], int]:
    """The cells of the header, and the lines above it: a commented line where the first free one holds values."""
    if cut.names:
        return list(cut.names), above
    line = lines[above].lstrip("#") if cut.uncomment else lines[above]
    cells = next(iter(cut_lines([line, *lines[above + 1 : above + SAMPLE]], separator)), line.split(separator))
    if above and not cut.header and values_only(cells) and lines[above - 1].lstrip().startswith("#"):
        named = next(iter(cut_lines([lines[above - 1].lstrip().lstrip("#").lstrip()], separator)), [])
        if len(named) == len(cells) > 1 and not values_only(named):
            return named, above - 1
    return cells, above


def values_only(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return all(map(_VALUE.fullmatch, filled)) or any(map(_DATE.fullmatch, filled))


def cut_lines(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Rows of some lines; what is no CSV counts as no rows."""
    if separator == BLANKS:
        return [line.split() for line in lines if line.strip()]
    try:
        return [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
    except csv.Error:
        return []


def best_separator(sample: Sequence[str]) -> str:
    """The sign that cuts most lines into rows of one width; blanks only where they cut all and no sign cuts any."""

    def score(separator: str) -> float:
        widths = [len(row) for row in cut_lines(sample, separator)]
        common = max(set(widths), key=widths.count, default=1)
        return widths.count(common) / len(widths) if common > 1 else 0.0

    best = max(SEPARATORS, key=score)
    if score(best) > 0:
        return best
    return BLANKS if len(sample) > STEADY and score(BLANKS) == 1.0 else ","


def header_at(lines: Sequence[str], first: int, separator: str) -> int:
    """The line of the header: `first`, or the first below it from which on all lines have one width above 1."""
    rows = [cut_lines([line], separator) for line in lines[first:]]
    widths = [len(row[0]) if row else 0 for row in rows]
    common = max(set(filled), key=filled.count) if (filled := [w for w in widths if w]) else 0
    whole = cut_lines(lines[first:], separator)  # a quoted name may hold a line break
    if common < 2 or widths[0] == common or (whole and len(whole[0]) == common):
        return first
    start = len(widths)
    while start and widths[start - 1] in (common, 0):
        start -= 1
    while start < len(widths) and not widths[start]:
        start += 1
    if len(widths) - start <= STEADY or common in widths[:start]:
        return first
    return first + start


def trimmed(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names without the last one where it is empty: a separator at the end of every line."""
    last = len(names)
    while last > 1 and names[last - 1] == f"column {last}":
        last -= 1
    return names[:last]


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which the second «Grade» is «Grade (2)»."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)


def units_below(lines: Sequence[str], above: int, separator: str, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Units by column, where the row below the header holds words and every row below that numbers there."""
    rows = cut_lines([line for line in lines[above + 1 : above + SAMPLE] if not line.startswith("#")], separator)
    if len(rows) < 3 or any(len(row) != len(names) for row in rows) or any(map(_VALUE.fullmatch, rows[0])):
        return ()
    units = []
    for name, first, *rest in zip(names, *rows, strict=True):
        numeric = any(map(_VALUE.fullmatch, rest)) and first.strip(" ()[]").lower() not in ("", "na", "nan")
        if numeric and all(_VALUE.fullmatch(cell) or not cell.strip() for cell in rest):
            units.append((name, first.strip(" ()[]")))
    return tuple(units) if any(unit.lower() in KNOWN for _, unit in units) else ()


def check_names(names: tuple[str, ...], place: str) -> None:
    """Refuse a header that is none: values instead of names, or one name twice."""
    filled = [name for name in names if name]
    if values_only(filled):
        value = next(name for name in filled if _VALUE.fullmatch(name) or _DATE.fullmatch(name))
        raise DataUnusable(
            f"{place}: {value!r} where a column name should be; expected a header line",
            "add a first line such as time,value",
        )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataUnusable(f"{place}: two columns are named {name!r}; expected different names")
        seen.add(name)


class Blanks:
    """Rows of lines cut at runs of blanks, with csv.reader's face."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.line_num = lines, 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        line = next(self.lines)
        self.line_num += 1
        return line.split()
