"""Rows and labels, as JSON documents and databases have them. Shared by signatures and formats; not a signature itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any


def by_name(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of rows that are objects; a name that a row lacks is missing there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def only(values: Collection[str]) -> str:
    """What all values are; "" where they differ."""
    return next(iter(values), "") if len({*values}) == 1 else ""


def varying(labels: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The labels that tell series apart: those of which several words were met; the last label where there is none."""
    return tuple(name for name, words in labels.items() if len({*words}) > 1) or tuple(labels)[-1:]
