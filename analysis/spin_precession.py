r"""The triplet Cooperon of a film whose spin splitting has one linear term (Rashba or Dresselhaus) and a cubic one.

Its levels in a field B are the roots of a cubic: with A = B_phi + B_so + (n + 1/2) B, B_so = P + C (linear + cubic),
q = B_phi + B_so and everything in tesla,

    D_n = A^3 + (B_so - 4 P) A^2 + (4 P q - B^2) A - B^2 (B_so - 2 P),    g = dD_n/dB_phi / D_n

and the correction is -sum_n B g (Iordanskii, Lyanda-Geller, Pikus, JETP Lett. 60, 206 (1994); Knap et al.,
Phys. Rev. B 53, 3912 (1996), doi:10.1103/PhysRevB.53.3912). The sum over the roots of D, each with its digamma, is a
divided difference: where two roots meet, its terms blow up and cancel. It is taken here without the roots. The first
terms are summed, the rest is an integral plus the correction of Abel and Plana,

    sum_{n>=M} h(n + 1/2) = int_M^inf h dx + 2 int_0^inf Im h(M + i t) / (e^{2 pi t} + 1) dt,

exact where every pole of h lies left of M; those that lie right of it lie more than 20 levels off the real axis too,
and are worth exp(-120).
Both integrals are Gauss sums of a smooth rational function, good to all digits. At B < q/16 no term is summed and every
part is a small number times B^2 from the start: nothing cancels, down to B = 0.
"""

from __future__ import annotations

import numpy as np

Number = float | np.ndarray

_FAR = 16  # levels that are summed at high field
_NODES = 28  # of the integral, whose nearest pole makes each node worth a factor 3.5
_PLANA_NODES = 8


def _unit_interval(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return (1 + node[:, np.newaxis]) / 2, weight / 2


def _abel_plana(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the Gauss rule of 2 int_0^inf t p(t^2) / (e^{2 pi t} + 1) dt, nodes t, from Lanczos' recurrence."""
    t, weight = _unit_interval(64)
    t, weight = 8 * t[:, 0], 8 * weight
    weight = 2 * t * weight / (np.exp(2 * np.pi * t) + 1)
    basis = [np.zeros_like(t), np.sqrt(weight / weight.sum())]
    diagonal, beside = [], [0.0]
    for _ in range(count):
        following = t**2 * basis[-1] - beside[-1] * basis[-2]
        diagonal.append(following @ basis[-1])
        following -= diagonal[-1] * basis[-1]
        for earlier in basis[1:]:
            following -= (following @ earlier) * earlier
        beside.append(np.sqrt(following @ following))
        basis.append(following / beside[-1])
    squares, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[1:-1], 1) + np.diag(beside[1:-1], -1))
    return np.sqrt(squares), weight.sum() * vectors[0] ** 2


