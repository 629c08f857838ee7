"""Prometheus: the JSON of a range query.

    {"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"river_level_m","instance":"pi:9100","job":"gauge"},
         "values":[[1690724237.225,"29046776"],…]}]}}

- Values are texts, NaN among them. What tells series apart are the labels that vary, one at least.
- Times of a query start where it was asked: the same part of a second in all of them is left out, and said to be.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.signatures._rows import varying
from rnnforecast.data.table import About

NO_LABEL = "-"  # what a series that lacks a label has in its column
HINT = "ask /api/v1/query_range, with start, end and step"


def series_in(document: Any) -> list[dict[str, Any]]:
    return [each for each in document["data"]["result"] if each.get("values")]


def labels_in(document: Any) -> dict[str, list[str]]:
    """The words of each label, one for each series; the labels are named so that no column has two meanings."""
    every = series_in(document)
    names = dict.fromkeys(name for each in every for name in each["metric"])
    return {
        f"{name} (label)" if name in ("time", "value") else name: [each["metric"].get(name, NO_LABEL) for each in every]
        for name in names
    }


def part_of_second(document: Any) -> int | None:
    """The milliseconds beyond the second that all times have; None where they differ."""
    parts = {round(time * 1000) % 1000 for each in series_in(document) for time, _ in each["values"]}
    return parts.pop() if len(parts) == 1 else None


def unfold(document: Any, _: DataFlags) -> Columns:
    every = series_in(document)
    times = [time for each in every for time, _ in each["values"]]
    lengths = [len(each["values"]) for each in every]
    labels = {
        name: [word for word, length in zip(words, lengths, strict=True) for _ in range(length)]
        for name, words in labels_in(document).items()
    }
    whole = part_of_second(document) is not None
    return {
        "time": [round(time * 1000) // 1000 for time in times] if whole else times,
        "value": [value for each in every for _, value in each["values"]],
        **labels,
    }


def learn(document: Any) -> dict[str, Any]:
    part = part_of_second(document)
    note = f"all times have {part / 1000:g} s beyond the second: left out" if part else ""
    return {"id": varying(labels_in(document)), "notes": (note,) if note else ()}


signature = Signature(
    title="Prometheus",
    marks=(r'"resultType"\s*:\s*"matrix"', r'"result"\s*:\s*\['),
    parser="document",
    about=About(time="time", target=("value",)),
    learn=learn,
    unfold=unfold,
    refuse=(
        (
            r'"resultType"\s*:\s*"(vector|scalar|string)"',
            r"a Prometheus answer of kind \1, which holds one instant; expected a matrix",
            HINT,
        ),
        (
            r'\A\s*\{\s*"status"\s*:\s*"error"[^{}]*"error"\s*:\s*"([^"\n]{1,200})',
            r"an error message of Prometheus instead of data: \1",
            HINT,
        ),
    ),
)
