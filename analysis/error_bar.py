"""The error bar of a reading at each field, from the noise that the sweep itself shows.

Where the noise is not white, the error bar is not the scatter of neighbouring points but the root of the noise power at
the frequencies at which a feature of that field is written into the sweep. A cusp of width B passes in a time
proportional to B: slow noise does not reach it, but bends the tails; a filter that is slower than the rows makes all of
them count for less. So a fit that takes every point for independent gives each about the weight that it deserves, and
chi^2 about its usual size. What the errors of the fit are follows from the noise itself (`analysis.carried_noise`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit

from analysis.carried_noise import CarriedNoise, carried_noise
from analysis.mirror import EvenCurve, Leg
from analysis.model import Remark
from analysis.odd_structure import OddStructure, find_odd_structure, pairing
from analysis.special import cooperon
from analysis.spectrum import MOST_ROWS, Spectrum, spectrum

_SCALES = 12
_SCALE_RATIO = 1.7  # between neighbouring B_i of the smooth curve
_ROUNDING = 1e-11
_WRITTEN = 10.0  # |B|/B_i of the feature whose noise a point at |B| gets: the sharp end of what a fit reads from it
_HARDLY = 0.003  # how likely noise may be stronger than is allowed for where an odd structure is looked for
_SPOKEN_OF = 9.0  # rise of 2 ln(likelihood), three standard errors


@dataclass(frozen=True, eq=False)
class ErrorBars:
    """Error bars of single rows.

    Attributes
    ----------
    spectrum : Spectrum
        Of the rows over the scatter of their leg.
    field_T, factor : ndarray, shape (m,)
        Error bar over the scatter of the leg, on a grid of |B|.
    rows : int
        Rows averaged in each step of the spectrum.
    centres : float
        Variance of a centre of symmetry over what it would be if rows were independent.
    student : float
        By how much an interval is wider because the strength of the noise comes from the sweep itself.
    odd : OddStructure or None
        What the rows hold that is odd in the field, and neither a straight line nor noise.
    """

    spectrum: Spectrum
    field_T: np.ndarray
    factor: np.ndarray
    rows: int
    centres: float
    student: float
    odd: OddStructure | None

    def widened(self, even: EvenCurve) -> EvenCurve:
        """Return the curve with errors of its centres for the noise that there is, instead of independent rows."""
        return even.widened(self.centres, self.odd)

    def at(self, field_T: np.ndarray) -> np.ndarray:
        """Return the error bar of a row at each true field, over the scatter of its leg."""
        return np.interp(np.abs(field_T), self.field_T, self.factor)

    def carried(
        self, legs: list[Leg], even: EvenCurve, point: np.ndarray, share: np.ndarray, slope: np.ndarray, own: np.ndarray
    ) -> CarriedNoise:
        """Return the noise of points that were made of the readings.

        Parameters
        ----------
        legs : list of Leg
            Neighbouring rows may be averaged.
        even : EvenCurve
            Where their centres are.
        point : ndarray of int, shape (readings,)
            Of each reading of the legs, one after the other; -1 for one that is in none.
        share : ndarray, shape (readings,)
            Its weight in that point.
        slope : ndarray, shape (n,)
            Change of each point with R_xx [G0/ohm].
        own : ndarray, shape (n,)
            Variance that each point has besides [G0^2].
        """
        rows = np.concatenate([leg.rows for leg in legs]).astype(int)
        scatter = np.repeat([leg.noise_xx_ohm for leg in legs], [len(leg.rows) for leg in legs])
        weight = self.student * np.append(slope, 0.0)[point] * share * scatter / rows
        leg_of = np.repeat(np.arange(len(legs)), [len(leg.rows) for leg in legs])
        field = np.concatenate([leg.field_T - centre for leg, centre in zip(legs, even.centre_T, strict=True)])
        ends = np.cumsum([int(leg.rows.sum()) for leg in legs])
        order = np.concatenate([
            np.arange(end - int(leg.rows.sum()), end)[:: 1 if leg.upward else -1]
            for leg, end in zip(legs, ends, strict=True)
        ])  # fmt: skip
        leg_of, field, point, weight = (np.repeat(x, rows)[order] for x in (leg_of, field, point, weight))
        return carried_noise(self.spectrum, self.rows, leg_of, field, point, weight, own)

    def remarks(self, interval_s: float | None) -> list[Remark]:
        """Return what is to be said of the noise; `interval_s` is the time from row to row, None if not known."""
        found, remarks = self.spectrum, []
        if found.knee_evidence > _SPOKEN_OF:
            period = self.rows / found.knee
            knee = f"slower than {period:.2g} rows"
            if interval_s:
                knee = f"below {1e3 / (period * interval_s):.2g} mHz ({knee})"
            most = float(self.factor.max() / self.factor.min())
            note = f"the noise is 1/f {knee}: error bars grow by up to {most:.2g} times towards high fields"
            remarks.append(Remark("drift_noise", f"{note}; sweep faster and more often"))
        if found.filter_evidence > _SPOKEN_OF:
            note = "successive rows repeat each other, as rows do that are taken faster than a lock-in settles"
            remarks.append(Remark("correlated_noise", f"{note}: error bars are {found.error_factor:.2g} x the scatter"))
        return remarks


def error_bars(legs: list[Leg], even: EvenCurve) -> ErrorBars:
    """Find the error bars.

    Parameters
    ----------
    legs : list of Leg
        Every row by itself, in the order of measurement of the legs.
    even : EvenCurve
        Fitted to them.
    """
    rows = _rows(legs, even)
    found, scatter_squared = _noise(rows, _smooth(even, rows))
    odd, noise = (None, found) if even.covariance is None else _odd_structure(even, rows, found)
    if odd is not None:  # it cancels in the pairs, and is no noise of theirs
        found, scatter_squared = _noise(rows, np.hstack([_smooth(even, rows), _smooth_odd(even, rows)]))
    reach = np.sort(np.abs(rows.true_T))
    scales = np.geomspace(max(float(reach[min(2, len(reach) - 1)]), 1e-4 * reach[-1]), reach[-1], _SCALES)
    power = found.seen_by(_beside_lines(cooperon(rows.true_T, scales / _WRITTEN)[1], rows))
    # with few rows the noise itself is uncertain: Student's t makes the interval hold the truth as often as it says
    student = float(stdtrit(max(found.freedom / found.error_factor**2, 1.0), ndtr(1.0)))
    centres = 1.0
    if even.covariance is not None:  # a centre is read off the sides of the cusp; its error holds the scatter already
        slopes = _beside_lines(_member(even, rows).T * even.slope(rows.true_T), rows)
        centres = max(1.0, float(noise.seen_by(slopes).mean()) / max(1.0, scatter_squared))
    return ErrorBars(found, scales, student * np.sqrt(power), rows.block, centres, student, odd)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows in the order of measurement: blocks of them where there are many.

    Attributes
    ----------
    leg_of : ndarray of int, shape (n,)
    true_T, left_ohm, scatter_ohm : ndarray, shape (n,)
        Field, R_xx less the even curve of its leg, and standard deviation were all rows independent.
    block : int
        Rows averaged in each.
    """

    leg_of: np.ndarray
    true_T: np.ndarray
    left_ohm: np.ndarray
    scatter_ohm: np.ndarray
    block: int


