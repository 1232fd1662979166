"""Oxford Instruments IPS120-10 magnet supply, also PS120 of the same language.

The set point is sent and read back before the supply is let go to it. Five digits behind the point,
which the field of weak localization needs, are asked for with the first ramp (Q4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Instrument
from drivers.isobus import LOCAL, Isobus, number
from drivers.magnet_supply import MagnetState
from drivers.oxford_magnet import LAST_DIGIT_T, OxfordMagnet, OxfordMagnetSettings, rounded_down
from drivers.persistent_switch import SwitchState

HOLD, TO_SETPOINT, TO_ZERO, CLAMPED = "0", "1", "2", "4"
FAULTS = {"2": "it is too hot", "3": "it is warming up", "4": "it shows a fault", "8": "it shows a fault"}
"""First digit of the status, but 0 for normal and 1 for a quench."""
OUTSIDE = {"4": "its current is below its limit", "8": "its current is above its limit"}
"""Second digit of the status, but 0 for normal and 1, 2 for the voltage limit."""
AUTO_RUN_DOWN = "4567"
HEATER = {
    "0": SwitchState.COLD,
    "1": SwitchState.WARM,
    "2": SwitchState.COLD,
    "5": SwitchState.FAULT,
    "8": SwitchState.ABSENT,
}
FIELD_T = number(-30, 30)


class IPS120(Isobus, OxfordMagnet):
    """Oxford Instruments IPS120-10, GPIB, RS-232 or ISOBUS."""

    driver_name = "ips120"
    model = "IPS120-10"
    IDENTITY = re.compile(r"I?PS ?120(-10)?[ -~]{0,60}$")
    STATUS = re.compile(
        r"(?P<system>[0-48])(?P<limits>[0-48])A(?P<activity>[0124])C(?P<control>[0-7])H(?P<heater>[01258])"
        r"M(?P<mode>[0-9])(?P<sweep>[0-3])P(?P<polarity>[0-9]{2})"
    )
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "switch", "current_limit_A", "voltage_limit_V",
    )  # fmt: skip

    @dataclass(frozen=True)
    class Settings(OxfordMagnetSettings):
        """Limits of the magnet, and how the supply is connected.

        Attributes
        ----------
        isobus_address : int or None
            0 to 9 when several instruments share a serial wire.
        """

        isobus_address: int | None = None

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.isobus_address not in (None, *range(10)):
                raise ValueError(f"isobus_address = {self.isobus_address!r} is none; there are 0 to 9")

    current_limit_A: Any = Instrument.measurement("R22", """Get the supply's current limit [A].""", number(0, 500))
    voltage_limit_V: Any = Instrument.measurement("R15", """Get the supply's voltage limit [V].""", number(0, 100))

    # what it is doing

    @property
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self.query("R8", FIELD_T)

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate [T/min]."""
        return self.query("R9", number(0, 100))

    def _output_T(self) -> float:
        return self._field("R7")

    def _persistent_T(self) -> float:
        return self._field("R18")

    def _field(self, register: str) -> float:
        return self.moving(register, FIELD_T, allowed=LAST_DIGIT_T, per_s=self._fastest_T_per_s, excuse=self._troubled)

    def _ask_state(self) -> MagnetState:
        status = self.status()
        if status["system"] == "1":
            return MagnetState.QUENCH
        if self._note_fault(status):
            return MagnetState.FAULT
        moving, activity = status["sweep"] != "0", status["activity"]
        if moving and status["control"] in LOCAL:
            return MagnetState.MANUAL
        if activity == TO_SETPOINT:
            return MagnetState.RAMPING if moving else MagnetState.HOLDING
        if activity == TO_ZERO:
            return MagnetState.ZEROING if moving else MagnetState.AT_ZERO
        return MagnetState.PAUSED

    def _note_fault(self, status: dict[str, str]) -> bool:
        """Return whether the status shows a fault, and keep what it is."""
        what = FAULTS.get(status["system"]) or OUTSIDE.get(status["limits"])
        if not what and status["control"] in AUTO_RUN_DOWN:
            what = "it runs its magnet down by itself"
        self._fault = what or self._fault
        return what is not None

    def _ask_heater(self) -> SwitchState:
        return HEATER[self.status()["heater"]]

    def _ask_clamped(self) -> bool:
        return self.status()["activity"] == CLAMPED

    def _fingerprint(self) -> tuple[Any, ...]:
        # the digits behind the first are shown from the first ramp on
        return round(self.query("R21", number(-500, 500)), 1), round(self.current_limit_A, 1)

    # what it is told

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        self.send_silently("Q4")
        if self.status()["activity"] != HOLD:
            self.send("A0")  # out of the clamp, or off an older ramp
            self._was_clamped = False
        rate = rounded_down(rate_T_per_min)
        self.send(f"T{rate:.4f}")
        self._check_taken("ramp rate", rate, self.ramp_rate_T_per_min, 1e-3 * rate + 6e-5, "T/min")
        self.send(f"J{field_T:.5f}")
        self._check_taken("set point", field_T, self.target_T, self.field_tolerance_T, "T")
        self.send("A1")

    def hold(self) -> None:
        """Stop the ramp where it is. Goes out within a fraction of a second even if a reply is being waited for."""
        self._hold_at_once(lambda: self.send_silently("A0"), self._see_hold)

    def _see_hold(self) -> None:
        # in local control it was passed over in silence; a clamp holds as well, and tells of a loss of power
        if self.status()["activity"] not in (HOLD, CLAMPED):
            self.send("A0")

    def _set_heater(self, on: bool) -> None:
        with self.lock:
            self.send(f"H{int(on)}")
            self._check_heater(on)

    def _clamp_and_release(self) -> None:
        self.send("A4")
        self.send("A0")
