"""Elman's simple recurrent network (Elman 1990, Finding structure in time).

    h' = tanh(W x + b + U h + c)          W (D, I), U (D, D), b and c (D,)
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, State
from rnnforecast.network.cells import init_gates

summary = "Elman's simple recurrent network, tanh"
states = 1


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    return init_gates(1, input_size, hidden_size, rng)


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    (h,) = state
    drive = x @ params["input_weight"].T + params["input_bias"]  # (B, D)
    return (xp.tanh(drive + h @ params["hidden_weight"].T + params["hidden_bias"]),)
