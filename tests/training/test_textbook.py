"""What textbooks say of recurrent networks, by the real training: one forgets, one remembers, one looks back.

All figures are the mean squared error on sequences never trained on, as a share of the target's variance: 1 is what
knowing the mean alone gives. A training takes 3 to 13 s of one core, and is run once for all tests that need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import RunConfig
from rnnforecast.data.scaling import Scale
from rnnforecast.data.windows import Windows
from rnnforecast.network import forecaster
from rnnforecast.training.diagnostics import Diagnosis, diagnose
from rnnforecast.training.learn import Course, learn
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Silent
from tests.making import Array, panel_of, settings, widths_of

SEEDS = (0, 1, 2)
ALONE: dict[str, Any] = {  # nothing but the recurrence may answer
    "segment_length": 1, "skip": False, "floor": "none", "window_norm": "none", "loss": "mse",
    "quantile_levels": (0.5,), "patience": 0, "weight_decay": 0.0, "schedule": "cosine", "averaging": 0.9,
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """Sequences of a lookback and a horizon each; the target lies ahead, its own history is blank."""

    draw: Callable[[Any, int], Array]  # (generator, sequences) -> (sequences, L + H, 1 + P)
    units: tuple[tuple[float, float], ...]  # what each column is measured from, and in: one for all sequences

    def lesson(self, count: int, seed: int, config: RunConfig) -> Lesson:
        """One window per sequence."""
        sequences = self.draw(np.random.default_rng(seed), count)
        panel = panel_of(*sequences, P=len(self.units) - 1, ahead=config.horizon)
        loc, spread = (np.tile(column, (count, 1)) for column in np.array(self.units).T)
        scale = Scale(loc, spread, np.zeros((2, 0)))
        return Lesson(Windows(panel, scale, (), config.lookback, config.horizon), panel.cutoff, None)


@dataclass(frozen=True)
class Trained:
    config: RunConfig
    params: dict[str, Array]
    fresh: Lesson

    @property
    def missed(self) -> float:
        """The mean squared error on fresh sequences over the variance of what was to be said."""
        batch = self.fresh.windows.gather(self.fresh.origins)
        said = forecaster.forward(self.params, batch, None, self.config, np)[..., 0]
        return float(np.square(said - batch.truth).mean() / batch.truth.var())

    @property
    def diagnosis(self) -> Diagnosis:
        return diagnose(self.config, self.params, self.fresh)


def trained(task: Task, config: RunConfig, count: int) -> Trained:
    """By `learn`, on `count` sequences."""
    lesson, check, fresh = (task.lesson(n, 10 * config.seed + k, config) for k, n in enumerate((count, 128, 1000)))
    course = Course(config, widths_of(lesson.windows.panel), lesson, check, Silent())
    return Trained(config, learn(course)[0], fresh)


def two_to_add(rng: Any, count: int, steps: int = 200) -> Array:
    """The adding problem (Hochreiter & Schmidhuber 1997, in the form of Arjovsky et al. 2016).

    Columns: the target, which is the sum of the two marked values; values from 0 to 1; a marker, which is 1 at one
    place of each half.
    """
    sequences, each = np.zeros((count, steps + 1, 3)), np.arange(count)
    sequences[:, :steps, 1] = rng.uniform(size=(count, steps))
    for start in (0, steps // 2):
        place = rng.integers(start, start + steps // 2, count)
        sequences[each, place, 2] = 1.0
        sequences[:, steps, 0] += sequences[each, place, 1]
    return sequences


def first_to_repeat(rng: Any, count: int, steps: int = 40, ahead: int = 8) -> Array:
    """Columns: the target, which repeats the first values in order; the values, then blanks."""
    values = rng.uniform(-1.0, 1.0, (count, ahead))
    sequences = np.zeros((count, steps + ahead, 2))
    sequences[:, :ahead, 1] = values
    sequences[:, steps:, 0] = values
    return sequences


# Values about 0 in their own deviation, and a marker of -1 or 3: raw, 1 LSTM of 4 had learned it after 3200 updates.
ADDING = Task(two_to_add, ((0.0, 1.0), (0.5, 12**-0.5), (0.25, 0.25)))
COPYING = Task(first_to_repeat, ((0.0, 1.0), (0.0, 1.0)))


@cache
def adding(cell: str, seed: int) -> Trained:
    """1200 updates by 32 sequences."""
    config = settings(
        **ALONE, cell=cell, seed=seed, lookback=200, horizon=1, hidden_size=32, learning_rate=0.01, batch_size=32,
        epoch_windows=3200, max_epochs=12,
    )  # fmt: skip
    return trained(ADDING, config, 12_800)


@cache
def copying(attention: bool, seed: int) -> Trained:
    """300 updates by 64 sequences."""
    config = settings(
        **ALONE, cell="gru", decoder="seq2seq", attention=attention, seed=seed, lookback=40, horizon=8, hidden_size=32,
        learning_rate=0.01, batch_size=64, epoch_windows=3200, max_epochs=6,
    )  # fmt: skip
    return trained(COPYING, config, 12_800)


@pytest.mark.parametrize("seed", SEEDS)
def test_elmans_network_adds_no_two_values_that_lie_up_to_200_steps_back(seed: int) -> None:
    assert adding("rnn", seed).missed > 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_an_lstm_of_the_same_size_does_after_as_many_updates(seed: int) -> None:
    assert adding("lstm", seed).missed < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_the_diagnosis_says_that_the_gradient_vanishes_in_elmans_network_and_not_in_the_lstm(seed: int) -> None:
    assert adding("rnn", seed).diagnosis.vanishing
    assert not adding("lstm", seed).diagnosis.vanishing


@pytest.mark.parametrize("seed", SEEDS)
def test_with_attention_values_far_back_are_repeated_that_the_last_state_does_not_hold(seed: int) -> None:
    looking, remembering = copying(True, seed), copying(False, seed)
    assert looking.missed < 0.5 * remembering.missed
    assert looking.missed < 0.1
