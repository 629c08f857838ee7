"""The rows of the accuracy table, as data: which file, which protocol, which settings the protocol dictates.

Nothing here is tuned: horizon, targets, split, covariates, and a look-back of 720 where the protocol leaves it free.
Everything else is what `preset="best"` finds by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ETT = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
DAYMET = ["prcp", "srad", "tmax", "tmin", "vp"]
AT_LA_JOLLA = ["wind_speed_mps", "wind_dir_deg", "air_temp_c", "pressure_hpa"]
WINDOWS = {96: 2785, 192: 2689, 336: 2545, 720: 2161}  # of the ETT test part, by horizon
SQUARES = {"loss": "mse"}  # where the row is judged by RMSE, the mean is asked for
BY_TIME = (0.1, 0.2)  # validation and test, as shares of the rows; the first 70 % train


@dataclass(frozen=True)
class Row:
    """One row. `protocol` is the module that scores it, `data` the table(s) of data.py, `split` validation and test.

    split: shares of the rows below 1, numbers of rows from 1 on. facts: what the protocol wants to know besides.
    """

    name: str
    protocol: str
    data: tuple[str, ...]
    settings: Mapping[str, Any]
    split: tuple[float, float] = BY_TIME
    facts: Mapping[str, Any] = field(default_factory=dict)


def ltsf(data: str, horizon: int) -> Row:
    """ETT: 8640 rows train, 2880 validate, 2880 test; every window of the test part."""
    settings = {"target": ETT, "horizon": horizon, "lookback": 720}
    return Row(f"{data}-{horizon}", "ltsf", (data,), settings, (2880, 2880), {"windows": WINDOWS[horizon]})


def tide(name: str, data: str, target: str, lat: float, cm: float, **covariates: Any) -> Row:
    """One gauge: 72 hours from one model, judged at 6, 24 and 72; an origin every 6 hours. `cm` in a unit of it."""
    facts = {"leads": (6, 24, 72), "stride": 6, "lat": lat, "cm": cm}
    settings = {"target": [target], "horizon": 72, **SQUARES, **covariates}
    return Row(f"tide-{name}", "tides", (data,), settings, facts=facts)


def river(name: str, data: str, target: str, leads: tuple[int, ...], stride: int = 1, **covariates: Any) -> Row:
    """One river, judged at three leads, from every origin unless a stride is given."""
    settings = {"target": [target], "horizon": max(leads), **SQUARES, **covariates}
    return Row(f"river-{name}", "rivers", (data,), settings, facts={"leads": leads, "stride": stride})


DAILY, HOURLY = (1, 3, 7), (1, 6, 24)
SEVERN = ("severn", "discharge_spec", DAILY)
LIST = (
    *(ltsf(name, horizon) for name in ("etth1", "etth2") for horizon in (96, 192, 336, 720)),
    Row("fev-ett1h", "fev", ("etth1-whole", "etth2-whole"), {"target": ETT, "horizon": 168, "lookback": 720},
        (0.15, 3360), {"windows": 20, "snaive": 1.3227}),
    # The test part of M4 is a file of its own: what train sets aside for itself is as short as it may be.
    Row("m4-hourly", "m4", ("m4-train", "m4-test"), {"target": ["value"], "id": ["id"], "time": "time", "horizon": 48,
        "validation": "96", "test": "48"}, facts={"snaive": (13.912, 1.193)}),
    Row("sunspots", "extras", ("sunspots",), {"target": ["sunspots"], "horizon": 12}, facts={"season": 132}),
    Row("exchange", "extras", ("exchange",), {"target": [f"rate{i}" for i in range(8)], "horizon": 96}, (0.2, 0.2),
        {"season": 7}),
    Row("taylor", "extras", ("taylor",), {"target": ["demand_mw"], "horizon": 48}, facts={"season": 336}),
    tide("lajolla", "lajolla", "water_level_m", 32.867, 100),
    tide("portkembla", "portkembla", "SeaLevel", -34.474, 100),
    tide("hillarys", "hillarys", "SeaLevel", -31.826, 100),
    tide("esperance", "esperance", "SeaLevel", -33.871, 100),
    tide("vlissingen", "vlissingen", "level_cm_NAP", 51.442, 1),
    tide("lajolla-weather", "lajolla", "water_level_m", 32.867, 100, past=AT_LA_JOLLA),
    tide("esperance-neighbour", "esperance", "SeaLevel", -33.871, 100, past=["hillarys"]),
    river("kenduskeag", "kenduskeag", "cfs", HOURLY, past=["precip", "temp"]),
    river("kenduskeag-rain-ahead", "kenduskeag", "cfs", HOURLY, future=["precip", "temp"]),
    river("piscataquis", "piscataquis", "runoff_mm", DAILY, past=DAYMET),
    river("piscataquis-rain-ahead", "piscataquis", "runoff_mm", DAILY, future=DAYMET),
    river("severn", *SEVERN, past=["precipitation", "peti"]),
    river("severn-rain-ahead", *SEVERN, future=["precipitation", "peti"]),
    river("severn-upstream", *SEVERN, past=["precipitation", "peti", "at_54001", "at_54095"]),
    river("plumtree", "plumtree", "stage_ft", (4, 24, 96), stride=4),
)  # fmt: skip
ROWS = {row.name: row for row in LIST}

# Rows that are made of others: nothing is trained for them, the geometric mean of their ratios is taken.
SUMMARIES = {
    "tide": ("tide-lajolla", "tide-portkembla", "tide-hillarys", "tide-esperance", "tide-vlissingen"),
    "river": ("river-kenduskeag", "river-piscataquis", "river-severn"),
    "river-rain-ahead": ("river-kenduskeag-rain-ahead", "river-piscataquis-rain-ahead", "river-severn-rain-ahead"),
}
