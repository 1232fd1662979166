"""Rows in, frozen snapshot out: the same numbers live, simulated and replayed.

What is said of a sweep depends on its rows and the settings alone: every fit starts cold from the model's own guess.
Finished sweeps are computed once and kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analysis import van_der_pauw
from analysis.advice import advice
from analysis.curve import Curve
from analysis.dephasing import FEWEST_TEMPERATURES, largest_current_A, power_law
from analysis.examination import Examination, examine
from analysis.film_sweeps import film_series
from analysis.fit import Estimate, FitResult, fit, joint_fit
from analysis.model import MODELS, Remark
from analysis.plain import plain_estimate, plain_number, plain_remark
from analysis.reduction import Reduction, reduce_curve, reduce_sweep
from analysis.row import COLUMNS, SWEEP, V_REF
from analysis.sample import Sample
from analysis.selection import Candidate, Symmetry, select, symmetry
from analysis.snapshot import JointSeries, Snapshot, SweepResult
from analysis.statement import Statement, state

AUTO = "auto"
AUTO_MODELS = ("hln", "hln_full")
"""The models that `auto` chooses from."""

JOINT_MODEL = "hln_full"
"""The model, alone or with backgrounds, that sweeps of several temperatures are fitted with together."""

_DRAWN_POINTS = 401
_NEAR_ZERO = 0.05  # of the largest field: a sweep that stays farther from zero is not extrapolated to it


@dataclass(frozen=True)
class Settings:
    """How rows are analysed.

    Attributes
    ----------
    model : str
        Name of a model, or "auto".
    window_T : float or None
        Fit |B| <= window_T; None for all.
    field_offset_T : float or None
        What the magnet reads at zero field; None to find it from the data.
    fixed : tuple of (name, value)
        Parameters that are not fitted, wherever a model has them.
    sample : Sample
    joint : bool
        Fit finished sweeps of different temperatures together, with one L_so.
    reference_ohm : float or None
        Resistor over which a column `v_ref_V` was measured: the current is taken from it.
    current_known : bool
        The current in the rows is the one that flowed. False where only resistances are known: heating is then not
        looked at.
    """

    model: str = AUTO
    window_T: float | None = None
    field_offset_T: float | None = None
    fixed: tuple[tuple[str, float], ...] = ()
    sample: Sample = field(default_factory=Sample)
    joint: bool = True
    reference_ohm: float | None = None
    current_known: bool = True

    def __post_init__(self) -> None:
        """Refuse what no sweep could be analysed with.

        Raises
        ------
        ValueError
            Unknown model, a fixed parameter that it does not have, or a number that is not usable.
        """
        if self.model != AUTO and self.model not in MODELS:
            raise ValueError(f"model {self.model!r} is not known; there are {AUTO}, {', '.join(MODELS)}")
        if self.window_T is not None and not 0 < self.window_T < math.inf:
            raise ValueError(f"window: {self.window_T} T; give a field above 0, or leave it out to fit all")
        if self.field_offset_T is not None and not math.isfinite(self.field_offset_T):
            raise ValueError(f"field offset: {self.field_offset_T} T is not finite; leave it out to have it found")
        if self.reference_ohm is not None and not 0 < self.reference_ohm < math.inf:
            raise ValueError(f"reference resistor: {self.reference_ohm} ohm must be a number above 0")
        names = {name for model in self.models for name in MODELS[model].names}
        for name, value in self.fixed:
            if name not in names:
                raise ValueError(f"fixed: no parameter {name!r} in {self.model}; there are {', '.join(sorted(names))}")
            bounds = next(MODELS[model][name] for model in self.models if name in MODELS[model].names)
            if not bounds.lower <= value <= bounds.upper:
                raise ValueError(f"fixed: {name} = {value:g} is outside {bounds.lower:g} to {bounds.upper:g}")

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are tried."""
        return AUTO_MODELS if self.model == AUTO else (self.model,)

    def held(self, model: str) -> dict[str, float]:
        """Return the fixed parameters that this model has."""
        return {name: value for name, value in self.fixed if name in MODELS[model].names}


def analyse(rows: Mapping[str, np.ndarray], settings: Settings, final: bool = True) -> SweepResult:
    """Analyse the rows of one sweep.

    Parameters
    ----------
    rows : mapping of column name to ndarray, shape (n,)
        The columns of `analysis.row`.
    settings : Settings
    final : bool
        The sweep is complete: its fit is examined, and replaced where it does not hold.

    Raises
    ------
    ValueError
        A column is missing or of another length. Data from which nothing can be had are not an error: `advice`
        says what they lack.
    """
    reduction = reduce_sweep(
        rows, van_der_pauw.squares(settings.sample), settings.field_offset_T, settings.reference_ohm
    )
    numbers = np.asarray(rows.get(SWEEP, ()), dtype=float)
    return _result(int(numbers[0]) if numbers.size else 0, reduction, settings, final)


