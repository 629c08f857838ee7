"""Run: the networks of one fit, one after the other, from the beginning, from another model or where a run stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import prod
from typing import Any

from rnnforecast.config import RunConfig, deciding, of_network
from rnnforecast.data.panel import F32, I64, Panel
from rnnforecast.data.split import Split
from rnnforecast.data.tides import Tides
from rnnforecast.data.widths import Widths
from rnnforecast.data.windows import Windows
from rnnforecast.errors import Mismatch, ModelUnusable, UsageError
from rnnforecast.floors import Arrays, cross_fitted, floor_named, folded
from rnnforecast.model import Model
from rnnforecast.packing import shapes_of
from rnnforecast.training.learn import Course, learn
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Observer
from rnnforecast.training.state import Progress, Unfinished
from rnnforecast.version import __version__

LARGEST = 950_000_000  # bytes of all that an unfinished run keeps: a file takes 1 GB at most
KEPT = 5  # times the weights: as they are, averaged, the best, and AdamW's two moments
MOST_TENSORS = 6000  # a file's header takes 1 MB at most


@dataclass(frozen=True)
class Workshop:
    """What the stages of one fit share."""

    panel: Panel
    config: RunConfig
    windows: Windows
    tides: Tides
    parts: Split
    floors: tuple[str, ...]  # names of those that these data are for
    observer: Observer
    fits: dict[str, tuple[Arrays, list[Arrays]]] = field(default_factory=dict)

    def folded(self, floor: str) -> tuple[Arrays, list[Arrays]]:
        """The floor fitted on the training part, and without each time block; computed once."""
        if floor not in self.fits:
            given = (self.windows, self.parts.train, self.config, self.panel.step)
            self.fits[floor] = folded(floor_named(floor), *given)
        return self.fits[floor]

    def cross_fitted(self, floor: str, kept: I64 | None = None) -> F32:
        """(N, H, T) on the training part, by fits that did not see the window; NaN where the floor has nothing."""
        return cross_fitted(floor_named(floor), self.folded(floor)[1], self.windows, self.parts.train, kept)


@dataclass(frozen=True)
class Run:
    """How the networks are to be trained, and from where."""

    shop: Workshop
    key: dict[str, Any]
    resumed: Unfinished | None
    warm_start: Model | Unfinished | None
    deadline: float  # of time.monotonic

    def __post_init__(self) -> None:
        """Refuse a network too large to be kept, and another run or model, before anything is computed."""
        refuse_giant(self.shop.config, widths_of(self.shop.windows))
        from_itself = isinstance(self.warm_start, Unfinished)
        if self.resumed and (other := differences(self.resumed, self.key, from_itself)):
            raise Mismatch(f"the unfinished run is another one: {'; '.join(other)}", "--fresh starts anew")
        there, here = len(weights_of(self.warm_start)), self.shop.config.num_networks
        if isinstance(self.warm_start, Model) and there != here:
            raise Mismatch(f"the model to start from holds {there} networks, expected {here}", "leave --from out")
        if isinstance(self.warm_start, Unfinished):
            require_same_rows(self.warm_start, self.key)
        for number, (weights, _) in enumerate(self.resumed.done if self.resumed else ()):
            require_shapes(weights, of_network(self.shop.config, number), widths_of(self.shop.windows))

    def anchor(self, best: str) -> str | None:
        """The floor that the networks correct: the best, or the one that the networks started from know; or none."""
        if self.shop.config.floor == "none":
            return None
        if self.shop.config.floor == "auto" and isinstance(self.warm_start, Model):
            known = self.warm_start.members.networks[0].anchor
            return known if known in (None, *self.shop.floors) else best  # these data may be of another kind
        return best

    def anchors(self, best: str) -> list[str | None]:
        """What each network corrects."""
        config = self.shop.config
        free = [of_network(config, number).floor == "none" for number in range(config.num_networks)]
        return [None if alone else self.anchor(best) for alone in free]

    def networks(self, lessons: Sequence[tuple[Lesson, Lesson]]) -> list[tuple[Arrays, int]]:
        """Weights and epochs of each network, from what it is to learn from and to be checked on."""
        done = list(self.resumed.done) if self.resumed else []
        for number in range(len(done), self.shop.config.num_networks):
            going_on = self.resumed.progress if self.resumed and number == len(self.resumed.done) else None
            several = f", {number + 1} of {self.shop.config.num_networks}" if self.shop.config.num_networks > 1 else ""
            self.shop.observer.stage(f"training the {self.shop.config.cell}{several}")
            warm = dict(enumerate(weights_of(self.warm_start))).get(number)
            done.append(learn(self.course(number, *lessons[number], tuple(done)), warm, going_on))
        return done

    def course(self, number: int, lesson: Lesson, check: Lesson, done: tuple[tuple[Arrays, int], ...]) -> Course:
        """The course of one network: the time that is left is shared with those to come."""
        shop, count = self.shop, self.shop.config.num_networks
        now = time.monotonic()

        def at_epoch(progress: Progress) -> None:
            shop.observer.unfinished(Unfinished(self.key, done, progress))

        return Course(
            config=of_network(shop.config, number),
            widths=widths_of(shop.windows),
            lesson=lesson,
            check=check,
            observer=shop.observer,
            number=number,
            deadline=now + (self.deadline - now) / (count - number),
            at_epoch=at_epoch,
        )


def require_same_rows(run: Unfinished, key: dict[str, Any]) -> None:
    """Refuse to start from a run of other columns or rows: what it has seen might be scored as unseen."""
    if run.key.get("columns") != key["columns"]:
        raise Mismatch("the run to start from has other columns, units or another step", "leave --from out")
    parts = [(k["data"], k["settings"].get("validation"), k["settings"].get("test")) for k in (run.key, key)]
    if parts[0] != parts[1]:
        raise Mismatch("the run to start from was on other data or another test part", "leave --from out")


def require_shapes(weights: Arrays, config: RunConfig, widths: Widths) -> None:
    """Refuse a finished network of an unfinished run that is not one of these settings."""
    there = {name: value.shape for name, value in weights.items()}
    if there != shapes_of(config, widths) or any(value.dtype.name != "float32" for value in weights.values()):
        raise ModelUnusable("the unfinished run is damaged: a finished network is another one", "--fresh")


def refuse_giant(config: RunConfig, widths: Widths) -> None:
    """Raise UsageError where the model or its unfinished run would be more than a file may hold."""
    shapes, copies = shapes_of(config, widths).values(), KEPT + config.num_networks * (1 + config.final_fit)
    count = sum(prod(shape) for shape in shapes)
    if 4 * count * copies > LARGEST:
        raise UsageError(
            f"the network would have {count:,} parameters; at most {LARGEST // copies // 4:,} can be kept",
            "smaller --hidden-size, --num-layers or --lookback",
        )
    if len(shapes) * copies > MOST_TENSORS:
        raise UsageError(
            f"{config.num_networks} networks of {len(shapes)} arrays each are more than a file can list",
            "smaller --num-networks or --num-layers",
        )


def weights_of(start: Model | Unfinished | None) -> tuple[Arrays, ...]:
    """The weights of each network to start from."""
    if start is None:
        return ()
    return tuple(n.fitted for n in start.members.networks) if isinstance(start, Model) else start.last_good


def key_of(
    config: RunConfig, fingerprint: str, columns: list[str], warm_start: Model | Unfinished | None = None
) -> dict[str, Any]:
    """What must be the same for a run to go on; how long it may take may differ."""
    start = digest(weights_of(warm_start)) if warm_start else None
    return {
        "settings": deciding(config), "columns": columns, "data": fingerprint, "from": start, "rnnforecast": __version__
    }  # fmt: skip


def digest(networks: tuple[Arrays, ...]) -> str:
    found = sha256()
    for weights in networks:
        for _, value in sorted(weights.items()):
            found.update(value.tobytes())
    return found.hexdigest()


def differences(run: Unfinished, key: dict[str, Any], from_itself: bool) -> list[str]:
    """Which settings differ, or that the columns, the data, the model to start from or the version do.

    from_itself: what it was to start from is an unfinished run, whose weights have moved on since.
    """
    there, here = run.key["settings"], key["settings"]
    settings = [f"{name} {there.get(name)}, now {here[name]}" for name in here if there.get(name) != here[name]]
    words = {"columns": "other columns", "data": "other data", "rnnforecast": "another version"}
    if not from_itself:
        words["from"] = "another model to start from"
    return settings + [word for name, word in words.items() if run.key.get(name) != key[name]]


def widths_of(windows: Windows) -> Widths:
    panel = windows.panel
    return Widths(
        len(panel.targets), len(panel.past), len(panel.future), 2 * len(windows.cycles), panel.static.shape[1],
        0 if windows.tide is None else len(panel.targets),
    )  # fmt: skip
