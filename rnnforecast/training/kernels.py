"""Torch's fused kernels for the cells that have one: the optional fast path of training, tested equal to the step.

A cell without a kernel runs its readable step in torch.
"""

from __future__ import annotations

from typing import Any

import torch

from rnnforecast.network import encoder
from rnnforecast.network.arrays import Array, Params, State
from rnnforecast.network.cells import Cell
from rnnforecast.network.encoder import Scan


def weights(params: Params) -> list[torch.Tensor]:
    """In the order torch's kernels take them."""
    return [params[name] for name in ("input_weight", "hidden_weight", "input_bias", "hidden_bias")]


# has_biases, num_layers, dropout, train, bidirectional, batch_first
FIXED = (True, 1, 0.0, False, False, True)


def lstm(x: Array, state: State, params: Params) -> tuple[Array, State]:
    start = [part[None].contiguous() for part in state]
    outputs, h, c = torch.lstm(x, start, weights(params), *FIXED[:3], torch.is_grad_enabled(), *FIXED[4:])
    return outputs, (h[0], c[0])


def gru(x: Array, state: State, params: Params) -> tuple[Array, State]:
    outputs, h = torch.gru(x, state[0][None].contiguous(), weights(params), *FIXED)
    return outputs, (h[0],)


def rnn_tanh(x: Array, state: State, params: Params) -> tuple[Array, State]:
    outputs, h = torch.rnn_tanh(x, state[0][None].contiguous(), weights(params), *FIXED)
    return outputs, (h[0],)


def rnn_relu(x: Array, state: State, params: Params) -> tuple[Array, State]:
    outputs, h = torch.rnn_relu(x, state[0][None].contiguous(), weights(params), *FIXED)
    return outputs, (h[0],)


FUSED = {("lstm",): lstm, ("gru",): gru, ("rnn", "tanh"): rnn_tanh, ("rnn", "relu"): rnn_relu}


def scan(cell: Cell, x: Array, state: State, params: Params, xp: Any) -> tuple[Array, State]:
    """One layer over x (B, L, I) by the fused kernel where there is one."""
    fused = FUSED.get((cell.name, *cell.settings))
    return fused(x, state, params) if fused else encoder.scan_steps(cell, x, state, params, xp)


def truncated(steps: int) -> Scan:
    """A scan whose gradient ends every `steps` steps, counted from the newest (truncated backpropagation, Werbos 1990).

    What the network says is the same; it only learns less of what is far back. 0: the gradient never ends.
    """
    if not steps:
        return scan

    def cut(cell: Cell, x: Array, state: State, params: Params, xp: Any) -> tuple[Array, State]:
        edges = [k for k in range(x.shape[1] % steps, x.shape[1], steps) if k]
        outputs = []
        for part in torch.tensor_split(x, edges, dim=1):
            out, state = scan(cell, part, tuple(value.detach() for value in state), params, xp)
            outputs.append(out)
        return torch.cat(outputs, dim=1), state

    return cut
