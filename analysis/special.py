r"""The one function of diffusive weak localization, f(x) = psi(1/2 + x) - ln x.

A Cooperon channel of dephasing field B_i gives delta sigma = w F(B, B_i) G0 with F(B, B_i) = f(B_i/|B|)
(Hikami, Larkin, Nagaoka, Prog. Theor. Phys. 63, 707 (1980), doi:10.1143/PTP.63.707). Fits need F and
x f'(x) = dF/d ln B_i; both come from one pass here, written in z = |B|/B_i = 1/x, so that B = 0 is an
ordinary point where both vanish:

    z <= 1/10  asymptotic series  f = sum_k c_k z^(2k),  c_k = (1 - 2^(1-2k)) B_2k / (2k)   (B_2k Bernoulli)
    z >  1/10  the same series at x + 10, and ten steps of the recurrence of psi, taken in pairs

scipy's digamma minus log loses all digits above x = 3e6 and its trigamma costs ten times this function.
"""

from __future__ import annotations

import numpy as np
from scipy.special import bernoulli

_STEPS = 10  # of the recurrence, and so the smallest x at which the series is used
_TERMS = 8  # at x = 10 the next term is below 1e-13 of the sum
_BLOCK = 4096  # elements worked on at a time, so that the scratch arrays stay in the cache

_K = np.arange(1, _TERMS + 1)
_C = (1 - 2.0 ** (1 - 2 * _K)) * bernoulli(2 * _TERMS)[2::2] / (2 * _K)
_SERIES = np.array([_C, -2 * _K * _C])  # rows: f and x f'
_PAIRS = ((np.arange(_STEPS // 2) + 0.5) ** 2)[:, np.newaxis]
_ONES = np.ones(_STEPS // 2)


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
        Relative error below 1e-12 for B/B_i from 1e-12 to 1e8.
    """
    z = np.abs(field_T) / np.reshape(b_T, (-1, 1))
    value, slope = _of_inverse(z.ravel())
    return value.reshape(z.shape), slope.reshape(z.shape)


def f_and_derivative(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f(x) = psi(1/2 + x) - ln x and f'(x), each of the shape of x, for x > 0.

    Relative error of both below 1e-12 from x = 1e-8 to 1e12; f -> 1/(24 x^2) for large x and
    -ln x - 1.9635 for small x.
    """
    x = np.asarray(x, dtype=float)
    value, slope = _of_inverse((1 / x).ravel())
    return value.reshape(x.shape), slope.reshape(x.shape) / x


def f(x: np.ndarray) -> np.ndarray:
    """Return f(x) = psi(1/2 + x) - ln x, of the shape of x, for x > 0."""
    return f_and_derivative(x)[0]


def _of_inverse(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return f(1/z) and f'(1/z)/z for z >= 0, shape (n,)."""
    if z.size <= _BLOCK:
        return _block(z)
    blocks = [_block(z[i : i + _BLOCK]) for i in range(0, z.size, _BLOCK)]
    return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])


def _block(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (near,) = (z > 1 / _STEPS).nonzero()
    x = 1 / z[near]
    stretch = 1 / (x + _STEPS)
    at = z.copy()
    at[near] = stretch
    value, slope = _series(at)
    if near.size:
        # steps k and 9-k together: 1/(u-a) + 1/(u+a) = 2 u q with q = 1/(u^2 - a^2), likewise their squares
        u = x + _STEPS / 2
        square = u * u
        q = 1 / (square - _PAIRS)
        sum_q = _ONES.dot(q)
        sum_q2 = _ONES.dot(q * q)
        value[near] -= np.log(x * stretch) + 2 * (u * sum_q)
        slope[near] = x * (slope[near] * stretch + 4 * (square * sum_q2) - 2 * sum_q) - _STEPS * stretch
    return value, slope


def _series(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # powers of z^2 by doubling: one product with the coefficients replaces two passes of Horner's rule
    powers = np.empty((_TERMS, z.size))
    np.multiply(z, z, out=powers[0])
    np.multiply(powers[0], powers[0], out=powers[1])
    np.multiply(powers[:2], powers[1], out=powers[2:4])
    np.multiply(powers[:4], powers[3], out=powers[4:8])
    value, slope = _SERIES.dot(powers)
    return value, slope
