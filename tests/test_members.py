"""Members: what floors and network say at the same origins, and NaN where one lacks what it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rnnforecast import floors
from rnnforecast.config import of_network
from rnnforecast.floors import applying, floor_named
from rnnforecast.members import NEEDED_SHARE, Members, network_name
from rnnforecast.network import forecaster
from tests.making import HOUR, NAN, Array, fitted, panel_named


def members_of(kind: str = "tide") -> Members:
    return fitted(kind, max_epochs=2 if kind == "rich" else 1).members


def floors_of(kind: str = "tide") -> tuple[str, ...]:
    """Names of the floors that a panel is for."""
    return applying(fitted(kind, max_epochs=2 if kind == "rich" else 1).windows(panel_named(kind)))


def batch_of(kind: str = "tide", missing: slice | None = None, origins: Array | None = None):
    """The last window of each series, or those at `origins`; `missing` rows of the targets are holes."""
    panel, model = panel_named(kind), fitted(kind, max_epochs=2 if kind == "rich" else 1)
    values = panel.values.copy()
    if missing is not None:
        values[missing, : len(panel.targets)] = NAN
    return model.windows(replace(panel, values=values)).gather(panel.cutoff if origins is None else origins)


def test_the_floors_come_first_and_the_network_last() -> None:
    assert members_of().names == (*floors_of(), "network")
    assert members_of("rich").names == (*floors_of("rich"), "network")
    assert set(floors_of("rich")) - set(floors_of()) == {"runoff"}  # there are covariates
    assert fitted("tide", max_epochs=0).members.names == floors_of()


def test_the_context_is_that_of_the_longest_member() -> None:
    members = members_of()
    longest = max(floor_named(name).context(members.config, HOUR) for name in floors_of())
    assert members.context(HOUR) == max(longest, members.config.lookback) == 25


def test_each_floor_says_what_it_says_alone() -> None:
    members, batch = members_of("rich"), batch_of("rich")
    said, spread = members.at(batch, final=True)
    assert said.shape == (len(floors_of("rich")) + 1, 3, 4, 2)
    assert (spread > 0).all()
    for k, floor in enumerate(members.floors):
        np.testing.assert_array_equal(said[k], floor_named(floor.name).forecast(floor.final, batch))


def test_the_network_says_the_median_about_its_anchor() -> None:
    members, batch = members_of("rich"), batch_of("rich")
    (network,) = members.networks
    said, spread = members.at(batch, final=False)
    anchor = said[members.names.index(network.anchor or "")].astype(np.float32)
    quantiles = forecaster.forward(network.fitted, batch, anchor, members.config, np)
    np.testing.assert_array_equal(said[-1], quantiles[..., 1])
    np.testing.assert_allclose(spread, np.abs(quantiles[..., 2] - quantiles[..., 0]) / 2, rtol=1e-5)


@pytest.mark.parametrize(("gone", "usable"), [(12, True), (13, False)])
def test_the_network_needs_half_of_its_lookback(gone: int, usable: bool) -> None:
    assert NEEDED_SHARE == 0.5
    said, spread = members_of().at(batch_of(missing=slice(399 - gone, 399)), final=True)  # the last row was observed
    assert np.isfinite(said[-1]).all() == usable
    assert np.isnan(said[-1]).all() != usable
    assert np.isfinite(spread).all()


def test_a_floor_that_cannot_be_used_says_nothing() -> None:
    said, _ = members_of().at(batch_of(missing=slice(376, 399)), final=True)
    speaks = dict(zip(members_of().names, np.isfinite(said).all(axis=(1, 2, 3)).tolist(), strict=True))
    assert {name for name, said in speaks.items() if said} == {"climatology", "persistence"}
    assert {"ridge", "seasonal", "shared", "network"} < set(speaks)


def test_without_a_network_the_spread_is_1() -> None:
    said, spread = fitted("tide", max_epochs=0).members.at(batch_of(), final=True)
    assert len(said) == len(floors_of())
    assert (spread == 1).all()


def test_evidence_is_gathered_in_pieces_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, panel = fitted("rich", max_epochs=2), panel_named("rich")
    windows, origins = model.windows(panel), np.arange(60, 160)
    whole = model.members.over(windows, origins)
    monkeypatch.setattr(floors, "GATHER", 7)
    parts = model.members.over(windows, origins)
    for name in ("members", "spread", "truth"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5, atol=1e-6)
    assert whole.members.shape == (len(floors_of("rich")) + 1, 100, 4, 2)


def test_floors_that_are_known_already_are_taken_as_they_are() -> None:
    model, panel = fitted("rich", max_epochs=2), panel_named("rich")
    windows, origins = model.windows(panel), np.arange(60, 90)
    count = len(floors_of("rich"))
    given = np.random.default_rng(0).normal(size=(count, 30, 4, 2))
    evidence = model.members.over(windows, origins, floors=given)
    np.testing.assert_array_equal(evidence.members[:count], given)
    own = model.members.over(windows, origins)
    assert (evidence.members[count] != own.members[count]).any()  # the network corrects the one it was given


def three() -> Members:
    return fitted("tide", num_networks=3).members


def test_several_networks_are_numbered_from_the_second_on() -> None:
    members = three()
    assert members.names == (*floors_of(), "network", "network_2", "network_3")
    assert [network_name(k) for k in (0, 1, 9)] == ["network", "network_2", "network_10"]
    assert members.labels(HOUR)[-3:] == ("the lstm alone (1)", "the lstm alone (2)", "the lstm alone (3)")


def test_each_network_is_asked_by_its_own_settings_and_the_spread_is_their_mean() -> None:
    members, batch = three(), batch_of()
    said, spread = members.at(batch, final=True)
    first = len(floors_of())
    assert said.shape == (first + 3, 1, 4, 1)
    widths = []
    for k, network in enumerate(members.networks):
        config = of_network(members.config, k)
        assert (config.seed, config.lookback) == (k, 12 if k == 2 else 24)
        assert (network.anchor is None) == (k == 1)
        anchor = None if network.anchor is None else said[members.names.index(network.anchor)].astype(np.float32)
        quantiles = forecaster.forward(network.final, batch, anchor, config, np).astype(np.float64)
        np.testing.assert_array_equal(said[first + k], quantiles[..., 1])
        widths.append(np.abs(quantiles[..., 2] - quantiles[..., 0]) / 2)
    np.testing.assert_allclose(spread, np.mean(widths, axis=0), rtol=1e-6)
    assert (said[-3] != said[-1]).any()


def test_a_network_that_looks_back_half_as_far_needs_half_of_that() -> None:
    """Of the last day all but the newest 6 hours are missing: half of what the third network reads is there."""
    said, _ = three().at(batch_of(missing=slice(376, 394)), final=True)
    speaks = np.isfinite(said).all(axis=(1, 2, 3))
    assert speaks[-3:].tolist() == [False, False, True]
