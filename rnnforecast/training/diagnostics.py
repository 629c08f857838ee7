"""Diagnostics: how far back the gradient reaches, whether it explodes, and which gates are stuck.

The network runs by its readable steps over some training windows, and every recurrent output h[t] keeps its gradient:
    norm[t] = |d loss / d h[t]|, of all windows and units together
Bengio, Simard & Frasconi (1994) and Pascanu, Mikolov & Bengio (2013) tell why it shrinks or grows with the distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from rnnforecast.config import RunConfig, of_network
from rnnforecast.data.panel import F64, Panel
from rnnforecast.data.split import split
from rnnforecast.floors import Arrays
from rnnforecast.model import Model
from rnnforecast.network.arrays import Array, Params, State
from rnnforecast.network.cells import Cell
from rnnforecast.training.learn import one_thread
from rnnforecast.training.learner import Learner
from rnnforecast.training.lesson import Lesson

WINDOWS = 256
VANISHED = 1e-6  # of the norm at the step read last: lost in the rounding of single precision
EXPLODED = 1e3
EDGE = 0.01  # a gate nearer than this to 0 or 1 hardly learns
MOSTLY = 0.5


@dataclass(frozen=True)
class Layer:
    """One layer in one direction, its steps in the order in which it reads them."""

    name: str  # "layer 1", "layer 1 backwards"
    norms: F64  # (steps,)
    saturated: dict[str, float]  # gate -> share of its values within EDGE of 0 or 1

    @property
    def silent(self) -> int:
        """How many of the steps read first teach nothing."""
        heard = self.norms >= VANISHED * self.norms[-1]
        return int(np.argmax(heard)) if heard.any() else len(heard)

    @property
    def growth(self) -> float:
        """The norm at the step read first over that at the step read last."""
        return float(self.norms[0] / self.norms[-1]) if self.norms[-1] else 0.0


@dataclass(frozen=True)
class Diagnosis:
    """One network."""

    layers: tuple[Layer, ...]
    gradient_norm: float  # of all weights together, before clipping
    clip: float

    @property
    def deaf(self) -> bool:
        """Whether no gradient reaches the recurrence at all."""
        return not any(layer.norms.any() for layer in self.layers)

    @property
    def vanishing(self) -> bool:
        return any(layer.silent for layer in self.layers)

    @property
    def exploding(self) -> bool:
        return self.gradient_norm > 10 * self.clip or any(layer.growth > EXPLODED for layer in self.layers)

    @property
    def stuck(self) -> tuple[str, ...]:
        """Gates that are saturated more often than not."""
        return tuple(sorted({name for layer in self.layers for name, s in layer.saturated.items() if s > MOSTLY}))


@dataclass
class Listening:
    """A scan that remembers every output and gate of every layer it ran."""

    outputs: list[list[Array]] = field(default_factory=list)
    gates: list[dict[str, list[Array]]] = field(default_factory=list)

    def scan(self, cell: Cell, x: Array, state: State, params: Params, xp: Any) -> tuple[Array, State]:
        outputs: list[Array] = []
        gates: dict[str, list[Array]] = {}
        for t in range(x.shape[1]):
            for name, value in (cell.gates(x[:, t], state, params, xp) if cell.gates else {}).items():
                gates.setdefault(name, []).append(value.detach())
            state = cell.step(x[:, t], state, params, xp)
            state[0].retain_grad()
            outputs.append(state[0])
        self.outputs.append(outputs)
        self.gates.append(gates)
        return xp.stack(outputs, axis=1), state


def diagnose(config: RunConfig, params: Arrays, lesson: Lesson) -> Diagnosis:
    """The gradient of the training loss by layer and recurrent step, over some windows of the lesson."""
    few, ears = lesson.thinned(WINDOWS), Listening()
    with one_thread():
        learner = Learner(config, params)
        learner.scan = ears.scan
        batch, anchor = next(few.batches(np.arange(len(few.origins)), len(few.origins)))
        learner.batch_loss(batch, anchor).backward()  # type: ignore[no-untyped-call]
        whole = torch.cat([p.grad.reshape(-1) for p in learner.learned.values() if p.grad is not None])
    names = layer_names(config)
    layers = (layer_of(*parts) for parts in zip(names, ears.outputs, ears.gates, strict=False))
    return Diagnosis(tuple(layers), float(whole.norm()), config.clip)


def layer_names(config: RunConfig) -> list[str]:
    """In the order in which the encoder runs them."""
    ways = ("", " backwards") if config.bidirectional else ("",)
    return [f"layer {k + 1}{way}" for k in range(config.num_layers) for way in ways]


def layer_of(name: str, outputs: Sequence[Array], gates: dict[str, list[Array]]) -> Layer:
    norms = [0.0 if h.grad is None else float(h.grad.norm()) for h in outputs]
    shares = {gate: float(np.mean([stuck(value) for value in values])) for gate, values in gates.items()}
    return Layer(name, np.array(norms), shares)


def stuck(gate: Array) -> float:
    """The share of a gate's values that are nearly 0 or 1."""
    return float(((gate < EDGE) | (gate > 1 - EDGE)).float().mean())


def of_model(model: Model, panel: Panel) -> tuple[Diagnosis, ...]:
    """Of every network of a model, over windows of the training part of the panel it was fitted on."""
    windows, origins = model.windows(panel), split(panel, model.config).train
    lesson = Lesson(windows, origins, None).thinned(WINDOWS)
    floors = model.members.floors_at(windows.gather(lesson.origins), final=False)
    found = []
    for number, network in enumerate(model.members.networks):
        known = None
        if network.anchor is not None:
            known = np.nan_to_num(floors[model.members.names.index(network.anchor)]).astype(np.float32)
        config = of_network(model.config, number)
        found.append(diagnose(config, network.fitted, Lesson(windows, lesson.origins, known)))
    return tuple(found)
