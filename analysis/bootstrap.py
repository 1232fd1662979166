"""Bootstrap of a fit: how its parameters scatter when the same measurement is drawn again.

Four ways to draw it, B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993):

parametric  the fitted curve plus normal noise of the error bars; the errors must be known and the model right
wild        each residual stays at its field and changes sign at random (R. Y. Liu, Ann. Stat. 16, 1696 (1988),
            doi:10.1214/aos/1176351062): right without knowing the errors, also where they change with the field
pairs       points are drawn with replacement, fields and all; right even where the model is not
block       residuals over errors are drawn in blocks of neighbours (H. R. Kuensch, Ann. Stat. 17, 1217 (1989),
            doi:10.1214/aos/1176347265): keeps the correlation of neighbours

Percentiles need no parabola and no closed formula, but they are not better than the model: a wrong model gives
narrow percentiles around a wrong value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis import refit
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.fit_task import Task, misses
from analysis.least_squares import Point
from analysis.neighbourhood import Neighbourhood, OutOfBox, Solutions
from analysis.noise import correlation_factor

KINDS = ("parametric", "wild", "pairs", "block")
SAMPLES = 1000
ONE_SIGMA_SHARE = 0.6827
"""Share of the samples in an interval of one standard error."""

_FEWEST = 20
_AT_BOUND = 0.025  # share of samples at a bound from which on percentiles mean little
_CHUNK = 1_000_000  # numbers in an array of replicas at a time


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What the samples say.

    Attributes
    ----------
    kind : str
        How they were drawn.
    block : int
        Length of a block in points, 1 for the other kinds.
    names : tuple of str, length k
        Fitted parameters.
    best : ndarray, shape (k,)
        Their values in the fit of the data.
    values : ndarray, shape (samples, k)
        Their values in the samples, in their units.
    correlation : ndarray, shape (k, k)
        Of the samples, logarithms of parameters that are fitted so.
    one_by_one : int
        Samples that were fitted alone, because they lie far from the fit or the model cannot be interpolated.
    at_bound : dict of str to float
        Share of the samples in which a parameter ran into a bound of its range; only those with any.
    """

    kind: str
    block: int
    names: tuple[str, ...]
    best: np.ndarray
    values: np.ndarray
    correlation: np.ndarray
    one_by_one: int
    at_bound: dict[str, float]

    def interval(self, name: str, share: float = ONE_SIGMA_SHARE) -> tuple[float, float]:
        """Return the percentiles between which that share of the samples lies, equal tails cut off.

        Raises
        ------
        ValueError
            The parameter was not fitted, or the share is not between 0 and 1.
        """
        if not 0 < share < 1:
            raise ValueError(f"bootstrap: interval of {share:g} of the samples; the share must lie between 0 and 1")
        low, high = np.quantile(self._of(name), [(1 - share) / 2, (1 + share) / 2])
        return float(low), float(high)

    def error(self, name: str) -> float:
        """Return half the width of the 68 % interval, which a few wild samples do not spoil."""
        low, high = self.interval(name)
        return (high - low) / 2

    def bias(self, name: str) -> float:
        """Return the median of the samples minus the fitted value, in the unit of the parameter."""
        return float(np.median(self._of(name)) - self.best[self.names.index(name)])

    def sentence(self, name: str) -> str:
        """Return the 68 % and 95 % intervals in words."""
        near, far = self.interval(name), self.interval(name, 0.95)
        drawn = f"{self.kind} bootstrap" + (f" in blocks of {self.block}" if self.block > 1 else "")
        text = (
            f"{name} between {near[0]:.4g} and {near[1]:.4g} (68 %), {far[0]:.4g} and {far[1]:.4g} (95 %): "
            f"{drawn}, {len(self.values)} samples"
        )
        worst = max(self.at_bound, key=lambda other: self.at_bound[other], default=name)
        share = self.at_bound.get(worst, 0.0)
        if share <= _AT_BOUND:
            return text
        return f"{text}; {worst} ran into a bound in {100 * share:.0f} % of them: trust the profile, not these"

    def _of(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise ValueError(f"bootstrap: {name!r} was not fitted; {', '.join(self.names)} were")
        return self.values[:, self.names.index(name)]


def bootstrap(
    fitted: FitResult, curve: Curve, seed: int, *, samples: int = SAMPLES, kind: str | None = None,
    block: int | None = None,
) -> Bootstrap:  # fmt: skip
    """Draw the measurement again and again, and fit it each time.

    Parameters
    ----------
    fitted : FitResult
    curve : Curve
        The curve that was fitted.
    seed : int
        Of the random numbers: the same seed gives the same samples.
    samples : int
        1000 give the ends of the 68 % interval to 0.05 standard errors.
    kind : str, optional
        One of `KINDS`. By default "block" where successive residuals are correlated, else "parametric" where the
        curve has error bars that agree with the fit, else "wild".
    block : int, optional
        Length of a block in points; by default from the correlation of the residuals.

    Raises
    ------
    ValueError
        An unknown kind, too few samples, a block that is no use, or a curve that is not the one fitted.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"bootstrap: no kind {kind!r}; there are {', '.join(KINDS)}")
    if samples < _FEWEST:
        raise ValueError(f"bootstrap: {samples} samples asked for; {_FEWEST} are the fewest with any percentile")
    part = _in_order(refit.fitted_part(fitted, curve))
    if block is not None and not 1 <= block <= part.field_T.size // 2:
        raise ValueError(f"bootstrap: block of {block}; with {part.field_T.size} points it must be 1 to half of them")
    task = refit.task(fitted, part)
    minimum = task.problem.minimise(task.starts()[0])
    source = _Source(fitted, task, minimum)
    kind = kind or source.default_kind()
    length = (block or source.block_length()) if kind == "block" else 1
    return _drawn(source, kind, length, samples, np.random.default_rng(seed))


def _in_order(curve: Curve) -> Curve:
    order = np.argsort(curve.field_T, kind="stable")
    error = None if curve.error is None else curve.error[order]
    return Curve(curve.field_T[order], curve.dsigma[order], error, curve.temperature_K)


class _Source:
    """What replicas are drawn from: the fitted curve and its residuals."""

    def __init__(self, fitted: FitResult, task: Task, minimum: Point) -> None:
        self.fitted, self.task, self.minimum, self.variance = fitted, task, minimum, task.variance(minimum)
        self.curve, block = task.curves[0], task.problem.blocks[0]
        parameters = block.parameters(minimum.u)
        value, derivative = task.model.both(self.curve.field_T, *parameters)
        self.offset = float(minimum.products[0].mean[-1]) if block.offset else 0.0
        self.clean = value + self.offset
        self.error = np.ones(value.size) if self.curve.error is None else self.curve.error
        self.residual = (self.curve.dsigma - self.clean) / self.error
        free = [task.model.names.index(name) for name in block.names]
        columns = [derivative[:, free], *([np.ones((value.size, 1))] if block.offset else [])]
        # share of each residual that the fit has taken up
        basis = np.linalg.qr(np.concatenate(columns, axis=1) / self.error[:, np.newaxis])[0]
        self.leverage = np.minimum((basis**2).sum(axis=1), 0.9)

    def default_kind(self) -> str:
        if correlation_factor(self.residual) > 1:
            return "block"
        known = self.curve.error is not None and not misses(self.minimum.chi2, self.task.degrees_of_freedom())
        return "parametric" if known else "wild"

    def block_length(self) -> int:
        """Return the best length for an autoregressive noise of first order.

        (3/2 n)^(1/3) (2 rho/(1 - rho^2))^(2/3), rho from the sum of the autocorrelation rho/(1 - rho).
        E. Carlstein, Ann. Stat. 14, 1171 (1986), doi:10.1214/aos/1176350057.
        """
        total = (correlation_factor(self.residual) ** 2 - 1) / 2
        rho, points = total / (1 + total), self.residual.size
        length = (1.5 * points) ** (1 / 3) * (2 * rho / (1 - rho**2)) ** (2 / 3)
        return max(1, min(math.ceil(length), points // 4))

    def draw(
        self, kind: str, length: int, count: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return data, shape (count, n) [G0], and how often each point was drawn, None for once."""
        points = self.clean.size
        if kind == "pairs":
            drawn = rng.multinomial(points, np.full(points, 1 / points), size=count)
            return np.tile(self.curve.dsigma, (count, 1)), drawn.astype(float)
        if kind == "parametric":
            noise = math.sqrt(self.variance) * rng.standard_normal((count, points))
        elif kind == "wild":
            signs = 2.0 * rng.integers(0, 2, (count, points)) - 1
            noise = signs * (self.residual / np.sqrt(1 - self.leverage))
        else:
            whole = self.residual / np.sqrt(1 - self.leverage)
            starts = rng.integers(0, points, (count, -(-points // length)))
            places = (starts[:, :, np.newaxis] + np.arange(length)).reshape(count, -1)[:, :points] % points
            noise = (whole - whole.mean())[places]
        return self.clean + self.error * noise, None


def _drawn(source: _Source, kind: str, length: int, samples: int, rng: np.random.Generator) -> Bootstrap:
    try:
        # residuals that are larger than the error bars scatter the samples wider
        spread = max(source.variance, source.minimum.chi2 / source.task.degrees_of_freedom())
        near = Neighbourhood(source.task, source.minimum, spread)
    except OutOfBox:
        near = None
    u, alone = np.empty((samples, source.minimum.u.size)), 0
    size = max(1, _CHUNK // source.clean.size)
    for first in range(0, samples, size):
        count = min(size, samples - first)
        data, drawn = source.draw(kind, length, count, rng)
        solutions = _solved(near, source, data, drawn)
        for i in np.flatnonzero(~solutions.found):
            solutions.u[i] = _alone(source, data[i], None if drawn is None else drawn[i])
        alone += int(count - np.count_nonzero(solutions.found))
        u[first : first + count] = solutions.u
    return _answer(source, kind, length, u, alone)


def _solved(near: Neighbourhood | None, source: _Source, data: np.ndarray, drawn: np.ndarray | None) -> Solutions:
    if near is None:
        return Solutions(np.empty((len(data), source.minimum.u.size)), np.zeros(len(data), dtype=bool))
    often = np.ones_like(data) if drawn is None else np.sqrt(drawn)
    return near.minimise(data, often / source.error)


def _alone(source: _Source, data: np.ndarray, drawn: np.ndarray | None) -> np.ndarray:
    """Return the minimum of one replica, searched with the model itself, shape (k,)."""
    kept = np.ones(data.size, dtype=bool) if drawn is None else drawn > 0
    often = 1.0 if drawn is None else np.sqrt(drawn[kept])
    replica = Curve(source.curve.field_T[kept], data[kept], source.error[kept] / often)
    return refit.task(source.fitted, replica).problem.minimise(source.minimum.u).u


def _answer(source: _Source, kind: str, length: int, u: np.ndarray, alone: int) -> Bootstrap:
    task, names = source.task, tuple(source.task.free)
    names = tuple(name.removesuffix("[0]") for name in names)
    log = np.array([parameter.log for parameter in task.parameters])
    best, values = source.minimum.u.copy(), u.copy()
    best[log], values[:, log] = np.exp(best[log]), np.exp(values[:, log])
    at_bound = ((u <= task.problem.lower) | (u >= task.problem.upper)).mean(axis=0)
    spread = u.std(axis=0)
    centred = (u - u.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return Bootstrap(
        kind, length, names, best, values, centred.T @ centred / len(u), alone,
        {name: float(share) for name, share in zip(names, at_bound, strict=True) if share > 0},
    )  # fmt: skip
