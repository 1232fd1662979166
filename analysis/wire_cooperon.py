r"""Weak localization of wires: three return probabilities, and what a magnetic field and electrons do to them.

The correction to the conductance of a wire is -(2 e^2/h)(1/L) times a length K(r) that depends on the rate
r = 1/L_phi^2 + 1/(D tau_B) [1/nm^2]: r^(-1/2) for exponential dephasing, L_N times -Ai/Ai'(L_N^2 r) for the Nyquist
noise of the electrons, and L times (coth x - 1/x)/x, x = L sqrt(r), between reservoirs L apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import airye, bernoulli, zeta

from analysis.channels import FIELD_NM2
from analysis.constants import HBAR, KB, E, H

SPECULAR = (math.pi**5 / (31 * float(zeta(5.0))), 24 / 5)
"""C1 and C2 of a ballistic strip with specular walls."""
DIFFUSE = (4 * math.pi, 3.0)
"""C1 and C2 of a ballistic strip with diffuse walls; its D is less than v_F l/2."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_NEAR = 0.02  # step, of the distance to the pole, up to which a difference is taken from a slope
_PLACES = (1 - np.cos(math.pi * (np.arange(7) + 0.5) / 7)) / 2
_POWERS = np.linalg.inv(np.vander(_PLACES, increasing=True))[1:]  # of the polynomial through seven values, from x on


