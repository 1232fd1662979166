"""L_phi against temperature on logarithmic axes, with error bars and the power law through them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from acquire import wording
from acquire.window.plot import Canvas, Frame, bars, line, pen, see_through, set_bars
from acquire.window.result import phase_coherence
from acquire.window.theme import DARK, TemperatureColours, Theme
from analysis.fit import Estimate
from analysis.snapshot import Snapshot, SweepResult

MOST_LINES = 3
"""Lines of theory, from the measured sheet resistance: one a dimension."""
MARGIN = 1.3
"""An axis goes on by this factor on either side of its points."""


class Dephasing(QWidget):
    """One point a temperature; a click on it brings its sweep into focus.

    Signals
    -------
    sweep_picked : number of the sweep.
    """

    sweep_picked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = DARK
        self.law = QLabel("")
        self.law.setProperty("role", "small")
        self.law.setContentsMargins(64, 0, 0, 0)
        self.canvas = Canvas()
        # the data are given as logarithms: error bars and symbols know no logarithmic axis of their own
        self.plot = self.canvas.add("<i>L</i><sub>φ</sub> (nm)", bottom="<i>T</i> (K)", log=True)
        self._frame = Frame(self.plot, self.canvas)
        self._frame.show(xRange=(0.0, 1.4), yRange=(1.7, 3.3))
        self.theory = line(self.plot, 0)
        self.predicted = [line(self.plot, 0) for _ in range(MOST_LINES)]
        self.bars = bars(self.plot, 1)
        self.points = pg.ScatterPlotItem(pxMode=True, size=9)
        self.points.setZValue(2)
        self.points.sigClicked.connect(lambda item, points, event: self.sweep_picked.emit(points[0].data()))
        self.plot.addItem(self.points)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.law)
        column.addWidget(self.canvas, 1)

    def apply_theme(self, theme: Theme, scale: float) -> None:
        """Draw in `theme`."""
        self._theme = theme
        self.canvas.apply_theme(theme, scale)

    def draw(self, snapshot: Snapshot | None, focus: SweepResult | None, colours: TemperatureColours) -> None:
        """Draw every sweep whose L_phi is determined, from the joint fit where there is one; hollow until final."""
        known = []
        joint = snapshot.joint if snapshot is not None else None
        together = dict(zip(joint.sweeps, joint.l_phi_nm, strict=True)) if joint is not None else {}
        for result in snapshot.sweeps if snapshot is not None else ():
            length, temperature_K = together.get(result.sweep, phase_coherence(result.fit)), result.temperature_K
            if length is not None and length.determined and length.value and temperature_K and temperature_K > 0:
                known.append((result, temperature_K, length))
        self._draw_points(known, focus, colours)
        self._draw_law(snapshot, known)
        self._draw_predicted(snapshot)

    def _draw_points(
        self, known: list[tuple[SweepResult, float, Estimate]], focus: SweepResult | None, colours: TemperatureColours
    ) -> None:
        x = np.array([math.log10(t) for _, t, _ in known])
        ends = [_interval(length) for _, _, length in known]
        low, high = (np.log10([end[side] for end in ends]) for side in (0, 1))
        set_bars(self.bars, x, low, high, pen(self._theme.text, 0.6))
        spots = []
        for place, (result, temperature_K, length) in zip(x, known, strict=True):
            colour = colours.colour(temperature_K)
            fill = colour if result.final else see_through(self._theme.window, 1.0)
            edge = pen(self._theme.text if result is focus else colour, width=1)
            spots.append(
                {"pos": (place, math.log10(length.value or 1)), "brush": fill, "pen": edge, "data": result.sweep}
            )
        self.points.setData(spots)
        if known:
            margin = math.log10(MARGIN)
            self._frame.show(xRange=(min(x) - margin, max(x) + margin), yRange=(min(low) - margin, max(high) + margin))

    def _draw_law(self, snapshot: Snapshot | None, known: list[tuple[SweepResult, float, Estimate]]) -> None:
        law = None if snapshot is None else snapshot.dephasing
        if law is None or law.value is None or len(known) < 2:
            self.theory.setData([], [])
            self.law.setText("")
            return
        # the exponent is the analysis's; the line only has to pass through the middle of its points
        x = np.array([math.log10(t) for _, t, _ in known])
        y = np.array([math.log10(length.value or 1) for _, _, length in known])
        weight = np.array([1 / max(math.log10(h / low), 1e-6) ** 2 for low, h in (_interval(e) for _, _, e in known)])
        height = float(np.average(y - law.value * x, weights=weight))
        ends = np.array([x.min() - 0.05, x.max() + 0.05])
        self.theory.setData(
            ends, height + law.value * ends, antialias=True, pen=pen(self._theme.dim, 0.9, style=Qt.PenStyle.DashLine)
        )
        power = wording.value_with_error(law.value, law.error)
        joint = "" if snapshot is None or snapshot.joint is None else ",  joint fit"
        self.law.setText(f"<i>L</i><sub>φ</sub> ∝ <i>T</i><sup> s</sup>,  <i>s</i> = {power}{joint}")

    def _draw_predicted(self, snapshot: Snapshot | None) -> None:
        statement = snapshot.statement if snapshot is not None else None
        lines = statement.dephasing.lines[:MOST_LINES] if statement is not None else ()
        for item, one in itertools.zip_longest(self.predicted, lines):
            x, y = (np.log10(one.x), np.log10(one.y)) if one is not None else ((), ())
            item.setData(x, y, antialias=True, pen=pen(self._theme.dim, 0.5, style=Qt.PenStyle.DotLine))
        if lines:
            names = ", ".join(one.name for one in lines)
            self.law.setText(f"{self.law.text()}&nbsp;&nbsp; dotted: {names}")


def _interval(length: Estimate) -> tuple[float, float]:
    """Return the ends of the error bar [nm], both above zero."""
    value = length.value or 1.0
    error = length.error or 0.0
    low = length.lower if length.lower is not None else value - error
    high = length.upper if length.upper is not None else value + error
    return max(low, value / 10), min(high, value * 10)
