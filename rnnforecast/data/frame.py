"""A pandas DataFrame as a Table, so that notebooks go the same way as files. The caller brings pandas; no import here.

- A DatetimeIndex, or a named index, becomes a column ("time" where it has no name).
- Times are whole seconds; those with a zone become UTC, and the table says which zone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.table import Chunk, Column, Table
from rnnforecast.data.zones import canonical
from rnnforecast.errors import DataUnusable, UsageError

if TYPE_CHECKING:
    import pandas

SOURCE = "DataFrame"


def table_of(frame: pandas.DataFrame) -> Table:
    """The columns of a frame. Raises DataUnusable for no rows or one name twice."""
    index_holds_data = frame.index.dtype.kind == "M" or any(name is not None for name in frame.index.names)
    whole = frame.reset_index(names=index_names(frame)) if index_holds_data else frame
    names = tuple(str(name) for name in whole.columns)
    if len(set(names)) < len(names):
        raise DataUnusable(f"{SOURCE}: two columns are named {max(names, key=names.count)!r}; expected different names")
    if not len(whole):
        raise DataUnusable(f"{SOURCE}: no rows; expected some")
    columns = {name: column_of(whole.iloc[:, i]) for i, name in enumerate(names)}
    zones = {name: zone_of(whole.iloc[:, i]) for i, name in enumerate(names) if whole.iloc[:, i].dtype.kind == "M"}
    facts = (("format", "DataFrame"), ("zones", zones), ("decimal", "."))
    chunks = partial(iter, [Chunk(columns, 1)])
    return Table(SOURCE, names, chunks, next(iter(zones.values()), ""), facts, counted="row")


def index_names(frame: pandas.DataFrame) -> list[str]:
    return [str(name) if name is not None else "time" for name in frame.index.names]


def zone_of(series: pandas.Series[Any]) -> str:
    zone = getattr(series.dtype, "tz", None)
    try:
        return canonical(str(zone)) if zone is not None else ""
    except UsageError:
        return "UTC"  # an unknown name: the instants are UTC all the same


def column_of(series: pandas.Series[Any]) -> Column:
    kind = series.dtype.kind
    if kind == "M":
        return times_of(series)
    if kind in "biuf":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)
    missing = series.isna().tolist()
    return ["" if gone else str(value).strip() for value, gone in zip(series.tolist(), missing, strict=True)]


def times_of(series: pandas.Series[Any]) -> Column:
    """datetime64[s], UTC where the column has a zone; as text where one is finer, so that using it is refused."""
    naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(series.dtype, "tz", None) else series
    values = naive.to_numpy()
    seconds: npt.NDArray[np.datetime64] = values.astype("datetime64[s]")
    if (~np.isnat(values) & (seconds != values)).any():
        return ["" if text == "NaT" else str(text) for text in np.datetime_as_string(values)]
    return seconds