def _rows(legs: list[Leg], even: EvenCurve) -> _Rows:
    block = math.ceil(sum(len(leg.field_T) for leg in legs) / MOST_ROWS)
    number, field, left, scatter = [], [], [], []
    for k, leg in enumerate(legs):
        true = leg.field_T - even.centre_T[k]
        smooth = even.even(true)[0] + even.constant_xx[k] + even.slope_xx[k] * true
        # in time, the rows of a downward leg run the other way; blocks of rows count as one row of less noise
        order = slice(None) if leg.upward else slice(None, None, -1)
        field.append(_blocks(true[order], block))
        left.append(_blocks((leg.xx_ohm - smooth)[order], block))
        scatter.append(leg.noise_xx_ohm / np.sqrt(block * _blocks(leg.rows[order], block)))
        number.append(np.full(len(field[-1]), k))
    leg_of, true_T, left_ohm, scatter_ohm = (np.concatenate(part) for part in (number, field, left, scatter))
    return _Rows(leg_of, true_T, left_ohm, scatter_ohm, block)


def _noise(rows: _Rows, fitted_ohm: np.ndarray) -> tuple[Spectrum, float]:
    """Return the spectrum over the scatter, and the mean square of what is left once the columns are taken out."""
    fitted = _orthonormal(fitted_ohm / rows.scatter_ohm[:, np.newaxis])
    over = rows.left_ohm / rows.scatter_ohm
    left = over - fitted @ (fitted.T @ over)
    return spectrum(left, fitted), float(left @ left) / max(1, len(left) - fitted.shape[1])


