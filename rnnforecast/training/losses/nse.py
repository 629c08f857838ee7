"""The hydrologists' NSE loss (Nash & Sutcliffe 1970; as a loss, Kratzert et al. 2019): it is `mse` by another name.

    1 - NSE = sum of (y - f)^2 / sum of (y - mean)^2: the squared error over each series' own variance
Every series is scaled by its own standard deviation before the network sees it, so the division has been done.
"""

from __future__ import annotations

from rnnforecast.training.losses import mse

summary = "1 - Nash-Sutcliffe efficiency: mse, since each series is scaled by its own spread"

loss = mse.loss
