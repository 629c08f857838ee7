"""A flow is never forecast below 0, by no step and no band; a level or a temperature may fall below anything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.evaluation.backtest import backtest, forecasts, rolled
from rnnforecast.model import Model
from rnnforecast.packing import pack, unpack
from rnnforecast.training.fit import fit
from tests.making import Array, layout_of, panel_of, settings, tide

ROWS = 600


def flow(rows: int = ROWS, seed: int = 0) -> Array:
    """Storms that run off, and a bed that is dry between them."""
    rng = np.random.default_rng(seed)
    water = np.zeros(rows)
    for t in range(1, rows):
        water[t] = 0.85 * water[t - 1] + (rng.exponential(20) if rng.random() < 0.04 else 0.0)
    return np.maximum(water - 2.0, 0.0)


@cache
def fitted(kind: str, **given: Any) -> tuple[Model, Panel]:
    panels = {
        "flow": lambda: panel_of(flow(), base=4.0),
        "level": lambda: panel_of(5 + tide(ROWS), base=5.0),
        "temperature": lambda: panel_of(10 + 15 * tide(ROWS), base=10.0),
        "both": lambda: panel_of(np.stack([5 + tide(ROWS), flow()], axis=1), T=2),
    }
    panel = panels[kind]()
    return fit(panel, layout_of(panel), settings(**{"max_epochs": 0, **given})), panel


@pytest.mark.parametrize(
    ("kind", "bounded"),
    [("flow", (True,)), ("level", (False,)), ("temperature", (False,)), ("both", (False, True))],
)
def test_a_flow_is_known_by_its_values_and_the_model_remembers(kind: str, bounded: tuple[bool, ...]) -> None:
    model, _ = fitted(kind)
    assert model.never_negative == bounded
    assert unpack(*pack(model), "x").never_negative == bounded


@pytest.mark.parametrize("given", [{}, {"max_epochs": 2}, {"tide": "on", "validation": "0.1", "test": "0.1"}], ids=str)
def test_no_step_and_no_quantile_of_a_flow_lies_below_0(given: dict[str, Any]) -> None:
    """Of a river lower than it ever was, too."""
    model, known = fitted("flow", **given)
    panel = replace(known, base=known.base - 1.0)
    assert model.tides.any == (given.get("tide") == "on")
    origins = np.arange(100, ROWS - 4)
    told = model.forecast(panel, origins)
    assert told.yhat.min() == 0
    assert told.quantiles.min() == 0
    assert (np.diff(told.quantiles, axis=-1) >= 0).all()
    free = replace(model, never_negative=(False,)).forecast(panel, origins)
    assert free.yhat.min() < -0.1
    assert free.quantiles.min() < free.yhat.min()
    same = (free.yhat > 0)[..., None] & (free.quantiles > 0)
    np.testing.assert_allclose(told.quantiles[same], free.quantiles[same], rtol=1e-9)


@pytest.mark.parametrize("kind", ["level", "temperature", "both"])
def test_what_is_no_flow_is_not_held_up(kind: str) -> None:
    """Were it one, it would be."""
    model, panel = fitted(kind)
    sunk = replace(panel, base=panel.base - np.array([200.0, 0.0])[: len(panel.targets)])
    series = replace(model, context=sunk)
    told = series.forecast(sunk, np.arange(200, 400))
    assert told.quantiles[:, :, 0].max() < 0
    held = replace(series, never_negative=(True,) * len(panel.targets)).forecast(sunk, np.arange(200, 400))
    assert held.quantiles[:, :, 0].min() == 0
    if kind == "both":
        assert told.quantiles[:, :, 1].min() == 0


def bands_of(model: Model, panel: Panel) -> tuple[Array, Array, Array, Array]:
    """Truth, the model's forecast and its band, (N, H, T), in levels."""
    parts = list(rolled(model, panel, split(panel, model.config).test, [0]))
    columns = [(a.truth + a.level, a.rules[0] + a.level, a.low + a.level, a.high + a.level) for a in parts]
    truth, said, low, high = (np.concatenate(column) for column in zip(*columns, strict=True))
    return truth, said, low, high


def test_the_bands_of_a_backtest_do_not_reach_below_0() -> None:
    model, known = fitted("flow")
    panel = replace(known, base=known.base - 1.0)
    _, said, low, _ = bands_of(model, panel)
    assert said.min() == pytest.approx(0, abs=1e-9)
    assert low.min() == pytest.approx(0, abs=1e-4)
    _, free, below, _ = bands_of(replace(model, never_negative=(False,)), panel)
    assert min(free.min(), below.min()) < -0.1
    assert forecasts(model, panel)["model"].min() == pytest.approx(0, abs=1e-9)


def test_a_dry_bed_lies_within_a_band_that_ends_at_0() -> None:
    """Float32 knows the truth to a hair; the share of truths within is that of forecasts made one by one."""
    model, panel = fitted("flow")
    origins = split(panel, model.config).test
    rows = origins[:, None] + np.arange(1, 5)
    truth = panel.values[rows, :1].astype(np.float64) + panel.base[0, 0]
    assert (truth == 0).mean() > 0.3
    told = model.forecast(panel, origins, final=False)
    inside = (truth >= told.quantiles[..., 0]) & (truth <= told.quantiles[..., 2])
    np.testing.assert_allclose(backtest(model, panel).coverage, inside.mean(axis=0))
