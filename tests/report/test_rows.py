"""Forecast rows: which rows, in which order, with which digits, and the same in every format."""

import csv
import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.frequency import Step
from rnnforecast.report.rows import (
    Rows,
    as_csv,
    as_jsonl,
    as_parquet,
    as_table,
    backtest_rows,
    forecast_rows,
    formats,
)
from tests.report.examples import MARCH_1, NAN, forecast, layout, panel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rows() -> Rows:
    """One gauge, one origin at 2026-03-01T02:00Z, two leads."""
    one = panel([1.0, 2.0, 3.0], ids=("series",))
    return forecast_rows(forecast(np.array([[[1.5], [NAN]]]), [0], [2]), one, layout())


def parquet(data: bytes):
    import pyarrow.parquet as pq

    return pq.ParquetFile(io.BytesIO(data)).read()


def test_csv_has_one_header_line_and_a_line_per_lead(rows):
    assert as_csv(rows) == (
        "unique_id,target,unit,ds,cutoff,lead,source,yhat,q0.1,q0.5,q0.9\n"
        "series,stage_m,m,2026-03-01T03:00Z,2026-03-01T02:00Z,1,model,1.5,0.5,1.5,2.5\n"
        "series,stage_m,m,2026-03-01T04:00Z,2026-03-01T02:00Z,2,model,,,,\n"
    )


def test_json_lines_have_numbers_as_numbers_and_null_for_missing(rows):
    first, second = map(json.loads, as_jsonl(rows).splitlines())
    assert first == {
        "unique_id": "series", "target": "stage_m", "unit": "m", "ds": "2026-03-01T03:00Z",
        "cutoff": "2026-03-01T02:00Z", "lead": 1, "source": "model", "yhat": 1.5, "q0.1": 0.5, "q0.5": 1.5, "q0.9": 2.5,
    }  # fmt: skip
    assert second["yhat"] is None


def test_rows_go_by_origin_then_target_then_lead():
    two = replace(panel([1.0] * 4, [1.0] * 4, ids=("b", "a")), targets=("stage_m", "flow"))
    values = np.arange(8.0).reshape(2, 2, 2)  # (B, H, T)
    found = forecast_rows(forecast(values, [1, 0], [7, 3]), two, layout(id=("id",), units=("m", "m3/s")))
    columns = (found.columns[name] for name in ("unique_id", "target", "unit", "lead", "yhat"))
    assert list(zip(*(list(c) for c in columns), strict=True)) == [
        ("a", "stage_m", "m", 1, 0), ("a", "stage_m", "m", 2, 2),
        ("a", "flow", "m3/s", 1, 1), ("a", "flow", "m3/s", 2, 3),
        ("b", "stage_m", "m", 1, 4), ("b", "stage_m", "m", 2, 6),
        ("b", "flow", "m3/s", 1, 5), ("b", "flow", "m3/s", 2, 7),
    ]  # fmt: skip


def test_each_series_counts_its_time_from_its_own_start():
    two = panel([1.0] * 3, [1.0] * 5)
    two = replace(two, start=two.start + np.array([0, 86_400]))
    found = forecast_rows(forecast(np.zeros((2, 1, 1)), [0, 1], [2, 7]), two, layout(id=("id",)))
    assert found.columns["cutoff"] == ["2026-03-01T02:00Z", "2026-03-02T04:00Z"]
    assert found.columns["ds"] == ["2026-03-01T03:00Z", "2026-03-02T05:00Z"]


def test_months_are_stepped_by_the_calendar():
    monthly = panel([1.0, 2.0], step=Step("month", 1))
    found = forecast_rows(forecast(np.zeros((1, 2, 1)), [0], [1]), monthly, layout(stamp="date", zone=""))
    assert found.columns["cutoff"] + found.columns["ds"] == ["2026-04-01"] * 2 + ["2026-05-01", "2026-06-01"]


