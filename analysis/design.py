"""Where to measure next: the fields, and the share of the time at each, that fix L_phi best.

With g(B) the derivatives of the signal by the unknowns over the error of a reading, shares w_i of the time at fields
B_i give the unknowns the inverse covariance M = sum_i w_i g_i g_i^T. The c-optimal design makes one variance
c^T M^-1 c least. By G. Elfving, Ann. Math. Stat. 23, 255 (1952), doi:10.1214/aoms/1177729442, it is a linear program:
among all u with sum_i u_i g_i = c take the least sum |u_i|, which is the standard error; w_i = |u_i|/sum |u_i|.
For one term with alpha and the offset free that is the best Chebyshev approximation of dF/d ln B_phi by {1, F}: three
fields {0, B_1, B_max}, and since the signs alternate and sum to zero, the middle one takes exactly half of the time.

The errors are of first order and of white noise. Drift makes coming back to each field as important as the choice of
fields, and a design of as many fields as unknowns cannot see that the model is wrong: measure with `robust`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

from analysis.confidence import WIDEST
from analysis.constants import field_of_length
from analysis.estimate import Estimate
from analysis.model import Model, Parameter

OPTIMAL_SHARE = 0.7
"""Share of the time that a robust design spends at the optimal fields."""

SWEEP_POINTS = 4001
"""Fields that stand for a sweep of constant rate: more would change its error by less than 1 %, up to 500 B_phi."""

SPACED_POINTS = 41
"""Fields of an asinh-spaced design: enough to see a wrong model, few enough to drive to one by one."""

_CANDIDATES = 400  # fields that the first linear program chooses from
_REFINEMENTS = 3  # each puts twenty times finer candidates around the fields chosen last
_FINER = 20
_SMALLEST_SHARE = 1e-7  # below it a weight is the rounding of the linear program
_ROUNDING = 1e-7  # of a direction among the unknowns that the fields do not see


@dataclass(frozen=True, eq=False)
class Design:
    """Fields and the share of the measuring time at each.

    Attributes
    ----------
    field_T : ndarray, shape (m,)
        |B| in rising order, from 0 up [T]; share the time at each between +B and -B.
    weight : ndarray, shape (m,)
        Positive, of sum 1.
    """

    field_T: np.ndarray
    weight: np.ndarray

    def __post_init__(self) -> None:
        """Check and freeze the arrays.

        Raises
        ------
        ValueError
            Shapes differ, a field is negative or not finite, or weights are not positive with sum 1.
        """
        fields, weight = np.array(self.field_T, dtype=float), np.array(self.weight, dtype=float)
        if fields.ndim != 1 or fields.shape != weight.shape or not fields.size:
            raise ValueError(f"design: {fields.shape} fields and {weight.shape} weights; give one weight to each field")
        if not (np.isfinite(fields) & (fields >= 0)).all():
            raise ValueError("design: a field is negative or not finite; give |B| in tesla")
        if not ((weight > 0).all() and abs(weight.sum() - 1) < 1e-9):
            raise ValueError(f"design: the weights sum to {weight.sum():g}; they must be positive with sum 1")
        for name, array in (("field_T", fields), ("weight", weight)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def readings(self, count: int) -> np.ndarray:
        """Return the fields of `count` readings of equal length, shape (count,) [T], in rising order of |B|.

        Signs alternate at each field, so that what is odd in B cancels. Shares are rounded along the running sum:
        a field of a small share may get no reading.

        Raises
        ------
        ValueError
            No reading is asked for.
        """
        if count < 1:
            raise ValueError(f"design: {count} readings asked for; it must be 1 or more")
        ends = np.floor(count * np.cumsum(self.weight) + 0.5).astype(int)
        ends[-1] = count
        each = np.diff(ends, prepend=0)
        sign = np.concatenate([1.0 - 2.0 * (np.arange(n) % 2) for n in each])
        return sign * np.repeat(self.field_T, each)


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of a measurement: which parameter, of which model, up to which field.

    Attributes
    ----------
    model : Model
    values : mapping
        Parameters as far as they are known now, by name; known ones may be left at their default.
    largest_field_T : float
        Up to where the field may go and the model holds [T].
    of : str
        The parameter wanted.
    held : tuple of str
        Parameters that are not fitted. Those that the user usually knows are held anyway, unless wanted.
    error_G0 : float or callable
        One standard deviation of a reading that takes the whole time [G0]; a function of |B|, shape (n,) to (n,),
        where it depends on the field.
    offset : bool
        sigma(0) is fitted too.
    parabola : bool
        A term kappa B^2 (classical magnetoresistance) is fitted too.

    Raises
    ------
    ValueError
        An unknown or missing parameter, a parameter that is wanted and held, or a number that is no use.
    """

    model: Model
    values: Mapping[str, float]
    largest_field_T: float
    of: str = "l_phi_nm"
    held: tuple[str, ...] = ()
    error_G0: float | Callable[[np.ndarray], np.ndarray] = 1.0
    offset: bool = True
    parabola: bool = False
    free: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Check the numbers and find the unknowns."""
        if not 0 < self.largest_field_T < math.inf:
            raise ValueError(f"design: the largest field is {self.largest_field_T:g} T; it must be above 0")
        for name in (self.of, *self.held, *self.values):
            self.model[name]
        values = {p.name: _value(self.model, p, self.values) for p in self.model.parameters}
        object.__setattr__(self, "values", values)
        wanted = self.model[self.of]
        free = tuple(p for p in self.model.parameters if (not p.known or p is wanted) and p.name not in self.held)
        if wanted not in free:
            raise ValueError(f"design {self.model.name}: {self.of} is wanted and held; it must be one of the unknowns")
        object.__setattr__(self, "free", free)

    def sensitivity(self, field_T: np.ndarray) -> np.ndarray:
        """Return the derivatives of the signal by the unknowns, over its error, shape (n, k).

        First the free parameters (of the logarithm, where they are fitted so) in the model's order, then the offset
        and the parabola in units of (B/B_max)^2, where there are any.

        Raises
        ------
        ValueError
            The error of a reading is not positive at some field.
        """
        fields = np.asarray(field_T, dtype=float)
        derivative = self.model.derivative(fields, *(self.values[name] for name in self.model.names))
        columns = [
            derivative[:, self.model.names.index(p.name)] * (self.values[p.name] if p.log else 1.0) for p in self.free
        ]
        columns += [np.ones(fields.size)] * self.offset
        columns += [(fields / self.largest_field_T) ** 2] * self.parabola
        error = self.error_G0(fields) if callable(self.error_G0) else self.error_G0
        error = np.broadcast_to(np.asarray(error, dtype=float), fields.shape)
        if not (np.isfinite(error) & (error > 0)).all():
            raise ValueError("design: the error of a reading is not a positive number at every field")
        return np.stack(columns, axis=1) / error[:, np.newaxis]

    def direction(self) -> np.ndarray:
        """Return c, shape (k,): 1 at the parameter wanted, 0 at the other unknowns."""
        unknowns = len(self.free) + self.offset + self.parabola
        return np.eye(unknowns)[self.free.index(self.model[self.of])]

    def standard_error(self, design: Design) -> float:
        """Return the standard error of the parameter wanted when the whole time goes into `design`.

        Of its logarithm, if it is fitted so: sd(ln L_phi). Infinite where these fields do not determine it.
        """
        rows = np.sqrt(design.weight)[:, np.newaxis] * self.sensitivity(design.field_T)
        scale = np.linalg.norm(rows, axis=0)
        seen, c = scale > 0, self.direction()
        if not seen[c > 0].all():
            return math.inf
        rows, c = rows[:, seen] / scale[seen], (c[seen] / scale[seen])
        inverse = np.linalg.pinv(rows, rcond=1e-12)
        unseen = c - inverse @ rows @ c
        if np.linalg.norm(unseen) > _ROUNDING * np.linalg.norm(c):
            return math.inf
        return float(np.linalg.norm(c @ inverse))


def optimal(question: Question) -> Design:
    """Return the c-optimal design: no other gives the parameter wanted a smaller error in the same time.

    It has at most as many fields as there are unknowns; where it has fewer, other unknowns cannot be told apart, and a
    fit of all needs the `robust` design. It is best where the values of `question` are right: one term with B_phi
    guessed wrong by 2 keeps 86 to 89 % of the efficiency, by 3 66 to 78 %, by 10 as little as 14 %.

    Raises
    ------
    ValueError
        No set of fields up to the largest determines the parameter wanted.
    """
    top = question.largest_field_T
    fields = _candidates(question)
    chosen, weight = _elfving(question, fields)
    for _ in range(_REFINEMENTS):
        around = [_between(fields, place, top) for place in np.searchsorted(fields, chosen)]
        fields = np.unique(np.concatenate([fields, *around]))
        chosen, weight = _elfving(question, fields)
    return Design(chosen, weight)


def uniform(largest_field_T: float, points: int = SWEEP_POINTS) -> Design:
    """Return even steps from 0 to the largest field [T], both included."""
    return Design(np.linspace(0, largest_field_T, points), np.full(points, 1 / points))


def asinh_spaced(largest_field_T: float, width_T: float, points: int = SPACED_POINTS) -> Design:
    """Return fields even in asinh(B/width): even steps within the width, a constant ratio beyond it.

    Parameters
    ----------
    largest_field_T : float
    width_T : float
        About B_phi [T].
    points : int
    """
    if not 0 < width_T < math.inf:
        raise ValueError(f"design: asinh spacing with a width of {width_T:g} T; give about B_phi")
    even = np.linspace(0, math.asinh(largest_field_T / width_T), points)
    return Design(np.minimum(width_T * np.sinh(even), largest_field_T), np.full(points, 1 / points))


def mixture(first: Design, second: Design, share: float) -> Design:
    """Return the design that spends `share` of the time, 0 < share < 1, as `first` says, the rest as `second` does."""
    if not 0 < share < 1:
        raise ValueError(f"design: a share of {share:g} of the time; it must lie between 0 and 1")
    fields, place = np.unique(np.concatenate([first.field_T, second.field_T]), return_inverse=True)
    return Design(fields, np.bincount(place, np.concatenate([share * first.weight, (1 - share) * second.weight])))


def robust(question: Question, width_T: float | None = None) -> Design:
    """Return 70 % of the time at the optimal fields and 30 % asinh-spaced, where a wrong model would show.

    Parameters
    ----------
    question : Question
    width_T : float, optional
        Width of the asinh spacing [T]; B_phi of the model's `l_phi_nm` if it has one.
    """
    if width_T is None:
        if "l_phi_nm" not in question.values:
            raise ValueError(f"design {question.model.name}: no l_phi_nm that gives a field scale; give width_T")
        width_T = field_of_length(1e-9 * question.values["l_phi_nm"])
    return mixture(optimal(question), asinh_spaced(question.largest_field_T, width_T), OPTIMAL_SHARE)


def time_ratio(question: Question, slow: Design, fast: Design) -> float:
    """Return how many times longer `slow` must measure than `fast` for the same error of the parameter wanted."""
    return (question.standard_error(slow) / question.standard_error(fast)) ** 2


def efficiency(question: Question, design: Design) -> float:
    """Return the time that the optimal design needs over that of `design`, 0 to 1.

    With `optimal` of another question as the design: what is left of it when the guess was wrong.
    """
    best = optimal(question)
    return time_ratio(question, best, design)


def expected(question: Question, design: Design, readings: float = 1.0) -> Estimate:
    """Return what a fit is expected to say of the parameter wanted after so many readings' time.

    Parameters
    ----------
    question : Question
        Its `error_G0` is here that of one reading.
    design : Design
    readings : float
        Independent readings in all: at white noise, the time over that of one.

    Returns
    -------
    Estimate
        Not determined where the 68 % interval would be wider than a fit accepts as a number.
    """
    if not 0 < readings < math.inf:
        raise ValueError(f"design: {readings:g} readings; it must be above 0")
    parameter = question.model[question.of]
    value, error = question.values[question.of], question.standard_error(design) / math.sqrt(readings)
    if error > WIDEST:
        return Estimate(parameter.name, parameter.unit, None, None, None, None, False)
    if parameter.log:
        lower, upper = value * math.exp(-error), value * math.exp(error)
        return Estimate(parameter.name, parameter.unit, value, value * error, lower, upper, True)
    return Estimate(parameter.name, parameter.unit, value, error, value - error, value + error, True)


def _value(model: Model, parameter: Parameter, values: Mapping[str, float]) -> float:
    value = values.get(parameter.name, parameter.default)
    if value is None:
        raise ValueError(f"design {model.name}: no value for {parameter.name}; give what is known of it so far")
    if not math.isfinite(value) or (parameter.log and value <= 0):
        raise ValueError(f"design {model.name}: {parameter.name} = {value}; it must be finite, a length positive")
    return float(value)


def _candidates(question: Question) -> np.ndarray:
    """Return fields from 0 to the largest, as dense near zero as far from it on a logarithmic scale."""
    top = question.largest_field_T
    small = np.geomspace(1e-6 * top, top, _CANDIDATES)
    return np.unique(np.concatenate([[0.0], small, np.linspace(0, top, _CANDIDATES // 4)]))


def _between(fields: np.ndarray, place: int, top: float) -> np.ndarray:
    low, high = fields[max(place - 1, 0)], fields[min(place + 1, fields.size - 1)]
    return np.clip(np.linspace(low, high, 2 * _FINER + 1), 0, top)


def _elfving(question: Question, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the fields and weights of the c-optimal design among candidates of shape (n,)."""
    rows, c = question.sensitivity(fields), question.direction()
    scale = np.abs(rows).max(axis=0)
    if not (scale[c > 0] > 0).all():
        raise ValueError(f"design {question.model.name}: at these values nothing depends on {question.of}")
    seen = scale > 0
    columns, target = (rows[:, seen] / scale[seen]).T, c[seen]
    answer = linprog(
        np.ones(2 * fields.size), A_eq=np.hstack([columns, -columns]), b_eq=target, bounds=(0, None), method="highs-ds"
    )
    if not answer.success:
        raise ValueError(_hopeless(question))
    u = answer.x[: fields.size] - answer.x[fields.size :]
    places = np.flatnonzero(np.abs(u) > _SMALLEST_SHARE * np.abs(u).sum())
    # the linear program ends within its tolerance: the weights on its fields are linear equations, solved exactly
    exact = np.abs(np.linalg.lstsq(columns[:, places], target, rcond=None)[0])
    return fields[places], exact / exact.sum()


def _hopeless(question: Question) -> str:
    others = ", ".join(p.name for p in question.free if p.name != question.of) or "the offset"
    return (
        f"design {question.model.name}: no fields up to {question.largest_field_T:g} T tell {question.of} from "
        f"{others}; hold one of them or go to higher field"
    )
