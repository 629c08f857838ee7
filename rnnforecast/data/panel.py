"""Panel: all series laid end to end on one regular grid; the heart of the data's path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.frequency import Step

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """Series end to end in one float32 array; a hole is NaN; nothing was filled that is not reported.

    Series s owns rows offsets[s] to offsets[s + 1]; its row i stands at time `step.at(start[s], i)`.
    The true value is values + base of its series: the base keeps the digits of 1e6 + millimetres.
    """

    ids: tuple[str, ...]  # one per series
    targets: tuple[str, ...]  # names of the first T columns
    past: tuple[str, ...]  # then P past covariates
    future: tuple[str, ...]  # then F known-future covariates
    values: F32  # (rows, T + P + F), minus base
    base: F64  # (series, T + P + F)
    offsets: I64  # (series + 1,)
    start: I64  # (series,) seconds since 1970 (UTC, or local where naive); a row number where step.unit is "row"
    cutoff: I64  # (series,) row, counted in the flat array, of the last observed target
    static: F32  # (series, S)
    static_names: tuple[str, ...]
    step: Step
    zone: str = ""  # whose clock people live by: the calendar's day and week are its; "" = as the times are

    @property
    def columns(self) -> tuple[str, ...]:
        return self.targets + self.past + self.future

    @property
    def num_series(self) -> int:
        return len(self.ids)

    def lengths(self) -> I64:
        """Rows of each series up to and with its cutoff, (series,)."""
        return self.cutoff - self.offsets[:-1] + 1

    def series_of(self, rows: I64) -> I64:
        """The series that owns each flat row; shape as `rows`."""
        return np.searchsorted(self.offsets, rows, side="right").astype(np.int64) - 1

    def times(self, rows: I64) -> I64:
        """Seconds of each flat row; rows past the end of a series go on counting. Shape as `rows`."""
        series = self.series_of(rows)
        return self.step.at(self.start[series], rows - self.offsets[series])


def tail(panel: Panel, rows: int) -> Panel:
    """The last `rows` rows before and with the cutoff of each series, and what is known after it."""
    first = np.maximum(panel.offsets[:-1], panel.cutoff - rows + 1)
    kept = [np.arange(a, b) for a, b in zip(first, panel.offsets[1:], strict=True)]
    offsets = np.concatenate([[0], np.cumsum([len(k) for k in kept])]).astype(np.int64)
    return replace(
        panel,
        values=panel.values[np.concatenate(kept)],
        offsets=offsets,
        start=panel.times(first),
        cutoff=offsets[:-1] + panel.cutoff - first,
    )
