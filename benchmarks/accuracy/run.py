"""One row of the accuracy table, by the public interface alone.

    python benchmarks/accuracy/run.py etth1-96 [MORE ROWS] [--seeds 3] [--jobs 2] [--data FOLDER]
    python benchmarks/accuracy/run.py etth1-96 --validation-only --set hidden_size=96 --set loss=mae

The first form trains once for each seed, scores the test part, writes results/ROW.json and RESULTS.md, and counts the
read. The second is for choosing settings: the test part is cut off first, nothing is written. `tide`, `river` and
`river-rain-ahead` train nothing: they sum up rows that are there.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
import tomllib
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import table
from data import DEFAULT, Missing
from results import from_rows, save, summed_up
from rows import ROWS, SUMMARIES
from trial import NotTheProtocol, Trial

HINT = "--set is for validation work: add --validation-only; what is chosen there belongs in rows.py or in the preset"


def one(name: str, folder: Path, changed: Mapping[str, Any], validation_only: bool, seed: int) -> dict[str, Any]:
    """One seed of one row: its figures, and the seconds it took."""
    trial = Trial(ROWS[name], seed, folder, changed, validation_only)
    started, cpu = time.perf_counter(), time.process_time()
    figures = import_module(trial.row.protocol).score(trial)
    windows = figures.pop("windows")
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - started}
    seconds |= {f"cpu of {what}": spent for what, spent in trial.seconds.items()}
    return {"seed": seed, "figures": figures, "windows": windows, "seconds": seconds}


def seeds_of(name: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Every seed, one after another or `--jobs` at a time in processes of their own; each on the screen as it ends."""
    work = partial(one, name, asked.data, asked.set, asked.validation_only)
    if asked.jobs == 1:
        return [shown(name, work(seed)) for seed in range(asked.seeds)]
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        return [shown(name, line) for line in pool.map(work, range(asked.seeds))]


def shown(name: str, line: dict[str, Any]) -> dict[str, Any]:
    figures = "  ".join(f"{key} {value:.4g}" for key, value in line["figures"].items())
    seconds = line["seconds"]
    print(f"{name} seed {line['seed']}: {figures}  ({line['windows']} windows, {seconds['cpu']:.0f} CPU s, "
          f"{seconds['wall']:.0f} s)", flush=True)  # fmt: skip
    return line


def run(name: str, asked: argparse.Namespace) -> None:
    """Score a row; write it unless it was validation work. Raises Missing, NotTheProtocol."""
    if name in SUMMARIES:
        save(summed_up(name))
    elif (lines := seeds_of(name, asked)) and not asked.validation_only:
        save(from_rows(ROWS[name], lines, asked.data))
    if not asked.validation_only:
        table.write()


def setting(text: str) -> tuple[str, Any]:
    """NAME=VALUE; the value as a TOML file would hold it, or the text itself."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def row(text: str) -> str:
    """A row that is there; an unknown name is refused with the nearest one."""
    known = [*ROWS, *SUMMARIES]
    if text not in known:
        near = difflib.get_close_matches(text, known, 1)
        raise argparse.ArgumentTypeError(f"unknown row {text!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return text


def arguments() -> argparse.Namespace:
    names = " ".join([*ROWS, *SUMMARIES])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=f"rows: {names}")
    parser.add_argument("rows", nargs="+", type=row, metavar="ROW")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to N-1 (3)")
    parser.add_argument("--jobs", type=int, default=1, help="seeds that run at the same time (1)")
    parser.add_argument("--data", type=Path, default=DEFAULT, help=f"folder of the data sets ({DEFAULT})")
    parser.add_argument("--validation-only", action="store_true", help="cut the test part off; write nothing")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="NAME=VALUE")
    asked = parser.parse_args()
    asked.set = dict(asked.set)
    if asked.set and not asked.validation_only:
        parser.error(HINT)
    return asked


def main() -> int:
    asked = arguments()
    missed = 0
    for name in asked.rows:
        try:
            run(name, asked)
        except (Missing, NotTheProtocol) as error:
            print(f"{name}: {error}", file=sys.stderr)
            missed += 1
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
