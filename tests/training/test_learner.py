"""The learner: gradients of micro-batches add up, rates, averages, dropout and teacher are as the settings say."""

from __future__ import annotations

import time
from dataclasses import replace
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnnforecast.errors import Interrupted
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training import learner as room
from rnnforecast.training.learn import learn
from rnnforecast.training.learner import Learner, Tally, micro_batches, taught_in
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Silent
from rnnforecast.training.schedules import cosine
from tests.making import bent, settings, tide
from tests.training.school import BENT, Recorder, beginner, course, equal, fresh


def gradients(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: value.grad.clone() for name, value in learner.learned.items() if value.grad is not None}


def test_micro_batches_are_the_same_mathematics(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(BENT, cell="lstm", batch_size=64, max_epochs=1, clip=1e6)
    given = course(bent(204), config)
    lesson = replace(given.lesson, origins=given.lesson.origins[:128])
    results = []
    for micro in (16, 64):
        monkeypatch.setattr(room, "MICRO_BATCH", micro)
        learner = beginner(given)
        learner.optimiser = torch.optim.SGD(learner.learned.values(), lr=0.01)  # AdamW hides the size of a gradient
        learner.epoch(lesson, np.arange(128), Silent())
        results.append(learner.weights())
    assert not equal(results[0], fresh(given))
    for name, value in results[0].items():
        np.testing.assert_allclose(value, results[1][name], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (32, 4)), ({"batch_size": 8}, (8, 1)), ({"segment_length": 2}, (128, 1)), ({"cell": "gru"}, (128, 1)),
        ({"batch_size": 100}, (32, 3)),
    ],
)  # fmt: skip
def test_only_an_lstm_that_reads_step_by_step_learns_in_micro_batches(
    changes: dict[str, object], expected: tuple[int, int]
) -> None:
    assert micro_batches(settings(**({"batch_size": 128} | changes))) == expected


def test_dropout_acts_in_training_only() -> None:
    given = course(bent(150), replace(BENT, dropout=0.5, num_layers=2))
    learner = beginner(given)
    learner.params["decoder.out.weight"].data.fill_(0.5)
    learner.averaged["decoder.out.weight"].fill_(0.5)
    batch, anchor = next(given.lesson.batches(np.arange(32), 32))
    losses = [learner.batch_loss(batch, anchor).item() for _ in range(2)]
    assert losses[0] != losses[1]
    assert learner.evaluate(given.check) == learner.evaluate(given.check)


def test_a_network_whose_answers_are_no_numbers_has_diverged_even_where_little_was_observed() -> None:
    given = course(bent(150), BENT)
    learner = beginner(given)
    learner.averaged["decoder.skip.bias" if "decoder.skip.bias" in learner.averaged else "skip.bias"].fill_(torch.nan)
    assert np.isnan(learner.evaluate(given.check))


def test_the_loss_that_was_named_is_the_one_that_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(room, "loss_named", lambda name: asked.append(name) or SimpleNamespace(loss=None))
    beginner(course(bent(150), replace(BENT, loss="huber")))
    assert asked == ["huber"]


def test_the_rate_of_each_update_follows_schedule_and_warm_up() -> None:
    given = course(bent(150), replace(BENT, schedule="cosine", max_epochs=10, warmup_epochs=4))
    learner = beginner(given)
    rates = []
    for at in (0.5, 1.0, 2.5, 4.0, 7.5, 10.0):
        for value in learner.learned.values():
            value.grad = torch.zeros_like(value)
        learner.update(at, Tally())
        rates.append(learner.optimiser.param_groups[0]["lr"])
    whole = cosine.Schedule(0.02, 10).rate
    expected = [whole(0.5) / 8, whole(1) / 4, whole(2.5) * 2.5 / 4, whole(4), whole(7.5), 0.0]
    assert rates == pytest.approx(expected, abs=1e-12)


def test_within_an_epoch_the_rate_moves_with_every_update(monkeypatch: pytest.MonkeyPatch) -> None:
    at: list[float] = []
    whole = Learner.update

    def update(self: Learner, when: float, tally: Tally) -> None:
        at.append(when)
        whole(self, when, tally)

    monkeypatch.setattr(Learner, "update", update)
    given = course(bent(300), replace(BENT, cell="lstm", batch_size=64))
    lesson = given.lesson
    beginner(given).epoch(lesson, np.arange(150), Silent(), number=3)
    assert at == pytest.approx([3 + 2 / 5, 3 + 4 / 5, 4.0])  # five micro-batches of at most 32, two of them an update


