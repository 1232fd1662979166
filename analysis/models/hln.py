"""Hikami, Larkin, Nagaoka: the diffusive film, with one channel, and with spin-orbit and magnetic scattering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.channels import FIELD_NM2, channel_model, thinned, trial_fields
from analysis.curve import Curve
from analysis.film import diffusive_film, elastic_length
from analysis.model import Model, Parameter, Remark, Starts
from analysis.models.graphene import GRAPHENE_SO
from analysis.sample import Sample
from analysis.special import cooperon, rough_cooperon

SOURCE = "S. Hikami, A. I. Larkin, Y. Nagaoka, Prog. Theor. Phys. 63, 707 (1980), doi:10.1143/PTP.63.707"

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
ALPHA = Parameter(
    "alpha", "", -5.0, 5.0, "prefactor: +1 orthogonal (WL), 0 unitary, -1/2 symplectic (WAL)", log=False,
    prefactor=True,
)  # fmt: skip
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so)", shared=True)
L_E = Parameter(
    "l_e_nm", "nm", 1e-3, 1e5, "elastic length sqrt(D tau) = l/sqrt(2); 1e-3 nm leaves it out",
    known=True, shared=True, default=1e-3,
)  # fmt: skip

FEW_CHANNELS = 1.2
"""|alpha| above which one channel is not enough: loop corrections and errors stay below."""


def _one_term(field_T: np.ndarray, alpha: float, l_phi_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma = alpha F(B, B_phi) and its derivative by alpha and L_phi."""
    value, slope = cooperon(field_T, np.array([FIELD_NM2 / l_phi_nm**2]))
    derivative = np.empty((value.shape[1], 2))
    derivative[:, 0] = value[0]
    derivative[:, 1] = slope[0] * (-2 * alpha / l_phi_nm)
    return alpha * value[0], derivative


