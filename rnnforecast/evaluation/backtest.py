"""Backtest: rolling origins, each forecast as it would have been made, beside every simple rule.

Only rows after the stored end of validation are unseen; where a file has none, all its rows are scored and the scores
are marked in-sample. Rows up to the end of training's data are scored with the floors of the training part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnforecast.data.panel import F64, I64, Panel
from rnnforecast.data.split import JUDGED, most_windows, origins_between, row_at
from rnnforecast.data.windows import Windows
from rnnforecast.errors import DataUnusable
from rnnforecast.floors import batches
from rnnforecast.model import Model, future_known, require_future
from rnnforecast.scores import bands, metrics
from rnnforecast.scores.scores import Scores

COVERAGE_LEVEL = 0.8


def scored(model: Model, panel: Panel) -> Model:
    """The model with the scores of the test part of the panel it was fitted on."""
    return replace(model, scores=backtest(model, panel))


def backtest(model: Model, panel: Panel, stride: int | None = None) -> Scores:
    """Scores over every `stride`-th origin (the model's own by default) that has its horizon in the panel."""
    origins, in_sample = unseen(model, panel, stride or model.config.stride)
    windows = model.windows(panel)
    origins, floors = forecastable(model, windows, origins)
    evidence = model.members.over(windows, origins, floors=floors)
    yhat, spread, _ = model.stack(evidence.members, evidence.spread)
    levels = ((1 - COVERAGE_LEVEL) / 2, 0.5, (1 + COVERAGE_LEVEL) / 2)
    band = bands.quantiles(yhat, spread, bands.error_quantiles(model.errors, levels))
    _, unit = windows.scale.targets(len(panel.targets), panel.series_of(origins))
    kept = answering(evidence.members)
    rules = np.concatenate([yhat[None], evidence.members[kept]])
    return Scores(
        rules=("model", *(model.members.names[k] for k in kept)),
        labels=("this model", *(model.members.labels(model.step)[k] for k in kept)),
        **errors_of(rules * unit, evidence.truth * unit),
        coverage=metrics.coverage(evidence.truth, band[..., 0], band[..., 2]),
        coverage_level=COVERAGE_LEVEL,
        share=model.share,
        chosen=model.ranking[0],
        num_windows=len(origins),
        first=int(panel.times(origins).min()),
        last=int(panel.times(origins).max()),
        in_sample=in_sample,
    )


def forecastable(model: Model, windows: Windows, origins: I64) -> tuple[I64, F64]:
    """The origins that `predict` would answer and the floors' forecasts there: an outage hides only itself.

    Raises Mismatch or DataUnusable, as `predict` would, where there is none.
    """
    known = origins[future_known(windows.panel, origins, model.config.horizon)]
    if not len(known):
        require_future(windows.panel, origins, model.config.horizon)
    said = [model.members.floors_at(batch, final=False) for _, batch in batches(windows, known)]
    floors = np.concatenate(said, axis=1)  # (floors, N, H, T)
    heard = np.isfinite(floors).all(axis=(2, 3)).any(axis=0)
    if not heard.any():
        model.require_voice(windows.panel, known)
    return known[heard], floors[:, heard]


def answering(members: F64) -> list[int]:
    """Members that answer at half of the origins or more: a rule that hardly ever speaks cannot be compared."""
    shares = np.isfinite(members).all(axis=(2, 3)).mean(axis=1)
    return [k for k, share in enumerate(shares) if share >= 0.5]


def errors_of(rules: F64, truth: F64) -> dict[str, F64]:
    """MAE, RMSE and bias (R, H, T) over the origins at which every rule could answer."""
    common = np.isfinite(rules).all(axis=0)
    truth = np.where(common, truth, np.nan)
    return {
        "mae": np.stack([metrics.mae(truth, r) for r in rules]),
        "rmse": np.stack([metrics.rmse(truth, r) for r in rules]),
        "bias": np.stack([metrics.bias(truth, r) for r in rules]),
    }


def unseen(model: Model, panel: Panel, stride: int) -> tuple[I64, bool]:
    """Origins after the end of validation; all complete ones, and True, where the panel has none of those."""
    ends = dict(zip(model.record.ids, model.record.validation_end.tolist(), strict=True))
    limits = np.array([ends.get(name, np.iinfo(np.int64).min) for name in panel.ids])
    complete = panel.offsets[:-1] + model.config.lookback - 1
    last = panel.cutoff - model.config.horizon
    most = most_windows(panel, model.config.horizon, JUDGED)
    fresh = origins_between(panel, np.maximum(complete, first_row(panel, limits)), last, stride, most)
    origins = fresh if len(fresh) else origins_between(panel, complete, last, stride, most)
    if not len(origins):
        raise DataUnusable(
            f"too few rows to evaluate: the longest series has {int(panel.lengths().max())}, "
            f"lookback and horizon take {model.config.lookback + model.config.horizon}"
        )
    return origins, not len(fresh)


def first_row(panel: Panel, seconds: I64) -> I64:
    """The first flat row of each series that stands at or after `seconds` (series,)."""
    lengths = np.diff(panel.offsets).tolist()
    before = [row_at(panel, s, moment, rows) for s, (moment, rows) in enumerate(zip(seconds, lengths, strict=True))]
    return panel.offsets[:-1] + np.array(before, np.int64)
