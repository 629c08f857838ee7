"""Units out of column names: `discharge_m3s`, `Water Level (ft)`, `x [m]`. A name that tells none has the unit ""."""

from __future__ import annotations

import re

# As written at the end of a name -> as printed.
KNOWN = {
    "m3s": "m3/s", "m3_s": "m3/s", "cms": "m3/s", "cumec": "m3/s", "cumecs": "m3/s", "m³/s": "m3/s", "m3/s": "m3/s",
    "cfs": "ft3/s", "ft3s": "ft3/s", "ft3/s": "ft3/s", "ls": "l/s", "l_s": "l/s", "l/s": "l/s",
    "m": "m", "cm": "cm", "mm": "mm", "km": "km", "ft": "ft", "feet": "ft", "in": "in", "inch": "in", "inches": "in",
    "c": "°C", "degc": "°C", "deg_c": "°C", "celsius": "°C", "°c": "°C", "f": "°F", "degf": "°F", "°f": "°F",
    "k": "K", "kelvin": "K", "hpa": "hPa", "kpa": "kPa", "pa": "Pa", "mbar": "mbar", "mb": "mbar",
    "mps": "m/s", "m_s": "m/s", "ms": "m/s", "m/s": "m/s", "kmh": "km/h", "km/h": "km/h", "kn": "kn", "kt": "kn",
    "kts": "kn", "mph": "mph", "pct": "%", "percent": "%", "%": "%", "deg": "°", "degrees": "°", "mgl": "mg/l",
    "mg/l": "mg/l", "ntu": "NTU", "psu": "PSU", "wm2": "W/m2", "w/m2": "W/m2", "kw": "kW", "mw": "MW", "kwh": "kWh",
    "mwh": "MWh", "mm_h": "mm/h", "mm/h": "mm/h", "mm/day": "mm/day", "mmd": "mm/day", "mm_d": "mm/day",
    "mm_day": "mm/day", "cubic feet per second": "ft3/s", "cubic meters per second": "m3/s", "ft^3/s": "ft3/s",
    "m^3/s": "m3/s", "m³s-1": "m3/s", "feet per second": "ft/s", "ft/s": "ft/s", "meters": "m", "metres": "m",
    "meter": "m", "metre": "m", "degrees celsius": "°C", "deg c": "°C", "degrees fahrenheit": "°F", "deg f": "°F",
    "nmi": "nmi", "sec": "s", "degt": "°", "us/cm": "uS/cm", "µs/cm": "uS/cm", "millimeters": "mm", "centimeters": "cm",
    "masl": "m", "maod": "m", "masd": "m", "mmhg": "mmHg", "10s deg": "10°", "knots": "kn", "miles per hour": "mph",
    "milligrams per liter": "mg/l", "microsiemens per centimeter at 25 degrees celsius": "uS/cm",
}  # fmt: skip


def unit_named(text: str) -> str:
    """A unit as it is printed: «cubic feet per second» is ft3/s; one that is not known stays as it is written."""
    written = str(text).strip(" ()[]")  # a JSON document may hold anything there
    return KNOWN.get(written.lower(), written)


def unit_of(name: str) -> str:
    """The unit in a column name: in brackets, after the last underscore, or between two (level_cm_NAP); "" for none."""
    bracket = re.search(r"[(\[]([^()\[\]]{1,12})[)\]]\s*$", name)
    if bracket:
        return unit_named(bracket[1])
    parts = name.strip().lower().split("_")
    for size in (2, 1):
        ending = "_".join(parts[-size:])
        if len(parts) > size and ending in KNOWN:
            return KNOWN[ending]
    inside = [part for part in parts[1:-1] if len(part) > 1 and part in KNOWN and part not in ("in", "deg", "sec")]
    return KNOWN[inside[-1]] if inside else ""
