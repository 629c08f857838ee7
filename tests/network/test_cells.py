"""What every cell promises, whichever the folder holds; each against torch's own module where there is one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnforecast.config import listed
from rnnforecast.network import encoder
from rnnforecast.network.cells import Cell, cell_named
from rnnforecast.training import kernels
from tests.making import Array

B, L, I, D = 3, 7, 5, 6  # noqa: E741
TORCH = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}

each_cell = pytest.mark.parametrize("name", listed("network/cells"))


def made(name: str, seed: int = 0) -> tuple[Cell, dict[str, Array], Array, tuple[Array, ...]]:
    """The cell, random weights, an input (B, L, I) and a random state."""
    cell, rng = cell_named(name), np.random.default_rng(seed)
    params = {k: (v + 0.3 * rng.normal(size=v.shape)).astype(np.float32) for k, v in cell.init(I, D, rng).items()}
    x = rng.normal(size=(B, L, I)).astype(np.float32)
    state = tuple(rng.uniform(-0.9, 0.9, (B, D)).astype(np.float32) for _ in range(cell.states))
    return cell, params, x, state


def tensors(params: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in params.items()}


@each_cell
def test_a_step_takes_a_state_and_gives_one_of_the_same_shape(name: str) -> None:
    cell, params, x, state = made(name)
    new = cell.step(x[:, 0], state, params, np)
    assert [part.shape for part in new] == [(B, D)] * cell.states
    assert all(part.dtype == np.float32 for part in new)
    assert cell.summary
    assert "\n" not in cell.summary


@each_cell
def test_weights_come_from_the_generator_alone_in_single_precision(name: str) -> None:
    cell = cell_named(name)
    one, same, other = (cell.init(I, D, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(value.dtype == np.float32 for value in one.values())
    assert all((value == same[key]).all() for key, value in one.items())
    assert any((value != other[key]).any() for key, value in one.items())


@each_cell
def test_the_output_responds_to_the_input_and_to_every_part_of_the_state(name: str) -> None:
    cell, params, x, state = made(name)
    h = cell.step(x[:, 0], state, params, np)[0]
    assert (cell.step(x[:, 0] + 0.1, state, params, np)[0] != h).all()
    for k in range(cell.states):
        moved = tuple(part + 0.1 * (j == k) for j, part in enumerate(state))
        assert (cell.step(x[:, 0], moved, params, np)[0] != h).all()


@each_cell
def test_the_readable_step_and_the_fast_path_of_training_agree(name: str) -> None:
    cell, params, x, state = made(name)
    readable, finals = encoder.scan_steps(cell, x, state, params, np)
    fast, fast_finals = kernels.scan(
        cell, torch.from_numpy(x), tuple(map(torch.from_numpy, state)), tensors(params), torch
    )
    np.testing.assert_allclose(readable, fast.numpy(), atol=1e-5)
    for one, other in zip(finals, fast_finals, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", TORCH)
def test_a_cell_that_torch_has_computes_what_torchs_module_does(name: str) -> None:
    cell, params, x, state = made(name)
    module = TORCH[name](I, D, batch_first=True)
    for ours, theirs in (("input_weight", "weight_ih_l0"), ("hidden_weight", "weight_hh_l0"),
                         ("input_bias", "bias_ih_l0"), ("hidden_bias", "bias_hh_l0")):  # fmt: skip
        getattr(module, theirs).data = torch.from_numpy(params[ours])
    start = tuple(torch.from_numpy(part)[None] for part in state)
    outputs, _ = module(torch.from_numpy(x), start if name == "lstm" else start[0])
    readable, _ = encoder.scan_steps(cell, x, state, params, np)
    np.testing.assert_allclose(readable, outputs.detach().numpy(), atol=1e-5)


def test_the_lstm_starts_with_its_forget_gate_open() -> None:
    params = cell_named("lstm").init(I, D, np.random.default_rng(0))
    opened = params["hidden_bias"] + params["input_bias"]
    assert (opened[D : 2 * D] > 2).all()
    assert (np.abs(np.delete(opened, np.s_[D : 2 * D])) < 1).all()
