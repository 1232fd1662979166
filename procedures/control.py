"""The words that travel down to a run: stop, hold, go on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

LONGEST_PAUSE_S = 10.0
"""By the wall; a pause that takes longer is lost, and the driver of the magnet says so."""


class Control:
    """The words that travel down to one run, from before its first command to after its last.

    Attributes
    ----------
    stop, held : threading.Event
        The run is to end; the magnet is to stay where it is.
    interrupt : threading.Event
        Set while either of the two is: what a wait in a driver listens to.
    at_end : str or None
        What the magnet does after a stop, instead of what the procedure says.
    quenched : bool
        The magnet has quenched, whoever saw it first.
    trip : str
        The quench, trip or fault of the magnet in words, if somebody beside the run has seen one.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.held = threading.Event()
        self.interrupt = threading.Event()
        self.at_end: str | None = None
        self.quenched = False
        self.trip = ""
        self._ending = False
        self._pauses = 0
        self._changed = threading.Condition()

    def request_stop(self, at_end: str | None = None) -> None:
        """End the run as soon as possible; a second stop, or one while it ends, leaves the magnet where it is."""
        with self._changed:
            again = self.stop.is_set() or self._ending
            self.at_end = self.at_end if again else at_end
            self.stop.set()
            self.held.set() if again else self.held.clear()
            self.interrupt.set()

    def request_hold(self) -> None:
        """Let the magnet hold and the run wait."""
        with self._changed:
            self.held.set()
            self.interrupt.set()

    def resume(self) -> None:
        """Go on after a hold."""
        with self._changed:
            self.held.clear()
            if not self.stop.is_set():
                self.interrupt.clear()

    def begin_end(self) -> None:
        """Say that the run has ended, one way or another: from here on a stop keeps the magnet where it is."""
        with self._changed:
            self._ending = True

    @contextlib.contextmanager
    def pausing(self) -> Iterator[None]:
        """Say that a pause is on its way to the magnet from another thread; no ramp starts before it has arrived."""
        with self._changed:
            self._pauses += 1
        try:
            yield
        finally:
            with self._changed:
                self._pauses -= 1
                self._changed.notify_all()

    def wait_for_pauses(self) -> None:
        """Wait until no pause is on its way: one that came late would stop the ramp that follows it."""
        with self._changed:
            self._changed.wait_for(lambda: self._pauses == 0, timeout=LONGEST_PAUSE_S)
