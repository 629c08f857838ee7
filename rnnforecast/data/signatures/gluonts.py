"""GluonTS (and DeepAR) JSON lines: one series per line, its values an array that starts at a time.

    {"start":"2021-01-01 00:00","target":[1.5,NaN,…],"item_id":"a","feat_static_cat":[0],"feat_dynamic_real":[[…]]}

- The step stands in no line, but for a «freq» that some writers add: --freq tells it.
- Features are named after their place, feat_dynamic_real_0; dynamic ones may go on beyond the target. Without an
  item_id the line's number tells the series apart.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from rnnforecast.config import DataFlags
from rnnforecast.data.frequency import Step, parse_step
from rnnforecast.data.signatures import Columns, Signature
from rnnforecast.data.table import About, CellError, Column
from rnnforecast.data.times import parse_times
from rnnforecast.errors import DataUnusable, UsageError

CONSTANT = r"(feat_static_|static_|cat$)"
FEATURE = r"^(past_)?(feat_|dynamic_|static_|cat(_|$))"


def unfold(series: Any, flags: DataFlags) -> Columns:
    arrays = {name: each for key, value in series.items() for name, each in arrays_in(key, value).items()}
    moving = {name: each for name, each in arrays.items() if not re.match(CONSTANT, name)}
    rows = max(map(len, moving.values()))
    columns: dict[str, Any] = {"time": times_of(str(series["start"]), series.get("freq"), flags, rows)}
    columns |= {name: [*each, *[None] * (rows - len(each))] for name, each in moving.items()}
    columns |= {name: [each[0]] * rows for name, each in arrays.items() if name not in moving}
    return columns | {"item_id": [str(series.get("item_id", series["line"]))] * rows}


def arrays_in(name: str, value: Any) -> dict[str, list[Any]]:
    """The arrays under a name: of one, of one for each feature, or of the constants of a series, one by one."""
    if not isinstance(value, list):
        return {}
    if value and isinstance(value[0], list):
        return {f"{name}_{i}": each for i, each in enumerate(value)}
    return {f"{name}_{i}": [each] for i, each in enumerate(value)} if re.match(CONSTANT, name) else {name: value}


def times_of(start: str, freq: Any, flags: DataFlags, rows: int) -> Column:
    """The time of each row, (rows,). Raises CellError where the step is not told."""
    step = step_of(freq, flags)
    try:
        first, offsets = parse_times([start])
    except DataUnusable:
        raise CellError(0, f"start {start[:60]!r}, which is no time", "one such as 2021-01-01 00:00") from None
    moments = step.at(first, np.arange(rows)) if step.unit != "month" else monthly(step, first, rows)
    typed = moments.astype("datetime64[s]")
    return typed if offsets is None else [f"{time}Z" for time in np.datetime_as_string(typed)]


def monthly(step: Step, first: Any, rows: int) -> Any:
    """Months on the day of the month that the first has; its last day stays the last."""
    day = first.astype("datetime64[s]").astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    place = int((day - month.astype("datetime64[D]")).astype(int)[0]) + 1
    ends = ((day + 1).astype("datetime64[M]") > month).all()
    return replace(step, day=31 if ends else place).at(first, np.arange(rows))


def step_of(freq: Any, flags: DataFlags) -> Step:
    """The step that --freq or the line names; pandas writes M, 15T or W-SUN."""
    written = str(freq or "").partition("-")[0]
    text = flags.freq or re.sub(r"^(\d*)(?:M|ME)$", r"\1mo", re.sub(r"^(\d*)(?:A|YE)$", r"\1y", written))
    if not text:
        raise CellError(0, "a series that does not tell its step", "a freq in each line, or --freq", "--freq 1h")
    try:
        return parse_step(re.sub(r"^(\d*)QE$", r"\1q", text))
    except UsageError as error:
        raise CellError(0, f"freq {text!r}", "a step of whole seconds or months", error.hint) from None


signature = Signature(
    title="GluonTS",
    marks=(r'\A\s*\{[^\n]*"target"\s*:\s*\[', r'"start"\s*:\s*"|\A[^\n]{60000,}\Z'),
    parser="jsonlines",
    about=About(time="time", id=("item_id",), target=("target",), aside=(FEATURE,)),
    unfold=unfold,
)
