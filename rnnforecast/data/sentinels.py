"""Sentinels: round numbers that stand for a missing value, such as -9999 and 999.9, though nothing says so.

- A sentinel is taken as missing, and counted, where it lies far outside the other values of its column: -99 can be a
  true level in cm, and then other levels lie near it.
- What the other values are is stored in the model, so that the first -9999 is known as one even in a file of ten rows.
- `--missing none` keeps every number as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.names import shown
from rnnforecast.data.readings import Readings

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SENTINELS = (
    -99.0, -99.9, -99.99, -99.9999, -999.0, -999.9, -999.99, -9999.0, -9999.9, -99999.0, -99999.99, -999999.0,
    -32767.0, -32768.0, -7777.0, -8888.0, 999.9, 999.99, 9999.0, 9999.9, 99999.0, 99999.9, 999999.0, 1e20,
)  # fmt: skip
PLAIN = -999.0  # at or below it one is enough; any other sentinel must come twice
FEWEST = 20  # other values that it takes to judge
SAMPLE = 200_000  # values that a range is measured on


def without_sentinels(readings: Readings, layout: Layout) -> tuple[Readings, Layout]:
    """The readings with sentinels missing and a finding for each, and the layout with the range of each column.

    A layout that has ranges (the model's) keeps them.
    """
    coded = {coding.column for coding in layout.codings}
    known = dict(zip(layout.target + layout.covariates, layout.ranges, strict=False))
    keep = "none" in layout.missing
    ranges, values, found = [], readings.values, list(readings.findings)
    for i, name in enumerate(readings.columns):
        column = readings.values[:, i]
        extent = known.get(name) or range_of(column)
        ranges.append(extent)
        hits = np.zeros(len(column), np.bool_) if keep or name in coded else sentinels_in(column, extent, name in known)
        if not hits.any():
            continue
        values = values.copy() if values is readings.values else values
        values[hits, i] = np.nan
        found.append(finding(readings, i, hits))
    return replace(readings, values=values, findings=tuple(found)), replace(layout, ranges=tuple(ranges))


def range_of(column: F64) -> tuple[float, float]:
    """Least and greatest value that is no sentinel, 0.05 % left out at each end of a long column; (0, 0) for none."""
    plain = column[~np.isnan(column) & ~np.isin(column, SENTINELS)]
    if not len(plain):
        return 0.0, 0.0
    sample = plain[:: max(1, len(plain) // SAMPLE)]
    low, high = np.quantile(sample, (0.0005, 0.9995), method="nearest") if len(sample) > 2000 else (
        sample.min(), sample.max()
    )  # fmt: skip
    return float(low), float(high)


def sentinels_in(column: F64, extent: tuple[float, float], known: bool) -> Bool:
    """Which values are sentinels, (rows,). `known`: the extent is the model's, and one of any kind is enough."""
    low, high = extent
    hits = np.isin(column, SENTINELS)
    taken = np.zeros(len(column), np.bool_)
    if not hits.any() or not (known or (~hits & ~np.isnan(column)).sum() >= FEWEST):
        return taken
    width = high - low
    for code in np.unique(column[hits]).tolist():
        same = column == code
        often = known or code <= PLAIN or same.sum() > 1
        far = code < low - width / 2 if code < 0 else code > high + 2 * width
        if often and far and not near(column[~hits], code, width / 4):
            taken |= same
    return taken


def near(others: F64, code: float, reach: float) -> bool:
    """Whether some other value lies within `reach` of the code: then it may be a true value."""
    with np.errstate(invalid="ignore"):
        return bool((np.abs(others - code) < reach).any())


def finding(readings: Readings, column: int, hits: Bool) -> Finding:
    codes, counts = np.unique(readings.values[hits, column], return_counts=True)
    parts = tuple((f"{code:g}", count) for code, count in zip(codes.tolist(), counts.tolist(), strict=True))
    each = ", ".join(f"{code} {count}" for code, count in parts)
    name, where = readings.columns[column], readings.place(int(np.argmax(hits)))
    text = f"{shown(name)}: {each} taken as missing, first at {where}"
    return Finding("codes", "warning", int(hits.sum()), text, "--missing none keeps such numbers", name, parts)
