"""The spectrum of the noise of a sweep: white, repeated by the lock-in's filter, and rising below a knee as 1/f.

The residuals r of the smooth even curve, in the order of measurement, are taken apart into cosines,
c_m(k) = sqrt(2/N) cos(pi m (k + 1/2)/N) of m/2N cycles a row, whose powers are nearly independent of each other.
They are compared (Whittle's likelihood) with

    S(u) = S_w [a(u) + u_k/u],     a(u) = 1 + 2 sum_j acf(j x) [(1 - j/N) cos(2 pi u j) - sin(2 pi u j)/(N sin 2 pi u)]

with u in cycles a row: white noise of variance S_w before a filter of n stages, rows x time constants apart, and
1/f noise above it below the knee u_k. What goes with 1/N in a(u) is how a cosine of a finite sweep sees frequencies
other than its own: a steep filter leaves nothing else at high frequencies, and 1/f noise must not be made of it. What
the curve itself took from the noise (slow noise looks like a background) is allowed for: the expected power of a cosine
is that of (1 - H) C (1 - H), with H the projection onto what was fitted.
P. Whittle, Ark. Mat. 2, 423 (1953), doi:10.1007/BF02590998.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct

from analysis.noise import acf, error_factor

MOST_ROWS = 4096
"""Of more rows, blocks of neighbours are averaged: slower noise than a block is all that matters to so long a sweep."""

_FEWEST_ROWS = 24
_BANDS = 32
_KNEES = np.append(0.0, np.geomspace(1e-5, 3.0, 40))  # cycles a row
_FILTERS = (
    (1, math.inf),
    *((stages, float(x)) for stages in (1, 2, 3, 4) for x in np.geomspace(0.2, 6.0, 30)),
)  # spacing in time constants; far beyond 6, rows are independent
_CORRELATED, _DRIFTING = 0.1, 2.5
"""How likely, before the data are seen, rows are to be correlated by a filter, or noise to have a knee, over not."""
_UNSEEN = 10.0
"""Knee, times the number of rows, below which each strength of 1/f noise is as likely as another; above, each ratio of
strengths. With less or weaker 1/f noise expected, that which is there is taken for chance too often: the power at the
few frequencies of a wide feature says little by itself."""
_LEAKED = 0.01  # of the mean power, from which on it is hardly that of its own frequency
_ENDS = 3.0  # independent numbers in all that has leaked: values and slopes at the ends of a sweep
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
    rows : int
        N.
    """

    white: np.ndarray
    filters: tuple[tuple[int, float], ...]
    flicker: float
    knee_evidence: float
    filter_evidence: float
    freedom: float
    rows: int

    @property
    def knee(self) -> float:
        """Get the frequency at which 1/f noise is as strong as noise that was white [cycles a row]."""
        return self.flicker / float(self.white.sum())

    @property
    def error_factor(self) -> float:
        """Get by how much the filter makes errors larger than if the rows were independent (`noise.error_factor`)."""
        each = [error_factor(*one) ** 2 if math.isfinite(one[1]) else 1.0 for one in self.filters]
        return math.sqrt(float(self.white @ each) / float(self.white.sum()))

    def power(self, cycles: np.ndarray) -> np.ndarray:
        """Return S at ascending frequencies above 0 [cycles a row]; for white noise the variance of a row."""
        return self.white @ _filtered(self.filters, cycles, self.rows) + self.flicker / cycles

    def seen_by(self, shapes: np.ndarray) -> np.ndarray:
        """Return the power of the noise at the frequencies of each shape, (m, n) -> (m,).

        The amplitude of a shape g, found with equal weights, has the variance S/(g g). Shapes are rows in the order
        of measurement, without a constant.
        """
        weight = _cosines(shapes.T)[1:].T ** 2
        return weight @ self.power(_cycles(shapes.shape[1])) / weight.sum(axis=1)

    def covariance(self, sums: np.ndarray) -> np.ndarray:
        """Return the covariance of sums of rows, (m, n) -> (m, m), each without a share in a constant."""
        weight = _cosines(sums.T)[1:]
        return (weight.T * self.power(_cycles(sums.shape[1]))) @ weight


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
    band = (np.log(cycles / cycles[0]) / math.log(2 * n) * _BANDS).astype(int)
    first = np.flatnonzero(np.diff(band, prepend=-1))
    filters = _FILTERS if n >= _FEWEST_ROWS else _FILTERS[:1]
    knees = _KNEES if n >= _FEWEST_ROWS else _KNEES[:1]
    left = _left_over(np.vstack([_filtered(filters, cycles, n), 1 / cycles]), spread, first)
    freedom = left[0]  # what is left of white noise of variance 1
    # power expected over that: filters x knees x bands
    shape = (left[:-1, np.newaxis] + knees[:, np.newaxis] * left[-1]) / freedom
    seen = np.add.reduceat(power, first) / freedom
    weight = _independent(seen, freedom)
    level = np.maximum((seen / shape) @ weight / weight.sum(), 1e-300)
    misfit = weight.sum() * np.log(level) + np.log(shape) @ weight
    return _averaged(filters, knees, level, misfit, float(freedom.sum()), n)


