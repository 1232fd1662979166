r"""Rashba splitting beyond diffusion: 3 x 3 matrices of the triplet at every Landau level, any spin rotation.

Between two collisions spins turn by theta xi about an axis across the flight, xi the length in free paths and
theta = 2 Omega tau. With gamma = tau/tau_phi, b = B/B_tr and M^m_n(z), z = 1 + gamma or that less i theta, of
`analysis.flight_chain`, the triplet conserves N = level + spin: A_N, 3 x 3, acts on levels N-2, N-1, N, its elements
M^|i-j| with the weights cos^2(theta xi/2), cos(theta xi) on the diagonal, sin(theta xi)/sqrt 2 beside it,
sin^2(theta xi/2) in a corner (L. E. Golub, Phys. Rev. B 71, 235310 (2005), doi:10.1103/PhysRevB.71.235310). K_N, from
the levels of N to those of N + 1, is the same with a factor exp(i phi) of the direction of flight. The triplet's part
of 2 delta sigma/G0 is

    -b sum_N Tr A^3/(1-A) + (b/2) sum_N Tr [(K_{N-1} K_{N-1}^T + K_N^T K_N) A/(1-A)].

Below `LEVELS` blocks it is summed as it stands; above, the sum is an integral and Gregory's differences at its end.
What alternates from level to level, long flights round a cyclotron orbit, ends with the mean of four places to cut.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from analysis.flight_chain import Elements, at_zero_field, far_levels, summed_levels

LEVELS = 24
"""Blocks summed one by one where B < 4 B_tr and theta < 2; more, up to `_MOST`, above."""
_LEVELS_PER_FIELD = 6.0  # over B/B_tr: there long flights hardly alternate any more
_MOST = 192
_TURNING = 2.0  # theta at which the levels up to that of the spins' precession begin to need more
_TAIL_NODES = 20
_GENTLE, _MIDDLE = 0.5, 0.7
_SOFTEST = 0.2  # theta^2 of it is about the slowest spin relaxation rate times tau, 7/16 theta^2/2
_NEIGHBOURS = np.arange(-2.5, 3.0)
_GREGORY = 1 / 24 * np.array([0, 0, -1, 1, 0, 0]) - 17 / 5760 * np.array([0, -1, 3, -3, 1, 0]) + (
    367 / 967680 * np.array([-1, 5, -10, 10, -5, 1])
)  # fmt: skip
_FADING = np.array([7 / 8, 1 / 2, 1 / 8])
"""Part of the blocks after the first `LEVELS` that is summed exactly: binomial weights of where to cut."""


def softest(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return about the smallest eigenvalue of 1 - A at B = 0."""
    return gamma + _SOFTEST * theta**2 / (1 + theta**2)


@cache
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss and Legendre on 0 ... 1, each of shape (count, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes[:, np.newaxis] + 1) / 2, weights[:, np.newaxis] / 2


def _summands(plain: Elements, turned: Elements) -> np.ndarray:
    """Return -Tr A^3/(1-A) and Tr [(K K^T + K^T K) A/(1-A)]/2 of each block, shape (2, ...).

    `plain` are the elements at z = 1 + gamma, `turned` at that less i theta.
    """
    # cos^2(theta xi/2), cos(theta xi), sin(theta xi)/sqrt 2, sin^2(theta xi/2)
    middle = {key: np.real(value) for key, value in turned.items()}
    turn = {key: np.imag(value) / np.sqrt(2) for key, value in turned.items()}
    own, flip = ({key: (plain[key] + sign * middle[key]) / 2 for key in plain} for sign in (1, -1))
    a01, a12, a02 = turn[1, -0.5], turn[1, 0.5], flip[2, 0.0]
    A = np.array([[own[0, -1.0], a01, a02], [a01, middle[0, 0.0], a12], [a02, a12, own[0, 1.0]]])
    loops = _product(_inverse_of_one_less(A), A)
    back = -_traces(_product(A, A), loops)
    below, above = (
        np.array([
            [own[1, at - 1.0], -turn[0, at - 0.5], -flip[1, at]],
            [turn[2, at - 0.5], middle[1, at], -turn[0, at + 0.5]],
            [flip[3, at], turn[2, at + 0.5], own[1, at + 1.0]],
        ])
        for at in (-0.5, 0.5)
    )  # fmt: skip
    nonback = _traces(_product(loops, below), below) + _traces(_product(above, loops), above)
    return np.stack([back, nonback / 2])


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the products of matrices, shape (3, 3, ...)."""
    return np.einsum("ij...,jk...->ik...", left, right)


def _traces(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return Tr L^T R of matrices of shape (3, 3, ...)."""
    return np.einsum("ij...,ij...->...", left, right)


