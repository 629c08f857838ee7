"""Members: the floors, then the networks if there are any; what each says at the same origins, in series units.

NaN marks a member that lacks what it needs at an origin. A network corrects one floor, its anchor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnforecast.config import RunConfig, of_network
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
    """A network's parameters, likewise twice, and the floor that it corrects (None: it stands alone)."""

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
    """The floors in the order of `names`, then the networks; network k has the settings of_network(config, k)."""

    config: RunConfig
    floors: tuple[Fitted, ...]
    networks: tuple[Network, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*(f.name for f in self.floors), *map(network_name, range(len(self.networks))))

    def labels(self, step: Step) -> tuple[str, ...]:
        """What people call them."""
        floors = [floor_named(f.name).label(f.fitted, step) for f in self.floors]
        several = len(self.networks) > 1
        alone = [f"the {self.config.cell} alone" + several * f" ({k + 1})" for k in range(len(self.networks))]
        return (*floors, *alone)

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
        if not self.networks:
            return said, np.ones_like(said[0])
        answers = [self.network_at(k, batch, said, final) for k in range(len(self.networks))]
        yhats, spreads = zip(*answers, strict=True)
        return np.concatenate([said, np.stack(yhats)]), np.mean(spreads, axis=0)

    def network_at(self, number: int, batch: Batch, floors: F64, final: bool) -> tuple[F64, F64]:
        """One network's median and spread (B, H, T)."""
        network, config = self.networks[number], of_network(self.config, number)
        anchor = None
        if network.anchor is not None:
            anchor = np.nan_to_num(floors[self.names.index(network.anchor)]).astype(np.float32)
        params = network.final if final else network.fitted
        out = forecaster.forward(params, batch, anchor, config, np).astype(np.float64)  # (B, H, T, Q)
        usable = (batch.mask[:, -config.lookback :].mean(axis=1) >= NEEDED_SHARE).all(axis=1)
        median, spread = median_and_spread(out, config.quantile_levels)
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


def network_name(number: int) -> str:
    """network, network_2, network_3"""
    return f"network_{number + 1}" if number else "network"


def median_and_spread(quantiles: F64, levels: tuple[float, ...]) -> tuple[F64, F64]:
    """From (B, H, T, Q): the median, and half the width between the levels nearest 0.1 and 0.9 (1 if there is none)."""
    median = quantiles[..., levels.index(0.5)]
    low = int(np.abs(np.array(levels) - 0.1).argmin())
    high = int(np.abs(np.array(levels) - 0.9).argmin())
    if low == high:
        return median, np.ones_like(median)
    return median, np.abs(quantiles[..., high] - quantiles[..., low]) / 2
