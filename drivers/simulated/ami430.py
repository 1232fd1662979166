"""Twin of the American Magnetics Model 430 supply: ramps, limits, error queue, quench, persistent switch."""

from __future__ import annotations

import collections
import enum
import re
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.coil import Coil
from drivers.simulated.event_status import COMMAND_ERROR, EventStatusTwin
from drivers.simulated.supply import Supply
from drivers.simulated.twin import OUT_OF_RANGE, NotUnderstood, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

QUENCHED = NotUnderstood(-305, "Quench condition")
NO_SWITCH = NotUnderstood(-302, "No persistent switch installed")
T_PER_UNIT = (0.1, 1.0)
"""Field units 0 and 1: kilogauss and tesla."""
S_PER_UNIT = (1.0, 60.0)
"""Ramp rate units 0 and 1: per second and per minute."""
MOST_SEGMENTS = 10
SEGMENT = re.compile(r"RAMP:RATE:(FIELD|CURR|CURRENT):([0-9]+)\?")


class Mode(enum.Enum):
    """What the supply was last told to do."""

    PAUSE = 3
    RAMP = 2
    ZERO = 8


class AMI430Twin(EventStatusTwin):
    """A simulated Model 430.

    Parameters
    ----------
    coil : Coil
        On its terminals, across the persistent switch if there is one.
    switch_installed : bool
        Whether there is a persistent switch.
    """

    driver_name = "ami430"
    model = "ami430"
    ADDRESS = "TCPIP0::192.168.0.5::7180::SOCKET"
    BANNER = "American Magnetics Model 430 IP Interface\r\nHello.\r\n"
    READ_TERMINATION = "\r\n"
    IDENTITY = "AMERICAN MAGNETICS INC.,MODEL 430,18005,3.11"

    def __init__(
        self, clock: Clock, coil: Coil, seed: int = 0, *,
        current_limit_A: float = 100.0, voltage_limit_V: float = 10.0, switch_installed: bool = False,
        field_units: int = 1, rate_units: int = 1,
    ) -> None:  # fmt: skip
        self.coil = coil
        self.supply = Supply(
            clock, coil, switch=switch_installed, rates=((current_limit_A, 0.05),), voltage_limit_V=voltage_limit_V,
            runs_down=False,
        )  # fmt: skip
        self.coil_T_per_A = coil.field_per_ampere_T
        self.current_limit_A, self.switch_current_A = current_limit_A, 35.0
        self.field_units, self.rate_units = field_units, rate_units
        self.errors: collections.deque[str] = collections.deque(maxlen=10)
        self.mode, self.target_A = Mode.PAUSE, 0.0
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> AMI430Twin:
        """Return one with the cryostat's coil on its terminals."""
        return cls(rack.clock, rack.coil(name), seed)

    def power_on(self) -> None:
        """Come up paused, with nothing pending."""
        super().power_on()
        self.mode, self.target_A = Mode.PAUSE, 0.0
        self.errors.clear()
        self.supply.power_cycle()

    def refuse(self, trouble: NotUnderstood) -> None:
        """Queue the error."""
        self.errors.append(f'{trouble.code},"{trouble.text}"')
        self._events |= COMMAND_ERROR

    def install_switch(self) -> None:
        """Put a cold persistent switch across the coil."""
        self.switch_installed = True

    # what a person can change at the front panel

    @property
    def switch_installed(self) -> bool:
        """Control whether there is a persistent switch."""
        return self.supply.switch

    @switch_installed.setter
    def switch_installed(self, installed: bool) -> None:
        self.supply.install_switch(installed)

    @property
    def voltage_limit_V(self) -> float:
        """Control the voltage limit [V]."""
        return self.supply.voltage_limit_V

    @voltage_limit_V.setter
    def voltage_limit_V(self, voltage_V: float) -> None:
        self.supply.voltage_limit_V = voltage_V

    def _go(self, mode: Mode) -> None:
        if self.supply.quenched:
            raise QUENCHED
        if self.supply.switching:
            raise OUT_OF_RANGE
        self.mode = mode
        if mode is Mode.PAUSE:
            self.supply.pause()
        else:
            self.supply.go(self.target_A if mode is Mode.RAMP else 0.0)

    # units

    @property
    def coil_units(self) -> float:
        """Get the field over the current in the field units of the supply."""
        return self.coil_T_per_A / T_PER_UNIT[self.field_units]

    @property
    def rate_s(self) -> float:
        """Get the time unit of the ramp rate [s]."""
        return S_PER_UNIT[self.rate_units]

    # language

    @on("*RST")
    def _reset(self) -> None:
        self.power_on()

    @on("*CLS")
    def _clear(self) -> None:
        self.errors.clear()

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("SYSTem:ERRor?")
    def _error(self) -> str:
        return self.errors.popleft() if self.errors else '0,"No error"'

    @on("COIL?", "COILconst?")
    def _coil(self) -> str:
        return _shown(self.coil_units)

    @on("CONFigure:COIL", "CONFigure:COILconst")
    def _set_coil(self, value: str) -> None:
        self.coil_T_per_A = number(value, 1e-6, 1e3) * T_PER_UNIT[self.field_units]

    @on("FIELD:UNITS?")
    def _field_units(self) -> str:
        return str(self.field_units)

    @on("CONFigure:FIELD:UNITS")
    def _set_field_units(self, value: str) -> None:
        self.field_units = int(number(value, 0, 1))

    @on("RAMP:RATE:UNITS?")
    def _rate_units(self) -> str:
        return str(self.rate_units)

    @on("CONFigure:RAMP:RATE:UNITS")
    def _set_rate_units(self, value: str) -> None:
        self.rate_units = int(number(value, 0, 1))

    @on("CURRent:LIMit?")
    def _current_limit(self) -> str:
        return _shown(self.current_limit_A)

    @on("CONFigure:CURRent:LIMit")
    def _set_current_limit(self, value: str) -> None:
        self.current_limit_A = number(value, 0, 200)

    @on("VOLTage:LIMit?")
    def _voltage_limit(self) -> str:
        return _shown(self.voltage_limit_V)

    @on("CONFigure:VOLTage:LIMit")
    def _set_voltage_limit(self, value: str) -> None:
        self.voltage_limit_V = number(value, 0.001, 20)

    @on("FIELD:TARGet?")
    def _field_target(self) -> str:
        return _shown(self.target_A * self.coil_units)

    @on("CURRent:TARGet?")
    def _current_target(self) -> str:
        return _shown(self.target_A)

    @on("CONFigure:FIELD:TARGet")
    def _set_field_target(self, value: str) -> None:
        self._aim(number(value) / self.coil_units)

    @on("CONFigure:CURRent:TARGet")
    def _set_current_target(self, value: str) -> None:
        self._aim(number(value))

    def _aim(self, current_A: float) -> None:
        if abs(current_A) > self.current_limit_A * (1 + 1e-9):
            raise OUT_OF_RANGE
        self.target_A = current_A
        if self.mode is Mode.RAMP and not self.supply.quenched:
            self._go(Mode.RAMP)

    @on("FIELD:MAGnet?")
    def _field(self) -> str:
        return _shown(self.coil.current_A * self.coil_units)

    @on("CURRent:MAGnet?")
    def _magnet_current(self) -> str:
        return _shown(self.coil.current_A)

    @on("CURRent:SUPPly?")
    def _supply_current(self) -> str:
        return _shown(self.supply.output_A)

    # ramp-rate segments

    @on("RAMP:RATE:SEGments?")
    def _segments(self) -> str:
        return str(len(self.supply.rates))

    @on("CONFigure:RAMP:RATE:SEGments")
    def _set_segments(self, value: str) -> None:
        count, rates = int(number(value, 1, MOST_SEGMENTS)), list(self.supply.rates)
        self.supply.rates = (rates + [rates[-1]] * count)[:count]

    def _remembered(self, head: str, arguments: tuple[str, ...]) -> str | None:
        """Answer the questions that have the number of the segment in their head."""
        asked = SEGMENT.fullmatch(head)
        if asked is None or arguments:
            return super()._remembered(head, arguments)
        units_per_A = self.coil_units if asked[1] == "FIELD" else 1.0
        bound_A, rate_A_per_s = self.supply.rates[int(number(asked[2], 1, len(self.supply.rates))) - 1]
        return f"{_shown(rate_A_per_s * self.rate_s * units_per_A)},{_shown(bound_A * units_per_A)}"

    @on("CONFigure:RAMP:RATE:FIELD")
    def _set_field_rate(self, segment: str, rate: str, bound: str) -> None:
        self._pace(segment, number(rate) / self.coil_units, number(bound) / self.coil_units)

    @on("CONFigure:RAMP:RATE:CURRent")
    def _set_current_rate(self, segment: str, rate: str, bound: str) -> None:
        self._pace(segment, number(rate), number(bound))

    def _pace(self, segment: str, rate_A: float, bound_A: float) -> None:
        index, rates = int(number(segment, 1, len(self.supply.rates))) - 1, list(self.supply.rates)
        if not 0 < rate_A / self.rate_s <= 10:
            raise OUT_OF_RANGE
        rates[index] = (bound_A, rate_A / self.rate_s)
        self.supply.rates = rates

    @on("STATE?")
    def _state(self) -> str:
        if self.supply.quenched:
            return "7"
        if self.supply.switching:
            return "9" if self.supply.heater_on else "10"
        if self.mode is Mode.PAUSE:
            return "3"
        if not self.supply.arrived:
            return "1" if self.mode is Mode.RAMP else "6"
        return str(self.mode.value)

    @on("RAMP")
    def _ramp(self) -> None:
        self._go(Mode.RAMP)

    @on("PAUSE")
    def _pause(self) -> None:
        self._go(Mode.PAUSE)

    @on("ZERO")
    def _zero(self) -> None:
        self._go(Mode.ZERO)

    @on("QUench?")
    def _quench(self) -> str:
        return str(int(self.supply.quenched))

    @on("QUench")
    def _reset_quench(self, value: str) -> None:
        if number(value, 0, 1) == 0:
            self.supply.reset_quench()
            self.mode = Mode.PAUSE

    # persistent switch

    @on("PS:INSTalled?")
    def _installed(self) -> str:
        return str(int(self.switch_installed))

    @on("CONFigure:PS")
    def _install(self, value: str) -> None:
        self.switch_installed = bool(number(value, 0, 1))

    @on("PS?", "PSwitch?")
    def _heater(self) -> str:
        return str(int(self.supply.heater_on))

    @on("PS", "PSwitch")
    def _set_heater(self, value: str) -> None:
        if not self.switch_installed:
            raise NO_SWITCH
        wanted = bool(number(value, 0, 1))
        if wanted != self.supply.heater_on:
            self.mode = Mode.PAUSE
            self.supply.pause()
            self.supply.heat(wanted)

    @on("PERSistent?")
    def _persistent(self) -> str:
        cold = not self.supply.warm and not self.supply.heater_on
        return str(int(cold and abs(self.coil.current_A) > 1e-3))

    @on("PS:CURRent?")
    def _switch_current(self) -> str:
        return _shown(self.switch_current_A)

    @on("CONFigure:PS:CURRent")
    def _set_switch_current(self, value: str) -> None:
        self.switch_current_A = number(value, 0, 125)

    @on("PS:HTIME?")
    def _heat_time(self) -> str:
        return str(int(self.supply.heat_s))

    @on("CONFigure:PS:HTIME")
    def _set_heat_time(self, value: str) -> None:
        self.supply.heat_s = int(number(value, 5, 120))

    @on("PS:CTIME?")
    def _cool_time(self) -> str:
        return str(int(self.supply.cool_s))

    @on("CONFigure:PS:CTIME")
    def _set_cool_time(self, value: str) -> None:
        self.supply.cool_s = int(number(value, 5, 3600))


def _shown(value: float) -> str:
    return f"{value:.6f}"
