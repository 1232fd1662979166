"""Twin of the Lake Shore Model 625 supply: ramps, segments, limits, quench detection, switch heater, error bits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.coil import Coil
from drivers.simulated.event_status import EventStatusTwin
from drivers.simulated.supply import Supply
from drivers.simulated.twin import ARGUMENT, OUT_OF_RANGE, Field, NotUnderstood, Setting, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

MOST_A, FASTEST = 60.1, 99.999
NOT_NOW = NotUnderstood(-200, "Execution error")
QUENCH = 32
"""Bit of the operational errors."""
COMPLIANCE, RAMP_DONE, SWITCH_STABLE = 1, 2, 4
"""Bits of the operational status."""
UNKNOWN_A = 99.9999
OFF, ON, WARMING, COOLING = range(4)


class LakeShore625Twin(EventStatusTwin):
    """A simulated Model 625.

    Parameters
    ----------
    coil : Coil
        On its terminals, across the persistent switch if there is one.
    switch : bool
        Whether there is a persistent switch, and its heater is set up.

    Attributes
    ----------
    errors : list of int
        Hardware, operational (without the quench) and switch heater errors.
    """

    driver_name = "lakeshore625"
    model = "lakeshore625"
    ADDRESS = "GPIB0::11::INSTR"
    READ_TERMINATION = "\r\n"
    IDENTITY = "LSCI,MODEL625,6250001,1.1/1.0"
    NOT_DONE = (OUT_OF_RANGE, NOT_NOW)
    SETTINGS = (
        Setting("FLDS", Field(0, 0, 1), Field(0.1, 0.001, 10, "%.4f")),
        Setting("LIMIT", Field(MOST_A, 0, MOST_A, "%+.4f"), Field(5.0, 0.1, 5, "%+.4f"),
                Field(10.0, 1e-4, FASTEST, "%+.4f")),
        Setting("QNCH", Field(1, 0, 1), Field(10.0, 0.01, 10, "%+.4f")),
        Setting("SETV", Field(5.0, 0.1, 5, "%+.4f")),
        Setting("RATE", Field(0.05, 1e-4, FASTEST, "%+.4f")),
        Setting("RSEG", Field(0, 0, 1)),
        Setting("RSEGS", Field(MOST_A, 0, MOST_A, "%+.4f"), Field(0.05, 1e-4, FASTEST, "%+.4f"), keys="12345"),
        Setting("RATEP", Field(0, 0, 1), Field(0.05, 1e-4, FASTEST, "%+.4f")),
        Setting("MODE", Field(0, 0, 2)),
        Setting("XPGM", Field(0, 0, 2)),
        Setting("LOCK", Field(0, 0, 2), Field("000")),
    )  # fmt: skip

    def __init__(self, clock: Clock, coil: Coil, seed: int = 0, *, switch: bool = False) -> None:
        self.supply = Supply(clock, coil, heat_s=20.0, cool_s=20.0)
        self.errors = [0, 0, 0]
        self.switch_set_up, self.switch_mA, self.switch_delay_s = False, 35, 20
        self.stored_A = UNKNOWN_A
        super().__init__(clock, seed)
        if switch:
            self.install_switch()
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> LakeShore625Twin:
        """Return one with the cryostat's coil on its terminals."""
        return cls(rack.clock, rack.coil(name), seed)

    def install_switch(self) -> None:
        """Put a cold persistent switch across the coil, and set up its heater."""
        self.supply.install_switch(True)
        self.switch_set_up, self.stored_A = True, self.supply.coil.current_A

    def power_on(self) -> None:
        """Come up with no current, set up for the coil."""
        super().power_on()
        self.values["FLDS", ""] = [0, self.supply.coil.field_per_ampere_T]
        self.errors = [0, 0, 0]
        self.supply.power_cycle()

    def changed(self, head: str, key: str) -> None:
        """Take rates and compliance at once."""
        if self.value("RSEG"):
            rates = [tuple(self.values["RSEGS", segment]) for segment in "12345"]
        else:
            rates = [(math.inf, self.value("RATE"))]
        limit_A_per_s = self.values["LIMIT", ""][2]
        self.supply.rates = [(up_to_A, min(rate, limit_A_per_s)) for up_to_A, rate in rates]
        self.supply.voltage_limit_V = min(self.value("SETV"), self.values["LIMIT", ""][1])

    @property
    def unit_A(self) -> float:
        """Get amperes in a unit of the field, which is tesla or gauss [A]."""
        units, constant = self.values["FLDS", ""]
        return 1e-3 / constant if units else 1 / constant

    # language

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("RDGI?")
    def _current(self) -> str:
        return f"{self.supply.output_A:+.4f}"

    @on("RDGF?")
    def _field(self) -> str:
        return f"{self.supply.output_A / self.unit_A:+.4E}"

    @on("RDGV?", "RDGRV?")
    def _voltage(self) -> str:
        return f"{self.supply.voltage_V:+.4f}"

    @on("SETI?")
    def _set_point(self) -> str:
        return f"{self.supply.target_A:+.4f}"

    @on("SETF?")
    def _field_set_point(self) -> str:
        return f"{self.supply.target_A / self.unit_A:+.3E}"

    @on("SETI")
    def _set_current(self, value: str) -> None:
        self._go(number(value, -MOST_A, MOST_A))

    @on("SETF")
    def _set_field(self, value: str) -> None:
        self._go(number(value) * self.unit_A)

    def _go(self, current_A: float) -> None:
        if abs(current_A) > self.values["LIMIT", ""][0] + 1e-9:
            raise OUT_OF_RANGE
        watched, step_A_per_s = self.values["QNCH", ""]
        too_fast = watched and any(rate > step_A_per_s for _, rate in self.supply.rates)
        if self.supply.switching or self.supply.quenched or any(self.errors) or too_fast:
            raise NOT_NOW
        self.supply.go(current_A)

    @on("STOP")
    def _stop(self) -> None:
        if not self.supply.quenched:
            self.supply.go(self.supply.output_A)

    @on("OPST?", "OPSTR?")
    def _operation(self) -> str:
        done = not self.supply.moving or self.supply.arrived
        return str(RAMP_DONE * done | SWITCH_STABLE * (not self.supply.switching))

    @on("ERST?", "ERSTR?")
    def _error_status(self) -> str:
        hardware, operational, switch = self.errors
        quenched = self.supply.quenched and self.values["QNCH", ""][0]
        return f"{hardware},{operational | QUENCH * bool(quenched)},{switch}"

    @on("ERCL")
    def _clear_errors(self) -> None:
        self.errors = [self.errors[0], 0, 0]
        if self.supply.quenched:
            self.supply.reset_quench()
            self.supply.go(self.supply.output_A)

    # persistent switch

    @on("PSHS?")
    def _switch_setup(self) -> str:
        return f"{int(self.switch_set_up)},{self.switch_mA},{self.switch_delay_s}"

    @on("PSHS")
    def _set_switch_setup(self, enable: str, current: str, delay: str) -> None:
        self.switch_set_up = bool(number(enable, 0, 1))
        self.switch_mA, self.switch_delay_s = int(number(current, 10, 125)), int(number(delay, 5, 100))

    @on("PSH?")
    def _heater(self) -> str:
        if self.supply.switching:
            return str(WARMING if self.supply.heater_on else COOLING)
        return str(ON if self.supply.heater_on else OFF)

    @on("PSH")
    def _set_heater(self, value: str) -> None:
        if value not in ("0", "1", "99"):
            raise ARGUMENT
        if not self.switch_set_up or not self.supply.switch or self.supply.switching:
            raise NOT_NOW
        if value == "1" and abs(self.stored_A - self.supply.output_A) > 1e-3:
            raise NOT_NOW
        if value == "0" and self.supply.heater_on:
            self.stored_A = self.supply.output_A
        self.supply.heat(value != "0")

    @on("PSHIS?")
    def _stored(self) -> str:
        return f"{self.stored_A:+.4f}"
