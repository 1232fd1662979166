"""Cryomagnetics Model 4G magnet supply.

Field and limits are said in the units that are set at the supply, amperes or kilogauss, each reply with its unit;
sweep ranges and rates always in amperes and amperes per second. The coil constant cannot be asked for.

Sources: the public drivers of QCoDeS (whose status byte this is), of its contributors, of Lab::Moose, of slave, and
the tests of PyMeasure's pull request 1399. UNVERIFIED, because no manual was at hand: the words of ``SWEEP?`` but for
``Standby``, that the two sweep limits may be equal, in which order ranges may be changed, and that bit 7 of ``*ESR?``
shows a loss of power, as IEEE 488.2 has it. What was sent is read back, so that a supply that sees it otherwise is
not ramped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Instrument, Number, Refused, Whole, Word, check_settings
from drivers.limited import is_number
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import SwitchState, SwitchTimer
from drivers.ramp_segments import MagnetSettings, floored, slowed
from drivers.wired_magnet import WiredMagnet

LEVEL = Word(re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{1,6} ?(?:A|kG)"))
VOLTAGE = Word(re.compile(r"[+-]?[0-9]{1,2}\.[0-9]{1,6} ?V"))
UNITS = Word(re.compile(r"A|G|kG|T"))
SWEEP = Word(re.compile(r"(?i:(?:sweep )?(?:up|down|paused?|zero|zeroing|standby)(?: (?:fast|slow))?)"))
QUENCH, POWER_MODULE = 4, 8
"""Bits of the status byte."""
RANGES = 5
STEP_A = 1e-4
"""Last digit of ranges [A] and rates [A/s]."""


class Cryomagnetics4G(WiredMagnet):
    """Cryomagnetics Model 4G, GPIB; its USB port echoes every command, which is not spoken here."""

    driver_name = "cryomagnetics4g"
    model = "Model 4G"
    IDENTITY = re.compile(r"[A-Za-z][A-Za-z. ]{0,40},4G(?:-[0-9A-Za-z]{1,8})?,[ -~]{1,60}$")
    HOLD = "SWEEP PAUSE"
    SNAPSHOT = ("field_T", "target_T", "state", "ramp_rate_T_per_min", "coil_T_per_A", "voltage_limit_V", "switch")

    @dataclass(frozen=True, kw_only=True)
    class Settings(MagnetSettings):
        """Limits of the magnet; only its maker's sheet knows them.

        Attributes
        ----------
        coil_T_per_A : float
            Field over current; the supply does not tell it [T/A].
        field_agreement_T : float
            How far two readings of a field at rest may be apart [T].
        switch_heating_time_s, switch_cooling_time_s : float
            The maker's waits for the persistent switch [s]; both 0 if there is none.
        """

        coil_T_per_A: float
        field_agreement_T: float = 1e-3
        switch_heating_time_s: float = 0.0
        switch_cooling_time_s: float = 0.0

        def __post_init__(self) -> None:
            super().__post_init__()
            check_settings(self, positive=("coil_T_per_A", "field_agreement_T"))
            if len(self.ramp_segments) > RANGES:
                raise ValueError(f"ramp_segments has {len(self.ramp_segments)}; a Model 4G has {RANGES}")
            waits = (self.switch_heating_time_s, self.switch_cooling_time_s)
            if not (all(is_number(wait) for wait in waits) and (waits == (0, 0) or min(waits) > 0)):
                raise ValueError(
                    f"switch_heating_time_s, switch_cooling_time_s = {waits!r} must both be positive, "
                    "or both 0 if there is no persistent switch"
                )

    heater_on: Any = Instrument.measurement("PSHTR?", """Get whether the switch heater is on [1].""", Whole(0, 1))

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        limits = super()._own_limits()
        slowest = STEP_A * 60 * self.settings.coil_T_per_A
        return limits | {"ramp_rate_T_per_min": (slowest, limits["ramp_rate_T_per_min"][1])}

    def _on_open(self) -> None:
        s = self.settings
        self._switch_timer = SwitchTimer(self.clock, s.switch_heating_time_s, s.switch_cooling_time_s)
        super()._on_open()
        self.switch  # noqa: B018  the waits count from here

    def _fingerprint(self) -> tuple[str, str]:
        """Return units and voltage limit."""
        units = self.query("UNITS?", UNITS)
        if units == "T":
            raise Refused(
                f"{self.name}: its units are T, of which public drivers disagree whether levels are then sent in T or "
                "in kG; set them to A or kG at the front panel",
                instrument=self.name,
            )
        return units.removeprefix("k"), self.query("VLIM?", VOLTAGE)

    @property
    def _unit(self) -> str:
        return "A" if self._known[0] == "A" else "kG"

    @property
    def _unit_T(self) -> float:
        return self.coil_T_per_A if self._unit == "A" else 0.1

    @property
    def coil_T_per_A(self) -> float:
        """Get the field over the current, from config.yaml [T/A]."""
        return self.settings.coil_T_per_A

    @property
    def voltage_limit_V(self) -> float:
        """Get the supply's voltage limit [V]."""
        return float(self.query("VLIM?", VOLTAGE).rstrip("V "))

    # what it is doing

    def _level_T(self, query: str) -> float:
        """Return a level that is said with its unit [T]."""
        reply = self.query(query, LEVEL)
        if not reply.endswith(self._unit):
            raise self.garbled(
                query, reply, f"is not in {self._unit} (were the units changed at the front panel? then open it again)"
            )
        return float(reply.removesuffix(self._unit)) * self._unit_T

    def _twice_T(self, query: str) -> float:
        """Return a level that was asked for twice and agreed [T]; a digit may be lost on the way and nobody sees it."""
        with self.lock:
            began_s = self.clock.now()
            first_T, second_T = self._level_T(query), self._level_T(query)
            moved_T = self._moved_T(began_s)
        if abs(first_T - second_T) > self.settings.field_agreement_T + moved_T:
            if self.state is not MagnetState.QUENCH:
                raise self.garbled(query, f"{first_T:g} T", f"was followed by {second_T:g} T")
        return second_T

    @property
    def field_T(self) -> float:
        """Measure the field, as the supply computes it from the current of the coil [T]."""
        return self._twice_T("IMAG?")

    @property
    def magnet_field_T(self) -> float:
        """Measure the field of the current in the coil; with a cold switch it is not the supply's [T]."""
        return self._twice_T("IMAG?")

    @property
    def supply_field_T(self) -> float:
        """Measure the field that the supply's current would make in the coil [T]."""
        return self._twice_T("IOUT?")

    @property
    def target_T(self) -> float:
        """Get the field that the supply sweeps to; where it is, if it is paused [T]."""
        return self._sweep_goal_T(self._sweep())

    def _sweep(self) -> str:
        """Return how the supply sweeps: up, down, zero, pause or standby."""
        word = self.query("SWEEP?", SWEEP).lower().removeprefix("sweep ").split(" ")[0]
        return {"paused": "pause", "zeroing": "zero"}[word] if word in ("paused", "zeroing") else word

    def _sweep_goal_T(self, sweep: str) -> float:
        query = {"up": "ULIM?", "down": "LLIM?", "pause": "IOUT?"}.get(sweep)
        return self._level_T(query) if query else 0.0

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate, the fastest of as many ranges as config.yaml knows [T/min]."""
        return max(self._ask_rate(number) for number in range(len(self._segments))) * 60 * self.coil_T_per_A

    def _ask_rate(self, number: int) -> float:
        return self.query(f"RATE? {number}", Number(0, 100))

    def _ask_range(self, number: int) -> float:
        return self.query(f"RANGE? {number}", Number(0, 500))

    def _ask_state(self) -> MagnetState:
        """Ask; the supply goes on sweeping when it is at its limit, so that what is there is compared with it."""
        status = self.query("*STB?", Whole(0, 255))
        if status & QUENCH:
            return MagnetState.QUENCH
        if status & POWER_MODULE:
            self._fault = "power module failure"
            return MagnetState.FAULT
        sweep = self._sweep()
        if sweep in ("pause", "standby"):
            return MagnetState.PAUSED if sweep == "pause" else MagnetState.AT_ZERO
        away_T = abs(self._level_T("IOUT?") - self._sweep_goal_T(sweep))
        if sweep == "zero":
            return MagnetState.AT_ZERO if away_T <= self.field_tolerance_T else MagnetState.ZEROING
        return MagnetState.HOLDING if away_T <= self.field_tolerance_T else MagnetState.RAMPING

    @property
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing, by its heater and the maker's waits [1]."""
        return self._switch_timer.state(bool(self.heater_on)) if self.heating_time_s else SwitchState.ABSENT

    @property
    def heating_time_s(self) -> float:
        """Get how long the switch is heated before it is warm; 0 if there is none [s]."""
        return self.settings.switch_heating_time_s

    @property
    def cooling_time_s(self) -> float:
        """Get how long the switch takes to cool [s]."""
        return self.settings.switch_cooling_time_s

    # what it is told

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        here_T = self.supply_field_T
        self._check_driving(here_T)
        if self.state is MagnetState.RAMPING:
            self.send("SWEEP PAUSE")
        self._set_ranges(rate_T_per_min)
        upward = field_T > here_T
        limit, other = ("ULIM", "LLIM") if upward else ("LLIM", "ULIM")
        other_T = self._level_T(f"{other}?")
        if (other_T > field_T) if upward else (other_T < field_T):
            self._set_limit(other, field_T)
        self._set_limit(limit, field_T)
        self.send(f"SWEEP {'UP' if upward else 'DOWN'}")

    def _check_driving(self, supply_T: float) -> None:
        """Refuse where config.yaml knows of no switch, but the coil does not carry the supply's current."""
        magnet_T = self.magnet_field_T
        moved_T = 2 * self._fastest_T_per_s * self.timeout_s
        if not self.heating_time_s and abs(magnet_T - supply_T) > self.settings.field_agreement_T + moved_T:
            raise Refused(
                f"{self.name}: the supply is at {supply_T:g} T, the magnet at {magnet_T:g} T; no ramp is started. Is "
                "there a persistent switch? Then give switch_heating_time_s and switch_cooling_time_s in config.yaml",
                instrument=self.name,
            )

    def _set_ranges(self, rate_T_per_min: float) -> None:
        """Program all ranges, none faster than this, and read them back; what is right already is left alone."""
        segments = slowed(self._segments, rate_T_per_min)
        for number in range(RANGES):
            up_to_T, rate = segments[min(number, len(segments) - 1)]
            bound_A = up_to_T / self.coil_T_per_A
            rate_A_per_s = floored(rate / 60 / self.coil_T_per_A, STEP_A)
            if abs(self._ask_range(number) - bound_A) > STEP_A:
                self.send(f"RANGE {number} {bound_A:.4f}")
                self._check_taken("sweep range", bound_A, self._ask_range(number), STEP_A, "A")
            if abs(self._ask_rate(number) - rate_A_per_s) > STEP_A / 2:
                self.send(f"RATE {number} {rate_A_per_s:.4f}")
                self._check_taken("sweep rate", rate_A_per_s, self._ask_rate(number), STEP_A / 2, "A/s")

    def _set_limit(self, limit: str, field_T: float) -> None:
        self.send(f"{limit} {field_T / self._unit_T:.4f}")
        self._check_taken(limit, field_T, self._level_T(f"{limit}?"), self.field_tolerance_T, "T")

    def _reset_fault(self) -> None:
        self.send("QRESET")

    def _set_heater(self, on: bool) -> None:
        self.send(f"PSHTR {'ON' if on else 'OFF'}")
        if insist(lambda: self.heater_on) != on:
            raise Refused(
                f"{self.name}: the switch heater was told to be {'on' if on else 'off'} and is not. Look at the supply",
                instrument=self.name,
            )
