"""What a lock-in, a magnet supply and a temperature controller can do, whoever made them.

The loops that wait for an instrument are here, once: they poll through the clock, can be
interrupted, and end by a deadline. A driver supplies the single questions and commands.
"""

from __future__ import annotations

import enum
import logging
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from scipy.special import gammainccinv

from drivers.clock import Clock
from drivers.instrument import Garbled, Quench, Timeout

log = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 3
"""A loop survives two lost or garbled replies in a row; the third ends it."""


def insist(read: Callable[[], T], tries: int = TRIES) -> T:
    """Return what `read` returns, asking again after a lost or garbled reply."""
    for _ in range(tries - 1):
        try:
            return read()
        except (Timeout, Garbled) as error:
            log.warning("%s; asked again", error)
    return read()


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
        """Return how long the filter takes until `fraction` of a step is left [s].

        A cascade of n equal RC stages leaves exp(-x) sum_{k<n} x^k/k! = Q(n, x) of a step after
        x time constants; 1 % is left after 4.61, 6.64, 8.41, 10.05 of them for n = 1 to 4
        (SR830 manual, p. 3-25, gives 5, 7, 9, 10).
        """
        if not 0 < fraction < 1:
            raise ValueError(f"{self.name}: fraction {fraction!r} is not between 0 and 1; 0.01 means settled to 1 %")
        return self.time_constant_s * float(gammainccinv(self.filter_stages, fraction))


class MagnetState(enum.Enum):
    """What a magnet supply is doing."""

    RAMPING = "ramping"
    HOLDING = "holding"
    PAUSED = "paused"
    AT_ZERO = "at zero"
    ZEROING = "zeroing"
    QUENCH = "quench"
    HEATING_SWITCH = "heating the switch"
    COOLING_SWITCH = "cooling the switch"
    MANUAL = "ramping by hand"


class RampOutcome(enum.Enum):
    """How a ramp ended, when it did not raise."""

    HOLDING = "holding"
    ABORTED = "aborted"


