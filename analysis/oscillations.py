"""Shubnikov-de Haas oscillations: density, mass and quantum lifetime from rho_xx(B) at several temperatures.

P. T. Coleridge, R. Stoner, R. Fletcher, Phys. Rev. B 39, 1120 (1989), doi:10.1103/PhysRevB.39.1120:

    d rho_xx/rho_0 = 4 sum_s (X_s/sinh X_s) exp(-pi s/(omega_c tau_q)) cos[2 pi s (F/B - 1/2 + gamma_B)]

with X_s = 2 pi^2 s k T/(hbar omega_c), omega_c = e B/m; gamma_B is 0 for a parabolic band and 1/2 for a Dirac cone.
tau_q is the lifetime 1/(2 pi k T_D/hbar); papers differ in the factor of "Gamma". In three dimensions the amplitude has
a factor sqrt(B/(2 F s)) more and the phase -1/8 (largest cross-section) or +1/8 (smallest) of a turn:
I. M. Lifshits, A. M. Kosevich, Sov. Phys. JETP 2, 636 (1956).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.any_fit import Observations, Search, Solution
from analysis.block_bootstrap import block_bootstrap
from analysis.constants import ELECTRON_MASS, HBAR, KB, E, H
from analysis.estimate import Estimate
from analysis.model import Parameter, Remark

THEORY = 4.0
"""Amplitude of the first harmonic in theory; another one hints at inhomogeneity or parallel conduction."""

FILM, MAXIMAL, MINIMAL = "film", "maximal", "minimal"
"""What oscillates: two dimensions, or the largest or the smallest cross-section of a Fermi surface in bulk."""
FEWEST = 5.0
"""Oscillations in the field range below which background, phase and mass are not told apart well."""

_EIGHTH = {MAXIMAL: -0.125, MINIMAL: 0.125}
_AMPLITUDE_TOLERANCE = 0.3
_LARGEST = 0.3  # of rho_0, beyond which the harmonics of theory do not suffice
_PADDING = 16
_OUTSTANDING, _OUTSTANDING_WIDE = 12.0, 2.0  # times ln(n) and the median power; the second times (B_max/B_min)^2, as
# noise at the lowest fields is no longer white in 1/B. Of simulated sweeps of white noise under 1 in 100 get there.
_MASSES = np.geomspace(0.01, 3, 16)
_DAMPINGS = np.geomspace(0.02, 8, 14)  # pi m/(e tau_q) over the mean field
_STARTS = 4


@dataclass(frozen=True, eq=False)
class Oscillation:
    """rho_xx(B) at one temperature, in the field range where it oscillates.

    Attributes
    ----------
    temperature_K : float
    field_T, rho_xx_ohm : ndarray, shape (n,)
        Fields all above 0: fold the negative ones first.
    zero_field_ohm : float
        rho_xx(0) [ohm per square].
    error_ohm : ndarray, shape (n,), or None
    """

    temperature_K: float
    field_T: np.ndarray
    rho_xx_ohm: np.ndarray
    zero_field_ohm: float
    error_ohm: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check the values.

        Raises
        ------
        ValueError
            Shapes differ, a value is not finite, or a field, temperature, error or rho_xx(0) is not above 0.
        """
        for name in ("temperature_K", "zero_field_ohm"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"oscillation: {name} is {getattr(self, name):g}; it must be above 0 and finite")
        for name in ("field_T", "rho_xx_ohm", "error_ohm"):
            if name == "error_ohm" and self.error_ohm is None:
                continue
            values = np.array(getattr(self, name), dtype=float)
            if values.ndim != 1 or values.shape != np.shape(self.field_T):
                raise ValueError(f"oscillation: {name} has shape {values.shape}, field_T {np.shape(self.field_T)}")
            if not np.isfinite(values).all() or (name != "rho_xx_ohm" and (values <= 0).any()):
                raise ValueError(f"oscillation: {name} has values that are not usable; leave those rows out")
            object.__setattr__(self, name, values)


