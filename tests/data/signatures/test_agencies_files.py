"""The agencies' own files, where they are at hand, against what csv and pandas count in them."""

from __future__ import annotations

import csv

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.frequency import stamp_text
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SHARED

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the agencies' own files are not here")
MET = "tide_noaa_lajolla_ca_9410230/CO-OPS_9410230_from_20170801_to_20180731_met.csv"
WEATHER = "weather_eccc_messy_exports/met_6358_hourly_2003_09_01.csv"
F64 = npt.NDArray[np.float64]


def read(name: str, *target: str) -> Loaded:
    return load([str(SHARED / name)], DataFlags(target=target))


def values(loaded: Loaded) -> F64:
    return loaded.panel.values[:, 0] + float(loaded.panel.base[0, 0])


def first_and_last(loaded: Loaded) -> list[str]:
    ends = np.array([0, int(loaded.panel.lengths()[0]) - 1])
    return stamp_text(loaded.panel.step.at(loaded.panel.start[:1], ends), loaded.layout)


def on_grid(times: pd.Series, column: pd.Series, step: str) -> F64:
    """The numbers of a column on a regular grid, by pandas."""
    series = pd.Series(pd.to_numeric(column, errors="coerce").to_numpy(), index=pd.DatetimeIndex(times))
    return series.asfreq(step).to_numpy(np.float64)


def same(loaded: Loaded, expected: F64) -> bool:
    return np.allclose(values(loaded), expected, atol=2e-3, equal_nan=True)


def test_noaa_water_levels_of_a_storm() -> None:
    name = "messy_noaa_coops_storms_6min/CO-OPS__8729108__wl.csv"
    loaded, frame = read(name), pd.read_csv(SHARED / name)
    assert same(loaded, on_grid(pd.to_datetime(frame["Date Time"]), frame[" Water Level"], "6min"))
    assert (loaded.layout.looks_like, loaded.layout.zone, loaded.layout.target) == ("NOAA CO-OPS", "", ("Water Level",))
    assert first_and_last(loaded) == ["2018-10-09T00:00", "2018-10-12T00:24"]


def test_noaa_web_page_levels() -> None:
    name = "tide_noaa_lajolla_ca_9410230/CO-OPS_9410230_from_20170801_to_20180731_msl_wl.csv"
    loaded, frame = read(name), pd.read_csv(SHARED / name)
    times = pd.to_datetime(frame["Date"] + " " + frame["Time (GMT)"])
    assert same(loaded, on_grid(times, frame["Verified (ft)"], "h"))
    assert (loaded.layout.target, loaded.layout.units, loaded.layout.zone) == (("Verified (ft)",), ("ft",), "UTC")
    assert not [finding for finding in loaded.findings if finding.code == "provisional"]


def test_noaa_web_page_meteorology() -> None:
    loaded, frame = read(MET, "AT"), pd.read_csv(SHARED / MET, skipinitialspace=True)
    times = pd.to_datetime(frame["DATE TIME"], format="%m/%d/%Y %H:%M")
    assert same(loaded, on_grid(times, frame["AT"], "h"))
    assert loaded.layout.looks_like == "NOAA CO-OPS web export, meteorology"
    with pytest.raises(DataUnusable, match="WINDSPEED, GUSTS, AT, BARO; expected one"):
        read(MET)


def test_usgs_values_of_four_parameters() -> None:
    name = "messy_usgs_rdb/waterdata_multivariable_threemile.rdb"
    with (SHARED / name).open() as file:
        header, _, *rows = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t")
    gage = [float(row[header.index("15549_00065")]) for row in rows]
    loaded = read(name)
    assert np.allclose(values(loaded), gage, atol=1e-4)
    assert (loaded.panel.ids, loaded.layout.target) == (("11337080",), ("15549_00065",))
    assert (loaded.layout.units, loaded.layout.zone) == (("ft",), "-08:00")
    velocity = read(name, "15546_72255")
    assert int(np.isnan(values(velocity)).sum()) == sum(not row[header.index("15546_72255")] for row in rows)
    assert velocity.layout.units == ("ft/s",)


def test_usgs_peaks_are_no_series() -> None:
    with pytest.raises(DataUnusable, match="annual peaks"):
        read("messy_usgs_rdb/waterservices_peaks.txt")


def test_usgs_values_that_pandas_wrote() -> None:
    name = "flood_usgs_kenduskeag_me_01037000_hourly/keag_small.csv"
    loaded, frame = read(name), pd.read_csv(SHARED / name, index_col=0)
    assert same(loaded, on_grid(pd.to_datetime(frame["datetime"]), frame["65565_00065"], "h"))
    assert (loaded.panel.ids, loaded.layout.time) == (("01037000",), "datetime + tz_cd")
    assert first_and_last(loaded) == ["2014-05-01T01:00:00-04:00", "2016-06-23T00:00:00-04:00"]
    assert read(name, "cfs").layout.units == ("ft3/s",)


def test_daily_values_of_hydrofunctions_need_the_target_only() -> None:
    name = "flood_usgs_shenandoah_va_daily/shenandoah_dv_2008_2018.parquet"
    loaded = read(name, "USGS:01632000:00060:00003")
    frame = pd.read_parquet(SHARED / name)
    assert int(np.isnan(values(loaded)).sum()) == int(frame["USGS:01632000:00060:00003"].isna().sum())
    assert loaded.panel.step.text() == "1 day"


@pytest.mark.parametrize("name", ["wlev_7120_31-Dec-2010_02-Jan-2012.csv", "wlev_7277_31-Dec-2010_02-Jan-2012.csv",
                                  "wlev_7277_31-Dec-2011_02-Jan-2013.csv"])  # fmt: skip
def test_canadian_tides(name: str) -> None:
    path = SHARED / "tide_dfo_canada_hourly" / name
    frame = pd.read_csv(path, skiprows=8, names=["time", "level", "nothing"])
    loaded = read(f"tide_dfo_canada_hourly/{name}")
    assert same(loaded, on_grid(pd.to_datetime(frame["time"]), frame["level"], "h"))
    assert (loaded.layout.zone, loaded.layout.units) == ("-08:00", ("m",))


@pytest.mark.parametrize("target", ["Temp (°C)", "Dew Point Temp (°C)", "Stn Press (kPa)"])
def test_canadian_weather(target: str) -> None:
    loaded, frame = read(WEATHER, target), pd.read_csv(SHARED / WEATHER, skiprows=16)
    assert same(loaded, on_grid(pd.to_datetime(frame["Date/Time"]), frame[target], "h"))
    assert (loaded.layout.looks_like, loaded.layout.zone) == ("ECCC weather", "")
    assert loaded.panel.step.text() == "1 h"
