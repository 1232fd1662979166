"""The program with a window: from a session to an exit code."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QEventLoop, QObject, QSettings, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PyQt5.QtWidgets import QApplication

from acquire import display
from acquire.trouble import UserError
from acquire.window.picture import picture as take_picture
from acquire.window.window import MainWindow
from acquire.worker import stopping_signals

if TYPE_CHECKING:
    from acquire.session import Session

log = logging.getLogger(__name__)

FLOORS = ("acquire", "procedures", "drivers")
LOOK_EVERY_MS = 100
NOISE = ("propagateSizeHints", "XDG_RUNTIME_DIR", "runtime directory")
"""What Qt says without a display, to nobody's use."""


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


def show(
    session: Session, start: Callable[[], Any] | None = None, *, picture: Path | None = None,
    hidden: bool = False, stay: bool = False,
) -> int:  # fmt: skip
    """Show the window until it is closed; the session is closed with it.

    SIGINT and SIGTERM end a run as the stop button does, and close the window without a question.

    Parameters
    ----------
    session : Session
    start : callable, optional
        Called once the window is there; what it starts is waited for if a picture is wanted.
    picture : Path, optional
        Write a picture of the window here when nothing runs any more; then close it, unless `stay`.
        Without a display the window is drawn into memory.
    hidden : bool
        Draw into memory even where there is a display.
    stay : bool
        Leave the window open after the picture, where it can be seen.

    Raises
    ------
    UserError
        There is no display, and no picture is wanted either.
    Exception
        Whatever `start` raised.
    """
    visible = _find_display(hidden, picture is not None)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_told_in_the_log())
        program = application()
        memory = stack.enter_context(_fresh_memory()) if picture is not None else None
        window = MainWindow(session, memory)
        stack.enter_context(stopping_signals(window.leave))
        window.show()
        faults: list[BaseException] = []
        if start is not None:
            QTimer.singleShot(0, lambda: _begin(start, window, faults))
        if picture is not None:
            _End(window, picture, stay and visible, faults)
        loop = QEventLoop()
        window.gone.connect(loop.quit)
        loop.exec()
        window.deleteLater()
        program.processEvents()
    if faults:
        raise faults[0]
    return 0


def _find_display(hidden: bool, picture: bool) -> bool:
    """Choose between the display and the memory; tell whether the window can be seen."""
    if QApplication.instance() is not None:
        return not hidden
    trouble = "" if hidden else display.trouble()
    if trouble and not picture:
        raise UserError(f"no window can be shown here: {trouble}; cusp run and cusp replay --headless need none")
    if trouble not in ("", display.NONE):
        log.warning("the window is drawn into memory, not shown: %s", trouble)
    if trouble or hidden:
        display.use_offscreen()
    return not (trouble or hidden)


def _begin(start: Callable[[], Any], window: MainWindow, faults: list[BaseException]) -> None:
    try:
        start()
    except Exception as error:  # handed to the caller of `show`, once the window has closed in order
        faults.append(error)
        window.leave()


class _End(QObject):
    """Waits until nothing runs any more, takes the picture, and closes the window."""

    def __init__(self, window: MainWindow, path: Path, stay: bool, faults: list[BaseException]) -> None:
        super().__init__(window)
        self._window, self._path, self._stay, self._faults = window, path, stay, faults
        self._quiet = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_EVERY_MS)

    def _look(self) -> None:
        # between two jobs of a queue nothing runs for a moment
        self._quiet = 0 if self._window.session.is_running else self._quiet + 1
        if self._quiet < 3:
            return
        self._timer.stop()
        try:
            take_picture(self._window, self._path)
        except OSError as error:
            self._faults.append(UserError(str(error)))
        if not self._stay or self._faults:
            self._window.leave()


@contextlib.contextmanager
def _fresh_memory() -> Iterator[QSettings]:
    """Give a window that is to be pictured the first layout, whatever its user has made of his own."""
    with tempfile.TemporaryDirectory() as folder:
        yield QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)


@contextlib.contextmanager
def _told_in_the_log() -> Iterator[None]:
    """Let the log dock hear more than the terminal shows, and Qt speak through it."""
    root = logging.getLogger()
    levels = {handler: handler.level for handler in root.handlers}
    for handler, level in levels.items():
        handler.setLevel(max(level, root.level))
    floors = {floor: logging.getLogger(floor).level for floor in FLOORS}
    for floor in floors:
        logging.getLogger(floor).setLevel(logging.INFO)
    before = qInstallMessageHandler(_on_qt_message)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
        for floor, level in floors.items():
            logging.getLogger(floor).setLevel(level)
        for handler, level in levels.items():
            handler.setLevel(level)


def _on_qt_message(kind: QtMsgType, context: Any, text: str | None) -> None:
    if text and kind != QtMsgType.QtDebugMsg and not any(noise in text for noise in NOISE):
        log.warning("Qt: %s", text)
