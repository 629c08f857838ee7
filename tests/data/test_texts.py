"""A column of text in Arrow's buffers is the same to every reader as a list of str."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.readings import no_text, no_time, series_codes
from rnnforecast.data.table import CellError, Chunk
from rnnforecast.data.texts import Texts, stripped
from rnnforecast.data.times import read_times, shape_of
from rnnforecast.data.values import as_text, missing_of, parse_numbers
from tests.data.writing import hours

NUMBERS = st.one_of(
    st.sampled_from([
        "1", "-2.5", "+3", "5.", ".5", "-", "--", ".", "", "NA", "nan", "inf", "Ice", "1_0", "-999", "-999.0", "1e400",
        "1e", "e5", "nan(1)", "0x1", "١", "1,5", "1.5.2", "Dry", "9999",
    ]),
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.text(st.sampled_from("0123456789+-.,eE"), max_size=6),
)  # fmt: skip
TIMES = st.one_of(
    st.integers(0, 2**31).map(lambda s: str(np.datetime64(s, "s"))),
    st.integers(0, 2**31).map(lambda s: str(np.datetime64(s, "s"))[:10]),
    st.integers(0, 2**31).map(lambda s: str(s - s % 60)),
    st.sampled_from(["2026-02-29", "1/2/2026", "12/31/2026 05:00", "1 Jan 2026", "2026-01-01T00:00Z", "noon", "2026Ü"]),
)  # fmt: skip


def texts(cells: list[str], offset: int = 2) -> Texts:
    """As a slice, which does not start where its buffers do."""
    return Texts(pa.array(["other", "é", *cells, "rest"])[offset : offset + len(cells)])


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    except CellError as bad:
        return bad.index, str(bad), bad.hint


def numbers(column: Any, words: tuple[str, ...], decimal: str) -> tuple[Any, Any]:
    tally: Counter[str] = Counter()
    found = outcome(parse_numbers, column, missing_of(words, "m3/s"), decimal, tally)
    return found if isinstance(found, tuple) else found.tobytes(), list(tally.items())


@settings(max_examples=500, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=8), st.sampled_from([(), ("-999",), ("9999,Ice",)]), st.sampled_from(".,")
)
def test_numbers_their_tally_and_their_faults_are_the_same(
    cells: list[str], words: tuple[str, ...], decimal: str
) -> None:
    assert numbers(texts(cells), words, decimal) == numbers(cells, words, decimal)


@settings(max_examples=300, deadline=None)
@given(st.lists(TIMES, min_size=1, max_size=6), st.booleans())
def test_times_and_their_faults_are_the_same(cells: list[str], alike: bool) -> None:
    cells = cells[:1] * len(cells) if alike else cells
    shape = shape_of(cells, "time", asked=True)
    slow, fast = outcome(read_times, cells, shape), outcome(read_times, texts(cells), shape)
    assert shape_of(texts(cells), "time", asked=True) == shape
    assert repr(fast) == repr(slow)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "Köln", "007", ""]), min_size=1, max_size=8), st.booleans())
def test_series_and_empty_cells_are_the_same(cells: list[str], two: bool) -> None:
    names = ("id", "other") if two else ("id",)
    other = ["x"] * len(cells)
    found = []
    for columns in ({"id": cells, "other": other}, {"id": texts(cells), "other": texts(other)}):
        codes: dict[tuple[str, ...], int] = {}
        series = outcome(series_codes, Chunk(columns, 1), names, codes)  # type: ignore[arg-type]
        found.append((np.array(series).tolist(), codes, no_text(columns["id"]), no_time(columns["id"]).tolist()))
    assert found[0] == found[1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.text(max_size=4) | st.sampled_from([" a", "b\t", "\xa0c", "Ö ", "", " "]), max_size=6))
def test_cells_are_stripped_as_python_strips_them_and_null_is_empty(cells: list[str | None]) -> None:
    found = stripped(pa.array(["", *cells], pa.string())[1:])
    assert list(found) == [(cell or "").strip() for cell in cells]


def test_it_looks_like_a_list() -> None:
    cells = ["a", "", "Köln"]
    column = texts(cells)
    assert (len(column), column[0], column[-1], column[1:], list(column)) == (3, "a", "Köln", cells[1:], cells)
    assert "" in column
    assert "Köln" in column
    assert "x" not in column
    assert as_text(column) == cells
    assert column.take(np.array([2, 0])).tolist() == ["Köln", "a"]
    assert column.take(np.array([], np.int64)).tolist() == []
    with pytest.raises(IndexError):
        column[3]


def test_reading_a_big_text_loads_no_pandas(tmp_path: Any) -> None:
    path = tmp_path / "gauge.csv"
    rows = [f"{name},{time}, {i if i % 5 else 'NA'}\n" for i, time in enumerate(hours(300)) for name in "ab"]
    path.write_text("id,time,level\n" + "".join(rows))
    code = (
        "import sys; from rnnforecast.config import DataFlags; from rnnforecast.data.formats import _text\n"
        "from rnnforecast.data.reading import load\n"
        f"_text.HELD = 0; load([{str(path)!r}], DataFlags())\n"
        "sys.stdout.write(' '.join(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert "pyarrow.csv" in found
    assert "pandas" not in found
