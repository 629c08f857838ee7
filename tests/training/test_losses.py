"""What every loss promises, whichever the folder holds; each by hand, and the pinball loss against the metric."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.config import QUANTILE_LEVELS, listed
from rnnforecast.scores import metrics
from rnnforecast.training.losses import loss_named, masked_mean, median
from tests.making import NAN

LEVELS = torch.tensor([0.1, 0.5, 0.9])
each_loss = pytest.mark.parametrize("name", listed("training/losses"))


def truth_and_quantiles(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, H, T) with holes, and (B, H, T, Q)."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(6, 4, 2)).astype(np.float32)
    truth[rng.random(truth.shape) < 0.2] = NAN
    quantiles = np.sort(rng.normal(size=(6, 4, 2, 3)), axis=-1).astype(np.float32)
    return torch.from_numpy(truth), torch.from_numpy(quantiles)


@each_loss
def test_a_loss_is_one_finite_number_with_a_gradient(name: str) -> None:
    truth, quantiles = truth_and_quantiles()
    quantiles.requires_grad_()
    value = loss_named(name).loss(quantiles, truth, LEVELS)
    assert value.shape == ()
    assert value.item() > 0
    value.backward()
    assert quantiles.grad is not None
    assert quantiles.grad.isfinite().all()
    assert loss_named(name).summary


@each_loss
def test_what_was_not_observed_costs_and_teaches_nothing(name: str) -> None:
    truth, quantiles = truth_and_quantiles()
    unseen = truth.isnan()
    absurd = torch.where(unseen[..., None], 1e6, quantiles).requires_grad_()
    value = loss_named(name).loss(absurd, truth, LEVELS)
    assert value.item() == loss_named(name).loss(quantiles, truth, LEVELS).item()
    value.backward()
    assert absurd.grad is not None
    assert (absurd.grad[unseen] == 0).all()
    assert (absurd.grad[~unseen][:, 1] != 0).all()


@each_loss
def test_where_nothing_was_observed_the_loss_is_0(name: str) -> None:
    truth, quantiles = truth_and_quantiles()
    quantiles.requires_grad_()
    value = loss_named(name).loss(quantiles, torch.full_like(truth, NAN), LEVELS)
    assert value.item() == 0
    value.backward()
    assert quantiles.grad is not None
    assert (quantiles.grad == 0).all()


@each_loss
def test_no_forecast_beats_the_truth_itself(name: str) -> None:
    loss = loss_named(name).loss
    for seed in range(20):
        truth, quantiles = truth_and_quantiles(seed)
        perfect = truth.nan_to_num(0.0)[..., None].expand(quantiles.shape)
        assert loss(perfect, truth, LEVELS).item() < loss(quantiles, truth, LEVELS).item()


def test_pinball_at_the_median_alone_is_the_mean_absolute_error() -> None:
    truth = torch.tensor([[[1.0], [NAN]], [[4.0], [0.0]]])
    forecast = torch.tensor([[[[3.0]], [[9.0]]], [[[3.5]], [[-1.0]]]])
    value = loss_named("pinball").loss(forecast, truth, torch.tensor([0.5]))
    assert value.item() == pytest.approx((2 + 0.5 + 1) / 3)


def test_pinball_by_hand_at_an_outer_level() -> None:
    loss = loss_named("pinball").loss
    level, forecast = torch.tensor([0.9]), torch.tensor([[[[2.0]]]])
    assert loss(forecast, torch.tensor([[[5.0]]]), level).item() == pytest.approx(2 * 0.9 * 3)
    assert loss(forecast, torch.tensor([[[1.0]]]), level).item() == pytest.approx(2 * 0.1 * 1)


@given(st.integers(0, 1000))
@settings(deadline=None)
def test_pinball_is_twice_the_mean_of_the_metric_of_that_name(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, quantiles = rng.normal(size=(5, 2, 1)), rng.normal(size=(5, 2, 1, 9))
    by_metric = 2 * metrics.pinball(truth, quantiles, QUANTILE_LEVELS).mean()
    value = loss_named("pinball").loss(
        torch.from_numpy(quantiles), torch.from_numpy(truth), torch.tensor(QUANTILE_LEVELS)
    )
    assert value.item() == pytest.approx(by_metric, rel=1e-5)


# Losses of the median alone -------------------------------------------------------------------------------------------

OF_THE_MEDIAN = ("huber", "mae", "mse", "nse")


def by_hand(name: str, *errors: float) -> float:
    """The loss where the median errs by so much, beside a hole and outer quantiles that are far off."""
    truth = torch.zeros(len(errors), 2, 1)
    truth[:, 1] = NAN
    quantiles = torch.full((len(errors), 2, 1, 3), 1e3)
    quantiles[:, 0, 0, 1] = torch.tensor(errors)
    return loss_named(name).loss(quantiles, truth, LEVELS).item()


def test_every_loss_is_either_of_all_quantiles_or_of_the_median_alone() -> None:
    assert set(listed("training/losses")) == {"pinball", *OF_THE_MEDIAN}


@pytest.mark.parametrize(
    ("name", "errors", "value"),
    [
        ("mae", (3.0,), 3.0), ("mae", (-3.0, 1.0), 2.0),
        ("mse", (3.0,), 9.0), ("mse", (-3.0, 1.0), 5.0),
        ("nse", (-3.0, 1.0), 5.0),
        ("huber", (0.5,), 0.125), ("huber", (1.0,), 0.5), ("huber", (-3.0,), 2.5), ("huber", (-3.0, 0.5), 1.3125),
    ],
)  # fmt: skip
def test_losses_of_the_median_by_hand(name: str, errors: tuple[float, ...], value: float) -> None:
    assert by_hand(name, *errors) == pytest.approx(value)


def test_the_hydrologists_loss_is_the_squared_error_itself() -> None:
    assert loss_named("nse").loss is loss_named("mse").loss
    assert loss_named("nse").summary != loss_named("mse").summary


@given(st.floats(-1.0, 1.0))
def test_where_the_error_is_small_huber_is_half_the_squared_error(error: float) -> None:
    assert by_hand("huber", error) == pytest.approx(by_hand("mse", error) / 2, abs=1e-9)


@given(st.floats(1.0, 1e4), st.floats(0.0, 1e4))
def test_where_the_error_is_large_huber_grows_as_the_absolute_error(error: float, more: float) -> None:
    for sign in (1, -1):
        near, far = by_hand("huber", sign * error), by_hand("huber", sign * (error + more))
        assert far - near == pytest.approx(more, rel=1e-3, abs=1e-2)


@each_loss
def test_a_loss_of_the_median_teaches_no_other_quantile(name: str) -> None:
    truth, quantiles = truth_and_quantiles()
    quantiles.requires_grad_()
    loss_named(name).loss(quantiles, truth, LEVELS).backward()
    assert quantiles.grad is not None
    outer, middle = quantiles.grad[..., [0, 2]], quantiles.grad[..., 1]
    assert (middle[~truth.isnan()] != 0).all()
    assert bool((outer == 0).all()) == (name in OF_THE_MEDIAN)


@each_loss
def test_the_median_is_found_by_its_level_wherever_it_stands(name: str) -> None:
    truth, quantiles = truth_and_quantiles()
    quantiles.requires_grad_()
    loss_named(name).loss(quantiles, truth, torch.tensor([0.5, 0.7, 0.9])).backward()
    assert quantiles.grad is not None
    assert (quantiles.grad[..., 0][~truth.isnan()] != 0).all()


def test_masked_mean_and_median_by_hand() -> None:
    errors, truth = torch.tensor([[[1.0], [100.0]], [[2.0], [6.0]]]), torch.tensor([[[0.0], [NAN]], [[0.0], [0.0]]])
    assert masked_mean(errors, truth).item() == 3
    assert median(torch.tensor([[[[1.0, 2.0, 3.0]]]]), LEVELS).item() == 2
