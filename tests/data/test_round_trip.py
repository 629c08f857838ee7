"""The same rows, written in every format, are one panel: ids as text, floats exact, holes where they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.formats import open_table
from rnnforecast.data.reading import load
from rnnforecast.errors import DataUnusable
from tests.data.writing import WRITERS

NAMES = ("time", "level", "temp", "station")
AWKWARD = (
    "NA",
    "007",
    "a,b",
    "null",
    "-",
    "1.50",
    "1e5",
    'say "hi"',
    "Öre älv",
    "河",
    "a=b",
    "x;y",
    "True",
    "#1",
    "2026",
)
# A backslash before a comma cannot be written in line protocol.
WORDS = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="\\"), min_size=1, max_size=8)
STEPS = {"15min": 900, "1h": 3600, "1d": 86_400}
NUMBERS = st.integers(-(10**7), 10**7).map(lambda number: number / 7)  # no short decimal fraction

Row = tuple[str, float | None, float, str]


class Rows(NamedTuple):
    step: str
    zoned: bool
    rows: list[Row]  # times without a zone, in the order of the file


@st.composite
def some_rows(draw: st.DrawFn) -> Rows:
    """Some series of 4 to 9 rows each, every one with an observed level at its end."""
    ids = draw(st.lists(st.one_of(st.sampled_from(AWKWARD), WORDS), min_size=1, max_size=4, unique=True))
    step = draw(st.sampled_from([*STEPS]))
    rows: list[Row] = []
    for name in ids:
        levels = [*draw(st.lists(st.one_of(st.none(), NUMBERS), min_size=3, max_size=8)), draw(NUMBERS)]
        first = np.datetime64("2026-01-01", "s") + draw(st.integers(0, 5)) * STEPS[step]
        times = first + np.arange(len(levels)) * STEPS[step]
        rows += [(str(t), v, draw(NUMBERS), name) for t, v in zip(times, levels, strict=True)]
    if draw(st.booleans()):
        rows.sort(key=lambda row: row[0])
    return Rows(step, draw(st.booleans()), rows)


def write_gluonts(path: Path, _: Sequence[str], rows: Sequence[Row]) -> Path:
    lines = []
    for name in dict.fromkeys(row[3] for row in rows):
        own = [row for row in rows if row[3] == name]
        lines.append(json.dumps({"start": own[0][0], "target": [row[1] for row in own], "item_id": name}))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def typed(rows: Rows) -> list[tuple[Any, ...]]:
    """The rows with times that know that they are times."""
    moments = [datetime.fromisoformat(row[0]) for row in rows.rows]
    return [(m.replace(tzinfo=UTC) if rows.zoned else m, *row[1:]) for m, row in zip(moments, rows.rows, strict=True)]


def files(folder: Path, rows: Rows) -> dict[str, Path]:
    """The rows in every format that can hold them."""
    text = [(row[0] + "Z" if rows.zoned else row[0], *row[1:]) for row in rows.rows]
    written = {form: WRITERS[form](folder / form, NAMES, text) for form in ("csv", "jsonl", "document")}
    for form in ("parquet", "feather"):
        written[f"{form}, text"] = WRITERS[form](folder / f"{form} text", NAMES, text)
        written[form] = WRITERS[form](folder / form, NAMES, typed(rows))
    utc = ["line protocol"] + (["netcdf"] if find_spec("netCDF4") else [])
    written |= {form: WRITERS[form](folder / form, NAMES, rows.rows) for form in utc if rows.zoned}
    return written if rows.zoned else written | {"gluonts": write_gluonts(folder / "gluonts", NAMES, rows.rows)}


def panel_of(path: Path, rows: Rows) -> Any:
    """What a file loads as, to be compared; the error where it is refused."""
    try:
        result = load([str(path)], DataFlags(freq=rows.step))
    except DataUnusable as refused:
        return refused.message.partition(":")[2][:20]
    panel = result.panel
    seconds = [panel.start.tolist(), panel.offsets.tolist(), panel.cutoff.tolist()]
    bits = [panel.values[:, 0].tobytes(), panel.base[:, 0].tobytes()]
    return panel.ids, panel.step, result.layout.zone, seconds, bits


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_rows())
def test_the_same_rows_are_one_panel_in_every_format(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> None:
    written = files(tmp_path_factory.mktemp("rows"), rows)
    panels = {form: panel_of(path, rows) for form, path in written.items()}
    assert panels == dict.fromkeys(panels, panels["csv"])
    assert not isinstance(panels["csv"], tuple) or panels["csv"][0] == tuple(sorted({row[3] for row in rows.rows}))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_rows())
def test_no_bit_of_a_number_and_no_sign_of_an_id_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> None:
    for form, path in files(tmp_path_factory.mktemp("rows"), rows).items():
        if form == "gluonts":
            continue
        chunks = list(open_table(str(path), DataFlags()).chunks())
        cells = {name: [cell for chunk in chunks for cell in list(chunk.columns[name])] for name in NAMES[1:]}
        assert [float(cell) for cell in cells["temp"]] == [row[2] for row in rows.rows], form
        levels = [float(cell) if cell != "" else np.nan for cell in cells["level"]]
        np.testing.assert_array_equal(levels, np.array([row[1] for row in rows.rows], float))
        assert cells["station"] == [row[3] for row in rows.rows], form
