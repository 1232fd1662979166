"""L_phi against temperature: its power law, the Nyquist line, and whether the current heats.

1/tau_phi ~ T^p gives L_phi ~ T^(-p/2); the two exponents differ by -2, a frequent slip, so both are named here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import lambertw

from analysis.constants import HBAR, KB, E, H
from analysis.estimate import Estimate

FEWEST_TEMPERATURES = 3
"""Below this a power law has no point to spare that could contradict it."""


MOST_RESISTIVE_OHM = H / E**2 / 2
"""Sheet resistance (12.9 kohm) from which on the logarithm of the Nyquist rate is 0 or less."""


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """L_phi = L_1 (T/T_1)^s.

    Attributes
    ----------
    exponent, exponent_error : float
        s and its standard error; 1/tau_phi ~ T^(-2 s).
    temperature_K, l_phi_nm : float
        T_1, the weighted (geometric) mean temperature, and L_1 there: there the two are uncorrelated.
    l_phi_error_nm : float
        Standard error of L_1.
    range_K : tuple of float
        Lowest and highest temperature fitted.
    chi2_reduced : float or None
        None for two temperatures.
    """

    exponent: float
    exponent_error: float
    temperature_K: float
    l_phi_nm: float
    l_phi_error_nm: float
    range_K: tuple[float, float]
    chi2_reduced: float | None

    def evaluate(self, temperature_K: np.ndarray) -> np.ndarray:
        """Return L_phi [nm] at temperatures of any shape [K]."""
        return self.l_phi_nm * (np.asarray(temperature_K, dtype=float) / self.temperature_K) ** self.exponent

    @property
    def estimate(self) -> Estimate:
        """The exponent s as an estimate named `l_phi_exponent`."""
        s, error = self.exponent, self.exponent_error
        return Estimate("l_phi_exponent", "", s, error, s - error, s + error, determined=True)


def power_law(temperature_K: Sequence[float], l_phi_nm: Sequence[Estimate]) -> PowerLaw | None:
    """Fit ln L_phi against ln T, weighted with the errors of L_phi.

    Where the points scatter more than their errors, the errors of the result grow with them.

    Parameters
    ----------
    temperature_K : sequence of float, length n
    l_phi_nm : sequence of Estimate, length n
        Those that are not determined are left out.

    Returns
    -------
    PowerLaw or None
        None for fewer than two different temperatures.
    """
    known = [
        (math.log(t), math.log(e.value), e.error / e.value)
        for t, e in zip(temperature_K, l_phi_nm, strict=True)
        if e.determined and e.value and e.error and t > 0
    ]
    if len({x for x, _, _ in known}) < 2:
        return None
    x, y, error = np.array(known).T
    weight = 1 / error**2
    total = float(weight.sum())
    centre, height = float(weight @ x) / total, float(weight @ y) / total
    lever = float(weight @ (x - centre) ** 2)
    slope = float(weight @ ((x - centre) * (y - height))) / lever
    rest = y - height - slope * (x - centre)
    chi2_reduced = float(weight @ rest**2) / (len(x) - 2) if len(x) > 2 else None
    scatter = math.sqrt(max(1.0, chi2_reduced or 1.0))
    l_phi = math.exp(height)
    return PowerLaw(
        slope, scatter / math.sqrt(lever), math.exp(centre), l_phi, scatter * l_phi / math.sqrt(total),
        (math.exp(x.min()), math.exp(x.max())), chi2_reduced,
    )  # fmt: skip


def nyquist_rate(temperature_K: float | np.ndarray, sheet_ohm: float) -> np.ndarray:
    """Return 1/tau_phi of electron-electron scattering with small energy transfer in a film [1/s].

    B. L. Altshuler, A. G. Aronov, D. E. Khmelnitsky, J. Phys. C 15, 7367 (1982), doi:10.1088/0022-3719/15/36/018:
    (k T/hbar) (1/g) ln(g/2) with g = (h/e^2)/R_sq. The argument of the logarithm is a convention; see
    `nyquist_rate_self_consistent`.

    Raises
    ------
    ValueError
        The film is too resistive: g/2 must be above 1 (13 kohm), and well above it for the formula to hold.
    """
    g = _conductance(sheet_ohm)
    return KB * np.asarray(temperature_K, dtype=float) / HBAR * math.log(g / 2) / g


def nyquist_rate_self_consistent(temperature_K: float | np.ndarray, sheet_ohm: float) -> np.ndarray:
    """Return the same rate with the cut-off at itself: u ln u = g, u = k T tau_phi/hbar [1/s]."""
    u = math.exp(float(lambertw(_conductance(sheet_ohm)).real))
    return KB * np.asarray(temperature_K, dtype=float) / HBAR / u


def largest_current_A(temperature_K: float, ohm_per_m: float, l_phi_nm: float) -> float:
    """Return the rms current whose voltage over one L_phi is k T/e: more heats the electrons [A].

    Parameters
    ----------
    temperature_K : float
    ohm_per_m : float
        Resistance per length along the current; of a film R_sq/width.
    l_phi_nm : float
    """
    return KB * temperature_K / (E * ohm_per_m * l_phi_nm * 1e-9)


def _conductance(sheet_ohm: float) -> float:
    g = H / E**2 / sheet_ohm if sheet_ohm > 0 else math.inf
    if not sheet_ohm < MOST_RESISTIVE_OHM or not g < math.inf:
        raise ValueError(f"Nyquist rate: {sheet_ohm:g} ohm per square; it must lie between 0 and 12.9 kohm")
    return g
