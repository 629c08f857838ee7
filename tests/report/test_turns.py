"""Turn rows: one per high and low water after the cutoff, with the time between steps and the band about the height."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from rnnforecast.data.frequency import Step
from rnnforecast.report.rows import as_csv, as_jsonl, as_parquet, as_table, formats
from rnnforecast.report.turns import turn_rows
from tests.report.examples import NAN, forecast, layout, panel


def rows(past: list[float], ahead: list[float], horizon: int = 99, known: int = 99, **changes):
    """The turns of one series whose last observed row is 2026-03-01T0n:00Z, n = len(past) - 1."""
    known_rows = panel(past, ids=("kew",))
    one = forecast(np.array(ahead, np.float64)[None, :, None], [0], [len(past) - 1])
    return turn_rows(one, known_rows, layout(**changes), horizon, known)


def parquet(data: bytes):
    import pyarrow.parquet as pq

    return pq.ParquetFile(io.BytesIO(data)).read()


TIDE = [9.0, 5.0, 0.0], [2.4375, 3.9375, 3.4375, -5.0, 0.0]


def test_csv_has_one_header_line_and_a_line_per_turn():
    # 4 - (x - 2.25)^2 at 1, 2, 3: the vertex lies a quarter of an hour after 04:00, where the band is 1 to each side.
    # The low of 5, 0, 2.4375 lies 0.17227 h after the cutoff, where the band is 0.17227 to each side.
    assert as_csv(rows(*TIDE)) == (
        "unique_id,target,unit,ds,cutoff,kind,lead,source,yhat,q0.1,q0.5,q0.9\n"
        "kew,stage_m,m,2026-03-01T02:10Z,2026-03-01T02:00Z,low,0.172,model,-0.11036,-0.282629,-0.11036,0.0619093\n"
        "kew,stage_m,m,2026-03-01T04:15Z,2026-03-01T02:00Z,high,2.25,model,4,3,4,5\n"
        "kew,stage_m,m,2026-03-01T06:08Z,2026-03-01T02:00Z,low,4.128,model,-5.10992,-6.10992,-5.10992,-4.10992\n"
    )


def test_between_steps_the_band_changes_on_a_straight_line_about_the_height():
    one = forecast(np.array([2.4375, 3.9375, 3.4375, -5.0])[None, :, None], [0], [2])
    wider = one.yhat[..., None] + np.array([-1.0, 0.0, 3.0]) * np.arange(1, 5)[:, None, None]
    found = turn_rows(replace(one, quantiles=wider), panel([9.0, 5.0, 0.0]), layout(), 99, 3)
    high = [found.columns[name][-1] for name in ("lead", "yhat", "q0.1", "q0.5", "q0.9")]
    assert high == [2.25, 4, 4 - 2.25, 4, 4 + 3 * 2.25]


def test_the_horizon_ends_the_rows_and_what_is_forecast_beyond_it_tells_a_turn():
    assert list(rows(*TIDE, horizon=4).columns["lead"]) == [0.172, 2.25]
    assert list(rows(*TIDE, horizon=3).columns["kind"]) == ["low", "high"]
    past, ahead = TIDE
    assert list(rows(past, ahead[:3]).columns["kind"]) == ["low"], "the forecast ends before it falls far enough"


def test_a_turn_soon_after_the_cutoff_is_seen_by_the_rows_before_it():
    past, ahead = [9.0, 8.0, 6.0], [5.0, 7.0, 9.0]
    assert list(rows(past, ahead).columns["kind"]) == ["low"]
    assert list(rows(past, ahead, known=2).columns["kind"]) == ["low"]
    assert list(rows([6.0], [5.9, 7.0, 9.0]).columns["kind"]) == []


def test_turns_before_the_cutoff_are_not_written():
    assert len(rows([0.0, 9.0, 0.0, 9.0], [10.0, 11.0])) == 0
    assert len(rows([0.0, 9.0], [9.0 - 1e-9, 0.0])) == 1, "its highest sample was observed, but the turn comes later"
    assert len(rows([8.9, 9.0], [0.0, -1.0])) == 0


def test_rows_go_by_origin_then_target_then_time_each_series_from_its_own_start():
    two = panel([0.0, 0.0], [0.0, 0.0, 0.0], ids=("b", "a"))
    values = np.concatenate([two.values, two.values], axis=1)
    two = replace(
        two, targets=("stage_m", "flow"), values=values, base=np.array([[0.0, 7.0], [0.0, 9.0]]),
        start=two.start + np.array([0, 86_400]),
    )  # fmt: skip
    wave = np.array([9.0, 0.0, 9.0, 0.0])
    yhat = np.stack([np.stack([wave, 9 - wave], axis=1), np.stack([wave, 7 - wave], axis=1)])  # (B, H, T)
    both = replace(forecast(yhat, [1, 0], [4, 1]), source=("persistence", "model"))
    found = turn_rows(both, two, layout(units=("m", "m3/s")), 99, 9)
    names = ("unique_id", "target", "unit", "ds", "cutoff", "kind", "source", "yhat")
    high, low = "high", "low"
    b, a = ("2026-03-01T01:00Z", "model"), ("2026-03-02T02:00Z", "persistence")
    assert list(zip(*(list(found.columns[name]) for name in names), strict=True)) == [
        (series, target, unit, f"{cutoff[:12]}{int(cutoff[12]) + lead}:00Z", cutoff, kind, source, height)
        for series, (cutoff, source), base in (("a", a, 9), ("b", b, 7))
        for target, unit, kinds, heights in (
            ("stage_m", "m", (high, low, high), (9, 0, 9)),
            ("flow", "m3/s", (low, high, low), (base - 9, base, base - 9)),
        )
        for lead, kind, height in zip((1, 2, 3), kinds, heights, strict=True)
    ]


def test_rows_of_the_series_before_are_not_taken_for_its_own():
    two = panel([-50.0, 0.0, 50.0], [5.0])
    one = forecast(np.array([[[5.5], [0.0], [-9.0]]]), [1], [3])
    assert len(turn_rows(one, two, layout(), 99, 3)) == 0


def test_a_hole_in_the_observed_rows_hides_what_lies_before_it():
    assert len(rows([0.0, NAN, 5.0], [5.5, 0.0])) == 0
    assert len(rows([NAN, 0.0, 5.0], [5.5, 0.0])) == 1
    assert len(rows([0.0, 5.0], [NAN, 0.0, 5.0])) == 0


@pytest.mark.parametrize(("zone", "ends"), [("", ""), ("UTC", "Z"), ("+05:30", "+05:30"), ("Europe/Berlin", "+01:00")])
@pytest.mark.parametrize("stamp", ["minute", "second"])
def test_times_are_rounded_to_the_minute_and_written_as_the_input_wrote_them(zone, ends, stamp):
    found = rows(*TIDE, zone=zone, stamp=stamp)
    shown = ":00" if stamp == "second" else ""
    assert [text[13:] for text in found.columns["ds"]] == [
        f":{minute:02}{shown}{ends}" for minute in ((40, 45, 38) if zone == "+05:30" else (10, 15, 8))
    ]
    if ends:
        import pandas as pd

        times = [pd.Timestamp(text) for text in found.columns["ds"]]
        assert [pd.Timestamp(t) for t in parquet(as_parquet(found))["ds"].to_pylist()] == times


def test_a_day_step_gives_turns_to_the_minute_and_the_cutoff_as_a_date():
    daily = panel(TIDE[0], step=Step("second", 86_400))
    one = forecast(np.array(TIDE[1])[None, :, None], [0], [2])
    found = turn_rows(one, daily, layout(stamp="date", zone=""), 99, 3)
    assert found.columns["ds"] == ["2026-03-03T04:08", "2026-03-05T06:00", "2026-03-07T03:04"]
    assert set(found.columns["cutoff"]) == {"2026-03-03"}
    assert [str(t) for t in parquet(as_parquet(found))["cutoff"].to_pylist()] == ["2026-03-03 00:00:00"] * 3


def test_a_turn_at_midnight_of_a_day_step_has_a_time_of_day_as_the_others_have():
    daily = panel([0.0], step=Step("second", 86_400))
    found = turn_rows(forecast(np.array([[[5.0], [0.0]]]), [0], [0]), daily, layout(stamp="date", zone=""), 99, 3)
    assert found.columns["ds"] == ["2026-03-02T00:00"]


def test_a_step_of_less_than_a_minute_gives_turns_to_the_second():
    quick = panel(TIDE[0], step=Step("second", 10))
    found = turn_rows(forecast(np.array(TIDE[1])[None, :, None], [0], [2]), quick, layout(), 99, 3)
    assert found.columns["ds"] == ["2026-03-01T00:00:22Z", "2026-03-01T00:00:42Z", "2026-03-01T00:01:01Z"]


def test_every_format_holds_the_same_turns():
    found = rows(*TIDE)
    lines = list(csv.DictReader(io.StringIO(as_csv(found), newline="")))
    objects = [json.loads(line) for line in as_jsonl(found).splitlines()]
    table = parquet(as_parquet(found))
    assert [list(one) for one in objects] == [list(found.names)] * 3
    assert table.column_names == list(found.names)
    for name in ("kind", "unique_id", "source"):
        assert [one[name] for one in lines] == [one[name] for one in objects] == table[name].to_pylist()
    for name in ("lead", "yhat", "q0.1", "q0.9"):
        assert [float(one[name]) for one in lines] == [one[name] for one in objects] == table[name].to_pylist()
    assert [str(table.schema.field(name).type) for name in ("kind", "lead")] == ["string", "double"]


def test_the_table_lines_up():
    lines = as_table(rows(*TIDE)).splitlines()
    assert lines[0].split() == list(rows(*TIDE).names)
    assert {len(line) for line in lines} == {len(lines[0])}
    assert lines[2].split()[-4:] == ["4.0", "3.0", "4.0", "5.0"]


def test_without_a_turn_there_is_a_header_alone_in_every_format():
    none = rows([1.0, 2.0], [3.0, 4.0])
    assert (len(none), as_jsonl(none), as_csv(none)) == (0, "", ",".join(none.names) + "\n")
    table = parquet(as_parquet(none))
    assert (table.num_rows, table.column_names) == (0, list(none.names))
    assert str(table.schema.field("ds").type) == "timestamp[ms, tz=UTC]"
    assert len(as_table(none).splitlines()) == 1
    assert all(write(none) is not None for write in formats.values())
