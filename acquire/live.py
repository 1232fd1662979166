"""The fit thread: rows in, the newest snapshot out. It never waits for a reader, and no row waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from analysis.curve import Curve
from analysis.live import LiveAnalysis, Settings
from analysis.row import SWEEP
from analysis.snapshot import Snapshot

log = logging.getLogger(__name__)

SHORTEST_INTERVAL_S = 0.03
"""Snapshots do not follow each other faster than this: nobody sees more, and the measurement needs the processor."""

Item = Mapping[str, float] | tuple[int, Curve] | None
"""A row; or a sweep's number and its curve so far, where somebody has reduced it; or None, the end of a sweep."""


class LiveFit(threading.Thread):
    """Fits what has been measured so far, always the newest; a slow fit skips snapshots, never rows.

    Parameters
    ----------
    settings : Settings
    publish : callable of Snapshot
        Called on this thread with every new snapshot.
    """

    def __init__(self, settings: Settings, publish: Callable[[Snapshot], None]) -> None:
        super().__init__(name="live fit", daemon=True)
        self._settings = settings
        self._publish = publish
        self._items: list[Item] = []
        self._changed = threading.Condition()
        self._version = 0
        self._published = 0
        self._closing = threading.Event()
        self._first_sweep = 0
        self._next_sweep = 0

    def begin(self) -> int:
        """Say that another run begins: its sweeps are numbered on from those before. Returns the first number."""
        self._first_sweep = self._next_sweep
        return self._first_sweep

    def put(self, row: Mapping[str, float]) -> None:
        """Take one row; returns at once."""
        sweep = int(row[SWEEP]) + self._first_sweep
        self._next_sweep = sweep + 1
        self._add({**row, SWEEP: sweep} if self._first_sweep else row)

    def put_curve(self, curve: Curve) -> None:
        """Take the curve of the run under way as it is now; returns at once."""
        self._next_sweep = self._first_sweep + 1
        self._add((self._first_sweep, curve))

    def finish(self) -> None:
        """Say that the sweep under way is complete: it gets its final fit."""
        self._add(None)

    def _add(self, item: Item) -> None:
        with self._changed:
            self._items.append(item)
            self._version += 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all runs."""
        with self._changed:
            self._items = []
            self._first_sweep = self._next_sweep = 0
            self._version += 1
            self._changed.notify_all()

    def analyse_with(self, settings: Settings) -> None:
        """Fit everything again with other settings."""
        with self._changed:
            self._settings = settings
            self._version += 1
            self._changed.notify_all()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all rows so far are in a published snapshot; tell whether they are."""
        with self._changed:
            version = self._version
            return self._changed.wait_for(lambda: self._published >= version, timeout_s)

    def close(self) -> None:
        """Publish what is still to be fitted, then end the thread."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Fit until closed."""
        settings, items = self._settings, self._items
        analysis, taken = LiveAnalysis(settings), 0
        while (version := self._wait_for_news()) is not None:
            if settings is not self._settings or items is not self._items:
                settings, items = self._settings, self._items
                analysis, taken = LiveAnalysis(settings), 0
            try:
                for item in items[taken:]:
                    taken += 1
                    _feed(analysis, item)
                self._publish(analysis.snapshot())
            except Exception:
                # a fit must never end a measurement, nor the fits that come after it
                log.exception("live fit: this snapshot failed; the rows are stored, the next row tries again")
            with self._changed:
                self._published = version
                self._changed.notify_all()
            self._closing.wait(SHORTEST_INTERVAL_S)

    def _wait_for_news(self) -> int | None:
        """Return the version to be fitted now, None when all is fitted and the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > self._published or self._closing.is_set())
            return self._version if self._version > self._published else None


def _feed(analysis: LiveAnalysis, item: Item) -> None:
    if item is None:
        analysis.finish()
    elif isinstance(item, tuple):
        analysis.set_curve(*item)
    else:
        analysis.add(item)
