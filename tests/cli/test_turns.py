"""predict --turns: the high and low waters of a tide, from a real process."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import COLUMNS, TINY, hourly, refused, rows_of, run, wave, works, write

TIDE = Path(__file__).parents[2] / "sample_data" / "tide_la_jolla_2018_simulated_hourly.csv"
OWN = [*COLUMNS[:5], "kind", *COLUMNS[5:]]
HOURS = 72


@pytest.fixture(scope="module")
def gauge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of three days of the sample tide: its simple rules alone."""
    path = tmp_path_factory.mktemp("turns") / "tide.safetensors"
    words = ("-t", "water_level_m", "-H", str(HOURS), "-L", "96", "--max-epochs", "0")
    works(run("train", TIDE, *words, "-o", path, cwd=path.parent))
    return path


@pytest.fixture(scope="module")
def made(gauge: Path) -> dict[str, bytes]:
    """The turns in every format."""
    kinds = ("csv", "jsonl", "parquet", "table")
    return {kind: works(run("predict", "--turns", "-m", gauge, "-f", kind, cwd=gauge.parent)).out for kind in kinds}


def stamps(rows: list[dict[str, str]], name: str = "ds") -> np.ndarray:
    assert all(len(row[name]) == len("2019-01-01T00:00Z") and row[name].endswith("Z") for row in rows)
    return np.array([row[name].rstrip("Z") for row in rows], "datetime64[m]")


def test_a_tide_turns_from_high_to_low_about_every_six_hours(made: dict[str, bytes]) -> None:
    rows = rows_of(made["csv"].decode())
    assert list(rows[0]) == OWN
    assert 9 <= len(rows) <= 12
    kinds = [row["kind"] for row in rows]
    assert {*kinds[::2]} | {*kinds[1::2]} == {"high", "low"}
    assert len({*kinds[::2]}) == len({*kinds[1::2]}) == 1
    apart = np.diff(stamps(rows)).astype(int) / 60
    assert apart.mean() == pytest.approx(6.21, abs=0.3)
    assert apart.min() > 3.5
    assert apart.max() < 9


def test_lead_and_time_and_cutoff_agree_and_lie_between_steps(made: dict[str, bytes]) -> None:
    rows = rows_of(made["csv"].decode())
    assert {row["cutoff"] for row in rows} == {"2018-12-31T23:00Z"}
    leads = np.array([float(row["lead"]) for row in rows])
    assert ((leads > 0) & (leads <= HOURS)).all()
    assert (leads % 1 > 0).any()
    minutes = (stamps(rows) - stamps(rows, "cutoff")).astype(int)
    assert minutes == pytest.approx(leads * 60, abs=0.6)


def test_the_heights_are_those_of_the_forecast_steps_beside_them(gauge: Path, made: dict[str, bytes]) -> None:
    steps = works(run("predict", "-m", gauge, cwd=gauge.parent)).rows
    for row in rows_of(made["csv"].decode()):
        at = round(float(row["lead"])) - 1
        if not 1 <= at < HOURS - 1:
            continue
        levels = [float(steps[i]["yhat"]) for i in (at - 1, at, at + 1)]
        highest = max(levels) if row["kind"] == "high" else min(levels)
        assert 0 <= (float(row["yhat"]) - highest) * (1 if row["kind"] == "high" else -1) + 2e-6 < 0.05
        width, beside = (float(r["q0.975"]) - float(r["q0.025"]) for r in (row, steps[at]))
        assert width == pytest.approx(beside, rel=0.2)
        quantiles = [float(row[name]) for name in COLUMNS[8:]]
        assert quantiles == sorted(quantiles)
        assert row["q0.5"] == row["yhat"]


