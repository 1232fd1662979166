"""Which model the data prefer, and which symmetry class they show.

Models are compared by AICc, shown as Akaike weights: K. P. Burnham, D. R. Anderson, Sociol. Methods Res. 33, 261
(2004), doi:10.1177/0049124104268644. The symmetry class is read from the sign and size of the low-field
magnetoconductance, and only where it stands out of the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import FitResult, fit
from analysis.material import material
from analysis.model import MODELS, Remark
from analysis.sample import Sample
from analysis.special import cooperon

SIGNIFICANT = 5.0
"""Standard errors below which a magnetoconductance is called noise; the shape was chosen by the same data."""

INADMISSIBLE = frozenset({"alpha_range", "not_converged"})
"""Remarks on a fit that describes the curve, but no film."""

_PENALTY_INADMISSIBLE = _PENALTY_IF_ASKED = 10.0
"""In units of AICc. One term with a free prefactor, for one, stands for any class, and so for a film in none of them:
where spin-orbit scattering begins to show, it fits as well as the full formula with an L_phi many errors wrong."""

RIVAL = 4.0
"""Of AICc, odds of 7 to 1: up to so much above the preferred one a model cannot be ruled out."""

_ORTHOGONAL, _SYMPLECTIC, _UNITARY = 0.5, -0.25, 0.1  # low-field alpha: above, below, closer to 0 than
_DEFINITE = {"orthogonal", "symplectic", "unitary", "crossover"}
_NO_CUSP = 0.25  # |alpha| that must be excluded at three standard errors to call a flat curve unitary


@dataclass(frozen=True, eq=False)
class Candidate:
    """One model tried on the curve, with its Akaike weight (the weights add up to 1)."""

    model: str
    aicc: float
    weight: float
    result: FitResult


@dataclass(frozen=True, eq=False)
class Selection:
    """The preferred fit, all that were tried, lowest AICc first, and those that the data do not rule out beside it."""

    best: FitResult
    candidates: tuple[Candidate, ...]
    rivals: tuple[FitResult, ...] = ()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """A remark for the rival whose L_phi is farthest from that of the preferred fit, if it is elsewhere."""
        apart = [(_apart(self.best, rival), rival) for rival in self.rivals]
        errors, rival = max(apart, key=lambda one: one[0], default=(0.0, self.best))
        if errors <= 1:
            return ()
        first, other = (f"{one.model} gives {l_phi_in_words(one)}" for one in (self.best, rival))
        text = f"{first} and {other}: both fit, and these data do not decide between them"
        return (Remark("models_disagree", text),)


@dataclass(frozen=True)
class Symmetry:
    """Symmetry class of the film: "orthogonal", "symplectic", "unitary", "crossover" or "undetermined".

    `sentence` names the evidence.
    """

    symmetry_class: str
    sentence: str


def candidates_for(sample: Sample) -> tuple[str, ...]:
    """Return the models that are compared for a film of this material."""
    return material(sample.material).models


def select(
    curve: Curve, sample: Sample | None = None, *, models: Sequence[str] | None = None,
    fixed: Mapping[str, float] | None = None, window_T: float | None = None, offset: bool = True,
) -> Selection:  # fmt: skip
    """Fit every model and choose one.

    Parameters
    ----------
    curve, sample, window_T, offset
        As in `fit`.
    models : sequence of str, optional
        Names of the candidates; with backgrounds, "hln_full+kohler". Those of the material by default.
    fixed : mapping, optional
        Parameters held; each model takes those that it has.

    Returns
    -------
    Selection
        Its best fit is the one of lowest AICc, after 10 for a fit that no film can have and 10 for a model that the
        data must ask for: the one-term formula has a free prefactor, as several channels or a part of the film do.

    Raises
    ------
    ValueError
        Nothing can be fitted to the curve, or no model has a parameter named in `fixed`.
    """
    fixed, sample = dict(fixed or {}), sample or Sample()
    models = candidates_for(sample) if models is None else models
    unknown = set(fixed) - {name for model in models for name in MODELS[model].names}
    if unknown:
        raise ValueError(f"select: none of {', '.join(models)} has a parameter {', '.join(sorted(unknown))}")
    results = []
    for name in models:
        own = {key: value for key, value in fixed.items() if key in MODELS[name].names}
        results.append(fit(name, curve, fixed=own, window_T=window_T, offset=offset, sample=sample))
    best = min(results, key=lambda result: score(result, sample))
    most = score(best, sample) + RIVAL
    beside = (one for one in results if one is not best and score(one, sample) < most)
    return Selection(best, weighed(results), () if misses(best) else tuple(beside))


def weighed(results: Iterable[FitResult]) -> tuple[Candidate, ...]:
    """Return fits of one curve as candidates, lowest AICc first."""
    results = sorted(results, key=lambda result: result.aicc)
    weights = np.exp([(results[0].aicc - result.aicc) / 2 for result in results])
    weights /= weights.sum()
    return tuple(
        Candidate(result.model, result.aicc, float(weight), result)
        for result, weight in zip(results, weights, strict=True)
    )


def score(result: FitResult, sample: Sample) -> float:
    """Return AICc, 10 more for a fit that no film can have and 10 more for a model that the data must ask for."""
    inadmissible = any(remark.code in INADMISSIBLE for remark in result.remarks)
    if_asked = plain_name(result) in material(sample.material).if_asked
    return result.aicc + _PENALTY_INADMISSIBLE * inadmissible + _PENALTY_IF_ASKED * if_asked


def plain_name(result: FitResult) -> str:
    """Return the name of the model without its backgrounds."""
    return (result.declared.alone or result.declared).name


def misses(result: FitResult) -> bool:
    """Return whether the fit says itself that it misses the curve."""
    return any(remark.code == "misfit" for remark in result.remarks)


def _apart(one: FitResult, other: FitResult) -> float:
    """Return how far apart two L_phi are, in the larger of their errors; infinite where only one has a value."""
    first, second = one["l_phi_nm"], other["l_phi_nm"]
    if first.value is None or second.value is None:
        return 0.0 if first.value is second.value else math.inf
    return abs(first.value - second.value) / (max(first.error or 0.0, second.error or 0.0) or math.inf)


def l_phi_in_words(result: FitResult) -> str:
    """Return L_phi with its error, or its bound."""
    found = result["l_phi_nm"]
    if found.value is None:
        ends = {"above": found.lower, "below": found.upper}
        return "no L_phi" + "".join(f", {side} {end:.4g} nm" for side, end in ends.items() if end is not None)
    error = found.error or 0.0
    return (
        f"L_phi = {found.value:.4g} +- {error:.2g} nm"
        if error < 99.5
        else f"L_phi = {found.value:.0f} +- {error:.0f} nm"
    )


def symmetry(fitted: Selection | FitResult, curve: Curve) -> Symmetry:
    """Return the symmetry class that the curve shows, with the evidence in one sentence.

    The class is that of the low-field alpha, delta sigma/(G0 F(B, B_phi)) for B -> 0: above 1/2 orthogonal, below
    -1/4 symplectic, between them a crossover; a fitted prefactor within 0.1 of zero is unitary. It is "undetermined"
    where the magnetoconductance is not significant or the field range too short to give alpha. Backgrounds of the
    model are taken off the curve first. Of a selection no more is claimed than all models say that are not ruled out.

    Parameters
    ----------
    fitted : Selection or FitResult
        A fit of the curve by a model with a parameter `l_phi_nm`.
    curve : Curve
        The curve that was fitted.
    """
    if isinstance(fitted, FitResult):
        return _symmetry(fitted, curve)
    found = _symmetry(fitted.best, curve)
    for rival in fitted.rivals:
        other = _symmetry(rival, curve)
        if {found.symmetry_class, other.symmetry_class} <= _DEFINITE and other.symmetry_class != found.symmetry_class:
            text = f"{rival.model} fits as well and says {other.symmetry_class} (low-field alpha = "
            return Symmetry("undetermined", f"{found.sentence}; {text}{_low_field_alpha(rival):.2f})")
    return found


def _symmetry(result: FitResult, curve: Curve) -> Symmetry:
    curve = curve.within(max(abs(end) for end in result.window_T))
    result, curve = _localization(result, curve)
    # the first turn of the curve shows its low-field sign; where it is lost in noise the whole curve must do
    for field_T in (_first_turn(result, curve), float(np.abs(curve.field_T).max())):
        near = curve.within(field_T)
        size = float(result.evaluate(np.array([field_T]))[0])
        height, error = _amplitude(result.evaluate(near.field_T) / (size or 1.0), near, result)
        if abs(height) > SIGNIFICANT * error:
            break
    else:
        return _flat(curve, result)
    sign = "weak localization" if height > 0 else "weak antilocalization"
    side = "above" if height > 0 else "below"
    seen = (
        f"{sign}: magnetoconductance {height:+.2g} G0 at {_in_words(field_T)}, "
        f"{abs(height) / error:.0f} standard errors {side} zero"
    )
    if size * height < 0:  # the model goes the other way: its alpha says nothing of this film
        return Symmetry("undetermined", f"{seen}; {_missed(result)}")
    return _with_class(result, seen)


def _localization(result: FitResult, curve: Curve) -> tuple[FitResult, Curve]:
    """Return the fit and the curve without the model's backgrounds."""
    alone = result.declared.alone
    if alone is None:
        return result, curve
    values = {name: result.values[name] for name in alone.names}
    background = result.evaluate(curve.field_T) - alone.value(curve.field_T, *values.values())
    return replace(result, declared=alone, values=values), replace(curve, dsigma=curve.dsigma - background)


