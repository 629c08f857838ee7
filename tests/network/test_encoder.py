"""The encoder: what it remembers goes in and comes out, so a lookback may be read at once, in parts or step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.config import RunConfig, listed
from rnnforecast.network import encoder
from rnnforecast.network.activations import ACTIVATIONS
from rnnforecast.network.arrays import under
from rnnforecast.network.cells import Cell, cell_of
from rnnforecast.network.encoder import Memory
from rnnforecast.training import kernels
from tests.making import Array, settings

B, L, I, D = 2, 100, 3, 8  # noqa: E741

KINDS = [(cell, "tanh") for cell in listed("network/cells")] + [("rnn", f) for f in ACTIVATIONS if f != "tanh"]

each_cell = pytest.mark.parametrize(("name", "activation"), KINDS)
each_depth = pytest.mark.parametrize("num_layers", [1, 2, 3])
each_kernel = pytest.mark.parametrize("conv_kernel", [0, 1, 3])
each_way = pytest.mark.parametrize("fast", [False, True], ids=["numpy", "kernels"])


def made(name: str = "gru", activation: str = "tanh", steps: int = L, **given: Any) -> tuple[Cell, RunConfig, Any, Any]:
    """The cell, its settings, fresh weights and a lookback (B, steps, I)."""
    config = settings(**({"cell": name, "activation": activation, "lookback": steps, "hidden_size": D} | given))
    cell, rng = cell_of(config), np.random.default_rng(0)
    params = encoder.init(cell, config, I, rng)
    assert all(value.dtype == np.float32 for value in params.values())
    return cell, config, params, rng.normal(size=(B, steps, I)).astype(np.float32)


def tensors(params: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in params.items()}


def close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-5, atol=1e-5)


def same_memory(one: Memory, other: Memory) -> None:
    close(one.recent, other.recent)
    for layer, again in zip(one.layers, other.layers, strict=True):
        for part, repeated in zip(layer, again, strict=True):
            close(part, repeated)


def after_another(cell: Cell, config: RunConfig, params: Any) -> Memory:
    """The memory of one who has read another window."""
    other = np.random.default_rng(7).normal(size=(B, 5 * config.segment_length, I)).astype(np.float32)
    return encoder.encode(params, other, encoder.blank(cell, config, other, np), cell, config, np)[1]


@each_cell
@each_depth
@each_kernel
def test_reading_at_once_equals_two_halves_and_single_steps(name, activation, num_layers, conv_kernel) -> None:
    cell, config, params, x = made(name, activation, num_layers=num_layers, conv_kernel=conv_kernel)
    read_in_parts(cell, config, params, x, np, encoder.scan_steps)


@each_cell
@each_depth
def test_reading_at_once_equals_parts_for_the_kernels_too(name: str, activation: str, num_layers: int) -> None:
    cell, config, params, x = made(name, activation, num_layers=num_layers, conv_kernel=3)
    read_in_parts(cell, config, tensors(params), torch.from_numpy(x), torch, kernels.scan)


def read_in_parts(cell: Cell, config: RunConfig, params: Any, x: Any, xp: Any, scan: Any) -> None:
    start = encoder.blank(cell, config, x, xp)
    assert len(start.layers) == config.num_layers
    whole, final = encoder.encode(params, x, start, cell, config, xp, scan)
    assert whole.shape == (B, L, D)

    first, between = encoder.encode(params, x[:, : L // 2], start, cell, config, xp, scan)
    second, end = encoder.encode(params, x[:, L // 2 :], between, cell, config, xp, scan)
    close(xp.concatenate([first, second], axis=1), whole)
    same_memory(end, final)

    now, single = start, []
    for t in range(L):
        output, now = encoder.encode(params, x[:, t : t + 1], now, cell, config, xp)
        single.append(output)
    close(xp.concatenate(single, axis=1), whole)
    same_memory(now, final)


@each_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_part_of_the_memory_that_goes_in_matters(name: str, activation: str, bidirectional: bool) -> None:
    cell, config, params, x = made(name, activation, 4, num_layers=2, conv_kernel=3, bidirectional=bidirectional)
    start = after_another(cell, config, params)
    before, _ = encoder.encode(params, x, start, cell, config, np)
    moved = [start._replace(recent=start.recent + 1)]
    for k in range(2):
        for p in range(cell.states):
            layers = [list(layer) for layer in start.layers]
            layers[k][p] = layers[k][p] + 0.5
            moved.append(start._replace(layers=[tuple(layer) for layer in layers]))
    for memory in moved:
        after, _ = encoder.encode(params, x, memory, cell, config, np)
        assert (np.abs(before - after) > 1e-6).any(axis=(1, 2)).all()


@each_cell
@pytest.mark.parametrize("conv_kernel", [0, 3])
def test_one_way_an_output_knows_nothing_of_later_inputs(name: str, activation: str, conv_kernel: int) -> None:
    cell, config, params, x = made(name, activation, 6, num_layers=2, conv_kernel=conv_kernel)
    later = x.copy()
    later[:, 3:] += 1
    start = encoder.blank(cell, config, x, np)
    before, after = (encoder.encode(params, v, start, cell, config, np)[0] for v in (x, later))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any(axis=2).all()


@pytest.mark.parametrize("conv_kernel", [0, 3])
@pytest.mark.parametrize("name", listed("network/cells"))
def test_both_ways_every_output_knows_every_input(name: str, conv_kernel: int) -> None:
    cell, config, params, x = made(name, "tanh", 6, conv_kernel=conv_kernel, bidirectional=True)
    start = encoder.blank(cell, config, x, np)
    before, _ = encoder.encode(params, x, start, cell, config, np)
    assert before.shape == (B, 6, 2 * D)
    for t in range(6):
        moved = x.copy()
        moved[:, t] += 1
        after, memory = encoder.encode(params, moved, start, cell, config, np)
        assert (before != after).any(axis=2).all()
        assert all(part.shape == (B, 2 * D) for part in memory.layers[0])


def by_hand(cell: Cell, params: dict[str, Array], x: Array, state: tuple[Array, ...]) -> tuple[Array, Any]:
    """One layer one way, a window and a step at a time: (B, n, D) and the state at the end."""
    outputs, ends = [], []
    for b in range(len(x)):
        now = tuple(part[b : b + 1] for part in state)
        row = []
        for value in x[b]:
            now = cell.step(value[None], now, params, np)
            row.append(now[0][0])
        outputs.append(row)
        ends.append(now)
    return np.array(outputs), [np.concatenate(parts) for parts in zip(*ends, strict=True)]


@each_cell
@each_depth
@each_way
def test_both_ways_is_two_encoders_run_by_hand(name: str, activation: str, num_layers: int, fast: bool) -> None:
    cell, config, params, x = made(name, activation, 7, num_layers=num_layers, bidirectional=True)
    start = after_another(cell, config, params)
    expected, states = x, []
    for k, state in enumerate(start.layers):
        layer = under(params, str(k))
        back = under(layer, "back")
        assert sorted(back) == sorted(name for name in layer if not name.startswith("back."))
        there, ends = by_hand(cell, layer, expected, tuple(part[:, :D] for part in state))
        again, starts = by_hand(cell, back, expected[:, ::-1], tuple(part[:, D:] for part in state))
        expected = np.concatenate([there, again[:, ::-1]], axis=2)
        states.append(tuple(np.concatenate(parts, axis=1) for parts in zip(ends, starts, strict=True)))
    if fast:
        layers = [tuple(map(torch.from_numpy, state)) for state in start.layers]
        start = Memory(torch.from_numpy(start.recent), layers)
        got = encoder.encode(tensors(params), torch.from_numpy(x), start, cell, config, torch, kernels.scan)
    else:
        got = encoder.encode(params, x, start, cell, config, np)
    close(got[0], expected)
    same_memory(got[1], Memory(start.recent, states))


@pytest.mark.parametrize("conv_kernel", [1, 2, 5])
@each_way
def test_the_convolution_is_torchs_over_a_window_filled_with_what_came_before(conv_kernel: int, fast: bool) -> None:
    cell, config, params, x = made(steps=9, conv_kernel=conv_kernel)
    recent = after_another(cell, config, params).recent
    assert recent.shape == (B, conv_kernel - 1, I)
    series = torch.from_numpy(np.concatenate([recent, x], axis=1)).transpose(1, 2)
    weight = torch.from_numpy(params["conv.weight"]).permute(1, 2, 0)  # (D, I, K)
    expected = torch.nn.functional.conv1d(series, weight, torch.from_numpy(params["conv.bias"])).relu().transpose(1, 2)
    if fast:
        got, kept = encoder.convolved(tensors(params), torch.from_numpy(x), torch.from_numpy(recent), torch)
    else:
        got, kept = encoder.convolved(params, x, recent, np)
    close(got, expected)
    np.testing.assert_array_equal(np.asarray(kept), np.concatenate([recent, x], axis=1)[:, 9:])


def test_the_convolution_spans_its_kernel_backwards_and_nothing_ahead() -> None:
    _, _, params, x = made(steps=9, conv_kernel=3, hidden_size=64)
    recent = np.zeros((B, 2, I), np.float32)
    before, _ = encoder.convolved(params, x, recent, np)
    for t in range(9):
        moved = x.copy()
        moved[:, t] += 1
        after, _ = encoder.convolved(params, moved, recent, np)
        heard = (after != before).any(axis=2).all(axis=0)
        assert heard.tolist() == [t <= k < t + 3 for k in range(9)]


def test_the_newest_segment_ends_at_the_cutoff_and_the_oldest_steps_that_fill_none_are_left_out() -> None:
    x = np.arange(2 * 8 * 2).reshape(2, 8, 2)
    assert encoder.segmented(x, 3)[0].tolist() == [[4, 5, 6, 7, 8, 9], [10, 11, 12, 13, 14, 15]]
    np.testing.assert_array_equal(encoder.segmented(x, 1), x)


@pytest.mark.parametrize("conv_kernel", [0, 3])
def test_segments_are_cut_of_what_the_convolution_says(conv_kernel: int) -> None:
    cell, config, params, x = made(steps=8, conv_kernel=conv_kernel, segment_length=3)
    start = encoder.blank(cell, config, x, np)
    got, _ = encoder.encode(params, x, start, cell, config, np)
    seen = encoder.convolved(params, x, start.recent, np)[0] if conv_kernel else x
    wide = np.concatenate([seen[:, 2::3], seen[:, 3::3], seen[:, 4::3]], axis=2)  # (B, 2, 3 I)
    expected, _ = encoder.scan_steps(cell, wide, start.layers[0], under(params, "0"), np)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(("bidirectional", "width"), [(False, D), (True, 2 * D)])
def test_dropout_acts_between_layers_and_not_on_the_input(bidirectional: bool, width: int) -> None:
    cell, config, params, x = made(steps=6, num_layers=3, conv_kernel=2, bidirectional=bidirectional)
    start, dropped = encoder.blank(cell, config, x, np), []

    def silence(value: Array) -> Array:
        dropped.append(value.shape)
        return 0 * value

    before, after = (
        encoder.encode(params, v, start, cell, config, np, drop=silence)[0] for v in (x, np.zeros_like(x))
    )
    assert dropped == [(B, 6, width)] * 4
    np.testing.assert_array_equal(before, after)  # the second layer hears what is dropped