def _odd_structure(even: EvenCurve, rows: _Rows, all_noise: Spectrum) -> tuple[OddStructure | None, Spectrum]:
    """Return what is odd in the field beyond a straight line and noise, and the noise besides.

    `all_noise` is the spectrum of the noise if there is nothing odd.
    """
    pairs = pairing(rows.true_T)
    share = pairs.share * rows.scatter_ohm
    seen = (
        pairs.field_T, pairs.share @ rows.left_ohm, np.sqrt((share**2).sum(axis=1)), even.slope(pairs.field_T)
    )  # fmt: skip
    # rows that are alike have more noise than neighbours differ by, and never less
    if find_odd_structure(*seen) is None:
        return None, all_noise
    columns, rival = [_smooth(even, rows), _smooth_odd(even, rows)], None
    if np.ptp(rows.leg_of) > 0:  # what legs have in common, even or odd, is no noise
        columns += [(pairs.share > 0).T, (pairs.share < 0).T]
    else:
        rival = all_noise.covariance(share)
    noise, _ = _noise(rows, np.hstack(columns))
    told_by = max(noise.freedom / noise.error_factor**2, 1.0)
    stronger = told_by / float(chdtri(told_by, 1 - _HARDLY))
    odd = find_odd_structure(*seen, stronger * noise.covariance(share), None if rival is None else stronger * rival)
    return odd, all_noise if odd is None else noise


def _smooth(even: EvenCurve, rows: _Rows) -> np.ndarray:
    """Return what a smooth even curve, constants, slopes and wrong centres can add to the readings, shape (n, p).

    Finer than E itself: what E misses of the curve is not to be taken for slow noise.
    """
    true, member = rows.true_T, _member(even, rows)
    columns = [cooperon(true, _finer(even))[0].T, member, member * true[:, np.newaxis]]
    if even.covariance is not None:
        columns.append(member * even.slope(true)[:, np.newaxis])
    return np.hstack(columns)


def _member(even: EvenCurve, rows: _Rows) -> np.ndarray:
    return (rows.leg_of[:, np.newaxis] == np.arange(len(even.centre_T))).astype(float)


def _smooth_odd(even: EvenCurve, rows: _Rows) -> np.ndarray:
    """Return what a smooth odd curve, the same in all legs, can add to the readings, shape (n, p)."""
    return (np.sign(rows.true_T) * cooperon(rows.true_T, _finer(even))[0]).T


def _finer(even: EvenCurve) -> np.ndarray:
    low, high = even.scales_T[0], even.scales_T[-1]
    return np.geomspace(low, high, 1 + math.ceil(math.log(high / low) / math.log(_SCALE_RATIO)))


def _blocks(values: np.ndarray, block: int) -> np.ndarray:
    return values if block == 1 else values[: len(values) // block * block].reshape(-1, block).mean(axis=1)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what the columns span, but for what is only rounding."""
    columns = columns / np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-300)
    size, direction = np.linalg.eigh(columns.T @ columns)
    kept = size > _ROUNDING * size[-1]
    return columns @ (direction[:, kept] / np.sqrt(size[kept]))


def _beside_lines(shapes: np.ndarray, rows: _Rows) -> np.ndarray:
    """Return shapes over the rows, (m, n), less what constants and lines of each leg take up."""
    left = shapes.copy()
    for leg in np.unique(rows.leg_of):
        own = rows.leg_of == leg
        line = np.column_stack([np.ones(own.sum()), rows.true_T[own] - rows.true_T[own].mean()])
        line /= np.sqrt((line**2).sum(axis=0))
        left[:, own] -= (left[:, own] @ line) @ line.T
    return left
