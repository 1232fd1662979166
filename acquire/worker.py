"""Runs one procedure: store each row first, show it then, and tell how it ended only when all is safe."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pymeasure.experiment import Procedure

from acquire.journal import Journal
from drivers.instrument import DriverError, Quench
from procedures.control import Control
from procedures.measurement import Measurement, MeasurementError, Stopped
from procedures.rig import Rig

log = logging.getLogger(__name__)

FINISHED, ABORTED, FAILED = "finished", "aborted", "failed"
QUENCHED = "magnet: QUENCH; nothing is sent to it until a person has looked at it and re-armed it"
_STATUS = {FINISHED: Procedure.FINISHED, ABORTED: Procedure.ABORTED, FAILED: Procedure.FAILED}


class Mailbox(Protocol):
    """Where a stored row goes next; it takes rows at once and never waits for anyone."""

    def put(self, row: Mapping[str, float]) -> None:
        """Take one row."""


class Worker(threading.Thread):
    """Runs one procedure on a thread of its own.

    Parameters
    ----------
    procedure : Measurement
    control : Control
        What others ask of this run, from before it starts.
    rig : Rig
    journal : Journal
        Already open: it is made before the first command to an instrument.
    mailbox : Mailbox
    on_progress : callable of float
        Called with the progress from 0 to 1.
    on_end : callable of (status, message)
        Called once, after shutdown and after the end record, with ``"finished"``, ``"aborted"`` or ``"failed"``.
    """

    def __init__(
        self, procedure: Measurement, control: Control, rig: Rig, journal: Journal, mailbox: Mailbox,
        on_progress: Callable[[float], None], on_end: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        super().__init__(name=f"worker {procedure.title}")
        self.procedure = procedure
        self.control = control
        self._journal = journal
        self._mailbox = mailbox
        self._on_progress = on_progress
        self._on_end = on_end
        procedure.rig = rig
        procedure.control = control
        # PyMeasure's way: a procedure is given its words by the worker that runs it
        procedure.emit = self._emit
        procedure.should_stop = control.stop.is_set

    def run(self) -> None:
        """Run startup, execute, shutdown, end record; then tell the status once."""
        status, message = self._measure()
        status, message = self._close(status, message)
        self.procedure.status = _STATUS[status]
        log.log(logging.ERROR if status == FAILED else logging.INFO, "%s: %s %s", self.procedure.title, status, message)
        self._on_end(status, message)

    def _measure(self) -> tuple[str, str]:
        self.procedure.status = Procedure.RUNNING
        status, message = FINISHED, ""
        try:
            self.procedure.startup()
            self.procedure.execute()
        except Stopped as error:
            status, message = ABORTED, _words(error)
        except BaseException as error:  # whatever it is, the magnet must be brought to a safe state
            self.control.quenched |= isinstance(error, Quench)
            self._note(error)
            status, message = FAILED, _words(error)
        status, message = self._as_tripped(status, message)
        self.procedure.status = _STATUS[status]
        return status, message

    def _close(self, status: str, message: str) -> tuple[str, str]:
        status, message = self._as_tripped(*self._guarded(self.procedure.shutdown, status, message))
        if status == FINISHED and self.control.stop.is_set():
            status, message = ABORTED, "stopped by the user after the last row"
        return self._guarded(lambda: self._journal.close(status, message), status, message)

    def _as_tripped(self, status: str, message: str) -> tuple[str, str]:
        """Return a run in which the supervisor saw the magnet quench or trip as one that has failed."""
        tripped = self.control.trip and status != FAILED
        return (FAILED, self.control.trip) if tripped else (status, message)

    def _guarded(self, step: Callable[[], object], status: str, message: str) -> tuple[str, str]:
        try:
            step()
        except Stopped as error:
            return (ABORTED if status == FINISHED else status), "; ".join(filter(None, [message, _words(error)]))
        except BaseException as error:
            self._note(error)
            return FAILED, "; ".join(filter(None, [message, _words(error)]))
        return status, message

    def _emit(self, topic: str, record: Any) -> None:
        if topic == "results":
            self._journal.append(record)
            self._mailbox.put(record)
        elif topic == "progress":
            self._on_progress(float(record) / 100)
        else:
            raise MeasurementError(f"{self.procedure.title}: nothing is known of the topic {topic!r}; emit a row")

    def _note(self, error: BaseException) -> None:
        """Log a fault that was foreseen in one line, one that was not with its traceback."""
        foreseen = isinstance(error, (DriverError, MeasurementError, OSError))
        log.debug("%s", error, exc_info=None if foreseen else error)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


@contextlib.contextmanager
def stopping_signals(stop: Callable[[], None]) -> Any:
    """While inside, SIGINT and SIGTERM (and Ctrl-Break on Windows) call `stop` instead of ending the program."""
    import signal

    names = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
    before = {name: signal.signal(name, lambda *_: stop()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
