"""Help for the tests of this room: write rows in each format, and load them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnforecast.config import DataFlags
from rnnforecast.data.reading import Loaded, load


def hours(count: int, start: str = "2026-01-01T00:00") -> list[str]:
    import numpy as np

    return [str(t) for t in np.datetime64(start, "m") + np.arange(count) * np.timedelta64(60, "m")]


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]], sep: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=sep)
        writer.writerow(names)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return path


def write_jsonl(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows), encoding="utf-8")
    return path


def write_parquet(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=list(names)), path)
    return path


def write_document(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in rows]), encoding="utf-8")
    return path


def write_feather(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    import pyarrow as pa

    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    table = pa.table(columns, names=list(names))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return path


def write_line_protocol(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Rows of a time, numbers, and a text last, which is the tag."""
    import numpy as np

    lines = []
    for time, *numbers, tag in rows:
        fields = ",".join(f"{n}={v!r}" for n, v in zip(names[1:-1], numbers, strict=True) if v is not None)
        key = f"gauge,{names[-1]}={escaped(tag)}"
        lines.append(f"{key} {fields} {np.datetime64(time, 'ns').astype(np.int64)}\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_netcdf(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Every column along time: the times first, then numbers and texts."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(str(path), "w") as data:
        data.createDimension(names[0], len(rows))
        for name, column in zip(names, zip(*rows, strict=True), strict=True):
            kind = np.int64 if name == names[0] else str if isinstance(column[0], str) else np.float64
            variable = data.createVariable(name, kind, (names[0],))
            if name == names[0]:
                variable.units = "minutes since 1970-01-01"
                variable[:] = np.array(column, "datetime64[m]").astype(np.int64)
            else:
                variable[:] = np.array(column, object if kind is str else float)
    return path


def escaped(text: str) -> str:
    """A tag as line protocol writes it."""
    return "".join("\\" + sign if sign in ",= " else sign for sign in text)


def write_dia(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Rows of a time, a number called by its parameter, and a location: each a stream of its own."""
    text = "[IDT;*DIF*;A;CENT;20190213]\n"
    for time, number, location in rows:
        moment = time[:16].replace("-", "").replace("T", ";").replace(":", "")
        pair = "999999999/99" if number is None else f"{number}/0"
        text += f"[W3H]\nPAR;{names[1]};Waterhoogte;J\nEHD;I;cm\nLOC;{location};Gauge {location}\nTYP;TE\n"
        text += f"[RKS]\nTYD;{moment};{moment};60;min\n[WRD]\n{pair}:\n"
    path.write_text(text, encoding="utf-8")
    return path


WRITERS = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "document": write_document,
    "dia": write_dia,
    "feather": write_feather,
    "line protocol": write_line_protocol,
    "netcdf": write_netcdf,
    "parquet": write_parquet,
}

FREE = ("csv", "jsonl", "document", "feather", "parquet")  # hold any columns in any order


def loaded(path: Path, **flags: Any) -> Loaded:
    return load([str(path)], DataFlags(**flags))
