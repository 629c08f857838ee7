"""What every schedule promises, whichever the folder holds; plateau and cosine by hand; the rise at the start."""

from __future__ import annotations

import json
from importlib import import_module
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import listed
from rnnforecast.training.schedules import cosine, schedule_of, warm
from rnnforecast.training.schedules.plateau import STALL, Schedule
from tests import making

NAMES = listed("training/schedules")
each_schedule = pytest.mark.parametrize("name", NAMES)
history = st.lists(st.booleans(), max_size=40)


@each_schedule
@given(history, st.floats(1e-9, 10), st.integers(1, 60), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_a_rate_is_never_below_0_nor_above_the_peak_that_was_asked_for(
    name: str, improved: list[bool], peak: float, most: int, within: float
) -> None:
    schedule = schedule_of(making.settings(schedule=name, learning_rate=peak, max_epochs=most))
    for epoch in range(len(improved)):
        rates = [schedule.rate(at) for at in (epoch, epoch + within, epoch + 1)]
        assert all(isfinite(rate) and 0 <= rate <= peak for rate in rates)
        assert epoch + within >= most or rates[1] > 0
        assert rates == sorted(rates, reverse=True)  # within an epoch it does not rise
        assert schedule.told(improved[epoch]) in (True, False)


@each_schedule
def test_a_schedule_begins_at_its_peak_and_says_what_it_does(name: str) -> None:
    module = import_module(f"rnnforecast.training.schedules.{name}")
    assert "\n" not in module.summary.strip()
    assert module.summary
    assert module.Schedule(0.3, 10).rate(0) == pytest.approx(0.3)
    given = schedule_of(making.settings(schedule=name, learning_rate=0.2, max_epochs=7))
    assert type(given) is module.Schedule
    assert given.rate(0) == pytest.approx(0.2)


@each_schedule
@given(history, history)
@settings(deadline=None, max_examples=60)
def test_its_memory_is_all_that_it_takes_to_go_on(name: str, before: list[bool], after: list[bool]) -> None:
    config = making.settings(schedule=name, learning_rate=0.8, max_epochs=80)
    whole, taken_up = schedule_of(config), schedule_of(config)
    for one in before:
        whole.told(one)
    assert all(type(value) in (int, float) for value in vars(whole).values())  # what a file can keep
    vars(taken_up).update(json.loads(json.dumps(vars(whole))))
    for epoch, one in enumerate(after, start=len(before)):
        assert whole.rate(epoch + 0.5) == taken_up.rate(epoch + 0.5)
        assert whole.told(one) == taken_up.told(one)


# Cosine ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "rate"), [(0, 0.8), (5, 0.4), (10, 0.0), (11, 0.0), (10 / 3, 0.6), (20 / 3, 0.2), (2.5, 0.6828427)]
)
def test_a_cosine_falls_from_the_peak_by_half_to_0(at: float, rate: float) -> None:
    assert cosine.Schedule(0.8, 10).rate(at) == pytest.approx(rate, abs=1e-7)


def test_a_cosine_never_goes_back_whatever_it_is_told() -> None:
    schedule = cosine.Schedule(0.8, 10)
    assert not any(schedule.told(improved=False) for _ in range(20))
    assert schedule.rate(5) == pytest.approx(0.4)


# Warm-up --------------------------------------------------------------------------------------------------------------


def test_the_rate_rises_evenly_over_the_epochs_of_warm_up_and_then_stays() -> None:
    config = making.settings(warmup_epochs=4, max_epochs=20)
    shares = [warm(config, at) for at in (0, 0.5, 1, 2, 3, 4, 4.5, 20)]
    assert shares == [0, 0.125, 0.25, 0.5, 0.75, 1, 1, 1]


def test_without_warm_up_the_rate_is_full_from_the_first_update_on() -> None:
    assert [warm(making.settings(), at) for at in (0, 0.01, 5)] == [1, 1, 1]


# Plateau --------------------------------------------------------------------------------------------------------------


def rates(*improved: bool) -> tuple[list[float], list[bool]]:
    """The rate of each epoch, from the first to the one after the last that was told of, and when to go back."""
    schedule = Schedule(0.8, 60)
    seen, back = [schedule.rate(0)], []
    for epoch, one in enumerate(improved, start=1):
        back.append(schedule.told(improved=one))
        seen.append(schedule.rate(epoch))
    return seen, back


def test_the_rate_is_full_while_validation_improves() -> None:
    assert rates(*[True] * 5) == ([0.8] * 6, [False] * 5)


def test_the_rate_halves_and_learning_goes_back_after_so_many_epochs_without_gain() -> None:
    seen, back = rates(*[False] * (2 * STALL + 1))
    assert seen == [0.8] * STALL + [0.4] * STALL + [0.2] * 2
    assert back == ([False] * (STALL - 1) + [True]) * 2 + [False]


def test_a_gain_starts_the_count_again() -> None:
    nearly = [False] * (STALL - 1) + [True]
    assert rates(*nearly * 3) == ([0.8] * (3 * STALL + 1), [False] * 3 * STALL)


@given(history)
@settings(deadline=None)
def test_the_rate_halves_exactly_when_learning_goes_back(improved: list[bool]) -> None:
    seen, back = rates(*improved)
    for before, after, gone_back in zip(seen, seen[1:], back, strict=False):
        assert after == (before / 2 if gone_back else before)
