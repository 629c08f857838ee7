"""The learning rate halves with every STALL epochs that gained nothing, and never rises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.training.schedule import STALL, Plateau


def rates(*improved: bool) -> list[float]:
    schedule = Plateau(0.8)
    seen = [schedule.rate()]
    for one in improved:
        schedule.told(improved=one)
        seen.append(schedule.rate())
    return seen


def test_the_rate_is_full_while_validation_improves() -> None:
    assert rates(*[True] * 5) == [0.8] * 6


def test_the_rate_halves_for_every_two_epochs_without_gain() -> None:
    assert STALL == 2
    assert rates(False, False, True, False, True, False) == [0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2]


@given(st.lists(st.booleans(), max_size=40))
def test_the_rate_never_rises_and_counts_all_stalls(improved: list[bool]) -> None:
    seen = rates(*improved)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0.8 * 0.5 ** (improved.count(False) // STALL)
