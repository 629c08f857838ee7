"""Calendar features: sine and cosine of the cycles that the record is long enough to show."""

from __future__ import annotations

import numpy as np

from rnnforecast.data.frequency import Step
from rnnforecast.data.panel import F32, I64

DAY, WEEK, YEAR = 86_400, 7 * 86_400, 31_556_952  # seconds; the mean Gregorian year
NEEDED = {DAY: 4, WEEK: 8, YEAR: 3}  # repeats a cycle must show before it is trusted: one year proves no season


def cycles(step: Step, span: int) -> tuple[int, ...]:
    """Cycles in seconds that `span` seconds of training show often enough and that the step can resolve."""
    if step.unit == "row":
        return ()
    length = step.count if step.unit == "second" else step.count * YEAR // 12
    return tuple(cycle for cycle, repeats in NEEDED.items() if cycle >= 2 * length and span >= repeats * cycle)


def calendar(seconds: I64, known: tuple[int, ...]) -> F32:
    """Sine and cosine of each cycle at `seconds` (...): (..., 2 cycles)."""
    columns = []
    for cycle in known:
        phase = (seconds % cycle) * (2 * np.pi / cycle)
        columns += [np.sin(phase), np.cos(phase)]
    if not columns:
        return np.zeros((*seconds.shape, 0), np.float32)
    return np.stack(columns, axis=-1).astype(np.float32)
