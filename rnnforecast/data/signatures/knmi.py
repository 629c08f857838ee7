"""KNMI (Netherlands), hourly (uurgegevens) and daily (daggegevens), one station or several.

    # BRON: KONINKLIJK NEDERLANDS METEOROLOGISCH INSTITUUT (KNMI)
    # STN         LON(east)   LAT(north)  ALT(m)      NAME
    # 260         5.180       52.100      1.90        De Bilt
    # T         : Temperatuur (in 0.1 graden Celsius) op 1.50 m hoogte tijdens de waarneming
    # STN,YYYYMMDD,   HH,   DD,   FH,   FF,   FX,    T,  T10N, …
      260,20240101,    1,  210,   60,   60,  110,   72,      , …

- Newer downloads have no #, or only before the names.
- HH runs from 1 to 24 and ends its hour; times are UTC. Values stay as written: T = 72 in «0.1 °C» is 7.2 °C.
- RH, RHX and SQ write -1 for «less than half a unit»: read as 0.
- Codes (weather, visibility, yes or no) and the hours at which an extreme fell (TNH) are never the target.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

HEADER = r"[ \t]*(?:#[ \t]*)?STN,[ \t]*YYYYMMDD\b"
UNITS = {
    **dict.fromkeys(("DD", "DDVEC"), "°"),
    **dict.fromkeys(("FH", "FF", "FX", "FHVEC", "FG", "FHX", "FHN", "FXX"), "0.1 m/s"),
    **dict.fromkeys(("T", "T10", "T10N", "TD", "TG", "TN", "TX"), "0.1 °C"),
    **dict.fromkeys(("SQ", "DR"), "0.1 h"), **dict.fromkeys(("RH", "RHX", "EV24"), "0.1 mm"), "Q": "J/cm2",
    **dict.fromkeys(("P", "PG", "PX", "PN"), "0.1 hPa"), **dict.fromkeys(("U", "UG", "UX", "UN", "SP"), "%"),
    **dict.fromkeys(("N", "NG"), "octas"),
}  # fmt: skip
CODES = r"^(STN|YYYYMMDD|HH?|VV|VVN|VVX|WW|IX|[MRSOY])$"
HOURS = r"^(FHX|FHN|FXX|TN|TX|T10N|RHX|PX|PN|VVN|VVX|UX|UN)H$"
_TITLE = re.compile(r"^#?[ \t]*([A-Z][A-Z0-9]{0,5})[ \t]*[:=][ \t]*(\S.*?)[\s;]*$", re.MULTILINE)
_STATION = re.compile(r"^#?\s*(\d{3}):?\s+-?\d+\.\d+\s+-?\d+\.\d+\s+-?\d+\.\d+\s+(\S.*?)\s*$", re.MULTILINE)


def learn(head: str) -> dict[str, Any]:
    """Titles and the station out of the preamble; the time with its hour where there is one."""
    header = re.search(rf"^{HEADER}.*$", head, re.MULTILINE)
    names = [name.strip() for name in header[0].lstrip("# \t\n").split(",")] if header else []
    hour = next((name for name in ("HH", "H") if name in names), "")
    stations = _STATION.findall(head)
    titles = dict(_TITLE.findall(head))
    return {
        "time": f"YYYYMMDD + {hour}" if hour else "YYYYMMDD",
        "titles": tuple((name, titles[name]) for name in names if name in titles),
        "station": " ".join(stations[0]) if len(stations) == 1 else "",
    }


def trace(cell: str) -> str:
    """«0» of -1, which stands for less than half a unit."""
    return "0" if cell == "-1" else cell


signature = Signature(
    title="KNMI",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=",", header=HEADER, uncomment=True, comment="#"),
    about=About(id=("STN",), aside=(CODES, HOURS), units=tuple(UNITS.items()), zone="UTC"),
    learn=learn,
    cells=dict.fromkeys(("RH", "RHX", "SQ"), trace),
)
