"""State: all that an unfinished run needs to go on as if it had never stopped, as values; to and from a file's parts.

It is taken at the end of each epoch. Floats, generator states and moments are kept bit for bit, so a run that goes on
ends exactly where one that was never stopped ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rnnforecast.config import RunConfig
from rnnforecast.errors import ModelUnusable
from rnnforecast.floors import Arrays
from rnnforecast.training.learner import Learner

Tensors = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Progress:
    """One network at the end of an epoch."""

    epochs: int  # done
    start: float  # validation error before training
    best: float
    kept_at: int  # the epoch whose weights are the best, 0 for those it started with
    peak: float  # the schedule's memory
    stalled: int
    updates: int
    drawing: str  # state of the generator that draws windows, JSON
    dropping: npt.NDArray[np.uint8]  # state of torch's generator
    params: Arrays
    averaged: Arrays
    kept: Arrays  # the best weights
    first: Arrays  # AdamW's moments and counts
    second: Arrays
    steps: Arrays


@dataclass(frozen=True)
class Unfinished:
    """A run of one set of data and settings that has not ended: finished networks, and the one in the making."""

    key: Mapping[str, Any]  # settings and fingerprint: what must be the same to go on
    done: tuple[tuple[Arrays, int], ...]  # weights and epochs of the networks that are finished
    progress: Progress

    @property
    def last_good(self) -> tuple[Arrays, ...]:
        """The best weights of every network so far."""
        return (*(weights for weights, _ in self.done), self.progress.kept)


def taken(learner: Learner, drawing: np.random.Generator, kept: Arrays, **numbers: Any) -> Progress:
    """The progress of a learner; `numbers` are epochs, start, best and kept_at."""
    moments = {name: learner.optimiser.state.get(value, {}) for name, value in learner.learned.items()}
    first, second, steps = (
        {name: state[part].numpy().copy() for name, state in moments.items() if state}
        for part in ("exp_avg", "exp_avg_sq", "step")
    )
    return Progress(
        **numbers,
        peak=learner.schedule.peak,
        stalled=learner.schedule.stalled,
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
    learner.schedule.peak, learner.schedule.stalled = progress.peak, progress.stalled
    learner.updates = progress.updates
    drawing.bit_generator.state = json.loads(progress.drawing)
    torch.set_rng_state(torch.tensor(progress.dropping))
    return learner


ARRAYS = ("params", "averaged", "kept", "first", "second", "steps")


def pack(run: Unfinished) -> tuple[dict[str, Any], Tensors]:
    """(document, tensors) of an unfinished run."""
    numbers = {name: value for name, value in vars(run.progress).items() if name not in (*ARRAYS, "dropping")}
    document = {"unfinished": run.key, "done": [epochs for _, epochs in run.done], "progress": numbers}
    tensors: Tensors = {"dropping": run.progress.dropping}
    for name in ARRAYS:
        tensors |= {f"{name}.{key}": np.asarray(value) for key, value in getattr(run.progress, name).items()}
    for number, (weights, _) in enumerate(run.done):
        tensors |= {f"done.{number}.{key}": value for key, value in weights.items()}
    return document, tensors


def unpack(document: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]], source: str) -> Unfinished:
    """Raises ModelUnusable where it is not an unfinished run."""
    if "unfinished" not in document:
        raise ModelUnusable(f"{source}: not an unfinished run", "--fresh")
    try:
        arrays: dict[str, Any] = {name: under(tensors, f"{name}.") for name in ARRAYS}
        progress = Progress(**document["progress"], dropping=tensors["dropping"], **arrays)
        done = tuple((under(tensors, f"done.{k}."), epochs) for k, epochs in enumerate(document["done"]))
        return Unfinished(document["unfinished"], done, progress)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelUnusable(f"{source}: damaged: the parts of the run do not fit together ({error})") from error


def under(tensors: Mapping[str, npt.NDArray[Any]], prefix: str) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
