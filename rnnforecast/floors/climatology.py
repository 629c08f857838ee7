"""Climatology: what is usual for the date and hour, and how much of today's anomaly is left after h steps.

    y[t + h] = normal(t + h) + decay[h] (y[t] - normal(t))
normal is the median of the training part within about three weeks of the date (and at that hour, where the step is
shorter than a day); decay[h], from 0 to 1, is the least squares slope. Of a tidal target it is what the harmonics leave
that decays: with one slope per lead a little more than AR(1). Where the record shows no cycle, normal is one number.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.features import DAY, YEAR
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Array, Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, batches, persistence, thinned

summary = "the usual value of the date and hour, and what is left of today's anomaly"

DATES, HOURS = 73, 24  # classes of a year and of a day
NEAR = 4  # classes of dates on either side that a normal is taken over: three weeks
FEWEST = 10  # values that a normal is taken from
MOST_WINDOWS = 8192


def context(config: RunConfig, step: Step) -> int:
    return persistence.context(config, step)


def applies(windows: Windows) -> bool:  # noqa: ARG001
    return True


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:  # noqa: ARG001
    """normal (T, dates, hours) in series units, decay (T, H), and places (2,): which of the cycles they are."""
    few = thinned(origins, MOST_WINDOWS)
    cycles = list(windows.cycles)
    places = np.array([cycles.index(c) if c in cycles else -1 for c in (YEAR, DAY)], np.int64)
    values, dates, hours = [], [], []
    for _, batch in batches(windows, few):
        now = batch.target.shape[1] - 1
        values.append(np.where(batch.mask[:, now] > 0, batch.target[:, now], np.nan))
        date, hour = classes(batch.calendar[:, now], places)
        dates.append(date)
        hours.append(hour)
    normal = normals(np.concatenate(values), np.concatenate(dates), np.concatenate(hours), places)
    return {"normal": normal, "decay": decays(windows, few, normal, places), "places": places}


def classes(calendar: Array, places: I64) -> tuple[I64, I64]:
    """The class of date and of hour (...), from sines and cosines (..., 2 cycles); 0 where there is no such cycle."""
    found = []
    for place, count in zip(places.tolist(), (DATES, HOURS), strict=True):
        turn = np.zeros(calendar.shape[:-1])
        if place >= 0:
            turn = np.arctan2(calendar[..., 2 * place], calendar[..., 2 * place + 1]) / (2 * np.pi) % 1.0
        found.append(np.minimum((turn * count + 1e-4).astype(np.int64) % count, count - 1))
    return found[0], found[1]


def normals(values: F64, dates: I64, hours: I64, places: I64) -> F64:
    """(T, dates, hours): medians of values (n, T); of a class hardly seen, the median of all."""
    Y, D = (count if place >= 0 else 1 for count, place in zip((DATES, HOURS), places.tolist(), strict=True))
    whole = np.array([np.median(v[np.isfinite(v)]) if np.isfinite(v).any() else 0.0 for v in values.T])
    normal = np.repeat(whole, Y * D).reshape(len(whole), Y, D).astype(np.float64)
    for y in range(Y):
        near = (np.abs((dates - y + Y // 2) % Y - Y // 2) <= NEAR) | (Y == 1)
        for d in range(D):
            there = values[near & (hours == d)]
            for t in range(values.shape[1]):
                seen = there[np.isfinite(there[:, t]), t]
                if len(seen) >= FEWEST:
                    normal[t, y, d] = np.median(seen)
    return normal


def decays(windows: Windows, origins: I64, normal: F64, places: I64) -> F64:
    """(T, H): the least squares slope of the anomaly h steps on, over the anomaly now."""
    T, H = len(normal), windows.horizon
    products, squares = np.zeros((T, H)), np.full((T, H), 1e-9)
    for _, batch in batches(windows, origins):
        now, ahead = anomaly(normal, places, batch)
        left = (batch.truth - ahead).transpose(2, 1, 0)  # (T, H, B)
        now = np.where(batch.mask[:, -1] > 0, now, np.nan).T[:, None]
        products += np.nansum(now * left, axis=2)
        squares += np.nansum(np.where(np.isfinite(left), now**2, np.nan), axis=2)
    slopes: F64 = np.clip(products / squares, 0.0, 1.0)
    return slopes


def anomaly(normal: F64, places: I64, batch: Batch) -> tuple[F64, F64]:
    """The newest value less its normal (B, T), and the normals ahead (B, H, T)."""
    C = batch.target.shape[1]
    dates, hours = classes(batch.calendar[:, C - 1 :], places)
    usual = normal[:, dates, hours].transpose(1, 2, 0)  # (B, 1 + H, T)
    return batch.target[:, -1] - usual[:, 0], usual[:, 1:]


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    now, ahead = anomaly(params["normal"], params["places"], batch)
    return np.asarray(ahead + params["decay"].T[None] * now[:, None], np.float64)


def usable(params: Arrays, batch: Batch) -> Flags:
    return persistence.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """Tables of the sizes that the cycles call for."""
    if sorted(params) != ["decay", "normal", "places"] or params["places"].shape != (2,):
        return False
    normal, decay, places = params["normal"], params["decay"], params["places"]
    if places.dtype != np.int64 or not all(-1 <= p < widths.calendar // 2 for p in places.tolist()):
        return False
    sizes = tuple(count if p >= 0 else 1 for count, p in zip((DATES, HOURS), places.tolist(), strict=True))
    shaped = normal.shape == (widths.T, *sizes) and decay.shape == (widths.T, config.horizon)
    return bool(shaped and normal.dtype == decay.dtype == np.float64)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "usual value and decaying anomaly"
