"""The Python doors: pandas DataFrames in and out, by the same code as the command line.

    import rnnforecast as rf
    model = rf.train(frame, target="level_m", horizon=48)
    ahead = model.predict(frame)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnforecast import checkpoint
from rnnforecast import model as core
from rnnforecast.config import DataFlags, RunConfig, settings_of
from rnnforecast.data.frame import table_of
from rnnforecast.data.panel import Panel
from rnnforecast.data.reading import Loaded, load_tables
from rnnforecast.data.split import configure
from rnnforecast.errors import UsageError, nearest
from rnnforecast.network import cells
from rnnforecast.packing import pack, unpack
from rnnforecast.report.rows import forecast_rows
from rnnforecast.report.words import verdict
from rnnforecast.scores.forecast import Forecast
from rnnforecast.scores.scores import Scores

if TYPE_CHECKING:
    from pandas import DataFrame

DATA_NAMES = tuple(f.name for f in fields(DataFlags))


@dataclass(frozen=True)
class Model:
    """A trained model, with pandas at its doors. `core` is what the command line works with."""

    core: core.Model

    def predict(self, frame: DataFrame | None = None, **flags: Any) -> DataFrame:
        """The next `horizon` steps of each series: the columns of `rnnforecast predict`.

        Without a frame the forecast starts from the rows kept in the model. Raises Mismatch, DataUnusable.
        """
        panel = self.core.context if frame is None else read_for(self.core, frame, flags).panel
        return frame_of(self.core.forecast(panel, panel.cutoff), panel, self.core)

    def save(self, path: str | Path) -> None:
        """Write the model file, atomically. Raises Locked, OutputFailed."""
        checkpoint.write(Path(path), *pack(self.core))

    @property
    def verdict(self) -> str:
        """Whether the network is worth running, in a sentence per target."""
        layout, scores = self.core.layout, self.core.scores
        return "" if scores is None else verdict(scores, self.core.step, layout.target, layout.units)

    @property
    def scores(self) -> DataFrame:
        """Errors on the test part: as `evaluate` gives them."""
        if self.core.scores is None:
            raise UsageError("this model was never scored", "rf.evaluate(model, frame)")
        return scores_frame(self.core.scores, self.core)


def train(frame: DataFrame, **settings: Any) -> Model:
    """Train on a frame (a time column or DatetimeIndex, and numeric columns) and score on its last part.

    settings: every flag of `rnnforecast train` by its name, e.g. target="level_m", horizon="2d", cell="gru",
    past=["rain_mm"]. Raises the errors that the command line reports: DataUnusable, UsageError, TrainingFailed.
    """
    from rnnforecast.evaluation.backtest import scored
    from rnnforecast.training.fit import fit

    flags, asked = told_apart(settings)
    cells.bring(asked.get("cell"), np)
    loaded = load_tables([table_of(frame)], flags).looked_at(int(time.time()))
    panel = loaded.panel
    return Model(scored(fit(panel, loaded.layout, configure(panel, asked), loaded.findings), panel))


def load(path: str | Path, cell: str | None = None) -> Model:
    """The model in a file; loading never runs code. Raises NotFound, ModelUnusable.

    cell: package.module of a cell of your own, where the model has one: it is imported because you name it.
    """
    cells.bring(cell, np)
    return Model(unpack(*checkpoint.read(Path(path)), str(path)))


def evaluate(
    model: Model, frame: DataFrame, stride: int | None = None, standardised: bool = False, **flags: Any
) -> DataFrame:
    """Rolling origins over the rows of the frame that training has not seen, beside every simple rule.

    One row per target, lead and rule: mae, rmse and bias in the target's unit, or, standardised, in units of the
    deviation that its first series had in training; and how many windows were scored. Raises Mismatch, DataUnusable.
    """
    from rnnforecast.evaluation.backtest import backtest as score

    core = model.core
    scores = score(core, read_for(core, frame, flags).panel, stride)
    return scores_frame(scores.standardised(core.deviation) if standardised else scores, core)


def backtest(
    model: Model, frame: DataFrame, stride: int | None = None, leads: Sequence[int] | None = None, **flags: Any
) -> DataFrame:
    """What `evaluate` scores, forecast by forecast: one row per series, target, origin and lead (all by default).

    Columns: unique_id, target, cutoff, ds, lead, y (what came), then one per rule, "model" first. Times are UTC.
    """
    import pandas as pd

    from rnnforecast.evaluation.backtest import forecasts

    rows = pd.DataFrame(forecasts(model.core, read_for(model.core, frame, flags).panel, stride, leads))
    if model.core.layout.stamp != "integer":
        for name in ("cutoff", "ds"):
            rows[name] = pd.to_datetime(rows[name], unit="s", utc=bool(model.core.layout.zone) or None)
    return rows


def told_apart(settings: Mapping[str, Any]) -> tuple[DataFlags, dict[str, Any]]:
    """(DataFlags, what is asked of RunConfig); an unknown name is refused with the nearest one."""
    known = [*DATA_NAMES, *(f.name for f in fields(RunConfig))]
    for name in settings:
        if name not in known:
            guess = nearest(name, known)
            raise UsageError(f"unknown setting {name!r}", f"did you mean {guess}?" if guess else "")
    flags = settings_of(DataFlags, {k: v for k, v in settings.items() if k in DATA_NAMES})
    return flags, {k: v for k, v in settings.items() if k not in DATA_NAMES}


def read_for(model: core.Model, frame: DataFrame, flags: Mapping[str, Any]) -> Loaded:
    """The frame on the model's grid, by the model's layout."""
    asked = settings_of(DataFlags, flags)
    return load_tables([table_of(frame)], asked, known=model.layout, step=model.step, base=model.base())


def frame_of(forecast: Forecast, panel: Panel, model: core.Model) -> DataFrame:
    """Forecast rows as a frame; ds and cutoff are timestamps, in the zone of the data where it has one."""
    import pandas as pd

    rows = forecast_rows(forecast, panel, model.layout)
    frame = pd.DataFrame(dict(rows.columns))
    if model.layout.stamp != "integer":
        for name in ("ds", "cutoff"):
            frame[name] = pd.to_datetime(frame[name], utc=bool(model.layout.zone) or None)
            if model.layout.zone:
                frame[name] = frame[name].dt.tz_convert(model.layout.zone)
    return frame


def scores_frame(scores: Scores, model: core.Model) -> DataFrame:
    import pandas as pd

    R, H, T = scores.mae.shape
    rule, lead, target = (index.ravel() for index in np.meshgrid(range(R), range(H), range(T), indexing="ij"))
    frame = pd.DataFrame({
        "target": np.array(model.layout.target)[target],
        "lead": lead + 1,
        "rule": np.array(scores.rules)[rule],
        **{name: getattr(scores, name).ravel() for name in ("mae", "rmse", "bias")},
        "windows": scores.num_windows,
    })
    return frame.sort_values(["target", "lead"], kind="stable", ignore_index=True)
