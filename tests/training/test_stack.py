"""What is mixed on what: floors on errors of fits that did not see the window, networks beside that mix, by whom."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnforecast import checkpoint
from rnnforecast.config import of_network
from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.evaluation.backtest import backtest
from rnnforecast.floors import _linear, cross_fitted, floor_named, folded, folds, forecasts
from rnnforecast.members import Evidence, Fitted, Members
from rnnforecast.model import Model
from rnnforecast.packing import pack
from rnnforecast.scores import bands, stacking
from rnnforecast.training.fit import fit, honest, mixture, ranked, weigh, workshop
from rnnforecast.training.observer import Silent
from rnnforecast.training.run import Workshop
from rnnforecast.training.trajectories import thin
from tests.making import HOUR, NAN, Array, bent, fitted, layout_of, panel_named, panel_of, settings, tide
from tests.test_never_negative import flow
from tests.training.school import Recorder, equal
from tests.training.test_fit import assert_equal, fit_of, of_the_training_part


@cache
def shop_of(kind: str = "tide", **given: Any) -> tuple[Workshop, Members]:
    """The stage on which floors are mixed."""
    panels = {"flow": lambda: panel_of(flow()), "long": lambda: panel_of(tide(900)), "rain": rain}
    shop = workshop(panels[kind]() if kind in panels else panel_named(kind), settings(**given), Silent())
    return shop, Members(shop.config, tuple(Fitted(n, shop.folded(n)[0], shop.folded(n)[0]) for n in shop.floors))


def rain() -> Panel:
    """A flow and the rain that made it."""
    fallen = np.maximum(np.random.default_rng(5).normal(-1, 1, 900), 0)
    return panel_of(np.stack([np.convolve(fallen, 0.8 ** np.arange(30))[:900], fallen], axis=1), P=1)


@cache
def evidence_of(kind: str) -> tuple[Evidence, Array]:
    """What the floors said, and which training windows were kept."""
    shop, members = shop_of(kind)
    kept = thin(len(shop.parts.train), len(shop.parts.validation))
    return honest(shop, members, kept), kept


def turned(shop: Workshop, block: int) -> Workshop:
    """The same, but the rows of the first series that only windows of that block of time touch are turned about."""
    windows, train = shop.windows, shop.parts.train
    own = train[(folds(windows, train) == block) & (windows.panel.series_of(train) == 0)]
    rows = np.arange(own.min() + windows.horizon, own.max() - windows.context + 2)
    assert len(rows) >= 10
    values = windows.panel.values.copy()
    values[rows] = values[rows][::-1]
    changed = replace(windows.panel, values=values)
    return replace(shop, panel=changed, windows=replace(windows, panel=changed), fits={})


@pytest.mark.parametrize("kind", ["long", "rain"])
@pytest.mark.parametrize("block", [0, 2, 4])
def test_a_fit_that_a_training_window_is_forecast_by_did_not_see_the_window(
    kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turn the block's rows about: every fit knows but the one without it, once penalty and reach are fixed."""
    monkeypatch.setattr(_linear, "PENALTIES", _linear.PENALTIES[4:5])
    monkeypatch.setattr(_linear, "mixture", lambda blocks, maps: np.eye(len(maps[0]))[0][:, None] * np.ones((1, 4)))  # noqa: ARG005
    shop = replace(shop_of(kind)[0], fits={})
    other = turned(shop, block)
    for name, key in (("ridge", "weights"), ("climatology", "decay")):
        before, after = shop.folded(name)[1], other.folded(name)[1]
        assert len(before) == len(after) == 5
        moved = [float(np.abs(one[key] - two[key]).max()) for one, two in zip(before, after, strict=True)]
        assert moved.pop(block) < 1e-9, name
        assert min(moved) > 1e-6, name


