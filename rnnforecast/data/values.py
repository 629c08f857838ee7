"""Numbers out of cells: what is missing, what is a number, and what is neither.

- A word that means missing becomes NaN; any other text is refused with its index, never dropped.
- Words are compared as text, and as numbers where they are numbers: `--missing -9999` also takes -9999.0.
- Words that agencies write for a reason (Ice, Eqp, T) are missing too, and counted by word.
- float() takes 1_000, which no gauge writes; it is refused here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import CellError, Column
from rnnforecast.data.texts import Texts

F64 = npt.NDArray[np.float64]

USUAL = frozenset({
    "", "NA", "na", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "Null", "None", "none", "nil",
    "-", "--", "---", "MM", "M", "*", "**", "***", "missing", "Missing", "MISSING",
})  # fmt: skip


# Why an agency wrote no number: ice, equipment, rating in development, discontinued, seasonal, flooded, partial record,
# not determined, backwater, maintenance; a trace of rain.
REASONS = frozenset({
    "Ice", "ICE", "Eqp", "Rat", "Dis", "Ssn", "Fld", "Pr", "Nd", "Bkw", "Mnt", "ZFl", "T", "Trace", "trace", "Tr",
    "ND", "BDL", "Bad", "BAD", "Error", "ERROR", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "Offline", "OFFLINE", "NODATA",
    "NoData", "No Data", "no data", "N.A.", "n.a.", "?", "x", "X", ".",
})  # fmt: skip
DRY = frozenset({"Dry", "DRY", "dry"})  # a dry bed is a discharge of 0, and no reading of a stage
FLOWS = ("ft3/s", "m3/s", "l/s", "mm/day")


@dataclass(frozen=True)
class Missing:
    """What means a missing value: words, and numbers that stand for one."""

    words: frozenset[str]
    codes: tuple[float, ...]
    dry: bool = False  # whether Dry is 0


def missing_of(words: Iterable[str], unit: str = "") -> Missing:
    """The usual words and the user's own; «Ice,-9999» may come in one piece."""
    own = [part.strip() for word in words for part in word.split(",")]
    numbers = tuple(value for value in map(number_in, own) if value is not None)
    dry = unit in FLOWS
    return Missing(USUAL | REASONS | frozenset(own) | (frozenset() if dry else DRY), numbers, dry)


def widened(missing: Missing, words: Iterable[str]) -> Missing:
    """The same with further words and codes."""
    own = missing_of(words)
    return replace(missing, words=missing.words | own.words, codes=(*missing.codes, *own.codes))


Tally = Counter[str]  # how often each word or code that means missing was met; blanks are not counted


def number_in(text: str) -> float | None:
    """`text` as a number, or None."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def parse_numbers(column: Column, missing: Missing, decimal: str = ".", tally: Tally | None = None) -> F64:
    """Float64 of each cell, NaN where missing, (rows,); `tally` counts by word. Raises CellError for other text."""
    counted: Tally = Counter() if tally is None else tally
    if isinstance(column, np.ndarray):
        values = typed_numbers(column)
    else:
        values = text_numbers(column, missing, decimal, counted)
    for code in missing.codes:
        hits = values == code
        if hits.any():
            counted[f"{code:.15g}"] += int(hits.sum())
            values[hits] = np.nan
    return values


def typed_numbers(column: npt.NDArray[np.float64] | npt.NDArray[np.datetime64]) -> F64:
    if column.dtype.kind == "M":
        raise CellError(0, "a column of times", "a column of numbers")
    return np.array(column, np.float64)


def text_numbers(column: list[str] | Texts, missing: Missing, decimal: str, tally: Tally) -> F64:
    """The fast way where every cell is a plain number; cell by cell where not."""
    if isinstance(column, Texts):
        try:
            return mixed_numbers(column, missing, decimal, tally)
        except ValueError:  # a cell that only looks like a number
            column = column.tolist()
    if decimal == "." and not any("_" in cell for cell in column):
        try:
            return np.array(list(map(float, column)), np.float64)
        except ValueError:
            pass
    tally.update(cell for cell in column if cell and cell in missing.words)
    return np.array([number(i, cell, missing, decimal) for i, cell in enumerate(column)], np.float64)


def mixed_numbers(column: Texts, missing: Missing, decimal: str, tally: Tally) -> F64:
    """Plain numbers by Arrow, the odd cells one by one; counted as `text_numbers` counts. Raises ValueError."""
    values, odd = column.numbers(decimal)
    values[odd] = np.nan
    cells = column.take(odd).tolist()
    if decimal == "." and all(number_in(cell) is not None for cell in {*cells}):
        values[odd] = list(map(float, cells))
        return values
    odd = np.sort(np.concatenate([odd, np.flatnonzero(np.isin(values, missing.codes))]))  # perhaps a word: -9999
    cells = column.take(odd).tolist()
    tally.update(cell for cell in cells if cell and cell in missing.words)
    known: dict[str, float] = {}
    for row, cell in zip(odd.tolist(), cells, strict=True):
        if cell not in known:
            known[cell] = number(row, cell, missing, decimal)
    values[odd] = [known[cell] for cell in cells]
    return values


def number(index: int, cell: str, missing: Missing, decimal: str) -> float:
    if cell in missing.words:
        return float("nan")
    if missing.dry and cell in DRY:
        return 0.0
    written = cell
    if decimal == ",":
        written = "?" if "." in cell else cell.replace(",", ".")
    value = number_in(written)
    if value is None:
        raise CellError(index, f"{cell[:60]!r} is not a number", "a number or a missing value", hint_for(cell, decimal))
    return value


def hint_for(cell: str, decimal: str) -> str:
    """What settles a cell that is no number: the other decimal mark, or a word that means missing."""
    if decimal == "." and cell.count(",") == 1 and number_in(cell.replace(",", ".")) is not None:
        return "--decimal ,"
    if decimal == "," and "," not in cell and number_in(cell) is not None:
        return "--decimal ."
    return f"--missing {cell[:60]!r} if it means a missing value"


def numeric_share(column: Column, missing: Missing, decimal: str) -> float:
    """Which share of the observed cells are numbers; 0.0 where no cell is observed."""
    if isinstance(column, np.ndarray):
        return 0.0 if column.dtype.kind == "M" or not observed_at(typed_numbers(column), missing).any() else 1.0
    observed = [cell for cell in column if cell not in missing.words]
    if decimal == ",":
        observed = ["?" if "." in cell else cell.replace(",", ".") for cell in observed]
    numbers = [value for value in map(number_in, observed) if value is None or value not in missing.codes]
    return sum(value is not None for value in numbers) / len(numbers) if numbers else 0.0


def observed_at(column: F64, missing: Missing) -> npt.NDArray[np.bool_]:
    """Where numbers are finite and no code, (rows,)."""
    kept: npt.NDArray[np.bool_] = np.isfinite(column) & ~np.isin(column, missing.codes)
    return kept


def as_text(column: Column) -> list[str]:
    """Cells as ids: text as it stands, whole numbers without .0, a missing number or time as ""."""
    if not isinstance(column, np.ndarray):
        return column.tolist() if isinstance(column, Texts) else column
    if column.dtype.kind == "M":
        return [str(value) for value in column]
    return ["" if v != v else str(int(v)) if v.is_integer() else repr(v) for v in column.tolist()]
