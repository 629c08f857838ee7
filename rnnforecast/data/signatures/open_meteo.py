"""Open-Meteo CSV (weather models and reanalysis), one location or several.

    latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation
    40.73,-74.04,27.0,-14400,America/New_York,GMT-4

    time,temperature_2m (°C),precipitation (mm)
    2024-01-01T00:00,4.2,0.00

- The one offset of the metadata holds for all rows, winter and summer: the zone named beside it would be wrong for half
  of them. Locations of different offsets are refused.
- Several locations have the column location_id in both tables.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About
from rnnforecast.data.zones import offset_text

METADATA = r"^(?:location_id,)?latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation"
TABLE = r"(?:location_id,)?time,"
OFFSET = r"(?:[^,\n]+,){4}"  # what stands before it in the row of a location


def learn(head: str) -> dict[str, Any]:
    """The offset of all locations, the id column, and where a single location lies."""
    lines = head.split("\n\n", 1)[0].strip().splitlines()
    names = lines[0].split(",")
    places = [dict(zip(names, line.split(","), strict=False)) for line in lines[1:]]
    first = places[0] if places else {}
    several = "location_id" in names
    return {
        "id": ("location_id",) if several else (),
        "zone": offset_text(int(first["utc_offset_seconds"]), "UTC") if "utc_offset_seconds" in first else "",
        "station": "" if several else ", ".join(first.get(name, "") for name in ("latitude", "longitude")),
    }


signature = Signature(
    title="Open-Meteo",
    marks=(METADATA, "^" + TABLE),
    cut=Cut(separator=",", header=TABLE),
    about=About(time="time", aside=(r"^weather_?code\b", r"^is_day\b")),
    learn=learn,
    refuse=(
        (
            METADATA + rf"[\s\S]*^{TABLE}[\s\S]*^{TABLE}",
            "an Open-Meteo file of several tables (current, hourly, daily); expected one",
            "ask for hourly= or daily= alone; format=csv",
        ),
        (
            METADATA + rf".*\n(?:.+\n){{0,200}}?{OFFSET}(-?\d+),.*\n(?:.+\n){{0,200}}?{OFFSET}(?!\1,)-?\d+,",
            "Open-Meteo locations of different UTC offsets; expected one for all",
            "ask Open-Meteo for timezone=GMT",
        ),
    ),
)
