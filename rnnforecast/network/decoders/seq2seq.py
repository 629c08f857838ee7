"""Sequence to sequence: a second recurrent network that starts from the encoder's state (Sutskever et al. 2014).

    s[0] = the encoder's state      y[k] = head([s[k]; context[k]])
    s[k] = cell([value before k; anchor[k]; future[k]; static; context of s[k - 1]], s[k - 1])
The value before step 1 is the newest observation, later the decoder's own median, or the truth where a teacher feeds
it (scheduled sampling, Bengio et al. 2015).

With attention the context is a mean of all encoder outputs e[j], weighted by how well they fit the decoder's state
(Bahdanau et al. 2015, in the scaled product form of Luong et al. 2015), so nothing has to pass through the last state:
    weight[j] = softmax over j of (Q s) (K e[j] + p[j]) / sqrt(D)      p (steps, D): the place in the lookback, learned
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network import head
from rnnforecast.network.arrays import Array, Params, init_linear, linear
from rnnforecast.network.cells import Cell
from rnnforecast.network.decoders import Code, Sizes, crossed, init_bridge, init_layers, next_states

summary = "a second recurrent network (see --attention)"


def init(sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]:
    D, context = sizes.D, sizes.E * sizes.attention
    inputs = 2 * sizes.T + sizes.F + sizes.S + context
    params = init_bridge(sizes, cell, rng)
    params |= init_layers(sizes, cell, inputs, rng)
    if sizes.attention:
        params |= init_linear("query", D, D, rng)
        params["key"] = rng.uniform(-(sizes.E**-0.5), sizes.E**-0.5, (D, sizes.E)).astype("float32")
        params["place"] = rng.uniform(-1.0, 1.0, (sizes.steps, D)).astype("float32")
    width = D + context + sizes.S + sizes.F + sizes.T
    return params | head.init(width, D, sizes.T * sizes.Q, rng)


def begin(params: dict[str, Array], start: Array) -> None:
    """One head serves all steps: it starts at the mean over them."""
    params["out.bias"] = start.mean(axis=0).reshape(-1)


def decode(params: Params, code: Code, xp: Any) -> Array:
    """-> (B, H, T, Q)."""
    B, H, T = code.anchor.shape
    states, value, steps = crossed(params, code.memory.layers), code.last, []
    look = attention(params, code.outputs, xp)
    for k in range(H):
        around = [code.static, code.future[:, k], code.anchor[:, k]]
        x = xp.concatenate([value, *around, *look(states[-1][0])], axis=1)
        states = next_states(params, x, states, code.cell, xp, code.drop)
        hidden = states[-1][0]  # (B, D)
        z = [code.drop(hidden), *look(hidden), *around]
        steps.append(head.apply(params, z, xp).reshape(B, T, -1))  # (B, T, Q)
        value = code.fed(k, steps[k], xp)
    return xp.stack(steps, axis=1)


def attention(params: Params, outputs: Array, xp: Any) -> Any:
    """From a decoder state (B, D) to [context (B, E)]; to nothing without attention."""
    if "query.weight" not in params:
        return lambda hidden: []  # noqa: ARG005
    D = params["place"].shape[1]
    keys = outputs @ params["key"].T + params["place"]  # (B, steps, D)

    def look(hidden: Array) -> list[Array]:
        fit = (keys * linear(hidden, params, "query")[:, None]).sum(axis=2) / D**0.5  # (B, steps)
        weight = xp.exp(fit - xp.amax(fit, axis=1, keepdims=True))
        weight = weight / weight.sum(axis=1, keepdims=True)
        return [(weight[..., None] * outputs).sum(axis=1)]

    return look
