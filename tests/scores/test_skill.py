"""Which rule is best, by how much the model beats it, and up to which lead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.errors import UsageError
from rnnforecast.scores.scores import Scores
from rnnforecast.scores.skill import best_rule, best_rule_at, simple_rules, skill, useful_leads

NAN = float("nan")


def scores(**mae: list[float]) -> Scores:
    """Scores of one target from the MAE by lead of each rule; the RMSE is twice the MAE."""
    errors = np.array(list(mae.values()), np.float64)[:, :, None]
    _, horizon, _ = errors.shape
    return Scores(
        rules=tuple(mae), labels=tuple(mae), mae=errors, rmse=2 * errors, bias=0 * errors,
        coverage=np.full((horizon, 1), 0.8), coverage_level=0.8, turns=np.full((1, 2, 6), np.nan),
        share=np.zeros((horizon, 1)),
        chosen=list(mae)[-1], num_windows=50, first=0, last=0, in_sample=False,
    )  # fmt: skip


def test_skill_is_the_share_of_the_error_that_the_model_avoids():
    found = skill(scores(model=[1, 3], last=[2, 2]), "last")
    assert found[:, 0].tolist() == [0.5, -0.5]


def test_skill_reads_the_metric_that_is_asked_for():
    given_scores = replace(scores(model=[1], last=[2]), rmse=np.array([[[3.0]], [[4.0]]]))
    assert skill(given_scores, "last", "rmse").item() == 0.25


def test_skill_against_a_rule_without_error():
    found = skill(scores(model=[0, 1], last=[0, 0]), "last")
    assert found[:, 0].tolist() == [0, -np.inf]


def test_skill_where_nothing_was_scored_is_nan():
    assert np.isnan(skill(scores(model=[NAN], last=[NAN]), "last")).item()


def test_a_rule_that_was_not_scored_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="'lats' was not scored") as caught:
        skill(scores(model=[1], last=[1]), "lats")
    assert caught.value.hint == "did you mean last?"


def test_a_metric_that_was_not_scored_is_refused():
    with pytest.raises(UsageError, match="mae or rmse, got 'bias'"):
        skill(scores(model=[1], last=[1]), "last", "bias")


def test_the_best_rule_has_the_smallest_mean_error_and_is_never_a_learned_one():
    assert best_rule(scores(model=[0, 0], network=[0, 0], last=[1, 5], season=[3, 2])) == "season"


def test_each_target_counts_the_same_whatever_its_unit():
    both = scores(model=[0], last=[1], season=[2])
    # In the second target, in units a thousand times smaller, the order is reversed and the difference larger.
    mae = np.concatenate([both.mae * 1000, np.array([0, 4.0, 1.0])[:, None, None]], axis=2)
    assert best_rule(replace(both, mae=mae)) == "season"
    assert best_rule(replace(both, mae=mae), target=0) == "last"


def test_a_rule_that_misses_a_lead_cannot_be_best():
    assert best_rule(scores(model=[1, 1], last=[0, NAN], season=[5, 5])) == "season"


def test_a_lead_that_no_rule_has_decides_nothing():
    assert best_rule(scores(model=[1, NAN], last=[1, NAN], season=[5, NAN])) == "last"


def test_the_best_rule_differs_by_lead():
    both = scores(model=[0, 0], last=[1, 5], season=[3, 2])
    assert (best_rule_at(both, 1, 0), best_rule_at(both, 2, 0)) == ("last", "season")


def test_without_a_simple_rule_there_is_no_judgement():
    with pytest.raises(UsageError, match="only model, network was scored"):
        simple_rules(scores(model=[1], network=[1]))


@pytest.mark.parametrize("name", ["network", "network_2", "network_3", "network_64"])
def test_no_network_of_a_stack_is_taken_for_a_simple_rule(name):
    found = scores(**{"model": [1], "last": [2], name: [0.1]})
    assert simple_rules(found) == ("last",)
    assert best_rule(found) == "last"
    assert useful_leads(found, 0) == 1


@pytest.mark.parametrize("name", ["networks", "network_", "network_2b", "my_network", "model_2"])
def test_a_rule_that_is_merely_called_alike_is_a_simple_one(name):
    assert simple_rules(scores(**{"model": [1], name: [0.1]})) == (name,)


@pytest.mark.parametrize(
    ("model", "leads"),
    [([1, 1, 1], 3), ([1, 1, 2], 2), ([2, 1, 1], 0), ([1, 3, 1], 1), ([1, NAN, 1], 1)],
)
def test_useful_leads_end_at_the_first_that_is_not_better_than_every_rule(model, leads):
    assert useful_leads(scores(model=model, last=[2, 2, 9], season=[9, 9, 2]), 0) == leads


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=8), st.data())
def test_the_model_beats_the_best_rule_at_each_useful_lead_and_not_at_the_next(rule, data):
    size = {"min_size": len(rule), "max_size": len(rule)}
    model = data.draw(st.lists(st.floats(0.01, 10), **size))
    found = scores(model=model, last=rule)
    leads = useful_leads(found, 0)
    assert (skill(found, "last")[:leads] >= 0).all()
    assert leads == len(rule) or skill(found, "last")[leads, 0] <= 0
