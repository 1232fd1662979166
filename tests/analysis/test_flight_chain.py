"""Flights between Landau levels: the continued fraction against the integral, its series against the recurrence."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import eval_genlaguerre, gammaln

from analysis.flight_chain import OFFSETS, _far_up, at_zero_field, far_levels, summed_levels

EACH = [(m, at) for m, offsets in OFFSETS.items() for at in offsets]


def integral(m, n, b, z):
    """Return M^m_n from its definition."""

    def integrand(xi):
        y = b * xi**2 / 2
        size = np.exp(0.5 * (gammaln(n + 1) - gammaln(n + m + 1)) - z.real * xi - y / 2) * y ** (m / 2)
        return size * eval_genlaguerre(n, m, y) * np.exp(-1j * z.imag * xi)

    real = quad(lambda xi: integrand(xi).real, 0, 50, limit=400)[0]
    return real + 1j * quad(lambda xi: integrand(xi).imag, 0, 50, limit=400)[0]


@pytest.mark.parametrize("z", [1.02 + 0j, 1.02 - 1.5j])
@pytest.mark.parametrize("b", [0.05, 0.8])
def test_against_the_integral(b, z):
    elements = summed_levels(np.array([b]), np.array([z]), 24)
    for (m, at), value in elements.items():
        for block in (0, 1, 2, 7):
            n = round(block - 1 + at - m / 2)
            expected = integral(m, n, b, z) if n >= 0 else 0
            assert value[block, 0] == pytest.approx(expected, abs=2e-8)


@pytest.mark.parametrize("key", EACH)
def test_far_up_and_exact_meet(key):
    b, z = np.array([0.01, 0.1]), np.full(2, 1.01 - 0.7j)
    middle = np.full((1, 2), 39.0)
    exact = summed_levels(b, z, 60)[key][40]
    assert far_levels(b, middle, z)[key][0] == pytest.approx(exact, abs=1e-10)


def test_the_series_is_the_fraction_far_up():
    # R_n [z + (n+1) R_{n+1} b/2] = 1 to the order of the series; L_n the same with b and nu of the other sign
    b, z = np.full(2, 0.3), np.array([1.1 - 0.4j, 1.0 + 0j])
    for nu in (20.5, 41.0):
        for sign in (1, -1):
            here, neighbour = (_far_up(sign * b, np.full(2, sign * at), z) for at in (nu, nu + sign))
            hop = b / 2 * (nu + sign / 2)
            assert here == pytest.approx(z + hop / neighbour, abs=1e-2 * nu**-5)


def test_without_field_flights_are_straight():
    # of wave number q, M^m = int exp(-z xi) J_m(q xi) dxi
    q, z = 1.3, 1.05
    elements = at_zero_field(np.array([q**2]), np.array([z]))
    for (m, at), value in elements.items():
        s = np.sqrt(z**2 + q**2)
        assert value[0] == pytest.approx(((s - z) / q) ** m / s, rel=1e-12)
        near = far_levels(np.array([1e-6]), np.array([[q**2 / 2e-6]]), np.array([z]))[m, at][0, 0]
        assert near == pytest.approx(value[0], rel=1e-5)
