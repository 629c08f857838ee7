"""Head: what every decoder ends with. y = V relu(W z + b) + c; V starts at 0: untrained, it adds nothing."""

from __future__ import annotations

from typing import Any

from rnnforecast.network.activations import relu
from rnnforecast.network.arrays import Array, Params, init_linear, linear


def init(inputs: int, hidden_size: int, outputs: int, rng: Any) -> dict[str, Array]:
    return {
        **init_linear("mix", inputs, hidden_size, rng),
        **init_linear("out", hidden_size, outputs, rng, gain=0.0),
    }


def apply(params: Params, parts: list[Array], xp: Any) -> Array:
    """Parts (B, ·) side by side -> (B, outputs)."""
    return linear(relu(linear(xp.concatenate(parts, axis=1), params, "mix"), xp), params, "out")