def analyse_curve(curve: Curve, settings: Settings, final: bool = True, sweep: int = 0) -> SweepResult:
    """Analyse a curve that somebody has reduced already; its field offset is still looked for."""
    return _result(sweep, reduce_curve(curve, settings.field_offset_T), settings, final)


def _result(sweep: int, reduction: Reduction, settings: Settings, final: bool) -> SweepResult:
    if not settings.current_known:
        reduction = replace(reduction, current_A=None)
    curve, fitted, candidates, reason = reduction.curve, None, (), reduction.reason
    found = Symmetry("undetermined", reason)
    if curve is not None:
        reason = _far_from_zero(curve)
        try:
            if not reason:
                fitted, candidates, found = _fitted(curve, settings)
        except ValueError as error:  # too few points, or all alike: the settings were checked when they were made
            reason = str(error)
        found = found if fitted else Symmetry("undetermined", reason)
    examination = None
    if final and fitted is not None and curve is not None:
        examination = _examined(fitted, curve, settings)
        if examination.fit is not fitted:
            fitted = examination.fit
            found = symmetry(fitted, curve)
    remarks = (
        *reduction.remarks, *(fitted.remarks if fitted else ()), *(examination.remarks if examination else ()),
        *_heating(reduction, fitted, settings.sample),
    )  # fmt: skip
    if reduction.sheet_ohm is not None:  # a curve that was reduced already does not ask for the geometry
        remarks += tuple(van_der_pauw.remarks(settings.sample))
    if curve is not None and fitted is not None:
        curve = replace(curve, dsigma=curve.dsigma - fitted.offset)
    return SweepResult(
        sweep, reduction.temperature_K, reduction.temperature_spread_K, reduction.rows, reduction.flagged, final,
        curve, reduction.resistance, fitted, _drawn(fitted), found, reduction.field_offset_T,
        reduction.field_offset_error_T, reduction.leg_offsets_T, reduction.sheet_ohm, candidates,
        tuple(dict.fromkeys(remarks)), advice(curve, fitted, reason, reduction.remarks, final),
        reduction.current_A, examination,
    )  # fmt: skip


def _far_from_zero(curve: Curve) -> str:
    nearest, reach = (float(end(np.abs(curve.field_T))) for end in (np.min, np.max))
    if nearest <= _NEAR_ZERO * reach:
        return ""
    return f"no field below {nearest:.3g} T yet: L_phi shows around zero field, and these fields would only guess it"


def _fitted(curve: Curve, settings: Settings) -> tuple[FitResult, tuple[Candidate, ...], Symmetry]:
    if settings.model == AUTO:
        selection = select(
            curve, settings.sample, models=settings.models, fixed=dict(settings.fixed), window_T=settings.window_T
        )
        return selection.best, selection.candidates, symmetry(selection, curve)
    fitted = fit(
        settings.model, curve, fixed=settings.held(settings.model), window_T=settings.window_T, sample=settings.sample
    )
    return fitted, (), symmetry(fitted, curve)


def _examined(fitted: FitResult, curve: Curve, settings: Settings) -> Examination:
    return examine(
        fitted, curve, settings.sample, may_replace=settings.model == AUTO, window_given=settings.window_T is not None
    )


def _heating(reduction: Reduction, fitted: FitResult | None, sample: Sample) -> list[Remark]:
    """Return a remark where the voltage over one L_phi exceeds k T/e."""
    if fitted is None or not (sample.width_um and reduction.temperature_K and reduction.current_A):
        return []
    estimate = fitted["l_phi_nm"] if "l_phi_nm" in fitted.values else None
    if estimate is None or not estimate.value or not reduction.sheet_ohm:
        return []
    ohm_per_m = reduction.sheet_ohm / (sample.width_um * 1e-6)
    most = largest_current_A(reduction.temperature_K, ohm_per_m, estimate.value)
    if abs(reduction.current_A) <= most:
        return []
    text = f"{1e9 * abs(reduction.current_A):.3g} nA puts more than k T/e over one L_phi"
    return [Remark("heating", f"{text}: stay below {1e9 * most:.2g} nA")]


