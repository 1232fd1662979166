"""Near the persistent spin helix: how far from equal Rashba and linear Dresselhaus splitting are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.model import Derived, Remark, Starts
from analysis.models.rashba import L_PHI, linear_splitting
from analysis.models.rashba_dresselhaus import (
    L_CUBIC,
    L_DIFFERENCE,
    L_DRESSELHAUS,
    L_RASHBA,
    RASHBA_DRESSELHAUS,
    TRIED,
    in_the_difference,
    nearest_difference,
    with_phase_length,
)
from analysis.sample import Sample

_UNSEEN = 0.02  # of B_phi: spins that turn so slowly change nothing


def _rashba(values: Mapping[str, float]) -> dict[str, float]:
    """Return the lengths of a film in which Rashba is the stronger splitting."""
    length = 1 / (1 / values[L_DRESSELHAUS.name] + 1 / values[L_DIFFERENCE.name])
    return {
        L_PHI.name: values[L_PHI.name], L_RASHBA.name: length,
        L_DRESSELHAUS.name: values[L_DRESSELHAUS.name], L_CUBIC.name: values[L_CUBIC.name],
    }  # fmt: skip


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start with the L_Phi of the closed form and the best of a few differences."""
    known = with_phase_length(curve, held)
    if L_DIFFERENCE.name not in held:
        known |= nearest_difference(1, L_DIFFERENCE, known[L_PHI.name] * TRIED, curve, known)
    return ({name: value for name, value in known.items() if name not in held},)


def _derived(values: Mapping[str, float], sample: Sample) -> tuple[Derived, ...]:
    rashba = _rashba(values)
    length = Derived(L_RASHBA.name, "nm", "of a film in which Rashba is the stronger splitting", rashba[L_RASHBA.name])
    return (length, *linear_splitting(rashba, sample))


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = [r for r in RASHBA_DRESSELHAUS.validity(_rashba(values), curve, sample) if r.code != "near_helix"]
    rate = 1 / values[L_DRESSELHAUS.name] - 1 / values[L_DIFFERENCE.name]
    if rate > 0:
        remarks.append(Remark(
            "either_side",
            f"with the weaker Rashba splitting, l_rashba_nm = {1 / rate:.4g} nm, a film shows nearly the same curve; "
            "a gate that changes the field across the well tells which",
        ))  # fmt: skip
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Return that a difference much slower than dephasing, or faster than the field shows, has a bound only."""
    b_phi, b_max = FIELD_NM2 / values[L_PHI.name] ** 2, float(np.abs(curve.field_T).max())
    b_difference = FIELD_NM2 / values[L_DIFFERENCE.name] ** 2
    if _UNSEEN * b_phi <= b_difference <= b_max:
        return {}
    return {L_DIFFERENCE.name: "upper" if b_difference > b_max else "lower"}


SPIN_HELIX = replace(
    in_the_difference(1, L_DIFFERENCE),
    name="spin_helix",
    title="Rashba and Dresselhaus splitting nearly equal: the length of their difference",
    guess=_guess,
    derived=_derived,
    validity=_validity,
    out_of_reach=_out_of_reach,
)
"""`rashba_dresselhaus` in parameters that stay regular where both splittings are equal: there the curve depends on the
square of 1/L_R - 1/L_D, which L_R itself cannot show. With equal splittings the difference has a lower bound."""
