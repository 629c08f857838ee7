"""Account: the numbers of a table, and a count of everything in it that was no number.

- Words and codes that mean missing are counted by column and by code.
- A quality column beside the values makes some of them missing, others provisional or estimated; all are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout, unit_in
from rnnforecast.data.findings import Finding
from rnnforecast.data.names import shown
from rnnforecast.data.table import CellError, Chunk, Flagged, Table
from rnnforecast.data.values import Missing, Tally, as_text, missing_of, parse_numbers
from rnnforecast.data.zones import stamp_text
from rnnforecast.errors import DataUnusable

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Account:
    """What the named columns (C,) of a table hold, gathered chunk by chunk."""

    def __init__(self, table: Table, layout: Layout, columns: Sequence[str]) -> None:
        own = dict(table.about.column_missing)
        self.table, self.columns, self.decimal = table, columns, layout.decimal
        self.usual = missing_of(layout.missing)
        self.missing = [missing_of((*layout.missing, *own.get(name, ())), unit_in(table, name)) for name in columns]
        self.levels = {c.column: c.levels for c in layout.codings if c.kind == "category"}
        self.strange: list[Tally] = [Counter() for _ in columns]
        self.tallies: list[Tally] = [Counter() for _ in columns]
        self.flags = [f for f in table.about.flags if set(f.of) & set(columns) and f.column in table.names]
        self.provisional: list[Bool] = []
        self.estimated: list[Bool] = []

    def numbers(self, chunk: Chunk) -> F64:
        """The columns of a chunk as float64, (rows, C), NaN where missing."""
        values = np.empty((len(chunk), len(self.columns)))
        for i, (name, missing) in enumerate(zip(self.columns, self.missing, strict=True)):
            if name in self.levels:
                values[:, i] = self.places(chunk, name, missing, self.strange[i])
            else:
                values[:, i] = self.column(chunk, name, missing, self.tallies[i])
        if self.flags:
            self.provisional.append(np.zeros(len(chunk), np.bool_))
            self.estimated.append(np.zeros(len(chunk), np.bool_))
        for flag in self.flags:
            self.judge(chunk, flag, values)
        return values

    def column(self, chunk: Chunk, name: str, missing: Missing, tally: Tally) -> F64:
        try:
            return parse_numbers(chunk.columns[name], missing, self.decimal, tally)
        except CellError as bad:
            place = self.table.spot(chunk, bad.index)
            raise DataUnusable(f"{place}, column {name!r}: {bad}", bad.hint) from None

    def places(self, chunk: Chunk, name: str, missing: Missing, strange: Tally) -> F64:
        """The place of each word among the levels, (rows,): NaN where missing, -1 for a word never seen in training."""
        place = {word: float(i) for i, word in enumerate(self.levels[name])}
        cells = as_text(chunk.columns[name])
        strange.update(cell for cell in cells if cell not in place and cell not in missing.words)
        return np.array([place.get(c, np.nan if c in missing.words else -1.0) for c in cells], np.float64)

    def judge(self, chunk: Chunk, flag: Flagged, values: F64) -> None:
        """Values of bad quality become missing, in place; provisional and estimated ones are noted."""
        cells = as_text(chunk.columns[flag.column])
        bad, provisional, estimated = (coded(cells, codes) for codes in (flag.bad, flag.provisional, flag.estimated))
        for i in [self.columns.index(name) for name in flag.of if name in self.columns]:
            hits = bad & ~np.isnan(values[:, i])
            self.tallies[i].update(named(cells[row], flag) for row in np.flatnonzero(hits).tolist())
            values[hits, i] = np.nan
            self.provisional[-1] |= provisional & ~np.isnan(values[:, i])
            self.estimated[-1] |= estimated & ~np.isnan(values[:, i])

    def findings(self, times: I64, layout: Layout) -> tuple[Finding, ...]:
        """What was counted; `times` (n,) are those of all rows."""
        found = []
        for name, tally in zip(self.columns, self.tallies, strict=True):
            if tally:
                each = ", ".join(f"{shown(code)} {count}" for code, count in tally.most_common(8))
                total = sum(tally.values())
                text = f"{shown(name)}: {each} taken as missing"
                found.append(Finding("codes", "note", total, text, column=name, parts=tuple(tally.most_common(50))))
        for name, tally in zip(self.columns, self.strange, strict=True):
            if tally:
                words = ", ".join(f"{shown(word)} {count}" for word, count in tally.most_common(8))
                text = f"{shown(name)}: words that training never saw count as none of its categories: {words}"
                found.append(Finding("unseen-category", "warning", sum(tally.values()), text))
        filled = sum(int(rows.sum()) for rows in self.estimated)
        if filled:
            text = f"{filled} of {len(times)} rows are interpolated or estimated by the agency"
            found.append(Finding("estimated", "note", filled, text))
        soft = np.flatnonzero(np.concatenate([np.zeros(0, np.bool_), *self.provisional]))
        if len(soft):
            start = times[soft].min()
            first = stamp_text(start.reshape(1), layout)[0]
            text = f"{len(soft)} of {len(times)} rows are provisional, the first at {first}: the agency may change them"
            hint = f"--end {first}" if start > times.min() else ""
            found.append(Finding("provisional", "note", len(soft), text, hint))
        return tuple(found)


def coded(cells: Sequence[str], wanted: Sequence[str]) -> Bool:
    """Which cells hold one of the codes."""
    hits = {cell: not codes_in(cell).isdisjoint(wanted) for cell in set(cells)}
    return np.array([hits[cell] for cell in cells], np.bool_)


def named(cell: str, flag: Flagged) -> str:
    """A quality code as it is counted: a bare number says nothing without its column."""
    return f"{flag.column}={cell}" if cell.isdecimal() else cell


def codes_in(cell: str) -> set[str]:
    """The codes of a quality cell: A and e of «A:e», P of «P,Ice»."""
    for sign in ":,;|[]":
        cell = cell.replace(sign, " ")
    return set(cell.split())
