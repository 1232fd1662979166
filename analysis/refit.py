"""A fit laid out once more: the same model and unknowns, on other data or in another window."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.fit_task import Task
from analysis.model import Model
from analysis.sample import Sample


def has_offset(fitted: FitResult) -> bool:
    """Return whether a constant was fitted with the parameters."""
    return fitted.parameters_free > len(fitted.free)


def held(fitted: FitResult) -> dict[str, float]:
    """Return the parameters that were not fitted, by name."""
    return {name: value for name, value in fitted.values.items() if name not in fitted.free}


def fitted_part(fitted: FitResult, curve: Curve) -> Curve:
    """Return the points of the curve that the fit has seen.

    Raises
    ------
    ValueError
        They are not as many as were fitted: it is another curve.
    """
    part = curve.within(max(abs(end) for end in fitted.window_T))
    if part.field_T.size != fitted.points:
        raise ValueError(
            f"fit {fitted.model}: it was made with {fitted.points} points, and this curve has {part.field_T.size} in "
            "its window; give the curve that was fitted"
        )
    return part


def usual_rise(fitted: FitResult, part: Curve, name: str) -> float:
    """Return by how much chi^2 rises at one standard error of an unknown, at least 1: more where noise is correlated.

    Parameters
    ----------
    part : Curve
        The points that were fitted.
    """
    if part.noise is None:
        return 1.0
    again = task(fitted, part)
    minimum = again.problem.at(again.starts()[0])
    return max(1.0, float(again.rises(minimum)[again.places[0][name]]))


def task(
    fitted: FitResult, curve: Curve, *, start: Mapping[str, float] | None = None, model: Model | None = None
) -> Task:
    """Return the same question asked of another curve.

    Parameters
    ----------
    fitted : FitResult
        Says which parameters are free, at what the others are held, and whether there is an offset.
    curve : Curve
    start : mapping, optional
        Values of the free parameters to start from; those of `fitted` by default.
    model : Model, optional
        In place of the fitted one, with the same parameters.

    Raises
    ------
    ValueError
        Too few points are left to fit.
    """
    values = fitted.values if start is None else start
    return Task(
        model or fitted.declared, [curve], (), held(fitted), None, {name: values[name] for name in fitted.free},
        None, has_offset(fitted), Sample(),
    )  # fmt: skip
