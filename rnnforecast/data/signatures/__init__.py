"""Signatures: how each agency writes its files. One file per source, and the folder is the list.

A signature is a module with `signature = Signature(...)`: the marks that give the source away, the format that reads
it, how its lines are cut, and what its columns mean. Adding a source is adding one file here and one sample under
tests/data/signatures/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from rnnforecast.config import listed
from rnnforecast.data.table import About
from rnnforecast.errors import DataUnusable

NOTHING_SAID = About()
Columns = Mapping[str, list[Any]]  # equal lengths; None = missing


@dataclass(frozen=True)
class Cut:
    """How a text file is cut into columns, where its lines do not show it."""

    separator: str | None = None  # None: found from the lines; " ": runs of blanks
    header: str = ""  # regular expression: what stands above the first line that it matches is preamble
    names: tuple[str, ...] = ()  # where no header is written: the columns, in order; `header` then matches a data line
    below: int = 0  # lines directly below the header that are no data: units, types
    uncomment: bool = False  # the header line itself starts with #
    comment: str = ""  # lines that start so are left out wherever they stand, not only above the header
    stacked: bool = False  # the header is written again, with other names perhaps, where another site begins
    ragged: bool = False  # short rows lack their last cells, and empty cells may stand beyond the last column
    twice: bool = False  # names may occur twice: the second is «Grade (2)»
    rename: Callable[[str], str] | None = None  # names as they are to be called


@dataclass(frozen=True)
class Signature:
    """How one source writes its files."""

    title: str  # «USGS RDB»: as `inspect` says it
    marks: tuple[str, ...]  # regular expressions (multi-line), each of which is found in the first 64 kB
    parser: str = "delimited"  # the format in data/formats that reads it
    cut: Cut = Cut()
    about: About = NOTHING_SAID  # what holds for every file of this source
    learn: Callable[[str], Mapping[str, Any]] | None = None  # fields of About that the head of this file tells
    cells: Mapping[str, Callable[[str], str]] = field(default_factory=dict)  # cells as they are to be read
    unfold: Callable[[Any], Columns] | None = None  # columns of a parsed JSON document
    refuse: tuple[tuple[str, str, str], ...] = ()  # (regular expression, what it is, hint): no series, said politely

    def matches(self, head: str) -> bool:
        return bool(self.marks) and all(re.search(mark, head, re.MULTILINE) for mark in self.marks)

    def told(self, head: str) -> About:
        """`about` with what the head of this file tells."""
        learned = dict(self.learn(head)) if self.learn else {}
        return replace(self.about, title=self.title, **learned)


PLAIN = Signature(title="", marks=())


@cache
def signatures() -> dict[str, Signature]:
    """Every signature in this folder by the name of its file."""
    names = listed("data/signatures")
    return {name: import_module(f"{__name__}.{name}").signature for name in names}


def recognised(head: str, source: str) -> Signature:
    """The signature of a text that starts with `head`; PLAIN where none is known.

    Raises DataUnusable for what is known and holds no series: an error message, a table of high and low waters.
    """
    for signature in signatures().values():
        for mark, what, hint in signature.refuse:
            if re.search(mark, head, re.MULTILINE):
                raise DataUnusable(f"{source}: {what}", hint)
    return next((each for each in signatures().values() if each.matches(head)), PLAIN)
