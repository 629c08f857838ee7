"""Encoder: stacked recurrent layers over the lookback; state goes in and comes out.

How one layer runs over time is a value, `scan`: the readable loop here, or torch's fused kernel in training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnforecast.network.arrays import Array, Params, State, prefixed, under
from rnnforecast.network.cells import Cell

# (cell, x (B, L, I), state, params, xp) -> outputs (B, L, D), state
Scan = Callable[[Cell, Array, State, Params, Any], tuple[Array, State]]
Dropout = Callable[[Array], Array]


def init(cell: Cell, input_size: int, hidden_size: int, num_layers: int, rng: Any) -> dict[str, Array]:
    sizes = [input_size] + [hidden_size] * (num_layers - 1)
    layers = [prefixed(cell.init(size, hidden_size, rng), str(k)) for k, size in enumerate(sizes)]
    return {name: value for layer in layers for name, value in layer.items()}


def zero_state(cell: Cell, x: Array, hidden_size: int, num_layers: int, xp: Any) -> list[State]:
    """A state of nothing per layer, on the device and in the precision of x (B, L, I)."""
    zero = xp.tile(0 * x[:, 0, :1], (1, hidden_size))  # (B, D)
    return [(zero,) * cell.states for _ in range(num_layers)]


def scan_steps(cell: Cell, x: Array, state: State, params: Params, xp: Any) -> tuple[Array, State]:
    """One layer, step by step: the loop that runs in numpy. x (B, L, I) -> (B, L, D)."""
    outputs = []
    for t in range(x.shape[1]):
        state = cell.step(x[:, t], state, params, xp)
        outputs.append(state[0])
    return xp.stack(outputs, axis=1), state


def encode(
    params: Params, x: Array, states: list[State], cell: Cell, xp: Any, scan: Scan, drop: Dropout
) -> tuple[Array, list[State]]:
    """All layers over x (B, L, I): the last layer's outputs (B, L, D) and every layer's final state."""
    finals = []
    for k, state in enumerate(states):
        x, final = scan(cell, drop(x) if k else x, state, under(params, str(k)), xp)
        finals.append(final)
    return x, finals


def advance(params: Params, x: Array, states: list[State], cell: Cell, xp: Any) -> tuple[Array, list[State]]:
    """One more time step through all layers: x (B, I) -> output (B, D) and the new states."""
    finals = []
    for k, state in enumerate(states):
        state = cell.step(x, state, under(params, str(k)), xp)
        finals.append(state)
        x = state[0]
    return x, finals