_INVERSE, _WEIGHT = _unit_interval(_NODES)
_IMAGINARY, _PLANA_WEIGHT = _abel_plana(_PLANA_NODES)


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return left @ right without the threads of BLAS, which cost more than they save on matrices as thin as these."""
    return np.einsum("ij,jk->ik", left, right)


class _Levels:
    """Weighted sums of g over levels A = q + y B: g is a ratio of polynomials in y, made by matrix products."""

    def __init__(self, y: np.ndarray, weight: np.ndarray):
        self.powers = y[:, np.newaxis] ** np.arange(4)
        self.weighted = (weight[:, np.newaxis] * self.powers[:, :3]).T

    def sums(self, B: np.ndarray, q: Number, P: Number, S: Number) -> np.ndarray:
        """Return B times the sum of g, and its derivatives by q, P, S at given y B, shape (4, n)."""
        square, twice = B * B, S - 2 * P
        by_q = np.stack([3 * q * q + 2 * twice * q + 4 * P * q - square, (6 * q + 2 * twice) * B, 3 * square])
        D = np.stack([
            q * q * (q + S) - square * (q + twice), (by_q[0] - 4 * P * q) * B, (3 * q + S - 4 * P) * square, square * B
        ])  # fmt: skip
        by_P = np.stack([2 * square, -4 * q * B, -4 * square])
        by_S = np.stack([q * q - square, 2 * q * B, square])
        inverse = 1 / _product(self.powers, D)
        g = _product(self.powers[:, :3], by_q) * inverse
        zeroth, first = _product(self.weighted[:2], inverse)
        moments = _product(self.weighted, g * inverse)
        return B * np.stack([
            _product(self.weighted[:1], g)[0], (6 * q + 2 * S) * zeroth + 6 * B * first - (by_q * moments).sum(axis=0),
            -4 * B * first - (by_P * moments).sum(axis=0),
            2 * q * zeroth + 2 * B * first - (by_S * moments).sum(axis=0),
        ])  # fmt: skip


_LOWEST = _Levels(np.arange(1, _FAR) + 0.5, np.ones(_FAR - 1))
_BEYOND_ZERO, _BEYOND_FAR = (_Levels(first + 1j * _IMAGINARY, _PLANA_WEIGHT / _IMAGINARY) for first in (0, _FAR))


class _Cubic:
    """D at some A and fields, with its derivatives by q, P and B_so at given A - q; arrays of shape (k, n)."""

    def __init__(self, A: np.ndarray, B: Number, q: Number, P: Number, S: Number):
        self.A, self.beyond, self.twice = A, A - q, S - 2 * P
        self.square = B * B
        self.D = ((A + (S - 4 * P)) * A + (4 * P * q - self.square)) * A - self.square * self.twice
        self.by_q = (3 * A + 2 * self.twice) * A + (4 * P * q - self.square)
        self.S = S

    @property
    def by_P(self) -> np.ndarray:
        return 2 * self.square - 4 * self.A * self.beyond

    @property
    def by_S(self) -> np.ndarray:
        return self.A * self.A - self.square


def triplet(B: np.ndarray, b_phi: Number, b_linear: Number, b_cubic: Number = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the triplet's part of 2 delta sigma/G0 and its derivative by the three fields.

    Parameters
    ----------
    B : ndarray, shape (n,)
        |B| >= 0 [T].
    b_phi, b_linear, b_cubic : float or ndarray, shape (n,)
        B_phi > 0, linear B_so' and cubic part of B_so, >= 0 [T]; one for all fields, or one for each.

    Returns
    -------
    value : ndarray, shape (n,)
        What 2 delta sigma/G0 is without the singlet -F(B, B_phi): 3 F(B, B_phi) without spin splitting.
    derivative : ndarray, shape (n, 3)
        By b_phi, b_linear, b_cubic [1/T].
    """
    S = b_linear + b_cubic
    q = b_phi + S
    both = np.empty((4, B.size))
    low = B * _FAR <= q
    for part, formula in ((low, _low), (~low, _high)):
        if part.any():
            own = (value[part] if isinstance(value, np.ndarray) else value for value in (q, b_linear, S))
            both[:, part] = formula(B[part], *own)
    by_q, by_P, by_S = both[1:]
    return both[0], np.stack([by_q, by_q + by_S + by_P, by_q + by_S], axis=1)


def _low(B: np.ndarray, q: Number, P: Number, S: Number) -> np.ndarray:
    """Return value and derivatives by q, P, S, shape (4, n), at B < q/16, every term proportional to B^2."""
    square = B * B
    result = -np.imag(_BEYOND_ZERO.sums(B, q, P, S))
    # ln D at B over ln D at 0
    a, bottom = q + S - 2 * P, q * q * (q + S)
    ratio = square / bottom
    inside = 1 - ratio * a
    bottom_slopes = np.stack([3 * q * q + 2 * q * S, 0 * q, q * q]) / bottom
    result[0] += np.log1p(-ratio * a)
    slopes = np.array([[1.0], [-2.0], [1.0]]) - (a * bottom_slopes).reshape(3, -1)
    result[1:] -= ratio / inside * slopes
    result -= _integral_difference(B, q, P, S)
    # the states that Landau level 0 lacks
    gap = q * q - square / 4
    result[0] += square / gap
    result[1] -= 2 * q * square / gap**2
    return result


