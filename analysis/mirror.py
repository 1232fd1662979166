"""Where the field is zero: the centre of mirror symmetry of a sweep.

A magnet that holds trapped flux reads a field that is wrong by some mT, by an amount that depends on which way
it came; B_phi is often smaller than that. What does not lie is Onsager's symmetry: the longitudinal resistance is
even in the true field. Each leg k of a sweep is therefore fitted by

    R_k(B) = E(B - B_k) + c_k + h_k (B - B_k),        E(B) = sum_i w_i F(B, B_i)

with an even curve E common to all legs and a centre B_k, a constant (drift) and a slope (Hall voltage in the
longitudinal contacts, drift) of its own. F is the digamma function of `analysis.special` and the fields B_i are
spread evenly in their logarithm from the step of the sweep to beyond its end: every diffusive magnetoconductance
of a film is such a sum, whatever its spin-orbit coupling, and so is a parabola. No physical parameter is fitted
here; E only carries a reading from one field to one close by, and finds the centre between the points of the sweep.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis.odd_structure import OddStructure
from analysis.special import cooperon

MOST_POINTS = 2000
"""Legs of more rows are averaged, to points that are not farther apart than 2 % of their field."""

_AVERAGED = 0.02
_SCAN = 128  # intervals of the grid on which a centre is looked for, for every zoom
_SCALE_RATIO = 3.0  # between neighbouring B_i
_FARTHEST = 0.3  # largest centre that is looked for, over the largest field
_RIDGE = 1e-10  # of the (scaled) normal matrix: neighbouring F are nearly the same function
_ITERATIONS = 20
_EVIDENCE = 50.0  # by how much E must lower chi^2 before its centre is believed
_FINE_EVIDENCE = 15.0  # by how much two finer functions must lower it to be used
_NO_DISTANCE = 1e-9  # over the largest field: rounding keeps the search from coming any closer
_POOREST = 0.03  # largest believable error of a centre, over the largest field


@dataclass(frozen=True, eq=False)
class Leg:
    """The readings of one leg, in ascending field.

    Attributes
    ----------
    branch : int
        Its number in the sweep.
    upward : bool
        The field was rising.
    field_T, xx_ohm, xy_ohm : ndarray, shape (n,)
        Field as read, sheet resistance, transverse resistance V_xy/I.
    rows : ndarray, shape (n,)
        Rows averaged in each point.
    noise_xx_ohm, noise_xy_ohm : float
        Standard deviation of one row.
    """

    branch: int
    upward: bool
    field_T: np.ndarray
    xx_ohm: np.ndarray
    xy_ohm: np.ndarray
    rows: np.ndarray
    noise_xx_ohm: float
    noise_xy_ohm: float

    @property
    def two_sided(self) -> bool:
        """At least 5 points on either side of the read zero, and a tenth of its reach."""
        negative = np.count_nonzero(self.field_T < 0)
        low, high = -self.field_T[0], self.field_T[-1]
        enough = min(negative, len(self.field_T) - negative) >= 5
        return bool(enough and min(low, high) >= 0.1 * max(low, high))


@dataclass(frozen=True, eq=False)
class EvenCurve:
    """The fitted E, and what each leg adds to it.

    Attributes
    ----------
    scales_T : ndarray, shape (m,)
        The fields B_i.
    weights_xx, weights_xy : ndarray, shape (m,)
        The w_i, of the longitudinal channel and of its pick-up in the transverse one [ohm].
    constant_xx, constant_xy, slope_xx, slope_xy : ndarray, shape (legs,)
        c_k [ohm] and h_k [ohm/T].
    centre_T : ndarray, shape (legs,)
        B_k: what the magnet reads at true zero field.
    covariance : ndarray, shape (legs, legs), or None
        Of the centres [T^2]; None where they were given or could not be found.
    odd : OddStructure or None
        What is odd and no straight line, where there is evidence for it once the noise is known (`widened`).
    """

    scales_T: np.ndarray
    weights_xx: np.ndarray
    weights_xy: np.ndarray
    constant_xx: np.ndarray
    constant_xy: np.ndarray
    slope_xx: np.ndarray
    slope_xy: np.ndarray
    centre_T: np.ndarray
    covariance: np.ndarray | None
    odd: OddStructure | None = None

    def even(self, field_T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return E of both channels at true fields, relative to B = 0, each shape (n,) [ohm]."""
        value = cooperon(field_T, self.scales_T)[0]
        return self.weights_xx @ value, self.weights_xy @ value

    def slope(self, field_T: np.ndarray) -> np.ndarray:
        """Return E' of the longitudinal channel at true fields, shape (n,) [ohm/T]."""
        return -(self.weights_xx @ cooperon(field_T, self.scales_T)[1]) / np.where(field_T == 0, 1.0, field_T)

    def widened(self, factor: float, odd: OddStructure | None) -> EvenCurve:
        """Return the curve with the covariance of its centres for noise that is not white, and for an odd structure.

        `factor` is what the noise does to the variance of a centre. An odd structure moves all legs together.
        """
        if self.covariance is None:
            return self
        moved = 0.0 if odd is None else odd.variance_T2
        return replace(self, covariance=factor * self.covariance + moved, odd=odd)


