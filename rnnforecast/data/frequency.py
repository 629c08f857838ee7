"""Step: the one spacing of a grid, and everything that depends on it: durations in words, seasons, defaults.

- `m` is minutes and `mo` months; a capital M alone is refused, since pandas means months by it.
- Months, quarters and years are calendar steps: stamps stand on one day of the month (31 = its last).
- A spacing is inferred only where one step explains the file: 95 % of the intervals are whole multiples of it, and it
  is itself the interval of at least half of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnforecast.data.times import parse_times as parse_times
from rnnforecast.data.zones import stamp_text as stamp_text
from rnnforecast.errors import DataUnusable, UsageError

I64 = npt.NDArray[np.int64]

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
JITTER = 0.1  # of a step: how far a row may stand from its place on the grid
NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 360, 600, 720, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600,
        28_800, 43_200, DAY, WEEK)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """`count` of `unit`: "second" (15 min = 900), "month" (a year = 12) or "row" (no times).

    For months `day` is the day of the month that stamps stand on (31 = the last).
    """

    unit: str
    count: int
    day: int = 1

    def at(self, start: I64, index: I64) -> I64:
        """Seconds (or row number) of row `index` of a series that starts at `start`; arrays broadcast."""
        if self.unit != "month":
            return start + index * self.count
        moment = np.asarray(start, "datetime64[s]")
        first = moment.astype("datetime64[M]")
        clock = (moment - moment.astype("datetime64[D]")).astype(np.int64)
        month = first + np.asarray(index * self.count, "timedelta64[M]")
        length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
        day = np.minimum(self.day, length) - 1
        seconds: I64 = month.astype("datetime64[s]").astype(np.int64) + day * 86_400 + clock
        return seconds

    def text(self) -> str:
        """«1 h», «15 min», «1 day», «1 month», «1 row»; `parse_step` reads it back."""
        return words(1, self)


_UNITS = {
    "s": ("second", 1), "sec": ("second", 1), "second": ("second", 1),
    "m": ("second", MINUTE), "min": ("second", MINUTE), "t": ("second", MINUTE), "minute": ("second", MINUTE),
    "h": ("second", HOUR), "hour": ("second", HOUR), "d": ("second", DAY), "day": ("second", DAY),
    "w": ("second", WEEK), "week": ("second", WEEK),
    "mo": ("month", 1), "ms": ("month", 1), "me": ("month", 1), "month": ("month", 1),
    "q": ("month", 3), "qs": ("month", 3), "quarter": ("month", 3),
    "y": ("month", 12), "ys": ("month", 12), "year": ("month", 12), "row": ("row", 1),
}  # fmt: skip


def _duration(text: str) -> tuple[float, str, int]:
    """The number, the unit ("second", "month", "row") and how many of it the unit word holds. Raises UsageError."""
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,9})?)?\s*([A-Za-z]+)\s*", text)
    word = match[2] if match else ""
    known = word.lower() if word.lower() in _UNITS else word.lower().removesuffix("s")
    if match is None or word == "M" or known not in _UNITS:
        raise UsageError(
            f"{text!r} is not a duration; expected a number and s, m (minutes), h, d, w, mo or y",
            "15min, 1h, 2d or 1mo",
        )
    return float(match[1] or 1), *_UNITS[known]


def parse_step(text: str) -> Step:
    """The step that `--freq` names: 15min, 1h, 1d, 1mo. Raises UsageError."""
    number, unit, size = _duration(text)
    count = number * size
    if count < 1 or count != int(count) or count > 10**9:
        raise UsageError(f"{text!r} is no step of whole seconds, months or rows", "--freq 1h")
    return Step(unit, int(count))


def length_in_steps(text: str | int, step: Step) -> int:
    """A length of steps ("48") or a duration ("2d" = 48 at 1 h) in whole steps. Raises UsageError."""
    plain = re.fullmatch(r"\s*(\d+)\s*(steps?)?\s*", str(text))
    if plain:
        return int(plain[1])
    number, unit, size = _duration(str(text))
    total = number * size
    if (unit, step.unit, size) == ("month", "second", 12):
        unit, total = "second", number * 365 * DAY
    steps = total / step.count
    if unit != step.unit or steps != int(steps):
        raise UsageError(f"{text!r} is not a whole number of steps of {step.text()}", "a number of steps, such as 48")
    return int(steps)


def seconds_in(text: str) -> int:
    """A duration in seconds: 90m, 3h, 2d. Raises UsageError for months and rows, which have no fixed length."""
    number, unit, size = _duration(text)
    if unit != "second":
        raise UsageError(f"{text!r} has no fixed length; expected s, m (minutes), h, d or w", "3h")
    return int(number * size)


def words(steps: int, step: Step) -> str:
    """A length for people: «24 h», «2 days», «8 weeks», «12 months», «6 steps»."""
    total = steps * step.count
    if step.unit == "row":
        return _counted(total, "row") if steps == 1 else _counted(steps, "step")
    if step.unit == "month":
        return _counted(total // 12, "year") if step.count % 12 == 0 else _counted(total, "month")
    if step.count % WEEK == 0:
        return _counted(total // WEEK, "week")
    if total % DAY == 0 and (total >= 2 * DAY or step.count % DAY == 0):
        return _counted(total // DAY, "day")
    size, unit = next((size, unit) for size, unit in ((HOUR, "h"), (MINUTE, "min"), (1, "s")) if total % size == 0)
    return f"{total // size} {unit}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def infer_step(times: Sequence[I64], rows: bool = False, source: str = "the data", how: str = "mean") -> Step:
    """The spacing of sorted, unique times, one array per series; `rows` where they are row numbers.

    Raises DataUnusable where fewer than 3 rows, or no one step, are there; `how` rows could be joined is in its hint.
    """
    gaps = np.concatenate([np.diff(t) for t in times]) if times else np.array([], np.int64)
    if len(gaps) < 2:
        found = sum(map(len, times))
        raise DataUnusable(f"{source}: {found} rows with a time; expected at least 3 in a series to see their spacing")
    step = _calendar_step(times) if not rows and gaps.min() >= 27 * DAY else None
    if step is None:
        step = Step("row" if rows else "second", _modal(gaps, exact=rows))
    months = step.unit == "month"
    apart = np.concatenate([np.diff(_months(t)) for t in times]) if months else gaps
    if not _explains(apart, step.count, 0.0 if rows or months else JITTER):
        raise _mixed(gaps, rows, source, how)
    return step


def _mixed(gaps: I64, rows: bool, source: str, how: str) -> DataUnusable:
    values, counts = np.unique(gaps, return_counts=True)
    common = [int(values[i]) for i in np.argsort(-counts, kind="stable")[:3]]
    spacings = ", ".join(Step("row" if rows else "second", gap).text() for gap in common)
    wide = float(np.quantile(gaps, 0.9))  # most steps of this length hold a row
    coarse = Step("second", next((nice for nice in NICE if nice >= wide), WEEK)).text().replace(" ", "")
    return DataUnusable(
        f"{source}: rows are unevenly spaced ({spacings}); expected one step",
        "--time none, if the rows are in order" if rows else f"--freq {coarse} --aggregate {how}",
    )


def _modal(gaps: I64, exact: bool) -> int:
    """The most frequent interval; where jitter leaves none, the round number nearest to the median."""
    values, counts = np.unique(gaps, return_counts=True)
    mode = int(values[np.argmax(counts)])
    if exact or counts.max() * 2 >= len(gaps):
        return mode
    median = float(np.median(gaps))
    nearest = min(NICE, key=lambda nice: abs(nice - median))
    return nearest if abs(nearest - median) <= JITTER * nearest else mode


def _explains(gaps: I64, step: int, tolerance: float) -> bool:
    """Whether 95 % of the intervals are whole multiples of `step`, and half of them the step itself."""
    multiple = np.maximum(np.rint(gaps / step), 1)
    fits = np.abs(gaps - multiple * step) <= tolerance * step
    return bool(fits.mean() >= 0.95 and (fits & (multiple == 1)).mean() >= 0.5)


def _months(times: I64) -> I64:
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _calendar_step(times: Sequence[I64]) -> Step | None:
    """Months, quarters or years, where every stamp stands on one day of the month at one time of day."""
    moments = np.concatenate(times).astype("datetime64[s]")
    days = moments.astype("datetime64[D]")
    month = moments.astype("datetime64[M]")
    number = (days - month.astype("datetime64[D]")).astype(np.int64) + 1
    length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    day = 31 if (number == length).all() else int(number.max())
    if (number != np.minimum(day, length)).any() or len(np.unique(moments - days)) > 1:
        return None
    apart = np.concatenate([np.diff(_months(t)) for t in times])
    return Step("month", _modal(apart, exact=True), day)


def seasons(step: Step) -> tuple[int, ...]:
    """Candidate seasonal periods in steps, shortest first; (1,) where the step has no season."""
    if step.unit == "row":
        return (1,)
    if step.unit == "month":
        return (12 // step.count,) if 12 % step.count == 0 and step.count < 12 else (1,)
    if step.count == HOUR:
        return 24, 25, 168  # 25 h: a tide comes about 50 minutes later each day
    if step.count == DAY:
        return 7, 365
    if step.count == WEEK:
        return (52,)
    spans = (DAY, WEEK, 365 * DAY) if step.count > HOUR else (DAY, WEEK)
    return tuple(span // step.count for span in spans if span % step.count == 0 and span >= 2 * step.count) or (1,)


def season_words(period: int, step: Step) -> str:
    """A seasonal rule for people: «same time yesterday», «same day last year», «25 h before»."""
    if period <= 1:
        return "last value"
    span = period * step.count
    if step.unit == "month":
        named = {1: "same month last year", 3: "same quarter last year"}
        return named.get(step.count, f"{words(period, step)} before") if span == 12 else f"{words(period, step)} before"
    known = {
        ("day", False): "same time yesterday", ("week", False): "same time last week",
        ("week", True): "same day last week", ("year", True): "same day last year",
        ("year", False): "same time last year",
    }  # fmt: skip
    name = {DAY: "day", WEEK: "week", 365 * DAY: "year"}.get(span, "") if step.unit == "second" else ""
    if step.unit == "second" and step.count == WEEK and period == 52:
        return "same week last year"
    return known.get((name, step.count % DAY == 0), f"{words(period, step)} before")


def defaults(step: Step) -> tuple[int, int]:
    """Horizon and lookback in steps, where the user gives none."""
    if step.unit == "row":
        return 24, 96
    if step.unit == "month":
        return {1: (12, 36), 3: (4, 16)}.get(step.count, (3, 10))
    if step.count < HOUR:
        return min(max(6 * HOUR // step.count, 12), 96), min(max(2 * DAY // step.count, 96), 512)
    if step.count == HOUR:
        return 24, 168
    if step.count < DAY:
        return max(DAY // step.count, 1), max(2 * WEEK // step.count, 1)
    return (14, 365) if step.count < WEEK else (8, 104)