def test_the_gradient_norm_is_told_as_it_was_before_clipping() -> None:
    given = course(bent(300), replace(BENT, clip=1e-6, weight_decay=0.0))
    twin, learner = beginner(given), beginner(given)
    norms = []
    for batch, anchor in given.lesson.batches(np.arange(60), 32):
        twin.optimiser.zero_grad(set_to_none=True)
        twin.batch_loss(batch, anchor).backward()
        norms.append(float(torch.stack([g.norm() for g in gradients(twin).values()]).norm()))
    for value in learner.optimiser.param_groups:
        value["lr"] = 0.0
    learner.schedule.peak = 0.0  # nothing moves: both batches meet the same weights
    tally = learner.epoch(given.lesson, np.arange(60), Silent())
    assert (tally.batches, tally.updates) == (2, 2)
    assert tally.mean_gradient == pytest.approx(np.mean(norms), rel=1e-4)
    assert tally.mean_gradient > 1e-3


def test_an_empty_tally_has_means_of_0() -> None:
    assert (Tally().mean_loss, Tally().mean_gradient) == (0, 0)
    tally = Tally(loss=6.0, batches=4, gradient=3.0, updates=2)
    assert (tally.mean_loss, tally.mean_gradient) == (1.5, 1.5)


@pytest.mark.parametrize("averaging", [0.0, 0.15, 0.99])
def test_the_running_average_is_young_at_first_and_then_as_long_as_was_asked(averaging: float) -> None:
    given = course(bent(150), replace(BENT, averaging=averaging))
    learner = beginner(given)
    name = "decoder.out.weight"
    expected = learner.averaged[name].clone()
    for k in range(1, 5):
        for value in learner.learned.values():
            value.grad = torch.ones_like(value)
        learner.update(1.0, Tally())
        keep = min(averaging, k / (k + 10))
        expected = keep * expected + (1 - keep) * learner.params[name].detach()
        np.testing.assert_allclose(learner.weights()[name], expected.numpy(), atol=1e-6)
    assert equal({name: learner.weights()[name]}, {name: learner.params[name].detach().numpy()}) == (averaging == 0)


def test_what_the_anchor_misses_is_no_weight_and_never_learned() -> None:
    given = course(bent(150), BENT)
    learner = beginner(given)
    learner.epoch(given.lesson, np.arange(64), Silent())
    np.testing.assert_array_equal(learner.params["unit"].numpy(), fresh(given)["unit"])
    assert "unit" not in learner.learned


def test_going_back_takes_up_the_weights_in_both_places_and_leaves_the_optimiser_its_memory() -> None:
    given = course(bent(150), BENT)
    learner = beginner(given)
    best = learner.weights()
    learner.epoch(given.lesson, np.arange(64), Silent())
    assert not equal(learner.weights(), best)
    moments = [state["exp_avg"].clone() for state in learner.optimiser.state.values()]
    learner.go_back_to(best)
    assert equal(learner.weights(), best)
    assert equal({name: value.detach().numpy() for name, value in learner.params.items()}, best)
    for state, before in zip(learner.optimiser.state.values(), moments, strict=True):
        assert torch.equal(state["exp_avg"], before)


def test_going_back_to_weights_that_may_not_be_written_on_is_no_trouble() -> None:
    """Those of a file are views of its bytes; torch would warn of sharing them."""
    given = course(bent(150), BENT)
    learner = beginner(given)
    best = {name: np.frombuffer(value.tobytes(), value.dtype).reshape(value.shape) for name, value in
            learner.weights().items()}  # fmt: skip
    learner.epoch(given.lesson, np.arange(64), Silent())
    learner.go_back_to(best)
    assert equal(learner.weights(), best)


# Time and signals -----------------------------------------------------------------------------------------------------


def test_an_epoch_ends_after_the_batch_in_which_its_time_is_up() -> None:
    given = course(bent(300), BENT)
    learner = beginner(given)
    tally = learner.epoch(given.lesson, np.arange(160), Silent(), deadline=time.monotonic() - 1)
    assert (tally.batches, tally.updates, learner.updates) == (1, 1, 1)
    assert learner.epoch(given.lesson, np.arange(160), Silent(), deadline=inf).batches == 5


def test_nothing_of_an_epoch_that_was_cut_short_leaks_into_the_next() -> None:
    """Half of an update's gradient is thrown away, and not added to that of the next one."""
    given = course(bent(300), replace(BENT, cell="lstm", batch_size=64))
    learner = beginner(given)
    tally = learner.epoch(given.lesson, np.arange(160), Silent(), deadline=time.monotonic() - 1)
    assert (tally.batches, tally.updates) == (1, 0)
    assert gradients(learner) == {}
    twin = beginner(given)
    for one in (learner, twin):
        one.epoch(given.lesson, np.arange(64, 128), Silent())
    assert equal(learner.weights(), twin.weights())


