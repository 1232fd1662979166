"""The spectrum of the noise of a sweep: white, repeated by the lock-in's filter, and rising below a knee as 1/f.

The residuals r of the smooth even curve, in the order of measurement, are taken apart into cosines,
c_m(k) = sqrt(2/N) cos(pi m (k + 1/2)/N) of m/2N cycles a row, whose powers are nearly independent of each other.
They are compared (Whittle's likelihood) with

    S(u) = S_w [a(u) + u_k/u],     a(u) = 1 + 2 sum_j acf(j x) cos(2 pi u j)

with u in cycles a row: white noise of variance S_w before a filter of n stages, rows x time constants apart, and
1/f noise above it below the knee u_k. What the curve itself took from the noise (slow noise looks like a background) is
allowed for: the expected power of a cosine is that of (1 - H) C (1 - H), with H the projection onto what was fitted.
P. Whittle, Ark. Mat. 2, 423 (1953), doi:10.1007/BF02590998.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct

from analysis.noise import acf

MOST_ROWS = 4096
"""Of more rows, blocks of neighbours are averaged: slower noise than a block is all that matters to so long a sweep."""

_FEWEST_ROWS = 24
_BANDS = 32
_KNEES = np.append(0.0, np.geomspace(1e-5, 3.0, 40))  # cycles a row
_FILTERS = (
    (1, math.inf),
    *((stages, float(x)) for stages in (1, 2, 4) for x in np.geomspace(0.2, 6.0, 18)),
)  # spacing in time constants; far beyond 6, rows are independent
_CORRELATED, _DRIFTING = 0.1, 0.3
"""How likely, before the data are seen, rows are to be correlated by a filter, or noise to have a knee, over not."""
_NEGLIGIBLE = 1e-3  # share of a filter in the mean
_SMOOTH = 256  # frequencies at which a filter is looked up
_OUTLIER = 4.0
_WEIGHT_OF_MEDIAN = 1.482602218505602  # standard deviation over median of the modulus, for normal noise


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What the noise of a sweep looks like: the mean of all spectra of the family, each as likely as the data make it.

    Attributes
    ----------
    white : ndarray, shape (filters,)
        Variance of one row that has passed each filter, without its 1/f part, in the unit of the residuals squared.
    filters : tuple of (stages, spacing), length filters
        Spacing of the rows in time constants, infinite where they are independent.
    flicker : float
        Factor of 1/u of the 1/f noise [residual^2 x cycles a row].
    knee_evidence, filter_evidence : float
        By how much 2 ln(likelihood) is higher at its best with 1/f noise, and with a filter, than without.
    freedom : float
        Independent numbers from which it was found.
    """

    white: np.ndarray
    filters: tuple[tuple[int, float], ...]
    flicker: float
    knee_evidence: float
    filter_evidence: float
    freedom: float

    @property
    def knee(self) -> float:
        """Get the frequency at which 1/f noise is as strong as noise that was white [cycles a row]."""
        return self.flicker / float(self.white.sum())

    @property
    def error_factor(self) -> float:
        """Get by how much the filter makes errors larger than if the rows were independent (`noise.error_factor`)."""
        return math.sqrt(float(self._filtered(np.zeros(1))[0]) / float(self.white.sum()))

    def power(self, cycles: np.ndarray) -> np.ndarray:
        """Return S at frequencies above 0 [cycles a row]; for white noise the variance of a row."""
        return self._filtered(cycles) + self.flicker / cycles

    def seen_by(self, shapes: np.ndarray) -> np.ndarray:
        """Return the power of the noise at the frequencies of each shape, (m, n) -> (m,).

        The amplitude of a shape g, found with equal weights, has the variance S/(g g). Shapes are rows in the order
        of measurement, without a constant.
        """
        weight = _cosines(shapes.T)[1:].T ** 2
        # the filter's part is smooth: a few frequencies tell it
        cycles = _cycles(shapes.shape[1])
        few = np.linspace(cycles[0], cycles[-1], min(len(cycles), _SMOOTH))
        power = np.interp(cycles, few, self._filtered(few)) + self.flicker / cycles
        return weight @ power / weight.sum(axis=1)

    def _filtered(self, cycles: np.ndarray) -> np.ndarray:
        return sum((w * _filtered(*one, cycles) for w, one in zip(self.white, self.filters, strict=True)), np.zeros(1))


