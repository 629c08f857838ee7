"""The Python doors: a DataFrame in, a DataFrame out, by the same code as the command line."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnforecast as rf
from rnnforecast.errors import DataUnusable, Mismatch, ModelUnusable, NotFound, UsageError
from tests.making import tide

SMALL: dict[str, Any] = {"horizon": 4, "lookback": 24, "max_epochs": 1, "hidden_size": 4, "epoch_windows": 64}
RULES = ("climatology", "persistence", "ridge", "seasonal", "shared")  # those that a level alone is for
QUANTILES = ["q0.025", "q0.05", "q0.1", "q0.25", "q0.5", "q0.75", "q0.9", "q0.95", "q0.975"]


def frame_of(rows: int = 220, tz: str | None = None, start: str = "2026-03-01", freq: str = "h") -> pd.DataFrame:
    return pd.DataFrame({"time": pd.date_range(start, periods=rows, freq=freq, tz=tz), "level_m": tide(rows)})


@cache
def trained(tz: str | None = None) -> rf.Model:
    return rf.train(frame_of(tz=tz), **SMALL)


def stacked() -> pd.DataFrame:
    """Two gauges with rain that is known up to the cutoff, wind that is known ahead, and a height."""
    parts = []
    for n, name in enumerate(("Kaub", "Köln")):
        rng = np.random.default_rng(n)
        part = frame_of(230 + 10 * n).assign(gauge=name, rain=rng.random(230 + 10 * n), wind=rng.random(230 + 10 * n))
        part["height"] = 67.7 + n
        part["flow"] = part.level_m * 10 + 50
        part.loc[part.index[-4:], ["level_m", "flow", "rain"]] = np.nan
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


ROLES: dict[str, Any] = {
    "target": ["level_m", "flow"], "id": "gauge", "past": "rain", "future": ["wind"], "static": "height",
}  # fmt: skip


def test_the_next_steps_come_as_the_columns_of_the_command_line() -> None:
    ahead = trained().predict(frame_of())
    names = ["unique_id", "target", "unit", "ds", "cutoff", "lead", "source", "yhat"]
    assert ahead.columns.tolist() == [*names, *QUANTILES]
    assert ahead.lead.tolist() == [1, 2, 3, 4]
    assert set(ahead.unique_id) == {"series"}
    assert set(ahead.target) == {"level_m"}
    assert set(ahead.unit) == {"m"}
    assert set(ahead.source) == {"model"}
    np.testing.assert_array_equal(ahead.yhat, ahead["q0.5"])
    assert (np.diff(ahead[QUANTILES], axis=1) >= 0).all()


def test_naive_times_stay_naive_and_go_on_from_the_last_row() -> None:
    frame = frame_of()
    ahead = trained().predict(frame)
    last = frame.time.iloc[-1]
    assert (ahead.cutoff == last).all()
    assert ahead.ds.tolist() == [last + pd.Timedelta(hours=h) for h in range(1, 5)]
    assert ahead.ds.dt.tz is None


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "+05:30"])
def test_times_with_a_zone_come_back_in_it(tz: str) -> None:
    """Over the night of 29 March, when Berlin's clocks go forward: an hour stays an hour."""
    frame = frame_of(tz=tz, start="2026-03-20", rows=213)
    ahead = trained(tz).predict(frame)
    expected = [frame.time.iloc[-1] + pd.Timedelta(hours=h) for h in range(1, 5)]
    assert ahead.ds.tolist() == expected
    assert [str(time) for time in ahead.ds] == [str(time) for time in expected]
    assert (ahead.cutoff == frame.time.iloc[-1]).all()


def test_an_index_of_times_does_as_well_as_a_column() -> None:
    frame = frame_of()
    indexed = frame.set_index("time")
    by_index = rf.train(indexed, **SMALL)
    pd.testing.assert_frame_equal(by_index.predict(indexed), trained().predict(frame))


def test_a_forecast_without_a_frame_starts_from_the_rows_kept() -> None:
    pd.testing.assert_frame_equal(trained().predict(), trained().predict(frame_of()))
    pd.testing.assert_frame_equal(trained("UTC").predict(), trained("UTC").predict(frame_of(tz="UTC")))


def test_rows_older_than_it_needs_do_not_move_a_digit() -> None:
    frame = frame_of()
    frame["level_m"] = 1e4 + frame.level_m + 0.37 * frame.index  # the mean of its last rows is another
    model = rf.train(frame, **SMALL)
    pd.testing.assert_frame_equal(model.predict(frame.tail(40)), model.predict(frame), check_exact=True)


def test_a_model_is_saved_and_loaded_and_forecasts_the_same(tmp_path: Path) -> None:
    trained().save(tmp_path / "a" / "gauge.safetensors")
    for path in (tmp_path / "a" / "gauge.safetensors", str(tmp_path / "a" / "gauge.safetensors")):
        back = rf.load(path)
        pd.testing.assert_frame_equal(back.predict(frame_of()), trained().predict(frame_of()))
        pd.testing.assert_frame_equal(back.scores, trained().scores)
        assert back.verdict == trained().verdict


