r"""What else makes sigma depend on T: electron-electron interaction, Kondo scattering, superconducting fluctuations.

Theory only; `analysis.temperature` reads data with it. The interaction is diffusive here: k T tau/hbar << 1.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import digamma, zeta

from analysis.constants import G0, HBAR, KB, E, H
from analysis.quantity import finite, positive

_WHO = "sigma(T)"
_ZETA_HALF = -1.4603545088095868
_TERMS = 12  # summed before the asymptotic series
_BERNOULLI = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730])
_ORDERS = np.arange(2, 24, 2)
_SMALL = (-1.0) ** (_ORDERS // 2 + 1) * (_ORDERS + 1) * zeta(_ORDERS + 1)
GOLDHABER_GORDON_S = 0.22
"""Exponent of the empirical Kondo curve for spin 1/2: UNVERIFIED, from the literature."""


def interaction_strength(f0_sigma: float) -> float:
    """Return K_ee = 1 + 3 [1 - ln(1 + F)/F], F = F_0^sigma: 1 for F = 0, below 1 for F < 0.

    G. Zala, B. N. Narozhny, I. L. Aleiner, Phys. Rev. B 64, 214204 (2001), doi:10.1103/PhysRevB.64.214204.
    """
    if not -1 < f0_sigma < math.inf:
        raise ValueError(
            f"interaction strength: F_0^sigma = {f0_sigma:g}; above -1 and finite, or the metal is magnetic"
        )
    return 1.0 if f0_sigma == 0 else 1 + 3 * (1 - math.log1p(f0_sigma) / f0_sigma)


def zeeman_interaction(zeeman_over_thermal: float | np.ndarray) -> np.ndarray:
    r"""Return g2(h), h = g mu_B B/(k T): in a field the interaction takes G0 (F~/2) g2 from sigma.

    g2(h) = int_0^inf dW (d^2/dW^2)[W/(e^W - 1)] ln|1 - h^2/W^2|. As a sum over Matsubara frequencies it
    is gamma + Re psi(1 + i y) - y Im psi'(1 + i y), y = h/(2 pi). Even; 3 zeta(3)/(4 pi^2) h^2 for h -> 0,
    ln(h/1.298) for h -> inf. P. A. Lee, T. V. Ramakrishnan, Rev. Mod. Phys. 57, 287 (1985),
    doi:10.1103/RevModPhys.57.287.
    """
    return zeeman_interaction_and_slope(zeeman_over_thermal)[0]


def zeeman_interaction_and_slope(zeeman_over_thermal: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return g2(h) and h dg2/dh, each of the shape of h."""
    y = np.abs(finite(_WHO, "h", zeeman_over_thermal)) / (2 * math.pi)
    square = np.minimum(y, 0.1) ** 2
    small, small_slope = (
        square * np.polynomial.polynomial.polyval(square, terms) for terms in (_SMALL, _ORDERS * _SMALL)
    )
    z = 1 + 1j * y
    trigamma, tetragamma = np.zeros_like(z), np.zeros_like(z)
    for n in range(_TERMS):
        trigamma = trigamma + (z + n) ** -2
        tetragamma = tetragamma - 2 * (z + n) ** -3
    z = z + _TERMS
    trigamma = trigamma + (1 + 0.5 / z + np.polynomial.polynomial.polyval(z**-2, _BERNOULLI) / z**2) / z
    rest = np.polynomial.polynomial.polyval(z**-2, (2 * np.arange(_BERNOULLI.size) + 3) * _BERNOULLI)
    tetragamma = tetragamma - (1 + 1 / z + rest / z**2) / z**2
    large = np.euler_gamma + digamma(1 + 1j * y).real - y * trigamma.imag
    large_slope = -y * (2 * trigamma.imag + y * tetragamma.real)
    return np.where(y < 0.1, small, large), np.where(y < 0.1, small_slope, large_slope)


def thermal_length_nm(temperature_K: float | np.ndarray, diffusion_cm2_per_s: float) -> np.ndarray:
    """Return L_T = sqrt(hbar D/(k T)) [nm], the length that counts for the interaction correction."""
    diffusion = 1e14 * positive(_WHO, "D", diffusion_cm2_per_s)  # nm^2/s
    return np.sqrt(HBAR * diffusion / (KB * positive(_WHO, "T", temperature_K)))


def film_interaction(temperature_K: float | np.ndarray, reference_K: float) -> np.ndarray:
    """Return sigma(T) - sigma(T_ref) = G0 ln(T/T_ref) of a film per square, to be multiplied by K_ee [S]."""
    return G0 * np.log(positive(_WHO, "T", temperature_K) / positive(_WHO, "T_ref", reference_K))


def wire_interaction(temperature_K: float | np.ndarray, diffusion_cm2_per_s: float, length_m: float) -> np.ndarray:
    """Return the correction -(3 zeta(3/2)/sqrt(2 pi)) (e^2/h) L_T/L to a wire's conductance, exchange only [S].

    L_T is `thermal_length_nm`. It goes to 0 as T^(-1/2) for T -> inf.
    B. L. Altshuler, A. G. Aronov, in Electron-Electron Interactions in Disordered Systems (1985),
    doi:10.1016/B978-0-444-86916-6.50007-7 (DOI not confirmed).
    """
    thermal = 1e-9 * thermal_length_nm(temperature_K, diffusion_cm2_per_s)
    return -3 * zeta(1.5) / math.sqrt(2 * math.pi) * E**2 / H * thermal / positive(_WHO, "L", length_m)


