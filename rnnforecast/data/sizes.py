"""Sizes: whether rows are read into memory, or go by files (`large`).

- By files where they would take more than LIMIT in memory. What needs all rows of a series at once is then done in
  memory as far as the machine has it, and refused by name beyond that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from rnnforecast.config import DataFlags
from rnnforecast.data.columns import Layout
from rnnforecast.data.table import Table
from rnnforecast.errors import DataUnusable

LIMIT = 1 << 30  # bytes
PER_ROW, PER_CELL = 80, 32  # bytes that reading into memory takes at its height, measured
SHARE = 0.6  # of the machine's memory


def by_files(tables: Iterable[Table], layout: Layout, flags: DataFlags) -> bool:
    """Whether the rows of these tables go by files. Raises DataUnusable where they cannot and do not fit the memory."""
    tables = list(tables)
    rows = sum(table.rows for table in tables)
    size = rows * (PER_ROW + PER_CELL * len(layout.target + layout.covariates))
    if size <= LIMIT:
        return False
    flag = in_memory_only(flags)
    if flag and size > SHARE * memory():
        raise DataUnusable(
            f"{tables[0].source}: about {rows:,} rows, which take {size / 1e9:.0f} GB of memory with {flag}; "
            f"expected less than {SHARE * memory() / 1e9:.0f} GB",
            f"leave out {flag}, or take a part: --start DATE",
        )
    return not flag


def in_memory_only(flags: DataFlags) -> str:
    """The flag that needs all rows of a series at once; "" where none is given."""
    given = {
        f"--aggregate {flags.aggregate}": flags.aggregate is not None,
        "--duplicates mean": flags.duplicates == "mean",
        f"--gaps {flags.gaps}": flags.gaps != "keep",
        "--with": bool(flags.join),
        "--future-data": bool(flags.future_data),
    }
    return next((flag for flag, used in given.items() if used), "")


def memory() -> int:
    """Bytes of memory of this machine; without end where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 62
