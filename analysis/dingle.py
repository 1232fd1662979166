"""The Dingle plot, a check of the oscillation fit; the Dingle temperature; what tau_tr/tau_q says of the scatterers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.constants import ELECTRON_MASS, HBAR, KB, E
from analysis.oscillations import Oscillation, thermal_argument


def dingle_temperature_K(tau_q_s: float) -> float:
    """Return T_D = hbar/(2 pi k tau_q): 1.2157 K for 1 ps."""
    return HBAR / (2 * math.pi * KB * tau_q_s)


@dataclass(frozen=True, eq=False)
class Dingle:
    """The Dingle plot at one temperature: ln[(|d rho|/rho_0) sinh X/X] of each extremum against 1/B.

    A check of the direct fit, not a measurement: its tau_q is several per cent high, more with few extrema.
    """

    inverse_field: np.ndarray
    logarithm: np.ndarray
    tau_q_ps: float
    amplitude: float


def dingle(sweep: Oscillation, oscillating: np.ndarray, frequency_T: float, mass_me: float) -> Dingle:
    """Return the plot and its straight line: slope -pi m/(e tau_q), intercept ln 4 in theory.

    Parameters
    ----------
    sweep : Oscillation
    oscillating : ndarray, shape (n,)
        d rho/rho_0, as `OscillationFit.oscillating` gives it.
    frequency_T, mass_me : float
        Of the fit.

    Raises
    ------
    ValueError
        Fewer than three extrema, or amplitudes that do not fall with 1/B.
    """
    half = np.floor(2 * frequency_T / sweep.field_T).astype(int)
    inner = [p for p in np.unique(half)[1:-1] if (half == p).sum() >= 3]  # those at the ends may be cut
    places = np.array([np.flatnonzero(half == p)[np.abs(oscillating[half == p]).argmax()] for p in inner], dtype=int)
    if places.size < 3:
        raise ValueError(f"Dingle plot: {places.size} extrema; three are needed: take a wider field range")
    field, x = sweep.field_T[places], thermal_argument(sweep.field_T[places], sweep.temperature_K, mass_me)
    # ln(sinh X/X), written so that it does not overflow
    logarithm = np.log(np.abs(oscillating[places])) + x + np.log(-np.expm1(-2 * x) / (2 * x))
    slope, intercept = np.polyfit(1 / field, logarithm, 1)
    if slope >= 0:
        raise ValueError("Dingle plot: the amplitudes do not fall with 1/B; check the mass and the background")
    return Dingle(1 / field, logarithm, -math.pi * mass_me * ELECTRON_MASS / (E * slope) * 1e12, math.exp(intercept))


def scattering_ratio(tau_tr_s: float, tau_q_s: float) -> tuple[float, str]:
    """Return tau_tr/tau_q and what it says of the scatterers. L_phi takes D from tau_tr, never from tau_q.

    1/tau_q counts all angles, 1/tau_tr weights them by 1 - cos(theta): about 1 for short-range disorder, 5 to 50 for
    charges at a distance. Where one ends and the other begins (0.7, 3, 5) is a convention of this function.
    """
    if not (0 < tau_tr_s < math.inf and 0 < tau_q_s < math.inf):
        raise ValueError(f"tau_tr = {tau_tr_s:g} s, tau_q = {tau_q_s:g} s; both must be above 0 and finite")
    ratio = tau_tr_s / tau_q_s
    if ratio < 0.7:
        return (
            ratio,
            f"tau_tr/tau_q = {ratio:.2g} is below 1: check the mass and tau_q; a single band does not do that.",
        )
    if ratio < 3:
        return ratio, f"tau_tr/tau_q = {ratio:.2g}: short-range disorder, scattering through all angles."
    if ratio < 5:
        return ratio, f"tau_tr/tau_q = {ratio:.2g}: between short-range disorder and small-angle scattering."
    return ratio, f"tau_tr/tau_q = {ratio:.2g}: small-angle scattering, charged impurities at a distance."
