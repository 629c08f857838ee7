"""A run that was stopped and taken up again ends as one that never was; other data, settings or models are refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rnnforecast import checkpoint, packing
from rnnforecast.config import of_network
from rnnforecast.data.panel import Panel
from rnnforecast.data.split import split
from rnnforecast.data.widths import Widths
from rnnforecast.errors import Interrupted, Mismatch, ModelUnusable, TrainingFailed, UsageError
from rnnforecast.evaluation.backtest import backtest, scored
from rnnforecast.model import Model
from rnnforecast.network import forecaster
from rnnforecast.training import fit as room
from rnnforecast.training import learner as workplace
from rnnforecast.training import run as track
from rnnforecast.training.fit import fit, workshop
from rnnforecast.training.learner import Learner, Tally
from rnnforecast.training.lesson import Lesson
from rnnforecast.training.observer import Silent
from rnnforecast.training.run import Run, differences, digest, key_of, refuse_giant, widths_of
from rnnforecast.training.state import Unfinished, pack, unpack
from tests import making
from tests.making import Array, bent, fitted, layout_of, panel_of, tide
from tests.training.school import Recorder, equal
from tests.training.test_learn import broken_after
from tests.training.test_state import bits

SOURCE = "gauge.training.safetensors"


@cache
def panel() -> Panel:
    return panel_of(bent(170), bent(120, 5))


@cache
def tides() -> Panel:
    return panel_of(tide(160), tide(130, 5))


def settings(**given: Any) -> Any:
    """A network that learns in every epoch, or nearly: else there would be nothing to go on with."""
    small = {"lookback": 4, "horizon": 2, "hidden_size": 3, "max_epochs": 4, "epoch_windows": 64, "batch_size": 16,
             "learning_rate": 0.02, "floor": "none"}  # fmt: skip
    return making.settings(**(small | given))


def fit_of(config: Any, observer: Silent | None = None, panel: Panel = panel(), **more: Any) -> Model:  # noqa: B008
    return fit(panel, layout_of(panel), config, observer=observer, **more)


def all_of(model: Model) -> bytes:
    """Every bit of it, as the file will hold it."""
    return checkpoint._encode(*packing.pack(model))


def through_values(state: Unfinished) -> Unfinished:
    document, tensors = pack(state)
    return unpack(json.loads(json.dumps(document)), tensors, SOURCE)


def through_a_file(state: Unfinished) -> Unfinished:
    with TemporaryDirectory() as folder:
        path = Path(folder) / SOURCE
        checkpoint.write(path, *pack(state))
        return unpack(*checkpoint.read(path), SOURCE)


def stopped(config: Any, after: int, **more: Any) -> list[Unfinished]:
    """The states that were told before a signal came at the given batch."""
    recorder = Recorder(15, after)
    with pytest.raises(Interrupted):
        fit_of(config, recorder, **more)
    return recorder.states


BATCHES = 4  # of an epoch
WAYS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru with dropout": {"cell": "gru", "dropout": 0.3, "num_layers": 2},
    "rnn with a tight clip": {"cell": "rnn", "activation": "relu", "clip": 0.01},
    "plateau that goes back": {
        "cell": "gru", "learning_rate": 0.05, "averaging": 0.5, "max_epochs": 10, "patience": 0, "seed": 3
    },
    "cosine with warm-up": {"cell": "gru", "schedule": "cosine", "warmup_epochs": 2},
    "no averaging": {"cell": "gru", "averaging": 0.0, "learning_rate": 0.005},
    "three networks": {"num_networks": 3, "max_epochs": 2, "dropout": 0.2, "num_layers": 2},
    "taught": {"decoder": "seq2seq", "teacher_forcing": 0.9, "attention": True},
    "both ways, cut, convolved": {"cell": "gru", "bidirectional": True, "bptt_steps": 2, "conv_kernel": 2},
    "one that corrects a floor and one that stands alone": {"num_networks": 2, "floor": "auto", "max_epochs": 3},
    "with a final fit": {"cell": "gru", "final_fit": True, "loss": "huber", "learning_rate": 0.005},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_was_stopped_within_an_epoch_ends_as_one_that_was_not(way: str) -> None:
    config = settings(**WAYS[way])
    recorder = Recorder(after=10**9)
    whole = fit_of(config, recorder)
    after = (10**9 - recorder.left) // 2 + 1
    if way == "plateau that goes back":  # within the epoch before the first return
        rates = [epoch.learning_rate for epoch in recorder.epochs]
        after = next(k for k in range(1, len(rates)) if rates[k] < rates[0]) * BATCHES - 2
    states = stopped(config, after)
    assert 0 < len(states) < len(recorder.states)
    for through in (through_values, through_a_file):
        later = Recorder(after=10**9)
        assert all_of(fit_of(config, later, resumed=through(states[-1]))) == all_of(whole)
        assert bits(later.states[-1].progress) == bits(recorder.states[-1].progress)
    if way == "plateau that goes back":
        assert recorder.epochs[-1].learning_rate < later.epochs[0].learning_rate  # after the stop, too
    assert all_of(whole) != all_of(fit_of(replace(config, seed=7)))


SHORT: dict[str, Any] = {
    "num_networks": 2, "max_epochs": 3, "cell": "gru", "dropout": 0.2, "num_layers": 2, "patience": 2
}  # fmt: skip


@cache
def short() -> tuple[Model, tuple[Unfinished, ...], tuple[tuple[int, int], ...]]:
    recorder = Recorder(after=10**9)
    model = fit_of(settings(**SHORT), recorder)
    return model, tuple(recorder.states), tuple((e.network, e.number) for e in recorder.epochs)


def test_a_run_goes_on_from_any_of_its_epochs_the_first_and_the_last_included() -> None:
    whole, states, told = short()
    assert [(len(state.done), state.progress.epochs) for state in states] == list(told)
    assert {number for number, _ in told} == {0, 1}
    for k, state in enumerate(states):
        recorder = Recorder(after=10**9)
        assert all_of(fit_of(settings(**SHORT), recorder, resumed=through_a_file(state))) == all_of(whole)
        assert tuple((e.network, e.number) for e in recorder.epochs) == told[k + 1 :]


def test_a_run_may_be_stopped_again_and_again() -> None:
    whole, states, _ = short()
    state, heard = None, 0
    for _ in range(len(states)):
        recorder = Recorder(15, after=BATCHES + 2)
        try:
            model = fit_of(settings(**SHORT), recorder, resumed=state)
            break
        except Interrupted:
            assert len(recorder.states) == 1
            state, heard = through_values(recorder.states[-1]), heard + 1
    assert heard > 1
    assert all_of(model) == all_of(whole)


@given(
    st.fixed_dictionaries({
        "cell": st.sampled_from(("lstm", "gru", "rnn")),
        "schedule": st.sampled_from(("plateau", "cosine")),
        "loss": st.sampled_from(("pinball", "mse")),
        "dropout": st.sampled_from((0.0, 0.4)),
        "averaging": st.sampled_from((0.0, 0.9)),
        "warmup_epochs": st.sampled_from((0, 2)),
        "patience": st.sampled_from((0, 1)),
        "clip": st.sampled_from((1e-3, 1.0)),
        "learning_rate": st.sampled_from((0.003, 0.3)),
        "seed": st.integers(0, 99),
    }),
    st.floats(0, 1, exclude_max=True),
)
@hypothesis_settings(deadline=None, max_examples=10, phases=(Phase.explicit, Phase.generate))  # too slow to shrink
def test_a_run_of_any_settings_goes_on_from_any_of_its_epochs(chosen: dict[str, Any], place: float) -> None:
    config, recorder = settings(num_layers=2, max_epochs=4, **chosen), Recorder(after=10**9)
    whole, later = fit_of(config, recorder), Recorder(after=10**9)
    state = recorder.states[math.floor(place * len(recorder.states))]
    assert all_of(fit_of(config, later, resumed=through_a_file(state))) == all_of(whole)
    ends = [bits(heard.states[-1].progress) for heard in (recorder, later) if heard.states]
    assert ends[0] == ends[-1]


# What must be the same ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hidden_size": 4}, "hidden_size 3, now 4"), ({"learning_rate": 0.01}, "learning_rate 0.02, now 0.01"),
        ({"seed": 1}, "seed 0, now 1"), ({"max_epochs": 9}, "max_epochs 3, now 9"),
        ({"quantile_levels": (0.2, 0.5, 0.8)}, "quantile_levels [0.1, 0.5, 0.9], now [0.2, 0.5, 0.8]"),
        ({"num_networks": 3, "patience": 5}, "num_networks 2, now 3; patience 2, now 5"),
        ({"final_fit": True}, "final_fit False, now True"),
    ],
)  # fmt: skip
def test_a_run_of_other_settings_is_refused_by_their_names(changes: dict[str, Any], named: str) -> None:
    recorder = Recorder(after=10**9)
    with pytest.raises(Mismatch, match=f"^the unfinished run is another one: {re.escape(named)}$") as caught:
        fit_of(settings(**(SHORT | changes)), recorder, resumed=through_a_file(short()[1][0]))
    assert "--fresh" in caught.value.hint
    assert recorder.stages == []  # before anything is computed


def test_a_run_of_other_data_is_refused() -> None:
    values = panel().values.copy()
    values[3] += 1e-3
    with pytest.raises(Mismatch, match="another one: other data"):
        fit_of(settings(**SHORT), panel=replace(panel(), values=values), resumed=short()[1][0])


def test_a_run_of_another_version_or_from_another_model_is_refused() -> None:
    config, state = settings(**SHORT), short()[1][0]
    with pytest.raises(Mismatch, match="another one: another model to start from"):
        fit_of(config, resumed=state, warm_start=short()[0])
    older = replace(state, key={**state.key, "rnnforecast": "0.0.1"})
    with pytest.raises(Mismatch, match="another one: another version"):
        fit_of(config, resumed=older)


def test_a_run_may_be_given_more_time() -> None:
    config = settings(**SHORT)
    for longer in (replace(config, max_time="1h"), config):
        model = fit_of(longer, resumed=short()[1][1])
        assert all_of(replace(model, config=config)) == all_of(short()[0])


def test_the_key_is_plain_values_and_tells_what_differs() -> None:
    config = settings()
    key = key_of(config, "abc", ["y", "m"])
    assert json.loads(json.dumps(key)) == key
    assert (key["columns"], key["data"], key["from"]) == (["y", "m"], "abc", None)
    assert "max_time" not in key["settings"]
    state = replace(short()[1][0], key=json.loads(json.dumps(key)))
    assert differences(state, key_of(replace(config, max_time="10m"), "abc", ["y", "m"]), from_itself=False) == []
    told = differences(state, key_of(replace(config, clip=2.0, loss="mse"), "abd", ["y", "ft"]), from_itself=False)
    assert told == ["loss pinball, now mse", "clip 1.0, now 2.0", "other columns", "other data"]
    from_another = key_of(config, "abc", ["y", "m"], short()[0])
    assert differences(state, from_another, from_itself=False) == ["another model to start from"]
    assert differences(state, from_another, from_itself=True) == []


def test_a_model_to_start_from_is_known_by_its_weights_in_whatever_order() -> None:
    networks = tuple(n.final for n in short()[0].members.networks)
    assert digest(networks) != digest(networks[:1])
    changed = {name: value.copy() for name, value in networks[0].items()}
    changed["skip.bias"][0] += 1
    assert digest((changed,)) != digest(networks[:1])
    assert digest((dict(reversed(networks[0].items())),)) == digest(networks[:1])


# Where training fails -------------------------------------------------------------------------------------------------


def test_a_run_that_diverges_fails_with_a_smaller_rate_and_leaves_its_last_good_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workplace, "loss_named", lambda name: broken_after(10))  # noqa: ARG005
    recorder = Recorder(after=10**9)
    with pytest.raises(TrainingFailed, match="diverged in epoch 3") as caught:
        fit_of(settings(cell="gru"), recorder)
    assert caught.value.exit_code == 12
    assert caught.value.hint == "--learning-rate 0.002"
    assert [state.progress.epochs for state in recorder.states] == [1, 2]
    (weights,) = recorder.states[-1].last_good
    assert weights
    assert all(np.isfinite(value).all() for value in weights.values())
    through_a_file(recorder.states[-1])  # which takes no number that is not finite


def test_a_second_network_that_diverges_leaves_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Learner.epoch

    def epoch(self: Learner, *given: Any) -> Tally:
        tally = whole(self, *given)
        return replace(tally, loss=self.a_number(math.nan if self.config.seed == 1 and given[3] == 1 else 0.0, 1))

    monkeypatch.setattr(Learner, "epoch", epoch)
    recorder = Recorder(after=10**9)
    with pytest.raises(TrainingFailed):
        fit_of(settings(**SHORT), recorder)
    assert len(recorder.states[-1].last_good) == 2
    assert all(np.isfinite(v).all() for weights in recorder.states[-1].last_good for v in weights.values())


# Time -----------------------------------------------------------------------------------------------------------------


def test_where_no_time_is_left_networks_stay_as_they_began_and_the_model_forecasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: -1e9))
    recorder = Recorder(after=10**9)
    model = fit_of(settings(max_time="1h", num_networks=2, max_epochs=10**6), recorder)
    assert model.about["epochs"] == [0, 0]
    assert recorder.epochs == []
    assert len(model.members.networks) == 2
    assert np.isfinite(model.forecast(panel(), panel().cutoff).quantiles).all()


def test_a_time_that_is_long_enough_changes_nothing_but_the_settings() -> None:
    config = settings(cell="gru", patience=1, max_epochs=30)
    plain, timed = Recorder(after=10**9), Recorder(after=10**9)
    one, other = fit_of(config, plain), fit_of(replace(config, max_time="1h"), timed)
    assert all_of(replace(other, config=config)) == all_of(one)
    assert [e.number for e in plain.epochs] == [e.number for e in timed.epochs]
    assert 2 < len(plain.epochs) < 30  # patience ended it


def run_of(config: Any, deadline: float = math.inf, **more: Any) -> Run:
    shop = workshop(panel(), config, Recorder(after=10**9))
    return Run(shop, key_of(config, "x", []), more.get("resumed"), more.get("warm_start"), deadline)


def lesson_of(run: Run) -> Lesson:
    return Lesson(run.shop.windows, run.shop.parts.train, None)


def test_the_time_that_is_left_is_shared_with_the_networks_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(settings(num_networks=3), deadline=130.0)
    lesson = lesson_of(run)
    deadlines = []
    for number, now in enumerate((100.0, 110.0, 129.0)):
        monkeypatch.setattr(track, "time", SimpleNamespace(monotonic=lambda now=now: now))
        deadlines.append(run.course(number, lesson, lesson, ()).deadline)
    assert deadlines == [110.0, 120.0, 130.0]
    monkeypatch.undo()
    assert run_of(settings()).course(0, lesson, lesson, ()).deadline == math.inf


def test_each_network_has_a_course_of_its_own() -> None:
    config = settings(num_networks=3)
    run = run_of(config)
    lesson = lesson_of(run)
    courses = [run.course(number, lesson, lesson, ()) for number in range(3)]
    assert [course.number for course in courses] == [0, 1, 2]
    assert [course.config for course in courses] == [of_network(config, k) for k in range(3)]
    assert courses[0].widths == widths_of(run.shop.windows)
    assert run.shop.observer.stages == []


@pytest.mark.parametrize(("networks", "words"), [(1, [""]), (3, [", 1 of 3", ", 2 of 3", ", 3 of 3"])])
def test_each_network_is_announced_before_it_is_trained(networks: int, words: list[str]) -> None:
    run = run_of(settings(num_networks=networks, max_epochs=1))
    run.networks([(lesson_of(run), lesson_of(run))] * networks)
    assert run.shop.observer.stages == [f"training the lstm{word}" for word in words]


def test_a_final_fit_announces_no_training() -> None:
    recorder = Recorder(after=10**9)
    fit_of(settings(num_networks=2, max_epochs=1, final_fit=True), recorder)
    trained = [text for text in recorder.stages if text.startswith("training")]
    assert trained == ["training the lstm, 1 of 2", "training the lstm, 2 of 2"]


# From another model ---------------------------------------------------------------------------------------------------


def test_training_goes_on_from_the_weights_of_another_model() -> None:
    config = settings(cell="gru", max_epochs=3)
    heard, again = Recorder(after=10**9), Recorder(after=10**9)
    first = fit_of(config, heard)
    slow = replace(config, max_epochs=1, learning_rate=1e-9)
    second = fit_of(slow, again, warm_start=first)
    assert again.epochs[0].start_loss == min(e.validation_loss for e in heard.epochs) < heard.epochs[0].start_loss
    for name, value in first.members.networks[0].fitted.items():
        np.testing.assert_allclose(second.members.networks[0].fitted[name], value, atol=1e-6, err_msg=name)
    origins = split(panel(), config).validation
    own = first.members.over(first.windows(panel()), origins)
    error = np.nanmean(np.abs(own.members[-1] - own.truth))
    assert again.epochs[0].start_loss == pytest.approx(error, rel=1e-5)


def test_it_is_never_the_final_weights_that_are_gone_on_from(tmp_path: Path) -> None:
    """They may have seen the test part."""
    config = settings(cell="gru", max_epochs=2, final_fit=True)
    first = fit_of(config)
    network = first.members.networks[0]
    assert not equal(network.final, network.fitted)
    checkpoint.write(tmp_path / SOURCE, *packing.pack(first))
    read = packing.unpack(*checkpoint.read(tmp_path / SOURCE), SOURCE)
    untrained = replace(config, learning_rate=1e-9, max_epochs=1, final_fit=False)
    for model in (first, read):
        second = fit_of(untrained, warm_start=model)
        for name, value in network.fitted.items():
            np.testing.assert_allclose(second.members.networks[0].fitted[name], value, atol=1e-6, err_msg=name)
    unlike = [np.abs(network.final[name] - value).max() for name, value in network.fitted.items()]
    assert max(unlike) > 1e-4  # the two can be told apart


def test_every_network_goes_on_from_its_own() -> None:
    given = {"num_networks": 3, "cell": "gru", "max_epochs": 2}
    first = fit_of(settings(**given))
    second = fit_of(settings(**given | {"learning_rate": 1e-9, "max_epochs": 1}), warm_start=first)
    shapes = [{name: value.shape for name, value in n.fitted.items()} for n in first.members.networks]
    assert shapes[0] == shapes[1] != shapes[2]
    for one, other in zip(first.members.networks, second.members.networks, strict=True):
        for name, value in one.fitted.items():
            np.testing.assert_allclose(other.fitted[name], value, atol=1e-6, err_msg=name)


def test_a_run_from_another_model_goes_on_from_its_states_too() -> None:
    config = settings(cell="gru", max_epochs=3)
    first, recorder = fit_of(config), Recorder(after=10**9)
    whole = fit_of(config, recorder, warm_start=first)
    for through in (through_values, through_a_file):
        again = fit_of(config, warm_start=first, resumed=through(recorder.states[0]))
        assert all_of(again) == all_of(whole)
    with pytest.raises(Mismatch, match="another one: another model to start from"):
        fit_of(config, warm_start=whole, resumed=recorder.states[0])


def test_a_run_from_a_model_goes_on_where_the_model_comes_from_a_file(tmp_path: Path) -> None:
    config = settings(cell="gru", max_epochs=3)
    first, recorder = fit_of(config), Recorder(after=10**9)
    whole = fit_of(config, recorder, warm_start=first)
    checkpoint.write(tmp_path / SOURCE, *packing.pack(first))
    read = packing.unpack(*checkpoint.read(tmp_path / SOURCE), SOURCE)
    assert all_of(fit_of(config, warm_start=read, resumed=recorder.states[0])) == all_of(whole)
    assert all_of(fit_of(config, warm_start=read)) == all_of(whole)


def test_a_model_of_other_shapes_is_refused_by_the_tensor_that_does_not_fit() -> None:
    first = fit_of(settings(cell="gru", max_epochs=1))
    with pytest.raises(Mismatch, match=r"decoder\.mix\.bias is float32 \(3,\), expected float32 \(4,\)") as caught:
        fit_of(settings(cell="gru", max_epochs=1, hidden_size=4), warm_start=first)
    assert "--from" in caught.value.hint
    with pytest.raises(Mismatch, match=r"skip\.weight is float32 \(2, 4\), expected float32 \(2, 7\)"):
        fit_of(settings(cell="gru", max_epochs=1, lookback=7), warm_start=first)


@pytest.mark.parametrize(("there", "here"), [(0, 1), (1, 2), (2, 1)])
def test_a_model_of_another_number_of_networks_is_refused(there: int, here: int) -> None:
    first = fit_of(settings(max_epochs=min(there, 1), num_networks=max(there, 1)))
    recorder = Recorder(after=10**9)
    with pytest.raises(Mismatch, match=f"holds {there} networks, expected {here}") as caught:
        fit_of(settings(num_networks=here), recorder, warm_start=first)
    assert "--from" in caught.value.hint
    assert recorder.stages == []


def test_networks_go_on_correcting_the_floor_that_they_know() -> None:
    """Even where another one is the best now; the ranking comes from validation all the same."""
    auto = settings(max_epochs=1, floor="auto")
    fresh = fit_of(auto, panel=tides())
    poor = fresh.ranking[-1]
    first = fit_of(replace(auto, floor=poor), panel=tides())
    second = fit_of(auto, panel=tides(), warm_start=first)
    assert second.members.networks[0].anchor == poor == first.ranking[0]
    assert second.ranking == fresh.ranking
    assert fresh.members.networks[0].anchor == fresh.ranking[0] != poor
    other = fit_of(replace(auto, floor="ridge"), panel=tides(), warm_start=first)
    assert other.members.networks[0].anchor == "ridge"  # who names one has his way


def test_networks_that_stood_alone_go_on_alone() -> None:
    first = fit_of(settings(max_epochs=1))
    second = fit_of(settings(max_epochs=1, floor="auto"), warm_start=first)
    assert second.members.networks[0].anchor is None


def test_the_anchor_of_a_run_is_the_one_known_or_else_the_best() -> None:
    """Where a floor is named it is the best: the ranking puts it first."""
    known, alone = fitted("tide", floor="persistence"), fitted("tide", floor="none")
    auto, named, none = settings(floor="auto"), settings(floor="ridge"), settings(floor="none")
    assert run_of(auto, warm_start=known).anchor("seasonal") == "persistence"
    assert run_of(auto, warm_start=alone).anchor("seasonal") is None
    assert run_of(named, warm_start=known).anchor("ridge") == "ridge"
    assert run_of(none, warm_start=known).anchor("seasonal") is None
    assert run_of(auto).anchor("seasonal") == "seasonal"
    assert run_of(none).anchor("seasonal") is None
    same = replace(short()[1][0], key=key_of(auto, "x", []))
    assert run_of(auto, warm_start=through_a_file(same)).anchor("seasonal") == "seasonal"


def test_a_run_on_other_rows_or_of_another_test_part_is_not_started_from() -> None:
    """What it has seen might be scored as unseen."""
    config = settings(**SHORT)
    state = short()[1][0]
    for key, told in (({**state.key, "data": "other"}, config), (state.key, replace(config, test="0.2"))):
        with pytest.raises(Mismatch, match="other data or another test part"):
            fit_of(told, warm_start=replace(state, key=key))


def test_a_finished_network_of_other_shapes_is_not_gone_on_with() -> None:
    state = next(s for s in short()[1] if s.done)
    alien = replace(state, done=(({"odd": np.zeros(1, np.float32)}, 1),))
    with pytest.raises(ModelUnusable, match="a finished network is another one"):
        fit_of(settings(**SHORT), resumed=alien)


def of_columns(state: Unfinished, columns: list[str]) -> Unfinished:
    return replace(state, key={**state.key, "columns": columns})


def test_the_best_weights_of_an_unfinished_run_may_be_started_from() -> None:
    _, states, _ = short()
    state = states[-1]
    slow = settings(**(SHORT | {"learning_rate": 1e-9, "max_epochs": 1, "dropout": 0.0}))
    started = fit_of(slow, warm_start=through_a_file(state))
    for weights, network in zip(state.last_good, started.members.networks, strict=True):
        for name, value in weights.items():
            np.testing.assert_allclose(network.fitted[name], value, atol=1e-6, err_msg=name)


def test_networks_that_an_unfinished_run_has_not_begun_start_fresh() -> None:
    state = short()[1][0]
    assert len(state.last_good) == 1
    slow = settings(**(SHORT | {"learning_rate": 1e-9, "max_epochs": 1, "dropout": 0.0}))
    started, fresh = fit_of(slow, warm_start=state).members.networks, fit_of(slow).members.networks
    for name, value in state.last_good[0].items():
        np.testing.assert_allclose(started[0].fitted[name], value, atol=1e-6, err_msg=name)
    assert not equal(started[0].fitted, fresh[0].fitted)
    assert equal(started[1].fitted, fresh[1].fitted)


def test_an_unfinished_run_of_other_columns_is_not_started_from() -> None:
    recorder, state = Recorder(after=10**9), short()[1][0]
    with pytest.raises(Mismatch, match="the run to start from has other columns") as caught:
        fit_of(settings(**SHORT), recorder, warm_start=of_columns(state, [*state.key["columns"], "more"]))
    assert "--from" in caught.value.hint
    assert recorder.stages == []


def test_other_units_are_other_columns() -> None:
    state, recorder = short()[1][0], Recorder(after=10**9)
    with pytest.raises(Mismatch, match=r"another one: other columns$"):
        fit(panel(), layout_of(panel(), units=("ft",)), settings(**SHORT), observer=recorder, resumed=state)
    with pytest.raises(Mismatch, match="the run to start from has other columns"):
        fit(panel(), layout_of(panel(), units=("ft",)), settings(**SHORT), observer=recorder, warm_start=state)
    assert recorder.stages == []


# What the model that was started from has seen ------------------------------------------------------------------------


def test_what_the_model_started_from_has_seen_is_not_scored_as_unseen() -> None:
    config = making.settings(lookback=4, horizon=2, hidden_size=3)
    values = tide(400)
    long, early = panel_of(values), panel_of(values[:200])
    first = fit_of(config, panel=long)
    assert first.record.validation_end[0] > fit_of(config, panel=early).record.data_end[0]
    second = fit_of(config, panel=early, warm_start=first)
    assert second.record.validation_end.tolist() == first.record.validation_end.tolist()
    assert scored(second, early).scores.in_sample
    assert not scored(fit_of(config, panel=early), early).scores.in_sample
    later = backtest(second, long)  # what neither has seen
    assert not later.in_sample
    assert later.first == backtest(first, long).first


def test_of_two_ends_of_validation_the_later_counts_for_each_series_by_its_id() -> None:
    config = making.settings(lookback=4, horizon=2, hidden_size=3)
    one, other = tide(300), tide(300, 5)
    known = panel_of(one, other[:150], ids=("a", "b"))
    here = panel_of(other, one[:150], tide(200, 7), ids=("b", "a", "new"))
    first, alone = fit_of(config, panel=known), fit_of(config, panel=here)
    second = fit_of(config, panel=here, warm_start=first)
    there, own = (dict(zip(m.record.ids, m.record.validation_end.tolist(), strict=True)) for m in (first, alone))
    assert there["a"] > own["a"]
    assert there["b"] < own["b"]
    assert second.record.ids == ("b", "a", "new")
    assert second.record.validation_end.tolist() == [own["b"], there["a"], own["new"]]
    assert second.record.data_end.tolist() == alone.record.data_end.tolist()
    assert second.record.fingerprint == alone.record.fingerprint


# Giants ---------------------------------------------------------------------------------------------------------------


def test_networks_too_large_to_be_kept_are_refused_before_any_is_made() -> None:
    recorder = Recorder(after=10**9)
    for giant in ({"hidden_size": 4096, "num_layers": 16}, {"hidden_size": 1024, "num_networks": 64}):
        with pytest.raises(UsageError, match=r"parameters; at most [0-9,]+ can be kept"):
            fit_of(settings(**giant), recorder)
    assert recorder.stages == []


@pytest.mark.parametrize(("networks", "final", "copies"), [(1, False, 6), (1, True, 7), (4, False, 9), (4, True, 13)])
def test_all_copies_of_the_weights_count_to_the_last_byte_and_tensor(
    networks: int, final: bool, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unfinished run's five and one or two of each network."""
    config, widths = settings(num_networks=networks, final_fit=final), Widths(1, 0, 0, 0, 0)
    params = forecaster.init(config, widths, np.random.default_rng(0))
    count = sum(value.size for value in params.values())
    monkeypatch.setattr(track, "LARGEST", 4 * count * copies)
    monkeypatch.setattr(track, "MOST_TENSORS", len(params) * copies)
    refuse_giant(config, widths)
    monkeypatch.setattr(track, "MOST_TENSORS", len(params) * copies - 1)
    with pytest.raises(UsageError, match=f"^{networks} networks of {len(params)} arrays each are more") as caught:
        refuse_giant(config, widths)
    assert "--num-networks" in caught.value.hint
    monkeypatch.setattr(track, "LARGEST", 4 * count * copies - 1)
    with pytest.raises(UsageError, match=f"would have {count:,} parameters; at most {count - 1:,} can be kept"):
        refuse_giant(config, widths)