def test_every_kind_of_column_goes_its_way(tmp_path: Path) -> None:
    frame = stacked()
    model = rf.train(frame, **SMALL, **ROLES)
    layout = model.core.layout
    assert (layout.past, layout.future, layout.static) == (("rain",), ("wind",), ("height",))
    ahead = model.predict(frame)
    assert len(ahead) == 2 * 2 * 4
    assert set(ahead.unique_id) == {"Kaub", "Köln"}
    for name, part in ahead.groupby("unique_id"):
        known = frame[(frame.gauge == name) & frame.level_m.notna()]
        assert set(part.cutoff) == {known.time.max()}
        assert set(part.target) == {"level_m", "flow"}
    assert ahead[ahead.target == "flow"].yhat.between(0, 100).all()
    model.save(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(rf.load(tmp_path / "m.safetensors").predict(), ahead, check_exact=True)
    with pytest.raises(Mismatch, match="known-future covariate wind is missing"):
        model.predict(frame.dropna())


def test_later_rows_move_the_cutoff() -> None:
    longer = frame_of(240)
    ahead = trained().predict(longer)
    assert ahead.ds.iloc[0] == longer.time.iloc[-1] + pd.Timedelta(hours=1)
    earlier = trained().predict(longer, end="2026-03-08")
    assert earlier.ds.iloc[0] == pd.Timestamp("2026-03-09 00:00")


def test_rows_without_times_are_counted() -> None:
    frame = frame_of().drop(columns="time")
    ahead = rf.train(frame, time="none", **SMALL).predict(frame)
    assert ahead.ds.tolist() == [ahead.cutoff.iloc[0] + h for h in range(1, 5)]
    assert ahead.ds.dtype.kind == "i"


def test_scores_are_a_row_per_target_lead_and_rule() -> None:
    scores = trained().scores
    assert scores.columns.tolist() == ["target", "lead", "rule", "mae", "rmse", "bias", "windows"]
    assert set(scores.rule) == {"model", "network", *RULES}
    assert len(scores) == 4 * (2 + len(RULES))
    assert set(scores.windows) == {trained().core.scores.num_windows}
    assert (scores.mae <= scores.rmse + 1e-12).all()
    assert scores.lead.tolist() == sorted(scores.lead)


def test_evaluate_on_the_frame_of_training_gives_the_scores_of_training() -> None:
    pd.testing.assert_frame_equal(rf.evaluate(trained(), frame_of()), trained().scores)


def test_evaluate_takes_a_stride_and_rows_that_came_later() -> None:
    longer = frame_of(300)
    every, some = rf.evaluate(trained(), longer), rf.evaluate(trained(), longer, stride=7)
    assert every.shape == some.shape
    assert (every.mae != some.mae).all()
    assert (every.mae != trained().scores.mae).all()


@cache
def two_kinds() -> tuple[rf.Model, pd.DataFrame]:
    """A level in metres and ten times as much of it in another unit."""
    frame = frame_of()
    frame["flow"] = 10 * frame.level_m[::-1].to_numpy() + 50
    return rf.train(frame, target=["level_m", "flow"], max_epochs=0, horizon=4, lookback=24), frame


def test_standardised_errors_are_those_over_the_deviation_of_each_column_in_training() -> None:
    model, frame = two_kinds()
    plain, standard = rf.evaluate(model, frame), rf.evaluate(model, frame, standardised=True)
    learned = frame.iloc[: 220 - 2 * 33]  # the last 30 % are validation and test
    for name in ("level_m", "flow"):
        mine = plain.target == name
        for error in ("mae", "rmse", "bias"):
            np.testing.assert_allclose(standard[error][mine], plain[error][mine] / learned[name].std(ddof=0), rtol=1e-4)
    pd.testing.assert_frame_equal(
        standard[["target", "lead", "rule", "windows"]], plain[["target", "lead", "rule", "windows"]]
    )
    assert standard[standard.target == "flow"].mae.mean() < 2 < plain[plain.target == "flow"].mae.mean()


def test_a_backtest_gives_a_row_per_forecast_whose_errors_are_the_scores() -> None:
    model, frame = two_kinds()
    rows, scores = rf.backtest(model, frame), rf.evaluate(model, frame)
    names = ["unique_id", "target", "cutoff", "ds", "lead", "y", "model"]
    assert rows.columns.tolist()[:7] == names
    assert set(rows.columns[7:]) == set(RULES)
    assert len(rows) == scores.windows[0] * 4 * 2
    by_lead = (rows.model - rows.y).abs().groupby([rows.target, rows.lead]).mean()
    told = scores[scores.rule == "model"].set_index(["target", "lead"]).mae
    np.testing.assert_allclose(by_lead.loc[told.index], told, rtol=1e-5)
    came = frame.set_index("time")
    for _, row in rows.iloc[::17].iterrows():
        assert row.ds == row.cutoff + pd.Timedelta(hours=row.lead)
        assert row.y == pytest.approx(came[row.target][row.ds], rel=1e-5, abs=1e-5)


def test_a_backtest_takes_a_stride_and_leads() -> None:
    model, frame = two_kinds()
    some = rf.backtest(model, frame, stride=5, leads=[3])
    every = rf.backtest(model, frame)
    assert set(some.lead) == {3}
    assert len(some) == -(-len(every) // 8 // 5) * 2
    with pytest.raises(UsageError, match="leads must be from 1 to the horizon 4"):
        rf.backtest(model, frame, leads=[5])


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin"])
def test_times_of_a_backtest_are_utc_where_they_have_a_zone(tz: str) -> None:
    frame = frame_of(tz=tz, start="2026-03-20", rows=213)
    rows = rf.backtest(trained(tz), frame)
    assert str(rows.ds.dt.tz) == str(rows.cutoff.dt.tz) == "UTC"
    assert rows.ds.max() == frame.time.iloc[-1]
    naive = rf.backtest(trained(), frame_of())
    assert naive.ds.dt.tz is None
    assert naive.ds.max() == frame_of().time.iloc[-1]


def test_rows_without_times_are_counted_in_a_backtest_too() -> None:
    frame = frame_of().drop(columns="time")
    rows = rf.backtest(rf.train(frame, time="none", horizon=4, lookback=24, max_epochs=0), frame)
    assert (rows.ds - rows.cutoff == rows.lead).all()


def test_the_verdict_is_a_sentence() -> None:
    assert trained().verdict.endswith(".")
    assert "\n" not in trained().verdict


def test_one_seed_gives_one_model() -> None:
    again = rf.train(frame_of(), **SMALL)
    pd.testing.assert_frame_equal(again.predict(), trained().predict())
    other = rf.train(frame_of(), seed=1, **SMALL)
    (network,) = other.core.members.networks
    assert network is not None
    (first,) = trained().core.members.networks
    assert any((value != first.fitted[name]).any() for name, value in network.fitted.items())


def test_lengths_and_shares_are_written_as_on_the_command_line() -> None:
    model = rf.train(
        frame_of(), horizon="4h", lookback="1d", test=0.2, validation="30", max_epochs=0, quantile_levels=[0.1, 0.5],
    )  # fmt: skip
    config = model.core.config
    assert (config.horizon, config.lookback, config.test, config.validation) == (4, 24, "0.2", "30")
    assert model.predict().columns[-2:].tolist() == ["q0.1", "q0.5"]
    assert set(model.scores.rule) == {"model", *RULES}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"horizen": 4}, "unknown setting 'horizen'", "did you mean horizon?"),
        ({"targett": "y"}, "unknown setting 'targett'", "did you mean target?"),
        ({"cell": "ltsm"}, "cell must be one of gru, indrnn, lstm, rnn, got 'ltsm'", "--cell lstm"),
        ({"max_epochs": -1}, "max_epochs must be from 0 to 1000000, got -1", ""),
        ({"max_epochs": 1.5}, "max_epochs must be int, got 1.5", ""),
        ({"final_fit": 1}, "final_fit must be bool, got 1", ""),
        ({"quantile_levels": ["a"]}, r"quantile_levels must be numbers, got \['a'\]", ""),
        ({"quantile_levels": [0.9, 0.5]}, "quantile_levels must rise between 0 and 1 and hold 0.5", ""),
        ({"quantile_levels": [0.1, 0.9]}, "quantile_levels must rise between 0 and 1 and hold 0.5", ""),
        ({"horizon": "2 fortnights"}, "horizon: '2 fortnights' is not a duration", "--horizon 48"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(given: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        rf.train(frame_of(), **given)
    assert caught.value.hint == hint


def test_what_does_not_fit_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match="no column 'level_m', which the model needs"):
        trained().predict(frame_of().rename(columns={"level_m": "stage_m"}))
    with pytest.raises(Mismatch, match="1 day apart; expected 1 h"):
        trained().predict(frame_of(freq="D"))
    with pytest.raises(Mismatch, match="times in UTC"):
        trained().predict(frame_of(tz="UTC"))
    with pytest.raises(DataUnusable, match="too few rows"):
        rf.train(frame_of(30), **SMALL)
    with pytest.raises(NotFound):
        rf.load(tmp_path / "none.safetensors")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelUnusable):
        rf.load(tmp_path / "junk.safetensors")


def test_a_model_that_was_never_scored_says_so() -> None:
    from dataclasses import replace

    bare = rf.Model(replace(trained().core, scores=None))
    assert bare.verdict == ""
    with pytest.raises(UsageError, match="never scored"):
        _ = bare.scores


def test_the_doors_are_those_that_are_listed() -> None:
    assert set(rf.__all__) == {"Model", "__version__", "backtest", "evaluate", "load", "train"}
    assert dir(rf) == rf.__all__
    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        _ = rf.fit
