"""The output filter of a lock-in: a cascade of n RC stages with white noise at its input.

Signal and noise are advanced exactly from one look to the next, the signal taken as linear in
between: what is read does not depend on how often it is read.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy.special import factorial, gammainc


@functools.lru_cache(maxsize=256)
def _step(stages: int, x: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return how n RC stages go on by x time constants.

    Returns
    -------
    decay : ndarray, shape (n, n)
        What is left of the outputs of the stages.
    constant, rise : ndarray, shape (n,)
        Response to an input of 1, the regularised gamma function P(i, x), and to one that grows
        from 0 to 1 meanwhile, P(i, x) - i P(i + 1, x) / x.
    noise : ndarray, shape (n, n)
        Cholesky factor of the covariance that white noise of unit two-sided density adds.
    """
    i = np.arange(1, stages + 1)
    power = math.exp(-x) * x ** np.arange(stages) / factorial(np.arange(stages))
    decay = np.array([[power[a - b] if a >= b else 0.0 for b in range(stages)] for a in range(stages)])
    constant = gammainc(i, x)
    rise = constant - i * gammainc(i + 1, x) / x
    total = i[:, None] + i[None, :] - 1
    covariance = factorial(total - 1) / np.outer(factorial(i - 1), factorial(i - 1)) / 2.0**total
    return decay, constant, rise, np.linalg.cholesky(covariance * gammainc(total, 2 * x))


MOST_STAGES = 8


class Filter:
    """A cascade of equal RC stages for a complex signal, with white noise at its input.

    Parameters
    ----------
    noise_V_per_sqrtHz : float
        One-sided density e_n of the input noise; X and Y then scatter by e_n sqrt(ENBW).
    """

    def __init__(self, noise_V_per_sqrtHz: float, seed: int) -> None:
        self.noise_V_per_sqrtHz = noise_V_per_sqrtHz
        self._random = np.random.default_rng(seed)
        self._outputs = np.zeros(MOST_STAGES, dtype=complex)
        self._input_V = 0j

    def advance(self, signal_V: complex, elapsed_s: float, time_constant_s: float, stages: int) -> None:
        """Go on by `elapsed_s`, in which the input went linearly from its last value to `signal_V`."""
        if elapsed_s > 0:
            decay, constant, rise, noise = _step(stages, float(f"{elapsed_s / time_constant_s:.12g}"))
            normal = self._random.standard_normal((2, stages))
            scale = self.noise_V_per_sqrtHz / math.sqrt(2 * time_constant_s)
            self._outputs[:stages] = (
                decay @ self._outputs[:stages]
                + constant * self._input_V
                + rise * (signal_V - self._input_V)
                + scale * (noise @ (normal[0] + 1j * normal[1]))
            )
        self._input_V = signal_V

    def output_V(self, stages: int) -> complex:
        """Return what the last stage shows [V]."""
        return complex(self._outputs[stages - 1])
