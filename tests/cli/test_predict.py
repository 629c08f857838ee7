"""predict: the same numbers from a file, from stdin and from the model, in every format and to every place."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import AHEAD, ROWS
from tests.cli.process import (
    COLUMNS,
    TINY,
    hourly,
    names_in,
    refused,
    rows_of,
    run,
    shell,
    wave,
    works,
    write,
)


@pytest.fixture(scope="module")
def ahead(model: Path) -> bytes:
    """The forecast from the rows kept in the model, as CSV."""
    return works(run("predict", "-m", model, cwd=model.parent)).out


@pytest.fixture(scope="module")
def made(model: Path) -> dict[str, bytes]:
    """The same forecast in every format."""
    kinds = ("csv", "jsonl", "parquet", "table")
    return {kind: works(run("predict", "-m", model, "-f", kind, cwd=model.parent)).out for kind in kinds}


# --- what the rows say ---


def test_the_csv_has_exactly_the_columns_of_the_design(ahead: bytes) -> None:
    assert ahead.decode().splitlines()[0].split(",") == COLUMNS


def test_there_is_a_row_per_step_with_its_time_and_lead(ahead: bytes) -> None:
    rows = rows_of(ahead.decode())
    assert [row["ds"] for row in rows] == hourly(ROWS + 4)[ROWS:]
    assert {row["cutoff"] for row in rows} == {hourly(ROWS)[-1]}
    assert [row["lead"] for row in rows] == ["1", "2", "3", "4"]
    assert {(r["unique_id"], r["target"], r["unit"], r["source"]) for r in rows} == {
        ("series", "level_m", "m", "model")
    }


def test_quantiles_rise_and_the_median_is_yhat(ahead: bytes) -> None:
    for row in rows_of(ahead.decode()):
        quantiles = [float(row[name]) for name in COLUMNS[8:]]
        assert quantiles == sorted(quantiles)
        assert quantiles[0] < quantiles[-1]
        assert row["q0.5"] == row["yhat"]
        assert 0 < float(row["yhat"]) < 4


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_and_stdin_and_the_model_give_the_same_bytes(
    kind: str, tide: dict[str, Path], model: Path, ahead: bytes, tmp_path: Path
) -> None:
    assert works(run("predict", tide[kind], "-m", model, cwd=tmp_path)).out == ahead
    assert works(run("predict", "-", "-m", model, cwd=tmp_path, stdin=tide[kind].read_bytes())).out == ahead


def test_a_process_substitution_is_data_like_any_file(
    tide: dict[str, Path], model: Path, ahead: bytes, tmp_path: Path
) -> None:
    done = shell(f'"$@" <(cat {tide["csv"]})', "predict", "-m", model, cwd=tmp_path)
    assert works(done).out == ahead


def test_newer_rows_move_the_cutoff(tide: dict[str, Path], model: Path, ahead: bytes, tmp_path: Path) -> None:
    longer = tide["csv"].read_text(encoding="utf-8") + f"{hourly(ROWS + 1)[-1]},2.5\n"
    rows = works(run("predict", "-", "-m", model, cwd=tmp_path, stdin=longer.encode())).rows
    assert [row["cutoff"] for row in rows] == [hourly(ROWS + 1)[-1]] * 4
    assert rows[0]["yhat"] != rows_of(ahead.decode())[1]["yhat"]


def test_series_targets_and_covariates_come_back_by_name(stations: Path, full_model: Path, tmp_path: Path) -> None:
    kept = works(run("predict", "-m", full_model, cwd=tmp_path))
    assert [(row["unique_id"], row["target"], row["unit"], row["lead"]) for row in kept.rows] == [
        (station, target, unit, str(lead))
        for station in ("007", "NA")
        for target, unit in (("level_m", "m"), ("flow_m3s", "m3/s"))
        for lead in range(1, 5)
    ]
    assert {row["cutoff"] for row in kept.rows} == {hourly(ROWS, zone="")[-1]}, "naive in, naive out"
    assert works(run("predict", stations, "-m", full_model, cwd=tmp_path)).out == kept.out


def test_columns_may_stand_in_any_order_beside_others(stations: Path, full_model: Path, tmp_path: Path) -> None:
    lines = [line.split(",") for line in stations.read_text(encoding="utf-8").splitlines()]
    turned = [",".join(["extra" if i == 0 else "x", *reversed(line)]) for i, line in enumerate(lines)]
    data = write(tmp_path / "turned.csv", turned[0], turned[1:])
    kept = works(run("predict", "-m", full_model, cwd=tmp_path))
    assert works(run("predict", data, "-m", full_model, cwd=tmp_path)).out == kept.out


def test_known_future_rows_that_end_too_early_are_refused(stations: Path, full_model: Path, tmp_path: Path) -> None:
    lines = stations.read_text(encoding="utf-8").splitlines()
    late = {*hourly(ROWS + AHEAD, zone="")[ROWS + 2 :]}
    kept = [line for line in lines[1:] if line.split(",")[0] not in late]
    data = write(tmp_path / "short.csv", lines[0], kept)
    done = run("predict", data, "-m", full_model, "-q", cwd=tmp_path)
    refused(done, 6, "forecast_mm is missing 3 steps after the cutoff", "--future-data")
    ahead = write(tmp_path / "ahead.csv", lines[0], [line for line in lines[1:] if line.split(",")[0] in late])
    settled = works(run("predict", data, "--future-data", ahead, "-m", full_model, cwd=tmp_path))
    assert settled.out == works(run("predict", "-m", full_model, cwd=tmp_path)).out


def test_a_rule_stands_in_where_the_last_day_is_missing(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    lines = tide["csv"].read_text(encoding="utf-8").splitlines()
    data = write(tmp_path / "hole.csv", lines[0], [*lines[1:-30], lines[-1]])
    done = works(run("predict", data, "-m", model, cwd=tmp_path))
    (rule,) = {row["source"] for row in done.rows}
    assert rule in ("climatology", "persistence"), "one of those that one observation is enough for"
    assert f"{rule} stands in there" in done.err
    last = float(lines[-1].split(",")[1])
    assert abs(float(done.rows[0]["yhat"]) - last) < 0.5


# --- how far ---


@pytest.mark.parametrize(("asked", "steps"), [("1", 1), ("3", 3), ("2h", 2), ("240min", 4)])
def test_a_shorter_horizon_gives_the_first_rows(
    asked: str, steps: int, model: Path, ahead: bytes, tmp_path: Path
) -> None:
    done = works(run("predict", "-m", model, "-H", asked, cwd=tmp_path))
    assert done.out.splitlines() == ahead.splitlines()[: 1 + steps]


@pytest.mark.parametrize(("asked", "code"), [("5", 6), ("1d", 6), ("0", 2), ("-1", 2), ("30min", 2), ("soon", 2)])
def test_a_horizon_that_cannot_be_is_refused(asked: str, code: int, model: Path, tmp_path: Path) -> None:
    refused(run("predict", "-m", model, "-H", asked, cwd=tmp_path), code, hint="4" if code == 6 else "")


# --- formats ---


def test_every_format_holds_the_same_numbers(made: dict[str, bytes], ahead: bytes) -> None:
    import pyarrow.parquet as pq

    assert made["csv"] == ahead
    lines = [json.loads(line) for line in made["jsonl"].splitlines()]
    table = pq.read_table(io.BytesIO(made["parquet"]))
    assert table.column_names == COLUMNS
    assert [list(line) for line in lines] == [COLUMNS] * 4
    for name in COLUMNS[7:]:
        numbers = [float(row[name]) for row in rows_of(ahead.decode())]
        assert [line[name] for line in lines] == numbers
        assert table[name].to_pylist() == numbers


def test_the_table_is_aligned_and_has_the_same_columns(made: dict[str, bytes]) -> None:
    lines = made["table"].decode().splitlines()
    assert lines[0].split() == COLUMNS
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "table"])
def test_the_name_of_the_output_chooses_the_format_and_the_flag_wins(
    kind: str, made: dict[str, bytes], model: Path, tmp_path: Path
) -> None:
    works(run("predict", "-m", model, "-o", f"by_name.{kind}", cwd=tmp_path))
    works(run("predict", "-m", model, "-o", "by_flag.csv", "-f", kind, cwd=tmp_path))
    assert (tmp_path / f"by_name.{kind}").read_bytes() == made[kind]
    assert (tmp_path / "by_flag.csv").read_bytes() == made[kind]


def test_an_unknown_format_is_refused_with_the_nearest(model: Path, tmp_path: Path) -> None:
    refused(run("predict", "-m", model, "-f", "cvs", cwd=tmp_path), 2, "csv, jsonl, parquet, table", "--format csv")


# --- where to ---


def test_an_output_is_replaced_in_one_step_and_leaves_nothing_beside_it(
    model: Path, ahead: bytes, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "ahead.csv"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with target.open("rb") as reader:
        done = works(run("predict", "-m", model, "-o", target, cwd=tmp_path))
        assert reader.read() == b"old", "who reads the old file goes on reading it"
    assert done.out == b""
    assert target.read_bytes() == ahead
    assert names_in(target.parent) == {"ahead.csv"}


def test_a_link_stays_a_link_and_missing_folders_are_made(model: Path, ahead: bytes, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "deep" / "er" / "ahead.csv")
    works(run("predict", "-m", model, "-o", "link.csv", cwd=tmp_path))
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "deep" / "er" / "ahead.csv").read_bytes() == ahead


def test_a_pipe_and_stdout_can_be_named_as_output(model: Path, ahead: bytes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        works(run("predict", "-m", model, "-o", "pipe", cwd=tmp_path))
        assert reader.communicate(timeout=10)[0] == ahead
    assert (tmp_path / "pipe").is_fifo()
    assert works(run("predict", "-m", model, "-o", "/dev/stdout", cwd=tmp_path)).out == ahead
    assert works(run("predict", "-m", model, "-o", "-", cwd=tmp_path)).out == ahead


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("/dev/full", "No space left"),
        (".", "a folder"),
        ("file/ahead.csv", "file/ahead.csv: could not be written"),
        ("/proc/none.csv", "/proc/none.csv: could not be written"),
        ("", "names no file"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(output: str, says: str, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    refused(run("predict", "-m", model, "-q", "-o", output, cwd=tmp_path), 11, says)
    assert names_in(tmp_path) == {"file"}


def test_what_is_read_is_never_written_over(tide: dict[str, Path], model: Path, tmp_path: Path) -> None:
    for name, path in (("data.csv", tide["csv"]), ("m.safetensors", model)):
        (tmp_path / name).write_bytes(path.read_bytes())
    (tmp_path / "link.csv").symlink_to("data.csv")
    for output in ("data.csv", "./data.csv", "link.csv", "m.safetensors"):
        refused(run("predict", "data.csv", "-m", "m.safetensors", "-o", output, cwd=tmp_path), 11, "is read from")
    assert (tmp_path / "data.csv").read_bytes() == tide["csv"].read_bytes()
    assert (tmp_path / "m.safetensors").read_bytes() == model.read_bytes()


def test_the_model_may_come_from_the_environment_and_the_flag_wins(
    model: Path, full_model: Path, ahead: bytes, tmp_path: Path
) -> None:
    named = {"RNNFORECAST_MODEL": str(model)}
    assert works(run("predict", cwd=tmp_path, env=named)).out == ahead
    other = {"RNNFORECAST_MODEL": str(full_model)}
    assert works(run("predict", "-m", model, cwd=tmp_path, env=other)).out == ahead


@pytest.mark.parametrize("width", ["1", "80", "many"])
def test_the_chart_is_drawn_on_stderr_in_any_width(width: str, model: Path, ahead: bytes, tmp_path: Path) -> None:
    done = works(run("predict", "-m", model, "--chart", cwd=tmp_path, env={"COLUMNS": width}))
    assert done.out == ahead
    assert len(done.err.splitlines()) > 12
    assert "2026-01-13T11:00Z" in done.err


# --- how old the newest reading may be ---


def recent(folder: Path, hours_ago: int, zone: str = "Z") -> Path:
    """The tide's rows up to some hours ago, by the clock of this machine."""
    end = np.datetime64("now", "h") - np.timedelta64(hours_ago + ROWS - 1, "h")
    times = hourly(ROWS, str(end.astype("datetime64[m]")), zone)
    return write(folder / "now.csv", "time,level_m", [f"{t},{v}" for t, v in zip(times, wave(ROWS), strict=True)])


def test_a_fresh_reading_passes_max_age_and_an_old_one_ends_with_7_and_no_output(model: Path, tmp_path: Path) -> None:
    fresh = works(run("predict", recent(tmp_path, 1), "-m", model, "--max-age", "3h", cwd=tmp_path))
    assert len(fresh.rows) == 4
    old = run("predict", recent(tmp_path, 5), "-m", model, "--max-age", "3h", "-o", "out.csv", cwd=tmp_path)
    refused(old, 7, "the newest reading is 5 h", "check the feed")
    assert "out.csv" not in names_in(tmp_path)


def test_max_age_on_times_without_a_zone_needs_one(tmp_path: Path) -> None:
    data = recent(tmp_path, 1, zone="")
    works(run("train", data, *TINY, "-o", "naive.safetensors", cwd=tmp_path))
    words = ("predict", data, "-m", "naive.safetensors", "--max-age", "3h")
    refused(run(*words, cwd=tmp_path), 2, "needs the zone", "--tz UTC")
    done = works(run(*words, "--tz", "UTC", cwd=tmp_path))
    assert not any(row["ds"].endswith("Z") for row in done.rows)  # naive in, naive out
    refused(run(*words, "--tz", "+06:00", cwd=tmp_path), 7)  # there it is six hours older
