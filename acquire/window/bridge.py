"""The session's listener: carries what its threads say to the window's thread, latest first.

A kind of news that is still on its way is not sent twice: the window finds the newest
when it looks, so a fast session never fills Qt's event queue.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, cast

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from acquire.status import Readings, Status
from analysis.snapshot import Snapshot

MOST_MESSAGES = 1000


class Bridge(QObject):
    """What the session calls from its threads; the signals arrive in the window's thread."""

    status = pyqtSignal(object)
    readings = pyqtSignal(object)
    snapshot = pyqtSignal(object)
    message = pyqtSignal(int, str)
    _news = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._latest: dict[str, object] = {}
        self._messages: deque[tuple[int, str]] = deque(maxlen=MOST_MESSAGES)
        self._closed = False
        cast(Any, self._news).connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def on_status(self, status: Status) -> None:
        """Take the state of the whole (any thread)."""
        self._post("status", status)

    def on_readings(self, readings: Readings) -> None:
        """Take a look at the instruments (any thread)."""
        self._post("readings", readings)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take the live result (any thread)."""
        self._post("snapshot", snapshot)

    def on_message(self, level: int, text: str) -> None:
        """Take a line for the log (any thread)."""
        with self._lock:
            if self._closed:
                return
            first = not self._messages
            self._messages.append((level, text))
            if first:
                self._news.emit("message")

    def close(self) -> None:
        """Hear nothing any more: the session's threads may outlive the window."""
        with self._lock:
            self._closed = True

    def _post(self, kind: str, news: object) -> None:
        with self._lock:
            if self._closed:
                return
            first = kind not in self._latest
            self._latest[kind] = news
            if first:
                self._news.emit(kind)

    def _deliver(self, kind: str) -> None:
        with self._lock:
            if self._closed:
                return
            news = self._latest.pop(kind, None)
            messages = list(self._messages) if kind == "message" else []
            if messages:
                self._messages.clear()
        for level, text in messages:
            self.message.emit(level, text)
        if news is not None:
            getattr(self, kind).emit(news)
