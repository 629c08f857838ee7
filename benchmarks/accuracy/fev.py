"""fev-bench ETT_1H: MASE of 20 windows of a week at the end of ETTh1 and ETTh2, one training for each file.

The scale of a window is the mean absolute difference from a day before, over all rows before that window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from measures import Array, seasonal_naive, seasonal_scale
from trial import Parts, Trial, must

import rnnforecast as rf

SEASON = 24


def score(trial: Trial) -> dict[str, Any]:
    """MASE of the model and of our seasonal naive, whose published score shows that the protocol is the same."""
    told = [one_file(trial, number) for number in range(len(trial.row.data))]
    naive = float(np.mean([naive for _, naive, _ in told]))
    expected = trial.row.facts["snaive"]
    same = trial.validation_only or abs(naive - expected) < 5e-4
    must(same, f"seasonal naive {naive:.4f}, published {expected}")
    return {
        "MASE": float(np.mean([model for model, _, _ in told])),
        "snaive MASE": naive,
        **{f"MASE {name}": model for name, (model, _, _) in zip(trial.row.data, told, strict=True)},
        "windows": sum(count for _, _, count in told),
    }


def one_file(trial: Trial, number: int) -> tuple[float, float, int]:
    """(MASE of the model, of the seasonal naive, windows) of one file."""
    parts, horizon = trial.parts(number), trial.row.settings["horizon"]
    model = trial.train(parts.frame, **parts.settings)
    starts = window_starts(parts, horizon)
    must(trial.validation_only or len(starts) == trial.row.facts["windows"], f"{len(starts)} windows in a file")
    rows = rf.backtest(model, parts.frame, stride=horizon)
    return mase_of(rows, parts.frame, starts, horizon), naive_mase(parts.frame, starts, horizon), len(starts)


def window_starts(parts: Parts, horizon: int) -> list[int]:
    """Rows at which the windows of the test part begin, side by side."""
    return list(range(parts.test, len(parts.frame) - horizon + 1, horizon))


def scale_before(frame: pd.DataFrame, start: int) -> Array:
    return seasonal_scale(frame.to_numpy()[:start], SEASON)


def naive_mase(frame: pd.DataFrame, starts: list[int], horizon: int) -> float:
    """The newest day again and again, over windows and columns."""
    values = frame.to_numpy()
    scaled = []
    for start in starts:
        error = np.abs(values[start : start + horizon] - seasonal_naive(values[:start], SEASON, horizon))
        scaled.append(error.mean(axis=0) / scale_before(frame, start))
    return float(np.mean(scaled))


def mase_of(rows: pd.DataFrame, frame: pd.DataFrame, starts: list[int], horizon: int) -> float:
    """The model's, over windows and columns. Raises NotTheProtocol where a window or a value of one is missing."""
    scaled = []
    for start in starts:
        window = rows[rows["cutoff"] == frame.index[start - 1]]
        must(len(window) == horizon * frame.shape[1], f"{len(window)} forecasts from {frame.index[start - 1]}")
        error = (window["y"] - window["model"]).abs().groupby(window["target"]).mean()[list(frame.columns)]
        scaled.append(error.to_numpy() / scale_before(frame, start))
    must(len(starts) == rows["cutoff"].nunique(), "windows beside those of the protocol")
    return float(np.mean(scaled))
