"""Model files for commands: read one, and read data the way one asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnforecast.config import DataFlags, RunConfig, coerced
from rnnforecast.errors import Mismatch

if TYPE_CHECKING:
    from rnnforecast.data.reading import Loaded
    from rnnforecast.model import Model


def read_model(path: str) -> Model:
    """Raises NotFound, ModelUnusable."""
    from rnnforecast import checkpoint
    from rnnforecast.packing import unpack

    return unpack(*checkpoint.read(Path(path)), path)


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
