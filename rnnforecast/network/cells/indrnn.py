"""Independently recurrent network (Li et al. 2018, IndRNN): each unit remembers itself alone.

    h' = relu(W x + b + u h)          W (D, I), u and b (D,); u h elementwise

u starts between 0 and 1, where a unit forgets at its own pace and neither blows up nor swings.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.activations import relu
from rnnforecast.network.arrays import Array, Params, State

summary = "independently recurrent network: each unit remembers itself alone"
states = 1


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    bound = hidden_size**-0.5
    return {
        "input_weight": rng.uniform(-bound, bound, (hidden_size, input_size)).astype("float32"),
        "input_bias": rng.uniform(-bound, bound, (hidden_size,)).astype("float32"),
        "hidden_weight": rng.uniform(0.0, 1.0, (hidden_size,)).astype("float32"),
    }


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), h (B, D) -> h' (B, D)."""
    given = x @ params["input_weight"].T + params["input_bias"]
    return (relu(given + params["hidden_weight"] * state[0], xp),)
