"""Lake Shore Model 336 temperature controller."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.instrument import Fields, Instrument, Number, Refused, Whole, check_settings
from drivers.patience import insist
from drivers.roles import TemperatureController

SCIENTIFIC = re.compile(r"[+-][0-9]\.[0-9]{4,6}[eE][+-][0-9]{2}")
FIXED = re.compile(r"(?=[^0-9]*(?:[0-9]\.?){5})[+-][0-9]{1,4}\.[0-9]{1,5}")
"""At least five digits: one that lost its end is as good as whole, or has too few."""
SIGNED = re.compile(r"[+-][0-9]{1,4}\.[0-9]{1,3}")
CLOSED_LOOP = 1
ESR_ERRORS = 4 | 16 | 32
"""Query, execution and command error in the event status register."""
POWER_ON = 128


class LakeShore336(Instrument, TemperatureController):
    """Lake Shore Model 336, TCP port 7777, USB or GPIB."""

    driver_name = "lakeshore336"
    role = "temperature"
    model = "Model 336"
    IDENTITY = re.compile(r"LSCI,MODEL336,[ -~]{0,60}$")
    READ_TERMINATION = "\r\n"
    SNAPSHOT = (
        "temperature_K", "setpoint_K", "heater_percent", "heater_range", "ramping", "ramp_rate_K_per_min",
        "gain", "reset", "derivative",
    )  # fmt: skip
    KEPT = ("gain", "reset", "derivative")

    @dataclass(frozen=True)
    class Settings:
        """Which sensor, which heater, and how far.

        Attributes
        ----------
        temperature_max_K, temperature_min_K : float
            Highest and lowest set point [K].
        ramp_rate_K_per_min, ramp_rate_max_K_per_min : float
            How fast the set point moves when nothing else is asked, and at most [K/min].
        input, output : str, int
            Sensor A to D, and the control output 1 or 2.
        heater_range : int or None
            1 low, 2 medium, 3 high: switched on with a ramp. None: as a person has set it.
        """

        temperature_max_K: float = 310.0
        temperature_min_K: float = 0.1
        ramp_rate_K_per_min: float = 10.0
        ramp_rate_max_K_per_min: float = 100.0
        input: str = "A"
        output: int = 1
        heater_range: int | None = None

        def __post_init__(self) -> None:
            check_settings(
                self,
                positive=("temperature_max_K", "temperature_min_K", "ramp_rate_K_per_min", "ramp_rate_max_K_per_min"),
            )
            if self.temperature_min_K >= self.temperature_max_K:
                raise ValueError("temperature_min_K must be below temperature_max_K")
            if not 0.1 <= self.ramp_rate_K_per_min <= self.ramp_rate_max_K_per_min <= 100:
                raise ValueError("ramp_rate_K_per_min must be from 0.1 to ramp_rate_max_K_per_min, that at most 100")
            if self.input not in ("A", "B", "C", "D"):
                raise ValueError(f"input = {self.input!r} is no sensor; there are A, B, C, D")
            if self.output not in (1, 2):
                raise ValueError(f"output = {self.output!r} controls no heater; there are 1 and 2")
            if self.heater_range not in (None, 1, 2, 3):
                raise ValueError(f"heater_range = {self.heater_range!r}; there are 1 low, 2 medium, 3 high")

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s = self.settings
        return {
            "temperature_K": (s.temperature_min_K, s.temperature_max_K),
            "ramp_rate_K_per_min": (0.1, s.ramp_rate_max_K_per_min),
        }

    def _on_open(self) -> None:
        """Learn in which of two forms this instrument writes a temperature, from two replies that agree."""
        replies = [self.ask(f"KRDG? {self.settings.input}") for _ in range(2)]
        for form in (SCIENTIFIC, FIXED):
            if all(form.fullmatch(reply) for reply in replies):
                self._kelvin = Number(0, 2000, form)
                return
        raise self.garbled(f"KRDG? {self.settings.input}", " ".join(replies), "is no temperature")

    # what it measures

    @property
    def temperature_K(self) -> float:
        """Measure the temperature [K]; the sensor's status is asked for in the same transaction.

        Raises
        ------
        Refused
            The sensor is open, shorted, or out of the range of its curve.
        Timeout, Garbled, Lost
        """
        which = self.settings.input
        with self.lock:
            reading_K = self.query(f"KRDG? {which}", self._kelvin)
            status = self.query(f"RDGST? {which}", Whole(0, 255))
        if status:
            raise Refused(
                f"{self.name}: sensor {which} reads {reading_K:g} K with status {status} ({_meaning(status)}); "
                "check the sensor and its wires",
                instrument=self.name,
            )
        return reading_K

    @property
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""
        return self.query(f"SETP? {self.settings.output}", self._kelvin)

    @property
    def heater_percent(self) -> float:
        """Measure the heater output [% of the range]; raises Refused when the heater is open or shorted."""
        output = self.settings.output
        with self.lock:
            percent = self.query(f"HTR? {output}", Number(0, 100.5, SIGNED))
            status = self.query(f"HTRST? {output}", Whole(0, 2))
        if status:
            raise Refused(
                f"{self.name}: heater {output} is {'open' if status == 1 else 'shorted'}; check its wires",
                instrument=self.name,
            )
        return percent

    @property
    def heater_range(self) -> int:
        """Get the heater range, 0 off, 1 low, 2 medium, 3 high [1]."""
        return self.query(f"RANGE? {self.settings.output}", Whole(0, 3))

    @property
    def ramping(self) -> bool:
        """Get whether the set point is on its way [1]."""
        return bool(self.query(f"RAMPST? {self.settings.output}", Whole(0, 1)))

    @property
    def ramp_rate_K_per_min(self) -> float:
        """Get how fast the set point moves, 0 for at once [K/min]."""
        on, rate = self._ramp()
        return rate if on else 0.0

    @property
    def gain(self) -> float:
        """Get P of the control loop [1]."""
        return self._pid()[0]

    @property
    def reset(self) -> float:
        """Get I of the control loop [1]; the integral time is 1000 s / I."""
        return self._pid()[1]

    @property
    def derivative(self) -> float:
        """Get D of the control loop [%]."""
        return self._pid()[2]

    def _pid(self) -> tuple[float, float, float]:
        return self.query(f"PID? {self.settings.output}", Fields(*[Number(0, 1000, SIGNED)] * 3))

    def _ramp(self) -> tuple[int, float]:
        return self.query(f"RAMP? {self.settings.output}", Fields(Whole(0, 1), Number(0, 100, SIGNED)))

    def power_cycled(self) -> bool:
        """Return whether the event status has had its power-on bit since it was read last."""
        return bool(self.query("*ESR?", Whole(0, 255)) & POWER_ON)

    def check_temperature(self, temperature_K: float) -> float:
        """Return the temperature [K] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("temperature_K", temperature_K)

    # what it is told

    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point from the present temperature [K] at a rate [K/min].

        Raises
        ------
        LimitExceeded
            Refused before anything was sent.
        Refused
            Sensor, heater or control loop are not ready, or a command was not accepted.
        """
        target_K = self.check_temperature(temperature_K)
        rate = self.settings.ramp_rate_K_per_min if rate_K_per_min is None else rate_K_per_min
        rate = self.check_limit("ramp_rate_K_per_min", rate)
        insist(lambda: self._command_ramp(target_K, rate))

    def _command_ramp(self, target_K: float, rate: float) -> None:
        """Say it all; it can be said again from the start after a lost reply."""
        with self.lock:
            self._check_ready()
            now_K, (low_K, high_K) = self.temperature_K, self._limits["temperature_K"]
            output = self.settings.output
            self.check_power()  # which also forgets what others have left in the event status
            self.send(f"RAMP {output},0,{rate:.1f}")
            # the ramp begins at the present temperature, or at the limit if that is outside
            self.send(f"SETP {output},{max(low_K, min(high_K, now_K)):.4f}")
            self.send(f"RAMP {output},1,{rate:.1f}")
            self.send(f"SETP {output},{target_K:.4f}")
            self._check_taken(f"ramp to {target_K:g} K", rate)
            self._switch_heater_on()

    def heater_off(self) -> None:
        """Switch the heater off and see that it is."""
        self._set_range(0)

    def _check_ready(self) -> None:
        """Raise unless sensor, heater and loop can follow a set point."""
        mode, source, _ = self.query(f"OUTMODE? {self.settings.output}", Fields(Whole(0, 5), Whole(0, 8), Whole(0, 1)))
        if mode != CLOSED_LOOP or source != "ABCD".index(self.settings.input) + 1:
            raise Refused(
                f"{self.name}: output {self.settings.output} has mode {mode} on input {source}, not closed loop on "
                f"{self.settings.input}; set it at the front panel or correct config.yaml",
                instrument=self.name,
            )
        self.heater_percent  # noqa: B018  raises when the heater is open or shorted
        if self.settings.heater_range is None and self.heater_range == 0:
            raise Refused(
                f"{self.name}: the heater is off; switch it on at the front panel or give heater_range in config.yaml",
                instrument=self.name,
            )

    def _check_taken(self, what: str, rate_K_per_min: float) -> None:
        if status := self.query("*ESR?", Whole(0, 255)) & ESR_ERRORS:
            raise Refused(f"{self.name}: {what} was not accepted, event status {status}", instrument=self.name)
        on, rate = self._ramp()
        if not on or abs(rate - rate_K_per_min) > 0.051:
            raise Refused(
                f"{self.name}: {what} at {rate_K_per_min:g} K/min was sent, the instrument says {rate:g} K/min "
                f"({'on' if on else 'off'}); ask again",
                instrument=self.name,
            )

    def _switch_heater_on(self) -> None:
        wanted = self.settings.heater_range
        if wanted is not None and self.heater_range != wanted:
            self._set_range(wanted)

    def _set_range(self, number: int) -> None:
        with self.lock:
            self.send(f"RANGE {self.settings.output},{number}")
            taken = self.heater_range
        if taken != number:
            raise Refused(
                f"{self.name}: heater range {number} was sent, the instrument says {taken}; look at its front panel",
                instrument=self.name,
            )


def _meaning(status: int) -> str:
    bits = {1: "invalid reading", 16: "below its curve", 32: "above its curve", 64: "shorted", 128: "open"}
    return ", ".join(text for bit, text in bits.items() if status & bit) or "unknown"
