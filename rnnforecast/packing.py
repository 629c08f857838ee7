"""Packing: a Model to and from what a checkpoint holds, one JSON document and named tensors.

What grows with series, horizon or data is a tensor; the document is settings and names only. Unpacking trusts nothing:
settings pass the same checks as flags, names must be in our folders, and every tensor's shape must be the one that the
settings call for before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from math import isfinite
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from rnnforecast.config import RunConfig, listed, of_network, settings_of
from rnnforecast.data import constituents
from rnnforecast.data.coding import Coding
from rnnforecast.data.columns import Layout
from rnnforecast.data.features import NEEDED
from rnnforecast.data.findings import Finding
from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import Panel
from rnnforecast.data.scaling import Scale, over_series
from rnnforecast.data.tides import Tides
from rnnforecast.data.widths import Widths
from rnnforecast.data.zones import canonical
from rnnforecast.errors import ForecastError, Mismatch, ModelUnusable
from rnnforecast.floors import floor_named
from rnnforecast.members import Fitted, Members, Network
from rnnforecast.model import Model, Record
from rnnforecast.network import forecaster
from rnnforecast.network.arrays import under
from rnnforecast.scores.scores import Scores
from rnnforecast.scores.waters import TURN_ERRORS

Tensors = Mapping[str, npt.NDArray[Any]]
T = TypeVar("T")

MOST_FINDINGS = 50  # kept in the document, which must not grow with the data
PANEL_NAMES = ("targets", "past", "future", "static_names")
PANEL_ARRAYS = ("values", "base", "offsets", "start", "cutoff", "static")
TEXTS = "tuple[str, ...]"  # as a field declares it
SCORE_ARRAYS = ("mae", "rmse", "bias", "coverage", "share", "turns")


def pack(model: Model) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """(document, tensors) of a model."""
    document = {
        "config": asdict(model.config),
        "layout": asdict(model.layout),
        "step": asdict(model.step),
        "panel": {name: list(getattr(model.context, name)) for name in PANEL_NAMES},
        "cycles": list(model.cycles),
        "constituents": list(model.tides.names),
        "never_negative": list(model.never_negative),
        "floors": [f.name for f in model.members.floors],
        "networks": [{"anchor": n.anchor, "final": n.final is not n.fitted} for n in model.members.networks],
        "ranking": list(model.ranking),
        "fingerprint": model.record.fingerprint,
        "findings": [asdict(f) for f in model.record.findings[:MOST_FINDINGS]],
        "scores": None if model.scores is None else packed_scores(model.scores),
        "about": model.about,
    }
    return document, dict(tensors_of(model))


def packed_scores(scores: Scores) -> dict[str, Any]:
    return {f.name: getattr(scores, f.name) for f in fields(scores) if f.name not in SCORE_ARRAYS}


def tensors_of(model: Model) -> dict[str, npt.NDArray[Any]]:
    """Every array of a model by its name in the file. Those that may hold NaN stand under `context.` and `errors.`."""
    tensors: dict[str, npt.NDArray[Any]] = {
        "ids": text_bytes(model.record.ids),
        "context.ids": text_bytes(model.context.ids),
        "scale.loc": model.scale.loc,
        "scale.spread": model.scale.spread,
        "tides": model.tides.parts,
        "fastest_rises": model.fastest_rises,
        "weights": model.weights,
        "smallest_spread": model.smallest_spread,
        "stand_in": model.stand_in,
        "errors.trajectories": model.errors.astype(np.float32),
        "record.validation_end": model.record.validation_end,
        "record.data_end": model.record.data_end,
    }
    tensors |= {f"context.{name}": getattr(model.context, name) for name in PANEL_ARRAYS}
    for f in model.members.floors:
        tensors |= {f"floors.{f.name}.fitted.{key}": value for key, value in f.fitted.items()}
        tensors |= {f"floors.{f.name}.final.{key}": value for key, value in f.final.items()}
    for k, network in enumerate(model.members.networks):
        tensors |= {f"networks.{k}.fitted.{key}": value for key, value in network.fitted.items()}
        if network.final is not network.fitted:
            tensors |= {f"networks.{k}.final.{key}": value for key, value in network.final.items()}
    if model.scores is not None:
        tensors |= {f"errors.scores.{name}": getattr(model.scores, name) for name in SCORE_ARRAYS}
    return tensors


def text_bytes(texts: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Texts as one array of UTF-8 bytes, each ended by a NUL."""
    return np.frombuffer("".join(text + "\0" for text in texts).encode("utf-8", "surrogateescape"), np.uint8)


