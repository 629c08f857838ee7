"""Archives of tides, rivers, weather and buoys: a test for each trap of their files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.signatures._cells import four_digit_year, month_of
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES, read, said, values
from tests.data.writing import loaded


def test_a_gesla_value_that_is_not_to_be_used_is_missing_and_counted() -> None:
    result = read("gesla.txt")
    assert np.isnan(values(result)[20])
    assert not np.isnan(values(result)[30])
    assert said(result, "codes") == "sea_level: -99.9999 2, use_flag=0 1 taken as missing"
    assert said(result, "estimated").startswith("1 of 72 rows are interpolated")


def test_the_null_value_and_the_zone_of_gesla_are_those_of_the_header(tmp_path: Path) -> None:
    text = (SAMPLES / "gesla.txt").read_text(encoding="utf-8").replace("-99.9999", "301.0001")
    text = re.sub(r"(TIME ZONE HOURS\s+)0", r"\g<1>-3.5", text)
    (tmp_path / "gesla.txt").write_text(text, encoding="utf-8")
    result = loaded(tmp_path / "gesla.txt")
    assert result.layout.zone == "-03:30"
    assert said(result, "codes").startswith("sea_level: 301.0001 2,")


def test_a_gesla_header_tells_site_and_datum() -> None:
    about = open_table(str(SAMPLES / "gesla.txt"), DataFlags()).about
    assert about.station == "Brest"
    assert dict(about.titles)["sea_level"] == "Sea level, Zero hydrographique"


@pytest.mark.parametrize(
    ("cell", "month"),
    [*((f"{1950 + (k - 0.5) / 12:.4f}", f"1950-{k:02d}") for k in range(1, 13)),
     *((f"{1950 + (k - 1) / 12:.3f}", f"1950-{k:02d}") for k in range(1, 13)), ("1950-01", "1950-01"), ("", "")],
)  # fmt: skip
def test_a_decimal_year_is_the_month_it_lies_in(cell: str, month: str) -> None:
    assert month_of(cell) == month


def test_two_digits_are_a_year_of_the_last_century() -> None:
    assert [four_digit_year(cell) for cell in ("98", "1999", "2026", "")] == ["1998", "1999", "2026", ""]


def test_an_interpolated_month_of_psmsl_is_kept_and_counted() -> None:
    result = read("psmsl_monthly.rlrdata")
    assert not np.isnan(values(result)[20])
    assert said(result, "estimated").startswith("1 of 72 rows")
    assert said(result, "codes") == "sea_level: -99999 2 taken as missing"


def test_a_uhslc_dat_file_is_refused_with_where_to_find_the_csv(tmp_path: Path) -> None:
    text = "057HONOLUL  1985  LAT=21 18.4N  LONG=157 52.0W  TIMEZONE=GMT\n"
    text += "".join(f"057HONOLUL 198501{d:02d}{h}" + " 1234" * 11 + " 9999\n" for d in range(1, 9) for h in (1, 2))
    (tmp_path / "h057.dat").write_text(text, encoding="ascii")
    with pytest.raises(DataUnusable, match=r"UHSLC \.dat file") as refused:
        loaded(tmp_path / "h057.dat")
    assert "csv" in refused.value.hint


def test_a_uhslc_file_counts_its_fill_value() -> None:
    assert said(read("uhslc_hourly.csv"), "codes") == "sea_level: -32767 3 taken as missing"


def test_model_output_of_camels_is_never_the_target(tmp_path: Path) -> None:
    lines = (SAMPLES / "camels_us_model_output.txt").read_text(encoding="utf-8").splitlines()
    silent = [lines[0], *(re.sub(r"\S+$", "-999.0000000", line) for line in lines[1:])]  # OBS_RUN was never observed
    (tmp_path / "model.txt").write_text("\n".join(silent) + "\n", encoding="utf-8")
    with pytest.raises(DataUnusable, match="the target: PRCP, TAIR; expected one"):
        loaded(tmp_path / "model.txt")


def test_the_files_of_camels_join_on_days() -> None:
    flow = SAMPLES / "camels_us_streamflow.txt"
    panel = loaded(SAMPLES / "camels_us_model_output.txt", join=(str(flow),), past=("streamflow",)).panel
    assert panel.values.shape == (60, 2)
    joined = panel.values[:, 1] + panel.base[0, 1]
    want = [float(line.split()[4]) for line in flow.read_text(encoding="utf-8").splitlines()[:60]]
    np.testing.assert_allclose(joined, [np.nan if value == -999 else value for value in want], rtol=1e-6)


def test_a_missing_flow_of_camels_is_marked_twice_and_counted_once() -> None:
    result = read("camels_us_streamflow.txt")
    assert said(result, "codes") == "streamflow: -999 3 taken as missing"
    assert said(result, "estimated").startswith("5 of 90 rows")


def test_a_flow_of_camels_marked_missing_is_missing_whatever_stands_there(tmp_path: Path) -> None:
    text = (SAMPLES / "camels_us_streamflow.txt").read_text(encoding="utf-8").replace("-999.00", "   0.00")
    (tmp_path / "flow.txt").write_text(text, encoding="utf-8")
    assert said(loaded(tmp_path / "flow.txt"), "codes") == "streamflow: M 3 taken as missing"


def test_a_dwd_zip_is_read_past_its_metadata() -> None:
    with zipfile.ZipFile(SAMPLES / "dwd_hourly.zip") as archive:
        assert len(archive.namelist()) == 4
    result = read("dwd_hourly.zip", "TT_TU")
    np.testing.assert_array_equal(values(result), values(read("dwd_hourly.txt", "TT_TU")))


def test_end_of_record_and_quality_levels_of_dwd_are_no_targets() -> None:
    with pytest.raises(DataUnusable) as refused:
        read("dwd_daily.txt")
    for name in ("QN_3", "QN_4", "RSKF", "eor", "STATIONS_ID"):
        assert name not in refused.value.message.split("the target:")[1]


def test_open_meteo_keeps_its_one_offset_in_winter_too() -> None:
    result = read("open_meteo.csv")
    assert result.layout.zone == "-04:00"  # America/New_York would be -05:00 in January
    assert int(result.panel.start[0]) == int(np.datetime64("2024-01-01T04:00", "s").astype(np.int64))


def test_open_meteo_locations_of_several_offsets_are_refused(tmp_path: Path) -> None:
    text = (
        (SAMPLES / "open_meteo_locations.csv")
        .read_text(encoding="utf-8")
        .replace("38.0,0,GMT,GMT", "38.0,3600,A,GMT+1")
    )
    (tmp_path / "open_meteo.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataUnusable, match="different UTC offsets") as refused:
        loaded(tmp_path / "open_meteo.csv", target=("precipitation (mm)",))
    assert "timezone=GMT" in refused.value.hint


def test_an_open_meteo_file_of_hours_and_days_is_refused(tmp_path: Path) -> None:
    text = (SAMPLES / "open_meteo.csv").read_text(encoding="utf-8")
    text += "\ntime,temperature_2m_max (°C)\n2024-01-01,7.1\n2024-01-02,6.0\n"
    (tmp_path / "open_meteo.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataUnusable, match="several tables") as refused:
        loaded(tmp_path / "open_meteo.csv")
    assert "hourly=" in refused.value.hint


def test_weather_codes_and_sources_are_no_targets() -> None:
    for name, code in (("open_meteo_locations.csv", "weather_code"), ("meteostat_dump.csv", "coco")):
        with pytest.raises(DataUnusable) as refused:
            read(name)
        assert code not in refused.value.message.split("the target:")[1]


def test_the_place_is_no_target_of_era5() -> None:
    with pytest.raises(DataUnusable, match="the target: t2m, tp; expected one"):
        read("era5.csv")


def test_the_nines_of_ndbc_are_missing_column_by_column() -> None:
    waves = read("ndbc_archive.txt", "WVHT")
    assert said(waves, "codes") == "WVHT: 99 3 taken as missing"
    with pytest.raises(DataUnusable, match="could be the target: WVHT, DPD, APD, MWD, WTMP; expected one"):
        read("ndbc_archive.txt")  # wind, pressure and tide are all nines
    winds = read("ndbc_1999.txt", "WD")
    assert 99.0 in values(winds)
    assert said(winds, "codes") == ""


def test_a_realtime_buoy_is_newest_first_and_sorted() -> None:
    result = read("ndbc_realtime.txt", "PRES")
    assert said(result, "order") == "rows are newest first: sorted"
    assert said(read("ndbc_realtime.txt", "ATMP"), "codes") == "ATMP: MM 2 taken as missing"


def test_the_only_column_of_a_buoy_needs_no_flag(tmp_path: Path) -> None:
    lines = ["#YY  MM DD hh mm WVHT STEEPNESS", "#yr  mo dy hr mn    m         -"]
    lines += [f"2026 06 11 {hour:02d} 00  1.{hour % 10}   AVERAGE" for hour in range(24)]
    (tmp_path / "46097.spec").write_text("\n".join(lines) + "\n", encoding="ascii")
    result = loaded(tmp_path / "46097.spec")
    assert (result.layout.target, result.layout.units) == (("WVHT",), ("m",))


def test_less_than_half_a_unit_of_rain_is_none_in_knmi() -> None:
    text = (SAMPLES / "knmi_daily.txt").read_text(encoding="utf-8")
    assert re.search(r",\s+-1,", text)
    assert np.nanmin(values(read("knmi_daily.txt"))) == 0.0


def test_codes_and_hours_of_extremes_are_no_targets_of_knmi() -> None:
    with pytest.raises(DataUnusable, match="the target: DD, FH, T, T10N, RH; expected one"):
        read("knmi_hourly.txt")
    with pytest.raises(DataUnusable, match="the target: TG, TN; expected one"):
        read("knmi_plain.txt")
    about = open_table(str(SAMPLES / "knmi_hourly.txt"), DataFlags()).about
    assert about.station == "260 De Bilt"
    assert dict(about.titles)["T"].startswith("Temperatuur (in 0.1 graden Celsius)")


def test_ids_of_long_tables_stay_text() -> None:
    assert read("nixtla.csv").panel.ids == ("007", "7", "NA")
    assert read("chronos.csv").panel.ids == ("007", "NA")
