"""Rival explanations of one curve, each a sum of terms: which terms the data ask for, and how sure that is.

Every explanation is fitted, AICc weighs them (K. P. Burnham, D. R. Anderson, Sociol. Methods Res. 33, 261 (2004),
doi:10.1177/0049124104268644), and a term is as sure as all the explanations together that contain it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.any_fit import Both, Observations, Search, Solution
from analysis.confidence import TWO_SIGMA, WIDEST
from analysis.estimate import Estimate
from analysis.model import Parameter

SURE = 0.95
"""Weight of all explanations with a term from which on it counts as present; below 1 - 0.95 it counts as absent."""
_RIVAL = 3.0  # chi^2 + 2 k above the best up to which an explanation has a say: with few points the small-sample
# term of AICc alone would silence a richer one, and a term that is there would be called absent


@dataclass(frozen=True)
class Explanation:
    """A sum of terms that may be behind the data.

    Attributes
    ----------
    terms : tuple of str
        Names of its terms.
    parameters : tuple of Parameter
        The amplitude of a term is declared a prefactor: where the term is not present it gets an upper bound.
    both : callable
        `both(*parameters)` gives the curve, shape (n,), and its derivatives, shape (n, k).
    starts : tuple of tuple of float
        Where the search starts, in the parameters' own units.
    """

    terms: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    both: Both
    starts: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Weighed:
    """An explanation with its Akaike weight (the weights add up to 1) and its best values, for drawing."""

    explanation: Explanation
    chi2: float
    aicc: float
    weight: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the data say of the explanations.

    Attributes
    ----------
    candidates : tuple of Weighed
        Best first.
    rivals : tuple of Weighed
        The best and those that fit so well that they have a say in the numbers.
    evidence : dict of str to float
        For each term the weight of all the explanations that contain it, 0 to 1.
    scatter : float
        Factor by which the errors were enlarged, 1 or more: the richest explanation fits no better than that.
    estimates : tuple of Estimate
        Every parameter. The interval of one that is determined embraces what the rivals say of it; of a term that is
        not present only the most that its amplitude can be is given.
    """

    candidates: tuple[Weighed, ...]
    rivals: tuple[Weighed, ...]
    evidence: dict[str, float]
    scatter: float
    estimates: tuple[Estimate, ...]

    @property
    def best(self) -> Weighed:
        """The candidate of the largest weight."""
        return self.candidates[0]

    def presence(self, term: str) -> str:
        """Return "present", "absent" or "undetermined"; the first two only where no rival says otherwise."""
        weight, said = self.evidence.get(term, 0.0), [term in c.explanation.terms for c in self.rivals]
        if weight >= SURE and all(said):
            return "present"
        return "absent" if weight <= 1 - SURE and not any(said) else "undetermined"

    def __getitem__(self, name: str) -> Estimate:
        """Return a parameter; one of a term that is not present is not determined."""
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(f"no parameter {name!r}; there are {', '.join(e.name for e in self.estimates)}")


def weigh(data: np.ndarray, error: np.ndarray, explanations: Sequence[Explanation]) -> Verdict:
    """Fit every explanation that leaves two points to spare and weigh them.

    Parameters
    ----------
    data, error : ndarray, shape (n,)
        Numbers of order one and their standard errors.
    explanations : sequence of Explanation

    Raises
    ------
    ValueError
        No explanation is simple enough for so few points.
    """
    searches = {
        i: Search(Observations(one.both, data, error, one.parameters), one.parameters, one.starts)
        for i, one in enumerate(explanations)
        if len(one.parameters) <= data.size - 2
    }
    if not searches:
        raise ValueError(f"{data.size} points: too few for any explanation; measure at more temperatures")
    scatter = _scatter(searches)
    aicc = {i: _aicc(search, scatter) for i, search in searches.items()}
    order = sorted(searches, key=lambda i: aicc[i])
    weights = np.exp([(aicc[order[0]] - aicc[i]) / 2 for i in order])
    weights /= weights.sum()
    candidates = tuple(
        _weighed(explanations[i], searches[i], aicc[i], float(w)) for i, w in zip(order, weights, strict=True)
    )
    terms = dict.fromkeys(term for one in explanations for term in one.terms)
    evidence = {t: sum(c.weight for c in candidates if t in c.explanation.terms) for t in terms}
    rivals = tuple(c for c in candidates if _aic(c, scatter) <= _aic(candidates[0], scatter) + _RIVAL)
    solutions = [_solution(data, scatter * error, c.explanation) for c in rivals]
    # a term that no rival has still gets a bound where it was tried beside all the terms of the best
    absent = [t for t in terms if not any(t in c.explanation.terms for c in rivals)]
    beside = [{*candidates[0].explanation.terms, t} for t in absent]
    bounds = [_solution(data, scatter * error, c.explanation) for c in candidates if set(c.explanation.terms) in beside]
    return Verdict(candidates, rivals, evidence, scatter, _estimates(candidates, solutions, bounds))


