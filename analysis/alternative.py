"""What else a complete sweep may be, where its first fit is no answer: other formulas, tried once and for a reason.

Beyond diffusion the exact sum takes the place of the formula of diffusion; a curve that the quick models of its
material miss is given the slow one of which they are limits; and a classical magnetoresistance is added where the data
ask for it. None is a waste bin: each must describe the curve, keep L_phi determined, and not be explained better by the
one before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis import refit
from analysis.background import KOHLER
from analysis.curve import Curve
from analysis.dimension import FAMILIES, film_beyond_diffusion, is_film, moves_in_plane
from analysis.estimate import FitResult
from analysis.fit import fit
from analysis.material import material
from analysis.model import MODELS, Remark
from analysis.sample import Sample
from analysis.selection import (
    INADMISSIBLE,
    RIVAL,
    Selection,
    candidates_for,
    l_phi_in_words,
    misses,
    plain_name,
    score,
    select,
    weighed,
)

ASKED_FOR = 4.0
"""Of AICc, odds of 7 to 1, by which a background or a richer model must be better to be taken."""

_K = KOHLER.parameters[0].name
_TOLERATED = 6.0  # of AICc by which the exact sum may be worse than a formula that does not hold
_WORTH_A_LOOK = 4.0  # of chi^2 that a parabola takes off near the minimum, before it is fitted


@dataclass
class Alternatives:
    """The fits of one curve, and which of them stands.

    Attributes
    ----------
    best : FitResult
    curve : Curve
    sample : Sample
    fixed : mapping
        What the user holds, by name.
    tried : list of FitResult
    rivals : tuple of FitResult
        Those that the data do not rule out beside the best one.
    remarks : list of Remark
        What took the place of what, and why; or why not.
    """

    best: FitResult
    curve: Curve
    sample: Sample
    fixed: Mapping[str, float]
    tried: list[FitResult] = field(default_factory=list)
    rivals: tuple[FitResult, ...] = ()
    remarks: list[Remark] = field(default_factory=list)
    _refused: Remark | None = None

    def look(self) -> None:
        """Try what there is a reason to try."""
        if self._thick():
            return
        if self._beyond(self.best) or self._bends():
            self._exact_sum()
        if self.best.model != self._exact:
            self._richer()
        if self._bends():
            self._background()
        if self._refused is not None and self._beyond(self.best):
            self.remarks.append(self._refused)

    def _thick(self) -> bool:
        """Take the formula for any thickness where the film misses the curve, and so has no L_phi to compare with."""
        first = self.best
        if self.sample.thickness_nm is None or not misses(first):
            return False
        new = self._selected(FAMILIES["thick film"]).best
        if misses(new) or not new["l_phi_nm"].determined or is_film(new, self.part, self.sample):
            return False
        text = f"{first.model} misses the curve; {new.model} describes it: {l_phi_in_words(new)}, and the film is"
        self._take(new, (), Remark("dimension", f"{text} {self.sample.thickness_nm:.4g} nm thick"))
        return True

    @property
    def part(self) -> Curve:
        """The points that were fitted."""
        return refit.fitted_part(self.best, self.curve)

    @property
    def selection(self) -> Selection:
        """The fit that stands, with all that were tried."""
        return Selection(self.best, weighed(self.tried), self.rivals)

    @property
    def _exact(self) -> str | None:
        """The exact sum for such a film."""
        return material(self.sample.material).beyond if moves_in_plane(self.sample) else None

    def _beyond(self, fitted: FitResult) -> bool:
        return film_beyond_diffusion(fitted, self.part, self.sample)

    def _exact_sum(self) -> None:
        """Take the exact sum in place of a formula of diffusion, unless the curve speaks against it."""
        name, first, beyond = self._exact, self.best, self._beyond(self.best)
        if name is None:
            return
        exact = self._fit(name)
        shows = "the film is beyond diffusion" if beyond else "what is beyond diffusion shows in the curve"
        text, worse = f"with l = {exact.values['mean_free_path_nm']:.4g} nm {shows}", exact.aicc - first.aicc
        usable = _usable(exact, self.part, self.sample)
        if not beyond and (misses(exact) or worse > -ASKED_FOR or not usable):
            return
        if worse > _TOLERATED or not usable:
            self._refused = Remark(
                "exact_sum", f"{text}, but {name}, which holds there, describes the curve worse than {first.model} (by "
                f"{worse:.3g} in AICc): check mean_free_path_nm",
            )  # fmt: skip
            return
        if self.sample.thickness_nm is None:
            text += " (if it is thinner than that; otherwise give thickness_nm)"
        found = f"{name} gives {l_phi_in_words(exact)}, {first.model} would give {l_phi_in_words(first)}"
        self._take(exact, (), Remark("exact_sum", f"{text}: {found}"))

    def _richer(self) -> None:
        """Take the slow model of which the quick ones are limits, where they leave more than noise."""
        first = self.best
        for name in self._in_question():
            rich = self._fit(name)
            gain = evidence(first, rich, self.curve)
            if gain > ASKED_FOR and not misses(rich) and _usable(rich, self.part, self.sample):
                text = f"{first.model} leaves more than noise ({l_phi_in_words(first)}); {name} is better by {gain:.3g}"
                self._take(rich, (), Remark("richer", f"{text} in AICc: {l_phi_in_words(rich)}"))

    def _in_question(self) -> tuple[str, ...]:
        """Return the slow models of the material, if the first fit leaves more than noise."""
        first = self.tried[0] if self.best.model not in candidates_for(self.sample) else self.best
        freedom = first.points - first.parameters_free
        more = first.chi2 > freedom + 2 * math.sqrt(2 * freedom)
        return material(self.sample.material).richer if more else ()

    def _bends(self) -> bool:
        """Return whether the curve may hold a parabola besides: it is missed, or near the minimum one would help."""
        # a free prefactor bends like a parabola does: whether there is one is asked of the others too
        return misses(self.best) or max(parabola_gain(one, self.part) for one in self._plain()) > _WORTH_A_LOOK

    def _background(self) -> None:
        """Add a classical magnetoresistance, where it is asked for and leaves L_phi determined."""
        first, names = self.best, (*candidates_for(self.sample), *self._in_question())
        # the exact sum holds in any field, so that no parabola has to stand for what a formula of diffusion misses
        for bases in ([(self._exact,)] if self._exact else []) + [names if first.model in names else (first.model,)]:
            found = self._selected([f"{base}+{KOHLER.name}" for base in bases])
            new, gain = found.best, self._gain(first, found.best)
            wrong = misses(new) or (self._beyond(new) and plain_name(new) != self._exact)
            if wrong or not _usable(new, self.part, self.sample):
                continue
            if gain <= 0:  # not asked for, but not ruled out either
                self.rivals += (new,) * (new.aicc < first.aicc + RIVAL)
            else:
                rivals = [*found.rivals] + [first] * (first.aicc < new.aicc + RIVAL)
                self._take(new, tuple(rivals), Remark("background", self._of_background(first, new)))
            return

    def _gain(self, first: FitResult, new: FitResult) -> float:
        """Return by how much the score with a background is better than it must be."""
        gain = self._better(first, new) + score(first, self.sample) - first.aicc
        gain -= score(new, self.sample) - new.aicc
        # a model that the data must ask for, by 10, has to be so far ahead of those with a background too
        if_asked = material(self.sample.material).if_asked
        return gain if plain_name(first) in if_asked and plain_name(new) not in if_asked else gain - ASKED_FOR

    def _better(self, first: FitResult, new: FitResult) -> float:
        """Return the difference in AICc, for the noise that the points have."""
        return evidence(first, new, self.curve, refit.usual_rise(new, self.part, _K))

    def _of_background(self, first: FitResult, new: FitResult) -> str:
        size = f"{new.values[_K]:.3g}" + (f" +- {new[_K].error:.2g}" if new[_K].error else "")
        better = self._better(first, new)
        why = f"better by {better:.3g} in AICc"
        if better <= 0:  # chosen by the score, in which a fit that no film can have counts less
            why = f"worse by {-better:.3g} in AICc, but {first.model} takes parameters that no film has"
        text = f"the curve asks for a classical magnetoresistance -k B^2, k = {size} G0/T^2 ({why}): {new.model} gives "
        text += f"{l_phi_in_words(new)}, {first.model} without it {l_phi_in_words(first)}"
        if self.sample.mean_free_path_nm is None:
            text += "; what is beyond diffusion begins so too: give mean_free_path_nm to tell them apart"
        return text

    def _plain(self) -> list[FitResult]:
        """Return what stands and, if that is one of the material's quick models, the others."""
        names = candidates_for(self.sample)
        return [one for one in self.tried if one.model in names] if self.best.model in names else [self.best]

    def _selected(self, names: Sequence[str]) -> Selection:
        """Return the selection among models."""
        found = select(
            self.curve, self.sample, models=names, fixed=self._held(*names), window_T=_reach(self.best),
            offset=refit.has_offset(self.best),
        )  # fmt: skip
        self.tried += [candidate.result for candidate in found.candidates]
        return found

    def _fit(self, name: str) -> FitResult:
        found = fit(
            name, self.curve, fixed=self._held(name), window_T=_reach(self.best), offset=refit.has_offset(self.best),
            sample=self.sample,
        )  # fmt: skip
        self.tried.append(found)
        return found

    def _held(self, *models: str) -> dict[str, float]:
        names = {name for model in models for name in MODELS[model].names}
        return {name: value for name, value in self.fixed.items() if name in names}

    def _take(self, found: FitResult, rivals: tuple[FitResult, ...], remark: Remark) -> None:
        self.best, self.rivals = found, rivals
        self.remarks.append(remark)


