"""The network over the whole space of its settings: one answer from three ways to compute it, and it looks at the data.

numpy is what `predict` runs, torch's readable step is what a new cell trains by, the fused kernels are what trains.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rnnforecast.config import RunConfig, listed
from rnnforecast.data.features import DAY
from rnnforecast.data.panel import Panel
from rnnforecast.data.windows import Batch, Windows, bridged
from rnnforecast.errors import UsageError
from rnnforecast.network import forecaster
from rnnforecast.network.activations import ACTIVATIONS
from rnnforecast.training import kernels
from rnnforecast.training.lesson import as_torch
from tests import making
from tests.making import NAN, Array, panel_of, random_weights, tide, widths_of, windows_of
from tests.network.test_encoder import KINDS

CELLS, DECODERS = listed("network/cells"), listed("network/decoders")
CHANNELS, NORMS = (
    RunConfig.__dataclass_fields__[name].metadata["choices"] for name in ("channels", "window_norm")
)
CYCLES = (DAY,)


def config(**given: Any) -> RunConfig:
    """16 units: with few, random weights may leave a decoder whose rectified units are all silent."""
    return making.settings(**({"lookback": 10, "horizon": 5, "hidden_size": 16} | given))


def allowed(**given: Any) -> bool:
    try:
        config(**given)
    except UsageError:
        return False
    return True


def named(given: dict[str, Any]) -> str:
    return "-".join(str(name if value is True else value) for name, value in given.items() if value)


BOTH = (False, True)
SHAPES = [
    {"decoder": d, "bidirectional": b, "conv_kernel": k, "attention": a}
    for d, b, k, a in product(DECODERS, BOTH, (0, 3), BOTH)
    if allowed(decoder=d, bidirectional=b, attention=a)
]
VARIANTS = [{**shape, "channels": channels} for shape, channels in product(SHAPES, CHANNELS)]

every_kind = pytest.mark.parametrize(("cell", "decoder", "norm"), list(product(CELLS, DECODERS, NORMS)))
every_shape = pytest.mark.parametrize("given", SHAPES, ids=named)
every_variant = pytest.mark.parametrize("given", VARIANTS, ids=named)
anchored_or_not = pytest.mark.parametrize("anchored", BOTH, ids=["alone", "anchored"])


def data(T: int, P: int, F: int, S: int, holes: float = 0.15, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(60, T + P + F))
    columns[:, :T] = np.stack([tide(60, seed + t) for t in range(T)], axis=1)
    columns[:, : T + P][rng.random((60, T + P)) < holes] = NAN
    columns[-20:-15, :T] = tide(5)[:, None]  # an origin is observed
    return panel_of(columns, T=T, P=P, F=F, static=[rng.normal(size=S).tolist()])


def answer(params: dict[str, Array], batch: Batch, anchor: Array | None, chosen: RunConfig, **more: Any) -> Array:
    out = forecaster.forward(params, batch, anchor, chosen, np, **more)
    assert out.dtype == np.float32
    return out


def torch_answer(
    params: dict[str, Array], batch: Batch, anchor: Array | None, chosen: RunConfig, teacher: Array | None = None,
    **scan: Any,
) -> Array:  # fmt: skip
    tensors = {name: torch.from_numpy(value) for name, value in params.items()}
    known, fed = (None if value is None else torch.from_numpy(value) for value in (anchor, teacher))
    with torch.no_grad():
        return np.asarray(forecaster.forward(tensors, as_torch(batch), known, chosen, torch, teacher=fed, **scan))


def heights_for(panel: Panel, chosen: RunConfig) -> Array:
    """A tide for each target of one series."""
    return np.random.default_rng(7).normal(size=(len(panel.values) + chosen.horizon, len(panel.targets)))


def anchor_of(batch: Batch, chosen: RunConfig) -> Array:
    """A floor that looks at the same windows as the network: the newest value fades, each target by itself."""
    return batch.target[:, -1:] * np.float32(0.9) ** np.arange(1, chosen.horizon + 1, dtype=np.float32)[:, None]


def changed(batch: Batch, name: str, add: Any) -> Batch:
    return replace(batch, **{name: (getattr(batch, name) + add).astype(np.float32)})


SPACE = {
    "cell": st.sampled_from(CELLS),
    "activation": st.sampled_from(["tanh"] * 6 + list(ACTIVATIONS)),  # most cells have no other
    "decoder": st.sampled_from(DECODERS),
    "attention": st.booleans(),
    "bidirectional": st.booleans(),
    "conv_kernel": st.sampled_from([0, 0, 1, 3]),
    "num_layers": st.integers(1, 3),
    "segment_length": st.sampled_from([1, 1, 2, 5]),
    "channels": st.sampled_from(CHANNELS),
    "skip": st.booleans(),
    "window_norm": st.sampled_from(NORMS),
    "dropout": st.sampled_from([0.0, 0.5]),
    "hidden_size": st.integers(1, 6),
    "lookback": st.integers(1, 12),
    "horizon": st.integers(1, 5),
    "quantile_levels": st.sampled_from([(0.5,), (0.1, 0.5, 0.9), (0.3, 0.5)]),
}
widths = st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@given(st.fixed_dictionaries(SPACE), widths, *[st.booleans()] * 4, st.integers(0, 99))
@settings(deadline=None, max_examples=200, suppress_health_check=SLOW)
def test_numpy_torch_and_the_kernels_give_one_answer(given, columns, anchored, taught, calendar, tidal, seed) -> None:
    assume(allowed(**given))
    chosen, panel = config(**given), data(*columns, seed=seed)
    cycles = CYCLES if calendar else ()
    windows = windows_of(panel, chosen, 14, cycles, heights_for(panel, chosen) if tidal else None)
    batch = windows.gather(np.array([3, 20, 44]))  # the first lacks rows
    rng = np.random.default_rng(seed)
    anchor = rng.normal(size=batch.truth.shape).astype(np.float32) if anchored else None
    teacher = batch.truth if taught else None
    params = random_weights(chosen, widths_of(panel, cycles, tidal), seed)
    out = answer(params, batch, anchor, chosen, teacher=teacher)
    assert out.shape == (3, chosen.horizon, columns[0], len(chosen.quantile_levels))
    assert np.isfinite(out).all()
    limit = 1e-5 * np.maximum(1, np.abs(out).max())
    assert (np.abs(torch_answer(params, batch, anchor, chosen, teacher) - out) <= limit).all()
    assert (np.abs(torch_answer(params, batch, anchor, chosen, teacher, scan=kernels.scan) - out) <= limit).all()


def medians_after_a_move(chosen: RunConfig, anchored: bool) -> list[Array]:
    """Medians (H, 2) as things are, and with the newest observation of the one and of the other target moved."""
    panel = data(2, 1, 1, 1, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    origin, scale = np.array([40]), windows_of(panel, chosen).scale
    medians = []
    for moved in (None, 0, 1):
        values = panel.values.copy()
        if moved is not None:
            values[40, moved] += 0.5
        batch = Windows(replace(panel, values=values), scale, (), 10, 5).gather(origin)
        anchor = anchor_of(batch, chosen) if anchored else None
        medians.append(answer(params, batch, anchor, chosen)[0, :, :, 1])
    return medians


@every_kind
@anchored_or_not
def test_every_step_ahead_responds_to_the_newest_observation(cell, decoder, norm, anchored) -> None:
    """Of each target, in each target's median: in some well-known recurrent forecasters steps 1 to H - 1 do not."""
    before, *after = medians_after_a_move(config(cell=cell, decoder=decoder, window_norm=norm, skip=False), anchored)
    for other in after:
        assert (np.abs(other - before) > 1e-6).all()


