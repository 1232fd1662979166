"""The magnetoconductance of a film beyond diffusion, read from a table of the sums over Landau levels.

With kappa = gamma/(1+gamma) and beta = b/(1+gamma)^2 (gamma = tau/tau_phi, b = B/B_tr) the exact curve is

    dsig(B) - dsig(0) = (1 - kappa) F(zeta) R(ln zeta, ln kappa) G0,   zeta = beta/kappa,

F(zeta) = ln zeta + psi(1/2 + 1/zeta) the diffusive one. R is smooth everywhere and goes to 1 for kappa, beta -> 0; one
spline of it, made at first use in a fraction of a second, serves every free path, dephasing length and field. The curve
is good to 1e-9 relative for tau/tau_phi < 1, to 2e-8 beyond, and to 1e-7 below 2e-9, where the table ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.landau_levels import field_change
from analysis.special import cooperon

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

_STEP = 0.2
_DEGREE = 7
_LN_ZETA = -5.0, 40.0  # below, R is a parabola in zeta
_LN_KAPPA = -20.0, 0.3  # beyond kappa = 1, where nothing happens, so that the spline is as good there as inside
HIGHEST = float(np.exp(sum((_LN_ZETA[1], _LN_KAPPA[0]))))
"""Largest beta of the table, 4.9e8."""


@dataclass(frozen=True)
class ScaledCurve:
    """Value [G0] and its derivatives by ln beta and ln kappa, each of shape (n,)."""

    value: np.ndarray
    by_ln_beta: np.ndarray
    by_ln_kappa: np.ndarray


def scaled_curve(beta: np.ndarray, kappa: float) -> ScaledCurve:
    """Return the change of both corrections with field.

    Parameters
    ----------
    beta : ndarray, shape (n,)
        b/(1+gamma)^2, from 0 to 4.9e8.
    kappa : float
        gamma/(1+gamma), 0 < kappa < 1.

    Raises
    ------
    ValueError
        A field above that.
    """
    if beta.max(initial=0) > HIGHEST:
        raise ValueError(
            f"field {beta.max():.3g} B_tr: the exact sum is tabulated to {HIGHEST:.2g} B_tr; check field and free path"
        )
    lowest = float(np.exp(_LN_KAPPA[0]))
    if kappa >= lowest:
        return _tabulated(beta, kappa)
    # dephasing slower than in the table: what ballistics add to diffusion no longer depends on it
    edge, less, plus = _tabulated(beta, lowest), _diffusive(beta, lowest), _diffusive(beta, kappa)
    value = edge.value - less.value + plus.value
    return ScaledCurve(value, edge.by_ln_beta - less.by_ln_beta + plus.by_ln_beta, plus.by_ln_kappa)


def _diffusive(beta: np.ndarray, kappa: float) -> ScaledCurve:
    """Return (1 - kappa) F(beta/kappa)."""
    (f,), (slope,) = cooperon(beta, np.array([kappa]))
    return ScaledCurve((1 - kappa) * f, (kappa - 1) * slope, (1 - kappa) * slope - kappa * f)


def _tabulated(beta: np.ndarray, kappa: float) -> ScaledCurve:
    plain = _diffusive(beta, kappa)
    ratio, by_ln_zeta, by_ln_kappa = _ratio(beta / kappa, kappa)
    return ScaledCurve(
        plain.value * ratio,
        plain.by_ln_beta * ratio + plain.value * by_ln_zeta,
        plain.by_ln_kappa * ratio + plain.value * (by_ln_kappa - by_ln_zeta),
    )


def _ratio(zeta: np.ndarray, kappa: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return R and its derivatives by ln zeta and ln kappa, each of shape (n,)."""
    rows, knots = _table()
    at_kappa = np.stack([rows(np.log(kappa)), rows(np.log(kappa), 1)], axis=-1)
    spline = type(rows).construct_fast(knots, at_kappa, _DEGREE)
    lowest = np.exp(_LN_ZETA[0])
    at = np.log(np.maximum(zeta, lowest))
    value, slope = spline(at), spline(at, 1)
    part = np.minimum(zeta / lowest, 1) ** 2  # below the table R - R(0) is a parabola with the table's first slope
    value = value + (part[:, np.newaxis] - 1) / 2 * slope
    return value[:, 0], slope[:, 0] * part, value[:, 1]


@cache
def _table() -> tuple[BSpline, np.ndarray]:
    """Return the spline in ln kappa of the coefficients of the splines in ln zeta, and the knots of the latter."""
    from scipy.interpolate import make_interp_spline  # slow to import, and needed here only

    ln_zeta = np.arange(_LN_ZETA[0], _LN_ZETA[1] + _STEP / 2, _STEP)
    # half a step beside 0: kappa = 1 itself divides by 0
    ln_kappa = np.arange(_LN_KAPPA[0] - 2.5 * _STEP, _LN_KAPPA[1] + _STEP / 2, _STEP)
    change = np.empty((ln_kappa.size, ln_zeta.size))
    # beta is the same along a diagonal: its levels are integrated once
    for diagonal in range(ln_kappa.size + ln_zeta.size - 1):
        i = np.arange(max(0, diagonal - ln_zeta.size + 1), min(ln_kappa.size, diagonal + 1))
        beta = float(np.exp(ln_zeta[0] + ln_kappa[0] + _STEP * diagonal))
        change[i, diagonal - i] = sum(field_change(beta, np.exp(ln_kappa[i])))
    ratio = change / cooperon(np.exp(ln_zeta), np.ones(1))[0]
    across = make_interp_spline(ln_zeta, ratio, _DEGREE, axis=1)
    return make_interp_spline(ln_kappa, across.c.T, _DEGREE), across.t
