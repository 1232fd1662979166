"""The window as a whole: it opens, drives the session, draws what it says, survives faults, and leaves in order."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QAction, QApplication, QMessageBox

from acquire.status import Readings, State
from acquire.trouble import UserError
from acquire.window.application import show
from acquire.window.picture import picture
from acquire.window.theme import LIGHT
from tests.acquire.window.fake_session import busy, snapshot


def names(session):
    return [call[0] for call in session.calls]


@contextmanager
def the_window_catches(window, monkeypatch):
    """Let the test's own hook stand aside, as in the program."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "excepthook", window.faults._on_exception)
        yield


def test_opens_and_fits_a_small_screen(window, qtbot):
    assert window.isVisible()
    hint = window.minimumSizeHint()
    assert hint.width() <= 1366
    assert hint.height() <= 768
    assert (window.width(), window.height()) == (1366, 768)
    assert "simulated" in window.windowTitle()


def test_nothing_on_the_form_is_behind_a_scroll_bar_at_1366_by_768(window, session, qtbot):
    busy(session)
    qtbot.waitUntil(lambda: window.strip.state.text().endswith("RUNNING"))
    bar = window.form._scroll.verticalScrollBar()
    assert bar.maximum() <= 28, "at most the last line of a long form"
    assert window.form.sheet.width() <= window.form._scroll.viewport().width()


def test_start_submits_and_runs(window, session, qtbot):
    qtbot.mouseClick(window.form.start_button, Qt.MouseButton.LeftButton)
    assert names(session) == ["submit", "start"]
    procedure = session.calls[0][1]
    assert procedure.field_stop_T == 0.2
    qtbot.waitUntil(lambda: not window.form.start_button.isEnabled())
    assert window.form.queue_button.isEnabled()


def test_queue_submits_only(window, session, qtbot):
    qtbot.mouseClick(window.form.queue_button, Qt.MouseButton.LeftButton)
    assert names(session) == ["submit"]
    qtbot.waitUntil(lambda: window.queue.rowCount() == 1)


def test_a_refusal_of_the_session_is_shown_on_the_form(window, session, qtbot):
    session.refuse = "magnet: quench is latched; re-arm it first"
    window.form.press_start()
    assert names(session) == []
    assert window.form.refusal.text() == session.refuse


def test_keys(window, session, qtbot):
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert names(session) == ["submit", "start", "hold", "hold", "stop"], "Esc holds, it never resumes"


def test_stop_and_hold_work_in_every_state(window, session, qtbot):
    for state in State:
        session.calls.clear()
        session.tell(state=state)
        qtbot.waitUntil(lambda s=state: s.value.upper() in window.strip.state.text())
        for button in (window.strip.stop_button, window.strip.hold_button):
            assert button.isEnabled()
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert names(session) == ["stop", "hold"]


def test_hold_becomes_resume_while_a_run_waits(window, session, qtbot):
    busy(session)
    session.hold()
    qtbot.waitUntil(lambda: window.strip.hold_button.text() == "Resume")
    qtbot.mouseClick(window.strip.hold_button, Qt.MouseButton.LeftButton)
    assert names(session) == ["hold", "resume"]


def test_what_stop_leaves_the_magnet_doing_is_set_beside_it(window, session):
    index = window.strip.after.findData("zero")
    window.strip.after.setCurrentIndex(index)
    window.strip.after.activated.emit(index)
    assert session.after_stop == "zero"


def test_readings_are_shown_with_overload_in_words(window, session, qtbot):
    session.read(Readings(12.0, 0.08731, 0.2, "ramping", 1.5023, 1.5, 1.2, 0.1, 1234.0, overload=True))
    qtbot.waitUntil(lambda: window.strip.field.value.text() == "+0.0873 T")
    assert window.strip.field.aside.text() == "→ +0.2000 T"
    assert window.strip.temperature.value.text() == "1.502 K"
    assert window.strip.resistance.value.text() == "1.234 kΩ"
    assert "overloaded" in window.strip.sentence.text()


def test_a_magnet_that_has_tripped_is_shown_instead_of_where_it_was_going(window, session, qtbot):
    session.read(Readings(12.0, 0.08, 0.2, "tripped or at fault", tripped=True))
    qtbot.waitUntil(lambda: window.strip.field.aside.text() == "tripped or at fault")


def test_a_silent_instrument_is_named_on_the_strip(window, session, qtbot):
    session.read(Readings(12.0, faults=("thermometer: no answer in 2 s",)))
    qtbot.waitUntil(lambda: window.strip.sentence.text() == "thermometer: no answer in 2 s")
    assert window.strip.temperature.value.text() == "—"


