"""The training loop: it learns, repeats itself, keeps its best, stops when told, and leaves torch as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnnforecast.config import listed
from rnnforecast.data.windows import Batch
from rnnforecast.errors import Interrupted, Mismatch, TrainingFailed
from rnnforecast.floors import ridge
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training import learn as room
from rnnforecast.training import learner as workplace
from rnnforecast.training.learn import Course, continue_on, learn
from rnnforecast.training.learner import Learner, Tally
from rnnforecast.training.lesson import Lesson, as_torch
from rnnforecast.training.observer import Epoch, Silent
from rnnforecast.training.schedules.plateau import STALL
from rnnforecast.training.state import Progress
from tests.making import HOUR, Array, bent, rich, settings, tide, widths_of, windows_of
from tests.training.school import BENT, Recorder, beginner, course, equal, fresh, told

NOISE = np.random.default_rng(0).normal(size=120)  # the check gets worse after the first epochs


def test_it_learns_a_nonlinear_map_that_no_linear_rule_can() -> None:
    given = course(bent(900), BENT)
    params, kept_at = learn(given)
    epochs = told(given)
    assert min(epoch.validation_loss for epoch in epochs) < 0.3 * epochs[0].start_loss
    assert kept_at > 0

    windows, origins = given.lesson.windows, given.check.origins
    batch = windows.gather(origins)
    own = np.abs(forecaster.forward(params, batch, None, BENT, np)[..., 1] - batch.truth).mean()
    line = ridge.forecast(ridge.fit(windows, given.lesson.origins, BENT, HOUR), batch)
    assert own < 0.4 * np.abs(line - batch.truth).mean()


def test_one_seed_gives_one_network_to_the_last_bit_and_another_seed_another() -> None:
    short = replace(BENT, max_epochs=2, dropout=0.2, num_layers=2)
    given = course(bent(300), short)
    first, again = learn(given)[0], learn(given)[0]
    assert equal(first, again)
    torch.manual_seed(5)
    np.random.seed(5)
    assert equal(first, learn(given)[0])
    other, _ = learn(replace(given, config=replace(short, seed=1)))
    assert not any(np.array_equal(first[name], other[name]) for name in first if first[name].std() > 0.01)


def test_the_best_weights_are_kept_and_not_the_last() -> None:
    config = replace(BENT, max_epochs=8, patience=0)
    given = course(NOISE, config)
    params, kept_at = learn(given)
    losses = [epoch.validation_loss for epoch in told(given)]
    untrained = told(given)[0].start_loss
    assert len(losses) == 8
    assert kept_at < 8
    assert min([untrained, *losses]) == ([untrained, *losses])[kept_at]
    assert losses[-1] > min([untrained, *losses])
    batch = given.lesson.windows.gather(given.check.origins)
    median = forecaster.forward(params, batch, None, config, np)[..., 1]
    assert np.abs(median - batch.truth).mean() == pytest.approx(min([untrained, *losses]), rel=1e-5)


def test_the_epochs_that_were_best_are_marked_as_such() -> None:
    given = course(bent(300), replace(BENT, max_epochs=6, patience=0), number=2)
    _, kept_at = learn(given)
    best = told(given)[0].start_loss
    for epoch in told(given):
        assert epoch.best == (epoch.validation_loss < best)
        best = min(best, epoch.validation_loss)
    assert [epoch.number for epoch in told(given) if epoch.best][-1] == kept_at
    assert [epoch.number for epoch in told(given)] == [1, 2, 3, 4, 5, 6]
    assert {(epoch.of, epoch.network, epoch.start_loss) for epoch in told(given)} == {
        (6, 2, told(given)[0].start_loss)
    }


def test_what_is_told_of_an_epoch_is_what_was_measured() -> None:
    given = course(bent(300), replace(BENT, max_epochs=6, schedule="cosine", warmup_epochs=2))
    learn(given)
    cosine = [0.01 * (1 + np.cos(np.pi * n / 6)) for n in range(1, 7)]
    assert [epoch.learning_rate for epoch in told(given)] == pytest.approx([cosine[0] / 2, *cosine[1:]], abs=1e-12)
    for epoch in told(given):
        assert epoch.seconds > 0
        assert epoch.gradient_norm > 0
    assert told(given)[-1].train_loss < told(given)[0].train_loss


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_that_many_epochs_after_the_best(patience: int) -> None:
    given = course(NOISE, replace(BENT, max_epochs=60, patience=patience))
    _, kept_at = learn(given)
    assert len(told(given)) == kept_at + patience < 60


def test_without_patience_all_epochs_are_run() -> None:
    given = course(NOISE, replace(BENT, max_epochs=9, patience=0))
    learn(given)
    assert len(told(given)) == 9


def test_the_loss_before_training_is_that_of_the_anchor() -> None:
    """A network that starts as its floor is measured against the floor."""
    given = course(tide(300), settings(lookback=24, horizon=4, quantile_levels=(0.5,), max_epochs=1))
    windows = given.lesson.windows
    params = ridge.fit(windows, given.lesson.origins, given.config, HOUR)
    lesson, check = (
        replace(part, anchor=ridge.forecast(params, windows.gather(part.origins)).astype(np.float32))
        for part in (given.lesson, given.check)
    )
    learn(replace(given, lesson=lesson, check=check))
    error = np.abs(check.anchor - windows.gather(check.origins).truth).mean()
    assert told(given)[0].start_loss == pytest.approx(error, rel=1e-4)


def test_where_no_truth_was_ever_observed_nothing_is_learned_and_nothing_fails() -> None:
    """A value every third step, and forecasts of two: what is forecast is never there to compare with."""
    values = bent(150)
    values[np.arange(150) % 3 > 0] = np.nan
    given = course(values, replace(BENT, horizon=2, max_epochs=2))
    lesson, check = (replace(part, origins=part.origins[part.origins % 3 == 0]) for part in (given.lesson, given.check))
    _, kept_at = learn(replace(given, lesson=lesson, check=check))
    assert kept_at == 0
    assert [epoch.validation_loss for epoch in told(given)] == [0, 0]


# Where it fails -------------------------------------------------------------------------------------------------------


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
    states: list[Progress] = []
    given = course(bent(120), replace(BENT, batch_size=1000, max_epochs=5), at_epoch=states.append)
    monkeypatch.setattr(workplace, "loss_named", lambda name: broken_after(2))  # noqa: ARG005
    with pytest.raises(TrainingFailed, match="diverged in epoch 3: the loss is no longer a number") as caught:
        learn(given)
    assert caught.value.hint == "--learning-rate 0.002"
    assert caught.value.exit_code == 12
    assert len(told(given)) == 2
    assert [state.epochs for state in states] == [1, 2]
    assert all(np.isfinite(value).all() for value in states[-1].kept.values())


def test_an_answer_that_is_no_number_on_the_check_fails_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Learner.epoch

    def epoch(self: Learner, *given: object) -> Tally:
        tally = whole(self, *given)
        if given[3] == 1:
            self.averaged["skip.bias"].fill_(torch.nan)
        return tally

    monkeypatch.setattr(Learner, "epoch", epoch)
    states: list[Progress] = []
    given = course(bent(120), BENT, at_epoch=states.append)
    with pytest.raises(TrainingFailed, match="diverged in epoch 2"):
        learn(given)
    assert len(told(given)) == len(states) == 1


def test_a_rate_that_no_network_bears_leaves_numbers_in_every_state_that_is_told() -> None:
    states: list[Progress] = []
    config = replace(BENT, cell="rnn", activation="relu", learning_rate=10.0, clip=1e6, max_epochs=30, loss="mse")
    with suppress(TrainingFailed):
        learn(course(bent(120), replace(config, patience=0), at_epoch=states.append))
    assert states
    wildest = max(np.abs(value).max() for state in states for value in state.params.values())
    assert wildest > 10  # so large that the next step could be anything
    for state in states:
        assert all(np.isfinite(value).all() for value in (*state.kept.values(), *state.averaged.values()))


# Schedules ------------------------------------------------------------------------------------------------------------


def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
    """The weights that each epoch began with, and the averages that it ended with."""
    begun: list[dict[str, Array]] = []
    averaged: list[dict[str, Array]] = []
    whole = Learner.epoch

    def epoch(self: Learner, *given: object) -> Tally:
        begun.append({name: value.detach().numpy().copy() for name, value in self.params.items()})
        tally = whole(self, *given)
        averaged.append(self.weights())
        return tally

    monkeypatch.setattr(Learner, "epoch", epoch)
    return begun, averaged


def test_after_a_stall_learning_goes_on_from_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, averaged = watched(monkeypatch)
    given = course(NOISE, replace(BENT, max_epochs=12, patience=0))
    learn(given)
    gained = [epoch.best for epoch in told(given)]
    best, stalled, returns = begun[0], 0, 0
    for k in range(11):
        best, stalled = (averaged[k], 0) if gained[k] else (best, stalled + 1)
        assert equal(begun[k + 1], best) == (stalled == STALL)
        returns, stalled = (returns + 1, 0) if stalled == STALL else (returns, stalled)
        assert told(given)[k + 1].learning_rate == 0.02 / 2**returns
    assert returns > 0
    assert told(given)[0].learning_rate == 0.02


def test_a_cosine_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, _ = watched(monkeypatch)
    given = course(NOISE, replace(BENT, max_epochs=12, patience=0, schedule="cosine"))
    params, kept_at = learn(given)
    assert kept_at < 12 - STALL
    assert not any(equal(weights, params) for weights in begun[kept_at + 1 :])


# A signal that is not found yet --------------------------------------------------------------------------------------


def scripted(
    monkeypatch: pytest.MonkeyPatch, train: list[float], check: list[float], alone: bool, patience: int
) -> tuple[list[Epoch], list[bool]]:
    """What is told of a network with these losses per epoch, from 1 before training; and which epochs went back."""
    given = course(bent(120), replace(BENT, max_epochs=len(train), patience=patience))
    if not alone:
        given = replace(given, lesson=replace(given.lesson, anchor=np.zeros((len(given.lesson.origins), 1, 1))))
    left, errors, losses = [0], iter([1.0, *check]), iter(train)
    monkeypatch.setattr(Learner, "evaluate", lambda self, lesson: next(errors))  # noqa: ARG005
    monkeypatch.setattr(Learner, "epoch", lambda self, *given: Tally(next(losses), 1, 1.0, 1))  # noqa: ARG005
    monkeypatch.setattr(Learner, "go_back_to", lambda self, weights: left.append(len(told(given)) + 1))  # noqa: ARG005
    learn(given)
    told_of = told(given)
    return told_of, [epoch.number in left for epoch in told_of]


FALLING = [1 - 0.01 * k for k in range(12)]
RISING = [1 + 0.01 * k for k in range(1, 13)]


def test_a_lone_network_that_gets_worse_at_first_is_left_to_cross_the_valley(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as its training loss falls: neither the plateau schedule takes it back, nor does patience end it."""
    told_of, back = scripted(monkeypatch, FALLING, RISING, alone=True, patience=2)
    assert len(told_of) == 12
    assert not any(back)
    assert {epoch.learning_rate for epoch in told_of} == {0.02}
    assert not any(epoch.best for epoch in told_of)


