"""Which column is what: names, cells, flags, and what is left undecided."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout, find, require_target
from rnnforecast.data.names import listing, quoted, split_names
from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.errors import DataUnusable, UsageError
from tests.data.writing import hours


def table(**columns: Column) -> Table:
    return Table("gauge.csv", tuple(columns), partial(iter, [Chunk(columns, 2)]))


def found(flags: dict[str, Any] | None = None, **columns: Column) -> Layout:
    return find(table(**columns), DataFlags(**(flags or {})))


TIMES = hours(4)
NUMBERS = ["1", "2", "3", "4"]


def test_the_only_numeric_column_is_the_target() -> None:
    layout = found(when=TIMES, stage_m=NUMBERS, note=["a", "b", "c", "d"])
    assert (layout.time, layout.target, layout.units, layout.unused) == ("when", ("stage_m",), ("m",), ("note",))
    assert dict(layout.reasons)["target"] == "the only numeric column"


@pytest.mark.parametrize("name", ["y", "Y", "target", "Value"])
def test_a_known_name_is_the_target_before_any_other(name: str) -> None:
    assert found(time=TIMES, a=NUMBERS, **{name: NUMBERS}).target == (name,)


def test_several_numeric_columns_leave_the_target_open_with_its_candidates() -> None:
    layout = found(time=TIMES, wind=NUMBERS, pressure=NUMBERS)
    assert (layout.target, layout.candidates) == ((), ("wind", "pressure"))
    with pytest.raises(DataUnusable, match=r"gauge.csv: several columns could be the target: wind, press") as refused:
        require_target(layout, "gauge.csv")
    assert refused.value.hint == "-t wind"


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        (("stage_m", "discharge_m3s", "temp"), ("stage_m",)),
        (("precip", "discharge_spec", "peti"), ("discharge_spec",)),
        (("Water Level", "wind"), ("Water Level",)),
        (("stage", "stage_cor"), ()),  # two levels: which one is not for us to say
        (("temp", "humid"), ()),
    ],
)
def test_the_one_column_named_for_what_a_gauge_measures_is_the_target(
    columns: tuple[str, ...], target: tuple[str, ...]
) -> None:
    assert found(time=TIMES, **dict.fromkeys(columns, NUMBERS)).target == target


def test_a_time_may_stand_in_several_columns() -> None:
    hours, ones = ["00:00", "01:00", "02:00"], ["1", "1", "1"]
    assert found(Date=["2026-01-01"] * 3, **{"Time (GMT)": hours}, y=NUMBERS[:3]).time == "Date + Time (GMT)"
    calendar = found(Year=["2026"] * 3, Mnth=ones, Day=ones, Hr=["0", "1", "2"], y=NUMBERS[:3])
    assert calendar.time == "Year + Mnth + Day + Hr"
    assert found(year=["2026"] * 3, month=ones, time_hour=TIMES[:3], y=NUMBERS[:3]).time == "time_hour"
    assert calendar.unused == ()


def test_no_numeric_column_is_said_to_be_none() -> None:
    with pytest.raises(DataUnusable, match="no numeric column"):
        require_target(found(time=TIMES, note=["a", "b", "c", "d"]), "gauge.csv")


@pytest.mark.parametrize(
    "name", ["Quality", "flag", "Sigma", "lat", "longitude", "00060_cd", "qc_flag", "year", "row_no"]
)
def test_flags_places_and_calendars_are_no_target(name: str) -> None:
    assert found(time=TIMES, level=NUMBERS, **{name: NUMBERS}).target == ("level",)


def test_covariates_only_where_they_are_named() -> None:
    layout = found(
        {"past": ("rain",), "future": ("tide,wind",)},
        time=TIMES,
        y=NUMBERS,
        rain=NUMBERS,
        tide=NUMBERS,
        wind=NUMBERS,
        x=NUMBERS,
    )
    assert (layout.past, layout.future, layout.unused) == (("rain",), ("tide", "wind"), ("x",))
    assert layout.covariates == ("rain", "tide", "wind")


def test_an_exact_name_wins_over_splitting_at_commas() -> None:
    assert split_names(("a,b", "c,d", "c"), ("a,b", "a", "c", "d")) == ("a,b", "c", "d")
    assert found({"target": ("flow, in m",)}, time=TIMES, **{"flow, in m": NUMBERS}).target == ("flow, in m",)


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        ({"target": ("lvel",)}, "did you mean -t level?"),
        ({"past": ("levle",)}, "did you mean --past level?"),
        ({"time": "tiem"}, "did you mean --time time?"),
        ({"id": ("zzz",)}, ""),
    ],
)
def test_a_named_column_that_is_not_there_is_refused_with_the_nearest(flags: dict[str, Any], hint: str) -> None:
    with pytest.raises(DataUnusable, match="expected one of time, level") as refused:
        found(flags, time=TIMES, level=NUMBERS)
    assert refused.value.hint == hint


def test_a_column_in_two_roles_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="named as --target and as --past"):
        found({"target": ("level",), "past": ("level",)}, time=TIMES, level=NUMBERS)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("date", "ds"), "ds"),
        (("updated_date", "Date Time"), "Date Time"),
        (("last_modified", "time"), "time"),
        (("noted", "valid_time"), "valid_time"),
    ],
)
def test_the_best_name_among_columns_of_times_is_the_time(names: tuple[str, str], chosen: str) -> None:
    assert found(**dict.fromkeys(names, TIMES), y=NUMBERS).time == chosen


def test_a_time_by_name_whose_cells_are_none_is_no_time() -> None:
    assert found(time=["lunch", "dinner", "lunch", "tea"], when=TIMES, y=NUMBERS).time == "when"


def test_a_year_is_the_time_only_without_a_better_one() -> None:
    years = ["2001", "2002", "2003", "2004"]
    assert found(year=years, time_hour=TIMES, y=NUMBERS).time == "time_hour"
    assert found(year=years, y=NUMBERS).time == "year"


def test_numbers_alone_are_no_times() -> None:
    with pytest.raises(DataUnusable, match="no time column among pressure, n") as refused:
        found(pressure=["1012.6", "1013.1"], n=["1", "2"])
    assert refused.value.hint == "--time NAME or --time none"


def test_rows_in_order_need_no_time() -> None:
    layout = found({"time": "none"}, y=NUMBERS)
    assert (layout.time, layout.stamp) == (None, "integer")


def test_typed_columns_are_found_like_texts() -> None:
    layout = found(t=np.array(TIMES, "datetime64[s]"), y=np.arange(4.0), note=["a"] * 4)
    assert (layout.time, layout.target) == ("t", ("y",))


@pytest.mark.parametrize("name", ["unique_id", "id", "site_no", "Station", "location"])
def test_a_known_name_tells_the_series_apart(name: str) -> None:
    assert found(ds=TIMES[:2] * 2, y=NUMBERS, **{name: ["NA", "NA", "007", "007"]}).id == (name,)


def test_an_id_that_differs_in_each_row_names_rows_and_not_series() -> None:
    assert found(ds=TIMES, y=NUMBERS, id=["a", "b", "c", "d"]).id == ()


def test_the_text_column_without_which_times_repeat_tells_series_apart() -> None:
    layout = found(ds=TIMES[:2] * 2, y=NUMBERS, note=["a"] * 4, where=["p", "p", "q", "q"])
    assert layout.id == ("where",)
    assert dict(layout.reasons)["id"] == "times repeat without it"


def test_a_header_without_rows_is_refused() -> None:
    with pytest.raises(DataUnusable, match="a header and no rows"):
        found(time=[], y=[])


def test_columns_of_joined_tables_may_be_named_too() -> None:
    rain = Table("rain.csv", ("time", "rain"), partial(iter, [Chunk({"time": TIMES, "rain": NUMBERS}, 2)]))
    layout = find(table(time=TIMES, y=NUMBERS), DataFlags(past=("rain",)), [rain])
    assert layout.past == ("rain",)


def test_names_are_quoted_for_the_shell_and_long_lists_are_cut() -> None:
    assert quoted("level") == "level"
    assert quoted("Water Level (ft)") == "'Water Level (ft)'"
    assert quoted("Niveau d'eau") == "'Niveau d'\\''eau'"
    assert listing([f"c{i}" for i in range(20)]).endswith("and 8 more")
    assert len(listing(["x" * 1000])) == 40
