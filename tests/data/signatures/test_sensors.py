"""The traps of InfluxDB's annotated CSV and of GluonTS, and what a later file of either is read by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import load
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES
from tests.data.signatures.test_answers import values_of, written
from tests.data.writing import loaded


def test_the_time_of_influxdb_is_its_time_and_not_the_bounds_of_the_query() -> None:
    result = loaded(SAMPLES / "influxdb_csv.csv")
    assert result.panel.start.tolist() == [1767225600] * 3
    assert values_of(result, 2) == [5 + i / 10 for i in range(15)]


def influx(rows: str, header: str = "_field,_measurement,station") -> str:
    kinds = ",".join("string" for _ in header.split(","))
    return (
        f"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,{kinds}\n"
        f"#default,_result,,,,,\n,result,table,_start,_stop,_time,_value,{header}\n{rows}"
    )


def influx_rows(labels: str, count: int = 9) -> str:
    bounds = "2026-01-01T00:00:00Z,2026-01-02T00:00:00Z"
    return "".join(f",,0,{bounds},2026-01-01T{i:02d}:00:00Z,{i}.5,{labels}\n" for i in range(count))


@pytest.mark.parametrize(
    ("labels", "ids"),
    [
        (["level,river,a"], ("a",)),
        (["level,river,a", "level,river,b"], ("a", "b")),
        (["level,river,a", "temp,river,a"], ("level", "temp")),
        (["level,river,a", "temp,tide,a"], ("river/level", "tide/temp")),
        (["level,river,a", "temp,river,b"], ("level/a", "temp/b")),
    ],
)
def test_the_labels_of_influxdb_that_vary_tell_series_apart(labels: list[str], ids: Any, tmp_path: Path) -> None:
    text = influx("".join(map(influx_rows, labels)))  # one table after the other under one header
    assert load([written(tmp_path / "x.csv", text)], DataFlags()).panel.ids == ids


def test_a_table_that_begins_late_in_the_file_counts_too(tmp_path: Path) -> None:
    many = "".join(influx_rows("level,river,a", 20) for _ in range(60))  # more than the head of a file
    assert len(many) > 65_536
    text = influx(many + influx_rows("level,tide,a"))
    assert load([written(tmp_path / "x.csv", text)], DataFlags()).panel.ids == ("river", "tide")


def later(name: str, path: Path) -> str:
    """The sample without its other series: a later file, of one station alone."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    if name.startswith("influx"):
        return written(path, text.partition("\n#")[0] + "\n" + text[text.index("#group", 10) :])
    if name.startswith("line"):
        return written(path, "".join(line for line in text.splitlines(True) if "a\\ b" in line))
    document = json.loads(text)
    document["data"]["result"] = document["data"]["result"][1:]
    return written(path, document)


@pytest.mark.parametrize(
    ("name", "ids"),
    [("influxdb_csv.csv", ("a,b/s1",)), ("line_protocol.lp", ("a b",)), ("prometheus.json", ("b:9100",))],
)
def test_a_later_file_of_one_series_has_the_ids_that_the_model_knows(name: str, ids: Any, tmp_path: Path) -> None:
    model = loaded(SAMPLES / name)
    base = dict(zip(model.panel.ids, model.panel.base, strict=True))
    path = later(name, tmp_path / "later")
    result = load([path], DataFlags(), known=model.layout, step=model.panel.step, base=base)
    assert result.panel.ids == ids


def gluonts(path: Path, *lines: dict[str, Any]) -> str:
    return written(path, "".join(json.dumps(line) + "\n" for line in lines))


SERIES = {"start": "2021-01-31 00:00:00", "target": [float(i) for i in range(12)]}


def test_gluonts_needs_the_step_and_says_how_to_tell_it() -> None:
    with pytest.raises(DataUnusable, match="line 1: a series that does not tell its step") as refused:
        loaded(SAMPLES / "gluonts.jsonl")
    assert refused.value.hint == "--freq 1h"


@pytest.mark.parametrize(
    ("freq", "step", "second"),
    [
        ("H", "1 h", "2021-01-31T01:00"),
        ("15T", "15 min", "2021-01-31T00:15"),
        ("W-SUN", "1 week", "2021-02-07T00:00"),
        ("M", "1 month", "2021-02-28T00:00"),
        ("1D", "1 day", "2021-02-01T00:00"),
    ],
)
def test_a_step_may_stand_in_the_line_as_pandas_writes_it(freq: str, step: str, second: str, tmp_path: Path) -> None:
    result = load([gluonts(tmp_path / "x", {**SERIES, "freq": freq})], DataFlags())
    assert result.panel.step.text() == step
    assert str(result.panel.times(np.array([1]))[0].astype("datetime64[s]")) == second + ":00"


def test_business_days_are_no_step(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="line 1: freq 'B'"):
        load([gluonts(tmp_path / "x", {**SERIES, "freq": "B"})], DataFlags())


def test_series_without_an_id_are_told_apart_by_their_line(tmp_path: Path) -> None:
    path = gluonts(tmp_path / "x", SERIES, SERIES, SERIES)
    assert load([path], DataFlags(freq="1h")).panel.ids == ("1", "2", "3")


def test_features_are_columns_and_dynamic_ones_may_go_on_beyond_the_target() -> None:
    name = "feat_dynamic_real_0"
    panel = loaded(SAMPLES / "gluonts.jsonl", freq="1h", future=(name,), static=("feat_static_cat_0",)).panel
    assert np.diff(panel.offsets).tolist() == [24, 24]
    assert panel.static[:, 0].tolist() == [0, 1]


def test_a_series_of_many_targets_asks_for_one(tmp_path: Path) -> None:
    path = gluonts(
        tmp_path / "x", {"start": "2021-01-01", "target": [[1.0, 2.0, 4.0], [2.0, 3.0, 5.0]], "item_id": "a"}
    )
    with pytest.raises(DataUnusable, match="target_0, target_1"):
        load([path], DataFlags(freq="1d"))


def test_a_line_of_megabytes_is_a_series_and_its_id_may_come_last(tmp_path: Path) -> None:
    line = {"target": [i / 7 for i in range(80_000)], "start": "2001-01-01", "item_id": "late"}
    path = gluonts(tmp_path / "x", line)
    assert Path(path).stat().st_size > 1 << 20
    result = load([path], DataFlags(freq="1h"))
    assert (result.panel.ids, len(result.panel.values)) == (("late",), 80_000)


@pytest.mark.parametrize("line", [{"start": "soon"}, {"target": "no"}, {"target": []}, {"target": [{}]}])
def test_a_broken_line_of_gluonts_is_refused_in_one_line(line: dict[str, Any], tmp_path: Path) -> None:
    path = gluonts(tmp_path / "x", {**SERIES, "item_id": "a"}, {**SERIES, "item_id": "b", **line})
    if line == {"target": []}:  # a series without a row yet
        assert load([path], DataFlags(freq="1h")).panel.ids == ("a",)
        return
    with pytest.raises(DataUnusable) as refused:
        load([path], DataFlags(freq="1h"))
    assert "line 2" in refused.value.message
    assert "\n" not in refused.value.message
