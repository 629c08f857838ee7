"""A hydrograph for the terminal: what was observed, then the forecast and its band, and a one-line sparkline.

- Lines are drawn on a fine raster, 2 x 4 dots per character (one braille cell) or 1 x 1 in ASCII. Where several steps
  share a column of dots the line covers all of them, so that a peak is never lost; where steps are further apart than
  dots it is drawn straight from step to step. A hole in the values stays a hole in the line.
- In one character the line hides the band, and both hide the mark of the cutoff.
- The core does not know the terminal: the caller says how large it is and whether it shows Unicode.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rnnforecast.report.aligned import escaped
from rnnforecast.report.numbers import decimals, fixed

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]

BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # Unicode's bit of each dot of a cell
BLOCKS, LEVELS = "▁▂▃▄▅▆▇█", "_.-=+*#@"


def chart(
    past: F64, forecast: F64, low: F64, high: F64, width: int, height: int, unicode: bool,
    times: tuple[str, str, str], unit: str,
) -> str:  # fmt: skip
    """Lines of text, none longer than `width` (20 or more): `height` rows of drawing, then the times below.

    past (n,) up to the cutoff; forecast, low and high (H,) after it; NaN is a hole. Values in `unit`.
    `times` are those of the first value, of the cutoff and of the last forecast, in words.
    """
    everything = np.concatenate([past, forecast, low, high])
    if not np.isfinite(everything).any():
        return "no values to draw\n"
    bottom, top = _limits(everything)
    labels = _labels(bottom, top, height, escaped(unit), width * 6 // 10)
    margin, steps = max(map(len, labels)) + 2, len(past) + len(forecast)
    cells = Raster(width - margin, height, steps, bottom, top)
    down, across = BRAILLE.shape if unicode else (1, 1)
    dots = Raster(cells.width * across, height * down, steps, bottom, top)
    cutoff = int(cells.across(max(len(past) - 1, 0)))
    picture = np.full((height, cells.width), " ")
    picture[:, cutoff] = "┊" if unicode else ":"
    picture[cells.band(low, high, len(past))] = "░" if unicode else "."
    for values, start, sign in ((past, 0, "*"), (forecast, len(past), "o")):
        drawn = dots.line(values, start).reshape(height, down, cells.width, across)
        picture = np.where(drawn.any(axis=(1, 3)), _braille(drawn) if unicode else sign, picture)
    edge = "┤" if unicode else "|"
    lines = [f"{label:>{margin - 2}} {edge}{''.join(row)}" for label, row in zip(labels, picture, strict=True)]
    return "".join(f"{line.rstrip()}\n" for line in lines + _times(times, margin, margin + cutoff, width))


def sparkline(values: F64, unicode: bool, width: int = 24) -> str:
    """At most `width` characters, each the mean of the values that share it: low to high; a blank for a hole."""
    signs = BLOCKS if unicode else LEVELS
    parts = np.array_split(values, min(width, len(values))) if len(values) else []
    means = np.array([part[np.isfinite(part)].mean() if np.isfinite(part).any() else np.nan for part in parts])
    bottom, top = _limits(means)
    level = np.nan_to_num((means - bottom) / (top - bottom) * len(signs))
    return "".join(" " if np.isnan(m) else signs[min(int(x), 7)] for m, x in zip(means, level, strict=True))


class Raster:
    """Dots over `steps` steps and from `bottom` to `top`; a drawing is (height, width), True where there is a dot."""

    def __init__(self, width: int, height: int, steps: int, bottom: float, top: float) -> None:
        self.width, self.height = width, height
        self.per_step = (width - 1) / max(steps - 1, 1)
        self.bottom, self.per_unit = bottom, (height - 1) / (top - bottom)

    def across(self, step: I64 | int) -> I64:
        """Columns of steps."""
        return np.rint(np.asarray(step) * self.per_step).astype(np.int64)

    def down(self, values: F64) -> I64:
        """Rows from the top; of finite values only."""
        return self.height - 1 - np.rint((values - self.bottom) * self.per_unit).astype(np.int64)

    def line(self, values: F64, start: int) -> Bits:
        """The line through `values`, the first of which stands at step `start`."""
        dots = np.zeros((self.height, self.width), bool)
        seen = np.flatnonzero(np.isfinite(values))
        x, y = self.across(seen + start), self.down(values[seen])
        dots[y, x] = True
        for left in np.flatnonzero(np.diff(seen) == 1):
            columns = range(x[left], x[left + 1] + 1)
            # Each column spans the heights at its two edges, and neighbours share an edge: no gap on a steep limb.
            heights = np.rint(np.linspace(y[left], y[left + 1], len(columns) + 1)).astype(int).tolist()
            for column, (one, other) in zip(columns, pairwise(heights), strict=True):
                dots[min(one, other) : max(one, other) + 1, column] = True
        return dots

    def band(self, low: F64, high: F64, start: int) -> Bits:
        """What lies between `low` and `high`, the first of which stand at step `start`."""
        dots = np.zeros((self.height, self.width), bool)
        seen = np.isfinite(low) & np.isfinite(high)
        upper, lower = self.down(np.where(seen, high, self.bottom)), self.down(np.where(seen, low, self.bottom))
        ends = self.across(np.arange(len(low) + 1) + start)
        for at in np.flatnonzero(seen):
            dots[upper[at] : lower[at] + 1, ends[at] : max(ends[at + 1], ends[at] + 1)] = True
        return dots


def _limits(values: F64) -> tuple[float, float]:
    """Lowest and highest finite value, set apart where only rounding parts them; 0 and 1 where there is none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    bottom, top = float(finite.min()), float(finite.max())
    size = max(abs(bottom), abs(top))
    apart = 0.0 if top - bottom > max(1e-12 * size, 1e-100) else max(0.01 * size, 0.5)
    return bottom - apart, top + apart


def _braille(drawn: Bits) -> npt.NDArray[np.str_]:
    """Dots (height, 4, width, 2) as characters (height, width)."""
    codes = 0x2800 + (drawn * BRAILLE[None, :, None, :]).sum(axis=(1, 3))
    return np.asarray(codes.astype(np.uint32).view("U1"))


def _labels(bottom: float, top: float, height: int, unit: str, room: int) -> list[str]:
    """One label per row, most of them blank: values at the top, middle and bottom with 3 significant digits.

    What does not fit into `room` characters is left out: first the unit, then the values.
    """
    places, last = decimals(top - bottom), max(height - 1, 1)
    marked = {row: fixed(top - (top - bottom) * row / last, places) for row in (0, (height - 1) // 2, height - 1)}
    for unit_text in (f" {unit}" if unit else "", ""):
        labels = [marked.get(row, "") + (unit_text if row == 0 else "") for row in range(height)]
        if max(map(len, labels)) + 2 <= room:
            return labels
    return [""] * height


def _times(times: tuple[str, str, str], left: int, cutoff: int, width: int) -> list[str]:
    """The times under the places they belong to, on as few lines as they fit."""
    lines = [""]
    for time, place in zip(times, (left, cutoff, width), strict=True):
        text = escaped(time)[:width]
        centred = place - (len(text) // 2 if place == cutoff else 0)
        start = max(min(centred, width - len(text)), 0)
        if lines[-1] and len(lines[-1]) + 1 > start:
            lines.append("")
        lines[-1] = lines[-1].ljust(start) + text
    return lines
