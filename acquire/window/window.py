"""The main window: docks around the session, drawn on one timer, only where something changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QEvent, QSettings, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PyQt5.QtWidgets import QApplication, QFileDialog, QMainWindow, QMessageBox, QShortcut, QToolBar, QWidget

from acquire.status import Readings, State, Status
from acquire.window.bridge import Bridge
from acquire.window.conductance import Conductance
from acquire.window.dephasing import Dephasing
from acquire.window.dock import Dock
from acquire.window.faults import Faults
from acquire.window.film import Film
from acquire.window.form import Form
from acquire.window.log import Log, Loudspeaker
from acquire.window.menu import ERRANDS, REPLAY_SPEEDS, THEME_CHOICES, Menu
from acquire.window.queue import Queue
from acquire.window.readings import ReadingsView
from acquire.window.resistance import ResistanceView
from acquire.window.result import Result
from acquire.window.strip import Strip
from acquire.window.theme import THEMES, TemperatureColours, Theme, palette, style_sheet, system_theme
from analysis.live import Settings
from analysis.snapshot import Snapshot, SweepResult

if TYPE_CHECKING:
    from acquire.session import Session

log = logging.getLogger(__name__)

FRAMES_PER_S = 20
LAYOUT_VERSION = 1
FIRST_SIZE = QSize(1366, 768)
SCALES = (0.85, 2.0)
CLOSING = "closing: holding the magnet, waiting for the run to end"


def memory() -> QSettings:
    """Return where the window remembers layout, theme and last values: a file of the user."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "cusp", "window")


