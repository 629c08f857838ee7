"""Learner: the parameters, the optimiser and the averaged weights of one network that is being trained.

All that it remembers can be taken as a value and restored from one, bit for bit.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import dropout

from rnnforecast.config import RunConfig, seeks_mean
from rnnforecast.data.panel import I64
from rnnforecast.data.windows import Batch
from rnnforecast.errors import Interrupted, ModelUnusable, TrainingFailed
from rnnforecast.floors import Arrays
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.losses import loss_named, masked_mean
from rnnforecast.training.observer import Observer
from rnnforecast.training.schedules import schedule_of, warm
from rnnforecast.training.state import Progress

MICRO_BATCH = 32  # windows per gradient of an LSTM that reads step by step; else the whole batch at once


@dataclass
class Tally:
    """Sums over the batches and updates of one epoch."""

    loss: float = 0.0
    batches: int = 0
    gradient: float = 0.0  # norms before clipping
    updates: int = 0

    @property
    def mean_loss(self) -> float:
        return self.loss / max(self.batches, 1)

    @property
    def mean_gradient(self) -> float:
        return self.gradient / max(self.updates, 1)


class Learner:
    """Learns by AdamW (Loshchilov & Hutter 2019); keeps a running mean of the weights (Polyak & Juditsky 1992)."""

    def __init__(self, config: RunConfig, params: Arrays) -> None:
        self.config = config
        self.schedule = schedule_of(config)
        ordered = sorted(params.items())  # a file keeps no order, and sums over all weights round by it
        self.params = {name: torch.tensor(value, requires_grad=name != "unit") for name, value in ordered}
        self.learned = {name: value for name, value in self.params.items() if value.requires_grad}
        self.optimiser = torch.optim.AdamW(self.learned.values(), weight_decay=config.weight_decay)
        self.loss = loss_named(config.loss).loss
        self.levels = torch.tensor(config.quantile_levels)
        self.averaged = {name: value.detach().clone() for name, value in self.params.items()}
        self.updates = 0
        self.scan = kernels.truncated(config.bptt_steps)

    def batch_loss(self, batch: Batch, anchor: Tensor | None, taught: float = 0.0) -> Tensor:
        """The loss; `taught` is the share of steps at which the decoder is fed the truth."""
        rate = self.config.dropout
        drop = (lambda x: dropout(x, rate)) if rate else (lambda x: x)
        teacher = None
        if taught:
            steps = torch.rand(*batch.truth.shape[:2], 1) < taught
            teacher = torch.where(steps, batch.truth, torch.nan)
        out = forecaster.forward(self.params, batch, anchor, self.config, torch, self.scan, drop, teacher)
        return self.loss(out, batch.truth, self.levels)

    def epoch(self, lesson: Lesson, order: I64, observer: Observer, number: int = 0, deadline: float = inf) -> Tally:
        """One pass over the windows in `order`, shorter where the deadline (of time.monotonic) passes.

        Raises TrainingFailed where the loss stops being a number, Interrupted where the observer asks to stop.
        """
        micro, parts = micro_batches(self.config)
        batches, tally = -(-len(order) // micro), Tally()
        taught = taught_in(self.config, number)
        for k, (batch, anchor) in enumerate(lesson.batches(order, micro), start=1):
            loss = self.batch_loss(batch, anchor, taught)
            (loss / parts).backward()  # type: ignore[no-untyped-call]
            tally.loss += self.a_number(loss.item(), number)
            tally.batches += 1
            if k % parts == 0 or k == batches:
                self.update(number + k / batches, tally)
            if signal := observer.stop_signal():
                raise Interrupted(signal)
            if time.monotonic() > deadline:
                break
        self.optimiser.zero_grad(set_to_none=True)
        return tally

    def a_number(self, loss: float, epoch: int) -> float:
        if not isfinite(loss):
            raise TrainingFailed(
                f"training diverged in epoch {epoch + 1}: the loss is no longer a number",
                f"--learning-rate {self.config.learning_rate / 10:g}",
            )
        return loss

    def update(self, at: float, tally: Tally) -> None:
        """One step of AdamW when `at` epochs have passed."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate(at) * warm(self.config, at)
        tally.gradient += float(torch.nn.utils.clip_grad_norm_(self.learned.values(), self.config.clip))
        tally.updates += 1
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.updates += 1
        keep = min(self.config.averaging, self.updates / (self.updates + 10))  # young averages forget faster
        with torch.no_grad():
            for name, value in self.learned.items():
                self.averaged[name].lerp_(value, 1 - keep)

    def evaluate(self, lesson: Lesson) -> float:
        """Mean absolute error of yhat over the lesson, by the averaged weights and without dropout; of a mean, the root
        of the mean square.

        What is reported is what stops: bands come from error trajectories, so quantiles need not choose the weights.
        """
        middle, errors, truths = self.config.quantile_levels.index(0.5), [], []
        with torch.inference_mode():
            for batch, anchor in lesson.batches(np.arange(len(lesson.origins)), 256):
                out = forecaster.forward(self.averaged, batch, anchor, self.config, torch, kernels.scan)
                errors.append((out[..., middle] - batch.truth).abs())
                truths.append(batch.truth)
        power = 2 if seeks_mean(self.config) else 1
        mean = float(masked_mean(torch.cat(errors) ** power, torch.cat(truths)))
        return mean if power == 1 else sqrt(mean)

    def go_back_to(self, weights: Arrays) -> None:
        """Take up learning from these weights; the optimiser keeps its memory of how steep each one is."""
        with torch.no_grad():
            for name, value in self.learned.items():
                value.copy_(torch.tensor(weights[name]))
                self.averaged[name].copy_(value)

    def weights(self) -> Arrays:
        return {name: value.numpy().copy() for name, value in self.averaged.items()}


