"""Lesson: windows to learn from or to check on, as torch batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from rnnforecast.data.panel import F32, I64
from rnnforecast.data.windows import Batch, Windows

GATHER = 1024


@dataclass(frozen=True)
class Lesson:
    """Origins, and the anchor (N, H, T) that the network corrects, or None."""

    windows: Windows
    origins: I64
    anchor: F32 | None

    def thinned(self, most: int) -> Lesson:
        """At most `most` windows, evenly spread."""
        if len(self.origins) <= most:
            return self
        kept = np.linspace(0, len(self.origins) - 1, most).round().astype(np.int64)
        return replace(self, origins=self.origins[kept], anchor=None if self.anchor is None else self.anchor[kept])

    def batches(self, order: I64, size: int) -> Iterator[tuple[Batch, Tensor | None]]:
        """Torch batches of `size` in the given order of windows; cut about GATHER at a time."""
        gather = max(self.windows.at_once(GATHER) // size * size, size)
        for k in range(0, len(order), gather):
            chosen = order[k : k + gather]
            batch = as_torch(self.windows.gather(self.origins[chosen]))
            anchor = None if self.anchor is None else torch.from_numpy(self.anchor[chosen])
            for j in range(0, len(chosen), size):
                part = slice(j, j + size)
                yield sliced(batch, part), None if anchor is None else anchor[part]


def as_torch(batch: Batch) -> Batch:
    return Batch(**{f.name: torch.from_numpy(np.ascontiguousarray(getattr(batch, f.name))) for f in fields(batch)})


def sliced(batch: Batch, part: slice) -> Batch:
    return Batch(**{f.name: getattr(batch, f.name)[part] for f in fields(batch)})
