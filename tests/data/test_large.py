"""Two builders of one panel agree: rows in memory, and rows in files that are never all in memory."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data import sizes, spill
from rnnforecast.data.reading import load
from rnnforecast.data.sentinels import codes_in, range_of
from rnnforecast.errors import DataUnusable, ForecastError
from tests.data.test_faults import BAD, FAULTS
from tests.data.test_reading import same, truth
from tests.data.writing import WRITERS, hours, loaded, write_csv

LEVELS = st.sampled_from(["1", "2.5", "-3.125", "7", "0", "", "NA", "-999", "1e3"])
KINDS = st.sampled_from(["rain", "snow", ""])
ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "007"]), st.integers(0, 30), LEVELS, LEVELS, KINDS), min_size=1, max_size=25
)
FLAGS = st.fixed_dictionaries({}, optional={
    "duplicates": st.sampled_from(["first", "last"]),
    "start": st.sampled_from(["2026-10-25 02:00", "2026-11"]),
    "end": st.sampled_from(["2026-10-25", "2026-10-25 20:00"]),
    "exclude": st.just(("2026-10-25 05:00..2026-10-25 07:00",)),
    "future": st.just(("other",)),
    "past": st.just(("other", "kind")),
    "static": st.just(("height",)),
    "tz": st.sampled_from(["UTC", "Europe/Berlin"]),
    "freq": st.just("1h"),
    "missing": st.sampled_from([("none",), ("7",)]),
})  # fmt: skip
HEIGHTS = {"a": 10, "b": 20, "007": 7}


def outcome(path: Path, flags: dict[str, Any]) -> Any:
    try:
        found = load([str(path)], DataFlags(target=("level",), **flags))
    except ForecastError as error:
        return type(error), error.message, error.hint
    return found.panel, sorted(f.text for f in found.findings), found.layout


@settings(max_examples=400, deadline=None)
@given(ROWS, FLAGS, st.integers(1, 40), st.sampled_from([0, 3]), st.booleans(), st.randoms(use_true_random=False))
def test_the_two_builders_give_one_panel_with_the_same_findings_or_both_refuse(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Any],
    flags: dict[str, Any],
    block: int,
    jitter: int,
    whole: bool,
    random: Any,
) -> None:
    clock = hours(31, "2026-10-25T00:00")
    every = [(name, hour, "4", "5", "rain") for name in ("a", "b") for hour in range(31)] if whole else []
    table = [(name, clock[hour], *more, HEIGHTS[name]) for name, hour, *more in [*every, *rows]]
    if whole:  # one time in each series stands three minutes off
        moved = {name: f"T01:0{jitter if name in ('a', 'b') else 0}" for name in HEIGHTS}
        table = [(row[0], row[1].replace("25T01:00", "25" + moved[row[0]]), *row[2:]) for row in table]
    random.shuffle(table)
    names = ("id", "time", "level", "other", "kind", "height")
    path = write_csv(tmp_path_factory.mktemp("large") / "gauge.csv", names, table)
    in_memory = outcome(path, flags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "LIMIT", -1)
        patch.setattr(spill, "BLOCK", block)
        by_files = outcome(path, flags)
    refused = isinstance(in_memory[0], type)
    assert isinstance(by_files[0], type) == refused, (by_files, in_memory)
    if not refused:  # of several faults the two may meet another one first
        assert same(by_files[0], in_memory[0])
        assert by_files[1:] == in_memory[1:]


@pytest.fixture
def by_files(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whatever is loaded goes by files, in blocks of seven rows; the folder that the files are in."""
    folder = tmp_path_factory.mktemp("spilled")
    monkeypatch.setattr(sizes, "LIMIT", -1)
    monkeypatch.setattr(spill, "BLOCK", 7)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_in_the_same_words(
    fault: str, by_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = DataFlags(target=() if fault == "no_time" else ("level",))
    said = []
    for limit in (-1, 1 << 30):
        monkeypatch.setattr(sizes, "LIMIT", limit)
        with pytest.raises(DataUnusable) as refused:
            load([str(BAD / f"{fault}.csv")], flags)
        said.append((refused.value.message, refused.value.hint))
    assert said[0] == said[1]
    assert fault == "packed" or list(by_files.iterdir()) == []  # what was unpacked is there until the end


@pytest.mark.usefixtures("by_files")
def test_a_conflict_a_static_change_and_a_drowning_number_are_found_far_apart(tmp_path: Path) -> None:
    rows = [("a", t, i % 9, 5) for i, t in enumerate(hours(100))]
    names = ("id", "time", "level", "height")
    flags: dict[str, Any] = {"target": ("level",), "id": ("id",), "static": ("height",)}
    for row, message in (
        (("a", hours(100)[3], 99, 5), "line 102: 2026-01-01T03:00 was met before with other values, at line 5"),
        (("a", "2026-01-05T04:00", 1, 6), "line 102: static column 'height' is 6, and 5 before"),
        (("a", "2026-01-05T04:00", 4e12, 5), "line 102: level is 4e\\+12, beside which the digits"),
    ):
        with pytest.raises(DataUnusable, match=message):
            loaded(write_csv(tmp_path / "gauge.csv", names, [*rows, row]), **flags)


@pytest.mark.usefixtures("by_files")
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_goes_by_files(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"s{i % 3}", t, None if i % 11 == 5 else i / 8) for i, t in enumerate(hours(60))]
    path = WRITERS[kind](tmp_path / "gauge", ("id", "time", "level"), [r for s in range(3) for r in rows[s::3]])
    spilled = loaded(path).panel
    monkeypatch.setattr(sizes, "LIMIT", 1 << 30)
    assert same(spilled, loaded(path).panel)