def arrays(model: Model) -> Sequence[Array]:
    return [value for n in model.members.networks for value in n.fitted.values()]


def test_what_is_handed_on_is_left_as_it_was() -> None:
    first = fit_of(settings(cell="gru", max_epochs=2))
    before = [value.copy() for value in arrays(first)]
    fit_of(settings(cell="gru", max_epochs=2), warm_start=first)
    assert all(np.array_equal(one, other) for one, other in zip(before, arrays(first), strict=True))


def test_the_clock_is_read_once_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the simple rules take counts as time of the run."""
    ticks = count()
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    deadlines = []
    whole = Run.networks

    def networks(self: Run, *given: Any) -> Any:
        deadlines.append(self.deadline)
        return whole(self, *given)

    monkeypatch.setattr(Run, "networks", networks)
    fit_of(settings(max_epochs=1, max_time="90s"))
    assert deadlines == [90.0]
    assert next(ticks) == 1


def test_a_final_fit_of_networks_that_come_from_a_file_is_that_of_those_that_do_not() -> None:
    """A file sorts its tensors; the norm of a gradient, summed in another order, rounds in another way."""
    config = settings(**(SHORT | {"final_fit": True, "clip": 0.01, "max_epochs": 12, "patience": 0}))
    recorder = Recorder(after=10**9)
    whole = fit_of(config, recorder)
    assert max(whole.about["epochs"]) >= 8  # a final fit of several epochs
    assert all_of(fit_of(config, resumed=through_a_file(recorder.states[-1]))) == all_of(whole)
