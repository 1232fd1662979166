"""The phase of a lock-in's voltage: how much of it is the resistance.

A resistance has no phase. What is in quadrature comes from one of three things, and the magnetoresistance tells them
apart by how the quadrature Y follows the in-phase voltage X when the resistance changes:

    the lock-in's phase is set wrong    V = I R exp(i theta)         dY/dX = Y/X       V is turned back by theta
    a capacitance C across the film     V = I R/(1 + i z)            dY/dX = k Y/X     I R = |V|^2/X
    pick-up, the same at every field    V = I R + i U                dY/dX = 0         I R = X

with z = w R C = -Y/X and k = 2/(1 - z^2). Turning by theta +- s changes the resistance by s^2/2 only:
the error of the phase needs no place in the error bars.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.model import Remark
from analysis.noise import correlation_factor

SIGNIFICANT = 5.0
"""Standard errors from which on a phase is believed, and one of its causes against the others."""

_OUT_OF_PROPORTION = 1e3  # times the largest voltage in phase: no reading of a lock-in, overloaded or not connected
_CONSISTENT = 3.0
_LARGE = 0.1  # rad: from here on its cause matters to the resistance, 1 - cos = 0.5 %
_STEEPEST = 0.9  # z up to which a capacitance is told from the slope; at 1 the voltage no longer grows with R


@dataclass(frozen=True)
class Phase:
    """Phase of a voltage.

    Attributes
    ----------
    angle_rad, error_rad : float
        Of the mean voltage, between -pi/2 and pi/2.
    cause : str
        "" if it is not significant; else "phase", "load", "pick-up", or "unknown" where the data cannot tell.
    """

    angle_rad: float
    error_rad: float
    cause: str


def believed(x_V: np.ndarray, y_V: np.ndarray) -> np.ndarray:
    """Return the quadrature, nan where it is out of all proportion to what is in phase [V]."""
    known = np.isfinite(x_V)
    largest = float(np.abs(x_V[known]).max()) if known.any() else 0.0
    return np.where(np.abs(y_V) <= _OUT_OF_PROPORTION * largest, y_V, math.nan)


def find_phase(x_V: np.ndarray, y_V: np.ndarray) -> Phase:
    """Find the phase of a voltage and its cause.

    Parameters
    ----------
    x_V, y_V : ndarray, shape (n,)
        In phase and in quadrature, finite, in the order of measurement [V].
    """
    xx, yy, xy = float(x_V @ x_V), float(y_V @ y_V), float(x_V @ y_V)
    angle = math.atan2(2 * xy, xx - yy) / 2
    along, across = (x_V * math.cos(a) + y_V * math.sin(a) for a in (angle, angle + math.pi / 2))
    power = float(along @ along)
    if power == 0:
        return Phase(0.0, math.inf, "")
    error = _scatter(across) / math.sqrt(power)
    if abs(angle) <= SIGNIFICANT * error:
        return Phase(angle, error, "")
    return Phase(angle, error, _cause(x_V, y_V, math.tan(angle)))


def resistive(x_V: np.ndarray, y_V: np.ndarray, phase: Phase) -> np.ndarray:
    """Return the voltage that the resistance makes of the current [V]; rows without a quadrature keep their cosine."""
    if phase.cause in ("", "pick-up"):
        return x_V
    known = np.isfinite(y_V)
    y_V = np.where(known, y_V, math.tan(phase.angle_rad) * x_V)
    if phase.cause == "load":
        return x_V + y_V * np.divide(y_V, x_V, out=np.zeros_like(x_V), where=x_V != 0)
    return x_V * math.cos(phase.angle_rad) + y_V * math.sin(phase.angle_rad)


def remarks(phase: Phase, what: str) -> list[Remark]:
    """Return what is to be said of the phase of the voltage named."""
    if not phase.cause:
        return []
    degrees, error = math.degrees(phase.angle_rad), math.degrees(phase.error_rad)
    seen = f"{what} is {degrees:.3g} +- {error:.1g} degrees out of phase with the current"
    lost = 100 * (1 - math.cos(phase.angle_rad))
    said = {
        "phase": "it follows the resistance: turned back; set the lock-in's phase",
        "load": f"it follows the square of the resistance, as a capacitance of the leads does: taken out ({lost:.2g} % "
        "in the resistance); a lower frequency is better",
        "pick-up": "it does not follow the resistance: pick-up, left out",
        "unknown": "turned back, as if the lock-in's phase were set wrong",
    }[phase.cause]
    if phase.cause == "unknown" and abs(phase.angle_rad) > _LARGE:
        said += f"; if a capacitive load makes it, the resistance is {lost:.2g} % higher: measure at half the frequency"
    return [Remark("phase", f"{seen}; {said}")]


def _scatter(residual: np.ndarray) -> float:
    """Return the standard deviation of a row, as it counts for a mean of correlated rows."""
    return float(np.sqrt(np.mean(residual**2))) * correlation_factor(residual)


def _cause(x_V: np.ndarray, y_V: np.ndarray, tangent: float) -> str:
    """Return which cause the slope of Y against X shows, "unknown" where more than one would do."""
    x, y = x_V - x_V.mean(), y_V - y_V.mean()
    power = float(x @ x)
    if power == 0:
        return "unknown"
    slope = float(x @ y) / power
    residual = y - slope * x
    error = max(_scatter(residual) / math.sqrt(power), 1e-6 * abs(tangent))
    # noise in X makes the slope too small: only where the magnetoresistance stands out of it, this does not matter
    if power < 100 * float(residual @ residual):
        return "unknown"
    slopes = {"phase": tangent, "pick-up": 0.0}
    if abs(tangent) < _STEEPEST:
        slopes["load"] = 2 * tangent / (1 - tangent**2)
    away = {cause: abs(slope - expected) / error for cause, expected in slopes.items()}
    fitting = [cause for cause, distance in away.items() if distance < _CONSISTENT]
    excluded = [cause for cause, distance in away.items() if distance > SIGNIFICANT]
    return fitting[0] if len(fitting) == 1 and len(excluded) == len(slopes) - 1 else "unknown"
