"""Members: the floors, then the network if there is one; what each says at the same origins, in series units.

NaN marks a member that lacks what it needs at an origin. The network corrects one floor, its anchor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import F64, I64
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import Arrays, batches, floor_named
from rnnforecast.network import forecaster

NEEDED_SHARE = 0.5  # of the lookback observed, for the network


@dataclass(frozen=True)
class Fitted:
    """A floor with two fits: of the training part, to be scored, and of all rows, to forecast with."""

    name: str
    fitted: Arrays
    final: Arrays


@dataclass(frozen=True)
class Network:
    """The network's parameters, likewise twice, and the floor that it corrects (None: it stands alone)."""

    fitted: Arrays
    final: Arrays
    anchor: str | None


@dataclass(frozen=True)
class Evidence:
    """What M members said at N origins, the spread, and what came."""

    members: F64  # (M, N, H, T)
    spread: F64  # (N, H, T)
    truth: F64  # (N, H, T) NaN where not observed


@dataclass(frozen=True)
class Members:
    """The floors in the order of `names`, then the network."""

    config: RunConfig
    floors: tuple[Fitted, ...]
    network: Network | None

    @property
    def names(self) -> tuple[str, ...]:
        return (*(f.name for f in self.floors), *(("network",) if self.network else ()))

    def labels(self, step: Step) -> tuple[str, ...]:
        """What people call them."""
        floors = [floor_named(f.name).label(f.fitted, step) for f in self.floors]
        return (*floors, *((f"the {self.config.cell} alone",) if self.network else ()))

    def context(self, step: Step) -> int:
        """Rows before and with the cutoff that the longest member looks at."""
        return max(self.config.lookback, *(floor_named(f.name).context(self.config, step) for f in self.floors))

    def floors_at(self, batch: Batch, final: bool) -> F64:
        """(floors, B, H, T)."""
        out = []
        for f in self.floors:
            floor, params = floor_named(f.name), f.final if final else f.fitted
            usable = floor.usable(params, batch)
            out.append(np.where(usable[:, None, None], floor.forecast(params, batch), np.nan))
        return np.stack(out)

    def at(self, batch: Batch, final: bool, floors: F64 | None = None) -> tuple[F64, F64]:
        """Every member's forecast (M, B, H, T) and the spread (B, H, T); `floors` where they are known already."""
        said = self.floors_at(batch, final) if floors is None else floors
        if self.network is None:
            return said, np.ones_like(said[0])
        yhat, spread = self.network_at(self.network, batch, said, final)
        return np.concatenate([said, yhat[None]]), spread

    def network_at(self, network: Network, batch: Batch, floors: F64, final: bool) -> tuple[F64, F64]:
        """The network's median and spread (B, H, T)."""
        anchor = None
        if network.anchor is not None:
            anchor = np.nan_to_num(floors[self.names.index(network.anchor)]).astype(np.float32)
        params = network.final if final else network.fitted
        out = forecaster.forward(params, batch, anchor, self.config, np).astype(np.float64)  # (B, H, T, Q)
        usable = (batch.mask[:, -self.config.lookback :].mean(axis=1) >= NEEDED_SHARE).all(axis=1)
        median, spread = median_and_spread(out, self.config.quantile_levels)
        return np.where(usable[:, None, None], median, np.nan), spread

    def over(self, windows: Windows, origins: I64, final: bool = False, floors: F64 | None = None) -> Evidence:
        """All members at all origins; `floors` (floors, N, H, T) where they were cross-fitted."""
        parts = [
            (*self.at(batch, final, None if floors is None else floors[:, part]), batch.truth)
            for part, batch in batches(windows, origins)
        ]
        members, spread, truth = (list(column) for column in zip(*parts, strict=True))
        came = np.concatenate(truth).astype(np.float64)
        return Evidence(np.concatenate(members, axis=1), np.concatenate(spread), came)


def median_and_spread(quantiles: F64, levels: tuple[float, ...]) -> tuple[F64, F64]:
    """From (B, H, T, Q): the median, and half the width between the levels nearest 0.1 and 0.9 (1 if there is none)."""
    median = quantiles[..., levels.index(0.5)]
    low = int(np.abs(np.array(levels) - 0.1).argmin())
    high = int(np.abs(np.array(levels) - 0.9).argmin())
    if low == high:
        return median, np.ones_like(median)
    return median, np.abs(quantiles[..., high] - quantiles[..., low]) / 2
