"""Meteostat (weather stations): exports of its Python library, yearly dumps, and the older bulk files.

    time,temp,dwpt,rhum,prcp,snow,wdir,wspd,wpgt,pres,tsun,coco       hourly export; daily: time,tavg,tmin,tmax,prcp,…
    2011-01-01 00:00:00,10.0,9.4,96.0,,,170.0,5.4,,1015.2,,7

    year,month,day,hour,temp,temp_source,rhum,rhum_source,…           data.meteostat.net dumps
    2023,1,1,0,10.9,dwd,76,dwd

    2011-01-01,0,10.0,9.4,96.0,,,170.0,5.4,,1015.2,,7                 bulk.meteostat.net, no names: hourly
    2011-01-01,9.8,7.1,12.0,0.0,,182,6.8,,1014.8,                     and daily

- Hours are UTC. Units by documentation.
- coco is a code of the weather: never the target. _source columns name the provider.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

HOURLY = ("temp", "dwpt", "rhum", "prcp", "snow", "wdir", "wspd", "wpgt", "pres", "tsun", "coco")
DAILY = ("tavg", "tmin", "tmax", "prcp", "snow", "wdir", "wspd", "wpgt", "pres", "tsun")
UNITS = (
    *((name, "°C") for name in ("temp", "dwpt", "tavg", "tmin", "tmax", "txmn", "txmx")), ("rhum", "%"),
    ("prcp", "mm"), ("snow", "mm"), ("wdir", "°"), ("wspd", "km/h"), ("wpgt", "km/h"), ("pres", "hPa"), ("tsun", "min"),
)  # fmt: skip
ABOUT = About(aside=(r"^coco$", r"^cldc$"), units=UNITS, zone="UTC")
_DAY, _NUMBER = r"\d{4}-\d\d-\d\d", r"(?:-?\d+(?:\.\d+)?)?"
_WEATHER = rf"(?:{_NUMBER},){{3}}(?:\d+(?:\.\d+)?)?,(?:{_NUMBER},){{4}}(?:(?:8|9|10)\d\d(?:\.\d+)?)?,{_NUMBER}"
HOURS, DAYS = rf"{_DAY},(?:1?\d|2[0-3]),{_WEATHER},\d*(?:\.0)?", rf"{_DAY},{_WEATHER}"


def learn(head: str) -> dict[str, Any]:
    """The time columns, and the id of several stations."""
    names = head.partition("\n")[0].split(",")
    clock = [name for name in ("year", "month", "day", "hour") if name in names]
    return {
        "time": "time" if "time" in names else " + ".join(clock),
        "id": ("station",) if "station" in names else (),
    }


hours = Signature(
    title="Meteostat",
    marks=(rf"\A(?:{HOURS}\n){{3}}",),
    cut=Cut(separator=",", header=HOURS, names=("date", "hour", *HOURLY)),
    about=replace(ABOUT, time="date + hour"),
)
days = Signature(
    title="Meteostat",
    marks=(rf"\A(?:{DAYS}\n){{3}}",),
    cut=Cut(separator=",", header=DAYS, names=("date", *DAILY)),
    about=replace(ABOUT, time="date"),
)
signature = Signature(
    title="Meteostat",
    marks=(r"\A(?:station,)?(?:time|year,month)\b(?=.*\b(?:temp|tavg)\b)(?=.*\bprcp\b)(?=.*\b(?:wpgt|tsun|coco)\b)",),
    cut=Cut(separator=","),
    about=ABOUT,
    learn=learn,
    also=(hours, days),
)