def test_a_network_with_a_floor_that_gets_worse_is_taken_back_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    told_of, back = scripted(monkeypatch, FALLING, RISING, alone=False, patience=2)
    assert len(told_of) == 2
    told_of, back = scripted(monkeypatch, FALLING, RISING, alone=False, patience=0)
    assert [k + 1 for k in range(12) if back[k]] == [STALL, 2 * STALL, 3 * STALL, 4 * STALL]
    assert told_of[-1].learning_rate == 0.02 / 2**3  # that of the epoch itself


def test_a_lone_network_whose_training_loss_does_not_fall_is_taken_back_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flat = [1.0] * 12  # no lower than the first
    told_of, _ = scripted(monkeypatch, flat, RISING, alone=True, patience=2)
    assert len(told_of) == 1 + 2
    _, back = scripted(monkeypatch, flat, RISING, alone=True, patience=0)
    assert back.index(True) == 1 + STALL - 1


def test_a_lone_network_that_has_found_its_signal_is_ended_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its validation error, once below FOUND of that before training, is all that counts."""
    nearly, there = room.FOUND + 1e-6, room.FOUND
    for error, epochs in ((nearly, 12), (there, 3 + 2)):
        told_of, _ = scripted(monkeypatch, FALLING, [*RISING[:2], error, *RISING[3:]], alone=True, patience=2)
        assert len(told_of) == epochs
        assert [epoch.number for epoch in told_of if epoch.best] == [3]


# Time and signals -----------------------------------------------------------------------------------------------------


def test_where_the_time_is_up_before_it_began_the_first_weights_are_given() -> None:
    given = course(bent(150), BENT, deadline=-1.0)
    params, kept_at = learn(given)
    assert kept_at == 0
    assert told(given) == []
    assert equal(params, room.begun(given, None).learner.weights())


def ticking(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the clock tick once whenever it is read; the batches of each epoch as they come."""
    ticks = count()
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr(room, "time", clock)
    monkeypatch.setattr(workplace, "time", clock)
    batches: list[int] = []
    whole = Learner.epoch

    def epoch(self: Learner, *given: object) -> Tally:
        batches.append((tally := whole(self, *given)).batches)
        return tally

    monkeypatch.setattr(Learner, "epoch", epoch)
    return batches


