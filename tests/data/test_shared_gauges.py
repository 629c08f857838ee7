"""Real gauge files, where they are at hand: as the agency wrote them, with at most the flag that the error names.

The facts that they are held to were computed with pandas by whoever collected them: PROVENANCE.md in each folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import Loaded, load
from rnnforecast.data.zones import local_time

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the collection of real gauge files is not here")


@dataclass(frozen=True)
class Gauge:
    """One real file: what it must be taken for. `facts`: its heading and its column in PROVENANCE.md."""

    path: str
    facts: tuple[str, str]
    looks_like: str = ""
    step: str = "1 h"
    zone: str = ""
    unit: str = ""
    flags: tuple[tuple[str, Any], ...] = ()
    series: str = ""
    extra: int = 0  # missing values beyond those of PROVENANCE, which masks or counts otherwise


def t(name: str) -> tuple[tuple[str, Any], ...]:
    return (("target", (name,)),)


TIDES = "tide_bom_australia_hourly_2012_2014"
GAUGES = [
    Gauge("anomaly_lro_logan_river_15min/FranklinBasin2020.csv", ("FranklinBasin2020.csv", "stage"), "", "15 min",
          flags=t("stage")),
    Gauge("anomaly_nab/ambient_temperature_system_failure.csv", ("ambient_temperature_system_failure.csv", "value")),
    Gauge("anomaly_nab/machine_temperature_system_failure.csv", ("machine_temperature_system_failure.csv", "value"),
          step="5 min", flags=(("duplicates", "first"),)),
    Gauge("bench_ett/ETTh1.csv", ("ETTh1.csv", "OT"), flags=t("OT")),
    Gauge("bench_ili_us/ILINet.csv", ("main file", "% WEIGHTED ILI"), step="1 week", flags=t("% WEIGHTED ILI")),
    Gauge("flood_camels_gb_severn_daily/severn_54001.converted.csv", ("54001", "discharge_spec"), step="1 day"),
    Gauge("flood_camels_us_piscataquis_01031500_daily/01031500_05_model_output.txt", ("obs", "OBS_RUN"),
          "CAMELS-US model output", "1 day", unit="mm/day"),
    Gauge("flood_camels_us_piscataquis_01031500_daily/01031500_lump_cida_forcing_leap.txt", ("forcing", "prcp"),
          "CAMELS-US forcing", "1 day", unit="mm/day", flags=t("prcp(mm/day)")),
    Gauge("flood_usgs_kenduskeag_me_01037000_hourly/keag_small.csv", ("main file", "65565_00065"), "USGS CSV",
          zone="-04:00", unit="ft", series="01037000"),
    Gauge("flood_usgs_shenandoah_va_daily/shenandoah_dv_2008_2018.parquet", ("main file", "USGS:01632000:00060:00003"),
          step="1 day", zone="UTC", flags=t("USGS:01632000:00060:00003")),
    Gauge("messy_ndbc_buoy/46097.txt", ("46097.txt", "ATMP"), "NDBC", "10 min", "UTC", "°C", t("ATMP")),
    Gauge("messy_noaa_coops_storms_6min/CO-OPS__8729108__wl.csv", ("CO-OPS__8729108__wl.csv", "Water Level"),
          "NOAA CO-OPS", "6 min"),
    Gauge("messy_usgs_rdb/waterdata_multivariable_threemile.rdb",
          ("waterdata_multivariable_threemile.rdb", "15549_00065"), "USGS RDB", "15 min", "-08:00", "ft",
          series="11337080"),
    *(Gauge(f"{TIDES}/{name}.converted.csv", (name, "SeaLevel")) for name in ("Esperance", "Hillarys", "PortKembla")),
    *(Gauge(f"tide_dfo_canada_hourly/{name}.csv", (f"{name}.csv", "slev"), "DFO tide gauge", zone="-08:00", unit="m")
      for name in ("wlev_7120_31-Dec-2010_02-Jan-2012", "wlev_7277_31-Dec-2010_02-Jan-2012",
                   "wlev_7277_31-Dec-2011_02-Jan-2013")),
    Gauge("tide_rws_netherlands_hourly/VLISSGN_obs19.txt", ("VLISSGN_obs19.txt", "level_cm_NAP"),
          "Rijkswaterstaat DIA", zone="+01:00", unit="cm", series="VLISSGN"),
    Gauge("tide_rws_netherlands_hourly/VLISSGN_obs19.converted.csv.gz", ("VLISSGN_obs19.txt", "level_cm_NAP"),
          unit="cm"),
    Gauge("weather_eccc_messy_exports/met_6358_hourly_2003_09_01.csv",
          ("met_6358_hourly_2003_09_01.csv", "Temp (°C)"), "ECCC weather", unit="°C", flags=t("Temp (°C)")),
    Gauge("weather_melbourne_mintemp_daily/daily-min-temperatures.csv", ("main file", "Temp"), step="1 day"),
    Gauge("weather_nyc_2013_hourly/weather.csv", ("JFK", "temp"), zone="UTC", flags=t("temp"), series="JFK"),
    Gauge("weather_seattle_daily/weather.csv", ("Seattle", "temp_max"), step="1 day", flags=t("temp_max"),
          series="Seattle"),
]  # fmt: skip


def facts_of(gauge: Gauge) -> dict[str, Any]:
    """rows, first, last, missing stamps, and nan share, min, max of the column, as PROVENANCE.md has them."""
    text = (DATA / gauge.path).parent.joinpath("PROVENANCE.md").read_text(encoding="utf-8")
    heading, column = gauge.facts
    block = re.search(rf"^- {re.escape(heading)}: (.*\n(?:    - .*\n)*)", text, re.MULTILINE)
    assert block, heading
    extent = r"rows (\d+), (\S+ \S+) \.\. (\S+ \S+), step .*?missing stamps (\d+).*?duplicate stamps (\d+)"
    spread = rf"^    - {re.escape(column)}: nan ([\d.]+)%  min (\S+)  mean \S+  max (\S+)"
    head, own = re.match(extent, block[1]), re.search(spread, block[1], re.MULTILINE)
    assert head, block[1]
    assert own, block[1]
    rows, missing, repeated = int(head[1]), int(head[4]), int(head[5])
    return {
        "first": head[2], "last": head[3], "grid": rows - repeated + missing, "absent": missing,
        "nan": float(own[1]) / 100 * rows, "rows": rows, "min": float(own[2]), "max": float(own[3]),
    }  # fmt: skip


def read(gauge: Gauge) -> Loaded:
    return load([str(DATA / gauge.path)], DataFlags(**dict(gauge.flags)))


@pytest.mark.parametrize("gauge", [pytest.param(g, id=Path(g.path).name) for g in GAUGES])
def test_a_real_file_loads_as_what_it_is(gauge: Gauge) -> None:
    result, facts = read(gauge), facts_of(gauge)
    panel, layout = result.panel, result.layout
    assert (layout.looks_like, panel.step.text(), layout.zone) == (gauge.looks_like, gauge.step, gauge.zone)
    assert layout.units == (gauge.unit,)
    s = panel.ids.index(gauge.series or "series")
    rows = np.arange(panel.offsets[s], panel.cutoff[s] + 1)
    stamps = local_time(panel.times(rows[[0, -1]]), panel.zone).astype("datetime64[s]")
    assert [str(stamp).replace("T", " ") for stamp in stamps] == [facts["first"], facts["last"]]
    assert len(rows) == facts["grid"]
    values = panel.values[rows, 0].astype(np.float64) + panel.base[s, 0]
    observed = values[~np.isnan(values)]
    assert observed.min() == pytest.approx(facts["min"], rel=6e-4, abs=1e-3)
    assert observed.max() == pytest.approx(facts["max"], rel=6e-4, abs=1e-3)
    holes = int(np.isnan(values).sum()) - facts["absent"]
    assert abs(holes - facts["nan"]) <= 1e-4 * facts["rows"] + 0.5


def test_two_ways_of_writing_one_gauge_give_the_same_values() -> None:
    folder = DATA / "tide_rws_netherlands_hourly"
    dia, csv = (load([str(folder / f"VLISSGN_obs19.{end}")], DataFlags()).panel for end in ("txt", "converted.csv.gz"))
    np.testing.assert_array_equal(dia.values + dia.base[0], csv.values + csv.base[0])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("messy_usgs_rdb/waterservices_peaks.txt", "annual peaks"),
        ("tide_noaa_lajolla_ca_9410230/CO-OPS_9410230_from_20170801_to_20180731_met.csv", "several columns"),
        ("anomaly_nab/machine_temperature_system_failure.csv", "met before with other values"),
        ("bench_electricity/taylor.csv", "no time column"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_what_to_type(path: str, message: str) -> None:
    from rnnforecast.errors import DataUnusable

    with pytest.raises(DataUnusable, match=message) as refused:
        load([str(DATA / path)], DataFlags())
    assert refused.value.hint