def _drawn(fitted: FitResult | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the fit on fields that are close near zero and wide apart in the tails."""
    if fitted is None:
        return None
    low, high = fitted.window_T
    scale = max(abs(low), abs(high)) / 300
    field_T = scale * np.sinh(np.linspace(math.asinh(low / scale), math.asinh(high / scale), _DRAWN_POINTS))
    return field_T, fitted.evaluate(field_T)


class LiveAnalysis:
    """Takes the rows of a run as they come and tells what they say so far.

    A sweep is finished when `finish` is called or a row of a later sweep arrives.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._sweeps: dict[int, _Sweep] = {}
        self._finished: tuple[SweepResult, ...] = ()
        self._joint: JointSeries | None = None
        self._statement: Statement | None = None

    def add(self, row: Mapping[str, float]) -> None:
        """Take one row.

        Raises
        ------
        ValueError
            The row has not all columns.
        """
        missing = [name for name in COLUMNS if name not in row]
        if missing:
            raise ValueError(f"row: column {missing[0]} is missing; a row has {', '.join(COLUMNS)}")
        self._sweep(int(row[SWEEP])).add(row)

    def set_curve(self, sweep: int, curve: Curve) -> None:
        """Take a sweep as a curve that somebody has reduced, in place of what was known of it."""
        self._sweep(sweep).set_curve(curve)

    def finish(self, sweep: int | None = None) -> None:
        """Say that a sweep is complete; without a number, all that there are."""
        for number, one in self._sweeps.items():
            if sweep is None or number == sweep:
                one.finish()

    def snapshot(self) -> Snapshot:
        """Return all that is known now."""
        numbers = sorted(self._sweeps)
        results = tuple(self._sweeps[number].result(number, self._settings) for number in numbers)
        finished = tuple(result for result in results if result.final and result.fit is not None)
        if finished != self._finished:
            self._finished, self._joint = finished, _joint(finished, self._settings)
            self._statement = _stated(finished, self._joint, self._settings.sample)
        running = [result.sweep for result in results if not result.final]
        return Snapshot(
            results, running[-1] if running else None, self._joint, _exponent(finished, self._joint),
            sum(result.rows for result in results), self._statement,
        )  # fmt: skip

    def _sweep(self, number: int) -> _Sweep:
        if number not in self._sweeps:
            for earlier in self._sweeps.values():
                earlier.finish()
            self._sweeps[number] = _Sweep()
        return self._sweeps[number]


class _Sweep:
    """The rows of one sweep in an array that grows, and what they came to when last asked."""

    def __init__(self) -> None:
        self._block = np.empty((64, len(COLUMNS) + 1))
        self._rows = 0
        self._curve: Curve | None = None
        self._final = False
        self._known: SweepResult | None = None

    def add(self, row: Mapping[str, float]) -> None:
        if self._rows == len(self._block):
            self._block = np.concatenate([self._block, np.empty_like(self._block)])
        self._block[self._rows] = [*(row[name] for name in COLUMNS), row.get(V_REF, math.nan)]
        self._rows += 1
        self._known = None

    def set_curve(self, curve: Curve) -> None:
        self._curve = curve
        self._known = None

    def finish(self) -> None:
        if not self._final:
            self._final = True
            self._known = None

    def result(self, number: int, settings: Settings) -> SweepResult:
        if self._known is None:
            if self._curve is not None:
                self._known = analyse_curve(self._curve, settings, self._final, number)
            else:
                columns = self._block[: self._rows].T
                self._known = analyse(dict(zip((*COLUMNS, V_REF), columns, strict=True)), settings, self._final)
        return self._known


def _reach(fitted: FitResult) -> float:
    """Return the largest field of a window [T]."""
    return max(abs(end) for end in fitted.window_T)


def _alone(fitted: FitResult) -> str:
    """Return the name of the model without its backgrounds."""
    return (fitted.declared.alone or fitted.declared).name


def _joint(finished: tuple[SweepResult, ...], settings: Settings) -> JointSeries | None:
    """Fit all finished sweeps with one L_so, where spin-orbit coupling shows in one of them."""
    shows = [fit.model for result in finished if (fit := result.fit) is not None and _alone(fit) == JOINT_MODEL]
    series = [
        (result.sweep, result.temperature_K, result.curve.within(_reach(result.fit)))
        for result in finished
        if result.temperature_K is not None and result.curve is not None and result.fit is not None
    ]
    errors = {curve.error is None for _, _, curve in series}
    if not (settings.joint and shows) or len({t for _, t, _ in series}) < 2 or len(errors) != 1:
        return None
    sweeps, temperatures, curves = zip(*series, strict=True)
    joint = joint_fit(
        shows[0], curves, fixed=settings.held(shows[0]), window_T=settings.window_T, sample=settings.sample
    )
    lengths = tuple(result["l_phi_nm"] for result in joint.results)
    classes = tuple(symmetry(result, curve) for result, curve in zip(joint.results, curves, strict=True))
    return JointSeries(sweeps, temperatures, lengths, joint.shared, classes, joint.chi2_reduced)


def _stated(finished: tuple[SweepResult, ...], joint: JointSeries | None, sample: Sample) -> Statement | None:
    series = film_series(finished, joint, sample, current_A=[result.current_A for result in finished])
    return None if series is None else state(series)


def _exponent(finished: tuple[SweepResult, ...], joint: JointSeries | None) -> Estimate | None:
    if joint is not None:
        temperatures, lengths = joint.temperature_K, joint.l_phi_nm
    else:
        known = [
            (result.temperature_K, result.fit["l_phi_nm"])
            for result in finished
            if result.fit is not None and result.temperature_K is not None and "l_phi_nm" in result.fit.values
        ]
        temperatures, lengths = [t for t, _ in known], [length for _, length in known]
    if len({t for t, e in zip(temperatures, lengths, strict=True) if e.determined}) < FEWEST_TEMPERATURES:
        return None
    law = power_law(temperatures, lengths)
    return None if law is None else law.estimate


def as_json(result: SweepResult, joint: JointSeries | None = None) -> dict[str, Any]:
    """Return a sweep's result as the object that `cusp fit --json` writes, less the keys `file` and `software`.

    A sweep of a series has one more key, `joint`: what the fit of all its temperatures together says.
    """
    fitted = result.fit
    estimates = fitted.estimates if fitted is not None else ()
    derived = fitted.derived if fitted is not None else ()
    read = result.resistance.field_T if result.curve is None else result.curve.field_T
    window = fitted.window_T if fitted is not None else (read.min(), read.max()) if len(read) else (0.0, 0.0)
    return {
        "sweep": result.sweep,
        "temperature_K": plain_number(result.temperature_K),
        "model": fitted.model if fitted is not None else "none",
        "symmetry_class": result.symmetry.symmetry_class,
        "symmetry": result.symmetry.sentence,
        "parameters": {estimate.name: plain_estimate(estimate) for estimate in estimates},
        "derived": {e.name: {"unit": e.unit, **plain_estimate(e)} for e in derived},
        "window_T": [plain_number(end) for end in window],
        "field_offset_T": plain_number(result.field_offset_T),
        "field_offset_error_T": plain_number(result.field_offset_error_T),
        "chi2_reduced": plain_number(fitted.chi2_reduced) if fitted is not None else None,
        "points": fitted.points if fitted is not None else 0,
        "rows": result.rows,
        "rows_left_out": result.flagged,
        "advice": result.advice,
        "warnings": [plain_remark(remark) for remark in result.remarks],
        "candidates": [
            {"model": one.model, "aicc": plain_number(one.aicc), "weight": plain_number(one.weight)}
            for one in result.candidates
        ],
        "examination": _examination_json(result.examination),
        **_joint_json(result, joint),
    }


def _examination_json(found: Examination | None) -> dict[str, Any] | None:
    """Return L_phi against the window, and the other sentences of an examination."""
    if found is None:
        return None
    scan = found.window
    windows = [
        {"limit_T": plain_number(w.limit_T), "value": plain_number(w.value), "error": plain_number(w.error),
         "chi2_reduced": plain_number(w.chi2_reduced), "points": w.points}
        for w in (scan.windows if scan is not None else ())
    ]  # fmt: skip
    return {
        "sentences": list(found.sentences), "windows": windows, "stable": scan.stable if scan is not None else None,
        "dimension": found.dimension.dimension if found.dimension is not None else None,
    }  # fmt: skip


def _joint_json(result: SweepResult, joint: JointSeries | None) -> dict[str, Any]:
    known = joint.of(result.sweep) if joint is not None else None
    if joint is None or known is None:
        return {}
    l_phi_nm, found = known
    parameters = {estimate.name: plain_estimate(estimate) for estimate in (l_phi_nm, *joint.shared)}
    classes = {"symmetry_class": found.symmetry_class, "symmetry": found.sentence}
    return {"joint": {"parameters": parameters, **classes, "chi2_reduced": plain_number(joint.chi2_reduced)}}
