"""What every magnet supply on a wire shares: the latch, the checks before a ramp, and a hold that waits for nobody."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from drivers.errors import Refused
from drivers.instrument import Instrument
from drivers.limited_roles import LimitedMagnet
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import PersistentSwitch, SwitchState
from drivers.ramp_segments import MagnetSettings, Segments, legs, rate_on_the_way, segments_of, slowed, trimmed

URGENT_S = 0.2
"""How long a hold waits for the wire before it goes out beside whatever is under way [s]."""


class WiredMagnet(Instrument, LimitedMagnet, PersistentSwitch):
    """A magnet supply on a wire.

    A quench, a fault and a loss of power are latched: nothing but `hold` is sent until `rearm`. Before every ramp the
    supply must be ready, its switch warm, and its units and limits those that were read when it was opened.
    """

    role = "magnet"
    HOLD: ClassVar[str]
    """The command that stops a ramp; it has no reply, so that it cannot disturb the order of those of others."""
    SPLITS: ClassVar[bool] = False
    """Whether the supply knows one rate only, so that a ramp is commanded segment by segment."""
    READY: ClassVar[tuple[MagnetState, ...]] = (
        MagnetState.RAMPING, MagnetState.HOLDING, MagnetState.PAUSED, MagnetState.AT_ZERO,
    )  # fmt: skip
    POWER_QUERY = "*ESR?"

    Settings = MagnetSettings

    # what a driver supplies

    @abstractmethod
    def _ask_state(self) -> MagnetState:
        """Ask what the supply is doing; QUENCH and FAULT as they are now."""

    @abstractmethod
    def _fingerprint(self) -> tuple[Any, ...]:
        """Ask for the units and limits that must stay as they were when the supply was opened."""

    @abstractmethod
    def _command(self, field_T: float, rate_T_per_min: float) -> None:
        """Set rate and target, read both back, let it go; the lock is held and everything has been checked."""

    @abstractmethod
    def _reset_fault(self) -> None:
        """Send what clears a quench or a fault."""

    # opening

    def _on_open(self) -> None:
        self._power_lost = False
        self._known = self._fingerprint()
        self._asked_power_cycled()  # what was before it was opened is forgotten

    @property
    def _segments(self) -> Segments:
        """Get the ramp-rate segments of config.yaml up to the largest field: (up to [T], rate [T/min])."""
        return trimmed(segments_of(self.settings), self._limits["field_T"][1])

    # what it is doing

    @property
    def _fastest_T_per_s(self) -> float:
        """Get how fast the field of the fastest ramp moves [T/s]."""
        return self._limits["ramp_rate_T_per_min"][1] / 60

    def _moved_T(self, since_s: float) -> float:
        """Return how far the fastest ramp can have come since then [T]."""
        return self._fastest_T_per_s * (self.clock.now() - since_s)

    @property
    def match_tolerance_T(self) -> float:
        """Get how far supply and magnet may be apart when the switch is heated [T]."""
        return self.settings.match_tolerance_T

    @property
    def state(self) -> MagnetState:
        """Get what the supply is doing; a quench or fault seen here is latched."""
        state = self._ask_state()
        if state is MagnetState.QUENCH or (state is MagnetState.FAULT and self._latched is None):
            self._latched = state
        return self._latched or state

    def check_sound(self) -> MagnetState:
        """Return what the supply is doing; raises Quench or Tripped if it shows one, or one is not re-armed."""
        if self._latched is not None:
            raise self.latched_error(self._latched)
        state = insist(lambda: self.state)
        if self._latched is not None:
            raise self.latched_error(self._latched)
        return state

    def power_cycled(self) -> bool:
        """Return whether the supply shows that its power was off since it was asked last; that is latched, too."""
        if not self._asked_power_cycled():
            lost, self._power_lost = self._power_lost, False
            return lost
        self._latch_power_loss()
        self._power_lost = False
        return True

    def _asked_power_cycled(self) -> bool:
        return self._power_was_off(self.POWER_QUERY)

    def _has_lost_power(self) -> bool:
        lost = insist(self._asked_power_cycled)
        if lost:
            self._latch_power_loss()
        return lost

    def _latch_power_loss(self) -> None:
        self._power_lost = True
        if self._latched is None:
            self._latched = MagnetState.FAULT
            self._fault = "its power was off, it was switched off and on since it was opened"

    # what it is told

    def legs(self, start_T: float, end_T: float, rate_T_per_min: float | None) -> list[tuple[float, float | None]]:
        """Return the pieces in which a ramp is commanded: (to [T], rate [T/min])."""
        if not self.SPLITS:
            return [(end_T, rate_T_per_min)]
        rate = insist(lambda: self.ramp_rate_T_per_min) if rate_T_per_min is None else rate_T_per_min
        rate = self.check_rate(rate)
        pieces: list[tuple[float, float | None]] = []
        pieces.extend(legs(slowed(self._segments, rate), start_T, end_T))
        return pieces

    def duration_s(self, start_T: float, end_T: float, rate_T_per_min: float) -> float:
        """Return how long a ramp at this rate [T/min], or slower where the segments say so, takes [s]."""
        seconds = 0.0
        for leg_T, rate in legs(slowed(self._segments, rate_T_per_min), start_T, end_T):
            seconds += 60 * abs(leg_T - start_T) / rate
            start_T = leg_T
        return seconds

    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Start a ramp to a field [T] at a rate [T/min], the one that is set if omitted.

        Where `ramp_segments` demand it the ramp is slower than that: segment by segment if the supply can, else at
        the slowest rate on the way. Rate and target are read back before the ramp is let go.

        Raises
        ------
        LimitExceeded, Quench, Tripped, Refused
            No ramp was started.
        """
        field_T = self.check_field(field_T)
        if rate_T_per_min is not None:
            rate_T_per_min = self.check_rate(rate_T_per_min)
        insist(lambda: self._command_ramp(field_T, rate_T_per_min))

    def _command_ramp(self, field_T: float, rate_T_per_min: float | None) -> None:
        """Say it all; letting go comes last, so that it can be said again from the start after a lost reply."""
        with self.lock:
            self._check_ready()
            rate = self.check_rate(self.ramp_rate_T_per_min if rate_T_per_min is None else rate_T_per_min)
            if self.SPLITS:
                rate = min(rate, rate_on_the_way(self._segments, self._beyond_rest(field_T), field_T))
            self._command(field_T, rate)

    def _beyond_rest(self, field_T: float) -> float:
        """Return the field, moved by the tolerance towards where it goes [T].

        A magnet that rests at the edge of a segment may be short of it by the last digit; the rate of the segment that
        it has left is not that of the whole way.
        """
        now_T = self.field_T
        return now_T + math.copysign(min(self.field_tolerance_T, abs(field_T - now_T)), field_T - now_T)

    def hold(self) -> None:
        """Stop the ramp where it is. Goes out within a fraction of a second even if a reply is being waited for.

        Where the connection is gone it is sent when that is opened again.
        """
        self._urgently(lambda: self._write(self.HOLD))

    def _urgently(self, send: Callable[[], object], see: Callable[[], object] | None = None) -> None:
        """Send a hold beside whatever is under way, and if nothing is, see that it was obeyed, or at least heard.

        What is written into a connection whose other end is gone raises nothing: only an answer shows that it is there.
        """
        alone = self.lock.acquire(timeout=URGENT_S)
        try:
            with self._owing_hold():
                send()
                if alone:
                    insist(see or (lambda: self.state))
        finally:
            if alone:
                self.lock.release()

    def reconnect(self) -> None:
        """Open the connection again after it was lost, and send the hold that is owed; raises as `Instrument`'s.

        Whether the power was lost with it is asked first: a hold may hide that.
        """
        with self.lock:
            if self._is_lost:
                super().reconnect()
                self._has_lost_power()
            self._pay_hold()

    def rearm(self) -> None:
        """Clear a quench, fault or loss of power; for a person who has looked at the magnet.

        Raises
        ------
        Quench, Tripped
            It is still there.
        Refused
            Units or limits are not what they were when the supply was opened.
        """
        with self.lock:
            self._reset_fault()
            self._latched, self._fault = None, ""
            insist(self._asked_power_cycled)
            self.check_sound()
            self._check_fingerprint()

    # the leads, with a cold switch

    def _start_lead_ramp(self, field_T: float) -> None:
        with self.lock:
            self._check_able()
            if self.switch is not SwitchState.COLD:
                raise Refused(
                    f"{self.name}: its persistent switch is {self.switch.value}, not cold; the leads are not moved",
                    instrument=self.name,
                )
            self._command(self.check_field(field_T), self.check_rate(self.ramp_rate_T_per_min))

    def _lead_time_s(self, field_T: float) -> float:
        return self.MARGIN * self.duration_s(self.supply_field_T, field_T, self.ramp_rate_T_per_min) + self.ALLOWANCE_S

    # checks before a ramp

    def _check_ready(self) -> None:
        """Raise unless the supply drives the magnet and waits for nothing but a target."""
        self._check_able()
        switch = self.switch
        if switch not in (SwitchState.ABSENT, SwitchState.WARM):
            advice = {
                SwitchState.COLD: "Leave the persistent mode first, nothing here heats a switch by itself",
                SwitchState.FAULT: "Look at its heater and wiring",
            }.get(switch, "Wait until that has ended")
            raise Refused(
                f"{self.name}: its persistent switch is {switch.value}; no ramp is started. {advice}",
                instrument=self.name,
            )

    def _check_able(self) -> None:
        """Raise unless the supply is sound, as it was opened, and ready for a target; whatever its switch does."""
        state = self.check_sound()
        if self._has_lost_power():
            raise self.latched_error(MagnetState.FAULT)
        if state not in self.READY:
            raise Refused(
                f"{self.name}: is {state.value}; no ramp is started. Wait until that has ended, or pause it at the "
                "front panel",
                instrument=self.name,
            )
        self._check_fingerprint()

    def _check_fingerprint(self) -> None:
        if self._fingerprint() == self._known:
            return
        now = self._fingerprint()  # asked again: a single spoilt reply is no change
        if now != self._known:
            raise Refused(
                f"{self.name}: its units or limits were changed since it was opened, from {self._known} to {now}; "
                "no ramp is started. Open it again",
                instrument=self.name,
            )

    def _check_taken(self, what: str, wanted: float, taken: float, within: float, unit: str) -> None:
        """Compare what was sent with what the supply says; raises Refused."""
        if not abs(taken - wanted) <= within:
            raise Refused(
                f"{self.name}: {what} {wanted:g} {unit} was sent, the supply says {taken:g} {unit}; no ramp is "
                "started. Compare its limits and coil constant with config.yaml",
                instrument=self.name,
            )