def test_an_epoch_in_which_the_time_is_up_is_judged_and_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks once whenever it is read: twice outside an epoch, and after each of its batches."""
    states: list[Progress] = []
    batches = ticking(monkeypatch)
    given = course(bent(300), replace(BENT, max_epochs=9), deadline=14.5, at_epoch=states.append)
    params, kept_at = learn(given)
    assert batches == [7, 4]  # 195 windows by 32
    assert [epoch.number for epoch in told(given)] == [state.epochs for state in states] == [1, 2]
    assert kept_at == 2
    assert equal(params, states[-1].averaged)


def test_a_time_that_is_not_up_changes_nothing() -> None:
    given = course(NOISE, replace(BENT, max_epochs=60, patience=2))
    params, kept_at = learn(given)
    timed = replace(given, deadline=1e18, observer=Recorder())
    again, at = learn(timed)
    assert equal(params, again)
    assert (at, len(told(timed))) == (kept_at, kept_at + 2)


@pytest.mark.parametrize("signal", [2, 15])
def test_a_signal_stops_within_the_epoch(signal: int) -> None:
    recorder = Recorder(signal, after=3)
    given = course(bent(600), BENT, observer=recorder)
    with pytest.raises(Interrupted) as caught:
        learn(given)
    assert caught.value.exit_code == 128 + signal
    assert recorder.epochs == []
    assert recorder.left == -1  # it asked after each batch, and no more
    with pytest.raises(Interrupted):
        continue_on(replace(given, observer=Recorder(signal)), fresh(given), 1)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_torch_has_its_threads_back_however_training_ends() -> None:
    heard = Recorder()
    given = course(bent(150), replace(BENT, max_epochs=1), observer=heard)
    learn(given)
    assert heard.threads == {1}
    assert torch.get_num_threads() == 2
    with pytest.raises(Interrupted):
        learn(replace(given, observer=Recorder(2)))
    assert torch.get_num_threads() == 2
    again = Recorder()
    continue_on(replace(given, observer=again), fresh(given), 1)
    assert (again.threads, torch.get_num_threads()) == ({1}, 2)


# From other weights ---------------------------------------------------------------------------------------------------


def test_training_begins_with_the_weights_that_it_is_given() -> None:
    given = course(bent(300), replace(BENT, max_epochs=4))
    first, _ = learn(given)
    best = min(epoch.validation_loss for epoch in told(given))
    before = {name: value.copy() for name, value in first.items()}
    slow = replace(given, config=replace(given.config, max_epochs=1, learning_rate=1e-9), observer=Recorder())
    second, _ = learn(slow, warm_start=first)
    assert told(slow)[0].start_loss == best
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, atol=1e-6, err_msg=name)
    assert equal(first, before)
    assert not equal(second, learn(replace(slow, observer=Recorder()))[0])


def test_weights_of_other_shapes_are_refused_by_the_name_of_the_first() -> None:
    given = course(bent(150), BENT)
    other = fresh(course(bent(150), replace(BENT, hidden_size=8)))
    with pytest.raises(Mismatch, match=r"decoder\.mix\.bias is float32 \(8,\), expected float32 \(16,\)") as caught:
        learn(given, warm_start=other)
    assert "--from" in caught.value.hint
    missing = fresh(given)
    del missing["skip.bias"]
    with pytest.raises(Mismatch, match=r"skip\.bias is None, expected float32 \(1,\)"):
        learn(given, warm_start=missing)
    wide = {**fresh(given), "skip.bias": np.zeros(1)}
    with pytest.raises(Mismatch, match=r"skip\.bias is float64 \(1,\), expected float32 \(1,\)"):
        learn(given, warm_start=wide)
    assert told(given) == []


def test_weights_that_may_only_be_read_are_learned_from_and_left_alone() -> None:
    """As those of a file are."""
    given = course(bent(150), replace(BENT, max_epochs=1))
    params = fresh(given)
    for value in params.values():
        value.flags.writeable = False
    learned, _ = learn(given, warm_start=params)
    assert not equal(learned, params)
    assert equal(params, fresh(given))
    assert not equal(continue_on(given, params, 1), params)


def test_more_epochs_move_the_weights_and_leave_what_they_began_with() -> None:
    given = course(bent(150), BENT)
    params = fresh(given)
    before = {name: value.copy() for name, value in params.items()}
    more = continue_on(given, params, 2)
    assert equal(params, before)
    assert not equal(more, before)
    assert equal(more, continue_on(given, params, 2))


def test_more_epochs_are_at_a_tenth_of_the_rate_whatever_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    whole = Learner.update

    def update(self: Learner, at: float, tally: Tally) -> None:
        whole(self, at, tally)
        rates.append(self.optimiser.param_groups[0]["lr"])

    monkeypatch.setattr(Learner, "update", update)
    given = course(bent(150), replace(BENT, schedule="cosine", warmup_epochs=5))
    continue_on(given, fresh(given), 2)
    assert rates == pytest.approx([0.002] * len(rates))
    assert len(rates) == 2 * 3  # 95 windows by 32


def test_more_epochs_are_never_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[float] = []
    whole = Learner.batch_loss

    def batch_loss(self: Learner, batch: Batch, anchor: torch.Tensor | None, share: float = 0.0) -> torch.Tensor:
        taught.append(share)
        return whole(self, batch, anchor, share)

    monkeypatch.setattr(Learner, "batch_loss", batch_loss)
    config = replace(BENT, horizon=2, decoder="seq2seq", teacher_forcing=0.9, max_epochs=2)
    given = course(bent(150), config)
    learn(given)
    assert set(taught) == {0.9, 0.0}  # the second epoch is the first half over
    taught.clear()
    continue_on(given, fresh(given), 2)
    assert set(taught) == {0.0}


def test_more_epochs_that_diverge_are_counted_from_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workplace, "loss_named", lambda name: broken_after(2))  # noqa: ARG005
    given = course(bent(120), replace(BENT, batch_size=1000))
    with pytest.raises(TrainingFailed, match="diverged in epoch 3: the loss is no longer a number"):
        continue_on(given, fresh(given), 5)
    monkeypatch.setattr(workplace, "loss_named", lambda name: broken_after(0))  # noqa: ARG005
    with pytest.raises(TrainingFailed, match="diverged in epoch 1: "):
        continue_on(given, fresh(given), 5)


def test_more_epochs_end_where_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks once whenever it is read: once before an epoch, and after each of its batches."""
    batches = ticking(monkeypatch)
    given = course(bent(150), BENT, deadline=5.5)  # 95 windows by 32
    assert not equal(continue_on(given, fresh(given), 9), fresh(given))
    assert batches == [3, 2]
    assert equal(continue_on(given, fresh(given), 9), fresh(given))  # none is left
    assert batches == [3, 2]


