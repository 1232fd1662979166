"""The log: what happened, with the time, as plain text, bounded in length."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from PyQt5.QtGui import QColor, QFont, QTextCharFormat, QTextCursor
from PyQt5.QtWidgets import QPlainTextEdit, QWidget

from acquire.window.theme import DARK, Theme
from acquire.wording import one_line

MOST_LINES = 2000
MOST_PENDING = 500
"""Lines shown at one redraw; of a flood the oldest are left out, and counted."""


class Log(QPlainTextEdit):
    """Lines with their time.

    PyMeasure's log widget is HTML that swallows whatever follows a `<`; this one is plain text.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setMaximumBlockCount(MOST_LINES)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.document().setDocumentMargin(8)
        self._pending: deque[tuple[str, int, str]] = deque(maxlen=MOST_PENDING)
        self._left_out = 0
        self._theme: Theme = DARK

    def apply_theme(self, theme: Theme) -> None:
        """Write in `theme` from now on, and what is there in its plain colour."""
        if theme is self._theme:
            return
        self._theme = theme
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        colour = QTextCharFormat()
        colour.setForeground(QColor(theme.text))
        cursor.mergeCharFormat(colour)

    def add(self, level: int, text: str) -> None:
        """Take one line of `logging` level `level`; it is shown at the next redraw."""
        if len(self._pending) == MOST_PENDING:
            self._left_out += 1
        self._pending.append((time.strftime("%H:%M:%S"), level, one_line(text)))

    def draw(self) -> None:
        """Show what has come since the last time."""
        if not self._pending:
            return
        bar = self.verticalScrollBar()
        at_end = bar is None or bar.value() >= bar.maximum() - 2
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        if self._left_out:
            self._write(cursor, "", logging.WARNING, f"{self._left_out} lines left out")
            self._left_out = 0
        while self._pending:
            self._write(cursor, *self._pending.popleft())
        cursor.endEditBlock()
        if at_end and bar is not None:
            bar.setValue(bar.maximum())

    def _write(self, cursor: QTextCursor, when: str, level: int, text: str) -> None:
        if not cursor.atStart():
            cursor.insertBlock()
        theme = self._theme
        cursor.insertText(f"{when}  ", _ink(theme.dim))
        bad = level >= logging.ERROR
        cursor.insertText(text, _ink(theme.red if bad else theme.text, bold=level >= logging.WARNING))


def _ink(colour: str, bold: bool = False) -> QTextCharFormat:
    ink = QTextCharFormat()
    ink.setForeground(QColor(colour))
    ink.setFontWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return ink


class Loudspeaker(logging.Handler):
    """Passes what the program logs on to the log dock, from any thread.

    Parameters
    ----------
    say : callable of level and text
    """

    def __init__(self, say: Callable[[int, str], None]) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one record."""
        try:
            self._say(record.levelno, record.getMessage())
        except (TypeError, ValueError, RuntimeError):
            # a broken format or a window that is gone must not end the thread that logs
            self.handleError(record)
