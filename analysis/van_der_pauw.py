"""A film of any outline with four small contacts at its edge: the sheet resistance after van der Pauw.

With contacts 1, 2, 3, 4 in turn round the edge, R_A = V_43/I_12 and R_B = V_14/I_23 obey

    exp(-pi R_A/R_s) + exp(-pi R_B/R_s) = 1

whatever the outline: L. J. van der Pauw, Philips Res. Rep. 13, 1 (1958). Each is to be averaged over exchanged
contacts and both signs of field. R_A/R_B belongs to the outline and the contacts alone, not to the film, so that one
configuration is enough for all fields and temperatures once the ratio is known.
"""

from __future__ import annotations

import math

from analysis.model import Remark
from analysis.sample import BAR, Sample

_PRECISION = 1e-15  # relative; Newton's steps are quadratic, the last one is rounding
_MOST_STEPS = 100


def sheet_resistance(
    r_a_ohm: float, r_b_ohm: float, r_a_error_ohm: float = 0.0, r_b_error_ohm: float = 0.0
) -> tuple[float, float]:
    """Return the sheet resistance and its standard error [ohm].

    Parameters
    ----------
    r_a_ohm, r_b_ohm : float
        Resistances in the two configurations [ohm].
    r_a_error_ohm, r_b_error_ohm : float
        Their standard errors, independent of each other [ohm].

    Raises
    ------
    ValueError
        A resistance is not above 0, or an error is negative.

    Notes
    -----
    R_A = R_B: R_s = pi R_A/ln 2. R_B << R_A: R_s goes to pi R_A/W(R_A/R_B), with W the function of Lambert.
    Error from the derivative of the implicit equation, dR_s/dR_A = R_s a/(R_A a + R_B b) with a, b the exponentials.
    """
    for name, value in (("R_A", r_a_ohm), ("R_B", r_b_ohm)):
        if not 0 < value < math.inf:
            raise ValueError(f"van der Pauw: {name} = {value} ohm must be above 0; exchange the voltage contacts")
    for name, value in (("R_A", r_a_error_ohm), ("R_B", r_b_error_ohm)):
        if not 0 <= value < math.inf:
            raise ValueError(f"van der Pauw: the error of {name} = {value} ohm must be 0 or above")
    low, high = sorted((r_a_ohm, r_b_ohm))
    # 1/R_s in units of the smaller resistance: the sum of exponentials is convex and falls, Newton comes from below
    ratio, y = high / low, 0.0
    for _ in range(_MOST_STEPS):
        one, other = math.exp(-y), math.exp(-y * ratio)
        step = (one + other - 1) / (one + ratio * other)
        y += step
        if abs(step) <= _PRECISION * y:
            break
    sheet_ohm = math.pi * low / y
    a, b = (math.exp(-math.pi * r_ohm / sheet_ohm) for r_ohm in (r_a_ohm, r_b_ohm))
    slope = sheet_ohm / (r_a_ohm * a + r_b_ohm * b)
    return sheet_ohm, slope * math.hypot(a * r_a_error_ohm, b * r_b_error_ohm)


def squares(sample: Sample) -> float:
    """Return what the measured R_xx is to be divided by to have the sheet resistance.

    For a bar length over width; for a film after van der Pauw R_A/R_s, ln 2/pi if both configurations give the same.
    """
    if sample.geometry == BAR:
        return sample.squares
    return 1 / sheet_resistance(1.0, sample.van_der_pauw_ratio or 1.0)[0]


def remarks(sample: Sample) -> list[Remark]:
    """Return what is to be said of the geometry: what was assumed, and what it would cost if it were wrong."""
    if sample.geometry == BAR:
        return []
    factor = 1 / squares(sample)
    if sample.van_der_pauw_ratio is not None:
        text = f"van der Pauw, R_B = {sample.van_der_pauw_ratio:.4g} R_A: sheet resistance = {factor:.5g} R_A"
        return [Remark("van_der_pauw", text)]
    worse = 100 * (sheet_resistance(1.0, 2.0)[0] / factor - 1)
    text = f"van der Pauw from one configuration: sheet resistance = (pi/ln 2) R = {factor:.4g} R, as if R_A = R_B"
    advice = f"at R_B = 2 R_A it is {worse:.0f} % more, and so is every conductance less: measure R_B, give the ratio"
    return [Remark("van_der_pauw", f"{text}; {advice}")]