def thermal_argument(field_T: np.ndarray | float, temperature_K: float, mass_me: float) -> np.ndarray:
    """Return X = 2 pi^2 k T/(hbar omega_c) of the first harmonic: 14.693 (m/m_e) T/B."""
    return 2 * math.pi**2 * KB * temperature_K * mass_me * ELECTRON_MASS / (HBAR * E * np.asarray(field_T, float))


def density_of_frequency(frequency_T: float, degeneracy: float = 2) -> float:
    """Return n = g e F/h [1/m^2]; g = 1 for one surface of a topological insulator."""
    return degeneracy * E * frequency_T / H


def bulk_density_of_frequency(frequency_T: float, degeneracy: float = 2) -> float:
    """Return n = g k_F^3/(6 pi^2) [1/m^3] of a sphere of the cross-section pi k_F^2 = 2 pi e F/hbar."""
    return degeneracy * (2 * E * frequency_T / HBAR) ** 1.5 / (6 * math.pi**2)


def lifshitz_kosevich(
    field_T: np.ndarray, temperature_K: np.ndarray | float, frequency_T: float, mass_me: float, tau_q_ps: float,
    gamma_B: float = 0.0, amplitude: float = THEORY, harmonics: int = 1, kind: str = FILM,
) -> np.ndarray:  # fmt: skip
    """Return d rho_xx/rho_0, of the shape of `field_T`; `kind` is FILM, MAXIMAL or MINIMAL.

    In bulk the amplitude of theory is 5/2 with short-range scatterers: 1 from the number of levels to jump to, 3/2 from
    the width of the jumps. E. N. Adams, T. D. Holstein, J. Phys. Chem. Solids 10, 254 (1959),
    doi:10.1016/0022-3697(59)90002-2 (DOI not confirmed).
    Spin splitting would multiply harmonic s by cos(pi s g* m/2 m_e); it is left to `amplitude`.
    """
    return _both(field_T, temperature_K, harmonics, frequency_T, mass_me, tau_q_ps, gamma_B, amplitude, kind)[0]


