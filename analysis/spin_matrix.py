r"""The triplet Cooperon of a film with Rashba, linear and cubic Dresselhaus splitting together.

In units of 4 e B D/hbar and Landau levels n the Cooperon is a block tridiagonal matrix of spin 1 (W. Knap et al.,
Phys. Rev. B 53, 3912 (1996), doi:10.1103/PhysRevB.53.3912). With beta = B_phi/B, sigma = (B_R + B_D)/B,
s^2 = 4 B_R B_D/B^2, kappa = B_3/B, nu = n + 1/2:

    m = 0    a = nu + beta + 2 sigma + 2 kappa
    m = +-1  c = nu + beta + sigma + kappa, the two coupled by s, their determinant Delta = c^2 - s^2

Level n couples to n + 1 with m -> m +- 1, so even n + m never meets odd. Without the pairs m = +-1 each of the two
halves is a chain of scalars on the states m = 0 of every second level,

    d_n = a_n - 2 (n+1) g_{n+1} - 2 n g_{n-1},                 g = (c sigma - s^2)/Delta
    e_n = 4 n (n+1) s^2 [(c_n - sigma)/Delta_n]^2              squared hop between n-1 and n+1

and the trace that the correction needs is sum_n d/dbeta [ln Delta_n + ln R_n], R_n = d_n - e_{n+1}/R_{n+2}. Levels
below N, a few times the largest field over B, are eliminated by cyclic reduction, all fields at once; above, the
continued fraction is short at any real nu and its sum is one quadrature that sums (N/nu)^k, k >= 2, exactly.
Derivatives go along: d/dbeta as a complex step, those by the four fields as first-order parts of every number.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import zeta

from analysis.even_polynomial import even_polynomial
from analysis.special import cooperon

_STEP = 1e-20  # of the complex step: its square is nothing
_FEWEST = 16  # levels of the matrix
_LEVELS_PER_FIELD = 4.0  # N over (B_phi + 2 B_so)/B
_FEWER_PER_FIELD = 3.0  # enough for a curve
_DEPTH = 8  # of the continued fraction above N
_TAIL = 9  # nodes of the sum above N
_NODES_PER_UNIT = 8.0  # of the polynomial of a curve
_PARTS = 5  # a number and its derivatives by beta, sigma, s^2, kappa


def triplet_curve(
    B: np.ndarray, b_phi: float, b_rashba: float, b_dresselhaus: float, b_cubic: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `triplet_matrix` does, at any fields B >= 0, read from a polynomial through about 30 fields.

    Good to 1e-8 of the curve, to 1e-10 where the splittings are alike; no field far below the lowest of B but 0 is
    computed, so that a spin helix, which lives long, costs no more than other films.
    """
    fields = b_phi, b_rashba, b_dresselhaus, b_cubic
    node, reading = even_polynomial(B, _gap(*fields), _NODES_PER_UNIT)
    curve, _ = reading(np.column_stack(triplet_matrix(node, *fields, _FEWER_PER_FIELD)))
    return curve[:, 0], curve[:, 1:]


def _gap(b_phi: float, b_rashba: float, b_dresselhaus: float, b_cubic: float) -> float:
    """Return about the smallest eigenvalue of the triplet at B = 0 [T]: a spin helix, long-lived where B_R = B_D."""
    return b_phi + 0.4 * (np.sqrt(b_rashba) - np.sqrt(b_dresselhaus)) ** 2 + b_cubic