def _inverse_of_one_less(A: np.ndarray) -> np.ndarray:
    """Return (1 - A)^-1 of symmetric matrices, shape (3, 3, ...), from cofactors."""
    a, d, f = 1 - A[0, 0], 1 - A[1, 1], 1 - A[2, 2]
    b, c, e = -A[0, 1], -A[0, 2], -A[1, 2]
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    beside, corner = b * c - a * e, a * f - c * c
    adjugate = np.array([[first, second, third], [second, corner, beside], [third, beside, a * d - b * b]])
    adjugate /= a * first + b * second + c * third
    return adjugate


def corrections(b: np.ndarray, gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the triplet's back and non-backscattering part of 2 delta sigma/G0, shape (2, n).

    Parameters
    ----------
    b, gamma, theta : ndarray, shape (n,)
        B/B_tr > 0, tau/tau_phi > 0 and 2 Omega tau > 0.

    Notes
    -----
    Absolute error below 3e-8 for b <= 20 and theta <= 6; it grows where flights go round many cyclotron orbits.
    """
    wanted = np.clip(np.maximum(_LEVELS_PER_FIELD * b / LEVELS, theta / _TURNING), 1, _MOST // LEVELS)
    blocks = LEVELS * 2 ** np.ceil(np.log2(wanted)).astype(int)
    result = np.empty((2, b.size))
    for count in np.unique(blocks):
        here = blocks == count
        result[:, here] = _sums(b[here], gamma[here], theta[here], int(count))
    return result


def _sums(b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, blocks: int) -> np.ndarray:
    """Return b times the sums over all blocks, the first `blocks` as they stand, shape (2, len(b))."""
    z = 1 + gamma, 1 + gamma - 1j * theta
    first = blocks - 1.0
    y, rule = _graded(1 / np.sqrt(1 + 2 * b * first), softest(gamma, theta), theta, _TAIL_NODES)
    ends = np.broadcast_to(first + _NEIGHBOURS[:, np.newaxis], (_NEIGHBOURS.size, b.size))
    nu = np.concatenate([(1 - y) * (1 + y) / (2 * b * y**2), ends])
    low = _summands(*(summed_levels(b, each, blocks + _FADING.size) for each in z))
    far = _summands(*(far_levels(b, nu - 0.5, each) for each in z))
    edge = _GREGORY.copy()
    edge[3:] -= _FADING
    exact = low[:, :blocks].sum(axis=1) + _FADING @ low[:, blocks:]
    return b * (exact + edge @ far[:, -edge.size :]) + (far[:, : -edge.size] * rule / y**3).sum(axis=1)


def at_zero(gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the limit B -> 0 of `corrections`, shape (2, n)."""
    y, rule = _graded(np.ones_like(gamma), softest(gamma, theta), theta, 60)
    square = (1 - y) * (1 + y) / y**2
    each = _summands(*(at_zero_field(square, z) for z in (1 + gamma, 1 + gamma - 1j * theta)))
    return (each * rule / y**3).sum(axis=1)


def _graded(highest: np.ndarray, soft: np.ndarray, theta: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a rule for int_0^highest dy, fine near y = 1 + soft, where loops are long, and near y = 1/theta.

    There, at large theta, the wave number is that of the spins' precession. Of shape (m, len(highest)).
    """
    nodes, weights = _legendre(count)
    most = float(theta.max())
    middle = np.minimum(highest, _MIDDLE if most > _GENTLE else 0.0)
    low, high = np.log(1 + soft - highest), np.log(1 + soft - middle)
    beyond = np.exp(low + (high - low) * nodes)
    y, weight = 1 + soft - beyond, (high - low) * weights * beyond
    if most <= _GENTLE:
        return y, weight
    nodes, weights = _legendre(count + int(20 * most))
    return np.concatenate([y, middle * nodes]), np.concatenate([weight, middle * weights])
