"""What the temperature controllers of Lake Shore share; a model is a thin class with its inputs, outputs and ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pyvisa.constants import Parity

from drivers.instrument import Fields, Number, Refused, Whole, Word
from drivers.lakeshore_zones import Control, ZoneTable
from drivers.limited_roles import LimitedThermometer
from drivers.patience import insist
from drivers.temperature_controller import TemperatureSettings

SCIENTIFIC = re.compile(r"[+-][0-9]\.[0-9]{4,6}[eE][+-][0-9]{2}")
SHORT_EXPONENT = re.compile(r"[+-][0-9]{1,4}\.[0-9]{3,5}[eE][+-][0-9]")
FIXED = re.compile(r"(?=[^0-9]*(?:[0-9]\.?){5})[+-][0-9]{1,4}\.[0-9]{1,5}")
"""At least five digits: one that lost its end is as good as whole, or has too few."""
SIGNED = re.compile(r"[+-][0-9]{1,5}\.[0-9]{1,5}")
TEMPERATURES, PERCENTAGES = (SCIENTIFIC, SHORT_EXPONENT, FIXED), (SIGNED, SCIENTIFIC)
INPUT_TYPE = Word(re.compile(r"[0-9]{1,2}(?:,[0-9]{1,2}){4,5}"))
"""Of a sensor; the preferred units come last."""
KELVIN = 1
ESR_ERRORS = 4 | 16 | 32
"""Query, execution and command error in the event status register."""


@dataclass(frozen=True)
class LakeShoreSettings(TemperatureSettings):
    """Which sensor, which heater, and how far.

    Attributes
    ----------
    input, output : str, int
        The sensor, and the control output of its heater.
    heater_range : int or None
        1 and up: switched on with a ramp. None: as a person has set it.
    """

    INPUTS: ClassVar[Sequence[str]] = ("A", "B")
    OUTPUTS: ClassVar[Sequence[int]] = (1, 2)
    RANGES: ClassVar[int] = 3
    """The highest range."""

    input: str = "A"
    output: int = 1
    heater_range: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input not in self.INPUTS:
            raise ValueError(f"input = {self.input!r} is no sensor; there are {', '.join(self.INPUTS)}")
        if self.output not in self.OUTPUTS:
            raise ValueError(f"output = {self.output!r} controls no heater; there are {self.OUTPUTS!r}")
        if self.heater_range not in (None, *range(1, self.RANGES + 1)):
            raise ValueError(f"heater_range = {self.heater_range!r}; there are 1 to {self.RANGES}, the highest")


class LakeShore(ZoneTable, LimitedThermometer):
    """A temperature controller of Lake Shore, which ramps its set point by itself."""

    role = "temperature"
    READ_TERMINATION = "\r\n"
    SERIAL: ClassVar[dict[str, Any]] = {"baud_rate": 57600, "data_bits": 7, "parity": Parity.odd}
    SNAPSHOT = (
        "temperature_K", "setpoint_K", "heater_percent", "heater_range", "ramping", "ramp_rate_K_per_min",
        "gain", "reset", "derivative", "zone_number",
    )  # fmt: skip
    POWER_QUERY = "*ESR?"
    KEPT = ("gain", "reset", "derivative")
    PID_LIMITS: ClassVar[dict[str, tuple[float, float]]] = {
        "gain": (0.1, 1000.0), "reset": (0.1, 1000.0), "derivative": (0.0, 200.0),
    }  # fmt: skip
    RATE_DIGITS: ClassVar[int] = 1
    """Of a ramp rate, after the point."""
    SENSOR_STATUS: ClassVar[dict[int, str]] = {
        1: "invalid reading", 2: "old reading", 16: "below its curve", 32: "above its curve", 64: "shorted",
        128: "open",
    }  # fmt: skip
    HEATER_STATUS: ClassVar[Sequence[str]] = ("", "open", "shorted")
    MODE: ClassVar[Fields] = Fields(Whole(0, 5), Whole(0, 8), Whole(0, 1))

    # what a model with other commands says instead

    @property
    def _of_range(self) -> str:
        """Return the number of the output where range, output and state of the heater are asked for."""
        return f" {self.settings.output}"

    def _control(self) -> Control:
        mode, source, *_ = self._asked_mode()
        inputs = ("", *self.settings.INPUTS)
        sensor = inputs[source] if source < len(inputs) else ""
        return self._as_control(mode, sensor, f"has mode {mode} on input {source}")

    def _as_control(self, mode: int, sensor: str, text: str) -> Control:
        return Control(mode in (self.CLOSED_LOOP, self.ZONE_MODE), mode == self.ZONE_MODE, sensor, text)

    def _asked_mode(self) -> tuple[Any, ...]:
        return self.query(f"OUTMODE? {self.settings.output}", self.MODE)

    def _send_mode(self, mode: int) -> None:
        _, source, *rest = self._asked_mode()
        self.send(f"OUTMODE {self.settings.output},{mode},{source},{','.join(str(part) for part in rest)}")

    def _in_kelvin(self) -> bool:
        """Return whether a set point is in kelvin, not in the units of the sensor."""
        return self.query(f"INTYPE? {self.settings.input}", INPUT_TYPE).split(",")[-1] == str(KELVIN)

    def _send_range(self, number: int) -> None:
        self.send(f"RANGE {self.settings.output},{number}")

    def _check_seen(self) -> None:
        """Raise Refused if the reading of the sensor is not of now."""

    # opening

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return super()._own_limits() | self.PID_LIMITS

    def _on_open(self) -> None:
        """Learn in which form this instrument writes its numbers, each from two replies that agree."""
        self._kelvin = Number(0, 2000, self._learn(f"KRDG? {self.settings.input}", TEMPERATURES))
        self._kelvin_set = Number(0, 2000, self._learn(f"SETP? {self.settings.output}", TEMPERATURES))
        self._percent = Number(0, 100.5, self._learn(f"HTR?{self._of_range}", PERCENTAGES))

    def _learn(self, question: str, forms: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
        replies = [self.ask(question) for _ in range(2)]
        for form in forms:
            if all(form.fullmatch(reply) for reply in replies):
                return form
        raise self.garbled(question, " ".join(replies), "is no number in a form of this instrument")

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
            if not status:
                self._check_seen()
        if status:
            raise Refused(
                f"{self.name}: sensor {which} reads {reading_K:g} K with status {status} ({self._meaning(status)}); "
                "check the sensor and its wires",
                instrument=self.name,
            )
        return reading_K

    def _meaning(self, status: int) -> str:
        return ", ".join(text for bit, text in self.SENSOR_STATUS.items() if status & bit) or "unknown"

    @property
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""
        return self.query(f"SETP? {self.settings.output}", self._kelvin_set)

    @property
    def heater_percent(self) -> float:
        """Measure the heater output [% of the range]; raises Refused when the heater is open or shorted."""
        with self.lock:
            percent = self.query(f"HTR?{self._of_range}", self._percent)
            status = self.query(f"HTRST?{self._of_range}", Whole(0, len(self.HEATER_STATUS) - 1))
        if status:
            raise Refused(
                f"{self.name}: heater {self.settings.output} is {self.HEATER_STATUS[status]}; check its wires",
                instrument=self.name,
            )
        return percent

    @property
    def heater_range(self) -> int:
        """Get the heater range, 0 off, from 1 up [1]."""
        return self.query(f"RANGE?{self._of_range}", Whole(0, self.settings.RANGES))

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
        """Get I of the control loop [1]: 1000 s over the integral time, on a 372 the integral time in s."""
        return self._pid()[1]

    @property
    def derivative(self) -> float:
        """Get D of the control loop [%]; on a 372 in s."""
        return self._pid()[2]

    def _pid(self) -> tuple[float, float, float]:
        return self.query(f"PID? {self.settings.output}", Fields(*[Number(0, 10_000, SIGNED)] * 3))

    def _ramp(self) -> tuple[int, float]:
        return self.query(f"RAMP? {self.settings.output}", Fields(Whole(0, 1), Number(0, 100, SIGNED)))

    def _kept(self) -> dict[str, Any]:
        """Return what stays as it is in a run; with zones the instrument changes P, I and D by itself."""
        with self.lock:
            zones = self._control().zones
            return {"zones": zones} | ({} if zones else super()._kept())

    # what it is told

    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point from the present temperature [K] at a rate [K/min].

        Where zones are used and have a rate the ramp has theirs, which must not be faster.

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
            zones = self._check_ready(rate)
            now_K, (low_K, high_K) = self.temperature_K, self._limits["temperature_K"]
            output, ramp = self.settings.output, f"{rate:.{self.RATE_DIGITS}f}"
            self.check_power()  # which also forgets what others have left in the event status
            self.send(f"RAMP {output},0,{ramp}")
            # the ramp begins at the present temperature, or at the limit if that is outside
            self.send(f"SETP {output},{max(low_K, min(high_K, now_K)):.4f}")
            self.send(f"RAMP {output},1,{ramp}")
            self.send(f"SETP {output},{target_K:.4f}")
            self._check_taken(f"ramp to {target_K:g} K", rate)
            self._switch_heater_on(zones)

    def heater_off(self) -> None:
        """Switch the heater off and see that it is."""
        insist(lambda: self._set_range(0))

    def set_pid(self, gain: float, reset: float, derivative: float) -> None:
        """Set P, I and D of the control loop, as the instrument counts them, and read them back.

        Raises
        ------
        LimitExceeded
            Refused before anything was sent.
        Refused
            The instrument has taken others.
        """
        wanted = [self.check_limit(*pair) for pair in (("gain", gain), ("reset", reset), ("derivative", derivative))]
        with self.lock:
            self.send(f"PID {self.settings.output}," + ",".join(f"{value:.1f}" for value in wanted))
            taken = insist(self._pid)
        self._check_same("P, I, D", wanted, taken)

    # checks

    def _check_ready(self, rate_K_per_min: float) -> bool:
        """Return whether zones are used; raises Refused unless sensor, heater and loop can follow a set point."""
        control, s = self._control(), self.settings
        if not control.closed or control.sensor != s.input:
            raise Refused(
                f"{self.name}: output {s.output} {control.text}, not closed loop on {s.input}; set it at the front "
                "panel or correct config.yaml",
                instrument=self.name,
            )
        self.heater_percent  # noqa: B018  raises when the heater is open or shorted
        if s.heater_range is None and self.heater_range == 0:
            raise Refused(
                f"{self.name}: the heater is off; switch it on at the front panel or give heater_range in config.yaml",
                instrument=self.name,
            )
        if not self._in_kelvin():
            raise Refused(
                f"{self.name}: the set point of output {s.output} is not in kelvin; set the preferred units of input "
                f"{s.input} to kelvin at the front panel",
                instrument=self.name,
            )
        if control.zones:
            self._check_zone_rates(rate_K_per_min)
        return control.zones

    def _check_taken(self, what: str, rate_K_per_min: float) -> None:
        if status := self.query("*ESR?", Whole(0, 255)) & ESR_ERRORS:
            raise Refused(f"{self.name}: {what} was not accepted, event status {status}", instrument=self.name)
        on, rate = self._ramp()
        if not on or abs(rate - rate_K_per_min) > 0.51 * 10**-self.RATE_DIGITS:
            raise Refused(
                f"{self.name}: {what} at {rate_K_per_min:g} K/min was sent, the instrument says {rate:g} K/min "
                f"({'on' if on else 'off'}); ask again",
                instrument=self.name,
            )

    def _switch_heater_on(self, zones: bool) -> None:
        """Switch to the range of config.yaml; with zones only a heater that is off, the rest is the table's."""
        wanted = self.settings.heater_range
        if wanted is not None and (now := self.heater_range) != wanted and not (zones and now):
            self._set_range(wanted)

    def _set_range(self, number: int) -> None:
        with self.lock:
            self._send_range(number)
            taken = self.heater_range
        if taken != number:
            raise Refused(
                f"{self.name}: heater range {number} was sent, the instrument says {taken}; look at its front panel",
                instrument=self.name,
            )
