"""USGS Water Data API as CSV, which takes the place of NWIS: one row for each value of each series, in any order.

    x,y,id,time_series_id,monitoring_location_id,parameter_code,statistic_id,time,value,unit_of_measure,approval_status,…
    ,,1,ts-1,USGS-15564860,00060,00011,2024-01-01 03:00:00+00:00,66300,ft^3/s,Approved,,2026-01-06 00:41:24.168601+00:00

- `y` is a latitude and no target. `last_modified` is no time of a value.
- A series is a location, a parameter and a statistic, as far as the file has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._lines import agreed, first_row
from rnnforecast.data.table import About, Flagged

HEADER = (
    r"(?!.*[{\[])(?=.*\bmonitoring_location_id\b)(?=.*\btime\b)(?=.*\bvalue\b)"
    r"(?=.*\b(?:parameter_code|approval_status)\b)"
)
SERIES = ("monitoring_location_id", "parameter_code", "statistic_id")


def learn(head: str) -> dict[str, Any]:
    row = first_row(head, HEADER)
    return {"id": tuple(name for name in SERIES if row.get(name))}


def survey(lines: Iterable[str]) -> dict[str, Any]:
    """The unit, where all rows have the same."""
    return {"units": (("value", agreed(lines, HEADER, "unit_of_measure")),)}


signature = Signature(
    title="USGS Water Data API",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=",", header=HEADER),
    about=About(
        time="time",
        target=("value",),
        aside=("^(x|y|id)$",),
        missing=("-999999",),
        flags=(Flagged("approval_status", ("value",), provisional=("Provisional",)),),
    ),
    learn=learn,
    survey=survey,
)
