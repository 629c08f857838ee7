"""Weather of Environment Canada (ECCC): hourly, daily and monthly exports, old and new.

    "Station Name","HALIFAX STANFIELD INT'L A"            (old: 16 lines or more about the station, and a legend)
    "Date/Time","Year","Month","Day","Time","Data Quality","Temp (°C)","Temp Flag","Dew Point Temp (°C)",…
    "2003-09-01 00:00","2003","09","01","00:00"," ","12.1","","8.2","",…

    "Longitude (x)","Latitude (y)","Station Name","Climate ID","Date/Time (LST)","Year","Month","Day","Time (LST)",…
    "-113.58","53.31","EDMONTON INTL A","3012206","2024-01-01 00:00","2024","01","01","00:00","","-4.8","",…

- Times are local standard time all year, of a zone that the file does not tell.
- † in Data Quality: the day has undergone preliminary checks only. A gust of <31 km/h is no number.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._lines import header_in
from rnnforecast.data.table import About, Flagged

HEADER = r'"?(?:Longitude \(x\)"?,.*"?)?Date/Time(?: \(LST\))?"?,"?Year"?,"?Month"?,'
NEVER = (r" Flag$", r"\bDir\b", r"^(Longitude|Latitude|Year|Month|Day|Time|Climate ID|Station Name|Data Quality)\b")
_STATION = re.compile(r'^\ufeff?"?(?:Station Name|Climate Identifier)"?,"?([^"\n]*)', re.MULTILINE)
_UNIT = re.compile(r".*\([^()]+\)|Hmdx|Wind Chill")


def learn(head: str) -> dict[str, Any]:
    names = header_in(head, HEADER)
    values = tuple(name for name in names if _UNIT.fullmatch(name) and not any(re.search(rule, name) for rule in NEVER))
    above = _STATION.findall(head) if names[0].startswith("Date/Time") else []
    return {
        "time": next(name for name in names if name.startswith("Date/Time")),
        "id": ("Climate ID",) if "Climate ID" in names else (),
        "station": " ".join(reversed(above[:2])),
        "column_missing": tuple((name, ("<31",)) for name in values if "Gust" in name),
        "flags": (
            Flagged("Data Quality", values, provisional=("†",)),
            *(Flagged(f"{re.sub(' [(].*', '', name)} Flag", (name,), estimated=("E",)) for name in values),
        ),
    }


signature = Signature(
    title="ECCC weather",
    marks=(rf"^{HEADER}", r"Temp \(.{1,3}C\)"),
    cut=Cut(separator=",", header=HEADER),
    about=About(aside=NEVER),
    learn=learn,
)
