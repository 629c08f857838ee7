"""Epochs: seconds out of the finer counts that databases write. Not a format itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import Column

I64 = npt.NDArray[np.int64]

# Counts below -> their unit, and how many of it a second has.
UNITS = ((10**11, "s", 1), (10**14, "ms", 10**3), (10**17, "us", 10**6), (2**63, "ns", 10**9))


def unit_of(ticks: I64) -> tuple[str, int]:
    """The unit that counts since 1970 are in, by the largest of them, and how many of it a second has."""
    largest = max(int(ticks.max(initial=0)), -int(ticks.min(initial=0)))
    return next((unit, per_second) for below, unit, per_second in UNITS if largest < below)


def whole_seconds(ticks: I64, unit: str, per_second: int) -> tuple[Column, str]:
    """Times (rows,) in seconds, and what was done to them; as text where parts of a second differ, to be refused."""
    seconds, part = np.divmod(ticks, per_second)
    if not part.any():
        return seconds.astype("datetime64[s]"), ""
    if (part != part[0]).any():
        return [str(text) for text in np.datetime_as_string(ticks.astype(f"datetime64[{unit}]"))], ""
    return seconds.astype("datetime64[s]"), f"all times have {part[0] / per_second:g} s beyond the second: left out"
