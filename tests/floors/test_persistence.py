"""No change: the last observation, however old."""

from __future__ import annotations

import numpy as np

from rnnforecast.data.windows import Windows
from rnnforecast.floors import persistence
from tests.making import NAN, panel_of, tide, unscaled


def test_every_lead_is_the_last_observation_of_its_target() -> None:
    values = np.stack([tide(30), tide(30, 1)], axis=1)
    values[20:, 1] = NAN
    panel = panel_of(values, T=2)
    batch = Windows(panel, unscaled(panel), (), 15, 3).gather(np.array([24]))
    said = persistence.forecast({}, batch)
    np.testing.assert_allclose(said, [[[values[24, 0], values[19, 1]]] * 3], rtol=1e-6)
    assert persistence.usable({}, batch).all()


def test_a_target_that_was_not_observed_at_all_makes_it_unusable() -> None:
    values = np.stack([tide(30), tide(30, 1)], axis=1)
    values[20:, 1] = NAN
    panel = panel_of(values, T=2)
    batch = Windows(panel, unscaled(panel), (), 5, 3).gather(np.array([23, 24, 25]))
    assert persistence.usable({}, batch).tolist() == [True, False, False]
