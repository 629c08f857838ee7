"""The network over the whole space of its settings: one answer from three ways to compute it, and it looks at the data.

numpy is what `predict` runs, torch's readable step is what a new cell trains by, the fused kernels are what trains.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnforecast.config import RunConfig, listed
from rnnforecast.data.features import DAY
from rnnforecast.data.panel import Panel
from rnnforecast.data.windows import Batch, Windows, bridged
from rnnforecast.floors import ridge
from rnnforecast.network import forecaster
from rnnforecast.training import kernels
from rnnforecast.training.learn import as_torch
from tests import making
from tests.making import HOUR, NAN, Array, panel_of, random_weights, tide, widths_of, windows_of

CELLS, DECODERS = listed("network/cells"), listed("network/decoders")
NORMS = RunConfig.__dataclass_fields__["window_norm"].metadata["choices"]
CYCLES = (DAY,)

every_kind = pytest.mark.parametrize(
    ("cell", "decoder", "norm"), [(c, d, n) for c in CELLS for d in DECODERS for n in NORMS]
)


def data(T: int, P: int, F: int, S: int, holes: float = 0.15, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(60, T + P + F))
    columns[:, :T] = np.stack([tide(60, seed + t) for t in range(T)], axis=1)
    columns[:, : T + P][rng.random((60, T + P)) < holes] = NAN
    columns[-20:-15, :T] = tide(5)[:, None]  # an origin is observed
    return panel_of(columns, T=T, P=P, F=F, static=[rng.normal(size=S).tolist()])


def config(**given: Any) -> RunConfig:
    """16 units: with few, random weights may leave a decoder whose rectified units are all silent."""
    return making.settings(**({"lookback": 10, "horizon": 5, "hidden_size": 16} | given))


def answer(params: dict[str, Array], batch: Batch, anchor: Array | None, chosen: RunConfig) -> Array:
    out = forecaster.forward(params, batch, anchor, chosen, np)
    assert out.dtype == np.float32
    return out


def torch_answer(params: dict[str, Array], batch: Batch, anchor: Array | None, chosen: RunConfig, **scan: Any) -> Array:
    tensors = {name: torch.from_numpy(value) for name, value in params.items()}
    known = None if anchor is None else torch.from_numpy(anchor)
    with torch.no_grad():
        return np.asarray(forecaster.forward(tensors, as_torch(batch), known, chosen, torch, **scan))


def anchor_of(windows: Windows, origins: Array, chosen: RunConfig) -> Array:
    """The ridge's forecast: it looks at the same windows as the network."""
    params = ridge.fit(windows, np.arange(9, 50), chosen, HOUR)
    return ridge.forecast(params, windows.gather(origins)).astype(np.float32)


SPACE = {
    "cell": st.sampled_from(CELLS),
    "decoder": st.sampled_from(DECODERS),
    "window_norm": st.sampled_from(NORMS),
    "num_layers": st.integers(1, 3),
    "hidden_size": st.integers(1, 6),
    "lookback": st.integers(1, 12),
    "horizon": st.integers(1, 5),
    "quantile_levels": st.sampled_from([(0.5,), (0.1, 0.5, 0.9), (0.3, 0.5)]),
}


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    chosen = {name: draw(values) for name, values in SPACE.items()}
    longest = 1 if chosen["decoder"] == "recursive" else chosen["lookback"]
    return config(**chosen, segment_length=draw(st.integers(1, longest)))


widths = st.tuples(st.integers(1, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))


@given(configs(), widths, st.booleans(), st.booleans(), st.integers(0, 99))
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_numpy_torch_and_the_kernels_give_one_answer(chosen, columns, anchored, calendar, seed) -> None:
    panel = data(*columns, seed=seed)
    cycles = CYCLES if calendar else ()
    windows = windows_of(panel, chosen, context=14, cycles=cycles)
    origins = np.array([3, 20, 44])  # the first begins before the series
    batch = windows.gather(origins)
    anchor = None
    if anchored:
        anchor = np.random.default_rng(seed).normal(size=batch.truth.shape).astype(np.float32)
    params = random_weights(chosen, widths_of(panel, cycles), seed)
    out = answer(params, batch, anchor, chosen)
    assert out.shape == (3, chosen.horizon, columns[0], len(chosen.quantile_levels))
    assert np.isfinite(out).all()
    limit = 1e-5 * np.maximum(1, np.abs(out))
    assert (np.abs(torch_answer(params, batch, anchor, chosen) - out) <= limit).all()
    assert (np.abs(torch_answer(params, batch, anchor, chosen, scan=kernels.scan) - out) <= limit).all()


