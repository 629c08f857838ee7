"""What is summed window by window is what the measures say of whole arrays, however it is cut."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rnnforecast import floors
from rnnforecast.data.split import split
from rnnforecast.evaluation import backtest as room
from rnnforecast.evaluation.backtest import Answers, Tally, backtest
from rnnforecast.scores import metrics
from tests.making import NAN, Array, fitted, panel_named

R, H, T = 3, 4, 2


def answers_of(seed: int, count: int, holes: float) -> Answers:
    """Rules about a truth, some of each missing."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, H, T))
    rules = truth + np.array([0.3, 0.5, 2.0])[:, None, None, None] * rng.normal(size=(R, count, H, T))
    rules[rng.random(rules.shape) < holes / 2] = NAN
    truth[rng.random(truth.shape) < holes] = NAN
    low, high = np.sort(rng.normal(size=(2, count, H, T)), axis=0)
    return Answers(np.arange(count), rules, truth, low, high, np.zeros((count, 1, T)))


def part_of(answers: Answers, some: slice) -> Answers:
    return Answers(
        answers.origins[some], answers.rules[:, some], answers.truth[some], answers.low[some], answers.high[some],
        answers.level[some],
    )  # fmt: skip


def tally_of(*parts: Answers) -> dict[str, Array]:
    tally = Tally()
    for part in parts:
        tally.add(part)
    return tally.errors()


@given(st.integers(0, 999), st.integers(1, 30), st.sampled_from([0.0, 0.2, 0.8, 1.0]))
@hypothesis_settings(deadline=None)
def test_sums_of_errors_give_what_the_measures_give_of_whole_arrays(seed: int, count: int, holes: float) -> None:
    answers = answers_of(seed, count, holes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tally_of(answers)
    common = np.where(np.isfinite(answers.rules).all(axis=0), answers.truth, NAN)
    for name in ("mae", "rmse", "bias"):
        for rule in range(R):
            expected = getattr(metrics, name)(common, answers.rules[rule])
            np.testing.assert_allclose(found[name][rule], expected, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(found["coverage"], metrics.coverage(answers.truth, answers.low, answers.high))


@given(st.integers(0, 999), st.integers(2, 30), st.integers(1, 7))
@hypothesis_settings(deadline=None)
def test_parts_one_after_the_other_give_what_all_at_once_gives(seed: int, count: int, size: int) -> None:
    answers = answers_of(seed, count, 0.3)
    parts = [part_of(answers, slice(at, at + size)) for at in range(0, count, size)]
    whole, summed = tally_of(answers), tally_of(*parts)
    for name, value in whole.items():
        np.testing.assert_allclose(summed[name], value, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("kind", ["rich", "tide"])
def test_windows_cut_a_few_at_a_time_are_scored_as_all_at_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"max_epochs": 2} if kind == "rich" else {}
    model, panel = fitted(kind, **given), panel_named(kind)
    whole, rows = backtest(model, panel), room.forecasts(model, panel)
    monkeypatch.setattr(floors, "GATHER", 7)
    few, fewer = backtest(model, panel), room.forecasts(model, panel)
    assert (few.num_windows, few.first, few.last) == (whole.num_windows, whole.first, whole.last)
    for name in ("mae", "rmse", "bias", "coverage"):
        np.testing.assert_allclose(getattr(few, name), getattr(whole, name), rtol=1e-5, atol=1e-7, err_msg=name)
    for name, column in rows.items():
        if column.dtype.kind == "f":
            np.testing.assert_allclose(fewer[name], column, rtol=1e-4, atol=1e-5, err_msg=name)
        else:
            assert (fewer[name] == column).all(), name


def test_every_window_of_the_test_part_is_scored_up_to_a_number_of_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation judges on fewer: there a choice is made, here every window is told."""
    model, panel = fitted("tide"), panel_named("tide")
    whole = len(split(panel, model.config).test)
    monkeypatch.setattr("rnnforecast.data.split.JUDGED", 0)
    monkeypatch.setattr("rnnforecast.data.split.FEWEST", 10)
    assert len(split(panel, model.config).test) == 10
    assert backtest(model, panel).num_windows == whole > 40
    monkeypatch.setattr(room, "SCORED", 4 * 30)
    assert backtest(model, panel).num_windows == 30
    monkeypatch.setattr(room, "MOST_WINDOWS", 20)
    assert backtest(model, panel).num_windows == 20