# Windows --------------------------------------------------------------------------------------------------------------


def test_an_epoch_draws_no_more_windows_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    whole = Learner.epoch

    def epoch(self: Learner, lesson: Lesson, order: Array, *given: object) -> Tally:
        drawn.append(order.tolist())
        return whole(self, lesson, order, *given)

    monkeypatch.setattr(Learner, "epoch", epoch)
    learn(course(bent(300), replace(BENT, max_epochs=3, epoch_windows=50)))
    assert [len(set(order)) for order in drawn] == [50, 50, 50]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("cell", listed("network/cells"))
@pytest.mark.parametrize("decoder", listed("network/decoders"))
def test_trained_weights_answer_alike_in_numpy_in_torch_and_by_the_kernels(cell: str, decoder: str) -> None:
    config = settings(
        cell=cell, decoder=decoder, learning_rate=0.02, num_layers=2, max_epochs=2, epoch_windows=64, lookback=8
    )  # fmt: skip
    panel = rich()
    windows = windows_of(panel, config)
    lesson = Lesson(windows, np.arange(30, 94), None)
    given = Course(config, widths_of(panel), lesson, lesson, Silent())
    params, kept_at = learn(given)
    assert kept_at > 0
    assert any((value != fresh(given)[name]).any() for name, value in params.items() if name.startswith("decoder."))
    batch = windows.gather(np.arange(250, 300))
    numpy = forecaster.forward(params, batch, None, config, np)
    tensors = {name: torch.from_numpy(value) for name, value in params.items()}
    for scan in ({}, {"scan": kernels.scan}):
        by_torch = forecaster.forward(tensors, as_torch(batch), None, config, torch, **scan).numpy()
        assert (np.abs(by_torch - numpy) <= 1e-5 * np.maximum(1, np.abs(numpy))).all()


def test_a_gradient_that_is_cut_teaches_other_weights_that_answer_by_the_same_mathematics() -> None:
    given = course(bent(300), replace(BENT, lookback=8, max_epochs=2))
    whole, _ = learn(given)
    cut, _ = learn(replace(given, config=replace(given.config, bptt_steps=2)))
    all_of_it, _ = learn(replace(given, config=replace(given.config, bptt_steps=8)))
    assert not equal(whole, cut)
    for name, value in whole.items():
        np.testing.assert_allclose(all_of_it[name], value, atol=1e-5)
    assert beginner(given).evaluate(given.check) == beginner(replace(given, config=replace(
        given.config, bptt_steps=2))).evaluate(given.check)  # fmt: skip