def test_a_snapshot_from_another_thread_is_drawn(window, session, qtbot):
    thread = threading.Thread(target=session.show, args=(snapshot(3),))
    thread.start()
    qtbot.waitUntil(lambda: "nm" in window.result.number.text())
    thread.join()
    assert len(window.conductance._sweeps) == 3
    assert len(window.dephasing.points.points()) == 3
    assert "weak antilocalization" in window.result.symmetry.text()


def test_only_what_can_be_seen_is_drawn(window, session, qtbot):
    session.show(snapshot(2))
    qtbot.waitUntil(lambda: len(window.conductance._sweeps) == 2)
    assert window.resistance._sweeps == {}
    window.docks["curves"].tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(window.resistance._sweeps) == 2)


def test_a_new_run_takes_the_old_sweeps_away(window, session, qtbot):
    session.show(snapshot(4))
    qtbot.waitUntil(lambda: len(window.conductance._sweeps) == 4)
    session.show(snapshot(1, 0.5))
    qtbot.waitUntil(lambda: len(window.conductance._sweeps) == 1)


def test_picking_a_sweep_brings_its_result(window, session, qtbot):
    session.show(snapshot(4, 0.6))
    qtbot.waitUntil(lambda: "8.100 K" in window.result.sweep.text())
    window.dephasing.sweep_picked.emit(0)
    qtbot.waitUntil(lambda: "1.500 K" in window.result.sweep.text())
    window.conductance.sweep_picked.emit(None)
    qtbot.waitUntil(lambda: "8.100 K" in window.result.sweep.text())


def test_a_new_fit_window_goes_to_the_session(window, session, qtbot):
    session.show(snapshot(2))
    qtbot.waitUntil(lambda: window.conductance.window_region.isVisible())
    window.conductance.window_region.chosen.emit(0.05)
    assert session.settings.window_T == 0.05
    window.conductance.window_region.chosen.emit(0.3)
    assert session.settings.window_T is None, "beyond the data means all of them"


def test_an_exception_in_a_slot_does_not_end_it(window, session, qtbot, monkeypatch, capsys):
    def fail():
        raise RuntimeError("a slot <failed>")

    with the_window_catches(window, monkeypatch):
        QTimer.singleShot(0, fail)
        qtbot.waitUntil(lambda: "a slot <failed>" in window.log.toPlainText())
    assert "RuntimeError" in capsys.readouterr().err
    session.read(Readings(1.0, 0.1))
    qtbot.waitUntil(lambda: window.strip.field.value.text() == "+0.1000 T")


def test_a_view_that_cannot_draw_is_told_once_and_leaves_the_others_alone(window, session, qtbot, monkeypatch, capsys):
    def fail(*args):
        raise ValueError("cannot draw")

    monkeypatch.setattr(window.conductance, "draw", fail)
    with the_window_catches(window, monkeypatch):
        session.show(snapshot(2))
        qtbot.waitUntil(lambda: len(window.dephasing.points.points()) == 2)
        qtbot.wait(200)
    assert window.log.toPlainText().count("cannot draw") == 1


def test_what_the_program_logs_is_in_the_log(window, qtbot):
    logging.getLogger("acquire.test").error("journal: disk is full & <b>no</b> row is lost")
    qtbot.waitUntil(lambda: "disk is full & <b>no</b> row" in window.log.toPlainText())


def _answer(text: str) -> None:
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    next(button for button in box.buttons() if button.text() == text).click()


def test_closing_during_a_run_asks(window, session, qtbot):
    session.is_running = True
    QTimer.singleShot(50, lambda: _answer("Go on measuring"))
    window.close()
    assert window.isVisible()
    assert session.closed_on == ""


def test_closing_during_a_run_holds_and_waits_without_freezing(window, session, qtbot):
    busy(session)
    QTimer.singleShot(50, lambda: _answer("Hold the magnet and close"))
    window.close()
    qtbot.waitUntil(lambda: "holding the magnet" in window.strip.sentence.text())
    assert session.closed_on not in ("", threading.main_thread().name)
    session.read(Readings(9999.0, 0.1234))
    qtbot.waitUntil(lambda: window.strip.field.value.text() == "+0.1234 T")
    window.close()  # a second click while it waits asks nothing and breaks nothing
    assert window.isVisible()
    session.release.set()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_a_close_that_fails_is_told_and_the_next_one_goes(window, session, qtbot, monkeypatch):
    def fail():
        raise OSError("magnet: no answer")

    monkeypatch.setattr(session, "close", fail)
    window.close()
    qtbot.waitUntil(lambda: "magnet: no answer; look at the magnet" in window.log.toPlainText())
    assert window.isVisible()
    window.close()
    assert not window.isVisible()