@every_variant
@anchored_or_not
def test_every_step_ahead_responds_through_every_encoder_and_decoder(given, anchored: bool) -> None:
    """Without the level, the spread and the linear map, which would carry the observation past the decoder."""
    chosen = config(**given, window_norm="none", skip=False)
    before, *after = medians_after_a_move(chosen, anchored)
    for moved, other in enumerate(after):
        heard = np.abs(other - before) > 1e-6
        assert heard[:, moved].all()
        assert heard[:, 1 - moved].all() == (chosen.channels == "joint")


@every_variant
@pytest.mark.parametrize("norm", NORMS)
def test_nothing_after_the_cutoff_matters_but_what_is_known_ahead(given: dict[str, Any], norm: str) -> None:
    chosen = config(**given, window_norm=norm)
    panel = data(2, 1, 1, 1, holes=0.1)
    params = random_weights(chosen, widths_of(panel, CYCLES))
    scale, origin = windows_of(panel, chosen).scale, np.array([40])
    known = len(panel.targets) + len(panel.past)
    values = panel.values.copy()
    values[41:, :known] = 1e6
    before, after = (
        answer(params, Windows(p, scale, CYCLES, 10, 5).gather(origin), None, chosen)
        for p in (panel, replace(panel, values=values))
    )
    np.testing.assert_array_equal(before, after)
    values = panel.values.copy()
    values[41:, known:] += 0.5
    ahead = Windows(replace(panel, values=values), scale, CYCLES, 10, 5).gather(origin)
    assert (answer(params, ahead, None, chosen) != before).all()


