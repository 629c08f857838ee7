"""Minimal gated unit (Zhou, Wu, Zhang & Zhou 2016, Minimal gated unit for recurrent neural networks): one gate.

    f  = sigmoid(Wf x + bf + Uf h + cf)          W (2 D, I), U (2 D, D), b and c (2 D,); blocks f, n
    n  = tanh(Wn x + bn + Un (f h) + cn)
    h' = (1 - f) h + f n
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, State, sigmoid
from rnnforecast.network.cells import block, init_gates

summary = "minimal gated unit: a GRU of one gate"
states = 1


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    return init_gates(2, input_size, hidden_size, rng)


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    (h,) = state
    D = h.shape[1]
    given = x @ params["input_weight"].T + params["input_bias"]  # (B, 2 D)
    f = sigmoid(block(given, 0, D) + recall(h, params, 0), xp)
    n = xp.tanh(block(given, 1, D) + recall(f * h, params, 1))
    return ((1.0 - f) * h + f * n,)


def gates(x: Array, state: State, params: Params, xp: Any) -> dict[str, Array]:
    h = state[0]
    given = x @ params["input_weight"].T + params["input_bias"]
    return {"update": sigmoid(block(given, 0, h.shape[1]) + recall(h, params, 0), xp)}


def recall(h: Array, params: Params, number: int) -> Array:
    """U h + c of that block: (B, D) -> (B, D)."""
    D = h.shape[1]
    rows = slice(number * D, (number + 1) * D)
    return h @ params["hidden_weight"][rows].T + params["hidden_bias"][rows]
