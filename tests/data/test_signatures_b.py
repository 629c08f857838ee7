"""Tide, river and weather archives as their agencies write them: each sample loads right without a flag, or with -t.

What a sample must give was read off the file by eye, never by our code.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.findings import Finding
from rnnforecast.data.formats import open_table
from rnnforecast.data.reading import Loaded, load
from rnnforecast.data.signatures import PLAIN, recognised, signatures
from rnnforecast.data.zones import stamp_text
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded

SAMPLES = Path(__file__).parent / "signatures"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")


class Expected(NamedTuple):
    """`first` is the first row of the first series, `last` the last row of the last series: (time, value)."""

    file: str
    t: str  # the one flag; "" for none
    source: str
    time: str
    step: str
    zone: str
    ids: tuple[str, ...]
    target: str
    unit: str
    rows: int
    missing: int
    first: tuple[str, float]
    last: tuple[str, float]


ONE = ("series",)
TABLE = [
    Expected("gesla.txt", "", "GESLA", "date + time", "1 h", "UTC", ONE, "sea_level", "m", 72, 3,
             ("2020-01-01T00:00:00Z", 4.1), ("2020-01-03T23:00:00Z", 2.0216)),
    Expected("gesla2.txt", "", "GESLA", "date + time", "1 h", "+07:00", ONE, "sea_level", "m", 60, 3,
             ("2020-01-01T00:00:00+07:00", 4.1), ("2020-01-03T11:00:00+07:00", 1.8481)),
    Expected("psmsl_monthly.rlrdata", "", "PSMSL", "month", "1 month", "", ONE, "sea_level", "mm", 72, 2,
             ("1950-01-01", 6900), ("1955-12-01", 6952)),
    Expected("psmsl_annual.rlrdata", "", "PSMSL", "year", "1 year", "", ONE, "sea_level", "mm", 40, 1,
             ("1950-01-01", 6850), ("1989-01-01", 6942)),
    Expected("uhslc_hourly.csv", "", "UHSLC", "year + month + day + hour", "1 h", "UTC", ONE, "sea_level", "mm", 96, 3,
             ("1985-01-01T00:00Z", 1250), ("1985-01-04T23:00Z", 1016)),
    Expected("uhslc_daily.csv", "", "UHSLC", "year + month + day", "1 day", "", ONE, "sea_level", "mm", 60, 2,
             ("2019-12-20", 1250), ("2020-02-17", 1222)),
    Expected("uhslc_erddap.csv", "", "UHSLC ERDDAP", "time", "1 h", "UTC", ("57", "7"), "sea_level", "mm", 96, 2,
             ("2020-01-01T00:00:00Z", 1307), ("2020-01-02T23:00:00Z", 958)),
    Expected("uhslc_erddap_named.csv", "", "UHSLC ERDDAP", "time (UTC)", "1 h", "UTC", ("57",),
             "sea_level (millimeters)", "mm", 48, 1, ("2020-06-30T00:00:00Z", 1250), ("2020-07-01T23:00:00Z", 951)),
    Expected("camels_us_forcing.txt", "PRCP(mm/day)", "CAMELS-US forcing", "Year + Mnth + Day", "1 day", "", ONE,
             "PRCP(mm/day)", "mm/day", 60, 0, ("1980-01-01", 0.98), ("1980-02-29", 0.0)),
    Expected("camels_us_streamflow.txt", "", "CAMELS-US streamflow", "year + month + day", "1 day", "", ("01013500",),
             "streamflow", "ft3/s", 90, 3, ("1980-10-01", 655.0), ("1980-12-29", 965.71)),
    Expected("camels_us_model_output.txt", "", "CAMELS-US model output", "YR + MNTH + DY", "1 day", "", ONE, "OBS_RUN",
             "mm/day", 60, 1, ("1980-10-01", 0.55), ("1980-11-29", 0.7613854)),
    Expected("dwd_hourly.txt", "TT_TU", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3987",), "TT_TU", "°C", 96, 3,
             ("2020-01-01T00:00Z", 1.2), ("2020-01-04T23:00Z", 0.7)),
    Expected("dwd_hourly.zip", "RF_TU", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3987",), "RF_TU", "%", 96, 3,
             ("2020-01-01T00:00Z", 95.0), ("2020-01-04T23:00Z", 94.9)),
    Expected("dwd_10min.txt", "PP_10", "DWD CDC", "MESS_DATUM", "10 min", "UTC", ("1420",), "PP_10", "hPa", 72, 3,
             ("2024-03-30T00:00Z", 1002.8), ("2024-03-30T11:50Z", 1004.2)),
    Expected("dwd_daily.txt", "TMK", "DWD CDC", "MESS_DATUM", "1 day", "", ("44",), "TMK", "°C", 60, 1,
             ("2025-01-01", 2.0), ("2025-03-01", 3.3)),
    Expected("dwd_rain.txt", "", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("3366",), "R1", "mm", 60, 2,
             ("2021-07-13T00:00Z", 0.0), ("2021-07-15T11:00Z", 1.3)),
    Expected("dwd_solar.txt", "ZENIT", "DWD CDC", "MESS_DATUM", "1 h", "UTC", ("691",), "ZENIT", "°", 48, 0,
             ("2016-06-30T00:00Z", 130.0), ("2016-07-01T23:00Z", 128.63)),
    Expected("dwd_monthly.txt", "MO_RR", "DWD CDC", "MESS_DATUM_BEGINN", "1 month", "", ("44",), "MO_RR", "mm", 48, 1,
             ("2018-01-01", 50.0), ("2021-12-01", 52.5)),
    Expected("open_meteo.csv", "", "Open-Meteo", "time", "1 h", "-04:00", ONE, "temperature_2m (°C)", "°C", 72, 2,
             ("2024-01-01T00:00-04:00", 3.0), ("2024-01-03T23:00-04:00", 2.3)),
    Expected("open_meteo_locations.csv", "precipitation (mm)", "Open-Meteo", "time", "1 h", "UTC", ("0", "1"),
             "precipitation (mm)", "mm", 96, 2, ("2024-01-01T00:00Z", 0.45), ("2024-01-02T23:00Z", 0.04)),
    Expected("open_meteo_daily.csv", "", "Open-Meteo", "time", "1 day", "", ONE, "precipitation_sum (mm)", "mm", 45, 1,
             ("2023-12-01", 0.88), ("2024-01-14", 12.72)),
    Expected("meteostat_hourly.csv", "temp", "Meteostat", "time", "1 h", "UTC", ONE, "temp", "°C", 72, 2,
             ("2011-01-01T00:00:00Z", 10.0), ("2011-01-03T23:00:00Z", 9.3)),
    Expected("meteostat_daily.csv", "tavg", "Meteostat", "time", "1 day", "", ONE, "tavg", "°C", 60, 1,
             ("2018-01-01", 5.0), ("2018-03-01", 6.6)),
    Expected("meteostat_dump.csv", "temp", "Meteostat", "year + month + day + hour", "1 h", "UTC", ONE, "temp", "°C",
             48, 1, ("2023-01-01T00:00Z", 10.9), ("2023-01-02T23:00Z", 8.7)),
    Expected("meteostat_bulk_hourly.csv", "pres", "Meteostat", "date + hour", "1 h", "UTC", ONE, "pres", "hPa", 72, 0,
             ("2011-01-01T00:00Z", 1015.0), ("2011-01-03T23:00Z", 1018.5)),
    Expected("meteostat_bulk_daily.csv", "tavg", "Meteostat", "date", "1 day", "", ONE, "tavg", "°C", 60, 1,
             ("2018-01-01", 5.0), ("2018-03-01", 6.6)),
    Expected("era5.csv", "t2m", "ERA5", "valid_time", "1 h", "UTC", ONE, "t2m", "K", 72, 1,
             ("2020-01-01T00:00:00Z", 279.76), ("2020-01-03T23:00:00Z", 279.10163)),
    Expected("era5_points.csv", "", "ERA5", "valid_time", "1 h", "UTC", ("53.5/-10.0", "53.75/-10.0"), "sp", "Pa",
             72, 2, ("2020-01-01T00:00:00Z", 98672.4), ("2020-01-02T11:00:00Z", 98977.4)),
    Expected("ndbc_realtime.txt", "ATMP", "NDBC", "YY + MM + DD + hh + mm", "10 min", "UTC", ONE, "ATMP", "°C", 90, 2,
             ("2026-06-10T09:10Z", 20.1), ("2026-06-11T00:00Z", 18.2)),
    Expected("ndbc_archive.txt", "WVHT", "NDBC", "YY + MM + DD + hh + mm", "1 h", "UTC", ONE, "WVHT", "m", 60, 3,
             ("2024-01-01T00:50Z", 1.5), ("2024-01-03T11:50Z", 1.61)),
    Expected("ndbc_2005.txt", "BAR", "NDBC", "YYYY + MM + DD + hh + mm", "1 h", "UTC", ONE, "BAR", "hPa", 48, 1,
             ("2006-01-01T00:00Z", 1012.0), ("2006-01-02T23:00Z", 1011.6)),
    Expected("ndbc_1999.txt", "ATMP", "NDBC", "YYYY + MM + DD + hh", "1 h", "UTC", ONE, "ATMP", "°C", 48, 2,
             ("1999-01-01T00:00Z", 7.6), ("1999-01-02T23:00Z", 6.9)),
    Expected("ndbc_1998.txt", "ATMP", "NDBC", "YY + MM + DD + hh", "1 h", "UTC", ONE, "ATMP", "°C", 48, 2,
             ("1998-01-01T00:00Z", 8.7), ("1998-01-02T23:00Z", 8.0)),
    Expected("ndbc_cwind.txt", "WSPD", "NDBC", "YY + MM + DD + hh + mm", "10 min", "UTC", ONE, "WSPD", "m/s", 60, 1,
             ("2020-04-20T00:00Z", 1.3), ("2020-04-20T09:50Z", 1.1)),
    Expected("knmi_hourly.txt", "T", "KNMI", "YYYYMMDD + HH", "1 h", "UTC", ("260",), "T", "0.1 °C", 72, 2,
             ("2024-01-01T01:00Z", 72), ("2024-01-04T00:00Z", 67)),
    Expected("knmi_daily.txt", "", "KNMI", "YYYYMMDD", "1 day", "", ("260", "344"), "RH", "0.1 mm", 80, 1,
             ("2024-02-01", 55), ("2024-03-11", 55)),
    Expected("knmi_plain.txt", "TG", "KNMI", "YYYYMMDD", "1 day", "", ("260",), "TG", "0.1 °C", 60, 3,
             ("1901-01-01", np.nan), ("1901-03-01", 31)),
    Expected("rws_dia.dia", "", "Rijkswaterstaat DIA", "time", "1 h", "+01:00", ("VLISSGN",), "WATHTE", "cm", 96, 3,
             ("1994-01-01T00:00+01:00", 5), ("1994-01-04T23:00+01:00", -131)),
    Expected("rws_dia_blocks.dia", "", "Rijkswaterstaat DIA", "time", "10 min", "+01:00", ("HOEKVHLD", "VLISSGN"),
             "WATHTE", "cm", 120, 7, ("2010-01-01T00:00+01:00", 2), ("2010-01-01T11:50+01:00", -165)),
    Expected("rws_dia_timed.dia", "", "Rijkswaterstaat DIA", "time", "1 h", "+01:00", ("DNHLDR",), "Q", "m3/s", 72, 1,
             ("2010-06-01T00:00+01:00", 12.0), ("2010-06-03T23:00+01:00", 10.0)),
    Expected("nixtla.csv", "", "", "ds", "1 row", "", ("007", "7", "NA"), "y", "", 90, 1, ("1", 13.0), ("30", 11.336)),
    Expected("chronos.csv", "", "", "timestamp", "1 h", "", ("007", "NA"), "target", "", 80, 2,
             ("2021-01-01T00:00:00", 5.0), ("2021-01-02T15:00:00", 4.68)),
    Expected("wide.csv", "OT", "", "date", "1 h", "", ONE, "OT", "", 48, 1,
             ("2016-07-01T00:00:00", 30.5), ("2016-07-02T23:00:00", 29.627)),
]  # fmt: skip


def sample(name: str, **flags: Any) -> Loaded:
    return loaded(SAMPLES / name, **flags)


def level(result: Loaded) -> list[float]:
    """The target of every row, its base added."""
    panel = result.panel
    lengths = np.diff(panel.offsets)
    return [float(v) for v in panel.values[:, 0] + np.repeat(panel.base[:, 0], lengths)]


def stamps(result: Loaded) -> list[str]:
    """The time of every row."""
    panel = result.panel
    lengths = np.diff(panel.offsets)
    place = np.arange(len(panel.values)) - np.repeat(panel.offsets[:-1], lengths)
    return stamp_text(panel.step.at(np.repeat(panel.start, lengths), place), result.layout)


def said(result: Loaded, code: str) -> str:
    found: list[Finding] = [finding for finding in result.findings if finding.code == code]
    return found[0].text if found else ""


@pytest.mark.parametrize("want", TABLE, ids=[row.file for row in TABLE])
def test_a_file_loads_as_its_agency_meant_it(want: Expected) -> None:
    flags = {"target": (want.t,)} if want.t else {}
    result = sample(want.file, **flags)
    layout = result.layout
    assert layout.looks_like == want.source
    if want.source:
        assert open_table(str(SAMPLES / want.file), DataFlags()).fact("format") == want.source
    assert (layout.time, layout.zone) == (want.time, want.zone)
    assert (layout.target, layout.units) == ((want.target,), (want.unit,))
    assert (result.panel.ids, result.panel.step.text()) == (want.ids, want.step)
    values, times = level(result), stamps(result)
    assert (len(values), int(np.isnan(values).sum())) == (want.rows, want.missing)
    assert [times[0], times[-1]] == [want.first[0], want.last[0]]
    np.testing.assert_allclose([values[0], values[-1]], [want.first[1], want.last[1]], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("want", [row for row in TABLE if row.t], ids=[row.file for row in TABLE if row.t])
def test_where_a_flag_is_needed_the_error_names_it(want: Expected) -> None:
    with pytest.raises(DataUnusable, match="several columns could be the target") as refused:
        sample(want.file)
    assert refused.value.hint.startswith("-t ")
    assert want.t in refused.value.message


@pytest.mark.parametrize("want", TABLE, ids=[row.file for row in TABLE])
def test_predict_reads_a_file_by_the_layout_of_training(want: Expected) -> None:
    flags = {"target": (want.t,)} if want.t else {}
    trained = sample(want.file, **flags)
    again = load([str(SAMPLES / want.file)], DataFlags(), known=trained.layout, step=trained.panel.step)
    assert stamps(again) == stamps(trained)
    np.testing.assert_array_equal(level(again), level(trained))


TEXTS = [row for row in TABLE if not row.file.endswith(".zip")]


@pytest.mark.parametrize("want", TEXTS, ids=[row.file for row in TEXTS])
@pytest.mark.parametrize("change", ["CRLF", "BOM", "LF"])
def test_line_ends_and_a_byte_order_mark_change_nothing(want: Expected, change: str, tmp_path: Path) -> None:
    text = (SAMPLES / want.file).read_bytes().replace(b"\r\n", b"\n")
    text = {"CRLF": text.replace(b"\n", b"\r\n"), "BOM": b"\xef\xbb\xbf" + text, "LF": text}[change]
    (tmp_path / want.file).write_bytes(text)
    flags = {"target": (want.t,)} if want.t else {}
    result = loaded(tmp_path / want.file, **flags)
    assert result.layout.looks_like == want.source
    assert stamps(result) == stamps(sample(want.file, **flags))


@pytest.mark.parametrize("want", TEXTS, ids=[row.file for row in TEXTS])
def test_each_file_has_one_signature_only(want: Expected) -> None:
    head = (SAMPLES / want.file).read_text(encoding="utf-8-sig")
    layouts = [layout for each in signatures().values() for layout in (each, *each.also)]
    assert [layout.title for layout in layouts if layout.matches(head)] == [want.source] * bool(want.source)


@pytest.mark.parametrize(
    "text",
    [
        "time,temp,prcp,pres\n2020-01-01 00:00,1,0,1000\n",  # names that Meteostat has, without its own
        "time,sea_level\n2020-01-01T00:00:00Z,1.2\n",
        "Year,Month,Day,Hour,Level\n2020,1,1,0,12\n",
        "2020,1,1,0,1.25\n2020,1,1,1,1.30\n2020,1,1,2,1.31\n",  # metres
        "2020,01,01,00,125\n2020,01,01,01,130\n2020,01,01,02,131\n",
        "valid_time,level\n2020-01-01 00:00,1\n",
        "latitude,longitude,time,level\n1,2,2020-01-01,3\n",
        "# SITE NAME Brest\ntime,level\n2020-01-01,1\n",
        "1950.0417;6912\n1950.1250;6920\n",
        "YR MNTH DY HR PRCP OBS_RUN\n1980 10 01 12 0.0 0.5\n",
        "2011-01-01,1,2,3,4,5,6,7,8,9,10\n2011-01-02,1,2,3,4,5,6,7,8,9,10\n2011-01-03,1,2,3,4,5,6,7,8,9,10\n",
    ],
)
def test_a_plain_file_with_similar_names_is_left_alone(text: str) -> None:
    assert recognised(text, "gauge") is PLAIN


@needs_shared
def test_the_real_buoy_loads_right() -> None:
    path = SHARED / "messy_ndbc_buoy" / "46097.txt"
    result = load([str(path)], DataFlags(target=("PRES",)))
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines[2:] if line.strip()]
    values = {f"{r[0]}-{r[1]}-{r[2]}T{r[3]}:{r[4]}Z": float(r[12]) for r in rows if r[12] != "MM"}
    got = {t: v for t, v in zip(stamps(result), level(result), strict=True) if not np.isnan(v)}
    assert got.keys() == values.keys()
    np.testing.assert_allclose([got[t] for t in values], list(values.values()), rtol=1e-6)
    assert (result.layout.looks_like, result.layout.units, result.panel.step.text()) == ("NDBC", ("hPa",), "10 min")


@needs_shared
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
    np.testing.assert_allclose(level(result), [float(row[column]) for row in cells], rtol=1e-5, atol=1e-5)


@needs_shared
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
    np.testing.assert_allclose(level(result), want, rtol=1e-5, atol=1e-6)