@every_variant
def test_every_tide_is_heard_at_the_step_that_it_comes_and_while_it_was(given: dict[str, Any]) -> None:
    chosen, panel = config(**given), data(2, 1, 1, 1, holes=0.0)
    params = random_weights(chosen, widths_of(panel, tidal=True))
    batch = windows_of(panel, chosen, heights=heights_for(panel, chosen)).gather(np.array([40]))
    before = answer(params, batch, None, chosen)
    for target in (0, 1):
        past, ahead = (np.zeros_like(batch.tide) for _ in range(2))
        past[:, 9, target] = 0.5
        assert (answer(params, changed(batch, "tide", past), None, chosen) != before).any(axis=(0, 2, 3)).all()
        for step in range(5):
            ahead[:, 10 + step, target] = 0.5
            after = answer(params, changed(batch, "tide", ahead), None, chosen)
            assert (after != before)[0, step].any(axis=1).all(), step
            ahead[:] = 0


def three_targets(given: dict[str, Any], **more: Any) -> tuple[RunConfig, dict[str, Array], Batch, Array]:
    chosen, panel = config(**(given | more)), data(3, 1, 1, 1)
    batch = windows_of(panel, chosen, heights=heights_for(panel, chosen)).gather(np.array([12, 30, 45]))
    return chosen, random_weights(chosen, widths_of(panel, tidal=True)), batch, anchor_of(batch, chosen)


@every_shape
@anchored_or_not
def test_an_independent_target_hears_what_the_targets_share_and_no_other_target(given, anchored: bool) -> None:
    chosen, params, batch, anchor = three_targets(given, channels="independent")
    known = anchor if anchored else None
    before = answer(params, batch, known, chosen)
    other = np.array([0, 1, 0], np.float32)
    for name, add in (("target", other), ("mask", -other), ("since", other)):
        after = answer(params, changed(batch, name, add), known, chosen)
        np.testing.assert_array_equal(after[:, :, [0, 2]], before[:, :, [0, 2]])
        assert (after[:, :, 1] != before[:, :, 1]).any(axis=(1, 2)).all()
    if anchored:
        after = answer(params, batch, anchor + other, chosen)
        np.testing.assert_array_equal(after[:, :, [0, 2]], before[:, :, [0, 2]])
    for name in ("past", "past_mask", "past_since", "future", "tide", "static"):
        after = answer(params, changed(batch, name, 0.5), known, chosen)
        assert (after != before).any(axis=(1, 3)).all(), name


@every_shape
@anchored_or_not
def test_independent_targets_are_told_apart_by_their_code_alone(given, anchored: bool) -> None:
    """Three targets of the same values, masks and anchors: they differ as long as the code has a weight."""
    chosen, params, batch, anchor = three_targets(given, channels="independent")
    same = {n: np.repeat(getattr(batch, n)[:, :, :1], 3, axis=2) for n in ("target", "mask", "since", "truth")}
    params["unit"] = np.repeat(params["unit"][:, :1], 3, axis=1)
    known = np.repeat(anchor[:, :, :1], 3, axis=2) if anchored else None
    said = answer(params, replace(batch, **same), known, chosen)
    assert (said[:, :, 1] != said[:, :, 0]).any()
    assert (said[:, :, 2] != said[:, :, 1]).any()
    in_order = forecaster.one_by_one(replace(batch, **same), np).static
    B, S = len(batch.target), batch.static.shape[1]
    assert in_order.shape == (3 * B, S + 3)
    for t in range(3):
        np.testing.assert_array_equal(in_order[t * B : (t + 1) * B, S:], np.repeat(np.eye(3)[t : t + 1], B, axis=0))


