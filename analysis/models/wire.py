"""Wires in perpendicular field: diffusive, with Nyquist dephasing, of finite length, and ballistic.

The change of the conductance G of a wire of length L and width W is given as that of a sheet of L/W squares, as the
reduction of a measurement does: delta sigma = delta G * L/W, in G0 = e^2/(pi h). With delta G = -(2 e^2/h) K/L and
2 e^2/h = 2 pi G0 the length drops out of a long wire: delta sigma = 2 pi [K(0) - K(B)]/W. W is across the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.length_scan import Both, scan, scan_ratios
from analysis.model import Model, Parameter, Remark
from analysis.sample import Sample
from analysis.wire_cooperon import (
    EXPONENTIAL,
    FINITE,
    NYQUIST,
    SPECULAR,
    Kernel,
    ballistic_rate,
    inverse_area,
    strip_rate,
)

DIFFUSIVE_SOURCE = (
    "B. L. Altshuler, A. G. Aronov, JETP Lett. 33, 499 (1981); with spin-orbit scattering as in F. Pierre et al., "
    "Phys. Rev. B 68, 085413 (2003), doi:10.1103/PhysRevB.68.085413"
)
NYQUIST_SOURCE = (
    "B. L. Altshuler, A. G. Aronov, D. E. Khmelnitsky, J. Phys. C 15, 7367 (1982), doi:10.1088/0022-3719/15/36/018"
)
FINITE_SOURCE = (
    "B. L. Altshuler, A. G. Aronov, JETP Lett. 33, 499 (1981), with reservoirs at both ends; "
    "form as in C. W. J. Beenakker, H. van Houten, Solid State Phys. 44, 1 (1991), doi:10.1016/S0081-1947(08)60091-0"
)
BALLISTIC_SOURCE = "C. W. J. Beenakker, H. van Houten, Phys. Rev. B 38, 3232 (1988), doi:10.1103/PhysRevB.38.3232"

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_NYQUIST = Parameter(
    "l_phi_nm", "nm", 1.0, 1e6, "Nyquist coherence length sqrt(2) L_N = sqrt(D tau_phi), tau_phi = 2 tau_N"
)
L_0 = Parameter(
    "l_0_nm", "nm", 1.0, 1e7, "coherence length of all other dephasing; 1e6 nm and more leave it out",
    known=True, default=1e7,
)  # fmt: skip
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so) of the wire", shared=True)
WIDTH = Parameter(
    "width_nm", "nm", 0.1, 1e6, "width of the wire, across the field", known=True, shared=True, default=50.0
)
LENGTH = Parameter(
    "length_nm", "nm", 1.0, 1e8, "length of the wire between reservoirs", known=True, shared=True, default=1000.0
)
MEAN_FREE_PATH = Parameter(
    "mean_free_path_nm", "nm", 1.0, 1e6, "elastic mean free path l, D = v_F l/2", known=True, shared=True, default=60.0
)
BALLISTIC_WIDTH = replace(WIDTH, default=20.0)

_QUANTUM = 2 * np.pi  # 2 e^2/h [G0]
_FAR = 1e6  # L_0 of a wire in which only Nyquist noise counts [nm]
_SCALAR, _SPIN = np.array([1.0]), np.array([1.5, -0.5])


def _difference(
    kernel: Kernel, unit_nm: float, weights: np.ndarray, rates: np.ndarray, added: np.ndarray, width_nm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return 2 pi/W sum_c w_c u [K(u^2 r_c) - K(u^2 (r_c + a))] and its derivatives by each r_c, by a and by ln u.

    Parameters
    ----------
    unit_nm : float
        Length u in which the kernel counts [nm].
    weights, rates : ndarray, shape (m,)
        Of the channels; rates without field [1/nm^2].
    added : ndarray, shape (n,)
        1/(D tau_B), the same for each channel [1/nm^2].
    """
    front = _QUANTUM / width_nm * unit_nm
    drops = [kernel.drop(unit_nm**2 * rate, unit_nm**2 * added) for rate in rates.tolist()]
    value, by_start, by_step = np.array(drops).swapaxes(0, 1)
    by_rate = front * unit_nm**2 * weights[:, np.newaxis] * by_start
    by_added = front * unit_nm**2 * weights @ by_step
    value = front * weights @ value
    return value, by_rate, by_added, value + 2 * (rates @ by_rate + added * by_added)


def _of_length(length_nm: float, factor: float = 1.0) -> tuple[float, float]:
    """Return factor/L^2 and its derivative by L."""
    return factor / length_nm**2, -2 * factor / length_nm**3


