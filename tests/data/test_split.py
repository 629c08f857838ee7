"""The three parts: in time order, a horizon apart, counted in complete windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.data.split import configure, evenly, rows_back, split
from rnnforecast.errors import DataUnusable, UsageError
from tests.making import JAN_1, NAN, panel_of, tide

DAILY = Step("second", 86_400)


def config(lookback: int = 24, horizon: int = 4, **given: object) -> RunConfig:
    return RunConfig(horizon=horizon, lookback=lookback, segment_length=1, **given)  # type: ignore[arg-type]


def targets(origins: np.ndarray, horizon: int) -> set[int]:
    return {int(row) for row in (origins[:, None] + np.arange(1, horizon + 1)).ravel()}


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=3), st.integers(1, 20), st.integers(1, 6), st.integers(1, 5),
    st.sampled_from(["0.15", "0.4", "5", "12h"]), st.sampled_from(["0.15", "0.3", "7", "1d"]),
)  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_no_target_row_serves_two_parts_and_every_window_is_complete(lengths, L, H, stride, validation, test) -> None:
    panel = panel_of(*(tide(n) for n in lengths))
    try:
        parts = split(panel, config(L, H, stride=stride, validation=validation, test=test))
    except DataUnusable:
        assume(False)
    kinds = [parts.train, parts.validation, parts.test]
    rows = [targets(origins, H) for origins in kinds]
    assert not rows[0] & rows[1] | rows[1] & rows[2] | rows[0] & rows[2]
    series = [panel.series_of(origins) for origins in kinds]
    for origins, owner in zip(kinds, series, strict=True):
        assert (origins - L + 1 >= panel.offsets[owner]).all()
        assert (origins + H <= panel.cutoff[owner]).all()
    for s in range(panel.num_series):  # in time order: all targets of a part lie before those of the next
        own = [origins[owner == s] for origins, owner in zip(kinds, series, strict=True)]
        ends = [(o.min() + 1, o.max() + H) for o in own if len(o)]
        assert all(last < first for (_, last), (first, _) in pairwise(ends))


@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 4), st.booleans())
@settings(deadline=None)
def test_parts_of_one_horizon_need_exactly_the_rows_that_the_refusal_names(L, H, stride, enough) -> None:
    needed = L + 3 * H
    panel = panel_of(tide(needed if enough else needed - 1))
    one_each = config(L, H, stride=stride, validation=str(H), test=str(H))
    if enough:
        parts = split(panel, one_each)
        assert (len(parts.train), len(parts.validation), len(parts.test)) == (1, 1, 1)
    else:
        with pytest.raises(DataUnusable, match=f"{needed - 1} with lookback {L} and horizon {H};.* at least {needed} "):
            split(panel, one_each)


def test_two_hundred_rows_are_enough_for_a_day_back_and_four_steps_ahead() -> None:
    parts = split(panel_of(tide(200)), config())
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (113, 27, 27)


def test_the_hint_of_a_refusal_would_be_accepted() -> None:
    panel = panel_of(tide(60))
    with pytest.raises(DataUnusable) as caught:
        split(panel, config(lookback=55))
    shorter = int(caught.value.hint.removeprefix("--lookback "))
    assert len(split(panel, config(lookback=shorter)).train) > 0


def test_origins_of_several_series_come_in_order_of_time() -> None:
    panel = panel_of(tide(100), tide(100), start=[JAN_1 + 50 * 3600, JAN_1])
    for origins in (split(panel, config()).train, split(panel, config()).test):
        assert (np.diff(panel.times(origins)) >= 0).all()
        assert len(set(panel.series_of(origins).tolist())) == 2


def test_an_origin_stands_where_a_target_was_observed() -> None:
    values = np.stack([tide(200), tide(200)], axis=1)
    values[::2, 0] = NAN
    values[::3, 1] = NAN
    parts = split(panel_of(values, T=2), config())
    everything = np.concatenate([parts.train, parts.validation, parts.test])
    assert not (everything % 6 == 0).any()
    assert {int(o) % 6 for o in everything} == {1, 2, 3, 4, 5}


def test_the_stride_thins_what_is_scored_and_not_what_is_learned_from() -> None:
    whole, thin = (split(panel_of(tide(200)), config(stride=stride)) for stride in (1, 5))
    np.testing.assert_array_equal(thin.train, whole.train)
    np.testing.assert_array_equal(thin.test, whole.test[::5])
    np.testing.assert_array_equal(thin.validation, whole.validation[::5])


def ends(panel: Panel, **given: str) -> tuple[int, int]:
    parts = split(panel, config(**given))
    return int(parts.train_end[0]), int(parts.validation_end[0])


@pytest.mark.parametrize(
    ("test", "rows"), [("0.15", 36), ("0.5", 120), ("48", 48), ("2d", 48), ("2 days", 48), ("1", 4), ("2026-01-09", 48)]
)
def test_the_test_part_is_a_share_a_length_or_a_date(test: str, rows: int) -> None:
    assert ends(panel_of(tide(240)), test=test)[1] == 239 - rows


def test_the_validation_part_ends_where_the_test_part_begins() -> None:
    panel = panel_of(tide(240))
    assert ends(panel, validation="2026-01-08", test="2026-01-09") == (7 * 24 - 1, 8 * 24 - 1)
    assert ends(panel, validation="1d", test="2026-01-09") == (7 * 24 - 1, 8 * 24 - 1)
    assert ends(panel, validation="0.1", test="0.2") == (239 - 48 - 24, 239 - 48)


@pytest.mark.parametrize("name", ["validation", "test"])
@pytest.mark.parametrize("text", ["soon", "1.5", "-0.2", "nan", "2025-01-01", "2027-01-01", ""])
def test_a_part_that_is_none_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} ") as caught:
        split(panel_of(tide(240)), config(**{name: text}))
    assert caught.value.hint == f"--{name} 0.15"


@given(st.integers(3, 3000), st.sampled_from([Step("second", 900), Step("second", 3600), DAILY, Step("month", 1)]))
@settings(deadline=None)
def test_lengths_that_were_not_asked_for_fit_the_data(rows: int, step: Step) -> None:
    chosen = configure(panel_of(np.arange(float(rows)), step=step), {})
    assert chosen.horizon <= max(1, rows // 12)
    assert chosen.segment_length >= 1
    assume(rows >= 24)
    assert len(split(panel_of(np.arange(float(rows)), step=step), chosen).test) > 0


def test_lengths_are_steps_or_durations() -> None:
    panel = panel_of(tide(400))
    chosen = configure(panel, {"horizon": "1d", "lookback": 48, "stride": "6h", "cell": None})
    assert (chosen.horizon, chosen.lookback, chosen.stride, chosen.cell) == (24, 48, 6, "lstm")


@pytest.mark.parametrize(
    ("given_settings", "segment"),
    [
        ({"lookback": 96}, 24),  # a day, four times
        ({"lookback": 95}, 1),
        ({"lookback": 168, "decoder": "recursive"}, 1),
        ({"lookback": 168, "segment_length": 3}, 3),
    ],
)
def test_a_segment_is_a_day_where_the_lookback_holds_four(given_settings: dict[str, object], segment: int) -> None:
    assert configure(panel_of(tide(2000)), given_settings).segment_length == segment


def test_without_days_a_segment_is_a_64th_of_the_lookback() -> None:
    assert configure(panel_of(tide(5000), step=DAILY), {"lookback": 365}).segment_length == 5


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="unknown setting 'lookbak'") as caught:
        configure(panel_of(tide(100)), {"lookbak": 3})
    assert caught.value.hint == "did you mean lookback?"


def test_of_a_very_long_record_windows_are_drawn_evenly_and_at_every_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnforecast.data.split.LEARNED", 4 * 3000)
    monkeypatch.setattr("rnnforecast.data.split.JUDGED", 0)
    monkeypatch.setattr("rnnforecast.data.split.FEWEST", 500)
    long, short = tide(24_000), tide(6000)
    parts = split(panel_of(long, short), config(horizon=4))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (3000, 500, 500)
    assert len(np.unique(parts.train)) == 3000
    counts = np.histogram(parts.train[parts.train < 24_000], bins=10, range=(23, 16_800))[0]
    assert np.ptp(counts) <= 2
    assert abs((parts.train < 24_000).mean() - 0.8) < 0.01  # each series by its length
    assert (np.bincount(evenly(12_000, 500) % 24, minlength=24) > 5).all()  # though 24 rows are drawn from at a time
    assert split(panel_of(long, short), config(horizon=4, lookback=25)).train[0] > 23


def test_a_record_that_is_not_long_keeps_all_its_windows() -> None:
    panel = panel_of(tide(400))
    assert split(panel, config()).train.tolist() == list(range(23, 276))


# Shares of what was observed ------------------------------------------------------------------------------------------


def rows_back_by_a_loop(values: np.ndarray, last: int, share: float) -> int:
    """Row by row from `last` on, until that share of all observed rows has been met."""
    seen = np.isfinite(values).any(axis=1)
    wanted, rows = round(share * int(seen.sum())), 0
    for row in range(last, -1, -1):
        if wanted == 0:
            break
        rows += 1
        wanted -= int(seen[row])
    return rows


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=6), st.floats(0.01, 0.99),
    st.integers(0, 30), st.integers(0, 50), st.sampled_from([3, 7, 1 << 20]),
)  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_a_share_is_counted_back_over_observed_rows_only(runs, share, back, before, block) -> None:
    """Against a loop, whatever the holes and however the rows are looked at; a series before it does not count."""
    values = np.concatenate([np.where(seen, 1.0, NAN) * np.ones((n, 2)) for n, seen in runs])
    values[::3, 0] = NAN
    panel = panel_of(*([np.ones((before, 2))] if before else []), values, T=2)
    last = max(0, len(values) - 1 - back)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnnforecast.data.split.BLOCK", block)
        found = rows_back(panel, int(before > 0), last + before, share)
    assert found == rows_back_by_a_loop(values, last, share)


def test_a_winter_without_rows_is_no_test_part() -> None:
    """Its share is of what was observed: the hole lies within a part and does not stand for one."""
    values = tide(1000)
    values[700:960] = NAN
    parts = split(panel_of(values), config())
    assert 999 - parts.validation_end[0] == 40 + 260 + 71  # 15 % of 740 observed rows, the hole among them
    assert np.isfinite(values[parts.validation_end[0] + 1 :]).sum() == 111
    assert np.isfinite(values[parts.train_end[0] + 1 : parts.validation_end[0] + 1]).sum() == 111
    whole = split(panel_of(tide(1000)), config())
    assert (999 - whole.validation_end[0], whole.validation_end[0] - whole.train_end[0]) == (150, 150)
