"""CSV, TSV and text cut at blanks: one header line, one row per line, as the gauge wrote it.

- Blank lines, and `#` lines before the header, are skipped; a column name may hold a `#`.
- Names and cells lose their padding blanks. A row wider or narrower than the header is refused by its line.
- A decimal comma is taken where `;` or a tab separates and cells look like 1,5 and none like 1.5.
- Where a signature says so the header comes again (several sites in one file): the columns are then all that any has.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import _blocks
from rnnforecast.data.formats._cutting import BLANKS, Blanks, Dialect, dialect_in, told_apart
from rnnforecast.data.formats._text import ROWS, encoding_of, guarded, held, is_big, rows_about
from rnnforecast.data.signatures import PLAIN, Signature, as_written
from rnnforecast.data.table import Chunk, Column, Mould, Table
from rnnforecast.errors import DataUnusable

summary = "CSV, TSV and other text with one header line (separator , ; tab | or blanks)"

I64 = npt.NDArray[np.int64]
Rows = Callable[[tuple[str, ...]], Iterator[Chunk]]

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
    with path.open(encoding=encoding) as file, as_written(source, signature):
        about = signature.told(file.read(HEAD))
        if signature.survey:
            file.seek(0)
            about = replace(about, **signature.survey(file))
    names, dialect = all_names(path, dialect) if dialect.cut.stacked else (dialect.names, dialect)
    about = replace(about, units=(*dialect.units, *about.units))
    plain = _blocks.suits(dialect, signature)
    read_rows = partial(by_block if plain and is_big(path) else rows_of, path, source, dialect, signature)
    mould = partial(mould_of, path, source, dialect) if plain else None
    tidied = tuple(signature.tidy({name: [] for name in names})) if signature.tidy else names
    some = None if signature.tidy else partial(guarded_some, source, read_rows)
    chunks = guarded(source, partial(read_rows, names))
    whole = Table(source, tidied, chunks, about=about, some=some, mould=mould, rows=rows_about(path))
    table = held(whole, path)
    decimal = flags.decimal or decimal_of(table.peek(), dialect.separator)
    kind = signature.title or NAMED.get(dialect.separator, "CSV")
    facts = (("format", kind), ("separator", dialect.separator), ("encoding", encoding), ("decimal", decimal),
             ("above", dialect.above))  # fmt: skip
    return replace(table, facts=facts)


def opened(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, newline="")


def guarded_some(source: str, rows: Rows, names: tuple[str, ...]) -> Iterator[Chunk]:
    return guarded(source, partial(rows, names))()


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
    return told_apart([rename(name.strip()) or f"column {i + 1}" for i, name in enumerate(names)])


def rows_of(path: Path, source: str, dialect: Dialect, signature: Signature, names: tuple[str, ...]) -> Iterator[Chunk]:
    """Chunks of rows below the header, blank lines left out."""
    with opened(path, dialect.encoding) as file:
        head = header_lines(file, source, dialect)
        yield from rows_in(file, len(head) + 1, source, dialect, signature, names)


def by_block(
    path: Path, source: str, dialect: Dialect, signature: Signature, names: tuple[str, ...]
) -> Iterator[Chunk]:
    """The same by Arrow, as far as it is sure to read the same."""
    with opened(path, dialect.encoding) as file:
        head = header_lines(file, source, dialect)
    slow = partial(rows_in, source=source, dialect=dialect, signature=signature, names=names)
    yield from _blocks.rows_by_block(path, head, dialect, names, slow)


def mould_of(path: Path, source: str, dialect: Dialect) -> Mould:
    with opened(path, dialect.encoding) as file:
        head = header_lines(file, source, dialect)
    return _blocks.mould_of(path, head, dialect)


def header_lines(file: TextIO, source: str, dialect: Dialect) -> list[str]:
    """The lines above the first row, taken from the file."""
    lines = [file.readline() for _ in range(dialect.above)]

    def told() -> Iterator[str]:
        for line in file:
            lines.append(line)
            yield line

    take(reader(told(), dialect), (1 if dialect.headed else 0) + dialect.below, source, dialect.above + 1)
    return lines


def reader(lines: Iterator[str], dialect: Dialect) -> Any:
    if dialect.separator == BLANKS:
        return Blanks(lines)
    return csv.reader(lines, delimiter=dialect.separator, skipinitialspace=True, strict=True)


def rows_in(
    file: TextIO, first: int, source: str, dialect: Dialect, signature: Signature, names: tuple[str, ...]
) -> Iterator[Chunk]:
    """Chunks of the rows of an open text from line `first` on, where it stands."""
    lines, line, blank = reader(file, dialect), first, False
    while rows := take(lines, ROWS, source, line):
        if dialect.cut.below and any(is_header(row, dialect) for row in rows[-dialect.cut.below :]):
            rows += take(lines, dialect.cut.below, source, line)
        if len(dialect.names) == 1:
            blank = refuse_hole(rows, blank, f"{source} line {line}")
        below = first + lines.line_num
        sites = sites_in(rows, line, dialect)
        for part, start, own in sites:
            yield from chunk_of(part, start, below - line == len(rows), own, signature, names, source)
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
    headers = [i for i, row in enumerate(rows) if is_header(row, dialect)]
    sites = [(rows[: headers[0]] if headers else rows, line, dialect)]
    for header, end in pairwise([*headers, len(rows)]):
        first = header + 1 + dialect.cut.below
        sites.append((rows[first:end], line + first, replace(dialect, names=renamed(rows[header], dialect))))
    return sites


def is_header(row: list[str], dialect: Dialect) -> bool:
    """Whether a row is the header again, of another site."""
    return dialect.cut.stacked and bool(row) and re.match(dialect.cut.header, dialect.separator.join(row)) is not None


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
        used = {*names}
        cells = {name: [cell.strip() for cell in column]
                 for name, column in zip(header, zip(*rows, strict=True), strict=True) if name in used}  # fmt: skip
        for name, tidy in signature.cells.items():
            if name in cells:
                cells[name] = list(map(tidy, cells[name]))
        nothing = [""] * len(rows)
        texts = {name: cells.get(name, nothing) for name in names}
        columns: dict[str, Column] = {**(signature.tidy(texts) if signature.tidy else texts)}
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
    commas = [cell for cell in cells if re.fullmatch(r"[-+]?\d+,\d+", cell)]
    comma = not all(re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell) for cell in commas)  # 2,005 may be thousands
    return "," if comma and not any(re.fullmatch(r"[-+]?\d+\.\d+", cell) for cell in cells) else "."