def test_docks_close_and_come_back_where_they_were(make_window, session, qtbot):
    first = make_window()
    first.docks["readings"].close()
    first.docks["curves"].tabs.setCurrentIndex(1)
    session.release.set()
    first.close()
    qtbot.waitUntil(lambda: not first.isVisible())
    second = make_window()
    assert not second.docks["readings"].isVisible()
    second.arrange()
    assert second.docks["readings"].isVisible()


def test_theme_and_size_of_the_text_are_remembered(make_window, qtbot, session):
    first = make_window()
    first.choose_theme("light")
    first.set_scale(1.2)
    second = make_window()
    assert second.theme is LIGHT
    assert second.scale == pytest.approx(1.2)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_picture_has_the_data_in_it(window, session, qtbot, tmp_path, theme):
    window.choose_theme(theme)
    session.show(snapshot(5, 0.7))
    busy(session)
    qtbot.waitUntil(lambda: "nm" in window.result.number.text())
    picture(window, tmp_path / "window.png")
    image = QImage(str(tmp_path / "window.png")).convertToFormat(QImage.Format.Format_RGB32)
    assert (image.width(), image.height()) == (1366, 768)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint8).reshape(768, 1366, 4)[:, :, :3].astype(int)
    coloured = (pixels.max(axis=2) - pixels.min(axis=2) > 60).sum()
    assert coloured > 3000, "curves, colour bar, the red button"


def test_a_picture_that_cannot_be_written_says_so(window, tmp_path):
    with pytest.raises(OSError, match="choose another folder"):
        picture(window, tmp_path / "missing" / "window.png")


def test_hooks_are_given_back(make_window, session, qtbot):
    before = sys.excepthook
    opened = make_window()
    assert sys.excepthook != before
    session.release.set()
    opened.close()
    qtbot.waitUntil(lambda: not opened.isVisible())
    assert sys.excepthook == before


class TestShow:
    """From a session to an exit code."""

    @pytest.fixture(autouse=True)
    def _release(self, session):
        session.release.set()

    def test_a_run_is_waited_for_and_pictured(self, qapp, session, tmp_path):
        def start():
            session.start()
            session.show(snapshot(2))
            QTimer.singleShot(300, lambda: setattr(session, "is_running", False))

        assert show(session, start, picture=tmp_path / "window.png", hidden=True) == 0
        assert QImage(str(tmp_path / "window.png")).width() == 1366
        assert names(session) == ["start"]
        assert session.closed_on == "close"

    def test_what_start_raises_is_handed_on_after_an_orderly_close(self, qapp, session, tmp_path):
        def start():
            raise UserError("tables/x.csv: no such file")

        with pytest.raises(UserError, match="no such file"):
            show(session, start, picture=tmp_path / "window.png")
        assert session.closed_on == "close"

    def test_a_picture_that_cannot_be_written_is_one_clear_line(self, qapp, session, tmp_path):
        with pytest.raises(UserError, match="choose another folder"):
            show(session, picture=tmp_path / "missing" / "window.png")

    def test_a_signal_closes_the_window_and_the_session(self, qapp, session):
        QTimer.singleShot(200, lambda: signal.raise_signal(signal.SIGTERM))
        session.is_running = True
        assert show(session, lambda: None, picture=None) == 0
        assert session.closed_on == "close"

    def test_no_display_is_one_clear_line(self, monkeypatch, session):
        monkeypatch.setattr("acquire.window.application.QApplication.instance", lambda: None)
        monkeypatch.setattr("acquire.display.trouble", lambda: "there is no display")
        with pytest.raises(UserError, match="no window can be shown here: there is no display"):
            show(session)


@pytest.mark.parametrize(("answer", "calls"), [(QMessageBox.Yes, [("errand", "rearm")]), (QMessageBox.No, [])])
def test_the_magnet_is_rearmed_only_when_a_person_confirms_it(make_window, session, monkeypatch, answer, calls):
    asked = []
    monkeypatch.setattr(QMessageBox, "question", lambda parent, title, text: asked.append(text) or answer)
    window = make_window()
    entry = next(a for a in window.findChildren(QAction) if a.text().startswith("Re-arm"))
    entry.trigger()
    assert "looked at the magnet" in asked[0]
    assert [call for call in session.calls if call[0] == "errand"] == calls
