"""Parquet: every type that can be a time, a number or a text, nulls included, read from buffers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.table import Column, Table
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded


def table_of(path: Path, **columns: Any) -> Table:
    pq.write_table(pa.table(columns), path)
    return open_table(str(path), DataFlags())


def column(path: Path, array: Any) -> Column:
    return table_of(path, x=array).peek().columns["x"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-100, 100)), min_size=1, max_size=40),
    st.sampled_from([pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float16(), pa.float32(), pa.float64()]),
    st.booleans(),
)
def test_numbers_and_nulls_of_every_width_come_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[int | None], kind: pa.DataType, coded: bool
) -> None:
    array = pa.array(values, pa.float64()).cast(kind)
    read = column(tmp_path_factory.mktemp("parquet") / "x.parquet", array.dictionary_encode() if coded else array)
    np.testing.assert_array_equal(read, np.array(values, np.float64))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([True, None, False]), [1.0, np.nan, 0.0]),
        (pa.array([1, 2], pa.uint64()), [1.0, 2.0]),
    ],
)
def test_other_numbers_come_back(array: pa.Array, expected: list[float], tmp_path: Path) -> None:
    np.testing.assert_array_equal(column(tmp_path / "x.parquet", array), expected)


@pytest.mark.parametrize("coded", [False, True])
def test_texts_and_nulls_come_back(coded: bool, tmp_path: Path) -> None:
    array = pa.array(["NA", None, " 007 ", ""])
    assert column(tmp_path / "x.parquet", array.dictionary_encode() if coded else array) == ["NA", "", "007", ""]


def test_ids_too_large_for_a_float_stay_text(tmp_path: Path) -> None:
    assert column(tmp_path / "x.parquet", pa.array([2**53 + 1, None])) == [str(2**53 + 1), ""]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit_come_back_as_seconds(unit: str, tmp_path: Path) -> None:
    times = np.array(["2026-01-01T06:05:07", "NaT", "1749-01-01"], f"datetime64[{unit}]")
    np.testing.assert_array_equal(column(tmp_path / "x.parquet", pa.array(times)), times.astype("datetime64[s]"))


def test_dates_come_back_as_seconds(tmp_path: Path) -> None:
    for kind in (pa.date32(), pa.date64()):
        days = pa.array(np.array(["2026-01-01", "NaT"], "datetime64[D]")).cast(kind)
        np.testing.assert_array_equal(column(tmp_path / "x.parquet", days), np.array(["2026-01-01", "NaT"], "M8[s]"))


def test_the_zone_of_timestamps_is_kept(tmp_path: Path) -> None:
    when = np.arange(4).astype("datetime64[h]").astype("datetime64[ms]")
    table = table_of(
        tmp_path / "x.parquet", time=pa.array(when).cast(pa.timestamp("ms", "Europe/Berlin")), y=[1, 2, 3, 4]
    )
    assert table.zone == "Europe/Berlin"
    assert loaded(tmp_path / "x.parquet").layout.zone == "Europe/Berlin"


def test_a_part_of_a_second_is_refused_in_the_time_column_and_harmless_elsewhere(tmp_path: Path) -> None:
    fine = np.arange(4).astype("datetime64[h]").astype("datetime64[ms]")
    odd = fine + np.array([0, 0, 500, 0])
    table_of(tmp_path / "x.parquet", time=fine, made=odd, y=[1.0, 2.0, 3.0, 4.0])
    assert loaded(tmp_path / "x.parquet").panel.step.text() == "1 h"
    with pytest.raises(DataUnusable, match=r"row 3: '1970-01-01T02:00:00.500' is a part of a second"):
        loaded(tmp_path / "x.parquet", time="made")


def test_rows_are_counted_over_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnforecast.data.formats.parquet.ROWS", 4)
    table = table_of(tmp_path / "x.parquet", x=list(range(10)))
    assert [chunk.line for chunk in table.chunks()] == [1, 5, 9]
    assert [v for chunk in table.chunks() for v in chunk.columns["x"].tolist()] == list(range(10))  # type: ignore[union-attr]


def test_columns_that_are_no_columns_are_skipped_unless_named(tmp_path: Path) -> None:
    when = np.arange(4).astype("datetime64[h]").astype("datetime64[s]")
    table = table_of(tmp_path / "x.parquet", time=when, y=[1.0, 2.0, 3.0, 4.0], many=[[1], [2], [3], [4]])
    assert table.names == ("time", "y")
    assert loaded(tmp_path / "x.parquet").panel.targets == ("y",)
    with pytest.raises(DataUnusable, match="column 'many' holds lists"):
        loaded(tmp_path / "x.parquet", target=("many",))


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.table({"x": np.arange(1000.0)}), path, write_page_checksum=True, compression="none", use_dictionary=False
    )
    whole = bytearray(path.read_bytes())
    whole[4000] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataUnusable, match="damaged"):
        list(open_table(str(path), DataFlags()).chunks())


def test_no_rows_and_one_name_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="no rows"):
        table_of(tmp_path / "x.parquet", x=pa.array([], pa.float64()))
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), tmp_path / "x.parquet")
    with pytest.raises(DataUnusable, match="two columns of one name"):
        open_table(str(tmp_path / "x.parquet"), DataFlags())