def _reach(fitted: FitResult) -> float:
    return max(abs(end) for end in fitted.window_T)


def _usable(fitted: FitResult, curve: Curve, sample: Sample) -> bool:
    """Return whether the fit describes a film, its L_phi is determined, and it is a film by that."""
    bad = {remark.code for remark in fitted.remarks} & INADMISSIBLE
    return not bad and fitted["l_phi_nm"].determined and is_film(fitted, curve, sample)


def evidence(first: FitResult, second: FitResult, curve: Curve, usual_rise: float = 1.0) -> float:
    """Return by how much the AICc of the second fit is lower, if what it leaves over is counted as noise.

    Parameters
    ----------
    usual_rise : float
        Of chi^2 for what the second fit has more, by noise alone: above 1 where points are correlated.
    """
    gain = first.aicc - second.aicc
    if curve.error is None:
        return gain
    # structure that no model follows makes every difference of chi^2 large: error bars are not believed there
    widened = max(usual_rise, second.chi2_reduced)
    return gain - (first.chi2 - second.chi2) * (1 - 1 / widened)


def parabola_gain(fitted: FitResult, curve: Curve) -> float:
    """Return by how much a parabola of the classical sign would lower chi^2 near the minimum of a fit.

    Parameters
    ----------
    fitted : FitResult
    curve : Curve
        The points that were fitted. Without error bars, chi^2 counts in the variance of the residuals.
    """
    model = fitted.declared
    derivative = model.derivative(curve.field_T, *fitted.values.values())
    # what is not determined stays: a length at its bound could not go the way that would make up for the parabola
    free = [name for name in fitted.free if fitted[name].determined]
    columns = [derivative[:, model.names.index(name)] * (fitted.values[name] or 1.0) for name in free]
    columns += [np.ones(curve.field_T.size)] if refit.has_offset(fitted) else []
    residual = curve.dsigma - fitted.evaluate(curve.field_T) - fitted.offset
    shape, weight = -np.square(curve.field_T), np.ones(curve.field_T.size)
    if curve.error is None:
        weight /= math.sqrt(fitted.chi2_reduced) or 1.0
    else:
        weight /= curve.error
    basis = np.linalg.qr(np.column_stack(columns) * weight[:, np.newaxis])[0]
    shape, residual = shape * weight, residual * weight
    shape = shape - basis @ (basis.T @ shape)
    overlap = float(shape @ residual)
    return max(overlap, 0.0) ** 2 / max(float(shape @ shape), 1e-300)
