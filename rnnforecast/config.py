"""Every setting, once: name, type, default, bounds and meaning. The command line, the TOML file, the Python
keywords and the checkpoint are all generated from, or checked against, these two frozen dataclasses.

`DataFlags` says how to read a file; `RunConfig` decides the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, cast

from rnnforecast.errors import UsageError, nearest

QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)

T = TypeVar("T")


def listed(folder: str) -> tuple[str, ...]:
    """The names a folder of implementations holds (`network/cells` -> gru, lstm, rnn), without importing any."""
    files = (Path(__file__).parent / folder).glob("*.py")
    return tuple(sorted(f.stem for f in files if not f.stem.startswith("_")))


def setting(default: Any, meaning: str, **rules: Any) -> Any:
    """A dataclass field with its meaning and rules: short, choices, minimum, maximum, length (steps or duration)."""
    return field(default=default, metadata={"meaning": meaning, **rules})


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
    cell: str = setting("lstm", "recurrent cell", choices=listed("network/cells"))
    hidden_size: int = setting(32, "units of each recurrent layer", minimum=1, maximum=4096)
    segment_length: int = setting(
        0, "time steps read per recurrent step; 1 = step by step, 0 = by step and lookback",
        minimum=0, maximum=100_000,
    )
    num_layers: int = setting(1, "stacked recurrent layers", minimum=1, maximum=16)
    dropout: float = setting(0.0, "dropout between layers and before the head", minimum=0.0, maximum=0.9)
    decoder: str = setting("direct", "how the steps ahead are made", choices=listed("network/decoders"))
    window_norm: str = setting(
        "last_std", "level and spread that each window's targets are measured by",
        choices=("none", "last", "mean_std", "last_std"),
    )
    floor: str = setting("auto", "simple rule under the network: auto (validation chooses), none, or one by name",
                         choices=("auto", "none", *listed("floors")))
    quantile_levels: tuple[float, ...] = setting(QUANTILE_LEVELS, "levels of the forecast's quantiles")
    loss: str = setting("pinball", "training loss", choices=listed("training/losses"))
    max_epochs: int = setting(60, "passes over the training windows at most", minimum=0, maximum=1_000_000)
    patience: int = setting(
        15, "epochs without gain before stopping; 0 = never stop early", minimum=0, maximum=1_000_000
    )
    learning_rate: float = setting(3e-4, "AdamW's peak step size", minimum=1e-9, maximum=10.0)
    weight_decay: float = setting(1e-4, "AdamW's weight decay", minimum=0.0, maximum=10.0)
    batch_size: int = setting(128, "windows per update", minimum=1, maximum=100_000)
    epoch_windows: int = setting(8192, "windows drawn per epoch at most", minimum=1, maximum=10_000_000)
    clip: float = setting(1.0, "largest gradient norm", minimum=1e-6, maximum=1e6)
    seed: int = setting(0, "random seed", minimum=0, maximum=2**31 - 1)
    validation: str = setting("0.15", "validation part: share, duration or start date")
    test: str = setting("0.15", "test part: share, duration or start date")
    stride: int = setting(1, "steps between the origins that are scored", length=True, minimum=1, maximum=100_000)
    final_fit: bool = setting(False, "after scoring, train the network on all rows too")

    def __post_init__(self) -> None:
        for f in fields(self):
            check(f, getattr(self, f.name))
        if self.segment_length > self.lookback:
            raise UsageError(f"segment_length {self.segment_length} is longer than the lookback {self.lookback}")
        if self.decoder == "recursive" and self.segment_length > 1:
            raise UsageError(
                f"a recursive decoder feeds back single steps, got segment_length {self.segment_length}",
                "--segment-length 1, or --decoder direct",
            )
        levels = self.quantile_levels
        if 0.5 not in levels or list(levels) != sorted(set(levels)) or not all(0 < q < 1 for q in levels):
            raise UsageError(f"quantile_levels must rise between 0 and 1 and hold 0.5, got {levels}")


def check(f: Field[Any], value: Any) -> None:
    """Refuse a value outside its field's rules, with the name, the rule and the value."""
    rules = f.metadata
    if "choices" in rules and value is not None and value not in rules["choices"]:
        guess = nearest(str(value), list(rules["choices"]))
        raise UsageError(
            f"{f.name} must be one of {', '.join(rules['choices'])}, got {value!r}",
            f"--{f.name.replace('_', '-')} {guess}" if guess else "",
        )
    if "minimum" in rules and not (isfinite(value) and rules["minimum"] <= value <= rules["maximum"]):
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
    """`value` as the type its field declares; refuses what does not fit."""
    declared = str(f.type)
    if declared.startswith("tuple"):
        items = value if isinstance(value, (list, tuple)) else (value,)
        inner: type = float if "float" in declared else str
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
