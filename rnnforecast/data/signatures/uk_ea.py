"""Environment Agency (England): readings of the flood-monitoring API, one measure or the dump of a day, and hydrology.

    dateTime,measure,value
    2025-06-05T00:00:00Z,http://environment.data.gov.uk/flood-monitoring/id/measures/1412-temperature-i-1_h-deg_C,10.6

    measure,dateTime,date,value,completeness,quality,qcode
    http://environment.data.gov.uk/hydrology/id/measures/8496ce69-…-level-i-900-m-qualified,2024-01-01T00:00:00,…

- A series is a measure: the last part of its address, which ends with the unit.
- Two values in one cell (1.2|1.3) are none.
- Hydrology: suspect values are missing, unchecked ones provisional. Of a daily extreme `dateTime` is when it happened,
  and `date` the day that it stands for. The times carry no zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._lines import agreed, header_in
from rnnforecast.data.table import About, Flagged
from rnnforecast.data.units import KNOWN

HEADER = r"(?!.*[{\[])(?=.*\bdateTime\b)(?=.*\bmeasure\b)(?=.*\bvalue\b)"
TWO = "two values"
QUALITY = Flagged("quality", ("value",), ("Missing", "Suspect"), provisional=("Unchecked",), estimated=("Estimated",))


def last_part(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def unit(address: str) -> str:
    """«mASD» of …-level-stage-i-15_min-mASD, «m3s» of …-flow-m-86400-m3s-qualified; "" for what is no known unit."""
    parts = last_part(address).removesuffix("-qualified").split("-")
    return parts[-1] if parts[-1].lower() in KNOWN else ""


def survey(lines: Iterable[str]) -> dict[str, Any]:
    """The unit, where all measures have the same."""
    return {"units": (("value", agreed(lines, HEADER, "measure", unit)),)}


def extremes(head: str) -> dict[str, Any]:
    daily = "date" in header_in(head, HEADER) and ("-max-86400-" in head or "-min-86400-" in head)
    return {"time": "date" if daily else "dateTime"}


hydrology = Signature(
    title="Environment Agency hydrology",
    marks=(rf"^{HEADER}", r"environment\.data\.gov\.uk/hydrology/id/measures/"),
    cut=Cut(separator=",", header=HEADER),
    about=About(
        id=("measure",),
        target=("value",),
        flags=(QUALITY,),
    ),
    learn=extremes,
    survey=survey,
    cells={"measure": last_part},
)
signature = Signature(
    title="Environment Agency flood monitoring",
    marks=(rf"^{HEADER}", r"environment\.data\.gov\.uk/flood-monitoring/id/measures/"),
    cut=Cut(separator=",", header=HEADER),
    about=About(time="dateTime", id=("measure",), target=("value",), missing=(TWO,)),
    survey=survey,
    cells={"measure": last_part, "value": lambda cell: TWO if "|" in cell else cell},
    also=(hydrology,),
)
