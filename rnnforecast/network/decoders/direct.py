"""Direct: all steps at once from the last hidden state, the known future and the anchor.

    z = [h; static; future of all H steps; anchor of all H steps]      y = V relu(W z + b) + c
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network import head
from rnnforecast.network.arrays import Array, Params
from rnnforecast.network.cells import Cell
from rnnforecast.network.decoders import Code, Sizes

summary = "all steps at once from the last state"


def init(sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]:  # noqa: ARG001
    inputs = sizes.E + sizes.S + sizes.H * (sizes.F + sizes.T)
    return head.init(inputs, sizes.D, sizes.H * sizes.T * sizes.Q, rng)


def begin(params: dict[str, Array], start: Array) -> None:
    params["out.bias"] = start.reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    z = [code.hidden, code.static, code.future.reshape(B, -1), code.anchor.reshape(B, -1)]
    return head.apply(params, z, xp).reshape(B, H, T, -1)
