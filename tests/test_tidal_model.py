"""A model of a tidal series forecasts levels: the tide is taken out, known ahead, and put back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rnnforecast import checkpoint
from rnnforecast.data.panel import Panel, tail
from rnnforecast.evaluation.backtest import backtest
from rnnforecast.model import Model
from rnnforecast.packing import pack, unpack
from rnnforecast.training.fit import fit
from tests.making import NAN, Array, fitted, layout_of, panel_of, settings

ROWS, BASE = 1500, 100.0
M2, O1 = 12.4206012, 25.8193417  # hours
MODES = ("on", "auto", "off")


def sea(rows: int, seed: int = 0, start: int = 0) -> Array:
    """M2 of 1.5 m, O1 of 0.4 m and noise of 5 cm about a level of 100 m."""
    hours = np.arange(start, start + rows)
    noise = 0.05 * np.random.default_rng(seed).normal(size=rows)
    return BASE + 1.5 * np.cos(2 * np.pi * hours / M2 + 0.7) + 0.4 * np.cos(2 * np.pi * hours / O1 - 1.1) + noise


@cache
def known(mode: str, epochs: int = 0) -> tuple[Model, Panel]:
    panel = panel_of(sea(ROWS), base=BASE)
    return fit(panel, layout_of(panel), settings(tide=mode, max_epochs=epochs)), panel


@cache
def later() -> Panel:
    """The same gauge, 20 days on."""
    return panel_of(sea(ROWS + 480), base=BASE)


def errors_of(model: Model, panel: Panel, origins: Array) -> Array:
    rows = origins[:, None] + np.arange(1, model.config.horizon + 1)
    truth = panel.values[rows, :1].astype(np.float64) + panel.base[panel.series_of(origins), None, :1]
    return np.asarray(model.forecast(panel, origins).yhat - truth)


@pytest.mark.parametrize("epochs", [0, 2])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_forecast_are_levels_whether_or_not_a_tide_is_taken_out(mode: str, epochs: int) -> None:
    model, _ = known(mode, epochs)
    errors = errors_of(model, later(), np.arange(ROWS, ROWS + 470))
    assert np.abs(errors).mean() < 0.1
    told = model.forecast(later(), np.arange(ROWS, ROWS + 470))
    assert (np.diff(told.quantiles, axis=-1) >= 0).all()
    np.testing.assert_allclose(told.quantiles[..., 1], told.yhat, rtol=1e-12)
    assert (np.abs(told.quantiles - BASE) < 3).all()


def test_a_tide_is_found_where_there_is_one_and_left_where_it_is_not_wanted() -> None:
    for mode in ("on", "auto"):
        model, _ = known(mode)
        assert {"M2", "O1"} <= set(model.tides.names)
        assert {"harmonic", "surge"} <= set(model.members.names)
    off, _ = known("off")
    assert off.tides.names == ()
    assert not {"harmonic", "surge"} & set(off.members.names)
    calm = fitted("tide")  # a day's cycle and no moon
    assert calm.config.tide == "auto"
    assert calm.tides.names == ()


def test_the_heights_of_the_tide_that_was_put_in_are_found() -> None:
    model, _ = known("on")
    size = dict(zip(model.tides.names, np.hypot(*model.tides.parts[0, 0].T), strict=True))
    assert size["M2"] == pytest.approx(1.5, rel=0.05)  # a lunation moves it by a few percent: f of two months
    assert size["O1"] == pytest.approx(0.4, rel=0.2)


def test_with_a_tide_the_harmonic_rule_errs_by_the_noise_and_persistence_stays_the_level() -> None:
    model, panel = known("on")
    scores = backtest(model, panel)
    mae = dict(zip(scores.rules, scores.mae[:, :, 0], strict=True))
    assert mae["harmonic"].max() < 0.08
    assert mae["persistence"][3] > 1.0  # four hours of a tide of 1.5 m
    assert mae["model"].max() < 0.08


@pytest.mark.parametrize("mode", MODES)
def test_a_saved_model_forecasts_the_same_to_the_last_bit(mode: str, tmp_path: Path) -> None:
    model, panel = known(mode, 2)
    checkpoint.write(tmp_path / "m.safetensors", *pack(model))
    back = unpack(*checkpoint.read(tmp_path / "m.safetensors"), "m.safetensors")
    assert back.tides.names == model.tides.names
    np.testing.assert_array_equal(back.tides.parts, model.tides.parts)
    for one in (panel, later(), model.context):
        first, second = (m.forecast(one, one.cutoff) for m in (model, back))
        np.testing.assert_array_equal(first.yhat, second.yhat)
        np.testing.assert_array_equal(first.quantiles, second.quantiles)


@pytest.mark.parametrize("mode", MODES)
def test_the_last_rows_are_enough_to_forecast_from(mode: str) -> None:
    """Of the tide only the clock counts: where a panel begins does not."""
    model, _ = known(mode, 2)
    whole, short = later(), tail(later(), model.members.context(model.step))
    assert len(short.values) < 40
    np.testing.assert_allclose(
        model.forecast(short, short.cutoff).yhat, model.forecast(whole, whole.cutoff).yhat, atol=1e-5
    )


def test_a_series_that_the_model_never_saw_has_no_tide() -> None:
    model, _ = known("on")
    strange = panel_of(sea(400), base=BASE, ids=("elsewhere",))
    windows = model.windows(strange)
    assert windows.tide is None or not windows.tide.any()
    both = panel_of(sea(400), sea(400), base=BASE, ids=("gauge 0", "elsewhere"))
    sides = model.windows(both)
    heights = sides.ahead(np.array([300, 700]))
    assert heights[0].any()
    assert not heights[1].any()
    for panel in (strange, both):  # it is forecast all the same, from what it shows itself
        told = model.forecast(panel, panel.cutoff)
        assert np.isfinite(told.quantiles).all()


def test_a_tide_belongs_to_its_series_and_its_target() -> None:
    """A gauge by the sea beside one inland, and its temperature beside its level."""
    rng = np.random.default_rng(1)
    coast = np.stack([sea(ROWS), 10 + rng.normal(size=ROWS)], axis=1)
    inland = np.stack([50 + 0.1 * rng.normal(size=ROWS).cumsum(), 10 + rng.normal(size=ROWS)], axis=1)
    panel = panel_of(coast, inland, T=2)
    model = fit(panel, layout_of(panel), settings(max_epochs=0))
    found = model.tides.parts.any(axis=(2, 3))
    assert found.tolist() == [[True, False], [False, False]]
    told = model.forecast(panel, panel.cutoff)
    assert (np.abs(told.yhat[0, :, 0] - sea(4, start=ROWS)) < 0.4).all()
    assert (np.abs(told.yhat[:, :, 1] - 10) < 3).all()
    assert (np.abs(told.yhat[1, :, 0] - inland[-1, 0]) < 2).all()


def test_a_hole_at_the_cutoff_does_not_stop_the_tide() -> None:
    """With a floor in its place, the level still rises and falls."""
    model, panel = known("on")
    values = panel.values.copy()
    values[-12:-1] = NAN
    holed = replace(panel, values=values)
    assert (np.abs(model.forecast(holed, holed.cutoff).yhat[0, :, 0] - sea(4, start=ROWS)) < 0.5).all()
