"""What every cell promises, whichever the folder holds; each against torch's own module or its paper's equations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from math import exp, tanh
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.config import RunConfig, listed
from rnnforecast.errors import Mismatch, UsageError
from rnnforecast.network import cells, encoder
from rnnforecast.network.activations import ACTIVATIONS
from rnnforecast.network.cells import Cell, cell_of
from rnnforecast.training import kernels
from tests.making import Array, settings

B, L, I, D = 3, 7, 5, 6  # noqa: E741
LISTED = [settings(cell=name) for name in listed("network/cells") if name != "rnn"]
PLAIN = [settings(cell="rnn", activation=activation) for activation in ACTIVATIONS]
TORCH = {
    "rnn tanh": lambda: torch.nn.RNN(I, D, batch_first=True),
    "rnn relu": lambda: torch.nn.RNN(I, D, batch_first=True, nonlinearity="relu"),
    "gru": lambda: torch.nn.GRU(I, D, batch_first=True),
    "lstm": lambda: torch.nn.LSTM(I, D, batch_first=True),
}


def title(config: RunConfig) -> str:
    return " ".join([config.cell, *cell_of(config).settings])


def named(text: str) -> RunConfig:
    return next(config for config in [*LISTED, *PLAIN] if title(config) == text)


each_cell = pytest.mark.parametrize("config", [*LISTED, *PLAIN], ids=title)


def made(config: RunConfig, seed: int = 0) -> tuple[Cell, dict[str, Array], Array, tuple[Array, ...]]:
    """The cell, random weights, an input (B, L, I) and a state that it comes to after a few steps from nothing."""
    cell, rng = cell_of(config), np.random.default_rng(seed)
    params = {k: (v + 0.3 * rng.normal(size=v.shape)).astype(np.float32) for k, v in cell.init(I, D, rng).items()}
    x = rng.normal(size=(B, L, I)).astype(np.float32)
    _, state = encoder.scan_steps(cell, x[:, ::-1], blank(cell), params, np)
    return cell, params, x, state


def blank(cell: Cell) -> tuple[Array, ...]:
    return (np.zeros((B, D), np.float32),) * cell.states


def tensors(params: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in params.items()}


@each_cell
def test_a_step_takes_a_state_and_gives_one_of_the_same_shape(config: RunConfig) -> None:
    cell, params, x, state = made(config)
    new = cell.step(x[:, 0], state, params, np)
    assert [part.shape for part in new] == [(B, D)] * cell.states
    assert all(part.dtype == np.float32 for part in new)
    assert cell.name == config.cell


def test_every_cell_is_summed_up_in_one_line() -> None:
    for name in listed("network/cells"):
        summary = import_module(f"{cells.__name__}.{name}").summary
        assert summary
        assert "\n" not in summary


@each_cell
def test_weights_come_from_the_generator_alone_in_single_precision(config: RunConfig) -> None:
    cell = cell_of(config)
    one, same, other = (cell.init(I, D, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(value.dtype == np.float32 for value in one.values())
    assert all((value == same[key]).all() for key, value in one.items())
    assert any((value != other[key]).any() for key, value in one.items())


@each_cell
def test_the_output_responds_to_the_input_and_to_every_part_of_the_state(config: RunConfig) -> None:
    cell, params, x, state = made(config)
    h = cell.step(x[:, 0], state, params, np)[0]
    least = 0.3 if (h == 0).any() else 1.0  # a unit that relu holds at 0 does not respond
    assert (cell.step(x[:, 0] + 0.1, state, params, np)[0] != h).mean() >= least
    for k in range(cell.states):
        moved = tuple(part + 0.1 * (j == k) for j, part in enumerate(state))
        assert (cell.step(x[:, 0], moved, params, np)[0] != h).mean() >= least


@each_cell
def test_windows_of_one_batch_do_not_touch_each_other(config: RunConfig) -> None:
    cell, params, x, state = made(config)
    together = cell.step(x[:, 0], state, params, np)
    for b in range(B):
        alone = cell.step(x[b : b + 1, 0], tuple(part[b : b + 1] for part in state), params, np)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], other[b], atol=1e-6)


@each_cell
def test_the_readable_step_and_the_fast_path_of_training_agree(config: RunConfig) -> None:
    cell, params, x, state = made(config)
    readable, finals = encoder.scan_steps(cell, x, state, params, np)
    start = tuple(map(torch.from_numpy, state))
    fast, fast_finals = kernels.scan(cell, torch.from_numpy(x), start, tensors(params), torch)
    np.testing.assert_allclose(readable, fast.numpy(), atol=1e-5)
    for one, other in zip(finals, fast_finals, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-5)


@each_cell
def test_from_nothing_and_under_extreme_input_all_stays_a_number_with_a_gradient(config: RunConfig) -> None:
    cell = cell_of(config)
    params = tensors(cell.init(I, D, np.random.default_rng(0)))
    for value in params.values():
        value.requires_grad_()
    reached: list[torch.Tensor] = []
    for first in (0.0, 1e3, -1e3):
        state = tuple(torch.zeros(B, D) for _ in range(cell.states))
        for size in (first, 0.0, -first):
            state = cell.step(torch.full((B, I), size), state, params, torch)
            reached.extend(state)
    assert all(part.isfinite().all() for part in reached)
    torch.stack(reached).sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in params.values())


@pytest.mark.parametrize("name", TORCH)
def test_a_cell_that_torch_has_computes_what_torchs_module_does(name: str) -> None:
    cell, params, x, state = made(named(name))
    module = TORCH[name]()
    for ours, theirs in (("input_weight", "weight_ih_l0"), ("hidden_weight", "weight_hh_l0"),
                         ("input_bias", "bias_ih_l0"), ("hidden_bias", "bias_hh_l0")):  # fmt: skip
        getattr(module, theirs).data = torch.from_numpy(params[ours])
    start = tuple(torch.from_numpy(part)[None] for part in state)
    outputs, _ = module(torch.from_numpy(x), start if name == "lstm" else start[0])
    readable, _ = encoder.scan_steps(cell, x, state, params, np)
    np.testing.assert_allclose(readable, outputs.detach().numpy(), atol=1e-5)


def test_the_lstm_starts_with_its_forget_gate_open() -> None:
    params = cell_of(named("lstm")).init(I, D, np.random.default_rng(0))
    opened = params["hidden_bias"] + params["input_bias"]
    assert (opened[D : 2 * D] > 2).all()
    assert (np.abs(np.delete(opened, np.s_[D : 2 * D])) < 1).all()


@each_cell
def test_gates_lie_between_shut_and_open(config: RunConfig) -> None:
    cell, params, x, state = made(config)
    if cell.gates is None:
        assert config.cell not in ("gru", "lstm")
        return
    for drive in (x[:, 0], 50 * x[:, 0], np.zeros((B, I), np.float32)):
        for gate in cell.gates(drive, state, params, np).values():
            assert gate.shape == (B, D)
            assert ((gate >= 0) & (gate <= 1)).all()


def test_the_gates_that_are_told_are_those_that_the_step_uses() -> None:
    cell, params, x, (h,) = made(named("gru"))
    gates = cell.gates(x[:, 0], (h,), params, np)
    assert set(gates) == {"reset", "update"}
    held = params | {"hidden_bias": params["hidden_bias"] + 50 * (np.arange(3 * D) // D == 1)}  # update wide open
    assert (cell.gates(x[:, 0], (h,), held, np)["update"] > 0.999).all()
    np.testing.assert_allclose(cell.step(x[:, 0], (h,), held, np)[0], h, atol=1e-5)
    cell, params, x, (h, c) = made(named("lstm"))
    gates = cell.gates(x[:, 0], (h, c), params, np)
    candidate = np.tanh(cells.drive(x[:, 0], h, params)[:, 2 * D : 3 * D])
    new_h, new_c = cell.step(x[:, 0], (h, c), params, np)
    np.testing.assert_allclose(new_c, gates["forget"] * c + gates["input"] * candidate, atol=1e-6)
    np.testing.assert_allclose(new_h, gates["output"] * np.tanh(new_c), atol=1e-6)


class Counted(np.ndarray[Any, Any]):
    """An array that counts the multiplications it takes part in."""

    matmul = elementwise = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(value) for value in inputs]
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Counted.matmul += result.size * plain[0].shape[-1]
        elif ufunc is np.multiply:
            Counted.elementwise += result.size
        return result.view(Counted)


def multiplications(name: str) -> tuple[int, int]:
    """Of one step: in products of matrices, and elementwise."""
    cell, params, x, state = made(named(name))
    Counted.matmul = Counted.elementwise = 0
    counted = {key: value.view(Counted) for key, value in params.items()}
    cell.step(x[:, 0].view(Counted), tuple(part.view(Counted) for part in state), counted, np)
    return Counted.matmul, Counted.elementwise


def test_a_gru_has_three_quarters_of_the_weights_of_an_lstm_and_of_its_multiplications() -> None:
    sizes = {
        name: sum(value.size for value in cell_of(named(name)).init(I, D, np.random.default_rng(0)).values())
        for name in ("gru", "lstm")
    }
    assert sizes == {"gru": 3 * D * (I + D + 2), "lstm": 4 * D * (I + D + 2)}
    (gru, gru_rest), (lstm, lstm_rest) = multiplications("gru"), multiplications("lstm")
    assert (gru, lstm) == (3 * B * D * (I + D), 4 * B * D * (I + D))
    assert 0 < gru_rest < lstm_rest


# ---- one unit at a time, from the papers' equations ----


def logistic(x: float) -> float:
    return 1 / (1 + exp(-x))


def rows(weights: Array, bias: Array, vector: Any) -> list[float]:
    """W v + b, a row at a time in double precision."""
    return [
        float(b) + sum(float(w) * float(v) for w, v in zip(row, vector, strict=True))
        for row, b in zip(weights, bias, strict=True)
    ]


def driven(p: dict[str, Array], x: Any, h: Any) -> list[float]:
    """W x + b + U h + c."""
    given = rows(p["input_weight"], p["input_bias"], x)
    recalled = rows(p["hidden_weight"], p["hidden_bias"], h)
    return [one + other for one, other in zip(given, recalled, strict=True)]


def curve(activation: str, x: float, slope: float) -> float:
    return {
        "tanh": tanh(x),
        "sigmoid": logistic(x),
        "relu": x if x > 0 else 0.0,
        "leaky_relu": x if x > 0 else 0.01 * x,
        "prelu": x if x > 0 else slope * x,
    }[activation]


def naive_rnn(p: dict[str, Array], x: Any, state: Any, activation: str = "tanh") -> tuple[list[float], ...]:
    slopes = [float(value) for value in p.get("slope", [0.0] * D)]
    return ([curve(activation, s, slope) for s, slope in zip(driven(p, x, state[0]), slopes, strict=True)],)


def naive_indrnn(p: dict[str, Array], x: Any, state: Any) -> tuple[list[float], ...]:
    """Li et al. 2018, equation (2)."""
    given = rows(p["input_weight"], p["input_bias"], x)
    return ([max(0.0, given[j] + float(p["hidden_weight"][j]) * float(state[0][j])) for j in range(D)],)


def test_the_independent_cell_computes_its_papers_equation_unit_by_unit() -> None:
    cell, params, x, state = made(named("indrnn"))
    compare(cell, params, x, state, naive_indrnn)
    compare(cell, params, x, blank(cell), naive_indrnn)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_simple_cell_computes_each_activation_as_its_equation_says(activation: str) -> None:
    cell, params, x, state = made(named(f"rnn {activation}"))
    assert ("slope" in params) == (activation == "prelu")
    compare(cell, params, x, state, lambda p, x, state: naive_rnn(p, x, state, activation))


def compare(
    cell: Cell, params: dict[str, Array], x: Array, state: tuple[Array, ...], naive: Callable[..., tuple[Any, ...]]
) -> None:
    """Step by step over x from `state`, each window by itself."""
    slow = [[part[b] for part in state] for b in range(B)]
    for t in range(L):
        state = cell.step(x[:, t], state, params, np)
        slow = [list(naive(params, x[b, t], slow[b])) for b in range(B)]
        for k, part in enumerate(state):
            np.testing.assert_allclose(part, [window[k] for window in slow], atol=1e-5, rtol=1e-4)


def test_prelu_starts_at_the_slope_of_its_paper() -> None:
    params = cell_of(named("rnn prelu")).init(I, D, np.random.default_rng(0))
    assert (params["slope"] == np.full(D, 0.25, np.float32)).all()


# ---- a cell of a user's own ----

OWN = """
summary = "leaky integrator"
states = 2

