"""Every recurrent cell alone, default settings else, on three series: what it costs and what it is worth.

    python benchmarks/cells.py [SEEDS]

For each series, cell and seed the public `rf.train` is run once with floor="none"; the epoch is chosen on validation,
and the test part is read once per line, by `train` itself. Columns: numbers in the network and in its recurrent layer,
epoch kept, CPU seconds of one training with its scoring, mean absolute error of the network on validation and on test
(in the series' unit, mean over the leads), and the latter over that of the LSTM of the same seed; each as
median [min, max] over seeds.

Tried and left out, 2 seeds, test error over the LSTM's on oil, tide, river: minimal gated unit 1.002, 0.994, 1.004 at
17, 23, 16 CPU s; sLSTM 1.002, 0.993, 0.997 at 46, 33, 60. The plain cell with relu 1.001, 0.990, 0.986 at 20, 16, 8.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pandas as pd

import rnnforecast as rf
from rnnforecast.config import listed

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared/data"
CELLS = {"lstm": {"cell": "lstm"}, **{name: {"cell": name} for name in listed("network/cells")}}
ROWS: dict[str, dict[str, str]] = {**CELLS, "rnn relu": {"cell": "rnn", "activation": "relu"}}


@dataclass(frozen=True)
class Series:
    path: Path
    time: str
    days: int  # of validation, and of test
    settings: dict[str, object]
    rows: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame  # those that are used


SERIES = {
    "oil, ETTh1": Series(
        DATA / "bench_ett/ETTh1.csv", "date", 120, {"target": "OT", "horizon": 24}, lambda frame: frame[:14400]
    ),
    "tide, measured": Series(
        DATA / "tide_noaa_lajolla_ca_9410230/lajolla_hourly_2010_2020.converted.csv", "time_utc", 55,
        {"target": "water_level_m"}, lambda frame: frame[frame["time_utc"].str.startswith("2018")],
    ),
    "river, Fulda": Series(
        ROOT / "sample_data/river_fulda_1979_1988_daily.csv", "date", 548, {"target": "discharge_m3s"}
    ),
}  # fmt: skip


def one(series: Series, settings: dict[str, object]) -> dict[str, float]:
    """One training."""
    frame, days = series.rows(pd.read_csv(series.path)), f"{series.days}d"
    started = time.process_time()
    model = rf.train(frame, floor="none", validation=days, test=days, **series.settings, **settings)
    seconds = time.process_time() - started
    sizes = {name: value.size for name, value in model.core.members.networks[0].fitted.items()}
    return {
        "numbers": sum(sizes.values()),
        "recurrent": sum(size for name, size in sizes.items() if name.startswith("encoder.")),
        "epoch": model.core.about["epochs"][0],
        "CPU s": seconds,
        "validation": of_network(rf.evaluate(model, validation_of(frame, series, model))),
        "test": of_network(model.scores),
    }


def of_network(scores: pd.DataFrame) -> float:
    """Mean absolute error of the network alone, over the leads."""
    return float(scores[scores["rule"] == "network"]["mae"].mean())


def validation_of(frame: pd.DataFrame, series: Series, model: rf.Model) -> pd.DataFrame:
    """The validation rows and the lookback before them: all that `evaluate` can score there is validation."""
    times, part = pd.to_datetime(frame[series.time]), pd.Timedelta(days=series.days)
    step, end = times.diff().min(), times.iloc[-1] - part
    return frame[(times > end - part - model.core.config.lookback * step) & (times <= end)]


def lines_of(series: Series, seeds: int) -> dict[str, list[dict[str, float]]]:
    """Every row's trainings, the LSTM's first."""
    lines: dict[str, list[dict[str, float]]] = {}
    for row, settings in ROWS.items():
        lines[row] = [one(series, {**settings, "seed": seed}) for seed in range(seeds)]
    return lines


def show(name: str, lines: dict[str, list[dict[str, float]]]) -> None:
    columns = [*lines["lstm"][0], "test/lstm"]
    print(f"{name:14}          " + " ".join(f"{column:>26}" for column in columns))
    for row, trained in lines.items():
        ratios = [line["test"] / base["test"] for line, base in zip(trained, lines["lstm"], strict=True)]
        values = [*([line[column] for line in trained] for column in columns[:-1]), ratios]
        print(f"{name:14} {row:8} " + " ".join(f"{spread(v):>26}" for v in values), flush=True)


def spread(values: list[float]) -> str:
    """median [min, max], whole numbers as they are; the value alone where all are equal."""
    digits = ".4g" if any(value % 1 for value in values) else ".0f"
    if min(values) == max(values):
        return f"{values[0]:{digits}}"
    return f"{median(values):{digits}} [{min(values):{digits}}, {max(values):{digits}}]"


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for name, series in SERIES.items():
        if not series.path.exists():
            print(f"{name}: {series.path.name} is not here, left out")
            continue
        show(name, lines_of(series, seeds))


if __name__ == "__main__":
    main()
