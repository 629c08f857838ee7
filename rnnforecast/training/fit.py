"""From a panel to a model: floors, the network on what the best floor misses, the stack, the error trajectories.

What chooses never judges: the ridge's penalty is chosen on blocks of the training part, the network learns the errors
of floors that did not see the window (cross-fitted), the stack's weights are judged on validation blocks that did not
set them, and the test part is not touched here at all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from rnnforecast.config import RunConfig
from rnnforecast.data import features, scaling
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.panel import F64, I64, Panel, tail
from rnnforecast.data.split import LEARNED, Split, most_windows, origins_between, split
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Windows
from rnnforecast.floors import cross_fitted, floor_named, names
from rnnforecast.members import Evidence, Fitted, Members, Network
from rnnforecast.model import Model, Record
from rnnforecast.scores import stacking
from rnnforecast.training import trajectories
from rnnforecast.training.learn import Lesson, continue_on, learn
from rnnforecast.training.observer import Observer, Silent
from rnnforecast.version import __version__


@dataclass(frozen=True)
class Workshop:
    """What the stages of one fit share."""

    panel: Panel
    config: RunConfig
    windows: Windows
    parts: Split
    observer: Observer

    def cross_fitted(self, floor: str, origins: I64, kept: I64 | None = None) -> F64:
        """(N, H, T) by fits that did not see the window; NaN where the floor had nothing to stand on."""
        return cross_fitted(floor_named(floor), self.windows, origins, self.config, self.panel.step, kept)


def fit(
    panel: Panel, layout: Layout, config: RunConfig, findings: Sequence[Finding] = (), observer: Observer | None = None
) -> Model:
    """A Model, not scored yet. Raises DataUnusable (too few rows), TrainingFailed, Interrupted."""
    started = time.monotonic()
    shop = workshop(panel, config, observer or Silent())
    parts = shop.parts
    shop.observer.stage("fitting the simple rules")
    members = Members(config, fit_floors(shop, parts.train), None)
    ranking = ranked(members, members.over(shop.windows, parts.validation), config)
    members, epochs = with_network(shop, members, ranking[0])
    shop.observer.stage("weighing the members")
    checked = members.over(shop.windows, parts.validation)
    stack = weigh(members, checked, ranking[0])
    kept = trajectories.thin(len(parts.train))
    at_kept = np.stack([shop.cross_fitted(f.name, parts.train, kept) for f in members.floors])  # (floors, N, H, T)
    learned = members.over(shop.windows, parts.train[kept], floors=at_kept)
    errors = trajectories.collect(learned, checked, stack, members.names.index(ranking[0]), len(members.floors))
    shop.observer.stage("refitting on all rows")
    return Model(
        config=config,
        layout=layout,
        members=with_final_fits(shop, members, epochs),
        cycles=shop.windows.cycles,
        scale=shop.windows.scale,
        ranking=ranking,
        weights=stack.weights,
        errors=errors.errors,
        smallest_spread=errors.smallest_spread,
        stand_in=errors.stand_in,
        context=tail(panel, shop.windows.context),
        record=record(panel, parts, findings),
        about={"rnnforecast": __version__, "epochs": epochs, "seconds": round(time.monotonic() - started, 1)},
    )


def workshop(panel: Panel, config: RunConfig, observer: Observer) -> Workshop:
    parts = split(panel, config)
    context = max(config.lookback, *(floor_named(n).context(config, panel.step) for n in names()))
    cycles = features.cycles(panel.step, int(np.max(own_times(panel, parts.train_end) - panel.start)))
    # A series too short to have a training window is scaled by all it has.
    short = parts.train_end - panel.offsets[:-1] < config.lookback + config.horizon
    scale = scaling.fit(panel, np.where(short, panel.cutoff, parts.train_end))
    windows = Windows(panel, scale, cycles, context, config.horizon)
    return Workshop(panel, config, windows, parts, observer)


def fit_floors(shop: Workshop, origins: I64) -> tuple[Fitted, ...]:
    fits = {n: floor_named(n).fit(shop.windows, origins, shop.config, shop.panel.step) for n in names()}
    return tuple(Fitted(name, fitted, fitted) for name, fitted in fits.items())


def ranked(members: Members, evidence: Evidence, config: RunConfig) -> tuple[str, ...]:
    """Floor names by mean absolute error on validation; a floor that the user named comes first."""
    error = np.abs(evidence.members - evidence.truth)
    common = np.isfinite(error).all(axis=0)
    means = error[:, common].mean(axis=1) if common.any() else np.zeros(len(error))
    order = sorted(range(len(means)), key=lambda k: (members.names[k] != config.floor, means[k]))
    return tuple(members.names[k] for k in order)


def with_network(shop: Workshop, members: Members, best: str) -> tuple[Members, int]:
    """The members with a network that learned what the floor `best` misses; as they are where max_epochs is 0."""
    config, parts = shop.config, shop.parts
    if config.max_epochs == 0:
        return members, 0
    shop.observer.stage(f"training the {config.cell}")
    anchor, train_anchor, check_anchor = None, None, None
    if config.floor != "none":
        anchor, index = best, members.names.index(best)
        train_anchor = np.nan_to_num(shop.cross_fitted(best, parts.train), copy=False)
        check_anchor = np.nan_to_num(members.over(shop.windows, parts.validation).members[index])
    lesson = Lesson(shop.windows, parts.train, train_anchor)
    check = Lesson(shop.windows, parts.validation, check_anchor)
    params, epochs = learn(config, widths_of(shop.windows), lesson, check, shop.observer)
    return replace(members, network=Network(params, params, anchor)), epochs


def widths_of(windows: Windows) -> Widths:
    panel = windows.panel
    return Widths(
        len(panel.targets), len(panel.past), len(panel.future), 2 * len(windows.cycles), panel.static.shape[1]
    )


def weigh(members: Members, evidence: Evidence, best: str) -> stacking.Stack:
    """Weights of all members; those that --floor excludes get 0."""
    config = members.config
    allowed = [
        k for k, name in enumerate(members.names)
        if name == "network" or config.floor in ("auto", name) or members.network is None
    ]
    start = members.names.index("network" if config.floor == "none" and members.network else best)
    stack = stacking.fit(evidence.members[allowed], evidence.truth, allowed.index(start), config.stride)
    weights = np.zeros((len(members.names), *stack.weights.shape[1:]))
    weights[allowed] = stack.weights
    return replace(stack, weights=weights)


def with_final_fits(shop: Workshop, members: Members, epochs: int) -> Members:
    """Floors refitted on all rows, and with --final-fit the network taken a little further on them."""
    panel, config = shop.panel, shop.config
    first, last = panel.offsets[:-1] + config.lookback - 1, panel.cutoff - config.horizon
    everything = origins_between(panel, first, last, most=most_windows(panel, config.horizon, LEARNED))
    refitted = fit_floors(shop, everything)
    floors = tuple(replace(f, final=r.fitted) for f, r in zip(members.floors, refitted, strict=True))
    network = members.network
    if config.final_fit and network is not None:
        anchor = None if network.anchor is None else np.nan_to_num(shop.cross_fitted(network.anchor, everything))
        lesson = Lesson(shop.windows, everything, anchor)
        final = continue_on(config, network.fitted, lesson, max(1, epochs // 4), shop.observer)
        network = replace(network, final=final)
    return replace(members, floors=floors, network=network)


def record(panel: Panel, parts: Split, findings: Sequence[Finding]) -> Record:
    digest = sha256()
    for array in (panel.values, panel.base, panel.start):
        digest.update(array.reshape(-1).data)
    ends = own_times(panel, parts.validation_end)
    return Record(panel.ids, ends, panel.times(panel.cutoff), digest.hexdigest(), tuple(findings))


def own_times(panel: Panel, rows: I64) -> I64:
    """Seconds of one row per series by that series' own clock: parts of a short series may end before it starts."""
    return panel.step.at(panel.start, rows - panel.offsets[:-1])
