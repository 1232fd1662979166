"""A magnetoconductance computed at few fields and read at many: an even polynomial in asinh(2 B/gap)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.special import cooperon

_FEWEST_NODES = 16
_ROOM = 1.02  # above the highest field: at the end of a series its terms are steep and their slopes 0/0


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
        About 30 fields > 0.
    reading : callable
        Takes values at the nodes, shape (m, k), and returns those at B, shape (n, k), and the derivative of the
        first column by ln B, shape (n,). The ratio of a column to F(B, gap) is read from a Chebyshev series; no
        field, however small, loses relative accuracy.
    """
    reach = _ROOM * np.arcsinh(2 * max(1.0, float(B.max(initial=0)) / gap))
    count = max(_FEWEST_NODES, 8 * int(np.ceil(density * reach / 8)))
    angle = (2 * np.arange(count) + 1) * np.pi / (4 * count)
    node = gap / 2 * np.sinh(reach * np.cos(angle))
    order = 2 * np.arange(count)
    to_series = 2 / count * np.cos(np.outer(order, angle)) / cooperon(node, np.array([gap]))[0]
    to_series[0] /= 2
    far = 2 * B / gap
    at = np.arccos(np.arcsinh(far) / reach)[:, np.newaxis]
    (shape,), (by_ln_gap,) = cooperon(B, np.array([gap]))
    terms = np.cos(at * order)

    def reading(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        series = to_series @ values
        ratio = terms @ series
        inner = (order * np.sin(at * order) / np.sin(at)) @ series[:, 0] * far / np.sqrt(1 + far**2) / reach
        return shape[:, np.newaxis] * ratio, shape * inner - by_ln_gap * ratio[:, 0]

    return node, reading
