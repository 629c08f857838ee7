"""Floors: simple rules under the network, one file each; the folder is the list.

They are fitted in seconds without torch, serve as baselines of every score, as members of the stack and as the
fallback when data is thin. A floor is a module with
    summary                                one line for --help
    context(config, step) -> int           rows before and with the origin that it looks at
    applies(windows) -> bool               whether these data are of its kind
    fit(windows, origins, config, step)    -> dict of arrays, from the windows at those origins only
    forecast(params, batch)                -> (B, H, T) in series units
    usable(params, batch)                  -> (B,) bool: what it needs is there
    label(params, step) -> str             what people call it
    valid(params, config, widths) -> bool  arrays read from a file are what the settings call for
and, where all fits but one block's come cheaper together than one by one,
    folded(windows, origins, config, step) -> (params, [params without each of `folds`' blocks])
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from rnnforecast.config import RunConfig, listed
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import F32, I64
from rnnforecast.data.split import evenly
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows

Arrays = dict[str, npt.NDArray[Any]]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FOLDS = 5
GATHER = 2048  # windows cut at once, at most


class Floor(Protocol):
    """What a module in this folder offers."""

    summary: str

    def context(self, config: RunConfig, step: Step) -> int: ...

    def applies(self, windows: Windows) -> bool: ...

    def fit(self, windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays: ...

    def forecast(self, params: Arrays, batch: Batch) -> F64: ...

    def usable(self, params: Arrays, batch: Batch) -> Flags: ...

    def label(self, params: Arrays, step: Step) -> str: ...

    def valid(self, params: Arrays, config: RunConfig, widths: Widths) -> bool: ...


def floor_named(name: str) -> Floor:
    """The floor of that file."""
    return cast(Floor, import_module(f"{__name__}.{name}"))


def names() -> tuple[str, ...]:
    return listed("floors")


def applying(windows: Windows) -> tuple[str, ...]:
    """Names of the floors that these data are for."""
    return tuple(name for name in names() if floor_named(name).applies(windows))


def thinned(origins: I64, most: int) -> I64:
    """At most `most` of the origins, one out of each of equal runs: every k-th would meet the same hours only."""
    return origins[evenly(len(origins), most)]


def batches(windows: Windows, origins: I64) -> Any:
    """(slice, Batch) pairs that cover `origins` in order, at most GATHER at a time."""
    size = windows.at_once(GATHER)
    for k in range(0, len(origins), size):
        part = slice(k, min(k + size, len(origins)))
        yield part, windows.gather(origins[part])


def forecasts(floor: Floor, params: Arrays, windows: Windows, origins: I64) -> F64:
    """The floor's forecasts at all origins, (N, H, T); NaN where it is not usable."""
    out = np.full((len(origins), windows.horizon, len(windows.panel.targets)), np.nan)
    for part, batch in batches(windows, origins):
        ok = floor.usable(params, batch)
        out[part] = np.where(ok[:, None, None], floor.forecast(params, batch), np.nan)
    return out


def folds(windows: Windows, origins: I64) -> I64:
    """The time block, 0 to FOLDS - 1, of each origin: blocks are contiguous in time and equal in count."""
    order = np.argsort(windows.panel.times(origins), kind="stable")
    blocks = np.empty(len(origins), np.int64)
    blocks[order] = np.arange(len(origins)) * FOLDS // max(len(origins), 1)
    return blocks


def folded(floor: Floor, windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:
    """The floor fitted on all origins, and without each time block in turn."""
    if hasattr(floor, "folded"):
        return cast(tuple[Arrays, list[Arrays]], floor.folded(windows, origins, config, step))
    blocks = folds(windows, origins)
    rests = [origins[blocks != block] if (blocks != block).any() else origins for block in np.unique(blocks)]
    return floor.fit(windows, origins, config, step), [floor.fit(windows, rest, config, step) for rest in rests]


def cross_fitted(
    floor: Floor, without: list[Arrays], windows: Windows, origins: I64, kept: I64 | None = None
) -> F32:
    """(N, H, T): each block's forecasts by the fit `without` it, as honest as unseen data.

    `kept`: indices of the origins at which forecasts are wanted; all by default.
    """
    blocks = folds(windows, origins)
    kept = np.arange(len(origins)) if kept is None else kept
    out = np.empty((len(kept), windows.horizon, len(windows.panel.targets)), np.float32)
    for params, block in zip(without, np.unique(blocks), strict=True):
        inside = blocks[kept] == block
        out[inside] = forecasts(floor, params, windows, origins[kept[inside]])
    return out
