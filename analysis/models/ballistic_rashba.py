"""Golub: Rashba splitting beyond diffusion, spins turning by any angle between collisions, at any field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2, thinned
from analysis.closed_start import closed_start
from analysis.curve import Curve
from analysis.model import Model, Parameter, Remark, Starts
from analysis.models.ballistic import BALLISTIC, FREE_PATH, L_PHI, USUAL_FREE_PATH_NM
from analysis.models.rashba import RASHBA, linear_splitting
from analysis.sample import Sample
from analysis.spin_levels import field_change
from analysis.spin_table import triplet_curve

L_RASHBA = Parameter(
    "l_rashba_nm", "nm", 10.0, 1e5, "length of one radian of precession, hbar^2/(2 m alpha_R)", shared=True
)
PARAMETERS = (L_PHI, L_RASHBA, FREE_PATH)
FURTHEST_TURN = 4.0
"""Angle theta = l/L_R [rad] of a spin between collisions up to which the curve is the theory's; further, it tends to
that of 5 rad: a film whose spins turn so far shows a bound on L_R."""
_EVERY = 4  # of the thinned curve is looked at for a start
_FEW_LEVELS, _FEW_NODES = 8, 10  # good to some 1e-3, enough for a start
_TRIED_PHI, _LONGER = 6, 1.5  # of L_phi: the diffusive formula gives too little, the less the further the field goes
_OF_CLOSED = np.array([0.22, 0.4, 0.7, 1.0])  # times the L_R of the diffusive formula, which spins that turn far outdo
_OF_PHI = np.array([0.12, 0.25, 0.5, 0.9, 1.6])  # of L_phi: with less splitting, a start lies where a curve is flat


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


def _level_by_level(field_T: np.ndarray, tried: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Return the curves of some parameters, shape (k, n), without the table, which would grow at all of them."""
    l_phi, l_rashba, free_path = (np.array([one[parameter.name] for one in tried]) for parameter in PARAMETERS)
    theta = np.array([_turn(angle)[0] for angle in (free_path / l_rashba).tolist()])
    b = np.abs(field_T)[:, np.newaxis] * (free_path**2 / (2 * FIELD_NM2))
    seen = b[:, 0] > 0
    triplet = np.zeros(b.shape)
    triplet[seen] = field_change(b[seen], free_path**2 / (2 * l_phi**2), theta, _FEW_LEVELS, _FEW_NODES)
    each = zip(l_phi.tolist(), free_path.tolist(), strict=True)
    return (triplet.T - np.array([BALLISTIC.value(field_T, *lengths) for lengths in each])) / 2


def _turn(theta: float) -> tuple[float, float]:
    """Return the angle that is computed, and the derivative of its logarithm by that of theta."""
    if theta <= FURTHEST_TURN:
        return theta, 1.0
    short = float(np.exp(FURTHEST_TURN - theta))
    computed = FURTHEST_TURN + 1 - short
    return computed, short * theta / computed


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start at the best of some lengths about those with which the diffusive formula fits best."""
    thin = Curve(*thinned(curve))
    closed = closed_start(RASHBA, thin, {name: value for name, value in held.items() if name in RASHBA.names})
    field, dsigma = thin.field_T[::_EVERY], thin.dsigma[::_EVERY]
    free_path = held.get(FREE_PATH.name, USUAL_FREE_PATH_NM)
    reach = float(field.max()) * free_path**2 / (2 * FIELD_NM2)
    starts = [
        {L_PHI.name: l_phi, L_RASHBA.name: max(length, L_RASHBA.lower), FREE_PATH.name: free_path, **held}
        for l_phi in closed[L_PHI.name] * np.geomspace(1, 1 + _LONGER * reach, _TRIED_PHI)
        for length in (*(closed[L_RASHBA.name] * _OF_CLOSED), *(l_phi * _OF_PHI))
    ]
    best = starts[int(np.argmin((dsigma - _level_by_level(field, starts)).var(axis=1)))]
    return ({name: float(value) for name, value in best.items() if name not in held},)


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
"""For short-range scatterers and omega_c tau << 1. B_so'/B_tr = (l/L_R)^2/2, where spins turn by l/L_R in a flight.
Good to 1e-6 of the largest |delta sigma| up to each field, for l/L_R < 4, tau/tau_phi < 0.5 and B < 100 B_tr."""
