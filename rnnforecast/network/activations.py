"""Activations of the simple recurrent cell, by the name of the setting: x (B, D) -> (B, D).

`slope` (D,) is learned; only prelu has one (He et al. 2015, Delving deep into rectifiers).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnforecast.network.arrays import Array, Params, sigmoid

LEAK = 0.01
FIRST_SLOPE = 0.25  # of prelu, as in the paper


def relu(x: Array, xp: Any) -> Array:
    return xp.maximum(x, 0 * x)


ACTIVATIONS: dict[str, Callable[[Array, Params, Any], Array]] = {
    "tanh": lambda x, _, xp: xp.tanh(x),
    "sigmoid": lambda x, _, xp: sigmoid(x, xp),
    "relu": lambda x, _, xp: relu(x, xp),
    "leaky_relu": lambda x, _, xp: xp.maximum(x, LEAK * x),
    "prelu": lambda x, params, xp: relu(x, xp) - params["slope"] * relu(-x, xp),
}
