"""Model: members, their weights and their errors; from a panel to a Forecast. No torch, no pandas.

The stack is the weighted mean of the members per lead. Where a member that carries weight cannot be used at an origin,
the best usable floor stands in alone and is named in `source`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data import scaling, tides
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step, words
from rnnforecast.data.names import shown
from rnnforecast.data.panel import F64, I64, Panel
from rnnforecast.data.scaling import Scale
from rnnforecast.data.tides import Tides
from rnnforecast.data.windows import Windows, windows_over
from rnnforecast.errors import DataUnusable, Mismatch
from rnnforecast.floors import Flags, batches
from rnnforecast.members import Members
from rnnforecast.scores import bands, plausible
from rnnforecast.scores.forecast import Forecast
from rnnforecast.scores.scores import Scores

ORIGINS = 4096  # whose futures are looked at together
STACK, NOTHING = -1, -2  # who speaks at an origin; 0 and up is the floor that stands in


@dataclass(frozen=True)
class Record:
    """What the model remembers of the data it came from: per series, in seconds (or row numbers)."""

    ids: tuple[str, ...]
    validation_end: I64  # (series,) rows after it may be scored as unseen
    data_end: I64  # (series,) the cutoff of training's data
    fingerprint: str  # SHA-256 of the panel
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Model:
    """Everything that a forecast needs."""

    config: RunConfig
    layout: Layout
    members: Members
    cycles: tuple[int, ...]
    scale: Scale
    tides: Tides
    fastest_rises: F64  # (series, T) from one step to the next, on record, in the targets' units
    never_negative: tuple[bool, ...]  # (T,) targets that no forecast may put below 0
    ranking: tuple[str, ...]  # floors by validation error, best first
    weights: F64  # (M, H, T)
    errors: F64  # (N, H, T) standardised error trajectories
    smallest_spread: F64  # (H, T)
    stand_in: F64  # (floors, H, T) the spread of each floor where it stands in alone
    context: Panel  # the last rows of each series: forecasts without data start from them
    record: Record
    scores: Scores | None = None  # of the test part
    about: dict[str, Any] = field(default_factory=dict)  # versions, seconds: for people only

    @property
    def step(self) -> Step:
        return self.context.step

    @property
    def share(self) -> F64:
        """The networks' weight together (H, T)."""
        return np.asarray(self.weights[len(self.members.floors) :].sum(axis=0))

    @property
    def deviation(self) -> F64:
        """What standardised errors are in units of, (T,): each target's deviation in training, of the first series."""
        return self.scale.spread[0, : len(self.layout.target)]

    def base(self) -> dict[str, F64]:
        """Per series, the base that a panel to forecast from is to have: then old rows cannot move its digits."""
        return dict(zip(self.context.ids, self.context.base, strict=True))

    def windows(self, panel: Panel) -> Windows:
        """The panel's windows as this model cuts them; series it knows keep its scale."""
        known = {name: k for k, name in enumerate(self.record.ids)}
        scale = scaling.for_panel(panel, known, self.scale)
        known_tides = tides.for_panel(panel, known, self.tides)
        return windows_over(
            panel, scale, self.cycles, self.members.context(self.step), self.config.horizon, known_tides
        )

    def lowest(self, windows: Windows, origins: I64) -> F64:
        """What no forecast may lie below, in series units (B, H or 1, T): a flow of 0 less its tide, if any.

        Minus infinity for other targets.
        """
        loc, unit = windows.scale.targets(len(windows.panel.targets), windows.panel.series_of(origins))
        tide = windows.ahead(origins)
        return np.where(self.never_negative, -loc / unit - (tide if tide.shape[2] else 0.0), -np.inf)

    def stack(self, members: F64, spread: F64, lowest: F64) -> tuple[F64, F64, I64]:
        """yhat and spread (B, H, T), and who speaks (B,), from members (M, B, H, T) and spread (B, H, T)."""
        usable = np.asarray(np.isfinite(members).all(axis=(2, 3)))  # (M, B)
        needed = np.asarray((self.weights > 0).any(axis=(1, 2)))
        speaks = np.where(usable[needed].all(axis=0), STACK, self.best_usable(usable))
        yhat = np.einsum("mht,mbht->bht", self.weights, np.nan_to_num(members))
        spread = np.maximum(spread, self.smallest_spread)
        for k in range(len(self.stand_in)):
            yhat[speaks == k] = members[k, speaks == k]
            spread[speaks == k] = self.stand_in[k]
        return np.maximum(yhat, lowest), spread, speaks

    def best_usable(self, usable: Flags) -> I64:
        """Index of the best ranked usable floor at each origin, (M, B) -> (B,)."""
        order = [self.members.names.index(name) for name in self.ranking]
        ranked = usable[order]
        return np.where(ranked.any(axis=0), np.array(order)[ranked.argmax(axis=0)], NOTHING)

    def forecast(self, panel: Panel, origins: I64, final: bool = True) -> Forecast:
        """The forecast at flat rows `origins` (B,) of the panel, in the targets' units.

        Raises Mismatch where a known-future covariate ends too early, DataUnusable where no rule has what it needs.
        """
        require_future(panel, origins, self.config.horizon)
        windows = self.windows(panel)
        lowest = self.lowest(windows, origins)
        parts = [
            self.stack(*self.members.at(batch, final), lowest[part]) for part, batch in batches(windows, origins)
        ]
        yhat, spread, speaks = (np.concatenate(column) for column in zip(*parts, strict=True))
        self.require_voice(panel, origins[speaks == NOTHING])
        error_quantile = bands.error_quantiles(self.errors, self.config.quantile_levels)
        loc, unit = windows.scale.targets(len(panel.targets), panel.series_of(origins))
        tide = windows.ahead(origins).astype(np.float64)
        loc = loc + unit * tide if tide.shape[2] else loc
        quantiles = np.maximum(bands.quantiles(yhat, spread, error_quantile), lowest[..., None])
        least = np.where(self.never_negative, 0.0, -np.inf)  # once more in units: rounding may fall below 0 again
        return Forecast(
            series=panel.series_of(origins),
            origin=origins,
            yhat=np.maximum(loc + unit * yhat, least),
            quantiles=np.maximum(loc[..., None] + unit[..., None] * quantiles, least[:, None]),
            quantile_levels=self.config.quantile_levels,
            source=tuple("model" if k == STACK else self.members.names[k] for k in speaks),
        )

    def too_fast(self, panel: Panel, forecast: Forecast) -> I64:
        """The first lead at which a forecast rises implausibly fast, (B, T); 0 where none does."""
        known = {name: k for k, name in enumerate(self.record.ids)}
        places = [known.get(panel.ids[s], -1) for s in forecast.series.tolist()]
        fastest = np.concatenate([self.fastest_rises, np.zeros((1, len(panel.targets)))])[places]
        newest = panel.values[forecast.origin, : len(panel.targets)] + panel.base[forecast.series, : len(panel.targets)]
        return plausible.first_too_fast(np.concatenate([newest[:, None], forecast.yhat], axis=1), fastest)

    def require_voice(self, panel: Panel, silent: I64) -> None:
        """Refuse origins at which not even the simplest rule has an observation."""
        if len(silent):
            name = shown(panel.ids[int(panel.series_of(silent)[0])])
            reach = words(self.members.context(self.step), self.step)
            raise DataUnusable(
                f"series {name}: a target was not observed in the last {reach}; a forecast needs observations",
                "give newer rows, or train again with the targets that are observed",
            )


