r"""Rashba splitting beyond diffusion: 3 x 3 matrices of the triplet at every Landau level, any spin rotation.

Between two collisions spins turn by theta xi about an axis across the flight, xi the length in free paths and
theta = 2 Omega tau. With gamma = tau/tau_phi, b = B/B_tr and z = 1 + gamma, z -+ i theta the flights give

    M^m_n(z) = int_0^inf dxi exp(-z xi) sqrt(n!/(n+m)!) y^{m/2} exp(-y/2) L_n^m(y),   y = b xi^2/2,

and the triplet conserves N = level + spin: A_N, 3 x 3, acts on levels N-2, N-1, N, its elements M^|i-j| with the
weights cos^2(theta xi/2), cos(theta xi) on the diagonal, sin(theta xi)/sqrt 2 beside it, sin^2(theta xi/2) in a corner
(L. E. Golub, Phys. Rev. B 71, 235310 (2005), doi:10.1103/PhysRevB.71.235310). K_N, from the levels of N to those of
N + 1, is the same with a factor exp(i phi) of the direction of flight. The triplet's part of 2 delta sigma/G0 is

    -b sum_N Tr A^3/(1-A) + (b/2) sum_N Tr [(K_{N-1} K_{N-1}^T + K_N^T K_N) A/(1-A)].

Below `LEVELS` blocks M is integrated; above, M follows from the Weyl symbol of the flight in powers of 1/nu^2 and the
sum is an integral and Gregory's differences at its end. Derivatives by gamma and theta are complex steps.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from analysis.even_polynomial import even_polynomial

LEVELS = 24
"""Blocks summed one by one where B < B_tr; more, up to 8 times as many, above."""
_STEP = 1e-30  # of the complex step
_FLIGHT_NODES = 150
_LONGEST = 40.0  # flights beyond so many free paths weigh less than double precision
_TAIL_NODES = 28
_NODES_PER_UNIT = 14.0  # of the polynomial of a curve whose spins turn little
_GENTLE, _MIDDLE = 0.5, 0.7
_SOFTEST = 0.2  # theta^2 of it is about the slowest spin relaxation rate times tau, 7/16 theta^2/2
_NEIGHBOURS = np.arange(-2.5, 3.0)
_GREGORY = 1 / 24 * np.array([0, 0, -1, 1, 0, 0]) - 17 / 5760 * np.array([0, -1, 3, -3, 1, 0]) + (
    367 / 967680 * np.array([-1, 5, -10, 10, -5, 1])
)  # fmt: skip
_WEYL = (
    (2, 0, 1 / 8, 0.0), (3, 1, -1 / 12, 0.0), (4, 0, 1 / 128, 0.0), (5, 1, -1 / 80, -1 / 96), (6, 2, 1 / 288, 0.0),
)  # fmt: skip
_OFFSETS = {0: (-1.0, 0.0, 1.0), 1: (-1.5, -0.5, 0.5, 1.5), 2: (-1.0, 0.0, 1.0), 3: (-0.5, 0.5)}
"""Mean level, from that of the block, of the elements M^m that A_N, K_{N-1} and K_N need."""


@cache
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss and Legendre on 0 ... 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


Elements = dict[tuple[int, float], np.ndarray]
"""By (m, offset): M^m with the weights 1, 1 - cos(theta xi), sin(theta xi), shape (3, 2, ...), the second
axis the steps in gamma and in theta."""


def _integrated(b: np.ndarray, gamma: float, theta: float, blocks: int) -> Elements:
    """Return the elements of blocks 0 ... blocks-1 from quadrature, each of shape (3, 2, len(b), blocks)."""
    nodes, weights = _legendre(_FLIGHT_NODES + 3 * blocks + int(14 * theta))
    reach = np.minimum(_LONGEST, np.sqrt(2 * (120 + 4 * blocks) / b))[:, np.newaxis]
    xi = reach * nodes
    y = b[:, np.newaxis] * xi**2 / 2
    decay = reach * weights * np.exp(-(1 + gamma) * xi - y / 2)
    cosine, sine = decay * np.cos(theta * xi), decay * np.sin(theta * xi)
    unturned = 2 * decay * np.sin(theta * xi / 2) ** 2
    columns = np.stack([decay, unturned, sine, xi * decay, xi * cosine, xi * sine], axis=-1)
    moments = {}
    for m in range(4):
        before, here = np.zeros_like(y), y ** (m / 2)
        for k in range(1, m + 1):
            here /= np.sqrt(k)
        rows = []
        for n in range(blocks):
            rows.append(here)
            # the normalised function: l_{n+1} from l_n and l_{n-1}
            after = ((2 * n + m + 1 - y) * here - np.sqrt(n * (n + m)) * before) / np.sqrt((n + 1) * (n + m + 1))
            before, here = here, after
        moments[m] = np.stack(rows, axis=1) @ columns  # (len(b), blocks, 6)
    _balance(moments, b, 1 + gamma)
    return {
        (m, offset): _stepped(_shifted(moments[m], round(offset - (m + 2) / 2), blocks))
        for m in _OFFSETS for offset in _OFFSETS[m]
    }  # fmt: skip


def _balance(moments: dict[int, np.ndarray], b: np.ndarray, z: float) -> None:
    """Replace M^0 by what M^1 leaves of 1/z, so that 1 - M^0, which may be tiny, has no error of the quadrature."""
    roots = np.sqrt(b[:, np.newaxis, np.newaxis] / 2 * np.arange(1.0, moments[1].shape[1] + 1)[:, np.newaxis])
    lost = roots * moments[1]
    lost[:, 1:] += lost[:, :-1].copy()
    moments[0][..., 0] = (1 - lost[..., 0]) / z
    moments[0][..., 3] = (moments[0][..., 0] - lost[..., 3]) / z


def _shifted(moments: np.ndarray, shift: int, blocks: int) -> np.ndarray:
    """Return the moments of levels n = N + shift for blocks N, 0 where the level does not exist."""
    chosen = np.zeros((moments.shape[0], blocks, 6))
    first = max(0, -shift)
    chosen[:, first:] = moments[:, first + shift : blocks + shift]
    return chosen


def _stepped(moments: np.ndarray) -> np.ndarray:
    """Return weights 1, 1 - cos, sin with steps in gamma and theta, shape (3, 2, ...).

    The moments are those of 1, 1 - cos, sin, xi, xi cos, xi sin, along the last axis.
    """
    one, unturned, sine, xi_one, xi_cosine, xi_sine = np.moveaxis(moments, -1, 0)
    by_gamma, by_theta = (-xi_one, xi_cosine - xi_one, -xi_sine), (np.zeros_like(one), xi_sine, xi_cosine)
    values = np.array([one, unturned, sine])
    return np.stack([values + 1j * _STEP * np.array(by) for by in (by_gamma, by_theta)], axis=1)


def _asymptotic(c: np.ndarray, b: np.ndarray, gamma: float, theta: float) -> Elements:
    """Return the elements of blocks of mean level c - 1/2, far up, each of shape (3, 2, *c.shape)."""
    z = np.array([1 + gamma, 1 + gamma - 1j * theta]).reshape(2, *[1] * c.ndim)
    elements, root = {}, np.sqrt(2 * b)
    for m, offsets in _OFFSETS.items():
        for offset in offsets:
            nu = c + offset
            exact = (np.ones_like(nu), nu, nu**2 - 0.25, nu * (nu**2 - 1))[m]  # (n+m)!/n!
            s = np.sqrt(z**2 + 2 * b * nu)
            symbol = np.sqrt(exact) / s
            for _ in range(m):
                symbol = symbol * root / (s + z)
            added, slope = _correction(m, nu, b * nu / s**2, z, s)
            value = symbol * (1 + added)
            elements[m, offset] = _turned(value, symbol * slope - value * (m / s + z / s**2))
    return elements


def _at_zero_field(y: np.ndarray, gamma: float, theta: float) -> Elements:
    """Return the limit B -> 0 of the elements at 2 b nu = 1/y^2 - 1, each of shape (3, 2, len(y))."""
    z = np.array([[1 + gamma], [1 + gamma - 1j * theta]])
    square = (1 - y) * (1 + y) / y**2
    s = np.sqrt(z**2 + square)
    each = {}
    for m in _OFFSETS:
        value = np.sqrt(square**m) / ((s + z) ** m * s)
        each[m] = _turned(value, -value * (m / s + z / s**2))
    return {(m, offset): each[m] for m, offsets in _OFFSETS.items() for offset in offsets}


def _turned(value: np.ndarray, by_z: np.ndarray) -> np.ndarray:
    """Return an element's three weights with steps, shape (3, 2, ...), from M and dM/dz at 1 + gamma, less i theta."""
    one, turned = np.real(value[0]), value[1]
    parts = one, one - turned.real, turned.imag, -by_z[0].real, -by_z[1].real, -by_z[1].imag
    return _stepped(np.stack(parts, axis=-1))


