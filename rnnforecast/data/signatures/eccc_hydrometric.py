"""Water Survey of Canada (ECCC): real-time values of the Datamart, and what the Water Office serves and exports.

     ID,Date,Water Level / Niveau d'eau (m),Grade,Symbol / Symbole,QA/QC,Discharge / Débit (cms),Grade,Symbol / …,QA/QC
    02AB006,2018-07-01T00:55:00-05:00,302.273,,,1,62.2,,,1

     ID,Date,Parameter/Paramètre,Value/Valeur,Qualifier/Qualificatif,Symbol/Symbole,Approval/Approbation,…
    01FB001,2026-09-23T17:05:00Z,47,8.01,,,Provisional/Provisoire,,

    Daily Discharge (m3/s) (PARAM = 1) and Daily Water Level (m) (PARAM = 2)
     ID,PARAM,Date,Value,SYM
    08MF005,1,2000/01/01,1080,

- Names come twice: the second Grade, Symbol and QA/QC are those of the discharge. QA/QC 1 is preliminary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.signatures._lines import agreed, header_in
from rnnforecast.data.table import About, Flagged

DATAMART = r'"? *ID"?, *"?Date"?,.*(?:Water Level|Discharge) /'
SERVICE = r'"? *ID"?, *"?Date"?, *"?Parameter */'
EXPORT = r'"? *ID"?, *"?PARAM"?,.*\bValue\b'
PARAMETER, VALUE = "Parameter/Paramètre", "Value/Valeur"
UNITS = {"46": "m", "16": "m", "52": "m", "47": "m3/s", "8": "m3/s", "5": "°C", "18": "mm"}  # of the service
DAILY = {"1": "m3/s", "2": "m"}  # of the export


def learn_datamart(head: str) -> dict[str, Any]:
    """Level and discharge, each with its own QA/QC."""
    names = header_in(head, DATAMART)
    level = [name for name in names if name.startswith("Water Level")]
    flow = [name for name in names if name.startswith("Discharge")]
    return {
        "target": (*level, *flow),
        "titles": tuple((name, name.partition(" /")[0]) for name in level + flow),
        "flags": tuple(
            Flagged(f"{codes}{nth}", (name,), provisional=("1",), estimated=("E",))
            for name, nth in zip(level + flow, ("", " (2)"), strict=False)
            for codes in ("QA/QC", "Symbol / Symbole")
        ),
    }


def survey_service(lines: Iterable[str]) -> dict[str, Any]:
    """The unit, where all rows are of one parameter or of parameters with the same."""
    return {"units": ((VALUE, agreed(lines, SERVICE, PARAMETER, lambda code: UNITS.get(code, ""))),)}


def survey_export(lines: Iterable[str]) -> dict[str, Any]:
    return {"units": (("Value", agreed(lines, EXPORT, "PARAM", lambda code: DAILY.get(code, ""))),)}


service = Signature(
    title="ECCC Water Office",
    marks=(rf"^{SERVICE}", r"Value */ *Valeur"),
    cut=Cut(separator=",", header=SERVICE),
    about=About(
        time="Date",
        id=("ID", PARAMETER),
        target=(VALUE,),
        flags=(
            Flagged("Approval/Approbation", (VALUE,), provisional=("Provisional/Provisoire",)),
            Flagged("Symbol/Symbole", (VALUE,), estimated=("E",)),
        ),
    ),
    survey=survey_service,
)
export = Signature(
    title="ECCC Water Office, daily",
    marks=(rf"^{EXPORT}", r"\bPARAM\b.*\bDate\b.*\bSYM\b"),
    cut=Cut(separator=",", header=EXPORT, ragged=True),
    about=About(
        time="Date", id=("ID", "PARAM"), target=("Value",), flags=(Flagged("SYM", ("Value",), estimated=("E",)),)
    ),
    survey=survey_export,
)
signature = Signature(
    title="ECCC real-time hydrometric",
    marks=(rf"^{DATAMART}", r"Niveau d'eau|D.{1,3}bit"),
    cut=Cut(separator=",", header=DATAMART, twice=True),
    about=About(time="Date", id=("ID",)),
    learn=learn_datamart,
    also=(service, export),
)
