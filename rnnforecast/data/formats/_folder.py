"""Folders and patterns: the data files that one word on the command line means, by name.

- Hidden files, and those whose name starts with _ (such as _SUCCESS), are no data; nor is what lies in such folders.
- Folders named key=value below the one that was given say what holds for all rows of the files in them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from rnnforecast.errors import DataUnusable, NotFound

NOTHING = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class File:
    """A data file, and what the folders above it say of its rows."""

    source: str
    keys: tuple[tuple[str, str], ...] = ()


def files_in(source: str) -> list[File]:
    """A file as it is, or the files of a folder, or of a pattern that the shell left alone, in order of their names.

    Raises DataUnusable for a folder without data files, NotFound for a pattern that fits none.
    """
    if os.path.isdir(source):
        return in_folder(Path(source))
    if not any(sign in source for sign in "*?[") or os.path.lexists(source):
        return [File(source)]
    found = [match for match in sorted(glob(source, recursive=True)) if is_data(Path(match).parts[-1:])]
    if not found:
        raise NotFound(f"{source}: no such file, nor files that fit it")
    return [file for match in found for file in files_in(match)]


def in_folder(folder: Path) -> list[File]:
    paths = (Path(above, name) for above, _, names in os.walk(folder) for name in names)
    inside = [(path, path.relative_to(folder).parts) for path in paths]
    found = sorted((path, parts) for path, parts in inside if is_data(parts) and path.is_file())
    if not found:
        raise DataUnusable(f"{folder}: a folder without data files; expected CSV, Parquet or other tables in it")
    return [File(str(path), keys_of(parts[:-1])) for path, parts in found]


def is_data(parts: Sequence[str]) -> bool:
    return not any(part.startswith((".", "_")) for part in parts)


def keys_of(folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(site, 007) and (year, 2020) of site=007/year=2020; an absent value is empty."""
    from urllib.parse import unquote

    pairs = [folder.split("=", 1) for folder in folders if "=" in folder[1:]]
    return tuple((key, "" if value == NOTHING else unquote(value)) for key, value in pairs)
