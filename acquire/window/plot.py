"""What all plots have in common: axes with units, quiet grid, double click resets, cheap drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QWidget

from acquire.window.axis import LinearAxis, LogAxis
from acquire.window.theme import Theme, font

MOST_SYMBOLS = 2000
"""Points drawn as symbols with error bars on one plot; beyond, curves are thin lines."""


def see_through(colour: QColor | str, opacity: float) -> QColor:
    """Return `colour` at `opacity`, from 0 to 1."""
    mixed = QColor(colour)
    mixed.setAlphaF(opacity)
    return mixed


def pen(colour: QColor | str, opacity: float = 1.0, width: int = 1, style: Any = Qt.PenStyle.SolidLine) -> Any:
    """Return a cosmetic pen."""
    return pg.mkPen(see_through(colour, opacity), width=width, style=style)


def rising(x: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return `x` and `columns` with `x` rising, as clipping to the view needs it; no copy where it already is."""
    if len(x) < 2 or x[0] <= x[-1] and bool(np.all(x[1:] >= x[:-1])):
        return (x, *columns)
    if bool(np.all(x[1:] <= x[:-1])):
        return (x[::-1], *(column[::-1] for column in columns))
    order = np.argsort(x, kind="stable")
    return (x[order], *(column[order] for column in columns))


def line(plot: Any, depth: float = 0.0) -> pg.PlotDataItem:
    """Add a line for any number of points: clipped to the view, thinned to its extremes, one pixel wide."""
    item = pg.PlotDataItem(antialias=False, skipFiniteCheck=True, autoDownsampleFactor=2.0)
    item.setZValue(depth)
    plot.addItem(item)
    # after adding: the plot puts its own choices on what is added
    item.setDownsampling(auto=True, method="peak")
    item.setClipToView(True)
    return item


def smooth(points: int) -> bool:
    """Tell whether a line of so many points may be drawn smoothly: many times slower, so only for few."""
    return points <= MOST_SYMBOLS


def bars(plot: Any, depth: float = 0.0) -> pg.PlotCurveItem:
    """Add error bars: a curve of separate vertical strokes, which also works on logarithmic axes."""
    item = pg.PlotCurveItem(connect="pairs", antialias=False, skipFiniteCheck=True)
    item.setZValue(depth)
    plot.addItem(item)
    return item


def set_bars(item: pg.PlotCurveItem, x: np.ndarray, lower: np.ndarray, upper: np.ndarray, colour: Any) -> None:
    """Draw a stroke from `lower` to `upper` at every `x`, each of shape (n,)."""
    item.setData(np.repeat(x, 2), np.column_stack([lower, upper]).ravel(), connect="pairs", pen=colour)


class Frame:
    """Keeps a plot at the range it is told, until a hand moves or zooms it; a double click gives it back.

    Parameters
    ----------
    plot : PlotItem
    canvas : Canvas
        Whose double click is meant.
    """

    def __init__(self, plot: Any, canvas: Canvas) -> None:
        self._box = plot.getViewBox()
        self._range: dict[str, Any] = {}
        self._by_hand = False
        self._box.sigRangeChangedManually.connect(self._on_hand)
        canvas.reset.connect(self._on_reset)

    def show(self, **ranges: Any) -> None:
        """Show `xRange`, `yRange` or both, each a lower and an upper end."""
        self._range = ranges
        if not self._by_hand:
            self._box.setRange(**ranges, padding=0, disableAutoRange=True)

    def _on_hand(self) -> None:
        self._by_hand = True

    def _on_reset(self) -> None:
        self._by_hand = False
        if self._range:
            self.show(**self._range)


class Canvas(pg.GraphicsLayoutWidget):
    """Plots above one another with a common field or time axis.

    Signals
    -------
    reset : a double click; every plot shows all its data again.
    """

    reset = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plots: list[Any] = []
        self.grid: Any = self.ci
        self.grid.layout.setContentsMargins(2, 4, 8, 2)
        self.grid.layout.setVerticalSpacing(2)
        self.clicks: Any = self.scene()
        self.clicks.sigMouseClicked.connect(self._on_click)

    def add(
        self, left: str, unit: str | None = None, bottom: str = "", bottom_unit: str | None = None, log: bool = False
    ) -> Any:  # fmt: skip
        """Add a plot below the others; without `bottom` it has no numbers at its lower edge."""
        kind = LogAxis if log else LinearAxis
        axes = {side: kind(side) for side in ("left", "bottom")}
        plot = self.grid.addPlot(row=len(self.plots), col=0, axisItems=axes)
        plot.hideButtons()
        plot.setLabel("left", left, units=unit)
        plot.getAxis("left").enableAutoSIPrefix(unit is not None)
        plot.setLabel("bottom", bottom, units=bottom_unit)
        plot.getAxis("bottom").enableAutoSIPrefix(bottom_unit is not None)
        if not bottom:
            plot.getAxis("bottom").setStyle(showValues=False)
            plot.showLabel("bottom", False)
            plot.getAxis("bottom").setHeight(4)
        if self.plots:
            plot.setXLink(self.plots[0])
        self.plots.append(plot)
        return plot

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw axes and background in `theme`; every left axis is as wide, so that the plots align."""
        self.setBackground(theme.window)
        for plot in self.plots:
            plot.showGrid(x=True, y=True, alpha=0.10 if theme.name == "dark" else 0.08)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pen(theme.line))
                axis.setTextPen(pen(theme.dim))
                axis.setTickPen(pen(theme.text))
                axis.setTickFont(font(scale, 11 / 13))
                axis.setStyle(tickLength=-4, tickTextOffset=4)
                axis.label.setFont(font(scale, 12 / 13))
            plot.getAxis("left").setWidth(round(58 * scale))
            if plot.getAxis("bottom").style["showValues"]:
                plot.getAxis("bottom").setHeight(round(38 * scale))

    def show_all(self) -> None:
        """Show all data of every plot, and go on doing so as they come."""
        for plot in self.plots:
            plot.enableAutoRange(x=True, y=True)
        self.reset.emit()

    def _on_click(self, event: Any) -> None:
        if event.double():
            event.accept()
            self.show_all()