def future_missing(panel: Panel, origins: I64, horizon: int) -> Flags:
    """Where known-future covariates are missing ahead of each origin, (B, H, F)."""
    if not panel.future:
        return np.zeros((len(origins), horizon, 0), bool)
    rows = origins[:, None] + np.arange(1, horizon + 1)
    ends = panel.offsets[panel.series_of(origins) + 1, None]
    first = len(panel.targets) + len(panel.past)
    values = panel.values[:, first:][np.minimum(rows, len(panel.values) - 1)]
    return np.asarray(~np.isfinite(values) | (rows >= ends)[:, :, None])


def future_known(panel: Panel, origins: I64, horizon: int) -> Flags:
    """Origins (B,) ahead of which every known-future covariate is there."""
    parts = [origins[k : k + ORIGINS] for k in range(0, len(origins), ORIGINS)]
    return np.concatenate([~future_missing(panel, part, horizon).any(axis=(1, 2)) for part in parts])


def require_future(panel: Panel, origins: I64, horizon: int) -> None:
    """Every known-future covariate must be there over the whole horizon: a filled-in future would be a guess."""
    missing = future_missing(panel, origins, horizon)
    if missing.any():
        b, h, k = (int(i) for i in np.argwhere(missing)[0])
        name = shown(panel.ids[int(panel.series_of(origins)[b])])
        raise Mismatch(
            f"series {name}: known-future covariate {shown(panel.future[k])} is missing {h + 1} steps after the "
            f"cutoff; the horizon is {horizon} steps",
            "--future-data FILE with the rows ahead",
        )
