"""What a temperature controller can do, whoever made it; the one way to wait for a temperature."""

from __future__ import annotations

import collections
import logging
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from drivers.clock import Clock
from drivers.errors import Timeout
from drivers.limited import check_settings
from drivers.patience import insist

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TemperatureSettings:
    """How far and how fast; a driver adds its sensor and heater.

    Attributes
    ----------
    temperature_max_K, temperature_min_K : float
        Highest and lowest set point [K].
    ramp_rate_K_per_min, ramp_rate_max_K_per_min : float
        How fast the set point moves when nothing else is asked, and at most [K/min].
    """

    SLOWEST_K_PER_MIN: ClassVar[float] = 0.1

    temperature_max_K: float = 310.0
    temperature_min_K: float = 0.1
    ramp_rate_K_per_min: float = 10.0
    ramp_rate_max_K_per_min: float = 100.0

    def __post_init__(self) -> None:
        check_settings(
            self, positive=("temperature_max_K", "temperature_min_K", "ramp_rate_K_per_min", "ramp_rate_max_K_per_min")
        )
        if self.temperature_min_K >= self.temperature_max_K:
            raise ValueError("temperature_min_K must be below temperature_max_K")
        slowest = self.SLOWEST_K_PER_MIN
        if not slowest <= self.ramp_rate_K_per_min <= self.ramp_rate_max_K_per_min <= 100:
            raise ValueError(
                f"ramp_rate_K_per_min must be from {slowest:g} to ramp_rate_max_K_per_min, that at most 100"
            )

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest set point and ramp rate."""
        return {
            "temperature_K": (self.temperature_min_K, self.temperature_max_K),
            "ramp_rate_K_per_min": (self.SLOWEST_K_PER_MIN, self.ramp_rate_max_K_per_min),
        }


class Drift:
    """How fast a temperature moves: the slope of the straight line through the readings of the last while.

    Parameters
    ----------
    window_s : float
        How far back it looks [s].
    """

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._readings: collections.deque[tuple[float, float]] = collections.deque()

    def add(self, time_s: float, temperature_K: float) -> None:
        """Take a reading [K] of a time [s], and forget those that are too old."""
        self._readings.append((time_s, temperature_K))
        while self._readings[0][0] < time_s - self.window_s:
            self._readings.popleft()

    @property
    def rate_K_per_min(self) -> float:
        """Get the slope [K/min]; nan while there are fewer than two readings."""
        count = len(self._readings)
        if count < 2:
            return math.nan
        middle_s = sum(time_s for time_s, _ in self._readings) / count
        spread_s2 = sum((time_s - middle_s) ** 2 for time_s, _ in self._readings)
        if spread_s2 == 0:
            return math.nan
        return 60 * sum((time_s - middle_s) * kelvin for time_s, kelvin in self._readings) / spread_s2


class TemperatureController(ABC):
    """Measures a temperature and regulates it.

    Attributes
    ----------
    drift_K_per_min : float
        How fast the temperature moved in the last dwell time of `settle`, as of its latest reading [K/min]; nan before.
    """

    name: str
    clock: Clock
    drift_K_per_min: float = math.nan

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

        The drift over the last dwell time is kept in `drift_K_per_min`, up to date when `on_reading` is called, and
        is told in the log when the temperature has settled.

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
        drift = Drift(dwell_s)
        while interrupt is None or not interrupt.is_set():
            now_K, now_s = insist(lambda: self.temperature_K), self.clock.now()
            drift.add(now_s, now_K)
            self.drift_K_per_min = drift.rate_K_per_min
            if on_reading is not None:
                on_reading(now_K)
            if abs(now_K - temperature_K) > tolerance_K:
                in_band_since_s = None
            elif in_band_since_s is None:
                in_band_since_s = now_s
            if in_band_since_s is not None and now_s - in_band_since_s >= dwell_s:
                log.info("%s: settled at %g K, drift %+.2g K/min", self.name, now_K, self.drift_K_per_min)
                return True
            if now_s - began_s > timeout_s:
                raise self._not_settled(now_K, temperature_K, tolerance_K, timeout_s)
            self.clock.sleep(poll_s, interrupt)
        return False

    def _not_settled(self, now_K: float, temperature_K: float, tolerance_K: float, timeout_s: float) -> Timeout:
        heater = insist(lambda: self.heater_percent)
        return Timeout(
            f"{self.name}: {now_K:g} K, not settled at {temperature_K:g} +- {tolerance_K:g} K within {timeout_s:g} s; "
            f"heater at {heater:g} %, drift {self.drift_K_per_min:+.2g} K/min. "
            "Allow more time, a wider band, or another heater range",
            instrument=self.name,
        )
