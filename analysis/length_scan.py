"""A guess by trial for models that are no sum of two-dimensional channels: every length on a grid."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from analysis.channels import thinned, trial_fields
from analysis.curve import Curve
from analysis.model import Parameter, Starts

_MARGIN = 0.02  # of the variance of the data: valleys no worse than this are tried too
_MOST = 4
_RATIOS = np.array([0.1, 0.2, 0.35, 0.55, 0.75, 0.95, 1.15, 1.35, 1.6, 2.0, 2.6, 4.0])  # valleys lie closest near 1

Both = Callable[..., tuple[np.ndarray, np.ndarray]]
ToLength = Callable[[np.ndarray, Mapping[str, float]], np.ndarray]


def scan(both: Both, parameters: tuple[Parameter, ...], to_length: ToLength, coarser: int = 1) -> Callable[..., Starts]:
    """Return a guess that tries the lengths that such a sweep can show and starts from the best.

    Parameters
    ----------
    both : callable
        Value and derivative of the model.
    parameters : tuple of Parameter
        Its parameters. Those that the user usually knows are taken as held, or at their default.
    to_length : callable
        `to_length(field_T, held)` gives the lengths [nm] that show at the given fields, all parameters that are not
        tried being known by name.
    coarser : int
        Where there are several lengths, try every `coarser`-th only.
    """

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        field, dsigma = thinned(curve)
        known = {p.name: p.default for p in parameters if p.known and p.default is not None}
        known = {**known, **held}
        free = [p for p in parameters if p.name not in known]
        if not free:
            return ({},)
        lengths = to_length(trial_fields(field), known)[:: coarser if len(free) > 1 else 1]
        axes = [np.unique(np.clip(lengths, p.lower, p.upper)) for p in free]
        misfit = np.empty([axis.size for axis in axes])
        for at in itertools.product(*(range(axis.size) for axis in axes)):
            tried = {p.name: axis[i] for p, axis, i in zip(free, axes, at, strict=True)}
            residual = dsigma - both(field, *({**known, **tried}[p.name] for p in parameters))[0]
            misfit[at] = ((residual - residual.mean()) ** 2).sum()
        places = _lowest_minima(misfit, _MARGIN * float(dsigma.var() * dsigma.size))
        return tuple({p.name: float(axis[i]) for p, axis, i in zip(free, axes, at, strict=True)} for at in places)

    return guess


def _lowest_minima(misfit: np.ndarray, margin: float) -> list[tuple[int, ...]]:
    around = misfit
    for axis in range(misfit.ndim):
        padded = np.pad(around, [(int(i == axis),) * 2 for i in range(misfit.ndim)], mode="edge").swapaxes(0, axis)
        around = np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:]).swapaxes(0, axis)
    lowest = (misfit == around) & (misfit <= misfit.min() + margin)
    minima = np.argwhere(lowest)
    return [tuple(map(int, at)) for at in minima[np.argsort(misfit[lowest], kind="stable")][:_MOST]]


def scan_ratios(both: Both, parameters: tuple[Parameter, ...], to_length: ToLength) -> Callable[..., Starts]:
    """Return a guess for a model of two lengths whose valleys are narrower than any grid of both.

    For each ratio of the second length to the first on a grid, the first is searched ever finer; the fit starts from
    every ratio that is better than its neighbours. Parameters as in `scan`, which serves where one length is held.
    """
    plain = scan(both, parameters, to_length)

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        known = {p.name: p.default for p in parameters if p.known and p.default is not None}
        known = {**known, **held}
        free = [p for p in parameters if p.name not in known]
        if len(free) != 2:
            return plain(curve, held)
        field, dsigma = thinned(curve)
        first, second = free

        def start(length_nm: float, ratio: float) -> dict[str, float]:
            lengths = {first.name: length_nm, second.name: ratio * length_nm}
            return {p.name: float(np.clip(lengths[p.name], p.lower, p.upper)) for p in free}

        def misfit(length_nm: float, ratio: float) -> float:
            values = {**known, **start(length_nm, ratio)}
            residual = dsigma - both(field, *(values[p.name] for p in parameters))[0]
            return float(((residual - residual.mean()) ** 2).sum())

        lengths = to_length(trial_fields(field), known)
        tried = [_finest(lambda length, ratio=ratio: misfit(length, ratio), lengths) for ratio in _RATIOS.tolist()]
        lowest = _lowest_minima(np.array([least for _, least in tried]), np.inf)
        return tuple(start(tried[i][0], float(_RATIOS[i])) for (i,) in lowest)

    return guess


def _finest(misfit: Callable[[float], float], lengths: np.ndarray) -> tuple[float, float]:
    """Return the best length and its misfit, searched on a grid and on two finer ones around the best."""
    step = abs(np.log(lengths[1] / lengths[0]))
    for _ in range(3):
        found = [misfit(length) for length in lengths.tolist()]
        best = int(np.argmin(found))
        centre = float(lengths[best])
        lengths, step = centre * np.exp(step * np.linspace(-0.75, 0.75, 7)), step / 4
    return centre, found[best]