def spectrum(residuals: np.ndarray, fitted: np.ndarray) -> Spectrum:
    """Find the spectrum of the noise.

    Parameters
    ----------
    residuals : ndarray, shape (n,)
        In the order of measurement, over the error of each; rows out of all proportion count as missing.
    fitted : ndarray, shape (n, p)
        Orthonormal columns: what was fitted to the residuals, and taken out of them.
    """
    n = len(residuals)
    usual = _WEIGHT_OF_MEDIAN * float(np.median(np.abs(residuals)))
    good = np.abs(residuals) <= _OUTLIER * usual
    share = good.mean() if usual > 0 else 1.0
    power = _cosines(np.where(good, residuals, 0.0))[1:] ** 2 / share
    spread = _cosines(fitted)[1:]
    cycles = _cycles(n)
    white, flicker = _expected(spread, np.ones(n - 1)), _expected(spread, 1 / cycles)
    band = (np.log(cycles / cycles[0]) / math.log(2 * n) * _BANDS).astype(int)
    first = np.flatnonzero(np.diff(band, prepend=-1))
    power, freedom, flicker, middle = (np.add.reduceat(x, first) for x in (power, white, flicker, white * cycles))
    filters = _FILTERS if n >= _FEWEST_ROWS else _FILTERS[:1]
    knees = _KNEES if n >= _FEWEST_ROWS else _KNEES[:1]
    shapes = np.array([_filtered(*one, middle / freedom) for one in filters])
    # power expected over that of white noise of variance 1: filters x knees x bands
    shape = shapes[:, np.newaxis] + knees[:, np.newaxis] * (flicker / freedom)
    total = float(freedom.sum())
    level = np.maximum((power / shape).sum(axis=-1) / total, 1e-300)
    misfit = total * np.log(level) + np.log(shape) @ freedom
    return _averaged(filters, knees, level, misfit, total)


def _averaged(
    filters: tuple[tuple[int, float], ...], knees: np.ndarray, level: np.ndarray, misfit: np.ndarray, freedom: float
) -> Spectrum:
    """Return the mean spectrum; the first filter is none and the first knee 0.

    A threshold instead would leave 1/f noise just below it without any correction, and blow up what is just above.
    """
    weight = np.exp((misfit.min() - misfit) / 2)
    weight[1:] *= _CORRELATED / max(len(filters) - 1, 1)
    weight[:, 1:] *= _DRIFTING / max(len(knees) - 1, 1)
    weight *= level / weight.sum()
    white = weight.sum(axis=1)
    kept = white > _NEGLIGIBLE * white.sum()
    return Spectrum(
        white[kept], tuple(one for one, keep in zip(filters, kept, strict=True) if keep), float((weight @ knees).sum()),
        float(misfit[:, 0].min() - misfit.min()), float(misfit[0].min() - misfit.min()), freedom,
    )  # fmt: skip


def _cosines(rows: np.ndarray) -> np.ndarray:
    """Return the amplitudes of the cosines along the first axis, the constant first; of the shape of `rows`."""
    return np.asarray(dct(rows, norm="ortho", axis=0))


def _cycles(n: int) -> np.ndarray:
    return np.arange(1, n) / (2 * n)


def _expected(spread: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return the power of each cosine that is left of noise of a given power by the fit, whose columns are `spread`."""
    mixed = spread.T @ (power[:, np.newaxis] * spread)
    left = power * (1 - 2 * (spread**2).sum(axis=1)) + ((spread @ mixed) * spread).sum(axis=1)
    return np.maximum(left, 1e-12 * power)


def _filtered(stages: int, spacing: float, cycles: np.ndarray) -> np.ndarray:
    """Return a(u), 1 for independent rows."""
    if math.isinf(spacing):
        return np.ones(len(cycles))
    lags = np.arange(1, 2 + int(30 / spacing))
    return 1 + 2 * np.cos(2 * math.pi * np.outer(cycles, lags)) @ acf(stages, lags * spacing)
