"""Signatures: how each agency writes its files. One file per source, and the folder is the list.

A signature is a module with `signature = Signature(...)`: the marks that give the source away, the format that reads
it, how its lines are cut, and what its columns mean. Adding a source is adding one file here, and under
tests/data/signatures/ one sample and its row in expected.py.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from typing import Any

from rnnforecast.config import DataFlags, listed
from rnnforecast.data.table import About, CellError, Column
from rnnforecast.errors import DataUnusable

NOTHING_SAID = About()
LONGEST = 4096  # characters of a line that expressions look at
Columns = Mapping[str, list[Any] | Column]  # of one length; None = missing
Texts = dict[str, list[str]]  # columns of a text file, cells as written


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
    learn: Callable[[Any], Mapping[str, Any]] | None = None  # fields of About that the head tells, or the document
    survey: Callable[[Iterable[str]], Mapping[str, Any]] | None = None  # and those that only all lines tell
    cells: Mapping[str, Callable[[str], str]] = field(default_factory=dict)  # cells as they are to be read
    tidy: Callable[[Texts], Texts] | None = None  # columns of some rows as they are to be read; it may add columns
    unfold: Callable[[Any, DataFlags], Columns] | None = None  # columns of a JSON document, or of each JSON line
    refuse: tuple[tuple[str, str, str], ...] = ()  # (regular expression, what it is: \1 is its group, hint), politely
    also: tuple[Signature, ...] = ()  # further layouts of the same source, tried after this one

    def matches(self, head: str) -> bool:
        return bool(self.marks) and all(re.search(mark, head, re.MULTILINE) for mark in self.marks)

    def told(self, head: Any) -> About:
        """`about` with what the head of this file, or the JSON document that it is, tells."""
        learned = dict(self.learn(clipped(head) if isinstance(head, str) else head)) if self.learn else {}
        return replace(self.about, title=self.title, **learned)


PLAIN = Signature(title="", marks=())


@cache
def signatures() -> dict[str, Signature]:
    """Every signature in this folder by the name of its file."""
    names = listed("data/signatures")
    return {name: import_module(f"{__name__}.{name}").signature for name in names}


def clipped(head: str) -> str:
    """The head with the ends of very long lines left out: no expression can then search one for minutes.

    JSON stays whole: it may well be one line.
    """
    if len(head) < LONGEST or head.lstrip().startswith(("{", "[")):
        return head
    return "\n".join(line[:LONGEST] for line in head.split("\n"))


def recognised(head: str, source: str) -> Signature:
    """The signature of a text that starts with `head`; PLAIN where none is known.

    Raises DataUnusable for what is known and holds no series: an error message, a table of high and low waters.
    """
    head = clipped(head)
    layouts = [layout for each in signatures().values() for layout in (each, *each.also)]
    for layout in layouts:
        for mark, what, hint in layout.refuse:
            if found := re.search(mark, head, re.MULTILINE):
                raise DataUnusable(f"{source}: {found.expand(what)}", hint)
    return next((layout for layout in layouts if layout.matches(head)), PLAIN)


@contextmanager
def as_written(place: str, signature: Signature) -> Iterator[None]:
    """Whatever goes wrong where a file only looks as a signature says, as one line. Raises DataUnusable."""
    try:
        yield
    except CellError as bad:
        raise DataUnusable(f"{place}: {bad}", bad.hint) from None
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, StopIteration, csv.Error):
        raise DataUnusable(
            f"{place}: looks like {signature.title}, but parts of it are absent; expected a whole file"
        ) from None
