"""Twin of the Oxford Instruments Mercury iPS: three groups of supplies, a coil on Z, nothing on X and Y."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.mercury import MercuryTwin, Node, bare, on_off, shown, shown_short, switch
from drivers.simulated.supply import Supply
from drivers.simulated.twin import OUT_OF_RANGE, SYNTAX

if TYPE_CHECKING:
    from drivers.simulated.cryostat import Coil
    from drivers.simulated.rack import Rack

HOLD, TO_SETPOINT, TO_ZERO, CLAMPED = "HOLD", "RTOS", "RTOZ", "CLMP"
QUENCH = 0x100
UNGUARDED_A = 0.1
"""How far supply and magnet may be apart for the heater to be switched on [A]."""
MINUTE_S = 60.0
THERMOMETERS = ("MB1.T1", "DB8.T1", "DB7.T1")


class Axis:
    """One group: its supply, what it was told, and its settings."""

    def __init__(self, supply: Supply) -> None:
        self.supply = supply
        self.action, self.setpoint_A = HOLD, 0.0
        self.A_per_T = 1 / supply.coil.field_per_ampere_T

    def power_on(self) -> None:
        """Come up clamped."""
        self.action, self.setpoint_A = CLAMPED, 0.0
        self.supply.power_cycle()

    def act(self) -> str:
        """Return the action; a ramp that has arrived becomes a hold."""
        if self.action in (TO_SETPOINT, TO_ZERO) and (self.supply.arrived or self.supply.quenched):
            self.action = HOLD
        return self.action

    def set_action(self, action: str) -> None:
        """Hold, ramp or clamp; raises NotUnderstood when that is not allowed."""
        ramp = action in (TO_SETPOINT, TO_ZERO)
        if action not in (HOLD, TO_SETPOINT, TO_ZERO, CLAMPED):
            raise SYNTAX
        if ramp and (self.act() == CLAMPED or self.supply.quenched or self.supply.switching):
            raise OUT_OF_RANGE
        if action == CLAMPED and abs(self.supply.output_A) > UNGUARDED_A:
            raise OUT_OF_RANGE
        if action == CLAMPED and self.supply.quenched:  # at no current: that is how a person acknowledges it
            self.supply.reset_quench()
        self.action = action
        if ramp:
            self.supply.go(self.setpoint_A if action == TO_SETPOINT else 0.0)
        else:
            self.supply.pause()

    def aim(self, current_A: float, limit_A: float) -> None:
        """Take a set point [A]."""
        if abs(current_A) > limit_A * (1 + 1e-9):
            raise OUT_OF_RANGE
        self.setpoint_A = current_A
        if self.act() == TO_SETPOINT:
            self.supply.go(current_A)

    def pace(self, rate_A_per_min: float) -> None:
        """Take a ramp rate [A/min]."""
        if not 0 < rate_A_per_min <= 1200:
            raise OUT_OF_RANGE
        self.supply.rates = [(math.inf, rate_A_per_min / MINUTE_S)]

    def scale(self, value: str) -> None:
        """Take the current over the field [A/T]."""
        self.A_per_T = bare(value, 1e-2, 1e5)

    def heat(self, on: bool) -> None:
        """Switch the heater; not on while the currents differ."""
        supply = self.supply
        if not supply.switch or supply.quenched:
            raise OUT_OF_RANGE
        if on and not supply.warm and abs(supply.output_A - supply.coil.current_A) > UNGUARDED_A:
            raise OUT_OF_RANGE
        supply.heat(on)


class MercuryIPSTwin(MercuryTwin):
    """A simulated Mercury iPS.

    Parameters
    ----------
    coil, spare : Coil
        On the terminals of Z; and one that nobody drives, for X and Y.
    switch : bool
        Whether Z has a persistent switch.
    firmware : str
        From 2.6 on the node of a supply is SPSU, before PSU.

    Attributes
    ----------
    short : bool
        Numbers are shown with a prefix before the unit where that makes them shorter.
    fault : int
        Bits of the status of Z besides the quench.
    """

    driver_name = "mercuryips"
    model = "mercuryips"
    ADDRESS = "TCPIP0::192.168.0.8::7020::SOCKET"

    def __init__(
        self, clock: Clock, coil: Coil, spare: Coil, seed: int = 0, *,
        switch: bool = False, firmware: str = "2.6.04.000", current_limit_A: float = 120.0,
    ) -> None:  # fmt: skip
        self.firmware, self.current_limit_A = firmware, current_limit_A
        self.short, self.fault = False, 0
        self.axes = {
            "X": Axis(Supply(clock, spare, switch=True)),
            "Y": Axis(Supply(clock, spare, switch=True)),
            "Z": Axis(Supply(clock, coil, switch=switch)),
        }
        super().__init__(clock, seed)
        self.freeze()

    @property
    def IDENTITY(self) -> str:  # type: ignore[override]
        """What it says of itself."""
        return f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:131250013:{self.firmware}"

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> MercuryIPSTwin:
        """Return one with the cryostat's coil on Z, its switch fitted and left warm."""
        coil = rack.coil(name)
        twin = cls(rack.clock, coil, type(coil)(coil.settings, rack.cryostat.moment), seed)
        twin.leave_warm()
        return twin

    @property
    def supply(self) -> Supply:
        """Get the supply of Z, the one with the coil."""
        return self.axes["Z"].supply

    def leave_warm(self) -> None:
        """Be as a person has left it: holding, the heater on since long ago."""
        self.remove_switch()
        self.supply.heater_on = self.supply.switch = True
        self.axes["Z"].action = HOLD

    def install_switch(self) -> None:
        """Put a cold persistent switch across the coil of Z."""
        self.supply.install_switch(True)

    def remove_switch(self) -> None:
        """Take the persistent switch away."""
        self.supply.install_switch(False)

    def power_on(self) -> None:
        """Come up with every output clamped and every heater off."""
        super().power_on()
        for axis in self.axes.values():
            axis.power_on()

    # language

    def _tree(self) -> dict[str, Node]:
        new = tuple(int(part) for part in self.firmware.split(".")[:2]) >= (2, 6)
        nodes: dict[str, Node] = {}
        for name, axis in self.axes.items():
            nodes |= self._group(f"DEV:GRP{name}:{'SPSU' if new else 'PSU'}", axis)
        nodes |= {
            f"DEV:{board}:TEMP:SIG:TEMP": Node(lambda: shown(4.2, "K")) for board in ("MB1.T1", "DB8.T1", "DB7.T1")
        }
        return nodes

    def _group(self, path: str, axis: Axis) -> dict[str, Node]:
        supply, limit_A = axis.supply, self.current_limit_A

        def tesla(ampere: Callable[[], float], unit: str = "T") -> Callable[[], str]:
            return lambda: self._shown(ampere() / axis.A_per_T, unit)

        def rate() -> float:
            return supply.rates[0][1] * MINUTE_S

        def setter(act: Callable[[float], None], per_T: bool) -> Callable[[str], None]:
            return lambda value: act(bare(value, -1e4, 1e4) * (axis.A_per_T if per_T else 1.0))

        return {
            f"{path}:SIG:FLD": Node(tesla(lambda: supply.output_A)),
            f"{path}:SIG:PFLD": Node(tesla(lambda: supply.coil.current_A)),
            f"{path}:SIG:FSET": Node(tesla(lambda: axis.setpoint_A), setter(lambda to: axis.aim(to, limit_A), True)),
            f"{path}:SIG:RFST": Node(tesla(rate, "T/m"), setter(axis.pace, True)),
            f"{path}:SIG:CURR": Node(lambda: self._shown(supply.output_A, "A")),
            f"{path}:SIG:PCUR": Node(lambda: self._shown(supply.coil.current_A, "A")),
            f"{path}:SIG:CSET": Node(
                lambda: self._shown(axis.setpoint_A, "A"), setter(lambda to: axis.aim(to, limit_A), False)
            ),
            f"{path}:SIG:RCST": Node(lambda: self._shown(rate(), "A/m"), setter(axis.pace, False)),
            f"{path}:SIG:VOLT": Node(lambda: self._shown(supply.voltage_V, "V")),
            f"{path}:SIG:SWHT": Node(lambda: on_off(supply.heater_on), lambda value: axis.heat(switch(value))),
            f"{path}:ATOB": Node(
                lambda: shown(axis.A_per_T), lambda value: setattr(axis, "A_per_T", bare(value, 1e-2, 1e5))
            ),
            f"{path}:ACTN": Node(axis.act, axis.set_action),
            f"{path}:STAT": Node(lambda: f"{self._status(axis):08X}"),
        }

    def _shown(self, value: float, unit: str) -> str:
        return shown_short(value, unit) if self.short else f"{value:.5f}{unit}"

    def _status(self, axis: Axis) -> int:
        return (QUENCH if axis.supply.quenched else 0) | (self.fault if axis is self.axes["Z"] else 0)
