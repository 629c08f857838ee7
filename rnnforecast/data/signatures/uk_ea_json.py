"""Environment Agency (England): readings of the flood-monitoring and hydrology APIs in JSON.

    {"@context": "http://environment.data.gov.uk/flood-monitoring/meta/context.jsonld", "meta": {…}, "items": [
        {"@id": "http://…/data/readings/1491TH-level-stage-i-15_min-mASD/2026-01-01T00-00-00Z",
         "dateTime": "2026-01-01T00:00:00Z", "measure": "http://…/id/measures/1491TH-level-stage-i-15_min-mASD",
         "value": 0.35}, …]}

- A series is a measure, which stands as an address or, in the full view, as an object; newest readings come first.
- Two values in one reading are none.
- Hydrology, as in its CSV: suspect values are missing, unchecked ones provisional; a daily extreme stands for `date`.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.signatures._rows import by_name, only
from rnnforecast.data.signatures.uk_ea import TWO, extremes, hydrology, last_part, unit
from rnnforecast.data.table import About

MARKS = (r'"items"\s*:\s*\[\s*\{', r'"dateTime"\s*:', r'"measure"\s*:')


def address(measure: Any) -> str:
    return str(measure["@id"] if isinstance(measure, dict) else measure)


def unfold(document: Any, _: DataFlags) -> Columns:
    columns = by_name(document["items"])
    columns["measure"] = [last_part(address(measure)) for measure in columns["measure"]]
    columns["value"] = [TWO if isinstance(value, list) else value for value in columns["value"]]
    return columns


def learn(document: Any) -> dict[str, Any]:
    """The unit, where all measures have the same."""
    measures = {address(reading["measure"]) for reading in document["items"]}
    return {"units": (("value", only({unit(measure) for measure in measures})),)}


def learn_hydrology(document: Any) -> dict[str, Any]:
    """Also which of the two times a value stands at."""
    measures = "".join(address(reading["measure"]) for reading in document["items"][:1])
    return {**learn(document), **extremes(f"dateTime,date,measure,value\n{measures}")}


signature = Signature(
    title="Environment Agency flood monitoring JSON",
    marks=(r'"@context"\s*:\s*"[^"]*/flood-monitoring/', *MARKS),
    parser="document",
    about=About(time="dateTime", id=("measure",), target=("value",), missing=(TWO,)),
    learn=learn,
    unfold=unfold,
    also=(
        Signature(
            title="Environment Agency hydrology JSON",
            marks=(r'"@context"\s*:\s*"[^"]*/hydrology/', *MARKS),
            parser="document",
            about=hydrology.about,
            learn=learn_hydrology,
            unfold=unfold,
        ),
    ),
)
