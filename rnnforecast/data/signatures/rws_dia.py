"""Rijkswaterstaat DIA and WIA files (Netherlands); `formats/dia.py` shows and reads them.

    [IDT;*DIF*;A;CENT;20190213]
    [W3H]

- Times are MET, one hour ahead of UTC all year. Quality 25 is interpolated, 99 missing, as is 999999999.
"""

from __future__ import annotations

from rnnforecast.data.signatures import Signature

signature = Signature(
    title="Rijkswaterstaat DIA",
    marks=(r"\A\s*\[(?:IDT;\*[DW]IF\*|W3H\])", r"^\[WRD\]"),
    parser="dia",
)
