"""Twin of the Oxford Instruments Mercury iTC: one sensor with its loop, and one heater."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from drivers.clock import Clock
from drivers.simulated.cryostat import Heat
from drivers.simulated.heated_stage import MINUTE_S, OxfordStageTwin
from drivers.simulated.mercury import MercuryTwin, Node, bare, on_off, shown, switch
from drivers.simulated.twin import SYNTAX

SENSOR, HEATER = "DEV:MB1.T1:TEMP", "DEV:MB0.H1:HTR"
FULL_W, HEATER_OHM, FULL_V = 5.0, 320.0, 40.0


class MercuryITCTwin(OxfordStageTwin, MercuryTwin):
    """A simulated Mercury iTC."""

    driver_name = "mercuryitc"
    model = "mercuryitc"
    ADDRESS = "TCPIP0::192.168.0.7::7020::SOCKET"
    IDENTITY = "IDN:OXFORD INSTRUMENTS:MERCURY ITC:131250012:2.6.04.000"

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, **more: Any) -> None:
        self.goal_K = 0.0
        self.closed = self.ramps = self.zones = False
        self.rate_K_per_min = 10.0
        self.voltage_limit_V, self.heater_ohm = FULL_V, HEATER_OHM
        super().__init__(clock, heat, seed, **more)

    def power_on(self) -> None:
        """Come up with the loop open and the heater off."""
        super().power_on()
        self.closed = False
        self._heat(0.0)

    def _heat(self, percent: float) -> None:
        self.percent = percent
        self._loop.reset()
        self.heat.heater_W = FULL_W * percent / 100

    # control

    def step(self, time_s: float) -> None:
        """Do what the control loop does every `period_s`."""
        left_K = self.goal_K - self.setpoint_K
        step_K = self.rate_K_per_min / MINUTE_S * self.period_s if self.ramps else math.inf
        self.setpoint_K += max(-step_K, min(step_K, left_K))
        if self.closed:
            self.percent = self._output_percent(self.heat.sensor_K)
            self.heat.heater_W = FULL_W * self.percent / 100

    # language

    def _tree(self) -> dict[str, Node]:
        loop = f"{SENSOR}:LOOP"
        return {
            f"{SENSOR}:SIG:TEMP": Node(self._temperature),
            f"{SENSOR}:SIG:VOLT": Node(lambda: shown(1e3 / (1 + self._sensor_K()), "mV")),
            f"{loop}:TSET": Node(lambda: shown(self.goal_K, "K"), self._set_setpoint),
            f"{loop}:ENAB": Node(lambda: on_off(self.closed), self._close),
            f"{loop}:HSET": Node(lambda: shown(self.percent), self._set_heater),
            f"{loop}:RSET": Node(lambda: shown(self.rate_K_per_min, "K/m"), self._number("rate_K_per_min", 1e5)),
            f"{loop}:RENA": Node(lambda: on_off(self.ramps), self._switch("ramps")),
            f"{loop}:PIDT": Node(lambda: on_off(self.zones), self._switch("zones")),
            f"{loop}:P": Node(lambda: shown(self.band_K), self._number("band_K", 199.9)),
            f"{loop}:I": Node(lambda: shown(self.integral_min), self._number("integral_min", 199.9)),
            f"{loop}:D": Node(lambda: shown(self.derivative_min), self._number("derivative_min", 299.9)),
            f"{HEATER}:SIG:VOLT": Node(lambda: shown(self._volts(), "V")),
            f"{HEATER}:SIG:CURR": Node(lambda: shown(self._volts() / self.heater_ohm, "A")),
            f"{HEATER}:SIG:POWR": Node(lambda: shown(FULL_W * self.percent / 100, "W")),
            f"{HEATER}:VLIM": Node(lambda: shown(self.voltage_limit_V), self._number("voltage_limit_V", 40)),
            f"{HEATER}:RES": Node(lambda: shown(self.heater_ohm), self._number("heater_ohm", 2000)),
            f"{HEATER}:PMAX": Node(lambda: shown(FULL_W)),
        }

    def _sensor_K(self) -> float:
        now_K = self.heat.sensor_K
        return 0.0 if math.isnan(now_K) else now_K

    def _temperature(self) -> str:
        return shown(self._noisy_K(self.heat.sensor_K), "K")

    def _volts(self) -> float:
        return math.sqrt(FULL_W * self.percent / 100 * self.heater_ohm)

    def _number(self, name: str, high: float) -> Callable[[str], None]:
        return lambda value: setattr(self, name, bare(value, 0, high))

    def _switch(self, name: str) -> Callable[[str], None]:
        return lambda value: setattr(self, name, switch(value))

    def _set_setpoint(self, value: str) -> None:
        self.goal_K = bare(value, 0, 2000)
        if not self.ramps:
            self.setpoint_K = self.goal_K

    def _close(self, value: str) -> None:
        self.closed = switch(value)
        self._loop.reset()

    def _set_heater(self, value: str) -> None:
        if self.closed:
            raise SYNTAX
        self._heat(bare(value, 0, 100))
