"""Skill: the model beside the simple rules. Here it is decided whether a network is worth running.

- A simple rule is any rule but "model" (the stack) and the networks alone ("network", "network_2", …).
- Skill is 1 - error of the model / error of the rule: 0.2 is an error smaller by 20 %, below 0 the rule is better.
- A rule without a score where another rule has one cannot be the best there.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from rnnforecast.errors import UsageError, nearest
from rnnforecast.scores.scores import Scores

F64 = npt.NDArray[np.float64]

LEARNED = re.compile(r"model|network(_\d+)?")


def skill(scores: Scores, rule: str, metric: str = "mae") -> F64:
    """1 - model / rule by lead and target, (H, T), of "mae" or "rmse".

    Where the rule made no error: 0 if the model made none either, else minus infinity.
    Raises UsageError for a rule or a metric that was not scored.
    """
    if metric not in ("mae", "rmse"):
        raise UsageError(f"metric must be mae or rmse, got {metric!r}")
    errors: F64 = getattr(scores, metric)
    return relative(errors[0], errors[_index(scores, rule)])


def relative(model: F64, rule: F64) -> F64:
    """1 - model / rule, of two arrays of errors of one shape; a zero `rule` as in `skill`."""
    ratio = np.divide(model, rule, out=np.where(model > 0, np.inf, model + 1.0), where=rule != 0)
    return 1.0 - ratio


def simple_rules(scores: Scores) -> tuple[str, ...]:
    """Names of the simple rules that were scored. Raises UsageError where there is none to judge by."""
    names = tuple(name for name in scores.rules if not LEARNED.fullmatch(name))
    if not names:
        raise UsageError(f"only {', '.join(scores.rules)} was scored; a simple rule is needed to compare with")
    return names


def best_rule(scores: Scores, target: int | None = None) -> str:
    """The simple rule of the smallest MAE in hindsight, over all leads, of one target or of all.

    Each target's MAE is first divided by its mean over the rules, so that no unit outweighs another.
    """
    names = simple_rules(scores)
    errors = _floor_errors(scores).mean(axis=1)  # (R, T)
    if target is not None:
        return names[int(errors[:, target].argmin())]
    finite = np.isfinite(errors)
    typical = np.where(finite, errors, 0.0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)  # (T,)
    return names[int((errors / np.where(typical > 0, typical, 1.0)).sum(axis=1).argmin())]


def best_rule_at(scores: Scores, lead: int, target: int) -> str:
    """The simple rule of the smallest MAE at one lead, counted from 1."""
    return simple_rules(scores)[int(_floor_errors(scores)[:, lead - 1, target].argmin())]


def useful_leads(scores: Scores, target: int) -> int:
    """The number of leads from 1 on, unbroken, at which the model's MAE is below that of every simple rule."""
    best = _floor_errors(scores)[:, :, target].min(axis=0)  # (H,)
    beaten = scores.mae[0, :, target] < best
    return int(np.argmin(np.append(beaten, False)))


def _floor_errors(scores: Scores) -> F64:
    """MAE of the simple rules, (R, H, T): infinite where a rule has none, 0 where no rule has one."""
    errors = scores.mae[[scores.rules.index(name) for name in simple_rules(scores)]]
    unscored = np.isnan(errors).all(axis=0)
    return np.where(unscored, 0.0, np.where(np.isnan(errors), np.inf, errors))


def _index(scores: Scores, rule: str) -> int:
    if rule not in scores.rules:
        guess = nearest(rule, list(scores.rules))
        hint = f"did you mean {guess}?" if guess else ""
        raise UsageError(f"rule {rule!r} was not scored; there are {', '.join(scores.rules)}", hint)
    return scores.rules.index(rule)
