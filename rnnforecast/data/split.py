"""Split: training, validation and test in time order, counted in complete windows.

    | train ................ | validation .... | test .... |
                   o h h h h | h h h h          the last training origin and the first validation origin are a
                           o                    horizon apart: no target row serves two parts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnforecast.config import RunConfig, settings_of
from rnnforecast.data.frequency import Step, defaults, length_in_steps
from rnnforecast.data.panel import I64, Panel
from rnnforecast.data.times import parse_times
from rnnforecast.errors import DataUnusable, ForecastError, UsageError


@dataclass(frozen=True)
class Split:
    """Origins (flat rows, in order of time) of each part, and the last flat row of the first two per series."""

    train: I64
    validation: I64
    test: I64
    train_end: I64  # (series,)
    validation_end: I64  # (series,)


def configure(panel: Panel, given: Mapping[str, Any]) -> RunConfig:
    """RunConfig from what the user gave; lengths not given follow the step and what the data allows."""
    horizon, lookback = defaults(panel.step)
    rows = int(panel.lengths().max())
    lengths = {
        "horizon": max(1, min(horizon, rows // 12)),
        "lookback": max(1, min(lookback, rows // 5)),
    }
    for name in ("horizon", "lookback", "stride"):
        if given.get(name) is not None:
            lengths[name] = length_in_steps(given[name], panel.step)
    config = settings_of(RunConfig, {**{k: v for k, v in given.items() if v is not None}, **lengths})
    return config if config.segment_length else replace(config, segment_length=segment_for(config, panel.step))


def segment_for(config: RunConfig, step: Step) -> int:
    """A day where steps are shorter and the lookback holds four, else a 64th of the lookback.

    Single steps for a decoder that feeds back. Measured on tide, weather, river and stream: benchmarks/README.md.
    """
    if config.decoder == "recursive":
        return 1
    day = 86_400 // step.count if step.unit == "second" and step.count < 86_400 else 0
    return day if 1 < day <= config.lookback // 4 else max(1, config.lookback // 64)


def split(panel: Panel, config: RunConfig) -> Split:
    """The three parts of every series. Raises DataUnusable with the number of rows that it takes."""
    ends = [part_ends(panel, s, config) for s in range(panel.num_series)]
    train_end = np.array([e[0] for e in ends], np.int64)
    validation_end = np.array([e[1] for e in ends], np.int64)
    H, stride = config.horizon, config.stride
    first = panel.offsets[:-1] + config.lookback - 1
    parts = Split(
        train=origins_between(panel, first, train_end - H),
        validation=origins_between(panel, np.maximum(train_end, first), validation_end - H, stride),
        test=origins_between(panel, np.maximum(validation_end, first), panel.cutoff - H, stride),
        train_end=train_end,
        validation_end=validation_end,
    )
    if min(len(parts.train), len(parts.validation), len(parts.test)) == 0:
        refuse(panel, config)
    return parts


def refuse(panel: Panel, config: RunConfig) -> None:
    """Say how many rows it takes, and how many there are."""
    L, H = config.lookback, config.horizon
    rows, needed = int(panel.lengths().max()), L + 3 * H
    raise DataUnusable(
        f"too few rows: {rows} with lookback {L} and horizon {H}; "
        f"one complete window in each of training, validation and test takes at least {needed} rows without long holes",
        f"--lookback {max(1, (rows - 3 * H) // 2)}" if rows > 3 * H + 1 else "--horizon 1 --lookback 2, or more data",
    )


def part_ends(panel: Panel, series: int, config: RunConfig) -> tuple[int, int]:
    """Last flat row of the training and of the validation part of one series."""
    cutoff, rows = int(panel.cutoff[series]), int(panel.lengths()[series])
    test = part_length(panel, series, config.test, rows, cutoff, config.horizon, "test")
    validation = part_length(panel, series, config.validation, rows, cutoff - test, config.horizon, "validation")
    return cutoff - test - validation, cutoff - test


def part_length(panel: Panel, series: int, text: str, rows: int, last: int, horizon: int, name: str) -> int:
    """Rows of a part given as a share ("0.15"), a duration ("30d") or a start date; never shorter than a horizon."""
    try:
        share = float(text)
    except ValueError:
        share = np.nan
    if 0 < share < 1:
        return max(horizon, round(share * rows))
    try:
        return max(horizon, length_in_steps(text, panel.step))
    except UsageError:
        pass
    try:
        moment = int(parse_times([text])[0][0])
    except ForecastError:
        raise UsageError(
            f"{name} must be a share between 0 and 1, a duration or a start date, got {text!r}", f"--{name} 0.15"
        ) from None
    first = int(panel.offsets[series])
    times = panel.step.at(panel.start[series], np.arange(last - first + 1))
    length = int((times >= moment).sum())
    if not 0 < length < len(times):
        raise UsageError(f"{name} starts at {text}, outside the data", f"--{name} 0.15")
    return max(horizon, length)


def origins_between(panel: Panel, first: I64, last: I64, stride: int = 1) -> I64:
    """Every `stride`-th row from `first` to `last` (series,) at which a target was observed, in order of time."""
    origins = np.concatenate([np.arange(a, b + 1, stride) for a, b in zip(first, last, strict=True)]).astype(np.int64)
    seen = np.asarray(np.isfinite(panel.values[:, : len(panel.targets)]).any(axis=1))
    chosen: I64 = origins[seen[origins]]
    return chosen if panel.num_series == 1 else chosen[np.argsort(panel.times(chosen), kind="stable")]
