"""PSMSL (mean sea levels), monthly and annual, RLR or metric, one station a file.

    1950.0417;  6912; 0;000          monthly: decimal year of the middle of the month, mm, days missing, flags
    1950.1250;-99999;99;000
    1950;  6902;N;000                annual: year, mm, whether days are missing, flags

- There is no line of names. Months are calendar months; 99 days missing means an interpolated month.
"""

from __future__ import annotations

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._cells import month_of
from rnnforecast.data.table import About, Flagged

LEVEL = "sea_level"
MONTHLY = r"\s*\d{4}\.\d{4};\s*-?\d+;\s*\d+;\s*\d{3}"
ANNUAL = r"\s*\d{4};\s*-?\d+;\s*[NY];\s*\d{3}"


def about(time: str, title: str) -> About:
    return About(
        time=time,
        target=(LEVEL,),
        units=((LEVEL, "mm"),),
        titles=((LEVEL, title),),
        missing=("-99999",),
        flags=(Flagged("missing_days", (LEVEL,), estimated=("99",)),),
    )


annual = Signature(
    title="PSMSL",
    marks=(r"\A" + ANNUAL,),
    cut=Cut(separator=";", header=ANNUAL, names=("year", LEVEL, "missing_days", "flag")),
    about=about("year", "Annual mean sea level"),
)

signature = Signature(
    title="PSMSL",
    marks=(r"\A" + MONTHLY,),
    cut=Cut(separator=";", header=MONTHLY, names=("month", LEVEL, "missing_days", "flag")),
    about=about("month", "Monthly mean sea level"),
    cells={"month": month_of},
    also=(annual,),
)
