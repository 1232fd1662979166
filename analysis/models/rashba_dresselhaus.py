"""Knap et al.: Rashba, linear and cubic Dresselhaus splitting together, up to the persistent spin helix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
TRIED = np.array([0.12, 0.35, 0.9])
"""Length of the difference over L_phi, where a search starts; with less Rashba splitting, L_D over L_R."""
_HELIX = 100.0  # length of the difference over L_D: beyond, nothing is seen of it
_NEAR_HELIX = 0.3  # logarithm of the ratio of the two lengths
_MUCH_WORSE = 50.0  # of chi^2, or what it would be: that side of the helix is not looked at again

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
L_DIFFERENCE = Parameter(
    "l_difference_nm", "nm", 20.0, 3e4, "length over which spins of the helix turn by a radian, 1/|1/L_R - 1/L_D|",
    shared=True,
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
    """Start where the curve fits best on either side of the spin helix, L_Phi near that of the closed form.

    About the helix the curve depends on the square of 1/L_R - 1/L_D: in L_R a search would creep. The starts are
    therefore minima already, found in the length of that difference.
    """
    known = with_phase_length(curve, held)
    starts = [known] if L_RASHBA.name in held else [_on_side(side, curve, known, held) for side in (1, -1)]
    misfit = [_misfit(curve, start) for start in starts]
    order = np.argsort(misfit, kind="stable").tolist()
    most = misfit[order[0]] * (1 + _MUCH_WORSE / curve.field_T.size)
    chosen = [i for i in order if misfit[i] <= most]
    return tuple({name: value for name, value in starts[i].items() if name not in held} for i in chosen)


def with_phase_length(curve: Curve, held: Mapping[str, float]) -> dict[str, float]:
    """Return what is known of the lengths, or usual, and the L_Phi of the closed form."""
    known = {L_DRESSELHAUS.name: USUAL_DRESSELHAUS_NM, L_CUBIC.name: USUAL_CUBIC_NM, **held}
    closed = {name: known[name] for name in (L_PHI.name, L_CUBIC.name) if name in known}
    if L_RASHBA.name in known:
        both = FIELD_NM2 / known[L_RASHBA.name] ** 2 + FIELD_NM2 / known[L_DRESSELHAUS.name] ** 2
        closed[L_RASHBA.name] = float(np.sqrt(FIELD_NM2 / both))
    return {**known, L_PHI.name: closed_start(RASHBA_CUBIC, Curve(*thinned(curve)), closed)[L_PHI.name]}


def _misfit(curve: Curve, values: Mapping[str, float]) -> float:
    """Return the mean square of what is left of a curve, weighted, the best offset taken out."""
    left = curve.dsigma - _both(curve.field_T, *(values[parameter.name] for parameter in PARAMETERS))[0]
    weight = np.ones(left.size) if curve.error is None else 1 / curve.error**2
    left -= (weight @ left) / weight.sum()
    return float(weight @ left**2) / left.size


def _on_side(side: int, curve: Curve, known: Mapping[str, float], held: Mapping[str, float]) -> dict[str, float]:
    """Return the lengths at the minimum with more (side 1) or less (-1) Rashba than Dresselhaus splitting."""
    l_dresselhaus = known[L_DRESSELHAUS.name]
    # without Rashba splitting the difference is 1/L_D
    lower = L_DIFFERENCE.lower if side > 0 else l_dresselhaus * (1 + 1e-3)
    difference = replace(L_DIFFERENCE, lower=lower, upper=_HELIX * l_dresselhaus)
    tried = known[L_PHI.name] * TRIED if side > 0 else l_dresselhaus / (1 - TRIED)
    start = nearest_difference(side, difference, tried, curve, known)
    fixed = {name: known[name] for name in known if name != L_PHI.name or name in held}
    model = in_the_difference(side, difference)
    found = closed_start(replace(model, guess=lambda curve, held: (start,)), curve, fixed)
    return {**known, L_PHI.name: found[L_PHI.name], L_RASHBA.name: _rashba(side, found[difference.name], l_dresselhaus)}


def nearest_difference(
    side: int, difference: Parameter, tried_nm: np.ndarray, curve: Curve, known: Mapping[str, float]
) -> dict[str, float]:
    """Return L_Phi, which is known, and that of some lengths of the difference with which a curve fits best."""
    thin = Curve(*thinned(curve))
    lengths = np.clip(tried_nm, difference.lower, difference.upper).tolist()
    rashba = [_rashba(side, length, known[L_DRESSELHAUS.name]) for length in lengths]
    misfit = [_misfit(thin, {**known, L_RASHBA.name: length}) for length in rashba]
    return {L_PHI.name: known[L_PHI.name], difference.name: lengths[int(np.argmin(misfit))]}


def _rashba(side: int, difference_nm: float, l_dresselhaus_nm: float) -> float:
    """Return L_R of a difference."""
    length = 1 / (1 / l_dresselhaus_nm + side / difference_nm)
    return float(np.clip(length, L_RASHBA.lower, L_RASHBA.upper))


def in_the_difference(side: int, difference: Parameter) -> Model:
    """Return the model with the length of 1/L_R - 1/L_D in place of L_R, on one side of the helix."""

    def to_own(l_phi: float, length: float, l_dresselhaus: float, l_cubic: float) -> tuple[list[float], np.ndarray]:
        l_rashba = 1 / (1 / l_dresselhaus + side / length)
        jacobian = np.eye(4)
        jacobian[1, 1:3] = side * (l_rashba / length) ** 2, (l_rashba / l_dresselhaus) ** 2
        return [l_phi, l_rashba, l_dresselhaus, l_cubic], jacobian

    parameters = (L_PHI, difference, L_DRESSELHAUS, L_CUBIC)
    return RASHBA_DRESSELHAUS.in_terms_of(parameters, to_own, lambda own, held: {})


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = RASHBA_CUBIC.validity(values, curve, sample)
    ratio = values[L_RASHBA.name] / values[L_DRESSELHAUS.name]
    if abs(np.log(ratio)) < _NEAR_HELIX:
        remarks.append(Remark(
            "near_helix",
            f"l_rashba_nm is {ratio:.3g} times l_dresselhaus_nm, near the spin helix, where the curve hardly depends "
            "on which is the longer: the model spin_helix fits their difference",
        ))  # fmt: skip
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
)
"""Rashba and linear Dresselhaus enter alike: with the two lengths interchanged the curve is the same. The material
fixes the Dresselhaus lengths, so they are held unless a fit is given a start for them."""
