"""The verdict: what is said in which case, and that every number in it can be found in the scores."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.report.words import share_words, verdict
from rnnforecast.scores.scores import Scores
from tests.report.examples import HOUR, NAN, scores


def said(found: Scores) -> str:
    return verdict(found, HOUR, ["stage_m"], ["m"])


def test_a_model_that_is_better_at_every_lead_is_useful_to_the_horizon():
    assert said(scores([0.1, 0.15], last=[0.2, 0.2], season=[0.4, 0.4])) == (
        "useful to 2 h: its mean absolute error there, 0.150 m, is 25 % below that of the best simple rule "
        "(no change); the network's share is 40 % at every lead."
    )


def test_a_model_that_loses_at_late_leads_says_where_and_against_what():
    text = said(scores([0.1, 0.1, 0.3], share=[0.1, 0.2, 0.6], last=[0.2, 0.4, 0.9], season=[0.5, 0.5, 0.25]))
    assert text == (
        "useful to 2 h: its mean absolute error there, 0.100 m, is 75 % below that of the best simple rule "
        "(no change); at 3 h it is 20 % above that of the best simple rule (same time yesterday); "
        "the network's share is 30 % (10 % at 1 h, 60 % at 3 h)."
    )


def test_a_model_that_loses_only_at_the_first_lead_is_not_called_useful_to_a_lead():
    text = said(scores([0.2, 0.2, 0.2], last=[0.1, 0.4, 0.7]))
    assert text.startswith(
        "at 1 h no change is as good or better; over all leads to 3 h the mean absolute error of this model is "
        "50 % below that of the best simple rule (no change); the network's share"
    )


def test_a_rule_as_good_is_reason_not_to_use_the_network():
    assert said(scores([0.1, 0.198], last=[0.1, 0.2])) == (
        "do not use this network: no change is as good (mean absolute error over all leads 0.150 m, "
        "this model 0.149 m)."
    )


def test_a_gain_of_more_than_one_percent_is_worth_it():
    assert said(scores([0.985], last=[1.0])).startswith("useful to 1 h")
    assert said(scores([0.995], last=[1.0])).startswith("do not use this network: no change is as good")
    assert said(scores([1.005], last=[1.0])).startswith("do not use this network: no change is as good")
    assert said(scores([1.015], last=[1.0])).startswith("do not use this network: no change is better")


def test_a_better_rule_is_named_and_so_is_where_the_model_still_wins():
    assert said(scores([0.1, 0.4], last=[0.2, 0.5], season=[0.2, 0.2])) == (
        "do not use this network: same time yesterday is better (mean absolute error over all leads 0.200 m, "
        "this model 0.250 m); only up to 1 h is this model better than every simple rule."
    )


def test_few_forecasts_limit_the_judgement():
    assert said(scores([1], windows=1, last=[2])).endswith("; judged on 1 forecast only.")
    assert "judged on" not in said(scores([1], windows=30, last=[2]))


def test_rows_seen_in_training_limit_the_judgement():
    seen = replace(scores([1], last=[2]), in_sample=True)
    assert "seen in training, so real errors will be larger." in said(seen)


def test_without_observed_values_nothing_is_judged():
    assert said(scores([NAN, NAN], last=[NAN, NAN])).startswith("not scored")


def test_a_perfect_rule_is_not_divided_by():
    assert said(scores([0.0], last=[0.0])).startswith("do not use this network: no change is as good")
    assert said(scores([0.1], last=[0.0])).startswith("do not use this network: no change is better")
    assert "at 2 h it is above that of" in said(scores([0.1, 0.1], last=[9.0, 0.0]))


def test_each_target_has_its_own_sentence_and_unit():
    one = scores([0.1], last=[0.2])
    fields = ("mae", "rmse", "bias", "coverage", "share")
    two = replace(one, **{name: np.concatenate([getattr(one, name)] * 2, axis=-1) for name in fields})
    two.mae[0, 0, 1] = 0.4
    stage, flow = verdict(two, HOUR, ["stage", "flow"], ["m", "m3/s"]).splitlines()
    assert stage.startswith("stage: useful to 1 h: its mean absolute error there, 0.100 m,")
    assert flow.startswith("flow: do not use this network")
    assert "0.400 m3/s" in flow


def test_a_name_from_a_file_cannot_steer_the_terminal():
    one = replace(scores([0.1], last=[0.2]), labels=("this model", "\x1b[2J"))
    assert "\x1b" not in verdict(one, HOUR, ["a"], ["m"])


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=6), st.floats(0.01, 10), st.floats(0.01, 10))
def test_the_network_is_refused_exactly_where_its_mean_error_is_not_one_percent_below(model, last, season):
    found = scores(model, last=[last] * len(model), season=[season] * len(model))
    worth = np.mean(model) < 0.99 * min(last, season)
    assert said(found).startswith("do not use this network") != worth


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=6), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_nothing_is_ever_praised(model, share):
    text = said(scores(model, share=share[: len(model)], last=[1.0] * len(model)))
    assert not re.search(r"\b(excellent|great|very|strong|impressive|significant|outperform|good(?! \(| or))", text)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ([0.12, 0.57, 0.6], "the network's share is 43 % (12 % at 1 h, 60 % at 3 h)"),
        ([0.3, 0.3], "the network's share is 30 % at every lead"),
        ([0.3], "the network's share is 30 %"),
        ([0.0, 0.0], "the network's share is 0 %: simple rules alone make the forecast"),
    ],
)
def test_the_share_is_told_as_mean_first_and_last(share, text):
    assert share_words(scores([1.0] * len(share), share=share, last=[1.0] * len(share)), HOUR) == text
