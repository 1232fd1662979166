r"""Loops and cylinders: weak localization that oscillates with the flux h/2e. Functions, not fitted models.

B. L. Altshuler, A. G. Aronov, B. Z. Spivak, JETP Lett. 33, 94 (1981); review with the formulas used here:
A. G. Aronov, Yu. V. Sharvin, Rev. Mod. Phys. 59, 755 (1987), doi:10.1103/RevModPhys.59.755.
"""

from __future__ import annotations

import numpy as np
from scipy.special import k0

from analysis.constants import HBAR, E, H

FLUX_QUANTUM = H / (2 * E)
"""h/2e [Wb]."""

_LAST = 40.0  # K0(40) = 8e-19


def cylinder_oscillation(
    field_T: np.ndarray, radius_m: float, l_phi_m: float, wall_m: float = 0.0, l_so_m: float | None = None
) -> np.ndarray:
    """Return the oscillating part of the correction per square of a thin-walled cylinder, shape (n,) [G0].

    -4 sum_n K0(2 pi r n/L') cos(2 pi n Phi/(h/2e)), 1/L'^2 = 1/L_phi^2 + (e B a/hbar)^2/3; with isotropic spin-orbit
    scattering 3/2 of it with L' of the triplet - 1/2 of it with that of the singlet. The part that does not oscillate,
    -2 ln(L'/l), is left out.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Field along the axis [T].
    radius_m, wall_m : float
        Radius r and thickness a of the wall [m]; r much above a.
    l_phi_m, l_so_m : float
        Phase coherence length and spin-orbit length [m]; None for no spin-orbit scattering.

    Raises
    ------
    ValueError
        A length is not positive.
    """
    lengths = {"radius_m": radius_m, "l_phi_m": l_phi_m, "l_so_m": l_so_m}
    for name, length in lengths.items():
        if length is not None and not length > 0:
            raise ValueError(f"cylinder: {name} is {length}; give a positive length in metres")
    field = np.asarray(field_T, dtype=float)
    rate = 1 / l_phi_m**2 + (E * field * wall_m / HBAR) ** 2 / 3
    turns = np.pi * radius_m**2 * field / FLUX_QUANTUM
    if l_so_m is None:
        return _harmonics(rate, radius_m, turns)
    triplet = rate + 4 / (3 * l_so_m**2)
    return 1.5 * _harmonics(triplet, radius_m, turns) - 0.5 * _harmonics(rate, radius_m, turns)


def _harmonics(rate: np.ndarray, radius_m: float, turns: np.ndarray) -> np.ndarray:
    once = 2 * np.pi * radius_m * np.sqrt(rate)
    n = np.arange(1, int(np.ceil(_LAST / once.min(initial=_LAST))) + 1)[:, np.newaxis]
    return -4 * (k0(n * once) * np.cos(2 * np.pi * n * turns)).sum(axis=0)


def ring_cooperon(turns: np.ndarray, circumference_m: float, l_phi_m: float) -> np.ndarray:
    """Return D C/L_phi of a closed one-dimensional ring, shape (n,): 1/2 sinh x/(cosh x - cos 2 pi phi), x = C/L_phi.

    Parameters
    ----------
    turns : ndarray, shape (n,)
        phi, the flux through the ring in h/2e.
    circumference_m, l_phi_m : float
        C and L_phi [m].

    Raises
    ------
    ValueError
        A length is not positive.
    """
    if not (circumference_m > 0 and l_phi_m > 0):
        raise ValueError(f"ring: circumference {circumference_m} m and L_phi {l_phi_m} m; give positive lengths")
    x = circumference_m / l_phi_m
    # sinh and cosh over exp(x): a long ring does not overflow
    decay = np.exp(-x)
    return 0.5 * (1 - decay**2) / (1 + decay**2 - 2 * decay * np.cos(2 * np.pi * np.asarray(turns, dtype=float)))
