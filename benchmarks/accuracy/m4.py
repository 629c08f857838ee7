"""M4 Hourly: 414 series, 48 hours after the end of each. sMAPE, MASE with a season of 24, OWA against Naive2.

The test file is opened after the forecasts are made. With `--validation-only` it is not opened at all: the last 48
hours of the training file are cut off and forecast instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from measures import Array, owa, seasonal_naive, seasonal_scale, smape
from published import NAIVE2
from trial import Trial, must

SEASON, HORIZON = 24, 48
FIRST = "2000-01-03"  # arbitrary, the same for all: the series have no times
Series = dict[str, Array]


def score(trial: Trial) -> dict[str, Any]:
    """The three figures of the model, and two of the seasonal naive, which show that the protocol is the same."""
    past = {name: line[np.isfinite(line)] for name, line in series_of(trial.table(0)).items()}
    held = {name: values[-HORIZON:] for name, values in past.items()}
    if trial.validation_only:
        past = {name: values[:-HORIZON] for name, values in past.items()}
    frame = long_frame(past)
    said = forecasts(trial.train(frame).predict(frame))
    truth = held if trial.validation_only else series_of(trial.table(1))
    naive = {name: seasonal_naive(values, SEASON, HORIZON) for name, values in past.items()}
    figures, beside = errors(past, truth, said), errors(past, truth, naive)
    same = trial.validation_only or np.allclose(list(beside.values()), trial.row.facts["snaive"], atol=5e-4)
    must(same, f"seasonal naive {beside}, published {trial.row.facts['snaive']}")
    combined = owa(figures["sMAPE"], figures["MASE"], *NAIVE2)
    return {**figures, "OWA": combined, **{f"snaive {k}": v for k, v in beside.items()}, "windows": len(past)}


def series_of(table: pd.DataFrame) -> Series:
    return {str(name): line.to_numpy() for name, line in table.iterrows()}


def long_frame(past: Series) -> pd.DataFrame:
    """All series below one another, from the same arbitrary hour."""
    blocks = [pd.DataFrame({"id": name, "time": pd.date_range(FIRST, periods=len(values), freq="h"), "value": values})
              for name, values in past.items()]  # fmt: skip
    return pd.concat(blocks, ignore_index=True)


def forecasts(rows: pd.DataFrame) -> Series:
    """The 48 values of each series, in order of their lead."""
    ordered = rows.sort_values("lead")
    return {str(name): block["yhat"].to_numpy() for name, block in ordered.groupby("unique_id")}


def errors(past: Series, truth: Series, said: Series) -> dict[str, float]:
    """Mean over series of sMAPE and MASE."""
    mases = [np.abs(truth[name] - said[name]).mean() / seasonal_scale(past[name], SEASON) for name in past]
    return {"sMAPE": float(np.mean([smape(truth[name], said[name]) for name in past])), "MASE": float(np.mean(mases))}
