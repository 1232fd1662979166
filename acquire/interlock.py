"""What acts on the magnet from beside a run: a hold that somebody asked for, and a temperature that is too high."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from acquire.audience import Audience
from acquire.station import Station
from acquire.status import State
from acquire.temperature_guard import TemperatureGuard, Word
from drivers.errors import DriverError
from procedures.control import Control
from procedures.measurement import ZERO

log = logging.getLogger(__name__)


class Interlock:
    """Sends holds, and does what the temperature guard says.

    Parameters
    ----------
    station : Station
    audience : Audience
    hold, resume : callable
        The words of the session.
    control : callable
        Returns the control of the run under way, None without one.
    """

    def __init__(
        self, station: Station, audience: Audience, hold: Callable[[], object], resume: Callable[[], object],
        control: Callable[[], Control | None],
    ) -> None:  # fmt: skip
        self._station = station
        self._audience = audience
        self._hold, self._resume, self._control = hold, resume, control
        self._guard = TemperatureGuard(station.config.temperature_pause_K, station.config.temperature_stop_K)

    @property
    def too_warm(self) -> bool:
        """Whether the magnet holds because of the temperature."""
        return self._guard.holding

    def send_hold(self) -> None:
        """Tell the magnet to hold from a thread of its own: nobody waits for a slow instrument."""
        if self._station.instruments:
            on_its_way = contextlib.ExitStack()
            on_its_way.enter_context((self._control() or Control()).pausing())
            threading.Thread(target=self._hold_magnet, args=(on_its_way,), name="hold", daemon=True).start()

    def _hold_magnet(self, on_its_way: contextlib.ExitStack) -> None:
        with on_its_way:
            try:
                self._station.rig.hold_magnet()
            except DriverError as error:
                log.error("hold: %s", error)
                self._audience.tell(State.FAILED, f"the hold was NOT taken: {error}")

    def judge_temperature(self, temperature_K: float) -> None:
        """Do what the guard says of a temperature; on the supervisor's thread, whatever the procedure is doing."""
        word = self._guard.judge(temperature_K, time.monotonic())
        if word is None:
            return
        log.warning("temperature %.4g K: %s", temperature_K, word.value)
        if word is Word.HOLD:
            self._hold()
            self._audience.tell(
                sentence=f"{temperature_K:.4g} K is above temperature_pause_K: the magnet holds, the run waits"
            )
        elif word is Word.RESUME:
            self._resume()
        else:
            self._give_up(temperature_K)

    def _give_up(self, temperature_K: float) -> None:
        sentence = f"{temperature_K:.4g} K is above temperature_stop_K: the magnet goes to zero"
        with self._audience.lock:
            if (control := self._control()) is not None:
                control.request_stop(ZERO)
                self._audience.tell(State.STOPPING, sentence)
                return
        self._audience.tell(State.FAILED, sentence)
        try:
            self._station.rig.magnet.start_ramp(0.0)
        except DriverError as error:
            log.error("temperature guard: %s", error)
            self._audience.tell(State.FAILED, f"{sentence}, but it did not start: {error}")


def after_trip(control: Control, state: State, sentence: str) -> tuple[State, str]:
    """Return state and sentence at the end of a run or errand; a quench or trip meanwhile is what a person must see."""
    if control.quenched or control.trip:
        state = State.QUENCH if control.quenched else State.FAILED
    return state, sentence if not control.trip or control.trip in sentence else f"{sentence}; {control.trip}"