def _missed(result: FitResult) -> str:
    return f"the model {result.model} does not describe this curve (chi^2 {result.chi2_reduced:.3g}): take another one"


def _first_turn(result: FitResult, curve: Curve) -> float:
    """Return the field [T] at which the fitted curve first turns back, or the highest."""
    highest = float(np.abs(curve.field_T).max())
    fields = np.geomspace(highest * 1e-3, highest, 200)
    turns = np.flatnonzero(np.diff(np.abs(result.evaluate(fields))) < 0)
    # a turn so near to zero that hardly a point lies below it decides nothing
    turns = [i for i in turns if np.count_nonzero(np.abs(curve.field_T) <= fields[i]) >= 5]
    return float(fields[turns[0]]) if turns else highest


def _amplitude(shape: np.ndarray, curve: Curve, result: FitResult) -> tuple[float, float]:
    """Return by how much the shape is in the data, and its standard error, a constant left free [G0]."""
    if curve.error is None:
        weight = np.full(shape.size, 1 / result.chi2_reduced) if result.chi2_reduced > 0 else np.full(shape.size, 1e24)
    else:
        # errors that the fit shows to be too small are not believed here either
        weight = 1 / curve.error**2 / max(1.0, result.chi2_reduced)
    centred = shape - (weight @ shape) / weight.sum()
    norm = float(weight @ centred**2)
    if norm == 0:
        return 0.0, math.inf
    return float((weight * centred) @ curve.dsigma) / norm, 1 / math.sqrt(norm)


