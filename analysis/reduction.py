"""From the rows of one sweep to delta sigma(B) with error bars.

1.  Good rows are those without a flag whose field, current and voltages are finite; the others are counted.
    R_xx = V_xx/I and R_xy = V_xy/I are taken from the quadrature in phase with the current (X) alone.
2.  The field at which each leg is mirror symmetric is its true zero (`analysis.mirror`).
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

from analysis.constants import G0, E, H
from analysis.curve import Curve
from analysis.mirror import EvenCurve, Leg, averaged, fit_even_curve
from analysis.model import Remark
from analysis.noise import point_noise
from analysis.pairing import symmetrized
from analysis.row import BRANCH, CURRENT, FIELD, FLAGS, TEMPERATURE, X_XX, X_XY, Y_XX

FEWEST_POINTS = 8
"""Good rows below which there is no curve to speak of."""

_HIGHEST_FIELD_T = 100.0  # no laboratory magnet reaches it: the column is in gauss or mT
_LARGEST_DSIGMA = 100.0  # [G0]; weak localization gives a few, its logarithm never more than ~20
_PHASE = 0.3  # |Y/X| above which the in-phase voltage is not the resistance any more


@dataclass(frozen=True, eq=False)
class Resistance:
    """Every good row as a resistance, in the order of measurement; each array has shape (n,).

    Attributes
    ----------
    field_T : ndarray
        Field as the magnet read it [T].
    sheet_ohm, hall_ohm : ndarray
        R_xx/squares and R_xy = V_xy/I [ohm]; `hall_ohm` is nan where there is no transverse lock-in.
    branch : ndarray of int
        Leg of the sweep.
    """

    field_T: np.ndarray
    sheet_ohm: np.ndarray
    hall_ohm: np.ndarray
    branch: np.ndarray


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
    rows: Mapping[str, np.ndarray], squares: float = 1.0, field_offset_T: float | None = None
) -> Reduction:
    """Reduce the rows of one sweep, complete or not.

    Parameters
    ----------
    rows : mapping of column name to ndarray, shape (n,)
        Columns of `analysis.row`, in the order of measurement.
    squares : float
        Length over width between the longitudinal contacts.
    field_offset_T : float, optional
        What the magnet reads at zero field [T]; found from the data where it is not given.

    Raises
    ------
    ValueError
        A column is missing or of another length, or `squares` or the offset is no usable number. What the data
        themselves lack is not an error: `reason` says it.
    """
    if not (math.isfinite(squares) and squares > 0):
        raise ValueError(f"sample: {squares} squares; length over width must be above 0")
    if field_offset_T is not None and not math.isfinite(field_offset_T):
        raise ValueError(f"field offset: {field_offset_T} T is not finite; leave it out to have it found")
    columns = _columns(rows)
    good, remarks = _good_rows(columns)
    kept = {name: values[good] for name, values in columns.items()}
    resistance = _resistance(kept, squares)
    reason = _unusable(columns, kept, resistance)
    legs = [] if reason else _legs(resistance)
    if not (legs or reason):
        reason = f"no leg has {FEWEST_POINTS} good rows yet: wait for more, or take more field points"
    curve, offset, error, offsets = None, field_offset_T or 0.0, None, {}
    if legs:
        even = fit_even_curve(legs, field_offset_T)
        curve, notes, reason = _curve(legs, even, _mean(kept[TEMPERATURE]), bool(np.isfinite(kept[X_XY]).any()))
        remarks += notes
        offset, error, offsets, notes = _offsets(legs, even, field_offset_T is not None)
        remarks += notes
    return Reduction(
        len(good), int(len(good) - good.sum()), resistance, curve, offset, error, offsets,
        _mean(resistance.sheet_ohm), _mean(kept[TEMPERATURE]), _spread(kept[TEMPERATURE]), _mean(kept[CURRENT]),
        tuple(remarks), reason,
    )  # fmt: skip


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
    points, reason = len(curve.field_T), _unusable_curve(curve)
    found, offset, error, remarks = None if reason else curve, field_offset_T or 0.0, None, []
    leg = None if reason else _as_leg(curve)
    if leg is not None and (leg.two_sided or field_offset_T is not None):
        even = fit_even_curve([leg], field_offset_T)
        offset, error, _, remarks = _offsets([leg], even, field_offset_T is not None)
        found = _centred(curve, offset, float(even.slope_xx[0]))
    elif leg is not None and leg.field_T[0] * leg.field_T[-1] < 0:
        remarks = [Remark("one_sign", "hardly any point on one side of zero: the field offset is taken as 0")]
    return Reduction(
        points, 0, resistance, found, offset, error, {}, None, curve.temperature_K, None, None, tuple(remarks), reason
    )


def _unusable_curve(curve: Curve) -> str:
    if len(curve.field_T) < FEWEST_POINTS:
        return f"only {len(curve.field_T)} points: a curve needs {FEWEST_POINTS}"
    if np.ptp(curve.field_T) == 0:
        return f"the field is {curve.field_T[0]:.6g} T in all {len(curve.field_T)} points"
    reach, span = float(np.abs(curve.field_T).max()), float(np.ptp(curve.dsigma))
    if reach > _HIGHEST_FIELD_T:
        return _in_gauss(reach)
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


def _columns(rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    needed = (BRANCH, FIELD, TEMPERATURE, CURRENT, X_XX, Y_XX, X_XY, FLAGS)
    missing = [name for name in needed if name not in rows]
    if missing:
        raise ValueError(f"rows: column {missing[0]} is missing; a sweep has {', '.join(needed)}")
    # copies, so that the memory layout of the source cannot change the last bit of a sum
    columns = {name: np.array(rows[name], dtype=float) for name in needed}
    shapes = {values.shape for values in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(f"rows: columns have shapes {sorted(shapes)}; all must be the same, (n,)")
    return columns


def _good_rows(columns: dict[str, np.ndarray]) -> tuple[np.ndarray, list[Remark]]:
    finite = np.isfinite(columns[FIELD]) & np.isfinite(columns[X_XX]) & np.isfinite(columns[CURRENT])
    transverse = np.isfinite(columns[X_XY])
    good = (columns[FLAGS] == 0) & finite & (transverse | ~transverse.any())
    driven = columns[CURRENT] != 0
    remarks = []
    if (good & ~driven).any():
        remarks.append(Remark("no_current", f"{(good & ~driven).sum()} rows have no excitation current"))
    good &= driven
    spikes = _spikes(columns, good)
    if spikes.any():
        note = f"{spikes.sum()} rows are out of all proportion and were left out, the first is row {spikes.argmax()}"
        remarks.append(Remark("spikes", note))
    good &= ~spikes
    if not good.all():
        share = f"{len(good) - good.sum()} of {len(good)} rows are flagged or not finite and were left out"
        remarks.append(Remark("rows_left_out", share))
    with_phase = good & np.isfinite(columns[Y_XX])
    if with_phase.any():
        y, x = (float(np.median(np.abs(columns[name][with_phase]))) for name in (Y_XX, X_XX))
        if y > _PHASE * x:
            note = f"the voltage is {math.degrees(math.atan2(y, x)):.0f} degrees out of phase with the current"
            remarks.append(Remark("phase", f"{note}: set the lock-in's phase"))
    return good, remarks


def _spikes(columns: dict[str, np.ndarray], good: np.ndarray) -> np.ndarray:
    """Return rows that no film gives: R_xx ten times more or less than usual, R_xy or the field beyond all bounds."""
    spikes = np.zeros(len(good), dtype=bool)
    if not good.any():
        return spikes
    with np.errstate(over="ignore"):  # what overflows is a spike
        xx = np.abs(columns[X_XX][good] / columns[CURRENT][good])
        xy = np.abs(np.nan_to_num(columns[X_XY][good]) / columns[CURRENT][good])
    field = np.abs(columns[FIELD][good])
    usual = float(np.median(xx))
    wild = (xx > 10 * usual) | (10 * xx < usual) | (xy > 1e3 * (usual + float(np.median(xy))))
    spikes[good] = wild | ((field > _HIGHEST_FIELD_T) & (np.median(field) <= _HIGHEST_FIELD_T))
    return spikes


def _resistance(kept: dict[str, np.ndarray], squares: float) -> Resistance:
    sheet = kept[X_XX] / (kept[CURRENT] * squares)
    return Resistance(kept[FIELD], sheet, kept[X_XY] / kept[CURRENT], kept[BRANCH].astype(int))


def _unusable(columns: dict[str, np.ndarray], kept: dict[str, np.ndarray], resistance: Resistance) -> str:
    """Return why nothing can be made of these rows, "" if something can."""
    total, good = len(columns[FIELD]), len(kept[FIELD])
    if good == 0:
        if total and not columns[CURRENT].any():
            return "the excitation current is zero in every row: set a current, or say what it was"
        return f"none of the {total} rows is good: see their flags" if total else "no row yet"
    reach = np.abs(kept[FIELD]).max()
    if reach > _HIGHEST_FIELD_T:
        return _in_gauss(reach)
    if good < FEWEST_POINTS:
        return f"only {good} good rows: a curve needs {FEWEST_POINTS}"
    mean = resistance.sheet_ohm.mean()
    if mean <= 0:
        return f"the resistance is negative ({mean:.4g} ohm per square): turn the lock-in's phase by 180 degrees"
    if np.ptp(kept[FIELD]) == 0:
        return f"the field stands at {kept[FIELD][0]:.6g} T in all {good} rows"
    if np.ptp(resistance.sheet_ohm) == 0:
        return f"the voltage is the same in all {good} rows: is the lock-in's reading frozen?"
    return ""


def _in_gauss(reach_T: float) -> str:
    return f"the field reaches {reach_T:.4g} T: the column must be in tesla (1 T = 10 000 G)"


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
        legs.append(averaged(leg))
    return [leg for leg in legs if leg.two_sided] or legs


def _curve(
    legs: list[Leg], even: EvenCurve, temperature_K: float | None, hall: bool
) -> tuple[Curve | None, list[Remark], str]:
    """Return the symmetrized curve, remarks on it, and why it is not to be had."""
    field, xx, xx_error, xy, xy_error = symmetrized(legs, even)
    square = xx**2 + xy**2
    error = np.hypot((xx**2 - xy**2) * xx_error, 2 * xx * xy * xy_error) / square**2 / G0
    sigma = xx / square / G0
    two_sided = all(leg.two_sided for leg in legs)
    # with one sign of field the even curve is not asked what it does where nothing was measured
    origin = 0.0 if two_sided else float(field[np.abs(field).argmin()])
    zero = float(even.constant_xx.mean() + even.even(np.array([origin]))[0][0])
    dsigma = sigma - 1 / zero / G0
    remarks = []
    if not two_sided:
        sign = "negative" if np.median(field) < 0 else "positive"
        note = f"{sign} fields only: not symmetrized, Hall resistance not used, field offset taken as given or 0"
        remarks.append(Remark("one_sign", note))
    elif not hall:
        remarks.append(Remark("no_hall", "no transverse voltage: sigma_xx = 1/rho_xx, right to (mu B)^2"))
    if zero * E**2 / H > 1:
        note = f"{zero:.4g} ohm per square is above h/e^2 = 25.8 kohm: strong localization, or wrong units"
        remarks.append(Remark("resistance", note))
    span = float(np.ptp(dsigma))
    if span - 10 * float(np.median(error)) > _LARGEST_DSIGMA:
        hint = f"check voltage, current and squares (sheet resistance {zero:.3g} ohm)"
        return None, remarks, _too_large(span, hint)
    return Curve(field, dsigma, error, temperature_K), remarks, ""


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
    error = math.sqrt(float(even.covariance.mean()))
    remarks = []
    apart = np.ptp(even.centre_T)
    if apart > 5 * math.sqrt(float(np.diag(even.covariance).max())):
        each = ", ".join(f"{1e3 * offsets[leg.branch]:.3g} mT {'up' if leg.upward else 'down'}" for leg in legs)
        remarks.append(Remark("hysteresis", f"the magnet has hysteresis: true zero field is read as {each}"))
    return mean, error, offsets, remarks


def _mean(values: np.ndarray) -> float | None:
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else None


def _spread(values: np.ndarray) -> float | None:
    values = values[np.isfinite(values)]
    return float(values.std()) if values.size else None
