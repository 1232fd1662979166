"""Dark and light: the few colours of the window, and temperature as colour.

One accent, one red. Everything measured is coloured by its temperature (viridis,
cut where it would vanish in the background), never by the order of the curves.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import QSettings
from PyQt5.QtGui import QColor, QFont, QPalette
from PyQt5.QtWidgets import QApplication

TEXT_PX = 13
"""Height of the window's text [px] at scale 1."""


@dataclass(frozen=True)
class Theme:
    """Colours as `#rrggbb`, and the part of viridis that can be seen on this background."""

    name: str
    window: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    red: str
    coldest: float
    hottest: float


DARK = Theme("dark", "#14171b", "#20252b", "#2c333b", "#e6eaee", "#8d97a3", "#58a6ff", "#0b1016", "#d9363e", 0.28, 1.0)
LIGHT = Theme(
    "light", "#ffffff", "#f1f3f6", "#dde2e8", "#1b1f24", "#66707c", "#0b66c3", "#ffffff", "#cf222e", 0.0, 0.78
)
THEMES = {"dark": DARK, "light": LIGHT}


def system_theme() -> Theme:
    """Return the theme that the system asks for: its palette, on Windows its setting for applications."""
    if sys.platform == "win32":
        key = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        light = QSettings(key, QSettings.Format.NativeFormat).value("AppsUseLightTheme", 1)
        return LIGHT if int(light) else DARK
    window = QApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT


class TemperatureColours:
    """Temperature to colour, logarithmic between limits that move rarely.

    Parameters
    ----------
    temperatures_K : iterable of float or None
        What is on the screen [K]. The limits are the next of 1, 2, 5, 10, ... outside,
        so that a colour stays when a sweep is added.
    """

    def __init__(self, temperatures_K: Iterable[float | None], theme: Theme) -> None:
        known = sorted(t for t in temperatures_K if t is not None and t > 0)
        self.temperatures_K = tuple(known)
        self.lower_K, self.upper_K = _limits(known[0], known[-1]) if known else (1.0, 10.0)
        self._theme = theme

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TemperatureColours) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[float, float, str]:
        return self.lower_K, self.upper_K, self._theme.name

    def position(self, temperature_K: float) -> float:
        """Return where `temperature_K` lies between the limits, from 0 (cold) to 1 (hot)."""
        span = math.log(self.upper_K / self.lower_K)
        return min(max(math.log(temperature_K / self.lower_K) / span, 0.0), 1.0)

    def at(self, position: float) -> QColor:
        """Return the colour at `position`, from 0 (cold) to 1 (hot)."""
        place = self._theme.coldest + position * (self._theme.hottest - self._theme.coldest)
        return _viridis().map(place, mode="qcolor")

    def colour(self, temperature_K: float | None) -> QColor:
        """Return the colour of a sweep; one whose temperature is not known is grey."""
        if temperature_K is None or temperature_K <= 0:
            return QColor(self._theme.dim)
        return self.at(self.position(temperature_K))


def _viridis() -> Any:
    return pg.colormap.get("viridis")


def _limits(lowest_K: float, highest_K: float) -> tuple[float, float]:
    exponents = range(math.floor(math.log10(lowest_K)) - 1, math.ceil(math.log10(highest_K)) + 2)
    grid = np.array([step * 10.0**e for e in exponents for step in (1, 2, 5)])
    lower = grid[grid <= lowest_K * (1 + 1e-9)].max()
    upper = grid[grid >= highest_K * (1 - 1e-9)].min()
    return (float(lower), float(upper)) if upper > lower else (float(lower), float(grid[grid > upper].min()))


def palette(theme: Theme) -> QPalette:
    """Return the widgets' palette in `theme`."""
    colours = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: theme.window, role.Base: theme.window, role.AlternateBase: theme.raised, role.Button: theme.raised,
        role.WindowText: theme.text, role.Text: theme.text, role.ButtonText: theme.text, role.ToolTipText: theme.text,
        role.ToolTipBase: theme.raised, role.PlaceholderText: theme.dim, role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent, role.Link: theme.accent, role.Mid: theme.line, role.Dark: theme.line,
        role.Light: theme.raised, role.Midlight: theme.line, role.Shadow: theme.window,
    }  # fmt: skip
    for which, colour in pairs.items():
        colours.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.dim))
    return colours


def font(scale: float, size: float = 1.0, bold: bool = False) -> QFont:
    """Return the window's font, `size` times the height of its text."""
    chosen = QFont(QApplication.font())
    chosen.setPixelSize(round(TEXT_PX * scale * size))
    chosen.setBold(bold)
    return chosen


