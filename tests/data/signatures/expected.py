"""What each sample must load as: read off the file by eye or counted with pandas, never by our code.

One row per sample; a new source adds its row here and its sample in `samples/`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import Step
from rnnforecast.data.reading import Loaded, load
from rnnforecast.data.zones import stamp_text

SAMPLES = Path(__file__).parent / "samples"
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"
NAN, ONE = float("nan"), ("series",)
Row = tuple[str, float]  # the time of a row and its value


class Sample(NamedTuple):
    """`first` is the first row of the first series, `last` the last row of the last series, or its value alone."""

    file: str
    looks_like: str  # "": a plain table that needs no signature
    time: str
    step: str
    zone: str
    ids: tuple[str, ...]
    target: str
    unit: str
    rows: int  # of the grid, over all series
    missing: int
    asked: bool = False  # whether it takes -t
    freq: str | None = None
    first: Row | None = None
    last: Row | float | None = None

    @property
    def flags(self) -> dict[str, Any]:
        return {"target": (self.target,) if self.asked else (), "freq": self.freq}


TABLE = [
    Sample("camels_us_forcing.txt", "CAMELS-US forcing", "Year + Mnth + Day", "1 day", "", ONE, "PRCP(mm/day)",
           "mm/day", 60, 0, asked=True, first=("1980-01-01", 0.98), last=("1980-02-29", 0.0)),
    Sample("camels_us_model_output.txt", "CAMELS-US model output", "YR + MNTH + DY", "1 day", "", ONE, "OBS_RUN",
           "mm/day", 60, 1, first=("1980-10-01", 0.55), last=("1980-11-29", 0.7613854)),
    Sample("camels_us_streamflow.txt", "CAMELS-US streamflow", "year + month + day", "1 day", "", ("01013500",),
           "streamflow", "ft3/s", 90, 3, first=("1980-10-01", 655.0), last=("1980-12-29", 965.71)),
    Sample("chronos.csv", "", "timestamp", "1 h", "", ("007", "NA"), "target", "", 80, 2,
           first=("2021-01-01T00:00:00", 5.0), last=("2021-01-02T15:00:00", 4.68)),
    Sample("dfo_tides.csv", "DFO tide gauge", "Obs_date", "1 h", "-08:00", ONE, "SLEV(metres)", "m", 60, 2),
    Sample("dwd_10min.txt", "DWD CDC", "MESS_DATUM", "10 min", "UTC", ("1420",), "PP_10", "hPa", 72, 3, asked=True,
           first=("2024-03-30T00:00Z", 1002.8), last=("2024-03-30T11:50Z", 1004.2)),
    Sample("dwd_daily.txt", "DWD CDC", "MESS_DATUM", "1 day", "", ("44",), "TMK", "°C", 60, 1, asked=True,
           first=("2025-01-01", 2.0), last=("2025-03-01", 3.3)),
    Sample("dwd_hourly.txt", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3987",), "TT_TU", "°C", 96, 3, asked=True,
           first=("2020-01-01T00:00Z", 1.2), last=("2020-01-04T23:00Z", 0.7)),
    Sample("dwd_hourly.zip", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3987",), "RF_TU", "%", 96, 3, asked=True,
           first=("2020-01-01T00:00Z", 95.0), last=("2020-01-04T23:00Z", 94.9)),
    Sample("dwd_monthly.txt", "DWD CDC", "MESS_DATUM_BEGINN", "1 month", "", ("44",), "MO_RR", "mm", 48, 1, asked=True,
           first=("2018-01-01", 50.0), last=("2021-12-01", 52.5)),
    Sample("dwd_rain.txt", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3366",), "R1", "mm", 60, 2,
           first=("2021-07-13T00:00Z", 0.0), last=("2021-07-15T11:00Z", 1.3)),
    Sample("dwd_solar.txt", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("691",), "ZENIT", "°", 48, 0, asked=True,
           first=("2016-06-30T00:00Z", 130.0), last=("2016-07-01T23:00Z", 128.63)),
    Sample("eccc_hydrometric.csv", "ECCC real-time hydrometric", "Date", "5 min", "UTC", ("02AB006", "02AB021"),
           "Water Level / Niveau d'eau (m)", "m", 60, 1),
    Sample("eccc_wateroffice.csv", "ECCC Water Office", "Date", "5 min", "UTC", ("01FB001/47",), "Value/Valeur", "m3/s",
           40, 1),
    Sample("eccc_wateroffice_daily.csv", "ECCC Water Office, daily", "Date", "1 day", "", ("08MF005/1", "08MF005/2"),
           "Value", "", 70, 2),
    Sample("eccc_weather_daily.csv", "ECCC weather", "Date/Time", "1 day", "", ("702S006",), "Max Temp (°C)", "°C", 40,
           1, asked=True),
    Sample("eccc_weather_daily_old.csv", "ECCC weather", "Date/Time", "1 day", "", ONE, "Max Temp (°C)", "°C", 40, 1,
           asked=True),
    Sample("eccc_weather_hourly.csv", "ECCC weather", "Date/Time (LST)", "1 h", "", ("0820225",), "Temp (°C)", "°C", 48,
           2, asked=True),
    Sample("eccc_weather_hourly_old.csv", "ECCC weather", "Date/Time", "1 h", "", ONE, "Temp (°C)", "°C", 48, 2,
           asked=True),
    Sample("era5.csv", "ERA5", "valid_time", "1 h", "UTC", ONE, "t2m", "K", 72, 1, asked=True,
           first=("2020-01-01T00:00:00Z", 279.76), last=("2020-01-03T23:00:00Z", 279.10163)),
    Sample("era5_points.csv", "ERA5", "valid_time", "1 h", "UTC", ("53.5/-10.0", "53.75/-10.0"), "sp", "Pa", 72, 2,
           first=("2020-01-01T00:00:00Z", 98672.4), last=("2020-01-02T11:00:00Z", 98977.4)),
    Sample("gesla.txt", "GESLA", "date + time", "1 h", "UTC", ONE, "sea_level", "m", 72, 3,
           first=("2020-01-01T00:00:00Z", 4.1), last=("2020-01-03T23:00:00Z", 2.0216)),
    Sample("gesla2.txt", "GESLA", "date + time", "1 h", "+07:00", ONE, "sea_level", "m", 60, 3,
           first=("2020-01-01T00:00:00+07:00", 4.1), last=("2020-01-03T11:00:00+07:00", 1.8481)),
    Sample("gluonts.jsonl", "GluonTS", "time", "1 h", "", ("007", "NA"), "target", "", 40, 1, freq="1h", last=3.9),
    Sample("grafana.csv", "", "Time", "15 min", "", ONE, 'river_level{station="a"}', "", 30, 1, last=1.79),
    Sample("influxdb_csv.csv", "InfluxDB annotated CSV", "_time", "15 min", "UTC", ("007/-", "NA/-", "a,b/s1"),
           "_value", "", 45, 1, last=6.4),
    Sample("knmi_daily.txt", "KNMI", "YYYYMMDD", "1 day", "", ("260", "344"), "RH", "0.1 mm", 80, 1,
           first=("2024-02-01", 55), last=("2024-03-11", 55)),
    Sample("knmi_hourly.txt", "KNMI", "YYYYMMDD + HH", "1 h", "UTC", ("260",), "T", "0.1 °C", 72, 2, asked=True,
           first=("2024-01-01T01:00Z", 72), last=("2024-01-04T00:00Z", 67)),
    Sample("knmi_plain.txt", "KNMI", "YYYYMMDD", "1 day", "", ("260",), "TG", "0.1 °C", 60, 3, asked=True,
           first=("1901-01-01", NAN), last=("1901-03-01", 31)),
    Sample("line_protocol.lp", "InfluxDB line protocol", "time", "15 min", "UTC", ("007", "a b"), "level", "", 40, 1,
           last=3.9),
    Sample("meteostat_bulk_daily.csv", "Meteostat", "date", "1 day", "", ONE, "tavg", "°C", 60, 1, asked=True,
           first=("2018-01-01", 5.0), last=("2018-03-01", 6.6)),
    Sample("meteostat_bulk_hourly.csv", "Meteostat", "date + hour", "1 h", "UTC", ONE, "pres", "hPa", 72, 0, asked=True,
           first=("2011-01-01T00:00Z", 1015.0), last=("2011-01-03T23:00Z", 1018.5)),
    Sample("meteostat_daily.csv", "Meteostat", "time", "1 day", "", ONE, "tavg", "°C", 60, 1, asked=True,
           first=("2018-01-01", 5.0), last=("2018-03-01", 6.6)),
    Sample("meteostat_dump.csv", "Meteostat", "year + month + day + hour", "1 h", "UTC", ONE, "temp", "°C", 48, 1,
           asked=True, first=("2023-01-01T00:00Z", 10.9), last=("2023-01-02T23:00Z", 8.7)),
    Sample("meteostat_hourly.csv", "Meteostat", "time", "1 h", "UTC", ONE, "temp", "°C", 72, 2, asked=True,
           first=("2011-01-01T00:00:00Z", 10.0), last=("2011-01-03T23:00:00Z", 9.3)),
    Sample("ndbc_1998.txt", "NDBC", "YY + MM + DD + hh", "1 h", "UTC", ONE, "ATMP", "°C", 48, 2, asked=True,
           first=("1998-01-01T00:00Z", 8.7), last=("1998-01-02T23:00Z", 8.0)),
    Sample("ndbc_1999.txt", "NDBC", "YYYY + MM + DD + hh", "1 h", "UTC", ONE, "ATMP", "°C", 48, 2, asked=True,
           first=("1999-01-01T00:00Z", 7.6), last=("1999-01-02T23:00Z", 6.9)),
    Sample("ndbc_2005.txt", "NDBC", "YYYY + MM + DD + hh + mm", "1 h", "UTC", ONE, "BAR", "hPa", 48, 1, asked=True,
           first=("2006-01-01T00:00Z", 1012.0), last=("2006-01-02T23:00Z", 1011.6)),
    Sample("ndbc_archive.txt", "NDBC", "YY + MM + DD + hh + mm", "1 h", "UTC", ONE, "WVHT", "m", 60, 3, asked=True,
           first=("2024-01-01T00:50Z", 1.5), last=("2024-01-03T11:50Z", 1.61)),
    Sample("ndbc_cwind.txt", "NDBC", "YY + MM + DD + hh + mm", "10 min", "UTC", ONE, "WSPD", "m/s", 60, 1, asked=True,
           first=("2020-04-20T00:00Z", 1.3), last=("2020-04-20T09:50Z", 1.1)),
    Sample("ndbc_realtime.txt", "NDBC", "YY + MM + DD + hh + mm", "10 min", "UTC", ONE, "ATMP", "°C", 90, 2, asked=True,
           first=("2026-06-10T09:10Z", 20.1), last=("2026-06-11T00:00Z", 18.2)),
    Sample("nixtla.csv", "", "ds", "1 row", "", ("007", "7", "NA"), "y", "", 90, 1, first=("1", 13.0),
           last=("30", 11.336)),
    Sample("noaa_coops_air_temperature.csv", "NOAA CO-OPS", "Date Time", "6 min", "", ONE, "Air Temperature", "", 40,
           2),
    Sample("noaa_coops_hourly_height.csv", "NOAA CO-OPS", "Date Time", "1 h", "", ONE, "Water Level", "", 48, 1),
    Sample("noaa_coops_json.json", "NOAA CO-OPS JSON", "t", "6 min", "", ONE, "v", "", 40, 1, last=1.628),
    Sample("noaa_coops_json_predictions.json", "NOAA CO-OPS JSON", "t", "1 h", "", ONE, "v", "", 36, 0, last=0.562),
    Sample("noaa_coops_json_wind.json", "NOAA CO-OPS JSON", "t", "6 min", "", ONE, "s", "", 30, 1, last=5.13),
    Sample("noaa_coops_met.csv", "NOAA CO-OPS web export, meteorology", "DATE TIME", "1 h", "", ONE, "WINDSPEED", "",
           72, 6, asked=True),
    Sample("noaa_coops_page.csv", "NOAA CO-OPS web export", "Date + Time (GMT)", "1 h", "UTC", ONE, "Verified (ft)",
           "ft", 60, 1),
    Sample("noaa_coops_page_preliminary.csv", "NOAA CO-OPS web export", "Date + Time (LST/LDT)", "6 min", "", ONE,
           "Preliminary (m)", "m", 50, 1),
    Sample("noaa_coops_predictions.csv", "NOAA CO-OPS", "Date Time", "1 h", "", ONE, "Prediction", "", 48, 0),
    Sample("noaa_coops_water_level.csv", "NOAA CO-OPS", "Date Time", "6 min", "", ONE, "Water Level", "", 60, 3),
    Sample("noaa_coops_water_level_old.csv", "NOAA CO-OPS", "Date Time", "6 min", "", ONE, "Water Level", "", 42, 1),
    Sample("noaa_coops_wind.csv", "NOAA CO-OPS", "Date Time", "6 min", "", ONE, "Speed", "", 40, 1),
    Sample("open_meteo.csv", "Open-Meteo", "time", "1 h", "-04:00", ONE, "temperature_2m (°C)", "°C", 72, 2,
           first=("2024-01-01T00:00-04:00", 3.0), last=("2024-01-03T23:00-04:00", 2.3)),
    Sample("open_meteo_daily.csv", "Open-Meteo", "time", "1 day", "", ONE, "precipitation_sum (mm)", "mm", 45, 1,
           first=("2023-12-01", 0.88), last=("2024-01-14", 12.72)),
    Sample("open_meteo_json.json", "Open-Meteo JSON", "time", "1 h", "+02:00", ONE, "temperature_2m", "°C", 48, 1,
           last=10.7),
    Sample("open_meteo_json_places.json", "Open-Meteo JSON", "time", "1 h", "+02:00", ("0", "1"), "temperature_2m",
           "°C", 60, 2, last=8.8),
    Sample("open_meteo_locations.csv", "Open-Meteo", "time", "1 h", "UTC", ("0", "1"), "precipitation (mm)", "mm", 96,
           2, asked=True, first=("2024-01-01T00:00Z", 0.45), last=("2024-01-02T23:00Z", 0.04)),
    Sample("prometheus.json", "Prometheus", "time", "1 min", "UTC", ("a:9100", "b:9100"), "value", "", 50, 1,
           last=1.74),
    Sample("psmsl_annual.rlrdata", "PSMSL", "year", "1 year", "", ONE, "sea_level", "mm", 40, 1,
           first=("1950-01-01", 6850), last=("1989-01-01", 6942)),
    Sample("psmsl_monthly.rlrdata", "PSMSL", "month", "1 month", "", ONE, "sea_level", "mm", 72, 2,
           first=("1950-01-01", 6900), last=("1955-12-01", 6952)),
    Sample("rws_dia.dia", "Rijkswaterstaat DIA", "time", "1 h", "+01:00", ("VLISSGN",), "WATHTE", "cm", 96, 3,
           first=("1994-01-01T00:00+01:00", 5), last=("1994-01-04T23:00+01:00", -131)),
    Sample("rws_dia_blocks.dia", "Rijkswaterstaat DIA", "time", "10 min", "+01:00", ("HOEKVHLD", "VLISSGN"), "WATHTE",
           "cm", 120, 7, first=("2010-01-01T00:00+01:00", 2), last=("2010-01-01T11:50+01:00", -165)),
    Sample("rws_dia_timed.dia", "Rijkswaterstaat DIA", "time", "1 h", "+01:00", ("DNHLDR",), "Q", "m3/s", 72, 1,
           first=("2010-06-01T00:00+01:00", 12.0), last=("2010-06-03T23:00+01:00", 10.0)),
    Sample("thingspeak.csv", "ThingSpeak", "created_at", "15 min", "UTC", ONE, "field1", "", 40, 1, last=3.18),
    Sample("thingspeak_json.json", "ThingSpeak JSON", "created_at", "15 min", "UTC", ONE, "field1", "", 30, 1,
           last=2.98),
    Sample("uhslc_daily.csv", "UHSLC", "year + month + day", "1 day", "", ONE, "sea_level", "mm", 60, 2,
           first=("2019-12-20", 1250), last=("2020-02-17", 1222)),
    Sample("uhslc_erddap.csv", "UHSLC ERDDAP", "time", "1 h", "UTC", ("57", "7"), "sea_level", "mm", 96, 2,
           first=("2020-01-01T00:00:00Z", 1307), last=("2020-01-02T23:00:00Z", 958)),
    Sample("uhslc_erddap_named.csv", "UHSLC ERDDAP", "time (UTC)", "1 h", "UTC", ("57",), "sea_level (millimeters)",
           "mm", 48, 1, first=("2020-06-30T00:00:00Z", 1250), last=("2020-07-01T23:00:00Z", 951)),
    Sample("uhslc_hourly.csv", "UHSLC", "year + month + day + hour", "1 h", "UTC", ONE, "sea_level", "mm", 96, 3,
           first=("1985-01-01T00:00Z", 1250), last=("1985-01-04T23:00Z", 1016)),
    Sample("uk_ea_hydrology.csv", "Environment Agency hydrology", "dateTime", "15 min", "",
           ("8496ce69-482c-406a-a2f0-ac418ef8f099-level-i-900-m-qualified",), "value", "m", 50, 3),
    Sample("uk_ea_json.json", "Environment Agency flood monitoring JSON", "dateTime", "15 min", "UTC",
           ("1491TH-level-downstage-i-15_min-mASD", "1491TH-level-stage-i-15_min-mASD"), "value", "m", 40, 1,
           last=0.49),
    Sample("uk_ea_json_hydrology.json", "Environment Agency hydrology JSON", "dateTime", "1 day", "",
           ("8496ce69-482b-4a10-9f5b-e4ca21e1fd12-flow-m-86400-m3s-qualified",), "value", "m3/s", 30, 2, last=4.1),
    Sample("uk_ea_readings.csv", "Environment Agency flood monitoring", "dateTime", "15 min", "UTC",
           ("1491TH-level-stage-i-15_min-mASD", "L0215-level-stage-i-15_min-m"), "value", "", 80, 1),
    Sample("uk_ea_readings_full.csv", "Environment Agency flood monitoring", "dateTime", "15 min", "UTC",
           ("531118-rainfall-tipping_bucket_raingauge-t-15_min-mm",), "value", "mm", 40, 1),
    Sample("usgs_csv_pandas.csv", "USGS CSV", "datetime + tz_cd", "1 h", "-04:00", ("01037000",), "65565_00065", "ft",
           40, 1),
    Sample("usgs_csv_python.csv", "USGS CSV", "datetime", "15 min", "UTC", ("01646500",), "00065", "ft", 40, 1),
    Sample("usgs_csv_r.csv", "USGS CSV", "Date", "1 day", "", ("01646500",), "X_00060_00003", "ft3/s", 40, 1),
    Sample("usgs_rdb_2003.rdb", "USGS RDB", "datetime", "15 min", "", ("09261000",), "02_00060", "ft3/s", 40, 1),
    Sample("usgs_rdb_dv.rdb", "USGS RDB", "datetime", "1 day", "", ("09423350",), "01_00060_00003", "ft3/s", 50, 2),
    Sample("usgs_rdb_iv.rdb", "USGS RDB", "datetime + tz_cd", "15 min", "America/New_York", ("01646500",),
           "69929_00065", "ft", 32, 4),
    Sample("usgs_rdb_stacked.rdb", "USGS RDB", "datetime + tz_cd", "15 min", "-04:00", ("01594440", "02395120"),
           "00065", "ft", 80, 1),
    Sample("usgs_unit_values.rdb", "USGS unit values", "DATE + TIME + TZCD", "15 min", "-08:00", ONE, "VALUE", "°C", 40,
           1),
    Sample("usgs_waterdata.csv", "USGS Water Data API", "time", "15 min", "UTC",
           ("USGS-01646500/00060/00011", "USGS-15564860/00060/00011"), "value", "ft3/s", 80, 1),
    Sample("usgs_waterml_json_dv.json", "USGS water services JSON", "dateTime", "1 day", "",
           ("01491000/00010/00001", "01491000/00010/00002", "01491000/00010/00003"), "value", "°C", 60, 0, last=7.5),
    Sample("usgs_waterml_json_iv.json", "USGS water services JSON", "dateTime", "15 min", "UTC",
           ("01491000/00060", "01491000/00065"), "value", "", 48, 1, last=3.23),
    Sample("wide.csv", "", "date", "1 h", "", ONE, "OT", "", 48, 1, asked=True, first=("2016-07-01T00:00:00", 30.5),
           last=("2016-07-02T23:00:00", 29.627)),
]  # fmt: skip


def read(name: str | Path, *target: str, known: Layout | None = None, step: Step | None = None) -> Loaded:
    """A sample, or another file; `known` and `step` are those of a model that is to forecast from it."""
    return load([str(SAMPLES / name)], DataFlags(target=target), known=known, step=step)


def values(result: Loaded) -> list[float]:
    """The target of every row, its base added."""
    panel = result.panel
    return [float(v) for v in panel.values[:, 0] + np.repeat(panel.base[:, 0], np.diff(panel.offsets))]


def series(result: Loaded, index: int = 0) -> list[float]:
    """The target of one series."""
    first, end = result.panel.offsets[index : index + 2]
    return values(result)[first:end]


def stamps(result: Loaded) -> list[str]:
    """The time of every row, as it is written."""
    return stamp_text(result.panel.times(np.arange(len(result.panel.values))), result.layout)


def said(result: Loaded, code: str) -> str:
    """What the findings of a code say."""
    return " / ".join(finding.text for finding in result.findings if finding.code == code)
