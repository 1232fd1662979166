"""Knap et al.: Rashba, linear and cubic Dresselhaus splitting together, up to the persistent spin helix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.channels import FIELD_NM2, thinned
from analysis.closed_start import closed_start
from analysis.curve import Curve
from analysis.model import Model, Parameter, Remark, Starts
from analysis.models.rashba import L_PHI, RASHBA_CUBIC, linear_splitting
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.spin_matrix import triplet_curve

USUAL_DRESSELHAUS_NM, USUAL_CUBIC_NM = 300.0, 700.0
_TRIED = 0.7, 2.0, 6.0  # times B_phi: with less Rashba splitting, a start lies where the curve is flat in it
_NEAR_HELIX = 1.6  # ratio of the two lengths
_ON_HELIX = 0.02  # of the ratio less 1: there both sides are one

L_RASHBA = Parameter(
    "l_rashba_nm", "nm", 10.0, 1e6, "length of one radian of precession, hbar^2/(2 m alpha_R)", shared=True
)
L_DRESSELHAUS = Parameter(
    "l_dresselhaus_nm", "nm", 10.0, 1e6, "the same of the linear Dresselhaus splitting, hbar^2/(2 m beta)",
    known=True, shared=True, default=USUAL_DRESSELHAUS_NM,
)  # fmt: skip
L_CUBIC = Parameter(
    "l_cubic_nm", "nm", 10.0, 1e6, "spin length of the cubic splitting, (2 Omega_3^2 tau_3/D)^(-1/2)",
    known=True, shared=True, default=USUAL_CUBIC_NM,
)  # fmt: skip

PARAMETERS = (L_PHI, L_RASHBA, L_DRESSELHAUS, L_CUBIC)


def _both(field_T: np.ndarray, *lengths_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma = (triplet - F(B, B_phi))/2 and its derivative by the four lengths."""
    lengths = np.array(lengths_nm)
    b = FIELD_NM2 / lengths**2
    value, derivative = triplet_curve(np.abs(field_T), *b.tolist())
    derivative *= -b / lengths
    singlet, slope = cooperon(field_T, b[:1])
    derivative[:, 0] += slope[0] / lengths[0]
    return (value - singlet[0]) / 2, derivative


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start near where the closed form, which knows one linear splitting only, fits best, less what is known."""
    known = {L_DRESSELHAUS.name: USUAL_DRESSELHAUS_NM, L_CUBIC.name: USUAL_CUBIC_NM, **held}
    b_dresselhaus = FIELD_NM2 / known[L_DRESSELHAUS.name] ** 2
    closed = {name: known[name] for name in (L_PHI.name, L_CUBIC.name) if name in known}
    if L_RASHBA.name in known:
        b_rashba = FIELD_NM2 / known[L_RASHBA.name] ** 2
        closed[L_RASHBA.name] = float(np.sqrt(FIELD_NM2 / (b_rashba + b_dresselhaus)))
    found = closed_start(RASHBA_CUBIC, curve, closed)
    b_phi, b_linear = (FIELD_NM2 / found[name] ** 2 for name in (L_PHI.name, L_RASHBA.name))
    field, dsigma = thinned(curve)
    starts, misfit = [], []
    for b_rashba in sorted({max(b_linear - b_dresselhaus, _TRIED[0] * b_phi), *(factor * b_phi for factor in _TRIED)}):
        length = float(np.clip(np.sqrt(FIELD_NM2 / b_rashba), L_RASHBA.lower, L_RASHBA.upper))
        start = {**known, L_PHI.name: found[L_PHI.name], L_RASHBA.name: length, **held}
        starts.append({name: value for name, value in start.items() if name not in held})
        misfit.append((dsigma - _both(field, *(start[parameter.name] for parameter in PARAMETERS))[0]).var())
    return (starts[int(np.argmin(misfit))],)


def _twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return the other side of the spin helix: there a little more Rashba splitting looks like a little less."""
    ratio = values[L_DRESSELHAUS.name] / values[L_RASHBA.name]
    if not 1 / _NEAR_HELIX < ratio < _NEAR_HELIX or abs(ratio - 1) < _ON_HELIX:
        return {}
    return {**values, L_RASHBA.name: values[L_DRESSELHAUS.name] * ratio}


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = RASHBA_CUBIC.validity(values, curve, sample)
    for name, usual in ((L_DRESSELHAUS.name, USUAL_DRESSELHAUS_NM), (L_CUBIC.name, USUAL_CUBIC_NM)):
        if values[name] == usual:
            remarks.append(Remark(
                "dresselhaus_assumed",
                f"nobody gave {name}: {usual:.4g} nm is assumed, as in a GaAs well some 8 nm wide, and l_rashba_nm "
                "depends on it; hold it at what band theory gives for your well: a curve hardly tells splittings apart",
            ))  # fmt: skip
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Return that a splitting much weaker than dephasing, or stronger than the field, shows no more than that."""
    b_phi, b_max = FIELD_NM2 / values["l_phi_nm"] ** 2, float(np.abs(curve.field_T).max())
    sides = {}
    for name in (L_RASHBA.name, L_DRESSELHAUS.name, L_CUBIC.name):
        b_so = FIELD_NM2 / values[name] ** 2
        if b_so < 0.3 * b_phi or b_so > b_max:
            sides[name] = "lower" if b_so < 0.3 * b_phi else "upper"
    return sides


RASHBA_DRESSELHAUS = Model(
    name="rashba_dresselhaus",
    title="Rashba, linear and cubic Dresselhaus splitting together: 3 x 3 level matrices",
    derived=linear_splitting,
    source="W. Knap et al., Phys. Rev. B 53, 3912 (1996), doi:10.1103/PhysRevB.53.3912",
    parameters=PARAMETERS,
    both=_both,
    guess=_guess,
    validity=_validity,
    out_of_reach=_out_of_reach,
    twin=_twin,
)
"""Rashba and linear Dresselhaus enter alike: with the two lengths interchanged the curve is the same. The material
fixes the Dresselhaus lengths, so they are held unless a fit is given a start for them."""
