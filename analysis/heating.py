"""Whether the measuring current heats the electrons: two currents compared, and where heating begins.

L_phi is the thermometer. The signal grows as I, heating as I^2: with cooling through the leads
T_e^2 = T^2 + c I^2, with cooling by phonons T_e^5 = T^5 + c I^2, and films lie between the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.constants import KB, E
from analysis.dephasing import largest_current_A
from analysis.dephasing_rates import LORENZ, METAL_COUPLING
from analysis.estimate import Estimate
from analysis.quantity import positive

TOLERABLE = 0.1
"""Rise of the electron temperature, as a fraction of T, that counts as the onset of heating."""
_BLIND = 0.25  # a rise of T_e (95 %) that could have hidden in the errors, from which on no sentence clears the current
_COOLING = (2, 5)  # powers of T_e: through the leads, by phonons


@dataclass(frozen=True)
class HeatingCheck:
    """L_phi at two currents and one temperature.

    Attributes
    ----------
    verdict : str
        "none", "heats", "undetermined" or "unexplained" (L_phi longer at the larger current).
    electron_K : Estimate
        Temperature of the electrons at the larger current, if the smaller does not heat; not determined unless the
        verdict is "none" or "heats".
    onset_A : tuple of float or None
        Current at which T_e is 10 % above T: from the measured heating for cooling through the leads and by phonons,
        the lower first; where none is seen, the least that it can be. None where nothing is known.
    sentence : str
    """

    verdict: str
    electron_K: Estimate
    onset_A: tuple[float, float] | None
    sentence: str


@dataclass(frozen=True)
class HeatingLimit:
    """A current [A, rms] above which one way of reckoning expects heating, and the way in words."""

    name: str
    current_A: float
    sentence: str


def compare_currents(
    temperature_K: float, currents_A: tuple[float, float], l_phi_nm: tuple[Estimate, Estimate], exponent: float
) -> HeatingCheck:
    """Say whether the larger of two currents heats.

    Parameters
    ----------
    temperature_K : float
        Of the cryostat, the same for both.
    currents_A : tuple of float
        rms, different from each other; a factor of 2 is usual.
    l_phi_nm : tuple of Estimate
        One for each current.
    exponent : float
        s of L_phi ~ T^s near this temperature, below 0 (-1/2 for Nyquist noise in a film).

    Raises
    ------
    ValueError
        Equal currents, or an exponent from which no temperature can be read.
    """
    t = float(positive("heating", "T", temperature_K))
    low, high = sorted(float(positive("heating", "current", current)) for current in currents_A)
    if high <= low or not -4 <= exponent < 0:
        raise ValueError(
            f"heating: currents {low:g} and {high:g} A, exponent {exponent:g}; it takes two different ones and -4 to 0"
        )
    first, second = l_phi_nm if currents_A[0] < currents_A[1] else l_phi_nm[::-1]
    said = f"L_phi at {1e9 * low:.3g} and {1e9 * high:.3g} nA, {t:.3g} K"
    if not (first.value and first.error and second.value and second.error and first.determined and second.determined):
        text = f"{said}: one of the two is not determined; average longer"
        return HeatingCheck("undetermined", _electron(), None, text)
    change = math.log(second.value / first.value)
    error = math.hypot(first.error / first.value, second.error / second.value)
    said = f"{said}: {first.value:.4g} +- {first.error:.2g} and {second.value:.4g} +- {second.error:.2g} nm"
    return _judged(t, low, high, change, error, exponent, said)


def _judged(
    t: float, low: float, high: float, change: float, error: float, exponent: float, said: str
) -> HeatingCheck:  # fmt: skip
    away = f"{abs(change) / error:.1f} standard errors apart"
    if change > 2 * error:
        text = f"{said}, {away}, longer at the larger current: no heating does that; look for drift or a bad sweep"
        return HeatingCheck("unexplained", _electron(), None, text)
    rise = math.exp(change / exponent)
    most = math.exp((change - 2 * error) / exponent)
    if change < -2 * error:
        spread = t * rise * error / abs(exponent)
        onset = _onset(low, high, rise)
        text = f"{said}, {away}: the current heats, T_e is {t * rise:.3g} +- {spread:.2g} K at the larger"
        text = f"{text}; 10 % of heating at {_in_nA(onset)}, as the heat goes through the leads or into phonons"
        return HeatingCheck("heats", _electron(t * rise, spread), onset, text)
    if most > 1 + _BLIND:
        text = f"{said}, {away}, but T_e up to {t * most:.3g} K could hide in the errors: average longer"
        return HeatingCheck("undetermined", _electron(), None, text)
    spread = t * error / abs(exponent)
    onset = _onset(low, high, max(most, 1 + 1e-6))
    text = f"{said}, {away}, the same within their errors: no heating seen (T_e below {t * most:.3g} K at 95 %)"
    text = f"{text}; 10 % of heating not below {1e9 * onset[0]:.2g} nA"
    return HeatingCheck("none", _electron(t * max(rise, 1.0), spread), onset, text)


def _onset(low_A: float, high_A: float, rise: float) -> tuple[float, float]:
    """Return the currents at which T_e is 10 % above T, T_e(high)/T_e(low) = rise, for the two ways of cooling."""
    found = []
    for power in _COOLING:
        # (1 + c I_high^2)/(1 + c I_low^2) = rise^power; beyond (I_high/I_low)^2 no c does that: all is heat
        ratio = min(rise**power, 0.999 * (high_A / low_A) ** 2)
        c = (ratio - 1) / (high_A**2 - ratio * low_A**2)
        found.append(math.sqrt(((1 + TOLERABLE) ** power - 1) / c))
    return min(found), max(found)


def _in_nA(onset: tuple[float, float]) -> str:
    return f"{1e9 * onset[0]:.2g} to {1e9 * onset[1]:.2g} nA"


def _electron(value: float | None = None, error: float | None = None) -> Estimate:
    if value is None or error is None:
        return Estimate("electron_K", "K", None, None, None, None, False)
    return Estimate("electron_K", "K", value, error, value - error, value + error, True)


def expected_limits(
    temperature_K: float, sheet_ohm: float, width_um: float, l_phi_nm: float | None = None, *,
    length_um: float | None = None, thickness_nm: float | None = None,
) -> tuple[HeatingLimit, ...]:  # fmt: skip
    """Return where heating is expected to begin, before any current was varied; what is not known is left out.

    The voltage over one L_phi (k T/e); 10 % in the middle of a bar that cools through its contacts only; 10 % of a
    film that cools by phonons only, with the usual coupling of metals, 2e9 W/(m^3 K^5), UNVERIFIED: a factor of 2
    either way.

    Parameters
    ----------
    temperature_K, sheet_ohm, width_um : float
    l_phi_nm, length_um, thickness_nm : float, optional
        L_phi at this temperature; length of the bar between its current contacts; film thickness.
    """
    t, sheet = (float(positive("heating", n, v)) for n, v in (("T", temperature_K), ("R_sq", sheet_ohm)))
    width = 1e-6 * float(positive("heating", "width", width_um))
    limits = []
    if l_phi_nm:
        current = largest_current_A(t, sheet / width, l_phi_nm)
        limits.append(("voltage", current, f"the voltage over one L_phi ({l_phi_nm:.3g} nm) is k T/e"))
    if length_um:
        voltage = t * math.sqrt(((1 + TOLERABLE) ** 2 - 1) * 4 * LORENZ)
        current = voltage * width / (sheet * 1e-6 * length_um)
        limits.append(("leads", current, "the middle of the bar is 10 % hotter, cooled through its contacts only"))
    if thickness_nm:
        power = METAL_COUPLING * 1e-9 * thickness_nm * t**5 * ((1 + TOLERABLE) ** 5 - 1)  # per area
        text = f"the film is 10 % hotter, cooled by phonons only with {METAL_COUPLING:.1g} W/(m^3 K^5) (UNVERIFIED)"
        limits.append(("phonons", width * math.sqrt(power / sheet), text))
    return tuple(HeatingLimit(n, c, f"at {1e9 * c:.3g} nA and {t:.3g} K {text}") for n, c, text in limits)


def phase_voltage(temperature_K: float, current_A: float, sheet_ohm: float, width_um: float, l_phi_nm: float) -> float:
    """Return e I R' L_phi/(k T), R' = R_sq/width: above 1 the current heats."""
    ohm_per_m = sheet_ohm / (1e-6 * width_um)
    return E * abs(current_A) * ohm_per_m * 1e-9 * l_phi_nm / (KB * temperature_K)
