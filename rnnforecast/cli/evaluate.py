"""evaluate: rolling origins in the unseen part, per lead, beside every simple rule."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from rnnforecast.cli.options import (
    DEFAULT_MODEL,
    AsJson,
    Config,
    Data,
    Model,
    Output,
    OwnCell,
    Quiet,
    Verbose,
    merged,
    with_settings,
)
from rnnforecast.cli.streams import Voice, put, refuse_inputs
from rnnforecast.config import DataFlags, RunConfig, check
from rnnforecast.errors import UsageError
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.columns import Layout
    from rnnforecast.data.frequency import Step
    from rnnforecast.data.panel import Panel
    from rnnforecast.model import Model as Forecaster
    from rnnforecast.scores.scores import Scores

KINDS = ("csv", "parquet")  # of --forecasts, as its name ends


@with_settings(DataFlags, names=("stride",))
def evaluate(
    data: Data,
    model: Model = DEFAULT_MODEL,
    output: Output = None,
    as_json: AsJson = False,
    standardised: Annotated[
        bool, typer.Option("--standardised", help="errors in units of each target's deviation in training")
    ] = False,
    forecasts: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--forecasts", metavar="FILE", help="also write each forecast that is scored: .csv or .parquet"),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    cell: OwnCell = None,
    given: dict[str, Any] | None = None,
) -> None:
    """Score the model on rows it has not seen, and every simple rule beside it.

    Example: rnnforecast evaluate gauge.csv -m kew.safetensors --json > scores.json
    """
    from rnnforecast.cli.models import read_data, read_model, refuse_clash
    from rnnforecast.evaluation.backtest import backtest
    from rnnforecast.report.tables import as_json as scores_json

    kind = kind_of(forecasts, output)
    flags, asked = merged(given or {}, config)
    for written in (output, forecasts):
        refuse_inputs(written, [*data, *flags.join, *flags.future_data, model])
    forecaster = read_model(model, cell)
    asked = asked if cell is None else {**asked, "cell": cell}
    refuse_clash(forecaster, asked)
    loaded = read_data(forecaster, data, flags)
    voice = Voice(quiet)
    voice.tell(loaded.findings, verbose)
    stride, layout = stride_asked(asked, forecaster.step), forecaster.layout
    scores = backtest(forecaster, loaded.panel, stride)
    if standardised:
        scores, layout = scores.standardised(forecaster.deviation), in_deviations(layout)
    if forecasts:
        put(rows_of(forecaster, loaded.panel, stride, kind), forecasts)
    if as_json:
        text = json.dumps(scores_json(scores, forecaster.step, layout), ensure_ascii=False, indent=1)
    else:
        text = score_text(scores, forecaster.step, layout)
    put(text + "\n", output)


def kind_of(forecasts: str | None, output: str | None) -> str:
    """Of the file that --forecasts names. Raises UsageError where it cannot be told, or is where the scores go."""
    if forecasts is None:
        return ""
    kind = forecasts.rpartition(".")[2].lower()
    if forecasts == "-" or kind not in KINDS:
        reason = "stdout is for the scores" if forecasts == "-" else f"{forecasts!r} ends in neither .csv nor .parquet"
        raise UsageError(f"--forecasts: {reason}", "--forecasts FILE.csv")
    if output and os.path.realpath(output) == os.path.realpath(forecasts):
        raise UsageError("-o and --forecasts name the same file", "--forecasts FILE.csv")
    return kind


def rows_of(forecaster: Forecaster, panel: Panel, stride: int | None, kind: str) -> str | bytes:
    """What is scored, forecast by forecast."""
    from rnnforecast.evaluation.backtest import forecasts
    from rnnforecast.report.rows import backtest_rows, formats

    return formats[kind](backtest_rows(forecasts(forecaster, panel, stride), forecaster.layout))


def in_deviations(layout: Layout) -> Layout:
    """The layout, in which every target's unit is its deviation in training."""
    return replace(layout, units=("deviations",) * len(layout.units))


def stride_asked(asked: Mapping[str, Any], step: Step) -> int | None:
    """--stride in steps, within its bounds; None where it was not given."""
    from rnnforecast.data.frequency import length_in_steps

    if "stride" not in asked:
        return None
    stride = length_in_steps(asked["stride"], step)
    check(next(f for f in fields(RunConfig) if f.name == "stride"), stride)
    return stride


def score_text(scores: Scores, step: Step, layout: Layout) -> str:
    """The score table of every target, and the verdict."""
    from rnnforecast.report.words import verdict

    return f"{score_tables(scores, step, layout)}\n{verdict(scores, step, layout.target, layout.units)}"


def score_tables(scores: Scores, step: Step, layout: Layout) -> str:
    """The score table of every target."""
    from rnnforecast.report.tables import score_table

    targets, units = layout.target, layout.units
    names = [f"{escaped(name)}\n" if len(targets) > 1 else "" for name in targets]
    tables = [score_table(scores, step, t, units[t]) for t in range(len(units))]
    return "\n".join(name + table for name, table in zip(names, tables, strict=True))
