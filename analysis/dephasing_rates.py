r"""Dephasing rates of bulk metals and magnetic impurities, and how hot the electrons are.

The rates of films are in `analysis.dephasing`. nu is the density of states of both spins per volume [1/(J m^3)].
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gamma, zeta

from analysis.constants import HBAR, KB, E
from analysis.quantity import finite, positive

_THERMAL = 2 * (1 - 2**-1.5) * gamma(1.5) * zeta(1.5) / (math.sqrt(2) * math.pi**2)  # 0.21445
_WHO = "dephasing rates"
LORENZ = math.pi**2 / 3 * (KB / E) ** 2
"""Lorenz number [V^2/K^2]: 2.44e-8."""
METAL_COUPLING = 2e9
"""Usual electron-phonon coupling of metals [W/(m^3 K^5)]: UNVERIFIED, 1e9 to 5e9, an order of magnitude."""


def bulk_nyquist_rate(
    temperature_K: float | np.ndarray, diffusion_cm2_per_s: float, states_per_J_m3: float
) -> np.ndarray:
    """Return 1/tau_phi = c (k T)^(3/2)/(hbar nu (hbar D)^(3/2)), c = 0.21445, of a dirty bulk metal [1/s].

    Derived, no paper with c was opened: the phase that thermal fields of nu and D give to two paths that meet no more,
    the Pauli principle in it. Tested as that integral, and against Schmid's dirty term, which is 8.98 times smaller.
    """
    thermal = KB * positive(_WHO, "T", temperature_K) / (HBAR * 1e-4 * positive(_WHO, "D", diffusion_cm2_per_s))
    return _THERMAL * thermal**1.5 / (HBAR * positive(_WHO, "nu", states_per_J_m3))


def schmid_rate(energy_J: float | np.ndarray, fermi_energy_J: float, kf_l: float) -> np.ndarray:
    """Return the rate at which an electron leaves energy eps above E_F at T = 0 [1/s].

    (pi/8) eps^2/(hbar E_F) + (sqrt(3)/(2 hbar sqrt(E_F))) (eps/k_F l)^(3/2). A. Schmid, Z. Phys. 271, 251 (1974).
    With eps = k T it is not the thermal dephasing rate: its dirty term is 9 times too small
    (see `bulk_nyquist_rate`), its clean term pi^2 times.
    """
    energy, fermi = positive(_WHO, "energy", energy_J), positive(_WHO, "E_F", fermi_energy_J)
    dirty = math.sqrt(3) / (2 * HBAR * np.sqrt(fermi)) * (energy / positive(_WHO, "k_F l", kf_l)) ** 1.5
    return math.pi / 8 * energy**2 / (HBAR * fermi) + dirty


def spin_flip_rate(
    temperature_K: float | np.ndarray, kondo_K: float, impurities_per_m3: float, states_per_J_m3: float,
    spin: float = 0.5,
) -> np.ndarray:  # fmt: skip
    """Return 1/tau_sf of Nagaoka and Suhl: (n/(pi hbar nu)) w/(w + ln^2(T/T_K)), w = pi^2 S(S + 1) [1/s].

    Largest at T_K; for T >~ T_K only, it is wrong below (T. Micklitz et al., Phys. Rev. Lett. 96, 226601 (2006),
    doi:10.1103/PhysRevLett.96.226601). It enters 1/tau_phi once if the impurity spins relax faster than tau_sf, twice
    (in the singlet) if they are frozen. Form: F. Pierre et al., Phys. Rev. B 68, 085413 (2003),
    doi:10.1103/PhysRevB.68.085413.
    """
    shape = nagaoka_suhl(positive(_WHO, "T", temperature_K), float(positive(_WHO, "T_K", kondo_K)), spin)[0]
    impurities, states = positive(_WHO, "n_imp", impurities_per_m3), positive(_WHO, "nu", states_per_J_m3)
    return impurities / (math.pi * HBAR * states) * shape


def nagaoka_suhl(temperature_K: np.ndarray, kondo_K: float, spin: float = 0.5) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return w/(w + ln^2(T/T_K)), w = pi^2 S(S + 1): 1 at T_K; and, in a list, its derivative by T_K [1/K]."""
    width = math.pi**2 * float(positive(_WHO, "S", spin)) * (spin + 1)
    x = np.log(temperature_K / kondo_K)
    value = width / (width + x**2)
    return value, [2 * value**2 * x / (width * kondo_K)]


def middle_temperature_K(bath_K: float | np.ndarray, voltage_V: float) -> np.ndarray:
    """Return T_e in the middle of a wire cooled by its ends only: sqrt(T^2 + V^2/(4 L_0)), L_0 of Lorenz [K].

    The highest there is. Of a long wire, where phonons cool as well, an upper bound.
    """
    return np.hypot(positive(_WHO, "T", bath_K), float(finite(_WHO, "V", voltage_V)) / (2 * math.sqrt(LORENZ)))


def phonon_cooled_temperature_K(
    bath_K: float | np.ndarray, power_W_per_m3: float, coupling_W_per_m3_K5: float
) -> np.ndarray:
    """Return T_e = (T^5 + P/Sigma)^(1/5) of electrons that lose their heat to phonons only [K].

    Sigma is of the order of `METAL_COUPLING` in metals.
    """
    power = float(finite(_WHO, "power", power_W_per_m3))
    if power < 0:
        raise ValueError(f"electron temperature: the power is {power:g} W/m^3; heating is 0 or more")
    return (positive(_WHO, "T", bath_K) ** 5 + power / positive(_WHO, "Sigma", coupling_W_per_m3_K5)) ** 0.2
