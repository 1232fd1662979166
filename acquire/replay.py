"""A saved file as a source of rows: from there on everything is as it was live."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from acquire.live import LiveFit
from acquire.run import Run
from analysis.row import TIME

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 3600.0
"""A clock that jumped between two rows does not stop a replay for longer."""
CURVE_POINTS_PER_S = 20.0
"""How fast a curve without times is replayed at speed 1 [points/s]."""


class Replay(threading.Thread):
    """Puts the rows of saved runs into the live fit, in their own time or faster.

    Parameters
    ----------
    runs : sequence of Run
    speed : float
        How many times faster than measured; inf for at once.
    fit : LiveFit
    begin : callable of Path
        Called with the file of each run before its first row.
    on_end : callable of str
        Called once, when all rows are in and fitted, or the replay was stopped.
    """

    def __init__(
        self, runs: Sequence[Run], speed: float, fit: LiveFit,
        begin: Callable[[Path], object], on_end: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(name="replay", daemon=True)
        if not speed > 0:
            raise ValueError(f"replay: speed {speed:g} is not above 0")
        self._runs = runs
        self._speed = speed
        self._fit = fit
        self._on_end = on_end
        self._begin = begin
        self._stop = threading.Event()

    def stop(self) -> None:
        """End the replay; the rows that were put stay."""
        self._stop.set()

    def run(self) -> None:
        """Put the rows, run by run; whatever happens, the end is told."""
        sentence = "replay failed; the log says why"
        try:
            rows = sum(map(self._put, self._runs))
            self._fit.flush()
            word = "stopped" if self._stop.is_set() else "finished"
            sentence = f"replay {word}: {rows} rows of {len(self._runs)} files"
        except Exception:
            log.exception("replay failed")
        finally:
            self._on_end(sentence)

    def _put(self, run: Run) -> int:
        if self._stop.is_set():
            return 0
        self._begin(run.path)
        rows = self._curve(run) if run.curve is not None else self._rows(run)
        if not self._stop.is_set():
            self._fit.finish()
        return rows

    def _rows(self, run: Run) -> int:
        before = None
        for number, row in enumerate(run.rows()):
            if before is not None and self._stopped_while_waiting(row[TIME] - before):
                return number
            before = row[TIME]
            self._fit.put(row)
        return len(run.columns[TIME])

    def _curve(self, run: Run) -> int:
        curve = run.curve
        assert curve is not None
        length = len(curve.field_T)
        for points in range(1, length):
            if math.isinf(self._speed) or self._stopped_while_waiting(1 / CURVE_POINTS_PER_S):
                break
            self._fit.put_curve(curve.first(points))
        self._fit.put_curve(curve)
        return length

    def _stopped_while_waiting(self, seconds: float) -> bool:
        if math.isinf(self._speed) or not seconds > 0:
            return self._stop.is_set()
        return self._stop.wait(min(seconds / self._speed, LONGEST_WAIT_S))
