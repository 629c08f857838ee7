"""Two parsers of one format agree: a big text read by Arrow block by block, and by the csv module alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import _blocks, _text, open_table
from rnnforecast.data.formats._cutting import Dialect
from rnnforecast.data.reading import load
from rnnforecast.data.signatures import Cut
from rnnforecast.data.table import Table
from rnnforecast.data.texts import Texts
from rnnforecast.errors import ForecastError
from tests.data.test_reading import same
from tests.data.writing import hours

PLAIN = st.sampled_from(["1", "2.5", "-0.25", "1e3", "", "NA", "-", "x", "ab", "Köln", "2026-01-01 06:00"])
ODD = st.sampled_from([
    '"q"', '"a,b"', '"a""b"', '"two\nlines"', ' "late"', 'in"side', '"open', " 1 ", "\t2", "\xa03", "\ufeff4",
    "# no", "5\f",
])  # fmt: skip
LINES = st.one_of(
    st.tuples(PLAIN, PLAIN, PLAIN).map(",".join),
    st.tuples(PLAIN, ODD, PLAIN).map(",".join),
    st.sampled_from(["", "  ", ",,", "1,2", "1,2,3,4", "# a, comment, here", '"a","b","c"', "\ufeff1,2,3"]),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])


def told(path: Path) -> tuple[list[tuple[Any, ...]], str]:
    """Every row with its line, up to the first fault, and what is said of that."""
    rows: list[tuple[Any, ...]] = []
    try:
        for chunk in open_table(str(path), DataFlags()).chunks():
            rows += zip(chunk.line_numbers().tolist(), *chunk.columns.values(), strict=True)
    except ForecastError as error:
        return rows, error.message
    return rows, ""


def both(path: Path) -> tuple[Any, Any]:
    """By the csv module alone, and by Arrow where it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_text, "HELD", 0)
        fast = told(path)
        patch.setattr(_blocks, "suits", lambda *_: False)
        return told(path), fast


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(LINES, ENDS), max_size=14), st.sampled_from(["", "\ufeff"]), st.integers(1, 5))
def test_the_two_ways_read_the_same_rows_from_the_same_lines_and_refuse_in_the_same_words(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]], mark: str, rows: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "gauge.csv"
    body = "".join(line + end for line, end in [("1,2,3", "\n"), *lines])
    path.write_text(f"{mark}# about\nname,level,flow\n" + body, encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_blocks", "delimited"):
            patch.setattr(f"rnnforecast.data.formats.{module}.ROWS", rows)
        slow, fast = both(path)
    assert fast[1] == slow[1]
    assert fast[0] == slow[0]


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_plain_file_is_read_by_arrow(
    sep: str, encoding: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [["time", "Débit", "note"], *([t, f" {i / 8} ", '"Öl"' if i % 3 else ""] for i, t in enumerate(hours(9)))]
    path = tmp_path / "gauge.csv"
    path.write_bytes(end.join(sep.join(line) for line in lines).encode(encoding))
    slow, fast = both(path)
    assert fast == slow
    monkeypatch.setattr(_text, "HELD", 0)
    columns = next(open_table(str(path), DataFlags()).chunks()).columns
    assert isinstance(columns["time"], Texts)
    assert isinstance(columns["Débit"], Texts)


def test_a_block_that_is_not_plain_is_left_to_the_csv_module_and_the_next_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{t},{i}" for i, t in enumerate(hours(12))]
    lines[5] = ""
    path = tmp_path / "gauge.csv"
    path.write_text("time,level\n" + "\n".join(lines))
    monkeypatch.setattr(_text, "HELD", 0)
    monkeypatch.setattr(_blocks, "ROWS", 4)
    chunks = list(open_table(str(path), DataFlags()).chunks())
    assert [isinstance(chunk.columns["level"], Texts) for chunk in chunks] == [True, False, True]
    assert [chunk.line_numbers().tolist() for chunk in chunks] == [[2, 3, 4, 5], [6, 8, 9], [10, 11, 12, 13]]


def test_long_lines_end_a_block_before_it_holds_all_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gauge.csv"
    path.write_text("time,level\n" + "".join(f"{t},{i}\n" for i, t in enumerate(hours(50))))
    whole = told(path)
    monkeypatch.setattr(_text, "HELD", 0)
    monkeypatch.setattr(_blocks, "LARGEST", 60)
    assert told(path) == whole
    assert len(list(open_table(str(path), DataFlags()).chunks())) > 10


def test_columns_that_nobody_asks_for_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gauge.csv"
    path.write_text("time,level,flow\n" + "".join(f"{t},{i},{i}\n" for i, t in enumerate(hours(50))))
    monkeypatch.setattr(_text, "HELD", 0)
    asked: list[tuple[str, ...]] = []
    real = _blocks.columns_of
    monkeypatch.setattr(_blocks, "columns_of", lambda b, e, d, names: (asked.append(names), real(b, e, d, names))[1])
    load([str(path)], DataFlags(target=("flow",)))
    assert asked[-1] == ("time", "flow")


CELLS = st.sampled_from([
    "1", "2.50", "-7.125", "+3", "5.", ".5", "1e-2", "", "NA", "-", "-999", "-999.0", "nan", "Ice", "1_0",
])  # fmt: skip
TIMES = {
    "iso": str, "seconds": lambda t: f"{t}:00", "zone": lambda t: f"{t}Z",
    "epoch": lambda t: str(1_768_867_200 + int(t[11:13]) * 3600),
    "unpadded": lambda t: f"{int(t[8:10])}/{int(t[5:7])}/{t[:4]} {int(t[11:13])}:00",
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "007", "Ö"]), CELLS), min_size=8, max_size=20),
    st.sampled_from([*TIMES]),
    st.sampled_from([(), ("-999",), ("Ice",)]),
    st.sampled_from([".", ","]),
    st.integers(2, 9),
)
def test_both_ways_load_one_panel_with_the_same_findings_or_refuse_in_the_same_words(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    how: str,
    missing: tuple[str, ...],
    decimal: str,
    size: int,
) -> None:
    path = tmp_path_factory.mktemp("text") / "gauge.csv"
    met: dict[str, int] = {}
    lines = []
    for name, cell in rows:
        met[name] = met.get(name, -1) + 1
        lines.append(";".join([name, TIMES[how](hours(30, "2026-01-20T00:00")[met[name]]), cell.replace(".", decimal)]))
    path.write_text("id;time;level\n" + "\n".join(lines), encoding="utf-8")
    flags = DataFlags(missing=missing, time="time", id=("id",), target=("level",), freq="1h")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_blocks", "delimited"):
            patch.setattr(f"rnnforecast.data.formats.{module}.ROWS", size)
        slow = outcome(path, flags)
        patch.setattr(_text, "HELD", 0)
        fast = outcome(path, flags)
    assert fast[1:] == slow[1:]
    assert (fast[0] is None) == (slow[0] is None)
    assert fast[0] is None or same(fast[0], slow[0])


