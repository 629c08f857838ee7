"""What each decoder makes of the encoder's state: what is fed back, what is looked at, and what a step may know."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast.config import RunConfig, listed
from rnnforecast.network import forecaster
from rnnforecast.network.cells import cell_of
from rnnforecast.network.decoders import decoder_named, parallel, seq2seq
from tests.making import NAN, Array, random_weights, widths_of, windows_of
from tests.network.test_encoder import KINDS
from tests.network.test_forecaster import allowed, anchor_of, answer, changed, config, data

DECODERS = listed("network/decoders")
H = 5

anchored_or_not = pytest.mark.parametrize("anchored", [False, True], ids=["alone", "anchored"])
each_channels = pytest.mark.parametrize("channels", ["joint", "independent"])


def made(
    anchored: bool = False, columns: tuple[int, ...] = (2, 1, 1, 1), context: int = 10, **given: Any
) -> tuple[Any, ...]:
    """Settings, random weights, three windows and their anchor or None."""
    chosen, panel = config(**given), data(*columns)
    batch = windows_of(panel, chosen, context=context).gather(np.array([20, 30, 45]))
    return chosen, random_weights(chosen, widths_of(panel)), batch, anchor_of(batch, chosen) if anchored else None


def heard_at(before: Array, after: Array) -> list[bool]:
    """The steps of which something changed in every window."""
    return (before != after).any(axis=(2, 3)).all(axis=0).tolist()


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_has_a_line_for_help(name: str) -> None:
    summary = decoder_named(name).summary
    assert summary
    assert "\n" not in summary


@pytest.mark.parametrize("decoder", ["recursive", "seq2seq"])
@anchored_or_not
@each_channels
@pytest.mark.parametrize("conv_kernel", [0, 3])
def test_a_step_knows_nothing_of_the_steps_after_it(decoder, anchored, channels, conv_kernel) -> None:
    chosen, params, batch, anchor = made(anchored, decoder=decoder, channels=channels, conv_kernel=conv_kernel)
    before = answer(params, batch, anchor, chosen)
    for k in range(1, H):
        later = (np.arange(10 + H) >= 10 + k)[:, None]
        after = answer(params, changed(batch, "future", later), anchor, chosen)
        np.testing.assert_array_equal(after[:, :k], before[:, :k])
        assert heard_at(before, after) == [step >= k for step in range(H)]


@pytest.mark.parametrize(("segment", "segments"), [(1, 5), (2, 3), (4, 2), (5, 1), (9, 1)])
@anchored_or_not
def test_a_parallel_step_knows_its_own_segment_alone(segment: int, segments: int, anchored: bool) -> None:
    chosen, params, batch, anchor = made(anchored, decoder="parallel", segment_length=segment)
    assert len(params["decoder.place"]) == segments
    length = -(-H // segments)
    before = answer(params, batch, anchor, chosen)
    for k in range(H):
        now = (np.arange(10 + H) == 10 + k)[:, None]
        after = answer(params, changed(batch, "future", now), anchor, chosen)
        own = [step // length == k // length for step in range(H)]
        assert heard_at(before, after) == own
        others = np.array(own) == 0
        np.testing.assert_array_equal(after[:, others], before[:, others])


@pytest.mark.parametrize("segment", [1, 4])
def test_each_place_of_a_parallel_decoder_asks_for_its_own_segment(segment: int) -> None:
    chosen, params, batch, _ = made(decoder="parallel", segment_length=segment)
    segments, length = parallel.cut(H, segment)
    before = answer(params, batch, None, chosen)
    for j in range(segments):
        moved = params | {"decoder.place": params["decoder.place"] + (np.arange(segments) == j)[:, None]}
        after = answer({k: v.astype(np.float32) for k, v in moved.items()}, batch, None, chosen)
        assert heard_at(before, after) == [step // length == j for step in range(H)]


def test_a_horizon_of_5_in_segments_of_4_is_2_of_3() -> None:
    assert parallel.cut(5, 4) == (2, 3)
    assert parallel.cut(24, 168) == (1, 24)


def test_segments_cover_the_horizon_evenly_with_none_too_many() -> None:
    for horizon, segment in product(range(1, 50), range(1, 60)):
        segments, length = parallel.cut(horizon, segment)
        assert segments == -(-horizon // segment)
        assert length <= segment
        assert (segments - 1) * length < horizon <= segments * length
        # decode knows the number of places only
        assert parallel.cut(horizon, -(-horizon // segments)) == (segments, length)


def test_the_direct_decoder_starts_each_step_at_its_own_bands() -> None:
    chosen, panel = config(decoder="direct"), data(2, 0, 0, 0)
    params = forecaster.init(chosen, widths_of(panel), np.random.default_rng(0))
    start = np.random.default_rng(1).normal(size=(H, 2, 3)).astype(np.float32)
    forecaster.begin(params, chosen, np.ones((H, 2), np.float32), start)
    batch = windows_of(panel, chosen).gather(np.array([30]))
    loc, spread = forecaster.window_norm(batch.target, batch.mask, chosen.window_norm, np)
    said = answer(params, batch, None, chosen)
    np.testing.assert_allclose(said, loc[..., None] + spread[..., None] * start, atol=1e-5)


# recursive


@anchored_or_not
@each_channels
@pytest.mark.parametrize("cell", listed("network/cells"))
@pytest.mark.parametrize(("conv_kernel", "num_layers"), [(0, 1), (3, 2)])
def test_the_state_carried_on_is_that_of_a_window_that_holds_what_was_said(
    cell: str, conv_kernel: int, num_layers: int, channels: str, anchored: bool
) -> None:
    """By hand: medians stand behind the window as observations, past covariates as what was never seen."""
    chosen, params, batch, anchor = made(
        anchored, context=10 + H, decoder="recursive", window_norm="none", skip=False, channels=channels, cell=cell,
        conv_kernel=conv_kernel, num_layers=num_layers,
    )  # fmt: skip
    whole = answer(params, batch, anchor, chosen)
    for k in range(1, H):
        longer = replace(chosen, lookback=10 + k, horizon=H - k)
        own = whole[:, :k, :, 1]
        nothing = np.zeros((3, k, 1), np.float32)
        age = batch.past_since[:, -1:] + np.arange(1, k + 1)[:, None] / batch.past_since.shape[1]
        behind = {
            "target": own, "mask": 0 * own + 1, "since": 0 * own,
            "past": nothing, "past_mask": nothing, "past_since": age.astype(np.float32),
        }  # fmt: skip
        grown = {name: np.concatenate([getattr(batch, name), value], axis=1)[:, k:] for name, value in behind.items()}
        extended = replace(batch, **grown, truth=batch.truth[:, k:])
        rest = answer(
            params | {"unit": params["unit"][k:]}, extended, anchor[:, k:] if anchored else None, longer
        )
        np.testing.assert_allclose(rest, whole[:, k:], rtol=1e-5, atol=1e-5)


# seq2seq: what it is fed


def taught(**given: Any) -> tuple[Any, ...]:
    return made(decoder="seq2seq", **given)


def never(batch: Any) -> Array:
    return np.full_like(batch.truth, NAN)


@anchored_or_not
@each_channels
@pytest.mark.parametrize("attention", [False, True])
def test_a_teacher_is_heard_one_step_later_and_never_before(anchored: bool, channels: str, attention: bool) -> None:
    chosen, params, batch, anchor = taught(anchored=anchored, channels=channels, attention=attention)
    before = answer(params, batch, anchor, chosen)
    np.testing.assert_array_equal(answer(params, batch, anchor, chosen, teacher=never(batch)), before)
    for k in range(H):
        teacher = never(batch)
        teacher[:, k] = 7.0
        after = answer(params, batch, anchor, chosen, teacher=teacher)
        np.testing.assert_array_equal(after[:, : k + 1], before[:, : k + 1])
        assert heard_at(before, after) == [step > k for step in range(H)]
        teacher[:, k] = 8.0
        assert heard_at(after, answer(params, batch, anchor, chosen, teacher=teacher)) == [s > k for s in range(H)]


@anchored_or_not
@each_channels
@pytest.mark.parametrize("norm", ["none", "mean_std", "last_std"])
def test_a_teacher_that_says_the_medians_changes_nothing(anchored: bool, channels: str, norm: str) -> None:
    """So what is fed back is the median in the units of an observation: anchor, unit and linear map included."""
    chosen, params, batch, anchor = taught(anchored=anchored, channels=channels, window_norm=norm)
    alone = answer(params, batch, anchor, chosen)
    told = answer(params, batch, anchor, chosen, teacher=alone[..., 1])
    np.testing.assert_allclose(told, alone, rtol=1e-5, atol=1e-5)
    wrong = answer(params, batch, anchor, chosen, teacher=alone[..., 2])
    assert heard_at(wrong, alone) == [False, True, True, True, True]


def test_a_teacher_of_one_target_leaves_the_other_to_its_own_median() -> None:
    chosen, params, batch, _ = taught(channels="independent")
    teacher = never(batch)
    teacher[:, :, 0] = 7.0
    before, after = (answer(params, batch, None, chosen, teacher=t) for t in (None, teacher))
    np.testing.assert_array_equal(after[:, :, 1], before[:, :, 1])
    assert (after[:, 1:, 0] != before[:, 1:, 0]).any(axis=(1, 2)).all()


@pytest.mark.parametrize("cell", listed("network/cells"))
@pytest.mark.parametrize("attention", [False, True])
def test_the_first_step_is_fed_the_newest_observation(cell: str, attention: bool) -> None:
    """A decoder that starts from nothing but that value: the encoder's weights are 0, so its outputs are the same."""
    chosen, params, batch, _ = made(
        decoder="seq2seq", cell=cell, attention=attention, window_norm="none", skip=False, columns=(1, 0, 0, 0)
    )
    params |= {name: 0 * value for name, value in params.items() if name.startswith("encoder.")}
    before = answer(params, batch, None, chosen)
    for t in range(10):
        after = answer(params, changed(batch, "target", (np.arange(10) == t)[:, None]), None, chosen)
        assert heard_at(before, after) == [t == 9] * H


