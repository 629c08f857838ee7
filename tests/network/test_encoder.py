"""State goes in and comes out: a lookback may be read at once, in parts or step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.config import listed
from rnnforecast.network import encoder
from rnnforecast.network.cells import Cell, cell_named
from rnnforecast.training import kernels
from tests.making import Array

B, L, I, D = 2, 6, 3, 4  # noqa: E741

each_cell = pytest.mark.parametrize("name", listed("network/cells"))
each_depth = pytest.mark.parametrize("num_layers", [1, 2, 3])


def made(name: str, num_layers: int) -> tuple[Cell, dict[str, Array], Array]:
    cell, rng = cell_named(name), np.random.default_rng(0)
    params = encoder.init(cell, I, D, num_layers, rng)
    return cell, params, rng.normal(size=(B, L, I)).astype(np.float32)


def same(x: Array) -> Array:
    return x


@each_cell
@each_depth
@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "kernels"])
def test_reading_at_once_equals_reading_in_two_halves_and_step_by_step(name: str, num_layers: int, fast: bool) -> None:
    cell, params, x = made(name, num_layers)
    xp: Any = np
    scan: Callable[..., Any] = encoder.scan_steps
    if fast:
        xp, scan, x = torch, kernels.scan, torch.from_numpy(x)
        params = {key: torch.from_numpy(value) for key, value in params.items()}
    start = encoder.zero_state(cell, x, D, num_layers, xp)
    whole, final = encoder.encode(params, x, start, cell, xp, scan, same)
    assert whole.shape == (B, L, D)
    assert len(final) == num_layers

    first, between = encoder.encode(params, x[:, :4], start, cell, xp, scan, same)
    second, end = encoder.encode(params, x[:, 4:], between, cell, xp, scan, same)
    np.testing.assert_allclose(xp.concatenate([first, second], axis=1), whole, atol=1e-6)

    now = start
    for t in range(L):
        output, now = encoder.advance(params, x[:, t], now, cell, xp)
        np.testing.assert_allclose(output, whole[:, t], atol=1e-6)
    for layer, by_halves, by_steps in zip(final, end, now, strict=True):
        for one, other, third in zip(layer, by_halves, by_steps, strict=True):
            np.testing.assert_allclose(other, one, atol=1e-6)
            np.testing.assert_allclose(third, one, atol=1e-6)


@each_cell
def test_the_state_that_goes_in_matters(name: str) -> None:
    cell, params, x = made(name, 2)
    start = encoder.zero_state(cell, x, D, 2, np)
    for k in range(2):
        moved = [tuple(part + 0.5 for part in layer) if j == k else layer for j, layer in enumerate(start)]
        before, after = (encoder.encode(params, x, s, cell, np, encoder.scan_steps, same)[0] for s in (start, moved))
        assert (before != after).all()


@each_cell
def test_an_output_knows_nothing_of_later_inputs(name: str) -> None:
    cell, params, x = made(name, 2)
    later = x.copy()
    later[:, 3:] += 1
    start = encoder.zero_state(cell, x, D, 2, np)
    before, after = (encoder.encode(params, v, start, cell, np, encoder.scan_steps, same)[0] for v in (x, later))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).all()


def test_dropout_acts_between_layers_and_not_on_the_input() -> None:
    cell, params, x = made("gru", 3)
    dropped: list[tuple[int, ...]] = []

    def drop(value: Array) -> Array:
        dropped.append(value.shape)
        return value

    encoder.encode(params, x, encoder.zero_state(cell, x, D, 3, np), cell, np, encoder.scan_steps, drop)
    assert dropped == [(B, L, D)] * 2
