"""The rows of a backtest: what `forecast` says at each origin, what came, and what each rule said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.errors import UsageError
from rnnforecast.evaluation.backtest import backtest, forecasts
from rnnforecast.model import Model
from rnnforecast.training.fit import fit
from tests.making import JAN_1, NAN, Array, fitted, layout_of, panel_named, panel_of, settings, tide


@cache
def known(kind: str) -> tuple[Model, Panel]:
    """A model and its panel: of three series and two targets, of one, of a tidal one, and of one with holes."""
    if kind in ("rich", "tide"):
        return fitted(kind, **({"max_epochs": 2} if kind == "rich" else {})), panel_named(kind)
    values = tide(900)
    if kind == "moon":
        values = values + 3 * np.cos(2 * np.pi * np.arange(900) / 12.4206)
    else:
        values[800:812] = NAN
        values[860:862] = NAN
    panel = panel_of(values, base=2.0)
    return fit(panel, layout_of(panel), settings(tide="on" if kind == "moon" else "off")), panel


def rows_of(kind: str, stride: int | None = None, leads: Sequence[int] | None = None) -> list[dict[str, Any]]:
    columns = forecasts(*known(kind), stride, leads)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def level_at(panel: Panel, row: int, target: int) -> float:
    return float(panel.values[row, target]) + float(panel.base[panel.series_of(np.array([row]))[0], target])


@pytest.mark.parametrize("kind", ["rich", "tide", "moon", "holes"])
def test_each_row_holds_what_forecast_says_at_that_origin_and_what_came(kind: str) -> None:
    model, panel = known(kind)
    rows = rows_of(kind)
    origins = {(panel.ids[int(panel.series_of(np.array([o]))[0])], int(panel.times(np.array([o]))[0])): o
               for o in range(len(panel.values))}  # fmt: skip
    said = {}
    for row in rows:
        origin = origins[row["unique_id"], row["cutoff"]]
        if origin not in said:
            said[origin] = model.forecast(panel, np.array([origin]), final=False)
        h, t = row["lead"] - 1, panel.targets.index(row["target"])
        assert row["model"] == pytest.approx(said[origin].yhat[0, h, t], rel=1e-5, abs=1e-5)
        assert row["y"] == pytest.approx(level_at(panel, origin + row["lead"], t), rel=1e-5, abs=1e-5, nan_ok=True)
        assert row["ds"] == row["cutoff"] + row["lead"] * 3600
    assert any(np.isnan(row["y"]) for row in rows) == (kind == "holes")


@pytest.mark.parametrize("kind", ["rich", "tide", "moon"])
def test_there_is_a_row_for_each_origin_of_the_test_part_each_target_and_each_lead(kind: str) -> None:
    model, panel = known(kind)
    rows = rows_of(kind)
    origins = split(panel, model.config).test
    expected = [
        (panel.ids[s], name, when, lead)
        for s, when in zip(panel.series_of(origins).tolist(), panel.times(origins).tolist(), strict=True)
        for name in panel.targets
        for lead in (1, 2, 3, 4)
    ]
    assert [(row["unique_id"], row["target"], row["cutoff"], row["lead"]) for row in rows] == expected
    names = ["unique_id", "target", "cutoff", "ds", "lead", "y", *backtest(model, panel).rules]
    assert list(rows[0]) == names


@pytest.mark.parametrize("kind", ["rich", "tide", "moon"])
def test_the_errors_of_the_rows_are_the_scores(kind: str) -> None:
    model, panel = known(kind)
    scores, columns = backtest(model, panel), forecasts(model, panel)
    for t, name in enumerate(panel.targets):
        for lead in (1, 4):
            here = (columns["target"] == name) & (columns["lead"] == lead)
            for k, rule in enumerate(scores.rules):
                error = columns[rule][here] - columns["y"][here]
                assert scores.mae[k, lead - 1, t] == pytest.approx(np.abs(error).mean(), rel=1e-6)
                assert scores.bias[k, lead - 1, t] == pytest.approx(error.mean(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", ["tide", "moon"])
def test_rules_are_told_in_levels_too(kind: str) -> None:
    """No change is that of the level, whether or not a tide was taken out of it."""
    (model, panel), rows = known(kind), rows_of(kind)
    assert bool(model.tides.names) == (kind == "moon")
    for row in rows:
        origin = (row["cutoff"] - JAN_1) // 3600
        assert row["persistence"] == pytest.approx(level_at(panel, origin, 0), abs=1e-5)
    assert np.std([row["y"] for row in rows]) > (2 if kind == "moon" else 0.5)
    for name in ("model", "ridge", *(["harmonic"] if kind == "moon" else [])):
        assert np.std([row[name] - row["y"] for row in rows]) < 1.0, name


def test_a_stride_and_leads_pick_rows_of_the_whole() -> None:
    every = rows_of("rich")
    model, panel = known("rich")
    kept = split(panel, settings(stride=3)).test
    moments = {(panel.ids[s], when) for s, when in
               zip(panel.series_of(kept).tolist(), panel.times(kept).tolist(), strict=True)}  # fmt: skip
    some = rows_of("rich", stride=3, leads=[4, 2])
    expected = [
        row for row in every if (row["unique_id"], row["cutoff"]) in moments and row["lead"] in (2, 4)
    ]
    assert len(some) == len(expected) == len(kept) * 2 * 2
    order = [(row["unique_id"], row["target"], row["cutoff"], row["lead"]) for row in some]
    by_key = {(row["unique_id"], row["target"], row["cutoff"], row["lead"]): row for row in expected}
    for key, row in zip(order, some, strict=True):
        assert row["model"] == pytest.approx(by_key[key]["model"], rel=1e-5)
        assert row["y"] == by_key[key]["y"]
    assert [key[3] for key in order[:4]] == [4, 2, 4, 2]  # as they were asked for
    assert model.config.stride == 1


@pytest.mark.parametrize("leads", [[0], [5], [1, 9], [-1], []])
def test_a_lead_outside_the_horizon_is_refused_with_the_horizon(leads: list[int]) -> None:
    with pytest.raises(UsageError, match=r"leads must be from 1 to the horizon 4, got \["):
        forecasts(*known("tide"), leads=leads)


def test_times_of_months_are_those_of_the_calendar() -> None:
    rng = np.random.default_rng(0)
    values: Array = np.sin(np.arange(120) * 2 * np.pi / 12) + 0.1 * rng.normal(size=120)
    panel = panel_of(values, step=Step("month", 1))
    model = fit(panel, layout_of(panel), settings(lookback=12, max_epochs=0))
    columns = forecasts(model, panel, leads=[2])
    ahead = columns["ds"].astype("datetime64[s]").astype("datetime64[M]").astype(int)
    cutoff = columns["cutoff"].astype("datetime64[s]").astype("datetime64[M]").astype(int)
    assert set((ahead - cutoff).tolist()) == {2}
