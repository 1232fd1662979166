"""Constants of nature (SI 2019, exact, and two of CODATA 2022) and the two conversions every model needs.

Conductances are in `G0` = e^2/(pi h) per square. A length L and the field
B = hbar/(4 e L^2) at which its closed diffusion paths enclose about one flux
quantum h/2e are two names for one thing: dephasing, spin and elastic rates
enter every formula as such fields.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np

E = 1.602176634e-19
"""Elementary charge [C]."""
H = 6.62607015e-34
"""Planck constant [J s]."""
HBAR = H / (2 * math.pi)
"""Reduced Planck constant [J s]."""
KB = 1.380649e-23
"""Boltzmann constant [J/K]."""
MU_B = 9.2740100657e-24
"""Bohr magneton, CODATA 2022 [J/T]; that of 2018 is larger by 1.4e-9."""
ELECTRON_MASS = 9.1093837139e-31
"""Mass of the free electron, CODATA 2022 [kg]."""
G0 = E**2 / (math.pi * H)
"""Unit of delta sigma, e^2/(pi h) = 1.2331e-5 S."""
HBAR_OVER_4E = HBAR / (4 * E)
"""hbar/(4 e) = 1.6455e-16 T m^2."""


@overload
def field_of_length(length_m: float) -> float: ...
@overload
def field_of_length(length_m: np.ndarray) -> np.ndarray: ...
def field_of_length(length_m):
    """Return the field hbar/(4 e L^2) [T] of a length L [m]; 1 um is 0.1646 mT."""
    return HBAR_OVER_4E / length_m**2


@overload
def length_of_field(field_T: float) -> float: ...
@overload
def length_of_field(field_T: np.ndarray) -> np.ndarray: ...
def length_of_field(field_T):
    """Return the length sqrt(hbar/(4 e B)) [m] of a field B [T]; 1 mT is 405.6 nm."""
    return (HBAR_OVER_4E / field_T) ** 0.5
