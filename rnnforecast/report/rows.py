"""Forecast rows: one line per origin, target and lead, the same columns in every format.

- Columns: unique_id, target, unit, ds, cutoff, lead, source, yhat, then a q<level> per quantile level (DESIGN 6).
- `ds` is the time forecast, `cutoff` that of the last row known; times are written as the input wrote them.
- Every format holds the same digits: JSON lines and Parquet are made from the numbers as CSV writes them.
- Nothing here loads pandas: pyarrow is imported by the Parquet writer only, and reads the CSV text, because
  `pyarrow.array(list)` would import pandas. `predict` must answer in a quarter of a second.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import stamp_text
from rnnforecast.data.panel import Panel
from rnnforecast.errors import OutputFailed
from rnnforecast.report.aligned import aligned
from rnnforecast.report.numbers import decimals, exact, fixed
from rnnforecast.scores.forecast import Forecast

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Column = list[str] | F64 | I64

TIMES = ("ds", "cutoff")
BLOCK = 1 << 16  # rows put into words together: those of a whole backtest may be millions


@dataclass(frozen=True)
class Rows:
    """Columns of one length by name, in order. Times are text, or numbers where rows have no times."""

    names: tuple[str, ...]
    columns: dict[str, Column]
    zone: str = ""  # of the times, "" where they carry none

    def __len__(self) -> int:
        return len(self.columns[self.names[0]])


def forecast_rows(forecast: Forecast, panel: Panel, layout: Layout) -> Rows:
    """The rows of B origins, T targets and H leads: B * T * H rows, by origin, then target, then lead."""
    B, H, T = forecast.yhat.shape
    shape = (B, T, H)
    row = forecast.origin - panel.offsets[forecast.series]  # (B,)
    steps = row[:, None] + np.arange(H + 1)  # (B, H + 1), from the cutoff on
    times = panel.step.at(panel.start[forecast.series][:, None], steps)
    columns: dict[str, Column] = {
        "unique_id": _spread(np.array(panel.ids, object)[forecast.series][:, None, None], shape),
        "target": _spread(np.array(panel.targets, object)[:, None], shape),
        "unit": _spread(np.array(layout.units, object)[:, None], shape),
        "ds": _times(times[:, None, 1:], shape, layout),
        "cutoff": _times(times[:, None, :1], shape, layout),
        "lead": np.broadcast_to(np.arange(1, H + 1), shape).reshape(-1),
        "source": _spread(np.array(forecast.source, object)[:, None, None], shape),
        "yhat": forecast.yhat.transpose(0, 2, 1).reshape(-1),
    }
    for at, level in enumerate(forecast.quantile_levels):
        columns[f"q{level:g}"] = forecast.quantiles[..., at].transpose(0, 2, 1).reshape(-1)
    return Rows(tuple(columns), columns, layout.zone)


def backtest_rows(columns: Mapping[str, Any], layout: Layout) -> Rows:
    """The rows of evaluation.backtest.forecasts: what came, and what each rule said."""
    told: dict[str, Column] = {
        name: _repeated(column, layout) if name in TIMES else column.tolist() if column.dtype == object else column
        for name, column in columns.items()
    }
    return Rows(tuple(told), told, layout.zone)


def as_csv(rows: Rows) -> str:
    """One header line, "." decimals, "\\n" line ends; a missing number is an empty field."""
    header = _written([rows.names])
    parts = (_written(zip(*_texts(part).values(), strict=True)) for part in _blocks(rows))
    return header + "".join(parts)


def as_jsonl(rows: Rows) -> str:
    """One JSON object per line; a missing number is null."""
    texts = _texts(rows)
    for name, column in rows.columns.items():
        if isinstance(column, list):
            texts[name] = [json.dumps(text, ensure_ascii=False) for text in texts[name]]
        texts[name] = [f'"{name}":{text or "null"}' for text in texts[name]]
    return "".join("{" + ",".join(fields) + "}\n" for fields in zip(*texts.values(), strict=True))


def as_parquet(rows: Rows) -> bytes:
    """A Parquet file: text, int64 leads, float64 values, times as timestamps in the input's zone.

    Raises OutputFailed for a time that Arrow does not know, such as the year 10000.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    kinds = {name: _arrow_type(pa, rows, name) for name in rows.names}
    parsing = pa.csv.ParseOptions(newlines_in_values=True)
    converting = pa.csv.ConvertOptions(column_types=kinds)
    # Arrow's memory, not Python's: a thread of Arrow that lets go of Python bytes while the interpreter ends aborts it.
    text = pa.BufferOutputStream()
    text.write(as_csv(rows).encode())
    try:
        table = pa.csv.read_csv(pa.BufferReader(text.getvalue()), parse_options=parsing, convert_options=converting)
    except pa.ArrowInvalid as error:
        raise OutputFailed(f"Parquet cannot hold these rows: {error}", "--format csv") from None
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def as_table(rows: Rows) -> str:
    """Aligned text for reading: the decimals of a target's values follow from how much they differ."""
    values = rows.names[rows.names.index("yhat") :]
    grid = np.stack([np.asarray(rows.columns[name], np.float64) for name in values])  # (1 + Q, rows)
    places = _places(list(rows.columns["target"]), grid)
    texts = _texts(rows)
    for name, column in zip(values, grid, strict=True):
        texts[name] = [fixed(value, digits) for value, digits in zip(column.tolist(), places, strict=True)]
    body = list(zip(*texts.values(), strict=True))
    return aligned([rows.names, *body], left=rows.names.index("lead"))