def averaged(leg: Leg) -> Leg:
    """Return the leg with neighbouring rows averaged where it has more than `MOST_POINTS`.

    The spacing stays below 2 % of the distance from the centre, where any curve that depends on the logarithm of
    the field is straight, and rows around the centre stay as they are.
    """
    if len(leg.field_T) <= MOST_POINTS:
        return leg
    reach = np.abs(leg.field_T - scan(leg))
    finest = 2 * (leg.field_T[-1] - leg.field_T[0]) / len(leg.field_T)
    steps = np.diff(leg.field_T) / np.maximum(_AVERAGED * reach[1:], finest)
    group = np.concatenate([[0], np.cumsum(steps)]).astype(int)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    rows = np.diff(np.append(first, len(group))).astype(float)
    field, xx, xy = (np.add.reduceat(values, first) / rows for values in (leg.field_T, leg.xx_ohm, leg.xy_ohm))
    return replace(leg, field_T=field, xx_ohm=xx, xy_ohm=xy, rows=rows)


def scan(leg: Leg) -> float:
    """Return the centre of symmetry of a leg to about one step of its fields [T].

    On an even grid the self-convolution gives, for every trial centre at once, the energy of the even part less
    that of the odd part, over the fields that have a mirror; a straight line counts for neither. The grid closes
    in on the best centre until it is as fine as the readings.
    """
    low, high = float(leg.field_T[0]), float(leg.field_T[-1])
    farthest = _FARTHEST * max(-low, high)
    while True:
        grid = np.linspace(low, high, _SCAN + 1)
        centre = _best_centre(grid, np.interp(grid, leg.field_T, leg.xx_ohm), farthest)
        around = np.searchsorted(leg.field_T, [centre - 2 * (grid[1] - low), centre + 2 * (grid[1] - low)])
        width = (high - low) / 4
        if around[1] - around[0] < 12 or width < 1e-6 * abs(leg.field_T[-1] - leg.field_T[0]):
            return centre
        low = max(centre - width / 2, float(leg.field_T[0]))
        high = min(centre + width / 2, float(leg.field_T[-1]))


