"""Runoff: the ridge, told besides how wet the catchment is and what rain does on wet ground.

Rain runs off from wet ground and sinks into dry; the level itself says how wet it is. So beside the ridge's features
stand the logarithm of the level w, its square, and for each rain-like covariate the sums S over the last 1, 2, 4 ...
steps (and over the steps ahead where it is known): S, S w and S^1.5. They are used at the leads where, over held-out
blocks, they gain more than one standard error; elsewhere this is the ridge. Still one linear map in closed form.
"""

from __future__ import annotations

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import I64
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Batch, Windows
from rnnforecast.floors import F64, Arrays, Flags, _linear, _skew, ridge

summary = "ridge with rain sums on wet and on dry ground"

SPANS = (1, 2, 4, 8, 16, 32)  # steps that rain is summed over
DRY = 0.05  # added to the level before its logarithm, in series units


def context(config: RunConfig, step: Step) -> int:
    return ridge.context(config, step)


def applies(windows: Windows) -> bool:
    return len(windows.panel.past) + len(windows.panel.future) > 0


def design(batch: Batch, lookback: int, target: int, params: Arrays) -> tuple[F64, F64]:
    """The ridge's features, then those of wetness and rain, (B, K); and the last value (B, 1)."""
    x, last = ridge.design(batch, lookback, target)
    wet = np.log(np.maximum(last - params["bottom"][target], 0.0) + DRY)
    parts = [wet, wet**2]
    for sums in rains(batch, lookback, params["lowest"], params["rainy"]):
        parts += [sums, sums * wet, sums**1.5]
    return np.concatenate([x, *parts], axis=1), last


def rains(batch: Batch, lookback: int, lowest: F64, rainy: I64) -> list[F64]:
    """Sums of each covariate above its lowest, 0 where it is not rain-like: (B, spans) past, (B, H) known ahead."""
    P, H = batch.past.shape[2], batch.truth.shape[1]
    spans = [s for s in SPANS if s <= max(1, min(lookback, ridge.PAST_LAGS))]
    found = []
    for k, low in enumerate(lowest.tolist()):
        past = batch.past[:, :, k] if k < P else batch.future[:, :-H, k - P]
        fallen = rainy[k] * np.maximum(past.astype(np.float64) - low, 0.0)
        found.append(np.stack([fallen[:, -s:].sum(axis=1) for s in spans], axis=1))
        if k >= P:
            ahead = rainy[k] * np.maximum(batch.future[:, -H:, k - P].astype(np.float64) - low, 0.0)
            found.append(ahead.cumsum(axis=1))
    return found


def folded(windows: Windows, origins: I64, config: RunConfig, step: Step) -> tuple[Arrays, list[Arrays]]:  # noqa: ARG001
    """The parameters, and those without each block."""
    shape = shape_of(_skew.sampled(windows, origins), config)
    found = [fit_target(windows, origins, config, t, shape) for t in range(len(windows.panel.targets))]
    whole, without = _linear.stacked(found, config)
    return {**whole, **shape}, [{**params, **shape} for params in without]


def shape_of(sample: Batch, config: RunConfig) -> Arrays:
    """bottom (T,) of the targets; lowest (P + F,) and rainy (P + F,), 0 or 1, of the covariates."""
    bottom, _ = _skew.bottoms(sample.target[:, -config.lookback :], sample.mask[:, -config.lookback :])
    known = _skew.bottoms(sample.future, np.ones_like(sample.future))
    past = _skew.bottoms(sample.past, sample.past_mask)
    lowest, rainy = (np.concatenate(pair) for pair in zip(past, known, strict=True))
    return {"bottom": bottom, "lowest": lowest, "rainy": rainy.astype(np.int64)}


def fit(windows: Windows, origins: I64, config: RunConfig, step: Step) -> Arrays:
    """weights (T, K, H), the lookback, and the shape of the columns."""
    return folded(windows, origins, config, step)[0]


def fit_target(windows: Windows, origins: I64, config: RunConfig, target: int, shape: Arrays) -> _linear.Linear:
    L = config.lookback

    def features(batch: Batch) -> tuple[F64, F64]:
        return ridge.examples(batch, L, target, *design(batch, L, target, shape))

    plain = len(ridge.design(windows.gather(origins[:1]), L, target)[0][0])
    blocks = _linear.block_sums(windows, origins, features)
    return _linear.with_more(blocks, len(blocks[0].xx) - plain, L)


def forecast(params: Arrays, batch: Batch) -> F64:
    """(B, H, T)."""
    out = []
    for t, weights in enumerate(params["weights"]):
        x, last = design(batch, int(params["lookback"]), t, params)
        out.append(x @ weights + last)
    return np.stack(out, axis=2)


def usable(params: Arrays, batch: Batch) -> Flags:
    return ridge.usable(params, batch)


def valid(params: Arrays, config: RunConfig, widths: Widths) -> bool:
    """The map of exactly the features that `design` makes."""
    covariates = widths.P + widths.future
    spans = len([s for s in SPANS if s <= max(1, min(config.lookback, ridge.PAST_LAGS))])
    extra = 2 + 3 * (covariates * spans + widths.future * config.horizon)
    shapes = {"bottom": (widths.T,), "lowest": (covariates,), "rainy": (covariates,)}
    if not all(name in params and params[name].shape == shape for name, shape in shapes.items()):
        return False
    kinds = {"bottom": np.float64, "lowest": np.float64, "rainy": np.int64}
    if not all(params[name].dtype == kind for name, kind in kinds.items()):
        return False
    if not np.isin(params["rainy"], (0, 1)).all():
        return False
    rest = {name: value for name, value in params.items() if name not in shapes}
    return _linear.valid(rest, config, widths.T, config.lookback + 1 + ridge.beside_width(config, widths) + extra)


def label(params: Arrays, step: Step) -> str:  # noqa: ARG001
    return "ridge on rain and wetness"
