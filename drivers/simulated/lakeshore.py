"""What the twins of Lake Shore's temperature controllers share: ramping set point, PID, zones, sensor status."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.simulated.cryostat import Heat, SensorFault
from drivers.simulated.event_status import EventStatusTwin
from drivers.simulated.heated_stage import StageTwin
from drivers.simulated.twin import ARGUMENT, Field, Setting, number, on

OFF, CLOSED, ZONE, OPEN = "off", "closed loop", "zone", "open loop"
ZONES = 10
ANY, FLAG = Field(0.0, shown="%g"), Field(0, 0, 1)


def loops(
    outputs: Sequence[str], *, pid: tuple[float, float, float] = (10.0, 100.0, 0.0),
    most: tuple[float, float, float] = (1000, 1000, 200), least: float = 0.1,
    shown: str = "%+.1f", rate_shown: str = "%+.1f",
) -> tuple[Setting, ...]:  # fmt: skip
    """Return what every control loop remembers: PID as it is tuned for this cryostat, ramp, manual output."""
    gain, reset, derivative = (
        Field(start, low, high, shown) for start, low, high in zip(pid, (least, least, 0), most, strict=True)
    )
    return (
        Setting("PID", gain, reset, derivative, keys=outputs),
        Setting("RAMP", FLAG, Field(10.0, 0, 100, rate_shown), keys=outputs),
        Setting("MOUT", Field(0.0, 0, 100, "%+.2f"), keys=outputs),
    )


def sensors(inputs: Sequence[str]) -> tuple[Setting, ...]:
    """Return what every input remembers beside its type: curve, filter, alarm."""
    return (
        Setting("INCRV", Field(21, 0, 59), keys=inputs),
        Setting("FILTER", FLAG, Field(8, 1, 200), Field(10, 1, 80), keys=inputs),
        Setting(
            "ALARM", FLAG, Field(1000.0, shown="%+.4E"), Field(0.0, shown="%+.4E"), Field(0.0, shown="%+.4E"),
            FLAG, FLAG, FLAG, keys=inputs,
        ),
    )  # fmt: skip


COMMON = (
    Setting("*ESE", Field(0, 0, 255)), Setting("*SRE", Field(0, 0, 255)), Setting("MODE", Field(1, 0, 2)),
    Setting("LOCK", FLAG, Field(123, 0, 999)), Setting("BRIGT", Field(2, 0, 100)), Setting("IEEE", Field(12, 0, 30)),
    Setting("RELAY", Field(0, 0, 5), Field("A", shown="%s"), Field(0, 0, 2), keys="12"),
)  # fmt: skip
ETHERNET = (
    Setting("OPSTE", Field(0, 0, 255)), Setting("LEDS", Field(1, 0, 1)), Setting("INTSEL", Field(1, 0, 1)),
    Setting("WEBLOG", Field("user", shown="%-15s"), Field("", shown="%-15s")),
)  # fmt: skip
NAMES_AND_LIMITS = (Field("Input", shown="%-15s"), Field(0.0, 0, 1e4, "%+.4E"))
"""Name of an input, and the temperature above which all outputs are shut."""


class LakeShoreTwin(StageTwin, EventStatusTwin):
    """A simulated temperature controller of Lake Shore."""

    READ_TERMINATION = "\r\n"
    INPUTS: ClassVar[Sequence[str]] = "AB"
    OUTPUTS: ClassVar[Sequence[str]] = "12"
    HEATED_INPUT: ClassVar[str] = "A"
    HEATER: ClassVar[str] = "1"
    """The input with the sensor of the stage, and the output with its heater; nothing else is connected."""
    RANGE_KEY: ClassVar[str] = "1"
    """Which range is the heater's; empty if the instrument has one only and takes no output number."""
    RANGES_W: ClassVar[Sequence[float]] = (0.0, 0.5, 5.0, 50.0)
    """Off and up."""
    READING: ClassVar[str] = "%+.4E"
    """How it writes a temperature."""
    PERCENT: ClassVar[str] = "%+06.1f"
    STATUS: ClassVar[str] = "%d"
    SHORTED, OPENED = 64, 128
    """Status of a reading with such a sensor."""
    ZONE_FIELDS: ClassVar[tuple[Field, ...]] = (
        Field(0.0, 0, 1500, "%+.3f"), Field(10.0, 0, 1000, "%+.1f"), Field(100.0, 0, 1000, "%+.1f"),
        Field(0.0, 0, 200, "%+.1f"), Field(0.0, 0, 100, "%+.2f"), Field(0, 0, 8), Field(0, 0, 8),
        Field(0.1, 0, 100, "%+.1f"),
    )  # fmt: skip
    """Up to [K], P, I, D, manual output [%], range, and what the model has besides."""
    ZONE_RATE: ClassVar[int] = 7
    """Where in such a line the ramp rate is; 0 if there is none."""

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, **more: Any) -> None:
        self.setpoint_K = dict.fromkeys(self.OUTPUTS, 0.0)
        self.goal_K = dict.fromkeys(self.OUTPUTS, 0.0)
        self.zones: dict[tuple[str, int], list[Any]] = {
            (output, zone): [field.start for field in self.ZONE_FIELDS]
            for output in self.OUTPUTS
            for zone in range(1, ZONES + 1)
        }
        super().__init__(clock, heat, seed, **more)

    def power_on(self) -> None:
        """Come up with the heaters off, set points and zones where they were."""
        super().power_on()
        self._switch_off()

    def _switch_off(self) -> None:
        for head, key in self.values:
            if head == "RANGE":
                self.values[head, key] = [0]
        self.percent = 0.0
        self._loop.reset()
        self.heat.heater_W = 0.0

    # what a model says of itself

    def _mode(self) -> str:
        """Return how the heater is controlled: one of OFF, CLOSED, ZONE, OPEN, or what is none of these."""
        return {0: OFF, 1: CLOSED, 2: ZONE, 3: OPEN}.get(int(self.values["OUTMODE", self.HEATER][0]), "")

    def _source(self) -> str:
        """Return the input on which the heater is controlled."""
        number = int(self.values["OUTMODE", self.HEATER][1])
        return self.INPUTS[number - 1] if 1 <= number <= len(self.INPUTS) else ""

    def _terms(self) -> tuple[float, float, float]:
        """Return P [%/K], one over the integral time [1/s] and the derivative time [s]."""
        gain, reset, derivative = self.values["PID", self.HEATER]
        return gain, reset / 1000, derivative / 100

    # control

    def step(self, time_s: float) -> None:
        """Do what the control loop does every `period_s`."""
        for output in self.OUTPUTS:
            self._move_setpoint(output)
        self._watch_limit()
        self._take_zone()
        full_W = self.RANGES_W[int(self.value("RANGE", self.RANGE_KEY))]
        if not full_W or self._mode() not in (CLOSED, ZONE, OPEN):
            self.percent = 0.0
            self._loop.reset()
        elif self._mode() == OPEN:
            self.percent = self.value("MOUT", self.HEATER)
        else:
            self.percent = self._closed_loop()
        self.heat.heater_W = full_W * self.percent / 100

    def _move_setpoint(self, output: str) -> None:
        ramping, rate_K_per_min = self.values["RAMP", output]
        if output == self.HEATER and self.ZONE_RATE and (zone := self._zone_now()):
            rate_K_per_min = zone[self.ZONE_RATE]
        left_K = self.goal_K[output] - self.setpoint_K[output]
        step_K = rate_K_per_min / 60 * self.period_s if ramping and rate_K_per_min else math.inf
        self.setpoint_K[output] += max(-step_K, min(step_K, left_K))

    def _watch_limit(self) -> None:
        limit_K = self.values.get(("TLIMIT", self.HEATED_INPUT), [0.0])[0]
        if 0 < limit_K < self.heat.sensor_K:
            self._switch_off()

    def _take_zone(self) -> None:
        """Take PID and range from the lowest zone that reaches the set point; a heater that is off stays off."""
        if zone := self._zone_now():
            self.values["PID", self.HEATER] = zone[1:4]
            if self.value("RANGE", self.RANGE_KEY):
                self.values["RANGE", self.RANGE_KEY] = [zone[5]]

    def _zone_now(self) -> list[Any] | None:
        """Return the line of the table of zones that is in use."""
        if self._mode() != ZONE:
            return None
        table = (self.zones[self.HEATER, number] for number in range(1, ZONES + 1))
        return next((line for line in table if line[0] and self.setpoint_K[self.HEATER] <= line[0]), None)

    def _closed_loop(self) -> float:
        """Return the output [%]; without a reading there is none."""
        now_K = self._true_K(self.HEATED_INPUT)
        if math.isnan(now_K) or self._source() != self.HEATED_INPUT:
            return 0.0
        gain, integral, derivative = self._terms()
        return self._loop.output_percent(
            self.setpoint_K[self.HEATER] - now_K, self.period_s,
            gain_percent_per_K=gain, integral_per_s=integral, derivative_s=derivative,
        )  # fmt: skip

    def _true_K(self, which: str) -> float:
        """Return what an input sees, without noise [K]; nan where nothing is connected."""
        return self.heat.sensor_K if which == self.HEATED_INPUT else math.nan

    # language

    @on("*RST")
    def _reset(self) -> None:
        self.power_on()

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("*STB?", "*TST?", "OPST?", "OPSTR?")
    def _quiet_status(self) -> str:
        return "0"

    @on("*OPC", "*WAI", "EMUL")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("KRDG?")
    def _kelvin(self, which: str = "") -> str:
        return self._each(which, 0.0)

    @on("CRDG?")
    def _celsius(self, which: str = "") -> str:
        return self._each(which, -273.15)

    @on("SRDG?")
    def _sensor(self, which: str = "") -> str:
        return self._each(which, 0.0)

    def _each(self, which: str, offset_K: float) -> str:
        """Return one reading, or with 0 those of all inputs."""
        inputs = self.INPUTS if which == "0" else (self._input(which),)
        return ",".join(self.READING % (self._reading_K(one) + offset_K) for one in inputs)

    def _input(self, which: str) -> str:
        which = which.upper() or self.INPUTS[0]
        if which not in self.INPUTS:
            raise ARGUMENT
        return which

    def _output(self, output: str) -> str:
        if not output or output not in self.OUTPUTS:
            raise ARGUMENT
        return output

    def _reading_K(self, which: str) -> float:
        return self._noisy_K(self._true_K(which))

    @on("RDGST?")
    def _reading_status(self, which: str = "") -> str:
        if not math.isnan(self._true_K(self._input(which))):
            return self.STATUS % 0
        shorted = self._input(which) == self.HEATED_INPUT and self.heat.sensor_fault is SensorFault.SHORTED
        return self.STATUS % (self.SHORTED if shorted else self.OPENED)

    @on("MDAT?")
    def _extremes(self, which: str = "") -> str:
        reading = self._each(self._input(which), 0.0)
        return f"{reading},{reading}"

    @on("SETP?")
    def _setpoint(self, output: str = "") -> str:
        return self.READING % self.setpoint_K[self._output(output or self.HEATER)]

    @on("SETP")
    def _set_setpoint(self, output: str, value: str) -> None:
        self.goal_K[self._output(output)] = number(value, 0, 1505)
        if not self.values["RAMP", output][0]:
            self.setpoint_K[output] = self.goal_K[output]

    @on("RAMPST?")
    def _ramp_status(self, output: str = "") -> str:
        output = self._output(output or self.HEATER)
        return str(int(self.setpoint_K[output] != self.goal_K[output]))

    @on("HTR?")
    def _heater(self, output: str = "") -> str:
        shown = self.percent if self._output(output or self.HEATER) == self.HEATER else 0.0
        return self.PERCENT % shown

    @on("HTRST?")
    def _heater_status(self, output: str = "") -> str:
        return "0" if self._output(output or self.HEATER) else ""

    @on("ZONE?")
    def _zone(self, output: str, zone: str) -> str:
        values = self.zones[self._output(output), self._zone_number(zone)]
        return ",".join(field.shown % value for field, value in zip(self.ZONE_FIELDS, values, strict=True))

    @on("ZONE")
    def _set_zone(self, output: str, zone: str, *values: str) -> None:
        key = self._output(output), self._zone_number(zone)
        if not 1 <= len(values) <= len(self.ZONE_FIELDS):
            raise ARGUMENT
        read: list[Any] = [field.read(text) for field, text in zip(self.ZONE_FIELDS, values, strict=False)]
        self.zones[key][: len(read)] = read

    def _zone_number(self, zone: str) -> int:
        return int(number(zone, 1, ZONES))

    @on("CRVHDR?")
    def _curve_header(self, curve: str) -> str:
        number(curve, 1, 59)
        return "CX-1050-SD-HT,X12345,4,+325.000,1"

    @on("CRVPT?")
    def _curve_point(self, curve: str, index: str) -> str:
        number(curve, 1, 59)
        return f"{3.9 - 0.01 * number(index, 1, 200):+.5f},{1.4 * 1.02 ** number(index, 1, 200):+.4f}"

    @on("ALARMST?")
    def _alarm_status(self, which: str) -> str:
        return "0,0" if self._input(which) else ""

    @on("RELAYST?")
    def _relay_status(self, relay: str) -> str:
        return "0" if number(relay, 1, 2) else ""

    @on("AOUT?")
    def _analog_output(self, output: str = "") -> str:
        return "+00.000" if self._output(output or self.HEATER) else ""
