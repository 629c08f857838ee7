"""Help for the tests of training: an observer that keeps what it is told, and a course to learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from rnnforecast.config import RunConfig
from rnnforecast.network import forecaster
from rnnforecast.training.learn import Course
from rnnforecast.training.learner import Learner
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Epoch, Silent
from rnnforecast.training.state import Unfinished
from tests.making import Array, panel_of, settings, widths_of, windows_of

BENT = settings(
    lookback=4, horizon=1, hidden_size=16, cell="gru", learning_rate=0.02, max_epochs=12, epoch_windows=2000,
    floor="none",
)  # fmt: skip


class Recorder(Silent):
    """Keeps what it is told, and asks to stop after `after` questions."""

    def __init__(self, signal: int = 0, after: int = 0) -> None:
        self.stages: list[str] = []
        self.epochs: list[Epoch] = []
        self.states: list[Unfinished] = []
        self.signal, self.left = signal, after
        self.threads: set[int] = set()

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def unfinished(self, run: Unfinished) -> None:
        self.states.append(run)

    def stop_signal(self) -> int:
        self.threads.add(torch.get_num_threads())
        self.left -= 1
        return self.signal if self.left < 0 else 0


def course(values: Array, config: RunConfig, **changes: Any) -> Course:
    """The first two thirds to learn from, the rest to check on."""
    panel = panel_of(values)
    windows = windows_of(panel, config)
    origins = np.arange(config.lookback - 1, len(values) - config.horizon)
    border = 2 * len(values) // 3
    given = Course(
        config=config,
        widths=widths_of(panel),
        lesson=Lesson(windows, origins[origins < border - config.horizon], None),
        check=Lesson(windows, origins[origins >= border], None),
        observer=Recorder(),
    )
    return replace(given, **changes)


def told(course: Course) -> list[Epoch]:
    assert isinstance(course.observer, Recorder)
    return course.observer.epochs


def fresh(course: Course) -> dict[str, Array]:
    return forecaster.init(course.config, course.widths, np.random.default_rng(0))


def beginner(course: Course) -> Learner:
    return Learner(course.config, fresh(course))


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(value, other[name]) for name, value in one.items())
