r"""The Cooperon of a film of finite thickness: the sum of the two-dimensional one over the transverse modes.

A film of thickness t has modes n = 0, 1, 2 ... of dephasing field B_n = B_i + n^2 B_t, B_t = (hbar/4e)(pi/t)^2, and
changes its conductance by G0 sum_n F(B, B_n). As F(B, b) is the integral of (1 - x/sinh x) exp(-u b) du/u, x = u B/2,
over all u > 0, the whole sum, tail included, is one integral over u with the theta function
Theta(u B_t) = sum_n exp(-n^2 u B_t) under it. In ln u the trapezoidal rule converges exponentially.
"""

from __future__ import annotations

import numpy as np

_STEP = 0.25  # of ln u: the poles of x/sinh x and the edge of Theta lie pi/2 away, so exp(-pi^2/0.25) is left out
_LAST, _FIRST = 3.7, -24.0  # exp(-exp(3.7)) = 3e-18; exp(-1.5 * 24) = 2e-16
_MODES = np.arange(8.0)
_IMAGES = np.arange(1.0, 4.0)


def film_cooperon(field_T: np.ndarray, b_T: np.ndarray, b_t_T: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sum_n F(B, B_i + n^2 B_t) and its derivatives by ln B_i and by ln B_t.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Perpendicular field, either sign, 0 included [T].
    b_T : ndarray, shape (m,)
        Fields B_i = hbar/(4 e L_i^2) of the channels [T].
    b_t_T : float
        B_t = (hbar/4e)(pi/t)^2 of the thickness t [T].

    Returns
    -------
    value, slope, thickness_slope : ndarray, shape (m, n)
        Relative error below 1e-12 for any field and any thickness.
    """
    field = np.abs(field_T)
    first = _FIRST - np.log(max(float(field.max(initial=0.0)), float(b_T.max())))
    last = _LAST - np.log(float(b_T.min()))
    # nodes at multiples of the step: they stay where they are when a fit moves B_i
    u = np.exp(_STEP * np.arange(np.floor(first / _STEP), np.ceil(last / _STEP) + 1))
    theta, theta_slope = _theta(u * b_t_T)
    decay = _STEP * np.exp(-b_T[:, np.newaxis] * u)
    rows = np.concatenate([decay * theta, -decay * theta * u * b_T[:, np.newaxis], decay * theta_slope])
    value, slope, thickness_slope = (rows @ _suppression(0.5 * u[:, np.newaxis] * field)).reshape(3, b_T.size, -1)
    return value, slope, thickness_slope


def _suppression(x: np.ndarray) -> np.ndarray:
    """Return 1 - x/sinh x, x^2/6 for small x."""
    square = np.minimum(x * x, 0.04)
    series = square * (1 / 6 - square * (7 / 360 - square * (31 / 15120 - square * (127 / 604800 - square / 46902.87))))
    large = np.maximum(x, 0.2)
    decay = np.exp(-large)
    return np.where(x < 0.2, series, 1 - 2 * large * decay / (1 - decay * decay))


def _theta(tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sum_{n >= 0} exp(-n^2 tau) and tau times its derivative."""
    value, slope = np.empty_like(tau), np.empty_like(tau)
    late = tau >= 1
    terms = np.exp(-np.outer(tau[late], _MODES**2))
    value[late], slope[late] = terms.sum(axis=1), -tau[late] * (terms @ _MODES**2)
    early = tau[~late]
    # Poisson: many modes are few images of the walls
    exponents = np.outer(np.pi**2 / early, _IMAGES**2)
    images = np.exp(-exponents)
    front = 0.5 * np.sqrt(np.pi / early)
    sums = 1 + 2 * images.sum(axis=1)
    value[~late] = 0.5 + front * sums
    slope[~late] = front * (2 * (images * exponents).sum(axis=1) - 0.5 * sums)
    return value, slope