@every_kind
@pytest.mark.parametrize("anchored", [False, True])
def test_every_step_ahead_responds_to_the_newest_observation(cell, decoder, norm, anchored) -> None:
    """Of each target, in each target's median: in some well-known recurrent forecasters steps 1 to H - 1 do not."""
    chosen = config(cell=cell, decoder=decoder, window_norm=norm)
    panel = data(2, 1, 1, 1, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    origin = np.array([40])
    scale = windows_of(panel, chosen).scale
    medians = []
    for moved in (None, 0, 1):
        values = panel.values.copy()
        if moved is not None:
            values[40, moved] += 0.5
        windows = Windows(replace(panel, values=values), scale, (), 10, 5)
        anchor = anchor_of(windows, origin, chosen) if anchored else None
        medians.append(answer(params, windows.gather(origin), anchor, chosen)[0, :, :, 1])
    for other in medians[1:]:
        assert (np.abs(other - medians[0]) > 1e-6).all()


@pytest.mark.parametrize("segment", [2, 3, 10])
def test_the_newest_segment_ends_at_the_cutoff(segment: int) -> None:
    """10 steps in segments of 3: the oldest is left out, and the network still hears each of the others."""
    chosen = config(segment_length=segment, window_norm="none")
    panel = data(1, 0, 0, 0, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    params["decoder.skip.weight"] = 0 * params["decoder.skip.weight"]  # but for the recurrence nothing sees the window
    batch = windows_of(panel, chosen).gather(np.array([30]))
    before = answer(params, batch, None, chosen)
    heard = []
    for t in range(10):
        target = batch.target.copy()
        target[:, t] += 0.5
        heard.append(bool((answer(params, replace(batch, target=target), None, chosen) != before).all()))
    assert heard == [False] * (10 % segment) + [True] * (10 - 10 % segment)


@every_kind
def test_nothing_after_the_cutoff_matters_but_what_is_known_ahead(cell: str, decoder: str, norm: str) -> None:
    chosen = config(cell=cell, decoder=decoder, window_norm=norm)
    panel = data(2, 1, 1, 1, holes=0.1)
    params = random_weights(chosen, widths_of(panel, CYCLES))
    scale = windows_of(panel, chosen).scale
    known = len(panel.targets) + len(panel.past)
    values = panel.values.copy()
    values[41:, :known] = 1e6
    before, after = (
        answer(params, Windows(p, scale, CYCLES, 10, 5).gather(np.array([40])), None, chosen)
        for p in (panel, replace(panel, values=values))
    )
    np.testing.assert_array_equal(before, after)
    values = panel.values.copy()
    values[41:, known:] += 0.5
    ahead = Windows(replace(panel, values=values), scale, CYCLES, 10, 5).gather(np.array([40]))
    assert (answer(params, ahead, None, chosen) != before).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("anchored", [False, True])
def test_a_recursive_step_knows_nothing_of_the_steps_after_it(cell: str, anchored: bool) -> None:
    chosen = config(cell=cell, decoder="recursive")
    panel = data(1, 0, 1, 0)
    params = random_weights(chosen, widths_of(panel))
    batch = windows_of(panel, chosen).gather(np.array([40]))
    anchor = np.ones((1, 5, 1), np.float32) if anchored else None
    before = answer(params, batch, anchor, chosen)
    for k in range(1, 5):
        future = batch.future.copy()
        future[:, 10 + k :] += 1
        after = answer(params, replace(batch, future=future), anchor, chosen)
        np.testing.assert_array_equal(after[:, :k], before[:, :k])
        assert (after[:, k:] != before[:, k:]).all()


def test_a_recursive_forecaster_feeds_back_its_own_median() -> None:
    """By hand: the median of step 1 put behind the window as an observation gives the median of step 2."""
    chosen = config(decoder="recursive", window_norm="none", cell="gru", lookback=5)
    panel = data(1, 0, 1, 0, holes=0.0)
    params = random_weights(chosen, widths_of(panel))
    params["unit"] = np.ones_like(params["unit"])
    batch = windows_of(panel, chosen).gather(np.array([40]))
    whole = answer(params, batch, None, chosen)
    longer = replace(chosen, lookback=6, horizon=4)
    own = whole[:, :1, :, 1]
    grown = replace(
        batch,
        **{
            name: np.concatenate([getattr(batch, name)[:, -5:], np.full((1, 1, 1), value, np.float32)], axis=1)
            for name, value in (("target", own.item()), ("mask", 1.0), ("since", 0.0))
        },
        past=np.zeros((1, 6, 0), np.float32), past_mask=np.zeros((1, 6, 0), np.float32), truth=batch.truth[:, 1:],
    )  # fmt: skip
    params["unit"] = params["unit"][1:]
    np.testing.assert_allclose(answer(params, grown, None, longer), whole[:, 1:], atol=1e-5)


@every_kind
def test_what_a_hole_would_have_held_does_not_matter_and_that_it_is_one_does(cell, decoder, norm) -> None:
    chosen = config(cell=cell, decoder=decoder, window_norm=norm)
    panel = data(1, 1, 0, 0, holes=0.0)
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
    for name in ("mask", "since", "past_mask"):
        told = replace(bridge, **{name: np.full_like(getattr(bridge, name), name != "since")})
        assert (answer(params, told, None, chosen) != answers[1]).any(), name


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


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("norm", NORMS)
def test_an_untrained_network_with_an_anchor_is_the_anchor(cell: str, decoder: str, norm: str) -> None:
    chosen = config(cell=cell, decoder=decoder, window_norm=norm)
    panel = data(2, 1, 1, 1)
    windows, origins = windows_of(panel, chosen, cycles=CYCLES), np.array([12, 30, 45])
    params = forecaster.init(chosen, widths_of(panel, CYCLES), np.random.default_rng(0))
    batch, anchor = windows.gather(origins), anchor_of(windows, origins, chosen)
    np.testing.assert_allclose(answer(params, batch, anchor, chosen), anchor[..., None].repeat(3, -1), atol=1e-5)
    loc, _ = forecaster.window_norm(batch.target[:, -10:], batch.mask[:, -10:], norm, np)
    alone = answer(params, batch, None, chosen)
    np.testing.assert_allclose(alone, np.broadcast_to(loc[..., None], alone.shape), atol=1e-5)


@pytest.mark.parametrize("decoder", DECODERS)
def test_an_untrained_network_starts_with_the_bands_of_its_anchors_errors(decoder: str) -> None:
    chosen = config(decoder=decoder)
    panel = data(2, 0, 0, 0)
    windows, origins = windows_of(panel, chosen), np.array([12, 30, 45])
    params = forecaster.init(chosen, widths_of(panel), np.random.default_rng(0))
    unit = np.random.default_rng(1).uniform(0.5, 2, (5, 2)).astype(np.float32)
    start = np.broadcast_to(np.array([[-1.0, 0.0, 1.5], [-2.0, 0.0, 2.5]], np.float32), (5, 2, 3))
    forecaster.begin(params, chosen, unit, start)
    batch, anchor = windows.gather(origins), anchor_of(windows, origins, chosen)
    _, spread = forecaster.window_norm(batch.target[:, -10:], batch.mask[:, -10:], chosen.window_norm, np)
    expected = anchor[..., None] + spread[..., None] * unit[..., None] * start
    np.testing.assert_allclose(answer(params, batch, anchor, chosen), expected, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_gradients_reach_the_first_step_of_the_lookback_and_every_parameter(cell, decoder, num_layers) -> None:
    chosen = config(cell=cell, decoder=decoder, num_layers=num_layers, window_norm="none")
    panel = data(2, 1, 1, 1, holes=0.0)
    start = random_weights(chosen, widths_of(panel))
    if "decoder.skip.weight" in start:
        start["decoder.skip.weight"] = 0 * start["decoder.skip.weight"]  # through the recurrence, not beside it
    params = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    batch = as_torch(windows_of(panel, chosen).gather(np.array([20, 40])))
    batch.target.requires_grad_()
    for scan in ({}, {"scan": kernels.scan}):
        batch.target.grad = None
        forecaster.forward(params, batch, None, chosen, torch, **scan).square().sum().backward()
        assert (batch.target.grad[:, 0] != 0).all()
        assert all(value.grad is not None and (value.grad != 0).any() for value in params.values())


def test_longer_context_than_the_lookback_does_not_matter() -> None:
    chosen, panel = config(), data(1, 1, 1, 1, holes=0.0)
    params = random_weights(chosen, widths_of(panel, CYCLES))
    short, long = (windows_of(panel, chosen, context=c, cycles=CYCLES).gather(np.array([40])) for c in (10, 31))
    np.testing.assert_array_equal(answer(params, short, None, chosen), answer(params, long, None, chosen))


def test_a_batch_is_answered_window_by_window() -> None:
    chosen, panel = config(decoder="recursive"), data(2, 1, 1, 1)
    params = random_weights(chosen, widths_of(panel))
    windows = windows_of(panel, chosen)
    together = answer(params, windows.gather(np.arange(20, 25)), None, chosen)
    for k in range(5):
        alone = answer(params, windows.gather(np.array([20 + k])), None, chosen)
        np.testing.assert_allclose(alone[0], together[k], atol=1e-6)


def test_the_truth_is_never_looked_at() -> None:
    chosen, panel = config(), data(1, 0, 0, 0)
    params = random_weights(chosen, widths_of(panel))
    batch = windows_of(panel, chosen).gather(np.array([40]))
    assert "truth" in {f.name for f in fields(Batch)}
    blind = replace(batch, truth=np.full_like(batch.truth, NAN))
    np.testing.assert_array_equal(answer(params, batch, None, chosen), answer(params, blind, None, chosen))
