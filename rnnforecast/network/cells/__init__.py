"""Recurrent cells, one file each; the folder is the list. A user's own cell is a module of the same kind elsewhere.

A cell is a module with
    summary                            one line for --help
    init(input_size, hidden_size, rng) -> dict of arrays, torch's layout: (gates D, I), (gates D, D), (gates D,)
    states                             how many arrays its state holds; state[0] is the output h, all start at 0
    step(x, state, params, xp)         -> state: one time step, (B, I) and (B, D) -> (B, D); equations in the docstring
and, where it has them,
    gates(x, state, params, xp)        -> {name: (B, D) between 0 and 1}, for --diagnostics
    settings                           names of RunConfig that init and step take as keywords besides: ("activation",)
That step is what runs in numpy; where torch has a fused kernel, training may use it, tested equal.

`xp` is numpy or torch: use what both spell alike (tanh, exp, maximum, concatenate, @, slices), and `rng` as a numpy
Generator's `uniform` alone. A module of your own is imported only by a process whose user named it (`bring`): a model
file holds its name, and that name alone imports nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from typing import Any

from rnnforecast.config import RunConfig
from rnnforecast.errors import Mismatch, UsageError
from rnnforecast.network.arrays import Array, Params, State

Gates = Callable[[Array, State, Params, Any], dict[str, Array]]
PARAMETER = re.compile(r"(?!back\b)[A-Za-z_]\w{0,60}", re.ASCII)  # `back` is the way back of a layer that reads both
_brought: dict[str, Any] = {}  # modules of the user's own that this process was told to use


@dataclass(frozen=True)
class Cell:
    """A cell with its settings filled in."""

    name: str  # "lstm", or "package.module" of a user's own
    settings: tuple[Any, ...]  # the values of `settings`: ("relu",)
    states: int
    init: Callable[[int, int, Any], dict[str, Array]]
    step: Callable[[Array, State, Params, Any], State]
    gates: Gates | None


def cell_of(config: RunConfig) -> Cell:
    """The cell that the settings name. Raises Mismatch for a user's own that was not named in this process."""
    module = own_module(config.cell) if is_own(config.cell) else import_module(f"{__name__}.{config.cell}")
    names = getattr(module, "settings", ())
    if config.activation != "tanh" and "activation" not in names:
        hint = f"--cell rnn --activation {config.activation}"
        raise UsageError(f"the cell {config.cell} has no activation to choose", hint)
    extra = {name: getattr(config, name) for name in names}
    return Cell(
        name=config.cell,
        settings=tuple(extra.values()),
        states=module.states,
        init=partial(module.init, **extra),
        step=partial(module.step, **extra),
        gates=getattr(module, "gates", None),
    )


def is_own(name: str) -> bool:
    """Whether a cell lies outside this folder. RunConfig has checked that it reads package.module."""
    return "." in name


def own_module(name: str) -> Any:
    if name not in _brought:
        reason = f"the cell {name} is code of its own, which the word of a file never imports"
        raise Mismatch(reason, f"--cell {name}, if you trust it")
    return _brought[name]


def bring(name: object, xp: Any) -> None:
    """Import the cell that the user named and try one step, where it is one of the user's own. Raises UsageError."""
    if not isinstance(name, str) or not is_own(name):
        return
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:  # it is anyone's code
        if isinstance(error, SystemExit) and type(error) is not SystemExit:
            raise  # a signal, on its way out
        reason = f"cannot be imported: {type(error).__name__}: {error}"
        raise UsageError(f"--cell {name}: {reason}", f"PYTHONPATH=. rnnforecast ... --cell {name}") from error
    try:
        try_out(module, xp)
    except Exception as error:
        contract = "summary, states, init(input_size, hidden_size, rng), step(x, state, params, xp)"
        raise UsageError(f"--cell {name}: not a cell: {error}", f"a module with {contract}") from error
    _brought[name] = module


def try_out(module: Any, xp: Any) -> None:
    """One step of 3 windows, 2 inputs and 4 units: what comes out must be a state of the same shapes."""
    if not isinstance(module.summary, str):
        raise TypeError("summary is not a text")
    known = {f.name: f.default for f in fields(RunConfig)}
    extra = {name: known[name] for name in getattr(module, "settings", ())}
    params = module.init(2, 4, xp.random.default_rng(0), **extra)
    for name, value in params.items():
        if not PARAMETER.fullmatch(name) or str(value.dtype) != "float32":
            raise TypeError(f"init gives {name!r} of {value.dtype}, expected float32 arrays under plain names")
    state = (xp.zeros((3, 4), "float32"),) * module.states
    new = module.step(xp.zeros((3, 2), "float32"), state, params, xp, **extra)
    found = [(part.shape, str(part.dtype)) for part in new]
    if found != [((3, 4), "float32")] * module.states:
        raise ValueError(f"step gives {found}, expected {module.states} float32 arrays of (B, D) = (3, 4)")


def init_gates(gates: int, input_size: int, hidden_size: int, rng: Any) -> dict[str, Array]:
    """Weights and biases of `gates` stacked gates, uniform within 1 / sqrt(D) as in torch."""
    bound = hidden_size**-0.5
    shapes = {
        "input_weight": (gates * hidden_size, input_size),
        "hidden_weight": (gates * hidden_size, hidden_size),
        "input_bias": (gates * hidden_size,),
        "hidden_bias": (gates * hidden_size,),
    }
    return {name: rng.uniform(-bound, bound, shape).astype("float32") for name, shape in shapes.items()}


def drive(x: Array, h: Array, params: Params) -> Array:
    """W x + b + U h + c, all gates at once: (B, I), (B, D) -> (B, gates D)."""
    recall = h @ params["hidden_weight"].T + params["hidden_bias"]
    return x @ params["input_weight"].T + params["input_bias"] + recall


def block(gates: Array, number: int, size: int) -> Array:
    """The gate of that number out of (B, gates D): (B, D)."""
    return gates[:, number * size : (number + 1) * size]
