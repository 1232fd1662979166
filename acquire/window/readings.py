"""Field, temperature and resistance against time: the last hour, in bounded memory."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from acquire.status import Readings
from acquire.window.plot import Canvas, Frame, line, pen, smooth
from acquire.window.theme import DARK, Theme, font

HOUR_S = 3600.0
SHORTEST_S = 0.5
"""Readings that follow each other faster are thinned [s]: an hour is at most 7200 of them."""


SHORTEST_AXIS_MIN = 5.0


class History:
    """The last hour of several quantities.

    Parameters
    ----------
    columns : int
        Number of quantities kept beside the time.
    """

    def __init__(self, columns: int) -> None:
        self._room = int(HOUR_S / SHORTEST_S) + 1
        # twice the room: the newest stay one contiguous piece, moved to the front when the end is reached
        self._table = np.full((2 * self._room, columns + 1), np.nan)
        self._first = self._end = 0

    def __len__(self) -> int:
        return self._end - self._first

    def add(self, time_s: float, *values: float | None) -> bool:
        """Keep one look at the instruments, unless the last is too near; tell whether it was kept.

        Time that runs backwards is another clock: everything before it is forgotten.
        """
        if len(self):
            last_s = self._table[self._end - 1, 0]
            if time_s < last_s:
                self._first = self._end = 0
            elif time_s - last_s < SHORTEST_S:
                return False
        if self._end == len(self._table):
            kept = self._table[self._first : self._end].copy()
            self._table[: len(kept)] = kept
            self._first, self._end = 0, len(kept)
        self._table[self._end] = (time_s, *(np.nan if value is None else value for value in values))
        self._end += 1
        oldest = np.searchsorted(self._table[self._first : self._end, 0], time_s - HOUR_S)
        self._first = max(self._first + int(oldest), self._end - self._room)
        return True

    @property
    def minutes(self) -> float:
        """How long ago the oldest look was [min]."""
        return float(self._table[self._end - 1, 0] - self._table[self._first, 0]) / 60 if len(self) else 0.0

    def column(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return minutes before the newest look and quantity `number`, each of shape (n,), gaps left out."""
        table = self._table[self._first : self._end]
        known = np.isfinite(table[:, number + 1])
        now_s = table[-1, 0] if len(table) else 0.0
        return (table[known, 0] - now_s) / 60, table[known, number + 1]


class ReadingsView(QWidget):
    """Three small plots above one another, with a common time axis."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = History(3)
        self._theme = DARK
        self.canvas = Canvas()
        self.plots = (
            self.canvas.add("<i>B</i> (T)"), self.canvas.add("<i>T</i> (K)"),
            self.canvas.add("<i>R</i>", "Ω", "minutes ago"),
        )  # fmt: skip
        for plot in self.plots:
            plot.getAxis("left").setStyle(hideOverlappingLabels=False)
        self._frame = Frame(self.plots[0], self.canvas)
        self._frame.show(xRange=(-SHORTEST_AXIS_MIN, 0.0))
        self.lines: list[pg.PlotDataItem] = [line(plot) for plot in self.plots]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self.canvas.apply_theme(theme, scale)
        for plot in self.plots:
            plot.getAxis("left").label.setFont(font(scale, 10 / 13))
        for item in self.lines:
            item.setPen(pen(theme.text, 0.85))

    def add(self, readings: Readings) -> bool:
        """Keep one look at the instruments; tell whether there is something new to draw."""
        return self.history.add(readings.time_s, readings.field_T, readings.temperature_K, readings.resistance_ohm)

    def draw(self) -> None:
        """Draw the last hour."""
        for number, item in enumerate(self.lines):
            minutes, values = self.history.column(number)
            item.setData(minutes, values, antialias=smooth(len(minutes)))
        self._frame.show(xRange=(min(-SHORTEST_AXIS_MIN, -self.history.minutes), 0.0))
