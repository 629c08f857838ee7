"""What every floor promises, whichever the folder holds, on the data of its kind; and cross-fitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from rnnforecast.config import RunConfig, listed
from rnnforecast.data.features import DAY
from rnnforecast.data.panel import Panel
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Windows
from rnnforecast.floors import (
    FOLDS,
    Arrays,
    Floor,
    _linear,
    _skew,
    applying,
    cross_fitted,
    floor_named,
    folded,
    folds,
    forecasts,
    names,
    shared,
)
from tests.floors.waters import laid, rain, river, sea, swell
from tests.making import HOUR, NAN, Array, panel_of, settings, tide, widths_of, windows_of

CONFIG = settings(lookback=12, horizon=5)


@dataclass(frozen=True)
class Case:
    panel: Panel
    heights: Array | None = None  # of the tide, where there is one

    def windows(self, context: int, config: RunConfig = CONFIG) -> Windows:
        return windows_of(self.panel, config, context, (DAY,), self.heights)

    @property
    def widths(self) -> Widths:
        return widths_of(self.panel, (DAY,), self.heights is not None)


def noise(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(120, 5))


CASES = {
    "one target": Case(panel_of(tide(150))),
    "two series": Case(panel_of(tide(150, 1), tide(90, 2))),
    "every kind": Case(panel_of(noise(1), noise(2), T=2, P=2, F=1, static=[[1.0], [2.0]])),
    "sea": Case(*sea(150)),
    "two seas": Case(*sea(150, 110, T=2, P=1)),
    "river": Case(river(150)),
    "river with rain known ahead": Case(river(150, 1, known=True)),
}
SEAS, RIVERS = {"sea", "two seas"}, {"river", "river with rain known ahead"}
KINDS = {
    "harmonic": SEAS,
    "surge": SEAS,
    "log_ridge": RIVERS,
    "runoff": {"every kind", "two seas"} | RIVERS,
}  # the others are for any data
APPLYING = {case: applying(data.windows(CONFIG.lookback)) for case, data in CASES.items()}
PAIRS = [(name, case) for case, floors in APPLYING.items() for name in floors]
LINEAR = [name for name in ("log_ridge", "ridge", "runoff", "shared", "surge") if name in listed("floors")]
each_floor = pytest.mark.parametrize("name", listed("floors"))
each_pair = pytest.mark.parametrize(("name", "case"), PAIRS, ids=["-".join(pair) for pair in PAIRS])


def context_of(floor: Floor) -> int:
    return floor.context(CONFIG, HOUR)


def cut(floor: Floor, case: Case, context: int = 0) -> tuple[Windows, Array]:
    """Windows as long as the floor asks for, and origins with whole truths."""
    panel = case.panel
    windows = case.windows(context or context_of(floor))
    ends = zip(panel.offsets[:-1] + context_of(floor) - 1, panel.cutoff - CONFIG.horizon, strict=True)
    return windows, np.concatenate([np.arange(a, b + 1) for a, b in ends])


def fitted(name: str, case: str) -> tuple[Floor, Windows, Array, Arrays]:
    floor = floor_named(name)
    windows, origins = cut(floor, CASES[case])
    return floor, windows, origins, floor.fit(windows, origins, CONFIG, HOUR)


def holed(windows: Windows, share: float) -> Windows:
    values = windows.panel.values.copy()
    values[np.random.default_rng(0).random(values.shape) < share] = NAN
    return replace(windows, panel=replace(windows.panel, values=values))


def test_the_folder_is_the_list() -> None:
    assert names() == listed("floors")
    assert {"persistence", "ridge", "seasonal"} <= set(names())


@each_floor
def test_a_floor_is_for_the_data_of_its_kind_and_for_no_others(name: str) -> None:
    found = {case for case, floors in APPLYING.items() if name in floors}
    assert found == KINDS.get(name, set(CASES))
    assert found


def test_a_river_that_the_tide_reaches_is_no_flow() -> None:
    """Skewed and never negative though it is: the logarithm of what a tide leaves is not to be had."""
    panel = river(150)
    heights = laid(swell(), [150], CONFIG.horizon)
    assert "log_ridge" not in applying(Case(panel, heights).windows(12))
    assert "log_ridge" in applying(Case(panel).windows(12))


def test_a_skewed_target_that_falls_below_zero_is_no_flow() -> None:
    panel = river(150)
    below = replace(panel, base=panel.base - 1.5)
    assert "log_ridge" not in applying(Case(below).windows(12))


@each_pair
def test_a_floor_answers_in_series_units_for_every_window(name: str, case: str) -> None:
    floor, windows, origins, params = fitted(name, case)
    batch = windows.gather(origins)
    said = floor.forecast(params, batch)
    assert said.shape == (len(origins), CONFIG.horizon, len(windows.panel.targets))
    assert said.dtype == np.float64
    assert floor.usable(params, batch).all()
    assert np.isfinite(said).all()
    assert np.abs(said).max() < 10  # of standard deviations
    assert isinstance(floor.label(params, HOUR), str)
    assert floor.label(params, HOUR)
    assert floor.summary
    assert "\n" not in floor.summary


@each_pair
def test_a_floor_cannot_be_used_where_nothing_was_observed(name: str, case: str) -> None:
    floor, windows, origins, params = fitted(name, case)
    T = len(windows.panel.targets)
    for gone in (range(T), range(T - 1, T)):  # every target, the last one alone
        values = windows.panel.values.copy()
        values[:, list(gone)] = NAN
        empty = replace(windows, panel=replace(windows.panel, values=values))
        assert not floor.usable(params, empty.gather(origins)).any()
        assert np.isnan(forecasts(floor, params, empty, origins)).all()


@each_pair
def test_a_floor_says_something_wherever_it_is_usable_though_columns_have_holes(name: str, case: str) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, CASES[case])
    windows = holed(windows, 0.1)
    params = floor.fit(windows, origins, CONFIG, HOUR)
    assert floor.valid(params, CONFIG, CASES[case].widths)
    usable = floor.usable(params, windows.gather(origins))
    said = forecasts(floor, params, windows, origins)
    assert usable.mean() > 0.9
    assert (np.isfinite(said).all(axis=(1, 2)) == usable).all()


@each_pair
def test_a_floor_fitted_twice_is_the_same_floor(name: str, case: str) -> None:
    floor, windows, origins, first = fitted(name, case)
    second = floor.fit(windows, origins, CONFIG, HOUR)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


@each_pair
def test_a_floor_can_be_fitted_where_no_window_is_whole(name: str, case: str) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, CASES[case])
    params = floor.fit(holed(windows, 1.0), origins, CONFIG, HOUR)
    assert floor.valid(params, CONFIG, CASES[case].widths)
    assert np.isfinite(floor.forecast(params, windows.gather(origins))).all()


@each_pair
def test_a_floor_can_be_fitted_on_one_window(name: str, case: str) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, CASES[case])
    params = floor.fit(windows, origins[:1], CONFIG, HOUR)
    assert floor.valid(params, CONFIG, CASES[case].widths)
    assert np.isfinite(floor.forecast(params, windows.gather(origins[:1]))).all()


@pytest.mark.parametrize(("lookback", "horizon"), [(1, 1), (1, 6), (3, 9), (40, 2)])
@each_pair
def test_lookback_and_horizon_may_be_of_any_length(name: str, case: str, lookback: int, horizon: int) -> None:
    config = settings(lookback=lookback, horizon=horizon)
    data, floor = CASES[case], floor_named(name)
    if data.heights is not None:
        panel = data.panel
        data = Case(panel, laid(swell(len(panel.targets)), np.diff(panel.offsets).tolist(), horizon))
    windows = data.windows(floor.context(config, HOUR), config)
    origins = np.arange(60, 85)
    params = floor.fit(windows, origins, config, HOUR)
    assert floor.valid(params, config, data.widths)
    said = forecasts(floor, params, windows, origins)
    assert said.shape[1] == horizon
    assert np.isfinite(said).all()


@each_pair
def test_a_floor_looks_no_further_back_than_it_says(name: str, case: str) -> None:
    floor = floor_named(name)
    longer = context_of(floor) + 9
    windows, origins = cut(floor, CASES[case], longer)
    panel = windows.panel
    origins = origins[origins - panel.offsets[panel.series_of(origins)] >= longer - 1]
    params = floor.fit(windows, origins, CONFIG, HOUR)
    batch = windows.gather(origins)
    old = slice(0, longer - context_of(floor))
    strange = {
        field: np.concatenate([getattr(batch, field)[:, old] + 1e3, getattr(batch, field)[:, old.stop :]], axis=1)
        for field in ("target", "since", "past", "past_mask", "past_since", "future", "calendar", "tide")
    }
    poisoned = replace(batch, **strange)
    np.testing.assert_array_equal(floor.forecast(params, poisoned), floor.forecast(params, batch))


@each_pair
def test_a_floor_does_not_look_at_what_came(name: str, case: str) -> None:
    floor, windows, origins, params = fitted(name, case)
    batch = windows.gather(origins)
    blind = replace(batch, truth=np.full_like(batch.truth, NAN))
    np.testing.assert_array_equal(floor.forecast(params, blind), floor.forecast(params, batch))
    np.testing.assert_array_equal(floor.usable(params, blind), floor.usable(params, batch))


@each_pair
def test_a_floor_knows_its_own_parameters_and_no_others(name: str, case: str) -> None:
    floor, _, _, params = fitted(name, case)
    widths = CASES[case].widths
    assert floor.valid(params, CONFIG, widths)
    assert not floor.valid({**params, "more": np.zeros(3)}, CONFIG, widths)
    for key, value in params.items():
        assert not floor.valid({k: v for k, v in params.items() if k != key}, CONFIG, widths)
        for other in (value[None], np.stack([value, value]), value.astype(np.uint8), value.astype(np.float32)):
            assert not floor.valid({**params, key: other}, CONFIG, widths), (key, other.shape, other.dtype)
        for axis in range(value.ndim):
            shorter = np.take(value, range(value.shape[axis] - 1), axis)
            assert not floor.valid({**params, key: shorter}, CONFIG, widths), (key, axis)


@pytest.mark.parametrize(("name", "case"), [pair for pair in PAIRS if pair[0] in LINEAR])
def test_a_linear_map_is_refused_where_other_columns_or_lengths_are_called_for(name: str, case: str) -> None:
    floor, _, _, params = fitted(name, case)
    widths = CASES[case].widths
    others = [replace(widths, **{kind: getattr(widths, kind) + 1}) for kind in ("P", "future", "calendar", "tide")]
    others += [] if name == "shared" else [replace(widths, T=widths.T + 1)]  # one map, whatever the targets are
    for other in others:
        assert not floor.valid(params, CONFIG, other), other
    for config in (settings(lookback=13, horizon=5), settings(lookback=12, horizon=6)):
        assert not floor.valid(params, config, widths)


@pytest.mark.parametrize("name", ["harmonic", "surge"])
def test_a_floor_of_the_sea_is_refused_where_there_is_no_tide(name: str) -> None:
    floor, _, _, params = fitted(name, "sea")
    assert not floor.valid(params, CONFIG, replace(CASES["sea"].widths, tide=0))


def test_folds_are_contiguous_in_time_and_equal_in_count() -> None:
    panel = panel_of(tide(50), tide(50), start=[1000 * 3600, 1020 * 3600])
    windows = windows_of(panel, CONFIG)
    origins = np.arange(100)
    blocks = folds(windows, origins)
    assert np.bincount(blocks).tolist() == [20] * FOLDS
    order = np.argsort(panel.times(origins), kind="stable")
    assert (np.diff(blocks[order]) >= 0).all()


LONG = {"any": Case(panel_of(tide(600))), "sea": Case(*sea(600)), "river": Case(river(600))}


def long_of(name: str) -> Case:
    return next(case for case in LONG.values() if name in applying(case.windows(12)))


def one_way(monkeypatch: pytest.MonkeyPatch, calm: Windows, origins: Array) -> None:
    """Leave a linear floor nothing to choose: one penalty, one candidate, all features and windows alike, one shape."""
    sample = _skew.sampled(calm, origins)
    monkeypatch.setattr(_linear, "PENALTIES", np.array([1e-3]))
    monkeypatch.setattr(_linear.reaches, "__defaults__", ((1,),))
    monkeypatch.setattr(shared, "REACHES", (1,))
    monkeypatch.setattr(shared, "importance", lambda errors: np.ones((len(errors), 1)))
    monkeypatch.setattr(_linear, "even", lambda blocks, kept: np.ones(len(blocks[0].xx)))  # noqa: ARG005
    monkeypatch.setattr(_linear, "where_better", lambda plain, rich: rich)  # noqa: ARG005
    monkeypatch.setattr(_skew, "sampled", lambda *given: to_logs(given[0], sample))


def to_logs(windows: Windows, sample: object) -> object:
    """The calm sample as these windows show it: of logarithms where they do."""
    from rnnforecast.floors import log_ridge

    return log_ridge.logged(sample, windows.shape) if isinstance(windows, log_ridge.Logged) else sample  # type: ignore[arg-type]


@each_floor
def test_a_block_is_forecast_by_a_fit_that_never_saw_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absurd values deep inside one block change what is said in other blocks, and nothing in its own before them.

    This is so of the maps, the medians, the seasons. What a linear floor chooses between maps by (penalty, mixture,
    whether more features are worth it), the shape of a skewed column and what a window counts for in `shared` are
    settled by all blocks, and so by the one that is forecast too: this test takes them out of play.
    """
    floor, case = floor_named(name), long_of(name)
    values = case.panel.values.copy()
    inner = slice(280, 330)  # block 2 of 5 holds the origins from 250 or so to 350 or so
    values[inner, 0] = np.abs(1e5 * np.random.default_rng(0).normal(size=50))
    windows, origins = cut(floor, case)
    planted = replace(windows, panel=replace(case.panel, values=values))
    one_way(monkeypatch, windows, origins)
    blocks = folds(windows, origins)
    own = (blocks == 2) & (origins < inner.start)
    assert own.sum() > 10
    before, after = (
        cross_fitted(floor, folded(floor, w, origins, CONFIG, HOUR)[1], w, origins) for w in (windows, planted)
    )
    np.testing.assert_array_equal(before[own], after[own])
    if name not in ("persistence", "seasonal"):
        assert (before[blocks == 0] != after[blocks == 0]).any()


