"""A dock with a quiet title: it moves, floats, closes and comes back."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QStackedWidget, QTabBar, QToolButton, QWidget


class Title(QWidget):
    """The line by which a dock is dragged: a caption or tabs, and a cross."""

    def __init__(self, caption: str, tabs: QTabBar | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cross = QToolButton()
        self.cross.setText("×")
        self.cross.setProperty("role", "cross")
        self.cross.setToolTip("Close; the menu ☰ brings it back")
        row = QHBoxLayout(self)
        row.setContentsMargins(8 if tabs else 14, 2, 4, 0)
        row.setSpacing(0)
        if tabs is not None:
            row.addWidget(tabs)
        else:
            label = QLabel(caption)
            label.setProperty("role", "title")
            row.addWidget(label)
        row.addStretch(1)
        row.addWidget(self.cross)


class Dock(QDockWidget):
    """A dock that holds one view, or several behind tabs.

    Parameters
    ----------
    name : str
        For the saved layout.
    caption : str
    views : mapping of tab text to widget, or one widget

    Signals
    -------
    turned : another tab is in front.
    """

    turned = pyqtSignal()

    def __init__(self, name: str, caption: str, views: QWidget | dict[str, QWidget], parent: QWidget) -> None:
        super().__init__(caption, parent)
        self.setObjectName(name)
        tabs: QTabBar | None = None
        if isinstance(views, dict):
            tabs, pages = QTabBar(), QStackedWidget()
            tabs.setDrawBase(False)
            for text, view in views.items():
                tabs.addTab(text)
                pages.addWidget(view)
            tabs.currentChanged.connect(pages.setCurrentIndex)
            tabs.currentChanged.connect(lambda index: self.turned.emit())
            self.setWidget(pages)
        else:
            self.setWidget(views)
        self.tabs = tabs
        title = Title(caption, tabs)
        title.cross.clicked.connect(self.close)
        self.setTitleBarWidget(title)
