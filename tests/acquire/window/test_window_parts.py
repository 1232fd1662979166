"""The parts by themselves: log, history, colours, words, axes, plots, bridge, queue."""

from __future__ import annotations

import dataclasses
import logging
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from pyqtgraph import Point

from acquire import wording
from acquire.status import Job, JobStatus, Status
from acquire.window.axis import LinearAxis, LogAxis
from acquire.window.bridge import Bridge
from acquire.window.conductance import Conductance
from acquire.window.dephasing import Dephasing
from acquire.window.faults import Faults
from acquire.window.log import MOST_LINES, Log
from acquire.window.plot import MOST_SYMBOLS, rising
from acquire.window.queue import Queue
from acquire.window.readings import HOUR_S, History
from acquire.window.result import Result
from acquire.window.theme import DARK, LIGHT, TemperatureColours
from analysis.fit import Estimate
from analysis.live import Settings
from analysis.model import Remark
from analysis.snapshot import Snapshot
from tests.acquire.window.fake_session import busy, snapshot, sweep_result

# ---- log


def test_the_log_is_plain_text_and_one_line_a_message(qtbot):
    log = Log()
    qtbot.addWidget(log)
    log.add(logging.INFO, "magnet <b>ready</b> & x < y\n12:00:00 forged \x1b[31m line\u2028more")
    log.draw()
    lines = log.toPlainText().splitlines()
    assert len(lines) == 1
    assert "magnet <b>ready</b> & x < y 12:00:00 forged  [31m line more".replace("  ", " ") in lines[0]


def test_the_log_is_bounded_and_a_flood_is_counted(qtbot):
    log = Log()
    qtbot.addWidget(log)
    for number in range(3 * MOST_LINES):
        log.add(logging.INFO, f"line {number}")
        if number % 100 == 0:
            log.draw()
    log.draw()
    assert log.document().blockCount() <= MOST_LINES
    for number in range(5000):
        log.add(logging.INFO, f"flood {number}")
    log.draw()
    assert "4500 lines left out" in log.toPlainText()
    assert "flood 4999" in log.toPlainText()


# ---- history


def test_an_hour_is_kept_and_no_more():
    history = History(2)
    for second in range(0, 3 * 3600):
        history.add(float(second), second / 3600, None)
    minutes, values = history.column(0)
    assert minutes[-1] == 0
    assert minutes[0] == pytest.approx(-HOUR_S / 60)
    assert len(minutes) == 3601
    np.testing.assert_allclose(values, 3 + minutes / 60 - 1 / 3600, atol=1e-9)
    assert len(history.column(1)[0]) == 0, "what was never read leaves a gap"


def test_fast_readings_are_thinned_and_memory_is_bounded():
    history = History(1)
    for number in range(50_000):
        history.add(number * 0.01, 1.0)
    assert len(history) == pytest.approx(1000, abs=10)
    before = history._table.nbytes
    for number in range(50_000):
        history.add(500 + number * 0.5, 1.0)
    assert history._table.nbytes == before
    assert len(history) <= 7201


def test_a_clock_that_begins_again_begins_a_new_history():
    history = History(1)
    history.add(100.0, 1.0)
    history.add(5.0, 2.0)
    assert history.column(0)[1].tolist() == [2.0]


# ---- colours


def test_colour_is_temperature_and_not_the_order():
    colours = TemperatureColours([25.0, 1.5, 4.2], DARK)
    again = TemperatureColours([1.5, 25.0], DARK)
    assert colours.colour(4.2) == again.colour(4.2)
    assert colours == again
    places = [colours.position(t) for t in (1.5, 4.2, 25.0)]
    assert places == sorted(places)


@given(st.lists(st.floats(1e-3, 400), min_size=1, max_size=8))
def test_every_temperature_has_a_place_between_its_limits(temperatures):
    colours = TemperatureColours(temperatures, LIGHT)
    assert colours.lower_K <= min(temperatures) * (1 + 1e-8)
    assert colours.upper_K >= max(temperatures) * (1 - 1e-8)
    assert all(0 <= colours.position(t) <= 1 for t in temperatures)
    assert colours.upper_K / colours.lower_K >= 1.9


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_every_colour_can_be_told_from_the_background(theme):
    def luminance(colour):
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    back = luminance(QColor(theme.window))
    colours = TemperatureColours([1, 10], theme)
    for place in np.linspace(0, 1, 11):
        front = luminance(colours.at(place))
        ratio = (max(front, back) + 0.05) / (min(front, back) + 0.05)
        assert ratio > 1.9
    text = luminance(QColor(theme.text))
    assert (max(text, back) + 0.05) / (min(text, back) + 0.05) > 10


