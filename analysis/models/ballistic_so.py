"""The film beyond diffusion with weak isotropic spin-orbit scattering: the exact sum for triplet and singlet.

Spin-orbit scattering with tau_so far above tau takes the place of dephasing in the triplet channels: a segment of a
loop loses the factor 1 - 4/3 tau/tau_so that it would lose to a rate 4/(3 tau_so) of dephasing, up to (tau/tau_so)^2.
So delta sigma = 3/2 S(B, L_t) - 1/2 S(B, L_phi), S the exact sum without spin and 1/L_t^2 = 1/L_phi^2 + 4/(3 L_so^2):
the combination of Hikami, Larkin and Nagaoka, with their digamma functions replaced. Derived here, not published so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.curve import Curve
from analysis.model import Model, Remark, Starts
from analysis.models.ballistic import BALLISTIC, FREE_PATH, L_PHI, USUAL_FREE_PATH_NM
from analysis.models.hln import HLN_FULL, L_SO
from analysis.sample import Sample

_STRONG = 0.1  # tau/tau_so above which a rate no longer stands for what a collision does to a spin


def _both(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float, mean_free_path_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give 3/2 S(L_t) - 1/2 S(L_phi) and its derivative by the three lengths."""
    triplet_nm = (1 / l_phi_nm**2 + 4 / (3 * l_so_nm**2)) ** -0.5
    triplet, triplet_slope = BALLISTIC.both(field_T, triplet_nm, mean_free_path_nm)
    singlet, singlet_slope = BALLISTIC.both(field_T, l_phi_nm, mean_free_path_nm)
    derivative = np.empty((triplet.size, 3))
    derivative[:, 0] = 1.5 * triplet_slope[:, 0] * (triplet_nm / l_phi_nm) ** 3 - 0.5 * singlet_slope[:, 0]
    derivative[:, 1] = 1.5 * triplet_slope[:, 0] * (4 / 3) * (triplet_nm / l_so_nm) ** 3
    derivative[:, 2] = 1.5 * triplet_slope[:, 1] - 0.5 * singlet_slope[:, 1]
    return 1.5 * triplet - 0.5 * singlet, derivative


def _guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Start where the diffusive formula, cut off at the mean free path, fits best."""
    free_path = held.get(FREE_PATH.name, USUAL_FREE_PATH_NM)
    lengths = {name: value for name, value in held.items() if name in (L_PHI.name, L_SO.name)}
    starts = HLN_FULL.guess(curve, {**lengths, "l_e_nm": free_path / 2**0.5})
    return tuple({**start, FREE_PATH.name: free_path} for start in starts)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = BALLISTIC.validity({name: values[name] for name in BALLISTIC.names}, curve, sample)
    share = values[FREE_PATH.name] ** 2 / (2 * values[L_SO.name] ** 2)
    if share > _STRONG:
        text = f"tau/tau_so = {share:.2g}, and spin-orbit scattering is taken to be weak, below {_STRONG:g}"
        remarks.append(Remark("strong_spin_orbit", f"{text}: L_so = {values[L_SO.name]:.3g} nm is an order of size"))
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Return what the diffusive formula says: L_so shows only where 0.3 B_phi < B_so < B_max."""
    b_e = {"l_e_nm": values[FREE_PATH.name] / 2**0.5}
    return HLN_FULL.out_of_reach({**values, **b_e}, curve)


BALLISTIC_SO = Model(
    name="ballistic_so",
    title="beyond diffusion, weak isotropic spin-orbit scattering: exact sums, 3/2 triplet - 1/2 singlet",
    source=f"{BALLISTIC.source}; {HLN_FULL.source}; combined here",
    parameters=(L_PHI, L_SO, FREE_PATH),
    both=_both,
    guess=_guess,
    validity=_validity,
    known=BALLISTIC.known,
    out_of_reach=_out_of_reach,
)
"""L_so -> infinity is `ballistic`, l -> 0 is `hln_full` without its elastic term."""
