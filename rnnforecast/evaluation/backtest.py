"""Backtest: rolling origins, each forecast as it would have been made, beside every simple rule.

Only rows after the stored end of validation are unseen; where a file has none, all its rows are scored and the scores
are marked in-sample. Rows up to the end of training's data are scored with the floors of the training part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rnnforecast.data.panel import F64, I64, Panel
from rnnforecast.data.split import most_windows, origins_between, row_at
from rnnforecast.data.windows import Windows
from rnnforecast.errors import DataUnusable, UsageError
from rnnforecast.floors import batches
from rnnforecast.model import Model, future_known, require_future
from rnnforecast.scores import bands, waters
from rnnforecast.scores.scores import Scores

COVERAGE_LEVEL = 0.8
SCORED = 1 << 24  # numbers that are forecast at most, of a very long record
MOST_WINDOWS = 1 << 16
NEAR = 3 * 3600  # seconds between an observed high water and the one that forecasts it, at most
LOOK = 512  # windows by which it is judged which rules answer at all
ROUNDED = 1e-6  # of a deviation, to which float32 knows the truth: a flow of 0 lies within a band that ends at 0


@dataclass(frozen=True)
class Answers:
    """What R rules said at B origins, in the targets' units, and what came."""

    origins: I64  # (B,)
    rules: F64  # (R, B, H, T) the model first
    truth: F64  # (B, H, T) NaN where not observed
    low: F64  # (B, H, T) the model's band of COVERAGE_LEVEL
    high: F64
    level: F64  # (B, H or 1, T) what is to be added to rules, truth and band to have levels


@dataclass
class Tally:
    """Sums of errors over windows, (R, H, T) and (H, T)."""

    count: F64 | float = 0.0
    absolute: F64 | float = 0.0
    square: F64 | float = 0.0
    plain: F64 | float = 0.0
    held: F64 | float = 0.0
    observed: F64 | float = 0.0
    origins: list[I64] = field(default_factory=list)
    turns: list[list[waters.TurnErrors]] = field(default_factory=list)  # of each batch and target

    def add(self, answers: Answers) -> None:
        """At the steps at which every rule could answer; the band is the model's own affair."""
        truth = answers.truth
        common = np.isfinite(answers.rules).all(axis=0) & np.isfinite(truth)
        errors = np.where(common, answers.rules - truth, 0.0)
        self.count = self.count + common.sum(axis=0)
        self.absolute = self.absolute + np.abs(errors).sum(axis=1)
        self.square = self.square + (errors**2).sum(axis=1)
        self.plain = self.plain + errors.sum(axis=1)
        self.held = self.held + ((truth >= answers.low) & (truth <= answers.high)).sum(axis=0)
        self.observed = self.observed + np.isfinite(truth).sum(axis=0)
        self.origins.append(answers.origins)

    def add_turns(self, answers: Answers, reach: float) -> None:
        """High and low water, of levels; a turn is looked for `reach` steps about the observed one."""
        said, came = answers.rules[0] + answers.level, answers.truth + answers.level
        self.turns.append([waters.turn_errors(said[:, :, t], came[:, :, t], reach) for t in range(came.shape[2])])

    def errors(self) -> dict[str, F64]:
        """MAE, RMSE and bias (R, H, T), coverage (H, T); NaN where nothing was observed."""
        count, observed = (np.where(n > 0, n, np.nan) for n in (np.asarray(self.count), np.asarray(self.observed)))
        return {
            "mae": self.absolute / count,
            "rmse": np.sqrt(self.square / count),
            "bias": self.plain / count,
            "coverage": self.held / observed,
            "turns": self.turn_errors(count.shape[1]),
        }

    def turn_errors(self, targets: int) -> F64:
        """(T, 2, 6); NaN where no tide was looked at."""
        if not self.turns:
            return np.full((targets, 2, len(waters.TURN_ERRORS)), np.nan)
        return np.stack([waters.pooled(parts) for parts in zip(*self.turns, strict=True)])


def scored(model: Model, panel: Panel) -> Model:
    """The model with the scores of the test part of the panel it was fitted on."""
    return replace(model, scores=backtest(model, panel))


def backtest(model: Model, panel: Panel, stride: int | None = None) -> Scores:
    """Scores over every `stride`-th origin (the model's own by default) that has its horizon in the panel."""
    origins, in_sample = unseen(model, panel, stride or model.config.stride)
    kept, tally = answering(model, panel, origins), Tally()
    for answers in rolled(model, panel, origins, kept):
        tally.add(answers)
        if model.tides.any:
            tally.add_turns(answers, NEAR / panel.step.count)
    scored = np.concatenate(tally.origins)
    return Scores(
        rules=("model", *(model.members.names[k] for k in kept)),
        labels=("this model", *(model.members.labels(model.step)[k] for k in kept)),
        **tally.errors(),
        coverage_level=COVERAGE_LEVEL,
        share=model.share,
        chosen=model.ranking[0],
        num_windows=len(scored),
        first=int(panel.times(scored).min()),
        last=int(panel.times(scored).max()),
        in_sample=in_sample,
    )