def _one_term_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try L_phi on a grid, alpha and offset by linear regression."""
    field, dsigma = thinned(curve)
    if "l_phi_nm" in held:
        grid = np.array([FIELD_NM2 / held["l_phi_nm"] ** 2])
    else:
        grid = trial_fields(field)
    shapes = rough_cooperon(field, grid)
    norm = (shapes**2).sum(axis=1) - shapes.sum(axis=1) ** 2 / field.size
    overlap = shapes @ (dsigma - dsigma.mean())
    alpha = np.full(grid.size, held["alpha"]) if "alpha" in held else overlap / norm
    misfit = alpha * (alpha * norm - 2 * overlap)
    best = int(np.argmin(misfit))
    l_phi = np.sqrt(FIELD_NM2 / grid[best])
    if 0 < best < grid.size - 1:
        # the vertex of the parabola through the three lowest points lies much nearer than the grid is fine
        below, here, above = misfit[best - 1 : best + 2]
        shift = (below - above) / (2 * (below - 2 * here + above))
        l_phi *= (grid[best] / grid[best + 1]) ** (shift / 2)
    return ({"alpha": float(np.clip(alpha[best], -3, 3)), "l_phi_nm": float(l_phi)},)


def _one_term_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    b_phi, b_max = FIELD_NM2 / values["l_phi_nm"] ** 2, np.abs(curve.field_T).max()
    if b_max < 10 * b_phi:
        remarks.append(Remark(
            "field_range",
            f"the field ends at {b_max:.3g} T = {b_max / b_phi:.2g} B_phi: below 10 B_phi alpha and L_phi are hardly "
            f"told apart; go to {10 * b_phi:.2g} T or fix alpha",
        ))  # fmt: skip
    if abs(values["alpha"]) > FEW_CHANNELS:
        remarks.append(Remark(
            "alpha_range",
            f"alpha = {values['alpha']:.3g}: one channel gives between -1/2 and 1; several channels, a wrong "
            "geometry factor or a classical magnetoresistance are likely",
        ))  # fmt: skip
    return remarks


HLN = Model(
    name="hln",
    title="HLN, one term: alpha F(B, B_phi)",
    source=SOURCE,
    parameters=(ALPHA, L_PHI),
    both=_one_term,
    guess=_one_term_guess,
    validity=_one_term_validity,
)


def _full_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    b_so, b_e = (FIELD_NM2 / values[name] ** 2 for name in ("l_so_nm", "l_e_nm"))
    if b_so > 0.1 * b_e:
        remarks.append(Remark(
            "strong_spin_orbit",
            f"L_so = {values['l_so_nm']:.3g} nm is near the elastic length: spin-orbit scattering is not weak",
        ))  # fmt: skip
    return remarks


def _full_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """L_so shows only where 0.3 B_phi < B_so < B_max: outside a curve holds a bound on one side."""
    b_phi, b_so = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_so_nm"))
    if b_so < 0.3 * b_phi:
        return {"l_so_nm": "lower"}
    return {"l_so_nm": "upper"} if b_so > np.abs(curve.field_T).max() else {}


HLN_FULL = channel_model(
    name="hln_full",
    title="HLN with isotropic spin-orbit scattering: -F(B_e) + 3/2 F(B_phi + 4/3 B_so) - 1/2 F(B_phi)",
    source=SOURCE,
    parameters=(L_PHI, L_SO, L_E),
    weights=(-1.0, 1.5, -0.5),
    rates=((0, 0, 1), (1, 4 / 3, 0), (1, 0, 0)),
    validity=_full_validity,
    known=elastic_length,
    out_of_reach=_full_out_of_reach,
)


HLN_DP = channel_model(
    name="hln_dp",
    title="HLN with in-plane spin-orbit fields: -F(B_e) + F(B_phi + B_so) + 1/2 F(B_phi + 2 B_so) - 1/2 F(B_phi)",
    source=SOURCE,
    parameters=(
        L_PHI,
        replace(L_SO, meaning="spin-orbit length sqrt(D tau_so), tau_so the relaxation time of an in-plane spin"),
        L_E,
    ),
    weights=(-1.0, 1.0, 0.5, -0.5),
    rates=((0, 0, 1), (1, 1, 0), (1, 2, 0), (1, 0, 0)),
    validity=_full_validity,
    known=elastic_length,
    out_of_reach=_full_out_of_reach,
)
"""The spin-orbit field lies in the plane of the band and its precession is cubic only; a linear (Rashba) term needs
the models of `rashba`: this one would give its L_so twice too long."""


LEFT_OUT_NM = 1e6
"""A scattering length so long that the scattering is left out."""

L_S = Parameter(
    "l_s_nm", "nm", 1.0, LEFT_OUT_NM, "magnetic scattering length sqrt(D tau_s); 1e6 nm leaves it out",
    known=True, shared=True, default=LEFT_OUT_NM,
)  # fmt: skip


def _magnetic_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    b_phi, b_so, b_s = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_so_nm", "l_s_nm"))
    # what a curve shows as L_phi is the length over which the singlet lives
    seen = float(np.sqrt(FIELD_NM2 / (b_phi + 2 * b_s)))
    text = (
        f"L_s = {values['l_s_nm']:.3g} nm is one of three lengths of which a curve holds two combinations: "
        f"1/L_phi^2 + 2/L_s^2 = 1/({seen:.3g} nm)^2 and 1/L_so^2 - 1/L_s^2; hold L_s or L_phi at what is known of it"
    )
    remarks = [*diffusive_film(seen, curve, sample), Remark("magnetic", text)]
    if max(b_so, b_s) > 0.1 * FIELD_NM2 / values["l_e_nm"] ** 2:
        text = f"L_so = {values['l_so_nm']:.3g} nm or L_s = {values['l_s_nm']:.3g} nm is near the elastic length"
        remarks.append(Remark("strong_spin_orbit", f"{text}: spin scattering is not weak"))
    return remarks


def _magnetic_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """L_so shows only where it changes the triplet, B_so > 0.3 (B_phi + 2/3 B_s), and B_so < B_max."""
    b_phi, b_so, b_s = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_so_nm", "l_s_nm"))
    if b_so < 0.3 * (b_phi + 2 / 3 * b_s):
        return {"l_so_nm": "lower"}
    return {"l_so_nm": "upper"} if b_so > np.abs(curve.field_T).max() else {}


HLN_MAGNETIC = channel_model(
    name="hln_magnetic",
    title="HLN, isotropic spin-orbit and magnetic scattering: -F(B_e) + 3/2 F(B_phi + 4/3 B_so + 2/3 B_s) "
    "- 1/2 F(B_phi + 2 B_s)",
    source=SOURCE,
    parameters=(L_PHI, L_SO, L_S, L_E),
    weights=(-1.0, 1.5, -0.5),
    rates=((0, 0, 0, 1), (1, 4 / 3, 2 / 3, 0), (1, 0, 2, 0)),
    validity=_magnetic_validity,
    known=elastic_length,
    out_of_reach=_magnetic_out_of_reach,
)
"""Unitary for B_s >> B. L_phi, L_so and L_s enter by two combinations at every temperature, so that L_s is held unless
a start is given for it; then a fit says of each what bound the other two leave."""


def _general_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    rates = {name: FIELD_NM2 / values[name] ** 2 for name in HLN_GENERAL.names}
    singlet = rates["l_phi_nm"] + 4 * rates["l_s_x_nm"] + 2 * rates["l_s_z_nm"]
    remarks = diffusive_film(float(np.sqrt(FIELD_NM2 / singlet)), curve, sample)
    strongest = max((name for name in HLN_GENERAL.names[1:-1]), key=rates.__getitem__)
    if rates[strongest] > 0.1 * rates["l_e_nm"]:
        text = f"{strongest} = {values[strongest]:.3g} is near the elastic length: spin scattering is not weak"
        remarks.append(Remark("strong_spin_orbit", text))
    return remarks


def _general_twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return where the two triplets have changed sides: the curve is that of graphene with B_asy, B_sym = 2 B_so."""
    half = {"l_asy_nm": values["l_so_x_nm"] / 2**0.5, "l_sym_nm": values["l_so_z_nm"] / 2**0.5}
    other = GRAPHENE_SO.twin({"l_phi_nm": values["l_phi_nm"], **half})
    if not other:
        return {}
    return {**values, "l_so_x_nm": other["l_asy_nm"] * 2**0.5, "l_so_z_nm": other["l_sym_nm"] * 2**0.5}