class MagnetSupply(ABC):
    """Ramps a magnet and holds it.

    A ramp goes request -> ramping -> holding | aborted, or raises Quench or Timeout. A quench is
    latched: nothing ramps until a person calls `rearm`.
    """

    name: str
    clock: Clock

    POLL_S = 0.1
    GRACE_S = 1.0
    """How long after the command a supply may still show the state before it [s]."""
    MARGIN = 1.5
    ALLOWANCE_S = 30.0
    """A ramp may take MARGIN times as long as distance / rate says, and this much more [s]."""

    @property
    @abstractmethod
    def field_T(self) -> float:
        """Measure the field as the supply knows it [T]."""

    @property
    @abstractmethod
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""

    @property
    @abstractmethod
    def state(self) -> MagnetState:
        """Get what the supply is doing; a quench seen here is latched."""

    @property
    @abstractmethod
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate [T/min]."""

    @property
    @abstractmethod
    def field_tolerance_T(self) -> float:
        """Get how close to the target a holding magnet must be [T]."""

    @abstractmethod
    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def check_rate(self, rate_T_per_min: float) -> float:
        """Return the ramp rate [T/min] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Start a ramp to a field [T]; raises LimitExceeded or Quench before any command is sent."""

    @abstractmethod
    def hold(self) -> None:
        """Stop the ramp where it is; the field stays."""

    @abstractmethod
    def rearm(self) -> None:
        """Allow ramps again after a quench; for a person who has looked at the magnet."""

    def ramp_to(
        self,
        field_T: float,
        rate_T_per_min: float | None = None,
        *,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[float], None] | None = None,
    ) -> RampOutcome:
        """Ramp to a field and wait until the magnet holds it.

        Parameters
        ----------
        field_T : float
            Where to go [T].
        rate_T_per_min : float, optional
            How fast [T/min]; the rate that is set if omitted.
        interrupt : threading.Event, optional
            When set, the magnet is told to hold and ABORTED is returned.
        on_reading : callable, optional
            Called with every field read on the way [T].

        Returns
        -------
        RampOutcome
            HOLDING: at the field. ABORTED: interrupted here, or paused by somebody else.

        Raises
        ------
        LimitExceeded
            Refused before any command was sent.
        Quench
            The supply reports a quench, or one has not been re-armed.
        Timeout
            The magnet did not arrive in time; it was told to hold.
        """
        self.check_field(field_T)
        if interrupt is not None and interrupt.is_set():
            self.hold()
            return RampOutcome.ABORTED
        began_s = self.clock.now()
        distance_T = abs(field_T - insist(lambda: self.field_T))
        self.start_ramp(field_T, rate_T_per_min)
        rate = self.ramp_rate_T_per_min if rate_T_per_min is None else rate_T_per_min
        allowed_s = self.MARGIN * 60 * distance_T / rate + self.ALLOWANCE_S
        return self._follow(field_T, began_s, allowed_s, interrupt, on_reading)

    def _follow(
        self,
        field_T: float,
        began_s: float,
        allowed_s: float,
        interrupt: threading.Event | None,
        on_reading: Callable[[float], None] | None,
    ) -> RampOutcome:
        """Poll a started ramp until it has ended one way or another."""
        poll_s = self.clock.poll_interval_s(self.POLL_S)
        while True:
            state, now_T = insist(lambda: self.state), insist(lambda: self.field_T)
            if on_reading is not None:
                on_reading(now_T)
            if state is MagnetState.QUENCH:
                raise self.quench_error()
            if self._arrived(state, now_T, field_T):
                return RampOutcome.HOLDING
            passed_s = self.clock.now() - began_s
            if passed_s > self.GRACE_S and state not in (MagnetState.RAMPING, MagnetState.HOLDING, MagnetState.AT_ZERO):
                log.warning("%s: %s at %g T on the way to %g T", self.name, state.value, now_T, field_T)
                return RampOutcome.ABORTED
            if passed_s > allowed_s:
                self.hold()
                raise Timeout(
                    f"{self.name}: not at {field_T:g} T after {passed_s:.0f} s (limit {allowed_s:.0f} s): "
                    f"{now_T:g} T, state {state.value}; told to hold. Check ramp rate and voltage limit of the supply",
                    instrument=self.name,
                )
            if self.clock.sleep(poll_s, interrupt):
                self.hold()
                return RampOutcome.ABORTED

    def _arrived(self, state: MagnetState, now_T: float, field_T: float) -> bool:
        resting = state is MagnetState.HOLDING or (state is MagnetState.AT_ZERO and field_T == 0)
        return resting and abs(now_T - field_T) <= self.field_tolerance_T

    def quench_error(self) -> Quench:
        """Return the error that says what a quench means for whoever asked for a ramp."""
        return Quench(
            f"{self.name}: quench; no ramp is sent until a person has looked at the magnet and re-armed it",
            instrument=self.name,
        )


class TemperatureController(ABC):
    """Measures a temperature and regulates it."""

    name: str
    clock: Clock

    POLL_S = 0.5

    @property
    @abstractmethod
    def temperature_K(self) -> float:
        """Measure the temperature [K]."""

    @property
    @abstractmethod
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""

    @property
    @abstractmethod
    def heater_percent(self) -> float:
        """Measure the heater output [% of the range]."""

    @abstractmethod
    def check_temperature(self, temperature_K: float) -> float:
        """Return the temperature [K] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point to a temperature [K]; raises LimitExceeded."""

    @abstractmethod
    def heater_off(self) -> None:
        """Switch the heater off; only when somebody asks for it."""

    def settle(
        self,
        temperature_K: float,
        *,
        tolerance_K: float,
        dwell_s: float,
        timeout_s: float,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[float], None] | None = None,
    ) -> bool:
        """Wait until the temperature has stayed in its band for the dwell time.

        Parameters
        ----------
        temperature_K, tolerance_K : float
            Middle and half-width of the band [K].
        dwell_s, timeout_s : float
            How long it must stay in, and after how long to give up [s].
        interrupt : threading.Event, optional
            Ends the wait when set.
        on_reading : callable, optional
            Called with every temperature read [K].

        Returns
        -------
        bool
            False if interrupted.

        Raises
        ------
        Timeout
            Not settled in time; names the last temperature, band and heater output.
        """
        if not (math.isfinite(tolerance_K) and tolerance_K > 0):
            raise ValueError(f"{self.name}: tolerance {tolerance_K!r} K must be positive")
        poll_s = self.clock.poll_interval_s(self.POLL_S)
        began_s = self.clock.now()
        in_band_since_s: float | None = None
        while interrupt is None or not interrupt.is_set():
            now_K, now_s = insist(lambda: self.temperature_K), self.clock.now()
            if on_reading is not None:
                on_reading(now_K)
            if abs(now_K - temperature_K) > tolerance_K:
                in_band_since_s = None
            elif in_band_since_s is None:
                in_band_since_s = now_s
            if in_band_since_s is not None and now_s - in_band_since_s >= dwell_s:
                return True
            if now_s - began_s > timeout_s:
                raise self._not_settled(now_K, temperature_K, tolerance_K, timeout_s)
            self.clock.sleep(poll_s, interrupt)
        return False

    def _not_settled(self, now_K: float, temperature_K: float, tolerance_K: float, timeout_s: float) -> Timeout:
        heater = insist(lambda: self.heater_percent)
        return Timeout(
            f"{self.name}: {now_K:g} K, not settled at {temperature_K:g} +- {tolerance_K:g} K within {timeout_s:g} s; "
            f"heater at {heater:g} %. Allow more time, a wider band, or another heater range",
            instrument=self.name,
        )