@every_shape
def test_a_joint_target_hears_every_other_target(given: dict[str, Any]) -> None:
    chosen, params, batch, _ = three_targets(given, channels="joint", skip=False)
    before = answer(params, batch, None, chosen)
    rising = np.linspace(0, 1, 10)[:, None]  # unlike a shift, no norm takes it away
    for name, add in (("target", rising), ("mask", -1), ("since", 1)):
        after = answer(params, changed(batch, name, add * np.array([0, 1, 0])), None, chosen)
        assert (after[:, :, [0, 2]] != before[:, :, [0, 2]]).any(axis=(1, 3)).all(), name


def test_one_target_is_the_same_network_whatever_the_channels() -> None:
    panel = data(1, 1, 1, 1)
    outs = []
    for channels in CHANNELS:
        chosen = config(channels=channels)
        params = random_weights(chosen, widths_of(panel))
        outs.append(answer(params, windows_of(panel, chosen).gather(np.array([20, 40])), None, chosen))
    np.testing.assert_array_equal(*outs)


@every_kind
def test_what_a_hole_would_have_held_does_not_matter_and_that_it_is_one_does(cell, decoder, norm) -> None:
    check_holes(config(cell=cell, decoder=decoder, window_norm=norm))


@every_variant
def test_every_encoder_and_decoder_is_told_of_holes(given: dict[str, Any]) -> None:
    check_holes(config(**given, skip=False))


