"""netCDF: CF times, missing values, stations, and what is no series."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.errors import DataUnusable
from tests.data.writing import loaded

nc = pytest.importorskip("netCDF4", reason="the extra netcdf is not installed")

HOURS = np.arange(12)
LEVELS = np.arange(12) / 4


def write(path: Path, variables: dict[str, tuple[Any, ...]], form: str = "NETCDF4", fill: Any = None) -> Path:
    """Variables as (dimensions, values, attributes); a dimension is made as long as it is first met."""
    with nc.Dataset(str(path), "w", format=form) as data:
        for name, (dims, values, attributes) in variables.items():
            values = np.asarray(values)
            for dim, length in zip(dims, values.shape, strict=True):
                if dim not in data.dimensions:
                    data.createDimension(dim, length)
            kind = str if values.dtype.kind in "UO" else values.dtype
            variable = data.createVariable(name, kind, dims, fill_value=fill if values.dtype.kind in "fi" else None)
            variable.setncatts({key: value for key, value in attributes.items() if key != "raw"})
            variable.set_auto_maskandscale(not attributes.get("raw", False))
            variable[:] = values
    return path


def time(values: Any = HOURS, units: str = "hours since 2026-01-01", **attributes: Any) -> tuple[Any, ...]:
    return (("time",), np.asarray(values), {"units": units, **attributes})


def level(values: Any = LEVELS, dims: Any = ("time",), **attributes: Any) -> tuple[Any, ...]:
    return (dims, np.asarray(values), attributes)


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"])
def test_every_form_of_netcdf_loads_alike(form: str, tmp_path: Path) -> None:
    variables = {"time": time(HOURS.astype("i4")), "level": level(units="m", long_name="Water level")}
    result = loaded(write(tmp_path / "x.nc", variables, form))
    assert (result.layout.looks_like, result.layout.zone, result.layout.units) == ("netCDF", "UTC", ("m",))
    assert (result.panel.start[0], result.panel.step.text(), result.panel.targets) == (1767225600, "1 h", ("level",))
    assert (result.panel.values[:, 0] + result.panel.base[0, 0]).tolist() == LEVELS.tolist()


@pytest.mark.parametrize(
    ("values", "units", "start"),
    [
        (HOURS * 3600, "seconds since 1970-01-01T00:00:00Z", "1970-01-01T00"),
        (HOURS * 60, "minutes since 2000-1-1 6:00:00", "2000-01-01T06"),
        (HOURS, "hours since 1900-01-01 00:00:00.0 +01:00", "1899-12-31T23"),
        (HOURS / 24 + 82_000, "days since 1800-01-01 00:00:00", "2024-07-05T00"),
        (HOURS * 3600 * 10**9, "nanoseconds since 2026-01-01", "2026-01-01T00"),
        (HOURS / 24 + 738_000, "days since 0001-01-01", "2021-07-30T00"),
    ],
)
def test_times_count_from_any_moment_in_any_unit(values: Any, units: str, start: str, tmp_path: Path) -> None:
    calendar = {"calendar": "proleptic_gregorian"} if "0001" in units else {}
    panel = loaded(write(tmp_path / "x.nc", {"time": time(values, units, **calendar), "level": level()})).panel
    assert (str(panel.start.astype("datetime64[s]")[0].astype("datetime64[h]")), panel.step.text()) == (start, "1 h")
    assert len(panel.values) == 12


@pytest.mark.parametrize(
    ("units", "calendar"), [("months since 2000-01-01", "standard"), ("days since 2000-01-01", "360_day")]
)
def test_counts_that_are_no_clock_are_refused(units: str, calendar: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.nc", {"time": time(units=units, calendar=calendar), "level": level()})
    with pytest.raises(DataUnusable, match=f"times in {units.split()[0]} of calendar {calendar}"):
        loaded(path)


def test_times_of_coarse_floats_are_rounded_and_told_of(tmp_path: Path) -> None:
    days = (HOURS / 24 + 100).astype("f4")
    result = loaded(write(tmp_path / "x.nc", {"time": time(days, "days since 2026-01-01"), "level": level()}))
    assert result.panel.step.text() == "1 h"
    assert any("rounded to whole seconds" in f.text for f in result.findings)


def test_fill_values_ranges_scales_and_offsets_are_applied(tmp_path: Path) -> None:
    raw = np.array([100, 200, -32767, 400, 9000, 600, 700, 800, 900, 1000, 1100, 1200], "i2")
    attributes = {
        "scale_factor": 0.01,
        "add_offset": 5.0,
        "valid_max": np.int16(5000),
        "units": "millimeters",
        "raw": True,
    }
    result = loaded(write(tmp_path / "x.nc", {"time": time(), "sea_level": level(raw, **attributes)}, fill=-32767))
    values = result.panel.values[:, 0] + result.panel.base[0, 0]
    expected = np.where(np.isin(raw, [-32767, 9000]), np.nan, raw * 0.01 + 5)
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert result.layout.units == ("mm",)


NAMES = {"text": np.array(["007", "NA"], object), "letters": nc.stringtochar(np.array([b"007", b"NA "], "S3"))}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_dimension_of_stations_makes_series(kind: str, turned: bool, tmp_path: Path) -> None:
    values = np.stack([LEVELS, LEVELS + 10])
    dims = ("station", "time")
    variables = {
        "time": time(),
        "lat": level([50.0, 51.0], ("station",), units="degrees_north"),
        "area": level([1.0, 2.0], ("station",)),
        "station_name": level(NAMES[kind], ("station", "letters")[: NAMES[kind].ndim], cf_role="timeseries_id"),
        "level": level(values.T if turned else values, dims[::-1] if turned else dims),
    }
    result = loaded(write(tmp_path / "x.nc", variables), static=("area",))
    assert (result.panel.ids, result.panel.targets) == (("007", "NA"), ("level",))
    assert result.panel.static[:, 0].tolist() == [1, 2]
    assert (result.panel.values[12:, 0] + result.panel.base[1, 0]).tolist() == (LEVELS + 10).tolist()


def test_stations_without_a_name_are_numbered(tmp_path: Path) -> None:
    values = np.stack([LEVELS, LEVELS + 10, LEVELS + 20])
    path = write(tmp_path / "x.nc", {"time": time(), "level": level(values, ("record_id", "time"))})
    assert loaded(path).panel.ids == ("1", "2", "3")


def test_one_station_is_one_series_and_its_name_is_told(tmp_path: Path) -> None:
    variables = {
        "time": time(),
        "station_name": level(nc.stringtochar(np.array([b"Newlyn"], "S6")), ("record_id", "letters")),
        "sea_level": level(LEVELS.reshape(1, -1), ("record_id", "time")),
    }
    path = write(tmp_path / "x.nc", variables)
    assert open_table(str(path), DataFlags()).about.station == "Newlyn"
    assert loaded(path).panel.ids == ("series",)


def test_places_of_length_one_are_no_field_and_flags_are_no_target(tmp_path: Path) -> None:
    variables = {
        "time": time(),
        "latitude": level([50.0], ("latitude",)),
        "longitude": level([5.0], ("longitude",)),
        "waves": level(LEVELS.reshape(-1, 1, 1), ("time", "latitude", "longitude")),
        "waves_flag": level((HOURS % 2).astype("i1"), flag_values=np.array([0, 1], "i1")),
        "made": level(HOURS * 1.0, units="days since 2000-01-01"),
    }
    assert loaded(write(tmp_path / "x.nc", variables)).panel.targets == ("waves",)


def test_bounds_and_profiles_beside_a_series_are_left_out(tmp_path: Path) -> None:
    variables = {
        "time": time(bounds="time_bnds"),
        "time_bnds": level(np.stack([HOURS, HOURS + 1], axis=1), ("time", "nv")),
        "level": level(),
        "temperature": level(np.ones((12, 4)), ("time", "depth")),
    }
    assert open_table(str(write(tmp_path / "x.nc", variables)), DataFlags()).names == ("time", "level")


def test_a_field_over_an_area_is_refused_politely(tmp_path: Path) -> None:
    variables = {"time": time(), "t2m": level(np.ones((12, 3, 4)), ("time", "lat", "lon"))}
    with pytest.raises(DataUnusable, match="a field over lat × lon and time; expected series") as refused:
        open_table(str(write(tmp_path / "x.nc", variables)), DataFlags())
    assert refused.value.hint.startswith("cdo remapnn")


@pytest.mark.parametrize("variables", [{}, {"level": level()}, {"time": time()}])
def test_a_file_without_series_is_refused(variables: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match="expected series along one dimension of time"):
        open_table(str(write(tmp_path / "x.nc", variables)), DataFlags())


def test_what_is_in_groups_only_is_refused_by_their_names(tmp_path: Path) -> None:
    with nc.Dataset(str(tmp_path / "x.nc"), "w") as data:
        data.createGroup("observed")
    with pytest.raises(DataUnusable, match=r"groups only \(observed\)"):
        open_table(str(tmp_path / "x.nc"), DataFlags())


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_file_is_refused_or_read_never_a_traceback(form: str, share: float, tmp_path: Path) -> None:
    path = write(tmp_path / "x.nc", {"time": time(HOURS.astype("i4")), "level": level()}, form)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    code = (
        "import sys; from rnnforecast.config import DataFlags; from rnnforecast.data.formats import open_table\n"
        "from rnnforecast.errors import DataUnusable\n"
        f"try: list(open_table({str(path)!r}, DataFlags()).chunks())\n"
        "except DataUnusable as error: sys.exit(7 if '\\n' not in error.message else 8)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode in (0, 7)  # in another process: it might not survive
