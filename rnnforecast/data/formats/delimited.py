"""CSV, TSV and text cut at blanks: one header line, one row per line, as the gauge wrote it.

- Blank lines, and `#` lines before the header, are skipped; a column name may hold a `#`.
- Names and cells lose their padding blanks. A row wider or narrower than the header is refused by its line.
- A decimal comma is taken where `;` or a tab separates and cells look like 1,5 and none like 1.5.
- Where a signature says so the header comes again (several sites in one file): the columns are then all that any has.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats._cutting import BLANKS, Blanks, Dialect, dialect_in, told_apart
from rnnforecast.data.formats._text import ROWS, encoding_of, guarded, held
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.errors import DataUnusable

summary = "CSV, TSV and other text with one header line (separator , ; tab | or blanks)"

I64 = npt.NDArray[np.int64]

NAMED = {"\t": "TSV", BLANKS: "text cut at blanks"}
HEAD = 65_536  # characters that a signature learns from


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    """Any text may be a table: this is the last resort."""
    return True


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:
    """The table of a CSV or TSV file. Raises DataUnusable with the line of the first fault."""
    encoding = encoding_of(path, source)
    with opened(path, encoding) as file:
        dialect = dialect_in(file, encoding, source, flags.sep, signature.cut)
    with opened(path, encoding) as file:
        about = signature.told(file.read(HEAD))
    names, dialect = all_names(path, dialect) if dialect.cut.stacked else (dialect.names, dialect)
    about = replace(about, units=(*dialect.units, *about.units))
    chunks = guarded(source, partial(rows_of, path, source, dialect, signature, names))
    table = held(Table(source, names, chunks, about=about), path)
    decimal = flags.decimal or decimal_of(table.peek(), dialect.separator)
    kind = signature.title or NAMED.get(dialect.separator, "CSV")
    facts = (("format", kind), ("separator", dialect.separator), ("encoding", encoding), ("decimal", decimal),
             ("above", dialect.above))  # fmt: skip
    return replace(table, facts=facts)


def opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, newline="")


def all_names(path: Path, dialect: Dialect) -> tuple[tuple[str, ...], Dialect]:
    """The names of every header in the file, in order; they are renamed where headers differ, and only there."""
    with opened(path, dialect.encoding) as file:
        headers = list(dict.fromkeys(line.strip() for line in file if re.match(dialect.cut.header, line)))
    if len(headers) == 1:
        return dialect.names, replace(dialect, cut=replace(dialect.cut, rename=None))
    every = [renamed(header.split(dialect.separator), dialect) for header in headers]
    return tuple(dict.fromkeys(name for names in every for name in names)), replace(dialect, names=every[0])


def renamed(names: Sequence[str], dialect: Dialect) -> tuple[str, ...]:
    rename = dialect.cut.rename or str
    return told_apart([rename(name.strip()) for name in names])


def rows_of(path: Path, source: str, dialect: Dialect, signature: Signature, names: tuple[str, ...]) -> Iterator[Chunk]:
    """Chunks of rows below the header, blank lines left out."""
    with opened(path, dialect.encoding) as file:
        for _ in range(dialect.above):
            file.readline()
        lines: Any = Blanks(file) if dialect.separator == BLANKS else csv.reader(
            file, delimiter=dialect.separator, skipinitialspace=True, strict=True
        )  # fmt: skip
        take(lines, (1 if dialect.headed else 0) + dialect.below, source, dialect.above + 1)
        line, blank = dialect.above + lines.line_num + 1, False
        while rows := take(lines, ROWS, source, line):
            if len(dialect.names) == 1:
                blank = refuse_hole(rows, blank, f"{source} line {line}")
            below = dialect.above + lines.line_num + 1
            sites = sites_in(rows, line, dialect)
            for part, first, own in sites:
                yield from chunk_of(part, first, below - line == len(rows), own, signature, names, source)
            dialect = sites[-1][2]
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


def sites_in(rows: list[list[str]], line: int, dialect: Dialect) -> list[tuple[list[list[str]], int, Dialect]]:
    """Runs of rows between headers, each with its first line and its columns; the rows of types below go too."""
    header = next((i for i, row in enumerate(rows) if is_header(row, dialect)), None) if dialect.cut.stacked else None
    if header is None:
        return [(rows, line, dialect)]
    after = header + 1 + dialect.cut.below
    own = replace(dialect, names=renamed(rows[header], dialect))
    return [(rows[:header], line, dialect), *sites_in(rows[after:], line + after, own)]


def is_header(row: list[str], dialect: Dialect) -> bool:
    return bool(row) and re.match(dialect.cut.header, dialect.separator.join(row)) is not None


def chunk_of(
    rows: list[list[str]],
    line: int,
    one_line_each: bool,
    dialect: Dialect,
    signature: Signature,
    names: tuple[str, ...],
    source: str,
) -> Iterator[Chunk]:
    """The rows as columns; a chunk of blank lines alone yields nothing."""
    header, cut = dialect.names, dialect.cut
    width = len(header)
    lines = None
    if set(map(len, rows)) != {width} or not one_line_each or cut.comment:
        heights = [height(row) for row in rows]
        numbers = line + np.cumsum([0, *heights[:-1]])
        filled = [i for i, row in enumerate(rows) if is_filled(row, width, cut.comment)]
        rows, lines = [rows[i] for i in filled], numbers[filled].astype(np.int64)
        rows = [squared(row, width) for row in rows] if cut.ragged else rows
        refuse_ragged(rows, lines, width, source)
    if rows:
        cells = {name: [cell.strip() for cell in column]
                 for name, column in zip(header, zip(*rows, strict=True), strict=True)}  # fmt: skip
        for name, tidy in signature.cells.items():
            if name in cells:
                cells[name] = list(map(tidy, cells[name]))
        nothing = [""] * len(rows)
        columns: dict[str, Column] = {name: cells.get(name, nothing) for name in names}
        yield Chunk(columns, line if lines is None else int(lines[0]), lines)


def is_filled(row: list[str], width: int, comment: str) -> bool:
    if comment and row and row[0].startswith(comment):
        return False
    return any(map(str.strip, row)) or len(row) == width > 1


def squared(row: list[str], width: int) -> list[str]:
    """A row of `width` cells: absent ones are empty, empty ones beyond the last column go."""
    kept = row if any(map(str.strip, row[width:])) else row[:width]
    return kept + [""] * (width - len(kept))


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
