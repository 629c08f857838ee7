"""Columns from other files: joined on time, on id where both have it, and ahead of the cutoff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable, UsageError
from tests.data.writing import hours, write_csv


@pytest.fixture
def gauge(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "gauge.csv", ("time", "y"), [(t, i) for i, t in enumerate(hours(10))])


def column(result: Loaded, name: str) -> list[float]:
    i = result.panel.columns.index(name)
    base = np.repeat(result.panel.base[:, i], np.diff(result.panel.offsets))
    return (result.panel.values[:, i] + base).tolist()  # type: ignore[no-any-return]


def joined(gauge: Path, rain: Path, **flags: Any) -> Loaded:
    return load([str(gauge)], DataFlags(join=(str(rain),), **flags))


def test_a_column_is_joined_on_time_and_a_missing_partner_is_missing(gauge: Path, tmp_path: Path) -> None:
    rows = [(t, i * 10, 5) for i, t in enumerate(hours(10)) if i != 3][::-1]
    result = joined(gauge, write_csv(tmp_path / "rain.csv", ("when", "rain", "other"), rows), past=("rain",))
    np.testing.assert_array_equal(column(result, "rain"), [0, 10, 20, np.nan, 40, 50, 60, 70, 80, 90])
    assert any(f.code == "joined" and "9 of 10 rows" in f.text for f in result.findings)


def test_a_column_is_joined_on_id_where_both_have_it_and_to_all_series_where_not(tmp_path: Path) -> None:
    rows = [(s, t, i) for s in "ab" for i, t in enumerate(hours(4))]
    gauge = write_csv(tmp_path / "gauge.csv", ("id", "time", "y"), rows)
    own = write_csv(tmp_path / "own.csv", ("id", "time", "rain"), [(s, t, ord(s)) for s, t, _ in rows])
    assert column(joined(gauge, own, past=("rain",)), "rain") == [97] * 4 + [98] * 4
    shared = write_csv(tmp_path / "shared.csv", ("time", "rain"), [(t, i) for i, t in enumerate(hours(4))])
    assert column(joined(gauge, shared, past=("rain",)), "rain") == [0, 1, 2, 3] * 2


def test_later_rows_of_a_known_future_column_are_kept_and_those_of_a_past_one_are_not(
    gauge: Path, tmp_path: Path
) -> None:
    rain = write_csv(tmp_path / "rain.csv", ("time", "rain"), [(t, i) for i, t in enumerate(hours(14))])
    ahead = joined(gauge, rain, future=("rain",))
    assert column(ahead, "rain") == list(range(14))
    assert ahead.panel.cutoff.tolist() == [9]
    assert column(joined(gauge, rain, past=("rain",)), "rain") == list(range(10))


def test_future_data_fills_what_is_empty_and_never_replaces_what_was_observed(tmp_path: Path) -> None:
    rows = [(t, i, i if i < 8 else "") for i, t in enumerate(hours(10))]
    gauge = write_csv(tmp_path / "gauge.csv", ("time", "y", "rain"), rows)
    forecast = write_csv(
        tmp_path / "next.csv", ("time", "rain"), [(t, 100 + i) for i, t in enumerate(hours(14)) if i > 5]
    )
    result = load([str(gauge)], DataFlags(target=("y",), future=("rain",), future_data=(str(forecast),)))
    assert column(result, "rain") == [0, 1, 2, 3, 4, 5, 6, 7, 108, 109, 110, 111, 112, 113]
    with pytest.raises(UsageError, match="--future-data needs a column"):
        load([str(gauge)], DataFlags(target=("y",), future_data=(str(forecast),)))


def test_a_known_future_column_may_be_in_the_future_data_alone(gauge: Path, tmp_path: Path) -> None:
    tide = write_csv(tmp_path / "tide.csv", ("time", "tide"), [(t, i) for i, t in enumerate(hours(12))])
    result = load([str(gauge)], DataFlags(future=("tide",), future_data=(str(tide),)))
    assert column(result, "tide") == list(range(12))


@pytest.mark.parametrize(
    ("names", "rows", "flags", "message"),
    [
        (("time", "y"), [(t, 1) for t in hours(10)], {}, "column 'y' is also in"),
        (("time", "rain"), [(t, 1) for t in hours(10)], {}, "none of its columns is used"),
        (("time", "rain"), [(t, 1) for t in hours(10, "2030-01-01T00:00")], {"past": ("rain",)}, "no time in common"),
        (("time", "rain"), [(f"{t}Z", 1) for t in hours(10)], {"past": ("rain",)}, "times are not written as in"),
        (
            ("time", "rain"),
            [(hours(1)[0], i) for i in range(2)],
            {"past": ("rain",)},
            "line 3: another row of the time on line 2",
        ),
        (
            ("time", "rain"),
            [(t, "wet" if i == 0 else i) for i, t in enumerate(hours(10))],
            {"past": ("rain",)},
            "line 2, column 'rain': 'wet'",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(
    names: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    flags: dict[str, Any],
    message: str,
    gauge: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(DataUnusable, match=message):
        joined(gauge, write_csv(tmp_path / "rain.csv", names, rows), **flags)


def test_no_series_in_common_is_refused(tmp_path: Path) -> None:
    gauge = write_csv(tmp_path / "gauge.csv", ("id", "time", "y"), [("a", t, 1) for t in hours(4)])
    rain = write_csv(tmp_path / "rain.csv", ("id", "time", "rain"), [("z", t, 1) for t in hours(4)])
    with pytest.raises(DataUnusable, match="no series in common"):
        joined(gauge, rain, past=("rain",))
