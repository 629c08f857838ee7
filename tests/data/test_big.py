"""Big data: CPU seconds of reading, and anonymous memory (RssAnon), which is not to grow with the data; printed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from tests.cli.process import COMMAND, environment

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")

COLUMNS = ("level_m", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
ALLOWED = 32  # MB of anonymous memory, beyond what the same command takes on little data
LOAD = """
import sys
from rnnforecast.config import DataFlags
from rnnforecast.data.reading import load
target, *past = sys.argv[2].split(",")
panel = load([sys.argv[1]], DataFlags(target=(target,), past=tuple(past))).panel
sys.stdout.write(f"{len(panel.values)} {panel.num_series} {float(panel.values[-1, 0] + panel.base[-1, 0]):.3f}")
"""


class Ran(NamedTuple):
    out: str
    anon: float  # the highest RssAnon, MB
    cpu: float  # user and system seconds


def run(what: str, *words: str | Path) -> Ran:
    """Run a command, look at its memory every few milliseconds, and print what it took."""
    child = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
    highest = 0
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        status = Path(f"/proc/{child.pid}/status").read_text()
        highest = max([highest, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))])
        time.sleep(0.005)
    _, code, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    assert child.stdout is not None
    with child.stdout:
        out = child.stdout.read().decode()
    assert child.returncode == 0, out
    ran = Ran(out, highest / 1024, usage.ru_utime + usage.ru_stime)
    sys.stdout.write(f"{what}: {ran.cpu:.1f} CPU s, RssAnon {ran.anon:.0f} MB\n")
    return ran


def load(what: str, source: Path, columns: tuple[str, ...] = COLUMNS) -> Ran:
    return run(what, sys.executable, "-c", LOAD, source, ",".join(columns))


def table(rows: int, first: int, series: int, step: int = 3600) -> pa.Table:
    """`rows` of each of some series, `series` numbers from 0 after `first`; values repeat a block of noise."""
    names = np.char.add("g", np.char.zfill(np.arange(first, first + series).astype(str), 5))
    times = (np.arange(rows) * step).astype("datetime64[s]")
    noise = np.random.default_rng(first).normal(size=rows * series).round(3)
    cells = {name: pa.array(np.roll(noise, k) + 2) for k, name in enumerate(COLUMNS)}
    return pa.table({"id": pa.array(np.repeat(names, rows)), "time": pa.array(np.tile(times, series)), **cells})


def parquet(folder: Path, rows: int, files: int, series: int) -> Path:
    """A data set of files by site, rows in no order, in small row groups."""
    for number in range(files):
        part = table(rows, number * series, series)
        order = np.random.default_rng(number).permutation(len(part))
        site = folder / f"site={number:02d}"
        site.mkdir(parents=True)
        pq.write_table(part.take(pa.array(order)), site / "part-0.parquet", row_group_size=100_000)
    return folder


def test_a_million_rows_of_eight_columns_are_read_from_csv_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "gauge.csv"
    pc.write_csv(table(1_000_000, 0, 1, 300).drop_columns(["id", "c7"]), path, pc.WriteOptions(quoting_style="none"))
    ran = load("1,000,000 rows of 8 columns from CSV, all used", path, COLUMNS[:7])
    assert ran.out.startswith("1000000 1 ")
    assert ran.cpu < 4
    one = load("the same, one used", path, COLUMNS[:1])
    assert one.cpu < ran.cpu


def test_ten_thousand_series_in_one_file_and_in_many_are_read_in_seconds(tmp_path: Path) -> None:
    whole = table(60, 0, 10_000).select(["id", "time", "level_m"])
    pc.write_csv(whole, tmp_path / "gauges.csv")
    one = load("10,000 series in one file", tmp_path / "gauges.csv", COLUMNS[:1])
    (tmp_path / "many").mkdir()
    rows = (tmp_path / "gauges.csv").read_text().splitlines(keepends=True)[1:]
    for first in range(0, len(rows), 60):
        text = "time,level_m\n" + "".join(row.split(",", 1)[1] for row in rows[first : first + 60])
        (tmp_path / "many" / f"g{first // 60:05d}.csv").write_text(text)
    many = load("10,000 series in 10,000 files", tmp_path / "many", COLUMNS[:1])
    assert one.out == many.out
    assert one.out.startswith("600000 10000 ")
    assert one.cpu < 4
    assert many.cpu < 6


def test_a_parquet_data_set_ten_times_the_allowed_memory_loads_and_trains(tmp_path: Path) -> None:
    little, much = parquet(tmp_path / "little", 2_000, 10, 10), parquet(tmp_path / "much", 40_000, 10, 10)
    size = 4_000_000 * (len(COLUMNS) + 2) * 8 / 2**20
    assert size > 9.5 * ALLOWED
    small, large = load("loading 200,000 rows", little), load(f"loading {size:.0f} MB", much)
    assert large.out.startswith("4000000 100 ")
    assert large.anon < small.anon + ALLOWED
    settings = ("-t", "level_m", "--past", ",".join(COLUMNS[1:]), "-H", "256", "-L", "24", "--hidden-size", "4")
    once = ("--max-epochs", "1", "--epoch-windows", "256", "-o", tmp_path / "model.safetensors")
    train = (*COMMAND, "train", *settings, *once)
    small, large = run("training on 200,000 rows", *train, little), run(f"training on {size:.0f} MB", *train, much)
    assert "4,000,000 steps of 1 h" in large.out
    assert large.anon < small.anon + ALLOWED
