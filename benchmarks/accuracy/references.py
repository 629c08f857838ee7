"""What a tide forecaster must beat: harmonics of UTide, alone and with the newest residual carried on.

    UTide   harmonic analysis of the training part, trend off, constituents by the Rayleigh criterion
    A       UTide + the residual at the origin
    B       UTide + that residual x coefficient ^ lead, the AR(1) coefficient of the training part's residuals
    B each  UTide + that residual x the coefficient of this very lead, by least squares on the training part

B each is the harder one to beat where the residual forgets more slowly than by powers (La Jolla), and mostly at 24 h.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import utide
from measures import Array


class Harmonics:
    """UTide fitted on a training part, with the level and the residual at any row of the frame."""

    def __init__(self, train: pd.Series, whole: pd.Series, lat: float) -> None:
        """train: the part to learn from; whole: all rows, on a regular hourly index."""
        known = train.dropna()
        self.fit = utide.solve(known.index.to_numpy(), known.to_numpy(), lat=lat, trend=False, conf_int="none",
                               method="ols", constit="auto", nodal=True, verbose=False)  # fmt: skip
        tide = utide.reconstruct(whole.index.to_numpy(), self.fit, verbose=False).h
        self.tide = pd.Series(tide, whole.index)
        self.residual = whole - self.tide
        self.learned = self.residual[train.index].to_numpy()

    def at(self, rows: pd.DataFrame) -> pd.DataFrame:
        """UTide, A, B and B each for the rows' `cutoff` and `ds`; missing where the level at the origin is."""
        tide = self.tide.reindex(rows["ds"]).to_numpy()
        newest = self.residual.reindex(rows["cutoff"]).to_numpy()
        powers = kept(self.learned, 1) ** rows["lead"].to_numpy()
        each = rows["lead"].map({lead: kept(self.learned, lead) for lead in rows["lead"].unique()}).to_numpy()
        columns = {"UTide": tide, "A": tide + newest, "B": tide + newest * powers, "B each": tide + newest * each}
        return pd.DataFrame(columns, rows.index)


def kept(residual: Array, lead: int) -> float:
    """The share of a residual that is left `lead` steps later, by least squares over pairs that were both observed."""
    now, before = residual[lead:], residual[:-lead]
    both = np.isfinite(now) & np.isfinite(before)
    return float(now[both] @ before[both] / (before[both] @ before[both]))
