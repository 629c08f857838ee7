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


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}


def loaded(path: Path, **flags: Any) -> Loaded:
    return load([str(path)], DataFlags(**flags))
