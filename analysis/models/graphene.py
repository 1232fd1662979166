"""McCann and Fal'ko: graphene with spin-orbit coupling."""

from __future__ import annotations

from collections.abc import Mapping

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


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    return diffusive_film(values["l_phi_nm"], curve, sample)


def _twin(values: Mapping[str, float]) -> dict[str, float]:
    """Return the parameters of the curve whose two triplet fields have changed sides.

    1/2 F(B_1) + F(B_2) hardly changes when ln B_1 and ln B_2 are mirrored at their weighted mean: each of
    B_1 > B_2 and B_1 < B_2 has its minimum.
    """
    b_phi, b_asy, b_sym = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_asy_nm", "l_sym_nm"))
    first, second = b_phi + 2 * b_asy, b_phi + b_asy + b_sym
    mean = (first * second**2) ** (1 / 3)
    b_asy = (mean**2 / first - b_phi) / 2
    b_sym = mean**2 / second - b_phi - b_asy
    if min(b_asy, b_sym) <= 0:
        return {}
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
