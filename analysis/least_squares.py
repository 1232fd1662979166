"""Levenberg-Marquardt on numbers of order one, for one curve or many.

The unknowns u are the logarithms of lengths and the plain values of parameters of order one; bounded
solvers given siemens and metres stop early and call it success. A constant offset of each curve is linear: it is
projected out exactly and never appears among the unknowns (variable projection, G. H. Golub, V. Pereyra,
SIAM J. Numer. Anal. 10, 413 (1973), doi:10.1137/0710036).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dposv, dpotrf, dpotrs  # pyright: ignore[reportAttributeAccessIssue]

from analysis.curve import Curve
from analysis.model import Model

_MAX_STEPS = 500
_MAX_STEP = 3.0  # of an unknown at a time: a length changes by at most 20
_CHI2_TOLERANCE = 1e-10  # of chi^2: 1e-4 standard errors for 100 points
_PATIENCE = 100  # steps after which the tolerance is widened by ten, and again: a valley without an end has no minimum
_FLAT = 1e-200  # a curvature that is none
_SAME_SLOPES = 0.01  # of an unknown: after a longer step the derivatives are others
_TOLD_APART = 1e-4  # smallest eigenvalue of the scaled normal matrix from which on it may belong to the point before
_ROUNDING = 1e-27  # of the sum of squares of the data: what is left of noiseless data


class Products(NamedTuple):
    """Sums over the points of one curve, of its k derivatives J and its residual r.

    `gram`, shape (k + 1, k + 1), holds the products of the columns of [J, r] with each other, weighted, the best
    offset taken out; `mean`, shape (k + 1,), their weighted means, the last of which is that offset [G0].
    """

    gram: np.ndarray
    mean: np.ndarray

    def after(self, step: np.ndarray) -> Products:
        """Return the products after a step so small, shape (k,), that J does not change: r becomes r - J step."""
        change = np.eye(self.mean.size)
        change[:-1, -1] = -step
        return self._changed(change)

    def scaled(self, column: int, factor: float, step: float) -> Products:
        """Return the products with the curve's prefactor, in `column`, multiplied by `factor`, which adds `step`."""
        change = np.eye(self.mean.size) * factor
        change[column, column] = change[-1, -1] = 1.0
        change[column, -1] = -step
        return self._changed(change)

    def _changed(self, change: np.ndarray) -> Products:
        return Products(change.T @ self.gram @ change, self.mean @ change)


