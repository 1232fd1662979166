r"""Sums over the Landau levels of the Cooperon: interference of a two-dimensional film beyond diffusion.

Straight segments of flight between short-range scatterers, any field: with gamma = tau/tau_phi and
b = B/B_tr = 2 e B l^2/hbar,

    P_n = int_0^inf dxi exp(-xi (1+gamma) - b xi^2/4) L_n(b xi^2/2)
    Q_n = int_0^inf dxi exp(-xi (1+gamma) - b xi^2/4) sqrt(b xi^2/2 / (n+1)) L_n^1(b xi^2/2)
    backscattering      dsig_a/G0 = -b sum_n P_n^3/(1-P_n)
    non-backscattering  dsig_b/G0 = (b/2) sum_n Q_n^2 [P_n/(1-P_n) + P_{n+1}/(1-P_{n+1})]

(A. P. Dmitriev, V. Yu. Kachorovskii, I. V. Gornyi, Phys. Rev. B 56, 9910 (1997), doi:10.1103/PhysRevB.56.9910).

With w = 1/(1+gamma), beta = b w^2, P_n = w psi_n(beta), Q_n = w q_n(beta): two variables become one at a time.
The first 32 levels are integrated; above them psi and q follow from the Weyl symbol 1/sqrt(1+q^2) of the segment
in powers of the level number, and the sum becomes an integral whose leading part is a logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

LEVELS = 32
"""Levels summed one by one."""
_NEIGHBOURS = np.arange(-2.5, 3.0)
_GREGORY = 1 / 24 * np.array([0, 0, -1, 1, 0, 0]) - 17 / 5760 * np.array([0, -1, 3, -3, 1, 0]) + (
    367 / 967680 * np.array([-1, 5, -10, 10, -5, 1])
)  # fmt: skip
_EULER = (np.array([0, 0, 1, 1, 0, 0]) - np.array([0, 1, -1, -1, 1, 0]) / 4 + np.array([1, -3, 2, 2, -3, 1]) / 16) / 4
_LEVEL = (
    (2, 0, 1 / 8), (3, 1, -1 / 12), (4, 0, 3 / 128), (5, 1, -1 / 80 - 1 / 96), (6, 2, 1 / 288),
    (6, 0, 5 / 1024), (7, 1, -1 / 448 - 1 / 640 - 1 / 512), (8, 2, 1 / 960 + 1 / 2304), (9, 3, -1 / 10368),
)  # fmt: skip
"""Of cosh(t/2) exp((tau - t) nu), t = 2 artanh(tau/2): the eigenvalue of a Weyl symbol exp(-tau nu) at a level."""
_BETWEEN = (
    (3, 1, -1 / 12), (5, 1, -1 / 80), (6, 2, 1 / 288), (7, 1, -1 / 448), (8, 2, 1 / 960), (9, 3, -1 / 10368),
)  # fmt: skip
"""The same without the cosh: what stands between two levels."""
_HIGHEST = 9
_DEAD = 60.0  # exp(-60) is nothing
_LONGEST = 44.0  # segments beyond so many mean free paths weigh less than double precision
_WIDEST = 160.0  # plus 4 per level: beyond, exp(-x/2) L_n^1(x) is 0
_SPAN = 12.0  # in the logarithm of the level number: the corrections fall as its inverse square


def zero_field(gamma: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact backscattering and non-backscattering corrections at B = 0.

    Parameters
    ----------
    gamma : ndarray or float
        tau/tau_phi, positive.

    Returns
    -------
    back, nonback : ndarray
        -ln(1 + 1/gamma), and a part that goes to ln 2 for gamma -> 0 [G0].
    """
    w = 1 / (1 + np.asarray(gamma, dtype=float))
    kappa = gamma * w
    return np.log(kappa), (2 * w * np.log(2) + kappa * np.log(kappa)) / (1 + w)


