"""One fit for every model: least squares in numbers of order one, with an honest error.

Lengths are fitted as logarithms, delta sigma in G0, the offset is projected out; starts come from the
model's own guess. The same input gives the same bits: nothing is remembered from one fit to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.confidence import ONE_SIGMA, TWO_SIGMA, WIDEST, Interval, LowerMinimum, intervals
from analysis.curve import Curve
from analysis.estimate import Estimate, FitResult, JointFit
from analysis.fit_task import Task
from analysis.least_squares import Point
from analysis.model import MODELS, Model
from analysis.sample import Sample

__all__ = ["Estimate", "FitResult", "JointFit", "fit", "joint_fit"]


def fit(
    model: Model | str, curve: Curve, *, fixed: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None, window_T: float | None = None, offset: bool = True,
    sample: Sample | None = None,
) -> FitResult:  # fmt: skip
    """Fit one curve.

    Parameters
    ----------
    model : Model or str
        A model, or the name of one in `MODELS`.
    curve : Curve
        delta sigma(B) [G0]. Its errors are taken as they are; without them the scatter of the residuals
        sets the scale.
    fixed : mapping, optional
        Parameters held, by name. Those that the user usually knows are held anyway, at what `sample` gives
        or at their default, unless `start` names them.
    start : mapping, optional
        Where to start, instead of the model's own guess.
    window_T : float, optional
        Fit |B| <= window_T only [T].
    offset : bool
        Add a constant to the model: sigma(0) is measured with noise like every other point.
    sample : Sample, optional
        What is known of the film.

    Raises
    ------
    ValueError
        An unknown parameter name, or a curve from which nothing can be fitted; the text says why.
    """
    joint = joint_fit(
        model, [curve], shared=(), fixed=fixed, start=start, window_T=window_T, offset=offset, sample=sample
    )
    return joint.results[0]


def joint_fit(
    model: Model | str, curves: Sequence[Curve], *, shared: Sequence[str] | None = None,
    fixed: Mapping[str, float] | None = None, per_curve_fixed: Sequence[Mapping[str, float]] | None = None,
    start: Mapping[str, float] | None = None, window_T: float | None = None, offset: bool = True,
    sample: Sample | None = None,
) -> JointFit:  # fmt: skip
    """Fit several curves at once, some parameters common to all.

    Parameters
    ----------
    curves : sequence of Curve
        All with errors, or all without.
    shared : sequence of str, optional
        Parameters with one value for all curves; by default those that the model says do not depend on temperature.
    fixed, start, window_T, offset, sample
        As in `fit`, for every curve.
    per_curve_fixed : sequence of mappings, optional
        Parameters held for one curve only; one mapping (maybe empty) for each curve.

    Raises
    ------
    ValueError
        As in `fit`; or curves with and without errors are mixed.
    """
    declared = _find(model)
    sample = sample or Sample()
    task = Task(declared, curves, shared, fixed or {}, per_curve_fixed, start or {}, window_T, offset, sample)
    minima = [task.problem.minimise(u) for u in task.starts()]
    minima += [task.problem.minimise(u) for u in task.twin(_lowest(minima))]
    return task.answer(*_settle(task, minima))


def _find(model: Model | str) -> Model:
    if isinstance(model, Model):
        return model
    try:
        return MODELS[model]
    except KeyError as error:
        raise ValueError(f"fit: {error.args[0]}") from None


def _lowest(minima: Sequence[Point]) -> Point:
    return min(minima, key=lambda minimum: minimum.chi2)


def _settle(task: Task, minima: list[Point]) -> tuple[Point, tuple[Interval, ...]]:
    """Return the lowest minimum and the ranges of its unknowns, wide enough for minima that are as good."""
    best = _lowest(minima)
    while True:
        rises = task.rises(best)
        try:
            found = intervals(task.problem, best, rises, task.parameters, task.one_sided(best))
        except LowerMinimum as lower:
            best = lower.minimum
            continue
        if len(minima) == 1:
            return best, found
        near, far = (_span(minima, best, level * float(rises.max())) for level in (ONE_SIGMA, TWO_SIGMA))
        return best, tuple(_embracing(found[i], near[:, i], far[:, i]) for i in range(len(found)))


def _span(minima: Sequence[Point], best: Point, rise: float) -> np.ndarray:
    """Return the lowest and highest of each unknown among minima no more than `rise` above the best, shape (2, k)."""
    points = np.array([minimum.u for minimum in minima if minimum.chi2 <= best.chi2 + rise] + [best.u])
    return np.array([points.min(axis=0), points.max(axis=0)])


def _embracing(interval: Interval, near: np.ndarray, far: np.ndarray) -> Interval:
    """Return the interval stretched over the values of minima that are as good, 1 and 3.84 above the best."""
    if interval.lower is None or interval.upper is None or not interval.determined:
        lower = None if interval.lower is None else min(interval.lower, far[0])
        return Interval(lower, None if interval.upper is None else max(interval.upper, far[1]), False)
    outer = interval.far or (interval.lower, interval.upper)
    wide = min(outer[0], far[0]), max(outer[1], far[1])
    lower, upper = min(interval.lower, near[0]), max(interval.upper, near[1])
    return Interval(lower, upper, True, wide) if upper - lower <= 2 * WIDEST else Interval(*wide, False)
