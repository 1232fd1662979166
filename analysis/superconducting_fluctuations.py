r"""Superconducting fluctuations of a thin film above Tc: the functions of the theory.

epsilon = ln(T/Tc) is the distance from the transition; B_eps = 2 kB Tc epsilon/(pi e D) is the field
hbar/(4 e D tau_GL) of a fluctuation that lives the Ginzburg-Landau time tau_GL.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)
_END = 7.0  # 1/sinh^2(pi z) is 1e-19 beyond
_TERMS = 12  # before the asymptotic series, which is good to 1e-16 beyond x = 12
_SERIES = np.array([-1 / 64, 1 / 128, -17 / 2048, 31 / 2048, -691 / 16384, 5461 / 32768, -929569 / 1048576])
_ORDERS = 2 * np.arange(2, _SERIES.size + 2)


def larkin_beta(epsilon: float) -> tuple[float, float]:
    """Return Larkin's beta at epsilon = ln(T/Tc) > 0, and its derivative by epsilon.

    beta = 2 pi int_0^inf dz (Im E)^2/(sinh^2(pi z) |E|^2), E = epsilon + psi(1/2 + i z/2) - psi(1/2); it tends to
    pi^2/(4 epsilon) near Tc. A. I. Larkin, JETP Lett. 31, 219 (1980). Relative error below 1e-10 for epsilon > 1e-4.

    Raises
    ------
    ValueError
        epsilon is not positive: the film is superconducting.
    """
    if not epsilon > 0:
        raise ValueError(f"Larkin's beta at ln(T/Tc) = {epsilon:.3g}: defined above Tc only; check T and Tc")
    # near Tc the integrand is a peak as narrow as epsilon: z = a sinh(v) gives it its share of the nodes
    narrow = min(epsilon, 1.0)
    last = np.arcsinh(_END / narrow)
    v, weight = (_NODES + 1) / 2 * last, _WEIGHTS * last / 2
    z = narrow * np.sinh(v)
    shift = digamma(0.5 + 0.5j * z) - digamma(0.5)
    real, imaginary = epsilon + shift.real, shift.imag
    integrand = weight * narrow * np.cosh(v) * (imaginary / np.sinh(np.pi * z)) ** 2
    norm = real**2 + imaginary**2
    return float(2 * np.pi * (integrand / norm).sum()), float(-4 * np.pi * (integrand * real / norm**2).sum())


def aslamazov_larkin(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 - 8 x^2 [psi(1/2 + x) - psi(x) - 1/(2 x)] and its derivative by x, x = B_eps/B > 0.

    It is what a field takes from the conductance e^2/(16 hbar epsilon) of the fluctuations: 0 for large x, 1 for
    x = 0. E. Abrahams, R. E. Prange, M. J. Stephen, Physica 55, 230 (1971), doi:10.1016/0031-8914(71)90258-8
    (DOI not confirmed).
    """
    # 1 = 8 x^2 sum 2 a/(8 (a^2 - 1/4)^2), a = n + 1/2 + x: the difference is a sum of positive terms
    y = x + _TERMS
    inverse = y**-2.0
    total = -16 * inverse**2 * np.polynomial.polynomial.polyval(inverse, _SERIES)
    slope = 16 * inverse**2 / y * np.polynomial.polynomial.polyval(inverse, _SERIES * _ORDERS)
    for n in range(_TERMS):
        a, product = n + 0.5 + x, (n + x) * (n + 1 + x)
        term = 1 / (a * product**2)
        total = total + term
        slope = slope - term * (1 / a + 4 * a / product)
    value = 0.5 * x**2 * total
    return value, 2 * value / x + 0.5 * x**2 * slope
