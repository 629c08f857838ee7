"""UHSLC sea levels, fast delivery and research quality: station files and ERDDAP.

    1985,1,1,0,1234                  h057.csv: year, month, day, hour, mm above station zero
    1985,1,1,1,-32767
    1985,1,1,1234                    d057.csv: daily means

    time,sea_level,uhslc_id          ERDDAP .csv: units stand below the names
    UTC,millimeters,
    2020-01-01T00:00:00Z,1234,57

    sea_level (millimeters),time (UTC),uhslc_id      ERDDAP .csvp

- Station files have no line of names: what is wholly made of such rows, months unpadded, is taken for one.
- Times are UTC.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

LEVEL = "sea_level"
DATE = r"(?:1[89]|20)\d\d,(?:[1-9]|1[0-2]),(?:[1-9]|[12]\d|3[01])"
HOURLY, DAILY = DATE + r",(?:1?\d|2[0-3]),-?\d{1,5}", DATE + r",-?\d{1,5}"
NAMED = "sea_level (millimeters)"
IDS = ("uhslc_id", "version")


def whole(row: str) -> tuple[str, ...]:
    """Marks of a file that is made of such rows and nothing else, as far as its head goes."""
    return rf"\A(?:{row}\n){{3}}", rf"\A(?:{row}\n)+(?:{row}|[\d,-]*)\Z"


def about(time: str, level: str = LEVEL) -> About:
    return About(
        time=time,
        target=(level,),
        units=((level, "mm"),),
        titles=((level, "Sea level above station zero"),),
        zone="UTC",
        missing=("-32767",),
    )


def learn(head: str) -> dict[str, Any]:
    """Which of the id columns are there."""
    names = head.partition("\n")[0].split(",")
    return {"id": tuple(name for name in IDS if name in names)}


daily = Signature(
    title="UHSLC",
    marks=whole(DAILY),
    cut=Cut(separator=",", header=DAILY, names=("year", "month", "day", LEVEL)),
    about=about("year + month + day"),
)
erddap = Signature(
    title="UHSLC ERDDAP",
    marks=(
        r"\A(?=.*\bsea_level\b)(?=.*\btime\b).*\n(?=.*\bUTC\b)(?=.*\bmillimeters\b).*$",
        r"^(?=.*,).*\d{4}-\d\d-\d\dT",
    ),
    cut=Cut(separator=",", header=r".*\bsea_level\b", below=1),
    about=about("time"),
    learn=learn,
)
named = Signature(
    title="UHSLC ERDDAP",
    marks=(r"\A(?=.*\bsea_level \(millimeters\))(?=.*\btime \(UTC\))",),
    cut=Cut(separator=",", header=r".*\bsea_level \(millimeters\)"),
    about=about("time (UTC)", NAMED),
    learn=learn,
)
signature = Signature(
    title="UHSLC",
    marks=whole(HOURLY),
    cut=Cut(separator=",", header=HOURLY, names=("year", "month", "day", "hour", LEVEL)),
    about=about("year + month + day + hour"),
    refuse=(
        (
            r"\A\d{3}\S.*\n\d{3}.{8}(?:1[89]|20)\d\d[ \d]\d[ \d]\d[12 ](?: *+-?+\d++){8,12} *$",
            "a UHSLC .dat file, twelve values a line; expected one value a row",
            "download the station's .csv: https://uhslc.soest.hawaii.edu/data/csv/fast/hourly/hNNN.csv",
        ),
    ),
    also=(daily, erddap, named),
)