def test_a_single_series_keeps_the_id_that_its_file_gave_it():
    one = panel([1.0], ids=("007",))
    kept = forecast_rows(forecast(np.zeros((1, 1, 1)), [0], [0]), one, layout(id=("site",)))
    assert kept.columns["unique_id"] == ["007"]


def test_a_single_series_keeps_the_name_of_its_file_where_no_column_tells_series_apart():
    kept = forecast_rows(forecast(np.zeros((1, 1, 1)), [0], [0]), panel([1.0], ids=("kew",)), layout())
    assert kept.columns["unique_id"] == ["kew"]


def test_rows_without_times_are_numbered():
    numbered = replace(panel([1.0] * 5, step=Step("row", 1)), start=np.array([10]))
    untimed = layout(time=None, stamp="integer", zone="")
    found = forecast_rows(forecast(np.zeros((1, 2, 1)), [0], [4]), numbered, untimed)
    assert found.columns["ds"].tolist() == [15, 16]
    assert json.loads(as_jsonl(found).splitlines()[0])["cutoff"] == 14
    assert parquet(as_parquet(found))["ds"].to_pylist() == [15, 16]


def test_no_forecast_gives_a_header_alone():
    none = forecast_rows(forecast(np.zeros((0, 3, 1)), [], []), panel([1.0]), layout())
    assert (len(none), as_jsonl(none), len(as_csv(none).splitlines())) == (0, "", 1)
    assert parquet(as_parquet(none)).num_rows == 0
    assert as_table(none).startswith("unique_id")


def test_parquet_holds_typed_columns(rows):
    table = parquet(as_parquet(rows))
    assert table.column_names == list(rows.names)
    kinds = [str(table.schema.field(name).type) for name in ("unique_id", "ds", "lead", "yhat")]
    assert kinds == ["string", "timestamp[ms, tz=UTC]", "int64", "double"]
    assert table["yhat"].to_pylist() == [1.5, None]


@pytest.mark.parametrize("zone", ["", "UTC", "+05:30", "Europe/Berlin"])
@pytest.mark.parametrize("stamp", ["minute", "second"])
def test_parquet_times_are_those_of_the_csv_in_every_zone(zone, stamp):
    import pandas as pd

    found = forecast_rows(forecast(np.zeros((1, 2, 1)), [0], [0]), panel([1.0]), layout(zone=zone, stamp=stamp))
    expected = [pd.Timestamp(text) for text in found.columns["ds"]]
    assert [pd.Timestamp(t) for t in parquet(as_parquet(found))["ds"].to_pylist()] == expected


ID = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=6)


