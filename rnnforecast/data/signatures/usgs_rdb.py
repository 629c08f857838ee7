"""USGS NWIS tab files (RDB), instantaneous and daily values, one site or several stacked.

    # Data provided for site 11337080
    #    TS_ID       Parameter Description
    #    15549       00065     Gage height, feet
    agency_cd	site_no	datetime	tz_cd	15549_00065	15549_00065_cd
    5s	15s	20d	6s	14n	10s
    USGS	11337080	2019-01-01 00:00	PST	3.99	P
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About, Flagged

_HEADER = re.compile(r"^agency_cd\tsite_no\t(?:datetime|[a-z_]*dt)\t.*$", re.MULTILINE)
_VALUE = re.compile(r"(?:\d+_)?(\d{5})(?:_\d{5})?")  # 15549_00065, and _00003 for a daily mean
_TITLE = re.compile(r"^#\s+(?:USGS\s+)?(\d+)\s+(\d{5})\s+(?:(\d{5})\s+)?(\S.*?)\s*$", re.MULTILINE)
_STATION = re.compile(r"^#\s+USGS\s+(\d{8,15}\s+\S.*?)\s*$", re.MULTILINE)
GAGE_HEIGHT, DISCHARGE = "00065", "00060"


def parameter(name: str) -> str:
    """«00065» of «15549_00065»: series numbers differ between sites."""
    match = _VALUE.fullmatch(name)
    return match[1] if match else name


def learn(head: str) -> dict[str, Any]:
    """Titles of the columns, the station, and which value each _cd column speaks of."""
    header = _HEADER.search(head)
    names = header[0].split("\t") if header else []
    values = [name for name in names if _VALUE.fullmatch(name)]
    titles = {"_".join(filter(None, match[:3])): match[3] for match in _TITLE.findall(head)}
    stations = dict.fromkeys(_STATION.findall(head))
    order = sorted(values, key=lambda name: (parameter(name) != GAGE_HEIGHT, parameter(name) != DISCHARGE))
    return {
        "time": "datetime + tz_cd" if "tz_cd" in names else "datetime",
        "target": tuple(name for name in order if parameter(name) in (GAGE_HEIGHT, DISCHARGE)),
        "titles": tuple((name, titles[name]) for name in values if name in titles),
        "units": tuple((name, titles[name].split("[")[0].strip(" ,").rpartition(", ")[2]) for name in values
                       if name in titles),
        "station": next(iter(stations)) if len(stations) == 1 else "",
        "flags": tuple(Flagged(f"{n}_cd", (n,), provisional=("P",)) for n in values if f"{n}_cd" in names),
    }  # fmt: skip


signature = Signature(
    title="USGS RDB",
    marks=(r"^agency_cd\tsite_no\tdatetime\t", r"^\d+s\t\d+s\t\d+d\t"),
    cut=Cut(separator="\t", header=r"^agency_cd\t", below=1, comment="#", stacked=True, rename=parameter),
    about=About(id=("site_no",), missing=("Ice", "Eqp", "Rat", "Dis", "Ssn", "Fld", "Pr", "Nd", "Bkw", "-999999")),
    learn=learn,
    refuse=(
        (
            r"^agency_cd\tsite_no\tpeak_dt\t",
            "a USGS list of annual peaks, one row a year at irregular dates; expected instantaneous or daily values",
            "download 'Current/Historical observations' (format=rdb) for the site",
        ),
    ),
)
