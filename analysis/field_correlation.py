"""How reproducible structure in B is correlated, and how it is found from residuals.

Two shapes are tried, K = 2^-(dB/B_c)^2 and K = 1/[1 + (dB/B_c)^2]: one forgets fast, the other keeps a tail. B_c is
where both are one half. To a curve that is even in B belongs K(B - B') + K(B + B'). Size, B_c and shape are those of
the largest restricted likelihood (H. D. Patterson, R. Thompson, Biometrika 58, 545 (1971),
doi:10.1093/biomet/58.3.545), which knows what the fit itself has taken out of the residuals.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.correlated import cholesky, whiten

SHAPES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "gaussian": lambda square: np.exp(-math.log(2) * square),
    "lorentzian": lambda square: 1 / (1 + square),
}
"""K as a function of (dB/B_c)^2."""

_MOST_POINTS = 420  # in the matrices from which size and B_c are found
_WEAKEST, _STRONGEST = 1e-2, 1e2  # rms of the structure in error bars
_TOLERANCE = 0.05  # of ln rms, ln B_c and the likelihood, none of which the data tell better
_AROUND = np.linspace(-2, 2, 5)  # standard errors of ln rms and ln B_c that are looked at around the best


@dataclass(frozen=True)
class FieldCorrelation:
    """Structure of one shape, rms [G0] and B_c [T]; `noise` is what the whole covariance is to be multiplied by.

    `rms_G0` counts with the error bars as the curve has them: the structure itself is sqrt(noise) times as large.
    """

    shape: str
    rms_G0: float
    correlation_field_T: float
    noise: float = 1.0

    def covariance(self, field_T: np.ndarray, error: np.ndarray, even: bool) -> np.ndarray:
        """Return noise (diag(error^2) + rms^2 K), shape (n, n) [G0^2], at fields of shape (n,), |B| if `even`."""
        shape, square = SHAPES[self.shape], self.correlation_field_T**2
        kernel = shape((field_T[:, np.newaxis] - field_T) ** 2 / square)
        if even:
            kernel += shape((field_T[:, np.newaxis] + field_T) ** 2 / square)
        kernel *= self.noise * self.rms_G0**2
        kernel.flat[:: field_T.size + 1] += self.noise * error**2
        return kernel


@dataclass(frozen=True, eq=False)
class _Look:
    """One correlation tried: -2 ln likelihood, noise, and the parameters of the linearized fit with their variance."""

    minus_twice_ln: float
    noise: float
    shift: np.ndarray
    variance: np.ndarray


class Likelihood:
    """Restricted likelihood of the correlation, the scale of the noise at its best.

    Long curves are averaged over neighbours first: structure is wider than that.

    Parameters
    ----------
    field_T, error, residual : ndarray, shape (n,)
        |B| if `even`; error bars, and what an earlier fit leaves over [G0].
    derivative : ndarray, shape (n, k)
        Of the fitted curve by each unknown, the offset among them, which the structure may have moved.
    even : bool
        The structure is the same at B and -B.
    """

    def __init__(
        self, field_T: np.ndarray, error: np.ndarray, residual: np.ndarray, derivative: np.ndarray, even: bool
    ) -> None:
        self._even, self._range_T = even, float(np.ptp(field_T))
        self._step_T = float(np.median(np.diff(np.unique(field_T))))
        columns = np.column_stack([derivative, residual])
        order = np.argsort(field_T, kind="stable")
        starts = np.arange(0, field_T.size, -(-field_T.size // _MOST_POINTS))
        count = np.diff(np.append(starts, field_T.size))
        self._field_T = np.add.reduceat(field_T[order], starts) / count
        self._error = np.sqrt(np.add.reduceat(error[order] ** 2, starts)) / count
        self._columns = np.add.reduceat(columns[order], starts) / count[:, np.newaxis]
        self.freedom = self._error.size - derivative.shape[1]

    def best(self, rms_G0: float, field_T: float) -> FieldCorrelation:
        """Return the most likely correlation of any shape, looked for from the given size and field."""
        found = [self.best_of(FieldCorrelation(shape, rms_G0, field_T)) for shape in SHAPES]
        return min(found, key=self.minus_twice_ln)

    def best_of(self, start: FieldCorrelation) -> FieldCorrelation:
        """Return the most likely correlation of this shape."""
        from scipy.optimize import minimize  # slow to import, and needed here only

        noise = float(np.median(self._error))
        lower = np.log([_WEAKEST * noise, self._step_T / 2])
        upper = np.log([_STRONGEST * noise, self._range_T / 2])
        margin = 0.05 * (upper - lower)
        place = np.clip(np.log([start.rms_G0, start.correlation_field_T]), lower + margin, upper - margin)
        place = minimize(
            lambda at: self.minus_twice_ln(_at(start.shape, at)), place, method="Nelder-Mead",
            bounds=list(zip(lower, upper, strict=True)),
            options={"xatol": _TOLERANCE, "fatol": _TOLERANCE, "maxfev": 120},
        ).x  # fmt: skip
        found = _at(start.shape, place)
        return _at(start.shape, place, self._look(found).noise)

    def minus_twice_ln(self, tried: FieldCorrelation) -> float:
        """Return -2 ln of the likelihood, up to a constant of the points and of what was fitted."""
        return self._look(tried).minus_twice_ln

    def widening(self, best: FieldCorrelation) -> float:
        """Return by how much size and B_c, being uncertain themselves, widen the variance of the parameters.

        Mean of the variance plus variance of the mean over correlations around the best one, by their likelihood; the
        largest of the parameters'. Each feature tells the size once: m of them give ln rms and ln B_c to 1/sqrt(2 m).
        """
        step = math.sqrt(best.correlation_field_T / self._range_T)
        middle = np.log([best.rms_G0, best.correlation_field_T])
        looks = [
            self._look(_at(best.shape, middle + step * np.array(shift)))
            for shift in itertools.product(_AROUND, repeat=2)
        ]
        level = np.array([look.minus_twice_ln for look in looks])
        weight = np.exp(-(level - level.min()) / 2)
        weight /= weight.sum()
        shift, variance = np.array([look.shift for look in looks]), np.array([look.variance for look in looks])
        mean = weight @ shift
        whole = weight @ (variance + (shift - mean) ** 2)
        return max(1.0, float((whole / self._look(best).variance).max()))

    def _look(self, tried: FieldCorrelation) -> _Look:
        plain = FieldCorrelation(tried.shape, tried.rms_G0, tried.correlation_field_T)
        root = cholesky(plain.covariance(self._field_T, self._error, self._even))
        triangle = np.linalg.qr(whiten(root, self._columns))[1]
        inverse = np.linalg.inv(triangle[:-1, :-1])
        noise = float(triangle[-1, -1]) ** 2 / self.freedom
        logarithms = np.log(root.diagonal()).sum() + np.log(np.abs(triangle.diagonal()[:-1])).sum()
        level = self.freedom * math.log(noise) + 2 * logarithms
        return _Look(float(level), noise, inverse @ triangle[:-1, -1], noise * (inverse**2).sum(axis=1))


def _at(shape: str, place: np.ndarray, noise: float = 1.0) -> FieldCorrelation:
    return FieldCorrelation(shape, math.exp(float(place[0])), math.exp(float(place[1])), noise)
