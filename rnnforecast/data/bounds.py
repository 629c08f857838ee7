"""Bounds: times that a user types (`--start 2020-03`, `--end 2020-12-31`), as the rows count them."""

from __future__ import annotations

import re

import numpy as np

from rnnforecast.data.columns import Layout
from rnnforecast.data.times import parse_times
from rnnforecast.data.zones import canonical, to_utc
from rnnforecast.errors import ForecastError, UsageError


def moment(text: str, layout: Layout, flag: str, last: bool = False) -> int:
    """Seconds (or the row number) that `text` names, in the layout's zone; `last`: the end of that day, month or year.

    Raises UsageError.
    """
    text = text.strip()
    if layout.stamp == "integer":
        if not re.fullmatch(r"-?\d+", text):
            raise UsageError(f"{flag} {text!r} is no row number; expected one: rows have no times", f"{flag} 100")
        return int(text)
    try:
        seconds, offsets = parse_times([text], layout.dayfirst, flag + " date")
    except ForecastError as error:
        raise UsageError(f"{flag} {text!r} is not a time; expected one such as 2026-01-31", error.hint) from None
    if last:
        seconds = seconds + length_of(text, int(seconds[0]))
    if layout.zone and offsets is None:
        seconds, _ = to_utc(seconds, canonical(layout.zone), lambda rows: np.zeros(len(rows), np.int64))
    return int(seconds[0])


def length_of(text: str, start: int) -> int:
    """Seconds from the start to the last second of what was named: a day, a month, a year, or one second."""
    if ":" in text or "T" in text:
        return 0
    unit = "Y" if re.fullmatch(r"\d{4}", text) else "M" if re.fullmatch(r"\d{4}[-/.]\d{1,2}|\d{6}", text) else "D"
    begin = np.datetime64(start, "s").astype(f"datetime64[{unit}]")
    return int((begin + 1).astype("datetime64[s]").astype(np.int64)) - start - 1
