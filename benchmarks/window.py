"""A redraw of the whole window with 200 000 points, and how long a row takes to L_phi on the screen."""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np  # noqa: E402
from PyQt5.QtCore import QSettings  # noqa: E402

from acquire.live import LiveFit  # noqa: E402
from acquire.window.application import application  # noqa: E402
from acquire.window.window import FRAMES_PER_S, MainWindow  # noqa: E402
from analysis.constants import G0  # noqa: E402
from analysis.row import COLUMNS  # noqa: E402
from analysis.snapshot import Snapshot  # noqa: E402
from tests.acquire.window.fake_session import FakeSession, hln, sweep_result  # noqa: E402

POINTS = 200_000
REDRAW_MS = 15.0
SCREEN_MS = 150.0
ROWS = 300


def redraw(program, window, session, points):
    """Return the median and the worst time of a redraw with new data, painting included [ms]."""
    finished = tuple(sweep_result(n, t, 401) for n, t in enumerate((1.5, 2.6, 4.6)))
    running = sweep_result(3, 8.1, points, final=False)
    raw = running.resistance
    times = []
    for step in range(25):
        # every array is another one, as it is when a row has come
        part = points - 50 + step
        curve = replace(running.curve, field_T=running.curve.field_T[:part], dsigma=running.curve.dsigma[:part],
                        error=running.curve.error[:part])  # fmt: skip
        news = replace(running, curve=curve, resistance=replace(raw, field_T=raw.field_T.copy()))
        session.show(Snapshot((*finished, news), 3, None, None, part))
        program.processEvents()
        began = time.perf_counter()
        window.draw()
        program.processEvents()
        times.append(1e3 * (time.perf_counter() - began))
    times = sorted(times[5:])
    return times[len(times) // 2], times[-1]


def rows():
    """Yield the rows of a sweep, up and down, of a film with L_phi = 500 nm."""
    random = np.random.default_rng(1)
    fields = np.concatenate([np.linspace(-0.2, 0.2, ROWS // 2), np.linspace(0.2, -0.2, ROWS // 2)])
    for n, field_T in enumerate(fields.tolist()):
        sigma = 1e-3 + G0 * float(hln(np.array([field_T]), 1.0, 500.0)[0])
        x_V = 1e-7 / sigma * (1 + 1e-5 * random.standard_normal())
        cells = (0, 2 * n // ROWS, 0.3 * n, field_T, field_T, 1.5, 1.5, 1e-7, x_V, 0.0, 1e-7 * 300 * field_T, 0.0, 0)
        yield dict(zip(COLUMNS, cells, strict=True))


def to_the_screen(program, window, session):
    """Return the 50th and 95th percentile of the time from a row to its result on the screen [ms]."""
    taken, shown = {}, {}
    draw = window.result.draw

    def draw_and_note(snapshot, focus, *others):
        draw(snapshot, focus, *others)
        window.result.repaint()
        now = time.perf_counter()
        for row in range(1, (focus.rows if focus else 0) + 1):
            shown.setdefault(row, now)

    window.result.draw = draw_and_note
    fit = LiveFit(session.settings, session.show)
    fit.start()
    for number, row in enumerate(rows(), start=1):
        taken[number] = time.perf_counter()
        fit.put(row)
        while time.perf_counter() - taken[number] < 0.02:
            program.processEvents()
            time.sleep(0.001)
    end = time.perf_counter() + 2
    while len(shown) < ROWS and time.perf_counter() < end:
        program.processEvents()
    fit.close()
    late = [1e3 * (shown[n] - taken[n]) for n in taken if n in shown]
    missing = ROWS - len(late)
    late = sorted(late + [float("inf")] * missing)
    return late[ROWS // 2], late[ROWS * 95 // 100]


def main():
    program = application()
    with tempfile.TemporaryDirectory() as folder:
        session = FakeSession()
        window = MainWindow(session, QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat))
        window.show()
        program.processEvents()
        window.timer.stop()
        few, few_worst = redraw(program, window, session, 401)
        many, many_worst = redraw(program, window, session, POINTS)
        window.docks["curves"].tabs.setCurrentIndex(1)
        raw, raw_worst = redraw(program, window, session, POINTS)
        window.docks["curves"].tabs.setCurrentIndex(0)
        session.show(Snapshot((), None, None, None, 0))
        window.timer.start(1000 // FRAMES_PER_S)
        median, late = to_the_screen(program, window, session)
        session.release.set()
        window.let_go()
        window.hide()
        window.deleteLater()
        program.processEvents()
    print(f"redraw with 401 points: {few:.1f} ms (worst {few_worst:.1f})")
    print(f"redraw with {POINTS} points: {many:.1f} ms (worst {many_worst:.1f}; <= {REDRAW_MS:g}), {many / few:.2f} x")
    print(f"redraw of R_xx and R_xy with 2 x {2 * POINTS} points: {raw:.1f} ms (worst {raw_worst:.1f})")
    print(f"row to L_phi on the screen at 50 rows/s: median {median:.0f} ms, 95 % {late:.0f} ms (<= {SCREEN_MS:g})")
    return many > REDRAW_MS or late > SCREEN_MS


if __name__ == "__main__":
    sys.exit(main())
