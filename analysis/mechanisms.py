r"""What dephases: 1/L_phi^2 = 1/(D tau_phi) against temperature as a sum of named mechanisms.

Saturation (a constant), Nyquist noise (T, of a wire T^(2/3), in bulk T^(3/2)), electron-phonon scattering (T^p, p
between 2 and 4) and spin flips at magnetic impurities (Nagaoka and Suhl). The rate over D is fitted because L_phi is
what a film gives; with D known it is a rate. Saturation is a symptom and no mechanism: heating, radiation and magnetic
impurities come first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.dephasing_rates import nagaoka_suhl
from analysis.estimate import Estimate
from analysis.explanations import Explanation, Verdict, weigh
from analysis.model import Parameter, Remark
from analysis.quantity import positive

SATURATION, NYQUIST, PHONONS, MAGNETIC = "saturation", "Nyquist", "electron-phonon", "magnetic impurities"
NYQUIST_EXPONENT = {1: 2 / 3, 2: 1.0, 3: 1.5}
"""Of the Nyquist rate in a wire, a film and bulk."""
_AMPLITUDES = {
    SATURATION: "saturation_per_um2",
    NYQUIST: "nyquist_per_um2",
    PHONONS: "phonon_per_um2",
    MAGNETIC: "magnetic_per_um2",
}
_DECADE = 10.0
_ALL_PARAMETERS = 6  # of all four mechanisms together
_PHONON_EXPONENTS = (2.0, 4.0)
_FREE_EXPONENTS = (0.2, 6.0)
_WORSE = 4.0  # AICc behind the best sum, from which on a single power does not describe the data
_KONDO_REACH = 100.0  # lowest T_K looked for, as a fraction of the lowest temperature

Shape = Callable[..., tuple[np.ndarray, list[np.ndarray]]]
"""shape(T, *unknowns) -> the temperature dependence and its derivatives by the unknowns."""


@dataclass(frozen=True)
class _Mechanism:
    """Amplitude times a shape with unknowns of its own, and a grid of those to start from."""

    name: str
    amplitude: Parameter
    unknowns: tuple[Parameter, ...]
    shape: Shape
    grid: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Dephasing:
    """The mechanisms that L_phi(T) asks for.

    Attributes
    ----------
    verdict : Verdict
        Sums of mechanisms by AICc; `verdict.presence("Nyquist")` says whether one is needed. Parameters: each
        rate over D, `saturation_per_um2`, `nyquist_per_um2` (at 1 K), `phonon_per_um2` (at `hottest_K`) with
        `phonon_exponent`, `magnetic_per_um2` (at its largest, at `kondo_K`).
    rate_exponent : Estimate
        p of 1/tau_phi ~ T^p, any power, with or without a constant, whichever AICc prefers and both where it has no
        preference. It holds between `coldest_K` and `hottest_K` only.
    saturates : str
        "present", "absent" or "undetermined": a constant beside that power.
    coldest_K, hottest_K : float
    sentence : str
    remarks : tuple of Remark
    """

    verdict: Verdict
    rate_exponent: Estimate
    saturates: str
    coldest_K: float
    hottest_K: float
    sentence: str
    remarks: tuple[Remark, ...]
    _mechanisms: tuple[_Mechanism, ...]

    def evaluate(self, temperature_K: np.ndarray) -> np.ndarray:
        """Return L_phi [nm] of the best sum at temperatures of any shape [K]: for drawing."""
        return 1e3 / np.sqrt(sum(self.parts(temperature_K).values()))

    def parts(self, temperature_K: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rate over D of each mechanism in the best sum [1/um^2]: for drawing."""
        t, values = positive("dephasing", "T", temperature_K), self.verdict.best.values
        return {
            m.name: values[m.amplitude.name] * m.shape(t, *(values[p.name] for p in m.unknowns))[0]
            for m in self._mechanisms
            if m.name in self.verdict.best.explanation.terms
        }


