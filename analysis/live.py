"""Rows in, frozen snapshot out: the same numbers live, simulated and replayed.

What is said of a sweep depends on its rows and the settings alone: every fit starts cold from the model's own guess.
Finished sweeps are computed once and kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis import field_offset, van_der_pauw
from analysis.advice import advice
from analysis.curve import Curve
from analysis.dephasing import FEWEST_TEMPERATURES, largest_current_A, power_law
from analysis.examination import Examination, examine
from analysis.film_sweeps import film_series
from analysis.fit import Estimate, FitResult, fit, joint_fit
from analysis.material import material
from analysis.model import Remark
from analysis.plain import plain_estimate, plain_number, plain_remark
from analysis.reduction import Reduction, reduce_curve, reduce_sweep
from analysis.row import COLUMNS, GATE, OPTIONAL_COLUMNS, SWEEP
from analysis.sample import Sample
from analysis.selection import Selection, Symmetry, plain_name, select, symmetry
from analysis.settings import AUTO, Settings
from analysis.snapshot import JointSeries, Snapshot, SweepResult, gate_at_rest, several_films
from analysis.statement import Statement, state
from analysis.window import too_narrow

_DRAWN_POINTS = 401
_NEAR_ZERO = 0.05  # of the largest field: a sweep that stays farther from zero is not extrapolated to it


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
    result = _result(int(numbers[0]) if numbers.size else 0, reduction, settings, final)
    gate_V, moved = _gate(rows)
    return replace(result, gate_V=gate_V, remarks=(*result.remarks, *moved))


def _gate(rows: Mapping[str, np.ndarray]) -> tuple[float | None, list[Remark]]:
    """Return the mean gate voltage of the rows [V], None where they do not say it; and a remark where it moved."""
    known = np.asarray(rows.get(GATE, ()), dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return None, []
    if gate_at_rest(known):
        return float(known.mean()), []
    moved = f"the gate moved from {known.min():.4g} to {known.max():.4g} V within the sweep"
    note = f"{moved}: the fit is a mean over two films"
    return float(known.mean()), [Remark("gate", note)]


def analyse_curve(curve: Curve, settings: Settings, final: bool = True, sweep: int = 0) -> SweepResult:
    """Analyse a curve that somebody has reduced already; its field offset is still looked for."""
    return _result(sweep, reduce_curve(curve, settings.field_offset_T), settings, final)


def _result(sweep: int, reduction: Reduction, settings: Settings, final: bool) -> SweepResult:
    if not settings.current_known:
        reduction = replace(reduction, current_A=None)
    curve, fitted, selection, reason = reduction.curve, None, None, reduction.reason
    found = Symmetry("undetermined", reason)
    if curve is not None:
        reason = _far_from_zero(curve) or too_narrow(curve, settings.window_T)
        try:
            if not reason:
                fitted, selection = _fitted(curve, settings)
                found = symmetry(selection or fitted, curve)
        except ValueError as error:  # too few points, or all alike: the settings were checked when they were made
            reason = str(error)
        found = found if fitted else Symmetry("undetermined", reason)
    examination = None
    if final and fitted is not None and curve is not None:
        examination = examine(
            selection or fitted, curve, settings.sample, may_replace=settings.model == AUTO,
            window_given=settings.window_T is not None, fixed=dict(settings.fixed),
        )  # fmt: skip
        selection = examination.selection or selection
        if selection is not None or examination.fit is not fitted:
            fitted = examination.fit
            found = symmetry(fitted if selection is None else selection, curve)
    remarks = (
        *reduction.remarks, *(fitted.remarks if fitted else ()), *(selection.remarks if selection else ()),
        *(examination.remarks if examination else ()), *_heating(reduction, fitted, settings.sample),
        *_of_offset(reduction, fitted, settings),
    )  # fmt: skip
    if reduction.sheet_ohm is not None:  # a curve that was reduced already does not ask for the geometry
        remarks += tuple(van_der_pauw.remarks(settings.sample))
    if curve is not None and fitted is not None:
        curve = replace(curve, dsigma=curve.dsigma - fitted.offset)
    return SweepResult(
        sweep, reduction.temperature_K, reduction.temperature_spread_K, reduction.rows, reduction.flagged, final,
        curve, reduction.resistance, fitted, _drawn(fitted), found, reduction.field_offset_T,
        reduction.field_offset_error_T, reduction.leg_offsets_T, reduction.sheet_ohm,
        selection.candidates if selection else (),
        tuple(dict.fromkeys(remarks)), advice(curve, fitted, reason, reduction.remarks, final),
        reduction.current_A, examination,
    )  # fmt: skip


def _far_from_zero(curve: Curve) -> str:
    nearest, reach = (float(end(np.abs(curve.field_T))) for end in (np.min, np.max))
    if nearest <= _NEAR_ZERO * reach:
        return ""
    return f"no field below {nearest:.3g} T yet: L_phi shows around zero field, and these fields would only guess it"


def _fitted(curve: Curve, settings: Settings) -> tuple[FitResult, Selection | None]:
    if settings.model == AUTO:
        selection = select(
            curve, settings.sample, models=settings.models, fixed=dict(settings.fixed), window_T=settings.window_T
        )
        return selection.best, selection
    fitted = fit(
        settings.model, curve, fixed=settings.held(settings.model), window_T=settings.window_T, sample=settings.sample
    )
    return fitted, None


def _of_offset(reduction: Reduction, fitted: FitResult | None, settings: Settings) -> list[Remark]:
    said = {remark.code for remark in reduction.remarks}
    one_sign = "one_sign" in said and settings.field_offset_T is None
    error_T, odd = reduction.field_offset_error_T, "odd_structure" in said
    return field_offset.remarks(fitted, reduction.curve, error_T, one_sign=one_sign, odd=odd)


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
        self._exponent: Estimate | None = None
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
            together = () if several_films(finished) else finished
            self._finished, self._joint = finished, _joint(together, self._settings)
            self._exponent = _exponent(together, self._joint)
            self._statement = _stated(together, self._joint, self._settings.sample)
        running = [result.sweep for result in results if not result.final]
        return Snapshot(
            results, running[-1] if running else None, self._joint, self._exponent,
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
        self._block = np.empty((64, len(COLUMNS) + len(OPTIONAL_COLUMNS)))
        self._rows = 0
        self._curve: Curve | None = None
        self._final = False
        self._known: SweepResult | None = None

    def add(self, row: Mapping[str, float]) -> None:
        if self._rows == len(self._block):
            self._block = np.concatenate([self._block, np.empty_like(self._block)])
        self._block[self._rows] = [
            *(row[name] for name in COLUMNS), *(row.get(name, math.nan) for name in OPTIONAL_COLUMNS)
        ]  # fmt: skip
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
                columns = dict(zip((*COLUMNS, *OPTIONAL_COLUMNS), self._block[: self._rows].T, strict=True))
                self._known = analyse(columns, settings, self._final)
        return self._known


def _reach(fitted: FitResult) -> float:
    """Return the largest field of a window [T]."""
    return max(abs(end) for end in fitted.window_T)


def _joint_model(fits: Sequence[FitResult], sample: Sample) -> str | None:
    """Return the model that most sweeps show of those of the material that have a length for all temperatures.

    A background that one of the sweeps has, all are given: it does not go with the temperature. And the exact sum, if
    one is beyond diffusion: it holds below as well.
    """
    film = material(sample.material)
    names = (*film.models, *film.richer, film.beyond)
    shows = [fit for fit in fits if plain_name(fit) in names and any(fit.declared[name].shared for name in fit.free)]
    if not shows:
        return None
    ((most, _),) = Counter(plain_name(fit) for fit in shows).most_common(1)
    if any(plain_name(fit) == film.beyond for fit in shows):
        most = film.beyond
    return max((fit.model for fit in shows if plain_name(fit) == most), key=len)


def _joint(finished: tuple[SweepResult, ...], settings: Settings) -> JointSeries | None:
    """Fit all finished sweeps with one L_so, where spin-orbit coupling shows in one of them."""
    model = _joint_model([result.fit for result in finished if result.fit is not None], settings.sample)
    series = [
        (result.sweep, result.temperature_K, result.curve.within(_reach(result.fit)))
        for result in finished
        if result.temperature_K is not None and result.curve is not None and result.fit is not None
    ]
    errors = {curve.error is None for _, _, curve in series}
    if not settings.joint or model is None or len({t for _, t, _ in series}) < 2 or len(errors) != 1:
        return None
    sweeps, temperatures, curves = zip(*series, strict=True)
    joint = joint_fit(model, curves, fixed=settings.held(model), window_T=settings.window_T, sample=settings.sample)
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
        "gate_V": plain_number(result.gate_V),
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
