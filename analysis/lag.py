"""The lag between field and voltage, from legs up against legs down.

What a magnet reads at the centre of symmetry of leg k, swept at the rate v_k (negative downward), is

    c_k = c_0 + h sign(v_k) + t v_k

with an offset c_0, the hysteresis h of the magnet (positive where trapped flux keeps the field behind the current) and
the time t by which the voltage is late: n time constants of a filter of n stages. Up and down at one rate show h + t v
alone, and taking each leg from its own centre takes out both. A lag cannot be negative: then it is the magnet. Only
legs of different rates tell the two apart; the lag then also holds where the rate changes along a leg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.model import Remark

SIGNIFICANT = 5.0
"""Standard errors from which on a lag or a hysteresis is believed."""

_ALIKE = 0.1  # rates closer than this, relative, tell nothing apart


@dataclass(frozen=True)
class Lag:
    """What up against down has shown.

    Attributes
    ----------
    split_T, split_error_T : float
        Mean of h + t v over the legs: half of what the centres up and down are apart [T].
    lag_s, lag_error_s : float or None
        t and its standard error: where rates differ, that of the fit; at one rate what t would be if all were lag;
        None where the rate is not known.
    hysteresis_T, hysteresis_error_T : float or None
        h, where it can be told from a lag.
    """

    split_T: float
    split_error_T: float
    lag_s: float | None
    lag_error_s: float | None
    hysteresis_T: float | None
    hysteresis_error_T: float | None

    @property
    def significant(self) -> bool:
        """Get whether up and down differ at all."""
        return abs(self.split_T) > SIGNIFICANT * self.split_error_T

    @property
    def told_apart(self) -> bool:
        """Get whether lag and hysteresis are known separately."""
        return self.hysteresis_T is not None

    @property
    def late(self) -> bool:
        """Get whether the voltage is known to be late."""
        return bool(self.told_apart and self.lag_s and self.lag_error_s and self.lag_s > SIGNIFICANT * self.lag_error_s)


def find_lag(centre_T: np.ndarray, covariance: np.ndarray, upward: np.ndarray, rate_T_per_s: np.ndarray) -> Lag | None:
    """Find lag and hysteresis.

    Parameters
    ----------
    centre_T, covariance : ndarray, shape (legs,), (legs, legs)
        Centre of symmetry of each leg as read, and their covariance.
    upward : ndarray of bool, shape (legs,)
    rate_T_per_s : ndarray, shape (legs,)
        Rate at which the centre was passed; nan where it is not known.

    Returns
    -------
    Lag or None
        None for legs of one direction.
    """
    sign = np.where(upward, 1.0, -1.0)
    if np.ptp(sign) == 0:
        return None
    (_, split), spread = _regression(np.column_stack([np.ones_like(sign), sign]), centre_T, covariance)
    error, speed = math.sqrt(spread[1, 1]), np.abs(rate_T_per_s)
    usable = bool(np.isfinite(speed).all() and (speed > 0).all())
    if not usable:
        return Lag(float(split), error, None, None, None, None)
    if np.ptp(speed) <= _ALIKE * speed.max():
        usual = float(speed.mean())
        return Lag(float(split), error, float(split) / usual, error / usual, None, None)
    design = np.column_stack([np.ones_like(sign), sign, sign * speed])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return Lag(float(split), error, None, None, None, None)
    (_, hysteresis, lag), spread = _regression(design, centre_T, covariance)
    errors = np.sqrt(np.diag(spread))
    return Lag(float(split), error, float(lag), float(errors[2]), float(hysteresis), float(errors[1]))


def remarks(lag: Lag | None, centres: str) -> list[Remark]:
    """Return what is to be said; `centres` lists the centres of the legs in words."""
    if lag is None:
        return []
    if lag.told_apart and lag.lag_s is not None and lag.hysteresis_T is not None:
        said = []
        if lag.late:
            text = f"the voltage is {_number(lag.lag_s, lag.lag_error_s)} s behind the field: taken out at every rate"
            said.append(Remark("lag", f"{text}; a shorter time constant or a slower sweep is better"))
        if abs(lag.hysteresis_T) > SIGNIFICANT * (lag.hysteresis_error_T or math.inf):
            size = _number(1e3 * lag.hysteresis_T, 1e3 * (lag.hysteresis_error_T or 0.0))
            said.append(Remark("hysteresis", f"the magnet has hysteresis, {size} mT either way: taken out"))
        return said
    if not lag.significant:
        return []
    text = f"true zero field is read as {centres}: taken out leg by leg"
    if lag.split_T < 0:
        return [Remark("hysteresis", f"the magnet has hysteresis, of a sign that no lag of the voltage has; {text}")]
    if lag.lag_s is None:
        return [Remark("hysteresis", f"the magnet has hysteresis, or the voltage lags; {text}")]
    or_lag = (
        f"a voltage that is {_number(lag.lag_s, lag.lag_error_s)} s late looks the same; sweep once at another rate"
    )
    return [Remark("hysteresis", f"the magnet has hysteresis: {text} ({or_lag} to tell them apart)")]


def _number(value: float, error: float | None) -> str:
    return f"{value:.3g} +- {error or 0.0:.1g}"


def _regression(design: np.ndarray, values: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the generalized least squares solution and its covariance."""
    weighted = np.linalg.solve(covariance, design)
    spread = np.linalg.inv(design.T @ weighted)
    return spread @ (weighted.T @ values), spread
