"""Folders, patterns and many files: one table, in which every row still knows its file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import _many, _text
from rnnforecast.data.reading import Loaded, load, open_all
from rnnforecast.errors import DataUnusable, ForecastError, NotFound
from tests.data.test_reading import same, truth
from tests.data.writing import hours, write_csv, write_parquet


def gauge(folder: Path, name: str, value: float = 1.0, count: int = 6, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(t, value + i) for i, t in enumerate(hours(count, more.get("start", "2026-01-01T00:00")))]
    return write_csv(folder / name, ("time", "level"), rows)


def read(*sources: Path | str, **flags: Any) -> Loaded:
    return load([str(source) for source in sources], DataFlags(**flags))


@pytest.fixture(params=["few", "many"])
def amount(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Few files are opened one by one, many are read as one text."""
    monkeypatch.setattr(_text, "HELD", 0 if request.param == "many" else 8 << 20)
    return str(request.param)


@pytest.mark.usefixtures("amount")
def test_a_folder_means_its_data_files_by_name_and_nothing_hidden(tmp_path: Path) -> None:
    for name, value in (("b.csv", 2), ("a.csv", 1), (".hidden.csv", 3), ("_SUCCESS", 4)):
        gauge(tmp_path / "data", name, value)
    gauge(tmp_path / "data" / "_temporary", "c.csv")
    gauge(tmp_path / "data" / "more", "d.csv", 5)
    found = read(tmp_path / "data")
    assert found.panel.ids == ("a", "b", "d")
    assert [series[0] for series in truth(found.panel)] == [1, 2, 5]
    named = read(*sorted((tmp_path / "data").rglob("[abd].csv")))
    assert same(found.panel, named.panel)
    assert (found.layout, found.layout.looks_like) == (named.layout, "")


