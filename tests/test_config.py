"""Settings: what cannot go together is refused with a way out; presets, the stack, --shape, cells by name."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rnnforecast.config import (
    ALONE,
    PRESETS,
    RunConfig,
    contradictions,
    listed,
    of_network,
    seeks_mean,
    settings_of,
    with_preset,
)
from rnnforecast.data.frequency import Step
from rnnforecast.data.split import configure
from rnnforecast.errors import UsageError, nearest
from tests.making import panel_of

CHOICES = {f.name: f.metadata["choices"] for f in fields(RunConfig) if "choices" in f.metadata}
KINDS = {f.name: str(f.type) for f in fields(RunConfig)}

# in the order of `contradictions`: what is given, and what the reason must speak of
TABLE: list[tuple[dict[str, Any], str]] = [
    ({"segment_length": 25}, "segment_length 25 is longer than the lookback 24"),
    ({"conv_kernel": 25}, "conv_kernel 25 is longer than the lookback 24"),
    ({"decoder": "recursive", "segment_length": 2}, "recursive decoder feeds back single steps, got segment_length 2"),
    ({"decoder": "recursive", "bidirectional": True}, "bidirectional encoder also reads backwards"),
    ({"decoder": "parallel", "attention": True}, "attention is the seq2seq decoder's, got decoder parallel"),
    ({"decoder": "direct", "teacher_forcing": 0.5}, "teacher_forcing is the seq2seq decoder's, got decoder direct"),
    ({"cell": "gru", "activation": "relu"}, "activation is chosen for rnn, got cell gru"),
    ({"shape": "one-to-many"}, "one-to-many reads a single step, got lookback 24"),
    ({"shape": "many-to-many", "lookback": 1}, "many-to-many reads many steps, got lookback 1"),
    ({"shape": "many-to-one"}, "many-to-one forecasts a single step, got horizon 4"),
    ({"shape": "many-to-many", "horizon": 1}, "many-to-many forecasts many steps, got horizon 1"),
]
each_row = pytest.mark.parametrize(("row", "given", "reason"), [(k, *row) for k, row in enumerate(TABLE)])


def made(**given: Any) -> RunConfig:
    return settings_of(RunConfig, {"horizon": 4, "lookback": 24, "segment_length": 1, **given})


def refusal(**given: Any) -> UsageError | None:
    try:
        made(**given)
    except UsageError as error:
        return error
    return None


def ways_out(hint: str) -> list[dict[str, Any]]:
    """What each alternative of a hint that is made of plain flags sets, as the command line would read it."""
    found = []
    for way in re.split(r", or ", hint):
        if not re.fullmatch(r"(--[a-z0-9-]+( [^-\s]\S*)?\s*)+", way):
            continue
        flags = re.findall(r"--([a-z0-9-]+)(?: ([^-\s]\S*))?", way)
        found.append({name.replace("-", "_"): typed(name.replace("-", "_"), value) for name, value in flags})
    return found


def typed(name: str, value: str) -> Any:
    kind = KINDS[name]
    if kind == "bool":
        assert value == ""
        return True
    return {"int": int, "float": float}.get(kind, str)(value)


def test_the_table_holds_every_contradiction() -> None:
    valid = asdict(made())
    assert not any(refused for refused, _, _ in contradictions(SimpleNamespace(**valid)))
    for k, (wanted, _) in enumerate(TABLE):
        asked = [refused for refused, _, _ in contradictions(SimpleNamespace(**valid | wanted))]
        assert asked == [row == k for row in range(len(TABLE))]


@each_row
def test_a_contradiction_is_refused_with_a_reason_and_every_plain_hint_is_a_way_out(row, given, reason) -> None:  # noqa: ARG001
    error = refusal(**given)
    assert error is not None
    assert reason in error.message
    ways = ways_out(error.hint)
    assert ways
    for way in ways:
        assert refusal(**given | way) is None, way


def test_a_recursive_decoder_reads_one_way_where_bidirectional_is_left_out() -> None:
    error = refusal(decoder="recursive", bidirectional=True)
    assert error is not None
    assert error.hint.endswith("leave --bidirectional out")
    assert refusal(decoder="recursive") is None


SPACE = {
    "horizon": st.integers(1, 3),
    "lookback": st.integers(1, 6),
    "segment_length": st.integers(0, 7),
    "conv_kernel": st.integers(0, 7),
    "bidirectional": st.booleans(),
    "attention": st.booleans(),
    "teacher_forcing": st.sampled_from([0.0, 0.0, 0.5]),
    "seed": st.sampled_from([0, 5, 2**31 - 1]),
    **{n: st.sampled_from(CHOICES[n]) for n in ("cell", "activation", "decoder")},
    "shape": st.sampled_from([None, None, *CHOICES["shape"]]),
}
combined = st.fixed_dictionaries(SPACE)


@given(combined)
@settings(deadline=None, max_examples=300)
def test_following_the_first_hint_again_and_again_ends_at_valid_settings(given: dict[str, Any]) -> None:
    for _ in range(len(TABLE)):
        error = refusal(**given)
        if error is None:
            return
        given = given | ways_out(error.hint)[0]
    assert refusal(**given) is None


@given(combined, st.integers(0, 7))
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])
def test_every_network_of_a_valid_stack_has_valid_settings_and_its_own_seed(given: dict[str, Any], number: int) -> None:
    assume(refusal(**given) is None)
    chosen = made(**given, num_networks=8)
    network = of_network(chosen, number)
    assert network.num_networks == 1
    assert (network.seed - chosen.seed) % 2**31 == number
    assert network.lookback == chosen.lookback or number % 4 >= 2
    own = {"seed", "lookback", "num_networks"}
    own |= {"floor", "learning_rate", "loss", "window_norm"} if number % 2 and chosen.floor != "none" else set()
    others = {f.name for f in fields(RunConfig)} - own
    assert all(getattr(network, name) == getattr(chosen, name) for name in others)


@pytest.mark.parametrize(
    ("given", "lookback"),
    [({}, 12), ({"lookback": 25}, 12), ({"lookback": 1}, 1), ({"segment_length": 20}, 20), ({"conv_kernel": 18}, 18),
     ({"shape": "many-to-many"}, 12), ({"shape": "many-to-many", "lookback": 3}, 3),
     ({"shape": "one-to-many", "lookback": 1}, 1)],
)  # fmt: skip
def test_of_four_networks_the_last_two_look_back_half_as_far_where_their_settings_allow(given, lookback: int) -> None:
    chosen = made(**given, seed=7)
    looks = [of_network(chosen, n).lookback for n in range(6)]
    assert looks == [chosen.lookback, chosen.lookback, lookback, lookback, chosen.lookback, chosen.lookback]
    assert [of_network(chosen, n).seed for n in range(4)] == [7, 8, 9, 10]


@pytest.mark.parametrize("floor", ["auto", "ridge"])
def test_every_second_network_stands_alone_learns_faster_and_the_middle_only(floor: str) -> None:
    chosen = made(floor=floor, learning_rate=2e-3)
    first, second, third, fourth = (of_network(chosen, n) for n in range(4))
    for network in (first, third):
        assert (network.floor, network.learning_rate, network.loss) == (floor, 2e-3, "pinball")
        assert network.window_norm == chosen.window_norm
    for network in (second, fourth):
        assert (network.floor, network.loss, network.window_norm) == ("none", "mae", "last")
        assert network.learning_rate == pytest.approx(ALONE * 2e-3)
    assert of_network(made(loss="mse"), 1).loss == "mse"  # who asks for the mean has it from every network
    assert of_network(made(learning_rate=9.0), 1).learning_rate == 10.0  # what the setting allows at most
    assert ALONE > 1


def test_without_a_floor_every_network_is_trained_alike() -> None:
    chosen = made(floor="none", learning_rate=2e-3)
    for n in range(4):
        network = of_network(chosen, n)
        assert (network.floor, network.learning_rate, network.loss) == ("none", 2e-3, "pinball")


def test_the_mean_is_sought_by_the_squared_losses_alone() -> None:
    assert {loss for loss in listed("training/losses") if seeks_mean(made(loss=loss))} == {"mse", "nse"}


def test_presets_are_valid_settings_and_are_the_choices_of_the_flag() -> None:
    assert sorted(PRESETS) == sorted(CHOICES["preset"])
    for name, values in PRESETS.items():
        chosen = made(**with_preset({"preset": name}))
        assert chosen.preset == name
        assert {key: getattr(chosen, key) for key in values} == values


def test_the_default_preset_is_the_defaults() -> None:
    default = made().preset
    assert made(**with_preset({"preset": default})) == made() == made(**with_preset({}))


@pytest.mark.parametrize("name", [name for name, values in PRESETS.items() if values])
def test_what_is_given_wins_over_the_preset(name: str) -> None:
    defaults = {f.name: f.default for f in fields(RunConfig)}
    for key in PRESETS[name]:
        mine = defaults[key]
        assert PRESETS[name][key] != mine
        assert with_preset({"preset": name, key: mine}) == {**PRESETS[name], "preset": name, key: mine}
        chosen = configure(panel_of(np.arange(500.0)), {"preset": name, key: mine})
        assert {k: getattr(chosen, k) for k in PRESETS[name]} == PRESETS[name] | {key: mine}


def test_a_preset_fills_in_what_was_given_as_nothing() -> None:
    chosen = configure(panel_of(np.arange(500.0)), {"preset": "best", "hidden_size": None})
    assert chosen.hidden_size == PRESETS["best"]["hidden_size"]


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="preset must be one of fast, balanced, best, got 'bests'") as caught:
        configure(panel_of(np.arange(500.0)), {"preset": "bests"})
    assert caught.value.hint == "--preset best"


@pytest.mark.parametrize(
    ("given", "lookback", "horizon"),
    [
        ({}, 168, 24),
        ({"shape": "one-to-one"}, 1, 1),
        ({"shape": "one-to-many"}, 1, 24),
        ({"shape": "many-to-one"}, 168, 1),
        ({"shape": "many-to-many"}, 168, 24),
        ({"shape": "one-to-many", "horizon": "2d"}, 1, 48),
        ({"shape": "many-to-one", "lookback": "2d"}, 48, 1),
        ({"shape": "many-to-many", "lookback": 48, "horizon": 6}, 48, 6),
        ({"shape": "one-to-one", "lookback": 1, "horizon": 1}, 1, 1),
    ],
)
def test_the_shape_decides_the_lengths_that_are_not_given(given: dict[str, Any], lookback: int, horizon: int) -> None:
    chosen = configure(panel_of(np.arange(2000.0)), given)
    assert (chosen.lookback, chosen.horizon, chosen.shape) == (lookback, horizon, given.get("shape"))
    assert 1 <= chosen.segment_length <= lookback


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"shape": "one-to-one", "lookback": "2d"}, "--lookback 1, or another --shape"),
        ({"shape": "one-to-many", "horizon": 1}, "--shape one-to-one"),
        ({"shape": "many-to-one", "horizon": "6h"}, "--horizon 1, or another --shape"),
        ({"shape": "many-to-many", "lookback": 1}, "--shape one-to-many"),
        ({"shape": "many-to-mny"}, "--shape many-to-many"),
    ],
)
def test_lengths_that_the_shape_forbids_are_refused(given: dict[str, Any], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        configure(panel_of(np.arange(2000.0)), given)
    assert caught.value.hint == hint


@pytest.mark.parametrize("decoder", listed("network/decoders"))
@pytest.mark.parametrize("shape", [None, *CHOICES["shape"]])
@pytest.mark.parametrize("step", [Step("second", 900), Step("second", 86_400), Step("month", 1)])
def test_every_shape_and_decoder_goes_with_the_lengths_of_every_step(decoder, shape, step) -> None:
    chosen = configure(panel_of(np.arange(600.0), step=step), {"decoder": decoder, "shape": shape})
    assert chosen.segment_length == 1 or decoder != "recursive"


@pytest.mark.parametrize("name", ["mine.cell", "my_package.cells.mine_2", "_a._b", *listed("network/cells")])
def test_a_cell_of_the_folder_or_a_dotted_name_passes(name: str) -> None:
    assert made(cell=name).cell == name


def test_a_cell_of_ones_own_may_have_an_activation() -> None:
    assert made(cell="mine.cell", activation="relu").activation == "relu"


@pytest.mark.parametrize(
    "name", ["os;system", "lstm2", "mine", "mine.", ".mine", "a..b", "a.b()", "a.b\n", "a.1", "a .c", "a.bü", "a/b", ""]
)
def test_a_cell_that_is_neither_is_refused_with_the_list(name: str) -> None:
    error = refusal(cell=name)
    assert error is not None
    assert error.message == f"cell must be one of {', '.join(listed('network/cells'))}, got {name!r}"


@pytest.mark.parametrize("name", ["lstm2", "gruu", "os;system", "unheard-of"])
def test_a_misspelt_cell_is_refused_with_the_nearest_name_if_there_is_one(name: str) -> None:
    near = {"lstm2": "lstm", "gruu": "gru", "unheard-of": ""}.get(name, nearest(name, list(listed("network/cells"))))
    error = refusal(cell=name)
    assert error is not None
    assert error.hint == (f"--cell {near}" if near else "")


@pytest.mark.parametrize("field", [name for name in CHOICES if name != "cell"])
def test_no_other_setting_takes_a_module_of_ones_own(field: str) -> None:
    error = refusal(**{field: "os.path"})
    assert error is not None
    assert error.message.startswith(f"{field} must be one of")
