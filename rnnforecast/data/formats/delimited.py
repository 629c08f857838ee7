"""CSV and TSV: one header line, one row per line, as the gauge wrote it.

- The separator is the one that cuts the first lines into rows as wide as their header; ties go to the rarer sign.
- Blank lines, and `#` lines before the header, are skipped; a column name may hold a `#`.
- Names and cells lose their padding blanks. A row wider or narrower than the header is refused by its line.
- A decimal comma is taken where `;` or a tab separates and cells look like 1,5 and none like 1.5.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._text import ROWS, encoding_of, guarded, held
from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.errors import DataUnusable, UsageError

summary = "CSV, TSV and other text with one header line (separator , ; tab or |)"

I64 = npt.NDArray[np.int64]

SEPARATORS = ("\t", ";", "|", ",")
SAMPLE = 50  # lines the separator is chosen by
_EXCEL = re.compile(r'"?sep=(.)"?\s*')
_VALUE = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d\d:\d\d.*)?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?")


@dataclass(frozen=True)
class Dialect:
    """How this file is cut: the encoding, the lines above the header, the separator and the names."""

    encoding: str
    above: int
    separator: str
    names: tuple[str, ...]


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    """Any text may be a table: this is the last resort."""
    return True


def read(path: Path, source: str, flags: DataFlags) -> Table:
    """The table of a CSV or TSV file. Raises DataUnusable with the line of the first fault."""
    dialect = dialect_of(path, source, flags)
    chunks = guarded(source, partial(rows_of, path, source, dialect))
    table = held(Table(source, dialect.names, chunks), path)
    decimal = flags.decimal or decimal_of(table.peek(), dialect.separator)
    kind = "TSV" if dialect.separator == "\t" else "CSV"
    facts = (("format", kind), ("separator", dialect.separator), ("encoding", dialect.encoding), ("decimal", decimal))
    return Table(source, table.names, table.chunks, facts=facts)


def opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, newline="")


def dialect_of(path: Path, source: str, flags: DataFlags) -> Dialect:
    encoding = encoding_of(path, source)
    asked = separator_asked(flags.sep)
    with opened(path, encoding) as file:
        above, sample, excel = head_of(file)
    if not sample:
        raise DataUnusable(f"{source}: comments only; expected a header and rows")
    separator = asked or excel or best_separator(sample)
    cut = cut_lines(sample, separator)
    header = cut[0] if cut else sample[0].split(separator)
    names = tuple(name.strip() or f"column {i + 1}" for i, name in enumerate(header))
    check_names(names, f"{source} line {above + 1}")
    return Dialect(encoding, above, separator, names)


def separator_asked(sep: str | None) -> str | None:
    if sep is None:
        return None
    sign = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}.get(sep, sep)
    if len(sign) != 1 or sign in '"\r\n' or sign.isalnum():
        raise UsageError(f"the separator must be one sign, got {sep!r}", "--sep ';' or --sep tab")
    return sign


def head_of(file: TextIO) -> tuple[int, list[str], str | None]:
    """Lines above the header, the first lines from it on, and the separator that Excel's `sep=;` line names."""
    above, excel = 0, None
    for line in file:
        named = _EXCEL.fullmatch(line) if above == 0 else None
        excel = named[1] if named else excel
        if named is None and line.strip() and not line.lstrip().startswith("#"):
            return above, [line, *islice(file, SAMPLE)], excel
        above += 1
    return above, [], excel


