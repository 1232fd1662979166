"""Oxford Instruments Mercury iPS magnet supply, one axis of it.

The set point is sent and read back before the supply is let go to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Instrument, Refused, Word
from drivers.magnet_supply import MagnetState
from drivers.mercury import SWITCH, Mercury, in_unit
from drivers.oxford_magnet import LAST_DIGIT_T, OxfordMagnet, OxfordMagnetSettings, rounded_down
from drivers.persistent_switch import SwitchState

HOLD, TO_SETPOINT, TO_ZERO, CLAMPED = "HOLD", "RTOS", "RTOZ", "CLMP"
ACTION = Word(re.compile("|".join((HOLD, TO_SETPOINT, TO_ZERO, CLAMPED))))
STATUS = Word(re.compile(r"[0-9A-Fa-f]{8}"))
QUENCH = 1 << 8
FAULTS = {
    0: "switch heater mismatch", 1: "rundown resistors too hot", 2: "sense resistor too hot", 3: "board too hot",
    4: "calibration failure", 5: "firmware error", 6: "rundown resistors failed", 7: "RS-485 failure",
    9: "catch detected", 12: "sense amplifier too hot", 13: "amplifier 1 too hot", 14: "amplifier 2 too hot",
    15: "PWM cut off", 16: "voltage ADC error", 17: "current ADC error",
}  # fmt: skip
"""What the bits of the status mean."""
GROUPED_SINCE = (2, 6)
"""From this firmware on the supply's node is called SPSU, before PSU."""
FIELD_T, AMPERE, RATE = in_unit("T", -30, 30), in_unit("A", -1000, 1000), in_unit("T/m", 0, 100)


class MercuryIPS(Mercury, OxfordMagnet):
    """Oxford Instruments Mercury iPS, TCP port 7020, GPIB or RS-232, in its SCPI language."""

    driver_name = "mercuryips"
    model = "Mercury iPS"
    IDENTITY = re.compile(r"IDN:OXFORD INSTRUMENTS:MERCURY IPS:[ -~]{0,40}:[0-9]+\.[0-9]+[0-9.]*$", re.IGNORECASE)
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "switch", "amperes_per_tesla", "output_V",
    )  # fmt: skip

    @dataclass(frozen=True)
    class Settings(OxfordMagnetSettings):
        """Limits of the magnet, and which one it is.

        Attributes
        ----------
        axis : str
            X, Y or Z, the group of the supply.
        switch_installed : bool
            Whether there is a persistent switch; the supply itself does not tell.
        """

        axis: str = "Z"
        switch_installed: bool = True

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.axis not in ("X", "Y", "Z"):
                raise ValueError(f"axis = {self.axis!r} is none of the Mercury iPS; there are X, Y, Z")

    amperes_per_tesla: Any = Instrument.measurement(
        "ATOB", """Get the current over the field of the coil [A/T].""", in_unit("", 1e-2, 1e5)
    )

    @property
    def _board(self) -> str:
        major, minor = self.identity.rpartition(":")[2].split(".")[:2]
        kind = "SPSU" if (int(major), int(minor)) >= GROUPED_SINCE else "PSU"
        return f"DEV:GRP{self.settings.axis}:{kind}"

    # what it is doing

    @property
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self.query("SIG:FSET", FIELD_T)

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate [T/min]."""
        return self.query("SIG:RFST", RATE)

    @property
    def output_V(self) -> float:
        """Measure the voltage of the output [V]."""
        return self.moving("SIG:VOLT", in_unit("V", -100, 100), allowed=200.0)

    def _output_T(self) -> float:
        return self._field("SIG:FLD")

    def _persistent_T(self) -> float:
        return self._field("SIG:PFLD")

    def _field(self, node: str) -> float:
        return self.moving(node, FIELD_T, allowed=LAST_DIGIT_T, per_s=self._fastest_T_per_s, excuse=self._troubled)

    def _ask_state(self) -> MagnetState:
        if status := self._status():
            return MagnetState.QUENCH if status & QUENCH else self._tripped(status)
        action = self.query("ACTN", ACTION)
        if action == HOLD:
            there = abs(self._output_T() - self.target_T) <= self.field_tolerance_T
            return MagnetState.HOLDING if there else MagnetState.PAUSED
        return {TO_SETPOINT: MagnetState.RAMPING, TO_ZERO: MagnetState.ZEROING, CLAMPED: MagnetState.PAUSED}[action]

    def _status(self) -> int:
        """Return the bits of the status; any that is set must be there twice."""
        with self.lock:
            bits = self.query("STAT", STATUS)
            if int(bits, 16) and (again := self.query("STAT", STATUS)) != bits:
                raise self.garbled("STAT", f"{bits} {again}", "came differently when it was asked for again")
        return int(bits, 16)

    def _tripped(self, status: int) -> MagnetState:
        named = [FAULTS.get(bit, f"status bit {bit}") for bit in range(32) if status >> bit & 1]
        self._fault = ", ".join(named)
        return MagnetState.FAULT

    def _ask_heater(self) -> SwitchState:
        if not self.settings.switch_installed:
            return SwitchState.ABSENT
        return SwitchState.WARM if self.query("SIG:SWHT", SWITCH) == "ON" else SwitchState.COLD

    def _ask_clamped(self) -> bool:
        return self.query("ACTN", ACTION) == CLAMPED

    def _fingerprint(self) -> tuple[Any, ...]:
        return (self.amperes_per_tesla,)

    # what it is told

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        if self.query("ACTN", ACTION) != HOLD:
            self.send(f"ACTN:{HOLD}")  # out of the clamp, or off an older ramp
            self._was_clamped = False
        rate = rounded_down(rate_T_per_min)
        self.send(f"SIG:RFST:{rate:.4f}")
        self._check_taken("ramp rate", rate, self.ramp_rate_T_per_min, 1e-3 * rate + 6e-5, "T/min")
        self.send(f"SIG:FSET:{field_T:.5f}")
        self._check_taken("set point", field_T, self.target_T, self.field_tolerance_T, "T")
        self.send(f"ACTN:{TO_SETPOINT}")

    def hold(self) -> None:
        """Stop the ramp where it is. Goes out within a fraction of a second even if a reply is being waited for."""
        self._hold_at_once(lambda: self.send_unread(f"ACTN:{HOLD}"), self._see_hold)

    def _see_hold(self) -> None:
        if (action := self.query("ACTN", ACTION)) != HOLD:
            raise Refused(
                f"{self.name}: told to hold, but it says {action}; hold it at its front panel", instrument=self.name
            )

    def _set_heater(self, on: bool) -> None:
        with self.lock:
            self.send(f"SIG:SWHT:{'ON' if on else 'OFF'}")
            self._check_heater(on)

    def _clamp_and_release(self) -> None:
        self.send(f"ACTN:{CLAMPED}")
        self.send(f"ACTN:{HOLD}")
