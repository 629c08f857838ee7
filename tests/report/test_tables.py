"""The table of scores and the same scores as a dict."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.data.frequency import Step
from rnnforecast.report.tables import as_json, score_table, shown_leads
from tests.report.examples import HOUR, NAN, layout, scores

TWO_LEADS = scores([0.1, 0.3], last=[0.2, 0.25])


def cells(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_the_table_has_a_line_per_rule_and_marks_the_smallest_of_each_column():
    # RMSE is twice the MAE: sqrt((0.2^2 + 0.6^2) / 2) and sqrt((0.4^2 + 0.5^2) / 2).
    assert score_table(TWO_LEADS, HOUR, 0, "m") == (
        "MAE (m)           1 h     2 h   all leads    RMSE\n"
        "this model      0.100*  0.300       0.200*  0.447*\n"
        "no change       0.200   0.250*      0.225   0.453\n"
        "80 % band held   79 %    79 %        79 %\n"
        "480 forecasts issued from 2026-03-01 to 2026-03-21; * smallest of its column.\n"
    )


def test_rules_that_read_the_same_are_all_marked():
    table = score_table(scores([0.1000001], last=[0.1]), HOUR, 0, "m")
    assert [row[2] for row in cells(table)[1:3]] == ["0.100*", "0.100*"]


def test_a_lead_without_scores_shows_a_dash_and_is_left_out_of_the_mean():
    table = score_table(scores([0.1, NAN], last=[0.2, NAN]), HOUR, 0, "m")
    assert cells(table)[1][2:] == ["0.100*", "-", "0.100*", "0.200*"]


def test_the_second_target_is_shown_from_its_own_column():
    both = {name: getattr(TWO_LEADS, name) for name in ("mae", "rmse", "bias", "coverage", "share")}
    two = replace(TWO_LEADS, turns=np.full((2, 2, 6), np.nan),
                  **{name: np.concatenate([one, 10 * one], axis=-1) for name, one in both.items()})  # fmt: skip
    assert cells(score_table(two, HOUR, 1, ""))[1][2:4] == ["1.00*", "3.00"]


def test_high_and_low_water_have_a_line_each_where_there_are_any():
    turns = np.array([[[480, 0.98, 0.042, 0.01, 0.25, 0.1], [0, np.nan, np.nan, np.nan, np.nan, np.nan]]])
    lines = score_table(replace(TWO_LEADS, turns=turns), HOUR, 0, "m").splitlines()
    assert "high water: 0.0420 m and 15 min out on average" in lines
    assert not any("low water" in line for line in lines)


def test_one_forecast_is_singular_and_rows_have_no_dates():
    table = score_table(replace(scores([1], windows=1, last=[2]), first=7, last=7), Step("row", 1), 0, "")
    assert table.splitlines()[-1] == "1 forecast issued at rows 7 to 7; * smallest of its column."


def test_rows_seen_in_training_are_said_under_the_table():
    assert "seen in training" in score_table(replace(TWO_LEADS, in_sample=True), HOUR, 0, "m")
    assert "seen in training" not in score_table(TWO_LEADS, HOUR, 0, "m")


@pytest.mark.parametrize(
    ("horizon", "leads"),
    [(24, [1, 3, 6, 12, 18, 24]), (48, [1, 6, 12, 24, 36, 48]), (14, [1, 2, 4, 7, 10, 14]), (2, [1, 2]), (1, [1])],
)
def test_about_six_leads_are_shown(horizon, leads):
    assert shown_leads(horizon) == leads


@given(st.integers(1, 100_000))
def test_the_first_and_the_last_lead_are_always_shown(horizon):
    leads = shown_leads(horizon)
    assert leads == sorted(set(leads))
    assert (leads[0], leads[-1], len(leads) <= 6) == (1, horizon, True)


def test_json_holds_every_lead_of_every_rule():
    found = as_json(TWO_LEADS, HOUR, layout())
    (target,) = found["targets"]
    assert target["mae"] == {"model": [0.1, 0.3], "last": [0.2, 0.25]}
    assert target["rmse"]["last"] == [0.4, 0.5]
    assert target["bias"]["model"] == [0.05, 0.15]
    assert (target["leads"], target["coverage"], target["share"]) == ([1, 2], [0.79, 0.79], [0.4, 0.4])
    assert (target["best_rule"], target["useful_leads"]) == ("last", 1)
    assert target["gain_over_best_rule"] == pytest.approx(1 - 0.2 / 0.225, abs=1e-6)
    assert found["rules"] == {"model": "this model", "last": "no change"}
    assert (found["first_cutoff"], found["last_cutoff"]) == ("2026-03-01T00:00Z", "2026-03-21T00:00Z")
    assert found["verdict"].startswith("useful to 1 h")


def test_json_is_valid_where_nothing_was_scored():
    text = json.dumps(as_json(scores([NAN], last=[NAN]), HOUR, layout()), allow_nan=False)
    assert json.loads(text)["targets"][0]["mae"]["model"] == [None]


def test_json_of_rows_without_times_counts_them():
    numbered = replace(TWO_LEADS, first=5, last=9)
    assert as_json(numbered, Step("row", 1), layout(time=None, stamp="integer", zone=""))["last_cutoff"] == 9
