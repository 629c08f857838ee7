"""Our network against the LSTM of neuralforecast and darts on ETTh1: error at equal CPU time, CPU time to their error.

    python benchmarks/peers.py --peers PYTHON [--seeds N] [--tasks OT all] [--horizons 24 96] [--channels ...]

PYTHON is the interpreter of an environment that holds the peers (README.md says how to make it); one that it lacks is
left out by name. Every fit is a process of its own with one thread, timed inside by `time.process_time` around the fit
alone: around `fit` of the peers, around the whole of `rf.train`, its scoring included, of ours. Rows 1-8640 train,
8641-11520 validate, 11521-14400 test; errors of values standardised by the training part, over all rolling windows of
the test part. The peers read validation as context only. Per task and horizon:

- the last value, and the value of 24 hours before;
- each peer: 500 steps of 64 windows;
- ours beside each peer, the network alone (floor="none") and the stack, with max_time set to that peer's CPU seconds;
- ours with max_time of 1, 2, 4, ... s, stopped at the first that has trained an epoch or more and whose test MSE is at
  or below the peer's. Each rung reads the test part once more ("reads"): its seconds are a measurement, its error is no
  score.

max_time counts seconds of the clock from the start of the fit, the simple rules' share included: where the machine is
busy, ours gets less CPU time than the peer had. What comes after (weights of the stack, refit, test) is in CPU s too.

Each line is the median [min, max] over seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ETT = ROOT.parent / "shared/data/bench_ett/ETTh1.csv"
TASKS = {"OT": ["OT"], "all": ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]}
TRAIN, VALIDATION, END = 8640, 11520, 14400
LOOKBACK, HIDDEN, STEPS, BATCH = 168, 64, 500, 64
ALONE_BUDGET = 20  # seconds for ours where no peer is here
PIECE = 700  # windows that `rf.evaluate` is asked for at a time, fewer than it ever thins out
NEURALFORECAST = {
    "encoder_hidden_size": HIDDEN, "encoder_n_layers": 1, "windows_batch_size": BATCH, "max_steps": STEPS,
    "encoder_dropout": 0.0, "decoder_hidden_size": 128, "decoder_layers": 2, "recurrent": False,
    "learning_rate": 1e-3, "num_lr_decays": -1, "scaler_type": "robust", "batch_size": 32,
}  # fmt: skip
DARTS = {
    "model": "LSTM", "hidden_dim": HIDDEN, "n_rnn_layers": 1, "batch_size": BATCH, "hidden_fc_sizes": None,
    "dropout": 0.0, "activation": "ReLU", "use_static_covariates": True, "optimizer_kwargs": {"lr": 1e-3},
}  # fmt: skip
OURS = {"lookback": LOOKBACK, "cell": "lstm", "hidden_size": HIDDEN, "validation": "2880", "test": "2880"}
QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_checkpointing": False,
         "enable_model_summary": False}  # fmt: skip
SETTINGS = {"neuralforecast": NEURALFORECAST | {"loss": "MAE"}, "darts": DARTS | {"loss": "MSE", "max_steps": STEPS}}
PEERS = tuple(SETTINGS)
COLUMNS = {
    "horizon": 7, "who": 55, "max_time s": 11, "CPU s": 17, "MSE": 20, "MAE": 20, "epochs": 9, "windows": 7, "reads": 8,
}  # fmt: skip

Line = dict[str, Any]


# What every process knows of the data.


@cache
def rows() -> pd.DataFrame:
    """The rows of the protocol; the file holds more."""
    frame = pd.read_csv(ETT, nrows=END)
    return frame.assign(date=pd.to_datetime(frame["date"]))


def spread(channels: list[str]) -> pd.Series:
    return rows()[channels][:TRAIN].std(ddof=0)


def standardised(channels: list[str]) -> pd.DataFrame:
    """Each channel by the mean and spread of its training part, by date."""
    frame = rows()[channels]
    values = (frame - frame[:TRAIN].mean()) / spread(channels)
    return values.set_index(pd.DatetimeIndex(rows()["date"], freq="h"))


def test_windows(horizon: int) -> int:
    return END - VALIDATION - horizon + 1


def judged(forecast: np.ndarray, truth: np.ndarray, horizon: int, channels: int) -> Line:
    """Errors over windows, leads and channels together."""
    error = np.asarray(forecast, float) - np.asarray(truth, float)
    windows = error.size // (horizon * channels)
    return {"mse": float(np.mean(error**2)), "mae": float(np.mean(np.abs(error))), "windows": windows}


def naive(channels: list[str], horizon: int, season: int) -> Line:
    """The newest `season` values, again and again."""
    values = standardised(channels).to_numpy()
    starts = VALIDATION + np.arange(test_windows(horizon))[:, None]
    ahead = np.arange(horizon)
    said, truth = values[starts - season + ahead % season], values[starts + ahead]
    return judged(said, truth, horizon, len(channels))


# One fit, in a process of its own.


def timed(fit: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and the CPU seconds that it took."""
    before = time.process_time()
    made = fit()
    return made, time.process_time() - before


