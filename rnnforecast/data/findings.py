"""Finding: one thing that reading found or did, with its count and the flag that acts on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`severity` is "note" (done, harmless) or "warning" (look at it); `text` is one line for people."""

    code: str  # stable, for --json: "gaps", "duplicates", "missing", "order"
    severity: str
    count: int
    text: str
    hint: str = ""
    column: str = ""  # the column it speaks of, where it speaks of one
    parts: tuple[tuple[str, int], ...] = ()  # what the count is made of: ("Ice", 402)
