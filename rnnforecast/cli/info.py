"""info: what a model file is, without data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rnnforecast.cli.options import DEFAULT_MODEL, AsJson, Model, Output, OwnCell, Quiet, Verbose
from rnnforecast.cli.streams import put, refuse_inputs

if TYPE_CHECKING:
    from rnnforecast.model import Model as Forecaster


def info(
    model: Model = DEFAULT_MODEL,
    output: Output = None,
    as_json: AsJson = False,
    cell: OwnCell = None,
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
) -> None:
    """Show what a model file holds: target, lengths, members, scores, data it came from.

    Example: rnnforecast info -m kew.safetensors
    """
    from rnnforecast.cli.models import read_model

    refuse_inputs(output, [model])
    card = model_card(read_model(model, cell))
    put((json.dumps(card, ensure_ascii=False, indent=1) if as_json else card_text(card)) + "\n", output)


def model_card(forecaster: Forecaster) -> dict[str, Any]:
    """Everything a person asks of a model, as plain values."""
    from dataclasses import asdict

    from rnnforecast.data.frequency import stamp_text, words
    from rnnforecast.report.words import verdict

    layout, step, scores = forecaster.layout, forecaster.step, forecaster.scores
    cutoff = forecaster.record.data_end.max(keepdims=True)
    return {
        "target": list(layout.target),
        "unit": list(layout.units),
        "looks_like": layout.looks_like,
        "time": layout.time or "rows in order",
        "zone": layout.zone,
        "id": list(layout.id),
        "past": list(layout.past),
        "future": list(layout.future),
        "static": list(layout.static),
        "series": len(forecaster.record.ids),
        "step": words(1, step),
        "horizon": words(forecaster.config.horizon, step),
        "lookback": words(forecaster.config.lookback, step),
        "context": words(forecaster.members.context(step), step),
        "cutoff": stamp_text(cutoff, layout)[0],
        "members": list(forecaster.members.names),
        "chosen_floor": forecaster.ranking[0],
        "network_share": round(float(forecaster.share.mean()), 3),
        "verdict": verdict(scores, step, layout.target, layout.units) if scores else None,
        "findings": [f.text for f in forecaster.record.findings],
        "data_sha256": forecaster.record.fingerprint,
        "settings": asdict(forecaster.config),
        **forecaster.about,
    }


def card_text(card: dict[str, Any]) -> str:
    """The card as aligned lines; settings on one line, findings one each."""
    from rnnforecast.report.aligned import escaped

    rows = []
    for name, value in card.items():
        if name == "settings":
            value = " ".join(f"{k}={shown(v)}" for k, v in value.items())
        lines = value.split("\n") if name == "verdict" and value else [shown(value)]  # a sentence per target
        if value not in (None, [], "") and value != [""] * len(card["target"]):
            rows += [(name.replace("_", " ") if line is lines[0] else "", line) for line in lines]
    width = max(len(name) for name, _ in rows)
    return "\n".join(escaped(f"{name:<{width}}  {text}") for name, text in rows)


def shown(value: Any) -> str:
    from rnnforecast.data.names import shown as cut

    return ", ".join(cut(str(item)) or "-" for item in value) if isinstance(value, (list, tuple)) else str(value)
