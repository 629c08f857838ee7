"""Numbers out of cells, and what is neither a number nor missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnforecast.data.table import CellError
from rnnforecast.data.units import unit_of
from rnnforecast.data.values import USUAL, as_text, missing_of, number, parse_numbers

NONE = missing_of(())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_float_comes_back_from_its_text_to_the_last_bit(values: list[float]) -> None:
    assert parse_numbers([repr(v) for v in values], NONE).tolist() == values


@given(st.lists(st.sampled_from(["1.5", "-2", "3e2", "", "NA", "-", "0.001"]), min_size=1, max_size=10))
def test_the_fast_way_and_the_slow_way_agree(cells: list[str]) -> None:
    slow = [number(i, cell, NONE, ".") for i, cell in enumerate(cells)]
    np.testing.assert_array_equal(parse_numbers(cells, NONE), slow)


@given(st.lists(st.decimals(-1000, 1000, places=3), min_size=1, max_size=10))
def test_a_decimal_comma_reads_as_a_decimal_point(values: list) -> None:  # type: ignore[type-arg]
    commas = [str(v).replace(".", ",") for v in values]
    assert parse_numbers(commas, NONE, ",").tolist() == [float(v) for v in values]


@pytest.mark.parametrize("word", sorted(USUAL))
def test_the_usual_words_are_missing(word: str) -> None:
    assert np.isnan(parse_numbers(["1", word], NONE)[1])


@pytest.mark.parametrize("cell", ["1_000", "1,5", "1 000", "$5", "5%", "Tide", "frozen", "0x10", "--5", "1.2.3"])
def test_other_text_is_refused_by_its_index(cell: str) -> None:
    with pytest.raises(CellError, match="is not a number") as refused:
        parse_numbers(["1", cell], NONE)
    assert refused.value.index == 1
    assert refused.value.hint


@pytest.mark.parametrize(("cell", "decimal", "hint"), [("1,5", ".", "--decimal ,"), ("1.5", ",", "--decimal .")])
def test_the_other_decimal_mark_is_hinted_at(cell: str, decimal: str, hint: str) -> None:
    with pytest.raises(CellError) as refused:
        parse_numbers([cell], NONE, decimal)
    assert refused.value.hint == hint


def test_a_missing_number_is_compared_as_a_number_and_a_missing_word_as_text() -> None:
    own = missing_of(("-9999,Ice", "Eqp"))
    read = parse_numbers(["-9999", "-9999.0", "Ice", "Eqp", "1"], own)
    assert np.isnan(read[:4]).all()
    assert read[4] == 1
    assert np.isnan(parse_numbers(np.array([-9999.0, 2.0]), own)).tolist() == [True, False]


def test_a_column_of_times_is_no_column_of_numbers() -> None:
    with pytest.raises(CellError, match="a column of times"):
        parse_numbers(np.array(["2026-01-01"], "datetime64[s]"), NONE)


def test_ids_keep_their_zeros_and_lose_no_number() -> None:
    assert as_text(["007", "NA"]) == ["007", "NA"]
    assert as_text(np.array([7.0, 1.5, np.nan, np.inf])) == ["7", "1.5", "", "inf"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("discharge_m3s", "m3/s"),
        ("temp_c", "°C"),
        ("stage_m", "m"),
        ("precip_mm", "mm"),
        ("pressure_hpa", "hPa"),
        ("wind_speed_mps", "m/s"),
        ("Water Level (ft)", "ft"),
        ("x [m]", "m"),
        ("Débit (cms)", "m3/s"),
        ("temperature_2m (°C)", "°C"),
        ("flow_m3_s", "m3/s"),
        ("m", ""),
        ("level", ""),
        ("y", ""),
        ("item", ""),
    ],
)
def test_the_unit_stands_in_the_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit
