"""From lock-in volts to resistances: which rows are good, what current there was, what the phase was.

A row is good if it has no flag, and field, current and voltages are finite and not out of all proportion; the others
are counted. The current is that of the reference resistor where its voltage was measured, else the one that was set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis import phase
from analysis.model import Remark
from analysis.row import BRANCH, CURRENT, FIELD, FLAGS, TEMPERATURE, TIME, V_REF, X_XX, X_XY, Y_XX, Y_XY

FEWEST_POINTS = 8
"""Good rows below which there is no curve to speak of."""

HIGHEST_VOLTAGE_V = 1e6  # no lock-in reads more
LOWEST_OHM, HIGHEST_OHM = 1e-12, 1e15  # no lock-in can tell either from nothing
HIGHEST_FIELD_T = 100.0  # no laboratory magnet reaches it: the column is in gauss or mT
_OTHER_CURRENT = 0.05  # by which a measured current may differ from the set one without a word
_NEEDED = (BRANCH, TIME, FIELD, TEMPERATURE, CURRENT, X_XX, Y_XX, X_XY, FLAGS)
_OPTIONAL = (Y_XY, V_REF)


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
class Readings:
    """The good rows of a sweep.

    Attributes
    ----------
    rows, left_out : int
        All rows; those that are not used.
    kept : dict of str to ndarray, shape (n,)
        The columns of the good rows; the current is the measured one where there is one.
    resistance : Resistance
    remarks : tuple of Remark
    reason : str
        Why nothing can be made of them, "" if something can.
    """

    rows: int
    left_out: int
    kept: dict[str, np.ndarray]
    resistance: Resistance
    remarks: tuple[Remark, ...]
    reason: str


def readings(rows: Mapping[str, np.ndarray], squares: float, reference_ohm: float | None = None) -> Readings:
    """Return the good rows and their resistances.

    Parameters
    ----------
    rows : mapping of column name to ndarray, shape (n,)
    squares : float
        What R_xx is divided by to have the sheet resistance.
    reference_ohm : float, optional
        Resistor in series with the film over which `v_ref_V` was measured [ohm].

    Raises
    ------
    ValueError
        A column is missing or of another length, or the resistor is not a number above 0.
    """
    columns = _columns(rows)
    remarks = _measured_current(columns, reference_ohm)
    good, notes = _good_rows(columns)
    kept = {name: values[good] for name, values in columns.items()}
    resistance, of_phase = _resistance(kept, squares)
    reason = _unusable(columns, kept, resistance)
    return Readings(len(good), int(len(good) - good.sum()), kept, resistance, (*remarks, *notes, *of_phase), reason)


def _measured_current(columns: dict[str, np.ndarray], reference_ohm: float | None) -> list[Remark]:
    """Put the current through the reference resistor in place of the one that was set."""
    measured = np.isfinite(columns[V_REF])
    if reference_ohm is None:
        if not measured.any():
            return []
        note = "the voltage over a reference resistor is there, its resistance is not: the set current is used"
        return [Remark("no_reference", note)]
    if not 0 < reference_ohm < math.inf:
        raise ValueError(f"reference resistor: {reference_ohm} ohm; it must be a number above 0")
    if not measured.any():
        return [Remark("no_reference", "no voltage over the reference resistor in these rows: the set current is used")]
    current, was = columns[V_REF] / reference_ohm, columns[CURRENT]
    both = measured & np.isfinite(was) & (was != 0)
    columns[CURRENT] = current
    if not both.any():
        return []
    ratio = float(np.median(np.abs(current[both] / was[both])))
    if abs(ratio - 1) <= _OTHER_CURRENT:
        return []
    note = f"the current through the reference resistor is {ratio:.3g} times the set one"
    return [Remark("current", f"{note}: the measured one is used; are both resistors what they are said to be?")]


def _columns(rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    missing = [name for name in _NEEDED if name not in rows]
    if missing:
        raise ValueError(f"rows: column {missing[0]} is missing; a sweep has {', '.join(_NEEDED)}")
    # copies, so that the memory layout of the source cannot change the last bit of a sum
    columns = {name: np.array(rows[name], dtype=float) for name in _NEEDED}
    nothing = np.full(len(columns[FIELD]), math.nan)
    columns |= {name: np.array(rows.get(name, nothing), dtype=float) for name in _OPTIONAL}
    shapes = {values.shape for values in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(f"rows: columns have shapes {sorted(shapes)}; all must be the same, (n,)")
    return columns


def _good_rows(columns: dict[str, np.ndarray]) -> tuple[np.ndarray, list[Remark]]:
    """Return which rows are used, and what is to be said of the others."""
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
    spikes[good] = wild | ((field > HIGHEST_FIELD_T) & (np.median(field) <= HIGHEST_FIELD_T))
    return spikes


def _resistance(kept: dict[str, np.ndarray], squares: float) -> tuple[Resistance, list[Remark]]:
    """Return the resistances from the part of the voltages that has the phase of the current, and what was found."""
    xx, remarks = _resistive(kept[X_XX], kept[Y_XX], "the longitudinal voltage")
    xy, of_xy = _resistive(kept[X_XY], kept[Y_XY], "the transverse voltage")
    with np.errstate(invalid="ignore", over="ignore"):
        sheet, hall = xx / (kept[CURRENT] * squares), xy / kept[CURRENT]
    return Resistance(kept[FIELD], sheet, hall, kept[BRANCH].astype(int)), remarks + of_xy


def _resistive(x_V: np.ndarray, y_V: np.ndarray, what: str) -> tuple[np.ndarray, list[Remark]]:
    y_V = phase.believed(x_V, y_V)
    known = np.isfinite(x_V) & np.isfinite(y_V)
    if np.count_nonzero(known) < FEWEST_POINTS or np.abs(x_V[known]).max() > HIGHEST_VOLTAGE_V:
        return x_V, []
    found = phase.find_phase(x_V[known], y_V[known])
    return phase.resistive(x_V, y_V, found), phase.remarks(found, what)


def _unusable(columns: dict[str, np.ndarray], kept: dict[str, np.ndarray], resistance: Resistance) -> str:
    """Return why nothing can be made of these rows, "" if something can."""
    total, good = len(columns[FIELD]), len(kept[FIELD])
    if good == 0:
        if total and not columns[CURRENT].any():
            return "the excitation current is zero in every row: set a current, or say what it was"
        return f"none of the {total} rows is good: see their flags" if total else "no row yet"
    reach, hall = np.abs(kept[FIELD]).max(), resistance.hall_ohm[~np.isnan(resistance.hall_ohm)]
    if reach > HIGHEST_FIELD_T:
        return in_gauss(reach)
    if good < FEWEST_POINTS:
        return f"only {good} good rows: a curve needs {FEWEST_POINTS}"
    highest = max(float(np.abs(values).max(initial=0.0)) for values in (resistance.sheet_ohm, hall))
    if highest > HIGHEST_OHM:
        return f"resistances of up to {highest:.3g} ohm, above {HIGHEST_OHM:g}: check voltage and current"
    mean = resistance.sheet_ohm.mean()
    if mean <= 0:
        return f"the resistance is negative ({mean:.4g} ohm per square): turn the lock-in's phase by 180 degrees"
    if mean < LOWEST_OHM:
        return f"the resistance is {mean:.3g} ohm per square, below {LOWEST_OHM:g}: check voltage and current"
    if np.ptp(kept[FIELD]) == 0:
        return f"the field stands at {kept[FIELD][0]:.6g} T in all {good} rows"
    if np.ptp(resistance.sheet_ohm) == 0:
        return f"the voltage is the same in all {good} rows: is the lock-in's reading frozen?"
    return ""


def in_gauss(reach_T: float) -> str:
    """Return what to say of fields that no magnet reaches."""
    return f"the field reaches {reach_T:.4g} T: the column must be in tesla (1 T = 10 000 G)"
