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

from rnnforecast.errors import ModelUnusable
from rnnforecast.floors import Arrays
from rnnforecast.network.arrays import under

Tensors = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Progress:
    """One network at the end of an epoch."""

    epochs: int  # done
    start: float  # validation error before training
    best: float
    kept_at: int  # the epoch whose weights are the best, 0 for those it started with
    lowest: float  # the least training loss of an epoch
    moved_at: int  # the last epoch that gained, or was on its way
    schedule: Mapping[str, float]  # its memory
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


def is_run(document: Mapping[str, Any]) -> bool:
    """Whether a file's document is that of an unfinished run, and not of a model."""
    return "unfinished" in document


def unpack(document: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]], source: str) -> Unfinished:
    """Raises ModelUnusable where it is not an unfinished run."""
    try:
        arrays: dict[str, Any] = {name: under(tensors, name) for name in ARRAYS}
        progress = Progress(**document["progress"], dropping=tensors["dropping"], **arrays)
        done = tuple((under(tensors, f"done.{k}"), epochs) for k, epochs in enumerate(document["done"]))
        run = Unfinished(document["unfinished"], done, progress)
        require_sound(run)
        return run
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise ModelUnusable(f"{source}: damaged: the parts of the run do not fit together ({error})") from error


def require_sound(run: Unfinished) -> None:
    """Refuse, by a ValueError, what no run can have kept: a file may have been written by anyone."""
    p, settings = run.progress, run.key["settings"]
    whole = (p.epochs, p.kept_at, p.moved_at, p.updates, *(epochs for _, epochs in run.done))
    real = (p.start, p.best, p.lowest, *p.schedule.values())
    good = (
        all(type(number) is int and 0 <= number < 2**53 for number in whole)
        and all(type(number) in (int, float) for number in real)
        and p.kept_at <= p.moved_at <= p.epochs
        and p.first.keys() == p.second.keys() == p.steps.keys() <= p.params.keys()
        and all(step.shape == () and step.dtype == np.float32 and step >= 0 for step in p.steps.values())
        and p.dropping.dtype == np.uint8
        and isinstance(settings, dict)
        and len(run.done) < settings["num_networks"]
    )
    if not good:
        raise ValueError("its numbers are not those of a run")
    np.random.default_rng(0).bit_generator.state = json.loads(p.drawing)
