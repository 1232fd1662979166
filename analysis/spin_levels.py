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
At low field what the field adds is taken under the integral, where nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from analysis.flight_chain import Elements, at_zero_field, far_levels, summed_levels

LEVELS = 24
"""Blocks summed one by one where B < 4.8 B_tr and theta < 2.5; more, up to `_MOST`, above."""
_LEVELS_PER_FIELD = 5.0  # over B/B_tr: there long flights hardly alternate any more
_MOST = 384
_TURNING = 2.5  # theta at which the levels up to that of the spins' precession begin to need more
NODES = 20
"""Of an integral over levels, or of a part of it."""
_DENSITY, _LOW_DENSITY = 2.2, 3.5  # nodes of a graded part for each power of e between its ends; for differences
_GENTLE, _MIDDLE = 0.5, 0.7
_LESS, _MORE = 6, 3.0  # nodes less about the spins' precession, and more with theta
_SOFTEST = 0.2  # theta^2 of it is about the slowest spin relaxation rate times tau, 7/16 theta^2/2
_LOW_FIELD = 1.0  # over the softest eigenvalue
_AT_ONCE = 256  # numbers of a field, dephasing and angle whose matrices fit into a processor's cache
_NEIGHBOURS = np.arange(-2.5, 3.0)
_GREGORY = 1 / 24 * np.array([0, 0, -1, 1, 0, 0]) - 17 / 5760 * np.array([0, -1, 3, -3, 1, 0]) + (
    367 / 967680 * np.array([-1, 5, -10, 10, -5, 1])
)  # fmt: skip
_FADING = np.array([7 / 8, 1 / 2, 1 / 8])
"""Part of the blocks after the first `LEVELS` that is summed exactly: binomial weights of where to cut."""

Numbers = tuple[np.ndarray, ...]


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
    turn = {key: np.imag(value) * np.sqrt(0.5) for key, value in turned.items() if key[0] < 3}
    own = {key: (plain[key] + middle[key]) / 2 for key in plain if key[0] < 2}
    flip = {key: (plain[key] - middle[key]) / 2 for key in plain if key[0] > 0}
    A = own[0, -1.0], turn[1, -0.5], flip[2, 0.0], middle[0, 0.0], turn[1, 0.5], own[0, 1.0]
    loops = _loops(A)
    back = -_trace(_squares(((A[0], A[1], A[2]), (A[1], A[3], A[4]), (A[2], A[4], A[5]))), loops)
    below, above = (
        (
            (own[1, at - 1.0], -turn[0, at - 0.5], -flip[1, at]),
            (turn[2, at - 0.5], middle[1, at], -turn[0, at + 0.5]),
            (flip[3, at], turn[2, at + 0.5], own[1, at + 1.0]),
        )
        for at in (-0.5, 0.5)
    )
    columns = tuple(zip(*above, strict=True))
    nonback = _trace(_squares(below), loops) + _trace(_squares(columns), loops)
    return np.stack([back, nonback / 2])


def _squares(rows: tuple[Numbers, ...]) -> Numbers:
    """Return K K^T of matrices given by their rows: 00, 01, 02, 11, 12, 22."""
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    return tuple(a * d + b * e + c * f for (a, b, c), (d, e, f) in ((rows[i], rows[j]) for i, j in pairs))


def _trace(left: Numbers, right: Numbers) -> np.ndarray:
    """Return the trace of the product of symmetric matrices."""
    diagonal = left[0] * right[0] + left[3] * right[3] + left[5] * right[5]
    return diagonal + 2 * (left[1] * right[1] + left[2] * right[2] + left[4] * right[4])


def _loops(A: Numbers) -> Numbers:
    """Return A/(1-A) of symmetric matrices, from cofactors."""
    a, d, f = 1 - A[0], 1 - A[3], 1 - A[5]
    _, b, c, _, e, _ = A
    first, second, third = d * f - e * e, c * e + b * f, b * e + c * d
    middle, beside, corner = a * f - c * c, b * c + a * e, a * d - b * b
    over = 1 / (a * first - b * second - c * third)
    first, second, third = first * over, second * over, third * over
    middle, beside, corner = middle * over, beside * over, corner * over
    return (
        first * A[0] + second * b + third * c, first * b + second * A[3] + third * e,
        first * c + second * e + third * A[5], second * b + middle * A[3] + beside * e,
        second * c + middle * e + beside * A[5], third * c + beside * e + corner * A[5],
    )  # fmt: skip


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
    return _by_blocks(_sums, b, gamma, theta, LEVELS, NODES)


def field_change(
    b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, levels: int = LEVELS, nodes: int = NODES
) -> np.ndarray:
    """Return what a field adds to the triplet's part of 2 delta sigma/G0, shape (m, k), of the shape of b.

    Parameters
    ----------
    b : ndarray, shape (m, k)
        B/B_tr > 0.
    gamma, theta : ndarray, shape (k,)
        tau/tau_phi > 0 and 2 Omega tau > 0, of each column.
    levels, nodes : int
        Blocks summed at low field, and nodes of an integral: fewer for a look at what is not fitted.

    Notes
    -----
    At low field, where it goes as b^2, the difference is taken level by level.
    """
    change = np.empty(b.shape)
    each = tuple(np.broadcast_to(one, b.shape) for one in (gamma, theta))
    low = b < _LOW_FIELD * softest(gamma, theta)
    for part, sums in ((low, _differences), (~low, _sums)):
        if part.any():
            change[part] = _by_blocks(sums, b[part], each[0][part], each[1][part], levels, nodes).sum(axis=0)
    return change - np.where(low, 0.0, at_zero(gamma, theta, nodes).sum(axis=0))