@pytest.mark.parametrize("name", LINEAR)
def test_leaving_a_block_out_of_the_sums_is_fitting_without_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    floor, case = floor_named(name), long_of(name)
    windows, origins = cut(floor, case)
    one_way(monkeypatch, windows, origins)
    blocks = folds(windows, origins)
    whole, without = folded(floor, windows, origins, CONFIG, HOUR)
    pairs = [(whole, origins), *((without[b], origins[blocks != b]) for b in range(FOLDS))]
    for params, rest in pairs:
        alone = floor.fit(windows, rest, CONFIG, HOUR)
        assert params.keys() == alone.keys()
        for key, value in params.items():
            np.testing.assert_allclose(value, alone[key], rtol=1e-6, atol=1e-8, err_msg=key)


def spy(seen: list[list[int]]) -> Floor:
    """A floor that notes what it was fitted on and says the number of its fit."""

    def fit(windows: Windows, origins: Array, config: object, step: object) -> Arrays:  # noqa: ARG001
        seen.append(origins.tolist())
        return {"fit": np.array(len(seen) - 1)}

    def forecast(params: Arrays, batch: object) -> Array:
        return np.full(batch.truth.shape, float(params["fit"]))  # type: ignore[attr-defined]

    def usable(params: Arrays, batch: object) -> Array:  # noqa: ARG001
        return np.ones(len(batch.truth), bool)  # type: ignore[attr-defined]

    return SimpleNamespace(fit=fit, forecast=forecast, usable=usable)  # type: ignore[return-value]


