"""What a temperature controller can do, whoever made it; the one way to wait for a temperature."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from drivers.clock import Clock
from drivers.errors import Timeout
from drivers.patience import insist


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
