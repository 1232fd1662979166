"""Twin of the Cryomagnetics Model 4G supply: sweeps between two limits, five ranges of rates, switch heater, quench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.coil import Coil
from drivers.simulated.event_status import EventStatusTwin
from drivers.simulated.supply import Supply
from drivers.simulated.twin import ARGUMENT, OUT_OF_RANGE, NotUnderstood, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

LIMIT_A = 100.0
RANGES = 5
NOT_NOW = NotUnderstood(-200, "Execution error")
SWEEPING, STANDBY, QUENCHED, POWER_MODULE = 1, 2, 4, 8
"""Bits of the status byte."""


class Cryomagnetics4GTwin(EventStatusTwin):
    """A simulated Model 4G.

    Parameters
    ----------
    coil : Coil
        On its terminals, across the persistent switch if there is one.
    switch : bool
        Whether there is a persistent switch.
    units : str
        "A" or "kG".

    Attributes
    ----------
    failed : bool
        Whether its power module has failed.
    """

    driver_name = "cryomagnetics4g"
    model = "cryomagnetics4g"
    ADDRESS = "GPIB0::10::INSTR"
    IDENTITY = "Cryomagnetics,4G,2239,1.02,208"
    NOT_DONE = (OUT_OF_RANGE, NOT_NOW)

    def __init__(
        self, clock: Clock, coil: Coil, seed: int = 0, *,
        switch: bool = False, units: str = "kG", voltage_limit_V: float = 10.0,
    ) -> None:  # fmt: skip
        rates = tuple((20.0 * (index + 1), 0.02) for index in range(RANGES))
        self.supply = Supply(clock, coil, switch=switch, rates=rates, voltage_limit_V=voltage_limit_V)
        self.units, self.failed = units, False
        self.sweep = "standby"
        self.upper_A = self.lower_A = 0.0
        self.fast_A_per_s = 0.1
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Cryomagnetics4GTwin:
        """Return one with the cryostat's coil on its terminals."""
        return cls(rack.clock, rack.coil(name), seed)

    def install_switch(self) -> None:
        """Put a cold persistent switch across the coil."""
        self.supply.install_switch(True)

    def power_on(self) -> None:
        """Come up in standby, the output at zero; limits, ranges and rates are kept."""
        super().power_on()
        self.sweep, self.failed = "standby", False
        self.supply.power_cycle()

    def _answer(self, command: str) -> str | None:
        """Answer; arguments are separated by spaces here."""
        head, *arguments = command.split() or [""]
        return super()._answer(f"{head} {','.join(arguments)}")

    # levels, in the units that are set

    @property
    def unit_A(self) -> float:
        """Get amperes in a unit of the levels [A]."""
        return 1.0 if self.units == "A" else 0.1 / self.supply.coil.field_per_ampere_T

    def _shown(self, current_A: float) -> str:
        return f"{current_A / self.unit_A:.4f}{self.units}"

    def _read(self, value: str) -> float:
        current_A = number(value) * self.unit_A
        if abs(current_A) > LIMIT_A * (1 + 1e-9):
            raise OUT_OF_RANGE
        return current_A

    # language

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("*STB?")
    def _status(self) -> str:
        if self.supply.quenched:
            return str(QUENCHED)
        self._come_to_rest()
        sweeping = SWEEPING if self.sweep in ("up", "down", "zeroing") else 0
        return str(sweeping | STANDBY * (self.sweep == "standby") | POWER_MODULE * self.failed)

    @on("REMOTE", "LOCAL", "RWLOCK")
    def _control(self) -> None:
        """Nothing to do: on GPIB the interface sees to it."""

    @on("UNITS?")
    def _units(self) -> str:
        return self.units

    @on("UNITS")
    def _set_units(self, value: str) -> None:
        if value.upper() not in ("A", "G", "KG"):
            raise ARGUMENT
        self.units = "A" if value.upper() == "A" else "kG"

    @on("IMAG?")
    def _magnet(self) -> str:
        return self._shown(self.supply.coil.current_A)

    @on("IOUT?")
    def _output(self) -> str:
        return self._shown(self.supply.output_A)

    @on("VMAG?")
    def _magnet_voltage(self) -> str:
        return f"{self.supply.voltage_V:.3f}V"

    @on("VOUT?")
    def _output_voltage(self) -> str:
        return f"{self.supply.voltage_V:.3f}V"

    @on("VLIM?")
    def _voltage_limit(self) -> str:
        return f"{self.supply.voltage_limit_V:.3f}V"

    @on("VLIM")
    def _set_voltage_limit(self, value: str) -> None:
        self.supply.voltage_limit_V = number(value, 0.001, 10)

    @on("ULIM?")
    def _upper(self) -> str:
        return self._shown(self.upper_A)

    @on("LLIM?")
    def _lower(self) -> str:
        return self._shown(self.lower_A)

    @on("ULIM")
    def _set_upper(self, value: str) -> None:
        current_A = self._read(value)
        if current_A < self.lower_A - 1e-9:
            raise OUT_OF_RANGE
        self.upper_A = current_A
        self._follow("up", current_A)

    @on("LLIM")
    def _set_lower(self, value: str) -> None:
        current_A = self._read(value)
        if current_A > self.upper_A + 1e-9:
            raise OUT_OF_RANGE
        self.lower_A = current_A
        self._follow("down", current_A)

    def _follow(self, sweep: str, current_A: float) -> None:
        if self.sweep == sweep:
            self.supply.go(current_A)

    @on("RANGE?")
    def _range(self, index: str) -> str:
        return f"{self.supply.rates[self._index(index)][0]:.4f}"

    @on("RANGE")
    def _set_range(self, index: str, value: str) -> None:
        self._set_pace(self._index(index), up_to_A=number(value, 0, LIMIT_A))

    @on("RATE?")
    def _rate(self, index: str) -> str:
        if index == str(RANGES):
            return f"{self.fast_A_per_s:.4f}"
        return f"{self.supply.rates[self._index(index)][1]:.4f}"

    @on("RATE")
    def _set_rate(self, index: str, value: str) -> None:
        rate = number(value, 1e-4, 10)
        if index == str(RANGES):
            self.fast_A_per_s = rate
        else:
            self._set_pace(self._index(index), rate=rate)

    def _index(self, index: str) -> int:
        return int(number(index, 0, RANGES - 1))

    def _set_pace(self, index: int, *, up_to_A: float | None = None, rate: float | None = None) -> None:
        rates = list(self.supply.rates)
        before = rates[index]
        rates[index] = (before[0] if up_to_A is None else up_to_A, before[1] if rate is None else rate)
        self.supply.rates = rates

    @on("SWEEP?")
    def _sweep(self) -> str:
        self._come_to_rest()
        return {"standby": "Standby", "zeroing": "zeroing"}.get(self.sweep, f"sweep {self.sweep}")

    def _come_to_rest(self) -> None:
        """Go to standby at the end of a sweep to zero; one to a limit goes on for ever."""
        if self.sweep == "zeroing" and self.supply.arrived:
            self.sweep = "standby"

    @on("SWEEP")
    def _set_sweep(self, mode: str, speed: str = "SLOW") -> None:
        word = mode.upper()
        if speed.upper() not in ("SLOW", "FAST"):
            raise ARGUMENT
        goals = {"UP": self.upper_A, "DOWN": self.lower_A, "ZERO": 0.0}
        if word == "PAUSE":
            self.sweep = "paused"
            self.supply.pause()
        elif word not in goals:
            raise ARGUMENT
        elif self.supply.quenched or self.failed:
            raise NOT_NOW
        else:
            self.sweep = {"ZERO": "zeroing"}.get(word, word.lower())
            self.supply.go(goals[word])

    @on("PSHTR?")
    def _heater(self) -> str:
        return str(int(self.supply.heater_on))

    @on("PSHTR")
    def _set_heater(self, value: str) -> None:
        if not self.supply.switch:
            raise NOT_NOW
        if value.upper() not in ("ON", "OFF", "1", "0"):
            raise ARGUMENT
        self.supply.heat(value.upper() in ("ON", "1"))

    @on("QRESET")
    def _reset_quench(self) -> None:
        self.supply.reset_quench()
        self.sweep = "standby"
