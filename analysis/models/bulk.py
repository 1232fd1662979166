"""Films between two and three dimensions, and the bulk: Kawabata; Fukuyama and Hoshino.

All give the change of the conductance per square of a film of thickness t, which for the bulk is t times that of the
conductivity. Spin-orbit scattering is isotropic: 3/2 triplet - 1/2 singlet, triplet field B_phi + 4/3 B_so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.constants import E
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.kawabata import bulk_cooperon, pair
from analysis.length_scan import scan
from analysis.mode_sum import film_cooperon
from analysis.model import Model, Parameter, Remark
from analysis.sample import Sample

KAWABATA_SOURCE = (
    "A. Kawabata, Solid State Commun. 34, 431 (1980), doi:10.1016/0038-1098(80)90644-4 (DOI not confirmed)"
)
FUKUYAMA_SOURCE = "H. Fukuyama, K. Hoshino, J. Phys. Soc. Jpn 50, 2131 (1981), doi:10.1143/JPSJ.50.2131"
FILM_SOURCE = (
    "sum over transverse modes of S. Hikami, A. I. Larkin, Y. Nagaoka, Prog. Theor. Phys. 63, 707 (1980), "
    "doi:10.1143/PTP.63.707; limits derived and checked, no paper with the sum was opened"
)

BOHR_MAGNETON = 9.2740100657e-24
"""CODATA 2022 [J/T]."""

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so)", shared=True)
FILM_THICKNESS = Parameter(
    "thickness_nm", "nm", 0.1, 1e6, "thickness of the film", known=True, shared=True, default=100.0
)
BULK_THICKNESS = replace(FILM_THICKNESS, default=3000.0)
G_FACTOR = Parameter(
    "g_factor", "", -100.0, 100.0, "g factor of the electrons", log=False, known=True, shared=True, default=2.0
)
DIFFUSION = Parameter(
    "diffusion_cm2_per_s", "cm2_per_s", 1e-4, 1e6, "diffusion constant D", known=True, shared=True, default=1.0
)

_FRONT = 0.5 / np.sqrt(FIELD_NM2)  # sqrt(e/hbar) [1/(nm T^(1/2))]
_ZEEMAN = 1e4 * BOHR_MAGNETON / (4 * E)  # mu_B/(4 e) [T cm2/s per T]
_THREE_DIMENSIONS = 10.0  # thickness in L_phi
_BIAS = "Kawabata's formula gives L_phi 31 % too long at t = 5 L_phi, 14 % at 10, 5 % at 30"


def _spin(b_phi: float, l_so_nm: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights and the fields of the channels."""
    if l_so_nm is None:
        return np.array([1.0]), np.array([b_phi])
    return np.array([1.5, -0.5]), np.array([b_phi + 4 / 3 * FIELD_NM2 / l_so_nm**2, b_phi])


def _by_lengths(slopes: np.ndarray, l_phi_nm: float, l_so_nm: float | None) -> list[np.ndarray]:
    """Return the derivatives by L_phi and by L_so from those by the fields of the channels, already weighted [G0/T]."""
    columns = [slopes.sum(axis=0) * (-2 * FIELD_NM2 / l_phi_nm**3)]
    return columns if l_so_nm is None else [*columns, slopes[0] * (-8 / 3 * FIELD_NM2 / l_so_nm**3)]


