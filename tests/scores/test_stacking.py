"""The stack: convex, generous to what helps, deaf to what does not, and judged by blocks that chose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast.scores import stacking
from rnnforecast.scores.stacking import BLOCKS, CLOSE, FEWEST, Stack, greedy, loss_beside, near_best, pooled, trust
from tests.making import NAN, Array

N, H, T = 160, 6, 2


def said(*errors: float, seed: int = 0, count: int = N) -> tuple[Array, Array]:
    """Members (M, N, H, T) with independent errors of the given sizes about a truth (N, H, T)."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, H, T))
    return truth + np.array(errors)[:, None, None, None] * rng.normal(size=(len(errors), count, H, T)), truth


def fit(members: Array, truth: Array, best: int = 0, spans: int = 26, square: bool = False) -> Stack:
    """The stack that starts from one member alone."""
    start = np.zeros((len(members), *truth.shape[1:]))
    start[best] = 1.0
    return stacking.fit(members, truth, start, spans, square)


@given(
    st.lists(st.floats(0, 5), min_size=1, max_size=4), st.integers(0, 99), st.integers(1, 60), st.floats(0, 0.3),
    st.integers(0, 50), st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=80)
def test_weights_are_convex_whatever_the_members_say(errors, seed, count, holes, spans, square) -> None:
    members, truth = said(*errors, seed=seed, count=count)
    rng = np.random.default_rng(seed)
    members[rng.random(members.shape[:2]) < holes] = NAN
    truth[rng.random(truth.shape) < holes] = NAN
    best = seed % len(errors)
    stack = fit(members, truth, best, spans, square)
    assert stack.weights.shape == (len(errors), H, T)
    assert stack.held_out.shape == truth.shape
    assert (stack.weights >= 0).all()
    np.testing.assert_allclose(stack.weights.sum(axis=0), 1)
    complete = np.isfinite(members).all(axis=(0, 2, 3))
    assert np.isfinite(stack.held_out[complete]).all()


def test_a_perfect_member_gets_nearly_all_the_weight() -> None:
    members, truth = said(1.0, 0.0)
    stack = fit(members, truth, 0)
    assert stack.weights[1].min() > 0.9
    assert np.abs(stack.held_out - truth).mean() < 0.1 * np.abs(members[0] - truth).mean()


def test_a_member_of_nothing_but_noise_gets_none() -> None:
    members, truth = said(0.3, 9.0)
    stack = fit(members, truth, 0)
    assert not stack.weights[1].any()
    np.testing.assert_array_equal(stack.held_out, members[0])


def test_a_member_that_repeats_the_best_floor_changes_nothing() -> None:
    members, truth = said(0.5)
    stack = fit(np.concatenate([members, members]), truth, 0)
    np.testing.assert_allclose(stack.held_out, members[0])


def test_without_a_gain_it_is_the_best_floor_exactly() -> None:
    members, truth = said(0.0, 0.3, 0.4)
    stack = fit(members, truth, 0)
    assert (stack.weights[0] == 1).all()
    np.testing.assert_array_equal(stack.held_out, members[0])


def test_a_gain_of_the_size_of_rounding_is_none() -> None:
    members, truth = said(1.0)
    hair = np.concatenate([members, members - 1e-9 * (members - truth)])
    assert fit(hair, truth, 0).weights[1].max() < 1e-3


