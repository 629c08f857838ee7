"""JSON lines: flat objects, with what is missing, nested, late or wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded


def table_of(path: Path, text: str) -> Table:
    path.write_text(text)
    return open_table(str(path), DataFlags())


def test_numbers_are_numbers_and_what_is_absent_is_missing(tmp_path: Path) -> None:
    table = table_of(
        tmp_path / "x.jsonl", '{"t": "a", "y": 1}\n\n{"t": "b", "y": null}\n{"t": "c", "z": 2.5, "y": NaN}\n'
    )
    chunk = table.peek()
    assert chunk.columns["t"] == ["a", "b", "c"]
    np.testing.assert_array_equal(chunk.columns["y"], [1, np.nan, np.nan])
    np.testing.assert_array_equal(chunk.columns["z"], [np.nan, np.nan, 2.5])
    assert chunk.line_numbers().tolist() == [1, 3, 4]


def test_a_column_of_numbers_and_texts_is_text(tmp_path: Path) -> None:
    assert table_of(tmp_path / "x.jsonl", '{"id": 7}\n{"id": "a"}\n').peek().columns["id"] == ["7", "a"]


def test_ids_too_large_for_a_float_stay_text(tmp_path: Path) -> None:
    table = table_of(tmp_path / "x.jsonl", '{"id": 9007199254740993}\n{"id": 1}\n')
    assert table.peek().columns["id"] == ["9007199254740993", "1"]


def test_numbers_written_as_texts_are_read(tmp_path: Path) -> None:
    rows = "".join(f'{{"t": "2026-01-01 0{h}:00", "v": "{h}.5"}}\n' for h in range(4))
    (tmp_path / "x.jsonl").write_text(rows)
    panel = loaded(tmp_path / "x.jsonl", target=("v",)).panel
    assert (panel.values[:, 0] + panel.base[0, 0]).tolist() == [0.5, 1.5, 2.5, 3.5]


def test_nested_values_are_skipped_unless_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"t": "2026-01-01", "y": 1, "meta": {"a": 1}}\n' * 3)
    assert open_table(str(tmp_path / "x.jsonl"), DataFlags()).names == ("t", "y")
    with pytest.raises(DataUnusable, match="column 'meta' holds lists, objects"):
        loaded(tmp_path / "x.jsonl", target=("meta",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"t": 1}\n{"t": 2\n', "line 2: not a JSON object"),
        ('{"t": 1}\n[1, 2]\n', "line 2: not a JSON object"),
        ('{"t": 1, "t": 2}\n', "line 1: not a JSON object .a name occurs twice"),
        ('{"t": ' + "9" * 5000 + "}\n", "line 1: not a JSON object"),
        ('{"a": {"b": 1}}\n', "line 1: no name with a number or a text"),
    ],
)
def test_what_is_no_line_of_json_is_refused_by_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=message):
        table_of(tmp_path / "x.jsonl", text)


def test_a_name_that_comes_too_late_is_refused_by_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnforecast.data.formats.jsonlines.ROWS", 2)
    with pytest.raises(DataUnusable, match="line 3: 'z' is not in the rows above"):
        table_of(tmp_path / "x.jsonl", '{"t": 1}\n{"t": 2}\n{"t": 3, "z": 1}\n')


def test_a_list_that_comes_late_is_refused_by_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnforecast.data.formats.jsonlines.ROWS", 2)
    with pytest.raises(DataUnusable, match="line 3: 't' is a list"):
        table_of(tmp_path / "x.jsonl", '{"t": 1}\n{"t": 2}\n{"t": [3]}\n')
