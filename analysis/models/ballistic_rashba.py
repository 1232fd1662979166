"""Golub: Rashba splitting beyond diffusion, spins turning by any angle between collisions, at any field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.closed_start import closed_start
from analysis.curve import Curve
from analysis.model import Model, Parameter, Remark, Starts
from analysis.models.ballistic import BALLISTIC, FREE_PATH, L_PHI, USUAL_FREE_PATH_NM
from analysis.models.rashba import RASHBA, linear_splitting
from analysis.sample import Sample
from analysis.spin_levels import triplet_curve

L_RASHBA = Parameter(
    "l_rashba_nm", "nm", 10.0, 1e5, "length of one radian of precession, hbar^2/(2 m alpha_R)", shared=True
)
_LONGEST = 0.8  # times L_phi: with less splitting, a start lies where the curve is flat in it


def _both(
    field_T: np.ndarray, l_phi_nm: float, l_rashba_nm: float, mean_free_path_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give (triplet - spinless)/2 and its derivative by the three lengths."""
    spinless, spinless_slope = BALLISTIC.both(field_T, l_phi_nm, mean_free_path_nm)
    gamma, theta = mean_free_path_nm**2 / (2 * l_phi_nm**2), mean_free_path_nm / l_rashba_nm
    b = np.abs(field_T) * (mean_free_path_nm**2 / (2 * FIELD_NM2))
    triplet, by_logarithm = triplet_curve(b, gamma, theta)
    by_b, by_gamma, by_theta = by_logarithm.T
    # gamma goes as (l/L_phi)^2, b as l^2, theta as l/L_R
    by_length = np.stack([-2 * by_gamma, -by_theta, 2 * by_b + 2 * by_gamma + by_theta], axis=1)
    derivative = by_length / np.array([l_phi_nm, l_rashba_nm, mean_free_path_nm])
    derivative[:, [0, 2]] -= spinless_slope
    return (triplet - spinless) / 2, derivative / 2


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start where the diffusive formula fits best, with splitting enough to show."""
    start = closed_start(RASHBA, curve, {name: value for name, value in held.items() if name in RASHBA.names})
    longest = _LONGEST * start[L_PHI.name]
    start[L_RASHBA.name] = float(np.clip(start[L_RASHBA.name], L_RASHBA.lower, longest))
    start[FREE_PATH.name] = USUAL_FREE_PATH_NM
    return ({name: value for name, value in start.items() if name not in held},)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    # the sum is made for what is beyond diffusion, and for spins that turn far
    unaware = replace(sample, mean_free_path_nm=None)
    remarks = [r for r in RASHBA.validity(values, curve, unaware) if r.code == "minimum_not_seen"]
    return remarks + BALLISTIC.validity(values, curve, sample)


BALLISTIC_RASHBA = Model(
    name="ballistic_rashba",
    title="Rashba splitting beyond diffusion, any field and any spin rotation: 3 x 3 matrices of Landau levels",
    derived=linear_splitting,
    source="L. E. Golub, Phys. Rev. B 71, 235310 (2005), doi:10.1103/PhysRevB.71.235310",
    parameters=(L_PHI, L_RASHBA, FREE_PATH),
    both=_both,
    guess=_guess,
    validity=_validity,
    known=BALLISTIC.known,
    out_of_reach=RASHBA.out_of_reach,
)
"""For short-range scatterers and omega_c tau << 1. B_so'/B_tr = (l/L_R)^2/2, where spins turn by l/L_R in a flight."""