# seq2seq: attention


def looking(given: dict[str, Any], scale: float = 1.0) -> tuple[RunConfig, dict[str, Array], Array, Array]:
    """Settings, the decoder's weights, what the encoder said (B, steps, E) and the decoder's state (B, D)."""
    chosen, params, _, _ = made(decoder="seq2seq", attention=True, **given)
    rng = np.random.default_rng(3)
    width = 16 * (1 + chosen.bidirectional)
    outputs = (scale * rng.normal(size=(3, 10, width))).astype(np.float32)
    decoder = {name.removeprefix("decoder."): value for name, value in params.items() if name.startswith("decoder.")}
    return chosen, decoder, outputs, (scale * rng.normal(size=(3, 16))).astype(np.float32)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_attention_is_a_softmax_of_scaled_products_by_hand(bidirectional: bool) -> None:
    _, params, outputs, hidden = looking({"bidirectional": bidirectional})
    (context,) = seq2seq.attention(params, outputs, np)(hidden)
    t = {name: torch.from_numpy(value) for name, value in params.items()}
    e, s = torch.from_numpy(outputs), torch.from_numpy(hidden)
    for b in range(3):
        query = t["query.weight"] @ s[b] + t["query.bias"]
        keys = [t["key"] @ e[b, j] + t["place"][j] for j in range(10)]
        weight = torch.softmax(torch.stack([query @ key for key in keys]) / 16**0.5, dim=0)
        expected = sum(weight[j] * e[b, j] for j in range(10))
        np.testing.assert_allclose(context[b], expected, rtol=1e-5, atol=1e-5)
    (same,) = seq2seq.attention(t, e, torch)(s)
    np.testing.assert_allclose(same, context, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_the_context_is_a_convex_mean_of_what_the_encoder_said(scale: float) -> None:
    _, params, outputs, hidden = looking({}, scale)
    (context,) = seq2seq.attention(params, outputs, np)(hidden)
    slack = 1e-5 * scale
    assert (context <= outputs.max(axis=1) + slack).all()
    assert (context >= outputs.min(axis=1) - slack).all()
    blind = params | {name: 0 * params[name] for name in ("query.weight", "query.bias")}
    (mean,) = seq2seq.attention(blind, outputs, np)(hidden)
    np.testing.assert_allclose(mean, outputs.mean(axis=1), rtol=1e-5, atol=slack)
    assert (np.abs(mean - context) > slack).any(axis=1).all()


def test_attention_is_on_every_segment_of_the_encoder_and_on_nothing_where_it_is_off() -> None:
    for segment, steps in ((1, 10), (3, 3), (10, 1)):
        assert made(decoder="seq2seq", attention=True, segment_length=segment)[1]["decoder.place"].shape == (steps, 16)
    _, params, _, _ = made(decoder="seq2seq")
    assert not {"decoder.place", "decoder.query.weight", "decoder.key.weight"} & set(params)
    assert seq2seq.attention({}, np.ones((1, 2, 3)), np)(np.ones((1, 3))) == []


@pytest.mark.parametrize("place", range(10))
def test_with_attention_the_places_of_the_lookback_are_told_apart(place: int) -> None:
    chosen, params, batch, _ = made(decoder="seq2seq", attention=True)
    moved = params | {"decoder.place": params["decoder.place"] + (np.arange(10) == place)[:, None]}
    after = answer({k: v.astype(np.float32) for k, v in moved.items()}, batch, None, chosen)
    assert heard_at(answer(params, batch, None, chosen), after) == [True] * H


# dropout and what crosses from the encoder


@pytest.mark.parametrize(
    ("decoder", "bidirectional"),
    [(d, b) for d in DECODERS for b in (False, True) if allowed(decoder=d, bidirectional=b)],
)
def test_dropout_falls_on_the_hidden_state_before_the_head(decoder: str, bidirectional: bool) -> None:
    """All of it dropped, the recurrence is silent at the first step: what is left is told by the known future."""
    chosen, params, batch, _ = made(decoder=decoder, bidirectional=bidirectional, skip=False, window_norm="none")
    before, after = (
        answer(params, b, None, chosen, drop=lambda x: 0 * x) for b in (batch, changed(batch, "target", 0.5))
    )
    np.testing.assert_array_equal(after[:, 0], before[:, 0])
    assert (answer(params, batch, None, chosen)[:, 0] != before[:, 0]).any()


@pytest.mark.parametrize(("cell", "activation"), KINDS)
@pytest.mark.parametrize("decoder", ["parallel", "seq2seq"])
def test_what_crosses_from_both_ways_to_one_is_a_state_that_the_cell_can_go_on_from(cell, activation, decoder) -> None:
    """Mapped part by part, a state need not be one that the cell's own equations could reach."""
    chosen, panel = config(cell=cell, activation=activation, decoder=decoder, bidirectional=True), data(2, 1, 1, 1)
    params = forecaster.init(chosen, widths_of(panel), np.random.default_rng(0))
    said: list[Array] = []

    def drop(hidden: Array) -> Array:
        said.append(np.abs(hidden).max())
        return hidden

    answer(params, windows_of(panel, chosen).gather(np.arange(10, 50)), None, chosen, drop=drop)
    assert said
    assert max(said) < 100


@pytest.mark.parametrize("decoder", ["parallel", "seq2seq"])
@pytest.mark.parametrize(("bidirectional", "num_layers"), [(False, 2), (True, 2)])
def test_every_part_of_every_layers_state_crosses_to_the_decoder(decoder, bidirectional, num_layers) -> None:
    """Where widths differ there is a map for each, and every step hears it moved; where they do not, there is none."""
    chosen, params, batch, _ = made(decoder=decoder, bidirectional=bidirectional, num_layers=num_layers)
    bridges = sorted(name for name in params if ".bridge." in name and name.endswith("weight"))
    expected = num_layers * cell_of(chosen).states * bidirectional
    assert len(bridges) == expected
    before = answer(params, batch, None, chosen)
    for name in bridges:
        after = answer(params | {name: params[name] + np.float32(0.1)}, batch, None, chosen)
        assert heard_at(before, after) == [True] * H
