"""The menu behind the three lines: files, docks, theme, size of the text, full screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QDockWidget, QMainWindow, QMenu

from acquire.magnet_errand import ENTER, LEAVE, REARM

ERRANDS = {
    REARM: ("Re-arm the magnet", "Only after somebody has looked at the magnet and knows why it stopped."),
    ENTER: ("Enter the persistent mode", "The switch is cooled, then the leads are brought to zero."),
    LEAVE: ("Leave the persistent mode", "The leads are brought to the magnet's current, then the switch is heated."),
}
"""What may be asked of the magnet beside a run: how it is called, and what a person is told before."""
REPLAY_SPEEDS = (1.0, 10.0, 100.0)
THEME_CHOICES = {"system": "Follow the system", "dark": "Dark", "light": "Light"}


class Menu(QMenu):
    """Entries with their keys; the keys work when the menu is closed."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window

    def entry(self, text: str, act: Callable[[], Any], keys: str = "", under: QMenu | None = None) -> QAction:
        """Add an entry that calls `act`."""
        action = QAction(text, self._window)
        action.triggered.connect(lambda checked=False: act())
        if keys:
            action.setShortcut(QKeySequence(keys))
            self._window.addAction(action)
        (under or self).addAction(action)
        return action

    def under(self, text: str) -> QMenu:
        """Add a menu under this one."""
        added = self.addMenu(text)
        assert added is not None
        return added

    def add_docks(self, docks: Iterable[QDockWidget], reset: Callable[[], Any]) -> None:
        """Add a tick for each dock."""
        places = self.under("Docks")
        for dock in docks:
            toggle = dock.toggleViewAction()
            assert toggle is not None
            places.addAction(toggle)
        places.addSeparator()
        self.entry("Back to the first layout", reset, under=places)

    def add_choice(self, title: str, choices: dict[str, str], now: str, choose: Callable[[str], Any]) -> None:
        """Add one of several."""
        place = self.under(title)
        group = QActionGroup(place)
        for key, text in choices.items():
            action = self.entry(text, lambda k=key: choose(k), under=place)
            action.setCheckable(True)
            action.setChecked(key == now)
            group.addAction(action)
