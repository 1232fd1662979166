"""A straight line through points with errors in both variables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """y = intercept + slope x through points with errors in both variables.

    Attributes
    ----------
    slope, slope_error, intercept, intercept_error : float
        In the units of y/x and of y. Errors grow with the scatter where it exceeds the error bars.
    centre : float
        The x [its unit] at which slope and height are uncorrelated.
    chi2_reduced : float
    """

    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    centre: float
    chi2_reduced: float


def line_through(
    x: np.ndarray, y: np.ndarray, x_error: np.ndarray, y_error: np.ndarray, *, covariance: np.ndarray | None = None
) -> Line:
    """Fit a straight line with errors in both variables, correlated or not.

    D. York et al., Am. J. Phys. 72, 367 (2004), doi:10.1119/1.1632486. With x_error -> 0 it is the weighted fit.

    Parameters
    ----------
    x, y, x_error, y_error : ndarray, shape (n,), n >= 3
    covariance : ndarray, shape (n,), optional
        Of x and y of the same point [unit of x times that of y].
    """
    x, y, vx, vy = (np.asarray(v, dtype=float) for v in (x, y, np.square(x_error), np.square(y_error)))
    cov = np.zeros_like(x) if covariance is None else np.asarray(covariance, dtype=float)
    if x.ndim != 1 or len({v.shape for v in (x, y, vx, vy, cov)}) != 1 or len(set(x.tolist())) < 3:
        raise ValueError(
            f"straight line: {x.size} points; it takes three or more with different x, and all of a length"
        )
    if not all(np.isfinite(v).all() for v in (x, y, vx, vy, cov)) or not (vy > 0).all() or (cov**2 > vx * vy).any():
        raise ValueError("straight line: a value is not finite, an error of y is 0, or a covariance exceeds the errors")
    # in units of the spreads, so that convergence means the same for siemens and for metres
    sx, sy = float(np.ptp(x)), float(np.ptp(y)) or float(np.sqrt(vy.max()))
    points = (x - x.mean()) / sx, (y - y.mean()) / sy, vx / sx**2, vy / sy**2, cov / (sx * sy)
    b = _converged(*points)
    weight, u_bar, v_bar, beta = _york(b, *points)
    rest = points[1] - v_bar - b * (points[0] - u_bar)
    chi2_reduced = float(weight @ rest**2) / (len(x) - 2)
    adjusted = u_bar + beta
    centre = float(weight @ adjusted / weight.sum())
    scatter = math.sqrt(max(1.0, chi2_reduced)) * sy
    slope_error = scatter / sx / math.sqrt(float(weight @ (adjusted - centre) ** 2))
    middle, slope = x.mean() + sx * centre, b * sy / sx
    height = y.mean() + sy * (v_bar + b * (centre - u_bar))
    intercept_error = math.hypot(scatter / math.sqrt(weight.sum()), middle * slope_error)
    return Line(slope, slope_error, height - slope * middle, intercept_error, middle, chi2_reduced)


def _converged(u, v, vu, vv, cov) -> float:
    b = float(np.polyfit(u, v, 1, w=1 / np.sqrt(vv))[0])
    for _ in range(500):
        weight, u_bar, v_bar, beta = _york(b, u, v, vu, vv, cov)
        lever = float((weight * beta) @ (u - u_bar))
        new = float((weight * beta) @ (v - v_bar)) / lever if lever else math.inf
        if abs(new - b) <= 1e-12 * max(1.0, abs(b)):
            return new
        b = new
        if not math.isfinite(b):
            break
    raise ValueError("straight line: errors of x as large as its range leave no slope; measure over a wider range")


def _york(b: float, u, v, vu, vv, cov):
    weight = 1 / (vv + b**2 * vu - 2 * b * cov)
    u_bar, v_bar = float(weight @ u / weight.sum()), float(weight @ v / weight.sum())
    du, dv = u - u_bar, v - v_bar
    return weight, u_bar, v_bar, weight * (du * vv + b * dv * vu - (b * du + dv) * cov)
