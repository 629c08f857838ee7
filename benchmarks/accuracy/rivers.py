"""Rivers by lead: RMSE and Nash-Sutcliffe efficiency; RMSE over persistence, the better of it and ridge, own floors."""

from __future__ import annotations

from typing import Any

import pandas as pd
from measures import nse
from trial import Trial
from waters import against_floors, by_lead, common, errors_at, forecasts, simple_rules

PLAIN = ["persistence", "ridge"]


def score(trial: Trial) -> dict[str, Any]:
    """Figures at each lead; all methods at the same origins."""
    rows = forecasts(trial, trial.parts())
    rules = sorted({*simple_rules(rows), *PLAIN})
    told = common(rows, rules)
    leads = {lead: told[told["lead"] == lead] for lead in trial.row.facts["leads"]}
    figures = {lead: at_lead(block, rules) for lead, block in leads.items()}
    return {**by_lead(figures), "windows": min(len(block) for block in leads.values())}


def at_lead(block: pd.DataFrame, rules: list[str]) -> dict[str, float]:
    errors = errors_at(block, ["model", "own floors", *rules])
    better = min(errors[name] for name in PLAIN)
    truth = block["y"].to_numpy()
    return {"RMSE": errors["model"], "NSE": nse(truth, block["model"].to_numpy()),
            **{name: errors[name] for name in PLAIN}, "/persistence": errors["model"] / errors["persistence"],
            "/better": errors["model"] / better, **against_floors(errors, rules)}  # fmt: skip
