"""A choice of one of several, with a mark that says so in any theme."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QWheelEvent
from PyQt5.QtWidgets import QComboBox, QWidget


class Choice(QComboBox):
    """A combo box: style sheets take its arrow away, and scrolling past must not change a measurement.

    Parameters
    ----------
    compact : bool
        As wide as the text it shows, instead of the widest it could show.
    """

    def __init__(self, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compact = compact
        self.currentTextChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Return a size for the widest text, or, if compact, for the one that is shown [px]."""
        hint = super().sizeHint()
        if self._compact:
            hint.setWidth(self.fontMetrics().horizontalAdvance(self.currentText()) + 40)
        return hint

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size [px]."""
        return self.sizeHint() if self._compact else super().minimumSizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box and the mark."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(self.palette().text().color())
        painter.setOpacity(0.6)
        room = self.rect().adjusted(0, 0, -6, 0)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), "▾")
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls."""
        event.ignore()
