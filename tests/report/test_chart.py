"""The hydrograph as characters: where the line, the band, the cutoff, the labels and the times stand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnforecast.report.chart import chart, sparkline

NAN = float("nan")
TIMES = ("2026-03-01T00:00Z", "2026-03-04T00:00Z", "2026-03-05T00:00Z")
NONE = np.zeros(0)


def picture(past, forecast=(), low=None, high=None, width=40, height=5, unicode=False, times=("a", "b", "c"), unit="m"):
    """The lines of a chart, by default in ASCII and without a band."""
    low = np.full(len(forecast), NAN) if low is None else low
    high = np.full(len(forecast), NAN) if high is None else high
    sides = [np.array(values, np.float64) for values in (past, forecast, low, high)]
    return chart(*sides, width, height, unicode, times, unit).splitlines()


def drawn(lines: list[str]) -> list[str]:
    """What stands right of the axis."""
    return [line.split("|", 1)[1] for line in lines if "|" in line]


def test_a_rise_is_drawn_from_the_lower_left_to_the_upper_right():
    rows = drawn(picture([0, 1, 2], width=19, height=3))
    assert rows == ["       ****", "   *****  :", "****      :"]


def test_the_forecast_and_its_band_stand_right_of_the_cutoff():
    rows = drawn(picture([1, 1, 1], [1, 1], [0, 0], [2, 2], width=17, height=3))
    assert rows == ["    : ...", "***** ooo", "    : ..."]


def test_a_hole_stays_a_hole():
    whole, holed = (drawn(picture(v, width=46))[2] for v in ([1.0] * 20, [1.0] * 8 + [NAN] * 4 + [1.0] * 8))
    assert "**    " in holed
    assert "  " not in whole.strip()


def test_a_value_between_two_holes_is_still_seen():
    assert "".join(drawn(picture([NAN, 5, NAN], width=20))).count("*") == 1


def test_a_peak_of_one_step_among_thousands_is_not_lost():
    values = np.zeros(5000)
    values[1234] = 9.0
    assert "*" in drawn(picture(values, width=30))[0]
    assert drawn(picture(values, width=30, unicode=True)) == []
    assert any("⠀" < c <= "⣿" for c in picture(values, width=30, unicode=True)[0])


def test_a_steep_limb_has_no_gap():
    rows = drawn(picture([0.0, 10.0] * 10, width=28, height=12))
    assert all("*" in row for row in rows)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 10], ["10.0 m", "5.0", "0.0"]),
        ([0.344, 0.372], ["0.3720 m", "0.3580", "0.3440"]),
        ([-360, 0], ["0 m", "-180", "-360"]),
    ],
)
def test_the_axis_is_labelled_at_top_middle_and_bottom_with_three_digits(values, labels):
    shown = [line.split("|")[0].strip() for line in picture(values, height=5) if "|" in line]
    assert shown == [labels[0], "", labels[1], "", labels[2]]


def test_a_constant_series_runs_through_the_middle():
    rows = drawn(picture([2.5] * 9, height=5))
    assert ["*" in row for row in rows] == [False, False, True, False, False]


def test_values_that_only_rounding_parts_are_drawn_as_constant():
    assert ["*" in row for row in drawn(picture([0.0, 5e-324] * 5, height=3))] == [False, True, False]


def test_nothing_to_draw_is_said():
    assert picture([NAN, NAN], [NAN], [NAN], [NAN]) == ["no values to draw"]
    assert picture([]) == ["no values to draw"]


def test_the_cutoff_time_stands_under_the_cutoff():
    lines = picture(np.sin(np.arange(60)), np.zeros(30), width=100, times=TIMES)
    below, mark = lines[-1], next(line.index(":") for line in lines if ":" in line)
    assert below.split() == list(TIMES)
    assert below.index(TIMES[1]) + len(TIMES[1]) // 2 == mark


def test_times_that_do_not_fit_on_one_line_stand_on_several():
    lines = picture([1, 2, 3], [3], width=20, times=TIMES)
    assert [line.strip() for line in lines[-3:]] == list(TIMES)


def test_ascii_is_ascii_and_unicode_draws_in_braille():
    sides = ([1, 3, 2], [2, 2], [1, 1], [3, 3])
    assert all(line.isascii() for line in picture(*sides))
    assert any("⠀" < c <= "⣿" for c in "".join(picture(*sides, unicode=True)))
    assert "░" in "".join(picture(*sides, unicode=True))


def test_a_unit_cannot_steer_the_terminal():
    assert "\x1b" not in "".join(picture([1, 2], unit="\x1b[2J"))


@given(
    arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e7, 1e7) | st.just(NAN) | st.just(np.inf)),
    arrays(np.float64, st.integers(0, 30), elements=st.floats(-1e7, 1e7) | st.just(NAN)),
    st.integers(20, 200), st.integers(1, 12), st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_values_fit_the_width_and_height_asked_for(past, forecast, width, height, unicode):
    lines = picture(past, forecast, forecast - 1, forecast + 1, width, height, unicode, TIMES)
    assert max(map(len, lines)) <= width
    if len(lines) > 1:
        assert sum("|" in line or "┤" in line for line in lines) == height


@given(arrays(np.float64, st.integers(1, 50), elements=st.floats(-100, 100)))
@settings(max_examples=60, deadline=None)
def test_every_observed_step_has_a_dot_in_its_column(values):
    width = len(values) + 40
    lines = picture(values, width=width, height=6)
    axis = lines[0].index("|")
    steps = np.rint(np.arange(len(values)) * (width - axis - 2) / max(len(values) - 1, 1)).astype(int)
    for step in steps:
        assert any(line[axis + 1 + step : axis + 2 + step] == "*" for line in lines)


def test_a_sparkline_rises_with_the_values():
    assert sparkline(np.arange(8.0), True) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.arange(8.0), False) == "_.-=+*#@"


def test_a_sparkline_leaves_holes_blank_and_puts_a_constant_in_the_middle():
    assert sparkline(np.array([0, NAN, 1]), True) == "▁ █"
    assert sparkline(np.full(3, 7.0), True) == "▅▅▅"
    assert sparkline(np.full(3, NAN), True) == "   "
    assert sparkline(NONE, True) == ""


def test_a_long_sparkline_shows_means():
    assert sparkline(np.repeat([0.0, 1.0], 100), True, width=4) == "▁▁██"
