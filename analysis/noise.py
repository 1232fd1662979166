"""What the noise of a lock-in is, and what the noise of a sweep was.

A lock-in's output filter of n equal RC stages (6n dB/oct, time constant tau) lets through white noise of
density e_n with standard deviation e_n sqrt(ENBW), and makes readings closer than about 10 tau repeat each
other. The closed forms below are those of n identical poles: the impulse response t^(n-1) exp(-t/tau) has the
step residue Q(n, t/tau) (regularized incomplete gamma function) and the autocorrelation of a Matern process of
order n - 1/2. They agree with the SR830 manual, p. 3-25.

`point_noise` takes the error bar of a row from the sweep itself, with no knowledge of the lock-in.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammainccinv

_KEPT = 4.0  # differences beyond this many standard deviations are features of the curve, not noise
_REPEATS = 0.1  # share of readings equal to another one from which on they are taken to be digits
_WEIGHT_OF_MEDIAN = 1.482602218505602  # standard deviation over median of the modulus, for normal noise


def enbw(stages: int, tau_s: float) -> float:
    """Return the equivalent noise bandwidth of the output filter, one-sided [Hz].

    Parameters
    ----------
    stages : int
        RC stages n: 1 for 6 dB/oct, 4 for 24 dB/oct.
    tau_s : float
        Time constant of one stage [s].

    Notes
    -----
    1/(4 tau), 1/(8 tau), 3/(32 tau), 5/(64 tau) for n = 1 to 4.
    """
    _check_stages(stages)
    return math.comb(2 * stages - 2, stages - 1) / 4**stages / tau_s


def settle(stages: int, fraction: float) -> float:
    """Return how many time constants pass until only `fraction` of a step is left [tau].

    Raises
    ------
    ValueError
        `fraction` is not between 0 and 1.
    """
    _check_stages(stages)
    if not 0 < fraction < 1:
        raise ValueError(f"settle: fraction is {fraction:g}; it must lie between 0 and 1, 0.01 for settled to 1 %")
    return float(gammainccinv(stages, fraction))


def acf(stages: int, x: float | np.ndarray) -> np.ndarray:
    """Return the autocorrelation of filtered white noise between readings x time constants apart.

    Parameters
    ----------
    stages : int
        RC stages n.
    x : float or ndarray
        |t - t'|/tau.

    Returns
    -------
    ndarray, of the shape of x
        1 at x = 0; its integral over x > 0 is 1/(4 ENBW tau).
    """
    _check_stages(stages)
    x = np.abs(np.asarray(x, dtype=float))
    n = stages
    coefficients = [
        2**k * math.comb(n - 1, k) * math.factorial(2 * n - 2 - k) / math.factorial(2 * n - 2) for k in range(n)
    ]
    return np.polynomial.polynomial.polyval(x, coefficients) * np.exp(-x)


def error_factor(stages: int, spacing: float) -> float:
    """Return by how much readings at equal times make errors larger than if they were independent.

    Parameters
    ----------
    stages : int
        RC stages n.
    spacing : float
        Time between readings [tau].

    Returns
    -------
    float
        sqrt(1 + 2 sum_k acf(k spacing)): what the standard error of anything slow against tau, fitted with
        equal weights, is to be multiplied by. 1 for readings more than 10 tau apart.
    """
    if spacing <= 0:
        raise ValueError(f"error_factor: readings {spacing:g} tau apart; the time between them must be above 0")
    lags = spacing * np.arange(1, 2 + int(60 / spacing))
    return math.sqrt(1 + 2 * float(acf(stages, lags).sum()))


def point_noise(field_T: np.ndarray, values: np.ndarray) -> float:
    """Return the standard deviation of one reading, from the scatter of neighbouring readings.

    Divided differences of third order remove any curve that is a parabola over four points, whatever their
    spacing. Their size is first taken by its median, which a cusp of a few points does not reach, then by the
    root mean square of all that are no larger than 4 such standard deviations.

    Parameters
    ----------
    field_T : ndarray, shape (n,)
        Fields in ascending order [T].
    values : ndarray, shape (n,)
        Readings; their noise must not be correlated (see `correlation_factor`).

    Returns
    -------
    float
        In the unit of `values`; never below the step of the digitizer over sqrt(12), where readings show it by
        repeating, nor below rounding. nan for fewer than 5 readings.
    """
    if len(values) < 5:
        return math.nan
    floor = _smallest_step(values) / math.sqrt(12)
    differences = np.abs(_third_differences(field_T, values))
    first = max(floor, _WEIGHT_OF_MEDIAN * float(np.median(differences)))
    kept = differences[differences <= _KEPT * first]
    return max(floor, math.sqrt(float(np.mean(kept * kept))))


def correlation_factor(residuals: np.ndarray) -> float:
    """Return `error_factor` as the residuals of a smooth curve show it, in the order of measurement.

    Serial correlation (a filter faster swept than it settles, conductance fluctuations) is summed up to the
    lag where it is lost in the noise of its own estimate. 1 where the correlation of successive residuals is
    below 4 standard errors, so that white noise is left alone.
    """
    n = len(residuals)
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    if n < 30 or power == 0:
        return 1.0
    total = 0.0
    for lag in range(1, n // 4):
        rho = float(centred[lag:] @ centred[:-lag]) / power
        if rho < (4 if lag == 1 else 2) / math.sqrt(n):
            break
        total += rho
    return math.sqrt(1 + 2 * total)


def _check_stages(stages: int) -> None:
    if stages not in range(1, 9):
        raise ValueError(f"filter of {stages} stages: a lock-in has 1 (6 dB/oct) to 4 (24 dB/oct), at most 8")


def _third_differences(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return third divided differences with unit variance for unit white noise, shape (n - 3,)."""
    scale = float(x[-1] - x[0]) or 1.0
    # equal fields are told apart by a hair: their difference then is that of two readings of the same thing
    x = x / scale + 1e-9 * np.arange(len(x)) / len(x)
    columns = [x[i : len(x) - 3 + i] for i in range(4)]
    weights = np.empty((4, len(x) - 3))
    for i in range(4):
        a, b, c = (columns[i] - columns[j] for j in range(4) if j != i)
        weights[i] = 1 / (a * b * c)
    combined = sum(weights[i] * y[i : len(y) - 3 + i] for i in range(4))
    return combined / np.sqrt(np.sum(weights * weights, axis=0))


def _smallest_step(values: np.ndarray) -> float:
    """Return the step of the digitizer where readings repeat exactly, else the rounding of numbers."""
    steps = np.diff(np.sort(values))
    rounding = float(np.spacing(np.abs(values).max()))
    repeats = np.count_nonzero(steps == 0)
    if repeats < _REPEATS * len(values) or repeats == len(steps):
        return rounding
    return max(float(steps[steps > 0].min()), rounding)
