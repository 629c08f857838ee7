"""The tables that the rows are made of: read as they are published, traps closed, an index of times without a zone.

A file that is not there is named, with the place to put it and the public data set to take it from.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT.parent / "shared/data"
SOURCES = {
    "bench_ett": "ETDataset (Zhou et al. 2021), folder ETT-small, unchanged",
    "bench_m4_hourly": "M4 competition, M4-methods, folders Dataset/Train and Dataset/Test, unchanged",
    "bench_sunspots_monthly": "monthly sunspot numbers 1749-1983 (columns Month, Sunspots)",
    "bench_exchange_rate": "multivariate-time-series-data (Lai et al. 2018), exchange_rate",
    "bench_electricity": "taylor, half-hourly demand of England and Wales 2000 (Taylor 2003), one column Y",
    "tide_noaa_lajolla_ca_9410230": "NOAA CO-OPS 9410230, hourly verified level and meteorology 2010-2020, SI units",
    "tide_bom_australia_hourly_2012_2014": "Bureau of Meteorology ABSLMP, hourly 2012-2014 (R package TideHarmonics)",
    "tide_rws_netherlands_hourly": "Rijkswaterstaat, Vlissingen hourly 1976-1994 (test data of hatyan)",
    "flood_usgs_kenduskeag_me_01037000_hourly": "USGS 01037000 with ASOS weather (keag_small of flow-forecast)",
    "flood_camels_us_piscataquis_01031500_daily": "CAMELS-US basin 01031500: Daymet forcing and model output",
    "flood_camels_gb_severn_daily": "CAMELS-GB: Severn at 54057, 54001 and 54095, daily (R package airGRiwrm)",
    "flood_usgs_plumtree_md_01581752_5min": "USGS 01581752, every third reading, fills blanked (hydrofunctions)",
}


class Missing(Exception):
    """A file of a row is not there; the words say where to put it and what it is."""


def file(folder: Path, name: str) -> Path:
    """The path of a file that is there. Raises Missing."""
    path = folder / name
    if not path.exists():
        raise Missing(f"{name} is not in {folder}\n  put it there; source: {SOURCES[name.split('/')[0]]}")
    return path


def timed(frame: pd.DataFrame, times: pd.Series | pd.DatetimeIndex) -> pd.DataFrame:
    """The frame by an index named time; instants with a zone become UTC."""
    index = pd.DatetimeIndex(times)
    return frame.set_axis(index.tz_convert(None) if index.tz is not None else index).rename_axis("time")


def stepped(frame: pd.DataFrame, first: str, freq: str) -> pd.DataFrame:
    """A table without times, by a regular index from an arbitrary or known first time."""
    return timed(frame, pd.date_range(first, periods=len(frame), freq=freq))


def ett(folder: Path, name: str, rows: int | None) -> pd.DataFrame:
    frame = pd.read_csv(file(folder, f"bench_ett/{name}.csv"), nrows=rows)
    return timed(frame.drop(columns="date"), pd.to_datetime(frame["date"]))


def m4(folder: Path, part: str) -> pd.DataFrame:
    """One row a series, its number of the same name as index; the ragged ends are missing."""
    return pd.read_csv(file(folder, f"bench_m4_hourly/Hourly-{part}.csv"), index_col=0).astype(float)


def sunspots(folder: Path) -> pd.DataFrame:
    frame = pd.read_csv(file(folder, "bench_sunspots_monthly/monthly-sunspots.csv"))
    return timed(frame[["Sunspots"]].set_axis(["sunspots"], axis=1), pd.to_datetime(frame["Month"]))


def exchange(folder: Path) -> pd.DataFrame:
    """Working days without dates: they are counted as days, from an arbitrary first one."""
    frame = pd.read_csv(file(folder, "bench_exchange_rate/exchange_rate.txt.gz"), header=None)
    return stepped(frame.set_axis([f"rate{i}" for i in range(frame.shape[1])], axis=1), "1990-01-01", "D")


def taylor(folder: Path) -> pd.DataFrame:
    """Half hours from Monday, 5 June 2000, as the R package says."""
    frame = pd.read_csv(file(folder, "bench_electricity/taylor.csv")).set_axis(["demand_mw"], axis=1)
    return stepped(frame, "2000-06-05", "30min")


def lajolla(folder: Path) -> pd.DataFrame:
    """To the end of 2019: nothing verified after it. The official tide is not used: it knows the whole record."""
    frame = pd.read_csv(file(folder, "tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv"))
    return timed(frame.drop(columns=["time_utc", "predicted_tide_m"]), pd.to_datetime(frame["time_utc"]))[:"2019"]


def australian(folder: Path, gauge: str) -> pd.DataFrame:
    frame = pd.read_csv(file(folder, f"tide_bom_australia_hourly_2012_2014/{gauge}.converted.csv"))
    return timed(frame[["SeaLevel"]], pd.to_datetime(frame["DateTime"]))


def esperance(folder: Path) -> pd.DataFrame:
    """With the level of Hillarys, up the coast, for the variant that reads it."""
    return australian(folder, "Esperance").assign(hillarys=australian(folder, "Hillarys")["SeaLevel"])


def vlissingen(folder: Path) -> pd.DataFrame:
    """The last ten years, 1985-1994; MET is an hour before UTC all year."""
    frame = pd.read_csv(file(folder, "tide_rws_netherlands_hourly/VLISSGN_obs19.converted.csv.gz"))
    times = pd.to_datetime(frame["time_MET"])
    return timed(frame[["level_cm_NAP"]], times - pd.Timedelta("1h"))[(times >= "1985").to_numpy()]


def kenduskeag(folder: Path) -> pd.DataFrame:
    """Three summers with winters missing; the one temperature of -9999 is none. Rain is an index, not millimetres."""
    frame = pd.read_csv(file(folder, "flood_usgs_kenduskeag_me_01037000_hourly/keag_small.csv"))
    columns = frame[["cfs", "precip", "temp"]].replace(-9999, float("nan"))
    return timed(columns, pd.to_datetime(frame["datetime"]))


def piscataquis(folder: Path) -> pd.DataFrame:
    """Observed runoff beside Daymet weather; nothing that the hydrological model computed.

    The 18 zeros, all in the last five weeks of 2014 among values of 1 to 8 mm, are missing readings: blanked.
    """
    base = "flood_camels_us_piscataquis_01031500_daily/01031500_"
    flow = pd.read_csv(file(folder, base + "05_model_output.txt"), sep=r"\s+")
    weather = pd.read_csv(file(folder, base + "lump_cida_forcing_leap.txt"), sep=r"\s+", skiprows=3)
    weather = dated(weather.rename(columns=lambda name: name.split("(")[0]), ["Year", "Mnth", "Day"])
    runoff = dated(flow, ["YR", "MNTH", "DY"])["OBS_RUN"].replace(0.0, float("nan")).rename("runoff_mm")
    return weather[["prcp", "srad", "tmax", "tmin", "vp"]].join(runoff, how="inner")


def dated(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """By a day in three columns."""
    return timed(frame, pd.to_datetime(frame[columns].set_axis(["year", "month", "day"], axis=1)))


def severn_gauge(folder: Path, number: int) -> pd.DataFrame:
    frame = pd.read_csv(file(folder, f"flood_camels_gb_severn_daily/severn_{number}.converted.csv"))
    return timed(frame.drop(columns="DatesR"), pd.to_datetime(frame["DatesR"]))


def severn(folder: Path) -> pd.DataFrame:
    """54057 with its basin's weather, and the flow of two gauges upstream for the variant that reads them."""
    upstream = {f"at_{n}": severn_gauge(folder, n)["discharge_spec"] for n in (54001, 54095)}
    return severn_gauge(folder, 54057).assign(**upstream)


def plumtree(folder: Path) -> pd.DataFrame:
    name = "flood_usgs_plumtree_md_01581752_5min/plumtree_15min_masked.converted.csv.gz"
    frame = pd.read_csv(file(folder, name))
    return timed(frame[["stage_ft"]], pd.to_datetime(frame["time_utc"]))


TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "etth1": lambda folder: ett(folder, "ETTh1", 14_400),
    "etth2": lambda folder: ett(folder, "ETTh2", 14_400),
    "etth1-whole": lambda folder: ett(folder, "ETTh1", None),
    "etth2-whole": lambda folder: ett(folder, "ETTh2", None),
    "m4-train": lambda folder: m4(folder, "train"),
    "m4-test": lambda folder: m4(folder, "test"),
    "sunspots": sunspots,
    "exchange": exchange,
    "taylor": taylor,
    "lajolla": lajolla,
    "portkembla": lambda folder: australian(folder, "PortKembla"),
    "hillarys": lambda folder: australian(folder, "Hillarys"),
    "esperance": esperance,
    "vlissingen": vlissingen,
    "kenduskeag": kenduskeag,
    "piscataquis": piscataquis,
    "severn": severn,
    "plumtree": plumtree,
}
