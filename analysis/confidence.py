"""How far the data determine each parameter: covariance where it can be trusted, the profile where not.

The profile of a parameter is chi^2 minimised over all the others. It rises by 1 at the ends of the 68 % interval and
by 3.84 at those of the 95 % interval. A parameter counts as determined when its profile closes on both sides
at 95 % and the 68 % interval is narrow enough to be called a number; otherwise it is loose and only its bounds are
reported. The error of every other parameter then holds for all values that a loose one may have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.least_squares import Point, Problem
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


_TOLERATED = 1e-8  # of chi^2, to which a minimum may be unsharp


class LowerMinimum(Exception):  # noqa: N818 - not an error: the fit goes on from there
    """A profile has led below the minimum it started from."""

    def __init__(self, minimum: Point) -> None:
        super().__init__("profile below the minimum")
        self.minimum = minimum


def intervals(
    problem: Problem, minimum: Point, variance: float | np.ndarray, parameters: Sequence[Parameter],
    one_sided: Mapping[int, str],
) -> tuple[Interval, ...]:  # fmt: skip
    """Return the range of each unknown, in the unit of the unknown.

    Parameters
    ----------
    variance : float or ndarray, shape (k,)
        What chi^2 is to be divided by: 1 with known errors, the variance of the residuals without; for each unknown,
        where points are correlated.
    parameters : sequence of Parameter, length k
        One for each unknown.
    one_sided : mapping
        Place of each unknown of which the model says that only a bound on one side can be had, and that side.

    Raises
    ------
    LowerMinimum
        A lower minimum was met on the way; start again from it.
    """
    variance = np.broadcast_to(variance, minimum.u.shape)
    sd = np.sqrt(variance * minimum.inverse.diagonal())
    found: dict[int, Interval] = {}
    loose: list[Profile] = []
    doubts = _doubts(problem, minimum, variance, parameters, loose)
    doubts[list(one_sided)] = np.inf
    while doubts.max() > 1:
        place = int(doubts.argmax())
        profile = Profile(problem, minimum, float(variance[place]), place)
        found[place] = _by_profile(profile, one_sided.get(place))
        if not found[place].determined:
            loose.append(profile)
        # with the loose ones held, what was drawn along by them may be well determined
        doubts = _doubts(problem, minimum, variance, parameters, loose)
        doubts[[other for other in one_sided if other not in found]] = np.inf
        doubts[list(found)] = 0.0
    for place in range(minimum.u.size):
        if place not in found and any(profile.loses(place) for profile in loose):
            found[place] = _by_profile(Profile(problem, minimum, float(variance[place]), place), None)
        elif place not in found and loose:
            found[place] = _along(loose, place, float(variance[place]))
        elif place not in found:
            found[place] = Interval(minimum.u[place] - sd[place], minimum.u[place] + sd[place], True)
    return tuple(found[place] for place in range(minimum.u.size))


def _doubts(
    problem: Problem, minimum: Point, variance: np.ndarray, parameters: Sequence[Parameter], loose: Sequence[Profile]
) -> np.ndarray:
    """Return the standard errors of the unknowns over those that are trusted, the loose ones held, shape (k,)."""
    covariance = minimum.conditional([profile.place for profile in loose])
    sd = np.sqrt(covariance.diagonal())
    size = [1.0 if p.log else max(abs(u), TRUSTED) for p, u in zip(parameters, minimum.u.tolist(), strict=True)]
    doubts = np.sqrt(variance) * sd / size / TRUSTED
    if doubts.max() > TRUSTED_ALIGNED / TRUSTED:
        product = sd * sd[:, np.newaxis]
        correlation = np.abs(np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0))
        correlation.flat[:: sd.size + 1] = 0.0
        doubts[correlation.max(axis=0) > ALIGNED] *= TRUSTED / TRUSTED_ALIGNED
    doubts[(minimum.u <= problem.lower) | (minimum.u >= problem.upper)] = np.inf
    return doubts


def _by_profile(profile: Profile, bound: str | None) -> Interval:
    """Return the interval of a profiled unknown; `bound` is the side of the only bound that its model allows."""
    outer, inner = profile.ends(TWO_SIGMA), profile.ends(ONE_SIGMA)
    if bound is not None:
        return Interval(outer[0] if bound == "lower" else None, outer[1] if bound == "upper" else None, False)
    return _interval(inner, outer)


def _along(loose: Sequence[Profile], place: int, variance: float) -> Interval:
    """Return the interval of an unknown that holds wherever along the profiles of the loose ones the truth lies."""
    held = [profile.place for profile in loose]
    spans = []
    for level in (ONE_SIGMA, TWO_SIGMA):
        lows, highs = [], []
        for profile in loose:
            for rise, minimum in profile.within(level):
                sd = math.sqrt(variance * minimum.conditional(held)[place, place] * max(level - rise, 0.0))
                lows.append(minimum.u[place] - sd)
                highs.append(minimum.u[place] + sd)
        low, high = float(min(lows)), float(max(highs))
        problem = loose[0].problem
        spans.append((low if low > problem.lower[place] else None, high if high < problem.upper[place] else None))
    return _interval(*spans)


def _interval(inner: tuple[float | None, float | None], outer: tuple[float | None, float | None]) -> Interval:
    """Return the interval with the given 68 % and 95 % ends, if they make a number, else the bounds."""
    if outer[0] is None or outer[1] is None or inner[0] is None or inner[1] is None:
        return Interval(*outer, False)
    if inner[1] - inner[0] > 2 * WIDEST:
        return Interval(*outer, False)
    return Interval(*inner, True, (outer[0], outer[1]))


class Profile:
    """The profile of one unknown, walked from the minimum as far as was asked for."""

    def __init__(self, problem: Problem, minimum: Point, variance: float, place: int) -> None:
        self.problem, self.variance, self.place = problem, variance, place
        self._walks = [_Walk(problem, minimum, variance, place, side) for side in (-1, 1)]

    def ends(self, level: float) -> tuple[float | None, float | None]:
        """Return where chi^2/variance has risen by `level` on either side; None if it does not before the bound."""
        return self._walks[0].crossing(level), self._walks[1].crossing(level)

    def loses(self, place: int) -> bool:
        """Tell whether another unknown runs to a bound along the profile: there its covariance means nothing."""
        low, high = self.problem.lower[place], self.problem.upper[place]
        return any(not low < state.u[place] < high for _, state in self.within(TWO_SIGMA))

    def within(self, level: float) -> list[tuple[float, Point]]:
        """Return the rise and the refitted minimum at each point walked where the rise is at most `level`."""
        points = [(rise**2, state) for walk in self._walks for _, rise, state in walk.points]
        return [(rise, state) for rise, state in points if rise <= level + 3 * _PRECISION]


class _Walk:
    """One side of a profile: points (unknown, square root of the rise, refitted minimum), outwards in order."""

    def __init__(self, problem: Problem, minimum: Point, variance: float, place: int, side: int) -> None:
        self._problem, self._minimum, self._variance, self._place = problem, minimum, variance, place
        self._end = (problem.lower if side < 0 else problem.upper)[place]
        sd = math.sqrt(variance * minimum.inverse[place, place])
        self._step = side * min(max(sd, 1e-12), 0.5)
        self.points: list[tuple[float, float, Point]] = [(float(minimum.u[place]), 0.0, minimum)]

    def crossing(self, level: float) -> float | None:
        """Return where the rise is `level`; None if it does not come to that before the bound."""
        target = math.sqrt(level)
        while self.points[-1][1] < target and len(self.points) < _FIRST_STEPS:
            if self.points[-1][0] == self._end:
                return None
            self._measure(self._next(target))
        for turn in range(_REFINEMENTS):
            below, above = self._bracket(target)
            if above[1] < target:
                return None
            width, distance = abs(above[0] - below[0]), abs(above[0] - self.points[0][0])
            if above[1] - target < _PRECISION or width < _PRECISION * min(distance, 1.0):
                break
            # sqrt(chi^2) is nearly straight: interpolate, a little past the target so that both ends move;
            # where it has a kink, at the edge of a flat valley, halving the bracket gets there too
            share = (target + _PRECISION / 2 - below[1]) / (above[1] - below[1])
            self._measure(below[0] + (0.5 if turn % 2 else min(share, 0.9)) * (above[0] - below[0]))
        return self._bracket(target)[1][0]

    def _next(self, target: float) -> float:
        """Return where to look next on the way out: where a straight line would reach the target."""
        at, rise, _ = self.points[-1]
        step = abs(self._step) if len(self.points) == 1 else 3 * abs(self._step)
        if rise > 0:
            step = min(step, abs(at - self.points[0][0]) * (1.05 * target / rise - 1))
        self._step = math.copysign(min(step, _LONGEST_STEP), self._step)
        new = at + self._step
        return self._end if (new - self._end) * self._step >= 0 else new

    def _bracket(self, target: float) -> tuple[tuple[float, float, Point], tuple[float, float, Point]]:
        """Return the points on both sides of the target, the last two where it was not reached."""
        beyond = [i for i, (_, rise, _) in enumerate(self.points) if rise >= target]
        outer = beyond[0] if beyond else len(self.points) - 1
        return self.points[max(outer - 1, 0)], self.points[outer]

    def _measure(self, at: float) -> None:
        """Minimise over the other unknowns with this one at `at`, starting from the nearest point known."""
        start = min(self.points, key=lambda point: abs(point[0] - at))[2].u.copy()
        start[self._place] = at
        minimum = self._problem.minimise(start, held=(self._place,))
        rise = (minimum.chi2 - self._minimum.chi2) / self._variance
        # with error bars of nearly nothing, or no noise, chi^2 is known no better than to its tolerance or to rounding
        unsharp = max(_TOLERATED * self._minimum.chi2, self._problem.floor) / self._variance
        if rise < -max(1e-3, unsharp):
            raise LowerMinimum(self._problem.minimise(minimum.u))
        self.points.append((at, math.sqrt(max(rise, 0.0)), minimum))
        # a refinement lands between points that are there already
        self.points = sorted(self.points, key=lambda point: abs(point[0] - self.points[0][0]))
