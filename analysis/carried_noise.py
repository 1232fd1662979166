"""The noise of the rows of a sweep, carried through its reduction to whatever is fitted to the points of the curve.

A fit with error bars sets each of its unknowns, to first order, to a sum of the points with known weights, and every
point is a mean of one or two rows. So an unknown is a sum over the rows in the order of measurement, and with S(u) the
spectrum of their noise the covariance of two such sums is that of their cosines (see `analysis.spectrum`),

    cov(sum_i a_i e_i, sum_i b_i e_i) = sum_m S(u_m) a(m) b(m),

whatever weights the fit has given to the points. P. J. Huber, Proc. Fifth Berkeley Symp. 1, 221 (1967) calls a
covariance of this kind that of a misspecified likelihood: the estimate is the one for independent points, its error is
not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import dct

from analysis.spectrum import Spectrum


@dataclass(frozen=True, eq=False)
class CarriedNoise:
    """Noise of the points of one curve.

    Attributes
    ----------
    point : ndarray of int, shape (rows,)
        For every row, in the order of measurement, the point that it is part of; -1 for a row that is in none.
    weight : ndarray, shape (rows,)
        What one standard error of the row adds to its point [G0].
    taken : ndarray, shape (rows, p)
        Orthonormal columns: what each leg has lost of its noise, a constant and a straight line.
    power : ndarray, shape (m,)
        S of the m cosines of a sweep: at 1/2m, 2/2m, ... (m - 1)/2m cycles a block, and the first for a constant too.
    block : int
        Neighbouring rows to which the spectrum belongs as one.
    own : ndarray, shape (n,)
        Variance that a point has besides, independent of all others [G0^2].
    """

    point: np.ndarray
    weight: np.ndarray
    taken: np.ndarray
    power: np.ndarray
    block: int
    own: np.ndarray

    def covariance(self, sums: np.ndarray) -> np.ndarray:
        """Return the covariance of sums over the points, whose weights are the columns, (n, k) -> (k, k)."""
        # one more point, of no weight, for the rows that are in none
        rows = np.append(sums, np.zeros((1, sums.shape[1])), axis=0)[self.point] * self.weight[:, np.newaxis]
        rows -= self.taken @ (self.taken.T @ rows)
        blocks = np.add.reduceat(rows, np.arange(0, len(rows), self.block)) / self.block**0.5
        cosines = np.asarray(dct(blocks, norm="ortho", axis=0))
        cosines *= np.sqrt(self.power)[:, np.newaxis]
        found = cosines.T @ cosines + sums.T @ (self.own[:, np.newaxis] * sums)
        if self.block > 1:  # what differs between the rows of a block passes as fast as can be
            found += self.power[-1] * (rows.T @ rows - blocks.T @ blocks)
        return found

    def among(self, kept: np.ndarray) -> CarriedNoise:
        """Return the noise of some of the points; `kept` is True for them, shape (n,)."""
        place = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
        return replace(self, point=place[self.point], own=self.own[kept])


def carried_noise(
    spectrum: Spectrum, block: int, leg: np.ndarray, field_T: np.ndarray, point: np.ndarray, weight: np.ndarray,
    own: np.ndarray,
) -> CarriedNoise:  # fmt: skip
    """Return the noise of the points that were made of these rows.

    Parameters
    ----------
    spectrum : Spectrum
        Of the rows over their standard error, or of blocks of them.
    block : int
        Rows in a block.
    leg, field_T : ndarray, shape (rows,)
        Number of the leg and true field of each row, in the order of measurement [T].
    point, weight, own
        As in `CarriedNoise`.
    """
    blocks = -(-len(point) // block)
    power = spectrum.power(np.arange(1, blocks) / (2 * blocks))
    lines = []
    for one in np.unique(leg):
        here = leg == one
        centred = np.where(here, field_T - field_T[here].mean(), 0.0)
        lines += [here / np.sqrt(here.sum()), centred / max(float(np.sqrt(centred @ centred)), 1e-300)]
    # a constant has no frequency: what is left of one is taken for the slowest cosine
    return CarriedNoise(point, weight, np.column_stack(lines), np.append(power[:1], power), block, own)
