r"""How a flight between two collisions couples Landau levels: M^m_n, from level n to n + m, without an integral.

With b = B/B_tr, xi the length of the flight in free paths and y = b xi^2/2,

    M^m_n(z) = int_0^inf dxi exp(-z xi) sqrt(n!/(n+m)!) y^{m/2} exp(-y/2) L_n^m(y)

is (z + T)^-1 between the levels n and n + m, where T couples neighbours with -+ sqrt((n+1) b/2): a flight shifts the
guiding centre, and a shift is the exponential of a ladder operator plus its conjugate. So with the continued fractions

    R_n = 1/[z + (n+1) R_{n+1} b/2]  of the levels above,    L_n = 1/[z + n L_{n-1} b/2]  of those below,

M^0_n = 1/[z + n L_{n-1} b/2 + (n+1) R_{n+1} b/2] and M^m_n = M^{m-1}_n R_{n+m} sqrt((n+m) b/2). Far up, at
nu = n + 1/2, s^2 = z^2 + 2 b nu and p = z/s, R is 2/(s+z) times a series in b/s^2 whose coefficients are rational in
p, and L is the same with b -> -b and nu -> -nu; it holds between the levels, too. z may be complex, with Re z > 0.
"""

from __future__ import annotations

import numpy as np

Elements = dict[tuple[int, float], np.ndarray]
"""By (m, offset): M^m between levels whose mean lies by `offset` off the middle one."""

OFFSETS = {0: (-1.0, 0.0, 1.0), 1: (-1.5, -0.5, 0.5, 1.5), 2: (-1.0, 0.0, 1.0), 3: (-0.5, 0.5)}
"""Mean level, from the middle one of three, of the elements between those three and those of the next three."""

_SERIES = (
    (0, -1 / 2),
    (-1 / 4, -1 / 4, 7 / 8, 5 / 8),
    (0, 11 / 8, 5 / 2, -3 / 2, -35 / 8, -15 / 8),
    (21 / 32, 61 / 32, -107 / 16, -371 / 16, -1373 / 128, 3071 / 128, 3605 / 128, 1105 / 128),
    (0, -173 / 16, -1341 / 32, 87 / 32, 6495 / 32, 8673 / 32, -3581 / 128, -19185 / 64, -28525 / 128, -1695 / 32),
)
"""Polynomials of p, over (1+p)^k: coefficients of (b/s^2)^k, k = 1 ..., in R (s+z)/2."""


def summed_levels(b: np.ndarray, z: np.ndarray, blocks: int) -> Elements:
    """Return the elements around the middle levels -1, 0 ... blocks-2, one continued fraction for all of them.

    Parameters
    ----------
    b : ndarray, shape (k,)
        B/B_tr > 0.
    z : ndarray, shape (k,)
        Numbers of which an element is the Laplace transform, Re z > 0.
    blocks : int
        How many; beyond the last, levels must lie far up.

    Returns
    -------
    dict
        Each of shape (blocks, k); 0 where a level does not exist.
    """
    half = b / 2
    above, below = (np.empty((count, b.size), dtype=z.dtype) for count in (blocks + 1, blocks))
    above[blocks] = _far_up(b, np.full_like(b, blocks + 0.5), z)
    for n in range(blocks - 1, -1, -1):
        above[n] = z + (n + 1) * half / above[n + 1]
    below[0] = z
    for n in range(1, blocks):
        below[n] = z + n * half / below[n - 1]
    each = _elements(half, np.arange(blocks + 1.0)[:, np.newaxis], below, above)
    missing = np.zeros((3, b.size), dtype=z.dtype)
    padded = [np.concatenate([missing, one]) for one in each]
    first = {(m, at): missing.shape[0] + round(at - 1 - m / 2) for m in OFFSETS for at in OFFSETS[m]}
    return {key: padded[key[0]][start : start + blocks] for key, start in first.items()}


def far_levels(b: np.ndarray, middle: np.ndarray, z: np.ndarray) -> Elements:
    """Return the elements around middle levels far up, whole or not, `middle` of shape (m, k), each of shape (m, k)."""
    half = b / 2
    level = middle + np.arange(-2.0, 3.0)[:, np.newaxis, np.newaxis]
    above, below = (np.empty((count, *middle.shape), dtype=z.dtype) for count in (5, 4))
    above[4] = _far_up(b, level[4] + 0.5, z)
    below[0] = _far_up(-b, -0.5 - level[0], z)
    for i in range(1, 4):
        above[4 - i] = z + half * level[5 - i] / above[5 - i]
        below[i] = z + half * level[i] / below[i - 1]
    each = _elements(half, level, below, above)
    return {(m, at): each[m][round(2 + at - m / 2)] for m in OFFSETS for at in OFFSETS[m]}


def at_zero_field(square: np.ndarray, z: np.ndarray) -> Elements:
    """Return the limit B -> 0 of the elements at 2 b nu = `square`, each of the shape of both."""
    s = np.sqrt(z * z + square)
    each = {m: np.sqrt(square) ** m / ((s + z) ** m * s) for m in OFFSETS}
    return {(m, at): each[m] for m in OFFSETS for at in OFFSETS[m]}


def _elements(half: np.ndarray, level: np.ndarray, below: np.ndarray, above: np.ndarray) -> list[np.ndarray]:
    """Return M^m_n, m = 0 ... 3, each of shape (k - max(m, 1), ...), of k levels.

    `below` is 1/L_n of all levels but the last, `above` 1/R_n of all, of which the first is not used.
    """
    hop = half * level[1:]
    step = np.sqrt(hop) / above[1:]
    found = [1 / (below + hop / above[1:])]
    found.append(found[0] * step)
    for m in (2, 3):
        found.append(found[-1][:-1] * step[m - 1 :])
    return found


def _far_up(b: np.ndarray, nu: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return 1/R_n, n = nu - 1/2, from the series."""
    s = np.sqrt(z * z + 2 * b * nu)
    p = z / s
    order = b / (s * (s + z))
    added = np.zeros_like(s)
    for polynomial in reversed(_SERIES):
        part = np.full_like(p, polynomial[-1])
        for coefficient in polynomial[-2::-1]:
            part *= p
            part += coefficient
        added = added * order + part
    return (s + z) / (2 + 2 * order * added)
