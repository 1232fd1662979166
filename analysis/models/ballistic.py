"""Dmitriev, Kachorovskii, Gornyi: the film beyond diffusion, without spin-orbit coupling, at any field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.ballistic_table import scaled_curve
from analysis.channels import FIELD_NM2, thinned, trial_fields
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample

USUAL_FREE_PATH_NM = 30.0

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
FREE_PATH = Parameter(
    "mean_free_path_nm", "nm", 0.1, 1e4, "elastic mean free path l, D tau = l^2/2", known=True, shared=True,
    default=USUAL_FREE_PATH_NM,
)  # fmt: skip

MANY_FREE_PATHS = 0.5
"""gamma = tau/tau_phi = l^2/(2 L_phi^2) above which there is hardly a collision within tau_phi."""


def _both(field_T: np.ndarray, l_phi_nm: float, mean_free_path_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the sum over Landau levels and its derivative by L_phi and l."""
    gamma = mean_free_path_nm**2 / (2 * l_phi_nm**2)
    kappa = gamma / (1 + gamma)
    b = np.abs(field_T) * (mean_free_path_nm**2 / (2 * FIELD_NM2))
    curve = scaled_curve(b / (1 + gamma) ** 2, kappa)
    # ln beta = ln b - 2 ln(1 + gamma), and gamma goes as (l/L_phi)^2
    by_ln_gamma = (1 - kappa) * curve.by_ln_kappa - 2 * kappa * curve.by_ln_beta
    derivative = np.empty((b.size, 2))
    derivative[:, 0] = by_ln_gamma * (-2 / l_phi_nm)
    derivative[:, 1] = (by_ln_gamma + curve.by_ln_beta) * (2 / mean_free_path_nm)
    return curve.value, derivative


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try L_phi on a grid, with the free path that is known (or the usual one), the offset free."""
    field, dsigma = thinned(curve)
    free_path = held.get("mean_free_path_nm", USUAL_FREE_PATH_NM)
    if "l_phi_nm" in held:
        return ({"mean_free_path_nm": free_path},)
    grid = trial_fields(field)
    lengths = np.clip(np.sqrt(FIELD_NM2 / grid), L_PHI.lower, L_PHI.upper)
    residuals = np.array([_both(field, l_phi, free_path)[0] for l_phi in lengths]) - dsigma
    misfit = residuals.var(axis=1)
    best = int(misfit.argmin())
    l_phi = lengths[best]
    if 0 < best < lengths.size - 1:
        # the vertex of the parabola through the three lowest points lies much nearer than the grid is fine
        below, here, above = misfit[best - 1 : best + 2]
        l_phi *= (lengths[best + 1] / lengths[best]) ** ((below - above) / (2 * (below - 2 * here + above)))
    return ({"l_phi_nm": float(l_phi), "mean_free_path_nm": free_path},)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    # a sum made for what is beyond diffusion is not checked for being diffusive
    remarks = diffusive_film(values["l_phi_nm"], curve, replace(sample, mean_free_path_nm=None))
    free_path, l_phi = values["mean_free_path_nm"], values["l_phi_nm"]
    if sample.mean_free_path_nm is None and free_path == USUAL_FREE_PATH_NM:
        remarks.append(Remark(
            "free_path_unknown",
            f"nobody gave the mean free path: {free_path:.3g} nm is assumed, and L_phi depends on it; state it",
        ))  # fmt: skip
    gamma = free_path**2 / (2 * l_phi**2)
    if gamma > MANY_FREE_PATHS:
        remarks.append(Remark(
            "short_l_phi",
            f"L_phi = {l_phi:.3g} nm and the mean free path is {free_path:.3g} nm: tau/tau_phi = {gamma:.2g}, hardly a "
            "collision before the phase is lost",
        ))  # fmt: skip
    return remarks


def _known(sample: Sample) -> dict[str, float]:
    return {} if sample.mean_free_path_nm is None else {"mean_free_path_nm": sample.mean_free_path_nm}


BALLISTIC = Model(
    name="ballistic",
    title="beyond diffusion, any field: exact sum over Landau levels, back and non-backscattering",
    source="A. P. Dmitriev, V. Yu. Kachorovskii, I. V. Gornyi, Phys. Rev. B 56, 9910 (1997), "
    "doi:10.1103/PhysRevB.56.9910",
    parameters=(L_PHI, FREE_PATH),
    both=_both,
    guess=_guess,
    validity=_validity,
    known=_known,
)
"""For short-range scatterers and omega_c tau << 1; the mean free path is known from the sheet conductivity."""