def neuralforecast(channels: list[str], horizon: int, seed: int) -> Line:
    """Their fit, and their backtest without another fit."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MAE
    from neuralforecast.models import LSTM

    wide = standardised(channels).rename_axis("ds").reset_index()
    long = wide.melt("ds", var_name="unique_id", value_name="y").astype({"y": "float32"})
    dates = rows()["date"]
    lstm = LSTM(h=horizon, input_size=LOOKBACK, loss=MAE(), random_seed=seed, **NEURALFORECAST, **QUIET)
    model = NeuralForecast([lstm], freq="h")
    _, cpu = timed(lambda: model.fit(long[long["ds"] < dates[TRAIN]]))
    part = long[long["ds"] >= dates[VALIDATION - LOOKBACK]]
    said = model.cross_validation(part, n_windows=None, test_size=END - VALIDATION, step_size=1, use_fitted=True)
    return judged(said["LSTM"].to_numpy(), said["y"].to_numpy(), horizon, len(channels)) | {"cpu": cpu}


def darts(channels: list[str], horizon: int, seed: int) -> Line:
    """Their fit, and their backtest without another fit."""
    from darts import TimeSeries
    from darts.models import BlockRNNModel

    values = standardised(channels).astype("float32")
    trainer = QUIET | {"max_steps": STEPS}
    lengths = {"input_chunk_length": LOOKBACK, "output_chunk_length": horizon}
    model = BlockRNNModel(**lengths, **DARTS, random_state=seed, pl_trainer_kwargs=trainer)
    series = [TimeSeries.from_series(values[c][:TRAIN]) for c in channels]
    _, cpu = timed(lambda: model.fit(series))
    part = [TimeSeries.from_series(values[c][VALIDATION - LOOKBACK :]) for c in channels]
    said = model.historical_forecasts(part, start=values.index[VALIDATION], forecast_horizon=horizon, retrain=False,
                                      last_points_only=False, verbose=False)  # fmt: skip
    forecast = np.array([[window.values()[:, 0] for window in windows] for windows in said])  # (C, N, H)
    starts = VALIDATION + np.arange(forecast.shape[1])[:, None]
    truth = np.moveaxis(values.to_numpy()[starts + np.arange(horizon)], -1, 0)
    return judged(forecast, truth, horizon, len(channels)) | {"cpu": cpu}


def ours(channels: list[str], horizon: int, seed: int, budget: int, floor: str, mixing: str) -> Line:
    """One training by the public interface, scored by itself."""
    import rnnforecast as rf

    frame = rows()[["date", *channels]]
    asked = OURS | {"horizon": horizon, "seed": seed, "floor": floor, "channels": mixing, "max_time": f"{budget}s"}
    model, cpu = timed(lambda: rf.train(frame, target=channels, **asked))
    rule = "network" if floor == "none" else "model"
    scores, windows = model.scores, model.core.scores.num_windows
    if windows < test_windows(horizon):
        scores, windows = in_pieces(model, frame, horizon)
    errors = in_units(scores, channels).groupby("rule")[["mse", "mae"]].mean().loc[rule]
    epochs = int(np.max(model.core.about["epochs"]))  # of each network
    return {"mse": errors["mse"], "mae": errors["mae"], "windows": windows, "cpu": cpu, "epochs": epochs}


def in_units(scores: pd.DataFrame, channels: list[str]) -> pd.DataFrame:
    """Scores of squared and absolute error in units of each channel's spread."""
    unit = scores["target"].map(spread(channels))
    return scores.assign(mse=(scores["rmse"] / unit) ** 2, mae=scores["mae"] / unit)


