"""What USGS files of any layout have in common: parameter codes, and how columns are named after them. No signature."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnforecast.data.table import Flagged

GAGE_HEIGHT, DISCHARGE, MEAN = "00065", "00060", "00003"
# The commonest parameters: title and unit, where the file tells neither.
PARAMETERS = {
    GAGE_HEIGHT: ("Gage height", "ft"), DISCHARGE: ("Discharge", "ft3/s"), "00010": ("Water temperature", "°C"),
    "00045": ("Precipitation", "in"), "00095": ("Specific conductance", "uS/cm"), "00300": ("Dissolved oxygen", "mg/l"),
    "63680": ("Turbidity", "FNU"), "72255": ("Mean water velocity", "ft/s"), "72019": ("Depth to water level", "ft"),
    "30208": ("Discharge", "m3/s"), "30207": ("Gage height", "m"),
}  # fmt: skip
# 15549_00065, 68479_00060_00003, 01_00060 (only numbers of two digits start with a zero), 00060_Mean (Python),
# X_00060_00003 (R, which also renames them).
VALUE = re.compile(r"(?:X_|\d\d_|[1-9]\d*_(?=\d{5}))?(?P<parameter>\d{5})(?:_(?P<statistic>\d{5}|[A-Z][A-Za-z]*))?")
RENAMED = {"cfs": DISCHARGE, "Flow": DISCHARGE, "Flow_Inst": DISCHARGE, "GH": GAGE_HEIGHT, "GH_Inst": GAGE_HEIGHT}


def parameter(name: str) -> str:
    """«00065» of a column of values, and of the column of codes beside it; "" for any other."""
    name = name.removesuffix("_cd")
    match = VALUE.fullmatch(name)
    return match["parameter"] if match else RENAMED.get(name, "")


def values_in(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if parameter(name) and not name.endswith("_cd"))


def targets_in(names: Sequence[str]) -> tuple[str, ...]:
    """Columns of gage height, then of discharge, a daily mean before the extremes of the day."""

    def rank(name: str) -> tuple[bool, bool]:
        match = VALUE.fullmatch(name)
        return parameter(name) != GAGE_HEIGHT, match is not None and match["statistic"] not in (None, MEAN, "Mean")

    return tuple(sorted((name for name in values_in(names) if parameter(name) in (GAGE_HEIGHT, DISCHARGE)), key=rank))


def flags_in(names: Sequence[str]) -> tuple[Flagged, ...]:
    """The columns of codes, each with the values that it speaks of: those before it in name or of its parameter."""
    codes = [name for name in names if name.endswith("_cd") and parameter(name)]
    spoken_of = {code: [n for n in values_in(names) if n == code[:-3] or alone(n, code, names)] for code in codes}
    return tuple(
        Flagged(code, tuple(values), provisional=("P", "Pe"), estimated=("e", "Ae", "Pe"))
        for code, values in spoken_of.items()
    )


def alone(name: str, code: str, names: Sequence[str]) -> bool:
    """Whether values without codes of their own are of the parameter that the codes are of."""
    return f"{name}_cd" not in names and parameter(name) == parameter(code)