@given(ID, st.lists(st.floats(-1e6, 1e6) | st.just(NAN), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_format_gives_back_the_same_ids_and_values(name, values):
    yhat = np.array(values)[None, :, None]
    found = forecast_rows(forecast(yhat, [0], [0]), panel([1.0], ids=(name,)), layout(id=("id",)))
    from_csv = list(csv.DictReader(io.StringIO(as_csv(found), newline="")))
    from_json = [json.loads(line) for line in as_jsonl(found).split("\n")[:-1]]
    table = parquet(as_parquet(found))
    assert [r["unique_id"] for r in from_csv] == [r["unique_id"] for r in from_json] == table["unique_id"].to_pylist()
    assert {r["unique_id"] for r in from_json} == {name}
    written = [float(r["yhat"]) if r["yhat"] else None for r in from_csv]
    assert written == [r["yhat"] for r in from_json] == table["yhat"].to_pylist()
    assert [NAN if v is None else v for v in written] == pytest.approx(values, rel=1e-5, nan_ok=True)


def test_the_table_lines_up_with_decimals_by_the_spread_of_each_target():
    two = replace(panel([1.0]), targets=("stage_m", "flow"))
    values = np.array([[[1.23456, 5000.0], [2.23456, 9000.0]]])
    found = forecast_rows(forecast(values, [0], [0], levels=(0.5,)), two, layout(units=("m", "")))
    lines = as_table(found).splitlines()
    assert [line.split()[-1] for line in lines] == ["q0.5", "1.23", "2.23", "5000", "9000"]
    assert len({len(line) for line in lines}) == 1


def test_the_table_writes_out_control_characters(rows):
    steered = replace(rows, columns={**rows.columns, "unique_id": ["\x1b[2J", "b"]})
    assert "\x1b" not in as_table(steered)


def test_every_format_of_the_command_line_is_listed(rows):
    assert list(formats) == ["csv", "jsonl", "parquet", "table"]
    assert all(write(rows) for write in formats.values())


@pytest.mark.parametrize("name", ["csv", "jsonl", "table", "parquet"])
def test_writing_loads_neither_pandas_nor_torch(name):
    code = (
        "import sys, numpy as np\n"
        "from tests.report.examples import forecast, layout, panel\n"
        "from rnnforecast.report.rows import forecast_rows, formats\n"
        "rows = forecast_rows(forecast(np.zeros((1, 3, 1)), [0], [0]), panel([1.0]), layout())\n"
        f"formats[{name!r}](rows)\n"
        f"heavy = {{'pandas', 'torch'}} | ({{'pyarrow'}} if {name!r} != 'parquet' else set())\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_day_of_hourly_rows_is_written_in_two_milliseconds():
    values = np.random.default_rng(0).normal(size=(1, 24, 1))
    known, where = forecast(values, [0], [0], levels=tuple(np.arange(1, 10) / 10)), panel([1.0])

    def once() -> float:
        began = time.process_time()
        as_csv(forecast_rows(known, where, layout()))
        return time.process_time() - began

    assert min(once() for _ in range(20)) < 0.002


# --- the rows of a backtest ---


def backtest_columns(stamp: str = "minute") -> dict[str, np.ndarray]:
    """Two cutoffs of two leads; one value never came."""
    times = np.array([0, 0, 3600, 3600]) + MARCH_1 if stamp != "integer" else np.array([5, 5, 6, 6])
    step = 1 if stamp == "integer" else 3600
    return {
        "unique_id": np.array(["a,b"] * 4, object), "target": np.array(["stage_m"] * 4, object), "cutoff": times,
        "ds": times + step * np.array([1, 2, 1, 2]), "lead": np.array([1, 2, 1, 2]),
        "y": np.array([1.5, NAN, 1.25, 2.0]), "model": np.array([1.0, 2.0, 3.0, 4.0]),
    }  # fmt: skip


def test_a_backtest_is_written_with_times_in_words_and_a_gap_where_nothing_came():
    assert as_csv(backtest_rows(backtest_columns(), layout())) == (
        "unique_id,target,cutoff,ds,lead,y,model\n"
        '"a,b",stage_m,2026-03-01T00:00Z,2026-03-01T01:00Z,1,1.5,1\n'
        '"a,b",stage_m,2026-03-01T00:00Z,2026-03-01T02:00Z,2,,2\n'
        '"a,b",stage_m,2026-03-01T01:00Z,2026-03-01T02:00Z,1,1.25,3\n'
        '"a,b",stage_m,2026-03-01T01:00Z,2026-03-01T03:00Z,2,2,4\n'
    )


def test_a_backtest_of_rows_without_times_counts_them():
    lines = as_csv(backtest_rows(backtest_columns("integer"), layout(stamp="integer", zone=""))).splitlines()
    assert [line.split(",")[3:6] for line in lines[1:]] == [
        ["5", "6", "1"], ["5", "7", "2"], ["6", "7", "1"], ["6", "8", "2"]
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 4, 5])
def test_rows_put_into_words_block_by_block_are_the_same(size, monkeypatch):
    rows = backtest_rows(backtest_columns(), layout())
    whole = as_csv(rows)
    monkeypatch.setattr("rnnforecast.report.rows.BLOCK", size)
    assert as_csv(rows) == whole
