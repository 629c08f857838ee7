"""Split: training, validation and test in time order, counted in complete windows.

    | train ................ | validation .... | test .... |
                   o h h h h | h h h h          the last training origin and the first validation origin are a
                           o                    horizon apart: no target row serves two parts

Of a very long record not every window is used: at most MOST, and as many as forecast LEARNED (training) or JUDGED
(validation, test) numbers, drawn evenly over the part. Neighbouring windows tell nearly the same; memory is bounded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import RunConfig, settings_of, with_preset
from rnnforecast.data.frequency import DAY, Step, defaults, length_in_steps, seconds_in
from rnnforecast.data.panel import I64, Panel
from rnnforecast.data.times import parse_times
from rnnforecast.errors import DataUnusable, ForecastError, UsageError

LEARNED, JUDGED = 1 << 24, 1 << 19  # numbers that the windows of a part forecast together, at most
MONTH, LONGEST = 30 * DAY, 720  # seconds, and steps at most: how far «best» looks back where steps are below a day
BLOCK = 1 << 20  # rows looked at together
FEWEST, MOST = 1024, 1 << 18  # windows of a part, however long or short the horizon

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """Origins (flat rows, in order of time) of each part, and the last flat row of the first two per series."""

    train: I64
    validation: I64
    test: I64
    train_end: I64  # (series,)
    validation_end: I64  # (series,)


def configure(panel: Panel, given: Mapping[str, Any]) -> RunConfig:
    """RunConfig from what the user gave; lengths not given follow the shape, the step and what the data allows."""
    given = with_preset({name: value for name, value in given.items() if value is not None})
    horizon, lookback = defaults(panel.step)
    if given.get("preset") == "best" and panel.step.unit == "second" and panel.step.count < DAY:
        lookback = max(lookback, min(MONTH // panel.step.count, LONGEST))
    rows, (into, _, out) = int(panel.lengths().max()), str(given.get("shape", "")).partition("-to-")
    lengths = {
        "horizon": 1 if out == "one" else max(1 + (out == "many"), min(horizon, rows // 12)),
        "lookback": 1 if into == "one" else max(1 + (into == "many"), min(lookback, rows // 5)),
    }
    for name in ("horizon", "lookback", "stride"):
        if given.get(name) is not None:
            lengths[name] = length_of(name, given[name], panel.step)
    config = settings_of(RunConfig, {**given, **lengths})
    if config.max_time is not None and seconds_in(config.max_time) < 1:
        raise UsageError(f"max_time must be a second or more, got {config.max_time!r}", "--max-time 10m")
    return config if config.segment_length else replace(config, segment_length=segment_for(config, panel.step))


def length_of(name: str, text: Any, step: Step) -> int:
    """A length that the user gave, in steps. Raises UsageError with the name of the setting."""
    try:
        return length_in_steps(text, step)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", f"--{name} 48") from None


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
    ends = [part_ends(panel, s, rows, config) for s, rows in enumerate(panel.lengths().tolist())]
    train_end = np.array([e[0] for e in ends], np.int64)
    validation_end = np.array([e[1] for e in ends], np.int64)
    H, stride = config.horizon, config.stride
    first = panel.offsets[:-1] + config.lookback - 1
    judged = most_windows(panel, H, JUDGED)
    parts = Split(
        train=origins_between(panel, first, train_end - H, most=most_windows(panel, H, LEARNED)),
        validation=origins_between(panel, np.maximum(train_end, first), validation_end - H, stride, judged),
        test=origins_between(panel, np.maximum(validation_end, first), panel.cutoff - H, stride, judged),
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


def part_ends(panel: Panel, series: int, rows: int, config: RunConfig) -> tuple[int, int]:
    """Last flat row of the training and of the validation part of one series of `rows` rows."""
    cutoff = int(panel.cutoff[series])
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
        return max(horizon, rows_back(panel, series, last, share))
    try:
        return max(horizon, min(length_in_steps(text, panel.step), rows))
    except UsageError:
        pass
    try:
        moment = int(parse_times([text])[0][0])
    except ForecastError:
        raise UsageError(
            f"{name} must be a share between 0 and 1, a duration or a start date, got {text!r}", f"--{name} 0.15"
        ) from None
    there = last - int(panel.offsets[series]) + 1
    length = there - row_at(panel, series, moment, there)
    if not 0 < length < there:
        raise UsageError(f"{name} starts at {text}, outside the data", f"--{name} 0.15")
    return max(horizon, length)


def rows_back(panel: Panel, series: int, last: int, share: float) -> int:
    """How many rows up to `last` hold that share of a series' observed rows: a winter without any is no part."""
    first, cutoff = int(panel.offsets[series]), int(panel.cutoff[series])
    wanted = round(share * sum(int(observed(panel, a, b).sum()) for a, b in blocks(first, cutoff + 1)))
    for a, b in reversed(blocks(first, last + 1)):
        rows = np.flatnonzero(observed(panel, a, b))
        if len(rows) >= wanted:
            return last + 1 - (a + int(rows[len(rows) - wanted])) if wanted else 0
        wanted -= len(rows)
    return last + 1 - first


def blocks(first: int, end: int) -> list[tuple[int, int]]:
    """Rows `first` to `end` in runs of BLOCK: a series may be larger than the memory."""
    return [(a, min(a + BLOCK, end)) for a in range(first, end, BLOCK)]


def observed(panel: Panel, first: int, end: int) -> Flags:
    """Rows at which a target was observed."""
    return np.asarray(np.isfinite(panel.values[first:end, : len(panel.targets)]).any(axis=1))


def row_at(panel: Panel, series: int, moment: int, rows: int) -> int:
    """How many of the first `rows` rows of a series stand before `moment`: a search, since a series may be long."""
    start = panel.start[series]
    return bisect_left(range(rows), moment, key=lambda row: int(panel.step.at(start, np.array(row))))


def most_windows(panel: Panel, horizon: int, cells: int) -> int:
    """How many windows forecast so many numbers together, within bounds."""
    return min(MOST, max(FEWEST, cells // (horizon * len(panel.targets))))


def origins_between(panel: Panel, first: I64, last: I64, stride: int = 1, most: int | None = None) -> I64:
    """Every `stride`-th row from `first` to `last` (series,) at which a target was observed, in order of time.

    Of more than `most` rows, one is drawn from each of `most` equal runs of them.
    """
    counts = np.maximum((last - first) // stride + 1, 0)
    ends = np.cumsum(counts)
    places = evenly(int(ends[-1]), most)
    series = np.searchsorted(ends, places, side="right")
    origins: I64 = first[series] + (places - (ends - counts)[series]) * stride
    chosen = origins[np.isfinite(panel.values[:, : len(panel.targets)][origins]).any(axis=1)]
    return chosen if panel.num_series == 1 else chosen[np.argsort(panel.times(chosen), kind="stable")]


def evenly(total: int, most: int | None) -> I64:
    """0 to `total` - 1, or one number out of each of `most` equal runs: every k-th would meet the same hours only."""
    if most is None or total <= most:
        return np.arange(total)
    edges = np.linspace(0, total, most + 1).astype(np.int64)
    return edges[:-1] + (np.random.default_rng(0).random(most) * np.diff(edges)).astype(np.int64)
