"""Oxford Instruments Mercury iTC temperature controller.

The set point ramps in the instrument (RSET, RENA); a computer that goes away leaves no ramp half done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Instrument, Refused
from drivers.mercury import SWITCH, Mercury, in_unit
from drivers.oxford_thermometer import JUMP_K, OxfordThermometer, OxfordThermometerSettings

BOARD = re.compile(r"(MB|DB)[0-9]\.T[0-9]")


class MercuryITC(Mercury, OxfordThermometer):
    """Oxford Instruments Mercury iTC, TCP port 7020, GPIB or RS-232, in its SCPI language."""

    driver_name = "mercuryitc"
    model = "Mercury iTC"
    IDENTITY = re.compile(r"IDN:OXFORD INSTRUMENTS:MERCURY ITC:[ -~]{0,60}$", re.IGNORECASE)
    SNAPSHOT = (
        "temperature_K", "setpoint_K", "heater_percent", "loop_closed", "ramp_rate_K_per_min",
        "proportional_band_K", "integral_time_min", "derivative_time_min", "zones_used",
    )  # fmt: skip
    PID_LIMITS = {
        "proportional_band_K": (0.0, 199.9),
        "integral_time_min": (0.0, 199.9),
        "derivative_time_min": (0.0, 299.9),
    }

    @dataclass(frozen=True)
    class Settings(OxfordThermometerSettings):
        """Which sensor, and how far.

        Attributes
        ----------
        sensor : str
            The board of the sensor of the sample, MB1.T1 or DB1.T1 to DB8.T1; its control loop is used.
        """

        sensor: str = "MB1.T1"

        def __post_init__(self) -> None:
            super().__post_init__()
            if not BOARD.fullmatch(self.sensor):
                raise ValueError(f"sensor = {self.sensor!r} is no temperature board; give one like MB1.T1 or DB8.T1")

    proportional_band_K: Any = Instrument.control(
        "LOOP:P", "LOOP:P:%.2f", """Control the proportional band [K].""", in_unit("", 0, 1e4), within=0.051
    )
    integral_time_min: Any = Instrument.control(
        "LOOP:I", "LOOP:I:%.2f", """Control the integral action time [min].""", in_unit("", 0, 1e4), within=0.051
    )
    derivative_time_min: Any = Instrument.control(
        "LOOP:D", "LOOP:D:%.2f", """Control the derivative action time [min].""", in_unit("", 0, 1e4), within=0.051
    )

    @property
    def _board(self) -> str:
        return f"DEV:{self.settings.sensor}:TEMP"

    # what it measures

    @property
    def temperature_K(self) -> float:
        """Measure the temperature [K].

        Raises
        ------
        Refused
            The reading is zero or too high, or is refused: the sensor is broken or off its curve.
        Timeout, Garbled, Lost
        """
        return self._sound(self.moving("SIG:TEMP", in_unit("K", -1, 5000), allowed=JUMP_K, per_s=self._speed_K_per_s()))

    @property
    def setpoint_K(self) -> float:
        """Get the set point; some firmware shows it on its way, some where it goes [K]."""
        return self.moving("LOOP:TSET", in_unit("K", 0, 2000), allowed=JUMP_K, per_s=self._speed_K_per_s())

    @property
    def heater_percent(self) -> float:
        """Measure the heater output [%]."""
        return self.moving("LOOP:HSET", in_unit("", 0, 100), allowed=100.0)

    @property
    def loop_closed(self) -> bool:
        """Get whether the control loop drives the heater [1]."""
        return self.query("LOOP:ENAB", SWITCH) == "ON"

    @property
    def ramp_rate_K_per_min(self) -> float:
        """Get how fast the set point moves, 0 for at once [K/min]."""
        on = self.query("LOOP:RENA", SWITCH) == "ON"
        return self._ramp_rate() if on else 0.0

    @property
    def zones_used(self) -> bool:
        """Get whether P, I and D are taken from the table of zones that the instrument has in a file [1]."""
        return self.query("LOOP:PIDT", SWITCH) == "ON"

    def _ramp_rate(self) -> float:
        return self.query("LOOP:RSET", in_unit("K/m", 0, 1e5))

    # what it is told

    def _command_ramp(self, target_K: float, rate_K_per_min: float) -> None:
        with self.lock:
            closed = self.loop_closed
            self._check_may_close(closed)
            start_K = self._start_K()
            self.send("LOOP:RENA:OFF")
            self.send(f"LOOP:TSET:{start_K:.4f}")
            self.send(f"LOOP:RSET:{rate_K_per_min:.3f}")
            self.send("LOOP:RENA:ON")
            self.send(f"LOOP:TSET:{target_K:.4f}")
            if not closed:
                self.send("LOOP:ENAB:ON")
            self._check_started(start_K, target_K, rate_K_per_min)

    def _check_started(self, start_K: float, target_K: float, rate: float) -> None:
        taken, setpoint_K, closed = self.ramp_rate_K_per_min, self.setpoint_K, self.loop_closed
        on_the_way = min(start_K, target_K) - 0.01 <= setpoint_K <= max(start_K, target_K) + 0.01
        if abs(taken - rate) > 0.01 + 1e-3 * rate or not on_the_way or not closed:
            raise Refused(
                f"{self.name}: a ramp to {target_K:g} K at {rate:g} K/min was sent, the instrument says set point "
                f"{setpoint_K:g} K, {taken:g} K/min, loop {'on' if closed else 'off'}; ask again",
                instrument=self.name,
            )

    def _command_off(self) -> None:
        self.send("LOOP:ENAB:OFF")
        self.send("LOOP:HSET:0")

    def use_zones(self, on: bool) -> None:
        """Take P, I and D from the table of zones that the instrument has in a file, or as they were set by hand."""
        with self.lock:
            self.send(f"LOOP:PIDT:{'ON' if on else 'OFF'}")
            self._check_taken("PIDT", self.zones_used == on)
