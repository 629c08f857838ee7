"""High and low water: the turning points of a curve, and how well a forecast hits their height and their time.

- A curve is sampled at a regular step; a turn lies between samples, so its place is a decimal number of steps.
- A ripple is no turn: between two consecutive turns the curve moves by at least a tenth of its range.
- The ends of a curve are no turns, and one so near to an end that the curve moves by less than that tenth between the
  two is not seen. To see the turns at the beginning of a forecast, put some observed rows before it.
- A missing value breaks the curve: no turn is told across it, and after it a high may follow a high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnforecast.scores.metrics import bias, mae

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

HIGH, LOW = 1, -1
TURN_ERRORS = ("observed", "matched", "height_mae", "height_bias", "time_mae", "time_bias")
SHARE = 0.1  # of the range of a curve: the least move between two consecutive turns


@dataclass(frozen=True)
class Turns:
    """K turns by curve, then by time."""

    curve: I64  # (K,) row of the array that was given; 0 where one curve was
    place: F64  # (K,) in steps from the first sample
    height: F64  # (K,) in the unit of the levels
    kind: I64  # (K,) HIGH or LOW


@dataclass(frozen=True)
class KindErrors:
    """Errors of one kind of turn, forecast minus observed; NaN where no turn was matched."""

    observed: int  # turns to be forecast
    matched: float  # share of them that a forecast turn lies near, 0 to 1; NaN where there are none
    height_mae: float  # in the unit of the levels
    height_bias: float  # above 0: too high
    time_mae: float  # in steps
    time_bias: float  # in steps; above 0: too late


@dataclass(frozen=True)
class TurnErrors:
    high: KindErrors
    low: KindErrors


def turns(levels: F64, share: float = SHARE) -> Turns:
    """The turns of one curve (n,) or of N curves (N, n), sampled at a regular step.

    Highs and lows take turns where nothing is missing, at least `share` of the range of their own curve apart.
    """
    curves = np.atleast_2d(np.asarray(levels, np.float64))
    curves = np.where(np.isfinite(curves), curves, np.nan)
    curve, sample, kind = _extremes(curves, _least_move(curves, share))
    place, height = _vertex(curves, curve, sample)
    return Turns(curve, place, height, kind)


def turn_errors(forecast: F64, truth: F64, reach: float, known: int = 0) -> TurnErrors:
    """How well the turns of N observed curves (N, H) are met by those of their forecasts (N, H).

    Each observed turn is compared with the nearest forecast turn of its kind within `reach` steps; one that has none
    counts as not matched. Both may begin with the same `known` observed rows, for the sake of the turns that follow:
    only turns after the last of these are judged. A forecast turn without an observed one is not counted anywhere.
    """
    ahead, seen = turns(forecast), turns(truth)
    return TurnErrors(*(_kind_errors(ahead, seen, kind, truth.shape[1], reach, known) for kind in (HIGH, LOW)))


def pooled(parts: Sequence[TurnErrors]) -> F64:
    """Of several batches together, (2, 6): high and low water, by TURN_ERRORS; NaN where no turn was observed."""
    both = [[np.array(list(vars(kind).values()), np.float64) for kind in (part.high, part.low)] for part in parts]
    table = np.array(both).reshape(len(parts), 2, len(TURN_ERRORS))
    observed, matched = table[:, :, 0], np.nan_to_num(table[:, :, 0] * table[:, :, 1])
    total, hit = observed.sum(axis=0), matched.sum(axis=0)  # (2,)
    sums = np.nan_to_num(table[:, :, 2:] * matched[:, :, None]).sum(axis=0)
    found = [total, hit / np.where(total, total, np.nan), *(sums / np.where(hit, hit, np.nan)[:, None]).T]
    return np.stack(found, axis=1)


def _kind_errors(ahead: Turns, seen: Turns, kind: int, length: int, reach: float, known: int) -> KindErrors:
    told = np.flatnonzero(ahead.kind == kind)
    real = np.flatnonzero((seen.kind == kind) & (seen.place > known - 1))
    apart = length + reach + 1  # curves end to end, so far apart that the nearest turn within reach is of the same one
    nearest, near = _nearest(
        ahead.curve[told] * apart + ahead.place[told], seen.curve[real] * apart + seen.place[real], reach
    )
    f, y = told[nearest[near]], real[near]
    heights, times = (seen.height[y], ahead.height[f]), (seen.place[y], ahead.place[f])
    return KindErrors(
        len(real), len(y) / len(real) if len(real) else float("nan"),
        float(mae(*heights)), float(bias(*heights)), float(mae(*times)), float(bias(*times)),
    )  # fmt: skip


def _nearest(places: F64, wanted: F64, reach: float) -> tuple[I64, npt.NDArray[np.bool_]]:
    """For each of `wanted` (W,) the index of the nearest of the rising `places` (P,), and whether it is in reach."""
    if not len(places):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    after = np.searchsorted(places, wanted).clip(0, len(places) - 1)
    before = (after - 1).clip(0)
    found = np.where(wanted - places[before] <= np.abs(places[after] - wanted), before, after)
    return found, np.abs(places[found] - wanted) <= reach


def _least_move(curves: F64, share: float) -> F64:
    """The least move between turns, (N, n) -> (N,): more than rounding alone could do to a flat curve.

    NaN where nothing is there, which no move reaches.
    """
    top, bottom = np.fmax.reduce(curves, axis=1, initial=np.nan), np.fmin.reduce(curves, axis=1, initial=np.nan)
    rounding = 8 * np.spacing(np.maximum(np.abs(top), np.abs(bottom)))
    return np.asarray(np.maximum(share * (top - bottom), rounding))


def _extremes(curves: F64, least: F64) -> tuple[I64, I64, I64]:
    """Curve, sample and kind of every turn: (N, n), (N,) -> three (K,).

    A high is the highest sample since the curve rose by `least`, and is known once the curve falls by `least` from it:
    the way in which rainflow counting drops small cycles (ASTM E1049). All curves go in step, sample by sample.
    """
    walk = _Walk(len(curves), least)
    for sample, values in enumerate(curves.T):
        walk.restart(np.isnan(values))
        walk.reach(sample, values)
        walk.turn(sample, values, HIGH)
        walk.turn(sample, values, LOW)
    curve, at, kind = (np.concatenate([np.zeros(0, np.int64), *parts]) for parts in walk.found)
    order = np.lexsort((at, curve))
    return curve[order], at[order], kind[order]


class _Walk:
    """Where each of N curves stands: which way it goes, and the highest and lowest sample since it last turned."""

    def __init__(self, number: int, least: F64) -> None:
        self.least = least
        self.way = np.zeros(number, np.int64)  # 0 until it has moved by `least`: its beginning is no turn
        self.best = {kind: np.full(number, -np.inf) for kind in (HIGH, LOW)}  # kind * level
        self.at = {kind: np.zeros(number, np.int64) for kind in (HIGH, LOW)}
        self.found: tuple[list[I64], list[I64], list[I64]] = ([], [], [])  # curves, samples, kinds

    def restart(self, broken: npt.NDArray[np.bool_]) -> None:
        self.way[broken] = 0
        for best in self.best.values():
            best[broken] = -np.inf

    def reach(self, sample: int, values: F64) -> None:
        for kind in (HIGH, LOW):
            self._set(kind, np.flatnonzero(kind * values > self.best[kind]), sample, values)

    def turn(self, sample: int, values: F64, kind: int) -> None:
        """Where a curve came back by `least` from its `kind`, that was a turn, and the next one begins here."""
        back = self.best[kind] - kind * values >= self.least  # never for a missing value
        back &= self.way != -kind
        turned = np.flatnonzero(back & (self.way == kind))
        for part, new in zip(self.found, (turned, self.at[kind][turned], np.full(len(turned), kind)), strict=True):
            part.append(new)
        self.way[back] = -kind
        self._set(-kind, np.flatnonzero(back), sample, values)

    def _set(self, kind: int, curves: I64, sample: int, values: F64) -> None:
        self.best[kind][curves] = kind * values[curves]
        self.at[kind][curves] = sample


def _vertex(curves: F64, curve: I64, sample: I64) -> tuple[F64, F64]:
    """Place and height of turns whose first highest (lowest) sample is given: two (K,).

    The vertex of the parabola through that sample and its neighbours (J. O. Smith, Spectral Audio Signal Processing,
    "Quadratic Interpolation of Spectral Peaks"). Of three or more equal samples it is the middle, at their own level:
    a parabola through two of them would lean to one side.
    """
    before, top, after = (curves[curve, sample + shift] for shift in (-1, 0, 1))
    shift = (before - after) / (2 * ((before - top) + (after - top)))  # not 0 / 0: top is the first of its level
    height = top - (before - after) * shift / 4
    last = _last_equal(curves, curve, sample)
    flat = last - sample >= 2
    return np.where(flat, (sample + last) / 2, sample + shift), np.where(flat, top, height)


def _last_equal(curves: F64, curve: I64, sample: I64) -> I64:
    """The last of the equal samples that begin at `sample`; a turn always has a lower (higher) one after them."""
    last, level = sample.copy(), curves[curve, sample]
    while len(same := np.flatnonzero(curves[curve, last + 1] == level)):
        last[same] += 1
    return last
