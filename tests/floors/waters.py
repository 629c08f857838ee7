"""Waters made for the tests of floors: a sea whose tide is known, and rivers that rain feeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnforecast.data.panel import Panel
from rnnforecast.data.windows import Windows
from tests.making import Array, panel_of, settings, tide

Wave = Callable[[int, Array], Array]  # (series, hours (n,)) -> heights (n, T)
MOON = 12.42  # hours


def swell(T: int = 1) -> Wave:
    """A tide of its own for each series and target."""

    def at(series: int, hours: Array) -> Array:
        waves = [(2 + t) * np.cos(2 * np.pi * hours / MOON + series + t) for t in range(T)]
        return np.stack(waves, axis=1)

    return at


def laid(wave: Wave, lengths: list[int], horizon: int) -> Array:
    """The heights of each series and `horizon` rows beyond its end, one after the other."""
    return np.concatenate([wave(s, np.arange(n + horizon)) for s, n in enumerate(lengths)])


def sea(*lengths: int, T: int = 1, P: int = 0, horizon: int = 5) -> tuple[Panel, Array]:
    """Levels: the tide, a daily cycle and a surge; and the heights of the tide."""
    wave, parts = swell(T), []
    for s, n in enumerate(lengths):
        surges = np.stack([tide(n, 10 * s + t) for t in range(T)], axis=1)
        others = np.random.default_rng(s).normal(size=(n, P))
        parts.append(np.concatenate([wave(s, np.arange(n)) + surges, others], axis=1))
    return panel_of(*parts, T=T, P=P), laid(wave, list(lengths), horizon)


def rain(rows: int, seed: int = 0) -> Array:
    """Dry three hours of four."""
    rng = np.random.default_rng(seed)
    return rng.gamma(1.0, 1.0, rows) * (rng.random(rows) < 0.25)


def river(rows: int, seed: int = 0, known: bool = False) -> Panel:
    """A flow, never below 1, and the rain that feeds it; `known` ahead, or observed only."""
    fallen = rain(rows, seed)
    return panel_of(np.stack([flow(fallen), fallen], axis=1), P=1 - known, F=int(known))


def flow(fallen: Array, wetting: float = 0.3, noise: float = 0.0) -> Array:
    """A store that rain fills and that empties; of rain on a full one more runs off, by `wetting`."""
    rng, level = np.random.default_rng(len(fallen)), np.ones(len(fallen))
    for t in range(1, len(fallen)):
        above = level[t - 1] - 1
        level[t] = 1 + 0.8 * above + fallen[t - 1] * (0.1 + wetting * above / (1 + above)) + noise * abs(rng.normal())
    return level


def skill(floor, windows: Windows, taught: Array, asked: Array, lookback: int) -> Array:  # type: ignore[no-untyped-def]
    """Mean squared error (H, T) at the origins `asked` of a floor fitted on those `taught`."""
    config = settings(lookback=lookback, horizon=windows.horizon)
    params = floor.fit(windows, taught, config, windows.panel.step)
    batch = windows.gather(asked)
    return ((floor.forecast(params, batch) - batch.truth) ** 2).mean(axis=0)


