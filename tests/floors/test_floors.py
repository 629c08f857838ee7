"""What every floor promises, whichever the folder holds; and cross-fitting, which keeps them honest."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rnnforecast.config import listed
from rnnforecast.data.features import DAY
from rnnforecast.data.panel import Panel
from rnnforecast.data.windows import Windows
from rnnforecast.floors import FOLDS, Arrays, Floor, cross_fitted, floor_named, folds, forecasts, names
from tests.making import HOUR, NAN, panel_of, settings, tide, widths_of, windows_of

CONFIG = settings(lookback=12, horizon=5)
PANELS = {
    "one target": panel_of(tide(150)),
    "two series": panel_of(tide(150, 1), tide(90, 2)),
    "every kind": panel_of(
        *(np.random.default_rng(s).normal(size=(120, 5)) for s in (1, 2)), T=2, P=2, F=1, static=[[1.0], [2.0]]
    ),
}
each_floor = pytest.mark.parametrize("name", listed("floors"))
each_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


def context_of(floor: Floor) -> int:
    return floor.context(CONFIG, HOUR)


def cut(floor: Floor, panel: Panel, context: int = 0) -> tuple[Windows, np.ndarray]:
    """Windows as long as the floor asks for, and origins with whole truths."""
    windows = windows_of(panel, CONFIG, context or context_of(floor), cycles=(DAY,))
    ends = zip(panel.offsets[:-1] + context_of(floor) - 1, panel.cutoff - CONFIG.horizon, strict=True)
    return windows, np.concatenate([np.arange(a, b + 1) for a, b in ends])


def test_the_folder_is_the_list() -> None:
    assert names() == listed("floors")
    assert {"persistence", "ridge", "seasonal"} <= set(names())


@each_floor
@each_panel
def test_a_floor_answers_in_series_units_for_every_window(name: str, panel: Panel) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, panel)
    params = floor.fit(windows, origins, CONFIG, HOUR)
    batch = windows.gather(origins)
    said = floor.forecast(params, batch)
    assert said.shape == (len(origins), CONFIG.horizon, len(panel.targets))
    assert said.dtype == np.float64
    assert floor.usable(params, batch).all()
    assert np.isfinite(said).all()
    assert np.abs(said).max() < 10  # of standard deviations
    assert isinstance(floor.label(params, HOUR), str)
    assert floor.label(params, HOUR)
    assert floor.summary
    assert "\n" not in floor.summary


@each_floor
@each_panel
def test_a_floor_cannot_be_used_where_nothing_was_observed(name: str, panel: Panel) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, panel)
    params = floor.fit(windows, origins, CONFIG, HOUR)
    T = len(panel.targets)
    for gone in (range(T), range(T - 1, T)):  # every target, the last one alone
        values = panel.values.copy()
        values[:, list(gone)] = NAN
        empty = replace(windows, panel=replace(panel, values=values))
        assert not floor.usable(params, empty.gather(origins)).any()
        assert np.isnan(forecasts(floor, params, empty, origins)).all()


@each_floor
def test_a_floor_fitted_twice_is_the_same_floor(name: str) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, PANELS["every kind"])
    first, second = (floor.fit(windows, origins, CONFIG, HOUR) for _ in range(2))
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


@each_floor
def test_a_floor_can_be_fitted_where_no_window_is_whole(name: str) -> None:
    panel = PANELS["one target"]
    floor = floor_named(name)
    windows, origins = cut(floor, replace(panel, values=np.full_like(panel.values, NAN)))
    params = floor.fit(windows, origins, CONFIG, HOUR)
    assert floor.valid(params, CONFIG, widths_of(panel, (DAY,)))
    good = replace(windows, panel=panel)
    assert np.isfinite(floor.forecast(params, good.gather(origins))).all()


@each_floor
@each_panel
def test_a_floor_looks_no_further_back_than_it_says(name: str, panel: Panel) -> None:
    floor = floor_named(name)
    longer = context_of(floor) + 9
    windows, origins = cut(floor, panel, longer)
    origins = origins[origins - panel.offsets[panel.series_of(origins)] >= longer - 1]
    params = floor.fit(windows, origins, CONFIG, HOUR)
    batch = windows.gather(origins)
    old = slice(0, longer - context_of(floor))
    strange = {
        name: np.concatenate([getattr(batch, name)[:, old] + 1e3, getattr(batch, name)[:, old.stop :]], axis=1)
        for name in ("target", "past", "future", "calendar")
    }
    poisoned = replace(batch, **strange)
    np.testing.assert_array_equal(floor.forecast(params, poisoned), floor.forecast(params, batch))


@each_floor
@each_panel
def test_a_floor_knows_its_own_parameters_and_no_others(name: str, panel: Panel) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, panel)
    params = floor.fit(windows, origins, CONFIG, HOUR)
    widths = widths_of(panel, (DAY,))
    assert floor.valid(params, CONFIG, widths)
    assert not floor.valid({**params, "more": np.zeros(3)}, CONFIG, widths)
    for key, value in params.items():
        assert not floor.valid({k: v for k, v in params.items() if k != key}, CONFIG, widths)
        for other in (value[None], np.stack([value, value]), value.astype(np.uint8), value.astype(np.float32)):
            assert not floor.valid({**params, key: other}, CONFIG, widths), (key, other.shape, other.dtype)
        for axis in range(value.ndim):
            assert not floor.valid({**params, key: np.take(value, range(len(value) - 1), axis)}, CONFIG, widths)


def test_folds_are_contiguous_in_time_and_equal_in_count() -> None:
    panel = panel_of(tide(50), tide(50), start=[1000 * 3600, 1020 * 3600])
    windows = windows_of(panel, CONFIG)
    origins = np.arange(100)
    blocks = folds(windows, origins)
    assert np.bincount(blocks).tolist() == [20] * FOLDS
    order = np.argsort(panel.times(origins), kind="stable")
    assert (np.diff(blocks[order]) >= 0).all()


@each_floor
def test_a_block_is_forecast_by_a_fit_that_never_saw_it(name: str) -> None:
    """Absurd values deep inside one block change every other block's forecasts and none of its own before them."""
    values = tide(600)
    planted = values.copy()
    inner = slice(280, 330)  # block 2 of 5 holds the origins from 250 or so to 350 or so
    planted[inner] = 1e5 * np.random.default_rng(0).normal(size=50)
    calm, absurd = panel_of(values), panel_of(planted)
    floor = floor_named(name)
    windows, origins = cut(floor, calm)
    scale = windows.scale
    blocks = folds(windows, origins)
    own = (blocks == 2) & (origins < inner.start)
    assert own.sum() > 10
    before, after = (
        cross_fitted(floor, replace(windows, panel=panel, scale=scale), origins, CONFIG, HOUR)
        for panel in (calm, absurd)
    )
    np.testing.assert_array_equal(before[own], after[own])


