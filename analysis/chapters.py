"""The five chapters of a statement about a film: transport, dephasing, heating, temperature dependence, scaling.

Each takes a `FilmSeries` and gives numbers with errors, sentences, remarks and curves to draw; what the series does not
hold becomes a sentence that says what is wanting.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.constants import E, H
from analysis.cooling_curve import cooling_curve
from analysis.dephasing import MOST_RESISTIVE_OHM, power_law
from analysis.estimate import Estimate
from analysis.film_series import FilmSeries
from analysis.heating import compare_currents, expected_limits, phase_voltage
from analysis.interaction import film_interaction
from analysis.mechanisms import Dephasing, dephasing
from analysis.model import Remark
from analysis.scaling import (
    CLASSES,
    MeasuredBeta,
    beta_from_amplitude,
    beta_from_lengths,
    beta_lines,
    film_localization,
    ioffe_regel,
)
from analysis.temperature import LogSlope, Upturn, interaction_from_hall, log_slope, name_upturn
from analysis.theory_lines import check_nyquist, theory_lines

_ASSUMED_EXPONENT = -0.5
_DRAWN = 61
_SHEET = ("sheet_ohm", "sheet_error_ohm")
_HIGH = ("high_field_sigma_S", "high_field_error_S")
_HALL = ("hall_ohm_per_T", "hall_error_ohm_per_T")


@dataclass(frozen=True, eq=False)
class Line:
    """A curve to draw: its name, its axes in words with units, and its points, shape (n,)."""

    name: str
    x_name: str
    y_name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Chapter:
    """What is known of one subject.

    Attributes
    ----------
    name : str
    numbers : tuple of Estimate
        Undetermined ones included, with their bounds.
    sentences : tuple of str
    remarks : tuple of Remark
    lines : tuple of Line
        For plots.
    range_K : tuple of float, or None
        Lowest and highest temperature that the numbers come from: exponents hold there and nowhere else.
    """

    name: str
    numbers: tuple[Estimate, ...] = ()
    sentences: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    lines: tuple[Line, ...] = ()
    range_K: tuple[float, float] | None = None


def transport(series: FilmSeries) -> Chapter:
    """Say what the carriers are: density, mobility, and where the mass is known D, k_F l and the rest."""
    places, numbers = series.known(*_SHEET), []
    if series.sheet_ohm is not None and series.sheet_error_ohm is not None and places.size:
        sheet, error = float(series.sheet_ohm[places[0]]), float(series.sheet_error_ohm[places[0]])
        numbers = [_known("sheet_ohm", "ohm", sheet, error)]
        numbers.append(_known("g", "e^2/h", H / E**2 / sheet, H / E**2 / sheet**2 * error))
    hall, gas = series.hall, series.gas
    if hall is None:
        text = "no Hall slope: density, mobility and D are not known; sweep rho_yx as well"
        return Chapter("transport", tuple(numbers), (text,))
    numbers += [hall.coefficient, hall.density, hall.mobility]
    said = f"{hall.carriers} by the sign of the Hall slope" if hall.carriers else "the sign of the carriers is not told"
    sentences, remarks = [said], list(hall.remarks)
    if gas is None:
        wanting = "mass of the carriers (Dirac: velocity; 3D: thickness) not given"
        if hall.density.value is None or hall.mobility.value is None:
            wanting = "the Hall slope does not determine density and mobility"
        sentences.append(f"{wanting}: no D, no k_F l")
        return Chapter("transport", tuple(numbers), tuple(sentences), tuple(remarks))
    numbers += [e for e in gas.estimates(hall) if e.name != "g"]
    limit = ioffe_regel(gas.k_F_l)
    remarks += [limit] if limit else []
    sentences.append(f"k_F l = {gas.k_F_l:.3g}, {'far' if limit is None else 'not far'} from the Ioffe-Regel limit, 1")
    return Chapter("transport", tuple(numbers), tuple(sentences), tuple(remarks))


def mechanisms(series: FilmSeries) -> Dephasing | None:
    """Return the mechanisms of L_phi(T), None where there are too few temperatures for them."""
    t, lengths = _lengths(series)
    return dephasing(t, lengths, series.dimension) if len(lengths) >= 4 and _distinct(t) >= 3 else None


def dephasing_chapter(series: FilmSeries, found: Dephasing | None) -> Chapter:
    """Say what dephases, with which exponent, and whether the Nyquist term is the one of theory."""
    t, lengths = _lengths(series)
    law = power_law(t, lengths)
    numbers = [] if law is None or _distinct(t) < 3 else [law.estimate]
    sheet = _sheet(series)
    lines = tuple(_nyquist_lines(series, sheet))
    if found is None:
        text = f"{len(lengths)} determined L_phi at {_distinct(t)} temperatures: mechanisms take four or more, at three"
        return Chapter("dephasing", tuple(numbers), (text,), (), lines)
    numbers += [found.rate_exponent, *found.verdict.estimates]
    sentences, drawn = [found.sentence], np.geomspace(found.coldest_K, found.hottest_K, _DRAWN)
    if sheet is not None and not sheet < MOST_RESISTIVE_OHM:
        sentences.append(f"{sheet:.3g} ohm per square is too resistive for Nyquist theory: no line, no comparison")
    elif sheet is not None:
        geometry = {"width_um": series.sample.width_um, "thickness_nm": series.sample.thickness_nm}
        wanting = {1: "width_um", 2: None, 3: "thickness_nm"}[series.dimension]
        if wanting and geometry[wanting] is None:
            sentences.append(f"no theory line in {series.dimension} dimension(s) without {wanting}")
        else:
            check = check_nyquist(
                found.verdict["nyquist_per_um2"], series.dimension, sheet, series.diffusion, **geometry
            )
            sentences.append(check.sentence)
            numbers += [check.ratio, replace(check.diffusion_cm2_per_s, name="nyquist_diffusion_cm2_per_s")]
    lines += (_line("best sum of mechanisms", drawn, found.evaluate(drawn)),)
    numbers += [_in_rate(e, series.diffusion) for e in numbers if e.unit == "1/um^2" and series.diffusion]
    return Chapter(
        "dephasing", tuple(numbers), tuple(sentences), found.remarks, lines, (found.coldest_K, found.hottest_K)
    )


def _in_rate(per_um2: Estimate, diffusion_cm2_per_s: float) -> Estimate:
    """Return D/L^2 of a rate over D, as a rate [1/ns]; an error of D is not in it."""
    factor = 0.1 * diffusion_cm2_per_s
    value, error, lower, upper = (
        None if number is None else factor * number
        for number in (per_um2.value, per_um2.error, per_um2.lower, per_um2.upper)
    )
    name = per_um2.name.removesuffix("_per_um2") + "_per_ns"
    return Estimate(name, "1/ns", value, error, lower, upper, per_um2.determined)


def heating(series: FilmSeries) -> Chapter:
    """Say whether the current heats: temperatures with two currents compared, and what is expected."""
    if series.current_A is None:
        return Chapter("heating", (), ("the excitation current is not known: heating was not checked",))
    t, lengths = _lengths(series)
    law = power_law(t, lengths)
    steep = law is not None and law.exponent + law.exponent_error < 0 and law.exponent > -4
    exponent = law.exponent if law is not None and steep else _ASSUMED_EXPONENT
    numbers, sentences, compared = [], [], False
    for group in series.groups:
        currents = series.current_A[group]
        good = group[np.isfinite(currents)]
        low, high = (good[pick(series.current_A[good])] for pick in (np.argmin, np.argmax)) if good.size else (0, 0)
        if not good.size or series.current_A[high] <= 1.05 * series.current_A[low]:
            continue
        compared = True
        pair = (float(series.current_A[low]), float(series.current_A[high]))
        check = compare_currents(
            float(series.temperature_K[group].mean()), pair, (series.l_phi_nm[low], series.l_phi_nm[high]), exponent
        )
        numbers.append(check.electron_K)
        sentences.append(check.sentence if steep else f"{check.sentence} (L_phi ~ T^-0.5 assumed)")
    if not compared:
        sentences.append("one current at each temperature: repeat the coldest sweep at half the current and compare")
    sentences += list(_expected(series))
    return Chapter("heating", tuple(numbers), tuple(sentences))


def _expected(series: FilmSeries) -> Iterator[str]:
    """Say what the current is beside those that are expected to heat, at the coldest temperature."""
    places, sample = series.known("current_A", *_SHEET), series.sample
    if not places.size or series.current_A is None or series.sheet_ohm is None:
        return
    at = int(places[0])
    if sample.width_um is None:
        yield "width of the bar not given: e I R L_phi was not held against k T"
        return
    t, sheet, current = (float(a[at]) for a in (series.temperature_K, series.sheet_ohm, series.current_A))
    length = series.l_phi_nm[at].value
    if length is not None:
        share = phase_voltage(t, current, sheet, sample.width_um, length)
        word = "below k T: passes this necessary check" if share < 1 else "above k T: this current heats"
        yield f"e I R L_phi = {share:.2g} k T at {t:.3g} K and {1e9 * current:.3g} nA, {word}"
    limits = expected_limits(
        t, sheet, sample.width_um, length, length_um=sample.length_um, thickness_nm=sample.thickness_nm
    )
    yield from (limit.sentence for limit in limits)


def temperature(series: FilmSeries, found: Dephasing | None) -> tuple[Chapter, Upturn | None]:
    """Say what makes the conductance depend on T; return the separated slopes with it."""
    places = series.known(*_SHEET)
    if series.sheet_ohm is None or series.sheet_error_ohm is None or _distinct(series.temperature_K[places]) < 3:
        text = "sigma(T) takes the sheet resistance with its error at three temperatures or more"
        return Chapter("temperature", (), (text,)), None
    t, ohm, error = (a[places] for a in (series.temperature_K, series.sheet_ohm, series.sheet_error_ohm))
    zero = log_slope(t, 1 / ohm, error / ohm**2)
    numbers, sentences, remarks, lines = [zero.slope], [], [], []
    if _distinct(t) >= 5:
        curve, drawn = cooling_curve(t, ohm, error), np.geomspace(t.min(), t.max(), _DRAWN)
        numbers += [e for e in curve.verdict.estimates if e.name != "ln_T_slope" or not zero.slope.determined]
        sentences.append(curve.sentence)
        remarks += list(curve.remarks)
        lines.append(Line("best sum of terms", "temperature_K", "sheet_ohm", drawn, curve.evaluate(drawn)))
    upturn = _upturn(series, zero, found)
    sentences.append(upturn.sentence)
    numbers += [upturn.interaction, upturn.localization]
    chapter = Chapter(
        "temperature", tuple(numbers), tuple(sentences), (*remarks, *upturn.remarks), tuple(lines), zero.range_K
    )
    return chapter, upturn


def _upturn(series: FilmSeries, zero: LogSlope, found: Dephasing | None) -> Upturn:
    places, high = series.known(*_HIGH), None
    if series.high_field_sigma_S is not None and series.high_field_error_S is not None and _distinct(
        series.temperature_K[places]
    ) >= 3:  # fmt: skip
        high = log_slope(
            series.temperature_K[places], series.high_field_sigma_S[places], series.high_field_error_S[places]
        )
    lengths = [e.value for e in series.l_phi_nm if e.value is not None]
    if high is None or not lengths or series.high_field_T is None:
        return name_upturn(zero, from_hall=_by_hall(series))
    b_phi = 1e18 * H / (2 * math.pi) / (4 * E) / min(lengths) ** 2
    return name_upturn(
        zero, high, field_T=series.high_field_T, b_phi_T=b_phi, g_factor=series.g_factor,
        from_fits=_alpha_p(series, found), from_hall=_by_hall(series),
    )  # fmt: skip


def _by_hall(series: FilmSeries) -> Estimate | None:
    places = series.known(*_HALL, *_SHEET)
    if series.hall_ohm_per_T is None or series.hall_error_ohm_per_T is None or series.sheet_ohm is None:
        return None
    slopes = series.hall_ohm_per_T[places]
    if _distinct(series.temperature_K[places]) < 3 or not ((slopes > 0).all() or (slopes < 0).all()):
        return None
    sheet = float(series.sheet_ohm[places].mean())
    return interaction_from_hall(series.temperature_K[places], slopes, series.hall_error_ohm_per_T[places], sheet)


def _alpha_p(series: FilmSeries, found: Dephasing | None) -> Estimate | None:
    """Return alpha of the fits times p of 1/tau_phi ~ T^p, None where either is not determined."""
    if found is None or found.rate_exponent.value is None or series.alpha is None:
        return None
    known = [(e.value, e.error) for i in series.gentle if (e := series.alpha[i]).determined and e.value and e.error]
    if not known:
        return None
    value, error = np.array(known).T
    weight = error**-2.0
    alpha, spread = float(weight @ value / weight.sum()), float(weight.sum() ** -0.5)
    scatter = math.sqrt(max(1.0, float(weight @ (value - alpha) ** 2) / max(len(value) - 1, 1)))
    p, dp = found.rate_exponent.value, found.rate_exponent.error or 0.0
    return _known("alpha_p", "", alpha * p, math.hypot(p * scatter * spread, alpha * dp))


def scaling(series: FilmSeries, upturn: Upturn | None) -> Chapter:
    """Say where beta(g) of the film lies beside the lines of the three classes: consistent with, never proof."""
    places = series.known(*_SHEET)
    if series.sheet_ohm is None or series.sheet_error_ohm is None or not places.size or series.dimension != 2:
        return Chapter("scaling", (), ("beta(g) takes a film and its sheet resistance with an error",))
    points = [*_by_amplitude(series, places), *_by_length(series, places, upturn)]
    numbers = tuple(replace(p.beta, name=f"beta_from_{p.way}") for p in points)
    sentences = [f"by {p.way}: {p.sentence}" for p in points if p.way == "lengths" or p is points[0]]
    sentences += list(_counted(points))
    if not points:
        sentences.append("no prefactor and no three lengths: no point of beta(g)")
    if {p.way for p in points} == {"amplitude"}:
        sentences.append("sigma against L_phi gives no point without K_ee from sigma(T) at B >> B_phi")
    g = H / E**2 / series.sheet_ohm[places]
    span = np.geomspace(0.5 * g.min(), 2 * g.max(), _DRAWN)
    lines = tuple(
        Line(f"{line.symmetry_class}{' (UNVERIFIED)' if 'UNVERIFIED' in line.note else ''}", "g_e2_per_h", "beta",
             line.conductance, line.beta)
        for line in beta_lines(span)
    )  # fmt: skip
    told, remarks = _localization(series, int(places[0]), float(g[0]))
    return Chapter("scaling", numbers, (*sentences, told), remarks, lines)


def _counted(points: Sequence[MeasuredBeta]) -> Iterator[str]:
    """Say how many of the points by the amplitude agree with each class, where there are several."""
    told = [p for p in points if p.way == "amplitude" and p.beta.value is not None]
    if len(told) > 1:
        counts = ", ".join(f"{c} {sum(c in p.consistent for p in told)}" for c in CLASSES)
        yield f"by amplitude at {len(told)} temperatures, within 2 standard errors of: {counts}; this is no proof"


def _by_amplitude(series: FilmSeries, places: np.ndarray) -> Iterator[MeasuredBeta]:
    if series.alpha is None or series.sheet_ohm is None or series.sheet_error_ohm is None:
        return
    for i in places:
        ohm, error = float(series.sheet_ohm[i]), float(series.sheet_error_ohm[i])
        yield beta_from_amplitude(series.alpha[i], 1 / ohm, error / ohm**2)


def _by_length(series: FilmSeries, places: np.ndarray, upturn: Upturn | None) -> Iterator[MeasuredBeta]:
    lengths = [series.l_phi_nm[i] for i in places]
    values = {e.value for e in lengths if e.determined and e.value and e.error}
    if series.sheet_ohm is None or series.sheet_error_ohm is None or upturn is None or len(values) < 3:
        return
    if not upturn.interaction.determined:
        return
    ohm, error, t = (a[places] for a in (series.sheet_ohm, series.sheet_error_ohm, series.temperature_K))
    yield beta_from_lengths(lengths, 1 / ohm, error / ohm**2, film_interaction(t, float(t[0])), upturn.interaction)


def _localization(series: FilmSeries, at: int, conductance: float) -> tuple[str, tuple[Remark, ...]]:
    """Say the localization length: the flow of g from the coherent block, as long as L_phi, down to nothing."""
    length, symmetry = series.l_phi_nm[at].value, series.symmetry_class
    if symmetry not in CLASSES or length is None:
        return "no localization length: class or L_phi is not determined", ()
    if symmetry == "symplectic":
        return "symplectic: weak antilocalization leads away from localization, there is no localization length", ()
    name = "orthogonal" if symmetry == "orthogonal" else "unitary"
    found = film_localization(length, conductance, name)
    size = f"{found.length_nm:.1e} nm" if math.isfinite(found.length_nm) else "beyond any film"
    text = f"localization length of order {size}, from g = {conductance:.3g} at L_phi = {length:.3g} nm"
    return f"{text}; exponential in g and without the interaction", (found.remark,)


def _nyquist_lines(series: FilmSeries, sheet: float | None) -> Iterator[Line]:
    if sheet is None or series.diffusion is None or not sheet < MOST_RESISTIVE_OHM:
        return
    t = np.geomspace(series.temperature_K.min(), series.temperature_K.max(), _DRAWN)
    sample = series.sample
    for line in theory_lines(t, sheet, series.diffusion, width_um=sample.width_um, thickness_nm=sample.thickness_nm):
        if line.holds.any():
            yield _line(line.name, t[line.holds], line.l_phi_nm[line.holds])


def _line(name: str, temperature_K: np.ndarray, l_phi_nm: np.ndarray) -> Line:
    return Line(name, "temperature_K", "l_phi_nm", temperature_K, l_phi_nm)


def _lengths(series: FilmSeries) -> tuple[list[float], list[Estimate]]:
    """Return the determined L_phi of the gentle sweeps and their temperatures."""
    places = [i for i in series.gentle if (e := series.l_phi_nm[i]).determined and e.value and e.error]
    return series.temperature_K[places].tolist(), [series.l_phi_nm[i] for i in places]


def _sheet(series: FilmSeries) -> float | None:
    places = series.known("sheet_ohm")
    return None if series.sheet_ohm is None or not places.size else float(series.sheet_ohm[places].mean())


def _distinct(temperature_K: Sequence[float] | np.ndarray) -> int:
    return len(set(np.asarray(temperature_K).tolist()))


def _known(name: str, unit: str, value: float, error: float) -> Estimate:
    return Estimate(name, unit, value, error, value - error, value + error, True)
