"""The verdict: whether a network is worth running, in one plain sentence per target, made by rules.

- Compared are mean absolute errors (MAE), the numbers that stand in the table of scores beside it.
- The network is worth running only where the model's MAE over all leads is more than 1 % below that of the best
  simple rule in hindsight: a smaller gain is within what another test period would change.
- At one lead the model is compared with the rule that is best at that lead, so "useful to 24 h" means: better than
  anything simple at every lead up to 24 h.
- What limits the judgement (few forecasts, rows seen in training) is part of the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rnnforecast.data.frequency import Step, words
from rnnforecast.report.aligned import escaped
from rnnforecast.report.numbers import count, decimals, fixed, percent
from rnnforecast.scores.scores import Scores
from rnnforecast.scores.skill import best_rule, best_rule_at, relative, useful_leads

F64 = npt.NDArray[np.float64]

MARGIN = 0.01
FEW = 30  # below so many forecasts one storm decides the scores


def verdict(scores: Scores, step: Step, targets: Sequence[str], units: Sequence[str]) -> str:
    """One sentence per target, on lines of their own; each begins with the target's name where there are several."""
    return "\n".join(_sentence(scores, step, targets, units, at) for at in range(len(targets)))


def share_words(scores: Scores, step: Step, target: int = 0) -> str:
    """ "the network's share is 43 % (12 % at 1 h, 60 % at 24 h)": mean over the leads, then first and last lead."""
    share = scores.share[:, target]
    if not share.any():
        return "the network's share is 0 %: simple rules alone make the forecast"
    text = f"the network's share is {percent(float(share.mean()))}"
    if percent(share[0]) == percent(share[-1]) == percent(float(share.mean())):
        return f"{text} at every lead" if len(share) > 1 else text
    return f"{text} ({percent(share[0])} at {words(1, step)}, {percent(share[-1])} at {words(len(share), step)})"


def label(scores: Scores, rule: str) -> str:
    """What people call a rule."""
    return escaped(scores.labels[scores.rules.index(rule)])


def _sentence(scores: Scores, step: Step, targets: Sequence[str], units: Sequence[str], target: int) -> str:
    name = f"{escaped(targets[target])}: " if len(targets) > 1 else ""
    if np.isnan(gain_over_best(scores, target)):
        return f"{name}not scored, since no value was observed in the time that was scored."
    if gain_over_best(scores, target) <= MARGIN:
        judgement = _advice_against(scores, step, target, units[target])
    else:
        judgement = f"{_usefulness(scores, step, target, units[target])}; {share_words(scores, step, target)}"
    return f"{name}{judgement}{_limits(scores)}."


def gain_over_best(scores: Scores, target: int) -> float:
    """1 - MAE of the model / MAE of the best simple rule, both means over the leads; NaN where nothing was scored."""
    model, simple, _ = _means(scores, target)
    return float(relative(model, simple))


def _means(scores: Scores, target: int) -> tuple[F64, F64, str]:
    """MAE of the model and of the best simple rule over the leads that both have, and that rule's name."""
    rule = best_rule(scores, target)
    errors = scores.mae[[0, scores.rules.index(rule)], :, target]  # (2, H)
    both = ~np.isnan(errors).any(axis=0)
    model, simple = errors[:, both].mean(axis=1) if both.any() else np.full(2, np.nan)
    return np.asarray(model), np.asarray(simple), rule


def _advice_against(scores: Scores, step: Step, target: int, unit: str) -> str:
    """Why not: both errors over all leads, and up to where the model is better all the same."""
    model, simple, rule = _means(scores, target)
    quality = "as good" if gain_over_best(scores, target) >= -MARGIN else "better"
    useful = useful_leads(scores, target)
    return (
        f"do not use this network: {label(scores, rule)} is {quality} (mean absolute error over all leads "
        f"{_amount(simple, unit)}, this model {_amount(model, unit)})"
        + (f"; only up to {words(useful, step)} is this model better than every simple rule" if useful else "")
    )


def _usefulness(scores: Scores, step: Step, target: int, unit: str) -> str:
    """To which lead, by how much there and at the horizon, against which rule."""
    horizon, useful = scores.mae.shape[1], useful_leads(scores, target)
    if useful == 0:
        return _useful_later(scores, step, target)
    error = _amount(scores.mae[0, useful - 1, target], unit)
    there = _against_best(scores, useful, target)
    text = f"useful to {words(useful, step)}: its mean absolute error there, {error}, is {there}"
    if useful == horizon:
        return text
    return f"{text}; at {words(horizon, step)} it is {_against_best(scores, horizon, target)}"


def _useful_later(scores: Scores, step: Step, target: int) -> str:
    """For a model that is better over all leads, but not at the first."""
    first, overall = (label(scores, rule) for rule in (best_rule_at(scores, 1, target), best_rule(scores, target)))
    last, gain = words(scores.mae.shape[1], step), percent(gain_over_best(scores, target))
    return (
        f"at {words(1, step)} {first} is as good or better; over all leads to {last} the mean absolute error of "
        f"this model is {gain} below that of the best simple rule ({overall})"
    )


def _against_best(scores: Scores, lead: int, target: int) -> str:
    """ "37 % below that of the best simple rule (no change)", at one lead."""
    rule = best_rule_at(scores, lead, target)
    model, simple = (scores.mae[at, lead - 1, target] for at in (0, scores.rules.index(rule)))
    gain = float(relative(model, simple))
    if np.isnan(gain):
        return "not scored"
    size = "" if np.isinf(gain) else f"{percent(abs(gain))} "
    return f"{size}{'below' if gain > 0 else 'above'} that of the best simple rule ({label(scores, rule)})"


def _limits(scores: Scores) -> str:
    """What the reader must know before trusting the scores."""
    few = f"; judged on {count(scores.num_windows, 'forecast')} only" if scores.num_windows < FEW else ""
    seen = "; some of the scored rows were seen in training, so real errors will be larger" if scores.in_sample else ""
    return few + seen


def _amount(value: F64, unit: str) -> str:
    """An error with 3 significant digits and its unit."""
    return f"{fixed(float(value), decimals(float(value)))} {escaped(unit)}".rstrip()
