"""From the rows of one sweep to delta sigma(B) with error bars.

1.  Good rows are those without a flag whose field, current and voltages are finite; the others are counted.
    R_xx = V_xx/I and R_xy = V_xy/I are taken from what has the phase of the current (`analysis.resistance`).
2.  The field at which each leg is mirror symmetric is its true zero (`analysis.mirror`): hysteresis of the magnet and
    a lag of the voltage go with it. Where legs of different rates show a lag (`analysis.lag`), the field of every row
    is first taken back to when its voltage was made.
3.  Every reading is paired with the one at the opposite true field. With legs up and down the partner of (up, +B) is
    (down, -B), which saw the same history of the magnet mirrored; without, -B of the same leg:

        R_xx(B) = [R_up(B) + R_down(-B)]/2        the Hall voltage in the longitudinal contacts drops out
        R_xy(B) = [R_up(B) - R_down(-B)]/2        the resistance in misaligned transverse contacts drops out

    The partner is the measured reading nearest to -B, no farther than half a step of the sweep; what is left of the
    way is bridged along the smooth even curve. Pairs are mutual: each reading is used once, so points stay
    independent, and a cusp narrower than the step is not rounded as it would be by interpolation. A reading without a
    partner is kept if others reach as far on the other side; it loses the fitted odd part only.
4.  rho_xx = R_xx/squares and rho_yx = R_xy (E_y = rho_yx J_x, holes positive) are inverted as a tensor,
    sigma_xx = rho_xx/(rho_xx^2 + rho_yx^2), errors propagated, and sigma at zero field is subtracted.

A pure function of the rows: same rows, same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis import lag
from analysis.constants import G0, E, H
from analysis.curve import Curve
from analysis.error_bar import ErrorBars, error_bars
from analysis.mirror import EvenCurve, Leg, averaged, fit_even_curve
from analysis.model import Remark
from analysis.noise import point_noise
from analysis.pairing import symmetrized
from analysis.resistance import FEWEST_POINTS, HIGHEST_FIELD_T, Readings, Resistance, in_gauss, readings
from analysis.row import CURRENT, TEMPERATURE, TIME, X_XY

_LARGEST_DSIGMA = 100.0  # [G0]; weak localization gives a few, its logarithm never more than ~20
_HOTTEST_K = 2000.0  # of a film that is one still
_STEADY = 0.2  # of the reach of a leg around its centre, in which its rate is read off


@dataclass(frozen=True, eq=False)
class Reduction:
    """What the rows of one sweep come to.

    Attributes
    ----------
    rows, flagged : int
        All rows; those left out because they carry a flag or a value that is not finite.
    resistance : Resistance
    curve : Curve or None
        In ascending true field; None where `reason` says why.
    field_offset_T, field_offset_error_T : float, float or None
        What the magnet reads at zero field (mean of the legs), and its standard error; None where it was given,
        or could not be found and is taken as 0.
    leg_offsets_T : dict of int to float
        The same leg by leg; they differ where the magnet has hysteresis.
    sheet_ohm : float or None
        Sheet resistance, mean of the good rows.
    temperature_K, temperature_spread_K : float or None
        Mean and standard deviation of the good rows.
    current_A : float or None
        Mean excitation current, rms.
    remarks : tuple of Remark
    reason : str
        Why there is no curve, "" if there is one.
    """

    rows: int
    flagged: int
    resistance: Resistance
    curve: Curve | None
    field_offset_T: float
    field_offset_error_T: float | None
    leg_offsets_T: dict[int, float]
    sheet_ohm: float | None
    temperature_K: float | None
    temperature_spread_K: float | None
    current_A: float | None
    remarks: tuple[Remark, ...]
    reason: str


def reduce_sweep(
    rows: Mapping[str, np.ndarray], squares: float = 1.0, field_offset_T: float | None = None,
    reference_ohm: float | None = None,
) -> Reduction:  # fmt: skip
    """Reduce the rows of one sweep, complete or not.

    Parameters
    ----------
    rows : mapping of column name to ndarray, shape (n,)
        Columns of `analysis.row`, in the order of measurement; `v_ref_V` may be among them.
    squares : float
        Length over width between the longitudinal contacts (`van_der_pauw.squares` for other films).
    field_offset_T : float, optional
        What the magnet reads at zero field [T]; found from the data where it is not given.
    reference_ohm : float, optional
        Resistor over which `v_ref_V` was measured [ohm]; the current is theirs then, not the set one.

    Raises
    ------
    ValueError
        A column is missing or of another length, or `squares`, the resistor or the offset is no usable number. What
        the data themselves lack is not an error: `reason` says it.
    """
    if not (math.isfinite(squares) and squares > 0):
        raise ValueError(f"sample: {squares} squares; length over width must be above 0")
    if field_offset_T is not None and not math.isfinite(field_offset_T):
        raise ValueError(f"field offset: {field_offset_T} T is not finite; leave it out to have it found")
    read = readings(rows, squares, reference_ohm)
    kept, reason, remarks = read.kept, read.reason, [*read.remarks]
    legs = [] if reason else _legs(read.resistance)
    if not (legs or reason):
        reason = f"no leg has {FEWEST_POINTS} good rows yet: wait for more, or take more field points"
    curve, offset, error, offsets = None, field_offset_T or 0.0, None, {}
    temperature_K, cold = _believed(_mean(kept[TEMPERATURE]))
    remarks += cold
    spread_K = None if temperature_K is None else _spread(kept[TEMPERATURE])
    if legs:
        legs, even, bars, late = _fitted(read, legs, field_offset_T)
        remarks += bars.remarks(_interval_s(kept[TIME]))
        averages = [averaged(leg) for leg in legs]
        curve, notes, reason = _curve(averages, even, bars, temperature_K, bool(np.isfinite(kept[X_XY]).any()))
        remarks += notes
        offset, error, offsets, notes = _offsets(legs, even, field_offset_T is not None)
        remarks += notes + lag.remarks(late, _in_words(legs, offsets))
    return Reduction(
        read.rows, read.left_out, read.resistance, curve, offset, error, offsets,
        _mean(read.resistance.sheet_ohm), temperature_K, spread_K, _mean(kept[CURRENT]),
        tuple(remarks), reason,
    )  # fmt: skip


def _fitted(
    read: Readings, legs: list[Leg], field_offset_T: float | None
) -> tuple[list[Leg], EvenCurve, ErrorBars, lag.Lag | None]:
    """Return the legs, a lag of the voltage taken out, the even curve, the error bars, and what lag there was."""
    even, bars = _even_curve(legs, field_offset_T)
    if even.covariance is None or len(legs) < 2:
        return legs, even, bars, None
    rate = _rates_T_per_s(read)
    around = np.array([_rate_at_centre(read, rate, leg, c) for leg, c in zip(legs, even.centre_T, strict=True)])
    late = lag.find_lag(even.centre_T, even.covariance, np.array([leg.upward for leg in legs]), around)
    if late is None or not late.late or late.lag_s is None:
        return legs, even, bars, late
    legs = _legs(replace(read.resistance, field_T=read.resistance.field_T - late.lag_s * rate))
    return legs, *_even_curve(legs, field_offset_T), late


def _even_curve(legs: list[Leg], field_offset_T: float | None) -> tuple[EvenCurve, ErrorBars]:
    even = fit_even_curve([averaged(leg) for leg in legs], field_offset_T)
    bars = error_bars(legs, even)
    return bars.widened(even), bars


def _rates_T_per_s(read: Readings) -> np.ndarray:
    """Return how fast the field moved at each row, along its leg; 0 where that is not known."""
    time, rates = read.kept[TIME], np.zeros(len(read.resistance.field_T))
    for branch in np.unique(read.resistance.branch):
        own = np.flatnonzero(read.resistance.branch == branch)
        if len(own) >= FEWEST_POINTS and np.isfinite(time[own]).all() and (np.diff(time[own]) > 0).all():
            rates[own] = np.gradient(read.resistance.field_T[own], time[own])
    return rates


def _rate_at_centre(read: Readings, rate: np.ndarray, leg: Leg, centre_T: float) -> float:
    """Return the rate at which a leg passed its centre [T/s], nan where it is not known."""
    own = read.resistance.branch == leg.branch
    near = own & (np.abs(read.resistance.field_T - centre_T) <= _STEADY * np.ptp(leg.field_T))
    usual = float(np.median(rate[near])) if near.any() else 0.0
    return usual or math.nan


def reduce_curve(curve: Curve, field_offset_T: float | None = None) -> Reduction:
    """Find the zero field of a curve that somebody has reduced already, and take out its odd line.

    Points and errors stay as they are: what was averaged in them is not known. A curve of one sign of field is
    returned unchanged; one whose centre cannot be told keeps its fields.

    Parameters
    ----------
    curve : Curve
    field_offset_T : float, optional
        Field at which the curve has its centre [T]; found from the data where it is not given.
    """
    nothing = np.empty(0)
    resistance = Resistance(nothing, nothing, nothing, nothing.astype(int))
    temperature_K, cold = _believed(curve.temperature_K)
    if cold:
        curve = replace(curve, temperature_K=None)
    points, reason = len(curve.field_T), _unusable_curve(curve)
    found, offset, error, remarks = None if reason else curve, field_offset_T or 0.0, None, []
    leg = None if reason else _as_leg(curve)
    if leg is not None and (leg.two_sided or field_offset_T is not None):
        even = _even_curve([leg], field_offset_T)[0]
        offset, error, _, remarks = _offsets([leg], even, field_offset_T is not None)
        found = _centred(curve, offset, float(even.slope_xx[0]))
    elif leg is not None:
        seen = "hardly any point on one side of zero" if leg.field_T[0] * leg.field_T[-1] < 0 else _side(leg.field_T)
        remarks = [Remark("one_sign", f"{seen}: not symmetrized, the field offset cannot be found and is taken as 0")]
    return Reduction(
        points, 0, resistance, found, offset, error, {}, None, temperature_K, None, None, (*cold, *remarks), reason
    )


def _unusable_curve(curve: Curve) -> str:
    if len(curve.field_T) < FEWEST_POINTS:
        return f"only {len(curve.field_T)} points: a curve needs {FEWEST_POINTS}"
    if np.ptp(curve.field_T) == 0:
        return f"the field is {curve.field_T[0]:.6g} T in all {len(curve.field_T)} points"
    reach, span = float(np.abs(curve.field_T).max()), float(np.ptp(curve.dsigma))
    if reach > HIGHEST_FIELD_T:
        return in_gauss(reach)
    if span - 10 * float(np.median(0.0 if curve.error is None else curve.error)) > _LARGEST_DSIGMA:
        return _too_large(span, "the unit must be e^2/(pi h)")
    if span == 0:
        return f"delta sigma is {curve.dsigma[0]:.6g} at every field: there is nothing to fit"
    return ""


def _as_leg(curve: Curve) -> Leg:
    order = np.argsort(curve.field_T, kind="stable")
    field, value = curve.field_T[order], curve.dsigma[order]
    if curve.error is None:
        noise, rows = point_noise(field, value), np.ones(len(order))
    else:
        noise = float(np.median(curve.error))
        rows = (noise / curve.error[order]) ** 2
    return Leg(0, True, field, value, np.zeros(len(order)), rows, noise, 1.0)


def _centred(curve: Curve, offset_T: float, slope: float) -> Curve:
    field = curve.field_T - offset_T
    return replace(curve, field_T=field, dsigma=curve.dsigma - slope * field)


def _too_large(span: float, hint: str) -> str:
    return f"delta sigma spans {span:.3g} e^2/(pi h), weak localization a few: wrong units? {hint}"


def _legs(resistance: Resistance) -> list[Leg]:
    """Return the legs that can be fitted together: those that see both signs of field, else all."""
    legs = []
    for branch in np.unique(resistance.branch):
        of_branch = np.flatnonzero(resistance.branch == branch)
        read = resistance.field_T[of_branch]
        if len(read) < FEWEST_POINTS or np.ptp(read) == 0:
            continue
        order = of_branch[np.argsort(read, kind="stable")]
        field, xx = resistance.field_T[order], resistance.sheet_ohm[order]
        xy = np.nan_to_num(resistance.hall_ohm[order])
        leg = Leg(
            int(branch), bool(read[-1] > read[0]), field, xx, xy, np.ones(len(order)),
            point_noise(field, xx), point_noise(field, xy),
        )  # fmt: skip
        legs.append(leg)
    return [leg for leg in legs if leg.two_sided] or legs


def _curve(
    legs: list[Leg], even: EvenCurve, bars: ErrorBars, temperature_K: float | None, hall: bool
) -> tuple[Curve | None, list[Remark], str]:
    """Return the symmetrized curve, remarks on it, and why it is not to be had."""
    paired = symmetrized(legs, even, bars)
    field, xx, xy = paired.field_T, paired.xx_ohm, paired.xy_ohm
    square = xx**2 + xy**2
    by_xx, by_xy = (xx**2 - xy**2) / square**2 / G0, 2 * xx * xy / square**2 / G0
    error = np.hypot(by_xx * paired.xx_error_ohm, by_xy * paired.xy_error_ohm)
    own = (by_xx * paired.moved_ohm) ** 2 + (by_xy * paired.xy_error_ohm) ** 2
    noise = bars.carried(legs, even, paired.point, paired.share, by_xx, own)
    sigma = xx / square / G0
    two_sided = all(leg.two_sided for leg in legs)
    # with one sign of field the even curve is not asked what it does where nothing was measured
    origin = 0.0 if two_sided else float(field[np.abs(field).argmin()])
    zero = float(even.constant_xx.mean() + even.even(np.array([origin]))[0][0])
    dsigma = sigma - 1 / zero / G0
    remarks = []
    if not two_sided:
        note = "not symmetrized, Hall resistance not used; the field offset cannot be found, and is as given or 0"
        remarks.append(Remark("one_sign", f"{_side(field)}: {note}"))
    elif not hall:
        remarks.append(Remark("no_hall", "no transverse voltage: sigma_xx = 1/rho_xx, right to (mu B)^2"))
    if zero * E**2 / H > 1:
        note = f"{zero:.4g} ohm per square is above h/e^2 = 25.8 kohm: strong localization, or wrong units"
        remarks.append(Remark("resistance", note))
    span = float(np.ptp(dsigma))
    if span - 10 * float(np.median(error)) > _LARGEST_DSIGMA:
        hint = f"check voltage, current and squares (sheet resistance {zero:.3g} ohm)"
        return None, remarks, _too_large(span, hint)
    return Curve(field, dsigma, error, temperature_K, noise), remarks, ""


def _side(field_T: np.ndarray) -> str:
    return f"{'negative' if np.median(field_T) < 0 else 'positive'} fields only"


def _offsets(
    legs: list[Leg], even: EvenCurve, given: bool
) -> tuple[float, float | None, dict[int, float], list[Remark]]:
    """Return the mean centre, its error, the centre of each leg, and what is to be said of them."""
    offsets = {leg.branch: float(centre) for leg, centre in zip(legs, even.centre_T, strict=True)}
    mean = float(even.centre_T.mean())
    if even.covariance is None:
        if given or not all(leg.two_sided for leg in legs):
            return mean, None, offsets, []
        note = "the field offset cannot be told from these data: taken as 0; a cusp or more points would fix it"
        return mean, None, offsets, [Remark("no_offset", note)]
    return mean, math.sqrt(float(even.covariance.mean())), offsets, _of_odd_structure(even)


def _of_odd_structure(even: EvenCurve) -> list[Remark]:
    """Return that the error of the offset is that of an odd structure, where it is."""
    if even.odd is None or even.covariance is None or even.odd.variance_T2 < float(even.covariance.mean()) / 2:
        return []
    note = f"what is odd in the field is no straight line: {even.odd.rms_ohm:.2g} ohm rms around one"
    moved = f"it may have moved the centre by {1e3 * math.sqrt(even.odd.variance_T2):.2g} mT, which the error contains"
    return [Remark("odd_structure", f"{note}; {moved}")]


def _in_words(legs: list[Leg], offsets: dict[int, float]) -> str:
    return ", ".join(f"{1e3 * offsets[leg.branch]:.3g} mT {'up' if leg.upward else 'down'}" for leg in legs)


def _interval_s(time_s: np.ndarray) -> float | None:
    """Return the usual time from row to row, None where the column does not hold it."""
    steps = np.diff(time_s[np.isfinite(time_s)])
    usual = float(np.median(steps)) if steps.size else 0.0
    return usual if usual > 0 else None


def _believed(temperature_K: float | None) -> tuple[float | None, list[Remark]]:
    """Return the temperature, or None and a remark where no film can have it."""
    if temperature_K is None or 0 < temperature_K <= _HOTTEST_K:
        return temperature_K, []
    note = f"the thermometer says {temperature_K:.3g} K, which is no temperature: it is taken as not known"
    return None, [Remark("temperature", note)]


def _mean(values: np.ndarray) -> float | None:
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None


def _spread(values: np.ndarray) -> float | None:
    values = values[np.isfinite(values)]
    return float(values.std()) if values.size else None
