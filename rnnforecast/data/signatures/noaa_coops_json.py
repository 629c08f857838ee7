"""NOAA CO-OPS, tides and currents: the JSON of its API, observations and predictions.

    {"metadata":{"id":"8454000","name":"Providence","lat":"41.8071","lon":"-71.4012"},
     "data": [{"t":"2026-09-29 14:06","v":"1.2","s":"0.003","f":"0,0,0,0","q":"p"}, …]}

    { "predictions" : [ {"t":"2026-09-29 10:52","v":"-0.301"}, …]}

- Values are texts; an empty one is missing. Wind has no "v": its "s" is the speed, which is sigma elsewhere.
- Zone, unit and datum are parameters of the request: the file does not tell them.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.signatures._rows import by_name
from rnnforecast.data.table import About, Flagged

START = r'\A\s*\{\s*"(?:metadata|data|predictions)"\s*:'
ROW = r'\{[^{}]*"t"\s*:\s*"\d{4}-\d\d-\d\d \d\d:\d\d"[^{}]*\}'
HIGH_OR_LOW = r'\{[^{}]*"t"\s*:[^{}]*"(?:type|ty)"\s*:\s*"(?:H|L|HH|LL) *"'
IRREGULAR = "a list of high and low waters, which stand at no regular times; expected a series"


def unfold(document: Any, _: DataFlags) -> Columns:
    return by_name(document["data"] if "data" in document else document["predictions"])


def learn(document: Any) -> dict[str, Any]:
    """The station, and whether "s" is a speed."""
    metadata = document.get("metadata", {})
    rows = document["data"] if "data" in document else document["predictions"]
    level = "v" in rows[0]
    return {
        "station": " ".join(str(metadata[key]) for key in ("id", "name") if key in metadata),
        "target": ("v",) if level else ("s",),
        "aside": ("^[sfq]$",) if level else ("^[dgf]$",),
        "titles": (("v", "Prediction"),) if "predictions" in document else () if level else (("s", "Speed"),),
    }


signature = Signature(
    title="NOAA CO-OPS JSON",
    marks=(START, ROW),
    parser="document",
    about=About(time="t", flags=(Flagged("q", ("v",), provisional=("p",)),)),
    learn=learn,
    unfold=unfold,
    refuse=(
        (
            r'\A\s*\{\s*"error"\s*:\s*\{\s*"message"\s*:\s*"\s*([^"\n]{1,200})',
            r"an error message instead of data: \1",
            "ask NOAA again for another station, product or time",
        ),
        (
            START + r'(?:\s*\{[^{}]*\}\s*,\s*"data"\s*:)?\s*\[\s*' + HIGH_OR_LOW,
            f"{IRREGULAR}, from NOAA",
            "ask for interval=h, or leave interval out",
        ),
    ),
)
