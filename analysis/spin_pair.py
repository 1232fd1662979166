r"""The singlet Cooperon and the triplet that a Zeeman field mixes with it.

With the dephasing fields G_S and G_T, m and h half their sum and half their difference and w = g mu_B B/(4 e D), what
stands for 1/2 X(G_T) - 1/2 X(G_S) without Zeeman splitting becomes

    h [X(m + r) - X(m - r)] / (2 r),   r^2 = h^2 - w^2,

with X(G) = psi(1/2 + G/B) in a perpendicular field B and ln G without (Maekawa, Fukuyama, J. Phys. Soc. Jpn 50, 2516
(1981), doi:10.1143/JPSJ.50.2516). r is real or imaginary, the divided difference real and smooth through r = 0. Taken
relative to zero field it is the sum of two parts, each 0 there: `logarithm`, all that an in-plane field does, and
`orbital`, with f(x) = psi(1/2 + x) - ln x in place of X.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

_NEAR = 0.5  # of m: for |r| below, the divided difference is an integral along the segment
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_C = np.array([
    1 / 24, -7 / 960, 31 / 8064, -127 / 30720, 511 / 67584, -1414477 / 67092480, 8191 / 98304, -118518239 / 267386880,
])  # fmt: skip
"""f(x) = sum_k c_k x^(-2k), k from 1."""
_SHIFT = 12  # terms of psi summed as they stand where x is not large


class Part(NamedTuple):
    """A part of delta sigma, shape (n,) [G0], and its derivatives by the logarithms of m, h and w."""

    value: np.ndarray
    by_m: np.ndarray
    by_h: np.ndarray
    by_w: np.ndarray


def logarithm(m: float, h: float, w: np.ndarray) -> Part:
    """Return h/(2 r) ln[(m + r)/(m - r)] - 1/2 ln[(m + h)/(m - h)]: below 0, -w^2 times a constant for small w.

    Parameters
    ----------
    m, h : float
        Half the sum and half the difference of the dephasing fields of triplet and singlet, 0 < h < m [T].
    w : ndarray, shape (n,)
        Zeeman splitting as a field, w >= 0 [T].
    """
    t, zeeman = h / m, (w / h) ** 2
    u = 1 - zeeman
    gap = (m - h) * (m + h) / m**2  # 1 - t^2
    below = gap + zeeman * t * t  # 1 - u t^2
    near = np.abs(u) < 0.1
    mixed = np.empty(w.size)
    mixed[near] = _inverse_tangent(u[near], t)[0] - math.atanh(t)
    rho = np.sqrt(u[~near].astype(complex))
    # of two terms proportional to w^2: the plain difference has no digits left at small w
    shift = -zeeman[~near] / (1 + rho)
    mixed[~near] = ((np.arctanh(shift * t / (1 - rho * t * t)) - shift * math.atanh(t)) / rho).real
    by_t = -zeeman * t**3 / (below * gap)
    by_u = np.empty(w.size)
    by_u[near] = _inverse_tangent(u[near], t)[1]
    by_u[~near] = (t / below[~near] - mixed[~near] - math.atanh(t)) / (2 * u[~near])
    by_w = -2 * zeeman * by_u
    return Part(mixed, -by_t, by_t - by_w, by_w)


def _inverse_tangent(u: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Return artanh(t sqrt u)/sqrt(u) and its derivative by u, for |u| < 0.1, t < 1."""
    k = np.arange(18)
    power = (t * t * u[:, np.newaxis]) ** k
    return t * power @ (1 / (2 * k + 1)), t**3 * power[:, :-1] @ (k[1:] / (2 * k[1:] + 1))


def orbital(field_T: np.ndarray, m: float, h: float, w: np.ndarray) -> Part:
    """Return h [f((m + r)/B) - f((m - r)/B)]/(2 r), 1/2 F(B, m + h) - 1/2 F(B, m - h) without Zeeman splitting.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        |B|, above 0 [T].
    m, h, w
        As in `logarithm`.
    """
    square = (h - w) * (h + w)
    near = np.abs(square) < (_NEAR * m) ** 2
    quotient, by_mean, by_square = np.empty((3, field_T.size))
    for part, rule in ((near, _along_segment), (~near, _between_ends)):
        if part.any():
            answer = rule(m / field_T[part], square[part] / field_T[part] ** 2)
            quotient[part], by_mean[part], by_square[part] = answer
    eta = h / field_T
    by_w = -2 * eta * (w / field_T) ** 2 * by_square
    return Part(eta * quotient, eta * m / field_T * by_mean, eta * quotient + 2 * eta**3 * by_square, by_w)