def test_a_fit_sees_all_blocks_but_the_one_it_forecasts() -> None:
    windows, origins = cut(floor_named("persistence"), CASES["two series"])
    blocks, seen = folds(windows, origins), []
    floor = spy(seen)
    whole, without = folded(floor, windows, origins, CONFIG, HOUR)
    assert seen[int(whole["fit"])] == origins.tolist()
    for block, params in enumerate(without):
        assert seen[int(params["fit"])] == origins[blocks != block].tolist()
    said = cross_fitted(floor, without, windows, origins)
    assert said[:, 0, 0].tolist() == [float(without[block]["fit"]) for block in blocks]


def test_a_floor_that_knows_a_shorter_way_is_asked_for_it() -> None:
    windows, origins = cut(floor_named("persistence"), CASES["one target"])
    floor = spy([])
    floor.folded = lambda *given: ({"given": given}, [])  # type: ignore[attr-defined]
    assert folded(floor, windows, origins, CONFIG, HOUR) == ({"given": (windows, origins, CONFIG, HOUR)}, [])


@pytest.mark.parametrize("count", [1, 2, 7])
@each_pair
def test_a_handful_of_windows_can_be_cross_fitted(name: str, case: str, count: int) -> None:
    floor = floor_named(name)
    windows, origins = cut(floor, CASES[case])
    _, without = folded(floor, windows, origins[:count], CONFIG, HOUR)
    assert len(without) == min(count, FOLDS)
    assert all(floor.valid(params, CONFIG, CASES[case].widths) for params in without)
    assert np.isfinite(cross_fitted(floor, without, windows, origins[:count])).all()


