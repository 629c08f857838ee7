"""Numbers as text: exact enough for a machine in a row of data, short enough for a reader in a table.

- A machine gets 6 significant digits, and at least millimetres whatever the level: 1000000.123 keeps its .123.
- A reader gets decimals by how much the values differ: levels from 1000000.1 to 1000000.9 are told apart.
"""

from __future__ import annotations

from math import floor, isfinite, log10

import numpy as np
import numpy.typing as npt

LARGE = 1e17  # from here on a float64 has no ones: only powers of ten say something


def exact(value: float) -> str:
    """6 significant digits, or 3 decimals from 1000 on; without needless zeros, "" for NaN."""
    if value != value:
        return ""
    if not 1000 <= abs(value) < LARGE:
        return format(value + 0.0, ".6g")  # adding 0 makes -0 a plain 0
    return format(value, ".3f").rstrip("0").rstrip(".")


def decimals(spread: float) -> int:
    """Decimals that show `spread` with 3 significant digits: 2 for 2.5, 0 for 360, 4 for 0.028; at most 9."""
    if not isfinite(spread) or spread == 0:
        return 2
    return min(max(2 - floor(log10(abs(spread))), 0), 9)


def fixed(value: float, places: int) -> str:
    """`value` with that many decimals, grouped in thousands from 10,000 on; "-" for NaN, powers of ten from 1e17 on."""
    if value != value:
        return "-"
    if abs(value) >= LARGE:
        return format(value, ".3g")
    text = format(value, f"{',' if abs(value) >= 10_000 else ''}.{places}f")
    return text.lstrip("-") if not text.strip("-0.,") else text  # no -0.00


def percent(share: float) -> str:
    """0.374 as "37 %", 0.004 as "0.4 %"; what is not 0 never reads as 0 %: "<0.1 %"."""
    value = 100 * share
    if 0 < abs(value) < 0.05:
        return "<0.1 %"
    return f"{fixed(value, int(0 < abs(value) < 0.95))} %"


def count(number: int, noun: str) -> str:
    """ "1 row", "14,688 rows": for nouns whose plural takes an s, or "series"."""
    return f"{number:,} {noun}" + ("" if number == 1 or noun.endswith("series") else "s")


def numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    """For JSON: the digits of `exact`, and null for NaN and infinity, which JSON does not know."""
    return [float(exact(value)) if isfinite(value) else None for value in values.tolist()]
