"""The kernels: a gradient that is cut reaches the newest steps and no further, and what is said stays the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnforecast.config import listed
from rnnforecast.network import encoder
from rnnforecast.network.cells import Cell, cell_of
from rnnforecast.training import kernels
from tests.making import settings

B, L, I, D = 3, 7, 2, 4  # noqa: E741
ACTIVATIONS = ("tanh", "sigmoid", "relu", "leaky_relu", "prelu")
each_cell = pytest.mark.parametrize(
    ("name", "activation"),
    [(name, "tanh") for name in listed("network/cells")] + [("rnn", activation) for activation in ACTIVATIONS[1:]],
)


def school_of(name: str, activation: str, seed: int = 0) -> tuple[Cell, torch.Tensor, tuple[torch.Tensor, ...], dict]:
    """A cell, inputs (B, L, I), a state and parameters."""
    cell = cell_of(settings(cell=name, activation=activation))
    rng = np.random.default_rng(seed)
    params = {key: torch.from_numpy(value) for key, value in cell.init(I, D, rng).items()}
    x = torch.from_numpy(rng.normal(size=(B, L, I)).astype(np.float32))
    state = tuple(torch.from_numpy(rng.uniform(0.1, 0.9, (B, D)).astype(np.float32)) for _ in range(cell.states))
    return cell, x, state, params


@each_cell
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7, 50])
def test_a_cut_gradient_changes_nothing_that_is_said(name: str, activation: str, steps: int) -> None:
    cell, x, state, params = school_of(name, activation)
    outputs, ends = kernels.scan(cell, x, state, params, torch)
    again, same = kernels.truncated(steps)(cell, x, state, params, torch)
    readable, _ = encoder.scan_steps(cell, x, state, params, torch)
    assert again.shape == (B, L, D)
    np.testing.assert_allclose(again.numpy(), outputs.numpy(), atol=1e-6)
    np.testing.assert_allclose(again.numpy(), readable.numpy(), atol=1e-5)
    assert len(same) == len(ends) == cell.states
    for one, other in zip(same, ends, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-6)


@each_cell
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 6, 7, 50])
def test_the_gradient_of_the_final_state_reaches_exactly_the_newest_steps(
    name: str, activation: str, steps: int
) -> None:
    cell, x, state, params = school_of(name, activation)
    x.requires_grad_()
    _, ends = kernels.truncated(steps)(cell, x, state, params, torch)
    sum(part.sum() for part in ends).backward()
    assert x.grad is not None
    reached = (x.grad != 0).any(dim=2).any(dim=0).tolist()
    newest = L if steps == 0 else min(steps, L)
    assert reached == [False] * (L - newest) + [True] * newest


@pytest.mark.parametrize(
    ("steps", "reached"),
    [(0, [0, 1, 2, 3, 4]), (2, [3, 4]), (3, [4]), (4, [3, 4]), (7, [0, 1, 2, 3, 4])],
)
def test_the_edges_are_counted_from_the_newest_step(steps: int, reached: list[int]) -> None:
    """Of 7 steps, cut every 2: 0 | 1 2 | 3 4 | 5 6; the fifth output knows of the steps of its own part alone."""
    cell, x, state, params = school_of("gru", "tanh")
    x.requires_grad_()
    outputs, _ = kernels.truncated(steps)(cell, x, state, params, torch)
    outputs[:, 4].sum().backward()
    assert x.grad is not None
    assert torch.nonzero((x.grad != 0).any(dim=2).any(dim=0)).ravel().tolist() == reached


def test_every_part_teaches_the_weights_through_its_own_outputs() -> None:
    """The whole gradient is that of the parts, each begun from the state it was handed."""
    cell, x, state, params = school_of("lstm", "tanh")
    learned = {key: value.requires_grad_() for key, value in params.items()}
    outputs, _ = kernels.truncated(3)(cell, x, state, learned, torch)
    outputs.square().sum().backward()
    found = {key: value.grad.clone() for key, value in learned.items()}
    for value in learned.values():
        value.grad = None
    for part in (x[:, :1], x[:, 1:4], x[:, 4:]):
        out, ends = encoder.scan_steps(cell, part, state, learned, torch)
        out.square().sum().backward()
        state = tuple(value.detach() for value in ends)
    for key, value in learned.items():
        np.testing.assert_allclose(found[key].numpy(), value.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=key)


def test_without_a_limit_it_is_the_scan_itself() -> None:
    assert kernels.truncated(0) is kernels.scan


def test_a_start_that_is_handed_on_is_not_learned_through_even_where_there_is_one_part() -> None:
    cell, x, state, params = school_of("gru", "tanh")
    start = tuple(part.requires_grad_() for part in state)
    _, ends = kernels.truncated(L)(cell, x, start, {k: v.requires_grad_() for k, v in params.items()}, torch)
    ends[0].sum().backward()
    assert start[0].grad is None
