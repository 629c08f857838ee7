"""Gated recurrent unit (Cho et al. 2014), in the variant that torch and cuDNN compute: reset after the product.

    r, z = sigmoid of the first two blocks of W x + b + U h + c      W (3 D, I), U (3 D, D), b and c (3 D,)
    n    = tanh(Wn x + bn + r (Un h + cn))
    h'   = (1 - z) n + z h
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, State, sigmoid
from rnnforecast.network.cells import block, init_gates

summary = "gated recurrent unit"
states = 1


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    return init_gates(3, input_size, hidden_size, rng)


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    (h,) = state
    D = h.shape[1]
    given, recall = halves(x, h, params)  # (B, 3 D) each
    r = sigmoid(block(given, 0, D) + block(recall, 0, D), xp)
    z = sigmoid(block(given, 1, D) + block(recall, 1, D), xp)
    n = xp.tanh(block(given, 2, D) + r * block(recall, 2, D))
    return ((1.0 - z) * n + z * h,)


def gates(x: Array, state: State, params: Params, xp: Any) -> dict[str, Array]:
    given, recall = halves(x, state[0], params)
    D = state[0].shape[1]
    return {name: sigmoid(block(given + recall, k, D), xp) for name, k in (("reset", 0), ("update", 1))}


def halves(x: Array, h: Array, params: Params) -> tuple[Array, Array]:
    """W x + b and U h + c apart: the reset gate stands between them."""
    recall = h @ params["hidden_weight"].T + params["hidden_bias"]
    return x @ params["input_weight"].T + params["input_bias"], recall
