"""A magnetoconductance computed at few fields and read at many: a polynomial in asinh(2 B/gap), even from B = 0 on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.special import cooperon

_FEWEST_NODES = 16
_ROOM = 1.02  # above the highest field: at the end of a series its terms are steep and their slopes 0/0
_STRAIGHT = 0.5  # of asinh(2 B/gap): where no field but 0 is lower, nothing below is computed


def even_polynomial(
    B: np.ndarray, gap: float, density: float
) -> tuple[np.ndarray, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Return fields at which to compute a curve that starts as B^2, and how to read it at others.

    Parameters
    ----------
    B : ndarray, shape (n,)
        Fields >= 0 at which the curve is wanted.
    gap : float
        Field, > 0 and in the same unit, at which the curve's parabola ends.
    density : float
        Nodes for each unit of asinh(2 B_max/gap).

    Returns
    -------
    node : ndarray, shape (m,)
        About 30 fields > 0; none far below the lowest field that is wanted, however narrow the parabola.
    reading : callable
        Takes values at the nodes, shape (m, k), and returns those at B, shape (n, k), and the derivative of the
        first column by ln B, shape (n,). The ratio of a column to F(B, gap) is read from a Chebyshev series; no
        field, however small, loses relative accuracy.
    """
    far = 2 * B / gap
    place = np.arcsinh(far)
    high = _ROOM * np.arcsinh(max(2.0, float(far.max(initial=0))))
    lowest = float(place[B > 0].min(initial=high / _ROOM))
    even = lowest < _STRAIGHT
    low = -high if even else lowest / _ROOM
    # an even function of a place needs every second polynomial only, and half the nodes
    length = (high - low) / (1 + even)
    count = max(_FEWEST_NODES, 8 * int(np.ceil(density * length / 8)))
    angle = (2 * np.arange(count) + 1) * np.pi / (2 * count * (1 + even))
    node = gap / 2 * np.sinh((high + low) / 2 + (high - low) / 2 * np.cos(angle))
    order = np.arange(count) * (1 + even)
    to_series = 2 / count * np.cos(np.outer(order, angle)) / cooperon(node, np.array([gap]))[0]
    to_series[0] /= 2
    # at B = 0 the shape is 0, whatever its ratio
    at = np.arccos((2 * np.maximum(place, 0.0 if even else lowest) - high - low) / (high - low))[:, np.newaxis]
    (shape,), (by_ln_gap,) = cooperon(B, np.array([gap]))
    terms = np.cos(at * order)

    def reading(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        series = to_series @ values
        ratio = terms @ series
        slope = (order * np.sin(at * order) / np.sin(at)) @ series[:, 0] * 2 / (high - low)
        return shape[:, np.newaxis] * ratio, shape * slope * far / np.sqrt(1 + far**2) - by_ln_gap * ratio[:, 0]

    return node, reading