@pytest.mark.parametrize("kind", ["tide", "rich", "flow"])
def test_honest_evidence_of_a_training_window_is_by_the_fit_without_its_block(kind: str) -> None:
    """Not what the fit of all windows says of it."""
    (shop, members), (evidence, kept) = shop_of(kind), evidence_of(kind)
    train, unlike = shop.parts.train, 0.0
    blocks = folds(shop.windows, train)[kept]
    assert set(blocks.tolist()) == set(range(5))
    for number, name in enumerate(shop.floors):
        for block, own in enumerate(shop.folded(name)[1]):
            inside = np.flatnonzero(blocks == block)
            origins, floor = train[kept[inside]], floor_named(name)
            said = forecasts(floor, own, shop.windows, origins)
            np.testing.assert_allclose(evidence.members[number, inside], said, rtol=1e-5, atol=1e-5, err_msg=name)
            seen = forecasts(floor, members.floors[number].fitted, shop.windows, origins)
            unlike = max(unlike, float(np.nanmax(np.abs(said - seen))))
    assert unlike > 0.02


@pytest.mark.parametrize("kind", ["tide", "rich"])
def test_honest_evidence_goes_on_with_what_the_training_part_says_of_validation(kind: str) -> None:
    (shop, members), (evidence, kept) = shop_of(kind), evidence_of(kind)
    later = members.over(shop.windows, shop.parts.validation)
    assert len(evidence.truth) == len(kept) + len(shop.parts.validation)
    np.testing.assert_array_equal(evidence.members[:, len(kept) :], later.members)
    np.testing.assert_array_equal(evidence.truth[len(kept) :], later.truth)
    np.testing.assert_array_equal(evidence.truth[: len(kept)], shop.windows.gather(shop.parts.train[kept]).truth)


def made(*errors: float, count: int = 200, seed: int = 0) -> tuple[Members, Evidence]:
    """The first floors of `tide` with independent errors of these sizes."""
    _, members = shop_of("tide")
    members = replace(members, floors=members.floors[: len(errors)])
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, 4, 1))
    said = truth + np.array(errors)[:, None, None, None] * rng.normal(size=(len(errors), count, 4, 1))
    return members, Evidence(said, np.ones_like(truth), truth)


def test_floors_are_ranked_by_both_losses_where_all_of_them_answer() -> None:
    members, evidence = made(0.7, 0.3, 0.5)
    names = [f.name for f in members.floors]
    assert ranked(members, evidence, settings()) == (names[1], names[2], names[0])
    evidence.members[1, :100] += 9.0  # where another one is silent: it does not count
    evidence.members[2, :100] = NAN
    assert ranked(members, evidence, settings()) == (names[1], names[2], names[0])


def test_a_rare_large_error_counts_by_its_square_and_for_the_mean_by_nothing_else() -> None:
    """Errors of 0.1 with one of 3 in twenty against 0.6 always: 2.4 + 1.26 times the least, and 1 + 1 of the other."""
    members, evidence = made(1.0, 1.0)
    names = tuple(f.name for f in members.floors)
    sizes = np.stack([np.where(np.arange(200) % 20, 0.1, 3.0), np.full(200, 0.6)])[..., None, None]
    told = replace(evidence, members=evidence.truth + sizes)
    assert ranked(members, told, settings()) == names
    assert ranked(members, told, settings(loss="mse")) == names[::-1]
    assert ranked(members, told, settings(loss="mse", floor=names[0])) == names  # who names one has his way


def test_the_one_floor_that_was_named_is_all_the_mix() -> None:
    members, evidence = made(0.3, 0.3, 0.3)
    names = [f.name for f in members.floors]
    named = replace(members, config=settings(floor=names[2]))
    mix = mixture(named, evidence, names[2], 200)
    assert (mix[2] == 1).all()
    assert not mix[:2].any()
    several = mixture(members, evidence, names[0], 200)
    assert several.min() > 0.1  # alike and independent, they are averaged
    np.testing.assert_allclose(several.sum(axis=0), 1)


