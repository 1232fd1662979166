"""What the user knows of the film before measuring it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.material import METAL, material

BAR, VAN_DER_PAUW = "bar", "van_der_pauw"
GEOMETRIES = (BAR, VAN_DER_PAUW)
_POSITIVE = (
    "squares", "thickness_nm", "width_um", "length_um", "mean_free_path_nm", "effective_mass_m0", "van_der_pauw_ratio",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """Geometry and transport numbers of a film; every length may be unknown (None).

    Attributes
    ----------
    name : str
        Name of the sample, for files and figures.
    squares : float
        Length over width between the longitudinal contacts: sheet resistance = R_xx / squares.
    thickness_nm, width_um, length_um, mean_free_path_nm : float or None
        Film thickness [nm], width of the bar and length between the contacts [um], elastic mean free path l [nm].
    effective_mass_m0 : float or None
        Effective mass of the carriers, in masses of the free electron.
    geometry : str
        "bar", or "van_der_pauw" for four contacts at the edge of a film of any outline; `squares` is then not used.
    van_der_pauw_ratio : float or None
        R_B/R_A of the two configurations, of which R_A is measured; None where R_B is not known.
    material : str
        A name of `analysis.material.MATERIALS`: what it is made of decides which models `auto` compares.
    """

    name: str = "film"
    squares: float = 1.0
    thickness_nm: float | None = None
    width_um: float | None = None
    length_um: float | None = None
    mean_free_path_nm: float | None = None
    effective_mass_m0: float | None = None
    geometry: str = BAR
    van_der_pauw_ratio: float | None = None
    material: str = METAL

    def __post_init__(self) -> None:
        """Refuse what no film can have.

        Raises
        ------
        ValueError
            A number is not above 0 and finite, the material is not known, or the geometry is not known or does not go
            with the numbers.
        """
        try:
            material(self.material)
        except ValueError as error:
            raise ValueError(f"sample: {error}") from None
        if self.geometry not in GEOMETRIES:
            raise ValueError(f"sample: geometry = {self.geometry!r} is not known; take one of {', '.join(GEOMETRIES)}")
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is None and name != "squares":
                continue
            if isinstance(value, bool) or not isinstance(value, float | int) or not 0 < value < math.inf:
                raise ValueError(f"sample: {name} = {value!r} must be a number above 0")
        if self.geometry == VAN_DER_PAUW and self.squares != 1:
            raise ValueError(f"sample: squares = {self.squares:g} belongs to a bar; leave it out for van_der_pauw")
        if self.geometry == BAR and self.van_der_pauw_ratio is not None:
            raise ValueError("sample: van_der_pauw_ratio is given for a bar; say geometry: van_der_pauw")