class Block:
    """One curve in a problem: which unknowns it depends on, and its share of the normal equations."""

    def __init__(
        self, model: Model, curve: Curve, held: Mapping[str, float], places: Mapping[str, int], offset: bool
    ) -> None:
        self.model, self.curve, self.offset = model, curve, offset
        self.names = tuple(sorted((name for name in model.names if name not in held), key=lambda name: places[name]))
        self.places = np.array([places[name] for name in self.names], dtype=int)
        self._columns = [(model.names.index(name), model[name].log) for name in self.names]
        self.prefactor = next((i for i, name in enumerate(self.names) if model[name].prefactor), None)
        self._parameters = [held.get(name, 0.0) for name in model.names]
        self._weight = None if curve.error is None else 1 / curve.error
        self.total_weight = float(curve.field_T.size if self._weight is None else self._weight @ self._weight)
        weight = np.ones(curve.field_T.size) if self._weight is None else self._weight
        self._unit = weight / math.sqrt(self.total_weight)

    def parameters(self, u: np.ndarray) -> list[float]:
        """Return the model's parameters, in its order and units, at the unknowns u of the whole problem."""
        parameters = self._parameters.copy()
        for (column, log), own in zip(self._columns, u[self.places].tolist(), strict=True):
            parameters[column] = math.exp(own) if log else own
        return parameters

    def products(self, u: np.ndarray) -> Products:
        """Return what the search needs to know of this curve at the unknowns u."""
        rows, along = self._rows(u)
        return Products(rows.dot(rows.T), along / math.sqrt(self.total_weight))

    def noise(self, u: np.ndarray, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariance that the noise of the points gives to sums of J^T r and the best offset.

        Parameters
        ----------
        u : ndarray
            The unknowns of the whole problem.
        mixed : ndarray, shape (k + 1, m)
            The sums: how much of each component of J^T r is in them, and last, of the offset.

        Returns
        -------
        ndarray, ndarray, shape (m, m)
            Of a curve with error bars, for the noise that it has and for independent points; the same where it does
            not know better.
        """
        rows, _ = self._rows(u)
        rows[-1] = self._unit / math.sqrt(self.total_weight)
        sums = rows.T @ mixed
        independent = sums.T @ sums
        if self.curve.noise is None or self._weight is None:
            return independent, independent
        return self.curve.noise.covariance(sums * self._weight[:, np.newaxis]), independent

    def _rows(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weighted columns of [J, r], shape (k + 1, n), and how much of the offset was in each of them."""
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
        return rows, along

    def data_square(self) -> float:
        """Return the weighted sum of squares of the data, the offset out: the scale on which chi^2 is rounded."""
        data = self.curve.dsigma if self._weight is None else self.curve.dsigma * self._weight
        return float(data @ data - (data @ self._unit) ** 2) if self.offset else float(data @ data)


@dataclass(frozen=True, eq=False)
class Point:
    """A point in a problem.

    Attributes
    ----------
    u : ndarray, shape (k,)
        The unknowns.
    chi2, gradient, normal
        Weighted sum of squared residuals r; J^T r, shape (k,); J^T J, shape (k, k).
    products : tuple of Products
        The same for each curve.
    converged : bool
        It is a minimum.
    """

    u: np.ndarray
    chi2: float
    gradient: np.ndarray
    normal: np.ndarray
    products: tuple[Products, ...]
    converged: bool = False

    @cached_property
    def inverse(self) -> np.ndarray:
        """Inverse of the normal matrix: the covariance of the unknowns over the variance of a point, shape (k, k).

        A direction without any curvature gets a huge, finite variance.
        """
        return _inverse(self.normal)

    @cached_property
    def root(self) -> np.ndarray:
        """A square root of the inverse, shape (k, k): root @ root.T is the inverse, of a direction a column."""
        return _root(self.normal)

    def conditional(self, held: Sequence[int]) -> np.ndarray:
        """Return the inverse with some of the unknowns held where they are, whose rows and columns are 0."""
        if not held:
            return self.inverse
        free = np.setdiff1d(np.arange(self.u.size), held)
        inverse = np.zeros_like(self.normal)
        if free.size:
            inverse[np.ix_(free, free)] = _inverse(self.normal[np.ix_(free, free)])
        return inverse


def _inverse(normal: np.ndarray) -> np.ndarray:
    diagonal = normal.diagonal()
    scale = np.sqrt(np.maximum(diagonal, _FLAT))
    scale = scale * scale[:, np.newaxis]
    factor, failed = dpotrf(normal / scale)
    if not failed and factor.diagonal().min() > 1e-5:
        # not dpotri: on a busy machine its threads wait for each other for milliseconds
        inverse, _ = dpotrs(factor, np.eye(diagonal.size))
        return (inverse + inverse.T) / (2 * scale)
    root = _root(normal)
    return root @ root.T


def _told_apart(normal: np.ndarray) -> bool:
    """Return whether the unknowns are far from coinciding: no pivot is below the smallest eigenvalue."""
    scale = np.sqrt(np.maximum(normal.diagonal(), _FLAT))
    factor, failed = dpotrf(normal / (scale * scale[:, np.newaxis]))
    return not failed and bool(factor.diagonal().min() ** 2 > _TOLD_APART)


def _root(normal: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.maximum(normal.diagonal(), _FLAT))
    values, vectors = np.linalg.eigh(normal / (scale * scale[:, np.newaxis]))
    return vectors / np.sqrt(np.maximum(values, 1e-14)) / scale[:, np.newaxis]


class Problem:
    """The sum of squares of several curves as a function of the unknowns u, with bounds on each."""

    def __init__(self, blocks: Sequence[Block], lower: np.ndarray, upper: np.ndarray) -> None:
        self.blocks, self.lower, self.upper = tuple(blocks), lower, upper
        places = [place for block in self.blocks for place in block.places.tolist()]
        self.common = {place for place in places if places.count(place) > 1}
        self.points = sum(block.curve.field_T.size for block in self.blocks)
        self.floor = _ROUNDING * float(sum(block.data_square() for block in self.blocks))

    def at(self, u: np.ndarray, held: Collection[int] = ()) -> Point:
        """Return the point at the unknowns u, but the prefactor of each curve at its best, unless it is held or shared.

        A prefactor needs no search and no second look at the model: its best value is a linear regression, and
        the derivatives by the other unknowns are proportional to it.
        """
        u, products = u.copy(), []
        for block in self.blocks:
            part = block.products(u)
            if block.prefactor is not None and block.places[block.prefactor] not in self.common.union(held):
                part = self._with_best_prefactor(block, block.prefactor, part, u)
            products.append(part)
        return self._point(u, tuple(products))

    def _with_best_prefactor(self, block: Block, column: int, part: Products, u: np.ndarray) -> Products:
        """Set the block's prefactor in u to its best value and return the products there."""
        place = int(block.places[column])
        old, product = float(u[place]), part.gram[column]
        if old == 0 or product[column] <= 0:
            return part
        best = float(old + product[-1] / product[column])
        u[place] = min(max(best, float(self.lower[place])), float(self.upper[place]))
        return part.scaled(column, float(u[place]) / old, float(u[place]) - old)

    def _point(self, u: np.ndarray, products: tuple[Products, ...], converged: bool = False) -> Point:
        if len(products) == 1:
            gram = products[0].gram
            return Point(u, float(gram[-1, -1]), gram[:-1, -1], gram[:-1, :-1], products, converged)
        chi2, gradient, normal = 0.0, np.zeros(u.size), np.zeros((u.size, u.size))
        for block, (gram, _) in zip(self.blocks, products, strict=True):
            chi2 += float(gram[-1, -1])
            gradient[block.places] += gram[:-1, -1]
            normal[block.places[:, np.newaxis], block.places] += gram[:-1, :-1]
        return Point(u, chi2, gradient, normal, products, converged)

    def minimise(self, start: np.ndarray, held: Collection[int] = (), steps: int = _MAX_STEPS) -> Point:
        """Return the minimum reached from `start` in so many steps, the unknowns `held` kept where they are.

        K. Madsen, H. B. Nielsen, O. Tingleff, Methods for Non-Linear Least Squares Problems (2004), section 3.2.
        """
        here = self.at(np.clip(start, self.lower, self.upper), held)
        damping, growth, previous = 1e-4, 4.0, 0.0
        for turn in range(steps):
            tolerance = _CHI2_TOLERANCE * 10.0 ** (turn // _PATIENCE)
            step, whole = self._step(here, damping, held)
            expected = float(step @ (2 * here.gradient - here.normal @ step))
            # the search gains by a nearly constant factor a step: the next one is judged by the last two
            following = expected * min(1.0, expected / previous) if previous else expected
            if whole and following <= tolerance * here.chi2 + self.floor:
                return self._arrived(here, step)
            trial = self.at(np.minimum(np.maximum(here.u + step, self.lower), self.upper), held)
            gain = (here.chi2 - trial.chi2) / max(expected, self.floor)
            if gain > 0 or not whole and trial.chi2 <= here.chi2:
                here = trial
                damping *= max(0.1, 1 - (2 * gain - 1) ** 3)
                growth, previous = 4.0, expected
            else:
                damping = max(damping, 1e-8) * growth
                growth, previous = 2 * growth, 0.0
        return here

    def _arrived(self, here: Point, step: np.ndarray) -> Point:
        """Return the minimum, the last step away from `here`.

        Where nothing curves, a step that gains nothing may be a long one, and the curvature is not what it was. Where
        unknowns can hardly be told apart, what is left of their curvature changes with the last step, however short.
        """
        if abs(step).max() > _SAME_SLOPES or not _told_apart(here.normal):
            there = self.at(here.u + step, range(step.size))
            return replace(there if there.chi2 <= here.chi2 else here, converged=True)
        moved = (part.after(step[block.places]) for part, block in zip(here.products, self.blocks, strict=True))
        return self._point(here.u + step, tuple(moved), converged=True)

    def _step(self, here: Point, damping: float, held: Collection[int]) -> tuple[np.ndarray, bool]:
        """Return the damped Gauss-Newton step, cut at the bounds, and whether it is whole."""
        if not held and here.normal.diagonal().min() > 0:
            step = _solve(here.gradient, here.normal, damping)
            trial = here.u + step
            if ((trial > self.lower) & (trial < self.upper) & (abs(step) < _MAX_STEP)).all():
                return step, True
        return self._cut_step(here, damping, here.normal.diagonal() > 0, held)

    def _cut_step(
        self, here: Point, damping: float, movable: np.ndarray, held: Collection[int]
    ) -> tuple[np.ndarray, bool]:
        for place in held:
            movable[place] = False
        low, high = self.lower - here.u, self.upper - here.u
        while True:
            step = np.zeros_like(here.u)
            if movable.any():
                step[movable] = _solve(here.gradient[movable], here.normal[np.ix_(movable, movable)], damping)
            # unknowns at a bound that want to go through it stay, and the others are solved for again
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
    failed = True
    damping = max(damping, 1e-12)
    while failed:
        matrix = normal.copy()
        matrix.flat[:: gradient.size + 1] *= 1 + damping
        _, solution, failed = dposv(matrix, gradient)
        damping *= 10
    return solution
