"""Arguments and nodal corrections are UTide's; the table is its selection."""

from __future__ import annotations

import numpy as np
import pytest
from utide._ut_constants import constit_index_dict, ut_constants
from utide.harmonics import FUV, linearized_freqs

from rnnforecast.data.astronomy import argument, at_latitude, frequency, nodal, positions
from rnnforecast.data.constituents import chosen, table

YEAR_1 = 719_163  # 1970-01-01 in utide's days
TIMES = np.random.default_rng(0).integers(-631_152_000, 2_524_608_000, 500)  # 1950 to 2050


def utide_at(names: tuple[str, ...], latitude: float) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """f exp(i u) and exp(i V), (n, K) both."""
    days = TIMES / 86_400 + YEAR_1
    f, u, v = FUV(days, days[0], [constit_index_dict[name] for name in names], latitude, [0, 0, 0, 0])
    return f * np.exp(2j * np.pi * u), np.exp(2j * np.pi * v)


@pytest.mark.parametrize("latitude", [32.867, -33.9, 51.4, 3.0, -3.0, 80.0])
def test_every_constituent_has_the_f_u_and_v_of_utide_from_1950_to_2050(latitude: float) -> None:
    whole = table()
    modulation, turned = utide_at(whole.names, latitude)
    np.testing.assert_allclose(nodal(TIMES, whole, latitude), modulation, atol=1e-11)
    np.testing.assert_allclose(np.exp(2j * np.pi * argument(TIMES, whole)), turned, atol=1e-7)


def test_the_table_is_what_utide_selects_by_itself() -> None:
    const = ut_constants.const
    assert {*table().names} == {*const.name[const.df > 0]}
    places = [constit_index_dict[name] for name in table().names]
    np.testing.assert_allclose(table().apart, const.df[places], atol=1e-10)


def test_frequencies_are_those_of_utide_and_of_the_argument() -> None:
    whole = table()
    places = [constit_index_dict[name] for name in whole.names]
    for second in TIMES[:5].tolist():
        per_day = frequency(second, whole)
        np.testing.assert_allclose(per_day / 24, linearized_freqs(second / 86_400 + YEAR_1)[places], atol=1e-12)
        before, after = argument(np.array([second - 30, second + 30]), whole)
        apart = (after - before - per_day * 60 / 86_400 + 0.5) % 1 - 0.5
        np.testing.assert_allclose(apart, 0, atol=1e-8)


def test_a_few_constituents_are_as_in_the_whole_table() -> None:
    names = ("M4", "SA", "L2", "SO1", "O1")
    places = [table().names.index(name) for name in names]
    few = chosen(names)
    np.testing.assert_allclose(nodal(TIMES, few, 50.0), nodal(TIMES, table(), 50.0)[:, places], atol=1e-13)
    np.testing.assert_array_equal(argument(TIMES, few), argument(TIMES, table())[:, places])
    assert few.mix.shape[1] == 5  # M2 for M4, S2 and O1 for SO1, and SA, L2 themselves


def test_no_constituents_are_no_columns() -> None:
    assert nodal(TIMES, chosen(()), 10.0).shape == argument(TIMES, chosen(())).shape == (len(TIMES), 0)


def test_without_a_latitude_only_the_satellites_that_it_moves_are_left_out() -> None:
    assert at_latitude(np.array([0.0, 1.0, 2.0]), None).tolist() == [1.0, 0.0, 0.0]
    kept = chosen(("MF", "H2", "M3"))  # none of the second degree
    np.testing.assert_array_equal(nodal(TIMES, kept), nodal(TIMES, kept, 40.0))
    assert np.abs(nodal(TIMES, table()) - nodal(TIMES, table(), 40.0)).max() > 0.1


def test_the_equator_is_held_5_degrees_away() -> None:
    degree = np.array([1.0, 2.0])
    np.testing.assert_array_equal(at_latitude(degree, 0.0), at_latitude(degree, 5.0))
    np.testing.assert_array_equal(at_latitude(degree, -1.0), at_latitude(degree, -5.0))


def test_the_moon_and_the_sun_stand_where_the_almanac_has_them() -> None:
    # Meeus, Astronomical Algorithms, example 47.a and 25.a: mean longitudes in degrees; 1992-04-12 and 1992-10-13, 0 h.
    moon = positions(np.array([703_036_800]))[0, 1] * 360 % 360
    sun = positions(np.array([718_934_400]))[0, 2] * 360 % 360
    assert moon == pytest.approx(134.290, abs=0.01)
    assert sun == pytest.approx(201.807, abs=0.01)
