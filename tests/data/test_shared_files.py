"""Files from other projects' tests, where they are at hand: each loads, or is refused in one clear line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.frequency import stamp_text
from rnnforecast.data.reading import load
from rnnforecast.errors import ForecastError

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
EXPECT = SHARED / "badinputs" / "EXPECT.tsv"
pytestmark = pytest.mark.skipif(not EXPECT.exists(), reason="the collection of odd files is not here")
TOO_SHORT = ("test_null_col", "test_time_parsing", "test1", "duckdb_bug13053.parquet", "mr_times", "dict-malformed")


def cases() -> list[Any]:
    if not EXPECT.exists():
        return [pytest.param({}, id="none")]
    with EXPECT.open(encoding="utf-8") as file:
        return [
            pytest.param(row, id=row["path"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


@pytest.mark.parametrize("case", cases())
def test_an_odd_file_loads_right_or_is_refused_in_one_line(case: dict[str, str]) -> None:
    named = {key: case[key] for key in ("time", "target") if case[key] not in ("-", "")}
    if named.get("time") == named.get("target"):
        named.pop("time", None)
    flags = DataFlags(time=named.get("time"), target=tuple(t for t in [named.get("target")] if t))
    try:
        result = load([str(SHARED / "badinputs" / case["path"])], flags)
    except ForecastError as refused:
        assert case["verdict"] != "LOAD", refused.message  # noqa: PT017
        assert refused.exit_code in (2, 5)  # noqa: PT017
        assert "\n" not in refused.message  # noqa: PT017
        return
    few = any(word in case["path"] for word in TOO_SHORT)  # readable, and refused later for want of rows
    assert case["verdict"] in ("LOAD", "SAFE") or (few and len(result.panel.values) < 30)
    if case["ref"].startswith("next="):
        step, start = result.panel.step, result.panel.start
        following = stamp_text(step.at(start, result.panel.lengths()), result.layout)
        assert following[0].startswith(case["ref"].removeprefix("next="))
