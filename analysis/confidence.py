"""How far the data determine each parameter: covariance where it can be trusted, the profile where not.

The profile of a parameter is chi^2 minimised over all the others. It rises by 1 at the ends of the 68 % interval and
by 3.84 at those of the 95 % interval. A parameter counts as determined when its profile closes on both sides
at 95 % and the 68 % interval is narrow enough to be called a number; otherwise only its bounds are reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.least_squares import Minimum, Problem
from analysis.model import Parameter

ONE_SIGMA, TWO_SIGMA = 1.0, 3.841458820694124
"""Rise of chi^2 at the ends of the 68.3 % and of the 95 % interval."""

TRUSTED, TRUSTED_ALIGNED, ALIGNED = 0.1, 0.01, 0.95
"""Standard error of an unknown below which its covariance is taken as it is; the lower limit holds where it is
correlated with another by more than 0.95, because such a valley is bent long before it is wide."""

WIDEST = 0.25
"""Half width of the 68 % interval (of the logarithm, or of a plain number) above which it is no number any more."""

_FIRST_STEPS = 60  # of a walk outwards, each up to three times the last
_LONGEST_STEP = 1.5
_REFINEMENTS = 24
_PRECISION = 0.01  # of an interval's end, in standard errors


@dataclass(frozen=True)
class Interval:
    """Range of one unknown: 68 % if `determined`, else 95 % with None on an open side.

    `far` are the 95 % ends of a determined one, where they were looked for.
    """

    lower: float | None
    upper: float | None
    determined: bool
    far: tuple[float, float] | None = None


class LowerMinimum(Exception):  # noqa: N818 - not an error: the fit goes on from there
    """A profile has led below the minimum it started from."""

    def __init__(self, minimum: Minimum) -> None:
        super().__init__("profile below the minimum")
        self.minimum = minimum


def intervals(
    problem: Problem, minimum: Minimum, variance: float, parameters: Sequence[Parameter], one_sided: Mapping[int, str]
) -> tuple[Interval, ...]:
    """Return the range of each unknown, in the unit of the unknown.

    Parameters
    ----------
    variance : float
        What chi^2 is to be divided by: 1 with known errors, the variance of the residuals without.
    parameters : sequence of Parameter, length k
        One for each unknown.
    one_sided : mapping
        Place of each unknown of which the model says that only a bound on one side can be had, and that side.

    Raises
    ------
    LowerMinimum
        A lower minimum was met on the way; start again from it.
    """
    sd = np.sqrt(variance * minimum.inverse.diagonal())
    size = np.array([1.0 if p.log else max(abs(u), TRUSTED) for p, u in zip(parameters, minimum.u, strict=True)])
    at_bound = (minimum.u <= problem.lower) | (minimum.u >= problem.upper)
    doubtful = (sd > np.where(_aligned(minimum.inverse), TRUSTED_ALIGNED, TRUSTED) * size) | at_bound
    doubtful[list(one_sided)] = True
    found: dict[int, Interval] = {}
    for place in np.flatnonzero(doubtful):
        found[int(place)] = _by_profile(problem, minimum, variance, int(place), sd[place], one_sided.get(int(place)))
    # the error of what is determined must hold for every value that an undetermined one may have
    loose = [place for place, interval in found.items() if not interval.determined]
    for place in range(minimum.u.size):
        if place not in found and loose:
            found[place] = _by_profile(problem, minimum, variance, place, sd[place], None)
        elif place not in found:
            found[place] = Interval(minimum.u[place] - sd[place], minimum.u[place] + sd[place], True)
    return tuple(found[place] for place in range(minimum.u.size))


def _aligned(covariance: np.ndarray) -> np.ndarray:
    """Return which unknowns are strongly correlated with another one, shape (k,)."""
    sd = np.sqrt(covariance.diagonal())
    correlation = np.abs(covariance / (sd * sd[:, np.newaxis]))
    correlation.flat[:: sd.size + 1] = 0.0
    return correlation.max(axis=0) > ALIGNED


def _by_profile(
    problem: Problem, minimum: Minimum, variance: float, place: int, sd: float, bound: str | None
) -> Interval:
    down, up = (_Walk(problem, minimum, variance, place, side, sd) for side in (-1, 1))
    if bound is not None:
        lower, upper = bound == "lower", bound == "upper"
        return Interval(down.crossing(TWO_SIGMA) if lower else None, up.crossing(TWO_SIGMA) if upper else None, False)
    outer = down.crossing(TWO_SIGMA), up.crossing(TWO_SIGMA)
    if outer[0] is None or outer[1] is None:
        return Interval(*outer, False)
    inner = down.crossing(ONE_SIGMA), up.crossing(ONE_SIGMA)
    if inner[0] is None or inner[1] is None or inner[1] - inner[0] > 2 * WIDEST:
        return Interval(*outer, False)
    return Interval(*inner, True, (outer[0], outer[1]))


class _Walk:
    """The profile of one unknown on one side of the minimum, as far as it has been walked."""

    def __init__(self, problem: Problem, minimum: Minimum, variance: float, place: int, side: int, sd: float) -> None:
        self._problem, self._minimum, self._variance, self._place = problem, minimum, variance, place
        self._end = (problem.lower if side < 0 else problem.upper)[place]
        self._step = side * min(max(sd, 1e-12), 0.5)
        self._points: list[tuple[float, float]] = [(float(minimum.u[place]), 0.0)]
        self._states = [minimum.u]

    def crossing(self, level: float) -> float | None:
        """Return where chi^2/variance has risen by `level`; None if it does not before the bound."""
        target = math.sqrt(level)
        while self._points[-1][1] < target and len(self._points) < _FIRST_STEPS:
            if self._points[-1][0] == self._end:
                return None
            self._measure(self._next(target))
        for turn in range(_REFINEMENTS):
            below, above = self._bracket(target)
            if above[1] < target:
                return None
            width, distance = abs(above[0] - below[0]), abs(above[0] - self._points[0][0])
            if above[1] - target < _PRECISION or width < _PRECISION * distance:
                break
            # sqrt(chi^2) is nearly straight: interpolate, a little past the target so that both ends move;
            # where it has a kink, at the edge of a flat valley, halving the bracket gets there too
            share = (target + _PRECISION / 2 - below[1]) / (above[1] - below[1])
            self._measure(below[0] + (0.5 if turn % 2 else min(share, 0.9)) * (above[0] - below[0]))
        return self._bracket(target)[1][0]

    def _next(self, target: float) -> float:
        at, rise = self._points[-1]
        start, _ = self._points[0]
        if rise > 0:
            step = (at - start) * (1.05 * target / rise - 1)
            self._step = math.copysign(min(abs(step), 3 * abs(self._step), _LONGEST_STEP), self._step)
        else:
            longer = 3 * abs(self._step) if len(self._points) > 1 else abs(self._step)
            self._step = math.copysign(min(longer, _LONGEST_STEP), self._step)
        new = at + self._step
        return self._end if (new - self._end) * self._step >= 0 else new

    def _bracket(self, target: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the points on both sides of the target, the last two where it was not reached."""
        beyond = [i for i, (_, rise) in enumerate(self._points) if rise >= target]
        outer = beyond[0] if beyond else len(self._points) - 1
        return self._points[max(outer - 1, 0)], self._points[outer]

    def _measure(self, at: float) -> None:
        """Minimise over the other unknowns with this one at `at`, starting from the nearest point known."""
        nearest = min(range(len(self._points)), key=lambda i: abs(self._points[i][0] - at))
        start = self._states[nearest].copy()
        start[self._place] = at
        minimum = self._problem.minimise(start, held=(self._place,))
        rise = (minimum.chi2 - self._minimum.chi2) / self._variance
        if rise < -1e-3:
            raise LowerMinimum(self._problem.minimise(minimum.u))
        self._points.append((at, math.sqrt(max(rise, 0.0))))
        self._states.append(minimum.u)
        # sorted by distance: a refinement lands between points that are there already
        order = sorted(range(len(self._points)), key=lambda i: abs(self._points[i][0] - self._points[0][0]))
        self._points = [self._points[i] for i in order]
        self._states = [self._states[i] for i in order]
