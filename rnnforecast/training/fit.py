"""From a panel to a model: floors, the network on what the best floor misses, the stack, the error trajectories.

What chooses never judges: the ridge's penalty is chosen on blocks of the training part, the network learns the errors
of floors that did not see the window (cross-fitted), the stack's weights are judged on validation blocks that did not
set them, and the test part is not touched here at all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from math import inf

import numpy as np

from rnnforecast.config import RunConfig, seeks_mean
from rnnforecast.data import features, scaling, tides
from rnnforecast.data.columns import Layout
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import seconds_in
from rnnforecast.data.panel import F64, I64, Panel, tail
from rnnforecast.data.split import JUDGED, LEARNED, Split, most_windows, origins_between, split
from rnnforecast.data.windows import Windows, windows_over
from rnnforecast.errors import UsageError
from rnnforecast.floors import applying, batches, cross_fitted, floor_named, folded, forecasts
from rnnforecast.members import Evidence, Fitted, Members, Network
from rnnforecast.model import Model, Record
from rnnforecast.scores import bands, stacking
from rnnforecast.training import trajectories
from rnnforecast.training.learn import continue_on, one_thread
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Observer, Silent
from rnnforecast.training.run import Run, Workshop, key_of
from rnnforecast.training.state import Unfinished
from rnnforecast.version import __version__


@one_thread()
def fit(
    panel: Panel,
    layout: Layout,
    config: RunConfig,
    findings: Sequence[Finding] = (),
    observer: Observer | None = None,
    resumed: Unfinished | None = None,
    warm_start: Model | Unfinished | None = None,
) -> Model:
    """A Model, not scored yet.

    resumed: an unfinished run of the same data and settings, to go on from; warm_start: a model whose weights to start
    from. Raises DataUnusable (too few rows), Mismatch (another run or model), TrainingFailed, Interrupted.
    """
    deadline = time.monotonic() + (seconds_in(config.max_time) if config.max_time else inf)
    shop = workshop(panel, config, observer or Silent())
    remembered = seen_before(record(panel, shop.parts, findings), warm_start)
    columns = [*panel.columns, *panel.static_names, *layout.units, *layout.covariate_units, panel.step.text()]
    run = Run(shop, key_of(config, remembered.fingerprint, columns, warm_start), resumed, warm_start, deadline)
    parts = shop.parts
    shop.observer.stage("fitting the simple rules")
    members = Members(config, tuple(Fitted(n, shop.folded(n)[0], shop.folded(n)[0]) for n in shop.floors))
    most = min(len(parts.validation), most_windows(panel, config.horizon, JUDGED))  # no more than of the newest season
    kept = trajectories.thin(len(parts.train), most)
    rules = honest(shop, members, kept)
    ranking = ranked(members, rules, config)
    mix = mixture(members, rules, ranking[0], (len(parts.train) + len(parts.validation) * config.stride))
    members, epochs = with_networks(run, members, ranking[0])
    shop.observer.stage("weighing the members")
    checked = members.over(shop.windows, parts.validation)
    stack = weigh(members, checked, mix)
    few = trajectories.thin(len(kept), bands.TRAJECTORIES)
    learned = members.over(shop.windows, parts.train[kept[few]], floors=rules.members[:, few])
    errors = trajectories.collect(learned, checked, stack, members.names.index(ranking[0]), len(members.floors))
    shop.observer.stage("refitting on all rows")
    return Model(
        config=config,
        layout=layout,
        members=with_final_fits(run, members, epochs),
        cycles=shop.windows.cycles,
        scale=shop.windows.scale,
        tides=shop.tides,
        fastest_rises=scaling.fastest_rises(panel, panel.cutoff),
        never_negative=scaling.never_negative(panel, parts.train_end, shop.windows.scale),
        ranking=ranking,
        weights=stack.weights,
        errors=errors.errors,
        smallest_spread=errors.smallest_spread,
        stand_in=errors.stand_in,
        context=tail(panel, shop.windows.context),
        record=remembered,
        about={"rnnforecast": __version__, "epochs": epochs},
    )


def workshop(panel: Panel, config: RunConfig, observer: Observer) -> Workshop:
    parts = split(panel, config)
    cycles = features.cycles(panel.step, int(np.max(own_times(panel, parts.train_end) - panel.start)))
    # A series too short to have a training window is scaled by all it has.
    short = parts.train_end - panel.offsets[:-1] < config.lookback + config.horizon
    last = np.where(short, panel.cutoff, parts.train_end)
    known = tides.fit(panel, last, config.tide)
    windows = windows_over(panel, scaling.fit(panel, last), cycles, config.lookback, config.horizon, known)
    floors = floors_for(windows, config)
    context = max(floor_named(n).context(config, panel.step) for n in floors)
    return Workshop(panel, config, replace(windows, context=context), known, parts, floors, observer)


def floors_for(windows: Windows, config: RunConfig) -> tuple[str, ...]:
    """Names of the floors that these data are for. Raises UsageError where --floor names another one."""
    floors = applying(windows)
    if config.floor not in ("auto", "none", *floors):
        raise UsageError(f"floor {config.floor} is not for these data; {', '.join(floors)} are", "--floor auto")
    return floors


def honest(shop: Workshop, members: Members, kept: I64) -> Evidence:
    """What the floors said at the training windows number `kept`, by fits that did not see them, and at validation's.

    Validation is one season; the training part holds them all.
    """
    at_kept = np.stack([shop.cross_fitted(name, kept) for name in shop.floors]).astype(np.float64)
    then = [batch.truth for _, batch in batches(shop.windows, shop.parts.train[kept])]
    later = members.over(shop.windows, shop.parts.validation)
    return Evidence(
        np.concatenate([at_kept, later.members], axis=1),
        np.ones((len(kept) + len(shop.parts.validation), *later.spread.shape[1:])),
        np.concatenate([*then, later.truth]).astype(np.float64),
    )


def ranked(members: Members, evidence: Evidence, config: RunConfig) -> tuple[str, ...]:
    """Floor names by the stack's loss over all leads; the one that --floor names, where it names one, comes first."""
    error = evidence.members - evidence.truth
    common = np.isfinite(error).all(axis=0)
    losses = np.zeros(len(error))
    if common.any():
        sizes = [(np.abs(error[:, common]) ** power).mean(axis=1) for power in (1, 2)[seeks_mean(config) :]]
        losses = sum((size / max(size.min(), 1e-12) for size in sizes), losses)
    order = sorted(range(len(error)), key=lambda k: (members.names[k] != config.floor, losses[k]))
    return tuple(members.names[k] for k in order)


