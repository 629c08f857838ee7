"""Answers of agencies and databases in JSON, and what dashboards write: a test for each trap."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES, SHARED, TABLE, Sample
from tests.data.writing import loaded

REAL = SHARED / "messy_usgs_rdb"
real = pytest.mark.skipif(not REAL.exists(), reason="the collection of real files is not here")
MEASURE = "1491TH-level-{}-i-15_min-mASD"


def values_of(result: Loaded, series: int = 0) -> list[float]:
    first, end = result.panel.offsets[series : series + 2]
    return [round(float(v), 4) for v in result.panel.values[first:end, 0] + result.panel.base[series, 0]]


def written(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [s for s in TABLE if s.file.endswith(".json")], ids=lambda case: case.file)
def test_a_document_may_be_printed_over_many_lines(case: Sample, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", json.dumps(sample(case.file), indent=2))
    again, result = load([path], DataFlags()), loaded(SAMPLES / case.file)
    assert again.layout == result.layout
    np.testing.assert_array_equal(again.panel.values, result.panel.values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"error": {"message":"No data was found. This product may not be offered"}}', "instead of data: No data was"),
        ('{ "error": { "message": " Wrong Station ID: x " } }', "instead of data: Wrong Station ID"),
        ('{"predictions":[{"t":"2026-09-29 10:52","v":"-0.301","type":"L"}]}', "high and low waters"),
        ('{"metadata":{"id":"1"},"data":[{"t":"2026-09-29 10:52","v":"1","ty":"HH "}]}', "high and low waters"),
        ('{"metadata":{"id":"1"},"data":[]}', "JSON without a table"),
        ('{"status":"error","errorType":"bad_data","error":"parse error: unexpected"}', "Prometheus .*: parse error"),
        ('{"status":"success","data":{"resultType":"vector","result":[]}}', "of kind vector, which holds one instant"),
        ('{"status":"success","data":{"resultType":"matrix","result":[]}}', "without a row"),
        ('{"reason":"Parameter start_date is out","error":true}', "instead of data: Parameter start_date"),
        ("#datatype,string,string\n#default,,\n,error,reference\n,bad query,897\n", "data: bad query"),
        ('{"name":"ns1:timeSeriesResponseType","value":{"timeSeries":[]}}', "without a row"),
        ('{"name":"ns1:timeSeriesResponseType","value":{"timeSeries":[{"variable":{}}]}}', "parts of it are absent"),
    ],
)  # fmt: skip
def test_an_answer_without_a_series_is_refused_by_what_it_says(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=message) as refused:
        load([written(tmp_path / "x.json", content)], DataFlags())
    assert "\n" not in refused.value.message


def test_the_station_of_noaa_is_told_and_sigma_is_never_the_target() -> None:
    table = open_table(str(SAMPLES / "noaa_coops_json.json"), DataFlags())
    assert table.about.station == "8454000 Providence"
    assert loaded(SAMPLES / "noaa_coops_json.json", target=("s",)).panel.targets == ("s",)  # unless it is asked for


def test_of_currents_the_speed_is_the_target(tmp_path: Path) -> None:
    document = sample("noaa_coops_json_wind.json")
    document["data"] = [
        {"t": r["t"], "s": r["s"], "d": r["d"], "b": str(i % 3)} for i, r in enumerate(document["data"])
    ]
    assert load([written(tmp_path / "x", document)], DataFlags()).panel.targets == ("s",)


def test_preliminary_values_of_noaa_are_told_of() -> None:
    assert any("10 of 40 rows are provisional" in f.text for f in loaded(SAMPLES / "noaa_coops_json.json").findings)


def test_the_hour_that_autumn_has_twice_is_two_hours_at_usgs() -> None:
    result = loaded(SAMPLES / "usgs_waterml_json_iv.json")
    assert not [f for f in result.findings if f.code in ("duplicates", "gaps")]
    assert values_of(result)[:6] == pytest.approx([900, 901, 902, 903, 904, np.nan], nan_ok=True)
    assert any("-999999 1 taken as missing" in f.text for f in result.findings)


def test_usgs_qualifiers_are_told_of() -> None:
    texts = " ".join(f.text for f in loaded(SAMPLES / "usgs_waterml_json_iv.json").findings)
    assert "38 of 48 rows are provisional" in texts
    assert "12 of 48 rows are interpolated or estimated" in texts
    assert "different units: ft, ft3/s" in texts


def test_usgs_titles_lose_the_marks_of_html() -> None:
    about = open_table(str(SAMPLES / "usgs_waterml_json_dv.json"), DataFlags()).about
    assert about.titles == (("value", "Temperature, water, °C"),)
    assert about.station == "01491000 CHOPTANK RIVER NEAR GREENSBORO, MD"


@real
@pytest.mark.parametrize("name", ["waterservices_iv.txt", "waterservices_dv.txt"])
def test_a_real_answer_of_usgs_loads_with_every_value_in_its_place(name: str) -> None:
    expected: dict[str, dict[datetime, float]] = {}
    for each in json.loads((REAL / name).read_text())["value"]["timeSeries"]:
        site, parameter = each["name"].split(":")[1:3]
        for reading in each["values"][0]["value"]:
            when = datetime.fromisoformat(reading["dateTime"])
            expected.setdefault(f"{site}/{parameter}", {})[when] = float(reading["value"])
    result = load([str(REAL / name)], DataFlags())
    assert result.panel.ids == tuple(sorted(expected))
    for series, identity in enumerate(result.panel.ids):
        seen = [v for v in values_of(result, series) if v == v]
        assert seen == pytest.approx([expected[identity][when] for when in sorted(expected[identity])])


def test_a_measure_of_the_environment_agency_may_be_an_object(tmp_path: Path) -> None:
    document = sample("uk_ea_json.json")
    for reading in document["items"]:
        reading["measure"] = {"@id": reading["measure"], "parameterName": "Water Level", "unitName": "mASD"}
    ids = tuple(MEASURE.format(place) for place in ("downstage", "stage"))
    assert load([written(tmp_path / "x", document)], DataFlags()).panel.ids == ids


def test_a_list_of_stations_is_no_list_of_readings(tmp_path: Path) -> None:
    document = {
        "@context": "http://environment.data.gov.uk/flood-monitoring/x",
        "items": [{"label": "Fal", "lat": 50.1}],
    }
    with pytest.raises(DataUnusable, match="no time column"):
        load([written(tmp_path / "x", document)], DataFlags())


def test_the_one_offset_of_open_meteo_holds_across_the_change_of_clocks() -> None:
    result = loaded(SAMPLES / "open_meteo_json.json")  # over the night in which Berlin skips an hour
    assert len(result.panel.values) == 48
    assert result.panel.start[0] == np.datetime64("2026-03-28T10:00", "s").astype(np.int64)  # 12:00 at +02:00


def test_open_meteo_in_unix_time_is_utc(tmp_path: Path) -> None:
    document = sample("open_meteo_json.json")
    document["hourly_units"]["time"] = "unixtime"
    document["hourly"]["time"] = [1767225600 + 3600 * i for i in range(48)]
    result = load([written(tmp_path / "x", document)], DataFlags())
    assert (result.layout.zone, result.panel.start[0]) == ("UTC", 1767225600)


def test_daily_values_of_open_meteo_are_read_where_they_stand_alone_and_told_of_where_not(tmp_path: Path) -> None:
    document = sample("open_meteo_json.json")
    assert any("daily ones left out" in f.text for f in loaded(SAMPLES / "open_meteo_json.json").findings)
    document["daily"] = {
        "time": [f"2026-03-{d:02d}" for d in range(1, 21)],
        "precipitation_sum": [d / 2 for d in range(20)],
    }
    del document["hourly"], document["hourly_units"]
    result = load([written(tmp_path / "x", document)], DataFlags())
    assert (result.panel.step.text(), result.layout.units) == ("1 day", ("mm",))
    assert not [f for f in result.findings if f.code == "as-read"]


def test_locations_of_different_offsets_are_refused(tmp_path: Path) -> None:
    document = sample("open_meteo_json_places.json")
    document[1]["utc_offset_seconds"] = 3600
    with pytest.raises(DataUnusable, match="different UTC offsets") as refused:
        load([written(tmp_path / "x", document)], DataFlags())
    assert "timezone=GMT" in refused.value.hint


def test_several_quantities_of_open_meteo_are_the_users_choice(tmp_path: Path) -> None:
    document = sample("open_meteo_json.json")
    document["hourly"]["pressure_msl"] = [1000 + i / 7 for i in range(48)]
    with pytest.raises(DataUnusable, match="temperature_2m, pressure_msl") as refused:
        load([written(tmp_path / "x", document)], DataFlags())
    assert refused.value.hint == "-t temperature_2m"


def test_the_same_part_of_a_second_is_left_out_and_told_of() -> None:
    result = loaded(SAMPLES / "prometheus.json")
    assert result.panel.start[0] == 1690724237
    assert any("0.225 s beyond the second: left out" in f.text for f in result.findings)


def test_parts_of_a_second_that_differ_are_refused(tmp_path: Path) -> None:
    document = sample("prometheus.json")
    document["data"]["result"][0]["values"][7][0] += 0.5
    with pytest.raises(DataUnusable, match="is not a time"):
        load([written(tmp_path / "x", document)], DataFlags())


def test_labels_that_a_series_lacks_or_that_are_named_as_a_column_tell_series_apart(tmp_path: Path) -> None:
    document = sample("prometheus.json")
    for each, label in zip(document["data"]["result"], ({"value": "up"}, {}), strict=True):
        each["metric"] = {"job": "gauge", **label}
    assert load([written(tmp_path / "x", document)], DataFlags()).panel.ids == ("-", "up")


def test_the_number_of_an_entry_is_never_the_target_of_thingspeak(tmp_path: Path) -> None:
    text = (SAMPLES / "thingspeak.csv").read_text().replace("ok,", "7.5,").replace("offline,", "8,")
    with pytest.raises(DataUnusable, match="could be the target: field1, field2; expected one"):
        load([written(tmp_path / "x", text)], DataFlags())


def test_grafana_may_write_milliseconds_and_its_formatted_values_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"{1767225600000 + 900_000 * i},{i / 4}\n" for i in range(20))
    result = load([written(tmp_path / "x", f'sep=,\n"Time","Level"\n{rows}')], DataFlags())
    assert (result.layout.zone, result.panel.step.text()) == ("UTC", "15 min")
    with pytest.raises(DataUnusable, match=r"line 3, column 'Level': '0.0 m' is not a number"):
        load([written(tmp_path / "x", 'sep=,\n"Time","Level"\n2026-01-01 00:00,0.0 m\n')], DataFlags(target=("Level",)))
