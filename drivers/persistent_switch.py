"""A persistent switch across a magnet: the commands that heat and cool it, and the only ones that do.

With a warm switch the supply drives the magnet. With a cold one the magnet keeps its current by itself and the supply
can go to zero. A switch that is heated while the two currents differ quenches the magnet: so the currents are matched
and compared first, and the maker's waits are kept.
"""

from __future__ import annotations

import enum
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.errors import DriverError, LimitExceeded, Refused, Timeout
from drivers.patience import insist

if TYPE_CHECKING:
    from drivers.magnet_supply import MagnetState

log = logging.getLogger(__name__)


class SwitchState(enum.Enum):
    """What a persistent switch is doing."""

    ABSENT = "absent"
    WARM = "warm"
    COLD = "cold"
    HEATING = "heating"
    COOLING = "cooling"
    FAULT = "at fault"


@dataclass(frozen=True)
class SwitchProgress:
    """How far entering or leaving the persistent mode has come.

    Attributes
    ----------
    step : str
        What is being done, or why it ended.
    switch : SwitchState
    magnet_field_T, supply_field_T : float
        Field in the coil, and what the supply's current would make [T].
    done : bool
        Whether it was carried through; False on the way and after an interrupt.
    """

    step: str
    switch: SwitchState
    magnet_field_T: float
    supply_field_T: float
    done: bool = False


OnProgress = Callable[[SwitchProgress], None]


class SwitchTimer:
    """Tells from the heater alone what the switch is doing, for instruments that show no more.

    A heater that was found on or off is taken for just switched: whoever opens the instrument cannot know how long ago
    it was.

    Parameters
    ----------
    clock : Clock
    heating_time_s, cooling_time_s : float
        The maker's waits [s].
    """

    def __init__(self, clock: Clock, heating_time_s: float, cooling_time_s: float) -> None:
        self.clock, self.heating_time_s, self.cooling_time_s = clock, heating_time_s, cooling_time_s
        self._heated: bool | None = None
        self._since_s = 0.0

    def state(self, heated: bool) -> SwitchState:
        """Return what the switch is doing, with its heater as it has just been seen."""
        if heated != self._heated:
            self._heated, self._since_s = heated, self.clock.now()
        passed_s = self.clock.now() - self._since_s
        if heated:
            return SwitchState.WARM if passed_s >= self.heating_time_s else SwitchState.HEATING
        return SwitchState.COLD if passed_s >= self.cooling_time_s else SwitchState.COOLING


