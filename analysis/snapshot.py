"""What is known at one moment: frozen records that the live analysis gives out and everybody else reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analysis.curve import Curve
from analysis.estimate import Estimate, FitResult
from analysis.examination import Examination
from analysis.model import Remark
from analysis.reduction import Resistance
from analysis.selection import Candidate, Symmetry
from analysis.statement import Statement

_GATE_AT_REST = 1e-3  # of its voltage, or of 1 V: the last digits of a voltmeter


@dataclass(frozen=True, eq=False)
class SweepResult:
    """What is known of one sweep.

    Attributes
    ----------
    sweep : int
        Its number in the run.
    temperature_K, temperature_spread_K : float or None
        Mean and standard deviation of its good rows.
    rows, flagged : int
        All rows; those left out.
    final : bool
        The sweep is complete.
    curve : Curve or None
        Symmetrized delta sigma(B), zero where the fit is zero.
    resistance : Resistance
        Every good row.
    fit : FitResult or None
    drawn : tuple of two ndarrays, shape (m,), or None
        Field [T] and fitted delta sigma [G0], finely spaced.
    symmetry : Symmetry
    field_offset_T, field_offset_error_T : float, float or None
        What the magnet reads at zero field, mean of the legs; the error is None where it was given or not found.
    leg_offsets_T : dict of int to float
        The same for each leg.
    sheet_ohm : float or None
        Mean sheet resistance; None for a curve that came without one.
    candidates : tuple of Candidate
        Models tried, best first; empty where the model was given.
    remarks : tuple of Remark
        Of the rows, the reduction and the fit.
    advice : str
        What to do next, concrete; "" where nothing is wanting.
    current_A : float or None
        Mean excitation current, rms; None for a curve that came without one.
    examination : Examination or None
        Window, dimension and fluctuations; None while the sweep runs, or without a fit.
    gate_V : float or None
        Mean gate voltage of its rows; None without a gate, or with one whose output was off.
    """

    sweep: int
    temperature_K: float | None
    temperature_spread_K: float | None
    rows: int
    flagged: int
    final: bool
    curve: Curve | None
    resistance: Resistance
    fit: FitResult | None
    drawn: tuple[np.ndarray, np.ndarray] | None
    symmetry: Symmetry
    field_offset_T: float
    field_offset_error_T: float | None
    leg_offsets_T: dict[int, float]
    sheet_ohm: float | None
    candidates: tuple[Candidate, ...]
    remarks: tuple[Remark, ...]
    advice: str
    current_A: float | None = None
    examination: Examination | None = None
    gate_V: float | None = None


@dataclass(frozen=True, eq=False)
class JointSeries:
    """Finished sweeps fitted together: one L_so, one L_phi for each.

    Attributes
    ----------
    sweeps : tuple of int
    temperature_K : tuple of float, length n
    l_phi_nm : tuple of Estimate, length n
    shared : tuple of Estimate
        L_so and what else does not depend on temperature.
    symmetry : tuple of Symmetry, length n
        The class of each sweep, now that L_so is known.
    chi2_reduced : float
    """

    sweeps: tuple[int, ...]
    temperature_K: tuple[float, ...]
    l_phi_nm: tuple[Estimate, ...]
    shared: tuple[Estimate, ...]
    symmetry: tuple[Symmetry, ...]
    chi2_reduced: float

    def of(self, sweep: int) -> tuple[Estimate, Symmetry] | None:
        """Return L_phi and the class of one sweep, None for a sweep that is not in the series."""
        if sweep not in self.sweeps:
            return None
        at = self.sweeps.index(sweep)
        return self.l_phi_nm[at], self.symmetry[at]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that is known at one moment.

    Attributes
    ----------
    sweeps : tuple of SweepResult
        In the order of their numbers.
    current : int or None
        The sweep that is not complete, if there is one.
    joint : JointSeries or None
        From two finished sweeps at different temperatures on.
    dephasing : Estimate or None
        Exponent s of L_phi ~ T^s, from three temperatures on; 1/tau_phi ~ T^(-2 s).
    rows_total : int
    statement : Statement or None
        What the finished sweeps say of the film; None before the first is.
    """

    sweeps: tuple[SweepResult, ...]
    current: int | None
    joint: JointSeries | None
    dephasing: Estimate | None
    rows_total: int
    statement: Statement | None = None

    @property
    def several_films(self) -> bool:
        """The sweeps were taken at several gate voltages, so that nothing is said of them together."""
        return several_films(self.sweeps)


def several_films(sweeps: Iterable[SweepResult]) -> bool:
    """Return whether the gate voltages differ: each voltage makes a film of its own."""
    voltages = np.array([sweep.gate_V for sweep in sweeps if sweep.gate_V is not None])
    return not gate_at_rest(voltages)


def gate_at_rest(voltage_V: np.ndarray) -> bool:
    """Return whether these are readings of one gate voltage, to the last digits of a voltmeter."""
    if not voltage_V.size:
        return True
    return bool(np.ptp(voltage_V) <= _GATE_AT_REST * max(1.0, np.abs(voltage_V).max()))
