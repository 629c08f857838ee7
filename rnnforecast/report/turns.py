"""Turn rows: one line per high and low water in the horizon, in place of one per step.

- Columns: those of the forecast rows, with `kind` (high or low) after `cutoff`. `yhat` is the height of the water.
- `lead` is in decimal steps, `ds` to the minute (to the second where a step is shorter): a turn lies between steps.
- Observed rows stand before the forecast, since a turn soon after the cutoff shows by what came before it. Of the
  turns found only those after the cutoff are written.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rnnforecast.data.columns import Layout
from rnnforecast.data.frequency import stamp_text
from rnnforecast.data.panel import Panel
from rnnforecast.report.rows import Column, Rows
from rnnforecast.scores.forecast import Forecast
from rnnforecast.scores.waters import HIGH, turns

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MINUTE = 60


def turn_rows(forecast: Forecast, panel: Panel, layout: Layout, horizon: int, known: int) -> Rows:
    """The turns up to `horizon` of B origins and T targets as rows, by origin, then target, then time.

    The forecast may go further than `horizon`: what follows tells whether its last move was a turn. `known` (1 or
    more) observed rows up to the cutoff are looked at beside it.
    """
    B, H, T = forecast.yhat.shape
    found = turns(_curves(forecast, panel, known).reshape(B * T, known + H))
    lead = found.place - (known - 1)  # the cutoff is the last row observed
    kept = (lead > 0) & (lead <= horizon)
    lead, height = lead[kept], found.height[kept]
    origin, target = np.divmod(found.curve[kept], T)
    kinds = ["high" if kind == HIGH else "low" for kind in found.kind[kept].tolist()]
    columns: dict[str, Column] = {
        **_labels(forecast, panel, layout, origin, target),
        **_times(forecast, panel, layout, origin, lead),
        "kind": kinds,
        "lead": lead.round(3),
        "source": [forecast.source[at] for at in origin.tolist()],
        "yhat": height,
    }
    bands = height[:, None] + _about(forecast, origin, target, lead)  # (rows, Q)
    columns |= {f"q{level:g}": bands[:, at] for at, level in enumerate(forecast.quantile_levels)}
    return Rows(tuple(columns), columns, layout.zone)


def _curves(forecast: Forecast, panel: Panel, known: int) -> F64:
    """`known` observed rows, NaN where a series has fewer, and the H steps forecast: (B, T, known + H), in units."""
    T = forecast.yhat.shape[2]
    rows = forecast.origin[:, None] + np.arange(1 - known, 1)  # (B, known)
    there = rows >= panel.offsets[forecast.series][:, None]
    past = panel.values[np.where(there, rows, 0), :T] + panel.base[forecast.series, None, :T]
    past = np.where(there[..., None], past, np.nan)
    return np.concatenate([past, forecast.yhat], axis=1).transpose(0, 2, 1)


def _about(forecast: Forecast, origin: I64, target: I64, lead: F64) -> F64:
    """How far the quantiles lie from the median at each turn, between steps on a straight line: (rows, Q).

    At the cutoff they lie upon it: that value is known.
    """
    spread = forecast.quantiles - forecast.yhat[..., None]
    spread = np.concatenate([np.zeros_like(spread[:, :1]), spread], axis=1)  # (B, H + 1, T, Q)
    step = np.floor(lead).astype(np.int64)
    part = (lead - step)[:, None]
    following = np.minimum(step + 1, spread.shape[1] - 1)
    return np.asarray((1 - part) * spread[origin, step, target] + part * spread[origin, following, target])


def _labels(forecast: Forecast, panel: Panel, layout: Layout, origin: I64, target: I64) -> dict[str, Column]:
    ids = [panel.ids[at] for at in forecast.series[origin].tolist()]
    at = target.tolist()
    return {"unique_id": ids, "target": [panel.targets[i] for i in at], "unit": [layout.units[i] for i in at]}


def _times(forecast: Forecast, panel: Panel, layout: Layout, origin: I64, lead: F64) -> dict[str, Column]:
    """Times as the input wrote them; those of turns to the minute at least, also where it wrote dates."""
    cutoff = panel.times(forecast.origin)[origin]
    grain = MINUTE if panel.step.count >= MINUTE else 1
    seconds = np.rint((cutoff + lead * panel.step.count) / grain).astype(np.int64) * grain
    finer = replace(layout, stamp="minute") if layout.stamp == "date" else layout
    return {"ds": stamp_text(seconds, finer), "cutoff": stamp_text(cutoff, layout)}
