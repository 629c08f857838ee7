"""Ridge: one linear map from the window to all steps ahead, in closed form.

Features: the lookback of a target less its last value, that value itself (a river falls back to its mean), recent past
covariates, the known future, the tide about now and ahead, the calendar at the origin, and a constant. The penalty, and
how much of the lookback counts, are settled per lead by the error on time blocks that the fit has not seen (`_linear`).
The map of each target is its own and is shared by all series.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, _linear

summary = "linear map of the window, closed form"

PAST_LAGS = 32  # of each past covariate: rain older than that has run off or sits in the level
NEEDED_SHARE = 0.5  # of the lookback observed


def context(config: RunConfig, step: Step) -> int:  # noqa: ARG001
    return config.lookback


def applies(windows: Windows) -> bool:  # noqa: ARG001
    return True


def beside(batch: Batch, lookback: int) -> list[F64]:
    """What a linear map is told beside the window: parts (B, ·)."""
    B, H, back = len(batch.target), batch.truth.shape[1], min(lookback, PAST_LAGS)
    now = batch.calendar[:, -H - 1]  # every later phase is a linear map of this one
    parts = [batch.past[:, -back:], batch.future[:, -H - back :], batch.tide[:, -H - back :], now]
    return [part.reshape(B, -1).astype(np.float64) for part in parts]


def beside_width(config: RunConfig, widths: Widths) -> int:
    """How many features `beside` makes."""
    back, H = min(config.lookback, PAST_LAGS), config.horizon
    return back * widths.P + (H + back) * (widths.future + widths.tide) + widths.calendar


def design(batch: Batch, lookback: int, target: int) -> tuple[F64, F64]:
    """Features (B, K) and the last value (B, 1) of one target."""
    window = batch.target[:, -lookback:, target].astype(np.float64)
    last = window[:, -1:]
    parts = [window[:, :-1] - last, *beside(batch, lookback), last, np.ones_like(last)]
    return np.concatenate(parts, axis=1), last


def taught(batch: Batch, lookback: int, target: int) -> Flags:
    """Windows (B,) to learn from: the truth is whole, and enough of the lookback was observed."""
    whole = np.isfinite(batch.truth[:, :, target]).all(axis=1)
    return np.asarray(whole & (batch.mask[:, -lookback:, target].mean(axis=1) >= NEEDED_SHARE))


def examples(batch: Batch, lookback: int, target: int, x: F64, last: F64) -> tuple[F64, F64]:
    """Of features (B, K) and the last value (B, 1): those of windows to learn from, and what came less that value."""
    kept = taught(batch, lookback, target)
    return x[kept], (batch.truth[:, :, target] - last)[kept]


def folded(windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:  # noqa: ARG001
    """The parameters, and those without each block."""
    return _linear.stacked([fit_target(windows, origins, config, t) for t in range(len(windows.panel.targets))], config)


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """weights (T, K, H) and the lookback they were made for."""
    return folded(windows, origins, config, step)[0]


def fit_target(windows: Windows, origins: I64, config: RunConfig, target: int) -> _linear.Linear:
    L = config.lookback

    def features(batch: Batch) -> tuple[F64, F64]:
        return examples(batch, L, target, *design(batch, L, target))

    blocks = _linear.block_sums(windows, origins, features)
    return _linear.solved(blocks, _linear.reaches(L, len(blocks[0].xx)))


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    out = []
    for t, weights in enumerate(params["weights"]):
        x, last = design(batch, int(params["lookback"]), t)
        out.append(x @ weights + last)
    return np.stack(out, axis=2)


def usable(params: Arrays, batch: Batch) -> Flags:
    """At least half of the lookback of each target observed."""
    share = batch.mask[:, -int(params["lookback"]) :].mean(axis=1)
    return np.asarray((share >= NEEDED_SHARE).all(axis=1))


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """The map of exactly the features that `design` makes."""
    features = config.lookback + 1 + beside_width(config, widths)
    return _linear.valid(params, config, widths.T, features)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "ridge regression"
