"""Every fault of a file is refused in one line that names it; `bad/` holds one file per fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import load
from rnnforecast.errors import DataUnusable

BAD = Path(__file__).parent / "bad"
# file -> what the message says, what the hint says
FAULTS = {
    "empty": ("empty", ""),
    "header_only": ("no rows", ""),
    "row_too_wide": ("line 3: 3 fields; expected 2", ""),
    "row_too_narrow": ("line 3: 1 fields; expected 2", ""),
    "name_twice": ("line 1: two columns are named 'level'", ""),
    "open_quote": ("line 3: a quote that is never closed", ""),
    "nul_byte": ("line 3: byte 0x00", ""),
    "no_such_day": ("line 3: '2026-02-29' is no date", ""),
    "no_such_minute": ("line 3: '2026-01-01 00:60' is no time of day", ""),
    "word_in_level": ("line 3, column 'level': 'frozen' is not a number", "--missing"),
    "comma_in_number": ("line 3, column 'level': '1,1' is not a number", "--decimal ,"),
    "infinite": ("line 3: level is inf", ""),
    "too_large": ("line 3: level is 1e+31", ""),
    "conflicting_rows": ("line 4: 2026-01-01T01:00 was met before with other values, at line 3", "--duplicates"),
    "day_or_month_first": ("line 2: dates that read day first and month first alike", "--dayfirst"),
    "day_and_month_first": ("line 3: a date that cannot be day first", ""),
    "zone_in_some_rows": ("line 3: '2026-01-01T01:00' is without a zone", ""),
    "uneven": ("unevenly spaced", "--freq 1h --aggregate mean"),
    "between_steps": ("line 22: 2026-01-01T20:23 stands between two steps of 1 h", "--freq 1h --aggregate mean"),
    "mistyped_year": ("line 121: 3026-01-05T23:00 is far from the other rows", "--end"),
    "all_missing": ("every value of level is missing", ""),
    "no_time": ("no time column among level, flow", "--time none"),
    "no_header": ("line 1: '2026-01-01 00:00' where a column name should be", "time,value"),
    "value_without_time": ("line 3: a value without a time", ""),
    "utf16": ("UTF-16 text", "iconv"),
    "no_encoding": ("line 2: text that is neither UTF-8 nor Windows-1252", "iconv"),
    "packed": ("damaged gzip file", ""),
    "zipped": ("damaged zip file", ""),
}


def test_each_fault_file_is_expected_here_and_each_expectation_has_its_file() -> None:
    assert {path.stem for path in BAD.iterdir()} == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_in_one_line_that_names_it(fault: str) -> None:
    path = BAD / f"{fault}.csv"
    message, hint = FAULTS[fault]
    with pytest.raises(DataUnusable) as refused:
        load([str(path)], DataFlags(target=() if fault == "no_time" else ("level",)))
    assert refused.value.exit_code == 5
    assert refused.value.message.startswith(str(path))
    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("fault", "flags"),
    [
        ("word_in_level", {"missing": ("frozen",)}),
        ("conflicting_rows", {"duplicates": "first"}),
        ("conflicting_rows", {"duplicates": "mean"}),
        ("day_or_month_first", {"dayfirst": True}),
        ("day_or_month_first", {"dayfirst": False}),
        ("uneven", {"freq": "1h", "aggregate": "mean"}),
        ("between_steps", {"freq": "1h", "aggregate": "mean"}),
        ("no_time", {"time": "none", "target": ("level",)}),
        ("mistyped_year", {"end": "2026-12-31"}),
    ],
)
def test_what_the_hint_says_to_type_settles_the_fault(fault: str, flags: dict[str, object]) -> None:
    result = load([str(BAD / f"{fault}.csv")], DataFlags(**{"target": ("level",), **flags}))  # type: ignore[arg-type]
    assert result.panel.num_series == 1
