"""A film measured at several temperatures, as plain arrays: what a statement about it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analysis.estimate import Estimate
from analysis.sample import Sample
from analysis.transport import FermiGas, Hall, dirac_2d, drude_2d, drude_3d, hall_of_slope

SAME_TEMPERATURE = 0.02
"""Relative difference of two temperatures below which they count as one."""
BANDS = ("2D", "3D", "Dirac")


@dataclass(frozen=True, eq=False)
class FilmSeries:
    """Sweeps of one film, one entry a sweep; what was not measured is None, or NaN at single sweeps.

    Attributes
    ----------
    temperature_K : ndarray, shape (n,)
    l_phi_nm : tuple of Estimate, length n
        Of the single fits or, better, of the joint one.
    alpha : tuple of Estimate, length n, or None
        Prefactors of the one-term fits: +1 orthogonal, -1/2 symplectic.
    sheet_ohm, sheet_error_ohm : ndarray, shape (n,), or None
        At B = 0 and its standard error; the errors of scatter, not those of the geometry, which all sweeps share.
    hall_ohm_per_T, hall_error_ohm_per_T : ndarray, shape (n,), or None
        d rho_yx/dB, sign included.
    current_A : ndarray, shape (n,), or None
        Excitation, rms.
    high_field_T : float or None
        A field B >> B_phi at which sigma_xx was taken as well.
    high_field_sigma_S, high_field_error_S : ndarray, shape (n,), or None
        sigma_xx per square at that field, from the inverted tensor, less what localization still adds there over an
        endless L_phi.
    sample : Sample
        Thickness, width, length and mass of the carriers are used where they are known.
    band : str
        "2D", "3D" (motion of the electrons in a metal film, whatever localization is) or "Dirac".
    fermi_velocity_m_per_s : float or None
        Of a Dirac cone.
    degeneracy : float
        Spin times valleys.
    diffusion_cm2_per_s : float or None
        If it is known otherwise; by default it follows from the Hall slope and the mass.
    g_factor : float
    dimension : int
        Of dephasing and localization: 1, 2 or 3.
    symmetry_class : str
        "orthogonal", "symplectic", "unitary"; anything else is undetermined.
    """

    temperature_K: np.ndarray
    l_phi_nm: tuple[Estimate, ...]
    alpha: tuple[Estimate, ...] | None = None
    sheet_ohm: np.ndarray | None = None
    sheet_error_ohm: np.ndarray | None = None
    hall_ohm_per_T: np.ndarray | None = None
    hall_error_ohm_per_T: np.ndarray | None = None
    current_A: np.ndarray | None = None
    high_field_T: float | None = None
    high_field_sigma_S: np.ndarray | None = None
    high_field_error_S: np.ndarray | None = None
    sample: Sample = field(default_factory=Sample)
    band: str = "2D"
    fermi_velocity_m_per_s: float | None = None
    degeneracy: float = 2.0
    diffusion_cm2_per_s: float | None = None
    g_factor: float = 2.0
    dimension: int = 2
    symmetry_class: str = "undetermined"

    def __post_init__(self) -> None:
        """Check the arrays.

        Raises
        ------
        ValueError
            Lengths differ, a value is not usable, or something is given without what belongs to it.
        """
        temperature = np.asarray(self.temperature_K, dtype=float)
        if temperature.ndim != 1 or not temperature.size or not (np.isfinite(temperature) & (temperature > 0)).all():
            raise ValueError("film series: temperatures must be a list of numbers above 0; leave other sweeps out")
        object.__setattr__(self, "temperature_K", temperature)
        for name in _ARRAYS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(name, getattr(self, name), temperature.size))
        for name, values in (("l_phi_nm", self.l_phi_nm), ("alpha", self.alpha)):
            if values is not None and len(values) != temperature.size:
                raise ValueError(f"film series: {len(values)} values of {name} for {temperature.size} temperatures")
        for first, second in _TOGETHER:
            if (getattr(self, first) is None) != (getattr(self, second) is None):
                raise ValueError(f"film series: {first} and {second} belong together; give both or none")
        if self.band not in BANDS or self.dimension not in (1, 2, 3):
            raise ValueError(f"film series: band {self.band!r} is one of {', '.join(BANDS)}, dimension "
                             f"{self.dimension} is 1, 2 or 3")  # fmt: skip

    @property
    def gentle(self) -> np.ndarray:
        """Places of the sweeps with the smallest current at each temperature, coldest first, shape (m,)."""
        groups = self.groups
        if self.current_A is None:
            return np.concatenate(groups)
        current = np.where(np.isfinite(self.current_A), np.abs(self.current_A), np.inf)
        return np.concatenate([g[current[g] <= 1.001 * current[g].min()] for g in groups])

    @property
    def groups(self) -> list[np.ndarray]:
        """Places of the sweeps that share a temperature, coldest first."""
        order = np.argsort(self.temperature_K, kind="stable")
        steps = np.diff(np.log(self.temperature_K[order])) > SAME_TEMPERATURE
        return np.split(order, np.flatnonzero(steps) + 1)

    def known(self, *names: str) -> np.ndarray:
        """Return the places of gentle sweeps at which all these arrays are numbers; none where one was not given."""
        arrays = [getattr(self, name) for name in names]
        if any(array is None for array in arrays):
            return np.empty(0, dtype=int)
        return np.array([i for i in self.gentle if all(np.isfinite(array[i]) for array in arrays)], dtype=int)

    @property
    def hall(self) -> Hall | None:
        """The carriers at the lowest temperature that has a Hall slope."""
        places = self.known(*_HALL, *_SHEET)
        if not places.size:
            return None
        (slope, slope_error), (sheet, sheet_error) = (
            tuple(float(getattr(self, name)[places[0]]) for name in names) for names in (_HALL, _SHEET)
        )
        return hall_of_slope(slope, slope_error, sheet, sheet_error)

    @property
    def gas(self) -> FermiGas | None:
        """The carriers as a simple band; None where density, mobility, mass (or velocity), thickness are wanting."""
        hall, mass, thickness = self.hall, self.sample.effective_mass_m0, self.sample.thickness_nm
        if hall is None or hall.density.value is None or hall.mobility.value is None:
            return None
        density, mobility = hall.density.value, hall.mobility.value
        if self.band == "Dirac" and self.fermi_velocity_m_per_s:
            return dirac_2d(density, mobility, self.fermi_velocity_m_per_s, self.degeneracy)
        if self.band == "3D" and mass and thickness:
            return drude_3d(density / (1e-9 * thickness), mobility, mass, self.degeneracy)
        if self.band == "2D" and mass:
            return drude_2d(density, mobility, mass, self.degeneracy)
        return None

    @property
    def diffusion(self) -> float | None:
        """D [cm^2/s]: the one given, or that of the carriers."""
        if self.diffusion_cm2_per_s is not None:
            return self.diffusion_cm2_per_s
        gas = self.gas
        return None if gas is None else gas.diffusion_cm2_per_s


_SHEET = ("sheet_ohm", "sheet_error_ohm")
_HALL = ("hall_ohm_per_T", "hall_error_ohm_per_T")
_HIGH = ("high_field_sigma_S", "high_field_error_S")
_TOGETHER = (_SHEET, _HALL, _HIGH, ("high_field_T", "high_field_sigma_S"))
_ARRAYS = (*_SHEET, *_HALL, *_HIGH, "current_A")


def _array(name: str, values: np.ndarray, size: int) -> np.ndarray:
    array = np.array(values, dtype=float)
    if array.shape != (size,):
        raise ValueError(f"film series: {name} has shape {array.shape}; there are {size} temperatures")
    if np.isinf(array).any() or (name != "hall_ohm_per_T" and (array <= 0).any()):
        raise ValueError(
            f"film series: {name} has a value that is not above 0 and finite; give NaN where it is unknown"
        )
    return array
