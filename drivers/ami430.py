"""American Magnetics Model 430 magnet supply.

The units are the supply's own, asked for and never assumed. The ramp-rate segments are programmed into the supply and
read back. UNVERIFIED on an instrument: that a loss of power shows in bit 7 of ``*ESR?``, as IEEE 488.2 has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Fields, Instrument, Number, Refused, Whole, Word, check_settings
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import SwitchState
from drivers.ramp_segments import MagnetSettings, slowed
from drivers.wired_magnet import WiredMagnet

STATES = {
    1: MagnetState.RAMPING,
    2: MagnetState.HOLDING,
    3: MagnetState.PAUSED,
    4: MagnetState.MANUAL,
    5: MagnetState.MANUAL,
    6: MagnetState.ZEROING,
    7: MagnetState.QUENCH,
    8: MagnetState.AT_ZERO,
    9: MagnetState.HEATING_SWITCH,
    10: MagnetState.COOLING_SWITCH,
}
T_PER_UNIT = (0.1, 1.0)
"""Field units 0 and 1: kilogauss and tesla."""
PER_MIN = (60.0, 1.0)
"""Ramp rate units 0 and 1: per second and per minute."""
ERROR = Word(re.compile(r'[+-]?[0-9]{1,5}, ?"[ -!#-~]{0,200}"'))
LONGEST_QUEUE = 20
MOST_SEGMENTS = 10
CURRENT_A = Number(-1e3, 1e3)


class AMI430(WiredMagnet):
    """American Magnetics Model 430, TCP port 7180 or RS-232."""

    driver_name = "ami430"
    model = "Model 430"
    IDENTITY = re.compile(r"AMERICAN MAGNETICS INC\.,MODEL 430,[ -~]{0,60}$")
    READ_TERMINATION = "\r\n"
    HOLD = "PAUSE"
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "coil_T_per_A", "current_limit_A", "voltage_limit_V",
        "switch",
    )  # fmt: skip

    @dataclass(frozen=True)
    class Settings(MagnetSettings):
        """Limits of the magnet; only its maker's sheet knows them.

        Attributes
        ----------
        field_agreement_T : float
            How far the field may be from current times coil constant; more than the last digit that
            the supply shows [T].
        """

        field_agreement_T: float = 1e-3

        def __post_init__(self) -> None:
            super().__post_init__()
            check_settings(self, positive=("field_agreement_T",))
            if len(self.ramp_segments) > MOST_SEGMENTS:
                raise ValueError(f"ramp_segments has {len(self.ramp_segments)}; a Model 430 has {MOST_SEGMENTS}")

    current_limit_A: Any = Instrument.measurement(
        "CURR:LIMIT?", """Get the supply's current limit [A].""", Number(0, 500)
    )
    voltage_limit_V: Any = Instrument.measurement(
        "VOLT:LIM?", """Get the supply's voltage limit [V].""", Number(0, 100)
    )
    switch_installed: Any = Instrument.measurement(
        "PS:INST?", """Get whether the supply knows of a persistent switch [1].""", Whole(0, 1)
    )
    switch_heated: Any = Instrument.measurement("PS?", """Get whether the switch heater is on [1].""", Whole(0, 1))
    persistent: Any = Instrument.measurement("PERS?", """Get whether the magnet is persistent [1].""", Whole(0, 1))
    heating_time_s: Any = Instrument.measurement(
        "PS:HTIME?", """Get how long the switch is heated before it is warm [s].""", Whole(5, 120)
    )
    cooling_time_s: Any = Instrument.measurement(
        "PS:CTIME?", """Get how long the switch takes to cool [s].""", Whole(5, 3600)
    )

    def _on_open(self) -> None:
        """Read the units, and the supply's own limits, which hold as well."""
        super()._on_open()
        supply_T = self.coil_T_per_A * self.current_limit_A
        largest_T = min(self.settings.field_max_T, supply_T)
        self._limits["field_T"] = (-largest_T, largest_T)

    def _fingerprint(self) -> tuple[int, int, float]:
        """Return the units of field and rate, and the coil constant in them."""
        units = self.query("FIELD:UNITS?", Whole(0, 1)), self.query("RAMP:RATE:UNITS?", Whole(0, 1))
        return *units, self.query("COIL?", Number(1e-6, 1e3))

    @property
    def coil_T_per_A(self) -> float:
        """Get the field over the current, as the supply had it when it was opened [T/A]."""
        return self._known[2] * self._unit_T

    @property
    def _unit_T(self) -> float:
        return T_PER_UNIT[self._known[0]]

    @property
    def _rate_unit_T_per_min(self) -> float:
        return self._unit_T * PER_MIN[self._known[1]]

    # what it is doing

    @property
    def field_T(self) -> float:
        """Measure the field, as the supply computes it from the current [T].

        The current is asked for as well and must agree: a number that lost its end, or its
        exponent, on the way is refused.
        """
        with self.lock:
            began_s = self.clock.now()
            field_T = self.query("FIELD:MAG?", Number(-1e3, 1e3)) * self._unit_T
            current_A = self.query("CURR:MAG?", CURRENT_A)
            moved_T = self._moved_T(began_s)
        expected_T = current_A * self.coil_T_per_A
        allowed_T = self.settings.field_agreement_T + 1e-3 * abs(expected_T) + moved_T
        # in a quench the current falls between the two questions; then the reading stands, and the state says why
        if abs(field_T - expected_T) > allowed_T and self.state is not MagnetState.QUENCH:
            raise self.garbled(
                "FIELD:MAG?", f"{field_T:g} T",
                f"is not what {current_A:g} A make in this coil, {expected_T:g} T (were the units or the coil "
                "constant changed at the front panel? then open it again)",
            )  # fmt: skip
        return field_T

    @property
    def magnet_field_T(self) -> float:
        """Measure the field of the current in the coil; with a cold switch it is not the supply's [T]."""
        return self.field_T

    @property
    def supply_field_T(self) -> float:
        """Measure the field that the supply's current would make in the coil; asked twice, must agree [T]."""
        with self.lock:
            began_s = self.clock.now()
            first_T, second_T = (self.query("CURR:SUPP?", CURRENT_A) * self.coil_T_per_A for _ in range(2))
            moved_T = self._moved_T(began_s)
        if abs(first_T - second_T) > self.settings.field_agreement_T + moved_T:
            raise self.garbled("CURR:SUPP?", f"{first_T:g} T", f"was followed by {second_T:g} T")
        return second_T

    @property
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self.query("FIELD:TARG?", Number(-1e3, 1e3)) * self._unit_T

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate, the fastest of as many segments as config.yaml knows [T/min]."""
        return max(self._rate_T_per_min(number) for number in range(1, len(self._segments) + 1))

    def _rate_T_per_min(self, segment: int) -> float:
        rate, _ = self.query(f"RAMP:RATE:FIELD:{segment}?", Fields(Number(0, 1e6), Number(0, 1e6)))
        return rate * self._rate_unit_T_per_min

    def _ask_state(self) -> MagnetState:
        return STATES[self.query("STATE?", Whole(1, 10))]

    @property
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing [1]."""
        if not self.switch_installed:
            return SwitchState.ABSENT
        state = self._ask_state()
        if state is MagnetState.HEATING_SWITCH:
            return SwitchState.HEATING
        if state is MagnetState.COOLING_SWITCH:
            return SwitchState.COOLING
        return SwitchState.WARM if self.switch_heated else SwitchState.COLD

    # what it is told

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        self._forget_errors()
        if self.state is MagnetState.RAMPING:
            self.send("PAUSE")
        self._set_rates(rate_T_per_min)
        self._set_target(field_T)
        self._check_errors(f"ramp to {field_T:g} T")
        self.send("RAMP")

    def _reset_fault(self) -> None:
        self.send("QU 0")

    def _set_heater(self, on: bool) -> None:
        self.send(f"PS {int(on)}")
        if insist(lambda: self.switch_heated) != on:
            raise Refused(
                f"{self.name}: the switch heater was told to be {'on' if on else 'off'} and is not: "
                f"{self._next_error() or 'no error in its queue'}. Look at the supply",
                instrument=self.name,
            )

    def _set_rates(self, rate_T_per_min: float) -> None:
        """Program the segments, none faster than this, and read them back."""
        segments = slowed(self._segments, rate_T_per_min)
        self.send(f"CONF:RAMP:RATE:SEG {len(segments)}")
        for number, (up_to_T, rate) in enumerate(segments, 1):
            self.send(
                f"CONF:RAMP:RATE:FIELD {number},{rate / self._rate_unit_T_per_min:.9f},{up_to_T / self._unit_T:.6f}"
            )
            taken = self._rate_T_per_min(number)
            self._check_taken("ramp rate", rate, taken, 1e-3 * rate + 1e-5, "T/min")

    def _set_target(self, field_T: float) -> None:
        self.send(f"CONF:FIELD:TARG {field_T / self._unit_T:.6f}")
        taken_T = self.target_T
        if abs(taken_T - field_T) > self.settings.field_tolerance_T:
            self._check_errors(f"target {field_T:g} T")
        self._check_taken("target", field_T, taken_T, self.settings.field_tolerance_T, "T")

    def _next_error(self) -> str:
        reply = self.query("SYST:ERR?", ERROR)
        return "" if re.match(r"[+-]?0+,", reply) else reply

    def _forget_errors(self) -> None:
        """Empty the queue of what others have left there."""
        for _ in range(LONGEST_QUEUE):
            if not self._next_error():
                return
        raise Refused(f"{self.name}: its error queue does not empty; switch it off and on", instrument=self.name)

    def _check_errors(self, what: str) -> None:
        if error := self._next_error():
            self._forget_errors()
            raise Refused(f"{self.name}: {what} was refused by the supply: {error}", instrument=self.name)