def dephasing(temperature_K: Sequence[float], l_phi_nm: Sequence[Estimate], dimension: int = 2) -> Dephasing:
    """Explain L_phi(T) by sums of mechanisms.

    Parameters
    ----------
    temperature_K : sequence of float, length n
    l_phi_nm : sequence of Estimate, length n
        Those that are not determined are left out.
    dimension : int
        Of the Nyquist noise: 1, 2 or 3.

    Raises
    ------
    ValueError
        Fewer than four determined lengths at three different temperatures, or an unknown dimension.
    """
    if dimension not in NYQUIST_EXPONENT:
        raise ValueError(f"dephasing: dimension {dimension}; it is 1, 2 or 3")
    t, log_rate, error = _rates(temperature_K, l_phi_nm)
    mechanisms = _mechanisms(t, dimension)
    subsets = [s for size in range(1, 5) for s in itertools.combinations(mechanisms, size)]
    verdict = weigh(log_rate, error, [_sum(t, log_rate, subset) for subset in subsets])
    saturation = mechanisms[0]
    power = _power(t)
    powers = weigh(log_rate, error, [_sum(t, log_rate, s) for s in ((power,), (saturation, power))])
    coldest, hottest = float(t.min()), float(t.max())
    saturates = powers.presence(SATURATION)
    single = _single_power(verdict, powers, t.size)
    remarks = tuple(_remarks(verdict, single, t.size, coldest, hottest))
    sentence = _sentence(verdict, powers["rate_exponent"], saturates, single, coldest, hottest)
    return Dephasing(
        verdict, powers["rate_exponent"], saturates, coldest, hottest, sentence, remarks, tuple(mechanisms)
    )


