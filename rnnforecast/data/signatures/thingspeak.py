"""ThingSpeak: the feed of a channel, as CSV or JSON.

    created_at,entry_id,field1,field2,latitude,longitude,elevation,status
    2014-01-31 00:00:00 UTC,1,2.41,18.5,,,,

    {"channel":{"id":9,"name":"my_house","field1":"Light",…},"feeds":[{"created_at":"…Z","entry_id":1,"field1":"2.41"},…]}

- Entries are counted in entry_id, which is never the target. A field that an entry lacks is empty there.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Cut, Signature
from rnnforecast.data.signatures._rows import by_name
from rnnforecast.data.table import About

ABOUT = About(time="created_at", aside=("^entry_id$", "^(latitude|longitude|elevation|status)$"))
HEADER = r"created_at,(?:entry_id,)?(?=.*\bfield\d\b)"


def unfold(document: Any, _: DataFlags) -> Columns:
    return by_name(document["feeds"])


def learn(document: Any) -> dict[str, Any]:
    """What the channel calls itself and its fields."""
    channel = document["channel"]
    return {
        "station": " ".join(str(channel[key]) for key in ("id", "name") if key in channel),
        "titles": tuple((name, str(title)) for name, title in channel.items() if name.startswith("field")),
    }


signature = Signature(
    title="ThingSpeak",
    marks=(rf"^{HEADER}",),
    cut=Cut(separator=",", header=HEADER),
    about=ABOUT,
    also=(
        Signature(
            title="ThingSpeak JSON",
            marks=(r'\A\s*\{\s*"channel"\s*:', r'"feeds"\s*:\s*\[', r'"entry_id"\s*:'),
            parser="document",
            about=ABOUT,
            learn=learn,
            unfold=unfold,
        ),
    ),
)
