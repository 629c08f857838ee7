"""Scores: what one evaluation found, per rule, lead and target; and a Forecast, which it judges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Errors by rule (R), lead (H) and target (T), in the target's own unit, over all series.

    rules[0] is "model" (the stack); "network" follows where there is one; then the floors by name.
    """

    rules: tuple[str, ...]
    labels: tuple[str, ...]  # what people call each rule: "same time yesterday"
    mae: F64  # (R, H, T)
    rmse: F64  # (R, H, T)
    bias: F64  # (R, H, T), forecast minus observed
    coverage: F64  # (H, T) share of truths within the band of `coverage_level`
    coverage_level: float  # 0.8
    turns: F64  # (T, 2, 6) the model's errors at high and low water, as `waters.TURN_ERRORS` names them; NaN without
    share: F64  # (H, T) the network's weight in the stack; 0 where there is none
    chosen: str  # the floor that validation chose
    num_windows: int
    first: int  # seconds of the first and last origin scored
    last: int
    in_sample: bool  # some scored rows were seen in training

    def standardised(self, deviation: F64) -> Scores:
        """The errors in units of `deviation` (T,): published tables compare columns of different units so."""
        by = {name: getattr(self, name) / deviation for name in ("mae", "rmse", "bias")}
        return replace(self, **by)
