"""DWD CDC (Deutscher Wetterdienst, Open Data): 10-minute, hourly, daily and monthly station products.

    STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor
           3987;2020010100;    3;   1.2;  88.0;eor
           3987;2020010101;    3;-999;-999;eor

- Files come in a zip beside their metadata; the one called produkt_ is read.
- MESS_DATUM is YYYYMMDD, YYYYMMDDHH or YYYYMMDDHHMM; solar products write YYYYMMDDHH:mm, of which the hour is read.
  Monthly products have MESS_DATUM_BEGINN and _ENDE.
- Times with an hour are taken as UTC, which DWD keeps since 2000. Older rows may be an hour ahead, in MEZ: --start
  2000-01-01 leaves them out.
- QN_ are quality levels, RS_IND, WRTR and _I columns indicators: never the target.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

TIME = "MESS_DATUM"
# Units by documentation; a column is looked up by the first pattern that its whole name matches.
UNITS = (
    (r"TT_TU|TT|TD|TT_10|TM5_10|TD_10|V_TE\d+|TMK|T[XNG]K|TF|MO_T[TXN]|MX_T[XN]|TX_10|TN_10", "°C"),
    (r"RF_TU|RF_10|UPM|RF|TF_STD|RF_STD", "%"),
    (r"F|FF|FF_10|FX_10|FM|FX|FX_911|MX_FX", "m/s"),
    (r"D|DD|DD_10|DX_10|ZENIT", "°"),
    (r"R1|RSK|RS|RWS_10|MO_RR|MX_RS", "mm"),
    (r"P|P0|PP_10|PM|VPM|VP_STD|P_STD", "hPa"),
    (r"SD_SO|RWS_DAU_10|SD_LBERG", "min"),
    (r"SDK|SD_10|MO_SD_S|SD_STRAHL", "h"),
    (r"GS_10|DS_10|LS_10|ATMO_LBERG|F[DG]_LBERG|ATMO_STRAHL|F[DG]_STRAHL", "J/cm2"),
    (r"V_VV", "m"),
    (r"SHK_TAG|SH_TAG", "cm"),
    (r"V_N|NM|MO_N", "octas"),
)


def unit_of(name: str) -> str:
    return next((unit for names, unit in UNITS if re.fullmatch(names, name)), "")


def learn(head: str) -> dict[str, Any]:
    """The time column, and units by documentation."""
    names = [name.strip() for name in head.partition("\n")[0].split(";")]
    return {
        "time": TIME if TIME in names else f"{TIME}_BEGINN",
        "units": tuple((name, unit_of(name)) for name in names if unit_of(name)),
    }


def without_minutes(cell: str) -> str:
    """«2020010100» of 2020010100:26, the clock of solar products."""
    return cell.partition(":")[0]


signature = Signature(
    title="DWD CDC",
    marks=(r"\ASTATIONS_ID;\s*MESS_DATUM(?:_BEGINN)?\s*;",),
    cut=Cut(separator=";", header=r"STATIONS_ID;"),
    about=About(
        id=("STATIONS_ID",),
        aside=(r"^QN", r"^QUALI", r"^MESS_DATUM", r"^eor$", r"^RSKF$", r"^RS_IND", r"_IND_", r"^WRTR$", r"_I$"),
        zone="UTC",
        missing=("-999",),
    ),
    learn=learn,
    cells={TIME: without_minutes},
)