@pytest.mark.usefixtures("amount")
def test_a_pattern_that_the_shell_left_alone_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.csv", "a.csv", "a.txt"):
        gauge(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    assert read("*.csv").panel.ids == ("a", "b")
    assert read("**/a.*").panel.ids == ("a.csv", "a.txt")
    with pytest.raises(NotFound, match=r"\*.tsv: no such file"):
        read("*.tsv")
    gauge(tmp_path, "[odd].csv", 9)
    assert truth(read("[odd].csv").panel)[0][0] == 9


def test_a_folder_without_data_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("time,level\n")
    with pytest.raises(DataUnusable, match="a folder without data files"):
        read(tmp_path)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_folders_named_by_keys_give_columns_of_text(kind: str, tmp_path: Path) -> None:
    write = {"csv": write_csv, "parquet": write_parquet}[kind]
    for site, year, value in (("007", 2020, 1.0), ("007", 2021, 2.0), ("a%20b", 2020, 3.0)):
        folder = tmp_path / "data" / f"site={site}" / f"year={year}"
        folder.mkdir(parents=True)
        rows = [(t, value) for t in hours(8784 if year == 2020 else 24, f"{year}-01-01T00:00")]
        write(folder / f"part-0.{kind}", ("time", "level"), rows)
    (tmp_path / "data" / "_SUCCESS").write_text("")
    found = read(tmp_path / "data")
    assert (found.panel.ids, found.layout.id) == (("007", "a b"), ("site",))
    assert found.panel.lengths().tolist() == [8784 + 24, 8784]
    assert truth(found.panel)[0] == [1.0] * 8784 + [2.0] * 24
    assert read(tmp_path / "data", id=("site", "year")).panel.ids == ("007/2020", "007/2021", "a b/2020")


def test_folders_by_year_alone_hold_one_series_and_other_keys_tell_series_apart(tmp_path: Path) -> None:
    gauge(tmp_path / "one" / "year=2026" / "month=1", "p.csv", 1)
    gauge(tmp_path / "one" / "year=2026" / "month=2", "p.csv", 7, start="2026-01-01T06:00")
    assert truth(read(tmp_path / "one").panel) == [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]
    gauge(tmp_path / "two" / "basin=upper", "p.csv", 1)
    gauge(tmp_path / "two" / "basin=lower", "p.csv", 7)
    found = read(tmp_path / "two")
    assert found.panel.ids == ("lower", "upper")
    assert dict(found.layout.reasons)["id"] == "as in its folders"
    gauge(tmp_path / "two" / "other=x", "p.csv")
    with pytest.raises(DataUnusable, match=r"other=x/p.csv: in no folder basin=\.\.\.; expected one"):
        read(tmp_path / "two")


@pytest.mark.usefixtures("amount")
def test_what_is_wrong_names_its_file_and_line(tmp_path: Path) -> None:
    for name in "abcd":
        gauge(tmp_path, f"{name}.csv")
    bad = tmp_path / "c.csv"
    lines = bad.read_text().splitlines()
    for text, message in (
        ([*lines[:3], "2026-01-01T02:00,wet"], r"c.csv line 4, column 'level': 'wet' is not a number"),
        ([*lines, "noon,1"], r"c.csv line 8: 'noon' is not a time"),
        ([*lines, lines[2].replace(",2", ",9")], r"c.csv line 8: 2026-01-01T01:00 was met before .* at line 3"),
        ([*lines, "1,2,3"], r"c.csv line 8: 3 fields; expected 2"),
        (lines[:1], r"c.csv: a header and no rows"),
        (["time,stage", *lines[1:]], r"c.csv: no column 'level', which .*a.csv has"),
    ):
        bad.write_text("\n".join(text) + "\n")
        with pytest.raises(DataUnusable, match=message):
            read(tmp_path)


def test_parquet_files_of_one_kind_stand_in_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "HELD", 0)
    when = pa.array((np.arange(6) * 3600).astype("datetime64[s]"))
    for name in ("a", "b"):
        columns = {"time": when, "level": np.arange(6.0), "rain": np.arange(6.0)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.pq")
    (table,) = open_all([str(tmp_path)], DataFlags())
    assert table.source == f"{tmp_path / 'a.pq'} and 1 more"
    assert read(tmp_path, target=("level",)).panel.ids == ("a", "b")
    pq.write_table(pa.table({"time": when.cast(pa.timestamp("s", "UTC")), "level": np.arange(6.0)}), tmp_path / "c.pq")
    with pytest.raises(DataUnusable, match=r"c.pq: not the same kind of file as .*a.pq"):
        read(tmp_path, target=("level",))
    pq.write_table(pa.table({"time": when, "stage": np.arange(6.0)}), tmp_path / "c.pq")
    with pytest.raises(DataUnusable, match=r"c.pq: no column 'level', which .*a.pq has; .* found time, stage"):
        read(tmp_path, target=("level",))


SOUND = {
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "blank lines at the end": lambda text: text + "\n\n",
    "a blank line inside": lambda text: text.replace("level\n", "level\n\n"),
    "other order": lambda text: re.sub(r"(?m)^(.*),(.*)$", r"\2,\1", text),
    "a column more": lambda text: text.replace("\n", ",é\n").replace("level,é", "level,more"),
    "a comment": lambda text: "# a comment\n" + text,
    "a byte order mark": lambda text: "\ufeff" + text,
    "quotes": lambda text: text.replace("2026-01-01T03:00", '"2026-01-01T03:00"'),
    "no last line end": lambda text: text.rstrip(),
    "a word for missing": lambda text: re.sub("(T03:00),.*", r"\1,NA", text),
    "padding": lambda text: text.replace("2026", " 2026"),
}  # fmt: skip
FAULTY = {
    "a word": lambda text: text.replace("T02:00,", "T02:00,x"),
    "a conflict": lambda text: text.replace("T05", "T03"),
}
KINDS = SOUND | FAULTY


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["plain", *SOUND]), min_size=2, max_size=6), st.none() | st.sampled_from([*FAULTY]),
    st.integers(1, 400),
)  # fmt: skip
def test_many_files_as_one_are_what_they_are_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], fault: str | None, size: int
) -> None:
    folder = tmp_path_factory.mktemp("many")
    for place, kind in enumerate([*kinds, *([fault] if fault else [])]):
        path = gauge(folder, f"{place}.csv", 10 * place)
        text = path.read_text().replace("\r\n", "\n")
        path.write_bytes((text if kind == "plain" else KINDS[kind](text)).encode())
    with pytest.MonkeyPatch.context() as patch:
        one_by_one = outcome(folder)
        patch.setattr(_many, "BATCH", size)
        patch.setattr(_text, "HELD", 500)  # each is small, all of them are not
        together = outcome(folder)
    assert isinstance(one_by_one, str) == (fault is not None)
    assert together == one_by_one if fault else same(together.panel, one_by_one.panel)


def outcome(folder: Path) -> Any:
    try:
        return read(folder, target=("level",))
    except ForecastError as error:
        return error.message