def init(input_size, hidden_size, rng):
    return {"weight": rng.uniform(-1, 1, (hidden_size, input_size)).astype("float32")}

def step(x, state, params, xp):
    h, slow = state
    slow = 0.9 * slow + 0.1 * (x @ params["weight"].T)
    return xp.tanh(slow) + 0.5 * h, slow
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Writes a module of the given text into a package on the path, and gives its name. Forgotten after the test."""
    monkeypatch.setattr(cells, "_brought", {})
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "somebodys").mkdir()
    (tmp_path / "somebodys/__init__.py").touch()

    def write(text: str) -> str:
        (tmp_path / "somebodys/leaky.py").write_text(text, encoding="utf-8")
        return "somebodys.leaky"

    yield write
    for name in ("somebodys.leaky", "somebodys"):
        sys.modules.pop(name, None)


def test_a_cell_of_ones_own_works_once_it_was_brought(own: Callable[[str], str]) -> None:
    name = own(OWN)
    cells.bring(name, np)
    cell = cell_of(settings(cell=name))
    assert (cell.name, cell.settings, cell.states, cell.gates) == (name, (), 2, None)
    params = cell.init(I, D, np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(B, L, I)).astype(np.float32)
    outputs, state = encoder.scan_steps(cell, x, blank(cell), params, np)
    slow = np.zeros((B, D))
    for t in range(L):
        slow = 0.9 * slow + 0.1 * x[:, t] @ params["weight"].T
    np.testing.assert_allclose(state[1], slow, atol=1e-6)
    fast, _ = kernels.scan(cell, torch.from_numpy(x), (torch.zeros(B, D),) * 2, tensors(params), torch)
    np.testing.assert_allclose(outputs, fast.numpy(), atol=1e-6)


def test_a_cell_of_ones_own_may_take_the_activation_and_tell_its_gates(own: Callable[[str], str]) -> None:
    text = OWN.replace("rng):", "rng, activation):").replace("xp):", "xp, activation):")
    text = text.replace("+ 0.5 * h", '+ (activation == "relu") * h')
    gates = '\ndef gates(x, state, params, xp):\n    return {"half": 0 * state[0] + 0.5}\n'
    name = own(text + 'settings = ("activation",)\n' + gates)
    cells.bring(name, np)
    cell = cell_of(settings(cell=name, activation="relu"))
    assert cell.settings == ("relu",)
    params = cell.init(I, D, np.random.default_rng(0))
    x, state = np.zeros((B, I), np.float32), (np.ones((B, D), np.float32),) * 2
    other = cell_of(settings(cell=name))
    np.testing.assert_allclose(cell.step(x, state, params, np)[0] - other.step(x, state, params, np)[0], 1.0)
    assert cell.gates is not None
    assert (cell.gates(x, state, params, np)["half"] == 0.5).all()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("def step", "def stride", "step"),
        ("def init", "def start", "init"),
        ("summary =", "title =", "summary"),
        ('summary = "leaky integrator"', "summary = 3", "not a text"),
        ("states = 2", "states = 3", "not enough values|too many values"),
        ("return xp.tanh(slow) + 0.5 * h, slow", "return (xp.tanh(slow) + 0.5 * h,)", "expected 2"),
        ("+ 0.5 * h, slow", "+ 0.5 * h, slow[:, :1]", "3, 1"),
        ("h, slow = state", "h, slow = state; raise OSError('no disk')", "no disk"),
    ],
)
def test_what_is_no_cell_is_refused_and_stays_unknown(
    own: Callable[[str], str], before: str, after: str, told: str
) -> None:
    assert before in OWN
    name = own(OWN.replace(before, after))
    with pytest.raises(UsageError, match=f"{name}: not a cell: .*({told})"):
        cells.bring(name, np)
    with pytest.raises(Mismatch):
        cell_of(settings(cell=name))


@pytest.mark.parametrize("name", ["somebodys.missing", "nobodys.leaky"])
def test_a_module_that_is_not_there_is_refused_with_what_to_type(own: Callable[[str], str], name: str) -> None:
    own(OWN)
    with pytest.raises(UsageError, match=f"--cell {name}: cannot be imported: .*No module named") as caught:
        cells.bring(name, np)
    assert "PYTHONPATH" in caught.value.hint


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit(3)", "def step(:", "import no_such_module"])
def test_a_module_that_fails_while_it_is_imported_is_refused(own: Callable[[str], str], code: str) -> None:
    name = own(code)
    with pytest.raises(UsageError, match=f"--cell {name}: cannot be imported: "):
        cells.bring(name, np)
    with pytest.raises(Mismatch):
        cell_of(settings(cell=name))


@pytest.mark.parametrize(
    ("after", "told"), [("return h.astype(float), slow", "float64"), ("return (h,)", "expected 2")]
)
def test_a_step_of_another_precision_or_number_of_arrays_is_refused(
    own: Callable[[str], str], after: str, told: str
) -> None:
    name = own(OWN.replace("return xp.tanh(slow) + 0.5 * h, slow", after))
    with pytest.raises(UsageError, match=f"not a cell: .*{told}"):
        cells.bring(name, np)


def test_the_name_of_a_cell_alone_imports_nothing(own: Callable[[str], str]) -> None:
    name = own("raise SystemExit('it ran')")
    with pytest.raises(Mismatch, match=name) as caught:
        cell_of(settings(cell=name))
    assert f"--cell {name}" in caught.value.hint
    assert not {"somebodys", name} & {*sys.modules}
