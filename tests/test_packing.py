"""A model and its document and tensors: bit-equal there and back, and whatever else they hold is refused in a line."""

from __future__ import annotations

import copy
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnforecast import checkpoint
from rnnforecast.errors import ForecastError, ModelUnusable
from rnnforecast.evaluation.backtest import scored
from rnnforecast.model import Model
from rnnforecast.packing import pack, unpack
from rnnforecast.report.rows import as_csv, forecast_rows
from rnnforecast.training.fit import fit
from tests import making
from tests.making import Array, fitted, layout_of, panel_named

Document = dict[str, Any]
SOURCE = "gauge.safetensors"


@cache
def packed() -> tuple[str, dict[str, Array]]:
    """A scored model with every kind of column, a network and a final fit: its document as JSON, and its tensors."""
    panel = panel_named("rich")
    model = fit(panel, layout_of(panel), making.settings(final_fit=True))
    document, tensors = pack(scored(model, panel))
    return json.dumps(document), tensors


def parts() -> tuple[Document, dict[str, Array]]:
    document, tensors = packed()
    return json.loads(document), dict(tensors)


def refused(document: Document, tensors: dict[str, Array]) -> str:
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: ") as caught:
        unpack(document, tensors, SOURCE)
    assert "\n" not in caught.value.message
    return caught.value.message


def harmless(document: Document, tensors: dict[str, Array]) -> None:
    """Refused, or a model that forecasts, is labelled and is packed again: never another exception."""
    try:
        model = unpack(document, tensors, SOURCE)
        rows = forecast_rows(model.forecast(model.context, model.context.cutoff), model.context, model.layout)
        as_csv(rows)
        model.members.labels(model.step)
        pack(model)
    except ForecastError:
        pass


@pytest.mark.parametrize("kind", ["everything", "rich", "tide", "three", "floors"])
def test_a_model_comes_back_and_forecasts_the_same_to_the_last_bit(kind: str, tmp_path: Path) -> None:
    models: dict[str, Callable[[], Model]] = {
        "everything": lambda: unpack(*parts(), SOURCE),
        "rich": lambda: fitted("rich", max_epochs=2),
        "tide": lambda: fitted("tide"),
        "three": lambda: fitted("tide", num_networks=3),
        "floors": lambda: fitted("tide", max_epochs=0),
    }
    model = models[kind]()
    panel = panel_named("rich" if kind in ("everything", "rich") else "tide")
    document, tensors = pack(model)
    checkpoint.write(tmp_path / SOURCE, document, tensors)
    for back in (
        unpack(json.loads(json.dumps(document)), tensors, SOURCE),
        unpack(*checkpoint.read(tmp_path / SOURCE), SOURCE),
    ):
        for final in (True, False):
            one, other = (m.forecast(panel, panel.cutoff, final) for m in (model, back))
            np.testing.assert_array_equal(one.yhat, other.yhat)
            np.testing.assert_array_equal(one.quantiles, other.quantiles)
            assert one.source == other.source
        again, same = pack(back)
        assert json.dumps(again, sort_keys=True) == json.dumps(document, sort_keys=True)
        assert tensors.keys() == same.keys()
        assert all(value.tobytes() == same[name].tobytes() for name, value in tensors.items())
        assert (back.config, back.layout, back.step) == (model.config, model.layout, model.step)
        assert (back.ranking, back.cycles, back.record.ids) == (model.ranking, model.cycles, model.record.ids)


def test_what_grows_with_the_data_is_no_part_of_the_document() -> None:
    document, tensors = parts()
    assert len(json.dumps(document)) < 6000
    assert sum(value.nbytes for value in tensors.values()) > 10_000


def test_at_most_fifty_findings_are_kept() -> None:
    from rnnforecast.data.findings import Finding

    model = fitted("tide")
    many = replace(model.record, findings=tuple(Finding("gaps", "note", n, f"{n} rows") for n in range(80)))
    document, tensors = pack(replace(model, record=many))
    assert len(unpack(document, tensors, SOURCE).record.findings) == 50


def test_ids_of_any_letters_come_back() -> None:
    model = fitted("tide")
    names = ("Köln, Rhein\n", "", "\udcff", "NA", "a\tb")
    for name in names:
        record = replace(model.record, ids=(name,))
        renamed = replace(model, record=record, context=replace(model.context, ids=(name,)))
        assert unpack(*pack(renamed), SOURCE).record.ids == (name,)


