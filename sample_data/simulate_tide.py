"""Write tide_la_jolla_2018_simulated_hourly.csv: a year of hourly water level and air pressure, simulated.

- The tide is summed from the harmonic constants of a real gauge (tide_la_jolla_2018_harmonics.json, which says how).
- The rest, the surge, is random with the statistics that the gauge's own rest had (same file): standard deviation
  0.0422 m, of which -0.0046 m per hPa follows a simulated air pressure. Both hold exactly, before rounding.
- What is not pressure is a slow part, waves of one day and half a day whose phase wanders, and noise. All fade with
  one time scale of 64 hours, fitted with their shares to the gauge's autocorrelations. What this file reaches:
      hours       1      2      6     12     24     48     72    168
      gauge   0.909  0.864  0.701  0.647  0.671  0.421  0.296  0.062
      here    0.907  0.867  0.683  0.632  0.640  0.434  0.298  0.035
- The same numbers on every machine: RandomState's stream is frozen by NumPy, that of default_rng is not.

Run it as a script; it takes about a second and needs NumPy only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

HERE = Path(__file__).parent
NAME = "tide_la_jolla_2018_simulated_hourly.csv"
HOURS = 365 * 24
FADE = 64.0  # hours after which a part's memory has fallen to 1/e
SHARES = {0.0: 0.77, 24.0: 0.09, 12.0: 0.06}  # period in hours (0: none): share of the variance; the rest is noise
SEED = 91  # of 0 to 99 the one whose year comes closest to the gauge


def main() -> None:
    """Read the constants beside this file and write the simulated year beside it."""
    constants = json.loads((HERE / "tide_la_jolla_2018_harmonics.json").read_text(encoding="utf-8"))
    text = as_csv(*simulate(constants))
    (HERE / NAME).write_text(text, encoding="utf-8", newline="\n")


def simulate(constants: dict[str, Any], seed: int = SEED) -> tuple[F64, F64]:
    """Water level in m above mean sea level and air pressure in hPa, one value per hour of 2018: two (8760,)."""
    random = np.random.RandomState(seed)
    residual, air = constants["residual"], constants["residual"]["pressure"]
    weather = standardised(fading(random, 0.0))
    driven = residual["regression_on_pressure_m_per_hpa"] * air["std_hpa"]
    free = other_surge(random)
    free = standardised(free - weather * (free @ weather) / HOURS)  # no chance share of the pressure
    surge = driven * weather + np.sqrt(residual["std"] ** 2 - driven**2) * free
    return tide(constants) + surge, air["mean_hpa"] + air["std_hpa"] * weather


def tide(constants: dict[str, Any]) -> F64:
    """mean + sum of amplitude cos(speed hours - phase), in m, (8760,)."""
    waves = constants["constituents"].values()
    hours = np.arange(HOURS)
    angles = (np.radians(w["speed_deg_per_hour"] * hours - w["phase_deg"]) for w in waves)
    return np.asarray(constants["mean"] + sum(w["amplitude"] * np.cos(a) for w, a in zip(waves, angles, strict=True)))


def other_surge(random: np.random.RandomState) -> F64:
    """The surge that air pressure does not explain, of unit variance, (8760,)."""
    parts = sum(np.sqrt(share) * fading(random, period) for period, share in SHARES.items())
    return np.asarray(parts + np.sqrt(1 - sum(SHARES.values())) * random.standard_normal(HOURS))


def fading(random: np.random.RandomState, period: float) -> F64:
    """A random wave of `period` hours (0 = none) and unit variance, (8760,).

    The real part of a first-order autoregression with a complex coefficient:
    its autocorrelation at k hours is exp(-k / FADE) cos(2 pi k / period).
    """
    turn = 2j * np.pi / period if period else 0.0
    coefficient = np.exp(-1 / FADE + turn)
    shocks = np.sqrt(1 - abs(coefficient) ** 2) * random.standard_normal((HOURS, 2))
    state = complex(*random.standard_normal(2))
    wave = np.empty(HOURS)
    for hour in range(HOURS):
        wave[hour] = state.real
        state = coefficient * state + complex(*shocks[hour])
    return wave


def standardised(values: F64) -> F64:
    """The values with mean 0 and standard deviation 1."""
    return np.asarray((values - values.mean()) / values.std())


def as_csv(level: F64, pressure: F64) -> str:
    """The file's text: UTC times to the minute, level to the millimetre, pressure to 0.1 hPa."""
    times = np.datetime_as_string(np.arange("2018-01-01", "2019-01-01", dtype="datetime64[h]"), unit="m")
    rows = (f"{time}Z,{m:.3f},{hpa:.1f}\n" for time, m, hpa in zip(times, level, pressure, strict=True))
    return "time_utc,water_level_m,pressure_hpa\n" + "".join(rows)


if __name__ == "__main__":
    main()
