"""Least squares with the errors of `confidence` for data that are no magnetoconductance curve.

Two-band resistivities and quantum oscillations have their own coordinates and no offset; the search, the profiles and
the rule for what counts as determined are those of every other fit.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.confidence import ONE_SIGMA, TWO_SIGMA, WIDEST, Interval, LowerMinimum, intervals
from analysis.curve import Curve
from analysis.estimate import Estimate
from analysis.least_squares import Block, Point, Problem, Products
from analysis.model import Parameter, Remark

Both = Callable[..., tuple[np.ndarray, np.ndarray]]
"""both(*parameters) -> value, shape (n,), and its derivatives, shape (n, k)."""

_RESTARTS = 8  # from lower minima that profiles came upon


class Observations(Block):
    """Numbers of order one, a function of all the unknowns that predicts them, and what is projected out.

    Parameters
    ----------
    both : callable
    data : ndarray, shape (n,)
    error : ndarray, shape (n,), or None
    parameters : sequence of Parameter, length k
    nuisance : ndarray, shape (n, m), optional
        Columns (a smooth background) whose amplitudes are fitted but of no interest.
    """

    def __init__(
        self, both: Both, data: np.ndarray, error: np.ndarray | None, parameters: Sequence[Parameter],
        nuisance: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        self.places, self.prefactor = np.arange(len(parameters)), None
        self.curve = Curve(np.arange(data.size, dtype=float), data, error)
        self._both, self._log = both, np.array([p.log for p in parameters])
        self._weight = np.ones(data.size) if error is None else 1 / error
        columns = np.empty((data.size, 0)) if nuisance is None else nuisance
        self.basis = np.linalg.qr(columns * self._weight[:, np.newaxis])[0]

    def natural(self, u: np.ndarray) -> np.ndarray:
        """Return the parameters in their own units, shape (k,)."""
        return np.where(self._log, np.exp(np.where(self._log, u, 0.0)), u)

    def products(self, u: np.ndarray) -> Products:
        """Return what the search needs at the unknowns u."""
        parameters = self.natural(u)
        value, derivative = self._both(*parameters.tolist())
        rows = np.vstack([(derivative * np.where(self._log, parameters, 1.0)).T, self.curve.dsigma - value])
        rows = self._projected(rows * self._weight)
        return Products(rows @ rows.T, np.zeros(len(rows)))

    def predicted(self, parameters: Sequence[float]) -> np.ndarray:
        """Return what the function predicts, the nuisance apart, shape (n,)."""
        return self._both(*parameters)[0]

    def with_data(self, data: np.ndarray) -> Observations:
        """Return the same with other data."""
        other = copy.copy(self)
        other.curve = Curve(self.curve.field_T, data, self.curve.error)
        return other

    def data_square(self) -> float:
        """Return the weighted sum of squares of the data, the nuisance out."""
        data = self._projected(self.curve.dsigma * self._weight)
        return float(data @ data)

    def nuisance(self, u: np.ndarray) -> np.ndarray:
        """Return the fitted nuisance at the unknowns u, shape (n,)."""
        rest = (self.curve.dsigma - self._both(*self.natural(u).tolist())[0]) * self._weight
        return self.basis @ (self.basis.T @ rest) / self._weight

    def _projected(self, rows: np.ndarray) -> np.ndarray:
        return rows - (rows @ self.basis) @ self.basis.T


@dataclass(frozen=True, eq=False)
class Solution:
    """The minimum and what it says of each parameter.

    Attributes
    ----------
    estimates : tuple of Estimate
    values : dict
        The best point, undetermined parameters included: for drawing, not for quoting.
    covariance : ndarray, shape (k, k)
        Of the parameters; of the logarithm of those that are fitted so.
    chi2, chi2_reduced, variance : float
        `variance` is what chi2 is measured in: 1 with known errors, else that of the residuals.
    points : int
    nuisance : ndarray, shape (n,)
    """

    estimates: tuple[Estimate, ...]
    values: dict[str, float]
    covariance: np.ndarray
    chi2: float
    chi2_reduced: float
    variance: float
    points: int
    nuisance: np.ndarray

    @property
    def misfit(self) -> tuple[Remark, ...]:
        """A remark where the data lie further off than their errors allow: then no estimate means anything."""
        off = math.sqrt(2 / max(self.points - len(self.values), 1))
        if self.variance != 1.0 or self.chi2_reduced < max(1 + 5 * off, 1.5):
            return ()
        return (Remark("misfit", f"The fit misses the data: chi2 per point is {self.chi2_reduced:.3g}; do not use its "
                       "numbers."),)  # fmt: skip

    def __getitem__(self, name: str) -> Estimate:
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(f"no parameter {name!r}; there are {', '.join(self.values)}")


class Search:
    """The minima reached from several starts, each in the parameters' own units; no errors yet.

    Raises
    ------
    ValueError
        Fewer data than unknowns.
    """

    def __init__(
        self, observations: Observations, parameters: Sequence[Parameter], starts: Sequence[Sequence[float]]
    ) -> None:
        self.observations, self.parameters = observations, tuple(parameters)
        points, unknowns = observations.curve.field_T.size, len(parameters) + observations.basis.shape[1]
        if points <= unknowns:
            raise ValueError(f"fit: {points} numbers for {unknowns} unknowns; take more points")
        self.points, self.freedom = points, points - unknowns
        log = [p.log for p in parameters]
        low, high = (_unknown([getattr(p, side) for p in parameters], log) for side in ("lower", "upper"))
        self.problem = Problem([observations], low, high)
        self.minima = [self.problem.minimise(_unknown(start, log)) for start in starts]
        self.best = min(self.minima, key=lambda minimum: minimum.chi2)

    def variance(self, minimum: Point) -> float:
        """Return what chi2 is measured in."""
        if self.observations.curve.error is not None:
            return 1.0
        return max(minimum.chi2, self.problem.floor) / self.freedom

    def values(self, minimum: Point) -> dict[str, float]:
        """Return the parameters at a minimum by name, in their own units."""
        natural = self.observations.natural(minimum.u).tolist()
        return {p.name: v for p, v in zip(self.parameters, natural, strict=True)}

    def solution(self) -> Solution:
        """Return the best minimum with what it says of each parameter."""
        best, ranges = self._settled()
        variance = self.variance(best)
        values = self.values(best)
        estimates = tuple(_estimate(p, values[p.name], r) for p, r in zip(self.parameters, ranges, strict=True))
        return Solution(
            estimates, values, variance * best.inverse, best.chi2, best.chi2 / self.freedom, variance, self.points,
            self.observations.nuisance(best.u),
        )  # fmt: skip

    def _settled(self) -> tuple[Point, list[Interval]]:
        best = self.best
        for _ in range(_RESTARTS):
            try:
                ranges = intervals(self.problem, best, self.variance(best), self.parameters, {})
            except LowerMinimum as lower:
                best = lower.minimum
                continue
            near, far = (
                np.array([m.u for m in self.minima if m.chi2 <= best.chi2 + rise * self.variance(best)] + [best.u])
                for rise in (ONE_SIGMA, TWO_SIGMA)
            )
            return best, [_embracing(r, near[:, i], far[:, i]) for i, r in enumerate(ranges)]
        return best, [Interval(None, None, False)] * len(self.parameters)  # no end of lower minima: nothing is known


def _unknown(values: Sequence[float], log: Sequence[bool]) -> np.ndarray:
    return np.array([math.log(v) if logarithmic else v for v, logarithmic in zip(values, log, strict=True)])


def _embracing(interval: Interval, near: np.ndarray, far: np.ndarray) -> Interval:
    """Return the interval stretched over the values that minima as good as the best have."""
    low, high = interval.lower, interval.upper
    if interval.determined and low is not None and high is not None:
        low, high = min(low, float(near.min())), max(high, float(near.max()))
        if high - low <= 2 * WIDEST:
            return Interval(low, high, True)
    low, high = interval.far or (interval.lower, interval.upper)
    low = None if low is None else min(float(low), float(far.min()))
    return Interval(low, None if high is None else max(float(high), float(far.max())), False)


def _estimate(parameter: Parameter, value: float, interval: Interval) -> Estimate:
    ends = [None if u is None else math.exp(u) if parameter.log else u for u in (interval.lower, interval.upper)]
    low, high = ends
    if not interval.determined or low is None or high is None:
        return Estimate(parameter.name, parameter.unit, None, None, low, high, False)
    return Estimate(parameter.name, parameter.unit, value, max(value - low, high - value), low, high, True)