def triplet_matrix(
    B: np.ndarray, b_phi: float, b_rashba: float, b_dresselhaus: float, b_cubic: float,
    levels_per_field: float = _LEVELS_PER_FIELD,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return what a field adds to the triplet's part of 2 delta sigma/G0, level by level.

    Parameters
    ----------
    B : ndarray, shape (n,)
        |B| > 0 [T].
    b_phi, b_rashba, b_dresselhaus, b_cubic : float
        B_phi > 0 and the fields of the three splittings, >= 0 [T].
    levels_per_field : float
        Levels summed one by one over (B_phi + 2 B_so)/B.

    Returns
    -------
    value : ndarray, shape (n,)
        3 F(B, B_phi) without splitting; absolute error below 1e-12, with 3 levels for each field 1e-9.
    derivative : ndarray, shape (n, 4)
        By the four fields [1/T].
    """
    total, cross = b_rashba + b_dresselhaus, 4 * b_rashba * b_dresselhaus
    fields = np.array([b_phi, total, cross, b_cubic])
    sums = _level_sums(B, fields, levels_per_field) - _zero_field(fields)[:, np.newaxis]
    f, slope = (part[0] for part in cooperon(B, np.array([b_phi])))
    sums = -sums
    sums[0] += 3 * f
    sums[1] += 3 * slope / b_phi
    by_phi, by_total, by_cross, by_cubic = sums[1:]
    by_rashba, by_dresselhaus = (by_total + 4 * other * by_cross for other in (b_dresselhaus, b_rashba))
    return sums[0], np.stack([by_phi, by_rashba, by_dresselhaus, by_cubic], axis=1)


def _level_sums(B: np.ndarray, fields: np.ndarray, levels_per_field: float = _LEVELS_PER_FIELD) -> np.ndarray:
    """Return sum_n [Tr (T^-1)_nn - 3/(n+1/2+beta)] and its derivatives by the four fields, shape (5, n)."""
    reach = (fields[0] + 2 * fields[1] + 2 * fields[3]) / B
    levels = 2 ** np.ceil(np.log2(np.maximum(_FEWEST, levels_per_field * reach))).astype(int)
    order = np.argsort(-levels, kind="stable")
    scaled = fields[:, np.newaxis] / B[order] ** np.array([1, 1, 2, 1])[:, np.newaxis]
    sums = _chains(scaled, levels[order]) + _above(scaled, levels[order])
    result = np.empty_like(sums)
    result[:, order] = sums
    result[1:] /= B ** np.array([1, 1, 2, 1])[:, np.newaxis]
    return result


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the product of numbers with their derivatives, each of shape (5, ...)."""
    product = left * right[0]
    product[1:] += left[0] * right[1:]
    return product


def _over(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the ratio of numbers with their derivatives, each of shape (5, ...)."""
    inverse = 1 / right[0]
    ratio = left * inverse
    ratio[1:] -= ratio[0] * inverse * right[1:]
    return ratio


def _slope_of_logarithm(number: np.ndarray) -> np.ndarray:
    """Return d ln/dbeta and its derivatives, shape (5, ...), real, from a number with a complex step in beta."""
    slope = np.empty(number.shape)
    slope[0] = number[0].imag / number[0].real
    slope[1:] = (number[1:] / number[0]).imag
    return slope / _STEP


def _variables(scaled: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return beta (with the complex step), sigma, s^2, kappa with their derivatives, each of shape (5, ...)."""
    numbers = np.zeros((4, _PARTS, *scaled.shape[1:]), dtype=complex)
    numbers[:, 0] = scaled
    numbers[0, 0] += 1j * _STEP
    for i in range(4):
        numbers[i, i + 1] = 1
    return tuple(numbers)


def _pairs(nu: np.ndarray, variables: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Delta, g and e/(4 n (n+1)) at nu."""
    beta, sigma, square, kappa = variables
    c = beta + sigma + kappa
    c = np.broadcast_to(c, np.broadcast_shapes(c.shape, (1, *nu.shape))).copy()
    c[0] += nu
    determinant = _times(c, c) - square
    hop = _over(c - sigma, determinant)
    return determinant, _over(_times(c, sigma) - square, determinant), _times(square, _times(hop, hop))


def _single(nu: np.ndarray, variables: tuple[np.ndarray, ...], above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return d at nu from g at nu + 1 and nu - 1."""
    beta, sigma, _, kappa = variables
    d = beta + 2 * (sigma + kappa) - (2 * nu + 1) * above - (2 * nu - 1) * below
    d[0] += nu
    return d


@cache
def _layout(levels: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where the levels of all fields lie side by side, N + 2 of each.

    Returns
    -------
    n, field : ndarray, shape (m,)
        Level, and to which field it belongs.
    chain : ndarray, shape (sum N,)
        Places of n = 0, 2 ... N-2 and then 1, 3 ... N-1 of each field.
    """
    n = np.concatenate([np.arange(count + 2) for count in levels])
    field = np.repeat(np.arange(len(levels)), np.array(levels) + 2)
    starts = np.cumsum(np.array(levels) + 2) - levels - 2
    both = [start + np.r_[0:count:2, 1:count:2] for start, count in zip(starts, levels, strict=True)]
    return n, field, np.concatenate(both)


def _chains(scaled: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the sums over the levels below N, N a power of 2 of each field, largest first, shape (5, n)."""
    n, field, chain = _layout(tuple(levels.tolist()))
    nu = n + 0.5
    variables = _variables(scaled[:, field])
    determinant, g, hop = _pairs(nu, variables)
    d = _single(nu, variables, np.roll(g, -1, axis=-1), np.roll(g, 1, axis=-1))[:, chain]
    e = (hop * (4.0 * n * (n + 1)))[:, chain + 1]
    last = np.cumsum(levels)
    ends = np.stack([last - levels // 2, last]) - 1
    ladder = levels + np.array([[0.5], [1.5]])
    d[:, ends] -= _over(e[:, ends], _continued(ladder, scaled))
    e[:, ends] = 0
    terms = _slope_of_logarithm(determinant[:, chain])
    smooth = 1 / (nu[chain] + np.real(variables[0][0, chain]))
    terms[0] -= 3 * smooth
    terms[1] += 3 * smooth**2
    sums = np.add.reduceat(terms, last - levels, axis=-1)
    return sums + _eliminated(d, e, levels // 2)


def _eliminated(d: np.ndarray, e: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Return d ln det/dbeta of two tridiagonal matrices of each field, by cyclic reduction, shape (5, n).

    Parameters
    ----------
    d, e : ndarray, shape (5, m)
        Diagonal, and squares of what stands beside it, 0 between the matrices, which lie one after the other.
    sites : ndarray, shape (n,)
        Rows of each matrix, powers of 2 in falling order.
    """
    sums = np.zeros((_PARTS, sites.size))
    while sites.size:
        done = sites == 1
        count = int((2 * sites[~done]).sum())
        if done.any():
            ready = _slope_of_logarithm(d[:, count:])
            sums[:, : sites.size][:, done] += ready[:, ::2] + ready[:, 1::2]
            sites, d, e = sites[~done], d[:, :count], e[:, :count]
            if not sites.size:
                break
        odd = d[:, 1::2]
        starts = np.cumsum(sites) - sites
        sums[:, : sites.size] += np.add.reduceat(_slope_of_logarithm(odd), starts, axis=-1)
        left, right = _over(e[:, ::2], odd), _over(e[:, 1::2], odd)
        d = d[:, ::2] - left
        d[:, 1:] -= right[:, :-1]
        e = _times(left, right)
        sites = sites // 2
    return sums


def _continued(nu: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Return R at nu, of shape (..., n) for n fields, from a continued fraction upwards."""
    ladder = nu + np.arange(-1.0, 2 * _DEPTH + 2).reshape(-1, *[1] * nu.ndim)
    variables = _variables(scaled)
    variables = tuple(v.reshape(_PARTS, *[1] * nu.ndim, -1) for v in variables)
    _, g, hop = _pairs(ladder, variables)
    e = hop * (4 * (ladder**2 - 0.25))
    d = _single(ladder[1:-1], variables, g[:, 2:], g[:, :-2])
    here = d[:, -1]
    for k in range(2 * _DEPTH - 2, -1, -2):
        here = d[:, k] - _over(e[:, k + 2], here)
    return here


def _above(scaled: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the sums over the levels from N on, shape (5, n)."""
    u = _tail_nodes()
    weight = np.stack([_tail_weights(int(count)) for count in levels], axis=-1)
    nu = levels / u[:, np.newaxis]
    beta = scaled[0]
    variables = tuple(v.reshape(_PARTS, 1, -1) for v in _variables(scaled))
    terms = _slope_of_logarithm(_pairs(nu, variables)[0]) + _slope_of_logarithm(_continued(nu, scaled))
    terms[0] -= 3 / (nu + beta)
    terms[1] += 3 / (nu + beta) ** 2
    return (terms * weight).sum(axis=1)


@cache
def _tail_nodes() -> np.ndarray:
    """Return u = N/nu between 0 and 1, shape (_TAIL,)."""
    return (1 + np.polynomial.legendre.leggauss(_TAIL)[0]) / 2


@cache
def _tail_weights(levels: int) -> np.ndarray:
    """Return weights, shape (_TAIL,), that sum (N/nu)^k over nu = N + 1/2, N + 3/2 ... exactly, k = 2 ... _TAIL + 1."""
    # in Legendre polynomials of u instead of powers, or the system is singular
    u = _tail_nodes()
    powers = np.arange(_TAIL)
    moments = levels ** (powers + 2.0) * zeta(powers + 2.0, levels + 0.5)
    shifted = [np.polynomial.Polynomial([1])]
    for k in range(_TAIL):
        shifted.append(np.polynomial.legendre.Legendre.basis(k + 1)(np.polynomial.Polynomial([-1, 2])))
    table = np.array([p(u) for p in shifted[:_TAIL]])
    wanted = np.array([p.coef @ moments[: p.coef.size] for p in shifted[:_TAIL]])
    return np.linalg.solve(table, wanted) / u**2


def _zero_field(fields: np.ndarray) -> np.ndarray:
    """Return the limit B -> 0 of the sums, shape (5,), by B_phi, B_R + B_D, 4 B_R B_D, B_3 [1/T, 1/T^2].

    int_0^inf dx {d/dB_phi <ln det> - 3/(x + B_phi)}, x = nu B, det = A - 4 x s (c - sigma) cos 2 phi, whose mean over
    the direction is <ln det> = ln[(A + sqrt(A^2 - 16 x^2 s^2 (c - sigma)^2))/2].
    """
    x, weight = _panels(fields)
    beta, sigma, square, kappa = (v[:, np.newaxis] for v in _variables(fields))
    c = np.repeat(beta + sigma + kappa, x.size, axis=1)
    c[0] += x
    a = c + sigma + kappa
    coupled = c - sigma
    A = _times(a, _times(c, c) - square) - 4 * x * (_times(c, sigma) - square)
    inside = _times(A, A) - 16 * x**2 * _times(square, _times(coupled, coupled))
    root = np.empty_like(inside)
    root[0] = np.sqrt(inside[0])
    root[1:] = inside[1:] / (2 * root[0])
    terms = _slope_of_logarithm(A + root)
    terms[0] -= 3 / (x + fields[0])
    terms[1] += 3 / (x + fields[0]) ** 2
    return terms @ weight


def _panels(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a rule for the integral over x, fine near x = 0 and where the spin helix makes a level soft."""
    b_phi, total, cross, cubic = fields
    scale = b_phi + total + cubic
    edges = b_phi * 2.0 ** np.arange(-1, np.ceil(np.log2(scale / b_phi)) + 6)
    far = edges[-1]
    # det at cos 2 phi = 1 is a cubic polynomial of x
    c, s = b_phi + total + cubic, np.sqrt(cross)
    a = c + total + cubic
    det = (1, a + 2 * c - 4 * (total + s), c * c - cross + 2 * a * c - 4 * (c * total - cross + s * (c - total)))
    for soft in np.roots([*det, a * (c * c - cross)]):
        if soft.imag >= 0:
            width = max(abs(soft.imag), 1e-6 * scale)
            around = width * 2.0 ** np.arange(-1, np.ceil(np.log2(far / width)))
            edges = np.concatenate([edges, soft.real + around, soft.real - around])
    edges = np.unique(np.concatenate([[0.0], edges[(edges > 0) & (edges <= far)]]))
    node, weight = (part / 2 for part in np.polynomial.legendre.leggauss(12))
    width = np.diff(edges)[:, np.newaxis]
    inner, inner_weight = edges[:-1, np.newaxis] + width * (node + 0.5), width * weight
    u = node + 0.5  # x = far/u beyond
    return np.append(inner.ravel(), far / u), np.append(inner_weight.ravel(), weight * far / u**2)
