"""Oxford Instruments ITC503 temperature controller.

A ramp runs in the instrument, in its sweep table: from the present temperature to the target in the
time that the rate gives, then it stays there. A computer that goes away leaves no ramp half done.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from drivers.instrument import Instrument, LimitExceeded, Refused
from drivers.isobus import DIGITS, Isobus, number
from drivers.oxford_thermometer import JUMP_K, OxfordThermometer, OxfordThermometerSettings
from drivers.reply import Number

STEPS = 16
SETPOINT, SWEEP_MIN, HOLD_MIN = 1, 2, 3
"""Columns of the sweep table."""
LONGEST_SWEEP_MIN = 1339.9
TENTH = 0.051
"""Half of the last digit that the instrument keeps, and a little."""
ANY_SIGN = Number(0, 1e4, DIGITS)


@dataclass(frozen=True)
class Zone:
    """One line of the table that chooses PID by temperature: up to which temperature, and P, I, D."""

    up_to_K: float
    proportional_band_K: float
    integral_time_min: float
    derivative_time_min: float


class ITC503(Isobus, OxfordThermometer):
    """Oxford Instruments ITC503, GPIB, RS-232 or ISOBUS."""

    driver_name = "itc503"
    model = "ITC503"
    IDENTITY = re.compile(r"ITC ?503[ -~]{0,60}$")
    STATUS = re.compile(
        r"(?P<system>[0-9])A(?P<automatic>[0-3])C(?P<control>[0-3])S(?P<sweep>[0-9]{2})H(?P<sensor>[1-3])L(?P<zones>[01])"
    )
    SNAPSHOT = (
        "temperature_K", "setpoint_K", "heater_percent", "loop_closed", "control_sensor", "ramping",
        "proportional_band_K", "integral_time_min", "derivative_time_min", "zones_used",
    )  # fmt: skip
    PID_LIMITS = {
        "proportional_band_K": (0.0, 1677.7),
        "integral_time_min": (0.0, 140.0),
        "derivative_time_min": (0.0, 273.0),
    }

    @dataclass(frozen=True)
    class Settings(OxfordThermometerSettings):
        """Which sensor, how far, and how it is connected.

        Attributes
        ----------
        sensor : int
            1 to 3: that of the sample, which must also be the one that is regulated.
        isobus_address : int or None
            0 to 9 when several instruments share a serial wire.
        """

        sensor: int = 1
        isobus_address: int | None = None

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.sensor not in (1, 2, 3):
                raise ValueError(f"sensor = {self.sensor!r} is none of the ITC503; there are 1, 2, 3")
            if self.isobus_address not in (None, *range(10)):
                raise ValueError(f"isobus_address = {self.isobus_address!r} is none; there are 0 to 9")

    gas_percent: Any = Instrument.measurement("R7", """Get the opening of the gas valve [%].""", number(0, 100))
    proportional_band_K: Any = Instrument.control(
        "R8", "P%.1f", """Control the proportional band: full heater over gain [K].""", number(0, 1677.7), within=TENTH
    )
    integral_time_min: Any = Instrument.control(
        "R9", "I%.1f", """Control the integral action time [min].""", number(0, 140), within=TENTH
    )
    derivative_time_min: Any = Instrument.control(
        "R10", "D%.1f", """Control the derivative action time [min].""", number(0, 273), within=TENTH
    )

    # what it measures

    @property
    def temperature_K(self) -> float:
        """Measure the temperature [K].

        Raises
        ------
        Refused
            The reading is zero or too high: the instrument tells no other way that a sensor is broken.
        Timeout, Garbled, Lost
        """
        reading = self.moving(f"R{self.settings.sensor}", number(-1, 2000), allowed=JUMP_K, per_s=self._speed_K_per_s())
        return self._sound(reading)

    @property
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""
        return self.moving("R0", number(0, 2000), allowed=JUMP_K, per_s=self._speed_K_per_s())

    @property
    def heater_percent(self) -> float:
        """Measure the heater output [%]."""
        return self.moving("R5", number(0, 100), allowed=100.0)

    @property
    def loop_closed(self) -> bool:
        """Get whether the control loop drives the heater [1]."""
        return bool(int(self.status()["automatic"]) & 1)

    @property
    def control_sensor(self) -> int:
        """Get which sensor is regulated, 1 to 3 [1]."""
        return int(self.status()["sensor"])

    @property
    def ramping(self) -> bool:
        """Get whether the set point is on its way, or the sweep table still runs [1]."""
        return self.status()["sweep"] != "00"

    @property
    def zones_used(self) -> bool:
        """Get whether P, I and D are taken from the table of zones [1]."""
        return self.status()["zones"] == "1"

    # what it is told

    def _command_ramp(self, target_K: float, rate_K_per_min: float) -> None:
        """Write the way into the sweep table, in tenths of a minute, rounded up; S1 comes last."""
        with self.lock:
            automatic = self._check_ready()
            start_K = self._start_K()
            minutes = max(0.1, math.ceil(10 * abs(target_K - start_K) / rate_K_per_min - 1e-6) / 10)
            if minutes > LONGEST_SWEEP_MIN:
                raise LimitExceeded(
                    f"{self.name}: a ramp from {start_K:g} to {target_K:g} K at {rate_K_per_min:g} K/min takes "
                    f"{minutes:g} min, the instrument counts to {LONGEST_SWEEP_MIN:g}; nothing was sent. "
                    "Ask for a faster one",
                    instrument=self.name,
                )
            self.send("S0")
            self.send(f"T{start_K:.3f}")
            for step in range(1, STEPS + 1):  # the other steps lead nowhere else, in no time
                self._put("s", "r", step, SETPOINT, target_K)
                self._put("s", "r", step, SWEEP_MIN, minutes if step == 1 else 0.0)
                self._put("s", "r", step, HOLD_MIN, 0.0)
            if not automatic & 1:
                self.send(f"A{automatic | 1}")
            self.send("S1")
            self._check_started(target_K)

    def _command_off(self) -> None:
        self.send(f"A{int(self.status()['automatic']) & 2}")
        self.send("O0.0")
        self.send("S0")

    def use_zones(self, on: bool) -> None:
        """Take P, I and D from the table of zones, or as they were set by hand."""
        with self.lock:
            self.send(f"L{int(on)}")
            self._check_taken(f"L{int(on)}", self.zones_used == on)

    def zones(self) -> list[Zone]:
        """Return the table of zones."""
        with self.lock:
            return [Zone(*(self._get("q", row, column) for column in range(1, 5))) for row in range(1, STEPS + 1)]

    def write_zones(self, zones: Sequence[Zone]) -> None:
        """Write the table of zones, in the order of their temperatures, and read it back; the rest repeats the last.

        Raises
        ------
        LimitExceeded
            A value is out of its limits; nothing was sent.
        ValueError
            No zone, more than 16, or not in order.
        """
        if not 0 < len(zones) <= STEPS or list(zones) != sorted(zones, key=lambda zone: zone.up_to_K):
            raise ValueError(f"{self.name}: {len(zones)} zones; give 1 to {STEPS}, the coldest first")
        names = ("temperature_K", "proportional_band_K", "integral_time_min", "derivative_time_min")
        rows = [
            [self.check_limit(name, value) for name, value in zip(names, astuple(zone), strict=True)] for zone in zones
        ]
        rows += [rows[-1]] * (STEPS - len(rows))
        with self.lock:
            for row, values in enumerate(rows, 1):
                for column, value in enumerate(values, 1):
                    self._put("p", "q", row, column, round(value, 1))

    def _check_ready(self) -> int:
        """Return the digit of A; raises Refused unless the loop can follow a set point."""
        status = self.status()
        automatic = int(status["automatic"])
        if int(status["sensor"]) != self.settings.sensor:
            raise Refused(
                f"{self.name}: regulates sensor {status['sensor']}, not {self.settings.sensor}; set it at the front "
                "panel or correct config.yaml",
                instrument=self.name,
            )
        self._check_may_close(bool(automatic & 1))
        return automatic

    def _check_started(self, target_K: float) -> None:
        status = self.status()
        self._check_taken("A1", int(status["automatic"]) & 1)
        self._check_taken("S1", status["sweep"] != "00" or abs(self.setpoint_K - target_K) <= TENTH)

    def _get(self, letter: str, row: int, column: int) -> float:
        """Return a cell of a table."""
        self.send(f"x{row}")
        self.send(f"y{column}")
        return self.query(letter, ANY_SIGN)

    def _put(self, write: str, read: str, row: int, column: int, value: float) -> None:
        """Write a cell of a table unless it is there already, and read it back."""
        if abs(self._get(read, row, column) - value) <= 5e-4:
            return
        self.send(f"{write}{value:.3f}")
        taken = self.query(read, ANY_SIGN)
        if abs(taken - value) > TENTH:
            raise Refused(
                f"{self.name}: {value:g} was sent to line {row}, column {column} of table {write!r}, the instrument "
                f"says {taken:g}; look at its front panel, then ask again",
                instrument=self.name,
            )
