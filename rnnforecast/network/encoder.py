"""Encoder: an optional causal convolution, then stacked recurrent layers over the lookback, one way or both ways.

What it carries from one time step to the next goes in and comes out as a value, `Memory`: the lookback may be read at
once, in parts or step by step. How one layer runs over time is a value too, `scan`: the readable loop here, or torch's
fused kernel in training. E is the width of what comes out: D, or 2 D both ways.

    convolution      y[t] = relu(b + sum over j < K of W[j] x[t - K + 1 + j])          W (K, D, I), b (D,)
    both ways        h[t] = [forward h[t]; backward h[t]] (Schuster & Paliwal 1997); state likewise
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnforecast.network.activations import relu
from rnnforecast.network.arrays import Array, Params, State, prefixed, under
from rnnforecast.network.cells import Cell

if TYPE_CHECKING:
    from rnnforecast.config import RunConfig

# (cell, x (B, L, I), state, params, xp) -> outputs (B, L, D), state
Scan = Callable[[Cell, Array, State, Params, Any], tuple[Array, State]]
Dropout = Callable[[Array], Array]


class Memory(NamedTuple):
    """What the encoder knows of the steps it has read."""

    recent: Array  # (B, K - 1, I) the last inputs of the convolution; no rows without one
    layers: list[State]  # every layer's state, parts (B, E)


def width(config: RunConfig) -> int:
    """E."""
    return config.hidden_size * (1 + config.bidirectional)


def init(cell: Cell, config: RunConfig, input_size: int, rng: Any) -> dict[str, Array]:
    """Parameters for inputs of `input_size` per time step."""
    D, K = config.hidden_size, config.conv_kernel
    params = {}
    if K:
        bound = (K * input_size) ** -0.5
        params["conv.weight"] = rng.uniform(-bound, bound, (K, D, input_size)).astype("float32")
        params["conv.bias"] = rng.uniform(-bound, bound, D).astype("float32")
    first = config.segment_length * (D if K else input_size)
    for k in range(config.num_layers):
        size = width(config) if k else first
        params |= prefixed(cell.init(size, D, rng), str(k))
        if config.bidirectional:
            params |= prefixed(cell.init(size, D, rng), f"{k}.back")
    return params


def blank(cell: Cell, config: RunConfig, x: Array, xp: Any) -> Memory:
    """The memory of one who has read nothing, on the device and in the precision of x (B, L, I)."""
    nothing = 0 * x[:, :1]  # (B, 1, I)
    zero = xp.tile(nothing[:, 0, :1], (1, width(config)))  # (B, E)
    recent = xp.tile(nothing, (1, max(config.conv_kernel - 1, 0), 1))
    return Memory(recent, [(zero,) * cell.states for _ in range(config.num_layers)])


def scan_steps(cell: Cell, x: Array, state: State, params: Params, xp: Any) -> tuple[Array, State]:
    """One layer, step by step: the loop that runs in numpy. x (B, L, I) -> (B, L, D)."""
    outputs = []
    for t in range(x.shape[1]):
        state = cell.step(x[:, t], state, params, xp)
        outputs.append(state[0])
    return xp.stack(outputs, axis=1), state


def encode(
    params: Params, x: Array, memory: Memory, cell: Cell, config: RunConfig, xp: Any,
    scan: Scan = scan_steps, drop: Dropout = lambda x: x,
) -> tuple[Array, Memory]:  # fmt: skip
    """Read x (B, L, I): the last layer's outputs (B, L // segment_length, E) and the memory afterwards."""
    x, recent = convolved(params, x, memory.recent, xp) if config.conv_kernel else (x, memory.recent)
    x, states = segmented(x, config.segment_length), []
    for k, state in enumerate(memory.layers):
        layer = under(params, str(k))
        x, state = read(cell, drop(x) if k else x, state, layer, xp, scan)
        states.append(state)
    return x, Memory(recent, states)


def read(cell: Cell, x: Array, state: State, params: Params, xp: Any, scan: Scan) -> tuple[Array, State]:
    """One layer over x (B, n, I), both ways where it has weights for the way back: (B, n, E)."""
    back = under(params, "back")
    if not back:
        return scan(cell, x, state, params, xp)
    D = state[0].shape[1] // 2
    there, ends = scan(cell, x, tuple(part[:, :D] for part in state), params, xp)
    again, starts = scan(cell, xp.flip(x, (1,)), tuple(part[:, D:] for part in state), back, xp)
    outputs = xp.concatenate([there, xp.flip(again, (1,))], axis=2)
    return outputs, tuple(xp.concatenate([a, b], axis=1) for a, b in zip(ends, starts, strict=True))


def convolved(params: Params, x: Array, recent: Array, xp: Any) -> tuple[Array, Array]:
    """The convolution of x (B, L, I) after the inputs `recent`: (B, L, D), and the inputs that the next step needs."""
    weight, L = params["conv.weight"], x.shape[1]
    x = xp.concatenate([recent, x], axis=1)  # (B, K - 1 + L, I)
    total = params["conv.bias"]
    for j in range(len(weight)):
        total = total + x[:, j : j + L] @ weight[j].T
    return relu(total, xp), x[:, L:]


def segmented(x: Array, length: int) -> Array:
    """(B, L, I) -> (B, L // length, length I): the newest segment ends at the cutoff."""
    B, L, I = x.shape  # noqa: E741
    return x[:, L % length :].reshape(B, L // length, length * I)