def rolled(model: Model, panel: Panel, origins: I64, kept: list[int]) -> Iterator[Answers]:
    """What `predict` would have said at the origins where it would have answered: an outage hides only itself."""
    windows, T = model.windows(panel), len(panel.targets)
    levels = ((1 - COVERAGE_LEVEL) / 2, 0.5, (1 + COVERAGE_LEVEL) / 2)
    error_quantiles = bands.error_quantiles(model.errors, levels)
    for part, batch in batches(windows, origins):
        members, spread = model.members.at(batch, final=False)
        heard = np.isfinite(members[: len(model.members.floors)]).all(axis=(2, 3)).any(axis=0)
        if not heard.any():
            continue
        there = origins[part][heard]
        bottom = model.lowest(windows, there)
        yhat, spread, _ = model.stack(members[:, heard], spread[heard], bottom)
        band = np.maximum(bands.quantiles(yhat, spread, error_quantiles), bottom[..., None])
        loc, unit = windows.scale.targets(T, panel.series_of(there))
        tide = windows.ahead(there).astype(np.float64)
        yield Answers(
            origins=there,
            rules=np.concatenate([yhat[None], members[kept][:, heard]]) * unit,
            truth=batch.truth[heard] * unit,
            low=(band[..., 0] - ROUNDED) * unit,
            high=(band[..., 2] + ROUNDED) * unit,
            level=loc + unit * tide if tide.shape[2] else loc,
        )


def forecasts(
    model: Model, panel: Panel, stride: int | None = None, leads: Sequence[int] | None = None
) -> dict[str, Any]:
    """Columns of one row per origin, target and lead (1 to H): what came and what each rule said, and times in seconds.

    Values are in the targets' units. Raises UsageError for a lead outside the horizon, and as `backtest` does.
    """
    H, T = model.config.horizon, len(panel.targets)
    chosen = np.array(range(1, H + 1) if leads is None else list(leads), np.int64)
    if not len(chosen) or chosen.min() < 1 or chosen.max() > H:
        raise UsageError(f"leads must be from 1 to the horizon {H}, got {chosen.tolist()}")
    origins, _ = unseen(model, panel, stride or model.config.stride)
    kept = answering(model, panel, origins)
    parts = []
    for answers in rolled(model, panel, origins, kept):
        level = np.broadcast_to(answers.level, answers.truth.shape)
        said = np.concatenate([answers.truth[None], answers.rules]) + level
        parts.append((answers.origins, said[:, :, chosen - 1]))
    origins, values = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts], axis=1)
    origin, target, lead = (k.ravel() for k in np.meshgrid(range(len(origins)), range(T), chosen, indexing="ij"))
    rows, series = origins[origin], panel.series_of(origins)[origin]
    names = ("y", "model", *(model.members.names[k] for k in kept))
    return {
        "unique_id": np.array(panel.ids, object)[series],
        "target": np.array(panel.targets, object)[target],
        "cutoff": panel.times(rows),
        "ds": panel.step.at(panel.start[series], rows - panel.offsets[series] + lead),
        "lead": lead,
        **{name: value.transpose(0, 2, 1).ravel() for name, value in zip(names, values, strict=True)},
    }


def answering(model: Model, panel: Panel, origins: I64) -> list[int]:
    """Members that answer at half of the origins or more: a rule that hardly ever speaks cannot be compared.

    Raises DataUnusable, as `predict` would, where no origin can be forecast from.
    """
    windows = model.windows(panel)
    look = origins[np.linspace(0, len(origins) - 1, min(LOOK, len(origins))).astype(np.int64)]
    usable = usable_members(model, windows, look)
    if not usable[: len(model.members.floors)].any():
        usable = usable_members(model, windows, origins)
    heard = usable[: len(model.members.floors)].any(axis=0)
    if not heard.any():
        model.require_voice(panel, origins)
    return [k for k, share in enumerate(usable[:, heard].mean(axis=1)) if share >= 0.5]


def usable_members(model: Model, windows: Windows, origins: I64) -> F64:
    """(M, N): whether each member answers at each origin."""
    said = [model.members.at(batch, final=False)[0] for _, batch in batches(windows, origins)]
    return np.concatenate([np.isfinite(s).all(axis=(2, 3)) for s in said], axis=1)


def unseen(model: Model, panel: Panel, stride: int) -> tuple[I64, bool]:
    """Origins after the end of validation ahead of which all is known; and True where all rows had to be taken.

    Raises DataUnusable where there is none, Mismatch where a known-future covariate ends too early ahead of every one.
    """
    H = model.config.horizon
    ends = dict(zip(model.record.ids, model.record.validation_end.tolist(), strict=True))
    limits = np.array([ends.get(name, np.iinfo(np.int64).min) for name in panel.ids])
    complete = panel.offsets[:-1] + model.config.lookback - 1
    last = panel.cutoff - H
    most = min(MOST_WINDOWS, most_windows(panel, H, SCORED))
    fresh = origins_between(panel, np.maximum(complete, first_row(panel, limits)), last, stride, most)
    origins = fresh if len(fresh) else origins_between(panel, complete, last, stride, most)
    if not len(origins):
        raise DataUnusable(
            f"too few rows to evaluate: the longest series has {int(panel.lengths().max())}, "
            f"lookback and horizon take {model.config.lookback + H}"
        )
    known = origins[future_known(panel, origins, H)]
    if not len(known):
        require_future(panel, origins, H)
    return known, not len(fresh)


def first_row(panel: Panel, seconds: I64) -> I64:
    """The first flat row of each series that stands at or after `seconds` (series,)."""
    lengths = np.diff(panel.offsets).tolist()
    before = [row_at(panel, s, moment, rows) for s, (moment, rows) in enumerate(zip(seconds, lengths, strict=True))]
    return panel.offsets[:-1] + np.array(before, np.int64)
