"""Every measure against numbers worked by hand, and against what its source says of special cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnforecast.scores import metrics

NAN = float("nan")


def column(*values: float) -> np.ndarray:
    """N windows of one lead and one target, (N, 1, 1)."""
    return np.array(values, np.float64)[:, None, None]


# Truth 1, 2, 4 and forecast 2, 2, 1: errors 1, 0, -3.
TRUTH, FORECAST = column(1, 2, 4), column(2, 2, 1)


def test_mae_is_the_mean_of_absolute_errors():
    assert metrics.mae(TRUTH, FORECAST).item() == pytest.approx(4 / 3)


def test_rmse_is_the_root_of_the_mean_square_error():
    assert metrics.rmse(TRUTH, FORECAST).item() == pytest.approx((10 / 3) ** 0.5)


def test_bias_is_negative_where_the_forecast_is_too_low():
    assert metrics.bias(TRUTH, FORECAST).item() == pytest.approx(-2 / 3)


def test_windows_are_averaged_and_leads_and_targets_kept_apart():
    truth = np.zeros((2, 3, 2))
    forecast = np.arange(12, dtype=float).reshape(2, 3, 2)
    expected = [[3, 4], [5, 6], [7, 8]]
    assert metrics.mae(truth, forecast).tolist() == expected
    assert metrics.bias(truth, forecast).tolist() == expected


@pytest.mark.parametrize("measure", [metrics.mae, metrics.rmse, metrics.bias, metrics.nse])
def test_a_missing_truth_is_skipped(measure):
    holed = measure(column(1, NAN, 2, 4), column(2, 99, 2, 1))
    assert holed.item() == pytest.approx(measure(TRUTH, FORECAST).item())


@pytest.mark.parametrize("measure", [metrics.mae, metrics.rmse, metrics.bias, metrics.nse])
def test_a_missing_forecast_is_not_skipped(measure):
    assert np.isnan(measure(column(1, 2), column(1, NAN))).item()


@pytest.mark.parametrize("measure", [metrics.mae, metrics.rmse, metrics.bias, metrics.nse])
def test_without_any_truth_the_answer_is_nan(measure):
    assert np.isnan(measure(column(NAN, NAN), column(1, 2))).item()


def test_pinball_weighs_a_miss_by_the_level():
    # At 0.9 a truth 2 above the quantile costs 0.9 * 2, one 3 below costs 0.1 * 3.
    loss = metrics.pinball(column(5, 0), np.stack([column(3, 3)] * 2, axis=-1), [0.9, 0.1])
    assert loss[0, 0].tolist() == pytest.approx([(1.8 + 0.3) / 2, (0.2 + 2.7) / 2])


def test_pinball_skips_a_missing_truth_at_every_level():
    loss = metrics.pinball(column(5, NAN), np.full((2, 1, 1, 2), 3.0), [0.9, 0.1])
    assert loss[0, 0].tolist() == pytest.approx([1.8, 0.2])


@given(arrays(np.float64, (5, 1, 1), elements=st.floats(-100, 100)), st.floats(-100, 100))
def test_pinball_of_the_median_is_half_the_absolute_error(truth, guess):
    forecast = np.full((5, 1, 1), guess)
    half = metrics.mae(truth, forecast) / 2
    assert metrics.pinball(truth, forecast[..., None], [0.5])[..., 0] == pytest.approx(half)


@given(arrays(np.float64, (40, 1, 1), elements=st.floats(-10, 10)), st.sampled_from([0.1, 0.5, 0.8]))
def test_pinball_is_smallest_at_the_quantile_of_the_truths(truth, level):
    def loss(value: float) -> float:
        return metrics.pinball(truth, np.full((40, 1, 1, 1), value), [level]).item()

    best = float(np.quantile(truth, level, method="inverted_cdf"))
    assert loss(best) <= min(loss(best - 0.5), loss(best + 0.5)) + 1e-9


def test_coverage_counts_the_ends_as_within():
    assert metrics.coverage(column(1, 2, 3, 4, NAN), column(1, 0, 4, 0, 0), column(2, 2, 5, 3, 9)).item() == 0.5


def test_coverage_of_a_missing_band_is_nothing():
    assert metrics.coverage(column(1, 2), column(NAN, 0), column(NAN, 3)).item() == 0.5


def test_mase_divides_by_the_scale_of_each_window():
    # Errors 1, 0, 3 in units of 2, 2, 6.
    assert metrics.mase(TRUTH, FORECAST, column(2, 2, 6)).item() == pytest.approx((0.5 + 0 + 0.5) / 3)


def test_mase_skips_a_series_that_never_changed():
    assert metrics.mase(TRUTH, FORECAST, column(2, 2, 0)).item() == pytest.approx(0.25)
    assert np.isnan(metrics.mase(TRUTH, FORECAST, 0.0)).item()


def test_nse_compares_with_the_mean_of_the_truths():
    # Mean 7/3, squares about it 16/9 + 1/9 + 25/9 = 42/9; squared errors 10.
    assert metrics.nse(TRUTH, FORECAST).item() == pytest.approx(1 - 10 / (42 / 9))
    assert metrics.nse(TRUTH, TRUTH).item() == 1
    assert metrics.nse(TRUTH, np.full_like(TRUTH, TRUTH.mean())).item() == pytest.approx(0)


def test_nse_of_a_constant_truth_is_not_defined():
    assert np.isnan(metrics.nse(column(2, 2), column(2, 3))).item()
