"""Steps: durations in and out, the spacing of a file, seasons and defaults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.data.frequency import (
    DAY,
    HOUR,
    WEEK,
    Step,
    defaults,
    infer_step,
    length_in_steps,
    parse_step,
    season_words,
    seasons,
    words,
)
from rnnforecast.errors import DataUnusable, UsageError

HOURLY, DAILY = Step("second", HOUR), Step("second", DAY)
STEPS = st.one_of(
    st.builds(Step, st.just("second"), st.integers(1, 40 * DAY)),
    st.builds(Step, st.just("month"), st.integers(1, 120)),
    st.builds(Step, st.just("row"), st.integers(1, 1000)),
)


def times(*text: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(text, "datetime64[s]").astype(np.int64)


@given(STEPS)
def test_a_step_reads_back_from_its_words(step: Step) -> None:
    if step.unit != "row" or step.count == 1:
        assert parse_step(step.text()) == step


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("15min", Step("second", 900)),
        ("15m", Step("second", 900)),
        ("1h", HOURLY),
        ("H", HOURLY),
        ("1d", DAILY),
        ("1w", Step("second", WEEK)),
        ("1mo", Step("month", 1)),
        ("1q", Step("month", 3)),
        ("1y", Step("month", 12)),
        ("MS", Step("month", 1)),
        ("0.5h", Step("second", 1800)),
        ("1 row", Step("row", 1)),
    ],
)
def test_a_step_is_read_as_people_write_it(text: str, step: Step) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["M", "1M", "", "h1", "-1h", "0h", "1.5s", "1 fortnight", "1h30", "99999999999h"])
def test_what_is_no_step_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_step(text)


@pytest.mark.parametrize(
    ("text", "step", "steps"),
    [
        ("48", HOURLY, 48),
        (48, HOURLY, 48),
        ("2d", HOURLY, 48),
        ("90m", Step("second", 900), 6),
        ("2y", DAILY, 730),
        ("1y", Step("month", 1), 12),
        ("1y", Step("month", 3), 4),
        ("6", Step("row", 1), 6),
    ],
)
def test_a_length_is_steps_or_a_duration(text: str | int, step: Step, steps: int) -> None:
    assert length_in_steps(text, step) == steps


@pytest.mark.parametrize(
    ("text", "step"), [("90m", HOURLY), ("1mo", DAILY), ("2d", Step("month", 1)), ("2h", Step("row", 1))]
)
def test_a_length_that_is_no_whole_number_of_steps_is_refused(text: str, step: Step) -> None:
    with pytest.raises(UsageError, match="whole number of steps"):
        length_in_steps(text, step)


@given(STEPS, st.integers(2, 500))
def test_a_length_in_words_reads_back(step: Step, steps: int) -> None:
    assert length_in_steps(words(steps, step), step) == steps


@pytest.mark.parametrize(
    ("steps", "step", "text"),
    [
        (24, HOURLY, "24 h"),
        (48, HOURLY, "2 days"),
        (14, DAILY, "14 days"),
        (1, DAILY, "1 day"),
        (6, Step("row", 1), "6 steps"),
        (4, Step("second", 900), "1 h"),
        (1, Step("second", 900), "15 min"),
        (3, Step("month", 12), "3 years"),
        (12, Step("month", 1), "12 months"),
        (8, Step("second", WEEK), "8 weeks"),
        (1, Step("row", 1), "1 row"),
    ],
)
def test_a_length_is_said_as_people_say_it(steps: int, step: Step, text: str) -> None:
    assert words(steps, step) == text


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10 * DAY), st.lists(st.integers(1, 20), max_size=5), st.integers(0, 10**9))
def test_a_regular_file_with_a_few_holes_shows_its_step(count: int, holes: list[int], start: int) -> None:
    index = np.setdiff1d(np.arange(100), np.array(holes) * 4)
    assert infer_step([start + index * count]) == Step("second", count)


@pytest.mark.parametrize(
    ("stamps", "step"),
    [
        (times("2026-01-01", "2026-02-01", "2026-03-01"), Step("month", 1, 1)),
        (times("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"), Step("month", 1, 31)),
        (times("2026-01-30", "2026-02-28", "2026-03-30"), Step("month", 1, 30)),
        (times("2026-01-15T12:00", "2026-02-15T12:00", "2026-03-15T12:00"), Step("month", 1, 15)),
        (times("2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"), Step("month", 3, 1)),
        (times("2026-01-01", "2027-01-01", "2028-01-01", "2029-01-01"), Step("month", 12, 1)),
        (times("2026-01-01", "2026-02-01", "2026-03-01", "2026-06-01", "2026-07-01"), Step("month", 1, 1)),
        (times("2026-01-01", "2026-01-29", "2026-02-26", "2026-03-26"), Step("second", 28 * DAY)),
        (
            times("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-13"),
            DAILY,
        ),
    ],
)
def test_months_quarters_years_and_business_days_are_recognised(stamps: np.ndarray, step: Step) -> None:  # type: ignore[type-arg]
    assert infer_step([stamps]) == step


def test_jitter_leaves_the_round_step() -> None:
    noise = np.random.default_rng(0).integers(-120, 121, 200)
    assert infer_step([np.arange(200) * HOUR + noise]) == HOURLY


@pytest.mark.parametrize(
    ("gaps", "freq"),
    [
        ([900] * 50 + [1234] * 6, "20min"),
        ([900, 3600, 3600] * 33, "1h"),
        ([900] * 40 + [3600] * 60, "1h"),
        ([3600] * 12 + [900] * 9, "1h"),
        ([60, 7000, 431, 9], "2h"),
    ],
)
def test_mixed_spacing_is_refused_with_a_step_that_holds_most_rows(gaps: list[int], freq: str) -> None:
    with pytest.raises(DataUnusable, match="unevenly spaced") as refused:
        infer_step([np.cumsum(gaps)], how="sum")
    assert refused.value.hint == f"--freq {freq} --aggregate sum"


def test_two_rows_show_no_step() -> None:
    with pytest.raises(DataUnusable, match="at least 3"):
        infer_step([np.array([0, 3600])])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (HOURLY, (24, 25, 168)),
        (Step("second", 900), (96, 672)),
        (DAILY, (7, 365)),
        (Step("second", WEEK), (52,)),
        (Step("month", 1), (12,)),
        (Step("month", 3), (4,)),
        (Step("month", 12), (1,)),
        (Step("row", 1), (1,)),
        (Step("second", 3 * HOUR), (8, 56, 2920)),
        (Step("second", 7 * 60), (1440,)),
    ],
)
def test_seasons_follow_from_the_step(step: Step, expected: tuple[int, ...]) -> None:
    assert seasons(step) == expected


@pytest.mark.parametrize(
    ("period", "step", "text"),
    [
        (24, HOURLY, "same time yesterday"),
        (25, HOURLY, "25 h before"),
        (168, HOURLY, "same time last week"),
        (7, DAILY, "same day last week"),
        (365, DAILY, "same day last year"),
        (52, Step("second", WEEK), "same week last year"),
        (12, Step("month", 1), "same month last year"),
        (4, Step("month", 3), "same quarter last year"),
        (1, HOURLY, "last value"),
        (1, DAILY, "last value"),
        (1, Step("month", 12), "last value"),
    ],
)
def test_a_season_is_said_as_people_say_it(period: int, step: Step, text: str) -> None:
    assert season_words(period, step) == text


@given(STEPS)
def test_every_step_has_defaults_of_at_least_one_step(step: Step) -> None:
    horizon, lookback = defaults(step)
    assert 1 <= horizon <= lookback


@pytest.mark.parametrize(
    ("step", "lengths"),
    [
        (HOURLY, (24, 168)),
        (Step("second", 900), (24, 192)),
        (Step("second", 60), (96, 512)),
        (Step("second", 1800), (12, 96)),
        (Step("second", 3 * HOUR), (8, 112)),
        (DAILY, (14, 365)),
        (Step("second", WEEK), (8, 104)),
        (Step("month", 1), (12, 36)),
        (Step("month", 3), (4, 16)),
        (Step("month", 12), (3, 10)),
        (Step("row", 1), (24, 96)),
    ],
)
def test_the_defaults_are_these(step: Step, lengths: tuple[int, int]) -> None:
    assert defaults(step) == lengths


@given(st.integers(0, 2_000_000_000), st.integers(1, 31), st.integers(0, 400), st.integers(1, 12))
def test_month_steps_stand_on_their_day_or_the_last_one(start: int, day: int, index: int, count: int) -> None:
    stood = Step("month", count, day).at(np.array([start]), np.array([index]))[0]
    date = np.datetime64(int(stood), "s")
    month_end = (date.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    number = int((date.astype("datetime64[D]") - date.astype("datetime64[M]").astype("datetime64[D]")).astype(int)) + 1
    assert number == day or (number < day and date.astype("datetime64[D]") == month_end)
    assert (stood - start) % DAY == 0  # the clock is kept