def texts_in(tensors: Tensors, name: str) -> tuple[str, ...]:
    array = sized(tensors, name, "u1", -1)
    require(array[-1:].tolist() == [0], f"tensor {name}")
    return tuple(array.tobytes().decode("utf-8", "surrogateescape").split("\0")[:-1])


def unpack(document: Mapping[str, Any], tensors: Tensors, source: str) -> Model:
    """The model. Raises ModelUnusable, naming `source`, where anything is missing, unknown or of the wrong size."""
    try:
        return unpacked(document, tensors)
    except Mismatch:
        raise  # a cell of the user's own that was not named: nothing is damaged
    except ForecastError as error:
        raise ModelUnusable(f"{source}: damaged: {error.message}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise ModelUnusable(f"{source}: damaged: the parts of the model do not fit together ({error})") from error


def unpacked(document: Mapping[str, Any], tensors: Tensors) -> Model:
    config = settings_of(RunConfig, document["config"])
    step = rebuilt(Step, document["step"])
    require(step.unit in ("second", "month", "row") and 0 < step.count < 2**40 and 1 <= step.day <= 31, "step")
    context = unpacked_panel(document["panel"], tensors, step)
    cycles = tuple(document["cycles"])
    require(all(type(cycle) is int and cycle in NEEDED for cycle in cycles), "cycles")
    ids = texts_in(tensors, "ids")
    known = unpacked_tides(document["constituents"], tensors, len(ids), len(context.targets))
    widths = Widths(
        len(context.targets), len(context.past), len(context.future), 2 * len(cycles), context.static.shape[1],
        bool(known.names) * len(context.targets),
    )  # fmt: skip
    members = unpacked_members(document, tensors, config, widths)
    H, M = config.horizon, len(members.names)
    columns = len(context.columns)
    for name, kind in (("fingerprint", str), ("findings", list), ("about", dict)):
        require(isinstance(document[name], kind), name)
    model = Model(
        config=config,
        layout=unpacked_layout(document["layout"]),
        members=members,
        cycles=cycles,
        scale=Scale(
            loc=sized(tensors, "scale.loc", "f8", len(ids), columns),
            spread=sized(tensors, "scale.spread", "f8", len(ids), columns),
            static=over_series(context.static),
        ),
        tides=known,
        fastest_rises=sized(tensors, "fastest_rises", "f8", len(ids), widths.T),
        never_negative=tuple(document["never_negative"]),
        ranking=tuple(document["ranking"]),
        weights=sized(tensors, "weights", "f8", M, H, widths.T),
        errors=sized(tensors, "errors.trajectories", "f4", -1, H, widths.T).astype(np.float64),
        smallest_spread=sized(tensors, "smallest_spread", "f8", H, widths.T),
        stand_in=sized(tensors, "stand_in", "f8", len(members.floors), H, widths.T),
        context=context,
        record=Record(
            ids=ids,
            validation_end=sized(tensors, "record.validation_end", "i8", len(ids)),
            data_end=sized(tensors, "record.data_end", "i8", len(ids)),
            fingerprint=document["fingerprint"],
            findings=tuple(rebuilt(Finding, f) for f in document["findings"]),
        ),
        scores=None if document["scores"] is None else unpacked_scores(document["scores"], tensors, H, widths.T),
        about=dict(document["about"]),
    )
    bounded = model.never_negative
    require(len(bounded) == widths.T and all(isinstance(flag, bool) for flag in bounded), "never_negative")
    require(sorted(model.ranking) == sorted(f.name for f in members.floors), "ranking")
    require(bool((model.scale.spread > 0).all()), "scale")
    layout = model.layout
    used = (layout.target, *(layout.panel_columns(role) for role in ("past", "future", "static")))
    require(used == (context.targets, context.past, context.future, context.static_names), "layout")
    rows = layout.stamp == "integer"
    require(len(layout.units) == widths.T and rows == (step.unit == "row"), "layout")
    require(len(layout.covariate_units) == len(layout.covariates), "layout")
    return replace(model, context=replace(context, zone=layout.zone))


def unpacked_tides(names: list[str], tensors: Tensors, series: int, targets: int) -> Tides:
    """Constituents that our table holds."""
    require(fits(names, TEXTS) and set(names) <= set(constituents.table().names), "constituents")
    return Tides(tuple(names), sized(tensors, "tides", "f8", series, targets, len(names), 2))


def unpacked_layout(values: Mapping[str, Any]) -> Layout:
    """The layout; codings are dataclasses of their own, and a zone must be one that this machine knows."""
    codings = tuple(rebuilt(Coding, coding) for coding in values["codings"])
    require(all(c.kind in ("category", "direction") and c.circle > 0 for c in codings), "codings")
    layout = replace(rebuilt(Layout, {**values, "codings": ()}), codings=codings)
    require(not layout.zone or canonical(layout.zone) == layout.zone, "zone")
    return layout


def unpacked_panel(names: Mapping[str, Any], tensors: Tensors, step: Step) -> Panel:
    """The context rows; the offsets are checked to lie in order within the values."""
    ids = texts_in(tensors, "context.ids")
    require(all(fits(names[name], TEXTS) for name in PANEL_NAMES), "panel")
    targets, past, future, static_names = (tuple(names[name]) for name in PANEL_NAMES)
    columns = len(targets) + len(past) + len(future)
    panel = Panel(
        ids=ids,
        targets=targets,
        past=past,
        future=future,
        values=sized(tensors, "context.values", "f4", -1, columns),
        base=sized(tensors, "context.base", "f8", len(ids), columns),
        offsets=sized(tensors, "context.offsets", "i8", len(ids) + 1),
        start=sized(tensors, "context.start", "i8", len(ids)),
        cutoff=sized(tensors, "context.cutoff", "i8", len(ids)),
        static=sized(tensors, "context.static", "f4", len(ids), len(static_names)),
        static_names=static_names,
        step=step,
    )
    ordered = panel.offsets[0] == 0 and panel.offsets[-1] == len(panel.values) and (np.diff(panel.offsets) > 0).all()
    inside = (panel.cutoff >= panel.offsets[:-1]).all() and (panel.cutoff < panel.offsets[1:]).all()
    require(bool(ids) and bool(targets) and bool(ordered and inside), "context")
    require(bool((np.abs(panel.start.astype(np.float64)) < 2.0**40).all()), "context")
    require(bool(np.isfinite(panel.base).all() and np.isfinite(panel.static).all()), "context")
    return panel


def unpacked_members(document: Mapping[str, Any], tensors: Tensors, config: RunConfig, widths: Widths) -> Members:
    """Floors that our folder holds, and the network in exactly the shapes that the settings call for."""
    floors = []
    for name in document["floors"]:
        require(name in listed("floors"), f"floor {name!r}")
        fits = [under(tensors, f"floors.{name}.{fit}") for fit in ("fitted", "final")]
        require(all(floor_named(name).valid(params, config, widths) for params in fits), f"floor {name}")
        floors.append(Fitted(name, *fits))
    require(bool(floors), "floors")
    require(len(document["networks"]) in (0, config.num_networks), "networks")
    told = enumerate(document["networks"])
    networks = (unpacked_network(n, f"networks.{k}", tensors, of_network(config, k), widths) for k, n in told)
    members = Members(config, tuple(floors), tuple(networks))
    require(all(n.anchor in (None, *document["floors"]) for n in members.networks), "anchor")
    return members


def unpacked_network(
    told: Mapping[str, Any], prefix: str, tensors: Tensors, config: RunConfig, widths: Widths
) -> Network:
    require(isinstance(told["final"], bool), "networks")
    fitted = checked_network(under(tensors, f"{prefix}.fitted"), config, widths)
    final = checked_network(under(tensors, f"{prefix}.final"), config, widths) if told["final"] else fitted
    return Network(fitted, final, told["anchor"])


class Phantom:
    """Stands in for a random array while shapes are worked out: it has a shape and takes no memory."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    @staticmethod
    def uniform(low: float = 0.0, high: float = 1.0, size: Any = ()) -> Phantom:  # noqa: ARG004
        return Phantom(size if isinstance(size, tuple) else (size,))

    def astype(self, *dtype: Any, **how: Any) -> Phantom:  # noqa: ARG002
        return self

    def scaled(self, by: Any = None) -> Phantom:  # noqa: ARG002
        return self

    __mul__ = __rmul__ = __truediv__ = __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = scaled

    def __setitem__(self, part: Any, value: float) -> None:
        pass


def shapes_of(config: RunConfig, widths: Widths) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter of a network, without making one."""
    return {name: phantom.shape for name, phantom in forecaster.init(config, widths, Phantom).items()}


def checked_network(
    params: dict[str, npt.NDArray[Any]], config: RunConfig, widths: Widths
) -> dict[str, npt.NDArray[Any]]:
    expected = shapes_of(config, widths)
    found = {name: value.shape for name, value in params.items()}
    require(found == expected and all(v.dtype == np.float32 for v in params.values()), "network weights")
    return params


def unpacked_scores(told: Mapping[str, Any], tensors: Tensors, horizon: int, targets: int) -> Scores:
    rules = len(told["rules"])
    require(len(told["labels"]) == rules, "scores")
    shapes = {
        **dict.fromkeys(SCORE_ARRAYS, (horizon, targets)),
        **dict.fromkeys(("mae", "rmse", "bias"), (rules, horizon, targets)),
        "turns": (targets, 2, len(TURN_ERRORS)),
    }
    arrays = {name: sized(tensors, f"errors.scores.{name}", "f8", *shape) for name, shape in shapes.items()}
    return rebuilt(Scores, {**told, **arrays})


def sized(tensors: Tensors, name: str, kind: str, *shape: int) -> npt.NDArray[Any]:
    """A tensor of exactly this kind and shape; -1 lets a dimension be."""
    value = tensors[name]
    fits = value.ndim == len(shape) and all(want in (-1, got) for want, got in zip(shape, value.shape, strict=True))
    require(fits and value.dtype == np.dtype(kind), f"tensor {name} is {value.dtype.name} {value.shape}")
    return value


def require(good: bool, what: str) -> None:
    if not good:
        raise ModelUnusable(f"{what}: not what the settings call for")


def rebuilt(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from exactly its fields; lists become tuples, and plain types are checked."""
    declared = {f.name: str(f.type) for f in fields(cast(Any, kind))}
    require(declared.keys() == values.keys(), kind.__name__)
    for name, type_name in declared.items():
        require(fits(values[name], type_name), f"{kind.__name__} {name}")
    return kind(**{name: as_tuples(value) for name, value in values.items()})


def fits(value: Any, declared: str) -> bool:
    """Whether a value from JSON is of the type that a field declares: `str | None`, `tuple[str, ...]` and the like."""
    if declared.endswith(" | None"):
        return value is None or fits(value, declared.removesuffix(" | None"))
    if declared == TEXTS:
        return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    if declared == "tuple[tuple[str, str], ...]":
        return isinstance(value, (list, tuple)) and all(fits(pair, TEXTS) and len(pair) == 2 for pair in value)
    if declared == "tuple[tuple[float, float], ...]":
        return isinstance(value, (list, tuple)) and all(len(pair) == 2 and all(map(is_real, pair)) for pair in value)
    plain = {"str": str, "int": int, "bool": bool, "float": float}.get(declared)
    return plain is None or (isinstance(value, plain) and (plain is bool or not isinstance(value, bool)))


def is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def as_tuples(value: Any) -> Any:
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value
