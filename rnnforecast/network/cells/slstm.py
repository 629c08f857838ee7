"""sLSTM of xLSTM (Beck et al. 2024, Extended long short-term memory), one head: an LSTM with exponential gating.

    i, f, z, o = the four blocks of W x + b + U h + c      W (4 D, I), U (4 D, D), b and c (4 D,)
    m' = max(log sigmoid(f) + m, i)                        the stabiliser: no exponential below exceeds 1
    c' = exp(log sigmoid(f) + m - m') c + exp(i - m') tanh(z)
    n' = exp(log sigmoid(f) + m - m') n + exp(i - m')      the normaliser: |c'| <= n'
    h' = sigmoid(o) c' / n'                                n' at least TINY: from n = 0 a shut gate may leave 0
"""

from __future__ import annotations

from typing import Any

from rnnforecast.network.activations import relu
from rnnforecast.network.arrays import Array, Params, State, sigmoid
from rnnforecast.network.cells import block, drive, init_gates

summary = "sLSTM of xLSTM: exponential gates, normalised"
states = 4  # h, c, n, m

FORGET_BIAS = 3.0  # as lstm
TINY = 1e-6


def init(input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    params = init_gates(4, input_size, hidden_size, rng)
    params["hidden_bias"][hidden_size : 2 * hidden_size] = FORGET_BIAS
    return params


def step(x: Array, state: State, params: Params, xp: Any) -> State:
    """x (B, I), (h, c, n, m) each (B, D) -> (h', c', n', m')."""
    h, c, n, m = state
    stacked, D = drive(x, h, params), h.shape[1]
    i, f, m = stabilised(stacked, m, xp)
    c = f * c + i * xp.tanh(block(stacked, 2, D))
    n = f * n + i
    h = sigmoid(block(stacked, 3, D), xp) * c / xp.maximum(n, 0 * n + TINY)
    return h, c, n, m


def stabilised(stacked: Array, m: Array, xp: Any) -> tuple[Array, Array, Array]:
    """Gates (B, 4 D), m (B, D) -> the input and forget gate in units of exp(m'), and m'."""
    D = m.shape[1]
    i, f = block(stacked, 0, D), block(stacked, 1, D)
    kept = m - relu(-f, xp) - xp.log1p(xp.exp(-xp.abs(f)))  # m + log sigmoid(f)
    new = xp.maximum(kept, i)
    return xp.exp(i - new), xp.exp(kept - new), new


def gates(x: Array, state: State, params: Params, xp: Any) -> dict[str, Array]:
    """Input and forget gate as the step applies them, the larger of the two at 1."""
    h, _, _, m = state
    stacked = drive(x, h, params)
    i, f, _ = stabilised(stacked, m, xp)
    return {"input": i, "forget": f, "output": sigmoid(block(stacked, 3, h.shape[1]), xp)}
