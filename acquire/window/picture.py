"""A picture of the real window, with or without a display."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QCoreApplication, QEvent
from PyQt5.QtWidgets import QApplication

from acquire.window.window import MainWindow


def picture(window: MainWindow, path: Path) -> None:
    """Draw what is due and write the window to `path` as PNG.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    window.show()
    for _ in range(3):
        # layouts settle in one pass, axes in the next
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        QApplication.processEvents()
        window.draw()
    if not window.grab().save(str(path), "PNG"):
        raise OSError(f"picture: cannot write {path}; choose another folder")
