"""Help for the tests of floors, network, training, model: panels from arrays, small settings, one fitted model each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import RunConfig
from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.data.scaling import Scale, fit
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Windows
from rnnforecast.model import Model
from rnnforecast.network import forecaster

Array = npt.NDArray[Any]

HOUR = Step("second", 3600)
JAN_1 = 1_767_225_600  # 2026-01-01T00:00Z, a Thursday
NAN = float("nan")


def panel_of(
    *series: Array, T: int = 1, P: int = 0, F: int = 0, static: Sequence[Sequence[float]] = (), ahead: int = 0,
    base: float = 0.0, step: Step = HOUR, ids: tuple[str, ...] = (), start: Sequence[int] = (),
) -> Panel:  # fmt: skip
    """Series (rows, T + P + F), or (rows,) where there is one column; the last `ahead` rows lie after the cutoff.

    `base` is the true value that is stored as 0; `start` the seconds of each first row (default: all 2026-01-01).
    """
    parts = [np.asarray(s, np.float64).reshape(len(s), -1) for s in series]
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    statics = np.asarray(static or [[]] * len(parts), np.float32)
    return Panel(
        ids=ids or tuple(f"gauge {n}" for n in range(len(parts))),
        targets=tuple(f"y{n}" for n in range(T)),
        past=tuple(f"p{n}" for n in range(P)),
        future=tuple(f"f{n}" for n in range(F)),
        values=(np.concatenate(parts) - base).astype(np.float32),
        base=np.full((len(parts), T + P + F), base, np.float64),
        offsets=offsets,
        start=np.array(list(start) or [JAN_1] * len(parts), np.int64),
        cutoff=offsets[1:] - 1 - ahead,
        static=statics,
        static_names=tuple(f"s{n}" for n in range(statics.shape[1])),
        step=step,
    )


def settings(**given: Any) -> RunConfig:
    """Small settings: a day back, 4 steps ahead, 4 units, one epoch."""
    small: dict[str, Any] = {
        "horizon": 4, "lookback": 24, "hidden_size": 4, "segment_length": 1, "max_epochs": 1, "epoch_windows": 64,
        "batch_size": 32, "quantile_levels": (0.1, 0.5, 0.9),
    }  # fmt: skip
    return RunConfig(**(small | given))


def windows_of(
    panel: Panel, config: RunConfig, context: int | None = None, cycles: tuple[int, ...] = (),
    heights: Array | None = None,
) -> Windows:  # fmt: skip
    """`heights`: the tide that is a part of the targets, laid out as `Windows` says but in the targets' own units."""
    scale = fit(panel, panel.cutoff)
    spread = np.repeat(scale.spread[:, : len(panel.targets)], np.diff(panel.offsets) + config.horizon, axis=0)
    sea = None if heights is None else (heights / spread).astype(np.float32)
    return Windows(panel, scale, cycles, context or config.lookback, config.horizon, sea)


def unscaled(panel: Panel) -> Scale:
    """A scale that leaves every value as it is."""
    shape = panel.base.shape
    return Scale(np.zeros(shape), np.ones(shape), np.array([[0.0], [1.0]]) * np.ones(panel.static.shape[1]))


def widths_of(panel: Panel, cycles: tuple[int, ...] = (), tidal: bool = False) -> Widths:
    T = len(panel.targets)
    return Widths(T, len(panel.past), len(panel.future), 2 * len(cycles), panel.static.shape[1], T * tidal)


def layout_of(panel: Panel, **changes: Any) -> Layout:
    given: dict[str, Any] = {
        "time": "time", "target": panel.targets, "id": () if panel.num_series == 1 else ("id",), "past": panel.past,
        "future": panel.future, "static": panel.static_names, "unused": (), "units": ("m",) * len(panel.targets),
        "covariate_units": ("",) * (len(panel.past) + len(panel.future) + len(panel.static_names)),
        "zone": "UTC", "stamp": "minute", "dayfirst": None, "missing": (), "decimal": ".",
        "reasons": (("time", "its name"),),
    }  # fmt: skip
    return Layout(**(given | changes))


def tide(rows: int, seed: int = 0, noise: float = 0.3) -> Array:
    """A daily cycle and an autoregressive surge: what seasonal and ridge both know a part of."""
    rng = np.random.default_rng(seed)
    surge = np.zeros(rows)
    for t in range(1, rows):
        surge[t] = 0.9 * surge[t - 1] + noise * rng.normal()
    return np.sin(2 * np.pi * np.arange(rows) / 24) + surge


def bent(rows: int, seed: int = 0) -> Array:
    """A chaotic map (the tent): linear rules cannot forecast it, a network can one step ahead."""
    rng = np.random.default_rng(seed)
    value = np.empty(rows)
    value[0] = 0.3
    for t in range(1, rows):
        value[t] = 1 - abs(1 - 1.9 * value[t - 1]) + 1e-3 * rng.normal()
    return value


def rich(rows: int = 220, ahead: int = 4) -> Panel:
    """Three series of two targets, with a past, a future and a static covariate each."""
    series = []
    for seed in range(3):
        x = np.random.default_rng(100 + seed).normal(size=rows + 60 * seed + ahead)
        y, z = tide(len(x), 2 * seed), tide(len(x), 2 * seed + 1)
        columns = np.stack([y + 0.3 * x, z, np.roll(y, -2) + x, x], axis=1)
        columns[len(x) - ahead :, :3] = NAN
        series.append(columns)
    return panel_of(*series, T=2, P=1, F=1, static=[[0.1], [-0.4], [0.7]], ahead=ahead)


def random_weights(config: RunConfig, widths: Widths, seed: int = 0) -> dict[str, Array]:
    """Parameters with nothing left at its start of 0 or 1; multipliers stay positive."""
    rng = np.random.default_rng(seed)
    fresh = forecaster.init(config, widths, rng)
    return {
        name: (np.exp(0.3 * rng.normal(size=v.shape)) if name == "unit" else v + 0.3 * rng.normal(size=v.shape)).astype(
            np.float32
        )
        for name, v in fresh.items()
    }


@cache
def fitted(kind: str = "rich", **given: Any) -> Model:
    """A model fitted once per session on `rich` or on one `tide` of 400 rows."""
    from rnnforecast.training.fit import fit as train

    panel = panel_named(kind)
    return train(panel, layout_of(panel), settings(**given))


@cache
def panel_named(kind: str) -> Panel:
    return {"rich": rich, "tide": lambda: panel_of(tide(400))}[kind]()
