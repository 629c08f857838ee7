"""The learning rate halves after STALL epochs in a row that gained nothing, and never rises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.training.schedule import STALL, Plateau


def rates(*improved: bool) -> tuple[list[float], list[bool]]:
    """The rate of each epoch, from the first to the one after the last that was told of, and when to go back."""
    schedule = Plateau(0.8)
    seen, back = [schedule.rate], []
    for one in improved:
        back.append(schedule.told(improved=one))
        seen.append(schedule.rate)
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


@given(st.lists(st.booleans(), max_size=40))
@settings(deadline=None)
def test_the_rate_halves_exactly_when_learning_goes_back(improved: list[bool]) -> None:
    seen, back = rates(*improved)
    for before, after, gone_back in zip(seen, seen[1:], back, strict=False):
        assert after == (before / 2 if gone_back else before)
