"""The few words about arrays that numpy and torch do not share, and parameters by prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Array = Any  # a numpy array or a torch tensor
Params = Mapping[str, Array]
State = tuple[Array, ...]  # state[0] is the output h, (B, D)


def sigmoid(x: Array, xp: Any) -> Array:
    """1 / (1 + exp(-x)), written with tanh since it neither overflows nor differs between numpy and torch."""
    return 0.5 * (1.0 + xp.tanh(0.5 * x))


def linear(x: Array, params: Params, name: str) -> Array:
    """x W' + b: (..., I) -> (..., O), W stored as (O, I) the way torch's kernels want it."""
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def init_linear(name: str, inputs: int, outputs: int, rng: Any, gain: float = 1.0) -> dict[str, Array]:
    """Uniform within gain / sqrt(inputs), torch's own default; gain 0 starts the layer at nothing."""
    bound = gain / max(inputs, 1) ** 0.5
    weight = rng.uniform(-bound, bound, (outputs, inputs)).astype("float32")
    return {f"{name}.weight": weight, f"{name}.bias": 0 * rng.uniform(size=outputs).astype("float32")}


def under(params: Params, prefix: str) -> dict[str, Array]:
    """The parameters whose names start with `prefix.`, without it."""
    cut = len(prefix) + 1
    return {name[cut:]: value for name, value in params.items() if name.startswith(prefix + ".")}


def prefixed(params: Params, prefix: str) -> dict[str, Array]:
    return {f"{prefix}.{name}": value for name, value in params.items()}
