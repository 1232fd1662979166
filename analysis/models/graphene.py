"""McCann, Fal'ko, Kechedzhi: graphene with its valleys, one layer and two, and graphene with spin-orbit coupling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.channels import FIELD_NM2, channel_model
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Parameter, Remark
from analysis.sample import Sample

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_ASY = Parameter(
    "l_asy_nm", "nm", 1.0, 1e6, "spin length of couplings that break z -> -z (Rashba), sqrt(D tau_asy)", shared=True
)
L_SYM = Parameter(
    "l_sym_nm", "nm", 1.0, 1e6, "spin length of couplings that keep z -> -z (Ising), sqrt(D tau_sym)", shared=True
)

_NEARLY_NONE = 0.03  # of B_phi: a rate that hardly shows, and still has a slope


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    return diffusive_film(values["l_phi_nm"], curve, sample)


def _twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters of the curve whose two triplet fields have changed sides.

    1/2 F(B_1) + F(B_2) hardly changes when ln B_1 and ln B_2 are mirrored at their weighted mean: each of
    B_1 > B_2 and B_1 < B_2 has its minimum. Where the mirror asks for less than no rate, the minimum is near its end.
    """
    b_phi, b_asy, b_sym = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_asy_nm", "l_sym_nm"))
    first, second = b_phi + 2 * b_asy, b_phi + b_asy + b_sym
    mean = (first * second**2) ** (1 / 3)
    b_asy = max((mean**2 / first - b_phi) / 2, _NEARLY_NONE * b_phi)
    b_sym = max(mean**2 / second - b_phi - b_asy, _NEARLY_NONE * b_phi)
    return {**values, "l_asy_nm": (FIELD_NM2 / b_asy) ** 0.5, "l_sym_nm": (FIELD_NM2 / b_sym) ** 0.5}


GRAPHENE_SO = channel_model(
    name="graphene_so",
    title="graphene with spin-orbit coupling: -1/2 F(B_phi) + 1/2 F(B_phi + 2 B_asy) + F(B_phi + B_asy + B_sym)",
    source="E. McCann, V. I. Fal'ko, Phys. Rev. Lett. 108, 166606 (2012), doi:10.1103/PhysRevLett.108.166606",
    parameters=(L_PHI, L_ASY, L_SYM),
    weights=(-0.5, 0.5, 1.0),
    rates=((1, 0, 0), (1, 2, 0), (1, 1, 1)),
    twin=_twin,
    validity=_validity,
)
"""For fields far below that of intervalley scattering. 1/L_so^2 = 1/L_asy^2 + 1/L_sym^2."""

L_I = Parameter("l_i_nm", "nm", 1.0, 1e6, "intervalley length sqrt(D tau_i): scattering at atomic defects", shared=True)
L_STAR = Parameter(
    "l_star_nm", "nm", 1.0, 1e6,
    "length sqrt(D tau_*) of all that tells the valleys apart, 1/tau_* = 1/tau_w + 1/tau_z + 1/tau_i", shared=True,
)  # fmt: skip


def _valley_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    l_i, l_star = values["l_i_nm"], values["l_star_nm"]
    if l_star > l_i:
        remarks.append(Remark(
            "valley_rates",
            f"L_* = {l_star:.3g} nm is longer than L_i = {l_i:.3g} nm, but 1/tau_* contains 1/tau_i: noise, or another "
            "mechanism than scattering between and within the valleys",
        ))  # fmt: skip
    return remarks


def _valley_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Name the valley lengths whose field is above the sweep (a parabola, as of anything) or far below B_phi."""
    b_phi, b_max = FIELD_NM2 / values["l_phi_nm"] ** 2, np.abs(curve.field_T).max()
    sides = {}
    for name, factor in (("l_i_nm", 2.0), ("l_star_nm", 1.0)):
        b = factor * FIELD_NM2 / values[name] ** 2
        if b > b_max or b < 0.1 * b_phi:
            sides[name] = "upper" if b > b_max else "lower"
    return sides


def _valley_twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters of the monolayer's curve whose two valley fields have changed sides, as in `_twin`."""
    b_phi, b_i, b_star = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_i_nm", "l_star_nm"))
    first, second = b_phi + 2 * b_i, b_phi + b_star
    mean = (first * second**2) ** (1 / 3)
    b_i, b_star = (mean**2 / first - b_phi) / 2, mean**2 / second - b_phi
    if min(b_i, b_star) <= 0:
        return {}
    return {**values, "l_i_nm": (FIELD_NM2 / b_i) ** 0.5, "l_star_nm": (FIELD_NM2 / b_star) ** 0.5}


def _bilayer_twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return where the second minimum of the bilayer's curve lies.

    Where intervalley scattering is weak, F(B_phi) - F(B_phi + 2 B_i) is small beside the last term, and both B_i and
    B_* at about twice B_* do nearly as well. Where L_* has run away, the search creeps along a valley without an end,
    which is reached from the end.
    """
    b_phi, b_i, b_star = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_i_nm", "l_star_nm"))
    if b_star < 0.1 * b_phi:
        return {**values, "l_i_nm": L_I.upper, "l_star_nm": L_STAR.upper}
    if b_i > b_star:
        return {}
    return {**values, "l_i_nm": values["l_star_nm"] / 2**0.5, "l_star_nm": values["l_star_nm"] / 2**0.5}


GRAPHENE_MONO = channel_model(
    name="graphene_mono",
    title="graphene, monolayer: F(B_phi) - F(B_phi + 2 B_i) - 2 F(B_phi + B_*)",
    source="E. McCann, K. Kechedzhi, V. I. Fal'ko, H. Suzuura, T. Ando, B. L. Altshuler, Phys. Rev. Lett. 97, 146805 "
    "(2006), doi:10.1103/PhysRevLett.97.146805",
    parameters=(L_PHI, L_I, L_STAR),
    weights=(1.0, -1.0, -2.0),
    rates=((1, 0, 0), (1, 2, 0), (1, 0, 1)),
    twin=_valley_twin,
    validity=_valley_validity,
    out_of_reach=_valley_out_of_reach,
)
"""1/tau_* contains 1/tau_i. Where F(B_phi + B_i + B_*) is written instead, tau_* is without it: the same number."""

GRAPHENE_BILAYER = channel_model(
    name="graphene_bilayer",
    title="graphene, bilayer: F(B_phi) - F(B_phi + 2 B_i) + 2 F(B_phi + B_*)",
    source="K. Kechedzhi, V. I. Fal'ko, E. McCann, B. L. Altshuler, Phys. Rev. Lett. 98, 176806 (2007), "
    "doi:10.1103/PhysRevLett.98.176806",
    parameters=(L_PHI, L_I, L_STAR),
    weights=(1.0, -1.0, 2.0),
    rates=((1, 0, 0), (1, 2, 0), (1, 0, 1)),
    twin=_bilayer_twin,
    validity=_valley_validity,
    out_of_reach=_valley_out_of_reach,
)
"""Berry phase 2 pi: the sign of the last term is the other one, and there is localization without any intervalley
scattering."""
