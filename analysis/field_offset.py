"""What a wrong zero field does to L_phi.

A curve that was measured on both sides is symmetrized about the zero that was found: a zero that is wrong by d makes
[f(B + d) + f(B - d)]/2 of it, a rounded cusp. A curve of one sign of field is shifted as a whole, f(B + d). What either
change does to the fitted L_phi follows from the fit's own derivatives, to first order in the change.
"""

from __future__ import annotations

import math

import numpy as np

from analysis import refit
from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.model import Remark

FRACTION = 0.2
"""Of B_phi: a zero field that is less certain than that is spoken of. The rounding then is 1 % of L_phi."""

_STEP = 0.05  # of B_phi, by which a curve of one sign is shifted


def remarks(
    fitted: FitResult | None, curve: Curve | None, error_T: float | None, *, one_sign: bool, odd: bool
) -> list[Remark]:
    """Return what is to be said of L_phi where zero field is not well known.

    Parameters
    ----------
    fitted : FitResult or None
    curve : Curve or None
        The curve that it is a fit of.
    error_T : float or None
        Standard error of the zero field [T].
    one_sign : bool
        There is one sign of field only, and nobody has said what the magnet reads at zero.
    odd : bool
        An odd structure makes that error.
    """
    if fitted is None or curve is None or "l_phi_nm" not in fitted.free or not fitted["l_phi_nm"].determined:
        return []
    b_phi = field_of_length(1e-9 * fitted.values["l_phi_nm"])
    part = refit.fitted_part(fitted, curve)
    if one_sign:
        step = _STEP * b_phi
        change = _change(fitted, part, fitted.evaluate(part.field_T + step) - fitted.evaluate(part.field_T)) / step
        per_mT = 1e-3 * change * fitted.values["l_phi_nm"]
        text = f"one sign of field only: every mT by which zero field is off changes L_phi by {abs(per_mT):.3g} nm"
        return [Remark("offset_effect", f"{text}; sweep through zero, or say what the magnet reads there")]
    if error_T is None or error_T < FRACTION * b_phi:
        return []
    rounded = (fitted.evaluate(part.field_T + error_T) + fitted.evaluate(part.field_T - error_T)) / 2
    change = 100 * abs(_change(fitted, part, rounded - fitted.evaluate(part.field_T)))
    known = f"zero field is known to {1e3 * error_T:.2g} mT only, {error_T / b_phi:.2g} B_phi"
    remedy = "take the offset from a sample without the odd signal, or from a Hall probe" if odd else "take finer steps"
    return [Remark("offset_effect", f"{known}: L_phi is {change:.2g} % off for that; {remedy}")]


def _change(fitted: FitResult, part: Curve, change: np.ndarray) -> float:
    """Return by how much ln L_phi follows a change of the curve, shape (n,) [G0], what is not determined being held."""
    derivative = fitted.declared.derivative(part.field_T, *fitted.values.values())
    names = [name for name in fitted.free if fitted[name].determined]
    columns = [
        derivative[:, fitted.declared.names.index(name)] * (fitted.values[name] if fitted.declared[name].log else 1.0)
        for name in names
    ]
    if refit.has_offset(fitted):
        columns.append(np.ones(part.field_T.size))
    weight = np.ones(part.field_T.size) if part.error is None else 1 / part.error
    design = np.column_stack(columns) * weight[:, np.newaxis]
    moved = np.linalg.lstsq(design, change * weight, rcond=None)[0]
    found = float(moved[names.index("l_phi_nm")])
    return found if math.isfinite(found) else 0.0
