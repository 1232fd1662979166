"""Golub: Rashba splitting beyond diffusion, spins turning by any angle between collisions, at any field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2, thinned
from analysis.closed_start import closed_start
from analysis.curve import Curve
from analysis.model import Model, Parameter, Remark, Starts
from analysis.models.ballistic import BALLISTIC, FREE_PATH, L_PHI, USUAL_FREE_PATH_NM
from analysis.models.rashba import RASHBA, linear_splitting
from analysis.sample import Sample
from analysis.spin_table import triplet_curve

L_RASHBA = Parameter(
    "l_rashba_nm", "nm", 10.0, 1e5, "length of one radian of precession, hbar^2/(2 m alpha_R)", shared=True
)
PARAMETERS = (L_PHI, L_RASHBA, FREE_PATH)
FURTHEST_TURN = 3.0
"""Angle theta = l/L_R [rad] of a spin between collisions up to which the curve is the theory's; further, it tends to
that of 4 rad: a film whose spins turn so far shows a bound on L_R."""
_TRIED_RASHBA, _TRIED_PHI = (0.5, 0.8, 1.2, 2.0), (1.0, 1.4)
"""Times the L_phi of the diffusive formula: with less splitting, a start lies where the curve is flat in it."""


def _both(
    field_T: np.ndarray, l_phi_nm: float, l_rashba_nm: float, mean_free_path_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give (triplet - spinless)/2 and its derivative by the three lengths."""
    spinless, spinless_slope = BALLISTIC.both(field_T, l_phi_nm, mean_free_path_nm)
    gamma = mean_free_path_nm**2 / (2 * l_phi_nm**2)
    theta, theta_slope = _turn(mean_free_path_nm / l_rashba_nm)
    b = np.abs(field_T) * (mean_free_path_nm**2 / (2 * FIELD_NM2))
    triplet, by_logarithm = triplet_curve(b, gamma, theta)
    by_b, by_gamma, by_theta = by_logarithm.T * np.array([[1.0], [1.0], [theta_slope]])
    # gamma goes as (l/L_phi)^2, b as l^2, theta as l/L_R
    by_length = np.stack([-2 * by_gamma, -by_theta, 2 * by_b + 2 * by_gamma + by_theta], axis=1)
    derivative = by_length / np.array([l_phi_nm, l_rashba_nm, mean_free_path_nm])
    derivative[:, [0, 2]] -= spinless_slope
    return (triplet - spinless) / 2, derivative / 2


def _turn(theta: float) -> tuple[float, float]:
    """Return the angle that is computed, and the derivative of its logarithm by that of theta."""
    if theta <= FURTHEST_TURN:
        return theta, 1.0
    short = float(np.exp(FURTHEST_TURN - theta))
    computed = FURTHEST_TURN + 1 - short
    return computed, short * theta / computed


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start near where the diffusive formula fits best, at the best of a few splittings large enough to show."""
    closed = closed_start(RASHBA, curve, {name: value for name, value in held.items() if name in RASHBA.names})
    field, dsigma = thinned(curve)
    free_path = held.get(FREE_PATH.name, USUAL_FREE_PATH_NM)
    longest = closed[L_PHI.name]
    tried = {closed[L_RASHBA.name], *(factor * longest for factor in _TRIED_RASHBA)}
    rashba = [length for length in sorted(tried) if length <= max(_TRIED_RASHBA) * longest]
    starts = [
        {L_PHI.name: phi * longest, L_RASHBA.name: max(length, L_RASHBA.lower), FREE_PATH.name: free_path, **held}
        for phi in _TRIED_PHI for length in rashba
    ]  # fmt: skip
    curves = [_both(field, *(start[parameter.name] for parameter in PARAMETERS))[0] for start in starts]
    best = starts[int(np.argmin([(dsigma - one).var() for one in curves]))]
    return ({name: value for name, value in best.items() if name not in held},)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    # the sum is made for what is beyond diffusion, and for spins that turn far
    unaware = replace(sample, mean_free_path_nm=None)
    remarks = [r for r in RASHBA.validity(values, curve, unaware) if r.code == "minimum_not_seen"]
    theta = values[FREE_PATH.name] / values[L_RASHBA.name]
    if theta > FURTHEST_TURN:
        remarks.append(Remark(
            "spins_turn_far",
            f"spins turn by {theta:.3g} rad between collisions, beyond {FURTHEST_TURN:g} rad, where the curve hardly "
            f"depends on it and is no longer computed: l_rashba_nm is known to be below "
            f"{values[FREE_PATH.name] / FURTHEST_TURN:.3g} nm only; check mean_free_path_nm",
        ))  # fmt: skip
    return remarks + BALLISTIC.validity(values, curve, sample)


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Return what the diffusive formula says, and that a film whose spins turn far holds an upper bound of L_R."""
    sides = RASHBA.out_of_reach(values, curve)
    if values[FREE_PATH.name] > FURTHEST_TURN * values[L_RASHBA.name]:
        sides[L_RASHBA.name] = "upper"
    return sides


BALLISTIC_RASHBA = Model(
    name="ballistic_rashba",
    title="Rashba splitting beyond diffusion, any field and any spin rotation: 3 x 3 matrices of Landau levels",
    derived=linear_splitting,
    source="L. E. Golub, Phys. Rev. B 71, 235310 (2005), doi:10.1103/PhysRevB.71.235310",
    parameters=PARAMETERS,
    both=_both,
    guess=_guess,
    validity=_validity,
    known=BALLISTIC.known,
    out_of_reach=_out_of_reach,
)
"""For short-range scatterers and omega_c tau << 1. B_so'/B_tr = (l/L_R)^2/2, where spins turn by l/L_R in a flight."""
