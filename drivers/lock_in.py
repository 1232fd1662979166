"""What a lock-in can do, whoever made it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from scipy.special import gammainccinv

from drivers.clock import Clock


@dataclass(frozen=True)
class LockInReading:
    """One reading of a lock-in: in-phase and quadrature voltage, rms [V], and whether to trust it."""

    x_V: float
    y_V: float
    overload: bool
    unlocked: bool


class LockIn(ABC):
    """Measures a voltage at the frequency of its reference."""

    name: str
    clock: Clock

    @abstractmethod
    def read(self) -> LockInReading:
        """Measure X and Y [V] with the status since the last reading."""

    @property
    @abstractmethod
    def time_constant_s(self) -> float:
        """Control the time constant of the filter [s]."""

    @property
    @abstractmethod
    def filter_stages(self) -> int:
        """Control the number of RC stages of the filter, 6 dB/octave each."""

    @property
    @abstractmethod
    def sensitivity_V(self) -> float:
        """Control the full scale, rms [V]."""

    @property
    @abstractmethod
    def frequency_Hz(self) -> float:
        """Control the reference frequency [Hz]."""

    @property
    @abstractmethod
    def oscillator_V(self) -> float:
        """Control the oscillator output, rms [V]."""

    @oscillator_V.setter
    @abstractmethod
    def oscillator_V(self, value: float) -> None: ...

    @abstractmethod
    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the oscillator may be set to it; raises LimitExceeded."""

    def settling_time_s(self, fraction: float = 0.01) -> float:
        """Return how long the filter takes until `fraction` of a step is left [s]; raises ValueError."""
        return self.time_constant_s * settling_time_constants(self.filter_stages, fraction)


def settling_time_constants(stages: int, fraction: float) -> float:
    """Return how many time constants pass until `fraction` of a step is left.

    A cascade of n equal RC stages leaves exp(-x) sum_{k<n} x^k/k! = Q(n, x) of a step after
    x time constants; 1 % is left after 4.61, 6.64, 8.41, 10.05 of them for n = 1 to 4
    (SR830 manual, p. 3-25, gives 5, 7, 9, 10).

    Raises
    ------
    ValueError
        The fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"settling: fraction {fraction!r} is not between 0 and 1; 0.01 means settled to 1 %")
    return float(gammainccinv(stages, fraction))
