"""InfluxDB annotated CSV: what Flux queries answer, several tables below each other.

    #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string
    #group,false,false,true,true,false,false,true,true,true
    #default,_result,,,,,,,,
    ,result,table,_start,_stop,_time,_value,_field,_measurement,station
    ,,0,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T00:15:00Z,1.5,level,river,a

- The time is _time: _start and _stop bound the query. The first column holds annotations only.
- Series are told apart by measurement, field and tags, as far as they vary; one at least.
- Tables of other tags have a header of their own; what a table lacks is "-" in its rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from rnnforecast.data.signatures import Cut, Signature, Texts
from rnnforecast.data.signatures._rows import varying
from rnnforecast.data.table import About

HEADER = r",result,table,(?=.*\b_time\b)"
NO_LABEL = "-"
OWN = ("", "column 1", "result", "table", "_start", "_stop", "_time", "_value")  # columns that are no labels
FIRST = ("_measurement", "_field")  # in an id


def survey(lines: Iterable[str]) -> dict[str, Any]:
    """The labels that tell series apart, over all tables."""
    words: dict[str, set[str]] = {}
    tables: list[dict[str, int]] = []
    kinds: list[str] = []
    for row in csv.reader(lines):
        if row[:1] == ["#datatype"]:
            kinds = row
        elif row[1:3] == ["result", "table"]:
            tables.append(labels_in(row, kinds))
        elif tables and row and not row[0].startswith("#"):
            for name, place in tables[-1].items():
                words.setdefault(name, set()).update(row[place : place + 1])
    for name in words:
        words[name] |= {NO_LABEL for table in tables if name not in table}
    return {"id": varying({name: words[name] for name in sorted(words, key=lambda name: (*FIRST, name).index(name))})}


def labels_in(header: list[str], kinds: list[str]) -> dict[str, int]:
    """The places of measurement, field and tags: texts that are neither a value nor InfluxDB's own."""
    typed = kinds if len(kinds) == len(header) else ["string"] * len(header)
    return {
        name: i
        for i, (name, kind) in enumerate(zip(header, typed, strict=True))
        if name not in OWN and kind == "string"
    }


def tidy(columns: Texts) -> Texts:
    """Labels that a table lacks are «-», so that they may be part of an id."""
    return {name: cells if name in OWN else [cell or NO_LABEL for cell in cells] for name, cells in columns.items()}


signature = Signature(
    title="InfluxDB annotated CSV",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=",", header=HEADER, comment="#", stacked=True),
    about=About(time="_time", target=("_value",), aside=("^(result|table|column 1)$",)),
    survey=survey,
    tidy=tidy,
    refuse=((r"^,error,reference\s*^,([^\n]{1,200})", r"an error message of InfluxDB instead of data: \1", ""),),
)
