"""A fit laid out: which unknowns there are, where to start, and how the minimum becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.confidence import TWO_SIGMA, Interval
from analysis.curve import Curve
from analysis.derived import derived_estimates
from analysis.estimate import Estimate, FitResult, JointFit
from analysis.least_squares import Block, Point, Problem
from analysis.model import Model, Parameter, Remark
from analysis.sample import Sample

_JOINT_STARTS = 3

_HIGHEST_T, _LOWEST_T = 100.0, 1e-4
"""No magnet holds more, and the field of the earth is not shielded for less."""

_LARGEST_G0, _SMALLEST_G0 = 100.0, 1e-3
"""Localization is some ln(tau_phi/tau) of G0: beyond these, the unit is wrong or something else is seen."""

_TOO_GOOD = 0.01  # of chi^2 per degree of freedom: error bars ten times too large
_ALIKE, _FEW = 0.8, 20  # correlation of neighbouring residuals that is no white noise, of at least so many
_ROUNDED = 1e-20  # of the sum of squares of the data: what is left of it has no meaning


class Task:
    """Curves, a model, and a list of unknowns: the shared ones first, then those of each curve."""

    def __init__(
        self, model: Model, curves: Sequence[Curve], shared: Sequence[str] | None, fixed: Mapping[str, float],
        per_curve_fixed: Sequence[Mapping[str, float]] | None, start: Mapping[str, float],
        window_T: float | None, offset: bool, sample: Sample,
    ) -> None:  # fmt: skip
        self.model, self.sample, self.offset = model, sample, offset
        self.curves = [curve if window_T is None else curve.within(window_T) for curve in curves]
        self._weighted = _all_or_none(self.curves)
        known = _known(model, sample, start)
        own = per_curve_fixed or [{}] * len(self.curves)
        if len(own) != len(self.curves):
            raise ValueError(f"fit {model.name}: per_curve_fixed has {len(own)} entries for {len(self.curves)} curves")
        self.held = [
            _checked(model, {**known, **_measured(model, curve, start), **fixed, **mapping})
            for curve, mapping in zip(self.curves, own, strict=True)
        ]
        self.start = _checked(model, start)
        names = [parameter.name for parameter in model.parameters if parameter.shared] if shared is None else shared
        self.shared = tuple(model[name].name for name in names)
        self._lay_out()
        for held, curve in zip(self.held, self.curves, strict=True):
            _check_curve(curve, model, len(model.names) - len(held) + offset)
        blocks = [
            Block(model, curve, held, places, offset)
            for curve, held, places in zip(self.curves, self.held, self.places, strict=True)
        ]
        lower = np.array([_unknown(parameter, parameter.lower) for parameter in self.parameters])
        upper = np.array([_unknown(parameter, parameter.upper) for parameter in self.parameters])
        self.problem = Problem(blocks, lower, upper)

    def _lay_out(self) -> None:
        """Give each unknown its place; `places` holds them by name for each curve."""
        common = [name for name in self.shared if not all(name in held for held in self.held)]
        for name in common:
            if any(name in held for held in self.held):
                raise ValueError(f"fit {self.model.name}: {name} is shared, but held for some of the curves only")
        self.free = list(common)
        self.parameters = [self.model[name] for name in common]
        self.places: list[dict[str, int]] = []
        for number, held in enumerate(self.held):
            places = {name: i for i, name in enumerate(common)}
            for name in self.model.names:
                if name not in held and name not in common:
                    places[name] = len(self.free)
                    self.free.append(f"{name}[{number}]")
                    self.parameters.append(self.model[name])
            self.places.append(places)
        if not self.free:
            raise ValueError(f"fit {self.model.name}: every parameter is held, nothing is left to fit")

    def starts(self) -> list[np.ndarray]:
        """Return starting points, each of shape (k,), in unknowns."""
        guesses = [self._guess(i, {}) for i in range(len(self.curves))]
        common = [name for name in self.shared if name in self.places[0]]
        if len(self.curves) == 1:
            return [self._vector([guess]) for guess in guesses[0]]
        if not common:
            return [self._vector([guess[0] for guess in guesses])]
        # the curves' own ideas of the shared parameters: the lowest, the middle and the highest are tried
        ideas = sorted({tuple(guess[0][name] for name in common) for guess in guesses})
        tried = {ideas[i * (len(ideas) - 1) // (_JOINT_STARTS - 1)] for i in range(_JOINT_STARTS)}
        vectors = []
        for idea in sorted(tried):
            values = dict(zip(common, idea, strict=True))
            locals_ = [self._guess(i, values)[0] for i in range(len(self.curves))]
            vectors.append(self._vector([{**guess, **values} for guess in locals_]))
        return vectors

    def _guess(self, number: int, shared: Mapping[str, float]) -> Sequence[Mapping[str, float]]:
        if all(name in self.start for name in self.places[number]):
            return [self.start]
        guesses = self.model.guess(self.curves[number], {**self.held[number], **shared})
        return [{**guess, **self.start} for guess in guesses]

    def _vector(self, guesses: Sequence[Mapping[str, float]]) -> np.ndarray:
        u = np.empty(len(self.free))
        for guess, places in zip(guesses, self.places, strict=True):
            for name, place in places.items():
                u[place] = _unknown(self.model[name], guess[name])
        return u

    def twin(self, minimum: Point) -> list[np.ndarray]:
        """Return where a second minimum may lie, according to the model; empty if nowhere."""
        other = self.model.twin(self.values(0, minimum))
        if not other:
            return []
        u = minimum.u.copy()
        for name, place in self.places[0].items():
            u[place] = _unknown(self.model[name], other[name])
        return [u]

    def values(self, number: int, minimum: Point) -> dict[str, float]:
        """Return all parameters of one curve at the minimum, by name, in the model's order."""
        block = self.problem.blocks[number]
        return dict(zip(self.model.names, block.parameters(minimum.u), strict=True))

    def degrees_of_freedom(self) -> int:
        """Return points minus unknowns, the offsets included."""
        return self.problem.points - len(self.free) - self.offset * len(self.curves)

    def variance(self, minimum: Point) -> float:
        """Return what chi^2 is measured in: 1 with known errors, else the variance of the residuals [G0^2]."""
        if self._weighted:
            return 1.0
        return max(minimum.chi2, self.problem.floor) / self.degrees_of_freedom()

    def covariance(self, minimum: Point) -> np.ndarray:
        """Return the covariance of the unknowns, shape (k, k), for the noise that the points have."""
        if not self._correlated:
            return self.variance(minimum) * minimum.inverse
        noise, independent = self._spread(minimum)
        # of what no point tells the unit matrix has all, and never less than nothing
        shares, directions = np.linalg.eigh(np.eye(minimum.u.size) - independent)
        untold = (directions * np.maximum(shares, 0.0)) @ directions.T
        return minimum.root @ (noise + untold) @ minimum.root.T

    def rises(self, minimum: Point) -> np.ndarray:
        """Return by how much chi^2 rises at one standard error of each unknown, shape (k,).

        The variance of the residuals with independent points, 1 with known errors. Where points are correlated the rise
        differs from unknown to unknown, and so do the levels at which profiles are read (R. E. Chandler, S. Bate,
        Biometrika 94, 167 (2007), doi:10.1093/biomet/asm015).
        """
        if not self._correlated:
            return np.full(minimum.u.size, self.variance(minimum))
        noise, independent = ((minimum.root @ part @ minimum.root.T).diagonal() for part in self._spread(minimum))
        return np.divide(noise, independent, out=np.ones(minimum.u.size), where=independent > 0)

    @property
    def _correlated(self) -> bool:
        return any(curve.noise is not None for curve in self.curves)

    def _spread(self, minimum: Point) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariance that the points give, correlated as they are and were they not, each shape (k, k).

        It is that of coordinates in which independent points give the unit matrix, less what no point tells: where the
        unknowns can hardly be told apart, the difference of the two would be lost in the rounding of a large inverse.
        """
        nothing, whole = np.zeros((1, minimum.u.size)), np.zeros((2, *minimum.normal.shape))
        for block in self.problem.blocks:
            # J^T r of independent points has the covariance 1/inverse, so root.T @ J^T r has the unit matrix
            whole += block.noise(minimum.u, np.append(minimum.root[block.places], nothing, axis=0))
        return whole[0], whole[1]

    def one_sided(self, minimum: Point) -> dict[int, str]:
        """Return the unknowns that no curve holds more than a bound of, with the side of the bound."""
        sides: dict[int, list[str | None]] = {}
        for number, (curve, places) in enumerate(zip(self.curves, self.places, strict=True)):
            out = self.model.out_of_reach(self.values(number, minimum), curve)
            for name, place in places.items():
                sides.setdefault(place, []).append(out.get(name))
        return {place: said[0] for place, said in sides.items() if said[0] is not None and None not in said}

    def answer(self, minimum: Point, ranges: Sequence[Interval]) -> JointFit:
        """Return the minimum and the ranges of its unknowns as estimates in the parameters' own units."""
        spread = self.covariance(minimum)
        results = tuple(self._result(number, minimum, ranges, spread) for number in range(len(self.curves)))
        count = len(self.free) + self.offset * len(self.curves)
        return JointFit(
            model=self.model.name,
            results=results,
            shared=tuple(results[0][name] for name in self.shared),
            covariance=spread,
            free=tuple(self.free),
            chi2=minimum.chi2,
            chi2_reduced=minimum.chi2 / self.degrees_of_freedom(),
            points=self.problem.points,
            parameters_free=count,
            aicc=self._aicc(minimum.chi2, self.problem.points, count),
            remarks=self._remarks(minimum, self.degrees_of_freedom(), minimum.chi2),
        )

    def _result(self, number: int, minimum: Point, ranges: Sequence[Interval], spread: np.ndarray) -> FitResult:
        block, curve, places = self.problem.blocks[number], self.curves[number], self.problem.blocks[number].places
        values = self.values(number, minimum)
        gram, mean = minimum.products[number]
        chi2, points, count = float(gram[-1, -1]), curve.field_T.size, places.size + self.offset
        missed = self._weighted and misses(chi2, points - count)
        estimates = tuple(
            _estimate(parameter, values[parameter.name], ranges[self.places[number][parameter.name]], missed)
            if parameter.name in self.places[number]
            else Estimate(parameter.name, parameter.unit, values[parameter.name], None, None, None, True, True)
            for parameter in self.model.parameters
        )
        own = spread[places[:, np.newaxis], places]
        offset_variance = self._offset_variance(number, minimum, own)
        remarks = (
            *self._remarks(minimum, points - count, chi2),
            *self._of_residuals(curve, values, chi2),
            *_of_units(curve),
            *_of_estimates(estimates),
            *self.model.validity(values, curve, self.sample),
        )
        return FitResult(
            model=self.model.name, estimates=estimates, values=values, covariance=own, free=block.names,
            offset=float(mean[-1]) if self.offset else 0.0,
            offset_error=math.sqrt(offset_variance) if self.offset else 0.0,
            chi2=chi2, chi2_reduced=chi2 / (points - count), points=points, parameters_free=count,
            aicc=self._aicc(chi2, points, count),
            window_T=(float(curve.field_T.min()), float(curve.field_T.max())), remarks=remarks, declared=self.model,
            derived=derived_estimates(self.model, values, estimates, own, block.names, self.sample),
        )  # fmt: skip

    def _offset_variance(self, number: int, minimum: Point, own: np.ndarray) -> float:
        """Return the variance of one curve's offset, `own` being the covariance of its unknowns."""
        block, mean = self.problem.blocks[number], minimum.products[number].mean[:-1]
        if self.curves[number].noise is None:
            return self.variance(minimum) / block.total_weight + float(mean @ own @ mean)
        # the unknowns that are shared feel the noise of other curves too, which is small beside that of this one
        drawn = minimum.inverse[block.places[:, np.newaxis], block.places] @ mean
        return float(block.noise(minimum.u, np.append(-drawn, 1.0)[:, np.newaxis])[0][0, 0])

    def _of_residuals(self, curve: Curve, values: Mapping[str, float], chi2: float) -> list[Remark]:
        """Return that the residuals go in runs, where there are no error bars to tell a misfit by."""
        if self._weighted or curve.field_T.size < _FEW or chi2 < _ROUNDED * float(curve.dsigma @ curve.dsigma):
            return []
        left = (curve.dsigma - self.model.value(curve.field_T, *values.values()))[curve.field_T.argsort(kind="stable")]
        left -= left.mean() if self.offset else 0.0
        alike = float(left[1:] @ left[:-1] / (left @ left))
        if alike < _ALIKE:
            return []
        text = f"neighbouring residuals are alike (correlation {alike:.2f}): the model does not describe this curve"
        return [Remark("misfit", f"{text}, or the noise is slower than the points; the quoted errors are too small")]

    def _aicc(self, chi2: float, points: int, count: int) -> float:
        """Return AICc, N. Sugiura, Commun. Stat. A 7, 13 (1978), doi:10.1080/03610927808827599."""
        if self._weighted:
            fit, parameters = chi2, count
        else:
            fit, parameters = points * math.log(max(chi2, self.problem.floor) / points), count + 1
        spare = points - parameters - 1
        return fit + 2 * parameters + (2 * parameters * (parameters + 1) / spare if spare > 0 else math.inf)

    def _remarks(self, minimum: Point, freedom: int, chi2: float) -> tuple[Remark, ...]:
        remarks = []
        if not minimum.converged:
            remarks.append(Remark("not_converged", f"fit {self.model.name}: no minimum found; do not use its numbers"))
        if self._weighted and misses(chi2, freedom):
            text = f"chi^2 per degree of freedom is {chi2 / freedom:.2g}: the model or the error bars are wrong"
            remarks.append(Remark("misfit", f"{text}, and the quoted errors are too small"))
        if self._weighted and chi2 < _TOO_GOOD * freedom:
            text = f"chi^2 per degree of freedom is {chi2 / freedom:.2g}: the error bars are far too large"
            remarks.append(Remark("large_errors", f"{text}, and so are the quoted errors"))
        return tuple(remarks)


