"""What big data cost: CPU seconds of a CSV of five million rows, and anonymous memory of a data set ten times as large.

    python benchmarks/big_data.py [ALLOWED]

1. 5,000,000 rows of 8 columns from CSV: `inspect` (a glimpse) and `inspect --full` (every row), less the start-up.
2. A Parquet data set of ten times ALLOWED MB (500), decoded: `train` on it. Printed is the highest RssAnon of the
   process, looked at every few milliseconds: memory that only it holds. Files that it maps are not counted.

Ten times 500 MB take 2 GB of disk for the data and 11 GB for a minute or two in TMPDIR while they are read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

COMMAND = [sys.executable, "-m", "rnnforecast"]
COLUMNS = ("level_m", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
PER_FILE = 1_000_000


def measured(words: list[str], folder: Path) -> tuple[float, float, str]:
    """CPU seconds, the highest RssAnon in MB, and what a command said."""
    child = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    highest = 0
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
            highest = max(highest, int(line.split()[1])) if line.startswith("RssAnon") else highest
        time.sleep(0.005)
    assert child.stdout is not None
    said = child.stdout.read().decode()
    _, code, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}: {said}")
    return usage.ru_utime + usage.ru_stime, highest / 1024, said


def table(rows: int, first: int, series: int, step: int) -> pa.Table:
    """`rows` of each of some series: a daily cycle and noise, to three decimals."""
    times = np.arange(rows) * step
    noise = np.random.default_rng(first).normal(scale=0.1, size=rows * series)
    wave = np.tile(np.sin(times * 2 * np.pi / 86_400), series)
    cells = {name: pa.array((2 + wave + np.roll(noise, k)).round(3)) for k, name in enumerate(COLUMNS)}
    names = np.repeat([f"g{first + n:05d}" for n in range(series)], rows)
    return pa.table({"id": pa.array(names), "time": pa.array(np.tile(times.astype("datetime64[s]"), series)), **cells})


def csv(folder: Path) -> None:
    """5,000,000 rows of a time and seven numbers."""
    whole = table(5_000_000, 0, 1, 300).drop_columns(["id", "c7"])
    pc.write_csv(whole, folder / "gauge.csv", pc.WriteOptions(quoting_style="none"))
    pc.write_csv(whole.slice(0, 1000), folder / "start.csv", pc.WriteOptions(quoting_style="none"))
    used = ["-t", "level_m", "--past", ",".join(COLUMNS[1:7])]
    start = measured(["inspect", "start.csv", *used], folder)[0]
    size = (folder / "gauge.csv").stat().st_size / 1e6
    for words in (["-t", "level_m"], ["-t", "level_m", "--full"], [*used, "--full"]):
        cpu, anon, _ = measured(["inspect", "gauge.csv", *words], folder)
        print(f"{size:.0f} MB of CSV, inspect {' '.join(words):52} {cpu - start:5.1f} CPU s, RssAnon {anon:5.0f} MB")


def parquet(folder: Path, allowed: int) -> None:
    """A data set by site that is ten times the memory allowed, rows of each file in no order."""
    rows = 10 * allowed * 2**20 // (8 * (len(COLUMNS) + 2))
    files = -(-rows // PER_FILE)
    for number in range(files):
        part = table(PER_FILE // 10, number * 10, 10, 3600)
        site = folder / "data" / f"site={number:03d}"
        site.mkdir(parents=True)
        order = np.random.default_rng(number).permutation(len(part))
        pq.write_table(part.take(pa.array(order)), site / "part-0.parquet")
    size = files * PER_FILE * 8 * (len(COLUMNS) + 2) / 2**20
    words = ["train", "data", "-t", "level_m", "--past", ",".join(COLUMNS[1:]), "-H", "24", "-L", "96"]
    cpu, anon, said = measured([*words, "--max-epochs", "1"], folder)
    print(next(line for line in said.splitlines() if line.startswith("level_m")))
    print(f"{size:.0f} MB of Parquet, decoded, train: {cpu:.0f} CPU s, RssAnon {anon:.0f} MB of {allowed} MB allowed")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        csv(Path(folder))
        parquet(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 500)


if __name__ == "__main__":
    main()
