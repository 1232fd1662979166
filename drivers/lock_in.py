"""What a lock-in can do, whoever made it."""

from __future__ import annotations

import logging
import math
import statistics
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from scipy.special import gammainccinv

from drivers.clock import Clock
from drivers.errors import LimitExceeded, Refused
from drivers.limited import Limited, check_settings
from drivers.patience import insist

log = logging.getLogger(__name__)

T = TypeVar("T")

MARGIN = 1.25
"""Full scale over the largest of X and Y with their noise, at least."""
LOOKS = 5
"""Readings, a time constant apart, from which the largest value and the noise are taken."""
NOISE_SIGMAS = 3.0


@dataclass(frozen=True)
class OscillatorSettings(Limited.Settings):
    """Limits of the oscillator output.

    Attributes
    ----------
    oscillator_max_V : float
        Highest rms voltage that may be put out [V].
    """

    MAKE: ClassVar[str] = "this lock-in"
    MOST_V: ClassVar[float] = 5.0
    """What the instrument can put out, rms."""

    oscillator_max_V: float = 5.0

    def __post_init__(self) -> None:
        check_settings(self, positive=("oscillator_max_V",))
        if self.oscillator_max_V > self.MOST_V:
            raise ValueError(
                f"oscillator_max_V = {self.oscillator_max_V!r}: {self.MAKE} gives at most {self.MOST_V:g} V rms"
            )


@dataclass(frozen=True)
class LockInReading:
    """One reading of a lock-in, and whether to trust it.

    Attributes
    ----------
    x_V, y_V : float
        In-phase and quadrature voltage, rms [V].
    overload, unlocked : bool
        Some stage was too small for the signal, or the reference was not there, since the last reading.
    status_lost : bool
        A status word, which reading clears, was lost on its way since the last reading: whether there was
        an overload or an unlock is not known, and the reading is worth no more than an overloaded one.
    """

    x_V: float
    y_V: float
    overload: bool
    unlocked: bool
    status_lost: bool = False


class LockIn(ABC):
    """Measures a voltage at the frequency of its reference."""

    FULL_SCALES_V: ClassVar[Sequence[float]] = ()
    """The full scales that can be set, rms [V]; none where only a person can."""

    name: str
    clock: Clock
    _status_lost = False

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

    def _take_status(self, ask: Callable[[], T]) -> tuple[T, bool]:
        """Return a status word that asking clears, and whether one before it was lost on its way."""
        lost, self._status_lost = self._status_lost, True  # until this one has arrived
        status = ask()
        self._status_lost = False
        return status, lost

    def choose_sensitivity(self, peak_V: float) -> float:
        """Return the smallest full scale that leaves a margin above this value of X or Y, rms [V].

        Where none leaves the whole margin, the largest is returned if the value fits into it.

        Raises
        ------
        Refused
            The sensitivity of this lock-in cannot be set.
        LimitExceeded
            The value is larger than the largest full scale, or not a number.
        """
        scales = self._scales()
        if math.isfinite(peak_V) and 0 <= peak_V <= scales[-1]:
            return next((full for full in scales if full >= MARGIN * peak_V), scales[-1])
        raise LimitExceeded(
            f"{self.name}: {peak_V:g} V does not fit into its largest full scale, {scales[-1]:g} V; "
            "lower the excitation",
            instrument=self.name,
        )

    def auto_sensitivity(self, interrupt: threading.Event | None = None) -> float:
        """Find and set the smallest full scale that leaves a margin above X, Y and their noise; return it [V].

        From too large a scale it goes down one by one, each time after the filter has settled, and goes
        up at once when it sees an overload; a scale that was overloaded is not tried again. It ends on a
        scale on which it has seen the settled signal without an overload. When it is interrupted, or
        fails, it goes back to the last such scale.

        Parameters
        ----------
        interrupt : threading.Event, optional
            Ends it when set.

        Raises
        ------
        Refused
            The sensitivity cannot be set, or the largest full scale is overloaded.
        Timeout, Garbled, Lost
        """
        scales = self._scales()
        full_V, proven_V, too_small_V = insist(lambda: self.sensitivity_V), 0.0, 0.0
        try:
            while (peak_V := self._settled_peak_V(interrupt)) is not None:
                if math.isinf(peak_V):
                    overloaded_V, full_V = full_V, self._widen(full_V)
                    too_small_V = max(too_small_V, overloaded_V if full_V > overloaded_V else 0.0)
                    continue
                proven_V, wanted_V = full_V, self.choose_sensitivity(peak_V)
                below_V = max((scale for scale in scales if scale < full_V), default=full_V)
                if wanted_V > full_V:
                    too_small_V = max(too_small_V, full_V)
                    full_V = self._take_scale(wanted_V)
                elif wanted_V < full_V and below_V > too_small_V:
                    full_V = self._take_scale(below_V)
                else:
                    return full_V
        finally:
            if full_V < proven_V:  # not yet seen to be large enough
                full_V = self._take_scale(proven_V)
        return full_V

    def _scales(self) -> list[float]:
        if not self.FULL_SCALES_V:
            raise Refused(f"{self.name}: its sensitivity can only be set by hand", instrument=self.name)
        return sorted(scale for scale in self.FULL_SCALES_V if scale > 0)

    def _take_scale(self, full_V: float) -> float:
        def send() -> None:
            settable: Any = self
            settable.sensitivity_V = full_V

        insist(send)
        log.info("%s: full scale %g V", self.name, full_V)
        return full_V

    def _widen(self, full_V: float) -> float:
        """Make room after an overload, one scale up, and return the new full scale [V]; raises Refused at the end."""
        above = [scale for scale in self._scales() if scale > full_V]
        if not above:
            raise Refused(
                f"{self.name}: overloaded at its largest full scale, {full_V:g} V; "
                "lower the excitation, or look for pick-up at the input",
                instrument=self.name,
            )
        return self._take_scale(above[0])

    def _settled_peak_V(self, interrupt: threading.Event | None) -> float | None:
        """Return the largest |X| or |Y| with the noise after the filter has settled [V].

        Infinity stands for an overload, at once when it is seen; None for an interruption.
        """
        tau_s = insist(lambda: self.time_constant_s)
        settled_s = self.clock.now() + tau_s * settling_time_constants(insist(lambda: self.filter_stages), 0.01)
        insist(self.read)  # its status belongs to the time before
        looks: list[LockInReading] = []
        while len(looks) < LOOKS:
            if self.clock.sleep(self.clock.poll_interval_s(tau_s), interrupt):
                return None
            reading = insist(self.read)
            if reading.overload:
                return math.inf
            if self.clock.now() > settled_s and not reading.status_lost:
                looks.append(reading)
        parts = [look.x_V for look in looks], [look.y_V for look in looks]
        return max(max(map(abs, part)) + NOISE_SIGMAS * statistics.stdev(part) for part in parts)

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
