r"""The triplet of `analysis.spin_levels`, read from a table that grows where it is used.

A triplet loop is lost at a rate near g = gamma + theta^2/5 / (1 + theta^2). What a field b adds is
F(b, 2 g) R(t, Y, w), F the diffusive cooperon and sinh t = b/g. Where the spins' share w of the loss is the same, R
changes slowly with Y = ln g + 4 ln(1 + g) + 6.4 (sqrt(1 + theta^2) - 1): the logarithm of the rate while spins turn
little, their angle where they turn far. R is smooth: Chebyshev polynomials in t, piece by piece and even in the first,
and in w, cell by cell; between rows of equal Y it is interpolated by the nearest eight. A cell of a row is made when a
fit first comes near it, in some milliseconds, and kept; what it holds does not depend on when.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

from analysis.special import cooperon
from analysis.spin_levels import field_change, softest

LARGEST_THETA = 5.0
_STEP = 0.35  # of Y
_WINDOW = 8  # rows
_STRETCH, _STEEPENING = 6.4, 4.0  # of Y with the angle, and with g where it is not small
_LINEAR, _SATURATION = 0.2, 0.15  # w is u/(gamma + u), u = 0.2 theta^2/(1 + 0.15 theta^2)
_EDGES = np.array([0.0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 55])  # of the pieces of t
_OVERLAP = 0.06  # to both sides of an edge
_MIXTURES, _NODES = 22, 22  # at most, values of w in a cell, of t in a piece
_FINENESS = (
    (-4.0, 1, (19, 17, 15, 14, 13), (9, 11, 10, 9, 9)),
    (-0.4, 1, (22, 22, 20, 18, 16), (10, 14, 13, 11, 10)),
    (np.inf, 4, (16, 17, 18, 18, 16), (10, 17, 22, 19, 13)),
)
"""Up to which Y; cells of w; values of w in one and values of t, in the first pieces, the last in all that follow."""


def triplet_curve(b: np.ndarray, gamma: float, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what a field adds to the triplet's part of 2 delta sigma/G0.

    Parameters
    ----------
    b : ndarray, shape (n,)
        B/B_tr >= 0.
    gamma, theta : float
        tau/tau_phi > 0 and 2 Omega tau > 0, up to 5.

    Returns
    -------
    value : ndarray, shape (n,)
        Three times the spinless curve for theta -> 0. The curve, half of it less the spinless one, is good to 1e-6 of
        the largest it was up to each field: so in each of 300 draws of 12 fields up to 100 B_tr, 1e-5 < gamma < 0.5,
        0.01 < theta < 4, against sums of four times the levels and three times the nodes.
    derivative : ndarray, shape (n, 3)
        By ln b, ln gamma and ln theta.

    Raises
    ------
    ValueError
        Spins that turn further between collisions.
    """
    if theta > LARGEST_THETA:
        raise ValueError(
            f"spins turn by {theta:.3g} rad between collisions: the table ends at {LARGEST_THETA:g} rad; check the "
            "free path and the splitting"
        )
    g = float(softest(np.array(gamma), np.array(theta)))
    t = np.arcsinh(b / g)
    u = float(_spin_loss(np.array(theta)))
    w = u / (gamma + u)
    ratio, along, by_row, by_w = _read(t, float(_row_number(np.array(g), np.array(theta))), w)
    along *= np.tanh(t)
    (shape,), (slope,) = cooperon(b, np.array([2 * g]))
    by_ln_b = shape * along - slope * ratio
    # of ln g, Y and w by ln gamma and ln theta
    ln_g = gamma / g, 2 * (1 - gamma / g) / (1 + theta**2)
    steep = 1 + _STEEPENING * g / (1 + g)
    row = steep * ln_g[0], steep * ln_g[1] + _STRETCH * theta**2 / np.sqrt(1 + theta**2)
    share = -w * (1 - w), 2 * w * (1 - w) / (1 + _SATURATION * theta**2)
    slopes = [shape * (by_row * y + by_w * s) - by_ln_b * x for x, y, s in zip(ln_g, row, share, strict=True)]
    return shape * ratio, np.column_stack([by_ln_b, *slopes])


def _spin_loss(theta: np.ndarray) -> np.ndarray:
    """Return u, the rate of the spins in w."""
    return _LINEAR * theta**2 / (1 + _SATURATION * theta**2)