class PersistentSwitch(ABC):
    """What a magnet supply with a persistent switch can do; stands beside `MagnetSupply` in a driver's bases.

    The heater is switched by `enter_persistent` and `leave_persistent` alone, each once, and never back half way.
    """

    name: str
    clock: Clock

    SWITCH_POLL_S = 0.2
    SLACK_S = 10.0
    """How much longer than the maker's wait a switch may take [s]."""

    @property
    @abstractmethod
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing; ABSENT if there is none."""

    @property
    @abstractmethod
    def magnet_field_T(self) -> float:
        """Measure the field of the current in the coil [T]."""

    @property
    @abstractmethod
    def supply_field_T(self) -> float:
        """Measure the field that the supply's current would make in the coil [T]."""

    @property
    @abstractmethod
    def heating_time_s(self) -> float:
        """Get the maker's wait after the heater was switched on [s]."""

    @property
    @abstractmethod
    def cooling_time_s(self) -> float:
        """Get the maker's wait after the heater was switched off [s]."""

    @property
    @abstractmethod
    def match_tolerance_T(self) -> float:
        """Get how far supply and magnet may be apart when the switch is heated [T]."""

    @abstractmethod
    def _set_heater(self, on: bool) -> None:
        """Switch the heater and read back that it is; called from here alone."""

    @abstractmethod
    def _start_lead_ramp(self, field_T: float) -> None:
        """Let the supply's current set out for that of a field [T], with a cold switch."""

    @abstractmethod
    def _lead_time_s(self, field_T: float) -> float:
        """Return how long the leads may take from where they are to the current of a field [s]."""

    # what MagnetSupply has

    @property
    @abstractmethod
    def state(self) -> MagnetState:
        """Get what the supply is doing."""

    @abstractmethod
    def hold(self) -> None:
        """Stop the ramp where it is."""

    @abstractmethod
    def check_sound(self) -> MagnetState:
        """Return what the supply is doing; raises Quench or Tripped if it shows one, or one is not re-armed."""

    @abstractmethod
    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is within the limits; raises LimitExceeded."""

    # the two commands

    def enter_persistent(
        self, interrupt: threading.Event | None = None, on_progress: OnProgress | None = None
    ) -> SwitchProgress:
        """Hold, switch the heater off, wait the cooling time, bring the leads to zero.

        With a switch that is cold already only the leads are brought to zero, so that what was interrupted can be
        finished by calling it again.

        Parameters
        ----------
        interrupt : threading.Event, optional
            When set, everything stays as it is: leads held, the heater as it was last switched.
        on_progress : callable, optional
            Called with a `SwitchProgress` at every look.

        Returns
        -------
        SwitchProgress
            Where it ended; `done` is False after an interrupt, and `step` says what is left to do.

        Raises
        ------
        Refused
            No switch, or one that is being heated or cooled or is at fault; nothing was sent.
        Quench, Tripped
            Seen on the way; no command was sent after it.
        Timeout
            The switch did not cool, or the leads did not arrive; they were told to hold.
        """
        watch = _Watch(self, interrupt, on_progress)
        state = self._ready_switch(SwitchState.WARM, SwitchState.COLD)
        if watch.interrupted:
            return watch.ended("interrupted before anything was done")
        if state is SwitchState.WARM:
            self.hold()
            if not self._wait_at_rest(watch):
                return watch.ended("interrupted; the supply holds, its switch is still warm")
            if not self._switch_heater(watch, False, SwitchState.COLD):
                return watch.ended("interrupted while the switch cools; the supply holds the magnet's current")
        if not self._move_leads(watch, 0.0, "bringing the leads to zero"):
            return watch.ended("interrupted; the switch is cold, the leads hold where they are")
        return watch.ended("persistent: the switch is cold and the leads are at zero", done=True)

    def leave_persistent(
        self, interrupt: threading.Event | None = None, on_progress: OnProgress | None = None
    ) -> SwitchProgress:
        """Bring the leads to the magnet's current, compare, switch the heater on, wait the heating time.

        Parameters, returns and raises as `enter_persistent`; besides, Refused if supply and magnet differ by more
        than `match_tolerance_T`, and nothing is heated then.
        """
        watch = _Watch(self, interrupt, on_progress)
        state = self._ready_switch(SwitchState.COLD, SwitchState.WARM)
        if state is SwitchState.WARM:
            return watch.ended("the switch is warm already", done=True)
        if watch.interrupted:
            return watch.ended("interrupted before anything was done")
        field_T = self.check_field(insist(lambda: self.magnet_field_T))
        if not self._move_leads(watch, field_T, "bringing the leads to the magnet's current"):
            return watch.ended("interrupted; the switch is cold, the leads hold where they are")
        self._check_matched()
        if watch.interrupted:
            return watch.ended("interrupted; the currents are matched, the switch is still cold")
        if not self._switch_heater(watch, True, SwitchState.WARM):
            return watch.ended("interrupted while the switch warms; the supply holds the magnet's current")
        return watch.ended("the switch is warm; the supply drives the magnet", done=True)

    # the steps

    def _ready_switch(self, *wanted: SwitchState) -> SwitchState:
        """Return the state of the switch if it is one of these; raises Refused, Quench or Tripped."""
        self.check_sound()
        state = insist(lambda: self.switch)
        if state in wanted:
            return state
        advice = {
            SwitchState.ABSENT: "there is none that the supply or config.yaml knows of",
            SwitchState.FAULT: "look at its heater and wiring",
        }.get(state, "wait until that has ended")
        raise Refused(
            f"{self.name}: the persistent switch is {state.value}; nothing was sent: {advice}", instrument=self.name
        )

    def _check_matched(self) -> None:
        """Compare the currents as they are now; raises Refused."""
        magnet_T, supply_T = insist(lambda: self.magnet_field_T), insist(lambda: self.supply_field_T)
        if not abs(supply_T - magnet_T) <= self.match_tolerance_T:
            raise Refused(
                f"{self.name}: the supply is at {supply_T:g} T, the magnet at {magnet_T:g} T, further apart than "
                f"{self.match_tolerance_T:g} T; the switch was not heated. Find out which of the two is right first: "
                "heating a switch with unmatched currents quenches the magnet",
                instrument=self.name,
            )

    def _wait_at_rest(self, watch: _Watch) -> bool:
        """Wait until the held current stands still and is the magnet's; False if interrupted."""
        deadline_s = self.clock.now() + self.SLACK_S
        before_T = insist(lambda: self.supply_field_T)
        while watch.sleep("holding"):
            now_T = insist(lambda: self.supply_field_T)
            if now_T == before_T and abs(now_T - insist(lambda: self.magnet_field_T)) <= self.match_tolerance_T:
                return True
            if self.clock.now() > deadline_s:
                raise Timeout(
                    f"{self.name}: told to hold, but it moves from {before_T:g} T to {now_T:g} T; its switch was not "
                    "cooled. Look at the supply",
                    instrument=self.name,
                )
            before_T = now_T
        return False

    def _switch_heater(self, watch: _Watch, on: bool, wanted: SwitchState) -> bool:
        """Switch the heater, wait as long as the maker says and until the switch is as wanted; False if interrupted."""
        wait_s = insist(lambda: self.heating_time_s if on else self.cooling_time_s)
        self.check_sound()  # the last question before the command
        self._set_heater(on)
        began_s, what = self.clock.now(), "heating the switch" if on else "cooling the switch"
        while watch.sleep(what):
            state = insist(lambda: self.switch)
            passed_s = self.clock.now() - began_s
            if state is wanted and passed_s >= wait_s:
                return True
            if state is SwitchState.FAULT or passed_s > wait_s + self.SLACK_S:
                raise Timeout(
                    f"{self.name}: {what}: the switch is {state.value} after {passed_s:.0f} s, not {wanted.value}; "
                    "the heater was left as it is. Look at the switch before anything is ramped",
                    instrument=self.name,
                )
        return False

    def _move_leads(self, watch: _Watch, field_T: float, what: str) -> bool:
        """Bring the supply's current to that of a field, the switch being cold; False if interrupted."""
        with self._held_on_trouble(LimitExceeded, Refused):
            allowed_s = insist(lambda: self._lead_time_s(field_T))
            insist(lambda: self._start_lead_ramp(field_T))
            began_s = self.clock.now()
            while watch.sleep(what):
                supply_T = insist(lambda: self.supply_field_T)
                if abs(supply_T - field_T) <= self.match_tolerance_T and self._at_rest():
                    return True
                if self.clock.now() - began_s > allowed_s:
                    raise Timeout(
                        f"{self.name}: {what}: at {supply_T:g} T after {allowed_s:.0f} s, not at {field_T:g} T; "
                        "told to hold. Check the ramp rate of the leads",
                        instrument=self.name,
                    )
        self.hold()
        return False

    def _at_rest(self) -> bool:
        """Return whether the supply says that nothing moves."""
        return insist(lambda: self.state).value in ("holding", "paused", "at zero")

    @abstractmethod
    def _held_on_trouble(self, *harmless: type[DriverError]) -> AbstractContextManager[None]:
        """Tell the magnet to hold if nobody follows it any longer."""


