"""Cells of times that no clock writes, as dates. Shared by signatures; not one itself."""

from __future__ import annotations

import re

_DECIMAL_YEAR = re.compile(r"(\d{4})(\.\d{2,})")
_SLACK = 0.02  # of a month: what rounding to three decimals may take from the first of a month


def month_of(cell: str) -> str:
    """«1950-01» of the decimal year 1950.0417 (mid-January) or 1950.0000 (its first day); anything else as it is."""
    match = _DECIMAL_YEAR.fullmatch(cell.strip())
    if not match:
        return cell
    return f"{match[1]}-{int(float(match[2]) * 12 + _SLACK) + 1:02d}"


def four_digit_year(cell: str) -> str:
    """«1998» of 98: agencies wrote two digits in the last century only."""
    return f"19{cell}" if len(cell) == 2 and cell.isdecimal() else cell
