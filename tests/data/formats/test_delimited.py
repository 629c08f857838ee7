"""CSV and TSV as gauges and spreadsheets write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable, UsageError
from tests.data.writing import write_csv


def table_of(path: Path, text: str | bytes, **flags: str) -> Table:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_table(str(path), DataFlags(**flags))  # type: ignore[arg-type]


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [row for chunk in table.chunks() for row in zip(*chunk.columns.values(), strict=True)]  # type: ignore[arg-type]


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], sep: str
) -> None:
    path = write_csv(tmp_path_factory.mktemp("csv") / "gauge.csv", ("time", "level"), rows, sep)
    stripped = [(a.strip(), b.strip()) for a, b in rows]
    assert rows_of(open_table(str(path), DataFlags(sep=sep))) == [row for row in stripped if any(row) or len(row) > 1]


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_the_separator_is_found(sep: str, tmp_path: Path) -> None:
    lines = [["time", "level, in m" if sep != "," else "level"], ["2026-01-01 00:00", "1"], ["2026-01-01 01:00", "2"]]
    table = table_of(tmp_path / "gauge.csv", "\n".join(sep.join(line) for line in lines))
    assert table.fact("separator") == sep
    assert table.names == tuple(lines[0])


def test_a_decimal_comma_is_seen_beside_a_semicolon(tmp_path: Path) -> None:
    table = table_of(tmp_path / "a.csv", "time;level\n01.02.2026;1,5\n13.02.2026;2,5\n")
    assert (table.fact("separator"), table.fact("decimal")) == (";", ",")
    assert table_of(tmp_path / "b.csv", "time;level\n01.02.2026;1.5\n").fact("decimal") == "."


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n#another, with, commas\n\ntime,level\n1,2\n",
        "sep=,\r\ntime,level\r\n1,2\r\n",
        "\ufefftime,level\n1,2\n",
        " time , level \n 1 , 2 \n",
        'time,level\n"1", "2"\n\n\n',
        "time,level\r1,2\r",
        "time,level\n\n1,2",
        "time,level\n1,2\n   \n",
    ],
)
def test_what_stands_around_the_table_does_no_harm(text: str, tmp_path: Path) -> None:
    table = table_of(tmp_path / "gauge.csv", text)
    assert table.names == ("time", "level")
    assert rows_of(table) == [("1", "2")]


def test_a_name_may_hold_a_number_sign_and_a_line_break(tmp_path: Path) -> None:
    table = table_of(tmp_path / "gauge.csv", 'Month,#Passengers,"flow\nin m"\n1,2,3\n')
    assert table.names == ("Month", "#Passengers", "flow\nin m")
    assert table.peek().line_numbers().tolist() == [3]


def test_a_column_without_a_name_is_named_by_its_place(tmp_path: Path) -> None:
    assert table_of(tmp_path / "gauge.csv", ",time,\n0,1,\n").names == ("column 1", "time", "column 3")


def test_lines_are_counted_over_comments_blank_lines_and_quoted_breaks(tmp_path: Path) -> None:
    table = table_of(tmp_path / "gauge.csv", '# c\n\ntime,note\n1,"a\nb"\n\n2,c\n3,d\n')
    assert table.peek().line_numbers().tolist() == [4, 7, 8]


def test_lines_are_counted_over_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnforecast.data.formats.delimited.ROWS", 3)
    table = table_of(tmp_path / "gauge.csv", "time,level\n" + "".join(f"{i},{i}\n" for i in range(8)))
    assert [chunk.line_numbers().tolist() for chunk in table.chunks()] == [[2, 3, 4], [5, 6, 7], [8, 9]]
    with pytest.raises(DataUnusable, match="line 9: 1 fields"):
        table_of(tmp_path / "gauge.csv", "time,level\n" + "".join(f"{i},{i}\n" for i in range(7)) + "7\n")


def test_a_text_of_windows_is_read_and_said_to_be_one(tmp_path: Path) -> None:
    table = table_of(tmp_path / "gauge.csv", "time,Débit\n1,2\n".encode("cp1252"))
    assert table.names == ("time", "Débit")
    assert table.fact("encoding") == "cp1252"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "shift-jis"])
def test_other_encodings_are_refused(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable):
        table_of(tmp_path / "gauge.csv", "time,水位\n1,2\n".encode(encoding))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("level\n1\n\n2\n", "blank line between rows of one column"),
        ('time,level\n1,"2"3\n', "line 2"),
        ("1.5,2.5\n1,2\n", "where a column name should be"),
        ("# only\n# comments\n", "comments only"),
        ("time,level\n" + "1" * 3_000_000, "more than a million characters"),
        ("time,level\n" + '1,"' + "2\n" * 100_000, "line 2: a quote that is never closed"),
    ],
)
def test_what_is_no_table_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=message):
        table_of(tmp_path / "gauge.csv", text)


@pytest.mark.parametrize("sep", ["", ";;", '"', "a", "\n"])
def test_an_impossible_separator_is_a_usage_error(sep: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="separator"):
        table_of(tmp_path / "gauge.csv", "time,level\n1,2\n", sep=sep)


@pytest.mark.parametrize("sep", ["tab", "\\t", "\t"])
def test_a_tab_may_be_named(sep: str, tmp_path: Path) -> None:
    assert table_of(tmp_path / "gauge.csv", "time\tlevel\n1\t2\n", sep=sep).names == ("time", "level")


def test_a_comma_that_may_part_thousands_is_not_taken_for_a_decimal_mark(tmp_path: Path) -> None:
    assert table_of(tmp_path / "a.tsv", "time\tflow\n2026-01-01\t2,005\n2026-01-02\t998\n").fact("decimal") == "."
    assert table_of(tmp_path / "b.tsv", "time\tflow\n2026-01-01\t2,005\n2026-01-02\t1,5\n").fact("decimal") == ","