def test_every_format_holds_the_same_turns(made: dict[str, bytes], gauge: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    rows = rows_of(made["csv"].decode())
    objects = [json.loads(line) for line in made["jsonl"].splitlines()]
    table = pq.read_table(io.BytesIO(made["parquet"]))
    shown = made["table"].decode().splitlines()
    assert [list(one) for one in objects] == [OWN] * len(rows)
    assert table.column_names == shown[0].split() == OWN
    assert [row["kind"] for row in rows] == [o["kind"] for o in objects] == table["kind"].to_pylist()
    assert [row["ds"] for row in rows] == [o["ds"] for o in objects] == [line.split()[3] for line in shown[1:]]
    for name in ("lead", *COLUMNS[7:]):
        assert [float(row[name]) for row in rows] == [o[name] for o in objects] == table[name].to_pylist()
    works(run("predict", "--turns", "-m", gauge, "-o", tmp_path / "by_name.parquet", cwd=tmp_path))
    assert (tmp_path / "by_name.parquet").read_bytes() == made["parquet"]


def test_a_file_and_stdin_and_the_model_give_the_same_turns(
    gauge: Path, made: dict[str, bytes], tmp_path: Path
) -> None:
    assert works(run("predict", TIDE, "--turns", "-m", gauge, cwd=tmp_path)).out == made["csv"]
    piped = run("predict", "-", "--turns", "-m", gauge, cwd=tmp_path, stdin=TIDE.read_bytes())
    assert works(piped).out == made["csv"]


def test_a_shorter_horizon_gives_the_first_turns(gauge: Path, made: dict[str, bytes], tmp_path: Path) -> None:
    lines = made["csv"].decode().splitlines()
    leads = [float(row["lead"]) for row in rows_of(made["csv"].decode())]
    just = int(np.ceil(leads[2]))  # ends right after a turn, which only the steps beyond tell to be one
    done = works(run("predict", "--turns", "-m", gauge, "-H", str(just), cwd=tmp_path))
    assert done.out.decode().splitlines() == lines[:4]


def test_quiet_changes_no_row_and_silences_the_words(gauge: Path, made: dict[str, bytes], tmp_path: Path) -> None:
    done = works(run("predict", "--turns", "-q", "-m", gauge, cwd=tmp_path))
    assert (done.out, done.err) == (made["csv"], "")


def test_naive_times_stay_naive(tmp_path: Path) -> None:
    levels = np.sin(np.arange(300) * 2 * np.pi / 12).round(3)
    rows = [f"{t},{v}" for t, v in zip(hourly(300, zone=""), levels, strict=True)]
    data = write(tmp_path / "naive.csv", "time,level_m", rows)
    works(run("train", data, "-H", "24", "-L", "48", "--max-epochs", "0", cwd=tmp_path))
    found = works(run("predict", "--turns", cwd=tmp_path)).rows
    # sin turns at 3, 9, 15, ... hours: whole steps, so the time is exact
    assert [row["ds"] for row in found] == hourly(324, zone="")[303:322:6]
    assert [row["kind"] for row in found] == ["high", "low", "high", "low"][: len(found)]


def test_without_a_turn_the_header_is_written_and_a_line_says_so(gauge: Path, tmp_path: Path) -> None:
    done = works(run("predict", "--turns", "-m", gauge, "-H", "1", cwd=tmp_path))
    assert done.out.decode() == ",".join(OWN) + "\n"
    assert "no turn lies in the horizon of 1 h" in done.err.splitlines()[-1]
    quiet = works(run("predict", "--turns", "-q", "-f", "jsonl", "-m", gauge, "-H", "1", cwd=tmp_path))
    assert (quiet.out, quiet.err) == (b"", "")
    whole = works(run("predict", "-m", gauge, "-H", "1", cwd=tmp_path))
    assert "no turn" not in whole.err


def test_calendar_months_and_rows_without_time_are_refused(tmp_path: Path) -> None:
    months = np.datetime64("2000-01") + np.arange(150)
    monthly = write(tmp_path / "m.csv", "month,flow", [f"{m}-01,{v}" for m, v in zip(months, wave(150), strict=True)])
    counted = write(tmp_path / "rows.csv", "level_m", [str(v) for v in wave(150)])
    for data, more, says in ((monthly, (), "1 month"), (counted, ("--time", "none"), "counts rows")):
        works(run("train", data, *more, *TINY, "-o", "model.safetensors", cwd=tmp_path))
        refused(run("predict", "--turns", cwd=tmp_path), 2, says)
        works(run("predict", cwd=tmp_path))
