"""A DataFrame goes the same way as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.frame import table_of
from rnnforecast.data.reading import load_tables
from rnnforecast.errors import DataUnusable
from tests.data.writing import hours, loaded, write_csv


def test_a_frame_and_its_csv_give_the_same_panel(tmp_path: Path) -> None:
    rows = [("a" if i % 2 else "NA", t, i / 8) for i, t in enumerate(np.repeat(hours(6), 2))]
    csv = loaded(write_csv(tmp_path / "a.csv", ("id", "time", "y"), rows)).panel
    frame = pd.DataFrame(rows, columns=["id", "time", "y"]).assign(time=lambda f: pd.to_datetime(f.time))
    for each in (frame, frame.astype({"id": "category"}), frame.set_index("time"), frame.astype({"time": str})):
        panel = load_tables([table_of(each)], DataFlags()).panel
        assert panel.ids == csv.ids
        np.testing.assert_array_equal(panel.values, csv.values)
        np.testing.assert_array_equal(panel.start, csv.start)


@pytest.mark.parametrize("name", [None, "when"])
def test_an_index_of_times_becomes_the_time_column(name: str | None) -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=pd.date_range("2026-01-01", periods=3, name=name))
    assert table_of(frame).names == (name or "time", "y")
    assert load_tables([table_of(frame)], DataFlags()).panel.step.text() == "1 day"


def test_a_plain_index_is_no_column() -> None:
    assert table_of(pd.DataFrame({"y": [1.0]})).names == ("y",)


@pytest.mark.parametrize(("zone", "stored"), [("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ("+01:00", "+01:00")])
def test_times_with_a_zone_become_utc_and_keep_its_name(zone: str, stored: str) -> None:
    times = pd.date_range("2026-06-01", periods=4, freq="h", tz=zone)
    result = load_tables([table_of(pd.DataFrame({"ds": times, "y": range(4)}))], DataFlags())
    assert result.layout.zone == stored
    assert result.panel.start.tolist() == [int(times[0].timestamp())]


def test_every_kind_of_column_is_a_number_or_a_text() -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None], "Int64"),
            "truth": pd.array([True, None], "boolean"),
            "small": np.array([1.5, np.nan], np.float32),
            "words": ["a ", None],
            "mixed": [1, "b"],
        }
    )
    columns = table_of(frame).peek().columns
    for name in ("whole", "truth"):
        np.testing.assert_array_equal(columns[name], [1.0, np.nan])
    np.testing.assert_array_equal(columns["small"], [1.5, np.nan])
    assert (columns["words"], columns["mixed"]) == (["a", ""], ["1", "b"])


def test_a_bad_frame_is_refused_by_its_row() -> None:
    times = pd.date_range("2026-01-01", periods=3, freq="h") + pd.to_timedelta([0, 0, 500], unit="ms")
    with pytest.raises(DataUnusable, match=r"DataFrame row 3: .* is a part of a second"):
        load_tables([table_of(pd.DataFrame({"ds": times, "y": [1, 2, 3]}))], DataFlags())
    with pytest.raises(DataUnusable, match="no rows"):
        table_of(pd.DataFrame({"y": []}))
    with pytest.raises(DataUnusable, match="two columns are named 'y'"):
        table_of(pd.DataFrame([[1, 2]], columns=["y", "y"]))