class MainWindow(QMainWindow):
    """What a person looks at for hours.

    Parameters
    ----------
    session : Session
        What is driven and shown.
    remember : QSettings, optional
        Where layout, theme and last values are kept.

    Signals
    -------
    gone : it has closed, and the session with it.
    """

    gone = pyqtSignal()
    _left = pyqtSignal(str)

    def __init__(self, session: Session, remember: QSettings | None = None) -> None:
        super().__init__()
        self.session = session
        self.remember = remember or memory()
        self.theme: Theme = system_theme()
        self.colours = TemperatureColours([], self.theme)
        self.scale = min(max(_number(self.remember.value("scale"), 1.0), SCALES[0]), SCALES[1])
        self.theme_choice = str(self.remember.value("theme", "system"))
        self._snapshot: Snapshot | None = session.snapshot
        self._status: Status = session.status
        self._picked: int | None = None
        self._drawn: dict[QWidget, int] = {}
        self._version = 1
        self._said = Status().sentence
        self._leaving: str = ""
        self._make_views()
        self._make_docks()
        self._make_menu()
        self._connect()
        self._make_keys()
        self.setWindowTitle(f"Cusp — {session.station_name}{' (simulated)' if session.simulated else ''}")
        self.setAcceptDrops(True)
        self.choose_theme(self.theme_choice)
        self._restore()
        self._listen()

    # ---- what there is

    def _make_views(self) -> None:
        session = self.session
        self.strip = Strip(session.after_stop)
        self.form = Form(session.procedures, session.check, session.estimate_s, self.remember)
        self.conductance, self.resistance = Conductance(session.settings), ResistanceView()
        self.result, self.dephasing, self.readings = Result(), Dephasing(), ReadingsView()
        self.film = Film()
        self.queue, self.log = Queue(), Log()

    def _make_docks(self) -> None:
        top = QToolBar("Strip")
        top.setObjectName("strip")
        top.setMovable(False)
        top.setFloatable(False)
        top.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        top.addWidget(self.strip)
        self.addToolBar(top)
        lengths: dict[str, QWidget] = {"Lφ against temperature": self.dephasing, "The film": self.film}
        curves: dict[str, QWidget] = {"Magnetoconductance": self.conductance, "Resistance": self.resistance}
        self.docks = {
            name: Dock(name, caption, view, self)
            for name, caption, view in (
                ("measurement", "Measurement", self.form),
                ("curves", "Curves", curves),
                ("result", "Result", self.result),
                ("dephasing", "Lφ against temperature", lengths),
                ("readings", "Last hour", self.readings),
                ("queue", "Queue", self.queue),
                ("log", "Log", self.log),
            )
        }
        self.setDockNestingEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.arrange()

    def arrange(self) -> None:
        """Put every dock where it is at first: form, curves, result; L_phi(T) and readings; queue and log."""
        docks, across, down = self.docks, Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        for dock in docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["measurement"])
        self.splitDockWidget(docks["measurement"], docks["curves"], across)
        self.splitDockWidget(docks["curves"], docks["result"], across)
        self.splitDockWidget(docks["curves"], docks["dephasing"], down)
        self.splitDockWidget(docks["dephasing"], docks["readings"], across)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, docks["queue"])
        self.splitDockWidget(docks["queue"], docks["log"], across)
        for dock in docks.values():
            dock.show()
        self._share_room()

    def _share_room(self) -> None:
        docks, across, down = self.docks, Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        width = max(self.width(), FIRST_SIZE.width())
        sides = round(256 * self.scale), round(296 * self.scale)
        self.resizeDocks(
            [docks["measurement"], docks["curves"], docks["result"]], [sides[0], width - sum(sides), sides[1]], across
        )
        self.resizeDocks([docks["dephasing"], docks["readings"]], [400, 400], across)
        self.resizeDocks([docks["queue"], docks["log"]], [width * 58 // 100, width * 42 // 100], across)
        self.resizeDocks([docks["measurement"], docks["queue"]], [590, 118], down)
        self.resizeDocks([docks["curves"], docks["dephasing"]], [390, 205], down)

    def _make_menu(self) -> None:
        menu = Menu(self)
        menu.entry("Open sweeps…", lambda: self._ask_files("Open sweeps", self.session.open_files), "Ctrl+O")
        again = menu.under("Replay sweeps")
        for speed in REPLAY_SPEEDS:
            text = "as fast as measured" if speed == 1 else f"{speed:g} times faster"
            menu.entry(
                text, lambda s=speed: self._ask_files("Replay", lambda p: self.session.replay(p, s)), under=again
            )
        menu.entry("Save a picture…", self._save_picture, "Ctrl+S")
        menu.addSeparator()
        magnet = menu.under("Magnet")
        for word, (text, _) in ERRANDS.items():
            menu.entry(f"{text}…", lambda w=word: self._ask_errand(w), under=magnet)
        menu.addSeparator()
        menu.add_docks(self.docks.values(), self.arrange)
        menu.add_choice("Theme", THEME_CHOICES, self.theme_choice, self.choose_theme)
        menu.entry("Larger text", lambda: self.set_scale(self.scale * 1.1), "Ctrl++")
        menu.entry("Smaller text", lambda: self.set_scale(self.scale / 1.1), "Ctrl+-")
        menu.entry("Full screen", self._full_screen, "F11")
        menu.addSeparator()
        menu.entry("Quit", self.close, "Ctrl+Q")
        self.strip.menu.setMenu(menu)

    def _make_keys(self) -> None:
        for keys, act in (
            ("Ctrl+Return", self.form.press_start), ("Ctrl+Enter", self.form.press_start),
            ("Esc", self._hold), ("Ctrl+.", self._stop),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.ApplicationShortcut).activated.connect(act)

    def _connect(self) -> None:
        self.strip.stop.connect(self._stop)
        self.strip.hold.connect(self._hold)
        self.strip.resume.connect(self.session.resume)
        self.strip.after_stop.connect(lambda choice: setattr(self.session, "after_stop", choice))
        self.form.start.connect(lambda procedure: self._submit(procedure, run=True))
        self.form.queue.connect(lambda procedure: self._submit(procedure, run=False))
        self.queue.moved.connect(self.session.move)
        self.queue.removed.connect(self.session.remove)
        self.queue.run.connect(self.session.start)
        self.conductance.settings_chosen.connect(self._analyse_with)
        self.conductance.sweep_picked.connect(self._pick)
        self.dephasing.sweep_picked.connect(self._pick)
        self._left.connect(self._on_left)

    def _listen(self) -> None:
        self.bridge = Bridge(self)
        self.bridge.status.connect(self._on_status)
        self.bridge.readings.connect(self._on_readings)
        self.bridge.snapshot.connect(self._on_snapshot)
        self.bridge.message.connect(self.log.add)
        self.loudspeaker = Loudspeaker(self.bridge.on_message)
        logging.getLogger().addHandler(self.loudspeaker)
        self.faults = Faults(self.bridge.on_message, self.leave)
        self.faults.install()
        self.session.listen(self.bridge)
        self._on_status(self.session.status)
        self._on_readings(self.session.readings)
        self.timer = QTimer(self)
        self.timer.setInterval(1000 // FRAMES_PER_S)
        self.timer.timeout.connect(self.draw)
        self.timer.start()

    # ---- what the session says

    def _on_status(self, status: Status) -> None:
        if status.sentence != self._said:
            self._said = status.sentence
            bad = status.state in (State.FAILED, State.QUENCH)
            self.log.add(logging.ERROR if bad else logging.INFO, status.sentence)
        # while it closes that is what a person must know, whatever else the session says
        self._status = replace(status, sentence=CLOSING) if self._leaving == "leaving" else status
        self._drawn.pop(self.strip, None)

    def _on_readings(self, readings: Readings) -> None:
        self._drawn.pop(self.strip.field, None)
        self._readings = readings
        if readings.time_s > 0 and self.readings.add(readings):
            self._drawn.pop(self.readings, None)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._version += 1

    # ---- drawing

    def draw(self) -> None:
        """Draw what changed since the last time, where it can be seen."""
        self.log.draw()
        self.strip.draw_age()
        if self._due(self.strip, 0):
            self.strip.draw_status(self._status)
            self.queue.draw(self._status)
            self.form.set_running(self.session.is_running)
            self._drawn.pop(self.result, None)
        if self._due(self.strip.field, 0):
            self.strip.draw_readings(self._readings)
        if self._due(self.readings, 0):
            self.readings.draw()
        self._draw_results()

    def _draw_results(self) -> None:
        focus = self.focus()
        sweeps = self._snapshot.sweeps if self._snapshot is not None else ()
        self.colours = TemperatureColours((result.temperature_K for result in sweeps), self.theme)
        for view in (self.conductance, self.resistance, self.dephasing):
            if self._due(view, self._version):
                view.draw(self._snapshot, focus, self.colours)
        if self._due(self.result, self._version):
            path = self.session.origin(focus.sweep) if focus is not None else None
            self.result.draw(self._snapshot, focus, self.colours, path, self.session.settings.model)
        if self._due(self.film, self._version):
            self.film.draw(self._snapshot)

    def _due(self, view: QWidget, version: int) -> bool:
        """Tell whether `view` can be seen and is behind; it counts as drawn from here on, should drawing fail."""
        if not view.isVisible() or self._drawn.get(view) == version:
            return False
        self._drawn[view] = version
        return True

    def focus(self) -> SweepResult | None:
        """Return the sweep that the result speaks of: the one picked, else the one running, else the last."""
        sweeps = self._snapshot.sweeps if self._snapshot is not None else ()
        by_number = {result.sweep: result for result in sweeps}
        current = self._snapshot.current if self._snapshot is not None else None
        for number in (self._picked, current):
            if number is not None and number in by_number:
                return by_number[number]
        return sweeps[-1] if sweeps else None

    # ---- what the person does

    def _submit(self, procedure: Any, run: bool) -> None:
        try:
            self.session.submit(procedure)
        except ValueError as error:
            self.form.refuse(str(error))
            return
        if run:
            self._picked = None
            self.session.start()

    def _stop(self) -> None:
        self.session.stop()
        self.bridge.on_message(logging.WARNING, f"stop asked for; the magnet holds, {self.strip.after.currentText()}")

    def _hold(self) -> None:
        self.session.hold()
        self.bridge.on_message(logging.WARNING, "hold asked for: the magnet stays where it is")

    def _pick(self, number: int | None) -> None:
        self._picked = number
        self._version += 1

    def _analyse_with(self, settings: Settings) -> None:
        self.session.analyse_with(settings)

    def _ask_errand(self, word: str) -> None:
        """Do to the magnet what nothing does by itself, once a person has confirmed it."""
        text, before = ERRANDS[word]
        asked = QMessageBox.question(self, text, f"{text}?\n\n{before}")
        if asked == QMessageBox.StandardButton.Yes:
            try:
                self.session.do_errand(word)
            except ValueError as error:
                self.bridge.on_message(logging.ERROR, str(error))

    def _ask_files(self, title: str, act: Callable[[list[Path]], Any]) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, title, "", "Sweeps (*.csv *.txt *.dat);;All files (*)")
        if names:
            self._aside(title.lower(), lambda: act([Path(name) for name in names]))

    def _save_picture(self) -> None:
        from acquire.window.picture import picture

        name, _ = QFileDialog.getSaveFileName(self, "Save a picture of the window", "window.png", "PNG (*.png)")
        if name:
            picture(self, Path(name))

    def _aside(self, what: str, work: Callable[[], Any]) -> None:
        """Do something that reads files on a thread of its own; what goes wrong is told in the log."""

        def run() -> None:
            try:
                work()
            except Exception as error:  # whatever it is, the person who asked must be told
                self.bridge.on_message(logging.ERROR, f"{what}: {error}")

        threading.Thread(target=run, name=what, daemon=True).start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take sweep files that are dragged onto the window."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files that were dropped."""
        urls = event.mimeData().urls()
        paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        if paths:
            self._aside("open sweeps", lambda: self.session.open_files(paths))

    # ---- how it looks

    def choose_theme(self, choice: str) -> None:
        """Take the theme "dark", "light", or the system's."""
        self.theme_choice = choice if choice in THEME_CHOICES else "system"
        self.remember.setValue("theme", self.theme_choice)
        self.theme = THEMES.get(self.theme_choice) or system_theme()
        self._apply_theme()

    def set_scale(self, scale: float) -> None:
        """Make all text `scale` times its first size."""
        self.scale = min(max(scale, SCALES[0]), SCALES[1])
        self.remember.setValue("scale", f"{self.scale:.3f}")
        self._apply_theme()

    def _apply_theme(self) -> None:
        self.setPalette(palette(self.theme))
        self.setStyleSheet(style_sheet(self.theme, self.scale))
        self.strip.apply_theme(self.theme)
        self.form.setMinimumWidth(round(210 * self.scale))
        self.result.setMinimumWidth(round(220 * self.scale))
        self.log.apply_theme(self.theme)
        for view in (
            self.conductance, self.resistance, self.result, self.dephasing, self.film, self.readings, self.queue,
        ):  # fmt: skip
            view.apply_theme(self.theme, self.scale)
        self._drawn.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system when it turns dark or light."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange and self.theme_choice == "system":
            self.choose_theme("system")

    def _full_screen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def _first_size(self) -> QSize:
        """Return the size the window is made for, or what the screen has room for beside the window's frame."""
        screen = QApplication.primaryScreen()
        if screen is None or QApplication.platformName() == "offscreen":
            return FIRST_SIZE
        return FIRST_SIZE.boundedTo(screen.availableSize() - QSize(2, 32))

    def _restore(self) -> None:
        self.resize(self._first_size())
        geometry, layout = self.remember.value("geometry"), self.remember.value("layout")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(self._first_size())
        if layout is None or not self.restoreState(layout, LAYOUT_VERSION):
            self._share_room()

    # ---- leaving

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask once while something runs; then hold the magnet, wait, and say so."""
        if self._leaving == "left":
            return
        event.ignore()
        if self._leaving:
            return
        if self.session.is_running and not self._really():
            return
        self.leave()

    def _really(self) -> bool:
        box = QMessageBox(self)
        box.setWindowTitle("Close Cusp?")
        box.setText("A measurement is running.")
        box.setInformativeText("Close: the run ends, the magnet holds its field. Every row so far is on disk.")
        close = box.addButton("Hold the magnet and close", QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton("Go on measuring", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is close

    def leave(self) -> None:
        """End the session without a question: the magnet holds, the window waits and goes."""
        if self._leaving:
            return
        self._leaving = "leaving"
        self.remember.setValue("geometry", self.saveGeometry())
        self.remember.setValue("layout", self.saveState(LAYOUT_VERSION))
        if self.session.is_running:
            self.bridge.on_message(logging.WARNING, CLOSING)
            self._on_status(self._status)
        for dock in self.docks.values():
            dock.setEnabled(dock.objectName() == "log")
        threading.Thread(target=self._close_session, name="close", daemon=True).start()

    def _close_session(self) -> None:
        fault = ""
        try:
            self.session.close()
        except Exception as error:  # the window must not stay for ever because an instrument does not answer
            fault = f"closing: {error}; look at the magnet before you go"
        self._left.emit(fault)

    def _on_left(self, fault: str) -> None:
        self._leaving = "left"
        if fault:
            log.error("%s", fault)
            self.log.draw()
            for dock in self.docks.values():
                dock.setEnabled(True)
            self._status = replace(self._status, sentence=fault)
            self._drawn.clear()
            return  # stays open so that it is read; the next close goes at once
        self.close()

    def hideEvent(self, event: Any) -> None:
        """Give the hooks back once the window has left."""
        super().hideEvent(event)
        if self._leaving == "left":
            self.let_go()

    def let_go(self) -> None:
        """Stop drawing and hearing; give logging and exceptions back."""
        self.timer.stop()
        self.bridge.close()
        logging.getLogger().removeHandler(self.loudspeaker)
        self.faults.remove()
        self.gone.emit()


def _number(text: Any, otherwise: float) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return otherwise