@each_pair
def test_windows_can_be_asked_for_alone_and_are_cross_fitted_alike(name: str, case: str) -> None:
    floor, kept = floor_named(name), np.array([3, 37, 38, 70])
    windows, origins = cut(floor, CASES[case])
    _, without = folded(floor, windows, origins, CONFIG, HOUR)
    every = cross_fitted(floor, without, windows, origins)
    np.testing.assert_allclose(cross_fitted(floor, without, windows, origins, kept), every[kept], rtol=1e-5, atol=1e-6)
    assert cross_fitted(floor, without, windows, origins, kept[:0]).shape == (0, *every.shape[1:])


def skewed_late(context: int) -> tuple[Windows, Array]:
    """Little rain in the first half of the record, in the second a hundred times as much."""
    fallen = rain(20_000) * np.where(np.arange(20_000) < 10_000, 1.0, 100.0)
    return windows_of(panel_of(fallen), settings(lookback=context)), np.arange(context, 19_990)


def test_the_shape_of_a_column_is_seen_in_all_of_the_record_however_long_the_windows_are() -> None:
    windows, origins = skewed_late(4000)
    sample = _skew.sampled(windows, origins)
    assert len(sample.target) <= windows.at_once(_skew.MOST_WINDOWS) < len(origins) / 10
    assert sample.target.max() > 0.99 * windows.gather(origins[-1:]).target.max()


def test_a_long_tail_upward_is_skewed_and_one_downward_is_not() -> None:
    fallen = rain(500)
    seen = np.ones((500, 4))
    seen[:, 3] = 0
    seen[0, 2] = 0
    values = np.stack([fallen - 3, -fallen, np.r_[-99.0, tide(499)], fallen], axis=1)
    lowest, skewed = _skew.bottoms(values, seen)
    np.testing.assert_allclose(lowest, [-3.0, -fallen.max(), values[1:, 2].min(), 0.0])  # only what was observed
    assert skewed.tolist() == [True, False, False, False]