@dataclass(frozen=True)
class Kernel:
    """A return probability as a function of the rate in its own unit.

    Attributes
    ----------
    both : callable
        K(p) and dK/dp, for p > 0, or p >= 0 where pole > 0.
    pole : float
        K is smooth down to p = -pole.
    """

    both: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    pole: float

    def drop(self, start: float, step: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return K(p) - K(p + step) and its derivatives by p and by the step, for steps >= 0 of shape (n,).

        Where the step is small the difference is the integral of the slope, and that of the slopes a polynomial in the
        step: both keep their digits at low field.
        """
        first, first_slope = self.both(np.full(step.size, start))
        last, last_slope = self.both(start + step)
        width = _NEAR * (start + self.pole)
        near = step <= width
        value, by_start = first - last, first_slope - last_slope
        within = start + step[near, np.newaxis] * _NODES
        value[near] = -step[near] * (self.both(within.ravel())[1].reshape(within.shape) @ _WEIGHTS)
        share = step[near, np.newaxis] / width
        by_start[near] = -(share ** np.arange(1, 7)) @ (_POWERS @ self.both(start + width * _PLACES)[1])
        return value, by_start, -last_slope


def _root(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    value = 1 / np.sqrt(p)
    return value, -0.5 * value / p


_AIRY_SWITCH = 40.0


def _airy_series() -> tuple[np.ndarray, np.ndarray]:
    """Return a_k and e_k of K = sum a_k s^(-e_k), from K' = s K^2 - 1."""
    a = [1.0]
    for k in range(1, 9):
        a.append(-0.5 * ((1.5 * k - 1) * a[k - 1] + sum(a[i] * a[k - i] for i in range(1, k))))
    return np.array(a), 0.5 + 1.5 * np.arange(len(a))


_AIRY, _AIRY_EXPONENTS = _airy_series()


def _nyquist(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return -Ai(s)/Ai'(s) and its derivative s K^2 - 1; the scaled functions do not underflow."""
    small = np.minimum(s, _AIRY_SWITCH)
    ai, ai_slope, _, _ = airye(small)
    value = -ai / ai_slope
    slope = small * value**2 - 1
    large = s > _AIRY_SWITCH
    if large.any():
        # s K^2 - 1 would be the difference of nearly equal numbers
        powers = s[large, np.newaxis] ** -_AIRY_EXPONENTS
        value[large] = powers @ _AIRY
        slope[large] = -(powers @ (_AIRY_EXPONENTS * _AIRY)) / s[large]
    return value, slope


_FINITE = np.array(
    [2.0 ** (2 * k) * bernoulli(2 * k)[-1] / math.factorial(2 * k) for k in range(1, 20)]
)  # (coth x - 1/x)/x = sum c_k x^(2 k - 2)
_FINITE_SLOPE = _FINITE[1:] * np.arange(1, _FINITE.size)


def _finite(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (coth x - 1/x)/x, x = sqrt(p), and its derivative by p."""
    x = np.sqrt(np.maximum(p, 1.0))
    decay = np.exp(-2 * x)
    coth, inverse_square = (1 + decay) / (1 - decay), 4 * decay / (1 - decay) ** 2
    value = (coth - 1 / x) / x
    slope = (2 / x**3 - coth / x**2 - inverse_square / x) / (2 * x)
    small = p < 1
    value[small] = np.polynomial.polynomial.polyval(p[small], _FINITE)
    slope[small] = np.polynomial.polynomial.polyval(p[small], _FINITE_SLOPE)
    return value, slope


EXPONENTIAL = Kernel(_root, 0.0)
NYQUIST = Kernel(_nyquist, 1.018792971647471)
"""Its argument is L_N^2 times the rate; the pole is the first zero of Ai'."""
FINITE = Kernel(_finite, math.pi**2)
"""Its argument is L^2 times the rate."""


def inverse_area(field_T: np.ndarray | float) -> np.ndarray:
    """Return 1/l_B^2 = e |B|/hbar [1/nm^2]."""
    return np.abs(field_T) / (4 * FIELD_NM2)


def strip_rate(field_T: np.ndarray | float, width_nm: float) -> np.ndarray:
    """Return 1/(D tau_B) = W^2/(3 l_B^4) [1/nm^2] of a diffusive strip, W across the field."""
    return (width_nm * inverse_area(field_T)) ** 2 / 3


def cylinder_rate(field_T: np.ndarray | float, radius_nm: float) -> np.ndarray:
    """Return 1/(D tau_B) = r^2/l_B^4 [1/nm^2] of a diffusive solid cylinder, field perpendicular to its axis.

    Derived in first order in the field, the average of A^2 over the cross-section; no paper with it was opened.
    """
    return (radius_nm * inverse_area(field_T)) ** 2


def axial_rate(field_T: np.ndarray | float, radius_nm: float) -> np.ndarray:
    """Return 1/(D tau_B) = r^2/(2 l_B^4) [1/nm^2] of a diffusive solid cylinder, field along its axis.

    Derived in first order in the field, the average of A^2 over the cross-section; no paper with it was opened.
    """
    return cylinder_rate(field_T, radius_nm) / 2


def ballistic_rate(
    field_T: np.ndarray | float, width_nm: float, mean_free_path_nm: float, walls: tuple[float, float] = SPECULAR
) -> np.ndarray:
    """Return 1/(D tau_B) [1/nm^2] of a strip narrower than the mean free path l, D = v_F l/2.

    tau_B = C1 l_B^4/(W^3 v_F) + C2 l_B^2 l/(W^2 v_F): the flux through a ballistic path that is reflected at both
    walls cancels (C. W. J. Beenakker, H. van Houten, Phys. Rev. B 38, 3232 (1988), doi:10.1103/PhysRevB.38.3232).
    """
    beta = inverse_area(field_T)
    c1, c2 = walls
    return 2 / mean_free_path_nm * width_nm**3 * beta**2 / (c1 + c2 * mean_free_path_nm * width_nm * beta)


def ballistic_time(
    field_T: float, width_nm: float, mean_free_path_nm: float, v_fermi_m_per_s: float,
    walls: tuple[float, float] = SPECULAR,
) -> float:  # fmt: skip
    """Return tau_B [s] of a strip narrower than the mean free path, at B != 0."""
    diffusion = v_fermi_m_per_s * mean_free_path_nm * 1e9 / 2  # nm^2/s
    return float(1 / (diffusion * ballistic_rate(field_T, width_nm, mean_free_path_nm, walls)))


def nyquist_length_m(temperature_K: float, diffusion_cm2_per_s: float, sigma1_S_m: float) -> float:
    """Return L_N = [hbar^2 D sigma_1/(e^2 kB T)]^(1/3) [m], sigma_1 = L/R of the wire [S m].

    B. L. Altshuler, A. G. Aronov, D. E. Khmelnitsky, J. Phys. C 15, 7367 (1982), doi:10.1088/0022-3719/15/36/018.
    """
    return (HBAR**2 * 1e-4 * diffusion_cm2_per_s * sigma1_S_m / (E**2 * KB * temperature_K)) ** (1 / 3)


def nyquist_time_s(temperature_K: float, diffusion_cm2_per_s: float, sigma1_S_m: float) -> float:
    """Return tau_N = L_N^2/D [s]. The tau_phi of an exponential that fits is 2 tau_N."""
    return nyquist_length_m(temperature_K, diffusion_cm2_per_s, sigma1_S_m) ** 2 / (1e-4 * diffusion_cm2_per_s)


def electron_time_s(
    temperature_K: float, density_per_J_m3: float, area_m2: float, length_m: float, resistance_ohm: float
) -> float:
    """Return tau_ee [s] of a wire, identically 2 tau_N; the density of states is that of both spins.

    F. Pierre et al., Phys. Rev. B 68, 085413 (2003), doi:10.1103/PhysRevB.68.085413.
    """
    quantum = resistance_ohm * E**2 / H
    cube = math.pi * KB**2 / (4 * density_per_J_m3 * length_m * area_m2) * quantum
    return HBAR / (cube ** (1 / 3) * temperature_K ** (2 / 3))
