"""The training loop: plain torch, one thread, early stopping with the best weights kept.

One thread, since two lose on small recurrent kernels. An LSTM that reads step by step sums its gradients over
micro-batches of 32: the same mathematics, a third faster than batches of 128. Both measured: benchmarks/README.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import dropout

from rnnforecast.config import RunConfig
from rnnforecast.data.panel import F32, F64, I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.errors import Interrupted, TrainingFailed
from rnnforecast.floors import Arrays
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training.losses import loss_named, masked_mean
from rnnforecast.training.observer import Epoch, Observer
from rnnforecast.training.schedule import Plateau

MICRO_BATCH = 32  # windows per gradient of an LSTM that reads step by step; else the whole batch at once
AVERAGING = 0.99  # of the exponential average of the weights that is kept, per update (Polyak & Juditsky 1992)
GATHER = 1024
SMALLEST_UNIT = 1e-5  # an anchor that misses less is right
START_WINDOWS = 2048  # whose errors tell where the quantiles start
VALIDATION_WINDOWS = 2048  # enough to steer by; the stack is fitted on all


@dataclass(frozen=True)
class Lesson:
    """Windows to learn from or to check on: origins, and the anchor (N, H, T) that the network corrects, or None."""

    windows: Windows
    origins: I64
    anchor: F64 | None

    def thinned(self, most: int) -> Lesson:
        """At most `most` windows, evenly spread."""
        if len(self.origins) <= most:
            return self
        kept = np.linspace(0, len(self.origins) - 1, most).round().astype(np.int64)
        return replace(self, origins=self.origins[kept], anchor=None if self.anchor is None else self.anchor[kept])

    def batches(self, order: I64, size: int) -> Iterator[tuple[Batch, Tensor | None]]:
        """Torch batches of `size` in the given order of windows; cut about GATHER at a time."""
        gather = max(self.windows.at_once(GATHER) // size * size, size)
        for k in range(0, len(order), gather):
            chosen = order[k : k + gather]
            batch = as_torch(self.windows.gather(self.origins[chosen]))
            anchor = None if self.anchor is None else torch.from_numpy(self.anchor[chosen].astype(np.float32))
            for j in range(0, len(chosen), size):
                part = slice(j, j + size)
                yield sliced(batch, part), None if anchor is None else anchor[part]


def as_torch(batch: Batch) -> Batch:
    return Batch(**{f.name: torch.from_numpy(np.ascontiguousarray(getattr(batch, f.name))) for f in fields(batch)})


def sliced(batch: Batch, part: slice) -> Batch:
    return Batch(**{f.name: getattr(batch, f.name)[part] for f in fields(batch)})


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread, and back to what the caller had."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Learner:
    """Parameters, optimiser and loss of one run."""

    def __init__(self, config: RunConfig, params: Arrays, peak: float) -> None:
        self.config = config
        self.schedule = Plateau(peak)
        self.params = {name: torch.tensor(value, requires_grad=name != "unit") for name, value in params.items()}
        self.learned = {name: value for name, value in self.params.items() if value.requires_grad}
        self.optimiser = torch.optim.AdamW(self.learned.values(), lr=peak, weight_decay=config.weight_decay)
        self.loss = loss_named(config.loss).loss
        self.levels = torch.tensor(config.quantile_levels)
        self.averaged = {name: value.detach().clone() for name, value in self.params.items()}
        self.updates = 0

    def batch_loss(self, batch: Batch, anchor: Tensor | None) -> Tensor:
        rate = self.config.dropout
        drop = (lambda x: dropout(x, rate)) if rate else (lambda x: x)
        out = forecaster.forward(self.params, batch, anchor, self.config, torch, kernels.scan, drop)
        return self.loss(out, batch.truth, self.levels)

    def epoch(self, lesson: Lesson, order: I64, observer: Observer) -> float:
        """One pass over the windows in `order`; the mean training loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate
        whole = self.config.batch_size
        micro = min(MICRO_BATCH, whole) if self.config.cell == "lstm" and self.config.segment_length == 1 else whole
        parts = max(1, whole // micro)
        losses = []
        for k, (batch, anchor) in enumerate(lesson.batches(order, micro), start=1):
            loss = self.batch_loss(batch, anchor)
            (loss / parts).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.item())
            if k % parts == 0:
                self.update()
            if signal := observer.stop_signal():
                raise Interrupted(signal)
        self.update()
        return float(np.mean(losses))

    def update(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.learned.values(), self.config.clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.updates += 1
        keep = min(AVERAGING, self.updates / (self.updates + 10))  # young averages forget faster
        with torch.no_grad():
            for name, value in self.learned.items():
                self.averaged[name].lerp_(value, 1 - keep)

    def evaluate(self, lesson: Lesson) -> float:
        """Mean absolute error of the median over the lesson, by the averaged weights and without dropout.

        What is reported is what stops: bands come from error trajectories, so quantiles need not choose the weights.
        """
        middle, errors, truths = self.config.quantile_levels.index(0.5), [], []
        with torch.inference_mode():
            for batch, anchor in lesson.batches(np.arange(len(lesson.origins)), 256):
                out = forecaster.forward(self.averaged, batch, anchor, self.config, torch, kernels.scan)
                errors.append((out[..., middle] - batch.truth).abs())
                truths.append(batch.truth)
        return float(masked_mean(torch.cat(errors), torch.cat(truths)))

    def go_back_to(self, weights: Arrays) -> None:
        """Take up learning from these weights; the optimiser keeps its memory of how steep each one is."""
        with torch.no_grad():
            for name, value in self.learned.items():
                value.copy_(torch.from_numpy(weights[name]))
                self.averaged[name].copy_(value)

    def weights(self) -> Arrays:
        return {name: value.numpy().copy() for name, value in self.averaged.items()}


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


def learn(
    config: RunConfig, widths: Widths, lesson: Lesson, check: Lesson, observer: Observer
) -> tuple[Arrays, int]:
    """Train from fresh weights; the best weights on `check`, and the number of epochs that they took.

    Raises TrainingFailed where the loss stops being a number, Interrupted where the observer asks to stop.
    """
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    with one_thread():
        params = forecaster.init(config, widths, rng)
        forecaster.begin(params, config, *anchor_errors(config, lesson.thinned(START_WINDOWS)))
        learner = Learner(config, params, config.learning_rate)
        check = check.thinned(VALIDATION_WINDOWS)
        untrained = learner.evaluate(check)
        best, kept, kept_at = untrained, learner.weights(), 0
        for number in range(config.max_epochs):
            started = time.monotonic()
            order = rng.permutation(len(lesson.origins))[: config.epoch_windows]
            train_loss = learner.epoch(lesson, order, observer)
            loss = learner.evaluate(check)
            if not np.isfinite(train_loss + loss):
                raise TrainingFailed(
                    f"training diverged in epoch {number + 1}: the loss is no longer a number",
                    f"--learning-rate {config.learning_rate / 10:g}",
                )
            if loss < best:
                best, kept, kept_at = loss, learner.weights(), number + 1
            if learner.schedule.told(improved=kept_at == number + 1):
                learner.go_back_to(kept)
            took = time.monotonic() - started
            told = Epoch(number + 1, config.max_epochs, train_loss, loss, untrained, kept_at == number + 1, took)
            observer.epoch(told)
            if config.patience and number + 1 - kept_at >= config.patience:
                break
    return kept, kept_at


def continue_on(config: RunConfig, params: Arrays, lesson: Lesson, epochs: int, observer: Observer) -> Arrays:
    """A few more epochs over `lesson` at a tenth of the rate, for --final-fit: nothing is left to check on."""
    rng = np.random.default_rng(config.seed + 1)
    with one_thread():
        learner = Learner(config, params, config.learning_rate / 10)
        for _ in range(epochs):
            learner.epoch(lesson, rng.permutation(len(lesson.origins))[: config.epoch_windows], observer)
    return learner.weights()
