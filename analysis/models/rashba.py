"""Iordanskii, Lyanda-Geller, Pikus: a film whose electrons precess about a spin splitting linear and cubic in k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from analysis.channels import FIELD_NM2, thinned, trial_fields
from analysis.constants import ELECTRON_MASS, HBAR, E
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Derived, Model, Parameter, Remark, Starts, phase_field
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.spin_precession import triplet

SOURCE = (
    "S. V. Iordanskii, Yu. B. Lyanda-Geller, G. E. Pikus, JETP Lett. 60, 206 (1994); "
    "W. Knap et al., Phys. Rev. B 53, 3912 (1996), doi:10.1103/PhysRevB.53.3912"
)

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_RASHBA = Parameter(
    "l_rashba_nm", "nm", 1.0, 1e6, "length of one radian of precession, hbar^2/(2 m alpha_R), B_so' = hbar/(4 e L^2)",
    shared=True,
)  # fmt: skip
L_CUBIC = Parameter(
    "l_cubic_nm", "nm", 1.0, 1e6, "spin length of the cubic splitting, (2 Omega_3^2 tau_3/D)^(-1/2)", shared=True
)
LENGTHS = (L_PHI, L_RASHBA, L_CUBIC)

STRONG_PRECESSION = 0.05
"""B_so'/B_tr above which spins turn too far between collisions for a diffusive formula."""


def rashba_coefficient_eV_m(l_rashba_nm: float, mass: float) -> float:
    """Return the coefficient of the linear splitting, alpha = hbar^2/(2 m L) [eV m].

    Parameters
    ----------
    l_rashba_nm : float
        Fitted length L [nm]: B_so' = hbar/(4 e L^2) = m^2 alpha^2/(e hbar^3).
    mass : float
        Effective mass in free electron masses.

    Raises
    ------
    ValueError
        A length or a mass that is not positive.
    """
    if not (l_rashba_nm > 0 and mass > 0):
        raise ValueError(f"rashba: l_rashba_nm = {l_rashba_nm} and mass = {mass} must both be positive")
    return HBAR**2 / (2 * mass * ELECTRON_MASS * l_rashba_nm * 1e-9) / E


def spin_precession_length_nm(l_rashba_nm: float) -> float:
    """Return the distance over which a spin turns by pi, pi hbar^2/(2 m alpha) = pi L [nm], whatever the mass.

    Others call the distance of one radian, L itself, or that of a full turn, 2 pi L, by the same name.
    """
    return np.pi * l_rashba_nm


def linear_splitting(values: Mapping[str, float], sample: Sample) -> tuple[Derived, ...]:
    """Return what follows from the lengths: fields, the spin precession length, and, given the mass, alpha_R."""
    length = values["l_rashba_nm"]
    found = [
        *phase_field(values, sample),
        Derived("b_so_T", "T", "B_so' = hbar/(4 e L^2) of the Rashba splitting", FIELD_NM2 / length**2),
        Derived("l_precession_nm", "nm", "distance of a turn by pi, pi L", spin_precession_length_nm(length)),
    ]
    if "l_dresselhaus_nm" in values:
        field = FIELD_NM2 / values["l_dresselhaus_nm"] ** 2
        found.append(Derived("b_dresselhaus_T", "T", "that of the linear Dresselhaus splitting", field))
    if "l_cubic_nm" in values:
        found.append(Derived("b_cubic_T", "T", "that of the cubic splitting", FIELD_NM2 / values["l_cubic_nm"] ** 2))
    if sample.effective_mass_m0 is not None:
        alpha = rashba_coefficient_eV_m(length, sample.effective_mass_m0)
        found.append(Derived("alpha_rashba_eV_m", "eV m", "coefficient alpha_R of the splitting", alpha))
    return tuple(found)


