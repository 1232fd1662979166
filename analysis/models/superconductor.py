"""Films above their superconducting transition: weak localization and superconducting fluctuations add.

Both models are the film of Hikami, Larkin and Nagaoka with isotropic spin-orbit scattering, with the Aslamazov-Larkin
term, and with the Maki-Thompson term in one of two forms. T, Tc and D are known; epsilon = ln(T/Tc) > 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.constants import KB, E
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.length_scan import scan
from analysis.model import Model, Parameter, Remark
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.superconducting_fluctuations import aslamazov_larkin, larkin_beta

LARKIN_SOURCE = (
    "A. I. Larkin, JETP Lett. 31, 219 (1980); E. Abrahams, R. E. Prange, M. J. Stephen, Physica 55, 230 (1971), "
    "doi:10.1016/0031-8914(71)90258-8 (DOI not confirmed)"
)
NEAR_SOURCE = (
    "J. M. B. Lopes dos Santos, E. Abrahams, Phys. Rev. B 31, 172 (1985), doi:10.1103/PhysRevB.31.172; "
    "E. Abrahams, R. E. Prange, M. J. Stephen, Physica 55, 230 (1971), doi:10.1016/0031-8914(71)90258-8 "
    "(DOI not confirmed)"
)

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so)", shared=True)
TEMPERATURE = Parameter("temperature_K", "K", 1e-3, 1e3, "temperature T of the film", known=True, default=5.0)
CRITICAL = Parameter("critical_K", "K", 1e-3, 1e3, "transition temperature Tc", known=True, shared=True, default=4.0)
DIFFUSION = Parameter(
    "diffusion_cm2_per_s", "cm2_per_s", 1e-4, 1e6, "diffusion constant D", known=True, shared=True, default=1.0
)

_EPSILON_FIELD = 2e4 * KB / (np.pi * E)  # B_eps = this Tc epsilon/D [T cm2/s per K]
_SMALLEST_T = 1e-40  # stands for B = 0
_EQUAL = 1e-5  # B_phi and B_eps nearer than this are told apart by this: the quotient is then 5e-6 off
_NEAR = 0.1  # ln(T/Tc) up to which the form near Tc is used


def _epsilon(temperature_K: float, critical_K: float) -> float:
    epsilon = float(np.log(temperature_K / critical_K))
    if not epsilon > 0:
        raise ValueError(
            f"superconducting fluctuations: T = {temperature_K:.4g} K is not above Tc = {critical_K:.4g} K; "
            "give temperature_K and critical_K, or fit warmer sweeps"
        )
    return epsilon


def _localization(field_T: np.ndarray, l_phi_nm: float, l_so_nm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 3/2 F(B_phi + 4/3 B_so) - 1/2 F(B_phi), its derivatives by both lengths, and F(B_phi), dF/d ln B_phi."""
    b_phi, b_so = FIELD_NM2 / l_phi_nm**2, FIELD_NM2 / l_so_nm**2
    triplet = b_phi + 4 / 3 * b_so
    value, slope = cooperon(field_T, np.array([triplet, b_phi]))
    by_phi = -2 / l_phi_nm * (1.5 * slope[0] * b_phi / triplet - 0.5 * slope[1])
    by_so = -2 / l_so_nm * 1.5 * slope[0] * (4 / 3 * b_so / triplet)
    return 1.5 * value[0] - 0.5 * value[1], np.stack([by_phi, by_so]), np.stack([value[1], slope[1]])