@pytest.mark.usefixtures("by_files")
def test_stacked_files_rows_without_times_and_rows_by_the_local_clock_go_by_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, more in (("b", 1), ("a", 2)):
        write_csv(tmp_path / f"{name}.csv", ("time", "level"), [(t, i + more) for i, t in enumerate(hours(20))])
    days = [(f"2026-{d}T00:00{z}", 1) for d, z in (("10-23", "+02:00"), ("10-24", "+02:00"), ("10-25", "+02:00"),
                                                   ("10-26", "+01:00"), ("10-27", "+01:00"))]  # fmt: skip
    write_csv(tmp_path / "days.csv", ("time", "level"), days)
    american = [(f"{t[5:7]}/{t[8:10]}/{t[:4]} {t[11:]}", i) for i, t in enumerate(hours(20 * 24))]
    write_csv(tmp_path / "american.csv", ("time", "level"), american)
    asked: list[tuple[list[str], dict[str, Any]]] = [
        (["b.csv", "a.csv"], {}), (["b.csv"], {"time": "none"}), (["days.csv"], {}), (["american.csv"], {}),
        (["american.csv"], {"tz": "America/Denver"}),
    ]  # fmt: skip
    for names, flags in asked:
        sources = [str(tmp_path / name) for name in names]
        monkeypatch.setattr(sizes, "LIMIT", -1)
        spilled = load(sources, DataFlags(**flags))
        monkeypatch.setattr(sizes, "LIMIT", 1 << 30)
        in_memory = load(sources, DataFlags(**flags))
        assert same(spilled.panel, in_memory.panel)
        assert spilled.layout == in_memory.layout


@pytest.mark.usefixtures("by_files")
def test_the_grid_goes_through_the_phase_of_most_rows_even_if_the_first_row_is_off_it(tmp_path: Path) -> None:
    rows = [("2025-12-31T23:57", 0), *((t, i) for i, t in enumerate(hours(30)) if i)]
    panel = loaded(write_csv(tmp_path / "gauge.csv", ("time", "level"), rows)).panel
    assert panel.start.tolist() == [int(np.datetime64("2026-01-01", "s").astype(np.int64))]
    assert truth(panel)[0] == list(range(30))