def _rates(temperature_K: Sequence[float], l_phi_nm: Sequence[Estimate]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return T, ln of 1/L_phi^2 [1/um^2] and the error of that."""
    known = [
        (t, -2 * math.log(1e-3 * e.value), 2 * e.error / e.value)
        for t, e in zip(positive("dephasing", "T", np.asarray(temperature_K)).tolist(), l_phi_nm, strict=True)
        if e.determined and e.value and e.error
    ]
    if len(known) < 4 or len({t for t, _, _ in known}) < 3:
        raise ValueError(
            f"dephasing: {len(known)} determined L_phi; mechanisms take four or more, at three different temperatures"
        )
    t, log_rate, error = np.array(known).T
    return t, log_rate, error


def _mechanisms(t: np.ndarray, dimension: int) -> list[_Mechanism]:
    coldest, hottest = float(t.min()), float(t.max())
    nyquist = NYQUIST_EXPONENT[dimension]
    kondo = Parameter("kondo_K", "K", coldest / _KONDO_REACH, hottest, "Kondo temperature")
    exponent = Parameter("phonon_exponent", "", *_PHONON_EXPONENTS, "p of electron-phonon scattering", log=False)
    return [
        _Mechanism(SATURATION, _amplitude(_AMPLITUDES[SATURATION], "rate over D that stays"), (), _constant, ((),)),
        _Mechanism(
            NYQUIST, _amplitude(_AMPLITUDES[NYQUIST], "rate over D at 1 K"), (), lambda t: (t**nyquist, []), ((),)
        ),
        _Mechanism(
            PHONONS, _amplitude(_AMPLITUDES[PHONONS], "electron-phonon rate over D at the highest temperature"),
            (exponent,), _power_of(hottest), ((2.0,), (3.0,), (4.0,)),
        ),
        _Mechanism(
            MAGNETIC, _amplitude(_AMPLITUDES[MAGNETIC], "largest spin-flip rate over D"), (kondo,), nagaoka_suhl,
            tuple((float(k),) for k in np.geomspace(coldest / 20, hottest, 6)),
        ),
    ]  # fmt: skip


def _power(t: np.ndarray) -> _Mechanism:
    exponent = Parameter("rate_exponent", "", *_FREE_EXPONENTS, "p of 1/tau_phi ~ T^p", log=False)
    grid = ((0.5,), (1.0,), (2.0,), (3.5,))
    return _Mechanism("power", _amplitude("power_per_um2", "rate over D"), (exponent,), _power_of(float(t.max())), grid)


def _amplitude(name: str, meaning: str) -> Parameter:
    return Parameter(name, "1/um^2", 1e-9, 1e12, meaning, prefactor=True)


def _constant(t: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    return np.ones_like(t), []


def _power_of(reference_K: float) -> Shape:
    def shape(t: np.ndarray, exponent: float) -> tuple[np.ndarray, list[np.ndarray]]:
        value = (t / reference_K) ** exponent
        return value, [value * np.log(t / reference_K)]

    return shape


def _sum(t: np.ndarray, log_rate: np.ndarray, mechanisms: Sequence[_Mechanism]) -> Explanation:
    """Return the logarithm of the sum of the mechanisms as an explanation."""
    parameters = tuple(p for m in mechanisms for p in (m.amplitude, *m.unknowns))

    def both(*values: float) -> tuple[np.ndarray, np.ndarray]:
        left, total, columns = list(values), np.zeros_like(t), []
        for mechanism in mechanisms:
            amplitude, *own = (left.pop(0) for _ in range(1 + len(mechanism.unknowns)))
            shape, slopes = mechanism.shape(t, *own)
            total = total + amplitude * shape
            columns += [shape, *(amplitude * slope for slope in slopes)]
        return np.log(total), np.stack(columns, axis=1) / total[:, np.newaxis]

    return Explanation(tuple(m.name for m in mechanisms), parameters, both, _starts(t, log_rate, mechanisms))


def _starts(t: np.ndarray, log_rate: np.ndarray, mechanisms: Sequence[_Mechanism]) -> tuple[tuple[float, ...], ...]:
    """Return the two best of the grid of unknowns: with them given, the amplitudes are linear in the rate."""
    from scipy.optimize import nnls  # slow to import, and needed here only

    found = []
    for unknowns in itertools.product(*(m.grid for m in mechanisms)):
        shapes = np.stack([m.shape(t, *own)[0] for m, own in zip(mechanisms, unknowns, strict=True)], axis=1)
        rows = shapes / np.exp(log_rate)[:, np.newaxis]
        size = rows.max(axis=0)
        shares, misfit = nnls(rows / size, np.ones(t.size))
        amplitudes = np.maximum(shares, 1e-3) / size
        start = [v for a, own in zip(amplitudes.tolist(), unknowns, strict=True) for v in (a, *own)]
        found.append((misfit, tuple(start)))
    return tuple(start for _, start in sorted(found)[:2])


def _single_power(verdict: Verdict, powers: Verdict, points: int) -> bool:
    """Whether one power, with or without a constant, describes the data about as well as the best sum."""
    by_chi2 = []
    for one in (verdict, powers):
        k = len(one.best.explanation.parameters)
        by_chi2.append(one.best.chi2 / verdict.scatter**2 + 2 * k + 2 * k * (k + 1) / (points - k - 1))
    return by_chi2[1] - by_chi2[0] < _WORSE


def _remarks(verdict: Verdict, single: bool, points: int, coldest_K: float, hottest_K: float):
    if points < _ALL_PARAMETERS + 2:
        text = f"{points} lengths allow sums of at most {points - 2} parameters: richer ones were not tried"
        yield Remark("few_temperatures", f"{text}, and what is said of mechanisms leans on that")
    if not single:
        text = "no single power of T, with or without a constant, describes 1/tau_phi"
        yield Remark("no_single_power", f"{text}: its exponent is an effective one of this range")
    if hottest_K < _DECADE * coldest_K:
        text = f"{coldest_K:.3g} to {hottest_K:.3g} K is less than a decade: exponents are those of this range only"
        yield Remark("short_range", text)
    best = verdict.best.values
    if MAGNETIC in verdict.best.explanation.terms and best["kondo_K"] > coldest_K:
        text = (
            f"the spin flips peak at {best['kondo_K']:.2g} K, and the formula of Nagaoka and Suhl is wrong below that"
        )
        yield Remark("below_kondo", f"{text}; take its numbers as an order of magnitude")
    if verdict.presence(SATURATION) == "present":
        text = "1/tau_phi saturates, which is a symptom: check heating (half the current), radiation from the leads"
        yield Remark("saturation", f"{text} and magnetic impurities, in this order")
    if verdict.scatter > 1.5:
        text = f"L_phi(T) scatters {verdict.scatter:.2g} times more than its errors about the richest sum"
        yield Remark("dephasing_scatter", f"{text}; the errors were enlarged by that")


def _with_bound(verdict: Verdict, term: str) -> str:
    most = verdict[_AMPLITUDES[term]].upper
    return term if most is None else f"{term} (at most {most:.2g} 1/um^2)"


def _sentence(
    verdict: Verdict, exponent: Estimate, saturates: str, single: bool, coldest_K: float, hottest_K: float
) -> str:
    said = {"present": [], "absent": [], "undetermined": []}
    for term in verdict.evidence:
        said[verdict.presence(term)].append(term)
    span = f"between {coldest_K:.3g} and {hottest_K:.3g} K"
    parts = [f"L_phi(T) {span} asks for {' + '.join(said['present'])}" if said["present"]
             else f"L_phi(T) {span} asks for no mechanism in particular"]  # fmt: skip
    if said["undetermined"]:
        parts.append(f"{', '.join(_with_bound(verdict, term) for term in said['undetermined'])} cannot be told")
    if said["absent"]:
        parts.append(f"{', '.join(said['absent'])} not needed")
    if exponent.value is not None:
        beside = {
            "present": " beside a constant",
            "absent": "",
            "undetermined": " (a constant beside it cannot be told)",
        }
        power = f"T^({exponent.value:.3g} +- {exponent.error:.2g})"
        parts.append(
            f"1/tau_phi ~ {power}{beside[saturates]}" if single else f"no single power holds, {power} on average"
        )
    else:
        low, high = (f"{end:.2g}" if end is not None else "?" for end in (exponent.lower, exponent.upper))
        parts.append(f"the exponent of 1/tau_phi is not determined ({low} to {high})")
    return "; ".join(parts)
