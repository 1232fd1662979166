"""What is odd in the field and no straight line: how far it moves the centre of symmetry.

A Hall voltage in the longitudinal contacts that is no straight line (two bands, an anomalous part) and conductance
fluctuations between misaligned contacts add to every leg the same odd o(B) of the true field. To first order a centre
that is wrong by d adds -d E'(B), which is odd too: where o has a share of the shape of E', the sweep holds two unknowns
and one reading of their sum. What the sweep does show is the rest of o. From it the size s and the width of

    y(B) = [R(B) - R(-B)]/2 = -d E'(B) + h B + o(B) + noise,      <o(B) o(B')> = s^2 [K(B - B') - K(B + B')],

are told by their restricted likelihood (H. D. Patterson, R. Thompson, Biometrika 58, 545 (1971),
doi:10.1093/biomet/58.3.545), which does not look at what E' and a line take up. A random function of that size and
width then moves the centre, found as if o were noise of independent points, by a known variance, averaged over sizes
and widths by their likelihood. The centre itself stays: o may as well have the shape of the cusp's slope, and an o
that has little else is not seen at all.

Noise of neighbouring rows that are alike (a lock-in's filter, drift) has smooth odd parts too: the likelihood is that
with the covariance of the noise, which the rows themselves show. Two legs differ by nothing else. In one leg alone slow
noise is the rival: what it explains as well is no structure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_FIELDS = 64
"""Fields |B| at which the odd part is looked at: readings between them are averaged."""

EVIDENCE = 8.0
"""Rise of 2 ln(restricted likelihood) from which on there is an odd structure; size and width are two unknowns."""

_WIDTHS = 2.5  # ratio of neighbouring widths that are tried
_SIZES = np.geomspace(0.03, 1e5, 24)  # over the noise of a point
_ROUNDING = 1e-9
_UNKNOWN = 0.01  # of the variance: behind a slow filter neighbours differ by less, but nobody knows by how much


@dataclass(frozen=True)
class OddStructure:
    """The odd part and what it does.

    Attributes
    ----------
    variance_T2 : float
        What it adds to the variance of the centre [T^2].
    rms_ohm : float
        Root mean square of y, less what the straight line takes up, over the fields that have a mirror.
    evidence : float
        Rise of 2 ln(likelihood) over that of a straight line alone.
    """

    variance_T2: float
    rms_ohm: float
    evidence: float


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which readings make up y.

    Attributes
    ----------
    field_T : ndarray, shape (m,)
        |B|, ascending [T].
    share : ndarray, shape (m, n)
        y = share @ readings.
    """

    field_T: np.ndarray
    share: np.ndarray


def pairing(true_T: np.ndarray) -> Pairing:
    """Return how y is made of readings at true fields, shape (n,), on both sides of zero, in up to `MOST_FIELDS`."""
    edges = _edges(true_T)
    distance, groups = np.abs(true_T), len(edges) - 1
    place = np.searchsorted(edges, distance, side="right") - 1
    inside = np.flatnonzero((place < groups) & (true_T != 0))
    means = np.zeros((2, groups, len(true_T)))
    means[(true_T[inside] < 0).astype(int), place[inside], inside] = 1.0
    means /= means.sum(axis=2, keepdims=True)
    return Pairing((means[0] + means[1]) @ distance / 2, (means[0] - means[1]) / 2)


def _edges(field_T: np.ndarray) -> np.ndarray:
    """Return fields |B| between which there are readings on both sides, close around zero and wide apart beyond [T]."""
    reach = min(-field_T.min(), field_T.max())
    distance = np.sort(np.abs(field_T))
    finest = 2 * distance[min(8, len(distance) - 1)]
    edges = finest * np.sinh(np.linspace(0, math.asinh(reach / finest), MOST_FIELDS + 1))
    below = [np.searchsorted(np.sort(side), edges) for side in (field_T[field_T > 0], -field_T[field_T < 0])]
    kept = [0]
    for i in range(1, len(edges)):
        if all(count[i] > count[kept[-1]] for count in below):
            kept.append(i)
    return edges[kept]


