"""Diagnostics against plain autograd: how far back the gradient reaches, whether it explodes, which gates are stuck."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.network import encoder, forecaster
from rnnforecast.network.cells import cell_of
from rnnforecast.training.diagnostics import EDGE, Diagnosis, Layer, diagnose, layer_names, of_model
from rnnforecast.training.lesson import Lesson
from tests.making import Array, fitted, panel_named, panel_of, random_weights, settings, tide, widths_of, windows_of

CHOSEN = settings(lookback=30, horizon=2, hidden_size=6, cell="rnn", floor="none", window_norm="none", loss="mse")


def lesson_of(config: Any) -> Lesson:
    return Lesson(windows_of(panel_of(tide(200)), config), np.arange(40, 150), None)


def found(changes: dict[str, Any] | None = None, scale: float = 1.0, **given: Any) -> Diagnosis:
    """The diagnosis of random weights, those of the recurrence scaled, others replaced."""
    config = replace(CHOSEN, **given)
    params = random_weights(config, widths_of(panel_of(tide(200))))
    for name in params:
        if name.endswith("hidden_weight") and name.startswith("encoder"):
            params[name] = (params[name] * scale).astype(np.float32)
    params |= {name: change(params[name]) for name, change in (changes or {}).items()}
    return diagnose(config, params, lesson_of(config))


def layer(norms: Any, **saturated: float) -> Layer:
    return Layer("layer 1", np.array(norms, float), saturated)


def test_norms_are_those_of_the_gradient_by_each_output() -> None:
    """By hand: outputs made leaves one after the other, the rest of the lookback read on from there."""
    params = random_weights(CHOSEN, widths_of(panel_of(tide(200))))
    lesson = lesson_of(CHOSEN)
    (told,) = diagnose(CHOSEN, params, lesson).layers
    tensors = {name: torch.from_numpy(value) for name, value in params.items()}
    batch, _ = next(lesson.batches(np.arange(110), 110))
    for step in (0, 14, 29):
        leaf: list[torch.Tensor] = []

        def scan(cell: Any, x: Any, state: Any, weights: Any, xp: Any, step: int = step, leaf: Any = leaf) -> Any:
            outputs = []
            for t in range(x.shape[1]):
                state = cell.step(x[:, t], state, weights, xp)
                if t == step:
                    leaf.append(state[0].detach().requires_grad_())
                    state = (leaf[0],)
                outputs.append(state[0])
            return xp.stack(outputs, axis=1), state

        out = forecaster.forward(tensors, batch, None, CHOSEN, torch, scan)
        seen = batch.truth.isfinite()
        loss = ((out[..., 1] - batch.truth.nan_to_num(0)) ** 2).where(seen, 0.0).sum() / seen.sum()
        loss.backward()
        assert told.norms[step] == pytest.approx(float(leaf[0].grad.norm()), rel=1e-4)


def test_a_vanishing_gradient_is_named_and_counted() -> None:
    far = found(scale=0.05, lookback=30)
    assert far.vanishing
    assert 0 < far.layers[0].silent < 30
    assert not far.exploding
    near = found(scale=0.05, lookback=2)
    assert not near.vanishing
    assert layer([0, 0, 1e-9, 1e-3, 1]).silent == 3
    assert layer([1, 1]).silent == 0


def test_an_exploding_gradient_is_named() -> None:
    grown = found(scale=4.0, activation="relu")
    assert grown.layers[0].growth > 1e3
    assert grown.exploding
    assert not grown.vanishing
    assert Diagnosis((layer([1, 1]),), gradient_norm=11.0, clip=1.0).exploding
    assert not Diagnosis((layer([1, 1]),), gradient_norm=9.0, clip=1.0).exploding


def test_gates_that_are_nearly_open_or_shut_are_stuck() -> None:
    opened = {"encoder.0.hidden_bias": lambda bias: bias + 20.0 * (np.arange(len(bias)) // 6 == 1).astype(np.float32)}
    told = found(opened, cell="lstm")
    assert told.layers[0].saturated["forget"] == 1.0
    assert told.stuck == ("forget",)
    assert all(0 <= share <= 1 for share in told.layers[0].saturated.values())
    assert found(cell="lstm").stuck == ()
    assert found().layers[0].saturated == {}
    assert 0 < EDGE < 0.5


def test_where_the_last_layer_is_nothing_no_gradient_reaches_the_recurrence() -> None:
    told = found({"decoder.out.weight": lambda value: 0 * value})
    assert told.deaf
    assert not told.vanishing
    assert not found().deaf


@pytest.mark.parametrize("both", [False, True])
def test_each_layer_is_named_in_the_order_in_which_it_runs(both: bool) -> None:
    config = replace(CHOSEN, num_layers=2, bidirectional=both)
    names = layer_names(config)
    assert [one.name for one in found(num_layers=2, bidirectional=both).layers] == names
    assert len(names) == 2 * (1 + both)
    ran: list[Any] = []

    def scan(cell: Any, x: Array, state: Any, params: Any, xp: Any) -> Any:
        ran.append(params["input_weight"].shape)
        return encoder.scan_steps(cell, x, state, params, xp)

    params = random_weights(config, widths_of(panel_of(tide(200))))
    batch = windows_of(panel_of(tide(200)), config).gather(np.array([50]))
    forecaster.forward(params, batch, None, config, np, scan)
    assert len(ran) == len(names)
    assert cell_of(config).gates is None


def test_a_model_is_diagnosed_network_by_network_with_the_floor_that_each_corrects() -> None:
    model = fitted("tide", num_networks=2, max_epochs=2)
    told = of_model(model, panel_named("tide"))
    assert len(told) == 2
    assert all(np.isfinite(d.gradient_norm) for d in told)
    assert of_model(fitted("tide", max_epochs=0), panel_named("tide")) == ()
