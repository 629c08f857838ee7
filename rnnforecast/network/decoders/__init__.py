"""Decoders, one file each; the folder is the list: how the H steps ahead are made of what the encoder knows.

A decoder is a module with
    summary                       one line for --help
    init(sizes, rng)              -> dict of arrays
    begin(params, start)          starts the quantiles where the floor's own errors (H, T, Q) lie, its median at 0
    decode(params, code, xp)      -> (B, H, T, Q), relative to the anchor and in units of code.unit
Every step of its answer must respond to the newest observation: a contract test holds each to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from rnnforecast.network.arrays import Array, Params, State


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


@dataclass(frozen=True)
class Code:
    """What a decoder may look at."""

    hidden: Array  # (B, D) the last layer's output at the cutoff
    states: list[State]  # every layer's state at the cutoff
    window: Array  # (B, L, T) the lookback's targets
    advance: Callable[[Array, list[State]], tuple[Array, list[State]]]  # one more encoder step
    frame: Callable[[Array, Array], Array]  # (value (B, T), future (B, F)) -> the encoder's input (B, I)
    anchor: Array  # (B, H, T) what the network corrects: the floor's forecast, or 0
    future: Array  # (B, H, F)
    static: Array  # (B, S)
    unit: Array  # (H, T) what the anchor typically misses, in the window's own units
    median: int  # index of the level 0.5 among Q


class Decoder(Protocol):
    """What a module in this folder offers."""

    summary: str

    def init(self, sizes: Sizes, rng: Any) -> dict[str, Array]: ...

    def begin(self, params: dict[str, Array], start: Array) -> None: ...

    def decode(self, params: Params, code: Code, xp: Any) -> Array: ...


def decoder_named(name: str) -> Decoder:
    """The decoder of that file. `name` has been checked against the folder by RunConfig."""
    return cast(Decoder, import_module(f"{__name__}.{name}"))