def find_odd_structure(
    field_T: np.ndarray, odd_ohm: np.ndarray, noise_ohm: np.ndarray, slope_ohm_per_T: np.ndarray,
    covariance: np.ndarray | None = None, rival: np.ndarray | None = None,
) -> OddStructure | None:  # fmt: skip
    """Find the odd structure, None where there is no evidence for one.

    Parameters
    ----------
    field_T : ndarray, shape (m,)
        |B|, ascending [T].
    odd_ohm, noise_ohm : ndarray, shape (m,)
        y about the best centre, and its standard deviation were all readings independent: by it the centre was found.
    slope_ohm_per_T : ndarray, shape (m,)
        E' there.
    covariance : ndarray, shape (m, m), optional
        Of the noise of y, where readings are not independent [ohm^2].
    rival : ndarray, shape (m, m), optional
        The same, if all of y were noise.
    """
    if len(field_T) < 8:
        return None
    lines = np.column_stack([-slope_ohm_per_T, field_T])
    basis, triangle = np.linalg.qr(lines / noise_ohm[:, np.newaxis])
    if abs(np.linalg.det(triangle)) < _ROUNDING * abs(triangle[0]).max() ** 2:
        return None
    centre = np.linalg.solve(triangle, basis.T)[0] / noise_ohm
    covariance = np.diag(noise_ohm**2) if covariance is None else covariance
    root, independent, alone = _without(covariance, lines, odd_ohm)
    size, w = np.median(noise_ohm) ** 2, independent.T @ odd_ohm
    looks = [_looks(size * kernel, centre, independent, w) for kernel in _kernels(field_T)]
    level, moved = (np.concatenate(parts) for parts in zip(*looks, strict=True))
    ahead = 0.0 if rival is None else min(_without(rival, lines, odd_ohm)[2] - alone, 0.0)
    evidence = ahead - float(level.min())
    if evidence < EVIDENCE:
        return None
    weight = np.exp(-(level - level.min()) / 2)
    left = root @ (root.T @ (independent @ w))
    return OddStructure(float(weight @ moved / weight.sum()), math.sqrt(float(np.mean(left**2))), evidence)


def _kernels(field_T: np.ndarray) -> list[np.ndarray]:
    """Return K(B - B') - K(B + B') of every width and shape that is tried, each of shape (m, m)."""
    reach, apart = float(field_T[-1]), max(float(field_T[4]), 1e-3 * float(field_T[-1]))
    count = 2 + int(math.log(2 * reach / apart) / math.log(_WIDTHS))
    near, far = np.subtract.outer(field_T, field_T) ** 2, np.add.outer(field_T, field_T) ** 2
    kernels = []
    for width in np.geomspace(apart, 2 * reach, count):
        kernels.append(np.exp(-near / (2 * width**2)) - np.exp(-far / (2 * width**2)))
        kernels.append(1 / (1 + near / width**2) - 1 / (1 + far / width**2))
    return kernels


def _without(covariance: np.ndarray, lines: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the root L of the noise L L^T, the sums that E' and the line do not touch, and -2 ln(likelihood) of noise.

    The sums are columns, of noise 1 each and independent of each other.
    """
    root = np.linalg.cholesky(covariance + _UNKNOWN * np.diag(covariance.diagonal()))
    white = np.linalg.solve(root, lines)
    basis, triangle = np.linalg.qr(white, mode="complete")
    independent = np.linalg.solve(root.T, basis[:, lines.shape[1] :])
    sizes = np.abs(np.append(root.diagonal(), triangle.diagonal()))
    return root, independent, float(2 * np.log(sizes).sum() + ((independent.T @ y) ** 2).sum())


def _looks(
    kernel: np.ndarray, centre: np.ndarray, independent: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return -2 ln(likelihood) over that without structure, and the variance of the centre, for every size.

    In the coordinates that diagonalize the kernel among all that E' and the line do not touch, every size costs a sum.

    Parameters
    ----------
    kernel : ndarray, shape (m, m)
        Of o, at size 1 [ohm^2].
    centre : ndarray, shape (m,)
        The centre that is found is centre @ y [T/ohm].
    independent : ndarray, shape (m, m - 2)
        Sums of y with noise 1 each, independent of each other, of E' and of the line [1/ohm].
    seen : ndarray, shape (m - 2,)
        Those sums.
    """
    size, direction = np.linalg.eigh(independent.T @ kernel @ independent)
    square, size, w = _SIZES**2, np.maximum(size, 0.0), direction.T @ seen
    spread = 1 + np.multiply.outer(square, size)
    level = np.log(spread).sum(axis=1) + (w**2 / spread).sum(axis=1) - w @ w
    return level, square * float(centre @ kernel @ centre)
