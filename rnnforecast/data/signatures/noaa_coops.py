"""NOAA CO-OPS, tides and currents: the CSV of its API, and the two exports of its web pages.

    Date Time, Water Level, Sigma, O or I (for verified), F, R, L, Quality
    2026-09-29 14:06,,,,,,,

    "Date","Time (GMT)","Predicted (ft)","Preliminary (ft)","Verified (ft)"
    "2017/08/01","00:00","2.107","-","2.19"

    DATE TIME, WINDSPEED, DIR, GUSTS, AT, BARO, RELHUM, VIS
    08/01/2017 00:00,4.67,306,7.97,70.0,1011.7,,

- Zone, unit and datum are parameters of the request: the API's files do not tell them.
- A level is verified weeks later. Until then the web page has the preliminary one only, and afterwards the verified one
  only: each stands in for the other, and what is preliminary is said to be.
- The met export has no wind direction where it has no wind: it writes 0 there.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.data.signatures import Cut, Signature, Texts
from rnnforecast.data.signatures._lines import header_in, rows_from
from rnnforecast.data.table import About, Flagged

API = r' *"?Date Time"?, *"?(?:Water Level|Prediction|Air Gap|Speed"?, *"?Direction|[\w ]+"?, *"?X"?, *"?N"?, *"?R\b)'
PAGE = r'"?Date"?,"?Time \('
MET = r'"?DATE TIME"?, *"?WINDSPEED"?, *"?DIR\b'
NOTHING = ("", "-")
VERIFIED, PRELIMINARY = "Verified", "Preliminary"


def learn_api(head: str) -> dict[str, Any]:
    """The first value column is the target: speed, where a direction stands beside it."""
    names = header_in(head, API)
    inferred = Flagged("I", names[1:2], estimated=("1",))
    return {"target": names[1:2], "flags": (Flagged("Quality", names[1:2], provisional=("p",)), inferred)}


def learn_page(head: str) -> dict[str, Any]:
    """Verified levels where the file begins to have any, else preliminary ones."""
    names = header_in(head, PAGE)
    levels = tuple(name for word in (VERIFIED, PRELIMINARY) for name in names if name.startswith(word))
    verified = [row[names.index(levels[0])] for row in rows_from(head.splitlines(), PAGE) if len(row) == len(names)]
    observed = any(cell not in NOTHING for cell in verified[1:])
    return {
        "time": " + ".join(names[:2]),
        "target": levels if observed else levels[::-1],
        "flags": (Flagged("Quality", levels, provisional=("p",)),),
    }


def either(columns: Texts) -> Texts:
    """Verified and preliminary levels, each standing in for the other; «Quality» tells which one a row has."""
    names = [name for word in (VERIFIED, PRELIMINARY) for name in columns if name.startswith(word)]
    if len(names) < 2:
        return columns
    pairs = list(zip(*(columns[name] for name in names), strict=True))
    best = [preliminary if verified in NOTHING else verified for verified, preliminary in pairs]
    return {**columns, **dict.fromkeys(names, best), "Quality": ["p" if v in NOTHING else "v" for v, _ in pairs]}


def calm(columns: Texts) -> Texts:
    """No direction where there is no wind speed."""
    speeds, directions = columns["WINDSPEED"], columns["DIR"]
    return {**columns, "DIR": [d if s else "" for s, d in zip(speeds, directions, strict=True)]}


page = Signature(
    title="NOAA CO-OPS web export",
    marks=(rf"^{PAGE}", r"(?:Verified|Preliminary) \(\w+\)"),
    cut=Cut(separator=",", header=PAGE),
    learn=learn_page,
    tidy=either,
)
met = Signature(
    title="NOAA CO-OPS web export, meteorology",
    marks=(rf"^{MET}",),
    cut=Cut(separator=",", header=MET),
    about=About(time="DATE TIME", aside=("^DIR$",), dayfirst=False),
    tidy=calm,
)
signature = Signature(
    title="NOAA CO-OPS",
    marks=(rf"^{API}",),
    cut=Cut(separator=",", header=API, twice=True),
    about=About(time="Date Time", aside=(r"^(Sigma|O|I|O or I.*|F|R|L|X|N|Bin|Direction)\b",)),
    learn=learn_api,
    refuse=(
        (
            r'^ *"?((?:Error: *)?No (?:\w+ )*data was found[^"\n]*)',
            r"NOAA's error message and no data: \1",
            "check station, product, datum and dates of the request",
        ),
        (
            r'(?:\A\s*|^ *"?Date Time"?,[^\n]*\n\s*)"?(Error: [^"\n]*)',
            r"an error message and no data: \1",
            "check station, product, datum and dates of the request",
        ),
        (
            r'^ *"?(?:Date Time"?, *"?[\w ]+"?, *"?(?:Type|TYPE|Ty|TY)\b|Date\W+Day\W+Time\W+Pred.*High/Low)',
            "NOAA's table of high and low waters, at irregular times; expected a level in fixed steps",
            "download predictions with interval=h or 6, or product=water_level",
        ),
    ),
    also=(page, met),
)