def test_two_members_that_err_independently_are_averaged() -> None:
    members, truth = said(1.0, 1.0, count=2000)
    stack = fit(members, truth, 0)
    np.testing.assert_allclose(stack.weights, 0.5, atol=0.1)
    gain = np.abs(stack.held_out - truth).mean() / np.abs(members[0] - truth).mean()
    assert gain == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_a_gain_that_chance_could_explain_is_shrunk_away() -> None:
    """A member that wins in one of the blocks and loses next to nothing elsewhere proves little."""
    members, truth = said(1.0, 1.0)
    members[1] = truth + 1.001 * (members[0] - truth)
    members[1, : N // BLOCKS] = truth[: N // BLOCKS]
    one_block = fit(members, truth, 0)
    members[1] = 0.9 * members[0] + 0.1 * truth
    everywhere = fit(members, truth, 0)
    assert one_block.weights[1].max() < 0.6 < everywhere.weights[1].min()


def test_each_lead_and_each_target_has_its_own_weights() -> None:
    members, truth = said(1.0, 1.0)
    members[1, :, :3, 0] = truth[:, :3, 0]
    members[1, :, 3:, 1] = truth[:, 3:, 1]
    weights = fit(members, truth, 0).weights[1]
    good, poor = (np.r_[weights[:3, 0], weights[3:, 1]], np.r_[weights[4:, 0], weights[:2, 1]])
    assert good.min() > 0.9 > 0.7 > poor.max()


@pytest.mark.parametrize("block", range(0, BLOCKS, 3))
def test_the_weights_of_a_block_do_not_know_its_truth(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once what is one choice per lead is fixed: how far they are trusted."""
    members, truth = said(1.0, 0.8, 1.2)
    monkeypatch.setattr(stacking, "trust", lambda gains: np.ones(gains.shape[1]))
    inside = np.arange(N) * BLOCKS // N == block
    changed = truth.copy()
    changed[inside] = 50 * np.random.default_rng(1).normal(size=changed[inside].shape)
    before, after = fit(members, truth, 0), fit(members, changed, 0)
    np.testing.assert_array_equal(after.held_out[inside], before.held_out[inside])
    assert (after.held_out[~inside] != before.held_out[~inside]).any()


def test_blocks_are_no_shorter_than_a_horizon() -> None:
    """Blocks of few windows share what they are judged by: of less than FEWEST the best member alone is the answer."""
    members, truth = said(1.0, 0.0, count=2 * H)
    for spans in range(FEWEST):
        stack = fit(members, truth, 0, spans)
        assert (stack.weights[0] == 1).all()
        np.testing.assert_array_equal(stack.held_out, members[0])
    assert (fit(members, truth, 0, FEWEST).weights[1] > 0.5).all()


@pytest.mark.parametrize("spans", [3, 5, BLOCKS, 1000])
def test_blocks_are_of_equal_count_in_order_of_time_and_no_more_than_their_limit(
    spans: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(stacking, "trust", lambda gains: (told.append(len(gains)), trust(gains))[1])
    fit(*said(1.0, 0.8), 0, spans)
    assert told == [min(spans, BLOCKS)] * T


def test_a_window_at_which_a_member_is_missing_is_left_out_of_the_fit() -> None:
    members, truth = said(0.9, 1.0)
    holed, wild = members.copy(), truth.copy()
    holed[1, 40:50] = NAN
    wild[40:50] = 1e3 * truth[40:50]
    one, other = fit(holed, truth), fit(holed, wild)
    assert 0.2 < one.weights[1].mean() < 0.7
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.held_out, other.held_out)
    np.testing.assert_array_equal(one.held_out[40:50], holed[0, 40:50])  # there the start needs its own member only


def test_a_member_that_is_never_there_is_never_weighed() -> None:
    members, truth = said(1.0, 0.0)
    members[1] = NAN
    stack = fit(members, truth, 0)
    assert (stack.weights[0] == 1).all()
    np.testing.assert_array_equal(stack.held_out, members[0])


@pytest.mark.parametrize("square", [False, True])
def test_greedy_averaging_is_that_of_a_loop_over_leads(square: bool) -> None:
    """Once more by hand, with one lead at a time and a horizon too short to pool."""
    members, truth = said(1.0, 0.9, 1.4)
    members, truth = members[..., 0], truth[..., 0]
    loss = loss_beside(members[0], truth, square)
    weights = greedy(members, truth, np.eye(3)[0][:, None] * np.ones(H), loss)
    for h in range(H):
        bag = [0]
        floor = members[0, :, h] - truth[:, h]
        for _ in range(stacking.ROUNDS - 1):
            trials = []
            for m in range(3):
                error = members[[*bag, m], :, h].mean(axis=0) - truth[:, h]
                squared, absolute = (error**2).mean() / (floor**2).mean(), np.abs(error).mean() / np.abs(floor).mean()
                trials.append(2 * squared if square else squared + absolute)
            bag.append(int(np.argmin(trials)))
        np.testing.assert_allclose(weights[:, h], np.bincount(bag, minlength=3) / len(bag))


@pytest.mark.parametrize("square", [False, True])
def test_the_loss_of_the_best_member_itself_is_2(square: bool) -> None:
    members, truth = (one[..., 0] for one in said(0.7))
    truth[::5] = NAN
    np.testing.assert_allclose(loss_beside(members[0], truth, square)(members[0], truth), 2)


# Squares --------------------------------------------------------------------------------------------------------------


def rare_and_steady() -> tuple[Array, Array]:
    """Errors of 0.1 and one of 3 in ten, and of 0.8 always: the first have the smaller mean, the second the squares."""
    truth = np.random.default_rng(0).normal(size=(N, H, T))
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(2, N, H, T))
    sizes = np.where(np.arange(N) % 10 == 0, 3.0, 0.1)[:, None, None]
    return truth + signs * np.stack([sizes * np.ones((H, T)), 0.8 * np.ones((N, H, T))]), truth


def test_squares_alone_choose_another_member_than_both_losses_do() -> None:
    members, truth = rare_and_steady()
    assert (near_best(members, truth, 0, False)[0] == 1).all()
    for best in (0, 1):
        assert (near_best(members, truth, best, True)[1] == 1).all()


def test_a_stack_for_the_mean_weighs_by_variance() -> None:
    """Of independent errors of deviations 1 and 2, the mean square is least at weights of 4 to 1."""
    members, truth = said(1.0, 2.0, count=4000)
    np.testing.assert_allclose(fit(members, truth, square=True).weights[0], 0.8, atol=0.06)


def test_a_stack_for_the_mean_has_the_smaller_squares_and_the_larger_absolute_errors() -> None:
    members, truth = rare_and_steady()
    plain, square = (fit(members, truth, square=one).held_out - truth for one in (False, True))
    assert (square**2).mean() < 0.99 * (plain**2).mean()
    assert np.abs(square).mean() > 1.01 * np.abs(plain).mean()


# The members to start from --------------------------------------------------------------------------------------------


def sized(*errors: float) -> tuple[Array, Array]:
    """Members whose errors are all of one size, (M, 12, H, T), about a truth of 0."""
    signs = np.where(np.arange(12) % 2, 1.0, -1.0)[:, None, None]
    return np.array(errors)[:, None, None, None] * signs * np.ones((1, 1, H, T)), np.zeros((12, H, T))


def test_members_nearly_as_good_as_the_best_start_alike_and_the_others_at_nothing() -> None:
    """The loss of both, error and square, grows half as much again as an error does."""
    inside, outside = 1 + CLOSE / 2, 1 + CLOSE
    weights = near_best(*sized(1.0, inside, outside), best=0)
    np.testing.assert_array_equal(weights[:, 0, 0], [0.5, 0.5, 0])
    np.testing.assert_array_equal(near_best(*sized(outside, 1.0, inside), best=0)[:, 0, 0], [0, 0.5, 0.5])


def test_each_lead_and_target_has_its_own_members_to_start_from() -> None:
    members, truth = sized(1.0, 2.0)
    members[:, :, 3:, 1] = members[::-1, :, 3:, 1]
    weights = near_best(members, truth, best=0)
    assert (weights[0, :, 0] == 1).all()
    assert weights[0, :, 1].tolist() == [1, 1, 1, 0, 0, 0]


def test_where_nothing_is_known_of_them_the_best_is_started_from() -> None:
    members, truth = sized(1.0, 0.5)
    members[1, :, 0, 0] = NAN
    weights = near_best(members, truth, best=0)
    assert (weights[0] == 1).all()


@given(st.integers(0, 200))
@settings(deadline=None)
def test_the_mean_of_nearly_equal_members_is_never_worse_than_the_worst_of_them(seed: int) -> None:
    members, truth = said(1.0, 1.01, 0.99, 1.5, seed=seed, count=30)
    weights = near_best(members, truth, best=0, square=True)
    mean = np.einsum("mht,mnht->nht", weights, members)
    losses = ((members - truth) ** 2).mean(axis=1)
    worst = np.where(weights > 0, losses, -np.inf).max(axis=0)
    assert (((mean - truth) ** 2).mean(axis=0) <= worst + 1e-12).all()


@pytest.mark.parametrize("horizon", [1, 7, 8, 24, 100])
def test_a_lead_is_pooled_with_those_within_an_eighth_of_the_horizon(horizon: int) -> None:
    errors = np.random.default_rng(0).normal(size=(3, horizon))
    reach = horizon // 8
    by_hand = [errors[:, max(h - reach, 0) : h + reach + 1].mean(axis=1) for h in range(horizon)]
    np.testing.assert_allclose(pooled(errors), np.stack(by_hand, axis=1))


def test_trust_is_gain_against_its_standard_error_by_hand() -> None:
    gains = np.array([[0.2, -0.1, 0.3, 0.0], [0.4, -0.3, 0.3, 0.0], [0.3, -0.2, 0.3, 0.0]])
    error = np.array([0.2, 0.3, 0.4]).std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(trust(gains), [0.3**2 / (0.3**2 + error**2), 0, 1, 0], atol=1e-5)
