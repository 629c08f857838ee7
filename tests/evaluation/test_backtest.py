"""Scores are those of forecasts made one by one, of rows that training has not seen, beside every simple rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.errors import DataUnusable, Mismatch
from rnnforecast.evaluation import backtest as room
from rnnforecast.evaluation.backtest import COVERAGE_LEVEL, answering, backtest, scored, usable_members
from rnnforecast.model import Model
from rnnforecast.scores.scores import Scores
from rnnforecast.scores.skill import best_rule
from rnnforecast.training.fit import fit
from tests.making import HOUR, NAN, Array, fitted, layout_of, panel_named, panel_of, settings, tide


def rich() -> tuple[Model, Panel]:
    return fitted("rich", max_epochs=2), panel_named("rich")


def truth_of(panel: Panel, origins: Array, horizon: int) -> Array:
    """(N, H, T) in units, NaN where not observed."""
    T = len(panel.targets)
    rows = origins[:, None] + np.arange(1, horizon + 1)
    base = panel.base[panel.series_of(origins), None, :T]
    return panel.values[rows, :T].astype(np.float64) + base


def shortened(panel: Panel, rows: Array) -> Panel:
    """The first `rows` rows (one number per series) of each series; the cutoff is its last."""
    kept = [np.arange(a, a + n) for a, n in zip(panel.offsets[:-1].tolist(), rows.tolist(), strict=True)]
    offsets = np.cumsum([0, *rows]).astype(np.int64)
    return replace(panel, values=panel.values[np.concatenate(kept)], offsets=offsets, cutoff=offsets[1:] - 1)


def test_every_score_equals_that_of_forecasts_made_one_by_one() -> None:
    model, panel = rich()
    scores = backtest(model, panel)
    origins = split(panel, model.config).test
    truth = truth_of(panel, origins, 4)
    said = [model.forecast(panel, np.array([origin]), final=False) for origin in origins.tolist()]
    yhat = np.concatenate([f.yhat for f in said])
    quantiles = np.concatenate([f.quantiles for f in said])
    for h in range(4):
        for t in range(2):
            error = yhat[:, h, t] - truth[:, h, t]
            assert scores.mae[0, h, t] == pytest.approx(np.abs(error).mean(), rel=1e-5)
            assert scores.rmse[0, h, t] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
            assert scores.bias[0, h, t] == pytest.approx(error.mean(), rel=1e-4, abs=1e-6)
            inside = (truth[:, h, t] >= quantiles[:, h, t, 0]) & (truth[:, h, t] <= quantiles[:, h, t, 2])
            assert scores.coverage[h, t] == pytest.approx(inside.mean())
    assert pytest.approx(0.8) == COVERAGE_LEVEL == scores.coverage_level
    assert scores.num_windows == len(origins)
    np.testing.assert_array_equal(scores.share, model.share)


def test_the_simple_rules_stand_beside_it_in_the_same_unit() -> None:
    model, panel = rich()
    scores = backtest(model, panel)
    assert scores.rules == ("model", *model.members.names)
    assert len(scores.labels) == len(scores.rules)
    assert scores.chosen == model.ranking[0]
    origins = split(panel, model.config).test
    truth = truth_of(panel, origins, 4)
    last = truth_of(panel, origins - 1, 1)
    season = truth_of(panel, origins - 24, 4)
    for rule, said in (("persistence", last), ("seasonal", season)):
        error = np.abs(said - truth).mean(axis=0)
        np.testing.assert_allclose(scores.mae[scores.rules.index(rule)], error, rtol=1e-4, err_msg=rule)


def test_only_rows_after_validation_are_scored() -> None:
    model, panel = rich()
    scores = backtest(model, panel)
    parts = split(panel, model.config)
    assert not scores.in_sample
    assert scores.first == panel.times(parts.test).min() >= model.record.validation_end.min()
    assert scores.last == panel.times(parts.test).max()
    changed = panel.values.copy()
    for s in range(3):  # whatever lies a lookback before it does not matter
        changed[panel.offsets[s] : parts.validation_end[s] - 24 - 24] += 7
    again = backtest(model, replace(panel, values=changed))
    np.testing.assert_array_equal(again.mae, scores.mae)


def test_a_model_is_scored_on_its_own_test_part() -> None:
    model, panel = rich()
    found = scored(model, panel)
    assert found.scores is not None
    np.testing.assert_array_equal(found.scores.mae, backtest(model, panel).mae)
    assert found.members is model.members


def test_the_floors_of_the_training_part_are_scored_and_not_the_refitted_ones() -> None:
    model, panel = rich()
    worse = replace(
        model.members,
        floors=tuple(replace(f, final={k: v * 0 for k, v in f.final.items()}) for f in model.members.floors),
    )
    np.testing.assert_array_equal(backtest(replace(model, members=worse), panel).mae, backtest(model, panel).mae)


def test_rows_that_were_all_seen_are_scored_and_marked() -> None:
    model, panel = rich()
    parts = split(panel, model.config)
    seen = shortened(panel, parts.validation_end - panel.offsets[:-1] + 1)
    scores = backtest(model, seen)
    assert scores.in_sample
    assert scores.num_windows == sum(n - 24 - 4 + 1 for n in seen.lengths().tolist())


def test_a_series_the_model_never_saw_is_scored_whole() -> None:
    model, panel = rich()
    stranger = replace(panel, ids=("x", *panel.ids[1:]))
    scores = backtest(model, stranger)
    assert not scores.in_sample
    assert scores.first == panel.start[0] + 23 * 3600
    assert scores.num_windows > backtest(model, panel).num_windows


@pytest.mark.parametrize("stride", [3, 1000])
def test_the_stride_thins_the_origins_of_each_series(stride: int) -> None:
    model, panel = rich()
    whole = split(panel, model.config).test
    counts = np.bincount(panel.series_of(whole))
    assert backtest(model, panel, stride).num_windows == sum(-(-n // stride) for n in counts.tolist())


def test_a_known_future_that_is_not_there_is_a_mismatch() -> None:
    model, panel = rich()
    values = panel.values.copy()
    values[:, -1] = NAN
    with pytest.raises(Mismatch, match="known-future covariate f0 is missing 1 steps after the cutoff") as caught:
        backtest(model, replace(panel, values=values))
    assert "--future-data" in caught.value.hint


def test_a_hole_in_the_known_future_costs_the_windows_it_lies_in() -> None:
    model, panel = rich()
    origins = split(panel, model.config).test
    hole = int(origins[5]) + 2
    values = panel.values.copy()
    values[hole, -1] = NAN
    scores = backtest(model, replace(panel, values=values))
    assert scores.num_windows == len(origins) - ((origins < hole) & (hole <= origins + 4)).sum()
    assert np.isfinite(scores.mae).all()


def outage(first: int, last: int) -> tuple[Model, Panel]:
    values = np.stack([tide(400, 1), tide(400, 2)], axis=1)
    values[first:last, 1] = NAN
    panel = panel_of(values, T=2)
    return fit(panel, layout_of(panel), settings(max_epochs=0)), panel


def test_an_outage_of_one_target_in_the_test_part_leaves_the_rest_to_be_scored() -> None:
    model, panel = outage(345, 390)
    scores = backtest(model, panel)
    assert 0 < scores.num_windows < len(split(panel, model.config).test)
    assert np.isfinite(scores.mae[0]).all()


def test_a_target_that_is_silent_over_the_whole_of_it_is_refused() -> None:
    model, panel = outage(390, 400)
    values = panel.values.copy()
    values[300:, 1] = NAN
    with pytest.raises(DataUnusable, match="a target was not observed in the last"):
        backtest(model, replace(panel, values=values))


def test_too_few_rows_to_score_are_refused_with_both_numbers() -> None:
    model, panel = rich()
    with pytest.raises(DataUnusable, match="the longest series has 27, lookback and horizon take 28"):
        backtest(model, shortened(panel, np.array([27, 27, 20])))


def test_errors_are_compared_where_every_rule_could_answer() -> None:
    """Half of a day missing silences the seasonal rule and the ridge there; no rule gains or loses by it."""
    panel = panel_named("tide")
    model = fitted("tide")
    values = panel.values.copy()
    values[350:365] = NAN
    holed = replace(panel, values=values)
    scores = backtest(model, holed)
    windows = model.windows(holed)
    origins = np.array([o for o in split(panel, model.config).test if np.isfinite(values[o, 0])])
    evidence = model.members.over(windows, origins)
    common = np.isfinite(evidence.members).all(axis=(0, 2, 3))
    assert not common.all()
    assert scores.num_windows == len(origins)
    loc, unit = windows.scale.targets(1, np.zeros(1, int))
    for k, rule in enumerate(model.members.names):
        said = loc + unit * evidence.members[k, common]
        error = np.abs(said - truth_of(holed, origins[common], 4))
        mean = np.nanmean(error, axis=0)
        np.testing.assert_allclose(scores.mae[scores.rules.index(rule)], mean, rtol=1e-5)


def test_a_rule_that_answers_at_less_than_half_of_the_origins_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are the origins at which some floor answers: at the others nobody is asked."""
    model, panel = fitted("tide", max_epochs=0), panel_named("tide")
    usable = np.zeros((len(model.members.names), 20), bool)
    usable[0, :10] = True
    usable[1, 3:8] = True
    usable[2, 3:7] = True
    monkeypatch.setattr(room, "usable_members", lambda *given: usable)  # noqa: ARG005
    assert answering(model, panel, split(panel, model.config).test) == [0, 1]


