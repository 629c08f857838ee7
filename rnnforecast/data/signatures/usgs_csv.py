"""USGS values as CSV, as R and Python write them: RDB read by pandas, dataretrieval, dataRetrieval (readNWISuv, -dv).

    ,agency_cd,site_no,datetime,tz_cd,cfs,65564_00060_cd,65565_00065,65565_00065_cd
    0,USGS,01037000,2014-05-01 01:00:00,EDT,449,A,4.82,A

    datetime,site_no,00060,00060_cd            datetime,site_no,00060_Mean,00060_Mean_cd
    2023-01-01 05:00:00+00:00,01646500,8010,A  2023-01-01,01646500,7990,A

    "agency_cd","site_no","dateTime","X_00060_00000","X_00060_00000_cd","tz_cd"
    "USGS","01646500","2023-01-01T05:00:00Z","8010","A","UTC"

- tz_cd tells the zone where the times do not.
- A site number that was read as a number has lost its first zero: it has 8 digits at least.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._lines import first_row
from rnnforecast.data.signatures._usgs import PARAMETERS, flags_in, parameter, targets_in, values_in
from rnnforecast.data.table import About

_NAME = r'(?:.*,)?"?(?:(?:X_)?(?:\d+_)?\d{5}(?:_[A-Za-z0-9]+)*|(?:Flow|GH)(?:_Inst)?_cd)"?(?:,|$)'
HEADER = rf'(?=(?:.*,)?"?site_no"?,)(?=(?:.*,)?"?(?:datetime|dateTime|Date)"?,)(?={_NAME})'
TIMES = ("datetime", "dateTime", "Date")


def learn(head: str) -> dict[str, Any]:
    """Which columns hold time, values and codes."""
    row = first_row(head, HEADER)
    values = values_in([*row])
    time = next((name for name in TIMES if name in row), "")
    naive = not re.search(r"Z|[+-]\d\d:?\d\d$", row.get(time, ""))
    known = {name: PARAMETERS[parameter(name)] for name in values if parameter(name) in PARAMETERS}
    return {
        "time": f"{time} + tz_cd" if naive and row.get("tz_cd") else time,
        "target": targets_in([*row]),
        "titles": tuple((name, title) for name, (title, _) in known.items()),
        "units": tuple((name, unit) for name, (_, unit) in known.items()),
        "flags": flags_in([*row]),
    }


signature = Signature(
    title="USGS CSV",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=",", header=HEADER),
    about=About(id=("site_no",), missing=("-999999",)),
    learn=learn,
    cells={"site_no": lambda cell: cell.zfill(8) if cell.isdecimal() else cell},
)
