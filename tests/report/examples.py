"""A small panel, layout, forecast and scores, to be changed by `dataclasses.replace` where a test needs another."""

import numpy as np

from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.scores.forecast import Forecast
from rnnforecast.scores.scores import Scores

NAN = float("nan")
HOUR = Step("second", 3600)
MARCH_1 = 1_772_323_200  # 2026-03-01T00:00Z


def layout(**changes) -> Layout:
    given = {
        "time": "time_utc", "target": ("stage_m",), "id": (), "past": (), "future": (), "static": (), "unused": (),
        "units": ("m",), "zone": "UTC", "stamp": "minute", "dayfirst": None, "missing": (), "decimal": ".",
        "reasons": (),
    }  # fmt: skip
    return Layout(**(given | changes))


def panel(*series: list[float], ids: tuple[str, ...] = (), step: Step = HOUR, ahead: int = 0) -> Panel:
    """Series of one target, stage_m, from 2026-03-01 on; the last `ahead` rows of each lie after its cutoff."""
    values = np.concatenate([np.array(one, np.float64) for one in series])[:, None]
    offsets = np.cumsum([0, *map(len, series)])
    base = np.array([[np.nanmean(one) if not np.isnan(one).all() else 0.0] for one in series])
    flat = values - np.repeat(base, np.diff(offsets), axis=0)
    return Panel(
        ids=ids or tuple(f"gauge {n}" for n in range(len(series))), targets=("stage_m",), past=(), future=(),
        values=flat.astype(np.float32), base=base, offsets=offsets, start=np.full(len(series), MARCH_1),
        cutoff=offsets[1:] - 1 - ahead, static=np.zeros((len(series), 0), np.float32), static_names=(), step=step,
    )  # fmt: skip


def forecast(yhat: np.ndarray, series: list[int], origin: list[int], levels=(0.1, 0.5, 0.9)) -> Forecast:
    """yhat (B, H, T); the quantiles lie 1 unit apart about it."""
    spread = np.arange(len(levels)) - len(levels) // 2
    return Forecast(
        series=np.array(series, np.int64), origin=np.array(origin, np.int64), yhat=yhat,
        quantiles=yhat[..., None] + spread, quantile_levels=levels, source=("model",) * len(series),
    )  # fmt: skip


def scores(model: list[float], share: float | list[float] = 0.4, windows: int = 480, **rules: list[float]) -> Scores:
    """Scores of one target from the MAE by lead of the model and of each simple rule; the RMSE is twice the MAE."""
    mae = np.array([model, *rules.values()], np.float64)[:, :, None]
    horizon = len(model)
    names = {"last": "no change", "season": "same time yesterday"}
    return Scores(
        rules=("model", *rules), labels=("this model", *(names.get(rule, rule) for rule in rules)),
        mae=mae, rmse=2 * mae, bias=mae / 2, coverage=np.full((horizon, 1), 0.79), coverage_level=0.8,
        turns=np.full((1, 2, 6), np.nan),
        share=np.broadcast_to(np.asarray(share, np.float64), (horizon,))[:, None], chosen=next(iter(rules)),
        num_windows=windows, first=MARCH_1, last=MARCH_1 + 20 * 86_400, in_sample=False,
    )  # fmt: skip
