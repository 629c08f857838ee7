"""Plain text for a terminal: columns that line up, and nothing in them that could steer the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def escaped(text: str) -> str:
    r"""`text` with control characters written out (\n, \x1b), since ids and column names come from a file."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def aligned(rows: Sequence[Sequence[str]], left: int = 1, indent: str = "") -> str:
    """Rows of one length as lines: the first `left` columns flush left, the others flush right, two blanks between."""
    cells = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(f"{indent}{_line(row, widths, left)}\n" for row in cells)


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [cell.ljust(width) for cell, width in zip(row[:left], widths, strict=False)]
    padded += [cell.rjust(width) for cell, width in zip(row[left:], widths[left:], strict=True)]
    return "  ".join(padded).rstrip()
