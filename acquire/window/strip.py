"""The strip on top: is the rig all right, what is it doing, when is it done; hold and stop."""

from __future__ import annotations

import time

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPaintEvent
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from acquire import wording
from acquire.status import JobStatus, Readings, State, Status
from acquire.window.choice import Choice
from acquire.window.theme import DARK, Theme

STALE_S = 5.0
"""Readings older than this are dimmed: the rig does not answer."""
AFTER_STOP = {"hold": "then hold the field", "zero": "then go to zero"}


class Elided(QLabel):
    """A line of plain text that is cut with an ellipsis where it has no room; the whole is its tool tip."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        """Show `text`."""
        if text != self.text():
            super().setText(text)
            self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """Return a size without any width: the line gives way."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what has room."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()


class Level(QWidget):
    """How full a lock-in's range is: a short bar and a number, red when overloaded."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._level, self._bad, self._theme = name, None, False, DARK
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the size of bar and text [px]."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("xy ") + 44 + metrics.horizontalAdvance(" 100 %"), metrics.height() + 2)

    def draw(self, level: float | None, bad: bool) -> None:
        """Show `level`, a fraction of full scale."""
        if (level, bad) != (self._level, self._bad):
            self._level, self._bad = level, bad
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint name, bar and number."""
        painter = QPainter(self)
        metrics, theme = self.fontMetrics(), self._theme
        left = metrics.horizontalAdvance("xy ")
        painter.setPen(QColor(theme.dim))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter), self._name)
        bar = QRectF(left, self.height() / 2 - 2, 38, 4)
        painter.fillRect(bar, QColor(theme.line))
        colour = QColor(theme.red if self._bad else theme.text)
        part = min(max(self._level or 0.0, 0.0), 1.0)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * part, bar.height()), colour)
        painter.setPen(colour)
        text = wording.DASH if self._level is None else f"{100 * self._level:.0f} %"
        painter.drawText(self.rect().adjusted(left + 44, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()


class Reading(QWidget):
    """A caption and a number that can be read from two metres away."""

    def __init__(self, caption: str, widest: str, aside: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value, self.aside, self._widest = QLabel(wording.DASH), QLabel(""), (widest, aside)
        self.value.setProperty("role", "value")
        self.aside.setContentsMargins(0, 0, 0, 2)
        self.aside.setProperty("role", "caption")
        head = QLabel(caption)
        head.setProperty("role", "caption")
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.value)
        line.addWidget(self.aside, 0, Qt.AlignmentFlag.AlignBottom)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(line)

    def apply_scale(self) -> None:
        """Keep room for the widest number, so that nothing moves while it changes."""
        for label, widest in zip((self.value, self.aside), self._widest, strict=True):
            label.ensurePolished()
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest))

    def draw(self, value: str, aside: str = "") -> None:
        """Show `value`, and `aside` smaller beside it."""
        self.value.setText(value)
        self.aside.setText(aside)


