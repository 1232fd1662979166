"""A choice of one of several, with a mark that says so in any theme."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QWheelEvent
from PyQt5.QtWidgets import QComboBox


class Choice(QComboBox):
    """A combo box: style sheets take its arrow away, and scrolling past must not change a measurement."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the box and the mark."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self.palette().text().color())
        painter.setOpacity(0.6)
        room = self.rect().adjusted(0, 0, -6, 0)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), "▾")
        painter.end()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to what scrolls."""
        if event is not None:
            event.ignore()