def bulk_interaction(temperature_K: float | np.ndarray, diffusion_cm2_per_s: float) -> np.ndarray:
    """Return sigma(T) - sigma(0) = 0.03091 (e^2/hbar)/L_T ~ T^(1/2) in three dimensions, exchange only [S/m].

    The coefficient is -sqrt(pi) zeta(1/2)/(6 sqrt(2) pi^2). Source as for `wire_interaction`.
    """
    coefficient = -math.sqrt(math.pi) * _ZETA_HALF / (6 * math.sqrt(2) * math.pi**2)
    return coefficient * E**2 / HBAR / (1e-9 * thermal_length_nm(temperature_K, diffusion_cm2_per_s))


def aslamazov_larkin_conductivity(
    temperature_K: float | np.ndarray, critical_K: float | np.ndarray, dimension: int = 2,
    *, coherence_m: float | None = None, cross_section_m2: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Return the conductivity of superconducting fluctuations above Tc at B = 0, eps = ln(T/Tc).

    d = 2: e^2/(16 hbar eps) per square [S]; d = 3: e^2/(32 hbar xi_0) eps^(-1/2) [S/m];
    d = 1: pi e^2 xi_0/(16 hbar S) eps^(-3/2) [S/m], S the cross-section.
    L. G. Aslamazov, A. I. Larkin, Phys. Lett. A 26, 238 (1968), doi:10.1016/0375-9601(68)90623-3
    (DOI not confirmed).
    """
    t = positive(_WHO, "T", temperature_K)
    if not (t > positive(_WHO, "Tc", critical_K)).all():
        raise ValueError(f"Aslamazov-Larkin: T = {temperature_K} K is not above Tc = {critical_K} K")
    epsilon = np.log(t / critical_K)
    if dimension == 2:
        return E**2 / (16 * HBAR * epsilon)
    if dimension not in (1, 3) or coherence_m is None or (dimension == 1 and cross_section_m2 is None):
        raise ValueError(
            f"Aslamazov-Larkin: dimension {dimension} is 1, 2 or 3; 3 takes xi_0, 1 xi_0 and the cross-section"
        )
    xi = positive(_WHO, "xi_0", coherence_m)
    if dimension == 3:
        return E**2 / (32 * HBAR * xi * np.sqrt(epsilon))
    section = positive(_WHO, "cross-section", cross_section_m2 or 0.0)
    return math.pi * E**2 * xi / (16 * HBAR * section) * epsilon**-1.5


def maki_thompson_conductivity(
    temperature_K: float | np.ndarray, critical_K: float | np.ndarray, pair_breaking: float | np.ndarray
) -> np.ndarray:
    """Return G0 (pi^2/4) ln(eps/delta)/(eps - delta) of a film above Tc at B = 0, eps = ln(T/Tc) [S].

    delta = pi hbar/(8 k T tau_phi), a number as long as 1/tau_phi ~ T. It is the field-free value of
    J. M. B. Lopes dos Santos, E. Abrahams, Phys. Rev. B 31, 172 (1985), doi:10.1103/PhysRevB.31.172, good near Tc.
    """
    t, delta = positive(_WHO, "T", temperature_K), positive(_WHO, "delta", pair_breaking)
    if not (t > positive(_WHO, "Tc", critical_K)).all():
        raise ValueError(f"Maki-Thompson: T = {temperature_K} K is not above Tc = {critical_K} K")
    # ln(eps/delta)/(eps - delta) = ln(1 + y)/(delta y), y = eps/delta - 1, smooth through y = 0
    y = np.log(t / critical_K) / delta - 1
    small = np.where(np.abs(y) < 1e-6, 1e-6, y)
    return G0 * math.pi**2 / 4 / delta * np.where(np.abs(y) < 1e-6, 1 - y / 2, np.log1p(small) / small)


def kondo_resistance(
    temperature_K: float | np.ndarray, kondo_K: float | np.ndarray, exponent: float = GOLDHABER_GORDON_S
) -> np.ndarray:
    """Return R/R_0 = [T'^2/(T^2 + T'^2)]^s, T' = T_K/sqrt(2^(1/s) - 1): 1 at T = 0, 1/2 at T_K.

    Empirical; s = 0.22 for spin 1/2 is UNVERIFIED. D. Goldhaber-Gordon et al., Phys. Rev. Lett. 81, 5225 (1998),
    doi:10.1103/PhysRevLett.81.5225.
    """
    t, s = positive(_WHO, "T", temperature_K), float(positive(_WHO, "s", exponent))
    prime = positive(_WHO, "T_K", kondo_K) / math.sqrt(2 ** (1 / s) - 1)
    return (1 + (t / prime) ** 2) ** -s


def hamann_resistance(temperature_K: float | np.ndarray, kondo_K: float, spin: float = 0.5) -> np.ndarray:
    """Return rho/rho_unitary = [1 - x/sqrt(x^2 + pi^2 S(S + 1))]/2, x = ln(T/T_K): 1/2 at T_K; for T >~ T_K only.

    D. R. Hamann, Phys. Rev. 158, 570 (1967), doi:10.1103/PhysRev.158.570.
    """
    x = np.log(positive(_WHO, "T", temperature_K) / positive(_WHO, "T_K", kondo_K))
    width = math.pi**2 * float(positive(_WHO, "S", spin)) * (spin + 1)
    root = np.sqrt(x**2 + width)
    # 1 - x/root without the cancellation of large x
    return 0.5 * np.where(x > 0, width / (root * (root + np.abs(x))), 1 - x / root)
