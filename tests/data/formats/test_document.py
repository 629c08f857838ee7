"""One JSON document: told apart from JSON lines, its one table found wherever it stands, and what is none refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import document, jsonlines, open_table
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable
from tests.data.signatures.expected import SAMPLES
from tests.data.writing import hours, loaded

TIMES = hours(6)
LEVELS = [1.5, 1.25, None, 0.1, 2.0, 3.0]
ROWS = [{"time": t, "level": v} for t, v in zip(TIMES, LEVELS, strict=True)]
COLUMNS = {"time": TIMES, "level": LEVELS}


def table_of(path: Path, content: Any) -> Table:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return open_table(str(path), DataFlags())


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        COLUMNS,
        {"rows": ROWS},
        {"station": "a", "data": {"count": 6, "rows": ROWS}},
        {"station": "a", **COLUMNS},
        {"meta": {"tags": ["river"]}, "hourly": COLUMNS},
        {"links": [], "notes": [[1, 2]], "rows": ROWS},
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_the_one_table_of_a_document_is_read_wherever_it_stands(
    content: Any, indent: int | None, tmp_path: Path
) -> None:
    chunk = table_of(tmp_path / "x", json.dumps(content, indent=indent)).peek()
    assert list(chunk.columns["time"]) == TIMES
    np.testing.assert_array_equal(np.asarray(chunk.columns["level"]), np.array(LEVELS, float))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b'[{"t": 1}]', "document"),
        (b'\xef\xbb\xbf [\n  {"t": 1}', "document"),
        (b"[]", "document"),
        (b'{\n "t": [1]', "document"),
        (b'{"t": [1, 2],\n "y": [1, 2]}', "document"),
        (b'{"t": [1, 2], "y": [1, 2]}\n', "document"),
        (b'{"meta": {"t": [1', "document"),
        (b'{"t": 1}\n', "lines"),
        (b'{"t": 1, "tags": [1]}\n{"t": 2, "tags": [1]}', "lines"),
        (b'{"t": 1}\n{"t": 2', "lines"),
        (b'{"t": 1,, }\n{"t": 2', "lines"),
        (b'{"q": "A:[91]"}\n', "lines"),
        (b'{"t": {"a": 1}}\n', "lines"),
        (b"[time],[level]\n1,2\n", ""),
        (b"time,level\n", ""),
    ],
)
def test_a_document_and_lines_of_json_are_told_apart(head: bytes, kind: str) -> None:
    assert document.recognises(head, "x.json") == (kind == "document")
    assert jsonlines.recognises(head, "x.json") == (kind == "lines")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "without a table; expected one array"),
        ("[[1, 2], [3, 4]]", "without a table"),
        ('{"t": [1, 2], "y": [1]}', "without a table; expected one array of objects, or one object of equally long"),
        ('{"a": [{"t": 1}], "b": [{"t": 2}]}', "2 tables, at .a, .b; expected one"),
        ('[{"t": 1}, {"t": 2}', "line 1: not JSON"),
        ('[\n{"t": 1},\n{"t" 2}]', "line 3: not JSON .*at character 6"),
        ('[{"t": 1}]\n[{"t": 2}]', "line 2: not JSON .Extra data"),
        ('[{"t": 1, "t": 2}]', "not JSON .a name occurs twice"),
        ('{"a": ' * 100_000, "line 1 or below: not JSON .nested too deep"),
        ("[" + "[" * 900 + "]" * 900 + "]", "without a table"),
        ('[{"t": ' + "9" * 5000 + "}]", "not JSON"),
        ('[{"t": {"a": 1}}]', "without a row"),
        ('[{"t": "\x01"}]', "byte 0x01"),
    ],
)
def test_what_holds_no_one_table_is_refused_in_one_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=message) as refused:
        table_of(tmp_path / "x.json", content)
    assert "\n" not in refused.value.message


def test_of_two_tables_the_hint_takes_one(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable) as refused:
        table_of(tmp_path / "x.json", {"a": ROWS, "b": ROWS})
    assert refused.value.hint.startswith("jq -c '.a[]' ")


def test_one_line_of_more_than_a_megabyte_is_read(tmp_path: Path) -> None:
    rows = [{"time": t, "level": 1.5, "note": "x" * 90} for t in hours(12_000)]
    table = table_of(tmp_path / "x.json", rows)
    assert (tmp_path / "x.json").stat().st_size > 1 << 20
    assert sum(map(len, table.chunks())) == 12_000


def test_a_document_that_memory_may_not_hold_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "LIMIT", 1 << 20)
    with pytest.raises(
        DataUnusable, match="a JSON document of 2 MB, which is read whole; expected at most 1 MB"
    ) as error:
        table_of(tmp_path / "x.json", '[{"t": 1}' + " " * (2 << 20) + "]")
    assert "jq -c" in error.value.hint


def test_chunks_are_of_bounded_length_and_rows_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "ROWS", 4)
    table = table_of(tmp_path / "x.json", ROWS)
    assert [(chunk.line, len(chunk)) for chunk in table.chunks()] == [(1, 4), (5, 2)]
    assert table.place(5).endswith("row 5")


def test_not_a_number_is_missing_and_infinity_is_refused_by_its_row(tmp_path: Path) -> None:
    text = json.dumps(ROWS).replace("1.25", "NaN")
    table_of(tmp_path / "x.json", text)
    assert int(np.isnan(loaded(tmp_path / "x.json").panel.values).sum()) == 2
    table_of(tmp_path / "x.json", text.replace("0.1", "-Infinity"))
    with pytest.raises(DataUnusable, match="row 4: level is -inf; expected a finite number"):
        loaded(tmp_path / "x.json")


def test_names_that_some_rows_lack_are_missing_there_and_nested_ones_are_skipped(tmp_path: Path) -> None:
    rows = [{"t": "a", "y": 1, "meta": {"k": 1}}, {"t": "b", "z": "007"}, {"y": True, "z": None}]
    table = table_of(tmp_path / "x.json", rows)
    chunk = table.peek()
    assert table.names == ("t", "y", "z")
    assert table.fact("skipped") == ("meta",)
    assert (list(chunk.columns["t"]), list(chunk.columns["z"])) == (["a", "b", ""], ["", "007", ""])
    np.testing.assert_array_equal(np.asarray(chunk.columns["y"]), [1, np.nan, 1])


def test_a_unit_that_is_no_text_does_no_harm(tmp_path: Path) -> None:
    text = (SAMPLES / "open_meteo_json.json").read_text()
    units = re.search(r'"hourly_units": *\{.*?\}', text, re.DOTALL)
    assert units
    (tmp_path / "odd.json").write_text(text.replace(units[0], re.sub(r': *"[^"]*"', ": 7", units[0])))
    assert loaded(tmp_path / "odd.json").layout.units == ("7",)
