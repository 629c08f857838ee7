"""What --diagnostics says: the gradient by step, what is wrong with it, and what to type about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnforecast.report.numbers import percent

if TYPE_CHECKING:
    from rnnforecast.training.diagnostics import Diagnosis, Layer

SHOWN = 8  # steps of a layer


def diagnosis_text(diagnosis: Diagnosis, title: str) -> str:
    """A line per layer, then what is wrong and its remedy, or that nothing is."""
    lines = [f"{title}: gradient of the loss, norm {diagnosis.gradient_norm:.2g} before clipping at {diagnosis.clip:g}"]
    lines += [layer_line(layer) for layer in diagnosis.layers]
    return "\n".join([*lines, *(remedies(diagnosis) or ["  nothing is wrong with it"])])


def layer_line(layer: Layer) -> str:
    """The norm at some steps, in the order read, and how often each gate is nearly 0 or 1."""
    steps = np.unique(np.linspace(0, len(layer.norms) - 1, SHOWN).round().astype(int))
    norms = "  ".join(f"{step + 1}: {layer.norms[step]:.1e}" for step in steps)
    gates = "".join(f"; {name} gate saturated {percent(share)}" for name, share in layer.saturated.items())
    return f"  {layer.name}, by recurrent step in the order read  {norms}{gates}"


def remedies(diagnosis: Diagnosis) -> list[str]:
    """What is wrong, each with what to do."""
    found = []
    if diagnosis.deaf:
        found.append(
            "  no gradient reaches the recurrence: the last layer is 0, as it started, since no epoch was better than "
            "the rule under it. Remedy: more --max-epochs and --patience, or another --learning-rate"
        )
    if diagnosis.vanishing:
        worst = max(diagnosis.layers, key=lambda layer: layer.silent)
        found.append(
            f"  vanishing gradient: the first {worst.silent} of {len(worst.norms)} recurrent steps of {worst.name} "
            "teach nothing. Remedy: --cell lstm or gru, a longer --segment-length, seq2seq with --attention, "
            "or a shorter --lookback"
        )
    if diagnosis.exploding:
        found.append(
            "  exploding gradient: a small change far back moves the loss a thousandfold, or the norm is ten times "
            "--clip. Remedy: a smaller --learning-rate or --clip, --cell lstm or gru, --bptt-steps"
        )
    if diagnosis.stuck:
        found.append(
            f"  saturated: {', '.join(diagnosis.stuck)} gate nearly 0 or 1 more often than not, where it hardly "
            "learns. Remedy: a smaller --learning-rate, more --weight-decay, or a larger --hidden-size"
        )
    return found