# Tampered documents ---------------------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (None, 5, -1, 1.5, True, "x", "", [], [1], [[]], ["x"], {}, {"a": 1}, 10**30)
TOP = tuple(parts()[0])
LEGITIMATE = {  # what each key may be beside what it is
    "about": ({}, {"a": 1}), "findings": ([],), "fingerprint": ("x", ""), "scores": (None,),
    "constituents": ([],),
}  # fmt: skip


@pytest.mark.parametrize("key", TOP)
def test_a_key_that_is_gone_is_refused(key: str) -> None:
    document, tensors = parts()
    del document[key]
    refused(document, tensors)


@pytest.mark.parametrize("key", TOP)
def test_a_key_of_another_type_is_refused(key: str) -> None:
    for wrong in WRONG:
        document, tensors = parts()
        if wrong not in LEGITIMATE.get(key, ()):
            document[key] = copy.deepcopy(wrong)
            refused(document, tensors)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything within a document but its first level."""
    if path[1:]:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def at(document: Document, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def test_anything_within_may_be_wrong_without_harm() -> None:
    document, tensors = parts()
    whole = json.dumps(document)
    for path in places(document):
        for wrong in WRONG:
            changed = json.loads(whole)
            at(changed, path[:-1])[path[-1]] = copy.deepcopy(wrong)
            harmless(changed, tensors)
        changed = json.loads(whole)
        del at(changed, path[:-1])[path[-1]]
        harmless(changed, tensors)


@pytest.mark.parametrize("part", ["layout", "step", "panel", "networks", "scores"])
def test_a_part_with_a_field_too_few_or_of_another_type_is_refused(part: str) -> None:
    for name in fields_of(parts()[0], part):
        document, tensors = parts()
        del fields_of(document, part)[name]
        refused(document, tensors)
        document, tensors = parts()
        fields_of(document, part)[name] = {"a": 1}
        refused(document, tensors)


def fields_of(document: Document, part: str) -> Document:
    """One object of the document; of the networks, the first."""
    return document[part][0] if part == "networks" else document[part]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 4096), ("num_layers", 16), ("horizon", 100_000), ("lookback", 100_000), ("horizon", 5),
        ("lookback", 25), ("segment_length", 24), ("cell", "gru"), ("decoder", "recursive"), ("cell", "os"),
        ("decoder", "../../evil"), ("quantile_levels", [0.5]), ("horizon", 10**400), ("hidden_size", -4),
        ("horizon", float("nan")), ("learning_rate", "1"), ("no_such_setting", 1),
    ],
)  # fmt: skip
def test_settings_that_the_weights_do_not_fit_are_refused(name: str, value: object) -> None:
    document, tensors = parts()
    document["config"][name] = value
    refused(document, tensors)


def test_absurd_sizes_are_refused_at_once_and_without_their_memory() -> None:
    document, tensors = parts()
    document["config"] |= {"hidden_size": 4096, "num_layers": 16, "horizon": 100_000, "lookback": 100_000}
    tracemalloc.start()
    started = time.monotonic()
    refused(document, tensors)
    took, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 2
    assert peak < 5e6


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("floors", ["ridge", "ridge", "ridge"]), ("floors", ["../model"]), ("floors", ["persistence", "ridge"]),
        ("ranking", ["ridge", "ridge", "seasonal"]), ("ranking", ["network", "ridge", "seasonal"]),
        ("never_negative", [False]), ("never_negative", [False, 0]), ("constituents", ["M2"]), ("constituents", ["X9"]),
        ("cycles", [86_400, 86_400]), ("cycles", [3600]), ("cycles", [86_400.5]), ("networks", []),
        ("networks", [{"anchor": "network", "final": True}]), ("networks", [{"anchor": "ridge", "final": "yes"}]),
        ("networks", [{"anchor": "ridge", "final": True}] * 2), ("networks", None),
        ("networks", [{"anchor": "ridge"}]), ("networks", [{"final": True}]), ("networks", ["ridge"]),
    ],
)  # fmt: skip
def test_names_that_are_not_ours_or_not_there_are_refused(key: str, value: object) -> None:
    refused({**parts()[0], key: value}, parts()[1])


def test_what_a_network_says_besides_is_no_harm() -> None:
    document, tensors = parts()
    document["networks"] = [{"anchor": "ridge", "final": False, "x": 1}]
    harmless(document, tensors)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_networks_of_another_number_than_the_settings_say_are_refused(count: int) -> None:
    document, tensors = pack(fitted("tide", num_networks=3))
    assert len(unpack(document, tensors, SOURCE).members.networks) == 3
    document = json.loads(json.dumps(document))
    refused({**document, "networks": [*document["networks"], *document["networks"]][:count]}, tensors)
    refused({**document, "config": document["config"] | {"num_networks": count}}, tensors)


def test_a_network_that_reads_less_is_not_taken_for_one_that_reads_all() -> None:
    """The second of three looks back half as far: its skip weights are half as many."""
    document, tensors = pack(fitted("tide", num_networks=3))
    swapped = {name.replace("networks.1.", "networks.x.").replace("networks.2.", "networks.1."): value
               for name, value in tensors.items()}  # fmt: skip
    swapped = {name.replace("networks.x.", "networks.2."): value for name, value in swapped.items()}
    refused(json.loads(json.dumps(document)), swapped)


# Tampered tensors -----------------------------------------------------------------------------------------------------

TENSORS = tuple(packed()[1])


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_that_is_gone_is_refused(name: str) -> None:
    document, tensors = parts()
    del tensors[name]
    refused(document, tensors)


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_of_another_shape_is_refused(name: str) -> None:
    document, tensors = parts()
    value = tensors[name]
    for other in (value[None], np.stack([value, value]), value.reshape(*value.shape, 1)):
        refused(document, {**tensors, name: other})
    if name != "errors.trajectories":  # of these there may be fewer
        for axis in (axis for axis in range(value.ndim) if value.shape[axis]):  # no tide has no constituents
            refused(document, {**tensors, name: np.take(value, range(value.shape[axis] - 1), axis)})
            refused(document, {**tensors, name: np.concatenate([value, value], axis)})


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_of_another_kind_is_refused(name: str) -> None:
    document, tensors = parts()
    for kind in ("f8", "f4", "i8", "u1"):
        if tensors[name].dtype != np.dtype(kind):
            with np.errstate(invalid="ignore"):
                refused(document, {**tensors, name: tensors[name].astype(kind)})


def test_a_tensor_that_nobody_asked_for_is_refused_or_left_alone() -> None:
    document, tensors = parts()
    for name in ("networks.0.fitted.more", "networks.0.final.more", "floors.ridge.final.more"):
        refused(document, {**tensors, name: np.zeros(3, np.float32)})
    harmless(document, {**tensors, "more": np.zeros(3)})


WHOLE = tuple(name for name in TENSORS if packed()[1][name].dtype == np.int64)


@given(st.sampled_from(WHOLE), st.data())
@settings(deadline=None, max_examples=150)
def test_whole_numbers_of_any_size_do_no_harm(name: str, data: st.DataObject) -> None:
    document, tensors = parts()
    value = tensors[name].copy()
    place = data.draw(st.integers(0, value.size - 1))
    extremes = st.sampled_from([-(2**63), 2**63 - 1, -1, 0])
    value.reshape(-1)[place] = data.draw(
        st.one_of(st.integers(-(2**63), 2**63 - 1), extremes, st.integers(-99, 999))
    )
    harmless(document, {**tensors, name: value})


@given(st.sampled_from(["ids", "context.ids"]), st.binary(max_size=40))
@settings(deadline=None, max_examples=50)
def test_names_of_any_bytes_do_no_harm(name: str, text: bytes) -> None:
    document, tensors = parts()
    harmless(document, {**tensors, name: np.frombuffer(text, np.uint8)})


@pytest.mark.parametrize("start", [-(2**63), 2**63 - 1, 2**40, -(2**40)])
def test_a_start_before_or_after_all_time_is_refused(start: int) -> None:
    document, tensors = parts()
    refused(document, {**tensors, "context.start": np.array([0, start, 0])})


def test_a_label_for_each_rule_or_none_is_read() -> None:
    document, tensors = parts()
    document["scores"]["labels"].pop()
    refused(document, tensors)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["context.base", "context.static"])
def test_context_that_is_no_number_where_it_must_be_one_is_refused(name: str, value: float) -> None:
    document, tensors = parts()
    refused(document, {**tensors, name: np.full_like(tensors[name], value)})


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_spread_of_nothing_is_refused(value: float) -> None:
    document, tensors = parts()
    refused(document, {**tensors, "scale.spread": np.full_like(tensors["scale.spread"], value)})
