"""The training loop: plain torch, one thread, early stopping with the best weights kept.

One thread, since two lose on small recurrent kernels. An LSTM that reads step by step sums its gradients over
micro-batches of 32: the same mathematics, a third faster than batches of 128. Both measured: benchmarks/README.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from rnnforecast.config import RunConfig
from rnnforecast.data.panel import F32
from rnnforecast.data.widths import Widths
from rnnforecast.errors import Mismatch
from rnnforecast.floors import Arrays
from rnnforecast.network import forecaster
from rnnforecast.training.learner import Learner, Tally, restored, taken
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Epoch, Observer
from rnnforecast.training.schedules import warm
from rnnforecast.training.state import Progress

SMALLEST_UNIT = 1e-5  # an anchor that misses less is right
FOUND = 0.9  # of the error before training: a network that errs less has found something to learn
SMALLEST_RATE = 1e-9  # that a setting may name
START_WINDOWS = 2048  # whose errors tell where the quantiles start
VALIDATION_WINDOWS = 2048  # enough to steer by; the stack is fitted on all


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch and numpy's algebra on one thread, and back to what the caller had.

    Two that wait for each other lose: on two busy cores the ridge's solutions took 70 times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Course:
    """What one network is trained with: settings, what to learn from, what to check on, and who listens."""

    config: RunConfig
    widths: Widths
    lesson: Lesson
    check: Lesson
    observer: Observer
    number: int = 0  # of the network
    deadline: float = inf  # of time.monotonic
    at_epoch: Callable[[Progress], None] = lambda progress: None  # noqa: ARG005


class Attempt:
    """A learner on its way: which epoch it is in, and its best weights so far."""

    def __init__(self, course: Course, learner: Learner, drawing: np.random.Generator) -> None:
        self.course, self.learner, self.drawing = course, learner, drawing
        self.check = course.check.thinned(VALIDATION_WINDOWS)
        self.start = self.best = learner.evaluate(self.check)
        self.kept, self.kept_at, self.epochs = learner.weights(), 0, 0
        self.lowest, self.moved_at = inf, 0  # the least training loss; the last epoch that got anywhere

    def done(self) -> bool:
        """Whether training ends here."""
        config, stalled = self.course.config, self.epochs - self.moved_at
        late = time.monotonic() > self.course.deadline
        return late or self.epochs >= config.max_epochs or bool(config.patience and stalled >= config.patience)

    def epoch(self) -> None:
        """One more pass, judged: the weights are kept if they are the best, and the schedule is told."""
        course, started = self.course, time.monotonic()
        order = self.drawing.permutation(len(course.lesson.origins))[: course.config.epoch_windows]
        tally = self.learner.epoch(course.lesson, order, course.observer, self.epochs, course.deadline)
        loss = self.learner.a_number(self.learner.evaluate(self.check), self.epochs)
        self.epochs += 1
        if improved := loss < self.best:
            self.best, self.kept, self.kept_at = loss, self.learner.weights(), self.epochs
        if moved := improved or (self.searching and tally.mean_loss < self.lowest):
            self.moved_at = self.epochs
        self.lowest = min(self.lowest, tally.mean_loss)
        rate = self.learner.schedule.rate(self.epochs) * warm(course.config, self.epochs)
        if self.learner.schedule.told(moved):
            self.learner.go_back_to(self.kept)
        course.at_epoch(self.progress())  # first: an epoch that was told of is never lost
        course.observer.epoch(self.told(tally, loss, rate, time.monotonic() - started))

    @property
    def searching(self) -> bool:
        """Whether a network without a floor has not found its signal yet: then it may get worse before it gets better.

        As long as its training loss falls, it is on its way; from a floor's height there is no such valley to cross.
        """
        return self.course.lesson.anchor is None and self.best > FOUND * self.start

    def told(self, tally: Tally, loss: float, rate: float, seconds: float) -> Epoch:
        course = self.course
        return Epoch(
            course.number, self.epochs, course.config.max_epochs, tally.mean_loss, loss, self.start, rate,
            tally.mean_gradient, self.kept_at == self.epochs, seconds,
        )  # fmt: skip

    def progress(self) -> Progress:
        numbers = {
            "epochs": self.epochs, "start": self.start, "best": self.best, "kept_at": self.kept_at,
            "lowest": self.lowest, "moved_at": self.moved_at,
        }  # fmt: skip
        return taken(self.learner, self.drawing, self.kept, **numbers)


def learn(course: Course, warm_start: Arrays | None = None, resumed: Progress | None = None) -> tuple[Arrays, int]:
    """The best weights on the check, and the number of epochs that they took.

    Trains from fresh weights, from those of another model, or from where an unfinished run stood.
    Raises TrainingFailed where the loss stops being a number, Interrupted where the observer asks to stop, Mismatch
    where the other model's weights are not those of these settings.
    """
    with one_thread():
        attempt = begun(course, warm_start) if resumed is None else taken_up(course, resumed)
        while not attempt.done():
            attempt.epoch()
    return attempt.kept, attempt.kept_at


def begun(course: Course, warm_start: Arrays | None) -> Attempt:
    config = course.config
    drawing = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    params = forecaster.init(config, course.widths, drawing)
    if warm_start is None:
        forecaster.begin(params, config, *anchor_errors(config, course.lesson.thinned(START_WINDOWS)))
    else:
        params = alike(warm_start, params)
    return Attempt(course, Learner(config, params), drawing)


def taken_up(course: Course, progress: Progress) -> Attempt:
    drawing = np.random.default_rng(course.config.seed)
    fresh = forecaster.init(course.config, course.widths, drawing)
    for weights in (progress.params, progress.averaged, progress.kept):
        alike(weights, fresh)
    for moments in (progress.first, progress.second):
        alike(moments, {name: fresh[name] for name in moments if name in fresh})
    attempt = Attempt(course, restored(progress, course.config, drawing), drawing)
    attempt.start, attempt.best, attempt.kept = progress.start, progress.best, progress.kept
    attempt.kept_at, attempt.epochs = progress.kept_at, progress.epochs
    attempt.lowest, attempt.moved_at = progress.lowest, progress.moved_at
    return attempt


def alike(weights: Arrays, fresh: Arrays) -> Arrays:
    """Weights of the very shapes of `fresh`. Raises Mismatch."""
    there = {name: f"{value.dtype.name} {value.shape}" for name, value in weights.items()}
    here = {name: f"{value.dtype.name} {value.shape}" for name, value in fresh.items()}
    if there != here:
        name = sorted(there.items() ^ here.items())[0][0]
        raise Mismatch(
            f"the model's weights do not fit these settings and columns: {name} is {there.get(name)}, "
            f"expected {here.get(name)}",
            "leave --from out, or give the settings that the model was trained with",
        )
    return weights


def anchor_errors(config: RunConfig, lesson: Lesson) -> tuple[F32, F32]:
    """The anchor's mean absolute error over the lesson, in each window's own units (H, T), and its quantiles in that.

    The quantiles (H, T, Q) are 0 at the median.
    """
    batch, L = lesson.windows.gather(lesson.origins), config.lookback
    loc, spread = forecaster.window_norm(batch.target[:, -L:], batch.mask[:, -L:], config.window_norm, np)
    errors = (batch.truth - (loc if lesson.anchor is None else lesson.anchor)) / spread
    errors = np.where(np.isfinite(errors).any(axis=0), errors, 0.0)
    size = np.nanmean(np.abs(errors), axis=0)
    unit = np.where(size > SMALLEST_UNIT, size, 1.0)
    quantiles = np.nanquantile(errors / unit, config.quantile_levels, axis=0)  # (Q, H, T)
    start = np.moveaxis(quantiles - quantiles[config.quantile_levels.index(0.5)], 0, -1)
    return unit.astype(np.float32), start.astype(np.float32)


def continue_on(course: Course, params: Arrays, epochs: int) -> Arrays:
    """A few more epochs over the lesson at a tenth of the rate, for --final-fit: nothing is left to check on."""
    config, lesson = course.config, course.lesson
    drawing = np.random.default_rng(config.seed + 1)
    rate = max(config.learning_rate / 10, SMALLEST_RATE)
    slow = replace(config, learning_rate=rate, schedule="plateau", warmup_epochs=0, teacher_forcing=0.0)
    with one_thread():
        learner = Learner(slow, params)
        for number in range(epochs):
            if time.monotonic() > course.deadline:
                break
            order = drawing.permutation(len(lesson.origins))[: config.epoch_windows]
            learner.epoch(lesson, order, course.observer, number, course.deadline)
    return learner.weights()
