"""The window's tests run without a display; every window is closed, every hook given back."""

from __future__ import annotations

import gc
import logging
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from PyQt5.QtCore import QCoreApplication, QEvent, QSettings
from PyQt5.QtWidgets import QApplication

from acquire.window.theme import DARK
from acquire.window.window import MainWindow
from tests.acquire.window.fake_session import FakeSession


@pytest.fixture(autouse=True)
def no_garbage_in_the_event_loop(qapp):
    """Collect garbage between the tests only.

    A plot of an earlier test is a ring of Python objects; were it collected while Qt paints it, the process would end.
    """
    gc.disable()
    yield
    for widget in QApplication.topLevelWidgets():
        widget.hide()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.enable()


@pytest.fixture
def session():
    return FakeSession()


@pytest.fixture
def memory(tmp_path):
    store = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    store.setValue("theme", DARK.name)
    return store


@pytest.fixture
def make_window(qtbot, session, memory):
    """Return a function that opens a window; at the end all are closed and nothing of them is left behind."""
    hooks, handlers = sys.excepthook, list(logging.getLogger().handlers)
    opened = []

    def make():
        window = MainWindow(session, memory)
        window.show()
        opened.append(window)
        return window

    yield make
    session.release.set()
    session.is_running = False
    for window in reversed(opened):
        window.close()
        qtbot.waitUntil(lambda w=window: not w.isVisible())
        window.deleteLater()
    assert sys.excepthook == hooks
    assert logging.getLogger().handlers == handlers


@pytest.fixture
def window(make_window):
    return make_window()
