"""A model near the minimum of a fit as Chebyshev polynomials: thousands of refits at once.

A bootstrap asks the same model for curves near one minimum again and again. Within a box around it, of a few standard
errors along the axes of the covariance, the curve is a polynomial in the unknowns to far below the noise; with the
polynomial, all replicas take their Levenberg-Marquardt steps together as matrix products. A prefactor is not
interpolated: the curve is proportional to it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from analysis.fit_task import Task
from analysis.least_squares import Point

RADIUS = 6.0
"""Half width of the box in standard errors: the chance of a normal replica outside is 2e-9."""

_NODES = (5, 7, 9, 13, 17)  # along each axis; more where fewer are not good enough
_MOST_NODES = 800
_ACCURACY = 0.01  # of the curve, in standard errors that it can shift an unknown by
_PROBES = 12
_MAX_STEPS = 40
_CONVERGED = 1e-6  # of chi^2, in units of the variance: 1e-3 standard errors
_EDGE = 1.1  # how far polynomials are asked for outside of the box while a replica searches


@dataclass(frozen=True, eq=False)
class Solutions:
    """Minima of the replicas.

    Attributes
    ----------
    u : ndarray, shape (r, k)
        Unknowns.
    found : ndarray of bool, shape (r,)
        A minimum lies within the box; the others must be fitted one by one.
    """

    u: np.ndarray
    found: np.ndarray


class Neighbourhood:
    """The curve of a one-curve task around its minimum.

    Parameters
    ----------
    task : Task
        Of one curve.
    minimum : Point
    variance : float
        What chi^2 is measured in.

    Raises
    ------
    OutOfBox
        The box leaves the bounds of the unknowns, or no polynomial of tolerable size is good enough in it.
    """

    def __init__(self, task: Task, minimum: Point, variance: float) -> None:
        block = task.problem.blocks[0]
        self._block, self._minimum, self._variance = block, minimum, variance
        self._lower, self._upper = task.problem.lower, task.problem.upper
        self._prefactor = None if block.prefactor is None else int(block.places[block.prefactor])
        count = minimum.u.size
        self._curved = np.array([i for i in range(count) if i != self._prefactor], dtype=int)
        covariance = variance * minimum.inverse[np.ix_(self._curved, self._curved)]
        spread, axes = np.linalg.eigh(covariance)
        self._axes = RADIUS * axes * np.sqrt(np.maximum(spread, 0.0))
        reach = np.abs(self._axes).sum(axis=1)
        here = minimum.u[self._curved]
        if (here - reach < self._lower[self._curved]).any() or (here + reach > self._upper[self._curved]).any():
            raise OutOfBox(f"{RADIUS:g} standard errors reach beyond the bounds of the parameters")
        self._interpolate()

    def _interpolate(self) -> None:
        """Take as many nodes as it needs for the curve to be right to a hundredth of a standard error."""
        dimensions = self._curved.size
        probes = np.random.default_rng(0).uniform(-1, 1, (_PROBES, dimensions))
        exact = np.array([self._shape(t) for t in probes])
        scale = 1.0 if self._prefactor is None else float(self._minimum.u[self._prefactor])
        weight = np.ones(exact.shape[1]) if self._block.curve.error is None else 1 / self._block.curve.error
        for nodes in _NODES:
            if nodes**dimensions > _MOST_NODES:
                break
            self._nodes = nodes
            self._coefficients = self._fitted(nodes, dimensions)
            miss = np.linalg.norm(scale * weight * (self._basis(probes)[0] @ self._coefficients - exact), axis=1)
            if miss.max() <= _ACCURACY * math.sqrt(self._variance):
                return
        raise OutOfBox(f"no polynomial of {_MOST_NODES} terms follows the curve over {2 * RADIUS:g} standard errors")

    def _shape(self, t: np.ndarray) -> np.ndarray:
        """Return the curve at the place t in the box, shape (n,), its free prefactor 1."""
        u = self._minimum.u.copy()
        u[self._curved] += self._axes @ t
        if self._prefactor is not None:
            u[self._prefactor] = 1.0
        return self._block.model.value(self._block.curve.field_T, *self._block.parameters(u))

    def _fitted(self, nodes: int, dimensions: int) -> np.ndarray:
        """Return the coefficients of the products of Chebyshev polynomials, shape (nodes^d, n)."""
        at = chebyshev.chebpts1(nodes)
        values = np.array([self._shape(np.array(t)) for t in itertools.product(at, repeat=dimensions)])
        inverse = np.linalg.inv(chebyshev.chebvander(at, nodes - 1))
        values = values.reshape(*[nodes] * dimensions, -1)
        for axis in range(dimensions):
            values = np.moveaxis(np.tensordot(inverse, values, axes=(1, axis)), 0, axis)
        return values.reshape(nodes**dimensions, -1)

    def _basis(self, t: np.ndarray) -> list[np.ndarray]:
        """Return the products of polynomials at places t, shape (r, d), and their derivatives by each of the d."""
        plain = [chebyshev.chebvander(t[:, i], self._nodes - 1) for i in range(t.shape[1])]
        table = chebyshev.chebder(np.eye(self._nodes))
        slopes = [chebyshev.chebvander(t[:, i], self._nodes - 2) @ table for i in range(t.shape[1])]
        found = [_products(plain, len(t))]
        for axis, slope in enumerate(slopes):
            found.append(_products([*plain[:axis], slope, *plain[axis + 1 :]], len(t)))
        return found

    def minimise(self, data: np.ndarray, weight: np.ndarray) -> Solutions:
        """Fit every replica from the minimum of the data.

        Parameters
        ----------
        data : ndarray, shape (r, n)
            delta sigma of the replicas [G0].
        weight : ndarray, shape (r, n)
            Square root of the weight of each point: 1/error, times the square root of how often it was drawn.
        """
        count = len(data)
        x = np.zeros((count, self._curved.size + (self._prefactor is not None)))
        if self._prefactor is not None:
            x[:, -1] = self._minimum.u[self._prefactor]
        found, active = np.zeros(count, dtype=bool), np.arange(count)
        chi2, gradient, normal = self._normal_equations(x, data, weight)
        damping = np.full(count, 1e-6)
        for _ in range(_MAX_STEPS):
            step = _steps(gradient, normal, damping[active])
            expected = np.einsum("ri,ri->r", step, 2 * gradient - np.einsum("rij,rj->ri", normal, step))
            done = expected <= _CONVERGED * self._variance
            x[active[done]] += step[done]
            found[active[done]] = True
            keep = ~done & (np.abs(x[active][:, : self._curved.size]) <= _EDGE).all(axis=1)
            active, step, chi2, gradient, normal = active[keep], step[keep], chi2[keep], gradient[keep], normal[keep]
            if not active.size:
                break
            trial = x[active] + step
            trial[:, : self._curved.size] = np.clip(trial[:, : self._curved.size], -_EDGE, _EDGE)
            new = self._normal_equations(trial, data[active], weight[active])
            better = new[0] < chi2
            x[active[better]] = trial[better]
            damping[active] *= np.where(better, 0.1, 10.0)
            damping = np.maximum(damping, 1e-9)
            chi2, gradient, normal = (
                np.where(better.reshape(-1, *[1] * (old.ndim - 1)), fresh, old)
                for old, fresh in zip((chi2, gradient, normal), new, strict=True)
            )
        return self._solutions(x, found)

    def _solutions(self, x: np.ndarray, found: np.ndarray) -> Solutions:
        t = x[:, : self._curved.size]
        u = np.empty((len(x), self._minimum.u.size))
        u[:, self._curved] = self._minimum.u[self._curved] + t @ self._axes.T
        if self._prefactor is not None:
            u[:, self._prefactor] = x[:, -1]
        inside = (np.abs(t) <= 1).all(axis=1) & ((u > self._lower) & (u < self._upper)).all(axis=1)
        return Solutions(u, found & inside)

    def _normal_equations(
        self, x: np.ndarray, data: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return chi^2, shape (r,), J^T r, shape (r, k), and J^T J, shape (r, k, k), the best offset taken out."""
        shape, *slopes = (basis @ self._coefficients for basis in self._basis(x[:, : self._curved.size]))
        columns, value = slopes, shape
        if self._prefactor is not None:
            alpha = x[:, -1:]
            columns, value = [*(alpha * slope for slope in slopes), shape], alpha * shape
        rows = np.stack([*columns, data - value], axis=1) * weight[:, np.newaxis]
        if self._block.offset:
            unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
            along = np.einsum("rkn,rn->rk", rows, unit)
            rows -= along[:, :, np.newaxis] * unit[:, np.newaxis]
        gram = rows @ rows.swapaxes(1, 2)
        return gram[:, -1, -1], gram[:, :-1, -1], gram[:, :-1, :-1]


class OutOfBox(Exception):  # noqa: N818 - not an error: the replicas are then fitted one by one
    """The model cannot be interpolated around the minimum."""


def _products(factors: list[np.ndarray], count: int) -> np.ndarray:
    """Return all products of one column of each factor, the last varying fastest, shape (r, m^d)."""
    product = np.ones((count, 1))
    for factor in factors:
        product = (product[:, :, np.newaxis] * factor[:, np.newaxis, :]).reshape(count, -1)
    return product


def _steps(gradient: np.ndarray, normal: np.ndarray, damping: np.ndarray) -> np.ndarray:
    """Return the damped Gauss-Newton step of every replica, shape (r, k)."""
    diagonal = np.einsum("rii->ri", normal)
    scale = np.sqrt(np.maximum(diagonal, 1e-300))
    matrix = normal / (scale[:, :, np.newaxis] * scale[:, np.newaxis, :])
    matrix = matrix + (damping[:, np.newaxis] + 1e-12)[:, :, np.newaxis] * np.eye(matrix.shape[1])
    return np.linalg.solve(matrix, (gradient / scale)[:, :, np.newaxis])[:, :, 0] / scale