def _channels(rate: float, l_so_nm: float | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Return weights and rates of the channels, and the derivative of the triplet's rate by L_so."""
    if l_so_nm is None:
        return _SCALAR, np.array([rate]), 0.0
    spin, slope = _of_length(l_so_nm, 4 / 3)
    return _SPIN, np.array([rate + spin, rate]), slope


def _by_spin(by_rate: np.ndarray, slope: float) -> list[np.ndarray]:
    return [by_rate[0] * slope] if len(by_rate) > 1 else []


def _by_width(value: np.ndarray, added: np.ndarray, by_added: np.ndarray, width_nm: float) -> np.ndarray:
    return (2 * added * by_added - value) / width_nm


def _diffusive(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float | None, width_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give 2 pi/W times the change of [1/L_phi^2 + W^2/(3 l_B^4)]^(-1/2), and its derivative."""
    rate, slope = _of_length(l_phi_nm)
    weights, rates, spin_slope = _channels(rate, l_so_nm)
    added = strip_rate(field_T, width_nm)
    value, by_rate, by_added, _ = _difference(EXPONENTIAL, 1.0, weights, rates, added, width_nm)
    columns = [by_rate.sum(axis=0) * slope, *_by_spin(by_rate, spin_slope)]
    return value, np.stack([*columns, _by_width(value, added, by_added, width_nm)], axis=-1)


def _nyquist(
    field_T: np.ndarray, l_phi_nm: float, l_so_nm: float | None, l_0_nm: float, width_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give 2 pi L_N/W times the change of -Ai(s)/Ai'(s), s = L_N^2 [1/L_0^2 + W^2/(3 l_B^4)], and its derivative."""
    rate, slope = _of_length(l_0_nm) if l_0_nm < _FAR else (0.0, 0.0)
    weights, rates, spin_slope = _channels(rate, l_so_nm)
    added = strip_rate(field_T, width_nm)
    unit = l_phi_nm / np.sqrt(2)
    value, by_rate, by_added, by_unit = _difference(NYQUIST, unit, weights, rates, added, width_nm)
    columns = [by_unit / l_phi_nm, *_by_spin(by_rate, spin_slope), by_rate.sum(axis=0) * slope]
    return value, np.stack([*columns, _by_width(value, added, by_added, width_nm)], axis=-1)


def _finite(field_T: np.ndarray, l_phi_nm: float, length_nm: float, width_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give 2 pi L/W times the change of (coth x - 1/x)/x, x = L [1/L_phi^2 + W^2/(3 l_B^4)]^(1/2)."""
    rate, slope = _of_length(l_phi_nm)
    added = strip_rate(field_T, width_nm)
    value, by_rate, by_added, by_unit = _difference(FINITE, length_nm, _SCALAR, np.array([rate]), added, width_nm)
    columns = [by_rate[0] * slope, by_unit / length_nm, _by_width(value, added, by_added, width_nm)]
    return value, np.stack(columns, axis=-1)


def _ballistic(
    field_T: np.ndarray, l_phi_nm: float, mean_free_path_nm: float, width_nm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give 2 pi/W times the change of [r]^(-1/2) - [r + 2/l^2]^(-1/2), r = 1/L_phi^2 + 1/(D tau_B)."""
    rate, slope = _of_length(l_phi_nm)
    cut, cut_slope = _of_length(mean_free_path_nm, 2.0)
    added = ballistic_rate(field_T, width_nm, mean_free_path_nm)
    weights, rates = np.array([1.0, -1.0]), np.array([rate, rate + cut])
    value, by_rate, by_added, _ = _difference(EXPONENTIAL, 1.0, weights, rates, added, width_nm)
    # 1/(D tau_B) is proportional to W^3/l and, through the second term of tau_B, to 1/(C1 + C2 l W/l_B^2)
    turn = SPECULAR[1] * mean_free_path_nm * width_nm * inverse_area(field_T)
    share = turn / (SPECULAR[0] + turn)
    by_path = by_rate[1] * cut_slope - by_added * added * (1 + share) / mean_free_path_nm
    by_width = (by_added * added * (3 - share) - value) / width_nm
    return value, np.stack([by_rate.sum(axis=0) * slope, by_path, by_width], axis=-1)


def zero_field_wire(width_nm: float, l_phi_nm: float, l_so_nm: float | None = None) -> float:
    """Return the correction of a long diffusive wire at B = 0, -2 pi L_phi/W without spin-orbit [G0 per square]."""
    return _correction(EXPONENTIAL, 1.0, 1 / l_phi_nm**2, l_so_nm, width_nm)


def zero_field_nyquist(width_nm: float, l_phi_nm: float, l_0_nm: float = np.inf, l_so_nm: float | None = None) -> float:
    """Return the correction at B = 0 of a long wire with Nyquist dephasing, l_phi_nm = sqrt(2) L_N [G0 per square]."""
    return _correction(NYQUIST, l_phi_nm / np.sqrt(2), 1 / l_0_nm**2, l_so_nm, width_nm)


def zero_field_finite(width_nm: float, length_nm: float, l_phi_nm: float) -> float:
    """Return the correction at B = 0 of a wire between reservoirs [G0 per square]; of G at most 1/3 of 2 e^2/h."""
    return _correction(FINITE, length_nm, 1 / l_phi_nm**2, None, width_nm)


def zero_field_ballistic(width_nm: float, mean_free_path_nm: float, l_phi_nm: float) -> float:
    """Return the correction at B = 0 of a long wire narrower than the mean free path [G0 per square]."""
    cut = (1 / l_phi_nm**2 + 2 / mean_free_path_nm**2) ** -0.5
    return float(-_QUANTUM / width_nm * (l_phi_nm - cut))


def _correction(kernel: Kernel, unit_nm: float, rate: float, l_so_nm: float | None, width_nm: float) -> float:
    weights, rates, _ = _channels(rate, l_so_nm)
    return float(-_QUANTUM / width_nm * unit_nm * weights @ kernel.both(unit_nm**2 * rates)[0])


def _known_width(sample: Sample) -> dict[str, float]:
    return {} if sample.width_um is None else {"width_nm": 1e3 * sample.width_um}


def _known_length(sample: Sample) -> dict[str, float]:
    width = _known_width(sample)
    return {**width, "length_nm": sample.squares * width["width_nm"]} if width else {}


def _known_path(sample: Sample) -> dict[str, float]:
    path = {} if sample.mean_free_path_nm is None else {"mean_free_path_nm": sample.mean_free_path_nm}
    return {**_known_width(sample), **path}


def _crossing(length_nm: np.ndarray | float, width_nm: float) -> np.ndarray | float:
    """Return the field [T] at which 1/(D tau_B) = 1/L^2; or, of a field, the length [nm]."""
    return 4 * np.sqrt(3) * FIELD_NM2 / (width_nm * length_nm)


def _lengths(field_T: np.ndarray, known: Mapping[str, float]) -> np.ndarray:
    return np.asarray(_crossing(field_T, known["width_nm"]))


def _common_validity(
    values: Mapping[str, float], curve: Curve, sample: Sample, assumed: Parameter = WIDTH
) -> list[Remark]:
    """Return what is wrong with taking this curve for that of a wire, diffusive or not."""
    l_phi, width = values["l_phi_nm"], values["width_nm"]
    remarks = []
    field, half = np.abs(curve.field_T), float(_crossing(l_phi, width))
    inside = len(set(field[field <= half].tolist()))
    if inside <= 3:
        text = f"only {inside} different fields lie below {half:.2g} T, where W L_phi holds a flux quantum"
        remarks.append(
            Remark("field_step", f"{text}: the peak is not resolved; measure in steps below {half / 3:.1g} T")
        )
    if l_phi < 3 * width:
        text = f"L_phi/W = {l_phi / width:.2g}: one-dimensional only above 3"
        remarks.append(Remark("wide_wire", f"{text}; L_phi comes out 17 % short at 1, 9 % at 2, 6 % at 3"))
    squared = float(inverse_area(field.max()) * width**2)
    if squared > 4:
        text = f"the field reaches {field.max():.3g} T, (W/l_B)^2 = {squared:.2g}; a wire formula holds below 4"
        remarks.append(Remark("field_above_width", f"{text}: fit |B| < {4 / squared * field.max():.2g} T"))
    if sample.thickness_nm is not None and sample.thickness_nm > l_phi / 2:
        text = f"the wire is {sample.thickness_nm:.3g} nm thick, L_phi = {l_phi:.3g} nm: not one-dimensional"
        remarks.append(Remark("thick_film", text))
    if sample.width_um is None and width == assumed.default:
        text = f"the width of the wire is not given: {width:.3g} nm were taken, and L_phi depends on it"
        remarks.append(Remark("width_assumed", f"{text}; give width_nm"))
    return remarks


def _diffusive_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _common_validity(values, curve, sample)
    # width and thickness are spoken of above, and the step that resolves the peak is that of a wire
    as_film = diffusive_film(values["l_phi_nm"], curve, replace(sample, width_um=None, thickness_nm=None))
    remarks += [remark for remark in as_film if remark.code != "field_step"]
    path, width = sample.mean_free_path_nm, values["width_nm"]
    if path is not None and path > width:
        text = f"the mean free path, {path:.3g} nm, is longer than the wire is wide, {width:.3g} nm"
        remarks.append(Remark("ballistic_wire", f"{text}: use wire_ballistic"))
    l_so = values.get("l_so_nm")
    if l_so is not None and l_so > width:
        text = f"the wire, {width:.3g} nm, is narrower than L_so = {l_so:.3g} nm"
        remarks.append(Remark("wire_spin", f"{text}: L_so of Rashba precession is then longer than in a wide film"))
    return remarks


def _finite_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _diffusive_validity(values, curve, sample)
    if sample.width_um is None and values["length_nm"] == LENGTH.default:
        text = f"the length of the wire is not given: {LENGTH.default:.3g} nm were taken; give length_nm"
        remarks.append(Remark("length_assumed", text))
    return remarks


def _ballistic_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = _common_validity(values, curve, sample, BALLISTIC_WIDTH)
    path, width = values["mean_free_path_nm"], values["width_nm"]
    if path < width:
        text = f"the mean free path, {path:.3g} nm, is shorter than the wire is wide, {width:.3g} nm"
        remarks.append(Remark("diffusive_wire", f"{text}: use wire"))
    if values["l_phi_nm"] < path:
        text = f"L_phi = {values['l_phi_nm']:.3g} nm is below the mean free path, {path:.3g} nm: no diffusion along it"
        remarks.append(Remark("short_l_phi", text))
    if sample.mean_free_path_nm is None and path == MEAN_FREE_PATH.default:
        text = f"the mean free path is not given: {path:.3g} nm were taken; give mean_free_path_nm"
        remarks.append(Remark("path_assumed", text))
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Spin-orbit scattering much slower than dephasing only adds to its rate."""
    return {"l_so_nm": "lower"} if values["l_so_nm"] ** 2 > values["l_phi_nm"] ** 2 / 0.3 else {}


def _all_in_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    return {}


def _without_spin(both: Both) -> Both:
    def scalar(field_T: np.ndarray, l_phi_nm: float, *others: float) -> tuple[np.ndarray, np.ndarray]:
        return both(field_T, l_phi_nm, None, *others)

    return scalar


def _declared(
    name: str, title: str, source: str, parameters: tuple[Parameter, ...], both: Both,
    validity=_diffusive_validity, known=_known_width,
) -> Model:  # fmt: skip
    reach = _out_of_reach if L_SO in parameters else _all_in_reach
    guess = (scan_ratios if L_SO in parameters else scan)(both, parameters, _lengths)
    return Model(name, title, source, parameters, both, guess, validity, known, reach)


WIRE = _declared(
    "wire", "diffusive wire: 2 pi/W {L_phi - [1/L_phi^2 + W^2/(3 l_B^4)]^(-1/2)}", DIFFUSIVE_SOURCE,
    (L_PHI, WIDTH), _without_spin(_diffusive),
)  # fmt: skip
WIRE_SO = _declared(
    "wire_so", "diffusive wire with isotropic spin-orbit scattering: 3/2 triplet - 1/2 singlet", DIFFUSIVE_SOURCE,
    (L_PHI, L_SO, WIDTH), _diffusive,
)  # fmt: skip
WIRE_NYQUIST = _declared(
    "wire_nyquist", "diffusive wire with Nyquist dephasing: 2 pi L_N/W times the change of -Ai/Ai'", NYQUIST_SOURCE,
    (L_NYQUIST, L_0, WIDTH), _without_spin(_nyquist),
)  # fmt: skip
WIRE_NYQUIST_SO = _declared(
    "wire_nyquist_so", "diffusive wire with Nyquist dephasing and isotropic spin-orbit scattering", NYQUIST_SOURCE,
    (L_NYQUIST, L_SO, L_0, WIDTH), _nyquist,
)  # fmt: skip
WIRE_FINITE = _declared(
    "wire_finite", "diffusive wire between two reservoirs", FINITE_SOURCE,
    (L_PHI, LENGTH, WIDTH), _finite, _finite_validity, _known_length,
)  # fmt: skip
WIRE_BALLISTIC = _declared(
    "wire_ballistic", "wire narrower than the mean free path, specular walls, with flux cancellation", BALLISTIC_SOURCE,
    (L_PHI, MEAN_FREE_PATH, BALLISTIC_WIDTH), _ballistic, _ballistic_validity, _known_path,
)  # fmt: skip