def style_sheet(theme: Theme, scale: float) -> str:
    """Return the style sheet of the whole window in `theme`, its text `scale` times larger."""
    px = {f"px{n}": round(n * scale) for n in (2, 3, 4, 6, 8, 10, 14, 16, 24)}
    sizes = {"small": round(11 * scale), "body": round(TEXT_PX * scale), "value": round(17 * scale)}
    return _SHEET.format(**px, **sizes, **{name: getattr(theme, name) for name in _COLOURS})


_COLOURS = ("window", "raised", "line", "text", "dim", "accent", "on_accent", "red")

_SHEET = """
QWidget {{ font-size: {body}px; color: {text}; }}
QMainWindow, QDialog, QDockWidget > QWidget, QStackedWidget, QScrollArea, QScrollArea > QWidget > QWidget
  {{ background: {window}; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: {px3}px; }}
QToolBar {{ background: {window}; border: none; padding: 0; spacing: 0; }}

QLabel[role="caption"] {{ color: {dim}; font-size: {small}px; }}
QLabel[role="small"] {{ font-size: {small}px; }}
QLabel[role="value"] {{ font-size: {value}px; }}
QLabel[role="state"] {{ font-size: {value}px; font-weight: bold; }}
QLabel[role="fault"] {{ color: {red}; font-size: {small}px; }}
QLabel[role="advice"] {{ color: {accent}; }}

QPushButton, QToolButton {{ background: {raised}; border: none; border-radius: {px4}px;
  padding: {px6}px {px10}px; }}
QPushButton:hover, QToolButton:hover {{ background: {line}; }}
QPushButton:focus, QToolButton:focus {{ outline: none; border: 1px solid {accent}; }}
QPushButton:disabled {{ color: {dim}; }}
QPushButton[role="start"] {{ background: {accent}; color: {on_accent}; font-weight: bold; }}
QPushButton[role="start"]:disabled {{ background: {raised}; color: {dim}; }}
QPushButton[role="stop"] {{ background: {red}; color: #ffffff; font-weight: bold; padding: {px8}px {px24}px; }}
QPushButton[role="hold"] {{ padding: {px8}px {px16}px; }}
QToolButton[role="plain"], QPushButton[role="plain"] {{ background: transparent; padding: {px3}px {px6}px; }}
QPushButton[role="plain"] {{ color: {accent}; font-size: {small}px; }}
QToolButton[role="plain"]:hover, QPushButton[role="plain"]:hover {{ background: {raised}; }}
QToolButton[role="cross"] {{ background: transparent; color: {window}; padding: 0 {px6}px; font-size: {body}px; }}
QDockWidget:hover QToolButton[role="cross"] {{ color: {dim}; }}
QToolButton[role="cross"]:hover {{ color: {text}; background: {raised}; }}
QLabel[role="title"] {{ color: {dim}; padding: {px4}px 0; }}
QToolButton::menu-indicator {{ image: none; }}

QLineEdit, QComboBox {{ background: {raised}; border: 1px solid {raised}; border-radius: {px3}px;
  padding: {px2}px {px6}px; selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit:focus, QComboBox:focus {{ border: 1px solid {accent}; }}
QLineEdit[refused="true"] {{ border: 1px solid {red}; color: {red}; }}
QComboBox {{ padding-right: 0; }}
QComboBox::drop-down {{ border: none; width: {px14}px; }}
QComboBox[role="quiet"] {{ background: transparent; color: {dim}; font-size: {small}px; border: none;
  padding: 0; }}
QCheckBox::indicator {{ width: {px14}px; height: {px14}px; border: 1px solid {line}; border-radius: {px3}px;
  background: {raised}; }}
QCheckBox::indicator:checked {{ background: {accent}; border: 1px solid {accent}; }}
QComboBox QAbstractItemView, QMenu {{ background: {raised}; border: 1px solid {line};
  selection-background-color: {accent}; selection-color: {on_accent}; }}
QMenu::item {{ padding: {px4}px {px24}px; }}
QMenu::separator {{ height: 1px; background: {line}; margin: {px4}px 0; }}

QTabBar {{ background: {window}; }}
QTabBar::tab {{ background: transparent; color: {dim}; border: none; padding: {px4}px {px10}px;
  border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
QTabWidget::pane {{ border: none; }}

QTableView, QPlainTextEdit {{ background: {window}; border: none; font-size: {small}px; }}
QTableView {{ gridline-color: transparent; selection-background-color: {raised}; selection-color: {text}; }}
QTableView::item {{ padding: 0 {px4}px; border: none; }}
QHeaderView, QHeaderView::section {{ background: {window}; color: {dim}; border: none; font-size: {small}px;
  padding: 0 {px4}px; }}
QTableCornerButton::section {{ background: {window}; border: none; }}
QScrollBar:vertical {{ background: transparent; width: {px8}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px8}px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: {px3}px; min-height: {px24}px; min-width: {px24}px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ background: {window}; border: none; }}
QProgressBar::chunk {{ background: {accent}; }}
"""