def cut_lines(lines: list[str], separator: str) -> list[list[str]]:
    """Rows of some lines; what is no CSV counts as no rows."""
    try:
        return [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
    except csv.Error:
        return []


def best_separator(sample: list[str]) -> str:
    def score(separator: str) -> float:
        rows = cut_lines(sample, separator)
        width = len(rows[0]) if rows else 1
        return sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0

    best = max(SEPARATORS, key=score)
    return best if score(best) > 0 else ","


def check_names(names: tuple[str, ...], place: str) -> None:
    """Refuse a header that is none: values instead of names, or one name twice."""
    filled = [name for name in names if name]
    if all(map(_VALUE.fullmatch, filled)) or any(map(_DATE.fullmatch, filled)):
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


def rows_of(path: Path, source: str, dialect: Dialect) -> Iterator[Chunk]:
    """Chunks of rows below the header, blank lines left out."""
    with opened(path, dialect.encoding) as file:
        for _ in range(dialect.above):
            file.readline()
        lines = csv.reader(file, delimiter=dialect.separator, skipinitialspace=True, strict=True)
        take(lines, 1, source, dialect.above + 1)
        line, blank = dialect.above + lines.line_num + 1, False
        while rows := take(lines, ROWS, source, line):
            if len(dialect.names) == 1:
                blank = refuse_hole(rows, blank, f"{source} line {line}")
            below = dialect.above + lines.line_num + 1
            yield from chunk_of(rows, line, below - line == len(rows), dialect, source)
            line = below


def take(lines: Iterator[list[str]], count: int, source: str, line: int) -> list[list[str]]:
    """The next rows. A quote that is never closed is refused by the line it opens on."""
    rows: list[list[str]] = []
    try:
        for row in islice(lines, count):
            rows.append(row)  # noqa: PERF402  (what was read before a fault tells its line)
    except csv.Error as error:
        place = f"{source} line {line + sum(map(height, rows))}"
        why = "a quote that is never closed" if "end of data" in str(error) or "limit" in str(error) else str(error)
        raise DataUnusable(f'{place}: {why}; expected fields, quoted with " or not at all') from None
    return rows


def height(row: list[str]) -> int:
    """Lines that a row takes: a quoted cell may hold line breaks."""
    return 1 + sum(cell.count("\n") or cell.count("\r") for cell in row)


def refuse_hole(rows: list[list[str]], blank_before: bool, place: str) -> bool:
    """In a file of one column a blank line may be a missing value: refused where rows follow it."""
    blank = blank_before
    for row in rows:
        if row and blank:
            raise DataUnusable(f"{place} or below: a blank line between rows of one column; expected NA for a gap")
        blank = not row
    return blank


def chunk_of(rows: list[list[str]], line: int, one_line_each: bool, dialect: Dialect, source: str) -> Iterator[Chunk]:
    """The rows as columns; a chunk of blank lines alone yields nothing."""
    width = len(dialect.names)
    lines = None
    if set(map(len, rows)) != {width} or not one_line_each:
        heights = [height(row) for row in rows]
        numbers = line + np.cumsum([0, *heights[:-1]])
        filled = [i for i, row in enumerate(rows) if any(map(str.strip, row)) or len(row) == width > 1]
        rows, lines = [rows[i] for i in filled], numbers[filled].astype(np.int64)
        refuse_ragged(rows, lines, width, source)
    if rows:
        cells = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
        columns: dict[str, Column] = dict(zip(dialect.names, cells, strict=True))
        yield Chunk(columns, line if lines is None else int(lines[0]), lines)


def refuse_ragged(rows: list[list[str]], lines: I64, width: int, source: str) -> None:
    for row, line in zip(rows, lines.tolist(), strict=True):
        if len(row) != width:
            raise DataUnusable(f"{source} line {line}: {len(row)} fields; expected {width}, as in the header")


def decimal_of(chunk: Chunk, separator: str) -> str:
    """ "," where cells look like 1,5 and none like 1.5, and the comma does not separate."""
    if separator == ",":
        return "."
    cells = [cell for column in chunk.columns.values() for cell in column[:1000] if isinstance(cell, str)]
    comma = any(re.fullmatch(r"[-+]?\d+,\d+", cell) for cell in cells)
    return "," if comma and not any(re.fullmatch(r"[-+]?\d+\.\d+", cell) for cell in cells) else "."