def _both(field_T: np.ndarray, *lengths_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma = (triplet - F(B, B_phi))/2 and its derivative by the two or three lengths."""
    lengths = np.array(lengths_nm)
    b = FIELD_NM2 / lengths**2
    value, derivative = triplet(np.abs(field_T), *b)
    derivative = derivative[:, : b.size] * (-b / lengths)
    singlet, slope = cooperon(field_T, b[:1])
    derivative[:, 0] += slope[0] / lengths[0]
    return (value - singlet[0]) / 2, derivative


def _guess(names: Sequence[str], curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try every free length on a grid, the offset projected out; start from the best few valleys."""
    field, dsigma = (column[::2] for column in thinned(curve))
    free = [name for name in names if name not in held]
    grid = trial_fields(np.abs(curve.field_T))[::2]
    axes = [np.array([FIELD_NM2 / held[name] ** 2]) if name in held else grid for name in names]
    mesh = np.meshgrid(*axes, indexing="ij")
    spread = (np.repeat(b.ravel(), field.size) for b in mesh)
    shapes = triplet(np.tile(field, mesh[0].size), *spread)[0].reshape(*mesh[0].shape, field.size)
    singlet = cooperon(field, axes[0])[0].reshape(-1, *[1] * (len(names) - 1), field.size)
    misfit = (dsigma - (shapes - singlet) / 2).var(axis=-1)
    in_range = [np.clip(np.sqrt(FIELD_NM2 / b), L_PHI.lower, L_PHI.upper) for b in mesh]
    return tuple(
        {name: float(length[at]) for name, length in zip(names, in_range, strict=True) if name in free}
        for at in _valleys(misfit)
    )


def _valleys(misfit: np.ndarray, count: int = 3) -> list[tuple[int, ...]]:
    """Return the indices of the lowest local minima of a table, deepest first."""
    padded = np.pad(misfit, 1, constant_values=np.inf)
    inner = tuple(slice(1, -1) for _ in misfit.shape)
    lowest = np.ones(misfit.shape, dtype=bool)
    for axis in range(misfit.ndim):
        for shift in (-1, 1):
            lowest &= misfit <= np.roll(padded, shift, axis)[inner]
    minima = np.argwhere(lowest)
    return [tuple(map(int, at)) for at in minima[np.argsort(misfit[lowest], kind="stable")][:count]]


def _validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    b_phi, b_rashba = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_rashba_nm"))
    if sample.mean_free_path_nm is not None:
        b_tr = 2 * FIELD_NM2 / sample.mean_free_path_nm**2
        if b_rashba > STRONG_PRECESSION * b_tr:
            remarks.append(Remark(
                "strong_precession",
                f"B_so'/B_tr = {b_rashba / b_tr:.2g}: spins turn by {np.sqrt(2 * b_rashba / b_tr):.2g} rad between "
                f"collisions; the diffusive formula holds below B_so'/B_tr = {STRONG_PRECESSION}: use ballistic_rashba",
            ))  # fmt: skip
    b_max = np.abs(curve.field_T).max()
    if b_rashba > 1.3 * b_phi and b_max < 1.18 * b_rashba:
        remarks.append(Remark(
            "minimum_not_seen",
            f"the field ends at {b_max:.3g} T, before the minimum expected at {1.18 * b_rashba:.3g} T or beyond: go on "
            f"to {2 * b_rashba:.2g} T, or L_Rashba rests on the model alone",
        ))  # fmt: skip
    return remarks


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Each spin length shows only where 0.3 B_phi < B_so < B_max: outside a curve holds a bound on one side."""
    b_phi, b_max = FIELD_NM2 / values["l_phi_nm"] ** 2, np.abs(curve.field_T).max()
    sides = {}
    for name in (L_RASHBA.name, L_CUBIC.name):
        if name not in values:
            continue
        b_so = FIELD_NM2 / values[name] ** 2
        if b_so < 0.3 * b_phi or b_so > b_max:
            sides[name] = "lower" if b_so < 0.3 * b_phi else "upper"
    return sides


def _model(name: str, title: str, parameters: tuple[Parameter, ...]) -> Model:
    names = tuple(parameter.name for parameter in parameters)
    return Model(
        name, title, SOURCE, parameters, _both, partial(_guess, names), validity=_validity, out_of_reach=_out_of_reach,
        derived=linear_splitting,
    )  # fmt: skip


RASHBA = _model("rashba", "Rashba, or linear Dresselhaus, splitting: spins precess between collisions", LENGTHS[:2])
"""For spins that turn little between collisions. The two linear terms do not add: a film that has both is neither."""
RASHBA_CUBIC = _model("rashba_cubic", "Rashba, or linear Dresselhaus, splitting and a cubic one", LENGTHS)
"""The closed form of Iordanskii, Lyanda-Geller and Pikus in full. A cubic splitting alone is HLN's dp form."""
