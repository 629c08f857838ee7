"""Open-Meteo JSON (weather models and reanalysis), one location or several.

    {"latitude":40.71,"longitude":-74.0,"generationtime_ms":0.1,"utc_offset_seconds":-14400,
     "timezone":"America/New_York","timezone_abbreviation":"GMT-4","elevation":27.0,
     "hourly_units":{"time":"iso8601","temperature_2m":"°C"},
     "hourly":{"time":["2026-01-01T00:00",…],"temperature_2m":[4.2,…]}}

- The one offset holds for all rows, winter and summer: the zone named beside it would be wrong for half of them.
- Several locations are an array of such objects. Of several tables in one file the hourly one is read.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.table import About, CellError
from rnnforecast.data.zones import offset_text

FINEST = ("hourly", "minutely_15", "daily")


def places_in(document: Any) -> list[dict[str, Any]]:
    return document if isinstance(document, list) else [document]


def tables_in(place: dict[str, Any]) -> list[str]:
    """The names of the tables of a location, the one to read first."""
    names = [name for name, table in place.items() if isinstance(table, dict) and isinstance(table.get("time"), list)]
    return sorted(names, key=lambda name: (name not in FINEST, FINEST.index(name) if name in FINEST else 0))


def unfold(document: Any, _: DataFlags) -> Columns:
    places = places_in(document)
    tables = [place[tables_in(place)[0]] for place in places]
    columns = {name: [value for table in tables for value in table[name]] for name in tables[0]}
    if len(places) == 1:
        return columns
    ids = [
        [str(place.get("location_id", i))] * len(table["time"])
        for i, (place, table) in enumerate(zip(places, tables, strict=True))
    ]
    return {"location_id": [name for each in ids for name in each], **columns}


def learn(document: Any) -> dict[str, Any]:
    """The offset that all locations share, units, the id column, and where a single location lies."""
    places = places_in(document)
    offsets = {place.get("utc_offset_seconds", 0) for place in places}
    if len(offsets) > 1:
        raise CellError(0, "locations of different UTC offsets", "one for all", "ask Open-Meteo for timezone=GMT")
    first, *left_out = tables_in(places[0])
    units = places[0].get(f"{first}_units", {})
    return {
        "id": ("location_id",) if len(places) > 1 else (),
        "zone": offset_text(int(next(iter(offsets))), "UTC"),
        "units": tuple((name, unit) for name, unit in units.items() if name != "time"),
        "station": f"{places[0]['latitude']}, {places[0]['longitude']}" if len(places) == 1 else "",
        "notes": (f"{first} values read, {', '.join(left_out)} ones left out",) if left_out else (),
    }


signature = Signature(
    title="Open-Meteo JSON",
    marks=(r'"generationtime_ms"\s*:', r'"(?:hourly|minutely_15|daily)(?:_units)?"\s*:\s*\{'),
    parser="document",
    about=About(time="time", aside=(r"^weather_?code\b", r"^is_day\b")),
    learn=learn,
    unfold=unfold,
    refuse=(
        (
            r'\A\s*\{\s*(?:"error"\s*:\s*true\s*,\s*)?"reason"\s*:\s*"([^"\n]{1,200})',
            r"an error message instead of data: \1",
            "ask Open-Meteo again",
        ),
    ),
)
