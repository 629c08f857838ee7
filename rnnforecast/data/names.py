"""Names of columns and series: typed, compared and shown."""

from __future__ import annotations

import re
from collections.abc import Iterable


def split_words(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def split_names(values: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Column names out of repeated or comma-separated flag values; an exact column name wins over splitting."""
    found = [part for value in values for part in ([value] if value in names else split_words([value]))]
    return tuple(dict.fromkeys(found))


def listing(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, cut where there are many."""
    every = list(names) or ["none"]
    some = ", ".join(shown(name) for name in every[:most])
    return some if len(every) <= most else f"{some} and {len(every) - most} more"


def shown(name: str) -> str:
    """A name for a message: on one line, and not too long."""
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in name)
    return line if len(line) <= 40 else line[:39] + "…"


def quoted(name: str) -> str:
    """A name as it is typed in a shell."""
    return name if re.fullmatch(r"[\w.:/+-]+", name) else "'" + shown(name).replace("'", "'\\''") + "'"


def plain(name: str) -> str:
    """A name as it is compared: «Date Time» is date_time."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_") or name.lower()
