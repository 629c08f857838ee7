"""GESLA-3 and GESLA-2 (sea levels of the world, high-frequency), one site a file.

    # FORMAT VERSION 5.0
    # SITE NAME Brest
    # TIME ZONE HOURS 0
    # DATUM INFORMATION Zero hydrographique
    # NULL VALUE -99.9999
    # COLUMN 3 Observed sea level
    2020/01/01 00:00:00   4.2310 1 1
    2020/01/01 01:00:00 -99.9999 5 0

- There is no line of names. The fourth column is the contributor's quality (2 = interpolated, 3 = doubtful, 4 = wrong,
  5 = missing), the fifth says whether GESLA would use the value: 0 makes it missing.
- Null value, zone and datum stand in the header, and differ between sites.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About, Flagged
from rnnforecast.data.zones import offset_text

LEVEL = "sea_level"


def said(head: str, name: str) -> str:
    """What the header says under a name; "" where it is silent."""
    match = re.search(rf"^# *{name}\b[ \t]*[:=]?[ \t]*(\S.*?)[ \t]*$", head, re.MULTILINE)
    return match[1] if match else ""


def learn(head: str) -> dict[str, Any]:
    """Site, zone, null value, datum and unit."""
    hours = re.match(r"[-+]?\d+(\.\d+)?", said(head, "TIME ZONE HOURS"))
    unit = re.search(r"\((\w+)\)", said(head, "COLUMN 3"))
    datum = said(head, "DATUM INFORMATION")
    return {
        "station": said(head, "SITE NAME"),
        "zone": offset_text(round(float(hours[0]) * 3600), "UTC") if hours else "",
        "missing": tuple(filter(None, [said(head, "NULL VALUE")])),
        "units": ((LEVEL, unit[1] if unit else said(head, "UNITS") or "m"),),
        "titles": ((LEVEL, ", ".join(filter(None, ["Sea level", datum]))),),
    }


signature = Signature(
    title="GESLA",
    marks=(
        r"^# *SITE NAME\b",
        r"^# *NULL VALUE\b",
        r"^ *\d{4}/\d\d/\d\d +\d\d:\d\d:\d\d +-?\d+\.\d+ +\d(?: +[01])? *$",
    ),
    cut=Cut(
        separator=" ",
        header=r"\s*\d{4}/\d\d/\d\d\s",
        names=("date", "time", LEVEL, "qc_flag", "use_flag"),
        ragged=True,
    ),
    about=About(
        time="date + time",
        target=(LEVEL,),
        flags=(Flagged("use_flag", (LEVEL,), bad=("0",)), Flagged("qc_flag", (LEVEL,), estimated=("2",))),
    ),
    learn=learn,
)
