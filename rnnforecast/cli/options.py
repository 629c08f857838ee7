"""Flags from settings: each field of DataFlags and RunConfig becomes one flag of the same name, described once there.

Every default here is None, «not given»: then flags win over rnnforecast.toml, and that over the defaults.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, Optional, cast

import typer

from rnnforecast.cli.signals import outlive_readers
from rnnforecast.config import DataFlags, RunConfig, declared, settings_of
from rnnforecast.errors import NotFound, UsageError, nearest

DEFAULT_MODEL = "model.safetensors"
CONFIG_NAME = "rnnforecast.toml"

Data = Annotated[
    list[str], typer.Argument(metavar="DATA...", help="files, folders, globs, as the gauge wrote them; - is stdin")
]
Model = Annotated[
    str, typer.Option("--model", "-m", envvar="RNNFORECAST_MODEL", metavar="FILE", help="the model file")
]
Output = Annotated[Optional[str], typer.Option("--output", "-o", metavar="FILE", help="write here, not to stdout")]  # noqa: UP045
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="say nothing unless it fails")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="say more; a traceback where something breaks")]
Config = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--config", metavar="FILE", help=f"settings in TOML [default: {CONFIG_NAME} where it lies]"),
]
OwnCell = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--cell", metavar="MODULE", help="the model's cell, where it is a module of your own"),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs")]

TYPES: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str}


def parameter(f: Field[Any], panel: str) -> inspect.Parameter:
    """The flag of one field."""
    names = [f.metadata.get("flag", "--" + f.name.replace("_", "-"))]
    names += [f.metadata["short"]] if "short" in f.metadata else []
    declared = str(f.type).removesuffix(" | None")
    kind = TYPES.get(declared, list[str])
    if f.metadata.get("length"):
        kind = str
    if kind is bool:
        names = [f"{names[0]}/--no-{names[0][2:]}"]
    option = typer.Option(*names, help=help_text(f), metavar=metavar(f, kind), rich_help_panel=panel)
    return inspect.Parameter(
        f.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Optional[kind], option]  # noqa: UP045
    )


def metavar(f: Field[Any], kind: Any) -> str | None:
    if f.metadata.get("length"):
        return "LENGTH"
    if "choices" in f.metadata:
        return "|".join(f.metadata["choices"])
    return None if kind is bool else {int: "N", float: "X"}.get(kind, "TEXT")


def help_text(f: Field[Any]) -> str:
    """Meaning, what each choice is where a file says so, and the default."""
    if "folder" in f.metadata:
        lines = "; ".join(f"{name} = {line}" for name, line in declared(f.metadata["folder"], "summary").items())
        return f"{f.metadata['meaning']}. {lines} [default: {f.default}]"
    if f.default in (MISSING, None, (), ""):
        return str(f.metadata["meaning"])
    shown = ",".join(map(str, f.default)) if isinstance(f.default, tuple) else str(f.default)
    return f"{f.metadata['meaning']} [default: {shown.lower() if isinstance(f.default, bool) else shown}]"


def with_settings(*kinds: type, names: tuple[str, ...] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of `kinds` (and of the RunConfig fields in `names`); it gets them as `given`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        extra = [parameter(f, kind.__name__) for kind in kinds for f in fields(cast(Any, kind))]
        extra += [parameter(f, "RunConfig") for f in fields(RunConfig) if f.name in names]

        def run(**values: Any) -> None:
            outlive_readers()
            given = {p.name: value for p in extra if (value := values.pop(p.name)) not in (None, [])}
            command(**values, given=given)

        kept = [p for p in own.parameters.values() if p.name != "given"]
        run.__signature__ = inspect.Signature([*kept, *extra])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*kept, *extra)}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def from_toml(path: str | None) -> dict[str, Any]:
    """Settings of --config, or of rnnforecast.toml in this folder, or none. An unknown name is refused."""
    file = Path(path or CONFIG_NAME)
    if path is None and not file.is_file():
        return {}
    import tomllib

    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{file}: no such file") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: not a TOML file of settings: {error}") from error
    known = [f.name for f in (*fields(DataFlags), *fields(RunConfig))]
    if "with" in settings:  # as the flag is called
        settings["join"] = settings.pop("with")
    if isinstance(cell := settings.get("cell"), str) and "." in cell:
        reason = "a cell of your own is named on the flag only, never in a file"
        raise UsageError(f"{file}: {reason}", "--cell package.module")
    settings = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in settings.items()}
    for name in settings:
        if name not in known:
            guess = nearest(name, known)
            raise UsageError(f"{file}: unknown setting {name!r}", f"did you mean {guess}?" if guess else "")
    return settings


def merged(given: Mapping[str, Any], config: str | None) -> tuple[DataFlags, dict[str, Any]]:
    """(DataFlags, what was asked of RunConfig): flags over the TOML file. Defaults are left to the dataclasses."""
    asked = {**from_toml(config), **given}
    data = {f.name for f in fields(DataFlags)}
    flags = settings_of(DataFlags, {name: value for name, value in asked.items() if name in data})
    return flags, {name: numbers(name, value) for name, value in asked.items() if name not in data}


def numbers(name: str, value: Any) -> Any:
    """quantile_levels come as words, comma-separated or repeated."""
    if name != "quantile_levels":
        return value
    words = [str(word) for word in (value if isinstance(value, (list, tuple)) else [value])]
    try:
        return tuple(float(part) for word in words for part in word.split(","))
    except ValueError:
        said = ",".join(words)
        raise UsageError(f"quantile_levels must be numbers, got {said}", "--quantile-levels 0.1,0.5,0.9") from None
