"""Direct: all steps at once from the last hidden state, the known future, the anchor, and a linear skip.

    z = [h; static; future of all H steps; anchor of all H steps]
    y = V relu(W z + b) + c + (A window + d)      V and A start at 0: the untrained network IS the floor
The skip A from the window itself, one map for all quantiles, is LSTNet's autoregressive highway (Lai et al. 2018):
a network without a floor needs it to hold a level or a tide.
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.arrays import Array, Params, init_linear, linear
from rnnforecast.network.decoders import Code, Sizes

summary = "all steps at once from the last state"


def init(sizes: Sizes, rng: Any) -> dict[str, Array]:
    width = sizes.D + sizes.S + sizes.H * (sizes.F + sizes.T)
    return {
        **init_linear("mix", width, sizes.D, rng),
        **init_linear("skip", sizes.L * sizes.T, sizes.H * sizes.T, rng, gain=0.0),
        **init_linear("out", sizes.D, sizes.H * sizes.T * sizes.Q, rng, gain=0.0),
    }


def begin(params: dict[str, Array], start: Array) -> None:
    params["out.bias"] = start.reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    z = [code.hidden, code.static, code.future.reshape(B, -1), code.anchor.reshape(B, -1)]
    mixed = linear(xp.concatenate(z, axis=1), params, "mix")  # (B, D)
    skip = linear(code.window.reshape(B, -1), params, "skip").reshape(B, H, T, 1)
    return linear(xp.maximum(mixed, 0 * mixed), params, "out").reshape(B, H, T, -1) + skip