def test_a_fit_sees_all_blocks_but_the_one_it_forecasts() -> None:
    windows, origins = cut(floor_named("persistence"), PANELS["two series"])
    blocks = folds(windows, origins)
    seen: list[list[int]] = []

    def fit(windows: Windows, origins: np.ndarray, config: object, step: object) -> Arrays:  # noqa: ARG001
        seen.append(origins.tolist())
        return {"fit": np.array(len(seen) - 1)}

    def forecast(params: Arrays, batch: object) -> np.ndarray:
        B, H, T = batch.truth.shape  # type: ignore[attr-defined]
        return np.full((B, H, T), float(params["fit"]))

    def usable(params: Arrays, batch: object) -> np.ndarray:  # noqa: ARG001
        return np.ones(len(batch.truth), bool)  # type: ignore[attr-defined]

    spy = SimpleNamespace(fit=fit, forecast=forecast, usable=usable)
    said = cross_fitted(spy, windows, origins, CONFIG, HOUR)  # type: ignore[arg-type]
    assert said[:, 0, 0].tolist() == blocks.tolist()  # fit k forecast block k
    for block in range(FOLDS):
        assert seen[block] == origins[blocks != block].tolist()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_handful_of_windows_can_be_cross_fitted(count: int) -> None:
    for name in names():
        windows, origins = cut(floor_named(name), PANELS["one target"])
        said = cross_fitted(floor_named(name), windows, origins[:count], CONFIG, HOUR)
        assert np.isfinite(said).all()


def test_windows_can_be_asked_for_alone_and_are_cross_fitted_alike() -> None:
    panel = panel_of(tide(200))
    windows, origins = windows_of(panel, CONFIG), np.arange(20, 180)
    floor, kept = floor_named("ridge"), np.array([3, 77, 78, 150])
    every = cross_fitted(floor, windows, origins, CONFIG, panel.step)
    np.testing.assert_allclose(cross_fitted(floor, windows, origins, CONFIG, panel.step, kept), every[kept], atol=1e-12)
