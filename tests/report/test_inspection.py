"""What `inspect` shows of a file."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.data.findings import Finding
from rnnforecast.data.table import About
from rnnforecast.report.inspection import inspect_json, inspect_text, longest_run
from tests.report.examples import NAN, layout, panel

NEXT = "rnnforecast train gauge.csv"


def shown(*arguments, facts=()) -> dict[str, str]:
    """The lines of the text by their first word; those without one under ""."""
    lines = inspect_text(inspect_json(*arguments, NEXT, facts)).splitlines()
    return {word: rest.strip() for word, _, rest in (line.partition(" ") for line in lines)}


def test_the_whole_screen_of_one_gauge():
    holed = panel([1.0, 2.0, NAN, NAN, 5.0, 3.0])
    about = layout(unused=("flag",), reasons=(("time", "its name"), ("target", "named by -t")))
    found = [Finding("gaps", "note", 2, "2 rows are not in the file", "--gaps interpolate:2")]
    facts = (("format", "CSV"), ("separator", ";"), ("encoding", "utf-8-sig"), ("above", 0))
    assert inspect_text(inspect_json(holed, about, found, NEXT, facts)) == (
        "format  CSV, separator semicolon\n"
        "time    time_utc, UTC, every 1 h, 2026-03-01T00:00Z to 2026-03-01T05:00Z, 6 steps (its name)\n"
        "target  stage_m (m), 1.00 to 5.00, median 2.50, 2 missing (33 %), longest gap 2 h from 2026-03-01T02:00Z "
        "(named by -t)\n"
        "unused  flag\n"
        "note    2 rows are not in the file\n"
        "        hint: --gaps interpolate:2\n"
        "Next: rnnforecast train gauge.csv\n"
    )


def test_rows_after_the_cutoff_are_not_counted_as_missing():
    ahead = panel([1.0, 2.0, NAN, NAN], ahead=2)
    assert "none missing" in shown(ahead, layout(), [])["target"]
    assert "2026-03-01T01:00Z, 2 steps" in shown(ahead, layout(), [])["time"]


def test_a_known_future_covariate_is_counted_to_its_end():
    one = panel([1.0, 2.0, NAN, NAN], ahead=2)
    rain = np.array([[0], [0], [7], [NAN]], np.float32)
    both = replace(
        one, future=("rain_mm",), values=np.hstack([one.values, rain]), base=np.hstack([one.base, [[0.0]]])
    )  # fmt: skip
    line = shown(both, layout(future=("rain_mm",)), [])["future"]
    assert line == "rain_mm (mm), 0.00 to 7.00, median 0.00, 1 missing (25 %), longest gap 1 h from 2026-03-01T03:00Z"


def test_values_keep_the_digits_of_a_high_base():
    line = shown(panel([1_000_000.123, 1_000_000.789, 1_000_000.456]), layout(), [])["target"]
    assert line.startswith("stage_m (m), 1,000,000.123 to 1,000,000.789, median 1,000,000.456")


def test_low_flows_are_not_lost_beside_floods():
    line = shown(panel([0.011, 0.077, 0.09, 0.05, 64.3]), layout(), [])["target"]
    assert line.startswith("stage_m (m), 0.011 to 64.300, median 0.077")


def test_many_series_are_named_up_to_five():
    many = panel(*([1.0] * (n + 2) for n in range(7)), ids=tuple("abcdefg"))
    assert shown(many, layout(id=("site",)), [])["series"] == "7 (a, b, c, d, e, …), 2 to 8 steps each"


def test_one_series_without_an_id_column_has_no_series_line():
    assert "series" not in shown(panel([1.0, 2.0]), layout(), [])
    assert shown(panel([1.0, 2.0], ids=("007",)), layout(id=("site",)), [])["series"] == "1 (007), 2 steps each"


def test_an_undecided_target_lists_what_it_could_be():
    undecided = layout(target=(), units=(), candidates=("stage_m", "flow"))
    assert shown(None, undecided, [])["target"] == "not decided; it could be stage_m, flow"
    assert shown(None, undecided, [])["time"] == "time_utc"  # the zone is not known before the times are read


def test_candidates_that_can_be_read_are_shown_with_their_ranges():
    undecided = layout(target=(), units=(), candidates=("stage_m",))
    line = shown(panel([1.0, 3.0]), undecided, [])["candidate"]
    assert line == "stage_m (m), 1.00 to 3.00, median 2.00, none missing"


def test_rows_in_order_and_times_without_a_zone_are_told():
    untimed = layout(time=None, stamp="integer", zone="")
    assert shown(panel([1.0]), untimed, [])["time"].startswith("rows in order, no times")
    assert shown(panel([1.0]), layout(zone=""), [])["time"].startswith("time_utc, no zone")


def test_a_column_without_any_value_says_so():
    assert shown(panel([NAN, NAN]), layout(), [])["target"] == "stage_m (m), no value observed"


def test_names_from_the_file_cannot_steer_the_terminal():
    hostile = layout(time="\x1b[2J", unused=("\x07",))
    found = [Finding("x", "warning", 1, "row '\x1b[31m'")]
    assert not {"\x1b", "\x07"} & set(inspect_text(inspect_json(panel([1.0]), hostile, found, "rm \x1b")))


def test_json_has_the_numbers_of_the_text():
    holed, finding = panel([1.0, NAN, 2.0]), Finding("gaps", "note", 1, "a hole")
    found = inspect_json(holed, layout(), [finding], NEXT, (("format", "CSV"),))
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "format": {"format": "CSV"}, "looks_like": "", "station": "", "id": [],
        "series": ["gauge 0"],
        "time": {
            "column": "time_utc", "zone": "UTC", "reason": "", "zone_reason": "", "step": "1 h",
            "first": "2026-03-01T00:00Z",
            "last": "2026-03-01T02:00Z", "steps": 3, "shortest": 3, "longest": 3,
        },
        "target": [{
            "column": "stage_m", "title": "", "unit": "m", "reason": "", "codes": {},
            "min": 1.0, "median": 1.5, "max": 2.0, "rows": 3,
            "missing": 1,
            "longest_gap": {"steps": 1, "words": "1 h", "first": "2026-03-01T01:00Z", "series": "gauge 0"},
        }],
        "past": [], "future": [], "static": [], "unused": [], "candidates": [],
        "findings": [{
            "code": "gaps", "severity": "note", "count": 1, "text": "a hole", "hint": "", "column": "", "parts": [],
        }],
        "next": NEXT,
    }  # fmt: skip


def test_a_gap_does_not_run_from_one_series_into_the_next():
    two = panel([1.0, NAN, NAN], [NAN, NAN, NAN, 1.0, NAN])
    assert longest_run(np.isnan(two.values[:, 0]), two) == (3, 3)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=8), min_size=1, max_size=4))
def test_the_longest_run_is_that_of_a_plain_search(series):
    found = longest_run(np.concatenate([np.array(s) for s in series]), panel(*([0.0] * len(s) for s in series)))
    lengths = [len(run) for s in series for run in "".join("x" if hole else " " for hole in s).split()]
    assert found[1] == max(lengths, default=0)


@pytest.mark.parametrize("severity", ["note", "warning"])
def test_a_finding_is_led_by_its_severity(severity):
    assert shown(panel([1.0]), layout(), [Finding("x", severity, 1, "look here")])[severity] == "look here"


def test_what_the_file_says_of_itself_is_shown():
    about = About(title="USGS RDB", station="007 A RIVER", titles=(("stage_m", "Gage height"), ("flow", "Discharge")),
                  units=(("flow", "cubic feet per second"),))  # fmt: skip
    decided = layout(candidates=("flow",), unused=("flow", "note"))
    text = inspect_text(inspect_json(panel([1.0, 2.0]), decided, [], NEXT, (), about))
    lines = {word: rest.strip() for word, _, rest in (line.partition(" ") for line in text.splitlines())}
    assert lines["station"] == "007 A RIVER"
    assert lines["target"].startswith('stage_m "Gage height" (m), 1.000 to 2.000')
    assert lines["other"] == 'flow "Discharge" (ft3/s)'
    assert lines["unused"] == "note"


def test_codes_for_missing_are_counted_in_the_line_of_their_column():
    codes = Finding("codes", "note", 3, "stage_m: Ice 2, Eqp 1", column="stage_m", parts=(("Ice", 2), ("Eqp", 1)))
    lines = shown(panel([1.0, NAN, NAN, NAN, 2.0]), layout(), [codes])
    assert "3 missing (60 %: Ice 2, Eqp 1), longest gap 3 h" in lines["target"]
    assert "note" not in lines