def _correction(m: int, nu: np.ndarray, t: np.ndarray, z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what cosh(x/2)^(m+1) exp((tau - x) nu), x = 2 artanh(tau/2), tau = -d/dnu, adds to a symbol, over it.

    With t = b nu/s^2; and its derivative by z.
    """
    u = 1 / (s + z)
    w, w_slope, ln_t_slope = s * u, (z / s - 1) * u, -2 * z / s**2
    inverse, square = 1 / nu**2, t * t
    added, slope = np.zeros_like(s), np.zeros_like(s)
    front = inverse * square
    for k, j, coefficients, slopes in _polynomials(m):
        if (k, j) == (4, 0):
            front = front * inverse * square
        power = (1.0, t, square)[j]
        part = coefficients[-1]
        part_slope = slopes[-1]
        for coefficient in coefficients[-2::-1]:
            part = part * w + coefficient
        for coefficient in slopes[-2::-1]:
            part_slope = part_slope * w + coefficient
        scale = front * power
        added += scale * part
        slope += scale * (k * ln_t_slope * part + w_slope * part_slope)
    return added, slope


@cache
def _polynomials(m: int) -> tuple[tuple[int, int, tuple[float, ...], tuple[float, ...]], ...]:
    """Return for each term (-d/dnu)^k nu^j, in the order of `_WEYL`, its polynomial of w and that one's derivative."""
    factors = (m + 1, 1.0, (m + 1) * (m + 3), 1.0, 1.0)
    terms = []
    for (k, j, constant, growing), factor in zip(_WEYL, factors, strict=True):
        coefficients = [(constant * factor + growing * (m + 1)) * value for value in _slopes(m, k)]
        terms.append((k, j, tuple(coefficients), tuple(i * value for i, value in enumerate(coefficients))[1:]))
    return tuple(terms)


@cache
def _slopes(m: int, k: int) -> tuple[float, ...]:
    """Return the polynomial of w = s/(s+z) in (-d/dnu)^k of 1/((s+z)^m s), over that and (b/s^2)^k."""
    if k == 0:
        return (1.0,)
    before = (*_slopes(m, k - 1), 0.0)
    return tuple(before[i] * (2 * k - 1 - i) + (before[i - 1] * (m + i - 1) if i else 0.0) for i in range(len(before)))


def _summands(elements: Elements) -> tuple[np.ndarray, np.ndarray]:
    """Return Tr A^3/(1-A) and Tr [(K K^T + K^T K) A/(1-A)]/2 of each block, of shape (2, ...)."""
    # along the first axis: cos^2(theta xi/2), cos(theta xi), sin(theta xi)/sqrt 2, sin^2(theta xi/2)
    own, middle, turn, flip = ({} for _ in range(4))
    for key, (one, unturned, sine) in elements.items():
        own[key], middle[key] = one - unturned / 2, one - unturned
        turn[key], flip[key] = sine / np.sqrt(2), unturned / 2
    a01, a12, a02 = turn[1, -0.5], turn[1, 0.5], flip[2, 0.0]
    A = _matrix([[own[0, -1.0], a01, a02], [a01, middle[0, 0.0], a12], [a02, a12, own[0, 1.0]]])
    loops = A @ _inverse_of_one_less(A)
    below, above = (
        _matrix([
            [own[1, at - 1.0], -turn[0, at - 0.5], -flip[1, at]],
            [turn[2, at - 0.5], middle[1, at], -turn[0, at + 0.5]],
            [flip[3, at], turn[2, at + 0.5], own[1, at + 1.0]],
        ])
        for at in (-0.5, 0.5)
    )  # fmt: skip
    kernel = below @ np.swapaxes(below, -1, -2) + np.swapaxes(above, -1, -2) @ above
    return (A @ A * loops).sum(axis=(-1, -2)), (kernel * loops).sum(axis=(-1, -2)) / 2


def _matrix(rows: list[list[np.ndarray]]) -> np.ndarray:
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _inverse_of_one_less(A: np.ndarray) -> np.ndarray:
    """Return (1 - A)^-1 of symmetric matrices, shape (..., 3, 3), from cofactors."""
    M = np.eye(3) - A
    a, b, c, d, e, f = (M[..., i, j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * first + b * second + c * third
    beside, corner = b * c - a * e, a * f - c * c
    adjugate = _matrix([[first, second, third], [second, corner, beside], [third, beside, a * d - b * b]])
    return adjugate / determinant[..., np.newaxis, np.newaxis]


def corrections(b: np.ndarray, gamma: float, theta: float) -> np.ndarray:
    """Return the triplet's back and non-backscattering part of 2 delta sigma/G0 with complex steps, shape (2, 2, n)."""
    blocks = LEVELS * 2 ** np.clip(np.ceil(np.log2(b)), 0, 3).astype(int)
    result = np.empty((2, 2, b.size), dtype=complex)
    for count in np.unique(blocks):
        here = blocks == count
        below = np.array(_summands(_integrated(b[here], gamma, theta, int(count)))).sum(axis=-1)
        result[..., here] = b[here] * below + _above(b[here], gamma, theta, int(count))
    result[0] *= -1
    return result


def _above(b: np.ndarray, gamma: float, theta: float, blocks: int) -> np.ndarray:
    """Return b times the sums over the blocks from `blocks` on, shape (2, 2, len(b))."""
    b = b[:, np.newaxis]
    first = blocks - 1.0
    y, weight = _graded(1 / np.sqrt(1 + 2 * b * first), gamma, theta, _TAIL_NODES)
    c = (1 - y) * (1 + y) / (2 * b * y**2)
    ends = np.broadcast_to(first + _NEIGHBOURS, (b.size, _NEIGHBOURS.size))
    values = np.array(_summands(_asymptotic(np.concatenate([c, ends], axis=1), b, gamma, theta)))
    count = y.shape[-1]
    return (values[..., :count] * weight / y**3).sum(axis=-1) + b[:, 0] * (values[..., count:] @ _GREGORY)


def at_zero(gamma: float, theta: float) -> np.ndarray:
    """Return the limit B -> 0 of `corrections`, shape (2, 2)."""
    y, weight = _graded(np.ones(1), gamma, theta, 60)
    values = np.array(_summands(_at_zero_field(y, gamma, theta)))
    return (values * weight / y**3).sum(axis=-1) * np.array([[-1], [1]])


def _graded(highest: np.ndarray, gamma: float, theta: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a rule for int_0^highest dy, fine near y = 1 + gamma, where loops are long, and near y = 1/theta.

    There, at large theta, the wave number is that of the spins' precession.
    """
    nodes, weights = _legendre(count)
    middle = np.minimum(highest, _MIDDLE if theta > _GENTLE else 0.0)
    low, high = np.log(1 + gamma - highest), np.log(1 + gamma - middle)
    beyond = np.exp(low + (high - low) * nodes)
    y, weight = 1 + gamma - beyond, (high - low) * weights * beyond
    if theta <= _GENTLE:
        return y, weight
    nodes, weights = _legendre(count + int(20 * theta))
    return np.concatenate([y, middle * nodes], axis=-1), np.concatenate([weight, middle * weights], axis=-1)


def triplet_curve(b: np.ndarray, gamma: float, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what a field adds to the triplet's part of 2 delta sigma/G0.

    Parameters
    ----------
    b : ndarray, shape (n,)
        B/B_tr >= 0.
    gamma, theta : float
        tau/tau_phi > 0 and 2 Omega tau > 0.

    Returns
    -------
    value : ndarray, shape (n,)
        Three times the spinless curve for theta -> 0. Read from a polynomial through some 40 fields, good to 1e-8
        of the curve for theta < 1, to 3e-6 at 3.
    derivative : ndarray, shape (n, 3)
        By ln b, ln gamma and ln theta.
    """
    gap = gamma + _SOFTEST * theta**2 / (1 + theta**2)
    node, reading = even_polynomial(b, 2 * gap, _NODES_PER_UNIT * (1 + theta**2 / 6))
    change = (corrections(node, gamma, theta) - at_zero(gamma, theta)[..., np.newaxis]).sum(axis=0)
    curve, by_ln_b = reading(np.stack([change[0].real, *(change.imag / _STEP)], axis=1))
    return curve[:, 0], np.column_stack([by_ln_b, curve[:, 1:] * [gamma, theta]])
