"""predict: the next steps, from new data or from the rows kept in the model."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from rnnforecast.cli.options import DEFAULT_MODEL, Config, Model, Output, OwnCell, Quiet, Verbose, merged, with_settings
from rnnforecast.cli.streams import Voice, is_terminal, put, refuse_inputs, speaks_unicode
from rnnforecast.config import DataFlags
from rnnforecast.errors import Mismatch, TooOld, UsageError, nearest
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.panel import Panel
    from rnnforecast.model import Model as Forecaster
    from rnnforecast.report.rows import Rows
    from rnnforecast.scores.forecast import Forecast

FORMATS = ("csv", "jsonl", "parquet", "table")  # those of report.rows, named here so that --help stays light


@with_settings(DataFlags, names=("horizon",))
def predict(
    data: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[DATA...]", help="files as the gauge wrote them; - is stdin; none: the model's rows"),
    ] = None,
    model: Model = DEFAULT_MODEL,
    format: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--format", "-f", metavar="|".join(FORMATS), help="[default: csv, or as -o FILE ends]"),
    ] = None,
    output: Output = None,
    max_age: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--max-age", metavar="LENGTH", help="refuse (exit 7) where a newest reading is older: 3h"),
    ] = None,
    chart: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option("--chart/--no-chart", help="draw the first series on stderr [default: on a terminal]"),
    ] = None,
    turns: Annotated[
        bool,
        typer.Option("--turns", help="write the high and low waters in the horizon instead of every step"),
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    cell: OwnCell = None,
    given: dict[str, Any] | None = None,
) -> None:
    """Forecast the next steps: one row per series, target and step.

    Example: cat gauge.csv | rnnforecast predict - -m kew.safetensors | head -3
    """
    from rnnforecast.cli.models import read_data, read_model, refuse_clash
    from rnnforecast.report.rows import forecast_rows, formats

    kind = chosen_format(format, output)
    voice = Voice(quiet)
    flags, asked = merged(given or {}, config)
    if not data:
        refuse_unused(given or {})
    refuse_inputs(output, [*(data or ()), *flags.join, *flags.future_data, model])
    forecaster = read_model(model, cell)
    asked = asked if cell is None else {**asked, "cell": cell}
    horizon = asked_horizon(forecaster, asked)
    refuse_clash(forecaster, asked)
    if turns:
        refuse_untimed(forecaster)
    clock, layout = clock_of(forecaster, flags, max_age), forecaster.layout
    panel = forecaster.context
    if data:
        loaded = read_data(forecaster, data, replace(flags, tz=flags.tz if layout.zone else None))
        voice.tell(loaded.findings, verbose)
        panel = loaded.panel
    if max_age is not None:
        refuse_old(panel, max_age, clock)
    whole = forecaster.forecast(panel, panel.cutoff)
    forecast = shortened(whole, horizon)
    tell(voice, forecaster, panel, forecast)
    if is_terminal(sys.stderr) if chart is None else chart:
        voice.say(drawn(forecaster, panel, forecast))
    rows = waters(voice, forecaster, panel, whole, horizon) if turns else forecast_rows(forecast, panel, layout)
    put(formats[kind](rows), output)


def refuse_unused(given: dict[str, Any]) -> None:
    """Without DATA nothing is read: a flag that says how is a mistake."""
    for f in fields(DataFlags):
        if f.name in given:
            flag = f.metadata.get("flag", "--" + f.name.replace("_", "-"))
            raise UsageError(f"{flag} says how to read data, and none is named", f"rnnforecast predict DATA {flag} ...")


def clock_of(forecaster: Forecaster, flags: DataFlags, max_age: str | None) -> str:
    """The zone by which the age of the model's times is told. Raises UsageError where none is known."""
    zone = forecaster.layout.zone or flags.tz or ""
    if max_age is not None and forecaster.layout.stamp == "integer":
        raise UsageError("--max-age needs times; this model counts rows")
    if max_age is not None and not zone:
        raise UsageError("--max-age needs the zone of the times, and they have none", "--max-age 3h --tz UTC")
    return zone


def refuse_old(panel: Panel, max_age: str, zone: str) -> None:
    """Raise TooOld where the newest reading of a series is older than `max_age`, by the clock of this machine."""
    import time

    import numpy as np

    from rnnforecast.data.frequency import seconds_in
    from rnnforecast.data.names import shown
    from rnnforecast.data.zones import to_utc

    latest = panel.times(panel.cutoff)
    utc = latest if panel.zone else to_utc(latest, zone, np.zeros_like)[0]
    age = int(time.time()) - utc
    oldest = int(age.argmax())
    if age[oldest] > seconds_in(max_age):
        name = f"series {shown(panel.ids[oldest])}: " if panel.num_series > 1 else ""
        raise TooOld(
            f"{name}the newest reading is {duration(int(age[oldest]))} old ({np.datetime64(int(utc[oldest]), 's')}Z); "
            f"expected at most {max_age}",
            "check the feed, or give a longer --max-age",
        )