def _scatter(searches: dict[int, Search]) -> float:
    """Return sqrt(chi2/freedom) of the richest explanation, 1 at least."""
    richest = min(searches.values(), key=lambda search: (search.freedom, search.best.chi2))
    return math.sqrt(max(1.0, richest.best.chi2 / richest.freedom))


def _aicc(search: Search, scatter: float) -> float:
    k, n = len(search.parameters), search.points
    return search.best.chi2 / scatter**2 + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def _aic(candidate: Weighed, scatter: float) -> float:
    return candidate.chi2 / scatter**2 + 2 * len(candidate.explanation.parameters)


def _weighed(explanation: Explanation, search: Search, aicc: float, weight: float) -> Weighed:
    return Weighed(explanation, search.best.chi2, aicc, weight, search.values(search.best))


def _solution(data: np.ndarray, error: np.ndarray, one: Explanation) -> Solution:
    return Search(Observations(one.both, data, error, one.parameters), one.parameters, one.starts).solution()


def _estimates(
    candidates: Sequence[Weighed], solutions: Sequence[Solution], bounds: Sequence[Solution]
) -> tuple[Estimate, ...]:
    parameters = {p.name: p for c in candidates for p in c.explanation.parameters}
    found = []
    for name, parameter in parameters.items():
        # one that a rival does without is no number
        sure = sum(c.weight for c in candidates if name in c.values) >= SURE and all(
            name in s.values for s in solutions
        )
        own = [s[name] for s in solutions if name in s.values] or [s[name] for s in bounds if name in s.values]
        if sure and own:
            found.append(embraced(parameter, own))
        else:
            found.append(_bound(parameter, own))
    return tuple(found)


def _bound(parameter: Parameter, rivals: Sequence[Estimate]) -> Estimate:
    """Return the most (95 %) that an amplitude can be by the rivals that have it; of anything else, nothing."""
    most = [_outer(e, parameter.log) for e in rivals] if parameter.prefactor else []
    upper = None if not most or None in most else max(end for end in most if end is not None)
    return Estimate(parameter.name, parameter.unit, None, None, None, upper, False)


def _outer(estimate: Estimate, log: bool) -> float | None:
    if not estimate.determined or estimate.value is None or estimate.upper is None:
        return estimate.upper
    if log:
        return estimate.value * (estimate.upper / estimate.value) ** math.sqrt(TWO_SIGMA)
    return estimate.value + (estimate.upper - estimate.value) * math.sqrt(TWO_SIGMA)


def embraced(parameter: Parameter, rivals: Sequence[Estimate]) -> Estimate:
    """Return what rival fits together say of a parameter: the first one's value, an interval that holds all of theirs.

    Not determined where one of them does not determine it, or where the interval is too wide for a number.
    """
    first = rivals[0]
    ends = [(e.lower, e.upper) for e in rivals]
    lows, highs = ([end for end in side if end is not None] for side in zip(*ends, strict=True))
    low = min(lows) if len(lows) == len(rivals) else None
    high = max(highs) if len(highs) == len(rivals) else None
    if all(e.determined for e in rivals) and first.value is not None and low is not None and high is not None:
        wide = float(math.log(high / low) if parameter.log else high - low)
        if wide <= 2 * WIDEST:
            error = max(first.value - low, high - first.value)
            return Estimate(parameter.name, parameter.unit, first.value, float(error), float(low), float(high), True)
        stretched = (first.value + math.sqrt(TWO_SIGMA) * (end - first.value) for end in (low, high))
        low, high = (min(max(float(end), parameter.lower), parameter.upper) for end in stretched)
    return Estimate(parameter.name, parameter.unit, None, None, low, high, False)
