"""Readings paired with their mirror images: what is even in the field, and what is odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.error_bar import ErrorBars
from analysis.mirror import EvenCurve, Leg

_BRIDGED = 0.3  # error bars that the even curve may add to a pair of which neither stands at the mirror of the other


@dataclass(frozen=True, eq=False)
class Symmetrized:
    """The even part of R_xx and the odd part of R_xy, point by point, in ascending true field.

    Attributes
    ----------
    field_T, xx_ohm, xx_error_ohm, xy_ohm, xy_error_ohm : ndarray, each of shape (n,)
        Each reading is used once.
    moved_ohm : ndarray, shape (n,)
        The part of `xx_error_ohm` that comes from the errors of the centres.
    point : ndarray of int, shape (readings,)
        The point that each reading of the legs, one leg after the other, is part of; -1 for one that is in none.
    share : ndarray, shape (readings,)
        Its weight in that point.
    """

    field_T: np.ndarray
    xx_ohm: np.ndarray
    xx_error_ohm: np.ndarray
    xy_ohm: np.ndarray
    xy_error_ohm: np.ndarray
    moved_ohm: np.ndarray
    point: np.ndarray
    share: np.ndarray


def symmetrized(legs: list[Leg], even: EvenCurve, bars: ErrorBars) -> Symmetrized:
    """Return the even part of R_xx and the odd part of R_xy, point by point.

    Parameters
    ----------
    legs : list of Leg
        Where all see one sign of field only, their readings are returned as they are, with R_xy = 0.
    even : EvenCurve
        Fitted to these legs.
    bars : ErrorBars
        Of single rows of R_xx.
    """
    leg_of = np.repeat(np.arange(len(legs)), [len(leg.field_T) for leg in legs])
    field = np.concatenate([leg.field_T - centre for leg, centre in zip(legs, even.centre_T, strict=True)])
    e_xx, e_xy = even.even(field)
    # the odd line goes leg by leg: it may hold a drift in time, which has no mirror in the other leg
    drift = even.constant_xx - even.constant_xx.mean()
    xx = np.concatenate([leg.xx_ohm for leg in legs]) - drift[leg_of] - even.slope_xx[leg_of] * field
    xy = np.concatenate([leg.xy_ohm for leg in legs]) - even.constant_xy[leg_of]
    slope_xy = even.slope_xy[leg_of]
    noise = bars.at(field) * np.concatenate([leg.noise_xx_ohm / np.sqrt(leg.rows) for leg in legs])
    noise_xy = np.concatenate([leg.noise_xy_ohm / np.sqrt(leg.rows) for leg in legs])

    i, j = _pairs(legs, field)
    # a pair must not rest on the even curve: where the cusp is narrower than the step, the fit has to see each reading
    bridged = even.even((field[i] - field[j]) / 2)[0] - (e_xx[i] + e_xx[j]) / 2
    measured = np.abs(bridged) <= _BRIDGED * np.hypot(noise[i], noise[j]) / 2
    i, j = i[measured], j[measured]
    alone = np.setdiff1d(np.arange(len(field)), np.concatenate([i, j]))
    if legs[0].two_sided:
        alone = alone[np.abs(field[alone]) <= min(-field.min(), field.max())]
    # a pair stands half way between the one and the mirror image of the other
    middle, miss = (field[i] - field[j]) / 2, (field[i] + field[j]) / 2
    xx_pair = even.even(middle)[0] + (xx[i] - e_xx[i] + xx[j] - e_xx[j]) / 2
    xy_pair = (xy[i] - e_xy[i] - xy[j] + e_xy[j] + (slope_xy[j] - slope_xy[i]) * miss) / 2

    at = np.concatenate([middle, field[alone]])
    one, other = np.concatenate([i, alone]), np.concatenate([j, alone])
    readings = np.where(one == other, 2.0, 4.0)
    moved = _moved_by_centres(even, leg_of, field, one, other)
    error = np.sqrt((noise[one] ** 2 + noise[other] ** 2) / readings + moved)
    order = np.argsort(at, kind="stable")
    parts = (
        (xx_pair, xx[alone]), (error,),
        (xy_pair, slope_xy[alone] * field[alone]),
        (np.hypot(noise_xy[i], noise_xy[j]) / 2, np.zeros(len(alone))),
    )  # fmt: skip
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    point, share = np.full(len(field), -1), np.zeros(len(field))
    point[one] = point[other] = place
    share[one] = share[other] = 2 / readings
    xx, error, xy, error_xy = (np.concatenate(part)[order] for part in parts)
    return Symmetrized(at[order], xx, error, xy, error_xy, np.sqrt(moved)[order], point, share)


def _moved_by_centres(
    even: EvenCurve, leg_of: np.ndarray, field: np.ndarray, i: np.ndarray, j: np.ndarray
) -> np.ndarray:
    """Return the variance that the errors of the centres add to the pairs (i, j) [ohm^2].

    On a fine sweep it does not matter: to first order a wrong centre moves the two sides of the cusp oppositely, and
    an even model does not feel it. But where the step is wider than the cusp, one reading holds all that is known of
    L_phi, and to second order the cusp is rounded. Each point is therefore uncertain by as much as the even curve
    changes over one standard error of each centre.
    """
    added = np.zeros(len(i))
    if even.covariance is None:
        return added
    here = even.even(field)[0]
    size, direction = np.linalg.eigh(even.covariance)
    for shift in (direction * np.sqrt(np.maximum(size, 0.0))).T:
        for side in (1, -1):
            away = even.even(field + side * shift[leg_of])[0] - here
            added += ((away[i] + away[j]) / 2) ** 2 / 2
    return added


def _pairs(legs: list[Leg], field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the readings i and their partners j near the opposite field, each reading at most once."""
    ends = np.cumsum([len(leg.field_T) for leg in legs])
    of_leg = [np.arange(end - len(leg.field_T), end) for leg, end in zip(legs, ends, strict=True)]
    pairs = []
    waiting: dict[bool, list[int]] = {True: [], False: []}
    for k, leg in enumerate(legs):
        if waiting[not leg.upward]:
            pairs.append(_mutual(field, of_leg[waiting[not leg.upward].pop(0)], of_leg[k]))
        else:
            waiting[leg.upward].append(k)
    for k in waiting[True] + waiting[False]:
        positive = field[of_leg[k]] >= 0
        pairs.append(_mutual(field, of_leg[k][positive], of_leg[k][~positive]))
    return np.concatenate([i for i, _ in pairs]), np.concatenate([j for _, j in pairs])


def _mutual(field: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return members of two legs that are each other's nearest mirror, within half a step of the other leg."""
    if min(len(one), len(other)) < 2:
        return one[:0], other[:0]
    partner = _nearest(field[other], -field[one])
    back = _nearest(field[one], -field[other])[partner]
    gaps = np.diff(field[other])
    widest = np.maximum(np.append(gaps, 0), np.insert(gaps, 0, 0))
    near = np.abs(field[one] + field[other][partner]) <= 0.5 * widest[partner] * (1 + 1e-9)
    kept = (back == np.arange(len(one))) & near
    return one[kept], other[partner[kept]]


def _nearest(ascending: np.ndarray, targets: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(ascending, targets), 1, len(ascending) - 1)
    return right - (targets - ascending[right - 1] <= ascending[right] - targets)