def interference(b: float, gamma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the backscattering and non-backscattering corrections at one field.

    Parameters
    ----------
    b : float
        B/B_tr >= 0.
    gamma : ndarray, shape (k,)
        tau/tau_phi, positive.

    Returns
    -------
    back, nonback : ndarray, shape (k,)
        Absolute corrections [G0], good to about 1e-13.
    """
    back, nonback = zero_field(gamma)
    if b == 0:
        return back, nonback
    w = 1 / (1 + gamma)
    changes = np.array([field_change(b * v**2, np.array([g * v])) for v, g in zip(w, gamma, strict=True)])
    return back + w * changes[:, 0, 0], nonback + w * changes[:, 1, 0]


def segment_integrals(b: float, gamma: float, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return P_n and Q_n of the first levels, each of shape (levels,), at b = B/B_tr > 0 and gamma = tau/tau_phi."""
    w = 1 / (1 + gamma)
    shortfall, q_squared = _integrated(b * w**2, levels)
    return w * (1 - shortfall), w * np.sqrt(q_squared[1:])


def field_change(beta: float, kappa: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a field adds to both corrections, each divided by 1 - kappa.

    Parameters
    ----------
    beta : float
        b/(1+gamma)^2 > 0.
    kappa : ndarray, shape (k,)
        gamma/(1+gamma) > 0, not 1.

    Returns
    -------
    back, nonback : ndarray, shape (k,)
        [dsig(B) - dsig(0)] (1+gamma) [G0]. The difference is taken level by level, so that little of it is lost at
        low field.
    """
    kappa = kappa[:, np.newaxis]
    shortfall, q_squared = _integrated(beta, LEVELS)
    each = np.array(_terms(shortfall, (q_squared[1:] + q_squared[:-1]) / 2, kappa)) * beta
    back, nonback = (each - _classical(beta, kappa)).sum(axis=-1) + beta * _tail(beta, kappa)
    return back, nonback


def _terms(shortfall: np.ndarray, q_squared: np.ndarray, kappa: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a level's share of both corrections over beta w, from 1 - psi and q^2."""
    psi = 1 - shortfall
    loops = psi / (kappa + (1 - kappa) * shortfall)  # psi/(1 - w psi)
    return -(psi**2) * loops, q_squared * loops


def _integrated(beta: float, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 - psi_n, n = 0 ... levels-1, and q^2 between levels n-1 and n, n = 0 ... levels (the first is 0).

    r_n = sqrt(n) q_{n-1} = int dxi exp(-xi) sqrt(x) exp(-x/2) L_{n-1}^1(x), x = beta xi^2/2, loses nothing at low
    field, and integration by parts gives 1 - psi_n = sqrt(beta/2) (r_n + r_{n+1}).
    """
    reach = min(_LONGEST, np.sqrt(2 * (_WIDEST + 4 * levels) / beta))
    nodes, weights = _legendre(160 + 3 * levels)
    xi = reach * nodes
    x = beta * xi**2 / 2
    integrand = reach * weights * np.sqrt(x)
    before, here = np.zeros_like(x), np.exp(-xi - x / 2)
    r = np.zeros(levels + 1)
    for n in range(1, levels + 1):
        r[n] = integrand @ here
        before, here = here, (2 - x / n) * here - before
    q_squared = np.append(0, r[1:] ** 2 / np.arange(1, levels + 1))
    return np.sqrt(beta / 2) * (r[:-1] + r[1:]), q_squared


@cache
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss and Legendre on 0 ... 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def _classical(beta: float, kappa: np.ndarray) -> np.ndarray:
    """Return the integral of the leading form from n to n+1 in place of each level, shape (2, k, levels).

    With s = sqrt(1 + 2 beta nu) they are -int ds/(s (s-w)) and int ds (s-1)/(s (s-w) (s+1)).
    """
    s = np.sqrt(1 + 2 * beta * np.arange(LEVELS + 1))
    low, high = s[:-1], s[1:]
    step = 2 * beta / (low + high)
    w = 1 - kappa
    above = 2 * beta * np.arange(LEVELS) / (1 + low) + kappa  # s - w, without loss where both are near 1
    backward = np.log1p(w * step / (above * high)) / w
    forward = np.log1p(step / (low * (high + 1)))
    return np.array([-backward, (2 * forward - kappa * backward) / (1 + w)])


def _tail(beta: float, kappa: np.ndarray) -> np.ndarray:
    """Return the sum from level 32 on less the integral of the leading form, over beta, shape (2, k).

    A term is S(nu) + (-1)^n A(nu). The sum of S is its integral and Gregory's odd differences at nu = 32, that of A
    its value there, mean over the two neighbours, and Euler's even differences.
    """
    # the alternation dies where a cyclotron orbit is some free paths long; few lengths, so that the nodes are kept
    span = _SPAN + 8 * np.ceil(np.log1p(beta) / 8)
    nodes, weights = _legendre(int(4 * span))
    nu = LEVELS * np.exp(span * nodes)
    smooth, alternating = _split(beta, np.append(nu, LEVELS + _NEIGHBOURS), kappa)
    shortfall = _leading_shortfall(beta, nu)
    leading = np.array(_terms(shortfall, shortfall**2 / (2 * beta * nu), kappa))
    count = nu.size
    rest = smooth[..., count:] @ _GREGORY + (-1) ** LEVELS * (alternating[..., count:] @ _EULER)
    return (smooth[..., :count] - leading) @ (span * weights * nu) + rest


def _split(beta: float, nu: np.ndarray, kappa: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smooth part of the terms at level numbers nu = n + 1/2 and that multiplied by (-1)^n.

    What alternates comes from segments as long as a cyclotron orbit is wide: exp(-c sqrt(nu)), c^2 = 8/beta.
    """
    shortfall = _leading_shortfall(beta, nu) - _applied(_LEVEL, nu, _of_inverse_root(beta, nu))
    below, above = nu - 0.5, nu + 0.5
    r_below, r_above = (
        _leading_shortfall(beta, at) - _applied(_BETWEEN, at, _of_inverse_root(beta, at)) for at in (below, above)
    )
    if 8 / beta * LEVELS > _DEAD**2:
        smooth = np.array(_terms(shortfall, (r_below**2 / below + r_above**2 / above) / (4 * beta), kappa))
        return smooth, np.zeros_like(smooth)
    change = _applied(_LEVEL, nu, _of_exponential(beta, nu, 1), whole=True) / np.sqrt(2 * beta)
    change_below, change_above = (
        _applied(_BETWEEN, at, _of_exponential(beta, at, 0), whole=True) for at in (below, above)
    )
    parts = []
    for parity in (1, -1):
        q_squared = (r_below - parity * change_below) ** 2 / below + (r_above + parity * change_above) ** 2 / above
        parts.append(np.array(_terms(shortfall - parity * change, q_squared / (4 * beta), kappa)))
    return (parts[0] + parts[1]) / 2, (parts[0] - parts[1]) / 2


def _leading_shortfall(beta: float, nu: np.ndarray) -> np.ndarray:
    """Return 1 - 1/sqrt(1 + 2 beta nu)."""
    s = np.sqrt(1 + 2 * beta * nu)
    return 2 * beta * nu / (s * (1 + s))


def _applied(
    series: Sequence[tuple[int, int, float]], nu: np.ndarray, derivatives: np.ndarray, whole: bool = False
) -> np.ndarray:
    """Return what is added to (or the whole of) a classical function by summing c nu^j (-d/dnu)^k over (k, j, c)."""
    added = sum((c * nu**j * derivatives[k] for k, j, c in series), np.zeros_like(nu))
    return derivatives[0] + added if whole else added


def _of_inverse_root(beta: float, nu: np.ndarray) -> np.ndarray:
    """Return (-d/dnu)^k of 1/sqrt(1 + 2 beta nu), k = 0 ... 9, shape (10, n)."""
    s_squared = 1 + 2 * beta * nu
    derivatives = [1 / np.sqrt(s_squared)]
    for k in range(1, _HIGHEST + 1):
        derivatives.append(derivatives[-1] * (2 * k - 1) * beta / s_squared)
    return np.array(derivatives)


def _of_exponential(beta: float, nu: np.ndarray, power: int) -> np.ndarray:
    """Return (-d/dnu)^k of exp(-c u) u^-power, u = sqrt(nu), c^2 = 8/beta, k = 0 ... 9, shape (10, n)."""
    u = np.sqrt(nu)
    c = np.sqrt(8 / beta)
    powers = np.arange(power + 2 * _HIGHEST + 1)
    coefficients = np.zeros((_HIGHEST + 1, powers.size))  # of powers of 1/u
    coefficients[0, power] = 1
    for k in range(_HIGHEST):
        coefficients[k + 1, 1:] = c / 2 * coefficients[k, :-1]
        coefficients[k + 1, 2:] += (powers * coefficients[k])[:-2] / 2
    return np.exp(-c * u) * (coefficients @ u ** -powers[:, np.newaxis].astype(float))
