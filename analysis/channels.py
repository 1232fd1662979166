"""Models that are a sum of Cooperon channels, declared by two small tables.

Most two-dimensional models are delta sigma = G0 sum_j w_j F(B, B_j), each B_j a sum of rates:
B_j = sum_i M_ji hbar/(4 e L_i^2). The weights w and the table M are the whole model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.constants import HBAR_OVER_4E
from analysis.curve import Curve
from analysis.model import Model, Parameter, Starts
from analysis.special import cooperon, rough_cooperon

_GRID = 16  # fields on which a guess tries the rates
_BINS = 32  # points to which a guess thins the curve
_BIN_NUMBERS = np.arange(_BINS)
_BIN_EDGES = (_BIN_NUMBERS / _BINS) ** 2
_FINER = 3  # times finer than the rates are the fields to which channels are rounded
_MARGIN = 0.02  # of the variance of the data: valleys no worse than this are tried too
_EXPONENTS, _FINE_EXPONENTS = np.linspace(-1, 0, _GRID), np.linspace(-1, 0, _FINER * _GRID)
FIELD_NM2 = HBAR_OVER_4E * 1e18
"""B_i L_i^2 = hbar/(4 e) [T nm^2]."""


def channel_model(
    *, name: str, title: str, source: str, parameters: tuple[Parameter, ...],
    weights: Sequence[float], rates: Sequence[Sequence[float]], **declared: Any,
) -> Model:  # fmt: skip
    """Declare a sum of channels with given weights.

    Parameters
    ----------
    parameters : tuple of Parameter, length k
        Lengths L_i [nm].
    weights : sequence of float, length m
        w_j of each channel.
    rates : sequence of sequence of float, shape (m, k)
        M_ji >= 0: how often the rate of length i enters the field of channel j.
    **declared
        `validity`, `known`, `out_of_reach`, `twin` of the model.
    """
    weight = np.array(weights, dtype=float)
    table = np.array(rates, dtype=float)

    def both(field_T: np.ndarray, *lengths_nm: float) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.array(lengths_nm)
        shares = table * (FIELD_NM2 / lengths**2)
        b = shares.sum(axis=1)
        value, slope = cooperon(field_T, b)
        return weight @ value, slope.T @ (weight[:, np.newaxis] * shares * (-2 / lengths) / b[:, np.newaxis])

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        return _scan(curve, parameters, weight, table, held)

    return Model(name, title, source, parameters, both, guess, **declared)


def thinned(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Return |B| [T] and delta sigma [G0] of the curve folded and averaged into at most 32 bins, for a guess."""
    field = np.abs(curve.field_T)
    order = field.argsort(kind="stable")
    # narrow bins at low field, where the cusp is
    starts = np.maximum((field.size * _BIN_EDGES).astype(int), _BIN_NUMBERS)[: field.size]
    counts = np.append(starts[1:], field.size) - starts
    return np.add.reduceat(field[order], starts) / counts, np.add.reduceat(curve.dsigma[order], starts) / counts


def trial_fields(field_T: np.ndarray, exponents: np.ndarray = _EXPONENTS) -> np.ndarray:
    """Return fields B_i [T], shape (16,), from what a sweep is too coarse to show to what it is too short to show."""
    return 3 * field_T.max() * (24.0 * field_T.size) ** exponents


def _scan(
    curve: Curve, parameters: tuple[Parameter, ...], weight: np.ndarray, table: np.ndarray, held: Mapping[str, float]
) -> Starts:
    """Try every combination of rates on the grid, each channel rounded to the grid, from one Gram matrix."""
    field, dsigma = thinned(curve)
    grid = trial_fields(field)
    free = [i for i, parameter in enumerate(parameters) if parameter.name not in held]
    axes = [grid if i in free else np.array([FIELD_NM2 / held[p.name] ** 2]) for i, p in enumerate(parameters)]
    sizes = [axis.size for axis in axes]
    rates = np.empty((*sizes, len(axes)))
    for i, axis in enumerate(axes):
        rates[..., i] = axis.reshape([-1 if j == i else 1 for j in range(len(axes))])
    rates = rates.reshape(-1, len(axes))
    b = rates @ table.T
    fine = trial_fields(field, _FINE_EXPONENTS)
    nearest = np.rint(np.log(b / fine[0]) / np.log(fine[1] / fine[0])).astype(int)
    nearest = np.minimum(np.maximum(nearest, 0), fine.size - 1)
    # a channel above the grid is flat on this curve: a zero row stands for it
    nearest[b > 2 * fine[-1]] = fine.size
    shapes = np.zeros((fine.size + 1, field.size))
    shapes[:-1] = rough_cooperon(field, fine)
    shapes -= shapes.mean(axis=1, keepdims=True)
    gram, overlap = shapes @ shapes.T, shapes @ (dsigma - dsigma.mean())
    pairs = gram[nearest[:, :, np.newaxis], nearest[:, np.newaxis, :]]
    misfit = (pairs @ weight - 2 * overlap[nearest]) @ weight
    return tuple(
        {parameters[i].name: _length(rates[at, i], parameters[i]) for i in free}
        for at in _lowest_minima(misfit.reshape(sizes), margin=_MARGIN * float(dsigma.var() * dsigma.size))
    )


def _length(rate_T: float, parameter: Parameter) -> float:
    return float(np.clip(np.sqrt(FIELD_NM2 / rate_T), parameter.lower, parameter.upper))


def _lowest_minima(misfit: np.ndarray, margin: float, count: int = 4) -> list[int]:
    """Return the flat indices of the lowest minima of a table, those within `margin` of the deepest, deepest first."""
    lowest = misfit <= misfit.min() + margin
    for axis in range(misfit.ndim):
        along, is_lowest = misfit.swapaxes(0, axis), lowest.swapaxes(0, axis)
        is_lowest[1:] &= along[1:] <= along[:-1]
        is_lowest[:-1] &= along[:-1] <= along[1:]
    minima = np.flatnonzero(lowest)
    return minima[misfit.ravel()[minima].argsort(kind="stable")][:count].tolist()
