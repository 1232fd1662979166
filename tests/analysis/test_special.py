"""f(x) = psi(1/2 + x) - ln x against exact relations: no frozen numbers, no second numerical library."""

import math

import numpy as np
import pytest
from scipy.special import digamma

from analysis.special import cooperon, f, f_and_derivative, rough_cooperon

EULER = 0.57721566490153286061


def test_exact_values_at_half_integers():
    # psi(1) = -gamma, psi(n + 1) = psi(n) + 1/n
    for n in range(40):
        x = n + 0.5
        exact = math.fsum([-EULER, *(1 / k for k in range(1, n + 1)), -math.log(x)])
        floor = 4e-16 * max(1.0, math.log(x) + EULER)  # the reference itself cancels
        assert f(np.array([x]))[0] == pytest.approx(exact, rel=1e-13, abs=floor)


def test_recurrence_over_twenty_decades():
    # f(x) - f(x+1) = ln(1 + 1/x) - 1/(x + 1/2): an exact relation that ties small, middle and large x together
    x = np.concatenate([np.geomspace(1e-8, 5, 400), np.linspace(5, 15, 400)])
    here, there = f(x), f(x + 1)
    assert here - there == pytest.approx(np.log1p(1 / x) - 1 / (x + 0.5), rel=2e-12, abs=6e-16)


def test_small_and_large_x():
    tiny = np.array([1e-8, 1e-7, 1e-6])
    psi_half = -EULER - 2 * math.log(2)
    assert f(tiny) == pytest.approx(-np.log(tiny) + psi_half + math.pi**2 / 2 * tiny, rel=1e-12)
    large = np.geomspace(1e3, 1e12, 40)
    v = large**-2.0
    assert f(large) == pytest.approx(v * (1 / 24 - v * 7 / 960), rel=1e-12)
    assert f_and_derivative(large)[1] == pytest.approx(-v / large * (1 / 12 - v * 7 / 240), rel=1e-12)


def test_against_digamma_where_that_is_good():
    x = np.geomspace(1e-3, 3, 200)
    assert f(x) == pytest.approx(digamma(0.5 + x) - np.log(x), rel=3e-13)


def test_derivative_is_that_of_the_value():
    # five-point differences in ln x, error h^4: no trigamma needed
    x, h = np.geomspace(1e-4, 1e4, 300), 1e-2
    d = (8 * (f(x * np.exp(h)) - f(x * np.exp(-h))) - f(x * np.exp(2 * h)) + f(x * np.exp(-2 * h))) / (12 * h)
    assert f_and_derivative(x)[1] * x == pytest.approx(d, rel=2e-7)


def test_no_step_where_series_and_recurrence_meet():
    below, above = (f_and_derivative(np.array([10 * (1 + side * 1e-13)])) for side in (-1, 1))
    assert below[0] == pytest.approx(above[0], rel=1e-12)
    assert below[1] == pytest.approx(above[1], rel=1e-12)


def test_blocks_do_not_show():
    z = np.geomspace(1e-9, 1e9, 10_001)
    whole = f(z)
    assert whole[::1000].tolist() == pytest.approx(f(z[::1000]), rel=1e-14)


def test_cooperon_is_even_zero_at_zero_and_finite():
    field = np.array([0.0, 1e-9, 1e-3, 1.0, 100.0])
    b = np.array([1e-7, 1e-3, 1e8])
    value, slope = cooperon(field, b)
    mirrored, _ = cooperon(-field, b)
    assert value.shape == (3, 5)
    assert np.array_equal(value, mirrored)
    assert not value[:, 0].any()
    assert not slope[:, 0].any()
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    assert (np.diff(value, axis=1) > 0).all()
    assert (slope <= 0).all()


def test_the_rough_one_is_good_to_half_a_per_cent():
    field, b = np.append(0.0, np.geomspace(1e-6, 30, 400)), np.geomspace(1e-5, 10, 30)
    exact, rough = cooperon(field, b)[0], rough_cooperon(field, b)
    inside = exact > 1e-10
    assert np.allclose(rough[inside], exact[inside], rtol=5e-3)
    assert np.abs(rough - exact)[~inside].max() < 1e-9
    assert (rough[:, 0] == 0).all()


def test_local_slope_table_of_the_reference():
    # d F/d ln B = -dF/d ln B_phi, physics-2d section 10
    x = np.array([1, 0.3, 0.1, 0.05, 0.02, 0.01, 0.001])
    _, slope = cooperon(1 / x, np.array([1.0]))
    assert -slope[0] == pytest.approx([0.065, 0.310, 0.636, 0.790, 0.908, 0.952, 0.995], abs=6e-4)
