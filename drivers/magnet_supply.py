"""What a magnet supply can do, whoever made it; the one ramp of all magnets."""

from __future__ import annotations

import enum
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.clock import Clock
from drivers.errors import DriverError, LimitExceeded, Lost, Quench, Refused, Timeout, Tripped
from drivers.patience import insist

log = logging.getLogger(__name__)


class MagnetState(enum.Enum):
    """What a magnet supply is doing."""

    RAMPING = "ramping"
    HOLDING = "holding"
    PAUSED = "paused"
    AT_ZERO = "at zero"
    ZEROING = "zeroing"
    QUENCH = "quench"
    FAULT = "tripped or at fault"
    HEATING_SWITCH = "heating the switch"
    COOLING_SWITCH = "cooling the switch"
    MANUAL = "ramping by hand"


class RampOutcome(enum.Enum):
    """How a ramp ended, when it did not raise."""

    HOLDING = "holding"
    ABORTED = "aborted"


class MagnetSupply(ABC):
    """Ramps a magnet and holds it.

    A ramp goes request -> ramping -> holding | aborted, or raises Quench, Tripped or Timeout. A
    quench, a trip and a fault are latched: nothing ramps until a person calls `rearm`.
    """

    name: str
    clock: Clock

    POLL_S = 0.1
    GRACE_S = 1.0
    """How long after the command a supply may still show the state before it [s]."""
    MARGIN = 1.5
    ALLOWANCE_S = 30.0
    """A ramp may take MARGIN times as long as distance / rate says, and this much more [s]."""
    FEWEST_LOOKS = 20
    """A deadline counts after so many looks: a computer that was asleep, or too busy, has not watched the magnet."""
    _hold_owed = False

    @property
    @abstractmethod
    def field_T(self) -> float:
        """Measure the field as the supply knows it [T]."""

    @property
    @abstractmethod
    def target_T(self) -> float:
        """Get the field that the supply ramps to [T]."""

    @property
    @abstractmethod
    def state(self) -> MagnetState:
        """Get what the supply is doing; a quench seen here is latched."""

    @property
    @abstractmethod
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate [T/min]."""

    @property
    @abstractmethod
    def field_tolerance_T(self) -> float:
        """Get how close to the target a holding magnet must be [T]."""

    @abstractmethod
    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def check_rate(self, rate_T_per_min: float) -> float:
        """Return the ramp rate [T/min] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Start a ramp to a field [T]; raises LimitExceeded, Quench or Tripped before any command is sent."""

    @abstractmethod
    def hold(self) -> None:
        """Stop the ramp where it is; the field stays."""

    @abstractmethod
    def rearm(self) -> None:
        """Allow ramps again after a quench, trip or fault; for a person who has looked at the magnet."""

    def supplies(self) -> tuple[MagnetSupply, ...]:
        """Return the supplies behind it: this one alone, or one an axis."""
        return (self,)

    def legs(self, start_T: float, end_T: float, rate_T_per_min: float | None) -> list[tuple[float, float | None]]:
        """Return the pieces in which a ramp is commanded: (to [T], rate [T/min] or None for the one that is set).

        One, if the supply knows its ramp-rate segments itself, as this says.
        """
        return [(end_T, rate_T_per_min)]

    def duration_s(self, start_T: float, end_T: float, rate_T_per_min: float) -> float:
        """Return how long a ramp at this rate [T/min] takes [s]; longer where segments slow it."""
        return 60 * abs(end_T - start_T) / rate_T_per_min

    def ramp_to(
        self,
        field_T: float,
        rate_T_per_min: float | None = None,
        *,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[float], None] | None = None,
    ) -> RampOutcome:
        """Ramp to a field and wait until the magnet holds it.

        Parameters
        ----------
        field_T : float
            Where to go [T].
        rate_T_per_min : float, optional
            How fast [T/min]; the rate that is set if omitted.
        interrupt : threading.Event, optional
            When set, the magnet is told to hold and ABORTED is returned.
        on_reading : callable, optional
            Called with every field read on the way [T].

        Returns
        -------
        RampOutcome
            HOLDING: at the field. ABORTED: interrupted here, or paused by somebody else.

        Raises
        ------
        LimitExceeded
            Refused before any command was sent.
        Quench, Tripped
            The supply reports a quench, a trip or a fault, or one has not been re-armed.
        Timeout
            The magnet did not arrive in time; it was told to hold.
        """
        self.check_field(field_T)
        if rate_T_per_min is not None:
            self.check_rate(rate_T_per_min)
        if interrupt is not None and interrupt.is_set():
            self.hold()
            return RampOutcome.ABORTED
        start_T = insist(lambda: self.field_T)
        for leg_T, leg_rate in self.legs(start_T, field_T, rate_T_per_min):
            outcome = self._ramp_leg(start_T, leg_T, leg_rate, interrupt, on_reading)
            if outcome is not RampOutcome.HOLDING:
                return outcome
            start_T = leg_T
        return RampOutcome.HOLDING

    def _ramp_leg(
        self,
        start_T: float,
        field_T: float,
        rate_T_per_min: float | None,
        interrupt: threading.Event | None,
        on_reading: Callable[[float], None] | None,
    ) -> RampOutcome:
        """Start one ramp and follow it to its end."""
        began_s = self.clock.now()
        with self._held_on_trouble(LimitExceeded, Refused):
            self.start_ramp(field_T, rate_T_per_min)
        with self._held_on_trouble():
            rate = insist(lambda: self.ramp_rate_T_per_min) if rate_T_per_min is None else rate_T_per_min
            allowed_s = self.MARGIN * self.duration_s(start_T, field_T, rate) + self.ALLOWANCE_S
            return self._follow(field_T, began_s, allowed_s, interrupt, on_reading)

    @contextmanager
    def _held_on_trouble(self, *harmless: type[DriverError]) -> Iterator[None]:
        """Tell the magnet to hold if nobody follows it any longer; a quench or trip has ended its ramp already."""
        try:
            yield
        except (Quench, Tripped, *harmless):
            raise
        except BaseException as error:
            self._hold_after(error)
            raise

    def _follow(
        self,
        field_T: float,
        began_s: float,
        allowed_s: float,
        interrupt: threading.Event | None,
        on_reading: Callable[[float], None] | None,
    ) -> RampOutcome:
        """Poll a started ramp until it has ended one way or another."""
        poll_s = self.clock.poll_interval_s(self.POLL_S)
        looks = 0
        while True:
            looks += 1
            state = insist(lambda: self.state)
            if state in (MagnetState.QUENCH, MagnetState.FAULT):
                raise self.latched_error(state)
            now_T = insist(lambda: self.field_T)
            if on_reading is not None:
                on_reading(now_T)
            if self._arrived(state, now_T, field_T):
                return RampOutcome.HOLDING
            passed_s = self.clock.now() - began_s
            under_way = state in (MagnetState.RAMPING, MagnetState.HOLDING)
            if passed_s > self.GRACE_S and not (under_way or (state is MagnetState.AT_ZERO and field_T == 0)):
                if self._has_lost_power():
                    raise self.latched_error(MagnetState.FAULT)
                log.warning("%s: %s at %g T on the way to %g T", self.name, state.value, now_T, field_T)
                return RampOutcome.ABORTED
            if passed_s > allowed_s and looks >= self.FEWEST_LOOKS:
                raise Timeout(
                    f"{self.name}: not at {field_T:g} T after {passed_s:.0f} s (limit {allowed_s:.0f} s): "
                    f"{now_T:g} T, state {state.value}; told to hold. Check ramp rate and voltage limit of the supply",
                    instrument=self.name,
                )
            if self.clock.sleep(poll_s, interrupt):
                self.hold()
                return RampOutcome.ABORTED

    def _has_lost_power(self) -> bool:
        """Return whether a supply that has stopped on the way shows that it lost its power; that is latched."""
        return False

    def _hold_after(self, error: BaseException) -> None:
        """Tell the magnet to hold because nobody follows its ramp any longer; note it on the error if that fails."""
        try:
            self.hold()
        except DriverError as second:
            error.add_note(f"and it could not be told to hold: {second}")
            log.error("%s: could not be told to hold: %s", self.name, second)

    @contextmanager
    def _owing_hold(self) -> Iterator[None]:
        """Within it a hold is sent; one that finds the connection gone is owed."""
        try:
            yield
        except Lost:
            self._hold_owed = True
            raise
        self._hold_owed = False

    def _pay_hold(self) -> None:
        """Send the hold that is owed, now that there is a connection again; the ramp has gone on meanwhile."""
        if self._hold_owed:
            self.hold()

    def _arrived(self, state: MagnetState, now_T: float, field_T: float) -> bool:
        resting = state is MagnetState.HOLDING or (state is MagnetState.AT_ZERO and field_T == 0)
        return resting and abs(now_T - field_T) <= self.field_tolerance_T

    def latched_error(self, state: MagnetState) -> Quench | Tripped:
        """Return the error that says what a quench or a fault means for whoever asked for a ramp."""
        if state is MagnetState.QUENCH:
            return Quench(
                f"{self.name}: quench; no ramp is sent until a person has looked at the magnet and re-armed it",
                instrument=self.name,
            )
        return Tripped(
            f"{self.name}: {self._fault_text()}; no ramp is sent until a person has looked at it and re-armed it",
            instrument=self.name,
        )

    def _fault_text(self) -> str:
        """Return what the fault is, in words."""
        return MagnetState.FAULT.value
