"""Lake Shore Model 625 magnet supply.

Currents are what it is told and asked for; the field constant and its unit, T/A or kG/A, are the supply's own. With a
cold switch its field reading is that of the supply, not of the magnet: the magnet's is then taken from the current at
which the heater was switched off (``PSHIS?``).

Sources: the public drivers of QCoDeS's contributors, qudi (which quotes the manual) and slave. UNVERIFIED, because no
manual was at hand: what ``STOP`` does to the set point, that segments count by the amount of the current, and which
operational errors there are beside the quench (bit 5); all of them are taken for a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Fields, Instrument, Number, Refused, Whole, check_settings
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import SwitchState
from drivers.ramp_segments import MagnetSettings, floored, slowed
from drivers.wired_magnet import WiredMagnet

CURRENT_A = Number(-70, 70, re.compile(r"[+-]?[0-9]{1,2}\.[0-9]{4}"))
RATE = Number(0, 100, re.compile(r"[+-]?[0-9]{1,2}\.[0-9]{3,4}"))
FIELD = Number(-1e6, 1e6, re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{2,5}E[+-][0-9]{2}"))
QUENCH = 32
"""Bit of the operational errors."""
RAMP_DONE = 2
"""Bit of the operational status."""
SEGMENTS = 5
STEP = 1e-4
"""Last digit of currents [A] and rates [A/s]."""
UNKNOWN_A = 99.9999
"""What PSHIS? says when the supply does not know."""
T_PER_UNIT = (1.0, 1e-4)
"""Fields are in tesla with a constant in T/A, and in gauss with one in kG/A."""
CONSTANT_T = (1.0, 0.1)
SWITCH = {0: SwitchState.COLD, 1: SwitchState.WARM, 2: SwitchState.HEATING, 3: SwitchState.COOLING}


class LakeShore625(WiredMagnet):
    """Lake Shore Model 625, GPIB or RS-232."""

    driver_name = "lakeshore625"
    model = "Model 625"
    IDENTITY = re.compile(r"LSCI,MODEL625,[ -~]{0,60}$")
    READ_TERMINATION = "\r\n"
    HOLD = "STOP"
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "coil_T_per_A", "compliance_V", "switch",
    )  # fmt: skip

    @dataclass(frozen=True)
    class Settings(MagnetSettings):
        """Limits of the magnet; only its maker's sheet knows them.

        Attributes
        ----------
        field_agreement_T : float
            How far the field may be from current times coil constant, and a resting current from its
            set point [T].
        """

        field_tolerance_T: float = 5e-4
        field_agreement_T: float = 1e-3

        def __post_init__(self) -> None:
            super().__post_init__()
            check_settings(self, positive=("field_agreement_T",))
            if len(self.ramp_segments) > SEGMENTS:
                raise ValueError(f"ramp_segments has {len(self.ramp_segments)}; a Model 625 has {SEGMENTS}")

    compliance_V: Any = Instrument.measurement("SETV?", """Get the voltage compliance [V].""", Number(0, 6))

    def _on_open(self) -> None:
        """Read the field constant, the switch, and the supply's own limits, which hold as well."""
        self._told_A: float | None = None
        super()._on_open()
        limit_A, _, limit_A_per_s = self._known[2]
        largest_T = min(self.settings.field_max_T, limit_A * self.coil_T_per_A)
        fastest = min(self.settings.ramp_rate_max_T_per_min, limit_A_per_s * self._rate_unit)
        self._limits["field_T"] = (-largest_T, largest_T)
        self._limits["ramp_rate_T_per_min"] = (STEP * self._rate_unit, fastest)

    def _fingerprint(self) -> tuple[Any, ...]:
        """Return field constant, switch and limits, as the supply has them."""
        return (
            self.query("FLDS?", Fields(Whole(0, 1), Number(1e-4, 10))),
            self.query("PSHS?", Fields(Whole(0, 1), Number(0, 200), Number(0, 200))),
            self.query("LIMIT?", Fields(Number(0, 61), Number(0, 6), Number(0, 100))),
        )

    @property
    def coil_T_per_A(self) -> float:
        """Get the field over the current, as the supply had it when it was opened [T/A]."""
        units, constant = self._known[0]
        return constant * CONSTANT_T[units]

    @property
    def _rate_unit(self) -> float:
        """Get T/min in one A/s."""
        return 60 * self.coil_T_per_A

    # what it is doing

    def _ask_supply_T(self) -> float:
        """Ask for field and current, which must agree; a number that lost its exponent on the way is refused."""
        with self.lock:
            began_s = self.clock.now()
            field_T = self.query("RDGF?", FIELD) * T_PER_UNIT[self._known[0][0]]
            expected_T = self.query("RDGI?", CURRENT_A) * self.coil_T_per_A
            moved_T = self._moved_T(began_s)
        allowed_T = self.settings.field_agreement_T + 1e-3 * abs(expected_T) + moved_T
        if abs(field_T - expected_T) > allowed_T and self.state is not MagnetState.QUENCH:
            raise self.garbled(
                "RDGF?", f"{field_T:g} T",
                f"is not what the current makes in this coil, {expected_T:g} T (was the field constant changed at the "
                "front panel? then open it again)",
            )  # fmt: skip
        return expected_T

    @property
    def field_T(self) -> float:
        """Measure the field of the magnet, as the supply computes it [T]."""
        return self.magnet_field_T

    @property
    def magnet_field_T(self) -> float:
        """Measure the field of the current in the coil; with a cold switch, that at which it was cooled [T]."""
        if self.switch not in (SwitchState.COLD, SwitchState.HEATING):
            return self._ask_supply_T()
        stored_A = self.query("PSHIS?", Number(-100, 100, CURRENT_A.pattern))
        if abs(stored_A) >= UNKNOWN_A - STEP:
            raise Refused(
                f"{self.name}: its switch is cold and it does not know the current in the magnet; find it in the log "
                "of the magnet and heat the switch by hand",
                instrument=self.name,
            )
        return stored_A * self.coil_T_per_A

    @property
    def supply_field_T(self) -> float:
        """Measure the field that the supply's current would make in the coil [T]."""
        return self._ask_supply_T()

    @property
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self.query("SETI?", CURRENT_A) * self.coil_T_per_A

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate, with segments the fastest of as many as config.yaml knows [T/min]."""
        if not self.query("RSEG?", Whole(0, 1)):
            return self._ask_rate() * self._rate_unit
        return max(self._ask_segment(number)[1] for number in range(1, len(self._segments) + 1)) * self._rate_unit

    def _ask_rate(self) -> float:
        return self.query("RATE?", RATE)

    def _ask_segment(self, number: int) -> tuple[float, float]:
        return self.query(f"RSEGS? {number}", Fields(CURRENT_A, RATE))

    def _ask_state(self) -> MagnetState:
        hardware, operational, switch = self.query("ERST?", Fields(Whole(0, 255), Whole(0, 511), Whole(0, 255)))
        if operational & QUENCH:
            return MagnetState.QUENCH
        if hardware or operational or switch:
            self._fault = f"errors: hardware {hardware}, operational {operational}, switch heater {switch}"
            return MagnetState.FAULT
        heater = self._ask_heater()
        if heater in (2, 3):
            return MagnetState.HEATING_SWITCH if heater == 2 else MagnetState.COOLING_SWITCH
        if not self.query("OPST?", Whole(0, 255)) & RAMP_DONE:
            return MagnetState.RAMPING
        if self._told_A is None:
            return MagnetState.HOLDING
        # a supply that was told to stop says that its ramp is done, too
        away_T = abs(self.query("RDGI?", CURRENT_A) - self._told_A) * self.coil_T_per_A
        return MagnetState.HOLDING if away_T <= self.settings.field_agreement_T else MagnetState.PAUSED

    def _ask_heater(self) -> int | None:
        """Return the state of the heater, or None if there is no switch."""
        return self.query("PSH?", Whole(0, 3)) if self._known[1][0] else None

    @property
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing [1]."""
        heater = self._ask_heater()
        return SwitchState.ABSENT if heater is None else SWITCH[heater]

    @property
    def heating_time_s(self) -> float:
        """Get the delay that is set up for the switch [s]."""
        return self._known[1][2]

    @property
    def cooling_time_s(self) -> float:
        """Get the delay that is set up for the switch [s]."""
        return self._known[1][2]

    # what it is told

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        self._check_quench_detection(rate_T_per_min)
        if self.state is MagnetState.RAMPING:
            self.send("STOP")
        self._set_rates(rate_T_per_min)
        current_A = round(field_T / self.coil_T_per_A, 4) + 0.0
        self._told_A = current_A
        self.send(f"SETI {current_A:.4f}")  # it sets out at once
        taken_T = self.target_T
        if abs(taken_T - field_T) > self.field_tolerance_T:
            self.send("STOP")
        self._check_taken("target", field_T, taken_T, self.field_tolerance_T, "T")

    def _check_quench_detection(self, rate_T_per_min: float) -> None:
        """Refuse a ramp that the supply would not watch, or would take for a quench."""
        on, step_A_per_s = self.query("QNCH?", Fields(Whole(0, 1), Number(0, 100)))
        if not on:
            raise Refused(
                f"{self.name}: its quench detection is off, a quench would not be seen; no ramp is started. Switch it "
                "on at the front panel",
                instrument=self.name,
            )
        if rate_T_per_min / self._rate_unit > step_A_per_s:
            raise Refused(
                f"{self.name}: {rate_T_per_min:g} T/min is faster than what it takes for a quench, "
                f"{step_A_per_s * self._rate_unit:g} T/min; no ramp is started. Ramp more slowly",
                instrument=self.name,
            )

    def _set_rates(self, rate_T_per_min: float) -> None:
        """Program the rate, or all segments, none faster than this, and read back."""
        segments = slowed(self._segments, rate_T_per_min)
        slowest = min(rate for _, rate in segments)
        several = len(segments) > 1
        if several:
            for number in range(1, SEGMENTS + 1):
                self._set_segment(number, *segments[min(number, len(segments)) - 1])
        else:
            rate_A_per_s = floored(slowest / self._rate_unit, STEP)
            self.send(f"RATE {rate_A_per_s:.4f}")
            self._check_taken("ramp rate", rate_A_per_s, self._ask_rate(), STEP / 2, "A/s")
        self.send(f"RSEG {int(several)}")
        self._check_taken("use of ramp segments", int(several), self.query("RSEG?", Whole(0, 1)), 0, "")

    def _set_segment(self, number: int, up_to_T: float, rate_T_per_min: float) -> None:
        current_A, rate_A_per_s = up_to_T / self.coil_T_per_A, floored(rate_T_per_min / self._rate_unit, STEP)
        self.send(f"RSEGS {number},{current_A:.4f},{rate_A_per_s:.4f}")
        taken_A, taken_A_per_s = self._ask_segment(number)
        self._check_taken("segment", current_A, taken_A, STEP, "A")
        self._check_taken("ramp rate", rate_A_per_s, taken_A_per_s, STEP / 2, "A/s")

    def _reset_fault(self) -> None:
        self.send("ERCL")

    def _set_heater(self, on: bool) -> None:
        """Switch the heater; never by ``PSH 99``, which would let the supply forget to compare the currents itself."""
        self.send(f"PSH {int(on)}")
        state = insist(lambda: self.switch)
        if state not in ((SwitchState.HEATING, SwitchState.WARM) if on else (SwitchState.COOLING, SwitchState.COLD)):
            raise Refused(
                f"{self.name}: the switch heater was told to be {'on' if on else 'off'}, and the switch is "
                f"{state.value}: the supply compares its current with that at which the switch was cooled. Look at it",
                instrument=self.name,
            )