def test_an_unknown_temperature_is_grey():
    assert TemperatureColours([], DARK).colour(None).name() == DARK.dim


# ---- words


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(512.3, 6.2, "512 ± 6 nm"), (512.34, 1.24, "512.3 ± 1.2 nm"), (88.04, 3.0, "88 ± 3 nm"),
     (0.0, 0.02, "0.000 ± 0.020 nm"),
     (12345.0, 210.0, "12.35 ± 0.21 µm"), (-0.41, 0.02, "−0.410 ± 0.020 nm"), (1234.0, 456.0, "1200 ± 500 nm"),
     (5.0, None, "5 nm"), (5.0, float("nan"), "5 nm"), (997.0, 0.96, "997.0 ± 1.0 nm")],
)  # fmt: skip
def test_numbers_have_as_many_digits_as_their_error_allows(value, error, text):
    assert wording.length_nm(value, error) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(4.28e18, 2.4e17, "(4.28 ± 0.24)·10¹⁸ 1/m^2"), (1.054e-5, None, "1.054·10⁻⁵ 1/m^2"), (0.0, 0.0, "0 1/m^2"),
     (1e-309, 1.0, "0.0 ± 1.0 1/m^2"), (-3.3e-19, 2e-20, "(−3.30 ± 0.20)·10⁻¹⁹ 1/m^2")],
)  # fmt: skip
def test_very_large_and_very_small_numbers_are_written_with_a_power_of_ten(value, error, text):
    assert wording.value_with_error(value, error, "1/m^2") == text


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e9))
def test_any_number_can_be_said(value, error):
    assert "±" in wording.value_with_error(value, error)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (0, "0 s"), (-5, "0 s"), (40, "40 s"), (371, "6 min"), (7500, "2 h 05 min"), (273600, "3 d 4 h"),
     (float("inf"), "—")],
)  # fmt: skip
def test_durations(seconds, text):
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("l_phi_nm", "<i>L</i><sub>φ</sub>"), ("alpha", "<i>α</i>"), ("l_so_nm", "<i>L</i><sub>so</sub>"),
     ("b_phi_T", "<i>B</i><sub>φ</sub>")],
)  # fmt: skip
def test_parameter_names(name, text):
    assert wording.parameter_name(name) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_engineering_takes_every_float(value):
    assert wording.engineering(value, "Ω")


def test_text_of_the_analysis_is_typeset():
    assert wording.typeset("go to -0.3 T, below 10 B_phi; low-field x-3") == "go to −0.3 T, below 10 Bφ; low-field x-3"


# ---- axes


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6), st.integers(20, 2000))
def test_ticks_never_crowd(qapp, low, span, size):
    for side in ("left", "bottom"):
        ((spacing, _),) = LinearAxis(side).tickSpacing(low, low + span, size)
        assert span / spacing <= max(size / 11 / 1.4, 2) + 1e-6


def test_a_logarithmic_axis_names_1_2_5(qapp):
    axis = LogAxis("bottom")
    named, between = axis.tickValues(0.0, 1.4, 300)
    assert axis.tickStrings(named[1], 1, 1) == ["1", "2", "5", "10", "20"]
    assert set(axis.tickStrings(between[1], 1, 1)) == {""}


# ---- plots


def test_few_points_are_symbols_with_error_bars_and_many_a_line(qtbot):
    view = Conductance(Settings())
    qtbot.addWidget(view)
    few, many = sweep_result(0, 1.5, 101), sweep_result(1, 4.2, MOST_SYMBOLS + 50)
    colours = TemperatureColours([1.5, 4.2], DARK)
    view.draw(Snapshot((few, many), None, None, None, 0), few, colours)
    assert len(view._sweeps[0].points.data) == 101
    assert len(view._sweeps[0].bars.getData()[0]) == 202
    assert len(view._sweeps[1].points.data) == 0
    assert len(view._sweeps[1].line.xData) == MOST_SYMBOLS + 50


