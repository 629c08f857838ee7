"""Parallel: one recurrent step per segment of the horizon, all from the last state (SegRNN, Lin et al. 2023, «PMF»).

Which segment is asked for is told by a learned place, so no error is fed back and all segments are computed at once:
    s[j] = cell([place[j]; anchor and future of segment j; static], s)      y of segment j = head(s[j])
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network import head
from rnnforecast.network.arrays import Array, Params
from rnnforecast.network.cells import Cell
from rnnforecast.network.decoders import Code, Sizes, crossed, init_bridge, init_layers, next_states

summary = "one step per segment ahead, all from the last state"


def cut(horizon: int, segment_length: int) -> tuple[int, int]:
    """(segments, steps of each): as long as asked for at most, and as even as can be."""
    segments = -(-horizon // min(segment_length, horizon))
    return segments, -(-horizon // segments)


def init(sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]:
    D, (segments, length) = sizes.D, cut(sizes.H, sizes.segment_length)
    params = init_bridge(sizes, cell, rng)
    params["place"] = rng.uniform(-1.0, 1.0, (segments, D)).astype("float32")
    inputs = D + length * (sizes.T + sizes.F) + sizes.S
    params |= init_layers(sizes, cell, inputs, rng)
    return params | head.init(D + length * sizes.T, D, length * sizes.T * sizes.Q, rng)


def begin(params: dict[str, Array], start: Array) -> None:
    """One head serves all segments: each of its steps starts at the mean over the horizon."""
    mean = start.mean(axis=0).reshape(-1)  # (T Q,)
    params["out.bias"] = (0 * params["out.bias"].reshape(-1, len(mean)) + mean).reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    place = params["place"]  # (segments, D)
    m, length = cut(H, -(-H // len(place)))
    anchor = in_segments(code.anchor, m, length, xp)  # (B m, length T)
    future = in_segments(code.future, m, length, xp)
    states = [tuple(each(part, m, xp) for part in state) for state in crossed(params, code.memory.layers)]
    x = xp.concatenate([xp.tile(place, (B, 1)), anchor, future, each(code.static, m, xp)], axis=1)
    hidden = code.drop(next_states(params, x, states, code.cell, xp, code.drop)[-1][0])  # (B m, D)
    return head.apply(params, [hidden, anchor], xp).reshape(B, m * length, T, -1)[:, :H]


def in_segments(values: Array, m: int, length: int, xp: Any) -> Array:
    """(B, H, n) -> (B m, length n); what the last segment lacks is 0."""
    B, H, n = values.shape
    lacking = xp.tile(0 * values[:, :1], (1, m * length - H, 1))
    return xp.concatenate([values, lacking], axis=1).reshape(B * m, length * n)


def each(values: Array, m: int, xp: Any) -> Array:
    """(B, n) -> (B m, n): the same for every segment."""
    return xp.stack([values] * m, axis=1).reshape(len(values) * m, values.shape[1])
