"""Twin of the Lake Shore Model 336: ramping set point, PID with heater range and saturation, sensor status."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.cryostat import Heat, SensorFault
from drivers.simulated.twin import ARGUMENT, OUT_OF_RANGE, Field, NotUnderstood, Setting, Twin, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

INPUTS, OUTPUTS = "ABCD", "1234"
HEATED_INPUT, HEATER = "A", "1"
"""The input with the sensor of the stage, and the output with its heater; nothing else is connected."""
RANGE_W = (0.0, 0.5, 5.0, 50.0)
"""Off, low, medium, high into 50 ohm."""
CLOSED_LOOP, OPEN_LOOP = 1, 3
UNITS_ZERO, UNITS_OVER = 64, 128


class LakeShore336Twin(Twin):
    """A simulated Model 336.

    Parameters
    ----------
    heat : Heat
        The stage with its sensor and heater. Something must call `step` every `period_s`.
    noise : float
        Scatter of the reading over the temperature.
    """

    driver_name = "lakeshore336"
    model = "lakeshore336"
    ADDRESS = "TCPIP0::192.168.0.6::7777::SOCKET"
    READ_TERMINATION = "\r\n"
    PERIOD_S = (0.1, 0.2)
    IDENTITY = "LSCI,MODEL336,LSA1234/#######,1.0"
    SETTINGS = (
        Setting("RANGE", Field(0, 0, 3), keys=OUTPUTS),
        Setting("MOUT", Field(0.0, 0, 100, "%+.2f"), keys=OUTPUTS),
        Setting(
            "PID", Field(10.0, 0.1, 1000, "%+.1f"), Field(100.0, 0.1, 1000, "%+.1f"), Field(0.0, 0, 200, "%+.1f"),
            keys=OUTPUTS,
        ),
        Setting("RAMP", Field(0, 0, 1), Field(10.0, 0, 100, "%+.1f"), keys=OUTPUTS),
        Setting("OUTMODE", Field(CLOSED_LOOP, 0, 5), Field(1, 0, 8), Field(0, 0, 1), keys=OUTPUTS),
        Setting(
            "HTRSET", Field(0, 0, 1), Field(1, 1, 2), Field(2, 0, 4), Field(0.0, 0, 2, "%+.3f"), Field(1, 1, 2),
            keys=OUTPUTS,
        ),
        Setting("INTYPE", Field(3, 0, 5), Field(1, 0, 1), Field(6, 0, 8), Field(1, 0, 1), Field(1, 1, 3), keys=INPUTS),
        Setting("INCRV", Field(21, 0, 59), keys=INPUTS),
        Setting("INNAME", Field("Input", shown="%-15s"), keys=INPUTS),
        Setting("TLIMIT", Field(0.0, 0, 1e4, "%+.4E"), keys=INPUTS),
    )  # fmt: skip

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, *, noise: float = 5e-5) -> None:
        self.heat, self.noise = heat, noise
        self._random = random.Random(seed)  # noqa: S311  no secret
        self.setpoint_K = dict.fromkeys(OUTPUTS, 0.0)
        self.goal_K = dict.fromkeys(OUTPUTS, 0.0)
        self.percent = 0.0
        self._integral_Ks = 0.0
        self._last_error_K = 0.0
        self._events = 0
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> LakeShore336Twin:
        """Return one that is connected to the stage of the cryostat."""
        return cls(rack.clock, rack.cryostat.heat, seed)

    def power_on(self) -> None:
        """Come up with the heaters off, set points where they were."""
        super().power_on()
        self._events = 128
        self._switch_off()

    def _switch_off(self) -> None:
        for output in OUTPUTS:
            self.values["RANGE", output] = [0]
        self.percent = self._integral_Ks = 0.0
        self.heat.heater_W = 0.0

    def refuse(self, trouble: NotUnderstood) -> None:
        """Set the bit of the event status: execution error, or command error."""
        self._events |= 16 if trouble is OUT_OF_RANGE else 32

    # control

    def step(self, time_s: float) -> None:
        """Do what the control loop does every `period_s`."""
        for output in OUTPUTS:
            self._move_setpoint(output)
        self._watch_limit()
        full_W = RANGE_W[int(self.value("RANGE", HEATER))]
        mode = self.values["OUTMODE", HEATER][0]
        if not full_W or mode not in (CLOSED_LOOP, OPEN_LOOP):
            self.percent = self._integral_Ks = 0.0
        elif mode == OPEN_LOOP:
            self.percent = self.value("MOUT", HEATER)
        else:
            self.percent = self._closed_loop()
        self.heat.heater_W = full_W * self.percent / 100

    def _move_setpoint(self, output: str) -> None:
        ramping, rate_K_per_min = self.values["RAMP", output]
        left_K = self.goal_K[output] - self.setpoint_K[output]
        step_K = rate_K_per_min / 60 * self.period_s if ramping and rate_K_per_min else math.inf
        self.setpoint_K[output] += max(-step_K, min(step_K, left_K))

    def _watch_limit(self) -> None:
        limit_K, now_K = self.value("TLIMIT", HEATED_INPUT), self.heat.sensor_K
        if 0 < limit_K < now_K:
            self._switch_off()

    def _closed_loop(self) -> float:
        """Return the output [%]; the integral stands still while the heater is at its end."""
        gain, reset, derivative = self.values["PID", HEATER]
        now_K = self.heat.sensor_K
        if math.isnan(now_K) or self.values["OUTMODE", HEATER][1] != INPUTS.index(HEATED_INPUT) + 1:
            return 0.0
        error_K = self.setpoint_K[HEATER] - now_K
        slope_K_per_s = (error_K - self._last_error_K) / self.period_s
        self._last_error_K = error_K
        integral_Ks = self._integral_Ks + error_K * self.period_s
        wanted = gain * (error_K + reset / 1000 * integral_Ks + derivative / 100 * slope_K_per_s)
        if 0 < wanted < 100 or (wanted >= 100) == (error_K < 0):
            self._integral_Ks = integral_Ks
        return max(0.0, min(100.0, wanted))

    # language

    @on("*IDN?")
    def _identity(self) -> str:
        return self.IDENTITY

    @on("*ESR?")
    def _event_status(self) -> str:
        events, self._events = self._events, 0
        return str(events)

    @on("*CLS")
    def _clear(self) -> None:
        self._events = 0

    @on("*RST")
    def _reset(self) -> None:
        self.power_on()

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("*STB?", "*TST?", "OPST?", "OPSTR?")
    def _quiet_status(self) -> str:
        return "0"

    @on("*ESE", "*SRE", "*OPC", "*WAI", "OPSTE", "MODE", "LOCK", "BRIGT")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("KRDG?")
    def _kelvin(self, which: str = HEATED_INPUT) -> str:
        return self._each(which, 0.0)

    @on("CRDG?")
    def _celsius(self, which: str = HEATED_INPUT) -> str:
        return self._each(which, -273.15)

    @on("SRDG?")
    def _sensor(self, which: str = HEATED_INPUT) -> str:
        return self._each(which, 0.0)

    def _each(self, which: str, offset_K: float) -> str:
        inputs = INPUTS if which == "0" else which.upper()
        if inputs not in (*INPUTS, INPUTS):
            raise ARGUMENT
        return ",".join(f"{self._reading_K(one) + offset_K:+.4E}" for one in inputs)

    def _reading_K(self, which: str) -> float:
        now_K = self.heat.sensor_K if which == HEATED_INPUT else math.nan
        return 0.0 if math.isnan(now_K) else now_K * (1 + self.noise * self._random.gauss(0, 1))

    @on("RDGST?")
    def _reading_status(self, which: str = HEATED_INPUT) -> str:
        if which.upper() not in INPUTS:
            raise ARGUMENT
        if which.upper() == HEATED_INPUT and self.heat.sensor_fault in (SensorFault.NONE, SensorFault.FROZEN):
            return "0"
        shorted = which.upper() == HEATED_INPUT and self.heat.sensor_fault is SensorFault.SHORTED
        return str(UNITS_ZERO if shorted else UNITS_OVER)

    @on("SETP?")
    def _setpoint(self, output: str = HEATER) -> str:
        return f"{self.setpoint_K[_known(output)]:+.4E}"

    @on("SETP")
    def _set_setpoint(self, output: str, value: str) -> None:
        self.goal_K[_known(output)] = number(value, 0, 1505)
        if not self.values["RAMP", output][0]:
            self.setpoint_K[output] = self.goal_K[output]

    @on("RAMPST?")
    def _ramp_status(self, output: str = HEATER) -> str:
        return str(int(self.setpoint_K[_known(output)] != self.goal_K[output]))

    @on("HTR?")
    def _heater(self, output: str = HEATER) -> str:
        return f"{self.percent if _known(output) == HEATER else 0.0:+06.1f}"

    @on("HTRST?")
    def _heater_status(self, output: str = HEATER) -> str:
        return "0" if _known(output) else ""

    @on("CRVHDR?")
    def _curve_header(self, curve: str) -> str:
        number(curve, 1, 59)
        return "CX-1050-SD-HT,X12345,4,+325.000,1"


def _known(output: str) -> str:
    if output not in OUTPUTS or not output:
        raise ARGUMENT
    return output
