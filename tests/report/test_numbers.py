"""Digits for machines and digits for readers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.report.numbers import count, decimals, exact, fixed, numbers, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (6.0999999046, "6.1"), (0.123456789, "0.123457"), (-3.25, "-3.25"), (360.0, "360"),
        (999.9876, "999.988"), (1000.1234, "1000.123"), (1_000_000.123, "1000000.123"), (25000.0, "25000"),
        (-123456.5, "-123456.5"), (0.0001, "0.0001"), (1e300, "1e+300"), (float("nan"), ""),
    ],
)  # fmt: skip
def test_exact_keeps_six_digits_and_at_least_millimetres(value, text):
    assert exact(value) == text


@given(st.floats(-1e12, 1e12))
def test_exact_is_within_six_digits_or_half_a_thousandth(value):
    allowed = 5.1e-6 * abs(value) if abs(value) < 1000 else 0.00051
    assert abs(float(exact(value)) - value) <= allowed


@given(st.floats(0.001, 1e9))
def test_exact_never_writes_an_ordinary_level_with_an_exponent(value):
    assert "e" not in exact(value)


@pytest.mark.parametrize(
    ("spread", "places"), [(2.5, 2), (360, 0), (0.028, 4), (12.0, 1), (0, 2), (math.nan, 2), (1e-30, 9)]
)
def test_decimals_show_a_spread_with_three_digits(spread, places):
    assert decimals(spread) == places


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (1.234, 2, "1.23"), (-0.001, 2, "0.00"), (-0.1, 1, "-0.1"), (9999.4, 0, "9999"), (12345.67, 1, "12,345.7"),
        (math.nan, 2, "-"),
    ],
)
def test_fixed_has_the_decimals_asked_for(value, places, text):
    assert fixed(value, places) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.374, "37 %"), (0.004, "0.4 %"), (0.0001, "<0.1 %"), (0, "0 %"), (1, "100 %"), (-0.25, "-25 %"),
        (0.0096, "1 %"),
    ],
)  # fmt: skip
def test_a_share_that_is_not_zero_never_reads_as_zero(share, text):
    assert percent(share) == text


def test_a_count_takes_its_plural_and_thousands():
    assert (count(1, "row"), count(14_688, "row"), count(2, "series")) == ("1 row", "14,688 rows", "2 series")


def test_json_gets_null_for_what_is_no_number():
    assert numbers(np.array([1.25, math.nan, math.inf])) == [1.25, None, None]
