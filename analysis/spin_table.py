r"""The triplet of `analysis.spin_levels`, read from a table that grows where it is used.

A triplet loop is lost at a rate near g = gamma + theta^2/5, of which w = theta^2/(5 g) by the spins. What a field b
adds is F(b, 2 g) R(t, ln g, w), F the diffusive cooperon and sinh t = b/g. R is smooth: Chebyshev polynomials in t,
piece by piece and even in the first, and in w, from no splitting at 0 to no dephasing at 1; between rows of equal
ln g it is interpolated by the nearest eight. A row's piece is made when a fit first comes near it, in some 10 ms, and
kept; what it holds does not depend on when.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

from analysis.special import cooperon
from analysis.spin_levels import at_zero, corrections

LARGEST_THETA = 4.0
_STEP = 0.4  # of ln g
_WINDOW = 8  # rows
_PIECE = 1.0  # of t
_NODES = 16  # in each piece
_MIXTURES = 14  # values of w
_MOST_TURNED = 18.0  # of w g in a row: the highest of eight rows about the largest theta


def triplet_curve(b: np.ndarray, gamma: float, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what a field adds to the triplet's part of 2 delta sigma/G0.

    Parameters
    ----------
    b : ndarray, shape (n,)
        B/B_tr >= 0.
    gamma, theta : float
        tau/tau_phi > 0 and 2 Omega tau > 0, up to 4.

    Returns
    -------
    value : ndarray, shape (n,)
        Three times the spinless curve for theta -> 0. Good to 1e-6 of the largest value of the triplet less the
        singlet for theta <= 3 and gamma <= 0.1, to 1e-5 for theta <= 4 or gamma <= 0.5.
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
    g = gamma + theta**2 / 5
    w = theta**2 / (5 * g)
    t = np.arcsinh(b / g)
    piece = (t / _PIECE).astype(int)
    pieces, place = np.unique(piece, return_inverse=True)
    series = _series(float(np.log(g)), w, tuple(pieces.tolist()))
    first, within = piece == 0, t / _PIECE - piece
    terms = chebyshev.chebvander(2 * np.where(first, within**2, within) - 1, _NODES - 1)
    ratio, along, along_g, along_w = np.einsum("nk,ckn->cn", terms, series[:, :, place])
    along *= np.where(first, 4 * within, 2.0) / _PIECE * np.tanh(t)
    (shape,), (slope,) = cooperon(b, np.array([2 * g]))
    by_ln_b = shape * along - slope * ratio
    by_ln_g, by_w = shape * along_g - by_ln_b, shape * along_w * (w * (1 - w))
    return shape * ratio, np.column_stack([by_ln_b, (1 - w) * by_ln_g - by_w, 2 * w * by_ln_g + 2 * by_w])


def _series(ln_g: float, w: float, pieces: tuple[int, ...]) -> np.ndarray:
    """Return the Chebyshev coefficients of R and of its derivatives in the piece, by ln g and by w, shape (4, k, m)."""
    lowest = int(np.floor(ln_g / _STEP)) - _WINDOW // 2 + 1
    rows = np.array([[_row(lowest + i, j) for j in pieces] for i in range(_WINDOW)])
    widest = np.array([_widest(lowest + i) for i in range(_WINDOW)])
    here = chebyshev.chebvander(2 * w / widest - 1, _MIXTURES - 1)
    steep = here @ _derivative(_MIXTURES) * (2 / widest[:, np.newaxis])
    weight, slope = _lagrange(ln_g / _STEP - lowest)
    mixed = np.einsum("ciw,ijwk->cikj", [here, steep], rows)
    value, by_w = np.einsum("i,cikj->ckj", weight, mixed)
    by_g = np.einsum("i,ikj->kj", slope / _STEP, mixed[0])
    return np.array([value, _derivative(_NODES) @ value, by_g, by_w])


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


def _widest(number: int) -> float:
    """Return the largest w of a row: beyond, spins would turn further than any that are asked for."""
    return min(1.0, _MOST_TURNED / float(np.exp(number * _STEP)))


@cache
def _row(number: int, piece: int) -> np.ndarray:
    """Return the Chebyshev coefficients in w and t of one piece at ln g = number * _STEP, shape (_MIXTURES, _NODES)."""
    g = float(np.exp(number * _STEP))
    (w, to_w), (u, to_t) = _chebyshev(_MIXTURES), _chebyshev(_NODES)
    zeta = np.sinh(_PIECE * (piece + u if piece else np.sqrt(u)))
    w = w * _widest(number)
    gamma, theta = (1 - w) * g, np.sqrt(5 * w * g)
    each = np.repeat(gamma, u.size), np.repeat(theta, u.size)
    change = corrections(np.tile(g * zeta, w.size), *each).sum(axis=0).reshape(w.size, u.size)
    change -= at_zero(gamma, theta).sum(axis=0)[:, np.newaxis]
    return to_w @ (change / cooperon(zeta, np.array([2.0]))[0]) @ to_t.T


@cache
def _chebyshev(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Chebyshev's points on 0 ... 1 and the matrix that makes coefficients of the values there."""
    angle = (2 * np.arange(count) + 1) * np.pi / (2 * count)
    to_series = 2 / count * np.cos(np.outer(np.arange(count), angle))
    to_series[0] /= 2
    return (1 + np.cos(angle)) / 2, to_series
