"""Plausible: whether a forecast rises faster than the record ever did. It is told, never clipped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

BEYOND = 1.5  # times the fastest rise on record


def first_too_fast(levels: F64, fastest: F64) -> I64:
    """The first lead (1 to H) that rises too fast, (B, T); 0 where none does.

    levels (B, 1 + H, T): the newest observation (NaN where it is missing), then the forecast; fastest (B, T): the
    largest rise between two neighbouring steps on record, 0 or NaN where none is known.
    """
    rises = np.diff(levels, axis=1)  # (B, H, T)
    limit = np.where(fastest > 0, BEYOND * fastest, np.inf)
    beyond = np.nan_to_num(rises, nan=-np.inf) > limit[:, None]
    return np.asarray(np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1, 0), np.int64)
