"""From files and flags to a panel: the same panel from every format and row order, and at predict by the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import find
from rnnforecast.data.formats import open_table
from rnnforecast.data.frequency import Step, stamp_text
from rnnforecast.data.panel import Panel
from rnnforecast.data.reading import Loaded, load
from rnnforecast.errors import DataUnusable, Mismatch, NotFound, UsageError
from tests.data.writing import FREE, WRITERS, hours, loaded, write_csv

HOURLY = Step("second", 3600)


def same(a: Panel, b: Panel) -> bool:
    arrays = ("values", "base", "offsets", "start", "cutoff", "static")
    return (a.ids, a.columns, a.step) == (b.ids, b.columns, b.step) and all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True) for name in arrays
    )


def truth(panel: Panel, column: int = 0) -> list[list[float]]:
    """The true values of each series."""
    pairs = zip(panel.offsets[:-1], panel.offsets[1:], panel.base[:, column], strict=True)
    return [(panel.values[a:b, column] + base).tolist() for a, b, base in pairs]


LEVELS = st.one_of(st.none(), st.integers(-4000, 4000).map(lambda n: n / 8))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(LEVELS, min_size=4, max_size=12), min_size=1, max_size=3),
    st.sampled_from([60, 3600, 86_400]),
    st.randoms(use_true_random=False),
)
def test_every_format_in_any_row_order_gives_one_panel(
    tmp_path_factory: pytest.TempPathFactory, series: list[list[float | None]], step: int, random: Any
) -> None:
    folder = tmp_path_factory.mktemp("panel")
    rows = [
        (name, str(np.datetime64(1_700_000_040 + i * step, "s")), level)
        for name, levels in zip(["NA", "007", "b"], [[1.0, *each, 2.0] for each in series], strict=False)
        for i, level in enumerate(levels)
    ]
    panels = [
        loaded(WRITERS[form](folder / f"gauge.{form}", ("unique_id", "ds", "y"), order)).panel
        for form in FREE
        for order in (rows, random.sample(rows, len(rows)))
    ]
    assert all(same(panels[0], panel) for panel in panels[1:])
    assert panels[0].ids == tuple(sorted(["NA", "007", "b"][: len(series)]))
    assert panels[0].step == Step("second", step)
    expected = dict(zip(["NA", "007", "b"], [[1.0, *each, 2.0] for each in series], strict=False))
    for name, levels in zip(panels[0].ids, truth(panels[0]), strict=True):
        np.testing.assert_allclose(levels, np.array(expected[name], np.float64), rtol=1e-6, atol=1e-4)


def test_a_big_number_keeps_its_millimetres(tmp_path: Path) -> None:
    rows = [(t, 1_000_000 + i * 0.001) for i, t in enumerate(hours(50))]
    read = truth(loaded(write_csv(tmp_path / "a.csv", ("time", "y"), rows)).panel)[0]
    np.testing.assert_allclose(read, [row[1] for row in rows], rtol=0, atol=1e-6)


def test_rows_without_times_count_from_nought_in_each_series(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("id", "y"), [("a", 1), ("b", 5), ("a", 2), ("b", 6), ("a", 3)])
    result = loaded(path, time="none")
    assert result.panel.step == Step("row", 1)
    assert truth(result.panel) == [[1, 2, 3], [5, 6]]
    assert stamp_text(result.panel.times(result.panel.cutoff), result.layout) == ["2", "1"]


def test_an_integer_column_may_be_the_time_and_keeps_its_holes(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("n", "y"), [(10, 1), (20, 2), (30, 3), (50, 5)])
    panel = loaded(path, time="n").panel
    assert panel.step == Step("row", 10)
    np.testing.assert_array_equal(truth(panel)[0], [1, 2, 3, np.nan, 5])


def test_offsets_per_row_become_utc_and_their_holes_close(tmp_path: Path) -> None:
    times = ["2026-03-29T00:00+01:00", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"]
    result = loaded(write_csv(tmp_path / "a.csv", ("time", "y"), [(t, 1) for t in times]))
    assert result.layout.zone == "UTC"
    assert len(result.panel.values) == 4
    constant = [(t.replace("+02:00", "+01:00"), 1) for t in times[:2]] + [("2026-03-29T02:00+01:00", 1)]
    assert loaded(write_csv(tmp_path / "b.csv", ("time", "y"), constant)).layout.zone == "+01:00"


@pytest.mark.parametrize("backwards", [False, True])
def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_rows(backwards: bool, tmp_path: Path) -> None:
    clock = ["01:00", "02:00", "02:00", "03:00", "04:00"]
    rows = [(f"2026-10-25 {t}", i) for i, t in enumerate(clock)]
    path = write_csv(tmp_path / "a.csv", ("time", "y"), rows[::-1] if backwards else rows)
    result = loaded(path, tz="Europe/Berlin")
    assert truth(result.panel)[0] == [0, 1, 2, 3, 4]
    assert stamp_text(result.panel.times(np.arange(3)), result.layout)[1:] == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
    ]
    with pytest.raises(DataUnusable, match="was met before"):
        loaded(path)


def test_an_hour_that_the_zone_skips_is_refused_by_its_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("time", "y"), [(f"2026-03-29 0{h}:00", h) for h in range(5)])
    with pytest.raises(DataUnusable, match="line 4: an hour that Europe/Berlin skips"):
        loaded(path, tz="Europe/Berlin")


def test_files_of_the_same_columns_are_stacked_and_named_by_file(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_csv(tmp_path / f"{name}.csv", ("time", "y"), [(t, ord(name)) for t in hours(4)])
    both = load([str(tmp_path / "b.csv"), str(tmp_path / "a.csv")], DataFlags())
    assert both.panel.ids == ("a", "b")
    assert truth(both.panel) == [[97] * 4, [98] * 4]
    one = load([str(tmp_path / "b.csv")], DataFlags())
    assert one.panel.ids == ("series",)
    known = load([str(tmp_path / "b.csv")], DataFlags(), both.layout, HOURLY, {"a": np.zeros(1), "b": np.zeros(1)})
    assert known.panel.ids == ("b",)  # a model of stacked files knows its series by file


def test_stacked_files_must_have_the_same_columns_and_be_given_once(tmp_path: Path) -> None:
    a = str(write_csv(tmp_path / "a.csv", ("time", "y"), [(t, 1) for t in hours(4)]))
    b = str(write_csv(tmp_path / "b.csv", ("time", "z"), [(t, 1) for t in hours(4)]))
    with pytest.raises(DataUnusable, match=r"b.csv: no column 'y', which .*a.csv has"):
        load([a, b], DataFlags())
    with pytest.raises(DataUnusable, match="given twice"):
        load([a, a], DataFlags())


def test_one_id_in_two_files_is_one_series(tmp_path: Path) -> None:
    a = write_csv(tmp_path / "a.csv", ("id", "time", "y"), [("s", t, 1) for t in hours(4)])
    b = write_csv(tmp_path / "b.csv", ("id", "time", "y"), [("s", t, 2) for t in hours(4, "2026-01-01T04:00")])
    assert truth(load([str(a), str(b)], DataFlags()).panel) == [[1] * 4 + [2] * 4]
    c = write_csv(tmp_path / "c.csv", ("id", "time", "y"), [("s", t, 3) for t in hours(1)])
    with pytest.raises(DataUnusable, match=r"c.csv line 2: .* at .*a.csv line 2"):
        load([str(a), str(b), str(c)], DataFlags())


def test_a_layout_may_leave_the_target_open_and_load_does_not(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "a.csv", ("time", "a", "b"), [(t, 1, 2) for t in hours(4)]))
    table = open_table(path, DataFlags())
    layout = find(table, DataFlags())
    assert (layout.target, layout.candidates, table.names) == ((), ("a", "b"), ("time", "a", "b"))
    with pytest.raises(DataUnusable, match="several columns"):
        load([path], DataFlags())


def test_a_missing_file_is_exit_4_also_among_those_to_join(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "a.csv", ("time", "y"), [(t, 1) for t in hours(4)]))
    for flags in (DataFlags(join=("gone.csv",)), DataFlags(future_data=("gone.csv",))):
        with pytest.raises(NotFound):
            load([path], flags)
    with pytest.raises(UsageError, match="named twice"):
        load(["-"], DataFlags(join=("-",)))


@pytest.fixture
def model(tmp_path: Path) -> Loaded:
    rows = [(f"{t}Z", i, i * 2, i * 3) for i, t in enumerate(hours(48))]
    path = write_csv(tmp_path / "train.csv", ("time", "stage_m", "rain", "unused"), rows)
    return loaded(path, target=("stage_m",), past=("rain",))


def predict(model: Loaded, path: Path, **flags: Any) -> Loaded:
    base = dict(zip(model.panel.ids, model.panel.base, strict=True))
    return load([str(path)], DataFlags(**flags), model.layout, model.panel.step, base)


def test_predict_needs_the_columns_of_the_model_only_in_any_order(model: Loaded, tmp_path: Path) -> None:
    rows = [(9, i * 2, f"{t}Z", i) for i, t in enumerate(hours(10))]
    result = predict(model, write_csv(tmp_path / "new.csv", ("extra", "rain", "time", "stage_m"), rows))
    assert result.panel.columns == ("stage_m", "rain")
    np.testing.assert_array_equal(result.panel.base, model.panel.base)
    assert truth(result.panel)[0] == list(range(10))
    assert result.layout == model.layout


@pytest.mark.parametrize("text", ["time,stage_m,rain\n", "time,stage_m,rain\n,,\n", ""])
def test_predict_refuses_a_file_without_rows(text: str, model: Loaded, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(DataUnusable, match=r"no rows|no row with a time|empty"):
        predict(model, tmp_path / "new.csv")


def test_predict_takes_a_single_row(model: Loaded, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "new.csv", ("time", "stage_m", "rain"), [("2026-01-01T00:00Z", 1, 2)])
    assert truth(predict(model, path).panel) == [[1.0]]


@pytest.mark.parametrize(
    ("names", "times", "message", "hint"),
    [
        (
            ("time", "stage_ft", "rain"),
            [f"{t}Z" for t in hours(5)],
            "no column 'stage_m', which the model needs; found",
            "stage_ft",
        ),
        (("time", "stage_m", "rain"), hours(5), "without a zone; expected times in UTC", "--tz UTC"),
        (
            ("time", "stage_m", "rain"),
            [f"2026-01-0{d}T00:00Z" for d in range(1, 6)],
            "rows are 1 day apart; expected 1 h",
            "--freq 1h",
        ),
        (("time", "stage_m", "rain"), ["1", "2", "3", "4", "5"], "row numbers in column 'time'", ""),
    ],
)
def test_what_disagrees_with_the_model_is_exit_6(
    names: tuple[str, ...], times: list[str], message: str, hint: str, model: Loaded, tmp_path: Path
) -> None:
    with pytest.raises(Mismatch) as refused:
        predict(model, write_csv(tmp_path / "new.csv", names, [(t, 1, 2) for t in times]))
    assert refused.value.exit_code == 6
    assert message in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize("flags", [{"target": ("rain",)}, {"past": ("unused",)}, {"time": "none"}, {"id": ("rain",)}])
def test_a_flag_that_names_other_columns_than_the_model_is_exit_6(
    flags: dict[str, Any], model: Loaded, tmp_path: Path
) -> None:
    rows = [(f"{t}Z", 1, 2, 3) for t in hours(5)]
    path = write_csv(tmp_path / "new.csv", ("time", "stage_m", "rain", "unused"), rows)
    with pytest.raises(Mismatch):
        predict(model, path, **flags)
    assert predict(model, path, target=("stage_m",), time="time").panel.num_series == 1


def test_the_hints_for_another_step_and_no_zone_work(model: Loaded, tmp_path: Path) -> None:
    quarters = [str(t) + "Z" for t in np.datetime64("2026-01-01T00:00") + np.arange(40) * np.timedelta64(15, "m")]
    path = write_csv(tmp_path / "new.csv", ("time", "stage_m", "rain"), [(t, 1, 2) for t in quarters])
    with pytest.raises(Mismatch):
        predict(model, path)
    assert len(predict(model, path, freq="1h", aggregate="mean").panel.values) == 10
    naive = write_csv(tmp_path / "naive.csv", ("time", "stage_m", "rain"), [(t, 1, 2) for t in hours(5)])
    assert predict(model, naive, tz="UTC").panel.num_series == 1


def test_the_zone_that_a_flag_gave_in_training_holds_at_predict(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("time", "y"), [(t, 1) for t in hours(5)])
    trained = loaded(path, tz="Europe/Berlin")
    again = load([str(path)], DataFlags(), trained.layout, trained.panel.step)
    np.testing.assert_array_equal(again.panel.start, trained.panel.start)


def test_words_for_missing_hold_at_predict(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("time", "y"), [(t, "Ice" if i == 2 else i) for i, t in enumerate(hours(5))])
    trained = loaded(path, missing=("Ice",))
    again = load([str(path)], DataFlags(), trained.layout, trained.panel.step)
    np.testing.assert_array_equal(truth(again.panel)[0], [0, 1, np.nan, 3, 4])


def test_a_model_of_naive_times_refuses_a_zone(tmp_path: Path) -> None:
    trained = loaded(write_csv(tmp_path / "a.csv", ("time", "y"), [(t, 1) for t in hours(5)]))
    path = write_csv(tmp_path / "b.csv", ("time", "y"), [(f"{t}Z", 1) for t in hours(5)])
    with pytest.raises(Mismatch, match="times in UTC; expected naive times"):
        load([str(path)], DataFlags(), trained.layout, trained.panel.step)
    assert replace(trained.layout) == trained.layout


def test_a_series_that_training_never_saw_is_told_of(tmp_path: Path) -> None:
    rows = [(t, name, i + 10 * len(name)) for name in ("a", "bb") for i, t in enumerate(hours(30))]
    path = write_csv(tmp_path / "gauge.csv", ("time", "site", "y"), rows)
    first = load([str(path)], DataFlags(id=("site",)))
    base = {"a": first.panel.base[0]}
    again = load([str(path)], DataFlags(), known=first.layout, step=first.panel.step, base=base)
    assert [(f.code, f.count) for f in again.findings] == [("unseen-series", 1)]
    assert "bb" in again.findings[0].text


def test_stacked_files_in_different_units_are_refused(tmp_path: Path) -> None:
    for name, unit in (("a", "(m)"), ("b", "(ft)")):
        rows = "".join(f"{t},{i}\n" for i, t in enumerate(hours(30)))
        (tmp_path / f"{name}.csv").write_text(f"time,level\n,{unit}\n{rows}")
    files = [str(tmp_path / f"{name}.csv") for name in "ab"]
    assert load(files[:1], DataFlags()).layout.units == ("m",)
    with pytest.raises(DataUnusable, match="'level' is in ft; expected m, as in"):
        load(files, DataFlags())


def test_a_covariate_in_another_unit_is_refused_when_stacked_and_by_the_model(tmp_path: Path) -> None:
    for name, unit in (("a", "degC"), ("b", "degF")):
        rows = "".join(f"{t},{i},{i}\n" for i, t in enumerate(hours(30)))
        (tmp_path / f"{name}.csv").write_text(f"time,level,air\n,m,{unit}\n{rows}")
    files, flags = [str(tmp_path / f"{name}.csv") for name in "ab"], DataFlags(past=("air",))
    with pytest.raises(DataUnusable, match="'air' is in °F; expected °C"):
        load(files, flags)
    trained = load(files[:1], flags)
    with pytest.raises(Mismatch, match="'air' is in °F; expected °C, as the model was trained on"):
        load(files[1:], DataFlags(), known=trained.layout, step=trained.panel.step)
