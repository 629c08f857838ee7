"""Gauges of NOAA CO-OPS, USGS, the Environment Agency and Canada: a test for each trap of their files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import delimited, open_table
from rnnforecast.data.table import About
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES, read, said, series, stamps, values


def changed(tmp_path: Path, name: str, *pairs: tuple[str, str]) -> Path:
    """A sample with some text replaced."""
    text = (SAMPLES / name).read_bytes().decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def about(name: str) -> About:
    return open_table(str(SAMPLES / name), DataFlags()).about


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Date Time, Prediction, Type\n2026-09-29 10:52,-0.301,L\n2026-09-29 17:05,3.912,H\n", "high and low waters"),
        ("Date Time, Water Level, Ty, I, L \n2026-09-29 10:52,-0.301,LL,0,0\n", "high and low waters"),
        ("\n Error: No data was found. This product may not be offered.\n", "Error: No data was found. This product"),
        ("Date Time, Water Temperature, X, N, R \n Error: No data was found. No sensor.\n", "No data was found"),
        ("Date Time, Prediction, Type \n No Predictions data was found. Please\n", "No Predictions data was found"),
        ("Date Time, Water Level, Sigma, I, L \nError: Wrong Datum\n", "Error: Wrong Datum"),
        ("# NWIS\nagency_cd\tsite_no\tpeak_dt\tpeak_tm\n5s\t15s\t10d\t6s\n", "annual peaks"),
        ("# NWIS\nagency_cd\tsite_no\tstation_nm\tsite_tp_cd\n5s\t15s\t50s\t7s\n", "list of sites"),
        ("# NWIS\nagency_cd\tsite_no\tmeasurement_nu\tmeasurement_dt\n5s\t15s\t6s\t19d\n", "field measurements"),
        ("# NWIS\nINDEP\tSHIFT\tDEP\tSTOR\n16N\t16N\t16N\t1S\n", "rating"),
        ("#\n#  No sites found matching all criteria\n", "No sites found matching all criteria"),
    ],
)
def test_what_is_no_series_is_refused_by_name(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text(text)
    with pytest.raises(DataUnusable, match=what) as refused:
        read(tmp_path / "answer.txt")
    assert refused.value.hint


# NOAA CO-OPS


def test_preliminary_levels_are_provisional() -> None:
    assert said(read("noaa_coops_water_level.csv"), "provisional").startswith("20 of 60 rows")


def test_preliminary_levels_stand_in_until_they_are_verified() -> None:
    loaded = read("noaa_coops_page.csv")
    with (SAMPLES / "noaa_coops_page.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    best = [row["Verified (ft)"] if row["Verified (ft)"] != "-" else row["Preliminary (ft)"] for row in rows]
    expected = [float(cell) if cell != "-" else np.nan for cell in best]
    assert np.allclose(values(loaded), expected, atol=1e-5, equal_nan=True)
    assert said(loaded, "provisional").startswith("35 of 60 rows")
    assert said(loaded, "codes") == "Verified (ft): - 1 taken as missing"


def test_a_model_of_verified_levels_reads_a_file_of_preliminary_ones(tmp_path: Path) -> None:
    trained = read("noaa_coops_page.csv")
    lines = (SAMPLES / "noaa_coops_page.csv").read_text().splitlines(keepends=True)
    (tmp_path / "today.csv").write_text("".join([lines[0], *lines[36:]]))
    today = read(tmp_path / "today.csv", known=trained.layout, step=trained.panel.step)
    assert today.layout.target == ("Verified (ft)",)
    assert not np.isnan(today.panel.values).any()


def test_the_dates_of_the_met_export_are_month_first_though_no_day_says_so() -> None:
    assert stamps(read("noaa_coops_met.csv", "AT"))[24].startswith("2017-08-02T00:00")


def test_no_wind_has_no_direction() -> None:
    directions = open_table(str(SAMPLES / "noaa_coops_met.csv"), DataFlags()).peek().columns["DIR"]
    assert list(directions[29:37]) == ["329", "", "", "", "", "", "", "336"]


# USGS


def test_the_hour_that_comes_twice_is_told_apart_by_its_zone() -> None:
    times = stamps(read("usgs_rdb_iv.rdb"))
    assert times[8:13] == [f"2019-11-03T01:{m}-04:00" for m in ("00", "15", "30", "45")] + ["2019-11-03T01:00-05:00"]


def test_codes_among_the_values_are_missing_and_counted() -> None:
    assert said(read("usgs_rdb_iv.rdb"), "codes") == "69929_00065: Eqp 1, *** 1, -999999 1 taken as missing"
    flow = read("usgs_rdb_iv.rdb", "69928_00060")
    assert said(flow, "codes") == "69928_00060: Ice 1, Eqp 1 taken as missing"
    assert said(flow, "provisional").startswith("16 of 32 rows")
    assert said(flow, "estimated").startswith("8 of 32 rows")
    assert flow.layout.units == ("ft3/s",)


def test_a_dry_bed_is_a_flow_of_zero() -> None:
    flow = values(read("usgs_rdb_dv.rdb"))
    assert flow[9] > 0
    assert flow[10:14] == [0.0] * 4


def test_titles_and_station_come_from_the_comments() -> None:
    now, daily = about("usgs_rdb_iv.rdb"), about("usgs_rdb_dv.rdb")
    assert dict(now.titles)["69929_00065"] == "Gage height, feet, [PRIMARY]"
    assert dict(daily.titles)["01_00060_00003"] == "Discharge, cubic feet per second (Mean)"
    assert now.station == "01646500 POTOMAC RIVER NEAR WASH, DC LITTLE FALLS PUMP STA"


def test_stacked_sites_keep_their_own_columns() -> None:
    loaded = read("usgs_rdb_stacked.rdb", "00060")
    assert series(loaded, 0)[:2] == pytest.approx([220, 221])
    assert series(loaded, 1)[:2] == pytest.approx([15, 16])
    assert said(loaded, "provisional").startswith("40 of 80 rows")


def test_a_header_at_the_end_of_a_chunk_keeps_the_line_of_types(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read("usgs_rdb_stacked.rdb")
    monkeypatch.setattr(delimited, "ROWS", 42)  # the second header is the last row of the first chunk
    assert np.array_equal(read("usgs_rdb_stacked.rdb").panel.values, whole.panel.values, equal_nan=True)


def test_a_thousand_sites_in_one_file_are_read(tmp_path: Path) -> None:
    head = "agency_cd\tsite_no\tdatetime\t{}_00065_00003\t{}_00065_00003_cd\n5s\t15s\t20d\t14n\t10s\n"
    row = "USGS\t0{}\t2021-06-{:02d}\t1.{}\tA\n"
    sites = (head.format(n, n) + "".join(row.format(n, day, day) for day in range(1, 6)) for n in range(10_001, 11_501))
    (tmp_path / "state.rdb").write_text("# a state\n" + "".join(sites))
    loaded = read(tmp_path / "state.rdb")
    assert (loaded.panel.num_series, loaded.layout.target, loaded.layout.units) == (1500, ("00065_00003",), ("ft",))


def test_a_header_below_a_thousand_comments_is_found(tmp_path: Path) -> None:
    path = changed(tmp_path, "usgs_rdb_2003.rdb", ("# some of", "# site\n" * 1000 + "# some of"))
    assert read(path).panel.ids == ("09261000",)


def test_thousands_are_no_decimals() -> None:
    assert values(read("usgs_rdb_2003.rdb"))[:3] == pytest.approx([990, 1000, 1010])


def test_a_zone_is_not_set_behind_times_that_have_one(tmp_path: Path) -> None:
    rows = [f'"USGS","01646500","2023-01-01T{h:02d}:00:00Z","8{h}","A","UTC"' for h in range(24)]
    path = tmp_path / "r.csv"
    path.write_text('"agency_cd","site_no","dateTime","X_00060_00000","X_00060_00000_cd","tz_cd"\n' + "\n".join(rows))
    assert (read(path).layout.time, read(path).layout.zone) == ("dateTime", "UTC")


def test_series_of_different_units_have_none(tmp_path: Path) -> None:
    path = changed(tmp_path, "usgs_waterdata.csv", ("USGS-01646500,00060,", "USGS-01646500,00065,"))
    rows = path.read_text().splitlines()
    path.write_text("\n".join(r.replace("ft^3/s", "ft") if ",00065," in r else r for r in rows) + "\n")
    loaded = read(path)
    assert loaded.layout.units == ("",)
    assert loaded.panel.ids == ("USGS-01646500/00065/00011", "USGS-15564860/00060/00011")


def test_a_series_without_a_statistic_is_a_location_and_a_parameter(tmp_path: Path) -> None:
    path = changed(tmp_path, "usgs_waterdata.csv", (",00011,", ",,"))
    assert read(path).panel.ids == ("USGS-01646500/00060", "USGS-15564860/00060")


def test_the_json_of_the_api_is_not_taken_for_its_csv(tmp_path: Path) -> None:
    row = '{"monitoring_location_id": "USGS-1", "parameter_code": "00060", "time": "2024-01-01", "value": 1}\n'
    (tmp_path / "rows.jsonl").write_text(row)
    assert open_table(str(tmp_path / "rows.jsonl"), DataFlags()).fact("format") != "USGS Water Data API"


# England


def test_two_values_in_one_cell_are_none() -> None:
    assert said(read("uk_ea_readings.csv"), "codes") == "value: two values 1 taken as missing"


def test_suspect_values_are_missing_and_unchecked_ones_provisional() -> None:
    loaded = read("uk_ea_hydrology.csv")
    assert said(loaded, "codes") == "value: Suspect 1 taken as missing"
    assert said(loaded, "provisional").startswith("10 of 50 rows")
    assert said(loaded, "estimated").startswith("17 of 50 rows")


def test_a_daily_extreme_stands_for_its_day_whenever_it_happened(tmp_path: Path) -> None:
    address = "http://environment.data.gov.uk/hydrology/id/measures/8496ce69-level-max-86400-m-qualified"
    rows = [f"{address},2024-01-{d:02d}T{d % 24:02d}:45:00,2024-01-{d:02d},1.{d},,Good," for d in range(1, 31)]
    path = tmp_path / "max.csv"
    path.write_text("\n".join(["measure,dateTime,date,value,completeness,quality,qcode", *rows]) + "\n")
    loaded = read(path)
    assert (loaded.layout.time, loaded.panel.step.text(), loaded.layout.units) == ("date", "1 day", ("m",))


# Canada


def test_rows_follow_the_clock_through_spring() -> None:
    assert stamps(read("eccc_hydrometric.csv"))[11:13] == ["2018-03-11T07:55:00Z", "2018-03-11T08:00:00Z"]


def test_level_and_discharge_have_their_own_quality() -> None:
    loaded = read("eccc_hydrometric.csv", "Discharge / Débit (cms)")
    assert loaded.layout.units == ("m3/s",)
    assert said(loaded, "provisional").startswith("30 of")
    assert said(read("eccc_hydrometric.csv"), "provisional").startswith("18 of 60 rows")


def test_a_gust_below_the_least_that_is_recorded_is_no_number() -> None:
    loaded = read("eccc_weather_daily.csv", "Spd of Max Gust (km/h)")
    assert said(loaded, "codes") == "Spd of Max Gust (km/h): <31 10 taken as missing"


def test_preliminary_days_of_the_old_export_are_provisional() -> None:
    assert about("eccc_weather_daily_old.csv").station == "8202251 HALIFAX INTL A"
    assert said(read("eccc_weather_daily_old.csv", "Min Temp (°C)"), "provisional").startswith("10 of 40 rows")


def test_station_and_datum_of_a_tide_gauge_come_from_the_lines_above() -> None:
    assert about("dfo_tides.csv").station == "7120 Victoria Harbour, B.C."
    assert about("dfo_tides.csv").titles == (("SLEV(metres)", "Observed water level above CD"),)
