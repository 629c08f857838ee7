"""From a panel to a forecast: the weighted members, the stand-in where one is missing, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnforecast.data.panel import Panel
from rnnforecast.errors import DataUnusable, Mismatch
from rnnforecast.members import median_and_spread
from rnnforecast.model import Model
from rnnforecast.scores.forecast import Forecast
from tests.making import NAN, fitted, panel_named, panel_of, tide


def rich() -> tuple[Model, Panel]:
    return fitted("rich", max_epochs=2), panel_named("rich")


def assert_equal(one: Forecast, other: Forecast) -> None:
    np.testing.assert_array_equal(one.yhat, other.yhat)
    np.testing.assert_array_equal(one.quantiles, other.quantiles)
    assert one.source == other.source


def one_series(panel: Panel, s: int) -> Panel:
    """Series s alone."""
    own = slice(int(panel.offsets[s]), int(panel.offsets[s + 1]))
    return replace(
        panel, ids=(panel.ids[s],), values=panel.values[own], base=panel.base[s : s + 1],
        offsets=np.array([0, own.stop - own.start]), start=panel.start[s : s + 1],
        cutoff=panel.cutoff[s : s + 1] - own.start, static=panel.static[s : s + 1],
    )  # fmt: skip


def test_the_forecast_is_the_weighted_mean_of_the_members_in_the_targets_units() -> None:
    model, panel = rich()
    forecast = model.forecast(panel, panel.cutoff)
    windows = model.windows(panel)
    members, _ = model.members.at(windows.gather(panel.cutoff), final=True)
    for s in range(3):
        for h in range(4):
            for t in range(2):
                stacked = sum(model.weights[m, h, t] * members[m, s, h, t] for m in range(len(members)))
                units = windows.scale.loc[s, t] + windows.scale.spread[s, t] * stacked
                assert forecast.yhat[s, h, t] == pytest.approx(units, rel=1e-9)
    assert forecast.source == ("model",) * 3
    assert forecast.series.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(forecast.origin, panel.cutoff)


def test_quantiles_rise_and_the_median_is_the_forecast() -> None:
    model, panel = rich()
    forecast = model.forecast(panel, np.arange(100, 150))
    assert forecast.quantiles.shape == (50, 4, 2, 3)
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    np.testing.assert_allclose(forecast.quantiles[..., 1], forecast.yhat, rtol=1e-12)
    assert (forecast.quantiles[..., 2] > forecast.quantiles[..., 0]).all()


def test_several_series_are_forecast_as_each_of_them_alone() -> None:
    model, panel = rich()
    together = model.forecast(panel, panel.cutoff)
    for s in range(3):
        alone = one_series(panel, s)
        single = model.forecast(alone, alone.cutoff)
        np.testing.assert_allclose(single.yhat[0], together.yhat[s], rtol=1e-5)
        np.testing.assert_allclose(single.quantiles[0], together.quantiles[s], rtol=1e-5)


def test_a_forecast_from_the_rows_kept_equals_that_from_the_file() -> None:
    for model, panel in (rich(), (fitted("tide"), panel_named("tide"))):
        assert_equal(model.forecast(model.context, model.context.cutoff), model.forecast(panel, panel.cutoff))


def test_rows_older_than_the_context_do_not_matter() -> None:
    model, panel = rich()
    values = panel.values.copy()
    for s in range(3):
        values[panel.offsets[s] : panel.cutoff[s] - model.members.context(model.step) + 1] = 1e5
    assert_equal(
        model.forecast(replace(panel, values=values), panel.cutoff), model.forecast(panel, panel.cutoff)
    )


def test_a_window_of_little_but_holes_is_answered_by_a_floor_that_is_named() -> None:
    model, panel = fitted("tide"), panel_named("tide")
    values = panel.values.copy()
    values[-20:-1] = NAN
    holed = replace(panel, values=values)
    forecast = model.forecast(holed, np.array([300, 399]))
    assert forecast.source[0] == "model"
    enough = [name for name in model.ranking if name in ("persistence", "climatology")]  # for one observation
    assert forecast.source[1] == enough[0]
    windows = model.windows(holed)
    said = dict(zip(model.members.names, model.members.at(windows.gather(np.array([399])), True)[0], strict=True))
    units = windows.scale.loc[0, 0] + windows.scale.spread[0, 0] * said[enough[0]][0, :, 0]
    np.testing.assert_allclose(forecast.yhat[1, :, 0], units, rtol=1e-9)
    np.testing.assert_allclose(windows.scale.loc[0, 0] + windows.scale.spread[0, 0] * said["persistence"][0, :, 0],
                               values[-1, 0], rtol=1e-6)
    assert (forecast.quantiles[1, :, 0, 2] > forecast.quantiles[1, :, 0, 0]).all()


def test_the_best_ranked_of_the_usable_floors_stands_in() -> None:
    model, _ = rich()
    rest = sorted(set(model.ranking) - {"seasonal", "ridge", "persistence"})
    ranking = ("seasonal", "ridge", "persistence", *rest)
    names = model.members.names
    usable = np.ones((len(names), 3), bool)
    usable[names.index("seasonal"), 1:] = False
    usable[:, 2] = False
    found = replace(model, ranking=ranking).best_usable(usable)
    assert [names[k] if k >= 0 else None for k in found.tolist()] == ["seasonal", "ridge", None]


def test_a_member_without_weight_is_not_missed() -> None:
    model, panel = fitted("tide"), panel_named("tide")
    weights = np.zeros_like(model.weights)
    weights[model.members.names.index("persistence")] = 1
    values = panel.values.copy()
    values[-20:-1] = NAN
    holed = replace(panel, values=values)
    assert replace(model, weights=weights).forecast(holed, holed.cutoff).source == ("model",)


def test_where_nothing_was_observed_there_is_no_forecast() -> None:
    model, panel = rich()
    values = panel.values.copy()
    values[panel.cutoff[1] - model.members.context(model.step) + 1 : panel.cutoff[1] + 1, 0] = NAN
    with pytest.raises(DataUnusable, match="series gauge 1: a target was not observed in the last 25 h"):
        model.forecast(replace(panel, values=values), panel.cutoff)


@pytest.mark.parametrize("step", [1, 4])
def test_a_known_future_that_ends_too_early_is_a_mismatch(step: int) -> None:
    model, panel = rich()
    values = panel.values.copy()
    values[panel.cutoff[2] + step, -1] = NAN
    with pytest.raises(Mismatch, match=f"gauge 2: known-future covariate f0 is missing {step} steps") as caught:
        model.forecast(replace(panel, values=values), panel.cutoff)
    assert "--future-data" in caught.value.hint
    with pytest.raises(Mismatch, match="missing 4 steps after"):
        model.forecast(panel, panel.cutoff + 1)  # beyond the end of the first series lies the second


def test_a_series_the_model_never_saw_is_scaled_by_its_own_rows() -> None:
    model, panel = fitted("tide"), panel_named("tide")
    twin = panel_of(1000 + 50 * tide(400), ids=("elsewhere",))
    known, strange = model.forecast(panel, panel.cutoff), model.forecast(twin, twin.cutoff)
    loc, spread = tide(400).mean(), tide(400).std()
    stored = model.scale
    units = (strange.yhat - (1000 + 50 * loc)) / (50 * spread)
    expected = (known.yhat - stored.loc[0, 0]) / stored.spread[0, 0]
    np.testing.assert_allclose(units, expected, atol=0.2)  # the level of the whole is not quite that of training


def test_the_base_that_a_panel_is_stored_with_does_not_matter() -> None:
    model, panel = fitted("tide"), panel_named("tide")
    shifted = replace(panel, values=panel.values + 2, base=panel.base - 2)
    np.testing.assert_allclose(
        model.forecast(shifted, panel.cutoff).yhat, model.forecast(panel, panel.cutoff).yhat, atol=1e-5
    )


def test_the_refitted_rules_forecast_and_those_of_the_training_part_are_kept_beside() -> None:
    model, panel = rich()
    final, earlier = (model.forecast(panel, panel.cutoff, final=final) for final in (True, False))
    assert (final.yhat != earlier.yhat).any()
    np.testing.assert_allclose(final.yhat, earlier.yhat, atol=1.5)


def test_median_and_spread_of_the_networks_quantiles() -> None:
    quantiles = np.array([1.0, 2.0, 4.0, 5.0, 8.0])
    assert median_and_spread(quantiles, (0.05, 0.1, 0.5, 0.9, 0.95)) == (4.0, 1.5)
    assert median_and_spread(quantiles[:1], (0.5,)) == (1.0, 1.0)
    assert median_and_spread(quantiles[[3, 2, 1]], (0.2, 0.5, 0.8)) == (4.0, 1.5)  # crossed: still no less than 0


def test_labels_are_what_people_say() -> None:
    model, _ = rich()
    labels = dict(zip(model.members.names, model.members.labels(model.step), strict=True))
    assert labels == {
        "climatology": "usual value and decaying anomaly", "persistence": "no change", "ridge": "ridge regression",
        "runoff": "ridge on rain and wetness", "seasonal": labels["seasonal"], "shared": "shared linear map",
        "network": "the lstm alone",
    }  # fmt: skip
    assert labels["seasonal"] in ("same time yesterday", "25 h before")


def test_the_share_of_three_networks_is_their_sum_and_they_speak_by_their_weights() -> None:
    model, panel = fitted("tide", num_networks=3), panel_named("tide")
    assert model.weights.shape == (len(model.members.floors) + 3, 4, 1)
    own = np.zeros(len(model.members.names))
    own[[0, 1, -3, -2, -1]] = [0.1, 0.2, 0.3, 0.15, 0.25]
    weights = own[:, None, None] * np.ones((4, 1))
    weighed = replace(model, weights=weights)
    np.testing.assert_allclose(weighed.share, 0.7)
    members, _ = model.members.at(model.windows(panel).gather(panel.cutoff), final=True)
    said = np.einsum("m,mbht->bht", weights[:, 0, 0], members)
    forecast = weighed.forecast(panel, panel.cutoff)
    np.testing.assert_allclose(forecast.yhat, model.scale.loc[0, 0] + model.scale.spread[0, 0] * said, rtol=1e-6)
