"""Recurrent cells, one file each; the folder is the list.

A cell is a module with
    summary                            one line for --help
    init(input_size, hidden_size, rng) -> dict of arrays, torch's layout: (gates D, I), (gates D, D), (gates D,)
    states                             how many arrays its state holds; state[0] is the output h
    step(x, state, params, xp)         -> state: one time step, (B, I) and (B, D) -> (B, D); equations in the docstring
That step is what runs in numpy; where torch has a fused kernel, training may use it, tested equal.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from rnnforecast.network.arrays import Array, Params, State


class Cell(Protocol):
    """What a module in this folder offers."""

    __name__: str
    summary: str
    states: int

    def init(self, input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]: ...

    def step(self, x: Array, state: State, params: Params, xp: Any) -> State: ...


def cell_named(name: str) -> Cell:
    """The cell of that file. `name` has been checked against the folder by RunConfig."""
    return cast(Cell, import_module(f"{__name__}.{name}"))


def init_gates(gates: int, input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    """Weights and biases of `gates` stacked gates, uniform within 1 / sqrt(D) as in torch."""
    bound = hidden_size**-0.5
    shapes = {
        "input_weight": (gates * hidden_size, input_size),
        "hidden_weight": (gates * hidden_size, hidden_size),
        "input_bias": (gates * hidden_size,),
        "hidden_bias": (gates * hidden_size,),
    }
    return {name: rng.uniform(-bound, bound, shape).astype("float32") for name, shape in shapes.items()}
