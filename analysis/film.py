"""Checks that every model of a diffusive two-dimensional film shares, in words and numbers."""

from __future__ import annotations

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.model import Remark
from analysis.sample import Sample

_FINEST_STEP_T = 1e-6


def elastic_length(sample: Sample) -> dict[str, float]:
    """Return L_e = sqrt(D tau) = l/sqrt(2) [nm] of a film whose mean free path l is known, so that B_e = B_tr."""
    if sample.mean_free_path_nm is None:
        return {}
    return {"l_e_nm": sample.mean_free_path_nm / np.sqrt(2)}


def diffusive_film(l_phi_nm: float, curve: Curve, sample: Sample) -> list[Remark]:
    """Return what is wrong with taking this curve for that of a wide, thin, diffusive film.

    Parameters
    ----------
    l_phi_nm : float
        Fitted phase coherence length [nm].
    """
    return [*_field_steps(l_phi_nm, curve), *_diffusion(l_phi_nm, curve, sample), *_dimension(l_phi_nm, sample)]


def _field_steps(l_phi_nm: float, curve: Curve) -> list[Remark]:
    b_phi = FIELD_NM2 / l_phi_nm**2
    field = np.abs(curve.field_T)
    inside = len(set(field[field <= 3 * b_phi].tolist()))
    if inside > 3:
        return []
    text = f"only {inside} different fields lie within 3 B_phi = {3 * b_phi:.2g} T: the cusp is not resolved"
    # a length that has run away asks for steps that no magnet makes
    wanted = f"; measure in steps below {b_phi:.1g} T" if b_phi > _FINEST_STEP_T else ""
    return [Remark("field_step", text + wanted)]


def _diffusion(l_phi_nm: float, curve: Curve, sample: Sample) -> list[Remark]:
    if sample.mean_free_path_nm is None:
        return []
    b_tr = 2 * FIELD_NM2 / sample.mean_free_path_nm**2
    b_phi, b_max = FIELD_NM2 / l_phi_nm**2, float(np.abs(curve.field_T).max())
    remarks = []
    if b_max > 0.1 * b_tr:
        text = f"the field reaches {b_max:.3g} T = {b_max / b_tr:.2g} B_tr; diffusive formulas hold below 0.1 B_tr"
        remarks.append(Remark("beyond_diffusion", f"{text}: fit |B| < {0.1 * b_tr:.2g} T"))
    if b_phi > 1e-3 * b_tr:
        text = f"B_phi/B_tr = {b_phi / b_tr:.3g} is above 0.001: a diffusive formula gives L_phi several per cent wrong"
        remarks.append(Remark("short_l_phi", text))
    return remarks


def _dimension(l_phi_nm: float, sample: Sample) -> list[Remark]:
    remarks = []
    if sample.thickness_nm is not None and sample.thickness_nm > l_phi_nm / 2:
        text = f"the film is {sample.thickness_nm:.3g} nm thick, L_phi = {l_phi_nm:.3g} nm: not two-dimensional"
        remarks.append(Remark("thick_film", text))
    if sample.width_um is not None and sample.width_um * 1e3 < 3 * l_phi_nm:
        text = f"the bar is {sample.width_um:.3g} um wide, L_phi = {l_phi_nm:.3g} nm: not wide enough for a film"
        remarks.append(Remark("narrow_bar", text))
    return remarks