class _Watch:
    """Looks at the magnet at every step, tells who asked, and listens to the interrupt."""

    def __init__(
        self, magnet: PersistentSwitch, interrupt: threading.Event | None, on_progress: OnProgress | None
    ) -> None:
        self.magnet, self.interrupt, self.on_progress = magnet, interrupt, on_progress
        self.poll_s = magnet.clock.poll_interval_s(magnet.SWITCH_POLL_S)

    @property
    def interrupted(self) -> bool:
        """Get whether the interrupt is set."""
        return self.interrupt is not None and self.interrupt.is_set()

    def sleep(self, step: str) -> bool:
        """Look for a quench, tell the progress, wait; False if interrupted."""
        self.magnet.check_sound()
        if self.on_progress is not None:
            self.on_progress(self._progress(step))
        return not self.magnet.clock.sleep(self.poll_s, self.interrupt)

    def ended(self, step: str, *, done: bool = False) -> SwitchProgress:
        """Return how it ended, and log it."""
        progress = self._progress(step, done)
        log.info("%s: %s", self.magnet.name, step)
        return progress

    def _progress(self, step: str, done: bool = False) -> SwitchProgress:
        magnet = self.magnet
        return SwitchProgress(
            step,
            insist(lambda: magnet.switch),
            insist(lambda: magnet.magnet_field_T),
            insist(lambda: magnet.supply_field_T),
            done,
        )
