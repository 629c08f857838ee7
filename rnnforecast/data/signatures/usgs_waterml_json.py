"""USGS water services in JSON (WaterML 1.1), instantaneous and daily values: one series per site and parameter.

    {"name": "ns1:timeSeriesResponseType", …, "value": {"queryInfo": {…}, "timeSeries": [{
        "sourceInfo": {"siteName": "CHOPTANK RIVER …", "siteCode": [{"value": "01491000", …}], …},
        "variable": {"variableCode": [{"value": "00060", …}], "variableName": "Streamflow, ft&#179;/s",
                     "unit": {"unitCode": "ft3/s"}, "noDataValue": -999999.0, …},
        "values": [{"value": [{"value": "974", "qualifiers": ["A"], "dateTime": "2019-02-14T00:00:00.000-05:00"}, …],
                    "method": [{"methodID": 69512, …}], …}], …}, …]}}

- A series is told by site and parameter; by statistic and method too, where a site has several of one parameter.
- Offsets of times change with daylight saving time; daily values have none.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.signatures._rows import only
from rnnforecast.data.table import About, Flagged

LABELS = ("site", "parameter", "statistic", "method")
Series = tuple[tuple[str, ...], dict[str, Any], list[dict[str, Any]]]


def series_in(document: Any) -> Iterator[Series]:
    """Labels, description and readings of each series that has any."""
    for each in document["value"]["timeSeries"]:
        variable = each["variable"]
        site, parameter = each["sourceInfo"]["siteCode"][0]["value"], variable["variableCode"][0]["value"]
        options = variable.get("options", {}).get("option", [])
        statistic = options[0].get("optionCode", "") if options else ""
        for values in each["values"]:
            method = values.get("method") or [{}]
            if values["value"]:
                yield (site, parameter, statistic, str(method[0].get("methodID", ""))), each, values["value"]


def unfold(document: Any, _: DataFlags) -> Columns:
    columns: dict[str, list[Any]] = {name: [] for name in (*LABELS, "dateTime", "value", "qualifiers")}
    for labels, _each, readings in series_in(document):
        for name, label in zip(LABELS, labels, strict=True):
            columns[name] += [label] * len(readings)
        columns["dateTime"] += [reading["dateTime"] for reading in readings]
        columns["value"] += [reading["value"] for reading in readings]
        columns["qualifiers"] += [",".join(reading.get("qualifiers", ())) for reading in readings]
    return columns


def learn(document: Any) -> dict[str, Any]:
    """What tells series apart, the station and unit where there is one, and the numbers that mean no data."""
    every = list(series_in(document))
    variables = [each["variable"] for _, each, _ in every]
    stations = {f"{labels[0]} {html.unescape(each['sourceInfo']['siteName'])}" for labels, each, _ in every}
    units = sorted({v["unit"]["unitCode"] for v in variables})
    return {
        "id": LABELS[: depth({labels for labels, _, _ in every})],
        "station": only(stations),
        "units": (("value", only(units)),),
        "titles": (("value", only({html.unescape(v["variableName"]) for v in variables})),),
        "missing": tuple(sorted({f"{v['noDataValue']:g}" for v in variables if "noDataValue" in v})),
        "notes": (f"its series are of different units: {', '.join(units)}",) if len(units) > 1 else (),
    }


def depth(series: set[tuple[str, ...]]) -> int:
    """How many labels it takes to tell these series apart, two at least."""
    return next(
        count for count in range(2, 5) if len({labels[:count] for labels in series}) == len(series) or count == 4
    )


signature = Signature(
    title="USGS water services JSON",
    marks=(r'"name"\s*:\s*"ns1:timeSeriesResponseType"', r'"timeSeries"\s*:'),
    parser="document",
    about=About(
        time="dateTime",
        target=("value",),
        aside=(f"^({'|'.join(LABELS)})$",),
        flags=(Flagged("qualifiers", ("value",), provisional=("P",), estimated=("e",)),),
    ),
    learn=learn,
    unfold=unfold,
)
