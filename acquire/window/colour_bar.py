"""The legend of every plot: temperature as colour, with the sweeps' temperatures marked."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from acquire.window.theme import DARK, TemperatureColours, Theme, font

BAR_PX = 10


class ColourBar(QWidget):
    """A strip of viridis with a tick and a number at each temperature on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setToolTip("Colour is temperature, on every plot")
        self._colours: TemperatureColours | None = None
        self._theme: Theme = DARK
        self._scale = 1.0

    def sizeHint(self) -> QSize:
        """Return the size the bar wants [px]."""
        return QSize(round(66 * self._scale), 80)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme, self._scale = theme, scale
        self.setFixedWidth(self.sizeHint().width())
        self.update()

    def draw(self, colours: TemperatureColours) -> None:
        """Show these temperatures."""
        self._colours = colours
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar, and the numbers that have room."""
        if self._colours is None or not self._colours.temperatures_K:
            return
        painter = QPainter(self)
        painter.setFont(font(self._scale, 11 / 13))
        text_height = painter.fontMetrics().height()
        top, height = text_height * 1.8, self.height() - 2.6 * text_height
        gradient = QLinearGradient(0, top, 0, top + height)
        for step in range(11):
            gradient.setColorAt(step / 10, self._colours.at(1 - step / 10))
        painter.fillRect(QRectF(2, top, BAR_PX, height), gradient)
        painter.setPen(QColor(self._theme.dim))
        painter.drawText(QRectF(0, 0, self.width(), text_height), Qt.AlignmentFlag.AlignLeft, "T (K)")
        self._paint_ticks(painter, top, height, text_height)
        painter.end()

    def _paint_ticks(self, painter: QPainter, top: float, height: float, text_height: int) -> None:
        assert self._colours is not None
        last = float("inf")
        painter.setPen(QColor(self._theme.text))
        for temperature in self._colours.temperatures_K:
            y = top + (1 - self._colours.position(temperature)) * height
            painter.drawLine(round(BAR_PX - 2), round(y), round(BAR_PX + 6), round(y))
            if last - y < text_height * 0.85:
                continue
            last = y
            box = QRectF(BAR_PX + 9, y - text_height / 2, self.width() - BAR_PX - 9, text_height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, f"{temperature:.3g}")
