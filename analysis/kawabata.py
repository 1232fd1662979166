r"""The one function of three-dimensional weak localization, Kawabata's f3.

A Cooperon channel of dephasing field B_i adds sqrt(e B/hbar) f3(B_i/B) G0 [S/m] to the conductivity
(A. Kawabata, Solid State Commun. 34, 431 (1980), doi:10.1016/0038-1098(80)90644-4 (DOI not confirmed)):

f3(delta) = sum_n [2 sqrt(n + 1 + delta) - 2 sqrt(n + delta) - (n + 1/2 + delta)^(-1/2)]
          = -zeta(1/2, 1/2 + delta) - 2 sqrt(delta).

Each term is a difference of large numbers; multiplied out it is a product of positive ones, g(a) at
a = n + 1/2 + delta, so that f3 keeps all digits for any delta. With Zeeman splitting delta is complex.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bernoulli, poch

_TERMS = 10  # summed as they stand; the rest is the asymptotic series, good to 1e-17 beyond delta = 10
_ORDERS = np.arange(1, 8)
_SERIES = (
    (1 - 2.0 ** (1 - 2 * _ORDERS))
    * bernoulli(14)[2::2]
    * poch(0.5, 2 * _ORDERS - 1)
    / np.array([math.factorial(2 * k) for k in _ORDERS.tolist()])
)
_SMALLEST_T = 1e-50  # stands for B = 0, where every change of the conductivity is 0


def f3_and_derivative(delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f3(delta) and its derivative.

    Parameters
    ----------
    delta : ndarray, any shape, real or complex
        B_i/B, real part positive, or 0 (where the derivative is -inf).

    Returns
    -------
    value, slope : ndarray, of the shape of delta
        f3 -> 0.6049 for delta -> 0, delta^(-3/2)/48 for large delta. Relative error below 1e-13.
    """
    delta = np.asarray(delta)
    value, slope = _rest(delta + _TERMS)
    with np.errstate(divide="ignore"):
        for n in range(_TERMS):
            term, logarithmic = _term(delta + (n + 0.5))
            value = value + term
            slope = slope + term * logarithmic
    return value, slope


def _term(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return g(a) = 2 sqrt(a + 1/2) - 2 sqrt(a - 1/2) - a^(-1/2) and g'/g."""
    root, upper, lower = np.sqrt(a), np.sqrt(a + 0.5), np.sqrt(a - 0.5)
    value = 0.5 / (root * (upper + lower) ** 2 * (root + upper) * (root + lower))
    return value, -(0.5 / a + 1 / (upper * lower) + 0.5 / (root * upper) + 0.5 / (root * lower))


def _rest(delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f3 and its derivative from the asymptotic series sum_k c_k delta^(1/2 - 2 k)."""
    inverse = 1 / delta
    square = inverse * inverse
    front = square * np.sqrt(delta)
    value = front * np.polynomial.polynomial.polyval(square, _SERIES)
    slope = front * inverse * np.polynomial.polynomial.polyval(square, (0.5 - 2 * _ORDERS) * _SERIES)
    return value, slope


def bulk_cooperon(field_T: np.ndarray, b_T: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return S(B, B_i) = sqrt(B) f3(B_i/B) [T^(1/2)] and dS/dB_i [T^(-1/2)].

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Magnitude of the field, 0 included [T].
    b_T : ndarray or float, of a shape that broadcasts with field_T
        Field of the channel, real or complex, real part positive [T].
    """
    # S is below 1e-70 at the field that stands for zero: nothing a difference could see, but zero must be exact
    field = np.maximum(field_T, _SMALLEST_T)
    value, slope = f3_and_derivative(b_T / field)
    inside = field_T > 0
    return np.sqrt(field) * value * inside, slope / np.sqrt(field) * inside


_NEAR = 0.02  # |q|/m^2 below which the two fields of a pair are too near for their difference
_CIRCLE = 0.16 * np.exp(2j * np.pi * (np.arange(10) + 0.5) / 20)  # q/m^2 of 20 points, the upper ones


def pair(field_T: np.ndarray, middle_T: float, q_T2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return [S(m + sqrt q) - S(m - sqrt q)]/(2 sqrt q) and its derivatives by m and by q.

    The two fields of a pair coupled by the Zeeman splitting: real for q > 0, complex conjugates for q < 0. The quotient
    is real and smooth in q; around q = 0 it is Cauchy's integral over a circle of q, which has no cancellation.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Magnitude of the field [T].
    middle_T : float
        m, positive [T].
    q_T2 : ndarray, shape (n,)
        q < m^2 [T^2].
    """
    near = np.abs(q_T2) < _NEAR * middle_T**2
    result = np.empty((3, field_T.size))
    if not near.all():
        result[:, ~near] = np.real(_far_pair(field_T[~near], middle_T, q_T2[~near].astype(complex)))
    if near.any():
        around = _CIRCLE[:, np.newaxis] * middle_T**2
        quotient, by_middle, _ = _far_pair(field_T[near], middle_T, np.broadcast_to(around, (10, near.sum())))
        weight = around / (around - q_T2[near])
        by_q = quotient * weight / (around - q_T2[near])
        result[:, near] = [np.real(mean).mean(axis=0) for mean in (quotient * weight, by_middle * weight, by_q)]
    return result[0], result[1], result[2]


def _far_pair(field_T: np.ndarray, middle_T: float, q_T2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    root = np.sqrt(q_T2)
    upper = middle_T + root
    # m - sqrt q loses its digits where q is nearly m^2, the product of the two fields does not
    (high, high_slope) = bulk_cooperon(field_T, upper)
    (low, low_slope) = bulk_cooperon(field_T, (middle_T**2 - q_T2) / upper)
    quotient = (high - low) / (2 * root)
    return quotient, (high_slope - low_slope) / (2 * root), ((high_slope + low_slope) / 2 - quotient) / (2 * q_T2)
