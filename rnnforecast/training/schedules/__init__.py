"""Schedules of the learning rate, one file each; the folder is the list.

A schedule is a module with
    summary                     one line for --help
    Schedule(peak, max_epochs)  with
        rate(at)                the rate when `at` epochs have passed: 2.5 is halfway through the third
        told(improved)          after each epoch, whether it got anywhere; True: learn on from the best weights
        attributes, plain numbers: its memory, which an unfinished run keeps and sets again
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from rnnforecast.config import RunConfig


class Schedule(Protocol):
    def rate(self, at: float) -> float: ...

    def told(self, improved: bool) -> bool: ...


def schedule_of(config: RunConfig) -> Schedule:
    """The schedule that the settings name, at its start."""
    module = import_module(f"{__name__}.{config.schedule}")
    return cast(Schedule, module.Schedule(config.learning_rate, config.max_epochs))


def warm(config: RunConfig, at: float) -> float:
    """The share of the rate to use when `at` epochs have passed: rising to 1 over warmup_epochs."""
    return min(1.0, at / config.warmup_epochs) if config.warmup_epochs else 1.0
