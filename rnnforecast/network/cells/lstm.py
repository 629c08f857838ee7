"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000).

    i, f, g, o = the four blocks of W x + b + U h + c      W (4 D, I), U (4 D, D), b and c (4 D,)
    c' = sigmoid(f) c + sigmoid(i) tanh(g)
    h' = sigmoid(o) tanh(c')
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, State, sigmoid
from rnnforecast.network.cells import block, drive, init_gates

summary = "long short-term memory, forget gate open at the start"
states = 2

FORGET_BIAS = 3.0  # remembering is learned first: neuralhydrology's and Kratzert's setting


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    params = init_gates(4, input_size, hidden_size, rng)
    params["hidden_bias"][hidden_size : 2 * hidden_size] = FORGET_BIAS
    return params


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), (h, c) each (B, D) -> (h', c')."""
    h, c = state
    stacked, D = drive(x, h, params), h.shape[1]
    i, f, g, o = (block(stacked, k, D) for k in range(4))
    c = sigmoid(f, xp) * c + sigmoid(i, xp) * xp.tanh(g)
    return sigmoid(o, xp) * xp.tanh(c), c


def gates(x: Array, state: State, params: Params, xp: Any) -> dict[str, Array]:
    h = state[0]
    stacked, D = drive(x, h, params), h.shape[1]
    return {name: sigmoid(block(stacked, k, D), xp) for name, k in (("input", 0), ("forget", 1), ("output", 3))}
