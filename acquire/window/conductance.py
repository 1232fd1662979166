"""Delta sigma against field: points with error bars, the fit through them, what is left over below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import QPointF, pyqtSignal
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from acquire import wording
from acquire.window.choice import Choice
from acquire.window.colour_bar import ColourBar
from acquire.window.plot import MOST_SYMBOLS, Canvas, Frame, bars, line, pen, rising, see_through, set_bars
from acquire.window.theme import DARK, TemperatureColours, Theme
from analysis.live import Settings
from analysis.model import MODELS
from analysis.snapshot import Snapshot, SweepResult

NEAR_PX = 14
"""A click this close to a point means the point [px]."""
RESIDUAL_RANGE = 3.4
RESIDUAL_TICKS = [[(-2, f"{wording.MINUS}2"), (0, "0"), (2, "2")]]


class SweepDrawing:
    """The items of one sweep: points or line, error bars, fit."""

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        self.points = pg.ScatterPlotItem(pxMode=True, size=5, pen=None)
        plot.addItem(self.points)
        self.line = line(plot)
        self.bars = bars(plot)
        self.fit = line(plot)
        self._drawn: tuple[Any, ...] = ()

    def draw(self, result: SweepResult, colour: QColor, symbols: bool, on_top: bool, faded: bool) -> None:
        """Draw `result`; nothing is done where nothing changed."""
        key = (result, colour.rgb(), symbols, on_top, faded)
        if len(self._drawn) == len(key) and self._drawn[0] is result and self._drawn[1:] == key[1:]:
            return
        self._drawn = key
        for depth, item in enumerate((self.bars, self.line, self.points, self.fit)):
            item.setZValue(depth + (20 if on_top else 0))
        opacity = 0.35 if faded else 1.0
        self._draw_points(result, colour, symbols, opacity)
        if result.drawn is None:
            self.fit.setData([], [])
        else:
            # a fit that is not final is thin and pale: it still moves
            look = pen(colour, opacity * (1.0 if result.final else 0.6), 2 if on_top else 1)
            self.fit.setData(*result.drawn, antialias=True, pen=look)

    def _draw_points(self, result: SweepResult, colour: QColor, symbols: bool, opacity: float) -> None:
        curve = result.curve
        if curve is None:
            for item in (self.points, self.line, self.bars):
                item.setData([], [])
            return
        if not symbols:
            self.points.setData([], [])
            self.bars.setData([], [])
            self.line.setData(*rising(curve.field_T, curve.dsigma), pen=pen(colour, opacity))
            return
        self.line.setData([], [])
        self.points.setData(curve.field_T, curve.dsigma, brush=see_through(colour, 0.6 * opacity), pen=None)
        if curve.error is None:
            self.bars.setData([], [])
        else:
            lower, upper = curve.dsigma - curve.error, curve.dsigma + curve.error
            set_bars(self.bars, curve.field_T, lower, upper, pen(colour, 0.45 * opacity))

    def remove(self) -> None:
        """Take the sweep off the plot."""
        for item in (self.points, self.line, self.bars, self.fit):
            self._plot.removeItem(item)


class FitWindow(pg.LinearRegionItem):
    """The shaded range of field the fit uses: even in field, either edge moves both."""

    chosen = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__(values=(0, 0), swapMode="block")
        self.setMovable(False)
        for edge, other in ((0, 1), (1, 0)):
            self.lines[edge].setMovable(True)
            self.lines[edge].sigDragged.connect(lambda moved, o=other: self.lines[o].setValue(-moved.value()))
            self.lines[edge].sigPositionChangeFinished.connect(self._on_dropped)
        self.setZValue(-10)

    @property
    def dragged(self) -> bool:
        """Whether a hand is on it."""
        return any(edge.moving for edge in self.lines)

    def show_window(self, window_T: float) -> None:
        """Show |B| <= window_T, unless a hand is on it."""
        if not self.dragged and self.getRegion() != (-window_T, window_T):
            self.setRegion((-window_T, window_T))

    def apply_theme(self, theme: Theme) -> None:
        """Draw in `theme`."""
        self.setBrush(see_through(theme.accent, 0.07))
        for edge in self.lines:
            edge.setPen(pen(theme.accent, 0.5))
            edge.setHoverPen(pen(theme.accent, 1.0, 3))

    def _on_dropped(self, edge: Any) -> None:
        self.chosen.emit(abs(edge.value()))


class Conductance(QWidget):
    """The magnetoconductance of every sweep.

    Signals
    -------
    settings_chosen : analysis.live.Settings, after the fit window was dragged or a model chosen.
    sweep_picked : number of the sweep a click fell on, or None for empty ground.
    """

    settings_chosen = pyqtSignal(object)
    sweep_picked = pyqtSignal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self._sweeps: dict[int, SweepDrawing] = {}
        self._snapshot: Snapshot | None = None
        self._residual_of: tuple[Any, ...] = ()
        self._theme: Theme = DARK
        self.canvas = Canvas()
        self.plot = self.canvas.add("Δσ (<i>e</i>²/π<i>h</i>)")
        self.residual_plot = self.canvas.add("resid./σ", bottom="<i>B</i>", bottom_unit="T")
        self.canvas.grid.layout.setRowStretchFactor(0, 7)
        self.canvas.grid.layout.setRowStretchFactor(1, 2)
        self.plot.setRange(xRange=(-0.2, 0.2), yRange=(-1, 1), disableAutoRange=False)
        self.canvas.clicks.sigMouseClicked.connect(self._on_click)
        self._add_residuals()
        self.window_region = FitWindow()
        self.window_region.chosen.connect(self._on_window)
        self.plot.addItem(self.window_region, ignoreBounds=True)
        self.window_region.hide()
        self.bar = ColourBar()
        self._lay_out()

    def _add_residuals(self) -> None:
        self._band = pg.LinearRegionItem((-2, 2), orientation="horizontal", movable=False, pen=pg.mkPen(None))
        self._zero = pg.InfiniteLine(0, angle=0)
        self.residual_plot.addItem(self._band, ignoreBounds=True)
        self.residual_plot.addItem(self._zero, ignoreBounds=True)
        self.residual_line = line(self.residual_plot)
        self.residual_points = pg.ScatterPlotItem(pxMode=True, size=4, pen=None)
        self.residual_plot.addItem(self.residual_points)
        self._frame = Frame(self.residual_plot, self.canvas)
        self._frame.show(yRange=(-RESIDUAL_RANGE, RESIDUAL_RANGE))

    def _lay_out(self) -> None:
        self.model = Choice(compact=True)
        self.model.setProperty("role", "quiet")
        self.model.setToolTip("The model that is fitted; auto compares the models by AICc")
        for name, title in [("auto", "model: auto"), *((name, model.title) for name, model in MODELS.items())]:
            self.model.addItem(title, name)
        self.model.setCurrentIndex(max(self.model.findData(self.settings.model), 0))
        self.model.activated.connect(self._on_model)
        self.window_text = _small("")
        self.whole = QPushButton("fit all")
        self.whole.setProperty("role", "plain")
        self.whole.setToolTip("Fit the whole field range again")
        self.whole.clicked.connect(lambda: self._choose(window_T=None))
        self.picked = _small("")
        head = QHBoxLayout()
        head.setContentsMargins(10, 2, 8, 0)
        for widget in (self.model, self.window_text, self.whole):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.picked)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.canvas, 1)
        body.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(body, 1)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self.canvas.apply_theme(theme, scale)
        self.bar.apply_theme(theme, scale)
        self.window_region.apply_theme(theme)
        self._band.setBrush(see_through(theme.dim, 0.14))
        self._zero.setPen(pen(theme.dim, 0.6))

    def draw(self, snapshot: Snapshot | None, focus: SweepResult | None, colours: TemperatureColours) -> None:
        """Draw every sweep of `snapshot`, the one in `focus` on top with its residuals."""
        self._snapshot = snapshot
        sweeps = snapshot.sweeps if snapshot is not None else ()
        shown = {result.sweep for result in sweeps}
        for number in [n for n in self._sweeps if n not in shown]:
            self._sweeps.pop(number).remove()
        budget = MOST_SYMBOLS
        for result in sorted(sweeps, key=lambda r: (r is not focus, -r.sweep)):
            points = 0 if result.curve is None else len(result.curve.field_T)
            symbols = points <= budget
            budget -= points if symbols else 0
            if result.sweep not in self._sweeps:
                self._sweeps[result.sweep] = SweepDrawing(self.plot)
            self._sweeps[result.sweep].draw(
                result, colours.colour(result.temperature_K), symbols, result is focus, False
            )
        self._draw_residuals(focus, colours)
        self._draw_window(focus)
        self.bar.draw(colours)

    def _draw_residuals(self, focus: SweepResult | None, colours: TemperatureColours) -> None:
        key = (focus, colours)
        if self._residual_of and self._residual_of[0] is focus and self._residual_of[1] == colours:
            return
        self._residual_of = key
        if focus is None or focus.curve is None or focus.drawn is None or focus.curve.error is None:
            self.residual_points.setData([], [])
            self.residual_line.setData([], [])
            return
        curve, error, (drawn_T, drawn) = focus.curve, focus.curve.error, focus.drawn
        fitted = (curve.field_T >= drawn_T[0]) & (curve.field_T <= drawn_T[-1])
        field_T = curve.field_T[fitted]
        left_over = (curve.dsigma[fitted] - np.interp(field_T, drawn_T, drawn)) / error[fitted]
        colour = colours.colour(focus.temperature_K)
        few = len(left_over) <= MOST_SYMBOLS
        many_x, many_y = ([], []) if few else rising(field_T, left_over)
        self.residual_line.setData(many_x, many_y, pen=pen(colour))
        self.residual_points.setData(field_T if few else [], left_over if few else [], brush=see_through(colour, 0.85))
        half = max(RESIDUAL_RANGE, 1.1 * float(np.max(np.abs(left_over), initial=0.0)))
        # the edges of the band, as long as their numbers have room
        self.residual_plot.getAxis("left").setTicks(RESIDUAL_TICKS if half < 3 * RESIDUAL_RANGE else None)
        self._frame.show(yRange=(-half, half))

    def _draw_window(self, focus: SweepResult | None) -> None:
        """Shade what was fitted; where nothing could be, what was asked for, so that it can be dragged back."""
        fit = None if focus is None else focus.fit
        half_width = self.settings.window_T if fit is None else max(abs(edge) for edge in fit.window_T)
        self.window_region.setVisible(half_width is not None)
        self.whole.setVisible(self.settings.window_T is not None)
        if half_width is None:
            self.window_text.setText("")
            return
        self.window_region.show_window(half_width)
        self.window_text.setText(f"fit window ±{wording.engineering(half_width, 'T', 3)}")

    def _on_window(self, window_T: float) -> None:
        curves = [r.curve.field_T for r in (self._snapshot.sweeps if self._snapshot else ()) if r.curve is not None]
        reach = max((float(np.abs(field).max(initial=0.0)) for field in curves), default=0.0)
        if window_T > 0:
            self._choose(window_T=None if window_T >= reach else window_T)

    def _on_model(self) -> None:
        self._choose(model=str(self.model.currentData()))

    def _choose(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self.settings_chosen.emit(self.settings)

    def _on_click(self, event: Any) -> None:
        inside = self.plot.getViewBox().sceneBoundingRect().contains(event.scenePos())
        if event.double() or not inside or event.button() != 1 or self._snapshot is None:
            return
        found = self._nearest(event.scenePos())
        self.picked.setText(self._row_text(*found) if found else "")
        self.sweep_picked.emit(found[0].sweep if found else None)

    def _nearest(self, place: QPointF) -> tuple[SweepResult, int] | None:
        """Return the sweep and the index of the point within reach of `place`, in the scene [px]."""
        box = self.plot.getViewBox()
        here = box.mapSceneToView(place)
        pixel_x, pixel_y = box.viewPixelSize()
        best: tuple[float, SweepResult, int] | None = None
        for result in self._snapshot.sweeps if self._snapshot else ():
            if result.curve is None or not len(result.curve.field_T):
                continue
            dx = (result.curve.field_T - here.x()) / pixel_x
            distance = np.hypot(dx, (result.curve.dsigma - here.y()) / pixel_y)
            index = int(distance.argmin())
            if distance[index] <= NEAR_PX and (best is None or distance[index] < best[0]):
                best = (float(distance[index]), result, index)
        return None if best is None else best[1:]

    @staticmethod
    def _row_text(result: SweepResult, index: int) -> str:
        curve = result.curve
        assert curve is not None
        error = None if curve.error is None else float(curve.error[index])
        value = wording.value_with_error(float(curve.dsigma[index]), error)
        where = wording.engineering(float(curve.field_T[index]), "T")
        return f"sweep {result.sweep}, {wording.temperature(result.temperature_K)}:  {where},  Δσ {value}"


def _small(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "caption")
    return label
