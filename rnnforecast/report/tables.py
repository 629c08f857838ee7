"""Tables for people and the same content as plain dicts for --json: the scores of an evaluation.

- A table shows about six leads; the dict holds every lead in full. A number that does not exist is null, never NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import Step, stamp_text, words
from rnnforecast.report.aligned import aligned, escaped
from rnnforecast.report.numbers import count, decimals, fixed, numbers, percent
from rnnforecast.report.words import gain_over_best, verdict
from rnnforecast.scores.scores import Scores
from rnnforecast.scores.skill import best_rule, useful_leads
from rnnforecast.scores.waters import TURN_ERRORS

F64 = npt.NDArray[np.float64]


def score_table(scores: Scores, step: Step, target_index: int, unit: str) -> str:
    """MAE of every rule at a few leads, and MAE and RMSE over all of them; "*" marks the smallest of a column.

    Under it the band's coverage at these leads, the number of forecasts and the days they were issued on.
    """
    leads = shown_leads(scores.mae.shape[1])
    mae, rmse = scores.mae[:, :, target_index], scores.rmse[:, :, target_index]
    columns = np.column_stack([mae[:, [lead - 1 for lead in leads]], _over_leads(mae), _over_leads(rmse, power=2)])
    header = [f"MAE ({escaped(unit)})" if unit else "MAE", *(words(n, step) for n in leads), "all leads", "RMSE"]
    body = [[name, *cells] for name, cells in zip(scores.labels, _marked(columns), strict=True)]
    held = scores.coverage[:, target_index]
    shares = [*(held[lead - 1] for lead in leads), _over_leads(held[None])[0]]
    band = [f"{percent(scores.coverage_level)} band held", *("-" if s != s else f"{percent(s)} " for s in shares), ""]
    table = aligned([[*header[:1], *(f"{h} " for h in header[1:])], *body, band])
    return table + _turns(scores, step, target_index, unit) + _basis(scores, step)


def _turns(scores: Scores, step: Step, target: int, unit: str) -> str:
    """A line for high and one for low water, where there are any."""
    lines = []
    for name, errors in zip(("high", "low"), scores.turns[target], strict=True):
        observed, matched, height, _, place, _ = errors.tolist()
        if observed > 0 and matched > 0:
            places, minutes = decimals(height), place * step.count / 60
            sizes = f"{fixed(height, places)} {escaped(unit)} and {minutes:.0f} min"
            lines.append(f"{name} water: {sizes} out on average\n")
    return "".join(lines)


def as_json(scores: Scores, step: Step, layout: Layout) -> dict[str, Any]:
    """Everything in `scores`, every lead in full, for json.dumps."""
    targets, units = layout.target, layout.units
    return {
        "forecasts": scores.num_windows,
        "first_cutoff": _stamp(scores.first, layout),
        "last_cutoff": _stamp(scores.last, layout),
        "in_sample": scores.in_sample,
        "step": words(1, step),
        "chosen": scores.chosen,
        "rules": dict(zip(scores.rules, scores.labels, strict=True)),
        "coverage_level": scores.coverage_level,
        "targets": [_target_json(scores, at, name, units[at]) for at, name in enumerate(targets)],
        "verdict": verdict(scores, step, targets, units),
    }


def shown_leads(horizon: int) -> list[int]:
    """About six leads to show: the first, an eighth, a quarter, a half, three quarters, and the last."""
    return sorted({1, *(max(1, round(horizon * part / 8)) for part in (1, 2, 4, 6, 8))})


def _target_json(scores: Scores, target: int, name: str, unit: str) -> dict[str, Any]:
    measures = {"mae": scores.mae, "rmse": scores.rmse, "bias": scores.bias}
    return {
        "target": name,
        "unit": unit,
        "leads": list(range(1, scores.mae.shape[1] + 1)),
        **{
            measure: {rule: numbers(by_rule[at, :, target]) for at, rule in enumerate(scores.rules)}
            for measure, by_rule in measures.items()
        },
        "coverage": numbers(scores.coverage[:, target]),
        "share": numbers(scores.share[:, target]),
        **{
            f"{name}_water": dict(zip(TURN_ERRORS, numbers(errors), strict=True))
            for name, errors in zip(("high", "low"), scores.turns[target], strict=True)
            if errors[0] > 0
        },
        "best_rule": best_rule(scores, target),
        "gain_over_best_rule": numbers(np.array([gain_over_best(scores, target)]))[0],
        "useful_leads": useful_leads(scores, target),
    }


def _marked(columns: F64) -> list[list[str]]:
    """Errors (R, columns) as text with one number of decimals; those that read as the smallest get a "*"."""
    typical = np.nanmedian(columns) if not np.isnan(columns).all() else 0.0
    texts = np.array([[fixed(value, decimals(typical)) for value in row] for row in columns.tolist()], object)
    for at, column in enumerate(columns.T):
        smallest = texts[np.nanargmin(column), at] if not np.isnan(column).all() else None
        texts[:, at] = [f"{text}{'*' if text == smallest else ' '}" for text in texts[:, at]]
    return [list(row) for row in texts]


def _over_leads(errors: F64, power: int = 1) -> F64:
    """Mean over the leads that were scored, of the squares for an RMSE: (R, H) -> (R,)."""
    seen = ~np.isnan(errors)
    total = np.where(seen, errors**power, 0.0).sum(axis=1)
    return np.asarray((total / np.where(seen.any(axis=1), seen.sum(axis=1), np.nan)) ** (1 / power))


def _basis(scores: Scores, step: Step) -> str:
    """What the scores rest on, in a line or two."""
    if step.unit == "row":
        period = f"at rows {scores.first} to {scores.last}"
    else:
        first, last = np.array([scores.first, scores.last], "datetime64[s]").astype("datetime64[D]")
        period = f"from {first} to {last}"
    seen = "Some of the scored rows were seen in training: real errors will be larger.\n" if scores.in_sample else ""
    return f"{count(scores.num_windows, 'forecast')} issued {period}; * smallest of its column.\n{seen}"


def _stamp(seconds: int, layout: Layout) -> str | int:
    if layout.stamp == "integer":
        return seconds
    return stamp_text(np.array([seconds], np.int64), layout)[0]
