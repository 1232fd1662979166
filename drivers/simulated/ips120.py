"""Twin of the Oxford Instruments IPS120-10: clamp, local and remote, switch heater with its guard, quench."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.isobus import REFUSED, REMOTE_UNLOCKED, IsobusTwin, whole
from drivers.simulated.supply import Supply
from drivers.simulated.twin import number

if TYPE_CHECKING:
    from drivers.simulated.cryostat import Coil
    from drivers.simulated.rack import Rack

HOLD, TO_SETPOINT, TO_ZERO, CLAMPED = 0, 1, 2, 4
FORCED = 2
RUN_DOWN = 4
"""Is added to the digit of C while the supply runs its magnet down."""
UNGUARDED_A = 0.1
"""How far supply and magnet may be apart for H1 [A]."""
HEATER_mA = 60.0
MINUTE_S = 60.0


class IPS120Twin(IsobusTwin):
    """A simulated IPS120-10.

    Parameters
    ----------
    coil : Coil
        On its terminals, across the persistent switch if there is one.
    switch : bool
        Whether there is a persistent switch.

    Attributes
    ----------
    heater_fault : bool
        The heater draws too little current.
    """

    driver_name = "ips120"
    model = "ips120"
    ADDRESS = "GPIB0::25::INSTR"
    IDENTITY = "IPS120-10  Version 3.07  (c) OXFORD 1996"
    LETTERS = {
        "V": "_version", "X": "_status", "R": "_register", "C": "_set_control", "Q": "_set_digits", "W": "_accept",
        "U": "_accept", "F": "_accept", "M": "_set_mode", "P": "_accept",
        "A": "_set_activity", "J": "_set_field", "I": "_set_current", "T": "_set_field_rate",
        "S": "_set_current_rate", "H": "_set_heater",
    }  # fmt: skip

    def __init__(
        self, clock: Clock, coil: Coil, seed: int = 0, *,
        switch: bool = False, current_limit_A: float = 120.0, voltage_limit_V: float = 10.0,
    ) -> None:  # fmt: skip
        self.supply = Supply(clock, coil, switch=switch, voltage_limit_V=voltage_limit_V)
        self.current_limit_A = current_limit_A
        self.setpoint_A = self.trip_A = 0.0
        self.activity, self.mode, self.fine = CLAMPED, 1, False
        self.heater_fault = False
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> IPS120Twin:
        """Return one with the cryostat's coil on its terminals, its switch fitted and left warm."""
        twin = cls(rack.clock, rack.coil(name), seed)
        twin.leave_warm()
        return twin

    def leave_warm(self) -> None:
        """Be as a person has left it: remote, holding, the heater on since long ago."""
        self.remove_switch()
        self.supply.heater_on = self.supply.switch = True
        self.control, self.activity = REMOTE_UNLOCKED, HOLD

    def install_switch(self) -> None:
        """Put a cold persistent switch across the coil."""
        self.supply.install_switch(True)

    def remove_switch(self) -> None:
        """Take the persistent switch away."""
        self.supply.install_switch(False)

    def power_on(self) -> None:
        """Come up in local with the output clamped and the heater off."""
        super().power_on()
        self.activity, self.fine = CLAMPED, False
        self.setpoint_A = 0.0
        self.supply.power_cycle()

    # what it is doing

    @property
    def T_per_A(self) -> float:
        """Get the field over the current [T/A]."""
        return self.supply.coil.field_per_ampere_T

    @property
    def rate_A_per_s(self) -> float:
        """Get the ramp rate [A/s]."""
        return self.supply.rates[0][1]

    def _moves(self) -> bool:
        return self.supply.moving and not self.supply.arrived and not self.supply.quenched

    def _quenched(self) -> bool:
        if self.supply.quenched and not self.trip_A:
            self.trip_A = self.supply.target_A
        return self.supply.quenched

    # language

    def _status(self, rest: str) -> str:
        if rest:
            raise REFUSED
        quenched = self._quenched()
        heater = self._heater_digit()
        control = self.control + (RUN_DOWN if quenched else 0)
        return f"{int(quenched)}0A{self.activity}C{control}H{heater}M{self.mode}{int(self._moves())}P{self._polarity()}"

    def _polarity(self) -> str:
        """Return which of set point, magnet and output are negative, and which contactor is closed."""
        currents_A = (self.setpoint_A, self.supply.coil.current_A, self.supply.output_A)
        negative = [current_A < 0 for current_A in currents_A]
        return f"{4 * negative[0] + 2 * negative[1] + negative[2]}{1 if negative[2] else 2}"

    def _heater_digit(self) -> int:
        if not self.supply.switch:
            return 8
        if self.supply.heater_on:
            return 5 if self.heater_fault else 1
        return 2 if abs(self.supply.coil.current_A) > 1e-4 else 0

    def _register(self, rest: str) -> str:
        supply, tesla = self.supply, self.T_per_A
        persistent_A = supply.coil.current_A
        amperes = {
            0: supply.output_A, 2: supply.output_A, 5: self.setpoint_A, 6: self.rate_A_per_s * MINUTE_S,
            16: persistent_A, 17: self.trip_A, 21: -self.current_limit_A, 22: self.current_limit_A,
        }  # fmt: skip
        teslas = {7: 0, 8: 5, 9: 6, 18: 16, 19: 17}
        others = {
            1: supply.voltage_V, 15: supply.voltage_limit_V, 20: HEATER_mA * supply.heater_on, 23: 0.0,
            24: supply.coil.inductance_H,
        }  # fmt: skip
        which = whole(rest, 0, 24)
        if which in amperes:
            return f"{amperes[which]:+.{4 if self.fine else 2}f}"
        if which in teslas:
            return f"{amperes[teslas[which]] * tesla:+.{5 if self.fine else 3}f}"
        if which in others:
            return f"{others[which]:+.2f}"
        raise REFUSED

    def _set_digits(self, rest: str) -> None:
        self.fine = whole(rest, 0, 6) >= 4

    def _set_mode(self, rest: str) -> None:
        self.mode = whole(rest, 0, 9)

    def _set_activity(self, rest: str) -> None:
        wanted = whole(rest, HOLD, CLAMPED)
        if wanted == 3 or (self.activity == CLAMPED and wanted in (TO_SETPOINT, TO_ZERO)):
            raise REFUSED
        if wanted == CLAMPED and abs(self.supply.output_A) > UNGUARDED_A:
            raise REFUSED
        if self._quenched():
            if wanted not in (HOLD, CLAMPED):
                raise REFUSED
            if wanted == CLAMPED:  # at no current: that is how a person acknowledges it
                self.supply.reset_quench()
        self.activity = wanted
        self._follow()

    def _follow(self) -> None:
        if self.activity == TO_SETPOINT:
            self.supply.go(self.setpoint_A)
        elif self.activity == TO_ZERO:
            self.supply.go(0.0)
        else:
            self.supply.pause()

    def _set_field(self, rest: str) -> None:
        self._aim(round(number(rest), 5 if self.fine else 3) / self.T_per_A)

    def _set_current(self, rest: str) -> None:
        self._aim(round(number(rest), 4 if self.fine else 2))

    def _aim(self, current_A: float) -> None:
        if abs(current_A) > self.current_limit_A * (1 + 1e-9):
            raise REFUSED
        self.setpoint_A = current_A
        if self.activity == TO_SETPOINT:
            self._follow()

    def _set_field_rate(self, rest: str) -> None:
        self._pace(round(number(rest, 0), 4 if self.fine else 3) / self.T_per_A)

    def _set_current_rate(self, rest: str) -> None:
        self._pace(number(rest, 0))

    def _pace(self, rate_A_per_min: float) -> None:
        if not 0 < rate_A_per_min <= 1200:
            raise REFUSED
        self.supply.rates = [(math.inf, rate_A_per_min / MINUTE_S)]

    def _set_heater(self, rest: str) -> None:
        wanted = whole(rest, 0, FORCED)
        if not self.supply.switch or self._quenched():
            raise REFUSED
        apart_A = abs(self.supply.output_A - self.supply.coil.current_A)
        if wanted == 1 and not self.supply.warm and (apart_A > UNGUARDED_A or self._moves()):
            raise REFUSED
        self.supply.heat(wanted > 0)
