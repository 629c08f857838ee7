"""Feather and other Arrow IPC: files and streams, packed or not, and what damage does to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded

TIMES = np.arange(40).astype("datetime64[h]").astype("datetime64[ms]")


def write(path: Path, table: Any, stream: bool = False, **options: Any) -> None:
    opened = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as file, opened(file, table.schema, **options) as writer:
        writer.write_table(table, max_chunksize=16)


def table_of(path: Path, stream: bool = False, **columns: Any) -> Table:
    write(path, pa.table(columns), stream)
    return open_table(str(path), DataFlags())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_files_and_streams_load_alike(stream: bool, compression: str | None, tmp_path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    table = pa.table({"time": TIMES, "level": np.arange(40) / 8, "station": ["007", "NA"] * 20})
    write(tmp_path / "x", table, stream, options=options)
    result = loaded(tmp_path / "x")
    assert result.panel.ids == ("007", "NA")
    assert (result.panel.values[:20, 0] + result.panel.base[0, 0]).tolist() == [i / 4 for i in range(20)]


def test_what_pyarrow_itself_writes_as_feather_loads(tmp_path: Path) -> None:
    from pyarrow import feather

    feather.write_feather(pa.table({"time": TIMES, "level": np.arange(40.0)}), str(tmp_path / "x.feather"))
    assert loaded(tmp_path / "x.feather").panel.step.text() == "1 h"
    assert open_table(str(tmp_path / "x.feather"), DataFlags()).fact("format") == "Feather"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.uint8(), pa.string_view())]
)
def test_texts_of_every_kind_are_ids(kind: pa.DataType, tmp_path: Path) -> None:
    words = ["a,b", "Öre", "NA", None]
    array = pa.array(words).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else pa.array(words, kind)
    assert list(table_of(tmp_path / "x", x=array).peek().columns["x"]) == ["a,b", "Öre", "NA", ""]


def test_the_zone_of_times_is_kept_and_nested_columns_are_skipped(tmp_path: Path) -> None:
    when = pa.array(TIMES[:4]).cast(pa.timestamp("ms", "Europe/Berlin"))
    table = table_of(tmp_path / "x", time=when, y=[1.0, None, 3.0, 4.0], many=[[1], [2], [3], [4]])
    assert (table.zone, table.names, table.fact("skipped")) == ("Europe/Berlin", ("time", "y"), ("many",))


def test_rows_are_counted_over_batches(tmp_path: Path) -> None:
    table = table_of(tmp_path / "x", x=list(range(40)))
    assert [chunk.line for chunk in table.chunks()] == [1, 17, 33]
    assert [v for chunk in table.chunks() for v in list(chunk.columns["x"])] == list(range(40))


def test_no_rows_one_name_twice_and_the_first_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="no rows"):
        table_of(tmp_path / "x", x=pa.array([], pa.float64()))
    write(tmp_path / "x", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]))
    with pytest.raises(DataUnusable, match="two columns of one name"):
        open_table(str(tmp_path / "x"), DataFlags())
    (tmp_path / "x").write_bytes(b"FEA1" + bytes(100) + b"FEA1")
    with pytest.raises(DataUnusable, match="Feather of version 1"):
        open_table(str(tmp_path / "x"), DataFlags())


@pytest.mark.parametrize("stream", [False, True])
def test_no_damaged_byte_ends_in_a_traceback(stream: bool, tmp_path: Path) -> None:
    table_of(tmp_path / "x", stream, time=TIMES, level=np.arange(40.0), station=["a", "bb"] * 20)
    whole = (tmp_path / "x").read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(8, len(whole), 300).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        (tmp_path / "x").write_bytes(bytes(damaged))
        try:
            list(open_table(str(tmp_path / "x"), DataFlags()).chunks())
        except DataUnusable as refused:
            assert "\n" not in refused.message  # noqa: PT017