def test_at_predict_the_base_and_the_step_of_the_model_hold(by_files: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "gauge.csv", ("time", "level"), [(t, i) for i, t in enumerate(hours(50))])
    trained = loaded(path)
    base = {"series": np.array([7.0])}
    again = load([str(path)], DataFlags(start="2026-01-02"), trained.layout, trained.panel.step, base)
    assert again.panel.base.tolist() == [[7.0]]
    assert truth(again.panel)[0] == list(range(24, 50))
    assert list(by_files.iterdir()) == []


UNABLE: dict[str, dict[str, Any]] = {
    "--aggregate mean": {"freq": "2h", "aggregate": "mean"},
    "--duplicates mean": {"duplicates": "mean"},
    "--gaps interpolate:3": {"gaps": "interpolate:3"},
    "--with": {"join": ("RAIN",), "future": ("rain",)},
    "--future-data": {"future_data": ("RAIN",), "future": ("rain",)},
}


@pytest.mark.usefixtures("by_files")
@pytest.mark.parametrize("flag", UNABLE)
def test_what_needs_all_rows_at_once_is_done_in_memory_or_refused_by_name(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "gauge.csv", ("time", "level"), [(t, i) for i, t in enumerate(hours(50))])
    rain = write_csv(tmp_path / "rain.csv", ("time", "rain"), [(t, i) for i, t in enumerate(hours(60))])
    flags = {name: (str(rain),) if value == ("RAIN",) else value for name, value in UNABLE[flag].items()}
    assert loaded(path, **flags).panel.num_series == 1
    monkeypatch.setattr(sizes, "memory", lambda: 1000)
    with pytest.raises(DataUnusable, match=f"rows, which take .* GB of memory with {flag}; expected less") as refused:
        loaded(path, **flags)
    assert f"leave out {flag}" in refused.value.hint


def test_files_leave_nothing_behind_and_end_with_the_panel(by_files: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "gauge.csv", ("time", "level"), [(t, i) for i, t in enumerate(hours(50))])
    panel = loaded(path).panel
    assert list(by_files.iterdir()) == []
    mapped = str(by_files)
    assert mapped in Path("/proc/self/maps").read_text()
    del panel
    gc.collect()
    assert mapped not in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("how", ["rows", "grid"])
def test_a_full_disk_is_said_in_one_line(
    how: str, by_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "gauge.csv", ("time", "level"), [(t, i) for i, t in enumerate(hours(50))])

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if how == "rows":
        monkeypatch.setattr("tempfile.TemporaryFile", full)
    else:
        monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataUnusable, match=f"No space left on device: no room for .* in {by_files}") as refused:
        loaded(path)
    assert refused.value.hint == "set TMPDIR to a folder with room"


def test_of_a_large_panel_the_newest_rows_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(t, 99 if i in (100, 900) else np.sin(i / 4)) for i, t in enumerate(hours(1000))]
    found = loaded(write_csv(tmp_path / "gauge.csv", ("time", "level"), rows))
    assert [f.count for f in found.looked_at(2**40).findings] == [2]
    monkeypatch.setattr("rnnforecast.data.reading.MOST_LOOKED_AT", 900)
    monkeypatch.setattr("rnnforecast.data.reading.FEWER_LOOKED_AT", 500)
    assert [f.count for f in found.looked_at(2**40).findings] == [1]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 90).map(float) | st.sampled_from([-999.0, 9999.0, float("nan")]), min_size=20, max_size=60),
    st.integers(1, 9),
)
def test_sentinels_are_judged_block_by_block(values: list[float], block: int) -> None:
    column = np.array(values, np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnnforecast.data.sentinels.SAMPLE", 7)
        whole = range_of(column), codes_in(column, range_of(column), False)
        patch.setattr(spill, "BLOCK", block)
        assert (range_of(column), codes_in(column, range_of(column), False)) == whole
