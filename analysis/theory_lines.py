"""L_phi(T) as theory has it from the measured sheet resistance: named curves for a plot, and the comparison.

Only Nyquist noise has no free number: its rate follows from R_sq and D, of a wire from the width too, of bulk from the
thickness. The line is the one of the dimension that L_phi itself has: a film is one as long as L_phi is above its
thickness, a wire as long as L_phi is above its width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.constants import E
from analysis.dephasing import nyquist_rate, nyquist_rate_self_consistent
from analysis.dephasing_rates import bulk_nyquist_rate
from analysis.estimate import Estimate
from analysis.mechanisms import NYQUIST_EXPONENT
from analysis.quantity import positive
from analysis.wire_cooperon import nyquist_time_s

CONVENTION = 0.2
"""How far conventions of the theory (the argument of the logarithm, 7 to 18 %) leave the Nyquist rate open."""
_DIFFUSION_POWER = {1: 2 / 3, 2: 1.0, 3: 1.5}  # rate over D ~ D to the minus this, at a given resistance


@dataclass(frozen=True, eq=False)
class TheoryLine:
    """One curve.

    Attributes
    ----------
    name : str
        For the legend.
    dimension : int
        Of the Nyquist noise.
    temperature_K, l_phi_nm : ndarray, shape (n,)
    holds : ndarray of bool, shape (n,)
        Where L_phi of the curve has this dimension in the given film.
    """

    name: str
    dimension: int
    temperature_K: np.ndarray
    l_phi_nm: np.ndarray
    holds: np.ndarray


@dataclass(frozen=True)
class NyquistCheck:
    """A fitted Nyquist rate beside the theory.

    Attributes
    ----------
    ratio : Estimate
        Fitted over theoretical rate; not determined without D or without a determined rate.
    diffusion_cm2_per_s : Estimate
        D with which the two would be equal.
    sentence : str
    """

    ratio: Estimate
    diffusion_cm2_per_s: Estimate
    sentence: str


def nyquist_rate_per_um2(
    temperature_K: float | np.ndarray, dimension: int, sheet_ohm: float, diffusion_cm2_per_s: float, *,
    width_um: float | None = None, thickness_nm: float | None = None, self_consistent: bool = False,
) -> np.ndarray:  # fmt: skip
    """Return 1/L_phi^2 = 1/(D tau_phi) of Nyquist noise [1/um^2], of the shape of the temperature.

    A wire dephases exponentially at 1/(2 tau_N), see `wire_cooperon.nyquist_time_s`; bulk with the density of states
    sigma/(e^2 D), sigma = 1/(R_sq t).

    Parameters
    ----------
    temperature_K : float or ndarray
    dimension : int
        1 takes the width, 3 the thickness.
    sheet_ohm, diffusion_cm2_per_s : float
        R_sq at B = 0, D of the electron motion.
    width_um, thickness_nm : float, optional
    self_consistent : bool
        Of a film: the cut-off of the logarithm at the rate itself.
    """
    t = positive("theory line", "T", temperature_K)
    sheet = float(positive("theory line", "R_sq", sheet_ohm))
    d = float(positive("theory line", "D", diffusion_cm2_per_s))
    if dimension == 1 and width_um:
        rate = t ** (2 / 3) / (2 * nyquist_time_s(1.0, d, 1e-6 * width_um / sheet))
    elif dimension == 3 and thickness_nm:
        states = 1 / (sheet * 1e-9 * thickness_nm * E**2 * 1e-4 * d)
        rate = bulk_nyquist_rate(t, d, states)
    elif dimension == 2:
        rate = (nyquist_rate_self_consistent if self_consistent else nyquist_rate)(t, sheet)
    else:
        raise ValueError(f"theory line: dimension {dimension}; 1 takes the width, 2 nothing more, 3 the thickness")
    return rate / (1e8 * d)  # D in um^2/s


def theory_lines(
    temperature_K: np.ndarray, sheet_ohm: float, diffusion_cm2_per_s: float, *, width_um: float | None = None,
    thickness_nm: float | None = None,
) -> tuple[TheoryLine, ...]:  # fmt: skip
    """Return L_phi(T) of Nyquist dephasing in a film, in both conventions, and in a wire and bulk where they can be.

    Parameters
    ----------
    temperature_K : ndarray, shape (n,)
    sheet_ohm, diffusion_cm2_per_s : float
    width_um, thickness_nm : float, optional

    Raises
    ------
    ValueError
        A number is not above 0, or the film above 12.9 kohm.
    """
    chosen = [("Nyquist, film", 2, False), ("Nyquist, film, self-consistent", 2, True)]
    chosen += [("Nyquist, wire", 1, False)] if width_um else []
    chosen += [("Nyquist, bulk", 3, False)] if thickness_nm else []
    t, lines = np.asarray(temperature_K, dtype=float), []
    for name, dimension, self_consistent in chosen:
        rate = nyquist_rate_per_um2(
            t, dimension, sheet_ohm, diffusion_cm2_per_s, width_um=width_um, thickness_nm=thickness_nm,
            self_consistent=self_consistent,
        )  # fmt: skip
        length = 1e3 / np.sqrt(rate)
        thick, wide = thickness_nm or 0.0, 1e3 * width_um if width_um else math.inf
        own = np.where(length < thick, 3, np.where(length > wide, 1, 2))
        lines.append(TheoryLine(name, dimension, t, length, own == dimension))
    return tuple(lines)


def check_nyquist(
    per_um2: Estimate, dimension: int, sheet_ohm: float, diffusion_cm2_per_s: float | None = None, *,
    width_um: float | None = None, thickness_nm: float | None = None,
) -> NyquistCheck:  # fmt: skip
    """Hold a fitted Nyquist rate against the theory.

    Parameters
    ----------
    per_um2 : Estimate
        Rate over D at 1 K [1/um^2], `nyquist_per_um2` of `mechanisms.dephasing`.
    dimension : int
        With which it was fitted.
    sheet_ohm : float
    diffusion_cm2_per_s : float, optional
        Without it, only the D that theory would need can be told.
    width_um, thickness_nm : float, optional
    """
    no_ratio = Estimate("nyquist_ratio", "", None, None, None, None, False)
    if not per_um2.determined or per_um2.value is None or per_um2.error is None:
        no_diffusion = Estimate("diffusion_cm2_per_s", "cm^2/s", None, None, None, None, False)
        text = "the data do not determine a Nyquist rate: nothing to hold against the theory"
        return NyquistCheck(no_ratio, no_diffusion, text)
    given = diffusion_cm2_per_s or 1.0
    theory = float(nyquist_rate_per_um2(1.0, dimension, sheet_ohm, given, width_um=width_um, thickness_nm=thickness_nm))
    quotient, relative = per_um2.value / theory, per_um2.error / per_um2.value
    power = _DIFFUSION_POWER[dimension]
    needed = given * quotient ** (-1 / power)
    wanted = _with_error("diffusion_cm2_per_s", "cm^2/s", needed, relative / power)
    need = f"theory needs D = {needed:.3g} +- {wanted.error:.2g} cm^2/s"
    kind = f"T^{NYQUIST_EXPONENT[dimension]:.2g} term"
    if diffusion_cm2_per_s is None:
        return NyquistCheck(no_ratio, wanted, f"{kind}: {need}, D was not measured")
    ratio = _with_error("nyquist_ratio", "", quotient, relative)
    agrees = abs(quotient - 1) <= math.hypot(2 * (ratio.error or 0.0), CONVENTION)
    word = "agrees with" if agrees else "does not agree with"
    sentence = f"{kind}: {quotient:.3g} +- {ratio.error:.2g} of the Nyquist rate from R_sq = {sheet_ohm:.4g} ohm"
    conventions = f"(conventions of the theory leave {100 * CONVENTION:.0f} % open)"
    return NyquistCheck(ratio, wanted, f"{sentence} and D = {given:.3g} cm^2/s, {word} it {conventions}; {need}")


def _with_error(name: str, unit: str, value: float, relative: float) -> Estimate:
    error = value * relative
    return Estimate(name, unit, value, error, value - error, value + error, True)
