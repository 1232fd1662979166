"""Checks of a film in a field that lies in its plane, where the field of the curve encloses no flux between paths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Remark
from analysis.sample import Sample

_OF_FLUX = ("field_step", "beyond_diffusion")  # what a perpendicular field is checked for


def in_plane_film(
    l_phi_nm: float, rate_T: Callable[[np.ndarray], np.ndarray], curve: Curve, sample: Sample
) -> list[Remark]:
    """Return what is wrong with this curve as that of a diffusive film in a parallel field.

    Parameters
    ----------
    l_phi_nm : float
        Phase coherence length [nm].
    rate_T : callable
        The rate at which an in-plane field [T], shape (n,), acts on the Cooperon, as a field hbar/(4 e D tau) [T].
    """
    remarks = [remark for remark in diffusive_film(l_phi_nm, curve, sample) if remark.code not in _OF_FLUX]
    field, b_phi = np.abs(curve.field_T), FIELD_NM2 / l_phi_nm**2
    rate = rate_T(field)
    inside = len(set(field[rate <= 3 * b_phi].tolist()))
    if inside <= 3:
        text = f"only {inside} different fields act on the phase by less than 3 B_phi = {3 * b_phi:.2g} T"
        remarks.append(Remark("field_step", f"{text}: the small fields are not resolved; measure in smaller steps"))
    if sample.mean_free_path_nm is None:
        return remarks
    b_tr = 2 * FIELD_NM2 / sample.mean_free_path_nm**2
    if rate.max() > 0.1 * b_tr:
        text = (
            f"{field.max():.3g} T in the plane act like {rate.max():.2g} T = {rate.max() / b_tr:.2g} B_tr on the phase"
        )
        remarks.append(Remark("beyond_diffusion", f"{text}; the diffusive formula holds below 0.1 B_tr"))
    return remarks
