"""A glimpse of a long file: its first rows, its last rows, and about how many there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import _glimpse
from rnnforecast.data.formats._glimpse import glimpse
from tests.data.writing import WRITERS, hours

ROWS = [(t, i / 4, "a note") for i, t in enumerate(hours(6000))]
NAMES = ("time", "level", "note")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("LARGE", 10_000), ("HEAD", 8_000), ("TAIL", 2_000)):
        monkeypatch.setattr(_glimpse, name, size)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_both_ends_and_the_number_of_rows_are_seen(form: str, tmp_path: Path) -> None:
    seen = glimpse(str(WRITERS[form](tmp_path / "gauge", NAMES, ROWS)), DataFlags())
    assert seen is not None
    first, last = seen.head.peek().columns["time"], list(seen.tail.chunks())[-1].columns["time"]
    assert str(first[0])[:16] == ROWS[0][0]
    assert str(last[-1])[:16] == ROWS[-1][0]
    assert abs(seen.rows - len(ROWS)) < len(ROWS) / 20
    assert seen.head.names == seen.tail.names == NAMES
    assert seen.head.source == str(tmp_path / "gauge")


def test_lines_above_the_data_stand_before_the_last_rows_too(tmp_path: Path) -> None:
    lines = ["# a comment", "time\tlevel", *(f"{t}\t{i}" for i, t in enumerate(hours(3000)))]
    (tmp_path / "gauge.tsv").write_text("\n".join(lines) + "\n")
    seen = glimpse(str(tmp_path / "gauge.tsv"), DataFlags())
    assert seen is not None
    assert list(seen.tail.peek().columns["level"])[-1] == "2999"


def test_what_is_short_or_packed_or_one_document_is_read_as_a_whole(tmp_path: Path) -> None:
    assert glimpse(str(WRITERS["csv"](tmp_path / "short.csv", NAMES, ROWS[:20])), DataFlags()) is None
    assert glimpse(str(WRITERS["document"](tmp_path / "gauge.json", NAMES, ROWS)), DataFlags()) is None
    assert glimpse(str(tmp_path), DataFlags()) is None
    assert glimpse("-", DataFlags()) is None
