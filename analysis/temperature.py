r"""sigma(T) of a film: the ln T slope, what of it a field takes away, and the upturn of the resistance named.

At B = 0 sigma = sigma_0 + G0 (alpha p + K_ee) ln T, with 1/tau_phi ~ T^p: localization and interaction, of one size
and one shape. A field B >> B_phi stops the first and, as long as g mu_B B << k T, leaves the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri

from analysis.constants import G0, KB, MU_B
from analysis.estimate import Estimate
from analysis.model import Remark

LARGEST_K_EE = 1.05
"""Of a film without an attraction between its electrons, F_0^sigma <= 0, K_ee <= 1; a little room for errors."""
LARGEST_ERROR = 0.5
"""Of a slope in G0: K_ee lies in 0 to 1 and alpha of the classes 1.5 apart, so beyond it nothing is determined."""
FIELD_RATIO = 10.0
"""B/B_phi from which what is left of the ln T slope of localization is below a tenth or so."""


@dataclass(frozen=True)
class LogSlope:
    """sigma = height + G0 slope ln(T/T_1).

    Attributes
    ----------
    slope : Estimate
        d sigma/d ln T in units of G0. Its errors grow with scatter beyond the error bars; beyond 0.5 G0 it is not
        determined.
    height_S, height_error_S : float
        sigma at T_1 per square [S].
    temperature_K : float
        T_1, where slope and height are uncorrelated [K].
    range_K : tuple of float
        Lowest and highest temperature.
    chi2_reduced : float
    remarks : tuple of Remark
        `not_logarithmic` where a straight line in ln T does not hold within the errors.
    """

    slope: Estimate
    height_S: float
    height_error_S: float
    temperature_K: float
    range_K: tuple[float, float]
    chi2_reduced: float
    remarks: tuple[Remark, ...]

    def evaluate(self, temperature_K: np.ndarray) -> np.ndarray:
        """Return sigma [S] at temperatures of any shape [K]."""
        slope = self.slope.value
        if slope is None:
            raise ValueError("ln T slope: it is not determined, there is no line to draw")
        return self.height_S + G0 * slope * np.log(np.asarray(temperature_K, dtype=float) / self.temperature_K)


@dataclass(frozen=True)
class Upturn:
    """The rise of the resistance towards low T, named.

    Attributes
    ----------
    name : str
        "none", "not separable", "unexplained", or its parts: "localization" or "antilocalization", "interaction"
        or, where the Hall slope does not rule it out, "interaction or Kondo scattering", joined by "and".
    sentence : str
        The evidence in numbers, and what cannot be told from it.
    interaction : Estimate
        K_ee, the slope left in the field, Kondo scattering in it unless the name rules it out; not determined
        without such a field.
    localization : Estimate
        alpha p, what the field took away.
    remarks : tuple of Remark
    """

    name: str
    sentence: str
    interaction: Estimate
    localization: Estimate
    remarks: tuple[Remark, ...] = ()


def log_slope(temperature_K: np.ndarray, sigma_S: np.ndarray, error_S: np.ndarray) -> LogSlope:
    """Fit sigma against ln T, weighted.

    Parameters
    ----------
    temperature_K, sigma_S, error_S : ndarray, shape (n,), n >= 3
        Temperature [K], sigma per square and its standard error [S].
    """
    t, sigma, error = _checked(temperature_K, sigma_S, error_S)
    x, weight = np.log(t), error**-2.0
    total = float(weight.sum())
    centre, height = float(weight @ x) / total, float(weight @ sigma) / total
    lever = float(weight @ (x - centre) ** 2)
    slope = float(weight @ ((x - centre) * (sigma - height))) / lever
    chi2 = float(weight @ (sigma - height - slope * (x - centre)) ** 2)
    degrees = len(x) - 2
    scatter = math.sqrt(max(1.0, chi2 / degrees))
    value, spread = slope / G0, scatter / math.sqrt(lever) / G0
    remarks: tuple[Remark, ...] = ()
    if chi2 > chdtri(degrees, 1e-3):
        text = f"sigma is not linear in ln T within its errors (chi2 {chi2:.3g} for {degrees} degrees of freedom)"
        remarks = (Remark("not_logarithmic", f"{text}: phonons above, heating or Kondo saturation below; narrow T"),)
    return LogSlope(
        _estimate("ln_T_slope", value, spread, "G0"), height, scatter / math.sqrt(total), math.exp(centre),
        (float(t.min()), float(t.max())), chi2 / degrees, remarks,
    )  # fmt: skip


def expected_slope(alpha: float, rate_exponent: float, interaction: float) -> float:
    """Return alpha p + K_ee [G0], p the exponent of 1/tau_phi ~ T^p (that of L_phi is -p/2)."""
    return alpha * rate_exponent + interaction


def interaction_from_hall(
    temperature_K: np.ndarray, hall_ohm_per_T: np.ndarray, error_ohm_per_T: np.ndarray, sheet_ohm: float
) -> Estimate:
    """Return K_ee from the Hall slope: dR_H/R_H = -2 rho_0 d sigma_ee, to which localization adds nothing.

    A second way to K_ee, free of high fields; a carrier density that changes with T looks the same.

    Parameters
    ----------
    temperature_K, hall_ohm_per_T, error_ohm_per_T : ndarray, shape (n,), n >= 3
        Temperature [K], Hall slope of one sign and its standard error [ohm/T].
    sheet_ohm : float
        Resistance per square at B = 0.
    """
    hall = np.asarray(hall_ohm_per_T, dtype=float)
    if not 0 < sheet_ohm < math.inf or not ((hall > 0).all() or (hall < 0).all()):
        raise ValueError("interaction from Hall: the slopes must have one sign, and the sheet resistance be above 0")
    factor = -1 / (2 * sheet_ohm)
    line = log_slope(temperature_K, factor * np.log(np.abs(hall)), np.abs(factor * np.asarray(error_ohm_per_T) / hall))
    return replace(line.slope, name="k_ee", unit="")


def name_upturn(
    zero_field: LogSlope,
    high_field: LogSlope | None = None,
    *,
    field_T: float | None = None,
    b_phi_T: float | None = None,
    g_factor: float = 2.0,
    from_fits: Estimate | None = None,
    from_hall: Estimate | None = None,
) -> Upturn:
    """Name the upturn and say what the data cannot separate.

    The field must lie between 10 B_phi, above which localization is stopped, and k T/(g mu_B) at the lowest T,
    above which it changes the interaction (`interaction.zeeman_interaction`) and freezes the spins of impurities.

    Parameters
    ----------
    zero_field, high_field : LogSlope
        sigma_xx against ln T at B = 0 and at that field; None where it was not measured.
    field_T, b_phi_T : float
        The field, and the largest B_phi in the range of temperature [T]: both must be given with `high_field`.
    g_factor : float
    from_fits : Estimate, optional
        alpha p from the magnetoconductance: alpha of the fits times p of L_phi(T).
    from_hall : Estimate, optional
        K_ee of `interaction_from_hall`; it tells the interaction from Kondo scattering.
    """
    none = _open("k_ee"), _open("alpha_p")
    if high_field is None or not (zero_field.slope.determined and high_field.slope.determined):
        return Upturn(*_sum_alone(zero_field, high_field is not None), *none, zero_field.remarks)
    if field_T is None or b_phi_T is None or not (0 < abs(field_T) < math.inf and 0 < b_phi_T < math.inf):
        raise ValueError("upturn: high-field data need their field and B_phi, in tesla, both above 0 and finite")
    (s, ds), (k, dk) = _numbers(zero_field.slope), _numbers(high_field.slope)
    said = f"d sigma/d ln T = {s:.3g} +- {ds:.2g} G0 at B = 0 and {k:.3g} +- {dk:.2g} G0 at {abs(field_T):.3g} T"
    remarks = (*zero_field.remarks, *high_field.remarks, *_ranges(zero_field, high_field))
    outside = _outside(abs(field_T), b_phi_T, g_factor, high_field.range_K[0])
    if outside:
        return Upturn("not separable", f"{said}, not separable: {outside}", *none, remarks)
    kept, taken = _estimate("k_ee", k, dk), _estimate("alpha_p", s - k, math.hypot(ds, dk))
    if not (kept.determined and taken.determined):
        return Upturn("not separable", f"{said}, not separable: the errors are too large", kept, taken, remarks)
    name, evidence = _named(s > 2 * ds, taken, kept, from_fits, from_hall)
    return Upturn(name, f"{name}: {said}, the field took {s - k:.3g} G0; {evidence}", kept, taken, remarks)


def _sum_alone(zero_field: LogSlope, measured: bool) -> tuple[str, str]:
    if not zero_field.slope.determined or measured:
        return "not separable", "the ln T slopes are not determined: measure over a wider range of T or for longer"
    s, ds = _numbers(zero_field.slope)
    said = f"d sigma/d ln T = {s:.3g} +- {ds:.2g} G0 at B = 0"
    advice = "not separable without sigma(T) at B >> B_phi"
    if s <= 2 * ds:
        return "none", f"no upturn: {said}; terms of opposite sign may cancel, {advice}"
    terms = "localization, interaction and Kondo scattering all have this form"
    return "not separable", f"{said}, the sum alpha p + K_ee; {terms}, {advice}"


def _outside(field_T: float, b_phi_T: float, g_factor: float, coldest_K: float) -> str:
    lowest = FIELD_RATIO * b_phi_T
    highest = KB * coldest_K / (abs(g_factor) * MU_B) if g_factor else math.inf
    if lowest <= field_T <= highest:
        return ""
    if field_T < lowest:
        why = f"{field_T:.3g} T is {field_T / b_phi_T:.2g} B_phi and does not stop localization"
    else:
        why = f"g mu_B B/k T is {field_T / highest:.2g}: the field changes the interaction and freezes impurity spins"
    if lowest >= highest:
        return f"{why}; no field is both above {lowest:.2g} T and below {highest:.2g} T"
    return f"{why}; measure between {lowest:.2g} and {highest:.2g} T"


def _named(
    upturn: bool, taken: Estimate, kept: Estimate, from_fits: Estimate | None, from_hall: Estimate | None
) -> tuple[str, str]:
    (a, da), (k, dk) = _numbers(taken), _numbers(kept)
    evidence = [
        _against("alpha p", taken, from_fits, "magnetoconductance"),
        _against("K_ee", kept, from_hall, "Hall slope"),
    ]
    contradicted = [text for agrees, text in evidence if agrees is False]
    words = "; ".join(text for _, text in evidence)
    if contradicted:
        return "unexplained", f"{words}: Kondo scattering or another term is in it"
    if k - 2 * dk > LARGEST_K_EE or k < -2 * dk:
        return "unexplained", f"what is left is not between 0 and 1 as the interaction of a normal film; {words}"
    # Kondo scattering outlives a field below k T/(g mu_B): only the Hall slope, which it leaves alone, rules it out
    left = "interaction" if evidence[1][0] else "interaction or Kondo scattering"
    first = "localization" if a > 2 * da else "antilocalization" if a < -2 * da else ""
    parts = [part for part in (first, left if k > 2 * dk else "") if part]
    return (" and ".join(parts) or "not separable") if upturn else "none", words


def _against(what: str, found: Estimate, other: Estimate | None, source: str) -> tuple[bool | None, str]:
    if other is None or not other.determined:
        return None, f"{what} was not checked against the {source}"
    (value, error), (second, second_error) = _numbers(found), _numbers(other)
    away = abs(value - second) / math.hypot(error, second_error)
    return away <= 3, f"the {source} gives {what} = {second:.3g}, {away:.1f} standard errors away"


def _ranges(zero_field: LogSlope, high_field: LogSlope) -> tuple[Remark, ...]:
    (low, high), (other_low, other_high) = zero_field.range_K, high_field.range_K
    if max(low, other_low) / min(low, other_low) < 1.2 and max(high, other_high) / min(high, other_high) < 1.2:
        return ()
    text = f"{low:.3g} to {high:.3g} K at B = 0, {other_low:.3g} to {other_high:.3g} K in the field"
    return (
        Remark("temperature_ranges", f"the two slopes cover different temperatures: {text}; compare the same ones"),
    )


def _checked(temperature_K, sigma_S, error_S) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t, sigma, error = (np.asarray(v, dtype=float) for v in (temperature_K, sigma_S, error_S))
    if t.ndim != 1 or t.shape != sigma.shape or t.shape != error.shape or len(set(t.tolist())) < 3:
        raise ValueError(
            f"ln T slope: {t.size} temperatures; it takes three different ones, with a value and an error each"
        )
    if not (np.isfinite(sigma).all() and (np.isfinite(t) & (t > 0)).all()):
        raise ValueError("ln T slope: a temperature or a value is not finite, or T is not above 0")
    if not (np.isfinite(error) & (error > 0)).all():
        raise ValueError("ln T slope: an error is not above 0 and finite")
    return t, sigma, error


def _numbers(estimate: Estimate) -> tuple[float, float]:
    if estimate.value is None or estimate.error is None:
        raise ValueError(f"upturn: {estimate.name} is not determined; nothing can be named from it")
    return estimate.value, estimate.error


def _estimate(name: str, value: float, error: float, unit: str = "") -> Estimate:
    if error > LARGEST_ERROR:
        return Estimate(name, unit, None, None, value - 1.96 * error, value + 1.96 * error, determined=False)
    return Estimate(name, unit, value, error, value - error, value + error, determined=True)


def _open(name: str) -> Estimate:
    return Estimate(name, "", None, None, None, None, determined=False)
