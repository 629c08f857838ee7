"""The state of an unfinished run: all of it comes back bit for bit, and nothing that was told is changed later."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnforecast import checkpoint, packing
from rnnforecast.errors import ModelUnusable
from rnnforecast.training.learn import learn
from rnnforecast.training.learner import Learner, restored, taken
from rnnforecast.training.observer import Silent
from rnnforecast.training.state import ARRAYS, Progress, Unfinished, pack, unpack
from tests.making import Array, bent, fitted
from tests.training.school import BENT, beginner, course, equal, fresh

SOURCE = "gauge.training.safetensors"
SMALL = replace(BENT, dropout=0.2, num_layers=2, hidden_size=4, max_epochs=3)


def states_of(config: Any = SMALL) -> list[Progress]:
    states: list[Progress] = []
    learn(course(bent(120), config, at_epoch=states.append))
    return states


def unfinished() -> Unfinished:
    """The second of three networks after two epochs."""
    given = course(bent(120), SMALL)
    return Unfinished({"settings": {"seed": 0}, "data": "x"}, ((fresh(given), 3),), states_of()[1])


def bits(progress: Progress) -> dict[str, Any]:
    """Everything in it, as bytes and JSON; the order of names is of no account."""
    out: dict[str, Any] = {}
    for f in fields(progress):
        value = getattr(progress, f.name)
        if isinstance(value, dict):
            out |= {f"{f.name}.{k}": (v.dtype.str, v.shape, v.tobytes()) for k, v in value.items()}
        else:
            out[f.name] = value.tobytes() if isinstance(value, np.ndarray) else value
    return out


def test_a_state_holds_all_that_it_names() -> None:
    progress = states_of()[1]
    assert progress.epochs == 2
    assert progress.updates == 2 * 3  # 75 windows by 32
    learned = set(progress.params) - {"unit"}
    assert set(progress.first) == set(progress.second) == set(progress.steps) == learned
    assert set(progress.averaged) == set(progress.kept) == set(progress.params)
    assert {float(value) for value in progress.steps.values()} == {6.0}
    assert progress.kept_at <= 2
    assert progress.best <= progress.start


def test_before_the_first_update_the_optimiser_remembers_nothing() -> None:
    given = course(bent(120), SMALL)
    numbers = {"epochs": 0, "start": 1.0, "best": 1.0, "kept_at": 0}
    progress = taken(beginner(given), np.random.default_rng(0), fresh(given), **numbers)
    assert (progress.first, progress.second, progress.steps) == ({}, {}, {})
    back = restored(progress, SMALL, np.random.default_rng(1))
    assert not back.optimiser.state


def test_what_was_told_is_not_changed_by_what_comes_after() -> None:
    told: list[tuple[Progress, dict[str, Any]]] = []
    learn(course(bent(120), SMALL, at_epoch=lambda progress: told.append((progress, bits(progress)))))
    for progress, then in told:
        assert bits(progress) == then
    assert len({bits(progress)["drawing"] for progress, _ in told}) == 3
    assert len({bits(progress)["dropping"] for progress, _ in told}) == 3


def test_a_learner_that_was_restored_is_in_the_very_same_state() -> None:
    progress = states_of()[1]
    drawing = np.random.default_rng(99)
    torch.manual_seed(99)
    learner = restored(progress, SMALL, drawing)
    numbers = {name: getattr(progress, name) for name in ("epochs", "start", "best", "kept_at")}
    assert bits(taken(learner, drawing, progress.kept, **numbers)) == bits(progress)


def test_two_learners_of_one_state_learn_on_alike() -> None:
    progress, given = states_of()[1], course(bent(120), SMALL)
    results = []
    for seed in (1, 2):
        drawing = np.random.default_rng(seed)
        torch.manual_seed(seed)
        learner = restored(progress, SMALL, drawing)
        learner.epoch(given.lesson, drawing.permutation(60), Silent(), number=2)
        results.append((learner.weights(), drawing.integers(1 << 40)))
    assert equal(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    assert not equal(results[0][0], progress.averaged)


def test_to_a_document_and_tensors_and_back() -> None:
    run = unfinished()
    document, tensors = pack(run)
    back = unpack(json.loads(json.dumps(document)), tensors, SOURCE)
    assert back.key == run.key
    assert bits(back.progress) == bits(run.progress)
    assert [epochs for _, epochs in back.done] == [3]
    assert equal(back.done[0][0], run.done[0][0])


def test_to_a_file_and_back(tmp_path: Path) -> None:
    run = unfinished()
    checkpoint.write(tmp_path / SOURCE, *pack(run))
    back = unpack(*checkpoint.read(tmp_path / SOURCE), SOURCE)
    assert back.key == run.key
    assert bits(back.progress) == bits(run.progress)
    assert equal(back.done[0][0], run.done[0][0])


def test_learning_on_from_a_file_takes_the_weights_in_their_old_order(tmp_path: Path) -> None:
    """A file sorts its tensors; a sum of gradients over the weights would round in another way."""
    run = unfinished()
    checkpoint.write(tmp_path / SOURCE, *pack(run))
    back = unpack(*checkpoint.read(tmp_path / SOURCE), SOURCE)
    given = replace(course(bent(120), SMALL), config=replace(SMALL, clip=1e-2, max_epochs=12))
    one, other = (learn(given, resumed=progress)[0] for progress in (run.progress, back.progress))
    assert equal(one, other)


def test_the_last_good_weights_are_those_of_the_finished_networks_and_the_best_so_far() -> None:
    run = unfinished()
    assert len(run.last_good) == 2
    assert run.last_good[0] is run.done[0][0]
    assert run.last_good[1] is run.progress.kept


def test_a_model_is_no_unfinished_run() -> None:
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: not an unfinished run$") as caught:
        unpack(*packing.pack(fitted("tide")), SOURCE)
    assert caught.value.hint == "--fresh"


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


@pytest.mark.parametrize("name", [f.name for f in fields(Progress) if f.name not in (*ARRAYS, "dropping")])
def test_a_number_too_few_is_refused(name: str) -> None:
    document, tensors = pack(unfinished())
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
        unpack({**document, "progress": without(document["progress"], name)}, tensors, SOURCE)


def test_parts_that_do_not_fit_together_are_refused() -> None:
    document, tensors = pack(unfinished())
    wrong: list[tuple[dict[str, Any], dict[str, Array]]] = [
        (without(document, "progress"), tensors),
        (without(document, "done"), tensors),
        ({**document, "progress": {**document["progress"], "more": 1}}, tensors),
        ({**document, "progress": [1]}, tensors),
        ({**document, "done": 5}, tensors),
        (document, without(tensors, "dropping")),
    ]
    for parts in wrong:
        with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
            unpack(*parts, SOURCE)


def test_names_within_names_are_told_apart() -> None:
    """`first.x` is a moment and `params.first.x` a weight; a file of twelve networks has done.1 and done.11."""
    run = unfinished()
    odd = replace(run.progress, params={"first.x": np.zeros(1, np.float32)}, first={"x": np.ones(2, np.float32)})
    many = tuple(({"w": np.full(1, k, np.float32)}, k) for k in range(12))
    back = unpack(*pack(replace(run, progress=odd, done=many)), SOURCE)
    assert bits(back.progress) == bits(odd)
    assert [(weights["w"].tolist(), epochs) for weights, epochs in back.done] == [([k], k) for k in range(12)]


def test_the_learner_it_makes_is_of_the_settings_it_is_given() -> None:
    learner = restored(states_of()[0], SMALL, np.random.default_rng(0))
    assert isinstance(learner, Learner)
    assert learner.config is SMALL