def _high(B: np.ndarray, q: Number, P: Number, S: Number) -> np.ndarray:
    """Return value and derivatives by q, P, S, shape (4, n), the levels below 16 summed."""
    start = q + _FAR * B
    edge = _Cubic(start, B, q, P, S)
    result = -np.imag(_BEYOND_FAR.sums(B, q, P, S)) - _LOWEST.sums(B, q, P, S) - _below_triples(B, q, P, S)
    result -= _integral(start, B, q, P, S)
    result += _integral(np.atleast_1d(q), 0.0, q, P, S)
    result[0] += np.log(edge.D / (q * q * (q + S)))
    result[1] += edge.by_q / edge.D - 2 / q - 1 / (q + S)
    result[2] += edge.by_P / edge.D
    result[3] += edge.by_S / edge.D - 1 / (q + S)
    return result


def _below_triples(B: np.ndarray, q: Number, P: Number, S: Number) -> np.ndarray:
    """Return the one and the two states below the first full triple of levels, with derivatives, shape (4, n)."""
    A = q + B / 2
    top, bottom = 2 * A + B + S, (A + B) * (A + S) - 2 * P * B
    two = top / bottom
    return B * np.stack([
        1 / A + two, -1 / A**2 + (2 - two * top) / bottom,
        two * 2 * B / bottom, (1 - two * (A + B)) / bottom,
    ])  # fmt: skip


def _integral(start: np.ndarray, B: Number, q: Number, P: Number, S: Number) -> np.ndarray:
    """Return 4 P int_start^inf A/D dA and its derivatives at fixed start - q, shape (4, n)."""
    square = B * B + 0 * start
    first, second, third = S - 4 * P + 0 * start, 4 * P * q - square, -square * (S - 2 * P)
    # D (t/start)^3 at A = start/t
    coefficients = np.stack([start**0, first / start, second / start**2, third / start**3])
    inverse = 1 / _product(_INVERSE ** np.arange(4), coefficients)
    value, less = _product(_WEIGHT * _INVERSE[:, 0] ** np.arange(2)[:, np.newaxis], inverse) / np.stack(
        [start, start**2]
    )
    # int A^k / D^2 for k = 3, 2, 1
    powers = _WEIGHT * _INVERSE[:, 0] ** np.arange(1, 4)[:, np.newaxis]
    cube, square_moment, one = _product(powers, inverse * inverse) / np.stack([start**2, start**3, start**4])
    by_q = less - 3 * cube - 2 * (S - 2 * P) * square_moment - second * one
    by_P = 4 * cube - 4 * q * square_moment - 2 * square * one
    by_S = square * one - cube
    return 4 * np.stack([P * value, P * by_q, value + P * by_P, P * by_S])


def _integral_difference(B: np.ndarray, q: Number, P: Number, S: Number) -> np.ndarray:
    """Return `_integral` from q on less that at B = 0: 4 P B^2 int (A + S - 2 P)/(D(B) D(0)) A dA, shape (4, n)."""
    A = q / _INVERSE
    cubic, at_zero = _Cubic(A, B, q, P, S), _Cubic(A, 0.0, q, P, S)
    top = (A + S - 2 * P) * A
    weight = _WEIGHT[:, np.newaxis] * (q / (_INVERSE * _INVERSE)) / at_zero.D / cubic.D
    part = top * weight
    slopes = (
        (2 * A + S - 2 * P, cubic.by_q, at_zero.by_q), (-2 * A, cubic.by_P, at_zero.by_P),
        (A, cubic.by_S, at_zero.by_S),
    )  # fmt: skip
    value = part.sum(axis=0)
    by = [(weight * own - part * (here / cubic.D + there / at_zero.D)).sum(axis=0) for own, here, there in slopes]
    return 4 * B * B * np.stack([P * value, P * by[0], value + P * by[1], P * by[2]])