def test_whether_members_answer_is_looked_up_at_each_origin() -> None:
    panel = panel_named("tide")
    model, values = fitted("tide"), panel.values.copy()
    values[350:365] = NAN
    holed = replace(panel, values=values)
    windows, origins = model.windows(holed), np.arange(340, 396)
    usable = usable_members(model, windows, origins)
    for k, origin in enumerate(origins.tolist()):
        said, _ = model.members.at(windows.gather(np.array([origin])), final=False)
        assert usable[:, k].tolist() == np.isfinite(said[:, 0]).all(axis=(1, 2)).tolist()
    assert not usable.all()
    assert usable.any(axis=1).all()


def test_the_step_of_the_model_is_that_of_the_rows() -> None:
    model, _ = rich()
    assert model.step == HOUR
    scores: Scores = backtest(*rich())
    assert scores.labels[0] == "this model"


def test_three_networks_are_scored_beside_the_rules() -> None:
    model, panel = fitted("tide", num_networks=3), panel_named("tide")
    scores = backtest(model, panel)
    floors = tuple(f.name for f in model.members.floors)
    assert scores.rules == ("model", *floors, "network", "network_2", "network_3")
    assert scores.labels[-3:] == ("the lstm alone (1)", "the lstm alone (2)", "the lstm alone (3)")
    assert np.isfinite(scores.mae).all()
    np.testing.assert_array_equal(scores.share, model.share)
    assert best_rule(scores) in floors
