"""What to do next with a sweep, in one concrete sentence: a field, a step, a time."""

from __future__ import annotations

import numpy as np

from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.fit import FitResult
from analysis.model import Remark

RANGE_B_PHI = 10.0
"""Below this many B_phi, alpha (or L_so) and L_phi are hardly told apart."""

GOOD_ENOUGH = 0.05
"""Relative error of L_phi that needs no advice."""


def advice(curve: Curve | None, fitted: FitResult | None, reason: str, remarks: tuple[Remark, ...], final: bool) -> str:
    """Return what would give (a better) L_phi, "" where nothing is wanting.

    Parameters
    ----------
    curve : Curve or None
    fitted : FitResult or None
    reason : str
        Why there is no curve or no fit.
    remarks : tuple of Remark
        Of the reduction.
    final : bool
        The sweep is complete. While it runs, the fields to come are not asked for.
    """
    if curve is None or fitted is None:
        return reason
    if any(remark.code == "one_sign" for remark in remarks):
        wait = "until the sweep has passed zero" if not final else "until it is swept through zero, both signs"
        return f"one sign of field only: the field offset is not known and L_phi is not reliable {wait}"
    if "l_phi_nm" not in fitted.values:
        return ""
    return _for_l_phi(curve, fitted, final)


def _for_l_phi(curve: Curve, fitted: FitResult, final: bool) -> str:
    estimate = fitted["l_phi_nm"]
    b_phi = field_of_length(1e-9 * fitted.values["l_phi_nm"])
    reach = float(np.abs(curve.field_T).max())
    near = np.sort(np.abs(curve.field_T))[: min(9, len(curve.field_T))]
    step = float(near[-1] - near[0]) / 4 if len(near) > 1 else reach
    if estimate.fixed or (estimate.determined and not final):
        return ""
    beginning = "" if estimate.determined else "L_phi is not determined: "
    if step > b_phi and reach > RANGE_B_PHI * b_phi:
        fine = max(b_phi, step / 20)
        return (
            f"{beginning}field steps of {_field(step)} are wider than B_phi = {_field(b_phi)}: "
            f"take steps of {_field(fine / 2)} within {_field(10 * fine)} of zero"
        )
    if reach < RANGE_B_PHI * b_phi and final:
        return f"{beginning}field range below 10 B_phi: go to {RANGE_B_PHI * b_phi:.2g} T"
    if not estimate.determined:
        remedy = "average longer, or take more current if it does not heat" if final else "wait for more points"
        return f"{beginning}it is lost in the noise; {remedy}"
    error = (estimate.error or 0.0) / (estimate.value or 1.0)
    if error > GOOD_ENOUGH and "l_so_nm" in fitted.values and not fitted["l_so_nm"].determined:
        return (
            f"L_phi is known to {100 * error:.0f} %, because L_so is not: hold l_so_nm at what a colder sweep gives, "
            "or fit the one-term model if the film has no spin-orbit scattering"
        )
    if error > GOOD_ENOUGH:
        times = (error / GOOD_ENOUGH) ** 2
        remedy = f"measure {times:.2g} times longer, or with {times**0.5:.2g} times the current"
        return f"L_phi is known to {100 * error:.0f} %; for {100 * GOOD_ENOUGH:.0f} % {remedy}"
    return ""


def _field(value_T: float) -> str:
    return f"{1e3 * value_T:.2g} mT" if value_T < 0.1 else f"{value_T:.2g} T"