def test_the_sweep_in_focus_lies_on_top_with_its_residuals(qtbot):
    view = Conductance(Settings())
    qtbot.addWidget(view)
    shown = snapshot(3)
    colours = TemperatureColours([r.temperature_K for r in shown.sweeps], DARK)
    view.draw(shown, shown.sweeps[1], colours)
    depth = {number: drawing.points.zValue() for number, drawing in view._sweeps.items()}
    assert depth[1] > max(depth[0], depth[2])
    residuals = view.residual_points.getData()[1]
    assert len(residuals) == 101
    assert np.std(residuals) == pytest.approx(1, abs=0.3)


def test_a_finished_sweep_is_not_drawn_again(qtbot, monkeypatch):
    view = Conductance(Settings())
    qtbot.addWidget(view)
    done, colours = sweep_result(0, 1.5), TemperatureColours([1.5], DARK)
    view.draw(Snapshot((done,), None, None, None, 0), done, colours)
    calls = []
    monkeypatch.setattr(view._sweeps[0].points, "setData", lambda *a, **k: calls.append(a))
    view.draw(Snapshot((done,), None, None, None, 0), done, colours)
    assert calls == []


@given(st.lists(st.floats(-9, 9), max_size=50))
def test_lines_rise_and_lose_nothing(fields):
    x = np.array(fields)
    risen, numbers = rising(x, np.arange(len(x)))
    assert (np.diff(risen) >= 0).all()
    np.testing.assert_array_equal(x[numbers], risen)


def test_a_click_on_a_point_shows_its_row(qtbot):
    view = Conductance(Settings())
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    result = sweep_result(0, 1.5)
    view.draw(Snapshot((result,), None, None, None, 0), result, TemperatureColours([1.5], DARK))
    qtbot.wait(50)
    box = view.plot.getViewBox()
    place = box.mapViewToScene(Point(result.curve.field_T[30], result.curve.dsigma[30]))
    found = view._nearest(place)
    assert found is not None
    assert found[0] is result
    assert found[1] == 30
    assert "1.500 K" in view._row_text(*found)
    assert "±" in view._row_text(*found)


def test_either_edge_of_the_fit_window_moves_both(qtbot):
    view = Conductance(Settings())
    qtbot.addWidget(view)
    region = view.window_region
    region.show_window(0.2)
    chosen = []
    view.settings_chosen.connect(chosen.append)
    for edge, where, expected in ((1, 0.1, (-0.1, 0.1)), (0, -0.15, (-0.15, 0.15))):
        region.lines[edge].setValue(where)
        region.lines[edge].sigDragged.emit(region.lines[edge])
        assert region.getRegion() == expected
    result = sweep_result(0, 1.5)
    view.draw(Snapshot((result,), None, None, None, 0), result, TemperatureColours([1.5], DARK))
    region.lines[1].setValue(0.08)
    region.lines[1].sigPositionChangeFinished.emit(region.lines[1])
    assert chosen[-1].window_T == 0.08


def test_a_fit_window_in_which_nothing_can_be_fitted_can_be_dragged_back(qtbot):
    view = Conductance(Settings(window_T=1e-4))
    qtbot.addWidget(view)
    view.show()
    bare = dataclasses.replace(sweep_result(0, 1.5), fit=None, drawn=None)
    view.draw(Snapshot((bare,), 0, None, None, 1), bare, TemperatureColours([1.5], DARK))
    assert view.window_region.isVisible()
    assert view.window_region.getRegion() == (-1e-4, 1e-4)
    assert view.whole.isVisible()


def test_the_power_law_is_named_with_its_error(qtbot):
    view = Dephasing()
    qtbot.addWidget(view)
    shown = snapshot(4)
    view.draw(shown, None, TemperatureColours([1.5, 8.1], DARK))
    assert "−0.553 ± 0.021" in view.law.text()
    x, y = view.theory.getData()
    assert np.diff(y)[0] / np.diff(x)[0] == pytest.approx(-0.553)