def _both(
    field_T: np.ndarray, temperature_K: np.ndarray | float, harmonics: int,
    frequency_T: float, mass_me: float, tau_q_ps: float, gamma_B: float, amplitude: float, kind: str = FILM,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the same and its derivatives by the five parameters, shape (n, 5)."""
    field = np.asarray(field_T, dtype=float)
    x_1 = thermal_argument(field, 1.0, mass_me) * temperature_K
    damping_1 = math.pi * mass_me * ELECTRON_MASS / (E * field * tau_q_ps * 1e-12)
    value, derivative = np.zeros(field.shape), np.zeros((*field.shape, 5))
    eighth, by_log_frequency = _EIGHTH.get(kind, 0.0), -0.5 * (kind != FILM)
    for s in range(1, harmonics + 1):
        bulk = 1.0 if kind == FILM else np.sqrt(field / (2 * frequency_T * s))
        x, damping = s * x_1, s * damping_1
        small = np.maximum(x, 1e-8)
        factor = amplitude * bulk * 2 * small / -np.expm1(-2 * small) * np.exp(-small - damping)
        angle = 2 * math.pi * (s * (frequency_T / field - 0.5 + gamma_B) + eighth)
        wave, turned = factor * np.cos(angle), -2 * math.pi * s * factor * np.sin(angle)
        by_log_x = 1 - small / np.tanh(small)
        value += wave
        columns = (
            turned / field + by_log_frequency * wave / frequency_T,
            wave * (by_log_x - damping) / mass_me,
            wave * damping / tau_q_ps,
            turned,
        )
        derivative += np.stack([*columns, wave / amplitude], axis=-1)
    return value, derivative


def frequency(sweep: Oscillation, *, degree: int = 3) -> float:
    """Return the frequency in 1/B at which the power is largest, as a first guess [T].

    Even in 1/B, Hann window, padded with zeros, the peak from a parabola. Take no amplitudes from it.

    Raises
    ------
    ValueError
        Too few points, or no peak above what the window resolves.
    """
    field, signal = _without_background(sweep, degree)
    order = np.argsort(field)
    inverse = 1 / field[order][::-1]
    even = np.linspace(inverse[0], inverse[-1], max(512, 4 * field.size))
    wave = np.interp(even, inverse, signal[order][::-1])
    weight = np.hanning(even.size) / even**2  # low fields have few points per 1/B, and these are noisy
    power = np.abs(np.fft.rfft((wave - wave.mean()) * weight, _PADDING * even.size)) ** 2
    step = 1 / (_PADDING * even.size * (even[1] - even[0]))
    first = 2 * _PADDING  # two periods in the window: below is background
    last = min(int(0.5 / float(np.median(np.diff(inverse))) / step), power.size - 2)  # no faster than the points show
    if last <= first:
        raise ValueError("oscillation: too few points over the field range for a frequency; measure more densely")
    place = first + int(power[first : last + 1].argmax())
    left, top, right = np.log(power[place - 1 : place + 2] + 1e-300)
    bend = left - 2 * top + right
    if place == first or bend >= 0:
        raise ValueError(f"oscillation: no peak above {first * step:.3g} T; two periods must fit into the field range")
    resolved = max((last - first) / _PADDING, 2.0)
    outstanding = max(_OUTSTANDING, _OUTSTANDING_WIDE * float(inverse[-1] / inverse[0]) ** 2)
    if power[place] < outstanding * math.log(resolved) * float(np.median(power[first : last + 1])):
        raise ValueError(
            "oscillation: no frequency stands out of the noise; use larger fields, colder, or denser points"
        )
    return float((place + 0.5 * (left - right) / bend) * step)


def _without_background(sweep: Oscillation, degree: int) -> tuple[np.ndarray, np.ndarray]:
    if np.unique(sweep.field_T).size < degree + 8:
        raise ValueError(f"oscillation: {np.unique(sweep.field_T).size} different fields; at least {degree + 8} needed")
    signal = sweep.rho_xx_ohm / sweep.zero_field_ohm
    columns = _background(sweep.field_T, degree)
    return sweep.field_T, signal - columns @ np.linalg.lstsq(columns, signal, rcond=None)[0]


def _background(field: np.ndarray, degree: int) -> np.ndarray:
    low, high = float(field.min()), float(field.max())
    return np.polynomial.chebyshev.chebvander((2 * field - low - high) / (high - low), degree)


@dataclass(frozen=True, eq=False)
class OscillationFit:
    """What the oscillations say.

    Attributes
    ----------
    estimates : tuple of Estimate
        frequency_T, mass_me, tau_q_ps, gamma_B (a phase in turns, -0.5 to 0.5), amplitude (4 in theory, in bulk 5/2).
    density : Estimate
        n = g e F/h [1/m^2], in bulk that of a sphere [1/m^3].
    oscillations : float
        How many there are in the field range of the coldest sweep.
    solution : Solution
        The fit itself; `solution.nuisance` is the background, all temperatures in a row.
    oscillating : tuple of ndarray
        rho_xx/rho_0 with the background taken off, for each temperature.
    remarks : tuple of Remark
    """

    estimates: tuple[Estimate, ...]
    density: Estimate
    oscillations: float
    solution: Solution
    oscillating: tuple[np.ndarray, ...]
    remarks: tuple[Remark, ...]

    def __getitem__(self, name: str) -> Estimate:
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(f"oscillations have no parameter {name!r}; there are {', '.join(self.solution.values)}")


def fit_oscillations(
    sweeps: Sequence[Oscillation], *, degeneracy: float = 2, harmonics: int = 1, degree: int = 3, kind: str = FILM,
    bootstrap: int = 0,
) -> OscillationFit:  # fmt: skip
    """Fit all temperatures jointly with the formula above, each on its own polynomial background.

    Parameters
    ----------
    sweeps : sequence of Oscillation
        All with errors, or all without. One temperature alone does not tell the mass from tau_q.
    degeneracy : float
        g of the density.
    harmonics : int
        1 to 3.
    degree : int
        Of the background in B; it is fitted together with the oscillations.
    kind : str
        FILM, MAXIMAL or MINIMAL.
    bootstrap : int
        Take the errors from so many refits of data whose residuals are shuffled in blocks of one oscillation, 200 for
        errors good to 5 %; they hold where the residuals are not independent. 0 takes them from the fit itself.

    Raises
    ------
    ValueError
        Data that cannot be fitted; the text says why.
    """
    _check(sweeps, harmonics, kind, bootstrap)
    coldest = min(sweeps, key=lambda sweep: sweep.temperature_K)
    guess = frequency(coldest, degree=degree)
    field, temperature, data, error, columns = _stacked(sweeps, degree)
    parameters = _parameters(guess, kind)

    def both(*values: float) -> tuple[np.ndarray, np.ndarray]:
        return _both(field, temperature, harmonics, *values, kind=kind)

    observations = Observations(both, data, error, parameters, columns)
    starts = _starts(field, temperature, data, columns, guess, kind)
    solution = Search(observations, parameters, starts).solution()
    estimates, periods = solution.estimates, guess * float(np.ptp(1 / coldest.field_T))
    if bootstrap:
        blocks = [(s.field_T.size, _period(s, guess)) for s in sweeps]
        estimates = block_bootstrap(observations, parameters, solution, blocks, bootstrap)
    estimates = tuple(_turned(e) if e.name == "gamma_B" else e for e in estimates)
    oscillating = np.split(data - solution.nuisance, np.cumsum([s.field_T.size for s in sweeps])[:-1])
    return OscillationFit(
        estimates, _density(estimates[0], degeneracy, kind), periods, solution, tuple(oscillating),
        (*solution.misfit, *_remarks(estimates, oscillating, periods, kind)),
    )  # fmt: skip


def _check(sweeps: Sequence[Oscillation], harmonics: int, kind: str, bootstrap: int) -> None:
    if not sweeps or not 1 <= harmonics <= 3:
        raise ValueError(
            f"oscillations: {len(sweeps)} sweeps, {harmonics} harmonics; give some sweeps, 1 to 3 harmonics"
        )
    if len({sweep.error_ohm is None for sweep in sweeps}) > 1:
        raise ValueError("oscillations: errors for some sweeps only; give them for all or none")
    if kind not in (FILM, MAXIMAL, MINIMAL) or bootstrap < 0:
        raise ValueError(
            f"oscillations: kind {kind!r}, bootstrap {bootstrap}; {FILM}, {MAXIMAL} or {MINIMAL}, 0 or more"
        )


def _period(sweep: Oscillation, frequency_T: float) -> int:
    """Return the number of points in one oscillation, 2 at least."""
    return max(2, math.ceil(sweep.field_T.size / (frequency_T * float(np.ptp(1 / sweep.field_T)))))


def _stacked(sweeps: Sequence[Oscillation], degree: int):
    """Return field, temperature, rho_xx/rho_0, its error, and the background's columns, all sweeps in a row."""
    size = [s.field_T.size for s in sweeps]
    columns = np.zeros((sum(size), len(sweeps) * (degree + 1)))
    for i, sweep in enumerate(sweeps):
        rows = slice(sum(size[:i]), sum(size[: i + 1]))
        columns[rows, i * (degree + 1) : (i + 1) * (degree + 1)] = _background(sweep.field_T, degree)
    errors = [s.error_ohm / s.zero_field_ohm for s in sweeps if s.error_ohm is not None]
    return (
        np.concatenate([s.field_T for s in sweeps]),
        np.concatenate([np.full(n, s.temperature_K) for s, n in zip(sweeps, size, strict=True)]),
        np.concatenate([s.rho_xx_ohm / s.zero_field_ohm for s in sweeps]),
        np.concatenate(errors) if errors else None,
        columns,
    )


def _parameters(guess: float, kind: str) -> tuple[Parameter, ...]:
    theory = f"{THEORY:g}" if kind == FILM else "5/2"
    return (
        Parameter("frequency_T", "T", guess / 2, 2 * guess, "frequency in 1/B"),
        Parameter("mass_me", "m_e", 1e-4, 100, "cyclotron mass"),
        Parameter("tau_q_ps", "ps", 1e-5, 1e5, "quantum lifetime"),
        Parameter("gamma_B", "", -20, 20, "phase in turns", log=False),
        Parameter("amplitude", "", 1e-3, 1e4, f"amplitude, {theory} in theory"),
    )


def _starts(
    field: np.ndarray, temperature: np.ndarray, data: np.ndarray, columns: np.ndarray, guess: float, kind: str
) -> list[list[float]]:
    """Return the best of a grid of masses and lifetimes; phase and amplitude are linear with those given."""
    basis = np.linalg.qr(columns)[0]
    rest = data - basis @ (basis.T @ data)
    periods = guess * float(np.ptp(1 / field))
    found = []
    for mass in _MASSES:
        for damping in _DAMPINGS * float(field.mean()):
            tau = math.pi * mass * ELECTRON_MASS / (E * damping) * 1e12
            for near in (guess, guess * (1 - 0.3 / periods), guess * (1 + 0.3 / periods)):
                quarters = [
                    lifshitz_kosevich(field, temperature, near, mass, tau, g, 1.0, kind=kind) for g in (0.0, 0.25)
                ]
                rows = np.stack(quarters, axis=1)
                rows -= basis @ (basis.T @ rows)
                size = np.sqrt((rows**2).sum(axis=0)) + 1e-300
                parts = np.linalg.lstsq(rows / size, rest, rcond=1e-9)[0] / size
                misfit = float(((rest - rows @ parts) ** 2).sum())
                amplitude = min(max(math.hypot(*parts), 2e-3), 5e3)
                found.append((misfit, [near, mass, tau, math.atan2(parts[1], parts[0]) / (2 * math.pi), amplitude]))
    return [start for _, start in sorted(found, key=lambda pair: pair[0])[:_STARTS]]


def _turned(estimate: Estimate) -> Estimate:
    """Return a phase brought between -0.5 and 0.5 turns."""
    if estimate.value is None or estimate.lower is None or estimate.upper is None:
        return Estimate(estimate.name, estimate.unit, None, None, None, None, determined=False)
    turns = round(estimate.value)
    return Estimate(
        estimate.name, estimate.unit, estimate.value - turns, estimate.error, estimate.lower - turns,
        estimate.upper - turns, True,
    )  # fmt: skip


def _density(found: Estimate, degeneracy: float, kind: str) -> Estimate:
    convert = density_of_frequency if kind == FILM else bulk_density_of_frequency
    value, lower, upper = (
        None if number is None else convert(number, degeneracy) for number in (found.value, found.lower, found.upper)
    )
    error = None if value is None or lower is None or upper is None else max(value - lower, upper - value)
    return Estimate("density", "1/m^2" if kind == FILM else "1/m^3", value, error, lower, upper, found.determined)


def _remarks(estimates: Sequence[Estimate], oscillating: Sequence[np.ndarray], periods: float, kind: str):
    if periods < FEWEST:
        yield Remark("sdh_few", f"Oscillations: {periods:.2g} in the field range, fewer than {FEWEST:.0f}: the "
                     "background takes part of them. Go to lower or larger fields.")  # fmt: skip
    loose = [e.name for e in estimates if not e.determined]
    if loose:
        yield Remark("sdh_loose", f"Oscillations: the data do not determine {', '.join(loose)}. Add temperatures at "
                     "which the amplitude differs by a factor of 3, or lower fields.")  # fmt: skip
    amplitude = estimates[4]
    if kind == FILM and amplitude.value is not None and amplitude.error is not None:
        off = abs(amplitude.value - THEORY)
        if off > max(_AMPLITUDE_TOLERANCE * THEORY, 2 * amplitude.error):
            yield Remark("sdh_amplitude", f"Oscillations: amplitude {amplitude.value:.2g} +- {amplitude.error:.1g}, "
                         "4 in theory: inhomogeneous, parallel conduction, wrong background or missing harmonics; "
                         "do not trust tau_q.")  # fmt: skip
    largest = max(float(np.abs(wave).max()) for wave in oscillating)
    if largest > _LARGEST:
        yield Remark("sdh_large", f"Oscillations: up to {largest:.2g} of rho_0; the formula holds below 0.3. Lower the "
                     "largest field.")  # fmt: skip