def outcome(path: Path, flags: DataFlags) -> tuple[Any, Any, Any]:
    try:
        loaded = load([str(path)], flags)
    except ForecastError as error:
        return None, error.message, error.hint
    return loaded.panel, loaded.findings, loaded.layout


def test_a_small_file_is_read_without_arrow(tmp_path: Path) -> None:
    path = tmp_path / "gauge.csv"
    path.write_text("time,level\n" + "".join(f"{t},{i}\n" for i, t in enumerate(hours(9))))
    table: Table = open_table(str(path), DataFlags())
    assert all(isinstance(column, list) for chunk in table.chunks() for column in chunk.columns.values())


def test_a_cell_that_the_csv_module_finds_too_long_and_a_comment_are_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "gauge.csv"
    rows = [f"{t},{i},{'x' * 150_000 if i == 5 else ''}\n" for i, t in enumerate(hours(9))]
    path.write_text("time,level,note\n" + "".join(rows))
    slow, fast = both(path)
    assert slow == fast
    assert "line 7" in fast[1]
    dialect = Dialect("utf-8-sig", 0, 0, ",", ("a", "b"), (), True, Cut(comment="#"))
    assert _blocks.columns_of(b"1,2\n", 1, dialect, ("a",)) is not None
    assert _blocks.columns_of(b"1,2\n#3,4\n", 2, dialect, ("a",)) is None


def test_a_date_and_a_clock_in_columns_of_their_own_are_read_by_arrow_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gauge.csv"
    path.write_text("Date,Time,level,more\n" + "".join(f"{t[:10]},{t[11:]},{i},x\n" for i, t in enumerate(hours(50))))
    slow = load([str(path)], DataFlags())
    monkeypatch.setattr(_text, "HELD", 0)
    assert same(load([str(path)], DataFlags()).panel, slow.panel)
