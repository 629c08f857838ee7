"""Where moon and sun stand, and what that makes of each constituent: its argument V and its nodal f and u.

The height of a constituent is f (C cos(V + u) + S sin(V + u)). Exact at any moment, as UTide with nodal=True; angles
are in cycles. Source: utide 0.4.0 (MIT); Explanatory Supplement to the Astronomical Ephemeris 1961, pages 98 and 107.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rnnforecast.data.constituents import Table

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
C128 = npt.NDArray[np.complex128]

DAY = 86_400
EPOCH = -2_209_032_000  # 1899-12-31 12:00 in seconds since 1970
# Degrees at the epoch, per day, per 1e8 days^2, per 1e12 days^3, of s, h, p, N', p'.
LONGITUDES = np.array([
    [270.434164, 13.1763965268, -0.0000850, 0.000000039],  # s: mean longitude of the moon
    [279.696678, 0.9856473354, 0.00002267, 0.0],  # h: of the sun
    [334.329556, 0.1114040803, -0.0007739, -0.00000026],  # p: of the moon's perigee
    [-259.183275, 0.0529539222, -0.0001557, -0.00000005],  # N': minus that of the moon's ascending node
    [281.220844, 0.0000470684, 0.0000339, 0.00000007],  # p': of the sun's perigee
])  # fmt: skip


def positions(seconds: I64) -> F64:
    """tau (lunar time), s, h, p, N', p' in cycles at `seconds` since 1970 (n,): (n, 6)."""
    days = (seconds - EPOCH) / DAY
    powers = np.stack([np.ones_like(days), days, (days / 1e4) ** 2, (days / 1e4) ** 3])
    slow = (LONGITUDES @ powers).T / 360
    solar = (seconds % DAY) / DAY
    return np.column_stack([solar + slow[:, 1] - slow[:, 0], slow])


def speeds(second: int) -> F64:
    """Cycles per day of the six of `positions`, (6,)."""
    days = (second - EPOCH) / DAY
    slow = LONGITUDES @ np.array([0.0, 1.0, 2e-8 * days, 3e-12 * days**2]) / 360
    return np.concatenate([[1 + slow[1] - slow[0]], slow])


def argument(seconds: I64, table: Table) -> F64:
    """V of each of K constituents at `seconds` (n,), cycles: (n, K)."""
    cycles: F64 = positions(seconds) @ table.doodson.T + table.phase
    return cycles


def frequency(second: int, table: Table) -> F64:
    """Cycles per day of each of K constituents about `second`, (K,)."""
    cycles: F64 = table.doodson @ speeds(second)
    return cycles


def nodal(seconds: I64, table: Table, latitude: float | None = None) -> C128:
    """f exp(i u) of each of K constituents at `seconds` (n,): (n, K). A shallow one has those of what it is made of."""
    turns = positions(seconds)[:, 3:] @ table.moving.T + table.shift
    size = table.ratio * at_latitude(table.degree, latitude)
    linear = 1 + (size * np.exp(2j * np.pi * turns)) @ table.owner.T
    f = np.exp(np.log(np.abs(linear)) @ np.abs(table.mix).T)
    modulation: C128 = f * np.exp(1j * (np.angle(linear) @ table.mix.T))
    return modulation


def at_latitude(degree: F64, latitude: float | None) -> F64:
    """What latitude makes of satellites of each degree, shape as `degree`; without one, those it moves are left out."""
    if latitude is None:
        return np.asarray(degree == 0, np.float64)
    # The diurnal ones grow without bound towards the equator: within 5 degrees of it they are as they are there.
    held = latitude if abs(latitude) >= 5 else 5.0 if latitude >= 0 else -5.0
    sine = np.sin(np.deg2rad(held))
    ratios: F64 = np.array([1.0, 0.36309 * (1 - 5 * sine**2) / sine, 2.59808 * sine])[degree.astype(np.int64)]
    return ratios