def in_pieces(model: Any, frame: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, int]:
    """Scores of every window, a few at a time: of many numbers `rf.train` scores windows drawn evenly."""
    import rnnforecast as rf

    total, parts = test_windows(horizon), []
    for first in range(0, total, PIECE):
        count = min(PIECE, total - first)
        start = VALIDATION + first
        part = rf.evaluate(model, frame[start - LOOKBACK : start + count - 1 + horizon])
        parts.append(part.assign(mse=part["rmse"] ** 2 * count / total, mae=part["mae"] * count / total))
    whole = pd.concat(parts).groupby(["target", "lead", "rule"], as_index=False)[["mse", "mae"]].sum()
    return whole.assign(rmse=np.sqrt(whole["mse"])), total


def work(who: str, task: str, horizon: str, seed: str, *more: str) -> Line:
    """The fit that a worker was started for."""
    import torch

    torch.set_num_threads(1)
    channels = TASKS[task]
    if who == "ours":
        budget, floor, mixing = more
        return ours(channels, int(horizon), int(seed), int(budget), floor, mixing)
    return {"neuralforecast": neuralforecast, "darts": darts}[who](channels, int(horizon), int(seed))


# The process that starts them all.


def started(python: str, *words: object) -> Line | None:
    """The line of one worker, or None and the reason on the screen."""
    command = [python, str(Path(__file__).resolve()), "--worker", *map(str, words)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    print(f"{words[0]} failed, left out: {reason}", flush=True)
    return None


def version(python: str | None, package: str) -> str | None:
    """The version of a package in that environment; None where it is not there."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    if python is None:
        return None
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def fits(seeds: int, python: str, *words: object) -> list[Line]:
    """The same fit with each seed; none where one failed."""
    lines: list[Line] = []
    for seed in range(seeds):
        line = started(python, *words, seed)
        if line is None:
            return []
        lines.append(line)
    return lines


def own(task: str, horizon: int, budgets: list[int], floor: str, mixing: str) -> list[Line]:
    """Ours with one budget per seed."""
    lines = [started(sys.executable, "ours", task, horizon, seed, budget, floor, mixing)
             for seed, budget in enumerate(budgets)]  # fmt: skip
    return [] if None in lines else [line | {"max": b} for line, b in zip(lines, budgets, strict=True) if line]


def whole(seconds: float) -> int:
    """Durations are given in whole seconds: the peer's time is cut, not rounded up."""
    return max(1, int(seconds))


def rungs(most: int) -> Iterator[int]:
    """1, 2, 4, ... below `most`."""
    rung = 1
    while rung < most:
        yield rung
        rung *= 2


def climbed(task: str, horizon: int, seed: int, peer: Line, last: Line, floor: str, mixing: str) -> Line | None:
    """The first rung at or below the peer's error; the line at the peer's own CPU time is the last one."""
    reads = 0
    for rung in rungs(whole(peer["cpu"])):
        line = started(sys.executable, "ours", task, horizon, seed, rung, floor, mixing)
        reads += 1
        if line is None or reached(line, peer):
            return line and line | {"max": rung, "reads": reads}
    return last | {"reads": reads + 1} if reached(last, peer) else None


def reached(line: Line, peer: Line) -> bool:
    """A network that has not learned yet is its anchor, the last value: that does not count."""
    return bool(line["epochs"] > 0 and line["mse"] <= peer["mse"])


def shown(horizon: int, who: str, lines: list[Line]) -> None:
    """One row of the table; nothing of a fit that failed."""
    if not lines:
        return
    texts = {"horizon": str(horizon), "who": who, "max_time s": over(lines, "max", 0), "CPU s": over(lines, "cpu", 1)}
    texts |= {"MSE": over(lines, "mse", 3), "MAE": over(lines, "mae", 3)}
    texts |= {key: over(lines, key, 0) for key in ("epochs", "windows", "reads")}
    print("".join(aligned(texts[name], name) for name in COLUMNS), flush=True)


def over(lines: list[Line], key: str, digits: int) -> str:
    """Median [min, max] of one number over seeds, or the number alone where all agree."""
    values = [line[key] for line in lines if key in line]
    if not values:
        return "-"
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), median(values), max(values)))
    return middle if low == high else f"{middle} [{low}, {high}]"


