r"""The one function of diffusive weak localization, f(x) = psi(1/2 + x) - ln x.

A Cooperon channel of dephasing field B_i gives delta sigma = w F(B, B_i) G0 with F(B, B_i) = f(B_i/|B|)
(Hikami, Larkin, Nagaoka, Prog. Theor. Phys. 63, 707 (1980), doi:10.1143/PTP.63.707). A fit needs F and
dF/d ln B_i = x f'(x), in one pass: both are read from ln f and d ln f/d ln x, tabulated against ln x as
piecewise polynomials. That is good to 1e-13 for any x, costs half of what the recurrences of psi do on a short sweep,
and stays smooth where scipy's digamma minus log has lost all digits (x > 3e6).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.interpolate import PPoly

_LOWEST, _HIGHEST, _STEP = -16.0, 60.0, 0.1  # of ln z, z = 1/x: below, f is z^2/24 to all digits; B/B_i ends far above
_POINTS = 8  # to each piece
_ZERO = 1e-200  # stands for z = 0: its f is 0 in double precision
_TERMS = 32  # of the sum that is summed as it stands
_BERNOULLI = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730])


def cooperon(field_T: np.ndarray, b_T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return F(B, B_i) and dF/d ln B_i for every field and every channel.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Perpendicular field, either sign, 0 included [T].
    b_T : ndarray, shape (m,)
        Fields B_i = hbar/(4 e L_i^2) of the channels, positive [T].

    Returns
    -------
    value, slope : ndarray, shape (m, n)
        F >= 0, growing as B^2/(24 B_i^2) at low and ln(B/B_i) - 1.9635 at high field; dF/d ln B_i <= 0.
        Relative error below 1e-12 for any field.
    """
    return _of_inverse(np.abs(field_T) / b_T[:, np.newaxis])


def rough_cooperon(field_T: np.ndarray, b_T: np.ndarray) -> np.ndarray:
    """Return F(B, B_i), shape (m, n), as `cooperon` does for fields B >= 0, to half a per cent, for a guess."""
    with np.errstate(divide="ignore"):  # ln 0 = -inf, of which F is 0
        return np.interp(np.log(field_T) - np.log(b_T)[:, np.newaxis], *_polygon())


def f_and_derivative(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f(x) = psi(1/2 + x) - ln x and f'(x), each of the shape of x, for x > 0.

    Relative error of both below 1e-12 from x = 1e-8 to 1e12; f -> 1/(24 x^2) for large x and
    -ln x - 1.9635 for small x.
    """
    x = np.asarray(x, dtype=float)
    value, slope = _of_inverse(1 / x)
    return value, slope / x


def f(x: np.ndarray) -> np.ndarray:
    """Return f(x) = psi(1/2 + x) - ln x, of the shape of x, for x > 0."""
    return f_and_derivative(x)[0]


def _of_inverse(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f(1/z) and f'(1/z)/z for z >= 0."""
    logarithm = _table()(np.log(np.maximum(z, _ZERO)))
    value = np.exp(logarithm[..., 0])
    return value, value * logarithm[..., 1]


def _summed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f(x) and x f'(x), shape (n,), to full precision: sums of terms of one sign, for the table.

    psi(1/2 + x) - ln x = sum_k [ln(1 + 1/(x+k)) - 1/(x+k+1/2)] = sum_k 2 (artanh u_k - u_k), u_k = 1/(2 (x+k) + 1);
    the sum from k = 32 on is f(x + 32), whose asymptotic series is sum_j c_j x^(-2j),
    c_j = (1 - 2^(1-2j)) B_2j / (2j) with the Bernoulli numbers B_2j.
    """
    at = x[:, np.newaxis] + np.arange(_TERMS)
    u = 1 / (2 * at + 1)
    series = u**3 * np.polynomial.polynomial.polyval(u * u, 1 / np.arange(3.0, 25.0, 2.0))
    terms = np.where(u < 0.15, series, np.log1p(1 / at) / 2 - u)
    slopes = -(u**2) / (at * (at + 1))
    j = np.arange(1, 7)
    c = (1 - 2.0 ** (1 - 2 * j)) * _BERNOULLI / (2 * j)
    rest = x + _TERMS
    value = 2 * terms.sum(axis=1) + rest[:, np.newaxis] ** (-2.0 * j) @ c
    return value, x * (slopes.sum(axis=1) - rest[:, np.newaxis] ** (-2.0 * j - 1) @ (2 * j * c))


@cache
def _polygon() -> tuple[np.ndarray, np.ndarray]:
    """Return ln z and F there, of which F is read along straight lines."""
    edges = _table().x
    value = np.exp(_table()(edges)[:, 0])
    value[0] = 0.0
    return edges, value


@cache
def _table() -> PPoly:
    """Return ln f and d ln f/d ln x at x = exp(-t) as piecewise polynomials in t."""
    # at first use: it costs as much as the rest of the import of `analysis`
    from scipy.interpolate import PPoly

    edges = np.arange(_LOWEST, _HIGHEST, _STEP)
    within = (1 - np.cos(np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)) / 2  # Chebyshev's points
    t = edges[:-1, np.newaxis] + _STEP * within
    value, slope = _summed(np.exp(-t.ravel()))
    samples = np.stack([np.log(value), slope / value], axis=-1).reshape(*t.shape, 2)
    scaled = np.linalg.solve(np.vander(within), samples.swapaxes(0, 1).reshape(_POINTS, -1))
    coefficients = scaled.reshape(_POINTS, -1, 2) / _STEP ** np.arange(_POINTS - 1, -1, -1)[:, np.newaxis, np.newaxis]
    # below the table ln f = 2 t - ln 24
    coefficients[:, 0] = 0
    coefficients[-2:, 0] = [[2, 0], [2 * _LOWEST - np.log(24), -2]]
    return PPoly(coefficients, edges)