def _with_class(result: FitResult, seen: str) -> Symmetry:
    alpha = _low_field_alpha(result)
    fitted = [estimate for estimate in result.estimates if estimate.name == "alpha"]
    if any(not estimate.determined for estimate in fitted):
        return Symmetry("undetermined", f"{seen}; the field range is too short to tell its prefactor and so the class")
    if fitted and abs(alpha) < _UNITARY:
        name = "unitary"
    elif alpha > _ORTHOGONAL:
        name = "orthogonal"
    else:
        name = "symplectic" if alpha < _SYMPLECTIC else "crossover"
    return Symmetry(name, f"{seen}; low-field alpha = {alpha:.2f} in {result.model}")


def _low_field_alpha(result: FitResult) -> float:
    b_phi = FIELD_NM2 / result.values["l_phi_nm"] ** 2
    low = np.array([0.01 * b_phi])
    return float(result.evaluate(low)[0] / cooperon(low, np.array([b_phi]))[0][0, 0])


def _flat(curve: Curve, result: FitResult) -> Symmetry:
    """Return "unitary" where a cusp is excluded for every L_phi that could show, else "undetermined"."""
    if misses(result):
        # the curve may be anything but flat: it is the model that has no such shape
        return Symmetry("undetermined", _missed(result))
    field = np.unique(np.abs(curve.field_T))
    fields = np.geomspace(max(2 * float(np.diff(field).min(initial=field[-1])), field[-1] * 1e-3), field[-1] / 10, 12)
    if fields[-1] >= 10 * fields[0]:
        shapes = cooperon(curve.field_T, fields)[0]
        largest = max(abs(a) + 3 * s for a, s in (_amplitude(shape, curve, result) for shape in shapes))
        if largest < _NO_CUSP:
            longest, shortest = np.sqrt(FIELD_NM2 / fields[[0, -1]])
            return Symmetry(
                "unitary",
                f"no cusp: |alpha| < {largest:.2g} for any L_phi between {shortest:.3g} and {longest:.3g} nm",
            )
    return Symmetry(
        "undetermined", f"no magnetoconductance above {SIGNIFICANT:.0f} standard errors up to {_in_words(field[-1])}"
    )


def _in_words(field_T: float) -> str:
    return f"{field_T:.3g} T" if field_T >= 1 else f"{1e3 * field_T:.3g} mT"