def _between_ends(mean: np.ndarray, square: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return [f(mean + s) - f(mean - s)]/(2 s), s^2 = square, and its derivatives by mean and square."""
    found = np.empty((3, mean.size))
    real = square > 0
    if real.any():
        s = np.sqrt(square[real])
        (f_high, slope_high), (f_low, slope_low) = (f_derivatives(mean[real] + sign * s, 1) for sign in (1, -1))
        found[:, real] = (f_high - f_low) / (2 * s), (slope_high - slope_low) / (2 * s), (slope_high + slope_low) / 2
    if not real.all():
        # the two ends are conjugates of each other
        s = np.sqrt(-square[~real])
        f_high, slope_high = f_derivatives(mean[~real] + 1j * s, 1)
        found[:, ~real] = np.imag(f_high) / s, np.imag(slope_high) / s, np.real(slope_high)
    return found[0], found[1], (found[2] - found[0]) / (2 * square)


def _along_segment(mean: np.ndarray, square: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same as `_between_ends` from integrals of f', f'', f''' along the segment, by Gauss and Legendre."""
    found = np.empty((3, mean.size))
    real = square > 0
    right = _NODES > 0  # conjugate ends need half of the nodes
    for part, unit, nodes, weights in (
        (real, 1.0, _NODES, _WEIGHTS / 2),
        (~real, 1j, _NODES[right], _WEIGHTS[right]),
    ):
        if part.any():
            s = unit * np.sqrt(np.abs(square[part]))[:, np.newaxis]
            _, first, second, third = f_derivatives(mean[part, np.newaxis] + s * nodes, 3)
            by_square = third @ (weights * (1 - nodes**2)) / 4
            found[:, part] = np.real(first @ weights), np.real(second @ weights), np.real(by_square)
    return found[0], found[1], found[2]


def f_derivatives(x: np.ndarray, order: int) -> list[np.ndarray]:
    """Return f(x) = psi(1/2 + x) - ln x and its derivatives up to `order` <= 3, for real or complex x, Re x > 0.

    Relative error below 1e-11.
    """
    far = np.abs(x) > _SHIFT
    found = [np.empty_like(x) for _ in range(order + 1)]
    for part, shift in ((far, 0), (~far, _SHIFT)):
        if not part.any():
            continue
        for j, value in enumerate(_shifted(x[part], order, shift)):
            found[j][part] = value
    return found


def _shifted(x: np.ndarray, order: int, shift: int) -> list[np.ndarray]:
    """Return f and derivatives from the asymptotic series at x + shift and the recurrence of psi."""
    rest = x + shift
    inverse = 1 / rest
    values, square, power = [], inverse * inverse, 2.0 * np.arange(1, _C.size + 1)
    scale, falling = square, _C
    for j in range(order + 1):
        values.append(scale * _polynomial(square, falling))
        scale, falling = scale * inverse, -falling * (power + j)
    if not shift:
        return values
    # psi(1/2 + x) = psi(1/2 + x + shift) - sum_k 1/(1/2 + x + k), and its derivatives
    sums = [np.zeros_like(x) for _ in values]
    for k in range(shift):
        step = term = 1 / (x + (k + 0.5))
        for total in sums:
            total += term
            term = term * step
    here = 1 / x
    logarithms = (np.log(rest * here), inverse - here, here**2 - inverse**2, 2 * (inverse**3 - here**3))
    factors = (-1.0, 1.0, -2.0, 6.0)
    return [values[j] + logarithms[j] + factors[j] * sums[j] for j in range(order + 1)]


def _polynomial(x: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the polynomial with these coefficients, lowest first, by the rule of Horner."""
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1].tolist():
        value *= x
        value += coefficient
    return value