def mixture(members: Members, evidence: Evidence, best: str, windows: int) -> F64:
    """Weights (floors, H, T) of the floors without a network; `windows` of them, thinned or not, is the evidence of."""
    config = members.config
    names = [f.name for f in members.floors]
    allowed = [k for k, name in enumerate(names) if config.floor in ("auto", "none", name)]
    choices, square = evidence.members[allowed], seeks_mean(config)
    start = stacking.near_best(choices, evidence.truth, allowed.index(names.index(best)), square)
    stack = stacking.fit(choices, evidence.truth, start, windows // config.horizon, square)
    weights = np.zeros((len(names), *stack.weights.shape[1:]))
    weights[allowed] = stack.weights
    return weights


def with_networks(run: Run, members: Members, best: str) -> tuple[Members, list[int]]:
    """The members with networks that learned what a floor misses, by default `best`; and the epochs of each."""
    shop, config = run.shop, run.shop.config
    if config.max_epochs == 0:
        return members, []
    anchors = run.anchors(best)
    lessons = {anchor: lessons_on(shop, anchor) for anchor in dict.fromkeys(anchors)}
    done = run.networks([lessons[anchor] for anchor in anchors])
    networks = tuple(Network(weights, weights, anchor) for (weights, _), anchor in zip(done, anchors, strict=True))
    return replace(members, networks=networks), [epochs for _, epochs in done]


def lessons_on(shop: Workshop, anchor: str | None) -> tuple[Lesson, Lesson]:
    """What a network that corrects `anchor` learns from and is checked on."""
    parts, learned, checked = shop.parts, None, None
    if anchor is not None:
        learned = np.nan_to_num(shop.cross_fitted(anchor), copy=False)
        said = forecasts(floor_named(anchor), shop.folded(anchor)[0], shop.windows, parts.validation)
        checked = np.nan_to_num(said).astype(np.float32)
    return Lesson(shop.windows, parts.train, learned), Lesson(shop.windows, parts.validation, checked)


def weigh(members: Members, evidence: Evidence, mix: F64) -> stacking.Stack:
    """Weights of all members: the floors as they are mixed among themselves, and what the networks gain beside them.

    With --floor none the networks are on their own.
    """
    config, floors = members.config, len(members.floors)
    needed = mix.any(axis=(1, 2))
    mixed: F64 = np.einsum("mht,mnht->nht", mix[needed], evidence.members[:floors][needed])
    alone = config.floor == "none" and bool(members.networks)
    choices = evidence.members[floors:] if alone else np.concatenate([mixed[None], evidence.members[floors:]])
    periods = len(evidence.truth) * config.stride // config.horizon
    start = np.zeros((len(choices), *evidence.truth.shape[1:]))
    start[0] = 1.0
    stack = stacking.fit(choices, evidence.truth, start, periods, seeks_mean(config))
    weights = np.concatenate([0 * mix, stack.weights] if alone else [mix * stack.weights[:1], stack.weights[1:]])
    return replace(stack, weights=weights)


def with_final_fits(run: Run, members: Members, epochs: list[int]) -> Members:
    """Floors refitted on all rows, and with --final-fit the networks taken a little further on them."""
    shop, panel, config = run.shop, run.shop.panel, run.shop.config
    first, last = panel.offsets[:-1] + config.lookback - 1, panel.cutoff - config.horizon
    everything = origins_between(panel, first, last, most=most_windows(panel, config.horizon, LEARNED))
    given = (shop.windows, everything, config, panel.step)
    floors = tuple(replace(f, final=floor_named(f.name).fit(*given)) for f in members.floors)
    networks = members.networks
    if config.final_fit and networks:
        lessons: dict[str | None, Lesson] = {None: Lesson(shop.windows, everything, None)}
        for anchor in {n.anchor for n in networks if n.anchor is not None}:
            _, without = folded(floor_named(anchor), *given)
            known = cross_fitted(floor_named(anchor), without, shop.windows, everything)
            lessons[anchor] = Lesson(shop.windows, everything, np.nan_to_num(known, copy=False))
        networks = tuple(
            replace(n, final=continue_on(run.course(k, lessons[n.anchor], lessons[n.anchor], ()), n.fitted,
                                         max(1, epochs[k] // 4)))
            for k, n in enumerate(networks)
        )  # fmt: skip
    return replace(members, floors=floors, networks=networks)


def record(panel: Panel, parts: Split, findings: Sequence[Finding]) -> Record:
    ends = own_times(panel, parts.validation_end)
    return Record(panel.ids, ends, panel.times(panel.cutoff), fingerprint(panel), tuple(findings))


def seen_before(record: Record, start: Model | Unfinished | None) -> Record:
    """The record, in which what the model that was started from has seen does not count as unseen."""
    if not isinstance(start, Model):
        return record
    known = dict(zip(start.record.ids, start.record.validation_end.tolist(), strict=True))
    own = zip(record.ids, record.validation_end.tolist(), strict=True)
    return replace(record, validation_end=np.array([max(end, known.get(name, end)) for name, end in own], np.int64))


def fingerprint(panel: Panel) -> str:
    """SHA-256 of all that the panel holds."""
    digest = sha256()
    for array in (panel.values, panel.base, panel.start, panel.offsets, panel.cutoff, panel.static):
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
    digest.update(repr((panel.ids, panel.columns, panel.static_names, panel.step, panel.zone)).encode())
    return digest.hexdigest()


def own_times(panel: Panel, rows: I64) -> I64:
    """Seconds of one row per series by that series' own clock: parts of a short series may end before it starts."""
    return panel.step.at(panel.start, rows - panel.offsets[:-1])
