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
from rnnforecast.training.state import ARRAYS, Progress, Unfinished, is_run, pack, unpack
from tests.making import Array, bent, fitted
from tests.training.school import BENT, beginner, course, equal, fresh, told

SOURCE = "gauge.training.safetensors"
OF_ATTEMPT = ("epochs", "start", "best", "kept_at", "lowest", "moved_at")
SMALL = replace(BENT, dropout=0.2, num_layers=2, hidden_size=4, max_epochs=3)


def states_of(config: Any = SMALL) -> list[Progress]:
    states: list[Progress] = []
    learn(course(bent(120), config, at_epoch=states.append))
    return states


def unfinished() -> Unfinished:
    """The second of three networks after two epochs."""
    given = course(bent(120), SMALL)
    return Unfinished({"settings": {"seed": 0, "num_networks": 3}, "data": "x"}, ((fresh(given), 3),), states_of()[1])


def bits(progress: Progress) -> dict[str, Any]:
    """Everything in it, as bytes and JSON; the order of names is of no account."""
    out: dict[str, Any] = {}
    for f in fields(progress):
        value = getattr(progress, f.name)
        if f.name in ARRAYS:
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
    assert progress.kept_at <= progress.moved_at <= 2
    assert progress.schedule == {"peak": 0.02, "stalled": 2 - progress.moved_at}


def test_the_least_training_loss_and_the_last_epoch_that_got_anywhere_are_kept() -> None:
    states: list[Progress] = []
    given = course(bent(300), replace(BENT, max_epochs=8, patience=0), at_epoch=states.append)
    learn(given)
    losses = [epoch.train_loss for epoch in told(given)]
    assert [state.lowest for state in states] == [min(losses[: k + 1]) for k in range(8)]
    assert [state.kept_at for state in states] == [
        max([epoch.number for epoch in told(given)[: k + 1] if epoch.best], default=0) for k in range(8)
    ]
    assert all(state.kept_at <= state.moved_at <= state.epochs for state in states)


def test_before_the_first_update_the_optimiser_remembers_nothing() -> None:
    given = course(bent(120), SMALL)
    numbers = {"epochs": 0, "start": 1.0, "best": 1.0, "kept_at": 0, "lowest": 2.0, "moved_at": 0}
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
    numbers = {name: getattr(progress, name) for name in OF_ATTEMPT}
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
    document, tensors = packing.pack(fitted("tide"))
    assert not is_run(document)
    assert is_run(pack(unfinished())[0])
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: .*'progress'"):
        unpack(document, tensors, SOURCE)


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
        (without(document, "unfinished"), tensors),
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
    x = {"x": np.ones(2, np.float32)}
    weights = {**x, "first.x": np.zeros(1, np.float32)}
    odd = replace(run.progress, params=weights, first=x, second=x, steps={"x": np.ones((), np.float32)})
    many = tuple(({"w": np.full(1, k, np.float32)}, k) for k in range(12))
    key = {"settings": {"num_networks": 13}}
    back = unpack(*pack(replace(run, key=key, progress=odd, done=many)), SOURCE)
    assert bits(back.progress) == bits(odd)
    assert [(weights["w"].tolist(), epochs) for weights, epochs in back.done] == [([k], k) for k in range(12)]


def test_the_learner_it_makes_is_of_the_settings_it_is_given() -> None:
    learner = restored(states_of()[0], SMALL, np.random.default_rng(0))
    assert isinstance(learner, Learner)
    assert learner.config is SMALL


# What no run can have kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": -1}, {"epochs": 2.0}, {"epochs": True}, {"epochs": "2"}, {"epochs": 2**53}, {"kept_at": -1},
        {"kept_at": 3}, {"moved_at": -1}, {"moved_at": None}, {"updates": -1}, {"updates": 1.5}, {"best": "low"},
        {"start": None}, {"lowest": [1.0]}, {"best": True}, {"schedule": {"peak": "0.1"}}, {"schedule": {"peak": None}},
        {"schedule": 5}, {"drawing": "{}"}, {"drawing": "no JSON"}, {"drawing": 7}, {"drawing": "[]"},
        {"drawing": '{"bit_generator": "MT19937"}'},
    ],
    ids=str,
)  # fmt: skip
def test_numbers_that_no_run_can_have_kept_are_refused(wrong: dict[str, Any]) -> None:
    document, tensors = pack(unfinished())
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
        unpack({**document, "progress": {**document["progress"], **wrong}}, tensors, SOURCE)


@pytest.mark.parametrize("done", [[-1], [2.0], ["2"], [None], [True], [1, 2, 3]], ids=str)
def test_networks_that_no_run_can_have_finished_are_refused(done: list[Any]) -> None:
    """Of three, the one in the making is at most the third."""
    document, tensors = pack(unfinished())
    assert len(unpack({**document, "done": [1, 2]}, tensors, SOURCE).done) == 2
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
        unpack({**document, "done": done}, tensors, SOURCE)


@pytest.mark.parametrize("key", [{}, {"settings": 5}, {"settings": {}}, {"settings": {"num_networks": "3"}}, [], None])
def test_a_key_that_no_run_can_have_kept_is_refused(key: Any) -> None:
    document, tensors = pack(unfinished())
    with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
        unpack({**document, "unfinished": key}, tensors, SOURCE)


def test_moments_that_no_optimiser_can_have_kept_are_refused() -> None:
    document, tensors = pack(unfinished())
    count = tensors["steps.skip.bias"]
    wrong: list[dict[str, Array]] = [
        without(tensors, "first.skip.bias"), without(tensors, "second.skip.bias"), without(tensors, "steps.skip.bias"),
        without(tensors, "params.skip.bias"),  # moments of a weight that is not there
        {**tensors, "steps.skip.bias": count.astype(np.float64)}, {**tensors, "steps.skip.bias": -count},
        {**tensors, "steps.skip.bias": count[None]}, {**tensors, "dropping": tensors["dropping"].astype(np.int64)},
    ]  # fmt: skip
    for there in wrong:
        with pytest.raises(ModelUnusable, match=f"^{SOURCE}: damaged: "):
            unpack(document, there, SOURCE)


def test_a_learner_is_restored_from_arrays_that_may_only_be_read() -> None:
    """As those of a file are; and what it learns does not reach them."""
    progress, given = states_of()[1], course(bent(120), SMALL)
    for name in ARRAYS:
        for value in getattr(progress, name).values():
            value.flags.writeable = False
    progress.dropping.flags.writeable = False
    before = bits(progress)
    drawing = np.random.default_rng(1)
    restored(progress, SMALL, drawing).epoch(given.lesson, drawing.permutation(60), Silent(), number=2)
    assert bits(progress) == before
