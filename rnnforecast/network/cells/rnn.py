"""Elman's simple recurrent network (Elman 1990, Finding structure in time).

    h' = f(W x + b + U h + c)          W (D, I), U (D, D), b and c (D,); f the activation, tanh in the paper
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.activations import ACTIVATIONS, FIRST_SLOPE
from rnnforecast.network.arrays import Array, Params, State
from rnnforecast.network.cells import drive, init_gates

summary = "Elman's simple recurrent network (--activation)"
states = 1
settings = ("activation",)


def init(input_size: int, hidden_size: int, rng: Any, activation: str) -> dict[str, Array]:
    params = init_gates(1, input_size, hidden_size, rng)
    if activation == "prelu":
        params["slope"] = rng.uniform(FIRST_SLOPE, FIRST_SLOPE, hidden_size).astype("float32")
    return params


def step(x: Array, state: State, params: Params, xp: Any, activation: str) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    return (ACTIVATIONS[activation](drive(x, state[0], params), params, xp),)
