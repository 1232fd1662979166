"""Who is told what happens in a session, and what was told last."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from acquire.status import Readings, State, Status
from analysis.snapshot import Snapshot

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Is told what happens, on whatever thread it happens; it must return at once."""

    def on_status(self, status: Status) -> None:
        """Hear of the state and the queue."""

    def on_readings(self, readings: Readings) -> None:
        """Hear of a look at the instruments."""

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Hear of the newest fits."""


class Audience:
    """All listeners of a session.

    Attributes
    ----------
    lock : threading.RLock
        Held while the status is changed and told, so that nobody hears of two changes in the wrong order.
    status : Status
    readings : Readings
    snapshot : Snapshot or None
        What was told last.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.status = Status()
        self.readings = Readings()
        self.snapshot: Snapshot | None = None
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell `listener` everything from now on."""
        self._listeners.append(listener)

    def publish_readings(self, readings: Readings) -> None:
        """Tell of a look at the instruments."""
        self.readings = readings
        self._to_listeners(lambda listener: listener.on_readings(readings))

    def publish_snapshot(self, snapshot: Snapshot) -> None:
        """Tell of the newest fits."""
        self.snapshot = snapshot
        self._to_listeners(lambda listener: listener.on_snapshot(snapshot))

    def tell(self, state: State | None = None, sentence: str | None = None) -> None:
        """Tell of another state or sentence; what is left out stays as it was."""
        words = {"state": state, "sentence": sentence}
        self.change({name: value for name, value in words.items() if value is not None})

    def change(self, changes: dict[str, Any]) -> None:
        """Tell of a status with these parts changed."""
        with self.lock:
            self.status = status = dataclasses.replace(self.status, **changes)
            self._to_listeners(lambda listener: listener.on_status(status))

    def _to_listeners(self, tell: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            try:
                tell(listener)
            except Exception:
                # a window that cannot draw must not end a measurement
                log.exception("session: %s failed to hear", type(listener).__name__)