def _row_number(g: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return Y."""
    return np.log(g) + _STEEPENING * np.log1p(g) + _STRETCH * theta**2 / (1 + np.sqrt(1 + theta**2))


def _read(t: np.ndarray, row: float, w: float) -> np.ndarray:
    """Return R and its derivatives by t, Y and w, shape (4, n), two pieces faded into each other where they meet."""
    edge = np.searchsorted((_EDGES[1:-2] + _EDGES[2:-1]) / 2, t) + 1
    passed = np.clip((t - _EDGES[edge]) / (2 * _OVERLAP) + 0.5, 0, 1)
    right = passed**4 * (35 - passed * (84 - passed * (70 - 20 * passed)))
    steepness = 70 * (passed * (1 - passed)) ** 3 / _OVERLAP
    (before,), (after,) = np.nonzero(right < 1), np.nonzero(right > 0)
    each = np.concatenate([before, after])
    pieces, place = np.unique(np.concatenate([edge[before] - 1, edge[after]]), return_inverse=True)
    start, width = _span(pieces)
    start, width, first = start[place], width[place], pieces[place] == 0
    within = (t[each] - start) / width
    terms = chebyshev.chebvander(2 * np.where(first, within**2, within) - 1, _NODES - 1)
    found = np.einsum("nk,ckn->cn", terms, _series(row, w, tuple(pieces.tolist()))[:, :, place])
    found[1] *= np.where(first, 4 * within, 2.0) / width
    slope = found[0] * np.concatenate([-steepness[before], steepness[after]])
    found *= np.concatenate([1 - right[before], right[after]])
    found[1] += slope
    whole = np.zeros((found.shape[0], t.size))
    whole[:, before] = found[:, : before.size]
    whole[:, after] += found[:, before.size :]
    return whole


def _span(piece: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """Return where pieces begin in t, and how long they are, with what they share with their neighbours."""
    start = np.maximum(_EDGES[piece] - _OVERLAP, 0.0)
    return start, _EDGES[np.add(piece, 1)] + _OVERLAP - start


def _series(row: float, w: float, pieces: tuple[int, ...]) -> np.ndarray:
    """Return the Chebyshev coefficients of R and of its derivatives in t, by Y and by w, shape (4, k, m)."""
    lowest = int(np.floor(row / _STEP)) - _WINDOW // 2 + 1
    window = range(lowest, lowest + _WINDOW)
    cells = np.array([_cells(number) for number in window])
    cell = np.minimum((w * cells).astype(int), cells - 1)
    rows = np.array([[_row(number, one, j) for j in pieces] for number, one in zip(window, cell.tolist(), strict=True)])
    here = chebyshev.chebvander(2 * (w * cells - cell) - 1, _MIXTURES - 1)
    steep = here @ _derivative(_MIXTURES) * (2 * cells[:, np.newaxis])
    weight, slope = _lagrange(row / _STEP - lowest)
    weight, slope = weight[:, np.newaxis], slope[:, np.newaxis] / _STEP
    value, by_row, by_w = np.einsum("ciw,ijwk->cjk", [weight * here, slope * here, weight * steep], rows)
    return np.stack([value, value @ _derivative(_NODES).T, by_row, by_w]).swapaxes(1, 2)


def _cells(number: int) -> int:
    """Return how many cells of w a row has."""
    return next(cells for highest, cells, *_ in _FINENESS if number * _STEP <= highest)


def _counts(number: int, piece: int) -> tuple[int, int]:
    """Return how many values of w a cell of a row has, and of t a piece of it."""
    of_w, of_t = next(counts for highest, _, *counts in _FINENESS if number * _STEP <= highest)
    return of_w[min(piece, len(of_w) - 1)], of_t[min(piece, len(of_t) - 1)]


@cache
def _derivative(count: int) -> np.ndarray:
    """Return the coefficients of the derivative of each Chebyshev polynomial, shape (count, count)."""
    return np.array([np.append(chebyshev.chebder(one), [0.0] * (1 if one.size > 1 else 0)) for one in np.eye(count)]).T


def _lagrange(at: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of values at 0, 1 ... `_WINDOW` - 1 in their polynomial at `at`, and their derivatives."""
    powers = np.arange(_WINDOW)
    centre = (_WINDOW - 1) / 2
    moments = (at - centre) ** powers, powers * (at - centre) ** np.maximum(powers - 1, 0)
    weight, slope = (_inverse_vandermonde() @ moment for moment in moments)
    return weight, slope


@cache
def _inverse_vandermonde() -> np.ndarray:
    """Return the weights of each power at the window's middle, shape (_WINDOW, _WINDOW)."""
    places = np.arange(_WINDOW)
    return np.linalg.inv(np.vander(places - (_WINDOW - 1) / 2, increasing=True).T)


@cache
def _row(number: int, cell: int, piece: int) -> np.ndarray:
    """Return the Chebyshev coefficients of R in w and t of one cell at Y = number * _STEP, shape (_MIXTURES, _NODES).

    Those that are not needed are 0.
    """
    mixtures, nodes = _counts(number, piece)
    gamma, theta, to_w = _column(number, cell, mixtures)
    u, to_t = _chebyshev(nodes)
    start, width = _span(piece)
    zeta = np.sinh(start + width * (u if piece else np.sqrt(u)))
    change = field_change(np.outer(zeta, softest(gamma, theta)), gamma, theta)
    coefficients = np.zeros((_MIXTURES, _NODES))
    coefficients[:mixtures, :nodes] = to_w @ (change / cooperon(zeta, np.array([2.0]))[0][0][:, np.newaxis]).T @ to_t.T
    return coefficients


@cache
def _column(number: int, cell: int, mixtures: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return gamma and theta at the values of w in a cell of a row, and the matrix that makes coefficients."""
    u, to_w = _chebyshev(mixtures)
    w = (cell + u) / _cells(number)
    # Y rises with theta at given w
    low, high = np.full(mixtures, -40.0), np.full(mixtures, 5.0)
    for _ in range(60):
        middle = (low + high) / 2
        theta = np.exp(middle)
        gamma = _spin_loss(theta) * (1 - w) / w
        above = _row_number(softest(gamma, theta), theta) > number * _STEP
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return gamma, theta, to_w


@cache
def _chebyshev(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Chebyshev's points on 0 ... 1 and the matrix that makes coefficients of the values there."""
    angle = (2 * np.arange(count) + 1) * np.pi / (2 * count)
    to_series = 2 / count * np.cos(np.outer(np.arange(count), angle))
    to_series[0] /= 2
    return (1 + np.cos(angle)) / 2, to_series
