"""American Magnetics Model 430 magnet supply.

A ramp is request -> ramping -> holding | quench | timeout | aborted (`roles.MagnetSupply`). The
units are the supply's own, asked for and never assumed. A persistent switch is never heated or
cooled from here: with a cold one a ramp is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Fields, Instrument, Number, Refused, Whole, Word, check_settings
from drivers.patience import insist
from drivers.roles import MagnetState, MagnetSupply

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
READY = (MagnetState.RAMPING, MagnetState.HOLDING, MagnetState.PAUSED, MagnetState.AT_ZERO)
T_PER_UNIT = (0.1, 1.0)
"""Field units 0 and 1: kilogauss and tesla."""
PER_MIN = (60.0, 1.0)
"""Ramp rate units 0 and 1: per second and per minute."""
ERROR = Word(re.compile(r'[+-]?[0-9]{1,5}, ?"[ -!#-~]{0,200}"'))
LONGEST_QUEUE = 20
URGENT_S = 0.2
"""How long a hold waits for the wire before it goes out beside whatever is under way."""


class AMI430(Instrument, MagnetSupply):
    """American Magnetics Model 430, TCP port 7180 or RS-232."""

    driver_name = "ami430"
    role = "magnet"
    model = "Model 430"
    IDENTITY = re.compile(r"AMERICAN MAGNETICS INC\.,MODEL 430,[ -~]{0,60}$")
    READ_TERMINATION = "\r\n"
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "coil_T_per_A", "current_limit_A", "voltage_limit_V",
        "switch_installed",
    )  # fmt: skip

    @dataclass(frozen=True)
    class Settings:
        """Limits of the magnet; only its maker's sheet knows them.

        Attributes
        ----------
        field_max_T, ramp_rate_max_T_per_min : float
            Largest field, either sign [T], and fastest ramp [T/min].
        field_tolerance_T : float
            How close to its target a holding magnet must be [T].
        field_agreement_T : float
            How far the field may be from current times coil constant; more than the last digit that
            the supply shows [T].
        """

        field_max_T: float
        ramp_rate_max_T_per_min: float
        field_tolerance_T: float = 1e-4
        field_agreement_T: float = 1e-3

        def __post_init__(self) -> None:
            check_settings(
                self, positive=("field_max_T", "ramp_rate_max_T_per_min", "field_tolerance_T", "field_agreement_T")
            )

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

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s = self.settings
        return {"field_T": (-s.field_max_T, s.field_max_T), "ramp_rate_T_per_min": (1e-5, s.ramp_rate_max_T_per_min)}

    def _on_open(self) -> None:
        """Read the units, and the supply's own limits, which hold as well."""
        self._quenched = False
        self._units = self._ask_units()
        self.coil_T_per_A = self._ask_coil()
        supply_T = self.coil_T_per_A * self.current_limit_A
        largest_T = min(self.settings.field_max_T, supply_T)
        self._limits["field_T"] = (-largest_T, largest_T)

    def _ask_units(self) -> tuple[int, int]:
        return self.query("FIELD:UNITS?", Whole(0, 1)), self.query("RAMP:RATE:UNITS?", Whole(0, 1))

    def _ask_coil(self) -> float:
        """Return the field over the current [T/A]."""
        return self.query("COIL?", Number(1e-6, 1e3)) * T_PER_UNIT[self._units[0]]

    @property
    def _unit_T(self) -> float:
        return T_PER_UNIT[self._units[0]]

    @property
    def _rate_unit_T_per_min(self) -> float:
        return self._unit_T * PER_MIN[self._units[1]]

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
            current_A = self.query("CURR:MAG?", Number(-1e3, 1e3))
            moved_T = self._limits["ramp_rate_T_per_min"][1] / 60 * (self.clock.now() - began_s)
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
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self.query("FIELD:TARG?", Number(-1e3, 1e3)) * self._unit_T

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate of the first segment [T/min]."""
        rate, _ = self.query("RAMP:RATE:FIELD:1?", Fields(Number(0, 1e6), Number(0, 1e6)))
        return rate * self._rate_unit_T_per_min

    @property
    def field_tolerance_T(self) -> float:
        """Get how close to the target a holding magnet must be [T]."""
        return self.settings.field_tolerance_T

    @property
    def state(self) -> MagnetState:
        """Get what the supply is doing; a quench seen here is latched."""
        state = STATES[self.query("STATE?", Whole(1, 10))]
        if state is MagnetState.QUENCH:
            self._quenched = True
        return MagnetState.QUENCH if self._quenched else state

    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("field_T", field_T)

    def check_rate(self, rate_T_per_min: float) -> float:
        """Return the ramp rate [T/min] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("ramp_rate_T_per_min", rate_T_per_min)

    # what it is told

    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Start a ramp to a field [T] at a rate [T/min], the one that is set if omitted.

        Rate and target are read back, and the error queue is empty, before RAMP is sent.

        Raises
        ------
        LimitExceeded, Quench, Refused
            No ramp was started.
        """
        field_T = self.check_field(field_T)
        if rate_T_per_min is not None:
            rate_T_per_min = self.check_rate(rate_T_per_min)
        insist(lambda: self._command_ramp(field_T, rate_T_per_min))

    def _command_ramp(self, field_T: float, rate_T_per_min: float | None) -> None:
        """Say it all; RAMP comes last, so that it can be said again from the start after a lost reply."""
        with self.lock:
            self._check_ready()
            rate = self.check_rate(self.ramp_rate_T_per_min if rate_T_per_min is None else rate_T_per_min)
            self._forget_errors()
            if self.state is MagnetState.RAMPING:
                self.send("PAUSE")
            self._set_rate(rate)
            self._set_target(field_T)
            self._check_errors(f"ramp to {field_T:g} T")
            self.send("RAMP")

    def hold(self) -> None:
        """Stop the ramp where it is. Goes out within a fraction of a second even if a reply is being waited for.

        PAUSE has no reply, so it cannot disturb the order of those of others.
        """
        alone = self.lock.acquire(timeout=URGENT_S)
        try:
            self._write("PAUSE")
        finally:
            if alone:
                self.lock.release()

    def rearm(self) -> None:
        """Clear a quench; for a person who has looked at the magnet. Raises Quench if it is still there."""
        with self.lock:
            self.send("QU 0")
            self._quenched = False
            if self.state is MagnetState.QUENCH:
                raise self.quench_error()

    def _check_ready(self) -> None:
        """Raise unless the supply drives the magnet and waits for nothing but a target."""
        if self._quenched:
            raise self.quench_error()
        state = self.state
        if state is MagnetState.QUENCH:
            raise self.quench_error()
        if state not in READY:
            raise Refused(
                f"{self.name}: is {state.value}; no ramp is started. Wait until that has ended, or pause it at the "
                "front panel",
                instrument=self.name,
            )
        if self.switch_installed and not self.switch_heated:
            raise Refused(
                f"{self.name}: its persistent switch is cold; no ramp is started. Match the currents and heat the "
                "switch at the front panel, nothing here does it by itself",
                instrument=self.name,
            )
        if self._ask_units() != self._units:
            raise Refused(
                f"{self.name}: its units were changed since it was opened; no ramp is started. Open it again",
                instrument=self.name,
            )

    def _set_rate(self, rate_T_per_min: float) -> None:
        """Set one segment that reaches up to the limit, and read it back."""
        rate = f"{rate_T_per_min / self._rate_unit_T_per_min:.9f}"
        bound = f"{self._limits['field_T'][1] / self._unit_T:.6f}"
        self.send("CONF:RAMP:RATE:SEG 1")
        self.send(f"CONF:RAMP:RATE:FIELD 1,{rate},{bound}")
        taken = self.ramp_rate_T_per_min
        if abs(taken - rate_T_per_min) > 1e-3 * rate_T_per_min + 1e-5:
            raise Refused(
                f"{self.name}: ramp rate {rate_T_per_min:g} T/min was sent, the supply says {taken:g} T/min; "
                "no ramp is started. Choose a rate that it can hold",
                instrument=self.name,
            )

    def _set_target(self, field_T: float) -> None:
        self.send(f"CONF:FIELD:TARG {field_T / self._unit_T:.6f}")
        taken_T = self.target_T
        if abs(taken_T - field_T) > self.settings.field_tolerance_T:
            self._check_errors(f"target {field_T:g} T")
            raise Refused(
                f"{self.name}: target {field_T:g} T was sent, the supply says {taken_T:g} T; no ramp is started. "
                "Compare its current limit and coil constant with config.yaml",
                instrument=self.name,
            )

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
