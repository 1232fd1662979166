"""Instruments that answer at once, for tests and benchmarks of what lies above them."""

from __future__ import annotations

import math
from collections.abc import Callable

from drivers.clock import SteppedClock
from drivers.roles import LockIn, LockInReading, MagnetState, MagnetSupply, RampOutcome, TemperatureController
from procedures.rig import Rig


class StubMagnet(MagnetSupply):
    name = "magnet"
    field_tolerance_T = 1e-6
    ramp_rate_T_per_min = 1.0

    def __init__(self, clock):
        self.clock = clock
        self.log: list[str] = []
        self.on_ramp: Callable[[float], RampOutcome] | None = None
        self._field = 0.0
        self._state = MagnetState.HOLDING

    @property
    def field_T(self):
        return self._field

    @property
    def target_T(self):
        return self._field

    @property
    def state(self):
        return self._state

    def check_field(self, field_T):
        if not abs(field_T) <= 1.0:
            raise ValueError(f"magnet: {field_T} T is outside +-1 T")
        return field_T

    def check_rate(self, rate_T_per_min):
        if not 0 < rate_T_per_min <= 2:
            raise ValueError(f"magnet: {rate_T_per_min} T/min is outside 0 to 2 T/min")
        return rate_T_per_min

    def start_ramp(self, field_T, rate_T_per_min=None):
        self.log.append(f"ramp {field_T:g}")
        self._field = field_T

    def hold(self):
        self.log.append("hold")

    def rearm(self):
        self.log.append("rearm")

    def ramp_to(self, field_T, rate_T_per_min=None, *, interrupt=None, on_reading=None):
        self.start_ramp(field_T)
        return self.on_ramp(field_T) if self.on_ramp else RampOutcome.HOLDING


class StubThermometer(TemperatureController):
    name = "thermometer"
    heater_percent = 10.0

    def __init__(self, clock):
        self.clock = clock
        self.log: list[str] = []
        self._temperature = 4.0

    @property
    def temperature_K(self):
        return self._temperature

    @property
    def setpoint_K(self):
        return self._temperature

    def check_temperature(self, temperature_K):
        if not 0 < temperature_K <= 300:
            raise ValueError(f"thermometer: {temperature_K} K is outside 0 to 300 K")
        return temperature_K

    def start_ramp(self, temperature_K, rate_K_per_min=None):
        self.log.append(f"ramp {temperature_K:g}")
        self._temperature = temperature_K

    def heater_off(self):
        self.log.append("heater off")


class StubLockIn(LockIn):
    time_constant_s = 0.1
    filter_stages = 4
    sensitivity_V = 1e-3
    frequency_Hz = 17.0

    def __init__(self, name, clock, signal: Callable[[], LockInReading]):
        self.name = name
        self.clock = clock
        self.signal = signal
        self._oscillator = 0.0

    @property
    def oscillator_V(self):
        return self._oscillator

    @oscillator_V.setter
    def oscillator_V(self, value):
        self._oscillator = value

    def check_oscillator(self, volts):
        if not 0.004 <= volts <= 5:
            raise ValueError(f"{self.name}: {volts} V is outside 0.004 to 5 V")
        return volts

    def read(self):
        return self.signal()


def stub_rig(resistance: Callable[[float], float] = lambda field_T: 2500 - 10 * math.exp(-abs(field_T) / 0.01)) -> Rig:
    clock = SteppedClock()
    magnet = StubMagnet(clock)
    xx = StubLockIn("lockin_xx", clock, lambda: LockInReading(1e-7 * resistance(magnet.field_T), 0.0, False, False))
    xy = StubLockIn("lockin_xy", clock, lambda: LockInReading(1e-9 * magnet.field_T, 0.0, False, False))
    return Rig(clock, magnet, StubThermometer(clock), xx, xy, 1e6)