def _pairs(field_T: np.ndarray, epsilon: float, b_eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the change of the Aslamazov-Larkin term and its derivatives by epsilon and by ln B_eps [G0]."""
    field = np.abs(field_T)
    x = b_eps / np.maximum(field, _SMALLEST_T)
    taken, slope = aslamazov_larkin(x)
    # e^2/(16 hbar epsilon) = pi^2/(8 epsilon) G0
    value = -(np.pi**2) / (8 * epsilon) * taken * (field > 0)
    return value, -value / epsilon, -(np.pi**2) / (8 * epsilon) * slope * x * (field > 0)


def _columns(
    lengths: np.ndarray, by_epsilon: np.ndarray, by_log: np.ndarray, epsilon: float,
    temperature_K: float, critical_K: float, diffusion: float,
) -> np.ndarray:  # fmt: skip
    """Return the derivatives by the five parameters; B_eps is proportional to Tc epsilon/D."""
    whole = by_epsilon + by_log / epsilon
    return np.stack(
        [*lengths, whole / temperature_K, (by_log - whole) / critical_K, -by_log / diffusion], axis=-1
    )  # fmt: skip


def _larkin(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float, temperature_K: float, critical_K: float, diffusion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give weak localization - beta(T) F(B, B_phi) + Aslamazov-Larkin, and its derivative."""
    epsilon = _epsilon(temperature_K, critical_K)
    value, lengths, (singlet, slope) = _localization(field_T, l_phi_nm, l_so_nm)
    pairs, pairs_slope, by_log = _pairs(field_T, epsilon, _EPSILON_FIELD * critical_K * epsilon / diffusion)
    beta, beta_slope = larkin_beta(epsilon)
    lengths[0] += 2 * beta / l_phi_nm * slope
    by_epsilon = pairs_slope - beta_slope * singlet
    derivative = _columns(lengths, by_epsilon, by_log, epsilon, temperature_K, critical_K, diffusion)
    return value - beta * singlet + pairs, derivative


def _near(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float, temperature_K: float, critical_K: float, diffusion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give weak localization + Lopes dos Santos and Abrahams' Maki-Thompson term + Aslamazov-Larkin.

    G0 (pi^2/4)/(epsilon - delta) [F(B, B_eps) - F(B, B_phi)], delta = epsilon B_phi/B_eps: smooth where they meet.
    """
    epsilon = _epsilon(temperature_K, critical_K)
    b_eps, b_phi = _EPSILON_FIELD * critical_K * epsilon / diffusion, FIELD_NM2 / l_phi_nm**2
    value, lengths, _ = _localization(field_T, l_phi_nm, l_so_nm)
    pairs, pairs_slope, by_log = _pairs(field_T, epsilon, b_eps)
    if abs(b_phi / b_eps - 1) < _EQUAL:
        b_phi = b_eps * (1 + _EQUAL)
    both, slopes = cooperon(field_T, np.array([b_eps, b_phi]))
    ratio = b_phi / b_eps
    front = np.pi**2 / (4 * epsilon * (1 - ratio))
    thompson = front * (both[0] - both[1])
    # by ln B_phi, by ln B_eps at given epsilon
    by_phi = thompson * ratio / (1 - ratio) - front * slopes[1]
    by_log = by_log - thompson * ratio / (1 - ratio) + front * slopes[0]
    lengths[0] += -2 / l_phi_nm * by_phi
    by_epsilon = pairs_slope - thompson / epsilon
    derivative = _columns(lengths, by_epsilon, by_log, epsilon, temperature_K, critical_K, diffusion)
    return value + thompson + pairs, derivative


def _lengths(field_T: np.ndarray, known: Mapping[str, float]) -> np.ndarray:
    return np.sqrt(FIELD_NM2 / field_T)


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    assumed = [p for p in (TEMPERATURE, CRITICAL, DIFFUSION) if values[p.name] == p.default]
    if assumed:
        text = " and ".join(f"{p.name} = {p.default:.3g}" for p in assumed)
        remarks.append(Remark("fluctuations_assumed", f"{text} is the default, and L_phi depends on it: give your own"))
    measured = curve.temperature_K
    if measured is not None and abs(measured / values["temperature_K"] - 1) > 0.01:
        text = f"the sweep was at {measured:.4g} K, the fluctuations were taken at {values['temperature_K']:.4g} K"
        remarks.append(Remark("temperature", f"{text}; give temperature_K"))
    return remarks


def _larkin_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _validity(values, curve, sample)
    epsilon = _epsilon(values["temperature_K"], values["critical_K"])
    b_eps = _EPSILON_FIELD * values["critical_K"] * epsilon / values["diffusion_cm2_per_s"]
    b_max = float(np.abs(curve.field_T).max())
    if b_max > 0.3 * b_eps:
        text = f"the field reaches {b_max:.3g} T = {b_max / b_eps:.2g} B_eps; Larkin's term holds well below B_eps"
        remarks.append(Remark("beyond_larkin", f"{text}: fit |B| < {0.3 * b_eps:.2g} T"))
    return remarks


def _near_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _validity(values, curve, sample)
    epsilon = _epsilon(values["temperature_K"], values["critical_K"])
    if epsilon > _NEAR:
        text = f"ln(T/Tc) = {epsilon:.2g}: the form near Tc is 5 to 7 % wrong at 0.01 already"
        remarks.append(Remark("far_from_critical", f"{text}; use superconductor"))
    return remarks


SUPERCONDUCTOR = Model(
    name="superconductor",
    title="film above Tc: 3/2 F(B_phi + 4/3 B_so) - (1/2 + beta) F(B_phi) + Aslamazov-Larkin, Larkin's beta(T)",
    source=LARKIN_SOURCE,
    parameters=(L_PHI, L_SO, TEMPERATURE, CRITICAL, DIFFUSION),
    both=_larkin,
    guess=scan(_larkin, (L_PHI, L_SO, TEMPERATURE, CRITICAL, DIFFUSION), _lengths, coarser=2),
    validity=_larkin_validity,
)
SUPERCONDUCTOR_NEAR = Model(
    name="superconductor_near",
    title="film near Tc: weak localization, Maki-Thompson (Lopes dos Santos and Abrahams), Aslamazov-Larkin",
    source=NEAR_SOURCE,
    parameters=(L_PHI, L_SO, TEMPERATURE, CRITICAL, DIFFUSION),
    both=_near,
    guess=scan(_near, (L_PHI, L_SO, TEMPERATURE, CRITICAL, DIFFUSION), _lengths, coarser=2),
    validity=_near_validity,
)
