"""Rows without a published table worth the name: errors of standardised values beside last value and seasonal naive.

As in ltsf.py, every window of the test part; the two naive rules are computed here, over the same windows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ltsf import figures, standardised
from measures import mae, rmse, seasonal_naive
from trial import Parts, Trial, must


def score(trial: Trial) -> dict[str, Any]:
    """MSE and MAE of the model and of the naive rules."""
    parts, horizon = trial.parts(), trial.row.settings["horizon"]
    model = trial.train(parts.frame, **parts.settings)
    errors, windows = standardised(model, parts.frame)
    expected = len(parts.frame) - parts.test - horizon + 1
    must(windows == expected, f"{windows} test windows, there are {expected}")
    seasons = {"last value": 1, "seasonal naive": trial.row.facts["season"]}
    beside = {name: naive(parts, horizon, season) for name, season in seasons.items()}
    return {**figures(errors), **{f"{n} {k}": v for n, told in beside.items() for k, v in told.items()},
            "windows": windows}  # fmt: skip


def naive(parts: Parts, horizon: int, season: int) -> dict[str, float]:
    """The newest season again and again, from every origin of the test part."""
    values = (parts.frame / parts.train.std(ddof=0)).to_numpy()
    starts = range(parts.test, len(values) - horizon + 1)
    said = np.stack([seasonal_naive(values[:start], season, horizon) for start in starts])
    truth = np.stack([values[start : start + horizon] for start in starts])
    return {"MSE": rmse(truth, said) ** 2, "MAE": mae(truth, said)}
