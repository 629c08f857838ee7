"""Model files for commands: read one, and read data the way one asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnforecast.config import DataFlags, RunConfig, coerced, deciding
from rnnforecast.errors import Mismatch, ModelUnusable

if TYPE_CHECKING:
    from rnnforecast.data.reading import Loaded
    from rnnforecast.model import Model
    from rnnforecast.training.state import Unfinished


def read_model(path: str, cell: str | None = None) -> Model:
    """The model; a cell of the user's own is imported where the user named it. Raises NotFound, ModelUnusable."""
    import numpy as np

    from rnnforecast import checkpoint
    from rnnforecast.network import cells
    from rnnforecast.packing import unpack
    from rnnforecast.training.state import is_run

    cells.bring(cell, np)
    document, tensors = checkpoint.read(Path(path))
    if is_run(document):
        raise ModelUnusable(f"{path}: an unfinished run, not a model", "rnnforecast train DATA --resume")
    return unpack(document, tensors, path)


def read_any(path: str) -> Model | Unfinished:
    """A model or an unfinished run. Raises NotFound, ModelUnusable."""
    from rnnforecast import checkpoint, packing
    from rnnforecast.training import state

    document, tensors = checkpoint.read(Path(path))
    if state.is_run(document):
        return state.unpack(document, tensors, path)
    return packing.unpack(document, tensors, path)


def settings_known(start: Model | Unfinished | None) -> dict[str, Any]:
    """The settings of what is started from, without those that only say how long a run may take."""
    from rnnforecast.model import Model

    if start is None:
        return {}
    return deciding(start.config) if isinstance(start, Model) else dict(start.key["settings"])


def read_data(model: Model, sources: Sequence[str], flags: DataFlags) -> Loaded:
    """The data on the model's grid, by the model's layout. Raises Mismatch where they disagree."""
    import sys

    from rnnforecast.data.reading import load

    stdin = sys.stdin.buffer if sys.stdin is not None else None
    return load(sources, flags, known=model.layout, step=model.step, base=model.base(), stdin=stdin)


def refuse_clash(model: Model, asked: Mapping[str, Any]) -> None:
    """The model decides what decided its weights: a setting that says otherwise is refused."""
    from rnnforecast.data.frequency import length_in_steps

    for f in fields(RunConfig):
        if f.name not in asked or f.name == "stride":
            continue
        said, own = asked[f.name], getattr(model.config, f.name)
        value = length_in_steps(said, model.step) if f.metadata.get("length") else coerced(f, said)
        chosen_by_itself = f.name == "segment_length" and value == 0
        if value != own and not chosen_by_itself:
            raise Mismatch(
                f"{f.name} is {said}, the model was trained with {own}", f"leave {f.name} out, or train again"
            )