def test_nothing_known_is_drawn_as_nothing(qtbot):
    for view in (Conductance(Settings()), Dephasing()):
        qtbot.addWidget(view)
        view.draw(None, None, TemperatureColours([], DARK))
        bare = dataclasses.replace(sweep_result(0, 1.5), curve=None, fit=None, drawn=None, temperature_K=None)
        view.draw(Snapshot((bare,), 0, None, None, 1), bare, TemperatureColours([None], DARK))


# ---- result


def test_the_large_number_says_so_when_the_data_do_not_determine_it(qtbot):
    view = Result()
    qtbot.addWidget(view)
    result = sweep_result(0, 1.5)
    open_ended = Estimate("l_phi_nm", "nm", None, None, 300.0, None, False)
    fit = dataclasses.replace(result.fit, estimates=(open_ended, *result.fit.estimates[1:]))
    result = dataclasses.replace(result, fit=fit, final=False, advice="field range below 10 B_phi: go to 0.08 T")
    view.draw(None, result, TemperatureColours([1.5], DARK), None, "auto")
    assert view.number.text() == "not determined yet"
    assert view.bound.text() == "Lφ > 300 nm"
    assert "go to 0.08 T" in view.advice.text()


def test_a_number_that_is_not_final_is_dimmed(qtbot):
    view = Result()
    qtbot.addWidget(view)
    for final, colour in ((False, DARK.dim), (True, DARK.text)):
        view.draw(None, sweep_result(0, 1.5, final=final), TemperatureColours([1.5], DARK), None, "auto")
        assert colour in view.number.styleSheet()


def test_text_of_the_analysis_is_no_markup(qtbot):
    view = Result()
    qtbot.addWidget(view)
    result = dataclasses.replace(sweep_result(0, 1.5), remarks=(Remark("odd", "x < y <img src=x>"),))
    view.draw(None, result, TemperatureColours([1.5], DARK), None, "auto")
    assert "&lt;img" in view.remarks.text()


# ---- bridge


def test_news_come_latest_first_and_never_pile_up(qtbot):
    bridge, heard = Bridge(), []
    bridge.status.connect(heard.append)

    def talk():
        for number in range(10_000):
            bridge.on_status(number)

    thread = threading.Thread(target=talk)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(20)
    assert heard == [9999]
    bridge.close()
    bridge.on_status(1)
    qtbot.wait(20)
    assert heard == [9999]


# ---- queue


def test_the_queue_shows_and_reorders(qtbot):
    queue, moved, removed = Queue(), [], []
    qtbot.addWidget(queue)
    queue.show()
    queue.moved.connect(lambda *args: moved.append(args))
    queue.removed.connect(removed.append)
    jobs = (Job(1, "Field sweep", "1.5 K", JobStatus.RUNNING, 0.5, 60.0), Job(2, "b", "2 K"), Job(3, "a", "b"))
    queue.draw(Status(jobs=jobs))
    assert queue.rowCount() == 3
    assert queue.item(0, 4).text() == "60 s"
    queue.selectRow(2)
    qtbot.keyClick(queue, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    queue.selectRow(1)
    qtbot.keyClick(queue, Qt.Key.Key_Delete)
    queue.selectRow(0)
    qtbot.keyClick(queue, Qt.Key.Key_Delete)
    assert moved == [(3, -1)]
    assert removed == [2], "a running job is not removed"
    assert [a.isEnabled() for a in queue.menu().actions()] == [True, False, False, False]


# ---- faults


def test_ctrl_c_leaves_and_is_no_fault():
    said, left = [], []
    faults = Faults(lambda *args: said.append(args), lambda: left.append(True))
    faults._on_exception(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert left == [True]
    assert said == []


def test_a_fault_in_a_thread_is_told_too(capsys):
    said = []
    faults = Faults(lambda *args: said.append(args), lambda: None)
    before = threading.excepthook
    threading.excepthook = faults._on_thread
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    assert "ZeroDivisionError" in said[0][1]
    capsys.readouterr()


def test_an_evening_fits_the_queue(qtbot, session):
    busy(session)
    assert session.status.running is not None