def _film(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float | None, thickness_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give sum_n F(B, B_phi + n^2 B_t), B_t = (hbar/4e)(pi/t)^2, of each channel, and its derivative."""
    weights, fields = _spin(FIELD_NM2 / l_phi_nm**2, l_so_nm)
    value, slope, by_mode = film_cooperon(field_T, fields, FIELD_NM2 * (np.pi / thickness_nm) ** 2)
    columns = _by_lengths((weights / fields)[:, np.newaxis] * slope, l_phi_nm, l_so_nm)
    return weights @ value, np.stack([*columns, weights @ by_mode * (-2 / thickness_nm)], axis=-1)


def _bulk(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float | None, thickness_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give t sqrt(e B/hbar) f3(B_phi/B) of each channel, and its derivative."""
    weights, fields = _spin(FIELD_NM2 / l_phi_nm**2, l_so_nm)
    value, slope = bulk_cooperon(np.abs(field_T), fields[:, np.newaxis])
    front = _FRONT * thickness_nm
    columns = _by_lengths(front * weights[:, np.newaxis] * slope, l_phi_nm, l_so_nm)
    return front * weights @ value, np.stack([*columns, _FRONT * weights @ value], axis=-1)


def _zeeman(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float, thickness_nm: float, g_factor: float, diffusion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give the bulk with spin-orbit scattering and Zeeman splitting, and its derivative.

    In Fukuyama and Hoshino's formula c = 2/3 B_so, m = B_phi + c and w = g mu_B B/(4 e D), so that gamma = (w/c)^2 and
    B_+- = m +- sqrt(c^2 - w^2). Everything is smooth where gamma passes through 1.
    """
    field = np.abs(field_T)
    b_phi, b_so = FIELD_NM2 / l_phi_nm**2, FIELD_NM2 / l_so_nm**2
    c = 2 / 3 * b_so
    w = _ZEEMAN * g_factor * field / diffusion
    triplet, triplet_slope = bulk_cooperon(field, b_phi + 2 * c)
    quotient, by_middle, by_q = pair(field, b_phi + c, c**2 - w**2)
    shift, shift_by_phi, shift_by_c, shift_by_w = _zero_field_shift(b_phi, c, w)
    value = triplet + c * quotient + shift
    by_phi = triplet_slope + c * by_middle + shift_by_phi
    by_c = 2 * triplet_slope + quotient + c * (by_middle + 2 * c * by_q) + shift_by_c
    by_w = -2 * w * c * by_q + shift_by_w
    front = _FRONT * thickness_nm
    derivative = front * np.stack([
        by_phi * (-2 * b_phi / l_phi_nm), by_c * (-2 * c / l_so_nm), value / thickness_nm,
        by_w * _ZEEMAN * field / diffusion, by_w * (-w / diffusion),
    ], axis=-1)  # fmt: skip
    return front * value, derivative


def _zero_field_shift(b_phi: float, c: float, w: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what the Zeeman splitting alone does, [T^(1/2)], and its derivatives by B_phi, c and w.

    (sqrt B_+ - sqrt B_-)/sqrt(1 - gamma) - (sqrt B_2 - sqrt B_phi) = 2 c (1/P - 1/P_0) with
    P = sqrt B_+ + sqrt B_- = sqrt(2 m + 2 R), R = sqrt(B_+ B_-) = sqrt(B_phi B_2 + w^2); P_0, R_0 at w = 0. Multiplied
    out it keeps its digits at low field, and it is real where B_+- are not.
    """
    m = b_phi + c
    r_0, r = np.sqrt(b_phi * (b_phi + 2 * c)), np.sqrt(b_phi * (b_phi + 2 * c) + w**2)
    p_0, p = np.sqrt(2 * (m + r_0)), np.sqrt(2 * (m + r))
    ratio = -2 * w**2 / ((r + r_0) * (p + p_0) * p * p_0)
    # d(1/P) = -(dm + dR)/P^3, and dR = (m dB_phi + B_phi dc + w dw)/R: (1 + m/R_0)/P_0^3 - (1 + m/R)/P^3 and the like
    rise = w**2 / (r + r_0)  # R - R_0
    cubes = 2 * rise * (p**2 + p * p_0 + p_0**2) / ((p + p_0) * (p * p_0) ** 3)  # 1/P_0^3 - 1/P^3
    quotients = cubes / r_0 + rise / (r * r_0 * p**3)
    by_phi, by_c = cubes + m * quotients, cubes + b_phi * quotients
    return 2 * c * ratio, 2 * c * by_phi, 2 * (ratio + c * by_c), -2 * c * w / (r * p**3)


def _known_thickness(sample: Sample) -> dict[str, float]:
    return {} if sample.thickness_nm is None else {"thickness_nm": sample.thickness_nm}


def _film_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    # the thickness is a parameter here, and no fault
    remarks = diffusive_film(values["l_phi_nm"], curve, replace(sample, thickness_nm=None))
    return [*remarks, *_thickness(values, FILM_THICKNESS, sample), *_thin_layer(values, sample)]


def _thickness(values: Mapping[str, float], parameter: Parameter, sample: Sample) -> list[Remark]:
    if sample.thickness_nm is not None or values["thickness_nm"] != parameter.default:
        return []
    text = f"the thickness of the film is not given: {parameter.default:.3g} nm were taken"
    return [Remark("thickness_assumed", f"{text}, and L_phi depends on it; give thickness_nm")]


def _thin_layer(values: Mapping[str, float], sample: Sample) -> list[Remark]:
    if sample.mean_free_path_nm is None or values["thickness_nm"] > sample.mean_free_path_nm:
        return []
    text = f"t = {values['thickness_nm']:.3g} nm is below the mean free path, {sample.mean_free_path_nm:.3g} nm"
    return [Remark("ballistic_thickness", f"{text}: electrons do not diffuse across the film")]


def _bulk_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, replace(sample, thickness_nm=None))
    remarks += _thickness(values, BULK_THICKNESS, sample)
    ratio = values["thickness_nm"] / values["l_phi_nm"]
    if ratio < _THREE_DIMENSIONS:
        text = f"the film is {ratio:.2g} L_phi thick: three-dimensional only above 10 to 30"
        better = "film_crossover" if "l_so_nm" not in values else "film_crossover_so"
        remarks.append(Remark("thin_film", f"{text} ({_BIAS}); use {better}"))
    return remarks


def _zeeman_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _bulk_validity(values, curve, sample)
    assumed = [p for p in (G_FACTOR, DIFFUSION) if values[p.name] == p.default]
    if assumed:
        text = " and ".join(f"{p.name} = {p.default:.3g}" for p in assumed)
        remarks.append(Remark("zeeman_assumed", f"{text} is the default: give your own, the Zeeman splitting is g/D"))
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """L_so shows only where 0.3 B_phi < B_so < B_max: outside a curve holds a bound on one side."""
    b_phi, b_so = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_so_nm"))
    if b_so < 0.3 * b_phi:
        return {"l_so_nm": "lower"}
    return {"l_so_nm": "upper"} if b_so > np.abs(curve.field_T).max() else {}


def _all_in_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    return {}


def _lengths(field_T: np.ndarray, known: Mapping[str, float]) -> np.ndarray:
    return np.sqrt(FIELD_NM2 / field_T)


def _without_spin(both):
    def scalar(field_T: np.ndarray, l_phi_nm: float, thickness_nm: float) -> tuple[np.ndarray, np.ndarray]:
        return both(field_T, l_phi_nm, None, thickness_nm)

    return scalar


def _declared(name: str, title: str, source: str, parameters: tuple[Parameter, ...], both, validity) -> Model:
    reach = _out_of_reach if L_SO in parameters else _all_in_reach
    guess = scan(both, parameters, _lengths, coarser=2)
    return Model(name, title, source, parameters, both, guess, validity, _known_thickness, reach)


FILM_CROSSOVER = _declared(
    "film_crossover",
    "film of any thickness in perpendicular field: sum_n F(B, B_phi + n^2 B_t), B_t = (hbar/4e)(pi/t)^2",
    FILM_SOURCE,
    (L_PHI, FILM_THICKNESS),
    _without_spin(_film),
    _film_validity,
)
FILM_CROSSOVER_SO = _declared(
    "film_crossover_so",
    "film of any thickness with isotropic spin-orbit scattering: 3/2 triplet - 1/2 singlet, each a sum over modes",
    FILM_SOURCE,
    (L_PHI, L_SO, FILM_THICKNESS),
    _film,
    _film_validity,
)
KAWABATA = _declared(
    "kawabata",
    "bulk: t sqrt(e B/hbar) f3(B_phi/B)",
    KAWABATA_SOURCE,
    (L_PHI, BULK_THICKNESS),
    _without_spin(_bulk),
    _bulk_validity,
)
FUKUYAMA_HOSHINO = _declared(
    "fukuyama_hoshino",
    "bulk with isotropic spin-orbit scattering: t sqrt(e B/hbar) [3/2 f3(B_2/B) - 1/2 f3(B_phi/B)]",
    FUKUYAMA_SOURCE,
    (L_PHI, L_SO, BULK_THICKNESS),
    _bulk,
    _bulk_validity,
)
FUKUYAMA_HOSHINO_ZEEMAN = _declared(
    "fukuyama_hoshino_zeeman",
    "bulk with isotropic spin-orbit scattering and Zeeman splitting",
    FUKUYAMA_SOURCE,
    (L_PHI, L_SO, BULK_THICKNESS, G_FACTOR, DIFFUSION),
    _zeeman,
    _zeeman_validity,
)


def zero_field_film(l_phi_nm: float, reference_nm: float, thickness_nm: float) -> float:
    """Return sigma(L_phi) - sigma(L_ref) per square [G0] of a film of any thickness at B = 0.

    -ln[L_phi/sinh(t/L_phi)] + ln[L_ref/sinh(t/L_ref)]: -2 ln(L_phi/L_ref) for a thin film, t (1/L_phi - 1/L_ref) for
    a thick one. Lengths [nm].
    """

    def absolute(length_nm: float) -> float:
        x = thickness_nm / length_nm
        return x + np.log(-np.expm1(-2 * x) / length_nm)

    return float(absolute(l_phi_nm) - absolute(reference_nm))


def zero_field_bulk(l_phi_nm: float, reference_nm: float) -> float:
    """Return sigma(L_phi) - sigma(L_ref) of the bulk at B = 0, 1/L_phi - 1/L_ref [G0 per nm].

    With strong spin-orbit scattering -1/2 of it.
    """
    return 1 / l_phi_nm - 1 / reference_nm
