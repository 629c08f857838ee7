"""Long-horizon protocol: squared and absolute error of standardised values over every window of the test part.

The mean over windows, leads and targets; each column in units of its standard deviation in the training part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from trial import Parts, Trial, must

import rnnforecast as rf

INDEX = ["target", "lead", "rule"]


def score(trial: Trial) -> dict[str, Any]:
    """MSE and MAE of the model, and of every other rule beside it. Raises NotTheProtocol on a window too few."""
    parts = trial.parts()
    model = trial.train(parts.frame, **parts.settings)
    horizon = trial.row.settings["horizon"]
    check_unit(model, parts, trial.settings["lookback"] + horizon)
    errors, windows = standardised(model, parts.frame)
    expected = trial.row.facts.get("windows", len(parts.frame) - parts.test - horizon + 1)
    must(windows == expected, f"{windows} test windows, the protocol has {expected}")
    return {**figures(errors), "windows": windows}


def figures(errors: pd.DataFrame) -> dict[str, float]:
    """The model's two errors by their own names, another rule's with the rule before them."""
    told: dict[str, float] = {}
    for rule, line in errors.groupby("rule")[["mse", "mae"]].mean().iterrows():
        before = "" if rule == "model" else f"{rule} "
        told |= {f"{before}MSE": float(line["mse"]), f"{before}MAE": float(line["mae"])}
    return told


def check_unit(model: Any, parts: Parts, length: int) -> None:
    """That errors are in units of StandardScaler's deviation: on the first window of the training part alone."""
    window = parts.frame[:length]
    plain, scaled = (rf.evaluate(model, window, stride=1, standardised=way) for way in (False, True))
    unit = (plain["mae"] / scaled["mae"]).groupby(plain["target"]).median()
    must(np.allclose(unit, parts.train.std(ddof=0)[unit.index], rtol=1e-4), f"units of the errors: {unit.to_dict()}")


def standardised(model: Any, frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The errors of one call of `rf.evaluate` with an origin at every step, and its windows."""
    scores = rf.evaluate(model, frame, stride=1, standardised=True).set_index(INDEX)
    windows = scores["windows"].unique()
    must(len(windows) == 1, f"targets and leads have different numbers of windows: {windows.tolist()}")
    return scores.assign(mse=scores["rmse"] ** 2)[["mse", "mae"]].reset_index(), int(windows[0])
