"""What the temperature controllers of Oxford Instruments share: no word about a broken sensor, a loop to be closed."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from drivers.errors import Refused
from drivers.instrument import Instrument
from drivers.limited import check_settings
from drivers.limited_roles import LimitedThermometer
from drivers.patience import insist
from drivers.temperature_controller import TemperatureSettings

JUMP_K = 1.0
"""How far two replies may be apart, beside what the temperature can move in between [K]."""


@dataclass(frozen=True)
class OxfordThermometerSettings(TemperatureSettings):
    """How far and how fast, and when a reading is none.

    Attributes
    ----------
    sensor_max_K : float
        Above this, as at zero, a sensor is broken or off its curve [K].
    switch_heater_on : bool
        Whether a ramp may let the control loop drive the heater; else a person does.
    """

    sensor_max_K: float = 500.0
    switch_heater_on: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, positive=("sensor_max_K",))


class OxfordThermometer(Instrument, LimitedThermometer):
    """A controller of Oxford Instruments, which ramps its set point by itself."""

    role = "temperature"
    KEPT = ("zones_used",)
    _was_closed = False
    PID_LIMITS: ClassVar[dict[str, tuple[float, float]]]

    # what a driver supplies

    @abstractmethod
    def _command_ramp(self, target_K: float, rate_K_per_min: float) -> None:
        """Check that sensor and loop are ready, send the ramp, read it back; can be said again after a lost reply."""

    @abstractmethod
    def _command_off(self) -> None:
        """Take the heater out of the loop and set it to zero."""

    @property
    @abstractmethod
    def loop_closed(self) -> bool:
        """Get whether the control loop drives the heater [1]."""

    # what follows

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return super()._own_limits() | self.PID_LIMITS

    def power_cycled(self) -> bool:
        """Return whether the control loop is open that was closed before: so it comes up after a loss of power."""
        closed, before = self.loop_closed, self._was_closed
        self._was_closed = closed
        return before and not closed

    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point from the present temperature [K] at a rate [K/min], never a faster one.

        The instrument ramps by itself: a computer that goes away leaves no ramp half done.

        Raises
        ------
        LimitExceeded
            Refused before anything was sent.
        Refused
            Sensor or control loop are not ready, or a command was not accepted.
        """
        target_K = self.check_temperature(temperature_K)
        rate = self.settings.ramp_rate_K_per_min if rate_K_per_min is None else rate_K_per_min
        rate = self.check_limit("ramp_rate_K_per_min", rate)
        insist(lambda: self._command_ramp(target_K, rate))
        self._was_closed = True

    def heater_off(self) -> None:
        """Switch the heater off and see that it is; what ramps is stopped."""
        insist(self._switch_off)

    def _switch_off(self) -> None:
        with self.lock:
            self._command_off()
            if self.loop_closed or self.heater_percent:
                raise Refused(
                    f"{self.name}: the heater was switched off, but the instrument says {self.heater_percent:g} %; "
                    "switch it off at the front panel",
                    instrument=self.name,
                )
            self._was_closed = False

    def _speed_K_per_s(self) -> float:
        """Return how fast a temperature may move: twice the fastest ramp [K/s]."""
        return self.settings.ramp_rate_max_K_per_min / 30

    def _sound(self, reading_K: float) -> float:
        """Return the reading [K] unless it is that of a broken sensor; these instruments tell no other way."""
        if not 0 < reading_K <= self.settings.sensor_max_K:
            raise Refused(
                f"{self.name}: sensor {self.settings.sensor} reads {reading_K:g} K, not from 0 to "
                f"{self.settings.sensor_max_K:g} K; check the sensor and its wires",
                instrument=self.name,
            )
        return reading_K

    def _start_K(self) -> float:
        """Return where a ramp begins: at the present temperature, or at the limit if that is outside [K]."""
        low_K, high_K = self._limits["temperature_K"]
        return max(low_K, min(high_K, self.temperature_K))

    def _check_may_close(self, closed: bool) -> None:
        """Raise Refused if the loop is open and a person is to close it."""
        if not (closed or self.settings.switch_heater_on):
            raise Refused(
                f"{self.name}: the heater is by hand, its control loop is open; close it at the front panel or give "
                "switch_heater_on in config.yaml",
                instrument=self.name,
            )

    def _check_taken(self, what: str, taken: Any) -> None:
        """Raise Refused unless what was sent has been taken."""
        if not taken:
            raise Refused(f"{self.name}: {what} was sent but has no effect; ask again", instrument=self.name)