formats: dict[str, Callable[[Rows], str | bytes]] = {
    "csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet, "table": as_table,
}  # fmt: skip


def _written(lines: Iterable[Iterable[str]]) -> str:
    """Lines of CSV."""
    text = _Lines()  # told that lines end in \r\n, the writer also quotes a lone \r in an id; _Lines takes the \r off
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return "".join(text)


def _blocks(rows: Rows) -> Iterator[Rows]:
    for at in range(0, len(rows), BLOCK):
        yield replace(rows, columns={name: column[at : at + BLOCK] for name, column in rows.columns.items()})


class _Lines(list[str]):
    """What csv.writer takes for a file: the lines, ended by a bare newline."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _texts(rows: Rows) -> dict[str, list[str]]:
    """Every column as text, in order."""
    return {name: _text(rows.columns[name]) for name in rows.names}


def _text(column: Column) -> list[str]:
    if isinstance(column, list):
        return column
    return [exact(v) for v in column.tolist()] if column.dtype.kind == "f" else [str(v) for v in column.tolist()]


def _spread(values: npt.NDArray[np.object_], shape: tuple[int, ...]) -> list[str]:
    return list(np.broadcast_to(values, shape).reshape(-1))


def _times(seconds: I64, shape: tuple[int, ...], layout: Layout) -> Column:
    """Times (B, 1, H or 1) repeated over targets and leads: each is put into words once."""
    if layout.stamp == "integer":
        return np.broadcast_to(seconds, shape).reshape(-1)
    words = np.array(stamp_text(seconds.reshape(-1), layout), object).reshape(seconds.shape)
    return _spread(words, shape)


def _repeated(seconds: I64, layout: Layout) -> Column:
    """Times of which many are the same: each is put into words once."""
    if layout.stamp == "integer":
        return seconds
    moments, place = np.unique(seconds, return_inverse=True)
    words = stamp_text(moments, layout)
    return [words[k] for k in place.tolist()]


def _arrow_type(pa: object, rows: Rows, name: str) -> object:
    column = rows.columns[name]
    if isinstance(column, list):
        return pa.timestamp("s", rows.zone or None) if name in TIMES else pa.string()  # type: ignore[attr-defined]
    return pa.float64() if column.dtype.kind == "f" else pa.int64()  # type: ignore[attr-defined]


def _places(targets: list[str], grid: F64) -> list[int]:
    """Decimals of each row: those of its target's values taken together."""
    found: dict[str, int] = {}
    for target in dict.fromkeys(targets):
        mine = grid[:, [name == target for name in targets]]
        mine = mine[np.isfinite(mine)]
        found[target] = decimals(float(mine.max() - mine.min())) if mine.size else 0
    return [found[target] for target in targets]