def aligned(text: str, column: str) -> str:
    return f"{text:{COLUMNS[column]}} " if column == "who" else f"{text:>{COLUMNS[column]}} "


def compare(task: str, horizon: int, peers: list[str], asked: argparse.Namespace) -> None:
    """All rows of one task and horizon."""
    channels = TASKS[task]
    shown(horizon, "last value", [naive(channels, horizon, 1)])
    shown(horizon, "the value of 24 hours before", [naive(channels, horizon, 24)])
    mixings = asked.channels if len(channels) > 1 else ["joint"]
    if not peers:
        against(task, horizon, "", [], [ALONE_BUDGET] * asked.seeds, mixings)
    for peer in peers:
        theirs = fits(asked.seeds, asked.peers, peer, task, horizon)
        shown(horizon, peer, theirs)
        against(task, horizon, peer, theirs, [whole(line["cpu"]) for line in theirs], mixings)


def against(task: str, horizon: int, peer: str, theirs: list[Line], budgets: list[int], mixings: list[str]) -> None:
    """Ours at the peer's CPU time, then ours at the first rung that reaches its error."""
    for mixing in mixings:
        for floor, name in (("none", "network alone"), ("auto", "stack")):
            who = f"our {name}" if len(TASKS[task]) == 1 else f"our {name}, {mixing}"
            at_equal = own(task, horizon, budgets, floor, mixing)
            shown(horizon, f"{who}, time of {peer}" if theirs else f"{who}, no peer here", at_equal)
            found = [climbed(task, horizon, seed, peer_line, line, floor, mixing)
                     for seed, (peer_line, line) in enumerate(zip(theirs, at_equal, strict=False))]  # fmt: skip
            tell(horizon, f"{who}, error of {peer}", found)


def tell(horizon: int, who: str, found: list[Line | None]) -> None:
    """The rung that reached the error, over the seeds that did."""
    there = [line for line in found if line]
    missed = len(found) - len(there)
    if missed:
        print(f"{aligned(str(horizon), 'horizon')}{who}: not reached with {missed} of {len(found)} seeds", flush=True)
    shown(horizon, who, there)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter of the environment that holds the peers")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--horizons", nargs="+", type=int, default=[24, 96])
    parser.add_argument("--channels", nargs="+", choices=("independent", "joint"), default=["independent", "joint"],
                        help="how ours reads the seven; the peers have one network for each by itself")  # fmt: skip
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


def here(asked: argparse.Namespace) -> list[str]:
    """The peers that are installed; the versions and settings of all on the screen."""
    versions = {package: version(asked.peers, package) for package in PEERS}
    for package, found in versions.items():
        print(f"{package} {found}: {words(SETTINGS[package])}" if found else f"{package} is not here, left out")
    for name, python in (("ours", sys.executable), ("peers", asked.peers)):
        if python:
            print(f"{name}: torch {version(python, 'torch')}, numpy {version(python, 'numpy')}")
    print(f"rnnforecast {version(sys.executable, 'rnnforecast')}: {words(OURS)}; other settings are the defaults")
    print(f"{ETT.name}, one thread, lookback {LOOKBACK} for all; seeds 0-{asked.seeds - 1}, median [min, max] of them")
    return [package for package, found in versions.items() if found]


def words(settings: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


def main() -> None:
    asked = arguments()
    if not ETT.exists():
        print(f"{ETT.name} is not here: nothing to compare")
    elif asked.worker:
        print(json.dumps(work(*asked.worker)))
    else:
        peers = here(asked)
        for task in asked.tasks:
            print(f"\n{task}: {', '.join(TASKS[task])}\n" + "".join(aligned(name, name) for name in COLUMNS))
            for horizon in asked.horizons:
                compare(task, horizon, peers, asked)


if __name__ == "__main__":
    main()