def micro_batches(config: RunConfig) -> tuple[int, int]:
    """(windows per gradient, gradients per update)."""
    whole = config.batch_size
    micro = min(MICRO_BATCH, whole) if config.cell == "lstm" and config.segment_length == 1 else whole
    return micro, max(1, whole // micro)


def taught_in(config: RunConfig, epoch: int) -> float:
    """The share of steps fed the truth in an epoch, counted from 0: falls to 0 at half of max_epochs."""
    return config.teacher_forcing * max(0.0, 1 - 2 * epoch / config.max_epochs)


def taken(learner: Learner, drawing: np.random.Generator, kept: Arrays, **numbers: Any) -> Progress:
    """The progress of a learner; `numbers` are those of the attempt."""
    moments = {name: learner.optimiser.state.get(value, {}) for name, value in learner.learned.items()}
    first, second, steps = (
        {name: state[part].numpy().copy() for name, state in moments.items() if state}
        for part in ("exp_avg", "exp_avg_sq", "step")
    )
    return Progress(
        **numbers,
        schedule=dict(vars(learner.schedule)),
        updates=learner.updates,
        drawing=json.dumps(drawing.bit_generator.state),
        dropping=torch.get_rng_state().numpy().copy(),
        params={name: value.detach().numpy().copy() for name, value in learner.params.items()},
        averaged=learner.weights(),
        kept=kept,
        first=first,
        second=second,
        steps=steps,
    )


def restored(progress: Progress, config: RunConfig, drawing: np.random.Generator) -> Learner:
    """The learner as it was, and both generators set as they stood."""
    learner = Learner(config, progress.params)
    for name, value in learner.learned.items():
        learner.averaged[name].copy_(torch.tensor(progress.averaged[name]))
        if name in progress.steps:
            learner.optimiser.state[value] = {
                "step": torch.tensor(progress.steps[name]),
                "exp_avg": torch.tensor(progress.first[name]),
                "exp_avg_sq": torch.tensor(progress.second[name]),
            }
    memory = vars(learner.schedule)
    if memory.keys() != progress.schedule.keys() or progress.dropping.shape != torch.get_rng_state().shape:
        raise ModelUnusable("the unfinished run is damaged: its schedule or its generator is another", "--fresh")
    memory.update(progress.schedule)
    learner.updates = progress.updates
    drawing.bit_generator.state = json.loads(progress.drawing)
    torch.set_rng_state(torch.tensor(progress.dropping))
    return learner
