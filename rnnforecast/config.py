"""Every setting, once: name, type, default, bounds and meaning. The command line, the TOML file, the Python
keywords and the checkpoint are all generated from, or checked against, these two frozen dataclasses.

`DataFlags` says how to read a file; `RunConfig` decides the weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from rnnforecast.errors import UsageError, nearest

QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)

T = TypeVar("T")


def listed(folder: str) -> tuple[str, ...]:
    """The names a folder of implementations holds (`floors` -> persistence, ridge, seasonal), without importing any."""
    files = (Path(__file__).parent / folder).glob("*.py")
    return tuple(sorted(f.stem for f in files if not f.stem.startswith("_")))


def setting(default: Any, meaning: str, **rules: Any) -> Any:
    """A dataclass field with its meaning and rules.

    short, flag: names on the command line; choices, or folder (its files are the choices, each with a `summary`);
    minimum, maximum; length: in steps or as a duration; own: a module of the user's own is a choice too; limit: says
    how long a run may take and nothing else.
    """
    if "folder" in rules:
        rules["choices"] = listed(rules["folder"])
    return field(default=default, metadata={"meaning": meaning, **rules})


@cache
def declared(folder: str, word: str) -> dict[str, str]:
    """What each file in a folder of implementations says on its line `word = ...`, without importing any."""
    files = {name: Path(__file__).parent / folder / f"{name}.py" for name in listed(folder)}
    line = re.compile(rf"^{word} = (.*)$", re.MULTILINE)
    found = {name: line.search(path.read_text(encoding="utf-8")) for name, path in files.items()}
    return {name: match[1].strip('"') if match else "" for name, match in found.items()}


@dataclass(frozen=True)
class DataFlags:
    """How a file is to be read. Every field is a flag of the same name on each command that reads data."""

    target: tuple[str, ...] = setting((), "column(s) to forecast", short="-t")
    time: str | None = setting(None, "time column; 'none' for rows in order without times")
    id: tuple[str, ...] = setting((), "column(s) that tell the series apart")
    past: tuple[str, ...] = setting((), "covariate(s) known up to the cutoff only")
    future: tuple[str, ...] = setting((), "covariate(s) known ahead, over the horizon too")
    static: tuple[str, ...] = setting((), "covariate(s) constant in each series")
    freq: str | None = setting(None, "step of the grid: 15min, 1h, 1d, 1mo")
    tz: str | None = setting(None, "zone of times without one: UTC, +01:00, Europe/Berlin")
    dayfirst: bool | None = setting(None, "dates such as 03/04/2026 are day first")
    missing: tuple[str, ...] = setting((), "further words that mean a missing value: -9999, Ice")
    sep: str | None = setting(None, "field separator")
    decimal: str | None = setting(None, "decimal mark: . or ,", choices=(".", ","))
    start: str | None = setting(None, "ignore rows before this time")
    end: str | None = setting(None, "ignore rows after this time")
    exclude: tuple[str, ...] = setting((), "treat FROM..TO as missing")
    duplicates: str = setting(
        "error", "conflicting rows of one time", choices=("error", "first", "last", "mean")
    )
    gaps: str = setting("keep", "keep, or interpolate:N to fill holes of at most N steps")
    aggregate: str | None = setting(
        None, "with --freq: how rows of one step are joined", choices=("mean", "sum", "max")
    )
    join: tuple[str, ...] = setting((), "file(s) whose columns are joined on time", flag="--with")
    future_data: tuple[str, ...] = setting((), "file(s) with known-future rows after the cutoff")

    def __post_init__(self) -> None:
        for f in fields(self):
            check(f, getattr(self, f.name))


@dataclass(frozen=True)
class RunConfig:
    """Every setting that decides the weights. Lengths are in steps here; flags also take durations (2d)."""

    horizon: int = setting(MISSING, "how far ahead", short="-H", length=True, minimum=1, maximum=100_000)
    lookback: int = setting(
        MISSING, "how far the network looks back", short="-L", length=True, minimum=1, maximum=100_000
    )
    preset: str = setting(
        "balanced", "settings not given: fast = short training; best = two networks, longer lookback",
        choices=("fast", "balanced", "best")
    )
    shape: str | None = setting(
        None, "steps in to steps out: «one» reads or forecasts a single step",
        choices=("one-to-one", "one-to-many", "many-to-one", "many-to-many"),
    )
    cell: str = setting(
        "lstm", "recurrent cell, or a module of your own: package.module", folder="network/cells", own=True
    )
    activation: str = setting(
        "tanh", "of the rnn cell", choices=("tanh", "sigmoid", "relu", "leaky_relu", "prelu")
    )
    hidden_size: int = setting(32, "units of each recurrent layer", minimum=1, maximum=4096)
    segment_length: int = setting(
        0, "time steps read per recurrent step; 1 = step by step, 0 = by step and lookback",
        minimum=0, maximum=100_000,
    )
    num_layers: int = setting(1, "stacked recurrent layers", minimum=1, maximum=16)
    bidirectional: bool = setting(False, "read the lookback both ways")
    conv_kernel: int = setting(
        0, "steps that a causal convolution before the recurrence spans; 0 = none", minimum=0, maximum=1024
    )
    dropout: float = setting(0.0, "dropout between layers and before the head", minimum=0.0, maximum=0.9)
    decoder: str = setting("direct", "how the steps ahead are made", folder="network/decoders")
    attention: bool = setting(False, "the seq2seq decoder looks at every state of the encoder")
    teacher_forcing: float = setting(
        0.0, "seq2seq: share of steps fed the truth in the first epoch; falls to 0 at half of max_epochs",
        minimum=0.0, maximum=1.0,
    )
    skip: bool = setting(True, "a straight line from the window to each step ahead, beside the recurrence")
    channels: str = setting(
        "joint", "several targets: one network for all, or the same weights for each", choices=("joint", "independent")
    )
    window_norm: str = setting(
        "last_std", "what each window is measured from and by: its last value or mean, its deviation",
        choices=("none", "last", "mean_std", "last_std"),
    )
    floor: str = setting("auto", "simple rule under the network: auto (validation chooses), none, or one by name",
                         choices=("auto", "none", *listed("floors")))
    tide: str = setting(
        "auto", "tidal harmonics under everything else: auto (where the record shows them), on, off",
        choices=("auto", "on", "off"),
    )
    num_networks: int = setting(
        1, "networks in the stack: seeds count up from seed; every second one stands alone, without a floor",
        minimum=1, maximum=64,
    )
    quantile_levels: tuple[float, ...] = setting(QUANTILE_LEVELS, "levels of the forecast's quantiles")
    loss: str = setting("pinball", "what training lowers", folder="training/losses")
    max_epochs: int = setting(60, "passes over the training windows at most", minimum=0, maximum=1_000_000)
    max_time: str | None = setting(None, "stop training after this long: 90s, 10m", limit=True)
    patience: int = setting(
        15, "epochs without gain before stopping; 0 = never stop early", minimum=0, maximum=1_000_000
    )
    learning_rate: float = setting(3e-4, "AdamW's peak step size", minimum=1e-9, maximum=10.0)
    schedule: str = setting("plateau", "how the learning rate changes", folder="training/schedules")
    warmup_epochs: int = setting(0, "epochs in which the learning rate rises from 0", minimum=0, maximum=1_000_000)
    averaging: float = setting(
        0.99, "keep a running mean of the weights: share that stays per update; 0 = none", minimum=0.0, maximum=0.9999
    )
    weight_decay: float = setting(1e-4, "how strongly weights are drawn to 0 (AdamW)", minimum=0.0, maximum=10.0)
    batch_size: int = setting(128, "windows per update", minimum=1, maximum=100_000)
    epoch_windows: int = setting(8192, "windows drawn per epoch at most", minimum=1, maximum=10_000_000)
    clip: float = setting(1.0, "gradients of a larger norm are cut to this", minimum=1e-6, maximum=1e6)
    bptt_steps: int = setting(
        0, "truncated backpropagation: encoder steps that training looks back; 0 = all", minimum=0, maximum=100_000
    )
    seed: int = setting(0, "random seed", minimum=0, maximum=2**31 - 1)
    validation: str = setting("0.15", "validation part: share, duration or start date")
    test: str = setting("0.15", "test part: share, duration or start date")
    stride: int = setting(1, "steps between the origins that are scored", length=True, minimum=1, maximum=100_000)
    final_fit: bool = setting(False, "after scoring, train the network on all rows too")

    def __post_init__(self) -> None:
        for f in fields(self):
            check(f, getattr(self, f.name))
        for refused, reason, hint in contradictions(self):
            if refused:
                raise UsageError(reason, hint)
        levels = self.quantile_levels
        if 0.5 not in levels or list(levels) != sorted(set(levels)) or not all(0 < q < 1 for q in levels):
            raise UsageError(f"quantile_levels must rise between 0 and 1 and hold 0.5, got {levels}")


PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"max_epochs": 15, "patience": 4, "epoch_windows": 2048},
    "balanced": {},
    "best": {
        "num_networks": 2, "cell": "gru", "hidden_size": 64, "decoder": "parallel", "channels": "independent",
        "skip": False, "dropout": 0.3, "learning_rate": 2e-4, "batch_size": 64, "max_epochs": 25, "patience": 6,
    },
}


def contradictions(config: RunConfig) -> Iterator[tuple[bool, str, str]]:
    """Settings that cannot go together: (whether they are asked for, why not, what to type instead)."""
    L, segment, kernel, decoder = config.lookback, config.segment_length, config.conv_kernel, config.decoder
    yield segment > L, f"segment_length {segment} is longer than the lookback {L}", f"--segment-length {L}"
    yield kernel > L, f"conv_kernel {kernel} is longer than the lookback {L}", f"--conv-kernel {L}"
    reason = f"a recursive decoder feeds back single steps, got segment_length {segment}"
    yield decoder == "recursive" and segment > 1, reason, "--segment-length 1, or --decoder direct"
    reason = "a recursive decoder carries the encoder's state on in time; a bidirectional encoder also reads backwards"
    yield decoder == "recursive" and config.bidirectional, reason, "--decoder seq2seq, or leave --bidirectional out"
    reason = f"attention is the seq2seq decoder's, got decoder {decoder}"
    yield config.attention and decoder != "seq2seq", reason, "--decoder seq2seq --attention"
    reason = f"teacher_forcing is the seq2seq decoder's, got decoder {decoder}"
    yield config.teacher_forcing > 0 and decoder != "seq2seq", reason, "--decoder seq2seq"
    takers = [name for name, settings in declared("network/cells", "settings").items() if "activation" in settings]
    reason = f"activation is chosen for {' and '.join(takers)}, got cell {config.cell}"
    plain = config.activation != "tanh" and config.cell not in takers and not OWN_CELL.fullmatch(config.cell)
    yield plain, reason, f"--cell {takers[0]} --activation {config.activation}"
    yield from shape_contradictions(config)


def shape_contradictions(config: RunConfig) -> Iterator[tuple[bool, str, str]]:
    """Likewise, for --shape beside lengths that say otherwise."""
    shape, L, H = config.shape, config.lookback, config.horizon
    into, out = (shape or "-to-").split("-to-")
    yield into == "one" and L > 1, f"{shape} reads a single step, got lookback {L}", "--lookback 1, or another --shape"
    yield into == "many" and L == 1, f"{shape} reads many steps, got lookback 1", f"--shape one-to-{out}"
    yield out == "one" and H > 1, f"{shape} forecasts a single step, got horizon {H}", "--horizon 1, or another --shape"
    yield out == "many" and H == 1, f"{shape} forecasts many steps, got horizon 1", f"--shape {into}-to-one"


def deciding(config: RunConfig) -> dict[str, Any]:
    """The settings that decide the weights, as JSON has them: all but those that say how long a run may take."""
    values = {f.name: getattr(config, f.name) for f in fields(config) if not f.metadata.get("limit")}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, over the values of its preset. An unknown preset is left for RunConfig to refuse."""
    return {**PRESETS.get(str(given.get("preset")), {}), **given}


