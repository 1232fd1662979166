r"""Dephasing rates of bulk metals and magnetic impurities, and how hot the electrons are.

The rates of films are in `analysis.dephasing`. nu is the density of states of both spins per volume [1/(J m^3)].
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gamma, zeta

from analysis.constants import HBAR, KB, E

_THERMAL = 2 * (1 - 2**-1.5) * gamma(1.5) * zeta(1.5) / (math.sqrt(2) * math.pi**2)  # 0.21445
_LORENZ = math.pi**2 / 3 * (KB / E) ** 2


def bulk_nyquist_rate(
    temperature_K: float | np.ndarray, diffusion_m2_per_s: float, states_per_J_m3: float
) -> np.ndarray:
    """Return 1/tau_phi = c (k T)^(3/2)/(hbar nu (hbar D)^(3/2)), c = 0.21445, of a dirty bulk metal [1/s].

    c is derived and cross-checked by Schmid's rate and the film's; UNVERIFIED by a paper that prints it.
    """
    thermal = KB * _above("T", temperature_K) / (HBAR * _above("D", diffusion_m2_per_s))
    return _THERMAL * thermal**1.5 / (HBAR * _above("nu", states_per_J_m3))


def schmid_rate(energy_J: float | np.ndarray, fermi_energy_J: float, kf_l: float) -> np.ndarray:
    """Return the rate at which an electron leaves energy eps above E_F at T = 0 [1/s].

    (pi/8) eps^2/(hbar E_F) + (sqrt(3)/(2 hbar sqrt(E_F))) (eps/k_F l)^(3/2). A. Schmid, Z. Phys. 271, 251 (1974).
    With eps = k T it is not the thermal dephasing rate: its dirty term is 9 times too small
    (see `bulk_nyquist_rate`), its clean term pi^2 times.
    """
    energy, fermi = _above("energy", energy_J), _above("E_F", fermi_energy_J)
    dirty = math.sqrt(3) / (2 * HBAR * np.sqrt(fermi)) * (energy / _above("k_F l", kf_l)) ** 1.5
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
    width = math.pi**2 * _above("S", spin) * (spin + 1)
    x = np.log(_above("T", temperature_K) / _above("T_K", kondo_K))
    unitary = _above("n_imp", impurities_per_m3) / (math.pi * HBAR * _above("nu", states_per_J_m3))
    return unitary * width / (width + x**2)


def middle_temperature_K(bath_K: float | np.ndarray, voltage_V: float) -> np.ndarray:
    """Return T_e in the middle of a wire cooled by its ends only: sqrt(T^2 + V^2/(4 L_0)), L_0 of Lorenz [K].

    The highest there is. Of a long wire, where phonons cool as well, an upper bound.
    """
    return np.hypot(_above("T", bath_K), float(_finite("V", voltage_V)) / (2 * math.sqrt(_LORENZ)))


def phonon_cooled_temperature_K(
    bath_K: float | np.ndarray, power_W_per_m3: float, coupling_W_per_m3_K5: float
) -> np.ndarray:
    """Return T_e = (T^5 + P/Sigma)^(1/5) of electrons that lose their heat to phonons only [K].

    Sigma is 1e9 to 5e9 W/(m^3 K^5) in metals: UNVERIFIED, an order of magnitude.
    """
    power = float(_finite("power", power_W_per_m3))
    if power < 0:
        raise ValueError(f"electron temperature: the power is {power:g} W/m^3; heating is 0 or more")
    return (_above("T", bath_K) ** 5 + power / _above("Sigma", coupling_W_per_m3_K5)) ** 0.2


def _finite(name: str, value: float | np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError(f"dephasing rates: {name} = {value}; it must be finite")
    return array


def _above(name: str, value: float | np.ndarray) -> np.ndarray:
    array = _finite(name, value)
    if not (array > 0).all():
        raise ValueError(f"dephasing rates: {name} = {value}; it must be above 0")
    return array
