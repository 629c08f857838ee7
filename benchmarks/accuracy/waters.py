"""What tides and rivers share: forecasts of the model, of the simple rules and of the model without its network.

All judged at the same origins, exactly at the lead.
"""

from __future__ import annotations

import pandas as pd
from measures import rmse
from trial import Parts, Trial

KEYS = ["cutoff", "lead"]
NOT_RULES = {"unique_id", "target", "cutoff", "ds", "lead", "y", "model", "own floors"}


def forecasts(trial: Trial, parts: Parts) -> pd.DataFrame:
    """`rf.backtest` of the model, with «own floors» beside it: the same settings with no epoch of training."""
    model = trial.train(parts.frame, **parts.settings)
    alone = trial.train(parts.frame, "floors alone", **{**parts.settings, "max_epochs": 0})
    rows = trial.backtest(model, parts.frame)
    floors = trial.backtest(alone, parts.frame)[[*KEYS, "model"]].rename(columns={"model": "own floors"})
    return rows.merge(floors, on=KEYS, how="left", validate="one_to_one")


def simple_rules(rows: pd.DataFrame) -> list[str]:
    """The columns of rules without a network that answer at more than half of the rows."""
    rules = [name for name in rows.columns if name not in NOT_RULES and not name.startswith("network")]
    return [name for name in rules if rows[name].notna().mean() > 0.5]


def common(rows: pd.DataFrame, rules: list[str]) -> pd.DataFrame:
    """The rows at which the truth and all of the rules are known."""
    return rows.dropna(subset=["y", "model", "own floors", *rules])


def errors_at(block: pd.DataFrame, rules: list[str], unit: float = 1.0) -> dict[str, float]:
    """RMSE of each rule over one lead, times the unit."""
    return {name: unit * rmse(block["y"].to_numpy(), block[name].to_numpy()) for name in rules}


def against_floors(errors: dict[str, float], rules: list[str]) -> dict[str, float]:
    """The best simple rule at this lead, and the model over it and over the stack without the network."""
    best = min(errors[rule] for rule in rules)
    return {"best floor": best, "/best floor": errors["model"] / best, "own floors": errors["own floors"],
            "/own floors": errors["model"] / errors["own floors"]}  # fmt: skip


def by_lead(told: dict[int, dict[str, float]]) -> dict[str, float]:
    """Flat: «RMSE@6»."""
    return {f"{name}@{lead}": value for lead, figures in told.items() for name, value in figures.items()}
