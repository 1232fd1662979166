"""Errors of numbers that follow from fitted parameters: a field from a length, a coefficient from it and a mass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.estimate import Estimate
from analysis.model import Derived, Model
from analysis.sample import Sample

_STEP = 1e-5  # of an unknown, for a difference


def derived_estimates(
    model: Model, values: Mapping[str, float], estimates: Sequence[Estimate], covariance: np.ndarray,
    free: Sequence[str], sample: Sample,
) -> tuple[Estimate, ...]:  # fmt: skip
    """Return what follows from the parameters, with its errors.

    Parameters
    ----------
    values, estimates, covariance, free
        As in `FitResult`.

    Returns
    -------
    estimates : tuple of Estimate
        What follows from one fitted parameter has that one's interval, ends and all; what follows from several has
        the linear error from their covariance, and is determined if they all are.
    """
    found = {estimate.name: estimate for estimate in estimates}
    slopes = np.array([_slopes(model, values, name, sample) for name in free])  # (k, quantities)
    return tuple(
        _estimate(model, quantity, i, slopes[:, i], values, [found[name] for name in free], covariance, sample)
        for i, quantity in enumerate(model.derived(values, sample))
    )


def _slopes(model: Model, values: Mapping[str, float], name: str, sample: Sample) -> list[float]:
    """Return the derivative of each quantity by one unknown (the logarithm of a length)."""
    ends = [_at(model, values, name, values[name] * math.exp(step) if model[name].log else values[name] + step, sample)
            for step in (-_STEP, _STEP)]  # fmt: skip
    return [(high.value - low.value) / (2 * _STEP) for low, high in zip(*ends, strict=True)]


def _at(model: Model, values: Mapping[str, float], name: str, value: float, sample: Sample) -> tuple[Derived, ...]:
    return model.derived({**values, name: value}, sample)


def _estimate(
    model: Model, quantity: Derived, i: int, slopes: np.ndarray, values: Mapping[str, float],
    fitted: Sequence[Estimate], covariance: np.ndarray, sample: Sample,
) -> Estimate:  # fmt: skip
    name, unit, _, value = quantity
    moving = np.flatnonzero(slopes).tolist()
    if not moving:
        return Estimate(name, unit, value, None, None, None, True, True)
    if len(moving) > 1:
        if not all(fitted[k].determined for k in moving):
            return Estimate(name, unit, None, None, None, None, False)
        error = math.sqrt(float(slopes @ covariance @ slopes))
        return Estimate(name, unit, value, error, value - error, value + error, True)
    place = moving[0]
    one, variance = fitted[place], float(covariance[place, place])
    ends = [
        None if end is None else _at(model, values, one.name, end, sample)[i].value for end in (one.lower, one.upper)
    ]
    lower, upper = ends if slopes[place] > 0 else reversed(ends)
    if one.value is None or one.error is None:
        return Estimate(name, unit, None, None, lower, upper, False)
    # as many times the linear error as the parameter's own error is its linear one
    wider = one.error / _linear_error(model, one.name, values, variance)
    error = abs(float(slopes[place])) * math.sqrt(variance) * max(wider, 1.0)
    return Estimate(name, unit, value, error, lower, upper, True)


def _linear_error(model: Model, name: str, values: Mapping[str, float], variance: float) -> float:
    return math.sqrt(variance) * (values[name] if model[name].log else 1.0)