def test_it_asks_after_every_batch_whether_to_stop() -> None:
    given = course(bent(300), BENT)
    recorder = Recorder(15, after=2)
    with pytest.raises(Interrupted):
        beginner(given).epoch(given.lesson, np.arange(160), recorder)
    assert recorder.left == -1


# Teacher forcing ------------------------------------------------------------------------------------------------------

TAUGHT = settings(lookback=6, horizon=4, decoder="seq2seq", teacher_forcing=0.8, max_epochs=10)


def test_the_share_of_truth_that_is_fed_falls_to_0_at_half_of_max_epochs() -> None:
    shares = [taught_in(TAUGHT, epoch) for epoch in range(10)]
    assert shares == pytest.approx([0.8, 0.64, 0.48, 0.32, 0.16, 0, 0, 0, 0, 0])
    assert shares[5:] == [0] * 5
    assert taught_in(replace(TAUGHT, max_epochs=1), 0) == 0.8
    assert taught_in(replace(TAUGHT, teacher_forcing=0.0), 0) == 0


def test_every_epoch_is_taught_with_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    whole = Learner.batch_loss

    def batch_loss(self: Learner, batch: object, anchor: object, taught: float = 0.0) -> torch.Tensor:
        heard.append(taught)
        return whole(self, batch, anchor, taught)

    monkeypatch.setattr(Learner, "batch_loss", batch_loss)
    given = course(tide(150), TAUGHT)
    learner = beginner(given)
    for number in (0, 3, 5, 10):
        learner.epoch(given.lesson, np.arange(32), Silent(), number=number)
    assert heard == pytest.approx([0.8, 0.32, 0, 0])


def test_the_truth_is_fed_only_where_it_was_drawn_and_observed() -> None:
    values = tide(150)
    values[60:64] = np.nan
    given = course(values, TAUGHT)
    learner = beginner(given)
    with torch.no_grad():
        for name, value in learner.learned.items():
            value.add_(0.3 * torch.randn(value.shape, generator=torch.Generator().manual_seed(len(name))))
    batch, anchor = next(given.lesson.batches(np.arange(90), 90))
    assert batch.truth.isnan().any()
    alone = learner.batch_loss(batch, anchor).item()
    torch.manual_seed(0)
    some, all_of_it = (learner.batch_loss(batch, anchor, share).item() for share in (0.5, 1.0))
    assert len({alone, some, all_of_it}) == 3
    assert np.isfinite([alone, some, all_of_it]).all()
    state = torch.get_rng_state()
    assert learner.batch_loss(batch, anchor, 0.0).item() == alone
    assert torch.equal(torch.get_rng_state(), state)  # a network that is not taught draws nothing
    assert learner.batch_loss(batch, anchor, 1.0).item() == all_of_it  # whatever was drawn


def errors_of(learner: Learner, lesson: Lesson) -> np.ndarray:
    """Of yhat, window by window, by the averaged weights."""
    batch, anchor = next(lesson.batches(np.arange(len(lesson.origins)), len(lesson.origins)))
    with torch.inference_mode():
        out = forecaster.forward(learner.averaged, batch, anchor, learner.config, torch, kernels.scan)
    errors = (out[..., learner.config.quantile_levels.index(0.5)] - batch.truth).numpy()
    return np.asarray(errors[np.isfinite(errors)], np.float64)


@pytest.mark.parametrize("loss", ["pinball", "mae", "huber", "mse", "nse"])
def test_what_training_stops_on_is_the_square_where_the_mean_is_asked_for_and_else_the_size(loss: str) -> None:
    values = bent(150)
    values[70:75] = np.nan
    given = course(values, replace(BENT, loss=loss))
    learner = beginner(given)
    errors = errors_of(learner, given.check)
    size, square = np.abs(errors).mean(), np.sqrt((errors**2).mean())
    assert square > 1.05 * size
    assert learner.evaluate(given.check) == pytest.approx(square if loss in ("mse", "nse") else size, rel=1e-5)


def test_the_weights_that_are_kept_are_those_of_the_least_square_where_the_mean_is_asked_for() -> None:
    given = course(bent(150), replace(BENT, loss="mse", max_epochs=3, patience=0))
    weights, epochs = learn(given)
    told = [epoch.validation_loss for epoch in given.observer.epochs]  # type: ignore[attr-defined]
    assert epochs == 1 + int(np.argmin(told))
    kept = beginner(given)
    for name, value in weights.items():
        if name in kept.averaged:
            kept.averaged[name].copy_(torch.from_numpy(value))
    assert np.sqrt((errors_of(kept, given.check) ** 2).mean()) == pytest.approx(min(told), rel=1e-4)
