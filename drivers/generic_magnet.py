"""A magnet supply that is described by its command strings in config.yaml.

It has no persistent switch here: none is ever heated, and a magnet that has one must be used with the switch kept warm
by hand. The supply is told one rate at a time, so that ramp-rate segments are driven one after the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from drivers.described import WORD, Described, Description, rate_window
from drivers.errors import Refused
from drivers.limited import check_settings
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import SwitchState
from drivers.ramp_segments import MagnetSettings, segments_of
from drivers.templates import Words
from drivers.wired_magnet import WiredMagnet

STATES = {
    state.name.lower().replace("_", " "): state
    for state in MagnetState
    if state not in (MagnetState.HEATING_SWITCH, MagnetState.COOLING_SWITCH)
}
"""The words that a description may use for what a supply is doing."""
LARGEST_T, FASTEST_T_PER_MIN = 30.0, 1e3
FASTER = 2.0
"""Times the largest ramp rate: a field that moves faster than that moves by itself."""
STEPS = 10
"""How many tolerances the field may jump at once."""


class GenericMagnet(Described, WiredMagnet):
    """Any magnet supply, described by its command strings; without a persistent switch."""

    driver_name = "generic_magnet"
    SPLITS = True
    SNAPSHOT = (
        "field_T", "target_T", "state", "ramp_rate_T_per_min", "field_factor_T", "rate_factor_T_per_min",
    )  # fmt: skip

    @dataclass(frozen=True, kw_only=True)
    class Settings(MagnetSettings, Description):
        """The limits of the magnet, and the words of its supply.

        Attributes
        ----------
        field_query, field_reply, field_factor_T : str, str, float
            Asks for the field; form of the reply; tesla in the supply's unit of field, also of the target [T].
        target_query, target_reply, target_command : str
            Asks for and sets the field that it ramps to.
        rate_query, rate_reply, rate_command, rate_factor_T_per_min : str, str, str, float
            Asks for and sets the ramp rate; T/min in the supply's unit of it.
        go_command : str
            Starts the ramp; empty if setting the target does.
        hold_command : str
            Stops the ramp where it is.
        rearm_command : str
            Clears a quench or fault; empty if there is no such command.
        state_query, states : str, tuple of (str, str)
            Asks what the supply is doing; its replies and what they mean: ramping, holding, paused, "at zero", zeroing,
            quench, fault, manual. A reply that is not there is taken for a fault. Without: judged from the field.
        standing_time_s : float
            Without `state_query`: how long the field must stand still within `field_tolerance_T` [s].
        """

        field_query: str
        field_reply: str = "%g"
        field_factor_T: float = 1.0
        target_query: str
        target_reply: str = "%g"
        target_command: str
        rate_query: str
        rate_reply: str = "%g"
        rate_command: str
        rate_factor_T_per_min: float = 1.0
        go_command: str = ""
        hold_command: str
        rearm_command: str = ""
        state_query: str = ""
        states: tuple[tuple[str, str], ...] = ()
        standing_time_s: float = 2.0

        PLAIN = ("go_command", "hold_command", "rearm_command")

        def __post_init__(self) -> None:
            MagnetSettings.__post_init__(self)
            self.check_words()
            check_settings(self, positive=("standing_time_s",))
            self.check_codes("states", STATES)
            if bool(self.state_query) != bool(self.states):
                raise ValueError("state_query and states belong together: give both or neither")
            if self.states and not {"ramping", "holding"} <= {meaning for _, meaning in self.states}:
                raise ValueError("states must say which replies mean ramping and holding")
            slowest = min(rate for _, rate in segments_of(self))
            if slowest < self.slowest_T_per_min:
                raise ValueError(
                    f"{slowest:g} T/min is too slow to be told from standing still within field_tolerance_T for "
                    f"standing_time_s; at least {self.slowest_T_per_min:g} T/min, or give state_query"
                )

        @property
        def slowest_T_per_min(self) -> float:
            """Get the slowest ramp that is not taken for a field that stands still [T/min]."""
            return 1e-5 if self.state_query else 120 * self.field_tolerance_T / self.standing_time_s

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s, limits = self.settings, super()._own_limits()
        return limits | {"ramp_rate_T_per_min": (s.slowest_T_per_min, s.ramp_rate_max_T_per_min)}

    def _on_open(self) -> None:
        s = self.settings
        self._field = Words(s.field_query, s.field_reply, factor=s.field_factor_T)
        self._target = Words(s.target_query, s.target_reply, s.target_command, s.field_factor_T)
        self._rate = Words(s.rate_query, s.rate_reply, s.rate_command, s.rate_factor_T_per_min)
        self._seen_T = math.nan
        self._forget_rest()
        super()._on_open()
        self._known = self._described()

    def _fingerprint(self) -> tuple[Any, ...]:
        """Return the replies that must stay as they are described."""
        return insist(self._expected)

    def _asked_power_cycled(self) -> bool:
        return self._power_was_off(self.settings.event_query)

    # what it is doing

    @property
    def field_T(self) -> float:
        """Measure the field as the supply knows it; asked twice, must agree [T]."""
        return self._ask_twice(
            self._field, -LARGEST_T, LARGEST_T, within=self.field_tolerance_T, speed_per_s=self._speed_T_per_s,
            excused=self._quenching,
        )  # fmt: skip

    def _quenching(self) -> bool:
        """Return whether the supply says that the magnet quenches: then the field falls, and the state says why."""
        return bool(self.settings.state_query) and self.state is MagnetState.QUENCH

    @property
    def _speed_T_per_s(self) -> float:
        return FASTER * self._fastest_T_per_s

    @property
    def magnet_field_T(self) -> float:
        """Measure the field, that of the supply as there is no switch [T]."""
        return self.field_T

    @property
    def supply_field_T(self) -> float:
        """Measure the field of the supply's current [T]."""
        return self.field_T

    @property
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""
        return self._ask_number(self._target, -LARGEST_T, LARGEST_T)

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate [T/min]."""
        return self._ask_number(self._rate, 0, FASTEST_T_PER_MIN)

    @property
    def field_factor_T(self) -> float:
        """Get what the supply's unit of field is, as described [T]."""
        return self.settings.field_factor_T

    @property
    def rate_factor_T_per_min(self) -> float:
        """Get what the supply's unit of ramp rate is, as described [T/min]."""
        return self.settings.rate_factor_T_per_min

    def _ask_state(self) -> MagnetState:
        s = self.settings
        if not s.state_query:
            return self._judged_state()
        known = dict(s.states)
        for _ in range(2):  # a single spoilt reply is no fault
            word = self.query(s.state_query, WORD)
            if word in known:
                return STATES[known[word]]
        if self._latched is None:
            self._fault = f"its state is {word!r}, which its description does not know"
        return MagnetState.FAULT

    def _judged_state(self) -> MagnetState:
        """Judge from the field: at its target and standing still, or still on its way, or standing elsewhere."""
        jump_T = math.inf
        for _ in range(2):  # a single spoilt reply is no quench
            now_s, now_T = self.clock.now(), self._ask_number(self._field, -LARGEST_T, LARGEST_T)
            jump_T = abs(now_T - self._seen_T)
            moved_T = 0.0 if self._rested else self._speed_T_per_s * (now_s - self._seen_s)
            if not jump_T > STEPS * self.field_tolerance_T + moved_T:
                break
        else:
            if self._latched is None:
                how = "since it was left at rest" if self._rested else "faster than any ramp"
                self._fault = f"its field moved by {jump_T:g} T, {how}: a quench?"
            return MagnetState.FAULT
        self._seen_s, self._seen_T = now_s, now_T
        if not abs(now_T - self._still_T) <= self.field_tolerance_T:
            self._still_s, self._still_T = now_s, now_T
        self._rested = now_s - self._still_s >= self.settings.standing_time_s
        if not self._rested:
            return MagnetState.RAMPING
        there = abs(now_T - self.target_T) <= self.field_tolerance_T
        return MagnetState.HOLDING if there else MagnetState.PAUSED

    def _forget_rest(self) -> None:
        """Take the field for one that may move from now on."""
        self._rested, self._still_s, self._still_T = False, self.clock.now(), math.nan
        self._seen_s = self.clock.now()

    # a switch, which is not there

    @property
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing: there is none [1]."""
        return SwitchState.ABSENT

    @property
    def heating_time_s(self) -> float:
        """Get how long a switch is heated, 0 without one [s]."""
        return 0.0

    @property
    def cooling_time_s(self) -> float:
        """Get how long a switch takes to cool, 0 without one [s]."""
        return 0.0

    def _set_heater(self, on: bool) -> None:
        raise Refused(
            f"{self.name}: a described supply has no commands for a persistent switch; keep it warm by hand",
            instrument=self.name,
        )

    # what it is told

    def hold(self) -> None:
        """Stop the ramp where it is. Goes out within a fraction of a second even if a reply is being waited for."""
        self._urgently(self._say_hold)

    def _say_hold(self) -> None:
        self._write(self.settings.hold_command)
        # nobody waits for its reply, if it has one: the next question reads past it
        self._out_of_step |= bool(self.settings.command_reply)

    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        s = self.settings
        rate_line, rate = self._worded(
            "ramp_rate_T_per_min", self._rate, rate_T_per_min, within=0.1 * rate_T_per_min, down=True
        )
        field_line, target_T = self._worded("field_T", self._target, field_T, within=s.field_tolerance_T)
        if self.state is MagnetState.RAMPING:
            self._say_hold()
        self.send(rate_line)
        taken = self.ramp_rate_T_per_min
        self._check_taken("ramp rate", rate, taken, rate_window(rate, taken), "T/min")
        self._forget_rest()
        self.send(field_line)
        taken_T = self.target_T
        if not s.go_command and abs(taken_T - target_T) > s.field_tolerance_T:
            self._say_hold()
        self._check_taken("target", target_T, taken_T, s.field_tolerance_T, "T")
        if s.go_command:
            self.send(s.go_command)

    def _reset_fault(self) -> None:
        if self.settings.rearm_command:
            self.send(self.settings.rearm_command)
        self._seen_T = math.nan
        self._forget_rest()
