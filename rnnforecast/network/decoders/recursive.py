"""Recursive: one step at a time; the median is fed back as the next observation and the state is carried on.

It is trained the way it is used, on its own output. Past covariates end at the cutoff: they are fed as missing.
    y[1] = head(h)      h = step([anchor[k] + unit[k] median(y[k]); future[k]], h)      y[k + 1] = head(h)
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, init_linear, linear
from rnnforecast.network.decoders import Code, Sizes

summary = "one step at a time, its own median fed back"


def init(sizes: Sizes, rng: Any) -> dict[str, Array]:
    width = sizes.D + sizes.S + sizes.F + sizes.T
    return {
        **init_linear("mix", width, sizes.D, rng),
        **init_linear("out", sizes.D, sizes.T * sizes.Q, rng, gain=0.0),
    }


def begin(params: dict[str, Array], start: Array) -> None:
    """One head serves all steps: it starts at the mean over them."""
    params["out.bias"] = start.mean(axis=0).reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    hidden, states, steps = code.hidden, code.states, []
    for k in range(H):
        step = head(params, hidden, code, k, xp).reshape(B, T, -1)  # (B, T, Q)
        steps.append(step)
        if k + 1 < H:
            value = code.anchor[:, k] + code.unit[k] * step[:, :, code.median]
            hidden, states = code.advance(code.frame(value, code.future[:, k]), states)
    return xp.stack(steps, axis=1)


def head(params: Params, hidden: Array, code: Code, k: int, xp: Any) -> Array:
    """The output layer at step k: (B, T Q)."""
    mixed = linear(xp.concatenate([hidden, code.static, code.future[:, k], code.anchor[:, k]], axis=1), params, "mix")
    return linear(xp.maximum(mixed, 0 * mixed), params, "out")
