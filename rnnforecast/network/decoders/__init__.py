"""Decoders, one file each; the folder is the list: how the H steps ahead are made of what the encoder knows.

A decoder is a module with
    summary                       one line for --help
    init(sizes, cell, rng)        -> dict of arrays
    begin(params, start)          starts the quantiles where the floor's own errors (H, T, Q) lie, its median at 0
    decode(params, code, xp)      -> (B, H, T, Q), relative to code.anchor and in units of code.unit
Every step of its answer must respond to the newest observation: a contract test holds each to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from rnnforecast.network.arrays import Array, Params, State, init_linear, linear, prefixed, under
from rnnforecast.network.cells import Cell
from rnnforecast.network.encoder import Dropout, Memory


@dataclass(frozen=True)
class Sizes:
    """The widths everything is made from: shape letters of the design."""

    L: int
    H: int
    T: int
    F: int
    S: int
    D: int
    Q: int
    E: int  # width of the encoder's output
    steps: int  # recurrent steps of the encoder
    segment_length: int
    num_layers: int
    attention: bool


@dataclass(frozen=True)
class Code:
    """What a decoder may look at."""

    cell: Cell
    outputs: Array  # (B, steps, E) what the encoder said at each of its steps
    memory: Memory  # the encoder's at the cutoff
    onward: Callable[[Array, int, Memory], tuple[Array, Memory]]  # the encoder over step k, whose value (B, T) is taken
    # as observed: its output (B, E) and its memory
    drop: Dropout
    last: Array  # (B, T) the newest observation
    anchor: Array  # (B, H, T) what the network corrects: the floor's forecast, or 0
    skip: Array  # (B, H, T) what the linear map of the window adds to every quantile, in units of `unit`
    future: Array  # (B, H, F)
    static: Array  # (B, S)
    unit: Array  # (1 or B, H, T) what the anchor typically misses, in the window's own units
    median: int  # index of the level 0.5 among Q
    teacher: Array | None  # (B, H, T) the truth where a decoder is to be fed it, NaN where its own median

    @property
    def hidden(self) -> Array:
        """(B, E) the last layer's state at the cutoff: both ends of a layer that reads both ways."""
        return self.drop(self.memory.layers[-1][0])

    def said(self, k: int, step: Array) -> Array:
        """The median forecast of step k, (B, T), in the window's units, from its quantiles (B, T, Q)."""
        return self.anchor[:, k] + self.unit[:, k] * (step[:, :, self.median] + self.skip[:, k])

    def fed(self, k: int, step: Array, xp: Any) -> Array:
        """What follows step k as if observed: the truth where there is a teacher, else what was said."""
        said = self.said(k, step)
        return said if self.teacher is None else xp.where(xp.isfinite(self.teacher[:, k]), self.teacher[:, k], said)


class Decoder(Protocol):
    """What a module in this folder offers."""

    summary: str

    def init(self, sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]: ...

    def begin(self, params: dict[str, Array], start: Array) -> None: ...

    def decode(self, params: Params, code: Code, xp: Any) -> Array: ...


def decoder_named(name: str) -> Decoder:
    """The decoder of that file. `name` has been checked against the folder by RunConfig."""
    return cast(Decoder, import_module(f"{__name__}.{name}"))


def init_bridge(sizes: Sizes, cell: Cell, rng: Any) -> dict[str, Array]:
    """Maps from the encoder's state to the decoder's, where they differ in width: layer by layer, part by part."""
    if sizes.E == sizes.D:
        return {}
    places = [f"bridge.{k}.{part}" for k in range(sizes.num_layers) for part in range(cell.states)]
    return {key: value for place in places for key, value in init_linear(place, sizes.E, sizes.D, rng).items()}


def crossed(params: Params, layers: list[State]) -> list[State]:
    """The encoder's state as the decoder starts with it, parts (B, E) -> (B, D)."""
    if "bridge.0.0.weight" not in params:
        return layers
    return [
        tuple(linear(part, params, f"bridge.{k}.{p}") for p, part in enumerate(state)) for k, state in enumerate(layers)
    ]


def init_layers(sizes: Sizes, cell: Cell, inputs: int, rng: Any) -> dict[str, Array]:
    """The layers of a decoder that is recurrent itself."""
    widths = [inputs] + [sizes.D] * (sizes.num_layers - 1)
    layers = [prefixed(cell.init(width, sizes.D, rng), f"layer.{k}") for k, width in enumerate(widths)]
    return {name: value for layer in layers for name, value in layer.items()}


def next_states(params: Params, x: Array, states: list[State], cell: Cell, xp: Any, drop: Dropout) -> list[State]:
    """One step of every layer of a decoder that is recurrent itself, x (B, I)."""
    new: list[State] = []
    for k, state in enumerate(states):
        new.append(cell.step(drop(x) if k else x, state, under(params, f"layer.{k}"), xp))
        x = new[k][0]
    return new
