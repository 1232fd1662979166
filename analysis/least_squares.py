"""Levenberg-Marquardt on numbers of order one, for one curve or many.

The unknowns u are the logarithms of lengths and the plain values of parameters of order one; bounded
solvers given siemens and metres stop early and call it success. A constant offset of each curve is linear: it is
projected out exactly and never appears among the unknowns (variable projection, G. H. Golub, V. Pereyra,
SIAM J. Numer. Anal. 10, 413 (1973), doi:10.1137/0710036).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

from analysis.curve import Curve
from analysis.model import Model

_MAX_STEPS = 200
_MAX_STEP = 3.0  # of an unknown at a time: a length changes by at most 20
_CHI2_TOLERANCE = 1e-10  # of chi^2: below 1e-3 of a standard error for any curve of less than 1e4 points
_ROUNDING = 1e-27  # of the sum of squares of the data: what is left of noiseless data


class Block:
    """One curve in a problem: which unknowns it depends on, and its share of the normal equations."""

    def __init__(
        self, model: Model, curve: Curve, held: Mapping[str, float], places: Mapping[str, int], offset: bool
    ) -> None:
        self.model, self.curve, self.offset = model, curve, offset
        self.names = tuple(sorted((name for name in model.names if name not in held), key=lambda name: places[name]))
        self.places = np.array([places[name] for name in self.names], dtype=int)
        self._columns = [(model.names.index(name), model[name].log) for name in self.names]
        self._parameters = [held.get(name, 0.0) for name in model.names]
        self._weight = None if curve.error is None else 1 / curve.error
        self.total_weight = float(curve.field_T.size if self._weight is None else self._weight @ self._weight)
        weight = np.ones(curve.field_T.size) if self._weight is None else self._weight
        self._unit = weight / math.sqrt(self.total_weight)
        self._last_u, self._last = np.empty(0), (np.empty(0), np.empty(0))

    def parameters(self, u: np.ndarray) -> list[float]:
        """Return the model's parameters, in its order and units, at the unknowns u of the whole problem."""
        parameters = self._parameters.copy()
        for (column, log), own in zip(self._columns, u[self.places].tolist(), strict=True):
            parameters[column] = math.exp(own) if log else own
        return parameters

    def products(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the search needs of the derivatives by this curve's k unknowns and of the residual.

        Returns
        -------
        gram : ndarray, shape (k + 1, k + 1)
            Products of the columns of [J, r] with each other, weighted, the best offset taken out.
        mean : ndarray, shape (k + 1,)
            Their weighted means; that of r is the best offset [G0].
        """
        if not np.array_equal(self._last_u, u):
            self._last_u, self._last = u, self._measure(u)
        return self._last

    def _measure(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parameters = self.parameters(u)
        value, derivative = self.model.both(self.curve.field_T, *parameters)
        rows = np.empty((len(self._columns) + 1, value.size))
        for row, (column, log) in zip(rows, self._columns, strict=False):
            np.multiply(derivative[:, column], parameters[column] if log else 1.0, out=row)
        np.subtract(self.curve.dsigma, value, out=rows[-1])
        if self._weight is not None:
            rows *= self._weight
        along = rows.dot(self._unit)
        if self.offset:
            rows -= along[:, np.newaxis] * self._unit
        return rows.dot(rows.T), along / math.sqrt(self.total_weight)

    def data_square(self) -> float:
        """Return the weighted sum of squares of the data, the offset out: the scale on which chi^2 is rounded."""
        data = self.curve.dsigma if self._weight is None else self.curve.dsigma * self._weight
        return float(data @ data - (data @ self._unit) ** 2) if self.offset else float(data @ data)


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a search ended: unknowns u, shape (k,), chi^2 and the normal matrix J^T J, shape (k, k), there."""

    u: np.ndarray
    chi2: float
    normal: np.ndarray
    converged: bool

    @cached_property
    def inverse(self) -> np.ndarray:
        """Inverse of the normal matrix: the covariance of the unknowns over the variance of a point, shape (k, k).

        A direction without any curvature gets a huge, finite variance.
        """
        diagonal = self.normal.diagonal()
        scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        scale = scale * scale[:, np.newaxis]
        values, vectors = np.linalg.eigh(self.normal / scale)
        return (vectors / np.maximum(values, 1e-14)) @ vectors.T / scale


class Problem:
    """The sum of squares of several curves as a function of the unknowns u, with bounds on each."""

    def __init__(self, blocks: Sequence[Block], lower: np.ndarray, upper: np.ndarray) -> None:
        self.blocks, self.lower, self.upper = tuple(blocks), lower, upper
        self.points = sum(block.curve.field_T.size for block in self.blocks)
        self.floor = _ROUNDING * float(sum(block.data_square() for block in self.blocks))

    def normal_equations(self, u: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return chi^2, J^T r, shape (k,), and J^T J, shape (k, k)."""
        if len(self.blocks) == 1:
            gram = self.blocks[0].products(u)[0]
            return float(gram[-1, -1]), gram[:-1, -1], gram[:-1, :-1]
        chi2, gradient, normal = 0.0, np.zeros(u.size), np.zeros((u.size, u.size))
        for block in self.blocks:
            gram = block.products(u)[0]
            chi2 += float(gram[-1, -1])
            gradient[block.places] += gram[:-1, -1]
            normal[block.places[:, np.newaxis], block.places] += gram[:-1, :-1]
        return chi2, gradient, normal

    def minimise(self, start: np.ndarray, held: Collection[int] = ()) -> Minimum:
        """Return the minimum reached from `start`, the unknowns `held` kept where they are."""
        u = np.clip(start, self.lower, self.upper)
        chi2, gradient, normal = self.normal_equations(u)
        damping, growth = 1e-4, 2.0
        for _ in range(_MAX_STEPS):
            step, whole = self._step(u, gradient, normal, damping, held)
            expected = 2 * float(gradient @ step) - float(step @ normal @ step)
            if whole and expected <= _CHI2_TOLERANCE * chi2 + self.floor:
                return Minimum(u, chi2, normal, True)
            trial = np.clip(u + step, self.lower, self.upper)
            new = self.normal_equations(trial)
            gain = (chi2 - new[0]) / max(expected, self.floor)
            if gain > 0 or not whole and new[0] <= chi2:
                u, (chi2, gradient, normal) = trial, new
                # K. Madsen, H. B. Nielsen, O. Tingleff, Methods for non-linear least squares (2004)
                damping *= max(0.1, 1 - (2 * gain - 1) ** 3)
                growth = 2.0
            else:
                damping *= growth
                growth *= 2
        return Minimum(u, chi2, normal, False)

    def _step(
        self, u: np.ndarray, gradient: np.ndarray, normal: np.ndarray, damping: float, held: Collection[int]
    ) -> tuple[np.ndarray, bool]:
        """Return the damped Gauss-Newton step, cut at the bounds, and whether it is whole."""
        movable = normal.diagonal() > 0
        if not held and movable.all():
            step = _solve(gradient, normal, damping)
            trial = u + step
            if (trial > self.lower).all() and (trial < self.upper).all() and abs(step).max() < _MAX_STEP:
                return step, True
        return self._cut_step(u, gradient, normal, damping, movable, held)

    def _cut_step(
        self, u: np.ndarray, gradient: np.ndarray, normal: np.ndarray, damping: float, movable: np.ndarray,
        held: Collection[int],
    ) -> tuple[np.ndarray, bool]:  # fmt: skip
        for place in held:
            movable[place] = False
        while True:
            step = np.zeros_like(u)
            if movable.any():
                step[movable] = _solve(gradient[movable], normal[np.ix_(movable, movable)], damping)
            # unknowns at a bound that want to go through it stay, and the others are solved for again
            low, high = self.lower - u, self.upper - u
            blocked = ((low >= 0) & (step < 0)) | ((high <= 0) & (step > 0))
            if not blocked.any():
                break
            movable &= ~blocked
        room = np.clip(np.where(step > 0, high, low), -_MAX_STEP, _MAX_STEP)
        moving = step != 0
        fraction = float((room[moving] / step[moving]).min(initial=1.0))
        return (step, True) if fraction == 1.0 else (fraction * step, False)


def _solve(gradient: np.ndarray, normal: np.ndarray, damping: float) -> np.ndarray:
    """Return the solution of the normal equations, damped more where they are singular."""
    scale = 1 / np.sqrt(normal.diagonal())
    matrix = normal * scale * scale[:, np.newaxis]
    right = gradient * scale
    damping = max(damping, 1e-12)
    failed = True
    while failed:
        matrix.flat[:: scale.size + 1] = 1 + damping
        _, solution, failed = dposv(matrix, right)
        damping *= 10
    return solution * scale