def _best_centre(grid: np.ndarray, values: np.ndarray, farthest: float) -> float:
    n = len(grid)
    y = values - values.mean()
    k = np.arange(n)
    twice = np.arange(n // 20, 2 * n - 1 - n // 20)  # trial centres in half steps, a margin away from the ends
    first, last = np.maximum(0, twice - n + 1), np.minimum(n - 1, twice)
    count = last - first + 1
    total = np.concatenate([[0], np.cumsum(y)])
    moment = np.concatenate([[0], np.cumsum(y * k)])
    sum_y = total[last + 1] - total[first]
    lever = moment[last + 1] - moment[first] - twice / 2 * sum_y
    score = np.convolve(y, y)[twice] - sum_y**2 / count + 12 * lever**2 / (count * (count**2 - 1.0) + 1e-300)
    centres = grid[0] + (grid[1] - grid[0]) * twice / 2
    score[np.abs(centres) > farthest] = -np.inf
    return float(centres[score.argmax()])


def fit_even_curve(legs: list[Leg], centre_T: float | None = None) -> EvenCurve:
    """Fit the common even curve, the centres included unless one is given.

    Parameters
    ----------
    legs : list of Leg
        All two-sided, or all one-sided. With one sign of field an odd part cannot be told from an even one: slopes
        are then zero, and so is the centre that was not given.
    centre_T : float, optional
        The centre of all legs.
    """
    search = _Search(legs)
    if centre_T is not None or not search.two_sided:
        return search.at(np.full(len(legs), centre_T or 0.0), None)
    centres, covariance = search.run()
    if covariance is None:
        return search.at(np.zeros(len(legs)), None)
    return search.at(centres, covariance)


class _Search:
    """The legs, side by side in arrays, with the least squares problem that they pose."""

    def __init__(self, legs: list[Leg]) -> None:
        self.two_sided = all(leg.two_sided for leg in legs)
        self.scanned = np.array([scan(leg) for leg in legs]) if self.two_sided else np.zeros(len(legs))
        self.field = np.concatenate([leg.field_T for leg in legs])
        self.leg = np.repeat(np.arange(len(legs)), [len(leg.field_T) for leg in legs])
        self.member = (self.leg[:, np.newaxis] == np.arange(len(legs))).astype(float)
        self.weight = np.concatenate([np.sqrt(leg.rows) / leg.noise_xx_ohm for leg in legs])
        self.level = np.array([[leg.xx_ohm.mean(), leg.xy_ohm.mean()] for leg in legs])
        readings = [np.concatenate([leg.xx_ohm for leg in legs]), np.concatenate([leg.xy_ohm for leg in legs])]
        self.readings = (np.column_stack(readings) - self.level[self.leg]) * self.weight[:, np.newaxis]
        self.reach = float(np.abs(self.field).max())
        self.scales = self.coarse()

    def coarse(self) -> np.ndarray:
        """Return fields B_i from half a step of the sweep, near its centre, to ten times its end [T]."""
        distance = np.sort(np.abs(self.field - self.scanned[self.leg]))
        self.step = max(float(distance[min(8, len(distance) - 1)]) / 4, 1e-4 * self.reach)
        count = 2 + int(math.log(20 * self.reach / self.step) / math.log(_SCALE_RATIO))
        return np.geomspace(self.step / 2, 10 * self.reach, count)

    def run(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the centres and their covariance, None when the data do not determine them.

        Cusps narrower than a step rest on single readings; they are looked for only where the data ask for them.
        """
        starts = [np.zeros(len(self.scanned)), self.scanned]
        start = min(starts, key=lambda start: self._fit(start).chi2)
        if self._evidence(self._fit(start)) < _EVIDENCE:
            return start, None
        centres, covariance = self._descend(start)
        fine = np.append(self.scales[0] / _SCALE_RATIO ** np.array([2, 1]), self.scales)
        coarse, before = self.scales, self._fit(centres).chi2
        self.scales = fine
        scatter = max(1.0, before / len(self.field))
        if before - self._fit(centres).chi2 > _FINE_EVIDENCE * scatter:
            return self._descend(centres)
        self.scales = coarse
        return centres, covariance

    def _fit(self, centres: np.ndarray) -> _Linear:
        true = self.field - centres[self.leg]
        value, slope = cooperon(true, self.scales)
        columns = [value.T, self.member]
        if self.two_sided:
            columns.append(self.member * true[:, np.newaxis])
        design = np.hstack(columns) * self.weight[:, np.newaxis]
        solution = _solve(design, self.readings)[0]
        residual = self.readings[:, 0] - design @ solution[:, 0]
        return _Linear(true, slope, design, solution, residual, float(residual @ residual))

    def _descend(self, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Improve the centres by Gauss-Newton steps, no longer than has been seen to lead downhill."""
        legs, functions = len(centres), len(self.scales)
        best, longest = self._fit(centres), 2 * self.step
        for _ in range(_ITERATIONS):
            weights, slopes = best.solution[:functions, 0], best.solution[functions + legs :, 0]
            change = slopes[self.leg] - (weights @ best.slope) / np.where(best.true == 0, 1.0, best.true)
            shift = -self.member * (change * self.weight)[:, np.newaxis]
            step, inverse = _solve(np.hstack([best.design, shift]), best.residual)
            covariance = inverse[-legs:, -legs:]
            moved = np.clip(step[-legs:], -longest, longest)
            trial = self._fit(centres + moved)
            downhill = trial.chi2 < best.chi2
            if downhill:
                centres, best, longest = centres + moved, trial, 3 * longest
            else:
                longest = float(np.abs(moved).max()) / 4
            arrived = np.abs(step[-legs:]) <= (0.01 if downhill else 0.1) * np.sqrt(np.diag(covariance))
            if np.all(arrived) or longest < _NO_DISTANCE * self.reach:
                return centres, self._believed(best, covariance)
        return centres, None

    def _evidence(self, best: _Linear) -> float:
        """Return by how much the even curve lowers chi^2 below that of straight lines, in units of the scatter."""
        straight, y = best.design[:, len(self.scales) :], self.readings[:, 0]
        line = y - straight @ _solve(straight, y)[0]
        return (float(line @ line) - best.chi2) / self._scatter(best)

    def _scatter(self, best: _Linear) -> float:
        freedom = len(self.field) - len(best.solution) - self.member.shape[1]
        return max(1.0, best.chi2 / max(1, freedom))

    def _believed(self, best: _Linear, covariance: np.ndarray) -> np.ndarray | None:
        """Return the covariance, scaled to the scatter, or None when the centre is not determined."""
        covariance = covariance * self._scatter(best)
        poorest = math.sqrt(float(np.diag(covariance).max()))
        return covariance if self._evidence(best) > _EVIDENCE and poorest < _POOREST * self.reach else None

    def at(self, centres: np.ndarray, covariance: np.ndarray | None) -> EvenCurve:
        """Return the best curve with these centres."""
        functions, legs = len(self.scales), len(centres)
        weights, constants, slopes = np.split(self._fit(centres).solution, [functions, functions + legs])
        constants = constants + self.level
        slopes = slopes if self.two_sided else np.zeros((legs, 2))
        return EvenCurve(
            self.scales, weights[:, 0], weights[:, 1], constants[:, 0], constants[:, 1],
            slopes[:, 0], slopes[:, 1], centres, covariance,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Linear:
    """The linear fit at given centres: true fields, dF/d ln B_i, weighted design, coefficients, residual in errors."""

    true: np.ndarray
    slope: np.ndarray
    design: np.ndarray
    solution: np.ndarray
    residual: np.ndarray
    chi2: float


def _solve(design: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (barely) regularized least squares solution and the inverse of the normal matrix."""
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale[scale == 0] = 1.0
    scaled = design / scale
    inverse = np.linalg.inv(scaled.T @ scaled + _RIDGE * np.eye(len(scale)))
    solution = inverse @ (scaled.T @ right)
    return (solution.T / scale).T, inverse / np.outer(scale, scale)
