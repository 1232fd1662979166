"""Exceptions that nobody caught: one line in the log, the whole on the terminal, and the program goes on."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType

AGAIN_AFTER_S = 10.0
"""The same fault is told again after this long [s]: a slot may fail at every redraw."""


class Faults:
    """Stands in for Python's hooks; PyQt would otherwise end the program, with the magnet ramping.

    Parameters
    ----------
    say : callable of level and text
        Any thread may call it.
    interrupted : callable
        Called at Ctrl+C and the like.
    """

    def __init__(self, say: Callable[[int, str], None], interrupted: Callable[[], object]) -> None:
        self._say, self._interrupted = say, interrupted
        self._told: dict[str, float] = {}
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take the hooks over."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook, threading.excepthook = self._on_exception, self._on_thread

    def remove(self) -> None:
        """Give the hooks back, unless somebody else has taken them since."""
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._before[0]
        if threading.excepthook == self._on_thread:
            threading.excepthook = self._before[1]

    def _on_exception(self, kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, Exception):  # Ctrl+C, SystemExit: somebody wants the end, not a line in the log
            self._interrupted()
            return
        last = traceback.extract_tb(trace)[-1:]
        where = f" ({last[0].filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{last[0].lineno})" if last else ""
        text = f"internal fault, the program goes on: {kind.__name__}: {fault}{where}"
        now = time.monotonic()
        if now - self._told.get(text, float("-inf")) < AGAIN_AFTER_S:
            return
        if len(self._told) > 100:
            self._told.clear()
        self._told[text] = now
        if sys.stderr is not None:  # pythonw on Windows has none
            traceback.print_exception(kind, fault, trace)
        self._say(logging.ERROR, text)

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)
