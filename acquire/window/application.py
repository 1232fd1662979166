"""The program with a window: from a session to an exit code."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from acquire.window.window import MainWindow

if TYPE_CHECKING:
    from acquire.session import Session


def application() -> QApplication:
    """Return the Qt application, made on the first call."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    made = QApplication(sys.argv[:1])
    made.setApplicationName("Cusp")
    made.setStyle("Fusion")
    return made


def run_window(session: Session) -> int:
    """Show the window until it is closed; the session is closed with it.

    SIGINT and SIGTERM end a run as the stop button does, and close the window without a question.
    """
    program = application()
    for floor in ("acquire", "procedures", "drivers"):
        logging.getLogger(floor).setLevel(logging.INFO)
    window = MainWindow(session)

    def end(number: int, frame: FrameType | None) -> None:
        window.leave()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        window.show()
        return program.exec()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