def duration(seconds: int) -> str:
    """«5 h 12 min», «3 days»."""
    minutes = seconds // 60
    if minutes >= 48 * 60:
        return f"{minutes // 1440} days"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def chosen_format(asked: str | None, output: str | None) -> str:
    """-f, or what the name of the output ends in, or csv."""
    ending = (output or "").rpartition(".")[2].lower()
    kind = asked or (ending if ending in FORMATS else "csv")
    if kind not in FORMATS:
        guess = nearest(kind, list(FORMATS))
        raise UsageError(f"format must be one of {', '.join(FORMATS)}, got {kind!r}", f"--format {guess or 'csv'}")
    return kind


def asked_horizon(forecaster: Forecaster, asked: dict[str, Any]) -> int:
    """-H may ask for less than the model was trained for, never for more."""
    from rnnforecast.data.frequency import length_in_steps, words

    own = forecaster.config.horizon
    if "horizon" not in asked:
        return own
    steps = length_in_steps(asked.pop("horizon"), forecaster.step)
    if steps < 1:
        raise UsageError(f"horizon must be from 1 to {own}, got {steps}", f"-H {own}")
    if steps > own:
        raise Mismatch(
            f"horizon {steps} steps: the model was trained for {own} steps ({words(own, forecaster.step)})",
            f"-H {own}, or train again with -H {steps}",
        )
    return steps


def shortened(forecast: Forecast, horizon: int) -> Forecast:
    return replace(forecast, yhat=forecast.yhat[:, :horizon], quantiles=forecast.quantiles[:, :horizon])


def refuse_untimed(forecaster: Forecaster) -> None:
    """A turn lies between two steps: that is a time only where steps have one length. Raises UsageError."""
    if forecaster.step.unit == "row":
        raise UsageError("--turns needs times; this model counts rows")
    if forecaster.step.unit == "month":
        raise UsageError(f"--turns needs steps of one length; this model's are of {forecaster.step.text()}")


def waters(voice: Voice, forecaster: Forecaster, panel: Panel, forecast: Forecast, horizon: int) -> Rows:
    """The turns of the whole forecast up to the horizon; a word where there are none.

    As many observed rows are looked at as there are steps, but none that a model without data would not have kept.
    """
    from rnnforecast.data.frequency import words
    from rnnforecast.report.turns import turn_rows

    known = min(forecaster.config.horizon, forecaster.config.lookback)
    rows = turn_rows(forecast, panel, forecaster.layout, horizon, known)
    if not len(rows):
        voice.say(f"no turn lies in the horizon of {words(horizon, panel.step)}: no high and no low water to write")
    return rows


def tell(voice: Voice, forecaster: Forecaster, panel: Panel, forecast: Forecast) -> None:
    """From when, how far, and whether a simple rule had to stand in."""
    from rnnforecast.data.frequency import stamp_text, words

    layout = forecaster.layout
    latest = stamp_text(panel.times(panel.cutoff).max(keepdims=True), layout)[0]
    steps = forecast.yhat.shape[1]
    series = "" if panel.num_series == 1 else f", {panel.num_series:,} series"
    voice.say(f"{words(steps, panel.step)} ahead of {latest}{age_of(panel)}{series}")
    stood_in = [name for name in forecast.source if name != "model"]
    if stood_in:
        voice.say(f"warning: too few recent observations in {len(stood_in)} series: {stood_in[0]} stands in there")
    for b, t in zip(*(leads := forecaster.too_fast(panel, forecast)).nonzero(), strict=True):
        name, at = panel.ids[forecast.series[b]], words(int(leads[b, t]), panel.step)
        voice.say(escaped(
            f"warning: {name} {panel.targets[t]}: the forecast {at} ahead rises faster than the record ever did"
        ))


def age_of(panel: Panel) -> str:
    """«, 5 h 12 min ago», where the times have a zone and lie behind this machine's clock."""
    import time

    if not panel.zone:
        return ""
    age = int(time.time()) - int(panel.times(panel.cutoff).max())
    return f", {duration(age)} ago" if age > 0 else ""


def drawn(forecaster: Forecaster, panel: Panel, forecast: Forecast) -> str:
    """The hydrograph of the first series and target: recent observations, then the forecast and its 80 % band."""
    import shutil

    import numpy as np

    from rnnforecast.data.frequency import stamp_text
    from rnnforecast.report.chart import chart

    steps = forecast.yhat.shape[1]
    origin, offset = int(forecast.origin[0]), int(panel.offsets[forecast.series[0]])
    rows = np.arange(max(offset, origin + 1 - 3 * steps), origin + 1)
    past = panel.values[rows, 0].astype(np.float64) + panel.base[forecast.series[0], 0]
    levels = np.array(forecast.quantile_levels)
    low, high = (forecast.quantiles[0, :, 0, int(np.abs(levels - q).argmin())] for q in (0.1, 0.9))
    ends = panel.step.at(panel.start[forecast.series[0]], np.array([rows[0], origin, origin + steps]) - offset)
    first, cutoff, last = stamp_text(ends, forecaster.layout)
    width = max(20, min(shutil.get_terminal_size().columns, 100))  # narrower is no drawing
    return chart(
        past, forecast.yhat[0, :, 0], low, high, width, 12, speaks_unicode(sys.stderr), (first, cutoff, last),
        forecaster.layout.units[0],
    )
