"""What is looked at once a sweep is complete: other formulas, field window, dimension, structure that comes again.

The live fit takes a model at its word. Here it is asked whether it holds beyond diffusion and without a background,
whether its L_phi depends on the window, whether it is the one of the film's dimension, and whether its residuals are
noise; where one of them says no, the fit is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis import refit
from analysis.alternative import Alternatives
from analysis.curve import Curve
from analysis.dimension import DimensionCheck, check_dimension
from analysis.estimate import FitResult
from analysis.fit import fit
from analysis.fluctuations import TreatedFit, fit_symmetrized
from analysis.model import Remark
from analysis.sample import Sample
from analysis.selection import Selection
from analysis.window import WindowScan, scan_windows

_EXCLUDED = 16.0
"""Rise of chi^2 of a narrower window at the L_phi of the whole curve, for that window to be taken: four standard
errors, since the worst of eight windows is looked at. A covariance would not do: where L_phi and another length can
hardly be told apart, chi^2 has a second valley at a distance of many of its standard errors."""
_MATTERS = 1.3
"""Times by which correlated structure must enlarge the error of L_phi to be worth a word."""


@dataclass(frozen=True, eq=False)
class Examination:
    """What was found, and the fit that stands after it.

    Attributes
    ----------
    fit : FitResult
        The first fit, or the one that took its place.
    window : WindowScan or None
        None where L_phi was not fitted.
    dimension : DimensionCheck or None
        None for a model without L_phi.
    fluctuations : TreatedFit or None
        None where the dimension was wrong: then structure is no fluctuation.
    narrowed : bool
        The fit is that of a narrower window.
    alternatives : Alternatives or None
        Other formulas that were tried; None where the model was asked for by name.
    """

    fit: FitResult
    window: WindowScan | None = None
    dimension: DimensionCheck | None = None
    fluctuations: TreatedFit | None = None
    narrowed: bool = False
    alternatives: Alternatives | None = None

    @property
    def selection(self) -> Selection | None:
        """All models that were tried on the curve, and the fit; beside one of another window or dimension no rivals."""
        if self.alternatives is None:
            return None
        tried = self.alternatives.selection
        return tried if tried.best is self.fit else replace(tried, best=self.fit, rivals=())

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that was found, in words."""
        window = self.window.sentence if self.window else ""
        structure = self.fluctuations.fluctuations.sentence if self.fluctuations else ""
        dimension = self.dimension.sentence if self.dimension else ""
        others = [remark.message for remark in self.alternatives.remarks] if self.alternatives else []
        return tuple(filter(None, (*others, window, dimension, structure)))

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What the user must know: whatever has changed the fit, or would have."""
        remarks = list(self.alternatives.remarks) if self.alternatives else []
        remarks += self.dimension.remarks if self.dimension else ()
        if self.narrowed and self.window is not None:
            remarks.append(Remark("window", self.window.sentence))
        if self.dimension and (self.dimension.refitted or not self.dimension.settled):
            remarks.append(Remark("dimension", self.dimension.sentence))
        if self.fluctuations is not None and self.fluctuations.fit is self.fit:
            remarks.append(Remark("fluctuations", self.fluctuations.fluctuations.sentence))
        return tuple(remarks)


def examine(
    fitted: FitResult | Selection, curve: Curve, sample: Sample, *, may_replace: bool, window_given: bool = False,
    fixed: Mapping[str, float] | None = None,
) -> Examination:  # fmt: skip
    """Examine the fit of a complete sweep.

    Parameters
    ----------
    fitted : FitResult or Selection
    curve : Curve
        The whole curve that it is a fit of.
    sample : Sample
    may_replace : bool
        The model was not asked for by name, so that another may take its place.
    window_given : bool
        The window was, and stays.
    fixed : mapping, optional
        Parameters that the user holds, in whatever model has them.
    """
    first = fitted.best if isinstance(fitted, Selection) else fitted
    if "l_phi_nm" not in first.values:
        return Examination(first)
    others = None
    if may_replace and "l_phi_nm" in first.free:
        tried = [candidate.result for candidate in fitted.candidates] if isinstance(fitted, Selection) else [first]
        rivals = fitted.rivals if isinstance(fitted, Selection) else ()
        others = Alternatives(first, curve, sample, fixed or {}, tried, rivals)
        others.look()
    return _examined(others.best if others else first, curve, sample, may_replace, window_given, others)


def _examined(
    fitted: FitResult, curve: Curve, sample: Sample, may_replace: bool, window_given: bool, others: Alternatives | None
) -> Examination:
    """Examine window, dimension and residuals of the fit that stands so far."""
    scan, narrowed = None, fitted
    if "l_phi_nm" in fitted.free:
        scan = scan_windows(fitted, curve, sample)
        narrowed = fitted if window_given else _within(fitted, curve, scan, sample)
    dimension = check_dimension(narrowed, curve, sample)
    if dimension.refitted:
        best = dimension.best if may_replace else narrowed
        return Examination(best, scan, dimension, None, narrowed is not fitted, others)
    treated = fit_symmetrized(narrowed, curve, sample) if "l_phi_nm" in fitted.free else None
    last = _treated(narrowed, treated)
    return Examination(last, scan, dimension, treated, narrowed is not fitted, others)


def _within(fitted: FitResult, curve: Curve, scan: WindowScan, sample: Sample) -> FitResult:
    """Return the fit in the chosen window, where that is narrower than the curve and gives another L_phi."""
    if scan.chosen is None or scan.chosen == len(scan.windows) - 1:
        return fitted
    held = {name: fitted.values[name] for name in fitted.declared.names if name not in fitted.free}
    narrow = fit(fitted.declared, curve, fixed=held, window_T=scan.windows[scan.chosen].limit_T, sample=sample)
    if fitted["l_phi_nm"].value is None or narrow["l_phi_nm"].value is None:
        return fitted
    return narrow if _rise(narrow, fitted, curve) > _EXCLUDED else fitted


def _rise(narrow: FitResult, whole: FitResult, curve: Curve) -> float:
    """Return by how much chi^2 in the narrow window rises where L_phi is that of the whole curve."""
    part = refit.fitted_part(narrow, curve)
    task = refit.task(narrow, part, start=whole.values)
    held = task.problem.minimise(task.starts()[0], held=(task.places[0]["l_phi_nm"],))
    rise = (held.chi2 - narrow.chi2) / (narrow.chi2_reduced if curve.error is None else 1.0)
    return rise / refit.usual_rise(narrow, part, "l_phi_nm")


def _treated(fitted: FitResult, treated: TreatedFit | None) -> FitResult:
    """Return the fit with structure as correlated error, where that changes what is said of L_phi."""
    if treated is None or treated.fit is None:
        return fitted
    first, second = fitted["l_phi_nm"], treated.fit["l_phi_nm"]
    if first.value is None or second.value is None or not first.error or not second.error:
        return treated.fit
    matters = second.error > _MATTERS * first.error or abs(second.value - first.value) > first.error
    return treated.fit if matters else fitted
