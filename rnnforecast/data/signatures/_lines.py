"""Lines: what the header of a CSV and its columns tell a signature. Not a signature itself."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from itertools import dropwhile, islice


def header_in(head: str, mark: str, separator: str = ",") -> tuple[str, ...]:
    """The names in the first line that starts as `mark`; () where there is none."""
    return tuple(next(iter(rows_from(head.splitlines(), mark, separator)), ()))


def first_row(head: str, mark: str, separator: str = ",") -> dict[str, str]:
    """The first row of data by the names of the header that starts as `mark`."""
    names, *rest = [*islice(rows_from(head.splitlines(), mark, separator), 2)] or [[]]
    return dict(zip(names, rest[0], strict=False)) if rest else {}


def rows_from(lines: Iterable[str], mark: str, separator: str = ",") -> Iterable[list[str]]:
    """The cells of each line from the first one on that starts as `mark`, without padding blanks."""
    below = dropwhile(lambda line: not re.match(mark, line), lines)
    return ([cell.strip() for cell in row] for row in csv.reader(below, delimiter=separator, skipinitialspace=True))


def agreed(lines: Iterable[str], mark: str, column: str, told: Callable[[str], str] = str) -> str:
    """What `told` makes of a column's cells, where it makes the same of all of them; else ""."""
    rows = iter(rows_from(lines, mark))
    names = next(rows, [])
    place = names.index(column) if column in names else len(names)
    seen: set[str] = set()
    answers: set[str] = set()
    for row in rows:
        if len(row) > place and row[place] not in seen:
            seen.add(row[place])
            answers.add(told(row[place]))
            if len(answers) > 1:
                return ""
    return next(iter(answers), "")
