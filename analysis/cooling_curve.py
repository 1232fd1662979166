r"""R(T) of a film at B = 0 as a sum of named terms, and which of them its rise or fall at low temperatures is.

Resistances add (residual, A T^2, B T^5 of phonons, Kondo), and to the conductance that they leave quantum terms add
(ln T of localization and interaction, superconducting fluctuations):

    sigma = 1/(R_0 + A T^2 + B T^5 + R_K f(T/T_K)) + G0 K ln(T/T_1) + sigma_AL + sigma_MT

Conductance is fitted. From R(T) alone ln T of the interaction, of localization and of Kondo scattering above T_K are
one and the same; `temperature.name_upturn` separates them with a field.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.constants import G0
from analysis.explanations import Explanation, Verdict, weigh
from analysis.interaction import (
    GOLDHABER_GORDON_S,
    aslamazov_larkin_conductivity,
    kondo_resistance,
    maki_thompson_conductivity,
)
from analysis.model import Parameter, Remark
from analysis.quantity import positive

METAL_2, METAL_5, KONDO = "T^2", "T^5 (phonons)", "Kondo scattering"
LOGARITHM, ASLAMAZOV_LARKIN, MAKI_THOMPSON = "ln T", "Aslamazov-Larkin", "Maki-Thompson"
_RISES = {LOGARITHM: "ln T", KONDO: "Kondo scattering that saturates"}
_METALS = ((), (METAL_2,), (METAL_5,), (METAL_2, METAL_5))
_QUANTUM = (
    (), (LOGARITHM,), (KONDO,), (ASLAMAZOV_LARKIN,), (ASLAMAZOV_LARKIN, MAKI_THOMPSON), (LOGARITHM, ASLAMAZOV_LARKIN),
    (LOGARITHM, ASLAMAZOV_LARKIN, MAKI_THOMPSON),
)  # fmt: skip
_STEP = 1e-6  # of the derivatives, relative: they only steer the search


@dataclass(frozen=True, eq=False)
class CoolingCurve:
    """The terms that R(T) asks for.

    Attributes
    ----------
    verdict : Verdict
        `verdict.presence("Kondo scattering")`. Parameters: `residual_ohm`, `t2_ohm_per_K2`, `t5_ohm_per_K5`,
        `kondo_ohm` and `kondo_K`, `ln_T_slope` [G0], `critical_K` and `pair_breaking` (delta of Maki-Thompson).
    direction : str
        Of the resistance on cooling through the lowest third of ln T: "rises", "falls" or "flat".
    name : str
        Of the term behind that, or "not separable", or "none".
    sentence : str
    coldest_K, hottest_K : float
    remarks : tuple of Remark
    """

    verdict: Verdict
    direction: str
    name: str
    sentence: str
    coldest_K: float
    hottest_K: float
    remarks: tuple[Remark, ...]
    _reference_K: float

    def evaluate(self, temperature_K: np.ndarray) -> np.ndarray:
        """Return the sheet resistance of the best sum [ohm] at temperatures of any shape [K]: for drawing."""
        t = positive("R(T)", "T", temperature_K)
        best = self.verdict.best
        return 1 / (G0 * _sigma(t, best.explanation.terms, best.values, self._reference_K))


def cooling_curve(temperature_K: np.ndarray, sheet_ohm: np.ndarray, error_ohm: np.ndarray) -> CoolingCurve:
    """Explain R(T) by sums of terms.

    Parameters
    ----------
    temperature_K, sheet_ohm, error_ohm : ndarray, shape (n,), n >= 5
        Sheet resistance at B = 0 and its standard error, of the scatter from one temperature to the next: an error
        of scale common to all (geometry) does not belong in it.

    Raises
    ------
    ValueError
        Fewer than five different temperatures, or a value that is not above 0.
    """
    t, ohm, error = (positive("R(T)", n, v) for n, v in
                     (("T", temperature_K), ("R_sq", sheet_ohm), ("error", error_ohm)))  # fmt: skip
    if t.ndim != 1 or not t.shape == ohm.shape == error.shape or len(set(t.tolist())) < 5:
        raise ValueError(f"R(T): {t.size} temperatures; it takes five different ones, with R and an error each")
    sigma, spread = 1 / (G0 * ohm), error / (G0 * ohm**2)
    reference = math.exp(float(np.log(t).mean()))
    # the largest common part taken out: numbers of order one, whatever the film conducts
    unit = max(float(np.ptp(sigma)), float(np.median(spread)))
    explanations = [
        _explanation(t, sigma, ohm, unit, reference, (*metal, *quantum))
        for metal, quantum in itertools.product(_METALS, _QUANTUM)
    ]
    middle = float(sigma.mean())
    verdict = weigh((sigma - middle) / unit, spread / unit, explanations)
    direction = _direction(t, ohm, error)
    name, sentence = _named(verdict, direction, float(t.min()), float(t.max()))
    remarks = tuple(_remarks(verdict, float(t.min())))
    return CoolingCurve(verdict, direction, name, sentence, float(t.min()), float(t.max()), remarks, reference)


def _explanation(
    t: np.ndarray, sigma: np.ndarray, ohm: np.ndarray, unit: float, reference_K: float, terms: tuple[str, ...]
) -> Explanation:
    parameters = _parameters(t, ohm, terms)
    names, middle = [p.name for p in parameters], float(sigma.mean())

    def both(*values: float) -> tuple[np.ndarray, np.ndarray]:
        own = np.array(values)
        steps = _STEP * np.where([p.log for p in parameters], np.abs(own), np.maximum(np.abs(own), 1.0))
        # the value and all the central differences at once: a row each
        rows = own + np.vstack([np.zeros(own.size), np.diag(steps), -np.diag(steps)])
        columns = {name: column[:, np.newaxis] for name, column in zip(names, rows.T, strict=True)}
        all_rows = (_sigma(t, terms, columns, reference_K) - middle) / unit
        up, down = all_rows[1 : own.size + 1], all_rows[own.size + 1 :]
        return all_rows[0], ((up - down) / (2 * steps[:, np.newaxis])).T

    return Explanation(terms, parameters, both, _starts(t, ohm, parameters))


def _parameters(t: np.ndarray, ohm: np.ndarray, terms: tuple[str, ...]) -> tuple[Parameter, ...]:
    """Return the parameters of a sum, their ranges from what the film shows: no term above 100 times R."""
    most, hottest, coldest = 100 * float(ohm.max()), float(t.max()), float(t.min())
    least = 1e-9 * most
    every = {
        "": (Parameter("residual_ohm", "ohm", 1e-3 * float(ohm.min()), most, "what is left at T = 0"),),
        METAL_2: (_amplitude("t2_ohm_per_K2", "ohm/K^2", least, most, hottest**2, "A of A T^2"),),
        METAL_5: (_amplitude("t5_ohm_per_K5", "ohm/K^5", least, most, hottest**5, "B of B T^5"),),
        KONDO: (
            _amplitude("kondo_ohm", "ohm", least, most, 1.0, "Kondo resistance at T = 0"),
            Parameter("kondo_K", "K", coldest / 100, 10 * hottest, "Kondo temperature"),
        ),
        LOGARITHM: (Parameter("ln_T_slope", "G0", -100.0, 100.0, "d sigma/d ln T", log=False),),
        ASLAMAZOV_LARKIN: (Parameter("critical_K", "K", 1e-4 * coldest, 0.9999 * coldest, "Tc"),),
        MAKI_THOMPSON: (Parameter("pair_breaking", "", 1e-4, 10.0, "delta of Maki and Thompson"),),
    }
    return tuple(p for term in ("", *terms) for p in every[term])


def _amplitude(name: str, unit: str, least: float, most: float, scale: float, meaning: str) -> Parameter:
    return Parameter(name, unit, least / scale, most / scale, meaning, prefactor=True)


def _sigma(
    t: np.ndarray, terms: tuple[str, ...], values: Mapping[str, float | np.ndarray], reference_K: float
) -> np.ndarray:
    """Return the conductance per square [G0]; of columns of values, a row for each."""
    ohm = np.zeros(t.shape) + values["residual_ohm"]
    if METAL_2 in terms:
        ohm = ohm + values["t2_ohm_per_K2"] * t**2
    if METAL_5 in terms:
        ohm = ohm + values["t5_ohm_per_K5"] * t**5
    if KONDO in terms:
        ohm = ohm + values["kondo_ohm"] * kondo_resistance(t, values["kondo_K"])
    sigma = 1 / (G0 * ohm)
    if LOGARITHM in terms:
        sigma = sigma + values["ln_T_slope"] * np.log(t / reference_K)
    if ASLAMAZOV_LARKIN in terms:
        sigma = sigma + aslamazov_larkin_conductivity(t, values["critical_K"]) / G0
    if MAKI_THOMPSON in terms:
        sigma = sigma + maki_thompson_conductivity(t, values["critical_K"], values["pair_breaking"]) / G0
    return sigma


def _starts(t: np.ndarray, ohm: np.ndarray, parameters: tuple[Parameter, ...]) -> tuple[tuple[float, ...], ...]:
    """Return starts that share the variation of R between the terms, for some temperatures that may matter."""
    swing, hottest, coldest = float(np.ptp(ohm)) + 1e-9 * float(ohm.max()), float(t.max()), float(t.min())
    common = {
        "residual_ohm": float(ohm.min()), "t2_ohm_per_K2": 0.3 * swing / hottest**2,
        "t5_ohm_per_K5": 0.3 * swing / hottest**5, "kondo_ohm": swing, "ln_T_slope": 1.0, "pair_breaking": 0.1,
    }  # fmt: skip
    names = [p.name for p in parameters]
    kondo = (0.3 * coldest, math.sqrt(coldest * hottest), hottest) if "kondo_K" in names else (coldest,)
    critical = (0.2 * coldest, 0.6 * coldest, 0.95 * coldest) if "critical_K" in names else (coldest,)
    return tuple(
        tuple({**common, "kondo_K": k, "critical_K": c}[name] for name in names)
        for k, c in itertools.product(kondo, critical)
    )


def _direction(t: np.ndarray, ohm: np.ndarray, error: np.ndarray) -> str:
    """Return where the resistance goes on cooling through the lowest third of ln T, three points at least."""
    order = np.argsort(t)
    x = np.log(t[order])
    cold = max(3, int((x <= x[0] + (x[-1] - x[0]) / 3).sum()))
    x, y, weight = x[:cold], ohm[order][:cold], error[order][:cold] ** -2.0
    centred = x - weight @ x / weight.sum()
    lever = float(weight @ centred**2)
    slope = float((weight * centred) @ y) / lever
    if abs(slope) * math.sqrt(lever) < 3:
        return "flat"
    return "rises" if slope < 0 else "falls"


def _named(verdict: Verdict, direction: str, coldest_K: float, hottest_K: float) -> tuple[str, str]:
    present = [term for term in verdict.evidence if verdict.presence(term) == "present"]
    open_ones = [term for term in verdict.evidence if verdict.presence(term) == "undetermined"]
    fluctuations = [term for term in (ASLAMAZOV_LARKIN, MAKI_THOMPSON) if term in present]
    span = f"R(T) between {coldest_K:.3g} and {hottest_K:.3g} K"
    shares = ", ".join(f"{term} {verdict.evidence[term]:.2g}" for term in open_ones)
    doubt = f"; not told by AICc (weights): {shares}" if shares else ""
    if direction == "flat":
        return "none", f"{span}: no change on cooling beyond the errors{doubt}"
    if direction == "falls":
        if fluctuations:
            return "superconducting fluctuations", f"{span}: falls on cooling by {' and '.join(fluctuations)}{doubt}"
        slope = verdict["ln_T_slope"]
        if LOGARITHM in present and slope.value is not None and slope.value < 0:
            return "falling ln T", f"{span}: falls on cooling as ln T, {slope.value:.3g} +- {slope.error:.2g} G0{doubt}"
        return "not separable" if open_ones else "metal", f"{span}: falls on cooling{doubt}"
    rising = [term for term in (LOGARITHM, KONDO) if term in present]
    if not rising:
        return "not separable", f"{span}: rises on cooling, by ln T or by Kondo scattering{doubt}"
    name = _RISES[rising[0]]
    slope = verdict["ln_T_slope"]
    size = f", {slope.value:.3g} +- {slope.error:.2g} G0 per ln T" if slope.value is not None else ""
    note = (
        "; localization, interaction and Kondo scattering above T_K share that form" if rising[0] == LOGARITHM else ""
    )
    return name, f"{span}: rises on cooling by {name}{size}{note}{doubt}"


def _remarks(verdict: Verdict, coldest_K: float):
    critical = verdict["critical_K"]
    if critical.value is not None and critical.value > 0.9 * coldest_K:
        text = (
            f"Tc = {critical.value:.3g} K is within 10 % of the lowest temperature: the formulas fail at the transition"
        )
        yield Remark("near_transition", text)
    if verdict.presence(KONDO) == "present":
        text = f"Kondo scattering is the empirical curve with exponent {GOLDHABER_GORDON_S:g} (UNVERIFIED)"
        yield Remark("kondo_curve", f"{text}, which sets its shape between T << T_K and T_K: T_K leans on it")
    if verdict.scatter > 1.5:
        text = f"R(T) scatters {verdict.scatter:.2g} times more than its errors about the richest sum"
        yield Remark("cooling_scatter", f"{text}; the errors were enlarged by that")
