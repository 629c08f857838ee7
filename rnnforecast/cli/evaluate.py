"""evaluate: rolling origins in the unseen part, per lead, beside every simple rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

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
from rnnforecast.report.aligned import escaped

if TYPE_CHECKING:
    from rnnforecast.data.frequency import Step


@with_settings(DataFlags, names=("stride",))
def evaluate(
    data: Data,
    model: Model = DEFAULT_MODEL,
    output: Output = None,
    as_json: AsJson = False,
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
    from rnnforecast.report.words import verdict

    flags, asked = merged(given or {}, config)
    refuse_inputs(output, [*data, *flags.join, *flags.future_data, model])
    forecaster = read_model(model, cell)
    asked = asked if cell is None else {**asked, "cell": cell}
    refuse_clash(forecaster, asked)
    loaded = read_data(forecaster, data, flags)
    voice = Voice(quiet)
    for finding in loaded.findings:
        if finding.severity == "warning" or verbose:
            voice.say(escaped(finding.text))
    scores = backtest(forecaster, loaded.panel, stride_asked(asked, forecaster.step))
    if as_json:
        text = json.dumps(scores_json(scores, forecaster.step, forecaster.layout), ensure_ascii=False, indent=1)
    else:
        text = score_text(forecaster, scores) + "\n" + verdict(
            scores, forecaster.step, forecaster.layout.target, forecaster.layout.units
        )
    put(text + "\n", output)


def stride_asked(asked: Mapping[str, Any], step: Step) -> int | None:
    """--stride in steps, within its bounds; None where it was not given."""
    from rnnforecast.data.frequency import length_in_steps

    if "stride" not in asked:
        return None
    stride = length_in_steps(asked["stride"], step)
    check(next(f for f in fields(RunConfig) if f.name == "stride"), stride)
    return stride


def score_text(forecaster: Any, scores: Any) -> str:
    """The score table of every target."""
    from rnnforecast.report.tables import score_table

    targets, units = forecaster.layout.target, forecaster.layout.units
    names = [f"{escaped(name)}\n" if len(targets) > 1 else "" for name in targets]
    tables = [score_table(scores, forecaster.step, t, units[t]) for t in range(len(units))]
    return "\n".join(name + table for name, table in zip(names, tables, strict=True))
