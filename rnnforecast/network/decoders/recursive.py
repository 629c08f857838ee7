"""Recursive: one step at a time; the median is fed back as the next observation and the encoder's state is carried on.

It is trained the way it is used, on its own output. Past covariates end at the cutoff: they are fed as missing.
    y[1] = head(h)      h = step([median of y[k]; future[k]], h)      y[k + 1] = head(h)
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network import head
from rnnforecast.network.arrays import Array, Params
from rnnforecast.network.cells import Cell
from rnnforecast.network.decoders import Code, Sizes

summary = "one step at a time, its own median fed back"


def init(sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]:  # noqa: ARG001
    return head.init(sizes.E + sizes.S + sizes.F + sizes.T, sizes.D, sizes.T * sizes.Q, rng)


def begin(params: dict[str, Array], start: Array) -> None:
    """One head serves all steps: it starts at the mean over them."""
    params["out.bias"] = start.mean(axis=0).reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    hidden, memory, steps = code.memory.layers[-1][0], code.memory, []
    for k in range(H):
        z = [code.drop(hidden), code.static, code.future[:, k], code.anchor[:, k]]
        steps.append(head.apply(params, z, xp).reshape(B, T, -1))  # (B, T, Q)
        if k + 1 < H:
            hidden, memory = code.onward(code.said(k, steps[k]), k, memory)
    return xp.stack(steps, axis=1)