@pytest.mark.parametrize("kind", ["tide", "rich", "flow", "walk", "noise", "clock"])
def test_the_mix_is_never_far_above_its_best_floor(kind: str) -> None:
    """On rows that nobody saw, and in both scores: a mix of poor company costs little."""
    rng = np.random.default_rng(3)
    panels = {
        "tide": lambda: panel_named("tide"), "rich": lambda: panel_named("rich"), "flow": lambda: panel_of(flow(1200)),
        "walk": lambda: panel_of(rng.normal(size=900).cumsum()), "noise": lambda: panel_of(rng.normal(size=900)),
        "clock": lambda: panel_of(np.tile(np.arange(24.0), 30) + 0.01 * rng.normal(size=720)),
    }  # fmt: skip
    panel = panels[kind]()
    model = fit_of(panel, max_epochs=0)
    scores = backtest(model, panel)
    chosen = scores.rules.index(scores.chosen)
    for errors in (scores.mae, scores.rmse):
        assert (errors[0].mean(axis=0) <= 1.05 * errors[chosen].mean(axis=0)).all(), kind


def test_networks_are_weighed_beside_the_mix_that_keeps_its_proportions() -> None:
    members, evidence = made(1.0, 1.0)
    network = fitted("tide").members.networks[0]
    mix = np.array([0.75, 0.25])[:, None, None] * np.ones((4, 1))
    mixed = np.einsum("mht,mnht->nht", mix, evidence.members)
    beside = np.concatenate([evidence.members, (2 * evidence.truth - mixed)[None]])  # errs as much, the other way
    told, one = replace(evidence, members=beside), replace(members, networks=(network,))
    stack = weigh(one, told, mix)
    np.testing.assert_allclose(stack.weights.sum(axis=0), 1)
    np.testing.assert_allclose(stack.weights[0], 3 * stack.weights[1])
    np.testing.assert_allclose(stack.weights[2], 0.5, atol=0.05)
    alone = weigh(replace(one, config=settings(floor="none")), told, mix)
    assert not alone.weights[:2].any()
    np.testing.assert_array_equal(alone.weights[2], 1)


def test_training_errors_are_those_of_floors_that_did_not_see_the_window() -> None:
    panel = panel_of(tide(200))
    model = fit_of(panel, max_epochs=0)
    windows, parts = model.windows(panel), split(panel, model.config)
    kept = thin(len(parts.train), len(parts.validation))
    honestly = np.stack([
        cross_fitted(floor_named(f.name), folded(floor_named(f.name), windows, parts.train, model.config, HOUR)[1],
                     windows, parts.train, kept)
        for f in model.members.floors
    ])  # fmt: skip
    truth = windows.gather(parts.train[kept]).truth
    errors = truth - np.einsum("mht,mnht->nht", model.weights, np.nan_to_num(honestly))
    heard = np.isfinite(honestly[(model.weights > 0).any(axis=(1, 2))]).all(axis=(0, 2, 3))
    assert len(model.errors) <= bands.TRAJECTORIES
    factor = model.errors[: heard.sum()] / errors[heard]  # the widening of each lead
    assert (factor.min(axis=0) >= 0.999).all()
    np.testing.assert_allclose(factor, np.broadcast_to(factor[:1], factor.shape), rtol=1e-3)


