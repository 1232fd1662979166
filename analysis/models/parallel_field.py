"""A field in the plane of the film that still encloses flux: through the thickness, or through a rough interface.

Either dephases every Cooperon at a rate that grows as B^2 and adds to that of L_phi. Zeeman splitting is another
matter: `analysis.models.zeeman`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from analysis.channels import FIELD_NM2, thinned
from analysis.curve import Curve
from analysis.in_plane import in_plane_film
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so), isotropic scattering", shared=True)
THICKNESS = Parameter("thickness_nm", "nm", 0.1, 1e4, "film thickness", known=True, shared=True, default=50.0)
L_PHI_KNOWN = Parameter(
    "l_phi_nm", "nm", 1.0, 1e6, "phase coherence length, from the sweep of the perpendicular field",
    known=True, default=300.0,
)  # fmt: skip
ALPHA = Parameter(
    "alpha", "", -5.0, 5.0, "prefactor: +1 without spin-orbit scattering, -1/2 where it is strong",
    log=False, known=True, shared=True, prefactor=True, default=1.0,
)  # fmt: skip
ROUGHNESS = Parameter(
    "roughness_nm", "nm", 1e-3, 1e4, "height d of the roughness, <h h'> = d^2 exp(-r^2/L^2)", shared=True
)
CORRELATION = Parameter(
    "correlation_nm", "nm", 0.1, 1e4, "correlation length L of the roughness, far below the mean free path",
    known=True, shared=True, default=10.0,
)  # fmt: skip
MEAN_FREE_PATH = Parameter(
    "mean_free_path_nm", "nm", 0.1, 1e6, "mean free path", known=True, shared=True, default=100.0
)


def of_thickness(field_T: np.ndarray, thickness_nm: float) -> np.ndarray:
    """Return e t^2 B^2/(12 hbar), the dephasing of a film of thickness t by an in-plane field, as a field [T]."""
    return (thickness_nm * field_T) ** 2 / (48 * FIELD_NM2)


def of_roughness(
    field_T: np.ndarray, roughness_nm: float, correlation_nm: float, mean_free_path_nm: float
) -> np.ndarray:
    """Return sqrt(pi) e d^2 L B^2/(2 hbar l), the dephasing of a rough layer by an in-plane field, as a field [T].

    For a correlator exp(-r^2/(2 L^2)) it is sqrt(2) times larger.
    """
    factor = math.sqrt(math.pi) * roughness_nm**2 * correlation_nm / mean_free_path_nm
    return factor * field_T**2 / (8 * FIELD_NM2)


def _of_rate(rate: np.ndarray, l_phi_nm: float, l_so_nm: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return 3/2 ln(1 + rate/B_T) - 1/2 ln(1 + rate/B_phi), and its derivatives by L_phi, L_so and ln rate.

    B_T = B_phi + 4/3 B_so is that of the triplets.
    """
    b_phi, so = FIELD_NM2 / l_phi_nm**2, 4 / 3 * FIELD_NM2 / l_so_nm**2
    triplet = b_phi + so
    value = 1.5 * np.log1p(rate / triplet) - 0.5 * np.log1p(rate / b_phi)
    of_triplet, of_singlet = 1.5 * rate / (triplet + rate), 0.5 * rate / (b_phi + rate)
    by_phi = (of_triplet * b_phi / triplet - of_singlet) * 2 / l_phi_nm
    return value, [by_phi, of_triplet * so / triplet * 2 / l_so_nm, of_triplet - of_singlet]