class Strip(QWidget):
    """State, readings, hold and stop.

    Signals
    -------
    hold, resume, stop : the buttons.
    after_stop : "hold" or "zero", chosen.
    """

    hold = pyqtSignal()
    resume = pyqtSignal()
    stop = pyqtSignal()
    after_stop = pyqtSignal(str)

    def __init__(self, after_stop: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = DARK
        self._status = Status()
        self._faults: tuple[str, ...] = ()
        self._heard_s = float("-inf")
        self._colours: tuple[str, bool] = ("", False)
        self.state, self.doing, self.sentence = QLabel(), Elided(), Elided()
        self.state.setProperty("role", "state")
        self.doing.setProperty("role", "small")
        self.sentence.setProperty("role", "caption")
        self.field = Reading("field", "+0.0000 T", "→ +0.0000 T")
        self.temperature = Reading("temperature", "00.000 K", "set 00.000")
        self.resistance = Reading("resistance", "0.000 kΩ")
        self.level_xx, self.level_xy = Level("xx"), Level("xy")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedHeight(3)
        self._make_buttons(after_stop)
        self._lay_out()
        self.draw_status(self._status)

    def _make_buttons(self, after_stop: str) -> None:
        self.hold_button, self.stop_button = QPushButton("Hold"), QPushButton("STOP")
        self.hold_button.setProperty("role", "hold")
        self.stop_button.setProperty("role", "stop")
        self.hold_button.setToolTip("The magnet holds where it is, the run waits (Esc)")
        self.stop_button.setToolTip("End the run; the magnet holds first (Ctrl+.)")
        self.hold_button.clicked.connect(self._on_hold)
        self.stop_button.clicked.connect(self.stop)
        self.after = Choice(compact=True)
        self.after.setProperty("role", "quiet")
        self.after.setToolTip("What the magnet does after STOP")
        for choice, text in AFTER_STOP.items():
            self.after.addItem(text, choice)
        self.after.setCurrentIndex(max(self.after.findData(after_stop), 0))
        self.after.activated.connect(lambda: self.after_stop.emit(str(self.after.currentData())))
        self.menu = QToolButton()
        self.menu.setText("☰")
        self.menu.setProperty("role", "plain")
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setToolTip("Files, docks, theme, size of the text")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.state)
        head.addWidget(self.doing, 1)
        left = QVBoxLayout()
        left.setSpacing(1)
        left.addLayout(head)
        left.addWidget(self.sentence)
        levels = QVBoxLayout()
        levels.setSpacing(0)
        caption = QLabel("lock-ins")
        caption.setProperty("role", "caption")
        for widget in (caption, self.level_xx, self.level_xy):
            levels.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.after)
        for widget in (self.hold_button, self.stop_button, self.menu):
            buttons.addWidget(widget)
        row = QHBoxLayout()
        row.setContentsMargins(14, 5, 6, 4)
        row.setSpacing(22)
        row.addLayout(left, 1)
        for reading in (self.field, self.temperature, self.resistance):
            row.addWidget(reading)
        row.addLayout(levels)
        row.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.progress)

    def apply_theme(self, theme: Theme) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self._colours = ("", False)
        for level in (self.level_xx, self.level_xy):
            level.apply_theme(theme)
        for reading in (self.field, self.temperature, self.resistance):
            reading.apply_scale()
        self.draw_status(self._status)
        self.draw_age()

    def draw_status(self, status: Status) -> None:
        """Show the state in colour and in a word, what runs, and how long it takes."""
        self._status = status
        theme = self._theme
        active = status.state in (State.RUNNING, State.REPLAYING, State.STOPPING)
        bad = status.state in (State.FAILED, State.QUENCH)
        colour = (
            theme.red if bad else theme.accent if active else theme.dim if status.state is State.IDLE else theme.text
        )
        mark = {State.IDLE: "○", State.HOLDING: "❙❙"}.get(status.state, "●")
        self.state.setText(f"{mark} {status.state.value.upper()}")
        self.state.setStyleSheet(f"color: {colour}")
        self.doing.setText(_doing(status))
        job = status.running
        self.progress.setValue(0 if job is None else round(1000 * job.progress))
        held = status.state is State.HOLDING and job is not None
        self.hold_button.setText("Resume" if held else "Hold")
        self._draw_sentence()

    def draw_readings(self, readings: Readings) -> None:
        """Show what the instruments read."""
        self._heard_s = time.monotonic()
        self._faults = readings.faults
        target = readings.field_target_T
        moving = target is not None and readings.field_T is not None and abs(target - readings.field_T) > 5e-5
        going = f"→ {wording.field(target)}" if moving and not readings.tripped else readings.magnet
        self.field.draw(wording.field(readings.field_T), going)
        setpoint = readings.setpoint_K
        self.temperature.draw(
            wording.temperature(readings.temperature_K), "" if setpoint is None else f"set {setpoint:.3f}"
        )
        self.resistance.draw(wording.engineering(readings.resistance_ohm, "Ω"))
        bad = readings.overload or readings.unlocked
        self.level_xx.draw(readings.level_xx, bad or (readings.level_xx or 0) >= 1)
        self.level_xy.draw(readings.level_xy, bad or (readings.level_xy or 0) >= 1)
        if readings.overload:
            self._faults = (*self._faults, "a lock-in is overloaded: take a less sensitive range")
        if readings.unlocked:
            self._faults = (*self._faults, "a lock-in has lost its reference: check the cable")
        self._draw_sentence()
        self.draw_age()

    def draw_age(self) -> None:
        """Dim the readings when none has come for a while."""
        stale = time.monotonic() - self._heard_s > STALE_S
        if (self._theme.name, stale) != self._colours:
            self._colours = (self._theme.name, stale)
            colour = self._theme.dim if stale else self._theme.text
            for reading in (self.field, self.temperature, self.resistance):
                reading.value.setStyleSheet(f"color: {colour}")

    def _draw_sentence(self) -> None:
        faulty = bool(self._faults) or self._status.state in (State.FAILED, State.QUENCH)
        self.sentence.setText(wording.one_line("; ".join(self._faults) or self._status.sentence))
        self.sentence.setStyleSheet(f"color: {self._theme.red}" if faulty else "")

    def _on_hold(self) -> None:
        held = self._status.state is State.HOLDING and self._status.running is not None
        (self.resume if held else self.hold).emit()


def _doing(status: Status) -> str:
    job = status.running
    if job is None:
        return ""
    place = 1 + sum(j.status is not JobStatus.QUEUED for j in status.jobs[: status.jobs.index(job)])
    total = len(status.jobs)
    which = f" {place} of {total}" if total > 1 else ""
    left = "" if job.seconds_left is None else f", {wording.duration(job.seconds_left)} left"
    return f"{job.title}{which}, {100 * job.progress:.0f} %{left}"
