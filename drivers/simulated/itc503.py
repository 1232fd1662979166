"""Twin of the Oxford Instruments ITC503: heater and gas by hand or automatic, sweep table, PID zones, dead sensors."""

from __future__ import annotations

import math
from typing import Any

from drivers.clock import Clock
from drivers.simulated.cryostat import Heat
from drivers.simulated.heated_stage import MINUTE_S, OxfordStageTwin
from drivers.simulated.isobus import REFUSED, IsobusTwin, whole
from drivers.simulated.twin import number

STEPS = 16
FULL_W, FULL_V = 5.0, 40.0
HEATED_SENSOR = 1
"""The sensor on the stage; nothing is connected to the other two."""
SETPOINT, SWEEP_MIN, HOLD_MIN = 0, 1, 2
TABLES = {"s": (STEPS, 3), "p": (STEPS, 4), "v": (64, 1), "c": (6, 1)}
"""Rows and columns of the sweep, zone, target voltage and gas tables, by the letter that writes."""
READS = {"r": "s", "q": "p", "t": "v", "d": "c"}


class ITC503Twin(OxfordStageTwin, IsobusTwin):
    """A simulated ITC503."""

    driver_name = "itc503"
    model = "itc503"
    ADDRESS = "GPIB0::24::INSTR"
    IDENTITY = "ITC503 Version 1.11 (c) OXFORD 1997"
    ASKING = "VXR" + "".join(READS) + "mno"
    IN_LOCAL = "VXRCQWUxy" + "".join(READS) + "mno"
    LETTERS = {
        "V": "_version", "X": "_status", "R": "_register", "C": "_set_control", "Q": "_accept", "W": "_accept",
        "U": "_accept", "F": "_accept", "Z": "_accept", "M": "_accept",
        "A": "_set_automatic", "T": "_set_setpoint", "O": "_set_heater", "G": "_set_gas",
        "P": "_set_band", "I": "_set_integral", "D": "_set_derivative", "L": "_use_zones", "H": "_set_sensor",
        "S": "_set_sweep", "x": "_point_x", "y": "_point_y", "w": "_wipe",
        "s": "_write_sweep", "p": "_write_zone", "v": "_write_voltage", "c": "_write_gas",
        "r": "_read_sweep", "q": "_read_zone", "t": "_read_voltage", "d": "_read_gas",
        "m": "_gas_status", "n": "_nothing", "o": "_nothing",
    }  # fmt: skip

    def __init__(self, clock: Clock, heat: Heat, seed: int = 0, **more: Any) -> None:
        self.gas_percent = 0.0
        self.automatic, self.sensor, self.zones = 0, HEATED_SENSOR, 0
        self.sweep, self._phase_s, self._phase_from_K = 0, 0.0, 0.0
        self.pointer = [0, 0]
        self.tables = {letter: [[0.0] * columns for _ in range(rows)] for letter, (rows, columns) in TABLES.items()}
        super().__init__(clock, heat, seed, **more)

    def power_on(self) -> None:
        """Come up in local, the heater off and by hand; tables, set point and PID are kept by its battery."""
        super().power_on()
        self.automatic = self.sweep = 0
        self.percent = 0.0
        self._loop.reset()
        self.heat.heater_W = 0.0

    # control

    def step(self, time_s: float) -> None:
        """Do what the control loop does every `period_s`."""
        if self.sweep:
            self._advance_sweep()
        if self.automatic & 1:
            self._pick_zone()
            self.percent = self._output_percent(self._true_K(self.sensor))
        else:
            self._loop.reset()
        self.heat.heater_W = FULL_W * self.percent / 100

    def _advance_sweep(self) -> None:
        """Move the set point; odd numbers sweep to a step, even ones hold there, and the last ends the sweep."""
        self._phase_s += self.period_s
        while self.sweep:
            step = self.tables["s"][(self.sweep - 1) // 2]
            holding = self.sweep % 2 == 0
            lasts_s = step[HOLD_MIN if holding else SWEEP_MIN] * MINUTE_S
            if self._phase_s < lasts_s:
                if not holding:
                    way = self._phase_s / lasts_s
                    self.setpoint_K = self._phase_from_K + way * (step[SETPOINT] - self._phase_from_K)
                return
            self.setpoint_K = self._phase_from_K = step[SETPOINT]
            self._phase_s -= lasts_s
            self.sweep = (self.sweep + 1) % (2 * STEPS + 1)

    def _pick_zone(self) -> None:
        if self.zones:
            zone = next((zone for zone in self.tables["p"] if self.setpoint_K <= zone[0]), None)
            if zone is not None:
                _, self.band_K, self.integral_min, self.derivative_min = zone

    def _true_K(self, sensor: int) -> float:
        return self.heat.sensor_K if sensor == HEATED_SENSOR else math.nan

    # language

    def _status(self, rest: str) -> str:
        if rest:
            raise REFUSED
        return f"0A{self.automatic}C{self.control}S{self.sweep:02d}H{self.sensor}L{self.zones}"

    def _register(self, rest: str) -> str:
        volts = FULL_V * math.sqrt(self.percent / 100)
        values = [
            self.setpoint_K, self._reading_K(1), self._reading_K(2), self._reading_K(3),
            self.setpoint_K - self._reading_K(self.sensor),
        ]  # fmt: skip
        rough = [self.percent, volts, self.gas_percent, self.band_K, self.integral_min, self.derivative_min, 0, 0, 0]
        which = whole(rest, 0, len(values) + len(rough) - 1)
        return f"{values[which]:+.3f}" if which < len(values) else f"{rough[which - len(values)]:+.1f}"

    def _reading_K(self, sensor: int) -> float:
        return self._noisy_K(self._true_K(sensor))

    def _set_automatic(self, rest: str) -> None:
        self.automatic = whole(rest, 0, 3)

    def _set_setpoint(self, rest: str) -> None:
        self._refuse_in_sweep()
        self.setpoint_K = round(number(rest, 0, 1677.7), 3)

    def _refuse_in_sweep(self) -> None:
        if self.sweep:
            raise REFUSED

    def _set_heater(self, rest: str) -> None:
        if self.automatic & 1:
            raise REFUSED
        self.percent = round(number(rest, 0, 99.9), 1)

    def _set_gas(self, rest: str) -> None:
        if self.automatic & 2:
            raise REFUSED
        self.gas_percent = round(number(rest, 0, 99.9), 1)

    def _set_band(self, rest: str) -> None:
        self._refuse_with_zones()
        self.band_K = round(number(rest, 0, 1677.7), 1)

    def _set_integral(self, rest: str) -> None:
        self._refuse_with_zones()
        self.integral_min = round(number(rest, 0, 140), 1)

    def _set_derivative(self, rest: str) -> None:
        self._refuse_with_zones()
        self.derivative_min = round(number(rest, 0, 273), 1)

    def _refuse_with_zones(self) -> None:
        if self.zones:
            raise REFUSED

    def _use_zones(self, rest: str) -> None:
        self.zones = whole(rest, 0, 1)

    def _set_sensor(self, rest: str) -> None:
        self.sensor = whole(rest, 1, 3)

    def _set_sweep(self, rest: str) -> None:
        self.sweep = whole(rest, 0, 2 * STEPS)
        self._phase_s, self._phase_from_K = 0.0, self.setpoint_K

    # tables

    def _point_x(self, rest: str) -> None:
        self.pointer[0] = whole(rest, 0, 128)

    def _point_y(self, rest: str) -> None:
        self.pointer[1] = whole(rest, 0, 128)

    def _cell(self, letter: str) -> tuple[list[float], int]:
        rows, columns = TABLES[letter]
        row, column = self.pointer[0] - 1, self.pointer[1] - 1 if columns > 1 else 0
        if not (0 <= row < rows and 0 <= column < columns):
            raise REFUSED
        return self.tables[letter][row], column

    def _write(self, letter: str, rest: str) -> None:
        row, column = self._cell(letter)
        row[column] = round(number(rest, 0, 1677.7), 3 if (letter, column) == ("s", SETPOINT) else 1)

    def _read(self, letter: str, rest: str) -> str:
        if rest:
            raise REFUSED
        row, column = self._cell(letter)
        return f"{row[column]:+.3f}"

    def _write_sweep(self, rest: str) -> None:
        self._refuse_in_sweep()
        self._write("s", rest)

    def _write_zone(self, rest: str) -> None:
        self._write("p", rest)

    def _write_voltage(self, rest: str) -> None:
        self._write("v", rest)

    def _write_gas(self, rest: str) -> None:
        self._write("c", rest)

    def _read_sweep(self, rest: str) -> str:
        return self._read("s", rest)

    def _read_zone(self, rest: str) -> str:
        return self._read("p", rest)

    def _read_voltage(self, rest: str) -> str:
        return self._read("v", rest)

    def _read_gas(self, rest: str) -> str:
        return self._read("c", rest)

    def _wipe(self, rest: str) -> None:
        self._refuse_in_sweep()
        self.tables["s"] = [[0.0] * 3 for _ in range(STEPS)]

    def _gas_status(self, rest: str) -> str:
        return "0"

    def _nothing(self, rest: str) -> str:
        return "+0.0"
