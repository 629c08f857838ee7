"""Tide gauges at 6, 24 and 72 hours from one model: RMSE in cm and the share within 15 cm, beside UTide, A and B."""

from __future__ import annotations

from typing import Any

import pandas as pd
from measures import share_within
from references import Harmonics
from trial import Parts, Trial
from waters import against_floors, by_lead, common, errors_at, forecasts, simple_rules

REFERENCES = ["UTide", "A", "B", "B each"]
BOUND = 15.0  # cm


def score(trial: Trial) -> dict[str, Any]:
    """Figures at each lead; all methods at the same origins."""
    parts = trial.parts()
    rows = forecasts(trial, parts)
    rules = simple_rules(rows)
    told = common(rows.join(harmonics(trial, parts).at(rows)), [*rules, *REFERENCES])
    leads = {lead: told[told["lead"] == lead] for lead in trial.row.facts["leads"]}
    figures = {lead: at_lead(block, rules, trial.row.facts["cm"]) for lead, block in leads.items()}
    return {**by_lead(figures), "windows": min(len(block) for block in leads.values())}


def harmonics(trial: Trial, parts: Parts) -> Harmonics:
    """UTide on the training part; the validation part is as new to it as the test part."""
    target = trial.row.settings["target"][0]
    return Harmonics(parts.train[target], parts.frame[target], trial.row.facts["lat"])


def at_lead(block: pd.DataFrame, rules: list[str], cm: float) -> dict[str, float]:
    errors = errors_at(block, ["model", "own floors", *REFERENCES, *rules], cm)
    within = share_within(cm * block["y"].to_numpy(), cm * block["model"].to_numpy(), BOUND)
    references = {name: errors[name] for name in REFERENCES}
    ratios = {f"/{name}": errors["model"] / errors[name] for name in ("A", "B", "B each")}
    return {"RMSE": errors["model"], "within 15 cm": within, **references, **ratios, **against_floors(errors, rules)}