def _film(field_T: np.ndarray, l_phi_nm: float, l_so_nm: float, thickness_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma of a film in a parallel field and its derivative."""
    value, slopes = _of_rate(of_thickness(field_T, thickness_nm), l_phi_nm, l_so_nm)
    slopes[2] *= 2 / thickness_nm
    return value, np.stack(slopes, axis=1)


def _rough(
    field_T: np.ndarray, l_phi_nm: float, alpha: float, roughness_nm: float, correlation_nm: float,
    mean_free_path_nm: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Give delta sigma = alpha ln(1 + b/B_phi) of a rough layer in a parallel field and its derivative."""
    ratio = of_roughness(field_T, roughness_nm, correlation_nm, mean_free_path_nm) * l_phi_nm**2 / FIELD_NM2
    value, by_rate = np.log1p(ratio), alpha * ratio / (1 + ratio)
    factors = np.array([2 / l_phi_nm, 0.0, 2 / roughness_nm, 1 / correlation_nm, -1 / mean_free_path_nm])
    derivative = by_rate[:, np.newaxis] * factors
    derivative[:, 1] = value
    return alpha * value, derivative


def _film_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try both lengths on a grid: dephasing fields from a thousandth of what the sweep adds to ten times that."""
    field, dsigma = thinned(curve)
    thickness = held.get("thickness_nm", THICKNESS.default or 1.0)
    rate = of_thickness(field, thickness)
    grid = np.sqrt(FIELD_NM2 / (rate.max() * np.geomspace(1e-3, 10, 20)))
    l_phi, l_so = (np.array([held[name]]) if name in held else grid for name in ("l_phi_nm", "l_so_nm"))
    value = _of_rate(rate, l_phi[:, np.newaxis, np.newaxis], l_so[:, np.newaxis])[0]  # pyright: ignore[reportArgumentType]
    order = np.argsort((value - dsigma).var(axis=-1), axis=None, kind="stable")[:4]
    places = zip(*np.unravel_index(order, (l_phi.size, l_so.size)), strict=True)
    return tuple({"l_phi_nm": float(l_phi[i]), "l_so_nm": float(l_so[j]), "thickness_nm": thickness} for i, j in places)


def _rough_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try the height of the roughness on a grid; what is not held otherwise was given a start."""
    field, dsigma = thinned(curve)
    known = {p.name: held.get(p.name, p.default or 1.0) for p in ROUGH_PARAMETERS if p.name != "roughness_nm"}
    largest = of_roughness(field, 1.0, known["correlation_nm"], known["mean_free_path_nm"]).max()
    b_phi = FIELD_NM2 / known["l_phi_nm"] ** 2
    grid = np.sqrt(b_phi / largest * np.geomspace(1e-3, 1e4, 60))
    tried = [{**known, "roughness_nm": held.get("roughness_nm", float(height))} for height in grid]
    names = [p.name for p in ROUGH_PARAMETERS]
    misfit = [float((_rough(field, *(start[name] for name in names))[0] - dsigma).var()) for start in tried]
    return (tried[int(np.argmin(misfit))],)


def _checked(
    rate_T: Callable[[np.ndarray], np.ndarray], values: Mapping[str, float], curve: Curve, sample: Sample
) -> list[Remark]:
    remarks = in_plane_film(values["l_phi_nm"], rate_T, curve, sample)
    text = (
        f"the field of {np.abs(curve.field_T).max():.3g} T lies in the plane: a tilt by one degree adds 2 % of it "
        "perpendicular to the film, and Zeeman splitting is left out"
    )
    return [*remarks, Remark("parallel", text)]


def _film_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    thickness = values["thickness_nm"]
    remarks = _checked(lambda field: of_thickness(field, thickness), values, curve, sample)
    if sample.thickness_nm is None and thickness == THICKNESS.default:
        text = f"the film's thickness is not given: {thickness:.3g} nm is assumed, and L_phi goes as its inverse"
        remarks.append(Remark("assumed", text))
    if sample.mean_free_path_nm is not None and sample.mean_free_path_nm > thickness:
        text = f"the mean free path, {sample.mean_free_path_nm:.3g} nm, is longer than the film is thick"
        remarks.append(Remark("flux_cancellation", f"{text} ({thickness:.3g} nm): flux cancels, less dephasing"))
    return remarks


def _rough_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    known = [values[name] for name in ("roughness_nm", "correlation_nm", "mean_free_path_nm")]
    remarks = _checked(lambda field: of_roughness(field, *known), values, curve, sample)
    if known[1] > 0.3 * known[2]:
        text = f"the roughness is correlated over {known[1]:.3g} nm, the mean free path is {known[2]:.3g} nm"
        remarks.append(Remark("long_roughness", f"{text}: then it only tilts the field from place to place"))
    if values["l_phi_nm"] == L_PHI_KNOWN.default:
        text = f"L_phi = {values['l_phi_nm']:.3g} nm is assumed, and the roughness goes as its inverse"
        remarks.append(Remark("assumed", f"{text}: hold l_phi_nm at what a perpendicular sweep gave"))
    return remarks


def _film_known(sample: Sample) -> dict[str, float]:
    return {} if sample.thickness_nm is None else {"thickness_nm": sample.thickness_nm}


def _rough_known(sample: Sample) -> dict[str, float]:
    return {} if sample.mean_free_path_nm is None else {"mean_free_path_nm": sample.mean_free_path_nm}


PARALLEL_FILM = Model(
    name="parallel_film",
    title="film in a parallel field: 3/2 ln(1 + b/(B_phi + 4/3 B_so)) - 1/2 ln(1 + b/B_phi), b = e t^2 B^2/12 hbar",
    source="B. L. Al'tshuler, A. G. Aronov, JETP Lett. 33, 499 (1981); review: C. W. J. Beenakker, H. van Houten, "
    "Solid State Phys. 44, 1 (1991), doi:10.1016/S0081-1947(08)60091-0",
    parameters=(L_PHI, L_SO, THICKNESS),
    both=_film,
    guess=_film_guess,
    validity=_film_validity,
    known=_film_known,
)
"""For l << t << L_phi: diffusive across the film. L_so = 1e6 nm leaves spin-orbit scattering out."""

ROUGH_PARAMETERS = (L_PHI_KNOWN, ALPHA, ROUGHNESS, CORRELATION, MEAN_FREE_PATH)

PARALLEL_ROUGH = Model(
    name="parallel_rough",
    title="rough layer in a parallel field: alpha ln(1 + b/B_phi), b = sqrt(pi) e d^2 L B^2/(2 hbar l)",
    source="H. Mathur, H. U. Baranger, Phys. Rev. B 64, 235325 (2001), doi:10.1103/PhysRevB.64.235325; G. M. Minkov et "
    "al., Phys. Rev. B 70, 035304 (2004), doi:10.1103/PhysRevB.70.035304",
    parameters=ROUGH_PARAMETERS,
    both=_rough,
    guess=_rough_guess,
    validity=_rough_validity,
    known=_rough_known,
)
"""The curve holds d^2 L/(l B_phi) only: with L_phi from a perpendicular sweep it gives d^2 L. The prefactor is derived
for a Gaussian correlator; it depends on the correlator."""
