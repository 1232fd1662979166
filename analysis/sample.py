"""What the user knows of the film before measuring it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Geometry and transport numbers of a film; every length may be unknown (None).

    Attributes
    ----------
    name : str
        Name of the sample, for files and figures.
    squares : float
        Length over width between the longitudinal contacts: sheet resistance = R_xx / squares.
    thickness_nm, width_um, mean_free_path_nm : float or None
        Film thickness [nm], width of the bar [um], elastic mean free path l [nm].
    """

    name: str = "film"
    squares: float = 1.0
    thickness_nm: float | None = None
    width_um: float | None = None
    mean_free_path_nm: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no film can have.

        Raises
        ------
        ValueError
            A number is not above 0 and finite.
        """
        for name in ("squares", "thickness_nm", "width_um", "mean_free_path_nm"):
            value = getattr(self, name)
            if value is None and name != "squares":
                continue
            if isinstance(value, bool) or not isinstance(value, float | int) or not 0 < value < math.inf:
                raise ValueError(f"sample: {name} = {value!r} must be a number above 0")
