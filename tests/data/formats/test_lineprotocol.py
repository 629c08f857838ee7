r"""Line protocol: escapes, kinds of values, units of time, and points that are one row or two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import lineprotocol, open_table
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded

SECOND = 10**9
START = 1767225600


def table_of(path: Path, *lines: str) -> Table:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_table(str(path), DataFlags())


def column(table: Table, name: str) -> list[Any]:
    return [cell for chunk in table.chunks() for cell in list(chunk.columns[name])]


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    fields = 'a=1,b=-2.5e-3,c=7i,d=8u,e=t,f=FALSE,g="x, y=z",h="say \\"hi\\" \\\\ there",i=9007199254740993i'
    table = table_of(tmp_path / "x.lp", f"m {fields} {START * SECOND}")
    values = [column(table, name)[0] for name in "abcdefghi"]
    assert values == [1, -0.0025, 7, 8, 1, 0, "x, y=z", 'say "hi" \\ there', "9007199254740993"]


def test_escaped_signs_belong_to_the_names(tmp_path: Path) -> None:
    table = table_of(tmp_path / "x.lp", rf"river\ level\,m,sta\=tion=a\,b\ c,p=C:\\d le\ vel=1 {START}")
    assert table.names == ("time", "le vel", "p", "sta=tion", "measurement")
    assert [column(table, name)[0] for name in table.names[2:]] == [r"C:\\d", "a,b c", "river level,m"]


def test_blank_lines_comments_and_the_statements_of_an_export_are_left_out(tmp_path: Path) -> None:
    head = ("# DDL", "CREATE DATABASE x WITH NAME autogen", "", "# CONTEXT-DATABASE:x")
    table = table_of(tmp_path / "x", *head, f"m v=1 {START}", "", f"m v=2 {START + 60}")
    assert [chunk.line_numbers().tolist() for chunk in table.chunks()] == [[5, 7]]


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", SECOND)])
def test_the_unit_of_times_shows_in_how_large_they_are(unit: str, per_second: int, tmp_path: Path) -> None:
    table = table_of(tmp_path / "x", *(f"m v={i} {(START + 60 * i) * per_second}" for i in range(5)))
    assert (table.fact("precision"), table.zone) == (unit, "UTC")
    panel = loaded(tmp_path / "x").panel
    assert (panel.start[0], panel.step.text(), len(panel.values)) == (START, "1 min", 5)


def test_old_times_do_not_change_the_unit(tmp_path: Path) -> None:
    times = [(START - 30 * 365 * 86_400 * i) * SECOND for i in range(3)]  # 1966 among them
    assert table_of(tmp_path / "x", *(f"m v=1 {t}" for t in times)).fact("precision") == "ns"


def test_the_same_part_of_a_second_is_left_out_and_told_of_and_others_are_refused(tmp_path: Path) -> None:
    table_of(tmp_path / "x", *(f"m v={i} {(START + 60 * i) * SECOND + 98_000_000}" for i in range(5)))
    assert any("0.098 s beyond the second: left out" in f.text for f in loaded(tmp_path / "x").findings)
    table_of(tmp_path / "x", *(f"m v={i} {(START + 60 * i) * SECOND + i}" for i in range(5)))
    with pytest.raises(DataUnusable, match=r"line 2: '2026-01-01T00:01:00.000000001' is a part of a second"):
        loaded(tmp_path / "x")


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        (["m"], ("m",)),
        (["m", "n"], ("m", "n")),
        (["m,a=1,b=2"], ("2",)),
        (["m,a=1,b=2", "m,a=3,b=2"], ("1", "3")),
        (["m,a=1,b=2", "n,a=3,b=2"], ("m/1", "n/3")),
        (["m,a=1", "m"], ("-", "1")),
        (["m,a=007", "m,a=NA", r"m,a=a\,b", "m,a=Öre"], ("007", "NA", "a,b", "Öre")),
    ],
)
def test_measurement_and_tags_that_vary_tell_series_apart(keys: list[str], ids: Any, tmp_path: Path) -> None:
    table_of(tmp_path / "x", *(f"{key} v={i} {START + 60 * i}" for i in range(4) for key in keys))
    assert loaded(tmp_path / "x").panel.ids == ids


def test_tags_may_come_in_any_order(tmp_path: Path) -> None:
    keys = ("m,a=1,b=2", "m,b=2,a=1")
    table = table_of(tmp_path / "x", *(f"{keys[i % 2]} v={i} {START + 60 * i}" for i in range(6)))
    assert len(column(table, "v")) == 6
    assert loaded(tmp_path / "x").panel.num_series == 1


def test_fields_that_are_written_apart_are_one_row(tmp_path: Path) -> None:
    lines = [f"m,a=1 {field}={i} {START + 60 * i}" for field in ("level", "temp") for i in range(5)]
    table = table_of(tmp_path / "x", *lines)  # as an export writes them: one field after the other
    assert column(table, "level") == column(table, "temp") == [0, 1, 2, 3, 4]
    assert len(loaded(tmp_path / "x", target=("level",)).panel.values) == 5


def test_points_that_disagree_are_refused_by_both_lines(tmp_path: Path) -> None:
    table_of(tmp_path / "x", *(f"m v={i} {START + 60 * (i % 5)}" for i in range(6)))
    with pytest.raises(DataUnusable, match=r"line 6: .* was met before with other values, at line 1"):
        loaded(tmp_path / "x")


def test_a_tag_and_a_field_of_one_name_are_two_columns(tmp_path: Path) -> None:
    assert table_of(tmp_path / "x", f"m,v=a v=1,time=2 {START}").names == (
        "time",
        "v",
        "time (2)",
        "v (2)",
        "measurement",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m v=1", "line 3: a point without a time; expected one at the end"),
        ("m v=1 9999999999999999999", "line 3: a time too large"),
        ("m v=1 2026-01-01", "line 3: 'm v=1 2026-01-01' is no point of line protocol; expected measurement,tag=a"),
        ("m v=one 1767225600", "line 3: 'one' is no value; expected a number"),
        ("m v=1_0 1767225600", "line 3: '1_0' is no value"),
        ("m v=1x 1767225600", "line 3: '1x' is no value"),
        ('m v="open 1767225600', "line 3: .* is no point"),
        ("m, v=1 1767225600", "line 3: .* is no point"),
    ],
)
def test_what_is_no_point_is_refused_by_its_line(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=message):
        table_of(tmp_path / "x", f"m v=1 {START}", f"m v=1 {START + 60}", line)


def test_a_file_too_large_for_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineprotocol, "LIMIT", 10)
    with pytest.raises(DataUnusable, match="read whole"):
        table_of(tmp_path / "x", f"m v=1 {START}")


@pytest.mark.parametrize(
    "head", [b"time,level\n1,2\n", b"a b c\n1 2 3\n", b"x=1\ny=2\n", b"# a=b\n", b"GET /a?b=c HTTP\n"]
)
def test_other_texts_are_no_line_protocol(head: bytes) -> None:
    assert not lineprotocol.recognises(head, "x.txt")


def test_rows_of_a_chunk_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineprotocol, "ROWS", 4)
    table = table_of(tmp_path / "x", *(f"m,a={i % 2} v={i} {START + 60 * i}" for i in range(10)))
    assert [chunk.line for chunk in table.chunks()] == [1, 5, 9]
    np.testing.assert_array_equal(column(table, "v"), np.arange(10.0))