def misses(chi2: float, freedom: int) -> bool:
    """Return whether chi^2 is beyond what noise, and error bars that are roughly right, can give."""
    return chi2 > freedom + 5 * math.sqrt(2 * freedom) and chi2 > 1.5 * freedom


def _known(model: Model, sample: Sample, start: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters that are held because the user usually knows them."""
    defaults = {p.name: p.default for p in model.parameters if p.known and p.default is not None}
    known = {**defaults, **model.known(sample)}
    return {name: value for name, value in known.items() if name not in start}


def _measured(model: Model, curve: Curve, start: Mapping[str, float]) -> dict[str, float]:
    """Return the known parameters that were measured together with the curve: its temperature."""
    if "temperature_K" not in model.names or "temperature_K" in start or curve.temperature_K is None:
        return {}
    return {"temperature_K": curve.temperature_K} if model["temperature_K"].known else {}


def _checked(model: Model, values: Mapping[str, float]) -> dict[str, float]:
    """Return the values as they are, if they name parameters of the model and can be theirs."""
    for name, value in values.items():
        parameter = model[name]
        if not math.isfinite(value) or (parameter.log and value <= 0):
            wanted = "a positive number" if parameter.log else "a number"
            raise ValueError(f"fit {model.name}: {name} is held or started at {value}; give {wanted}")
    return dict(values)


def _all_or_none(curves: Sequence[Curve]) -> bool:
    if not curves:
        raise ValueError("fit: no curve given")
    with_errors = [curve.error is not None for curve in curves]
    if any(with_errors) and not all(with_errors):
        raise ValueError(
            f"joint fit: {sum(with_errors)} of {len(curves)} curves have error bars; give them to all or to none"
        )
    return all(with_errors)


def _check_curve(curve: Curve, model: Model, unknowns: int) -> None:
    field = np.abs(curve.field_T)
    if curve.field_T.size <= unknowns:
        raise ValueError(
            f"fit {model.name}: {curve.field_T.size} points for {unknowns} unknowns; measure more or widen the window"
        )
    if field.max() > _HIGHEST_T:
        raise ValueError(
            f"fit {model.name}: the field reaches {field.max():.3g} T, above {_HIGHEST_T:g} T; give it in tesla"
        )
    if not ((field > field.min()) & (field < field.max())).any():
        raise ValueError(
            f"fit {model.name}: less than three different |B| in the window; a curve needs a range of fields"
        )
    if curve.dsigma.min() == curve.dsigma.max():
        raise ValueError(f"fit {model.name}: all {curve.field_T.size} values are equal; is the lock-in connected?")


def _unknown(parameter: Parameter, value: float) -> float:
    return math.log(value) if parameter.log else value


def _of_unknown(parameter: Parameter, unknown: float) -> float:
    return math.exp(unknown) if parameter.log else float(unknown)


def _estimate(parameter: Parameter, value: float, interval: Interval, missed: bool) -> Estimate:
    """Return the range of an unknown as an estimate of its parameter; a fit that misses the curve gives no bound."""
    lower, upper = (None if end is None else _of_unknown(parameter, end) for end in (interval.lower, interval.upper))
    if not interval.determined or lower is None or upper is None:
        if missed:
            lower = upper = None
        return Estimate(parameter.name, parameter.unit, None, None, lower, upper, False)
    error = max(upper - value, value - lower)
    # where the profile widens faster than a parabola, the error is what the 95 % interval says
    for end in interval.far or ():
        error = max(error, abs(_of_unknown(parameter, end) - value) / math.sqrt(TWO_SIGMA))
    return Estimate(parameter.name, parameter.unit, value, error, lower, upper, True)


def _of_units(curve: Curve) -> list[Remark]:
    """Return what no film in a laboratory gives: it is seen in no fit, since every formula knows B/B_phi only."""
    remarks = []
    highest, span = float(np.abs(curve.field_T).max()), float(np.ptp(curve.dsigma))
    if highest < _LOWEST_T:
        text = f"the field ends at {highest:.3g} T, below {_LOWEST_T:g} T: is it given in tesla?"
        remarks.append(Remark("field_unit", f"{text} Every length depends on it"))
    if not _SMALLEST_G0 <= span <= _LARGEST_G0:
        limit = f"above {_LARGEST_G0:g}" if span > _LARGEST_G0 else f"below {_SMALLEST_G0:g}"
        text = f"the curve spans {span:.3g} G0, {limit}; localization gives about one: is it in units of e^2/(pi h)?"
        remarks.append(Remark("conductance_unit", text))
    return remarks


def _of_estimates(estimates: Sequence[Estimate]) -> list[Remark]:
    return [
        Remark("not_determined", f"{estimate.name} is not determined by these data{_bounds(estimate)}")
        for estimate in estimates
        if not estimate.determined
    ]


def _bounds(estimate: Estimate) -> str:
    low = "" if estimate.lower is None else f"above {estimate.lower:.3g} {estimate.unit}"
    high = "" if estimate.upper is None else f"below {estimate.upper:.3g} {estimate.unit}"
    words = " and ".join(word.strip() for word in (low, high) if word)
    return f": {words} (95 %)" if words else ""