@pytest.mark.parametrize(("loss", "square"), [("pinball", False), ("mae", False), ("mse", True), ("nse", True)])
def test_the_stack_is_told_how_much_time_its_windows_cover_and_whether_the_mean_is_asked_for(
    loss: str, square: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, whole = [], stacking.fit

    def spied(members: Array, truth: Array, best: int, spans: int, square: bool = False) -> stacking.Stack:
        told.append((len(members), spans, square))
        return whole(members, truth, best, spans, square)

    monkeypatch.setattr(stacking, "fit", spied)
    panel = panel_of(tide(200))
    model = fit_of(panel, stride=3, loss=loss)
    parts = split(panel, model.config)
    train, validation = len(parts.train), 3 * len(parts.validation)
    floors = len(model.members.floors)
    assert told == [(floors, (train + validation) // 4, square), (2, validation // 4, square)]


# Several networks -----------------------------------------------------------------------------------------------------

STACK: dict[str, Any] = {
    "lookback": 8, "horizon": 1, "cell": "gru", "hidden_size": 8, "learning_rate": 0.02, "epoch_windows": 400,
    "num_networks": 3, "max_epochs": 3,
}  # fmt: skip


@cache
def stack_of_three() -> Model:
    return fit_of(panel_of(bent(500)), **STACK)


def test_three_networks_are_three_members_of_which_the_second_stands_alone() -> None:
    model = stack_of_three()
    floors = tuple(f.name for f in model.members.floors)
    assert model.members.names == (*floors, "network", "network_2", "network_3")
    assert model.weights.shape == (len(floors) + 3, 1, 1)
    np.testing.assert_allclose(model.weights.sum(axis=0), 1)
    np.testing.assert_array_equal(model.share, model.weights[len(floors) :].sum(axis=0))
    assert model.share[0, 0] > 0.5
    assert [network.anchor for network in model.members.networks] == [model.ranking[0], None, model.ranking[0]]
    assert len(model.about["epochs"]) == 3
    assert min(model.about["epochs"]) > 0


def test_each_network_is_the_one_that_its_own_settings_make_alone() -> None:
    """Its own seed; the second without a floor; the third looks back half as far."""
    model = stack_of_three()
    first, second, third = model.members.networks
    assert [n.fitted["skip.weight"].shape for n in (first, second, third)] == [(1, 8), (1, 8), (1, 4)]
    alone = fit_of(panel_of(bent(500)), **(STACK | {"num_networks": 1}))
    assert equal(alone.members.networks[0].fitted, first.fitted)
    panel, lone = panel_of(bent(500)), of_network(settings(**STACK), 1)
    assert (lone.seed, lone.floor) == (1, "none")
    assert equal(fit(panel, layout_of(panel), lone).members.networks[0].fitted, second.fitted)
    by_seed = fit_of(panel_of(bent(500)), **(STACK | {"num_networks": 1, "seed": 2}))
    assert by_seed.members.networks[0].anchor == third.anchor


def test_each_network_is_trained_on_in_a_final_fit() -> None:
    further = fit_of(panel_of(bent(500)), **(STACK | {"final_fit": True}))
    assert_equal(of_the_training_part(further), of_the_training_part(stack_of_three()))
    for network in further.members.networks:
        assert not equal(network.final, network.fitted)
        assert {k: v.shape for k, v in network.final.items()} == {k: v.shape for k, v in network.fitted.items()}


def test_a_final_fit_at_the_smallest_of_rates_is_no_error() -> None:
    model = fit_of(panel_of(tide(150)), lookback=6, horizon=2, learning_rate=1e-9, final_fit=True)
    assert np.isfinite(model.forecast(model.context, model.context.cutoff).quantiles).all()


def test_the_observer_hears_which_network_is_trained() -> None:
    panel, listener = panel_of(tide(150)), Recorder(after=10**9)
    fit(panel, layout_of(panel), settings(lookback=6, horizon=2, num_networks=2), observer=listener)
    assert listener.stages[1:3] == ["training the lstm, 1 of 2", "training the lstm, 2 of 2"]
    assert [(epoch.network, epoch.number) for epoch in listener.epochs] == [(0, 1), (1, 1)]


@pytest.mark.parametrize("three", [False, True])
def test_one_seed_gives_one_file_to_the_last_byte(three: bool) -> None:
    panel = panel_of(tide(150), tide(120, 3))
    given = {"lookback": 6, "horizon": 2, "max_epochs": 2, "dropout": 0.2, "num_layers": 2}
    given["num_networks"] = 3 if three else 1
    one, other = (checkpoint._encode(*pack(fit_of(panel, **given))) for _ in range(2))
    assert one == other
    assert one != checkpoint._encode(*pack(fit_of(panel, **given, seed=1)))