def _independent(seen: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return how many independent numbers each band holds.

    What is much less than the mean power has leaked from other frequencies: the two ends of the sweep make all of it.
    """
    total = float(freedom.sum())
    little = _LEAKED * float(seen @ freedom) / total
    return freedom * (seen + _ENDS / total * little) / np.maximum(seen + little, 1e-300)


def _averaged(
    filters: tuple[tuple[int, float], ...], knees: np.ndarray, level: np.ndarray, misfit: np.ndarray,
    freedom: float, rows: int,
) -> Spectrum:  # fmt: skip
    """Return the mean spectrum; the first filter is none and the first knee 0.

    A threshold instead would leave 1/f noise just below it without any correction, and blow up what is just above.
    """
    weight = np.exp((misfit.min() - misfit) / 2)
    weight[1:] *= _CORRELATED / max(len(filters) - 1, 1)
    likely = knees[1:] / (knees[1:] + _UNSEEN / rows)
    weight[:, 1:] *= _DRIFTING * likely / likely.sum()
    weight *= level / weight.sum()
    white = weight.sum(axis=1)
    kept = white > _NEGLIGIBLE * white.sum()
    return Spectrum(
        white[kept], tuple(one for one, keep in zip(filters, kept, strict=True) if keep), float((weight @ knees).sum()),
        float(misfit[:, 0].min() - misfit.min()), float(misfit[0].min() - misfit.min()), freedom, rows,
    )  # fmt: skip


def _cosines(rows: np.ndarray) -> np.ndarray:
    """Return the amplitudes of the cosines along the first axis, the constant first; of the shape of `rows`."""
    return np.asarray(dct(rows, norm="ortho", axis=0))


def _cycles(n: int) -> np.ndarray:
    return np.arange(1, n) / (2 * n)


def _left_over(power: np.ndarray, spread: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the power that the fit has left of noise, summed over bands.

    Parameters
    ----------
    power : ndarray, shape (k, n - 1)
        Spectra of k kinds of noise.
    spread : ndarray, shape (n - 1, p)
        Cosines of what was fitted, orthonormal.
    first : ndarray, shape (bands,)
        Where each band begins.

    Returns
    -------
    ndarray, shape (k, bands)
        The cosines' shares in (1 - H) C (1 - H), C with the given power and H = `spread` `spread`^T.
    """
    bounds = [*first.tolist(), len(spread)]
    taken = np.array([spread[a:b].T @ spread[a:b] for a, b in itertools.pairwise(bounds)]).reshape(len(first), -1)
    whole = np.add.reduceat(power, first, axis=1)
    mixed = (whole / np.diff(bounds)) @ taken
    left = np.add.reduceat(power * (1 - 2 * (spread**2).sum(axis=1)), first, axis=1) + mixed @ taken.T
    return np.maximum(left, 1e-12 * whole)


def _filtered(filters: Sequence[tuple[int, float]], cycles: np.ndarray, rows: int) -> np.ndarray:
    """Return a(u) of each filter at ascending 0 < u < 1/2, shape (filters, m); 1 for independent rows."""
    # they are smooth: a few frequencies tell them
    few = np.linspace(cycles[0], cycles[-1], min(len(cycles), _SMOOTH))
    longest = max((int(30 / spacing) for _, spacing in filters), default=0)
    lags = np.arange(1, min(2 + longest, rows))
    phase = np.outer(2 * math.pi * few, lags)
    seen = np.cos(phase) * (1 - lags / rows) - np.sin(phase) / (rows * np.sin(2 * math.pi * few))[:, np.newaxis]
    alike = [np.zeros(len(lags)) if math.isinf(spacing) else acf(n, lags * spacing) for n, spacing in filters]
    return np.array([np.interp(cycles, few, a) for a in 1 + 2 * (np.array(alike) @ seen.T)])
