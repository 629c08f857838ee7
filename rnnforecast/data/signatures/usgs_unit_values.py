"""USGS unit values out of the older NWIS (NWIS-I), one series in a file.

    # //FILE TYPE="NWIS-I UNIT-VALUES" EDITABLE=NO
    # //STATION AGENCY="USGS " NUMBER="11303500       " TIME_ZONE="PST" DST_FLAG=Y
    # //STATION NAME="SAN JOAQUIN R NR VERNALIS CA"
    # //PARAMETER LNAME="Temperature, water, degrees Celsius"
    DATE	TIME	TZCD	VALUE	PRECISION	REMARK	FLAGS	QA
    10D	8S	6S	16N	1S	1S	32S	1S
    10/01/2006	00:00:00	PST	17.5	3	 		A

- Dates are month first, and TZCD changes with the season.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About, Flagged

HEADER = r"DATE\tTIME\tTZCD\tVALUE\b"
_SAID = re.compile(r'^# //(?:STATION AGENCY=.*(NUMBER)|STATION (NAME)|PARAMETER (LNAME))="([^"]*?) *"', re.MULTILINE)


def learn(head: str) -> dict[str, Any]:
    """Station and title out of the comments; the unit is the last part of the title."""
    said = {number or name or title: text for number, name, title, text in _SAID.findall(head)}
    title = said.get("LNAME", "")
    return {
        "station": " ".join(filter(None, (said.get("NUMBER"), said.get("NAME")))),
        "titles": (("VALUE", title),),
        "units": (("VALUE", title.rpartition(", ")[2]),),
    }


signature = Signature(
    title="USGS unit values",
    marks=(rf"^{HEADER}", r"^\d+D\t\d+S\t"),
    cut=Cut(separator="\t", header=HEADER, below=1, ragged=True),
    about=About(
        time="DATE + TIME + TZCD",
        target=("VALUE",),
        dayfirst=False,
        missing=("-999999",),
        flags=(Flagged("QA", ("VALUE",), provisional=("P", "W")),),
    ),
    learn=learn,
)
