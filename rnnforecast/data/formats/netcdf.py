"""netCDF, classic and version 4: series along one time dimension, and at most one more, of stations.

- Times follow the CF conventions, «days since 1800-01-01», and are UTC where they name no offset.
- Fill values, valid ranges, scales and offsets are applied by the library; units and titles are the attributes'.
- Dimensions of length one are none. A field over latitude and longitude is no series and is refused.
- The library is an extra: `pip install 'rnnforecast[netcdf]'`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.config import DataFlags
from rnnforecast.data.formats.document import chunks_of
from rnnforecast.data.signatures import PLAIN, Signature
from rnnforecast.data.table import About, Column, Table
from rnnforecast.errors import DataUnusable, MissingExtra

summary = "netCDF: series along time, and stations (extra: netcdf)"

F64 = npt.NDArray[np.float64]

MOST = 1 << 26  # values of one variable: 512 MB
CLOSE = 0.01  # seconds that a time may be off the whole second, unsaid
CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
PER_UNIT = {
    "nanosecond": 1e-9, "microsecond": 1e-6, "millisecond": 1e-3, "second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0,
    "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0, "day": 86_400.0, "d": 86_400.0,
}  # fmt: skip
ID_NAMES = ("station_id", "site_no", "station", "site", "gauge_id", "gauge", "station_name", "name", "id")
EXPECTED = "expected series along one dimension of time, and at most one of stations"


def recognises(head: bytes, name: str) -> bool:  # noqa: ARG001  (the contract)
    return head.startswith((b"\x89HDF", b"CDF\x01", b"CDF\x02", b"CDF\x05"))


def read(path: Path, source: str, flags: DataFlags, signature: Signature = PLAIN) -> Table:  # noqa: ARG001  (the contract)
    """The table of a netCDF file. Raises MissingExtra, and DataUnusable where it holds no series."""
    with opened(path, source) as data:
        series = Series(data, source)
        columns, about = series.columns(), series.about()
    facts = (("format", "netCDF"), ("decimal", "."))
    return Table(source, tuple(columns), partial(chunks_of, columns), "UTC", facts, "row", about)


@contextmanager
def opened(path: Path, source: str) -> Iterator[Any]:
    """An open dataset. Whatever the library raises is one line."""
    try:
        import netCDF4
    except ImportError:
        raise MissingExtra(
            f"{source}: netCDF or HDF5, which needs an optional package", "pip install 'rnnforecast[netcdf]'"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of attributes that do not fit their variable
            with netCDF4.Dataset(str(path)) as data:
                yield data
    except MemoryError:
        raise DataUnusable(f"{source}: too large for the memory; expected a smaller file") from None
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        why = next(iter(str(error).strip().splitlines()), "cut short")[:160]
        raise DataUnusable(f"{source}: damaged or unusual netCDF file ({why}); {EXPECTED}") from None


class Series:
    """The variables of a dataset that are series: over time, or over time and stations."""

    def __init__(self, data: Any, source: str) -> None:
        bounds = {getattr(v, "bounds", "") for v in data.variables.values()}
        self.data, self.source = data, source
        self.variables = [v for name, v in data.variables.items() if name not in bounds]
        self.time = self.found_time()
        self.moment = self.dims(self.time)[0]  # the dimension of time
        self.stations = self.found_stations()  # that of stations, "" where there is none
        wanted = ([self.moment], [self.stations], sorted([self.moment, self.stations]))
        self.kept = [v for v in self.variables if sorted(self.dims(v)) in wanted]  # what becomes columns
        self.ids = self.found_ids(self.stations)

    def found_time(self) -> Any:
        """The variable of times: what CF calls so, else the first that counts since a moment."""
        along = [v for v in self.variables if counts_time(v) and len(self.dims(v)) == 1]
        named = [v for v in along if getattr(v, "standard_name", "") == "time" or v.name.lower() == "time"]
        if not along:
            groups = ", ".join(self.data.groups)
            found = f"netCDF with groups only ({groups})" if groups else "netCDF without a dimension of time"
            raise DataUnusable(f"{self.source}: {found}; {EXPECTED}")
        return (named or along)[0]

    def found_stations(self) -> str:
        """The dimension beside time. Raises DataUnusable where all variables are fields over an area."""
        moving = [v for v in self.variables if self.moment in self.dims(v) and v.name != self.time.name]
        beside = [[d for d in self.dims(v) if d != self.moment] for v in moving]
        single = [dims[0] for dims in beside if len(dims) == 1]
        if [] not in beside and not single:
            area = " × ".join(next(iter(beside), ["nothing"]))
            hint = f"cdo remapnn,lon=LON_lat=LAT {self.source} point.nc" if beside else ""
            raise DataUnusable(f"{self.source}: a field over {area} and time; {EXPECTED}", hint)
        usual: str = max(single, key=single.count, default="")
        return usual if [] not in beside or self.found_ids(usual) else ""

    def found_ids(self, stations: str) -> tuple[str, ...]:
        """The variable that names the stations: what CF says, else one by its name or that of the dimension."""
        along = {v.name: v for v in self.variables if self.dims(v) == (stations,)}
        said = [name for name, v in along.items() if getattr(v, "cf_role", "") == "timeseries_id"]
        return tuple((said or [name for name in (*ID_NAMES, stations) if name in along])[:1])

    def dims(self, variable: Any) -> tuple[str, ...]:
        """The dimensions of a variable that are longer than one, without that of the letters of a text."""
        lengths = zip(variable.dimensions, variable.shape, strict=True)
        letters = variable.dimensions[-1:] if variable.dtype == "S1" else ()
        return tuple(name for name, length in lengths if length != 1 and name not in letters)

    def length(self, dimension: str) -> int:
        return len(self.data.dimensions[dimension])

    def columns(self) -> dict[str, Column]:
        """Columns (stations × times,) by name, station by station."""
        rows = self.length(self.moment) * (self.length(self.stations) if self.stations else 1)
        if not 0 < rows <= MOST:
            raise DataUnusable(f"{self.source}: {rows} rows; expected some, and at most {MOST}")
        columns = {v.name: self.times() if v.name == self.time.name else self.column(v) for v in self.kept}
        if self.stations and not self.ids:
            numbers = np.arange(1, self.length(self.stations) + 1).astype(str)
            columns[self.stations] = self.spread(numbers, (self.stations,)).tolist()
        return columns

    def column(self, variable: Any) -> Column:
        """A variable as text, or as float64 with NaN where missing."""
        values = texts_of(variable) if variable.dtype in ("S1", str) else numbers_of(variable)
        spread = self.spread(values, self.dims(variable))
        return spread if values.dtype == np.float64 else list(spread)

    def spread(self, values: npt.NDArray[Any], dims: tuple[str, ...]) -> npt.NDArray[Any]:
        """Values over some dimensions as one for each row: (stations × times,)."""
        values = np.reshape(values, [self.length(d) for d in dims])
        if not self.stations:
            return values
        if dims == (self.moment, self.stations):
            values = values.T
        shape = (self.length(self.stations), self.length(self.moment))
        return np.broadcast_to(values[:, None] if dims == (self.stations,) else values, shape).ravel()

    @cached_property
    def seconds(self) -> F64:
        """Seconds since 1970, NaN where missing. Raises DataUnusable for units and calendars of no clock."""
        import cftime

        calendar = str(getattr(self.time, "calendar", "standard")).lower()
        unit, _, since = str(self.time.units).partition(" since ")
        per_unit = PER_UNIT.get(unit.strip().lower()) or PER_UNIT.get(unit.strip().lower().removesuffix("s"))
        if calendar not in CALENDARS or per_unit is None:
            raise DataUnusable(
                f"{self.source}: times in {unit.strip()} of calendar {calendar}; expected seconds, minutes, hours or "
                "days of the usual calendar"
            )
        zero = cftime.datetime(1970, 1, 1, calendar=calendar)
        offset = float(cftime.date2num(zero, f"seconds since {since}", calendar=calendar))
        return numbers_of(self.time) * per_unit - offset

    def times(self) -> Column:
        """The nearest whole second of each time, (stations × times,)."""
        gone = np.isnan(self.seconds)
        whole = np.where(gone, 0, np.rint(self.seconds)).astype("datetime64[s]")
        return self.spread(np.where(gone, np.datetime64("NaT", "s"), whole), self.dims(self.time))

    def about(self) -> About:
        """What the attributes tell."""
        values = [v for v in self.kept if v.name != self.time.name]
        coded = [v.name for v in values if hasattr(v, "flag_values") or hasattr(v, "flag_masks") or counts_time(v)]
        constant = [v.name for v in values if self.moment not in self.dims(v)]
        rounded = bool((np.abs(self.seconds - np.rint(self.seconds)) > CLOSE).any())
        names = [" ".join(texts_of(v).ravel()) for v in self.variables if v.dtype == "S1" and not self.dims(v)]
        return About(
            title="netCDF",
            station=", ".join(names),
            time=str(self.time.name),
            id=(self.ids or (self.stations,)) if self.stations else (),
            aside=tuple(f"^{re.escape(name)}$" for name in (*coded, *constant)),
            units=tuple((v.name, str(v.units)) for v in values if hasattr(v, "units")),
            titles=tuple((v.name, str(v.long_name)) for v in values if hasattr(v, "long_name")),
            notes=("times rounded to whole seconds",) if rounded else (),
        )


def counts_time(variable: Any) -> bool:
    return " since " in str(getattr(variable, "units", ""))


def numbers_of(variable: Any) -> F64:
    """Float64, NaN where the library says missing."""
    return np.ma.filled(np.ma.asarray(variable[:]).astype(np.float64), np.nan)


def texts_of(variable: Any) -> npt.NDArray[Any]:
    """Texts without padding, as objects."""
    values = variable[:]
    if variable.dtype == "S1":
        import netCDF4

        values = netCDF4.chartostring(np.ma.filled(values, b""), encoding="utf-8")
    texts = [str(text).strip().strip("\0") for text in np.ravel(values)]
    return np.array([*texts, None], object)[:-1].reshape(np.shape(values))