def _scattering(name: str, meaning: str, **kind: Any) -> Parameter:
    return Parameter(name, "nm", 1.0, LEFT_OUT_NM, meaning, shared=True, **kind)


HLN_GENERAL = channel_model(
    name="hln_general",
    title="HLN, spin scattering by components: -F(B_e) + F(B_1) + 1/2 F(B_0) - 1/2 F(B_S), "
    "B_1 = B_phi + 2 B_so^x + 2 B_so^z + 2 B_s^x, B_0 = B_phi + 4 B_so^x + 2 B_s^z, "
    "B_S = B_phi + 4 B_s^x + 2 B_s^z",
    source=SOURCE,
    parameters=(
        L_PHI,
        _scattering("l_so_x_nm", "spin-orbit length of either in-plane component of the spin"),
        _scattering("l_so_z_nm", "spin-orbit length of the component normal to the film"),
        _scattering("l_s_x_nm", "magnetic length, in-plane; 1e6 nm leaves it out", known=True, default=LEFT_OUT_NM),
        _scattering("l_s_z_nm", "magnetic length, normal; 1e6 nm leaves it out", known=True, default=LEFT_OUT_NM),
        L_E,
    ),
    weights=(-1.0, 1.0, 0.5, -0.5),
    rates=((0, 0, 0, 0, 0, 1), (1, 2, 2, 2, 0, 0), (1, 4, 0, 0, 2, 0), (1, 0, 0, 4, 2, 0)),
    validity=_general_validity,
    known=elastic_length,
    twin=_general_twin,
)
"""B_so^x = B_so^z = B_so/3 is `hln_magnetic`, B_so^x = B_so/2 and B_so^z = 0 is `hln_dp`; B_so^z alone gives no curve,
and no antilocalization."""
