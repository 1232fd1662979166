"""A line with errors in both variables: the field's test case, and symmetries."""

import math

import numpy as np
import pytest

from analysis.straight_line import line_through


def test_line_without_errors_in_x_is_the_weighted_fit():
    rng = np.random.default_rng(1)
    x, error = np.linspace(0, 3, 7), np.linspace(0.1, 0.3, 7)
    y = 2 - 0.7 * x + rng.normal(0, error)
    line = line_through(x, y, np.zeros(7), error)
    (slope, intercept), covariance = np.polyfit(x, y, 1, w=1 / error, cov="unscaled")
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
    grown = math.sqrt(max(1.0, line.chi2_reduced))
    assert line.slope_error == pytest.approx(grown * math.sqrt(covariance[0, 0]))
    assert line.intercept_error == pytest.approx(grown * math.sqrt(covariance[1, 1]))


def test_line_of_pearson_with_yorks_weights():
    """Pearson's data, York's weights: the test case of the field."""
    x = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
    y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
    wx = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0])
    wy = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])
    line = line_through(x, y, wx**-0.5, wy**-0.5)
    assert line.slope == pytest.approx(-0.480533407, abs=1e-8)
    assert line.intercept == pytest.approx(5.479910224, abs=1e-8)
    assert line.chi2_reduced == pytest.approx(1.4833, abs=1e-4)


def test_swapping_the_axes_inverts_the_slope():
    x, y = np.array([1.0, 2.0, 4.0, 7.0]), np.array([2.1, 2.9, 5.2, 8.0])
    dx, dy, both = np.full(4, 0.1), np.array([0.2, 0.1, 0.3, 0.2]), np.full(4, 0.004)
    there, back = line_through(x, y, dx, dy, covariance=both), line_through(y, x, dy, dx, covariance=both)
    assert there.slope * back.slope == pytest.approx(1)
    assert there.chi2_reduced == pytest.approx(back.chi2_reduced)


def test_bad_input():
    with pytest.raises(ValueError, match="different x"):
        line_through(np.ones(4), np.arange(4.0), np.ones(4), np.ones(4))
    with pytest.raises(ValueError, match="error of y is 0"):
        line_through(np.arange(4.0), np.arange(4.0), np.ones(4), np.zeros(4))
    with pytest.raises(ValueError, match="not finite"):
        line_through(np.arange(4.0), np.array([1, 2, math.nan, 3]), np.ones(4), np.ones(4))
