"""NDBC buoys and coastal stations: real time (45 days) and yearly archives, standard and continuous winds, and others.

    #YY  MM DD hh mm WDIR WSPD GST  WVHT   DPD   APD MWD   PRES  ATMP  WTMP  DEWP  VIS PTDY  TIDE
    #yr  mo dy hr mn degT m/s  m/s     m   sec   sec degT   hPa  degC  degC  degC  nmi  hPa    ft
    2026 06 11 00 00 250  2.6   MM    MM    MM    MM  MM 1014.2  20.1    MM    MM   MM   MM    MM

    YYYY MM DD hh mm  WD  WSPD GST  WVHT  DPD   APD  MWD  BAR    ATMP  WTMP  DEWP  VIS  TIDE        2005 and 2006
    YYYY MM DD hh WD   WSPD GST  WVHT  DPD   APD  MWD  BAR    ATMP  WTMP  DEWP  VIS  TIDE           1999 to 2004
    YY MM DD hh WD   WSPD GST  WVHT  DPD   APD  MWD  BAR    ATMP  WTMP  DEWP  VIS                   before 1999

- The header is commented, and so are the units below it; older archives write neither mark nor units.
- Missing is MM in real time, newest row first; in archives it is all nines, as wide as the column.
- Times are UTC. Units of older archives are those that NDBC documents.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._cells import four_digit_year
from rnnforecast.data.table import About

HEADER = r"#?[ \t]*(?:YY|YYYY)[ \t]+MM[ \t]+DD[ \t]+hh\b"
CLOCK = ("DD", "hh", "mm", "ss")
UNITS = {
    **dict.fromkeys(("WDIR", "WD", "MWD"), "degT"), **dict.fromkeys(("WSPD", "GST"), "m/s"),
    **dict.fromkeys(("DPD", "APD"), "sec"), **dict.fromkeys(("PRES", "BAR"), "hPa"),
    **dict.fromkeys(("ATMP", "WTMP", "DEWP"), "degC"), "WVHT": "m", "VIS": "nmi", "TIDE": "ft",
}  # fmt: skip
NINES = {
    "999": ("WDIR", "WD", "MWD", "GDR", "ATMP", "WTMP", "DEWP", "OTMP", "O2%"),
    "99": ("WSPD", "GST", "WVHT", "DPD", "APD", "VIS", "TIDE", "SwH", "SwP", "WWH", "WWP"),
    "9999": ("PRES", "BAR", "GTIME", "HEIGHT"),
    "99.99": ("COND", "SAL", "O2PPM", "PH"),
    "9999.9": ("DEPTH", "EH"),
    "999.9": ("CLCON", "TURB"),
}
TITLES = {
    "WDIR": "Wind direction", "WD": "Wind direction", "WSPD": "Wind speed", "GST": "Gust speed",
    "WVHT": "Significant wave height", "DPD": "Dominant wave period", "APD": "Average wave period",
    "MWD": "Wave direction", "PRES": "Sea level pressure", "BAR": "Sea level pressure", "ATMP": "Air temperature",
    "WTMP": "Sea surface temperature", "DEWP": "Dew point", "VIS": "Visibility", "PTDY": "Pressure tendency",
    "TIDE": "Water level above or below mean lower low water",
}  # fmt: skip


def learn(head: str) -> dict[str, Any]:
    """The columns of the time, and units as they stand below the header or as NDBC documents them."""
    start = re.search(rf"^{HEADER}.*\n(.*)$", head, re.MULTILINE)
    lines = start[0].split("\n") if start else ["", ""]
    names, below = (line.lstrip("#").split() for line in lines)
    written = dict(zip(names, below, strict=False)) if lines[1].startswith("#") else UNITS
    clock = [*names[:2], *(name for name in CLOCK if name in names[2:6])]
    return {
        "time": " + ".join(clock),
        "units": tuple((name, written[name]) for name in names if name in written and name not in clock),
        "titles": tuple((name, TITLES[name]) for name in names if name in TITLES),
    }


signature = Signature(
    title="NDBC",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=" ", header=HEADER, uncomment=True, comment="#"),
    about=About(
        aside=(r"^(YY|YYYY|MM|DD|hh|mm|ss)$", r"^GTIME$", r"^T$"),
        zone="UTC",
        column_missing=tuple((name, (code,)) for code, names in NINES.items() for name in names),
    ),
    learn=learn,
    cells={"YY": four_digit_year},
)