def _by_blocks(
    sums: Callable[..., np.ndarray], b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, levels: int, nodes: int
) -> np.ndarray:
    """Return `sums` with as many blocks as each field and angle needs, shape (2, n)."""
    wanted = np.clip(np.maximum(_LEVELS_PER_FIELD * b / LEVELS, theta / _TURNING), 1, _MOST // LEVELS)
    blocks = levels * 2 ** np.ceil(np.log2(wanted)).astype(int)
    result = np.empty((2, b.size))
    for count in np.unique(blocks):
        places = np.flatnonzero(blocks == count)
        for start in range(0, places.size, _AT_ONCE):
            here = places[start : start + _AT_ONCE]
            result[:, here] = sums(b[here], gamma[here], theta[here], int(count), nodes)
    return result


def _sums(b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, blocks: int, nodes: int) -> np.ndarray:
    """Return b times the sums over all blocks, the first `blocks` as they stand, shape (2, len(b))."""
    y, rule = _graded(0.0, 1 / np.sqrt(1 + 2 * b * (blocks - 1.0)), gamma, theta, nodes)
    exact, far = _levels(b, gamma, theta, blocks, y)
    return exact + (far * rule).sum(axis=1)


def _differences(b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, blocks: int, nodes: int) -> np.ndarray:
    """Return what a field adds to the same, shape (2, len(b)): at B = 0 the blocks summed are an integral, too."""
    end = 1 / np.sqrt(1 + 2 * b * (blocks - 1.0))
    y, rule = _graded(0.0, end, gamma, theta, nodes, _LOW_DENSITY)
    exact, far = _levels(b, gamma, theta, blocks, y)
    head, head_rule = _graded(end, np.ones_like(b), gamma, theta, nodes)
    at_no_field = (_without_field(head, gamma, theta) * head_rule).sum(axis=1)
    return exact - at_no_field + ((far - _without_field(y, gamma, theta)) * rule).sum(axis=1)


def _levels(
    b: np.ndarray, gamma: np.ndarray, theta: np.ndarray, blocks: int, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of the first blocks with Gregory's end, shape (2, n), and the summands further up at y.

    y, shape (m, n), is 1/sqrt(1 + 2 b nu) of a block.
    """
    z = 1 + gamma, 1 + gamma - 1j * theta
    ends = np.broadcast_to(blocks - 1.0 + _NEIGHBOURS[:, np.newaxis], (_NEIGHBOURS.size, b.size))
    nu = np.concatenate([(1 - y) * (1 + y) / (2 * b * y**2), ends])
    low = _summands(*(summed_levels(b, each, blocks + _FADING.size) for each in z))
    far = _summands(*(far_levels(b, nu - 0.5, each) for each in z))
    edge = _GREGORY.copy()
    edge[3:] -= _FADING
    exact = low[:, :blocks].sum(axis=1) + _FADING @ low[:, blocks:]
    return b * (exact + edge @ far[:, -edge.size :]), far[:, : -edge.size]


def at_zero(gamma: np.ndarray, theta: np.ndarray, nodes: int = NODES) -> np.ndarray:
    """Return the limit B -> 0 of `corrections`, shape (2, n)."""
    y, rule = _graded(0.0, np.ones_like(gamma), gamma, theta, 2 * nodes)
    return (_without_field(y, gamma, theta) * rule).sum(axis=1)


def _without_field(y: np.ndarray, gamma: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the summands at B = 0 where 2 b nu = 1/y^2 - 1, shape (2, m, n)."""
    square = (1 - y) * (1 + y) / y**2
    return _summands(*(at_zero_field(square, z) for z in (1 + gamma, 1 + gamma - 1j * theta)))


def _graded(
    lowest: np.ndarray | float, highest: np.ndarray, gamma: np.ndarray, theta: np.ndarray, count: int,
    density: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return a rule for b int dnu = int dy/y^3 from lowest to highest, shape (m, len(highest)).

    Fine near y = 1, where loops are long, and, at large theta, about the y at which the wave number is that of the
    spins' precession.
    """
    soft = softest(gamma, theta)
    lowest = np.broadcast_to(lowest, highest.shape)
    turned = float(theta.max(initial=0.0)) > _GENTLE
    middle = np.clip(_MIDDLE, lowest, highest) if turned else lowest
    low, high = np.log(1 + soft - highest), np.log(1 + soft - middle)
    nodes, weights = _legendre(max(count, int((density or _DENSITY) * count / NODES * float((high - low).max()))))
    beyond = np.exp(low + (high - low) * nodes)
    parts = [(1 + soft - beyond, (high - low) * weights * beyond)]
    if turned:
        # there z^2 + q^2 = 0 for a complex q
        precession = np.clip(1 / np.sqrt(theta * np.sqrt(theta**2 + 4)), lowest, middle)
        nodes, weights = _legendre(max(count - _LESS, 4) + int(_MORE * float(theta.max())))
        for start, end in ((lowest, precession), (precession, middle)):
            if (end > start).any():
                parts.append((start + (end - start) * nodes, (end - start) * weights))
    y, rule = (np.concatenate(part) for part in zip(*parts, strict=True))
    return y, rule / y**3