ALONE = 5.0  # times the learning rate, of a network that no floor starts off


def of_network(config: RunConfig, number: int) -> RunConfig:
    """The settings of network `number` of the stack, each with its own seed.

    Every second one stands alone: what a floor cannot say is not in its errors either. It has more to learn than a
    floor's errors, and learns the middle alone, not the bands: from the last value, at ALONE times the rate. Of each
    four the last two look back half as far.
    """
    lookback = config.lookback
    if number % 4 >= 2:
        halved = max(config.segment_length, config.conv_kernel, lookback // 2, 1)
        lookback = halved if config.shape is None or halved > 1 else lookback
    own = replace(config, seed=(config.seed + number) % 2**31, lookback=lookback, num_networks=1)
    if number % 2 == 0 or config.floor == "none":
        return own
    loss = "mae" if config.loss == "pinball" else config.loss
    rate = min(ALONE * config.learning_rate, 10.0)
    return replace(own, floor="none", loss=loss, learning_rate=rate, window_norm="last")


def seeks_mean(config: RunConfig) -> bool:
    """Whether yhat is to be the mean and not the median: then the squared error alone chooses."""
    return config.loss in ("mse", "nse")


OWN_CELL = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


def check(f: Field[Any], value: Any) -> None:
    """Refuse a value outside its field's rules, with the name, the rule and the value."""
    rules = f.metadata
    own = rules.get("own") and OWN_CELL.fullmatch(str(value))
    if "choices" in rules and value is not None and value not in rules["choices"] and not own:
        guess = nearest(str(value), list(rules["choices"]))
        raise UsageError(
            f"{f.name} must be one of {', '.join(rules['choices'])}, got {value!r}",
            f"--{f.name.replace('_', '-')} {guess}" if guess else "",
        )
    if "minimum" in rules and not rules["minimum"] <= value <= rules["maximum"]:  # not a number is outside too
        raise UsageError(f"{f.name} must be from {rules['minimum']} to {rules['maximum']}, got {value}")


def settings_of(kind: type[T], given: Mapping[str, Any]) -> T:
    """A `kind` from the given names and values; an unknown name is refused with the nearest one.

    Lists become tuples, whole numbers floats and numbers words where the field asks for it: TOML and JSON do not know
    the first two, and a share such as test = 0.2 is typed as a number.
    """
    known = {f.name: f for f in fields(cast(Any, kind))}
    for name in given:
        if name not in known:
            guess = nearest(name, list(known))
            raise UsageError(f"unknown setting {name!r}", f"did you mean {guess}?" if guess else "")
    return kind(**{name: coerced(known[name], value) for name, value in given.items()})


def coerced(f: Field[Any], value: Any) -> Any:
    """`value` as the type its field declares; refuses what does not fit. Numpy's numbers and arrays are as good."""
    declared = str(f.type)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if declared.startswith("tuple"):
        inner: type = float if "float" in declared else str
        if isinstance(value, str):
            value = value.split(",") if inner is float else [value]
        items = value if isinstance(value, (list, tuple)) else (value,)
        try:
            return tuple(inner(item) for item in items)
        except (TypeError, ValueError):
            raise UsageError(f"{f.name} must be numbers, got {value!r}") from None
    if declared == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if declared.startswith("str") and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    expected = {"int": int, "float": float, "bool": bool, "str": str}.get(declared.removesuffix(" | None"))
    if value is None and declared.endswith("None"):
        return None
    if expected is not None and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
        raise UsageError(f"{f.name} must be {declared}, got {value!r}")
    return value
