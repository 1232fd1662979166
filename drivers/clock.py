"""The time of the experiment: real, accelerated for a simulated rig, or stepped by hand in tests."""

from __future__ import annotations

import math
import threading
import time

SHORTEST_POLL_S = 1e-3
"""No loop asks an instrument more often than this, in seconds of the wall clock."""


class Clock:
    """Monotonic experiment time that may run faster than the wall's.

    Parameters
    ----------
    speed : float
        Seconds of the experiment in one second of the wall clock.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError(f"clock: speed {speed!r} is not accepted; give a positive number")
        self.speed = float(speed)
        self._made = time.monotonic()

    def now(self) -> float:
        """Return the experiment time since the clock was made [s]."""
        return (time.monotonic() - self._made) * self.speed

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Let experiment time pass; wake at once when `stop` is set.

        Returns
        -------
        bool
            True if `stop` is set.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"clock: cannot sleep {seconds!r} s; give a finite number")
        wall_s = max(seconds, 0.0) / self.speed
        if stop is None:
            time.sleep(wall_s)
            return False
        return stop.wait(wall_s)

    def poll_interval_s(self, wanted_s: float) -> float:
        """Return how long a polling loop waits: `wanted_s`, or longer on an accelerated clock [s].

        However fast the clock, no loop may ask an instrument more than 1000 times in a wall second.
        """
        return max(wanted_s, SHORTEST_POLL_S * self.speed)


class SteppedClock(Clock):
    """A clock that moves only when somebody sleeps on it or advances it: tests never wait."""

    def __init__(self) -> None:
        super().__init__(speed=1.0)
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time that has been slept and advanced so far [s]."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward [s]."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"clock: cannot advance by {seconds!r} s; it goes forward by a finite time")
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Advance the time at once, unless `stop` is set already; return whether it is."""
        if stop is not None and stop.is_set():
            return True
        self.advance(max(seconds, 0.0))
        return stop is not None and stop.is_set()