def check_holes(chosen: RunConfig) -> None:
    panel = data(2, 1, 0, 0, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    answers = []
    for hole in (None, NAN, np.inf):
        values = panel.values.copy()
        if hole is not None:
            values[34:37] = hole
        windows = replace(windows_of(panel, chosen), panel=replace(panel, values=values))
        answers.append(answer(params, windows.gather(np.array([40])), None, chosen))
    np.testing.assert_array_equal(answers[1], answers[2])
    assert (answers[0] != answers[1]).any()
    bridge = windows.gather(np.array([40]))
    for name in ("mask", "since", "past_mask", "past_since"):
        told = replace(bridge, **{name: np.full_like(getattr(bridge, name), "mask" in name)})
        assert (answer(params, told, None, chosen) != answers[1]).any(axis=(0, 1, 3)).all(), name


@every_shape
@pytest.mark.parametrize("norm", ["mean_std", "last_std"])
def test_what_stands_in_a_hole_is_heard_as_the_windows_value_and_is_no_part_of_its_level(given, norm: str) -> None:
    chosen, panel = config(**given, window_norm=norm), data(1, 0, 0, 0, holes=0.0)
    panel.values[34:37] = NAN
    params = random_weights(chosen, widths_of(panel))
    batch = windows_of(panel, chosen).gather(np.array([40]))
    hole = batch.mask == 0
    assert hole.sum() == 3
    other = replace(batch, target=np.where(hole, batch.target + 1, batch.target))
    for one, two in zip(*(forecaster.window_norm(b.target, b.mask, norm, np) for b in (batch, other)), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (answer(params, other, None, chosen) != answer(params, batch, None, chosen)).any()


@pytest.mark.parametrize("kind", NORMS)
def test_level_and_spread_are_those_of_what_was_observed(kind: str) -> None:
    raw = np.random.default_rng(0).normal(3, 2, (5, 12, 2)).astype(np.float32)
    raw[np.random.default_rng(1).random(raw.shape) < 0.3] = NAN
    target, mask, _ = bridged(raw)
    loc, spread = forecaster.window_norm(target, mask, kind, np)
    mean, deviation = np.nanmean(raw, axis=1, keepdims=True), np.nanstd(raw, axis=1, keepdims=True)
    expected = {
        "none": (0 * mean, 0 * mean + 1), "last": (target[:, -1:], 0 * mean + 1),
        "mean_std": (mean, deviation), "last_std": (target[:, -1:], deviation),
    }  # fmt: skip
    np.testing.assert_allclose(loc, expected[kind][0], atol=1e-5)
    np.testing.assert_allclose(spread, expected[kind][1], atol=1e-5)


def test_a_flat_window_does_not_blow_a_ripple_up() -> None:
    flat = np.full((1, 8, 1), 2.0, np.float32)
    loc, spread = forecaster.window_norm(flat, np.ones_like(flat), "mean_std", np)
    assert loc.item() == pytest.approx(2.0, abs=1e-5)
    assert spread.item() == pytest.approx(forecaster.SMALLEST_SPREAD)


@pytest.mark.parametrize("segment", [2, 3, 10])
def test_the_newest_segment_ends_at_the_cutoff(segment: int) -> None:
    """10 steps in segments of 3: the oldest is left out, and the network still hears each of the others."""
    chosen = config(segment_length=segment, window_norm="none", skip=False)
    panel = data(1, 0, 0, 0, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    batch = windows_of(panel, chosen).gather(np.array([30]))
    before = answer(params, batch, None, chosen)
    heard = []
    for t in range(10):
        moved = changed(batch, "target", 0.5 * (np.arange(10) == t)[:, None])
        heard.append(bool((answer(params, moved, None, chosen) != before).all()))
    assert heard == [False] * (10 % segment) + [True] * (10 - 10 % segment)


def test_the_linear_map_beside_the_recurrence_is_left_out_where_it_is_not_wanted() -> None:
    panel = data(2, 0, 0, 0)
    with_map, without = config(), config(skip=False)
    params = random_weights(with_map, widths_of(panel))
    batch = windows_of(panel, with_map).gather(np.array([20, 40]))
    plain = {name: value for name, value in params.items() if not name.startswith("skip.")}
    assert sorted(plain) == sorted(random_weights(without, widths_of(panel)))
    assert sorted(set(params) - set(plain)) == ["skip.bias", "skip.weight"]
    target, mask = batch.target, batch.mask
    loc, spread = forecaster.window_norm(target, mask, "last_std", np)
    linear = ((target - loc) / spread).reshape(2, -1) @ params["skip.weight"].T + params["skip.bias"]
    added = spread * params["unit"] * linear.reshape(2, 5, 2)
    expected = answer(plain, batch, None, without) + added[..., None]
    np.testing.assert_allclose(answer(params, batch, None, with_map), expected, atol=1e-5)


def check_untrained(chosen: RunConfig) -> None:
    panel = data(2, 1, 1, 1)
    batch = windows_of(panel, chosen, cycles=CYCLES).gather(np.array([12, 30, 45]))
    params = forecaster.init(chosen, widths_of(panel, CYCLES), np.random.default_rng(0))
    anchor = anchor_of(batch, chosen)
    np.testing.assert_allclose(answer(params, batch, anchor, chosen), anchor[..., None].repeat(3, -1), atol=1e-5)
    loc, _ = forecaster.window_norm(batch.target, batch.mask, chosen.window_norm, np)
    alone = answer(params, batch, None, chosen)
    np.testing.assert_allclose(alone, np.broadcast_to(loc[..., None], alone.shape), atol=1e-5)


@every_kind
def test_an_untrained_network_with_an_anchor_is_the_anchor_and_without_one_the_level(cell, decoder, norm) -> None:
    check_untrained(config(cell=cell, decoder=decoder, window_norm=norm))


@every_variant
def test_an_untrained_network_of_every_encoder_and_decoder_is_the_anchor(given: dict[str, Any]) -> None:
    check_untrained(config(**given, num_layers=2))


@every_variant
@pytest.mark.parametrize("segment", [1, 4])
def test_an_untrained_network_starts_with_the_bands_of_its_anchors_errors(given: dict[str, Any], segment: int) -> None:
    """What one head says of several steps, or of several targets, it says of their mean."""
    segment = 1 if given["decoder"] == "recursive" else segment
    chosen, panel = config(**given, segment_length=segment), data(2, 0, 0, 0)
    params = forecaster.init(chosen, widths_of(panel), np.random.default_rng(0))
    names = set(params)
    rng = np.random.default_rng(1)
    unit = rng.uniform(0.5, 2, (5, 2)).astype(np.float32)
    start = np.stack([rng.uniform(-2, -1, (5, 2)), np.zeros((5, 2)), rng.uniform(1, 3, (5, 2))], -1).astype(np.float32)
    forecaster.begin(params, chosen, unit, start)
    assert set(params) == names
    batch = windows_of(panel, chosen).gather(np.array([12, 30, 45]))
    anchor = anchor_of(batch, chosen)
    _, spread = forecaster.window_norm(batch.target, batch.mask, chosen.window_norm, np)
    said = (answer(params, batch, anchor, chosen) - anchor[..., None]) / (spread * unit)[..., None]
    expected = start if chosen.channels == "joint" else np.broadcast_to(start.mean(axis=1, keepdims=True), start.shape)
    mean = np.broadcast_to(expected.mean(axis=0), start.shape)
    assert all(np.allclose(one, expected, atol=1e-4) for one in said) or all(
        np.allclose(one, mean, atol=1e-4) for one in said
    )


def check_gradients(chosen: RunConfig) -> None:
    panel = data(2, 1, 1, 1, holes=0.0)
    start = random_weights(chosen, widths_of(panel))
    start |= {name: 0 * value for name, value in start.items() if name.startswith("skip.")}  # not beside the recurrence
    params = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    batch = as_torch(windows_of(panel, chosen).gather(np.array([20, 40])))
    batch.target.requires_grad_()
    for scan in ({}, {"scan": kernels.scan}):
        for value in (batch.target, *params.values()):
            value.grad = None
        forecaster.forward(params, batch, None, chosen, torch, **scan).square().sum().backward()
        assert (batch.target.grad[:, 0] != 0).all()
        silent = {name for name, value in params.items() if value.grad is None or not (value.grad != 0).any()}
        assert not silent


@every_variant
def test_gradients_reach_the_first_step_of_the_lookback_and_every_parameter(given: dict[str, Any]) -> None:
    check_gradients(config(**given, window_norm="none"))


@pytest.mark.parametrize(("cell", "activation"), KINDS)
@pytest.mark.parametrize("decoder", DECODERS)
def test_gradients_reach_everything_through_two_layers_of_every_cell(cell, activation, decoder) -> None:
    chosen = {"cell": cell, "activation": activation, "decoder": decoder, "num_layers": 2}
    check_gradients(config(**chosen, window_norm="none", hidden_size=32))


def test_longer_context_than_the_lookback_does_not_matter() -> None:
    chosen, panel = config(), data(1, 1, 1, 1, holes=0.0)
    params = random_weights(chosen, widths_of(panel, CYCLES))
    short, long = (windows_of(panel, chosen, context=c, cycles=CYCLES).gather(np.array([40])) for c in (10, 31))
    np.testing.assert_array_equal(answer(params, short, None, chosen), answer(params, long, None, chosen))


@every_variant
def test_a_batch_is_answered_window_by_window_and_the_same_way_twice(given: dict[str, Any]) -> None:
    chosen, panel = config(**given, dropout=0.5), data(2, 1, 1, 1)
    params = random_weights(chosen, widths_of(panel))
    windows, origins = windows_of(panel, chosen), np.arange(20, 25)
    batch = windows.gather(origins)
    anchor = anchor_of(batch, chosen)
    together = answer(params, batch, anchor, chosen)
    np.testing.assert_array_equal(answer(params, batch, anchor, chosen), together)
    first, again = (torch_answer(params, batch, anchor, chosen, scan=kernels.scan) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    for k in range(5):
        alone = answer(params, windows.gather(origins[k : k + 1]), anchor[k : k + 1], chosen)
        np.testing.assert_allclose(alone[0], together[k], rtol=1e-5, atol=1e-5)


@every_variant
def test_the_truth_is_never_looked_at(given: dict[str, Any]) -> None:
    chosen, panel = config(**given), data(2, 0, 0, 0)
    params = random_weights(chosen, widths_of(panel))
    batch = windows_of(panel, chosen).gather(np.array([40]))
    assert "truth" in {f.name for f in fields(Batch)}
    blind = replace(batch, truth=np.full_like(batch.truth, NAN))
    np.testing.assert_array_equal(answer(params, batch, None, chosen), answer(params, blind, None, chosen))
