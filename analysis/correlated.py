"""A fit of points whose errors are correlated: generalized least squares.

With C = L L^T the covariance of the points, L^-1 applied to the data and to the model leaves independent points of
error 1, which any fit can take (A. C. Aitken, Proc. R. Soc. Edinburgh 55, 42 (1936), doi:10.1017/S0370164600014346).
A constant offset is no constant any more after that: it becomes a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.linalg import solve_triangular

from analysis import refit
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.fit import fit
from analysis.model import Model, Parameter, Remark
from analysis.sample import Sample

_OFFSET = Parameter("offset_G0", "", -1e3, 1e3, "sigma(0) of the fit", log=False)
_CENTRE = Parameter("centre_steps", "", -3.0, 3.0, "field at which the curve is even, in steps of the sweep", log=False)
_UNIT = "conductance_unit"  # the remark on a curve whose size is not that of localization
_HAIR = 1e-3  # of a step: differences for the slope of the curve


def correlated_fit(fitted: FitResult, curve: Curve, covariance: np.ndarray, sample: Sample | None = None) -> FitResult:
    """Fit the curve once more, with the covariance of its points.

    Parameters
    ----------
    fitted : FitResult
        An earlier fit: which parameters are free, and where to start.
    curve : Curve
        n points; its own error bars are not used.
    covariance : ndarray, shape (n, n)
        Symmetric, positive definite [G0^2].
    sample : Sample, optional

    Returns
    -------
    FitResult
        As of any fit; chi^2 is r^T C^-1 r. Criteria of models fitted with the same covariance can be compared.

    Raises
    ------
    ValueError
        The covariance has another shape or is not positive definite.
    """
    return _fit(fitted, curve, covariance, None, sample)[0]


def centred_fit(
    fitted: FitResult, curve: Curve, covariance: np.ndarray, step_T: float, sample: Sample | None = None
) -> tuple[FitResult, float]:
    """Fit as `correlated_fit` does, with the field at which the curve is even as one more unknown.

    A zero field that is wrong by a part of B_phi rounds the cusp, which shortens L_phi; structure that is not even in B
    moves the zero field that was found.

    Parameters
    ----------
    step_T : float
        Step of the sweep: the centre is looked for within three of them [T].

    Returns
    -------
    result : FitResult
        Of the curve moved by the centre.
    centre_T : float
        Field of the curve at which it is even [T].
    """
    return _fit(fitted, curve, covariance, step_T, sample)


def _fit(
    fitted: FitResult, curve: Curve, covariance: np.ndarray, step_T: float | None, sample: Sample | None
) -> tuple[FitResult, float]:
    points = curve.field_T.size
    if covariance.shape != (points, points):
        raise ValueError(f"fit {fitted.model}: covariance of shape {covariance.shape} for {points} points")
    root = cholesky(covariance)
    start = {name: fitted.values[name] for name in fitted.free}
    if refit.has_offset(fitted):
        start[_OFFSET.name] = fitted.offset
    if step_T is not None:
        start[_CENTRE.name] = 0.0
    model = _whitened(fitted.declared, root, curve.field_T, start, step_T or 0.0)
    independent = Curve(curve.field_T, whiten(root, curve.dsigma), np.ones(points), curve.temperature_K)
    answer = fit(model, independent, fixed=refit.held(fitted), start=start, offset=False, sample=sample)
    return _in_own_terms(answer, fitted), answer.values.get(_CENTRE.name, 0.0) * (step_T or 0.0)


def cholesky(covariance: np.ndarray) -> np.ndarray:
    """Return the lower triangular L with L L^T = C.

    Raises
    ------
    ValueError
        C is not positive definite.
    """
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise ValueError("covariance: not positive definite; give every point an error of its own") from None


def whiten(root: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return L^-1 times the columns, shape (n,) or (n, k)."""
    return solve_triangular(root, columns, lower=True, check_finite=False)


def _whitened(model: Model, root: np.ndarray, field_T: np.ndarray, start: Mapping[str, float], step_T: float) -> Model:
    """Return the model of L^-1 delta sigma at just these fields, with the unknowns of its own that have a start."""
    own = tuple(parameter for parameter in (_OFFSET, _CENTRE) if parameter.name in start)
    constant = np.ones(field_T.size)

    def both(at_T: np.ndarray, *parameters: float) -> tuple[np.ndarray, np.ndarray]:
        models, added = parameters[: len(model.names)], parameters[len(model.names) :]
        moved = dict(zip(own, added, strict=True))
        at_T = at_T - moved.get(_CENTRE, 0.0) * step_T
        value, derivative = model.both(at_T, *models)
        columns = [value + moved.get(_OFFSET, 0.0), derivative]
        if _OFFSET in own:
            columns.append(constant)
        if _CENTRE in own:
            ahead, behind = (model.value(at_T + sign * _HAIR * step_T, *models) for sign in (1, -1))
            columns.append((behind - ahead) / (2 * _HAIR))
        rows = whiten(root, np.column_stack(columns))
        return rows[:, 0], rows[:, 1:]

    def twin(values: Mapping[str, float]) -> dict[str, float]:
        other = model.twin({name: values[name] for name in model.names})
        return {**values, **other} if other else {}

    # the curve is not proportional to its prefactor once there is an offset among the parameters
    parameters = tuple(replace(parameter, prefactor=False) for parameter in model.parameters)
    return replace(
        model, parameters=(*parameters, *own), both=both, twin=twin, guess=lambda _curve, _held: (dict(start),)
    )  # fmt: skip


def _in_own_terms(answer: FitResult, fitted: FitResult) -> FitResult:
    """Return the answer as one of the model itself, its offset back in its place."""
    names = fitted.declared.names
    kept = [i for i, name in enumerate(answer.free) if name in names]
    offset = _OFFSET.name in answer.values
    return replace(
        answer,
        declared=fitted.declared,
        estimates=tuple(estimate for estimate in answer.estimates if estimate.name in names),
        values={name: answer.values[name] for name in names},
        covariance=answer.covariance[np.ix_(kept, kept)],
        free=tuple(answer.free[i] for i in kept),
        offset=answer.values[_OFFSET.name] if offset else 0.0,
        offset_error=answer.standard_error(_OFFSET.name) if offset else 0.0,
        parameters_free=len(kept) + offset,
        remarks=(*_of_unit(fitted), *(remark for remark in answer.remarks if _speaks_of_film(remark))),
    )


def _speaks_of_film(remark: Remark) -> bool:
    """Return whether a remark on the whitened curve, which is in standard errors, holds for the curve too."""
    return remark.code != _UNIT and _CENTRE.name not in remark.message


def _of_unit(fitted: FitResult) -> list[Remark]:
    return [remark for remark in fitted.remarks if remark.code == _UNIT]
