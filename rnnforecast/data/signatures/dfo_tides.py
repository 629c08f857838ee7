"""Canadian tide gauges (DFO, Fisheries and Oceans): observed hourly water levels.

    Station_Name,Victoria Harbour, B.C.
    Station_Number,7120
    Latitude_Decimal_Degrees,48.424
    Longitude_Decimal_Degrees,123.371
    Datum,CD
    Time_Zone,PST
    SLEV=Observed Water Level
    Obs_date,SLEV(metres),ATMS,PSAL,TEMP
    2010/12/31 00:00,1.91,

- Rows end with a comma and lack the columns that the station does not measure. Hours without a value are left out.
- The zone keeps winter time all year.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

_KEY = re.compile(r"^(Station_Name|Station_Number|Datum|Time_Zone),(.*?),*\s*$", re.MULTILINE | re.IGNORECASE)


def learn(head: str) -> dict[str, Any]:
    """Station, datum and zone out of the lines above the header."""
    said = {key.lower(): value for key, value in _KEY.findall(head)}
    level = "Observed water level" + (f" above {said['datum']}" if said.get("datum") else "")
    station = " ".join(filter(None, (said.get("station_number"), said.get("station_name"))))
    return {"station": station, "zone": said.get("time_zone", ""), "titles": (("SLEV(metres)", level),)}


signature = Signature(
    title="DFO tide gauge",
    marks=(r"^Station_Name,", r"^Obs_date,SLEV"),
    cut=Cut(separator=",", header=r"Obs_date,", ragged=True),
    about=About(time="Obs_date", target=("SLEV(metres)",)),
    learn=learn,
)
