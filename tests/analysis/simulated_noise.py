"""Noise of a lock-in's rows: white, filtered, and 1/f, made without any formula of `analysis`."""

from __future__ import annotations

import math

import numpy as np


def filtered(rng: np.random.Generator, rows: int, stages: int, spacing: float) -> np.ndarray:
    """White noise of variance 1 behind n equal RC stages, rows `spacing` time constants apart; stepped finely."""
    fine = 16
    step = spacing / fine
    settled = int(40 / step)
    noise = rng.standard_normal(settled + rows * fine)
    time = step * np.arange(settled)
    response = time ** (stages - 1) * np.exp(-time)
    length = 1 << (len(noise) + settled).bit_length()
    through = np.fft.irfft(np.fft.rfft(noise, length) * np.fft.rfft(response, length), length)
    return through[settled : settled + rows * fine : fine] / math.sqrt(float(response @ response))


def flicker(rng: np.random.Generator, rows: int, knee: float) -> np.ndarray:
    """1/f noise that is as strong as white noise of variance 1 at `knee` cycles a row, cut out of a longer record."""
    length = 1 << (8 * rows).bit_length()
    cycles = np.fft.rfftfreq(length)
    amplitude = np.sqrt(np.divide(knee, cycles, out=np.zeros_like(cycles), where=cycles > 0) * length / 2)
    random = rng.standard_normal((2, len(cycles)))
    return np.fft.irfft(amplitude * (random[0] + 1j * random[1]), length)[:rows]


def noisy(rng: np.random.Generator, rows: int, knee: float, rows_of_tau: float) -> np.ndarray:
    """White noise, behind a filter of 24 dB whose time constant is so many rows (0 for none), and 1/f noise with it."""
    one = filtered(rng, rows, 4, 1 / rows_of_tau) if rows_of_tau else rng.standard_normal(rows)
    return one + flicker(rng, rows, knee) if knee else one
