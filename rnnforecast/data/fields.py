"""Fields of times: the numbers that cells of one pattern hold in its named groups.

- A uniform column (every cell as long as the first, digits in the same places) is read as one matrix of characters;
  this is the fast way and covers what loggers write. Other columns are read skeleton by skeleton, or cell by cell with
  the same pattern.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import CellError
from rnnforecast.data.texts import Texts
from rnnforecast.data.zones import ABBREVIATIONS

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Fields = dict[str, I64]
ZEROS = str.maketrans("123456789", "000000000")
MOST_SKELETONS = 64
ZONES = {word: 1000 + place for place, word in enumerate(ABBREVIATIONS)}  # as a field holds them
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EXPECTED = "a time such as 2026-01-31 06:00, written alike in every row"


def grouped_fields(cells: list[str], pattern: re.Pattern[str]) -> Fields:
    """Fields of cells that follow a few skeletons (EST and EDT, month names), each read as one; else cell by cell."""
    skeletons: dict[str, list[int]] = {}
    for i, cell in enumerate(cells):
        skeletons.setdefault(cell.translate(ZEROS), []).append(i)
        if len(skeletons) > MOST_SKELETONS:
            return ragged_fields(cells, pattern)
    fields = {name: fill(len(cells)) for name in pattern.groupindex}
    for rows in skeletons.values():
        some = [cells[i] for i in rows]
        part = uniform_fields(some, pattern)
        if part is None:
            return ragged_fields(cells, pattern)
        for name, column in part.items():
            fields[name][rows] = column
    return fields


def uniform_fields(cells: list[str] | Texts, pattern: re.Pattern[str]) -> Fields | None:
    """Fields where every cell has the skeleton of the first: read as a matrix of characters. None where not."""
    first = pattern.fullmatch(cells[0])
    codes = None if first is None else cells.matrix() if isinstance(cells, Texts) else matrix_of(cells)
    if first is None or codes is None:
        return None
    for column, character in zip(codes.T, cells[0], strict=True):
        alike = column - np.uint8(48) < 10 if character in "0123456789" else column == ord(character)
        if not alike.all():
            return None
    return {name: in_span(codes, first, name) for name in pattern.groupindex}


def matrix_of(cells: list[str]) -> U8 | None:
    """The cells as (rows, width) ASCII codes where all have one width, else None."""
    text = "".join(cells)
    if not text.isascii() or {*map(len, cells)} != {len(cells[0])}:
        return None
    return np.frombuffer(text.encode(), np.uint8).reshape(len(cells), -1)


def in_span(codes: U8, first: re.Match[str], name: str) -> I64:
    """The number in the places of a group; for letters and signs the code of the first, -1 where there is none."""
    text, (start, stop) = first.group(name), first.span(name)
    number = np.full(len(codes), 0 if text and text.isdecimal() else field_number(text), np.int64)
    for place in range(start, stop if text and text.isdecimal() else start):
        number = number * 10 + (codes[:, place] - np.uint8(48))
    return number


def fill(rows: int) -> I64:
    return np.full(rows, -1, np.int64)


def ragged_fields(cells: list[str], pattern: re.Pattern[str]) -> Fields:
    """Fields cell by cell, -1 where a cell lacks one. Raises CellError where a cell does not fit the pattern."""
    found = []
    for i, cell in enumerate(cells):
        match = pattern.fullmatch(cell)
        if match is None:
            raise CellError(i, f"{cell[:60]!r} is not a time", EXPECTED)
        found.append([field_number(text) for text in match.groups()])
    table = np.array(found, np.int64).reshape(len(cells), -1)  # (rows, groups)
    return {name: table[:, index - 1] for name, index in pattern.groupindex.items()}


def field_number(text: str | None) -> int:
    """A number as it is, a month by its number, the letter code of a zone by its place in ABBREVIATIONS, or a sign."""
    if text is None:
        return -1
    if text.isdecimal():
        return int(text)
    if text.upper() in ZONES:
        return ZONES[text.upper()]
    month = text[:3].lower()
    return MONTHS.index(month) + 1 if month in MONTHS else ord(text[0])
