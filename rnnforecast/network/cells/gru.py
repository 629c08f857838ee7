"""Gated recurrent unit (Cho et al. 2014), in the variant that torch and cuDNN compute: reset after the product.

    r, z = sigmoid of the first two blocks of W x + b + U h + c      W (3 D, I), U (3 D, D), b and c (3 D,)
    n    = tanh(Wn x + bn + r (Un h + cn))
    h'   = (1 - z) n + z h
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, State, sigmoid
from rnnforecast.network.cells import init_gates

summary = "gated recurrent unit"
states = 1


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    return init_gates(3, input_size, hidden_size, rng)


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    (h,) = state
    D = h.shape[1]
    drive = x @ params["input_weight"].T + params["input_bias"]  # (B, 3 D)
    recall = h @ params["hidden_weight"].T + params["hidden_bias"]  # (B, 3 D)
    r = sigmoid(drive[:, :D] + recall[:, :D], xp)
    z = sigmoid(drive[:, D : 2 * D] + recall[:, D : 2 * D], xp)
    n = xp.tanh(drive[:, 2 * D :] + r * recall[:, 2 * D :])
    return ((1.0 - z) * n + z * h,)
