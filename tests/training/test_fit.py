"""From a panel to a model: what is fitted on what, and that the test part is never touched."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rnnforecast.config import listed
from rnnforecast.data.features import DAY, YEAR
from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.errors import DataUnusable, Interrupted, UsageError
from rnnforecast.floors import applying, names
from rnnforecast.model import Model
from rnnforecast.packing import pack, unpack
from rnnforecast.scores import bands
from rnnforecast.training.fit import fit, tail
from tests.making import JAN_1, NAN, Array, bent, fitted, layout_of, panel_named, panel_of, rich, settings, tide
from tests.training.school import Recorder


def fit_of(panel: Panel, **given: Any) -> Model:
    return fit(panel, layout_of(panel), settings(**given))


def of_the_training_part(model: Model) -> dict[str, Array]:
    """Every array that training and validation rows decide."""
    arrays = {
        "weights": model.weights, "errors": model.errors, "smallest_spread": model.smallest_spread,
        "stand_in": model.stand_in, "loc": model.scale.loc, "spread": model.scale.spread,
    }  # fmt: skip
    arrays |= {f"{f.name}.{key}": value for f in model.members.floors for key, value in f.fitted.items()}
    for k, network in enumerate(model.members.networks):
        arrays |= {f"networks.{k}.{key}": value for key, value in network.fitted.items()}
    return arrays


def assert_equal(one: dict[str, Array], other: dict[str, Array]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@cache
def other_test_part() -> Model:
    """`rich`, but with other values in every row of the test part."""
    panel = panel_named("rich")
    border = split(panel, settings()).validation_end
    values = panel.values.copy()
    for s in range(panel.num_series):
        values[border[s] + 1 : panel.offsets[s + 1]] *= -3.0
    return fit_of(replace(panel, values=values), max_epochs=2)


def test_the_test_part_decides_nothing_that_was_fitted() -> None:
    before, after = fitted("rich", max_epochs=2), other_test_part()
    assert_equal(of_the_training_part(before), of_the_training_part(after))
    assert before.ranking == after.ranking
    assert before.cycles == after.cycles


def test_the_rules_to_forecast_with_are_refitted_on_all_rows() -> None:
    before, after = fitted("rich", max_epochs=2), other_test_part()
    for one, other in zip(before.members.floors, after.members.floors, strict=True):
        if one.name == "ridge":
            assert (one.final["weights"] != other.final["weights"]).any()
            assert (one.final["weights"] != one.fitted["weights"]).any()
    assert before.record.fingerprint != after.record.fingerprint


def test_one_seed_gives_one_model_to_the_last_bit() -> None:
    again = fit_of(panel_named("rich"), max_epochs=2)
    assert_equal(of_the_training_part(fitted("rich", max_epochs=2)), of_the_training_part(again))
    assert again.record.fingerprint == fitted("rich", max_epochs=2).record.fingerprint


def test_without_a_final_fit_the_network_is_that_of_the_training_part() -> None:
    (network,) = fitted("rich", max_epochs=2).members.networks
    assert network.final is network.fitted


def test_a_final_fit_takes_the_network_further_and_changes_nothing_else() -> None:
    plain, further = fitted("rich", max_epochs=2), fit_of(panel_named("rich"), max_epochs=2, final_fit=True)
    assert_equal(of_the_training_part(plain), of_the_training_part(further))
    (network,) = further.members.networks
    assert network.final.keys() == network.fitted.keys()
    assert any((network.final[name] != value).any() for name, value in network.fitted.items())


def test_without_epochs_there_is_no_network_and_the_floors_alone_forecast() -> None:
    model = fitted("tide", max_epochs=0)
    assert model.members.networks == ()
    assert model.about["epochs"] == []
    panel = panel_named("tide")
    assert model.members.names == applying(model.windows(panel))
    assert not model.share.any()
    forecast = model.forecast(panel, panel.cutoff)
    assert forecast.source == ("model",)
    assert np.isfinite(forecast.quantiles).all()


def test_a_network_that_helps_gets_a_share_and_one_that_does_not_gets_none() -> None:
    able = {"lookback": 4, "horizon": 1, "cell": "gru", "hidden_size": 16, "learning_rate": 0.02, "epoch_windows": 2000}
    helps = fit_of(panel_of(bent(900)), max_epochs=8, **able)
    assert helps.share.min() > 0.5
    noise = fit_of(panel_of(np.random.default_rng(0).normal(size=1500).cumsum()), max_epochs=1)
    assert noise.share.mean() < 0.1


@cache
def panel_for(floor: str) -> Panel:
    """Data that the floor is for: a tide, a river with rain, one without."""
    if floor in ("harmonic", "surge"):
        return panel_of(tide(900) + 3 * np.cos(2 * np.pi * np.arange(900) / 12.4206))
    if floor == "log_ridge":
        return panel_of(np.exp(tide(400)))
    return panel_named("rich" if floor == "runoff" else "tide")


@pytest.mark.parametrize("name", names())
def test_a_floor_that_was_named_is_the_only_one_under_the_network(name: str) -> None:
    model = fit_of(panel_for(name), floor=name, tide="on" if name in ("harmonic", "surge") else "off")
    assert model.ranking[0] == name
    assert [network.anchor for network in model.members.networks] == [name]
    others = [k for k, member in enumerate(model.members.names) if member not in (name, "network")]
    assert not model.weights[others].any()
    np.testing.assert_allclose(model.weights.sum(axis=0), 1)


@pytest.mark.parametrize("name", ["harmonic", "surge", "log_ridge", "runoff"])
def test_a_floor_that_is_not_for_these_data_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match=f"floor {name} is not for these data; climatology, .* are") as caught:
        fit_of(panel_named("tide"), floor=name)
    assert caught.value.hint == "--floor auto"


def test_without_a_floor_the_network_stands_alone() -> None:
    model = fitted("tide", floor="none")
    assert [network.anchor for network in model.members.networks] == [None]
    np.testing.assert_array_equal(model.share, 1)
    assert not model.weights[:-1].any()


def test_weights_are_convex_and_trajectories_bounded() -> None:
    for model in (fitted("rich", max_epochs=2), fitted("tide")):
        assert (model.weights >= 0).all()
        np.testing.assert_allclose(model.weights.sum(axis=0), 1)
        count, *shape = model.errors.shape
        assert shape == [4, len(model.layout.target)]
        assert 0 < count <= bands.TRAJECTORIES
        assert (model.smallest_spread > 0).all()


def test_a_stuck_gauge_and_a_perfect_clock_are_fitted_without_a_warning() -> None:
    for values in (np.full(300, 5.0), np.tile(np.arange(24.0), 20)):
        panel = panel_of(values)
        model = fit_of(panel)
        forecast = model.forecast(panel, panel.cutoff)
        np.testing.assert_allclose(forecast.yhat[0, :, 0], values[:4], atol=1e-4)
        assert np.isfinite(forecast.quantiles).all()


def test_too_few_rows_are_refused_with_the_number() -> None:
    with pytest.raises(DataUnusable, match="too few rows: 30 with lookback 24 and horizon 4"):
        fit_of(panel_of(tide(30)))


def test_the_observer_hears_every_stage_in_order() -> None:
    panel, listener = panel_of(tide(200)), Recorder(after=10**9)
    fit(panel, layout_of(panel), settings(), observer=listener)
    assert listener.stages == [
        "fitting the simple rules", "training the lstm", "weighing the members", "refitting on all rows"
    ]  # fmt: skip
    silent = Recorder(after=10**9)
    fit(panel, layout_of(panel), settings(max_epochs=0), observer=silent)
    assert "training the lstm" not in silent.stages


def test_a_signal_ends_the_fit() -> None:
    panel = panel_of(tide(200))
    with pytest.raises(Interrupted):
        fit(panel, layout_of(panel), settings(), observer=Recorder(15))


def test_the_tail_keeps_the_last_rows_of_each_series_and_what_is_known_ahead() -> None:
    panel = panel_named("rich")
    kept = tail(panel, 30)
    assert np.diff(kept.offsets).tolist() == [34, 34, 34]
    np.testing.assert_array_equal(kept.times(kept.cutoff), panel.times(panel.cutoff))
    for s in range(3):
        own = kept.values[kept.offsets[s] : kept.offsets[s + 1]]
        np.testing.assert_array_equal(own, panel.values[panel.offsets[s + 1] - 34 : panel.offsets[s + 1]])
        assert kept.start[s] == panel.times(panel.cutoff)[s] - 29 * 3600


def test_the_tail_of_a_short_series_is_all_of_it() -> None:
    panel = panel_of(tide(10), tide(50))
    assert np.diff(tail(panel, 30).offsets).tolist() == [10, 30]


def test_a_series_too_short_to_learn_from_is_scaled_by_all_it_has_and_forecast() -> None:
    panel = panel_of(tide(300), 100 + tide(12, 1))
    model = fit_of(panel)
    assert model.scale.loc[1, 0] == pytest.approx(100 + tide(12, 1).mean(), rel=1e-6)
    forecast = model.forecast(panel, panel.cutoff)
    assert (np.abs(forecast.yhat[1] - 100) < 5).all()


def test_a_short_series_of_another_time_keeps_its_own_clock() -> None:
    """Its parts end before it starts; counted by the series before it in the panel, it would span thirty years."""
    old = JAN_1 - 30 * YEAR
    panel = panel_of(tide(300), tide(3, 1), start=[JAN_1, old])
    model = fit_of(panel, max_epochs=0)
    assert model.cycles == (DAY,)
    assert model.record.validation_end[1] == old - 2 * 3600  # its test part, a horizon, is longer than itself
    assert model.record.data_end.tolist() == [JAN_1 + 299 * 3600, old + 2 * 3600]


def test_static_covariates_of_any_size_teach_alike() -> None:
    """An area in square metres or in square kilometres."""
    series = [tide(150, s) for s in range(3)]
    one, other = (
        fit_of(panel_of(*series, static=[[unit * area] for area in (1.0, 2.0, 5.0)]), max_epochs=2).members.networks[0]
        for unit in (1.0, 1e6)
    )
    for name, value in one.fitted.items():
        np.testing.assert_allclose(value, other.fitted[name], atol=1e-3, err_msg=name)


def test_holes_in_the_data_are_no_obstacle() -> None:
    values = tide(400)
    values[np.random.default_rng(0).random(400) < 0.3] = NAN
    values[-1] = 0.0
    panel = panel_of(values)
    model = fit_of(panel)
    assert np.isfinite(model.forecast(panel, panel.cutoff).quantiles).all()
    assert np.isfinite(model.errors).any()


# Any settings ---------------------------------------------------------------------------------------------------------


@cache
def small_and_rich() -> Panel:
    """Two targets, a past, a future and a static covariate, and holes in all that was measured."""
    panel = rich(110)
    values = panel.values.copy()
    values[:, :3][np.random.default_rng(0).random((len(values), 3)) < 0.1] = NAN
    values[panel.cutoff, :2] = 0.5
    return replace(panel, values=values)


choices = {
    "cell": st.sampled_from(listed("network/cells")),
    "decoder": st.sampled_from(listed("network/decoders")),
    "loss": st.sampled_from(listed("training/losses")),
    "schedule": st.sampled_from(listed("training/schedules")),
    "floor": st.sampled_from(("auto", "none", "climatology", "persistence", "ridge", "runoff", "seasonal", "shared")),
    "window_norm": st.sampled_from(("none", "last", "mean_std", "last_std")),
    "channels": st.sampled_from(("joint", "independent")),
    "activation": st.sampled_from(("tanh", "tanh", "relu", "prelu")),
    "lookback": st.integers(1, 8),
    "horizon": st.integers(1, 4),
    "hidden_size": st.integers(1, 4),
    "segment_length": st.sampled_from((1, 1, 2, 4)),
    "num_layers": st.integers(1, 2),
    "num_networks": st.sampled_from((1, 1, 2, 3)),
    "conv_kernel": st.sampled_from((0, 0, 2)),
    "bidirectional": st.booleans(),
    "attention": st.booleans(),
    "skip": st.booleans(),
    "final_fit": st.booleans(),
    "dropout": st.sampled_from((0.0, 0.5)),
    "teacher_forcing": st.sampled_from((0.0, 0.7)),
    "warmup_epochs": st.integers(0, 3),
    "averaging": st.sampled_from((0.0, 0.99)),
    "bptt_steps": st.integers(0, 3),
    "patience": st.integers(0, 2),
    "seed": st.integers(0, 2**31 - 1),
}


@given(st.fixed_dictionaries(choices))
@hypothesis_settings(deadline=None, max_examples=15, phases=(Phase.explicit, Phase.generate))  # too slow to shrink
def test_any_settings_that_are_allowed_fit_forecast_and_come_back(chosen: dict[str, Any]) -> None:
    if chosen["cell"] != "rnn":
        chosen["activation"] = "tanh"
    if chosen["decoder"] != "seq2seq":
        chosen |= {"attention": False, "teacher_forcing": 0.0}
    try:
        config = settings(**chosen, max_epochs=2, epoch_windows=32)
    except UsageError:
        assume(False)
    panel = small_and_rich()
    model = fit(panel, layout_of(panel), config)
    forecast = model.forecast(panel, panel.cutoff)
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    document, tensors = pack(model)
    again = unpack(document, tensors, "x").forecast(panel, panel.cutoff)
    np.testing.assert_array_equal(again.quantiles, forecast.quantiles)
