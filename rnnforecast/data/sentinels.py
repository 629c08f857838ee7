"""Sentinels: round numbers that stand for a missing value, such as -9999 and 999.9, though nothing says so.

- A sentinel is taken as missing, and counted, where it lies far outside the other values of its column: -99 can be a
  true level in cm, and then other levels lie near it.
- What the other values are is stored in the model, so that the first -9999 is known as one even in a file of ten rows.
- `--missing none` keeps every number as it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.names import shown
from rnnforecast.data.readings import Readings
from rnnforecast.data.spill import blocks

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SENTINELS = (
    -99.0, -99.9, -99.99, -99.9999, -999.0, -999.9, -999.99, -9999.0, -9999.9, -99999.0, -99999.99, -999999.0,
    -32767.0, -32768.0, -7777.0, -8888.0, 999.9, 999.99, 9999.0, 9999.9, 99999.0, 99999.9, 999999.0, 1e20,
)  # fmt: skip
SMALLEST = min(map(abs, SENTINELS))
PLAIN = -999.0  # at or below it one is enough; any other sentinel must come twice
FEWEST = 20  # other values that it takes to judge
SAMPLE = 200_000  # values that a range is measured on


def without_sentinels(readings: Readings, layout: Layout) -> tuple[Readings, Layout]:
    """The readings with sentinels missing, in place, a finding for each, and the layout with each column's range.

    A layout that has ranges (the model's) keeps them.
    """
    coded = {coding.column for coding in layout.codings}
    known = dict(zip(layout.target + layout.covariates, layout.ranges, strict=False))
    ranges, found = [], list(readings.findings)
    for i, name in enumerate(readings.columns):
        column = readings.values[:, i]
        extent = known.get(name) or range_of(column)
        ranges.append(extent)
        if "none" not in layout.missing and name not in coded:
            codes = codes_in(column, extent, name in known)
            found += [taken_out(readings, i, codes)] if codes else []
    return replace(readings, findings=tuple(found)), replace(layout, ranges=tuple(ranges))


def range_of(column: F64) -> tuple[float, float]:
    """Least and greatest value that is no sentinel, 0.05 % left out at each end of a long column; (0, 0) for none."""
    count = sum(len(plain_values(column[rows])) for rows in blocks(len(column)))
    apart, met, parts = max(1, count // SAMPLE), 0, []
    for rows in blocks(len(column) if count else 0):
        plain = plain_values(column[rows])
        parts.append(plain[-met % apart :: apart].copy())  # every so many of them all
        met += len(plain)
    if not count:
        return 0.0, 0.0
    sample = np.concatenate(parts)
    low, high = np.quantile(sample, (0.0005, 0.9995), method="nearest") if len(sample) > 2000 else (
        sample.min(), sample.max()
    )  # fmt: skip
    return float(low), float(high)


def plain_values(column: F64) -> F64:
    return column[~np.isnan(column) & ~is_sentinel(column)]


def is_sentinel(column: F64) -> Bool:
    """Which values have the look of a sentinel, (rows,)."""
    hits = np.zeros(len(column), np.bool_)
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero(np.abs(column) >= SMALLEST)
    hits[large] = np.isin(column[large], SENTINELS)
    return hits


def codes_in(column: F64, extent: tuple[float, float], known: bool) -> list[float]:
    """The sentinels that some values are."""
    counts: Counter[float] = Counter()
    others = 0
    for rows in blocks(len(column)):
        hits = is_sentinel(column[rows])
        counts.update(column[rows][hits].tolist())
        others += int((~hits & ~np.isnan(column[rows])).sum())
    low, high = extent
    width = high - low
    if not known and others < FEWEST:
        return []
    below = 0.0 if low >= 0 else low - width / 2  # a column that is never negative has no true -9999, however wide
    far = [code for code in sorted(counts) if (code < below if code < 0 else code > high + 2 * width)]
    often = [code for code in far if known or code <= PLAIN or counts[code] > 1]
    return [
        code for code in often
        if low >= 0 > code
        or not any(near(plain_values(column[rows]), code, width / 4) for rows in blocks(len(column)))
    ]


def near(others: F64, code: float, reach: float) -> bool:
    """Whether some other value lies within `reach` of the code: then it may be a true value."""
    with np.errstate(invalid="ignore"):
        return bool((np.abs(others - code) < reach).any())


def taken_out(readings: Readings, column: int, codes: list[float]) -> Finding:
    """Make the codes of a column missing, in place, and say so."""
    counts: Counter[float] = Counter()
    first = len(readings)
    for rows in blocks(len(readings)):
        values = readings.values[rows, column]
        hits = np.flatnonzero(np.isin(values, codes))
        counts.update(values[hits].tolist())
        first = min(first, *(hits[:1] + rows.start).tolist(), len(readings))
        values[hits] = np.nan
    parts = tuple((f"{code:g}", counts[code]) for code in codes)
    each = ", ".join(f"{code} {count}" for code, count in parts)
    name, where = readings.columns[column], readings.place(first)
    text = f"{shown(name)}: {each} taken as missing, first at {where}"
    return Finding("codes", "warning", counts.total(), text, "--missing none keeps such numbers", name, parts)
