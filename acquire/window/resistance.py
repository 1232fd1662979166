"""Raw R_xx and R_xy against field, every good row of every sweep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QHBoxLayout, QWidget

from acquire.window.colour_bar import ColourBar
from acquire.window.plot import Canvas, line, pen, rising, smooth
from acquire.window.theme import TemperatureColours, Theme
from analysis.snapshot import Snapshot, SweepResult


class Legs:
    """The lines of one sweep on one plot: one for each leg, up and down apart."""

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        self._lines: list[pg.PlotDataItem] = []

    def draw(self, field_T: np.ndarray, ohm: np.ndarray, branch: np.ndarray, colour: QColor, on_top: bool) -> None:
        """Draw `ohm` against `field_T`, both of shape (n,), leg by leg."""
        ends = np.flatnonzero(np.diff(branch)) + 1
        legs = list(zip(np.split(field_T, ends), np.split(ohm, ends), strict=True))
        while len(self._lines) < len(legs):
            self._lines.append(line(self._plot))
        while len(self._lines) > len(legs):
            self._plot.removeItem(self._lines.pop())
        for item, (x, y) in zip(self._lines, legs, strict=True):
            known = np.isfinite(y)
            x, y = (x, y) if known.all() else (x[known], y[known])
            item.setData(*rising(x, y), pen=pen(colour), antialias=smooth(len(x)))
            item.setZValue(10 if on_top else 0)

    def remove(self) -> None:
        """Take the sweep off the plot."""
        while self._lines:
            self._plot.removeItem(self._lines.pop())


class ResistanceView(QWidget):
    """Sheet and Hall resistance as measured, nothing symmetrised."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = Canvas()
        self.sheet = self.canvas.add("<i>R</i><sub>xx</sub> (sheet)", "Ω")
        self.hall = self.canvas.add("<i>R</i><sub>xy</sub>", "Ω", "<i>B</i>", "T")
        self.bar = ColourBar()
        self._sweeps: dict[int, tuple[Legs, Legs]] = {}
        self._drawn: dict[int, tuple[Any, ...]] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.canvas, 1)
        row.addWidget(self.bar)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self.canvas.apply_theme(theme, scale)
        self.bar.apply_theme(theme, scale)

    def draw(self, snapshot: Snapshot | None, focus: SweepResult | None, colours: TemperatureColours) -> None:
        """Draw every sweep of `snapshot`, the one in `focus` on top."""
        sweeps = snapshot.sweeps if snapshot is not None else ()
        shown = {result.sweep for result in sweeps}
        for number in [n for n in self._sweeps if n not in shown]:
            for legs in self._sweeps.pop(number):
                legs.remove()
            self._drawn.pop(number, None)
        for result in sweeps:
            self._draw_sweep(result, colours.colour(result.temperature_K), result is focus)
        self.bar.draw(colours)

    def _draw_sweep(self, result: SweepResult, colour: QColor, on_top: bool) -> None:
        raw = result.resistance
        before = self._drawn.get(result.sweep, (None,))
        if before[0] is raw and before[1:] == (colour.rgb(), on_top):
            return
        self._drawn[result.sweep] = (raw, colour.rgb(), on_top)
        if result.sweep not in self._sweeps:
            self._sweeps[result.sweep] = (Legs(self.sheet), Legs(self.hall))
        for legs, ohm in zip(self._sweeps[result.sweep], (raw.sheet_ohm, raw.hall_ohm), strict=True):
            legs.draw(raw.field_T, ohm, raw.branch, colour, on_top)
