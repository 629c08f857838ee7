"""The archives' own files, where they are at hand, against what a few lines of csv reading count in them."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import load
from tests.data.signatures.expected import SHARED, stamps, values

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the archives' own files are not here")


def test_the_real_buoy_loads_right() -> None:
    path = SHARED / "messy_ndbc_buoy" / "46097.txt"
    result = load([str(path)], DataFlags(target=("PRES",)))
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines[2:] if line.strip()]
    pressure = {f"{r[0]}-{r[1]}-{r[2]}T{r[3]}:{r[4]}Z": float(r[12]) for r in rows if r[12] != "MM"}
    got = {t: v for t, v in zip(stamps(result), values(result), strict=True) if not np.isnan(v)}
    assert got.keys() == pressure.keys()
    np.testing.assert_allclose([got[t] for t in pressure], list(pressure.values()), rtol=1e-6)
    assert (result.layout.looks_like, result.layout.units, result.panel.step.text()) == ("NDBC", ("hPa",), "10 min")


@pytest.mark.parametrize(
    ("name", "flags", "column", "rows"),
    [
        ("01031500_05_model_output.txt", {}, 11, 12510),
        ("01031500_lump_cida_forcing_leap.txt", {"target": ("prcp(mm/day)",)}, 5, 12784),
    ],
)
def test_the_real_basin_loads_right(name: str, flags: dict[str, Any], column: int, rows: int) -> None:
    path = SHARED / "flood_camels_us_piscataquis_01031500_daily" / name
    cells = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    cells = [row for row in cells if len(row) > column and row[0].isdecimal()]
    result = load([str(path)], DataFlags(**flags))
    assert len(cells) == rows
    assert stamps(result) == ["-".join(row[:3]) for row in cells]
    np.testing.assert_allclose(values(result), [float(row[column]) for row in cells], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("path", "time", "target"),
    [
        ("flood_camels_gb_severn_daily/severn_54001.converted.csv", "DatesR", "discharge_spec"),
        ("tide_bom_australia_hourly_2012_2014/Esperance.converted.csv", "DateTime", "SeaLevel"),
    ],
)
def test_converted_archives_load_right_without_a_signature(path: str, time: str, target: str) -> None:
    result = load([str(SHARED / path)], DataFlags())
    with (SHARED / path).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (result.layout.time, result.layout.target, result.layout.looks_like) == (time, (target,), "")
    want = [float(row[target]) if row[target] else np.nan for row in rows]
    np.testing.assert_allclose(values(result), want, rtol=1e-5, atol=1e-6)
