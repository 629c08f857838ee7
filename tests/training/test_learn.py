"""The training loop: it learns, repeats itself, keeps its best, stops when told, and leaves torch as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.config import RunConfig, listed
from rnnforecast.errors import Interrupted, TrainingFailed
from rnnforecast.floors import ridge
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training import learn as room
from rnnforecast.training.learn import Learner, Lesson, as_torch, continue_on, learn
from rnnforecast.training.observer import Epoch, Silent
from rnnforecast.training.schedule import STALL
from tests.making import HOUR, Array, bent, panel_of, rich, settings, tide, widths_of, windows_of


class Recorder(Silent):
    """Keeps what it is told, and asks to stop after `patience` questions."""

    def __init__(self, signal: int = 0, after: int = 0) -> None:
        self.epochs: list[Epoch] = []
        self.signal, self.left = signal, after
        self.threads: set[int] = set()

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def stop_signal(self) -> int:
        self.threads.add(torch.get_num_threads())
        self.left -= 1
        return self.signal if self.left < 0 else 0


def school(values: Array, config: RunConfig, **changes: Any) -> dict[str, Any]:
    """What `learn` takes: the first two thirds to learn from, the rest to check on."""
    panel = panel_of(values)
    windows = windows_of(panel, config)
    origins = np.arange(config.lookback - 1, len(values) - config.horizon)
    border = 2 * len(values) // 3
    given = {
        "config": config, "widths": widths_of(panel), "observer": Recorder(),
        "lesson": Lesson(windows, origins[origins < border - config.horizon], None),
        "check": Lesson(windows, origins[origins >= border], None),
    }  # fmt: skip
    return given | changes


BENT = settings(
    lookback=4, horizon=1, hidden_size=16, cell="gru", learning_rate=0.02, max_epochs=12, epoch_windows=2000,
    floor="none",
)  # fmt: skip


def equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(value, other[name]) for name, value in one.items())


def test_it_learns_a_nonlinear_map_that_no_linear_rule_can() -> None:
    values = bent(900)
    given = school(values, BENT)
    params, kept_at = learn(**given)
    told = given["observer"].epochs
    assert min(epoch.validation_loss for epoch in told) < 0.3 * told[0].floor_loss
    assert kept_at > 0

    windows, origins = given["lesson"].windows, given["check"].origins
    batch = windows.gather(origins)
    own = np.abs(forecaster.forward(params, batch, None, BENT, np)[..., 1] - batch.truth).mean()
    line = ridge.forecast(ridge.fit(windows, given["lesson"].origins, BENT, HOUR), batch)
    assert own < 0.4 * np.abs(line - batch.truth).mean()


def test_one_seed_gives_one_network_to_the_last_bit_and_another_seed_another() -> None:
    short = replace(BENT, max_epochs=2, dropout=0.2, num_layers=2)
    given = school(bent(300), short)
    first, again = learn(**given)[0], learn(**given)[0]
    assert equal(first, again)
    torch.manual_seed(5)
    np.random.seed(5)
    assert equal(first, learn(**given)[0])
    other, _ = learn(**(given | {"config": replace(short, seed=1)}))
    assert not any(np.array_equal(first[name], other[name]) for name in first if first[name].std() > 0.01)


def test_the_best_weights_are_kept_and_not_the_last() -> None:
    """What it learns is noise: the check gets worse after the first epochs."""
    config = replace(BENT, max_epochs=8, patience=0)
    given = school(np.random.default_rng(0).normal(size=120), config)
    params, kept_at = learn(**given)
    losses = [epoch.validation_loss for epoch in given["observer"].epochs]
    untrained = given["observer"].epochs[0].floor_loss
    assert len(losses) == 8
    assert kept_at < 8
    assert min([untrained, *losses]) == ([untrained, *losses])[kept_at]
    assert losses[-1] > min([untrained, *losses])
    batch = given["lesson"].windows.gather(given["check"].origins)
    median = forecaster.forward(params, batch, None, config, np)[..., 1]
    assert np.abs(median - batch.truth).mean() == pytest.approx(min([untrained, *losses]), rel=1e-5)


def test_the_epochs_that_were_best_are_marked_as_such() -> None:
    given = school(bent(300), replace(BENT, max_epochs=6, patience=0))
    _, kept_at = learn(**given)
    best = given["observer"].epochs[0].floor_loss
    for epoch in given["observer"].epochs:
        assert epoch.best == (epoch.validation_loss < best)
        best = min(best, epoch.validation_loss)
    assert [epoch.number for epoch in given["observer"].epochs if epoch.best][-1] == kept_at
    assert {epoch.of for epoch in given["observer"].epochs} == {6}


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_that_many_epochs_after_the_best(patience: int) -> None:
    config = replace(BENT, max_epochs=60, patience=patience)
    given = school(np.random.default_rng(0).normal(size=120), config)
    _, kept_at = learn(**given)
    assert len(given["observer"].epochs) == kept_at + patience < 60


def test_without_patience_all_epochs_are_run() -> None:
    given = school(np.random.default_rng(0).normal(size=120), replace(BENT, max_epochs=9, patience=0))
    learn(**given)
    assert len(given["observer"].epochs) == 9


def test_the_loss_before_training_is_that_of_the_anchor() -> None:
    """A network that starts as its floor is measured against the floor."""
    config = settings(lookback=24, horizon=4, quantile_levels=(0.5,), max_epochs=1)
    given = school(tide(300), config)
    windows = given["lesson"].windows
    params = ridge.fit(windows, given["lesson"].origins, config, HOUR)
    lessons = {
        name: replace(given[name], anchor=ridge.forecast(params, windows.gather(given[name].origins)))
        for name in ("lesson", "check")
    }
    learn(**(given | lessons))
    error = np.abs(lessons["check"].anchor - windows.gather(lessons["check"].origins).truth).mean()
    assert given["observer"].epochs[0].floor_loss == pytest.approx(error, rel=1e-4)


def broken_after(calls: int) -> SimpleNamespace:
    """A loss that is a number for so many batches and then no longer."""
    left = iter(range(calls))

    def loss(quantiles: torch.Tensor, truth: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
        value = (quantiles - truth[..., None]).square().mean()
        return value if next(left, None) is not None else value * torch.inf

    return SimpleNamespace(loss=loss)


def test_a_loss_that_is_no_number_any_more_fails_with_its_epoch_and_a_smaller_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = school(bent(120), replace(BENT, batch_size=1000, max_epochs=5))
    monkeypatch.setattr(room, "loss_named", lambda name: broken_after(2))  # noqa: ARG005
    with pytest.raises(TrainingFailed, match="diverged in epoch 3: the loss is no longer a number") as caught:
        learn(**given)
    assert caught.value.hint == "--learning-rate 0.002"
    assert len(given["observer"].epochs) == 2


def test_a_network_whose_answers_are_no_numbers_has_diverged_even_where_little_was_observed() -> None:
    given = school(bent(150), BENT)
    learner = Learner(BENT, forecaster.init(BENT, given["widths"], np.random.default_rng(0)), 0.01)
    learner.averaged["decoder.skip.bias"].fill_(torch.nan)
    assert np.isnan(learner.evaluate(given["check"]))


def test_where_no_truth_was_ever_observed_nothing_is_learned_and_nothing_fails() -> None:
    """A value every third step, and forecasts of two: what is forecast is never there to compare with."""
    values = bent(150)
    values[np.arange(150) % 3 > 0] = np.nan
    given = school(values, replace(BENT, horizon=2, max_epochs=2))
    lessons = {name: replace(given[name], origins=given[name].origins[given[name].origins % 3 == 0])
               for name in ("lesson", "check")}  # fmt: skip
    _, kept_at = learn(**(given | lessons))
    assert kept_at == 0
    assert [epoch.validation_loss for epoch in given["observer"].epochs] == [0, 0]


def test_after_a_stall_learning_goes_on_from_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[dict[str, Array]] = []
    averaged: list[dict[str, Array]] = []
    whole = Learner.epoch

    def epoch(self: Learner, lesson: Lesson, order: Array, observer: Silent) -> float:
        begun.append({name: value.detach().numpy().copy() for name, value in self.params.items()})
        loss = whole(self, lesson, order, observer)
        averaged.append(self.weights())
        return loss

    monkeypatch.setattr(Learner, "epoch", epoch)
    given = school(np.random.default_rng(0).normal(size=120), replace(BENT, max_epochs=12, patience=0))
    learn(**given)
    gained = [epoch.best for epoch in given["observer"].epochs]
    best, stalled, returns = begun[0], 0, 0
    for k in range(11):
        best, stalled = (averaged[k], 0) if gained[k] else (best, stalled + 1)
        assert equal(begun[k + 1], best) == (stalled == STALL)
        returns, stalled = (returns + 1, 0) if stalled == STALL else (returns, stalled)
    assert returns > 0


@pytest.mark.parametrize("signal", [2, 15])
def test_a_signal_stops_within_the_epoch(signal: int) -> None:
    recorder = Recorder(signal, after=3)
    given = school(bent(600), BENT, observer=recorder)
    with pytest.raises(Interrupted) as caught:
        learn(**given)
    assert caught.value.exit_code == 128 + signal
    assert recorder.epochs == []
    assert recorder.left == -1  # it asked after each batch, and no more
    params = forecaster.init(BENT, given["widths"], np.random.default_rng(0))
    with pytest.raises(Interrupted):
        continue_on(BENT, params, given["lesson"], 1, Recorder(signal))


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_torch_has_its_threads_back_however_training_ends() -> None:
    given = school(bent(150), replace(BENT, max_epochs=1))
    learn(**given)
    assert given["observer"].threads == {1}
    assert torch.get_num_threads() == 2
    stopped = Recorder(2)
    with pytest.raises(Interrupted):
        learn(**(given | {"observer": stopped}))
    assert torch.get_num_threads() == 2
    params = forecaster.init(BENT, given["widths"], np.random.default_rng(0))
    again = Recorder()
    continue_on(BENT, params, given["lesson"], 1, again)
    assert (again.threads, torch.get_num_threads()) == ({1}, 2)


def test_more_epochs_move_the_weights_and_leave_what_they_began_with() -> None:
    given = school(bent(150), BENT)
    params = forecaster.init(BENT, given["widths"], np.random.default_rng(0))
    before = {name: value.copy() for name, value in params.items()}
    more = continue_on(BENT, params, given["lesson"], 2, Silent())
    assert equal(params, before)
    assert not equal(more, before)
    assert equal(more, continue_on(BENT, params, given["lesson"], 2, Silent()))


def test_micro_batches_are_the_same_mathematics(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(BENT, cell="lstm", batch_size=64, max_epochs=1, clip=1e6)
    given = school(bent(204), config)
    lesson = replace(given["lesson"], origins=given["lesson"].origins[:128])
    results = []
    for micro in (16, 64):
        monkeypatch.setattr(room, "MICRO_BATCH", micro)
        learner = Learner(config, forecaster.init(config, given["widths"], np.random.default_rng(0)), 0.01)
        moved = [value for value in learner.params.values() if value.requires_grad]
        learner.optimiser = torch.optim.SGD(moved, lr=0.01)  # AdamW hides the size of a gradient
        learner.epoch(lesson, np.arange(128), Silent())
        results.append(learner.weights())
    for name, value in results[0].items():
        np.testing.assert_allclose(value, results[1][name], atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 32, 1000, 1500])
def test_batches_are_as_large_as_was_asked_and_in_the_order_given(size: int) -> None:
    config = settings(lookback=2, horizon=1)
    windows = windows_of(panel_of(np.arange(2100.0)), config)
    lesson = Lesson(windows, np.arange(1, 2001), np.arange(2000.0).reshape(-1, 1, 1))
    order = np.random.default_rng(0).permutation(2000)
    sizes, anchors, truths = [], [], []
    for batch, anchor in lesson.batches(order, size):
        assert anchor is not None
        sizes.append(len(batch.truth))
        anchors += anchor.ravel().tolist()
        truths += batch.truth.ravel().tolist()
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sum(sizes) == 2000
    assert anchors == order.tolist()
    assert np.argsort(truths).tolist() == np.argsort(order).tolist()


def test_an_epoch_draws_no_more_windows_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    whole = Learner.epoch

    def epoch(self: Learner, lesson: Lesson, order: Array, observer: Silent) -> float:
        drawn.append(order.tolist())
        return whole(self, lesson, order, observer)

    monkeypatch.setattr(Learner, "epoch", epoch)
    learn(**school(bent(300), replace(BENT, max_epochs=3, epoch_windows=50)))
    assert [len(set(order)) for order in drawn] == [50, 50, 50]
    assert drawn[0] != drawn[1]


def test_a_lesson_is_thinned_evenly_with_its_anchor() -> None:
    windows = windows_of(panel_of(tide(50)), settings(lookback=2))
    lesson = Lesson(windows, np.arange(1, 41), np.arange(40.0).reshape(-1, 1, 1))
    thin = lesson.thinned(14)
    assert thin.origins.tolist() == list(range(1, 41, 3))
    assert thin.anchor is not None
    assert thin.anchor.ravel().tolist() == list(range(0, 40, 3))
    assert lesson.thinned(40) is lesson


def test_dropout_acts_in_training_only() -> None:
    config = replace(BENT, dropout=0.5, num_layers=2)
    given = school(bent(150), config)
    learner = Learner(config, forecaster.init(config, given["widths"], np.random.default_rng(0)), 0.01)
    learner.params["decoder.out.weight"].data.fill_(0.5)
    learner.averaged["decoder.out.weight"].fill_(0.5)
    batch, anchor = next(given["lesson"].batches(np.arange(32), 32))
    losses = [learner.batch_loss(batch, anchor).item() for _ in range(2)]
    assert losses[0] != losses[1]
    assert learner.evaluate(given["check"]) == learner.evaluate(given["check"])


@pytest.mark.parametrize("cell", listed("network/cells"))
@pytest.mark.parametrize("decoder", listed("network/decoders"))
def test_trained_weights_answer_alike_in_numpy_in_torch_and_by_the_kernels(cell: str, decoder: str) -> None:
    config = settings(cell=cell, decoder=decoder, learning_rate=0.02, num_layers=2, max_epochs=2, epoch_windows=128)
    panel = rich()
    windows = windows_of(panel, config)
    lesson = Lesson(windows, np.arange(30, 190), None)
    check = Lesson(windows, np.arange(250, 400), None)
    fresh = forecaster.init(config, widths_of(panel), np.random.default_rng(0))
    params, kept_at = learn(config, widths_of(panel), lesson, check, Silent())
    assert kept_at > 0
    assert not np.array_equal(params["decoder.out.weight"], fresh["decoder.out.weight"])
    batch = windows.gather(check.origins)
    numpy = forecaster.forward(params, batch, None, config, np)
    tensors = {name: torch.from_numpy(value) for name, value in params.items()}
    for scan in ({}, {"scan": kernels.scan}):
        by_torch = forecaster.forward(tensors, as_torch(batch), None, config, torch, **scan).numpy()
        assert (np.abs(by_torch - numpy) <= 1e-5 * np.maximum(1, np.abs(numpy))).all()
