"""Layers with two valleys and spin-orbit coupling: transition-metal dichalcogenides, graphene on them.

Every Cooperon has a spin and a valley part, each a singlet or one of three triplets. If their relaxation rates simply
add, delta sigma = 1/2 sum_s sum_l c_s c_l F(B, B_phi + B_s + B_l) with c_s = -1, B_s = 0 for the spin singlet,
c_s = +1, B_s = 2 B_asy, B_so, B_so for the triplets, B_so = B_asy + B_sym, and c_l = +1, B_l = 0; -1, 2 B_i; -1, B_*;
-1, B_* for the valleys. That is a combination made here, which reduces to the monolayer without spin-orbit coupling and
to `graphene_so` with strong intervalley scattering. The published formulas for dichalcogenides (Ochoa and others; Ilic
and others) are not it, and were not at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analysis.channels import channel_model
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Model, Remark, Starts
from analysis.models.graphene import GRAPHENE_SO, L_ASY, L_I, L_PHI, L_STAR, L_SYM
from analysis.sample import Sample

_STRONG = 1e-3  # nm: valley scattering so strong that only the valley singlet is left
_SPIN = ((-1.0, (0, 0)), (1.0, (2, 0)), (2.0, (1, 1)))
_VALLEY = ((1.0, (0, 0)), (-1.0, (2, 0)), (-2.0, (0, 1)))
_TERMS = [(c_s * c_l / 2, (1, *spin, *valley)) for c_s, spin in _SPIN for c_l, valley in _VALLEY]
_VALLEY_LENGTHS = tuple(
    replace(parameter, lower=_STRONG, known=True, default=_STRONG, meaning=f"{parameter.meaning}; {_STRONG} nm: strong")
    for parameter in (L_I, L_STAR)
)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    text = (
        "UNVERIFIED: the rates of spin and valley relaxation are added (9 terms); valley-Zeeman precession, strong in "
        "dichalcogenides, breaks that. Do not quote spin lengths from this fit alone"
    )
    return [*diffusive_film(values["l_phi_nm"], curve, sample), Remark("unverified", text)]


def _tmd() -> Model:
    scanned = channel_model(
        name="tmd",
        title="spin and valley, rates added (UNVERIFIED): 1/2 sum c_s c_l F(B_phi + B_s + B_l)",
        source="combined from E. McCann and others, Phys. Rev. Lett. 97, 146805 (2006), "
        "doi:10.1103/PhysRevLett.97.146805 and E. McCann, V. I. Fal'ko, Phys. Rev. Lett. 108, 166606 (2012), "
        "doi:10.1103/PhysRevLett.108.166606",
        parameters=(L_PHI, L_ASY, L_SYM, *_VALLEY_LENGTHS),
        weights=[weight for weight, _ in _TERMS],
        rates=[rate for _, rate in _TERMS],
        validity=_validity,
        twin=GRAPHENE_SO.twin,
    )

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        """Scan the spin lengths; a valley length that is not held was given a start instead of its default."""
        valleys = {parameter.name: held.get(parameter.name, _STRONG) for parameter in _VALLEY_LENGTHS}
        return tuple({**start, **valleys} for start in scanned.guess(curve, {**held, **valleys}))

    return replace(scanned, guess=guess)


TMD = _tmd()
"""The valley lengths are held: strong intervalley scattering unless the user knows better."""
