"""The whole chain on the simulated rig, with a clock that never waits."""

import os
import threading
import time

import pytest

from acquire import journal as journals
from acquire.journal import read
from acquire.results import analyse_runs
from acquire.run import load
from acquire.session import Session
from acquire.status import JobStatus, State
from analysis.live import Settings
from drivers.errors import Quench, Timeout
from drivers.roles import MagnetState
from procedures.field_sweep import FieldSweep
from procedures.measurement import ZERO


def run(session, procedure, timeout_s=30):
    session.submit(procedure)
    session.start()
    assert session.wait(timeout_s)
    return session.status.jobs[-1]


def when(condition, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.002)


def bits(result):
    """Everything that is shown of a sweep, to the last bit."""
    fit, curve = result.fit, result.curve
    return (
        result.temperature_K, result.rows, result.flagged, result.field_offset_T, result.field_offset_error_T,
        result.symmetry, result.remarks, result.advice,
        curve.field_T.tobytes(), curve.dsigma.tobytes(), None if curve.error is None else curve.error.tobytes(),
        fit.estimates, fit.covariance.tobytes(), fit.chi2, fit.offset, fit.window_T,
        [a.tobytes() for a in result.drawn],
    )  # fmt: skip


def test_a_run_is_stored_and_fitted(session, short_sweep):
    job = run(session, short_sweep)
    assert job.status is JobStatus.FINISHED
    assert job.progress == 1.0
    file = read(job.path)
    assert (file.status, file.rows, file.damage) == ("finished", 54, "")
    assert file.start["instruments"]["magnet"]["identity"].startswith("AMERICAN MAGNETICS")
    assert session.snapshot.sweeps[0].rows == 54
    assert session.snapshot.sweeps[0].final
    assert session.origin(0) == job.path


def test_a_replay_shows_the_same_bits_as_it_did_live(session, short_sweep, tmp_path):
    job = run(session, short_sweep)
    live = session.snapshot.sweeps[0]
    second = Session(None, tmp_path, session.settings)
    try:
        second.replay([job.path], speed=1e6)
        assert second.wait(30)
        assert bits(second.snapshot.sweeps[0]) == bits(live)
    finally:
        second.close()
    assert bits(analyse_runs([load(job.path)], session.settings).snapshot.sweeps[0]) == bits(live)


def test_runs_are_numbered_on_and_each_keeps_its_file(session, short_sweep):
    first = run(session, short_sweep)
    second = run(session, type(short_sweep)(field_list_T="-0.1:0.1:21", set_temperature=False))
    assert [s.sweep for s in session.snapshot.sweeps] == [0, 1]
    assert (session.origin(0), session.origin(1)) == (first.path, second.path)


def test_nothing_is_sent_before_the_file_is_open(session, short_sweep, station, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(journals.os, "open", refuse)
    before = len(station.rack.wire_log)
    job = run(session, short_sweep)
    monkeypatch.undo()
    assert job.status is JobStatus.FAILED
    assert "Permission denied" in job.message
    sent = [said.text for _, said in station.rack.wire_log[before:] if said.direction == "in"]
    assert [text for text in sent if "?" not in text] == []


def test_a_file_that_cannot_grow_fails_the_run_with_every_row_on_disk_and_the_magnet_held(
    session, short_sweep, station, monkeypatch
):
    real, count = os.write, iter(range(1000))

    def full(fd, data):
        if next(count) > 10:
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(journals.os, "write", full)
    job = run(session, short_sweep)
    monkeypatch.undo()
    assert job.status is JobStatus.FAILED
    assert read(job.path).rows == 10 == session.snapshot.sweeps[0].rows
    sent = [said.text for said in station.rack.twins["magnet"].wire_log if said.direction == "in"]
    assert "PAUSE" in [text for text in sent if "?" not in text][-1]
    assert session.status.state is State.FAILED


def test_a_quench_ends_the_run_and_no_ramp_follows(session, short_sweep, station):
    session.submit(short_sweep)
    session.start()
    when(lambda: session.snapshot and session.snapshot.rows_total > 3)
    twin = station.rack.twins["magnet"]
    station.rack.cryostat.coil.quench()
    at = len(twin.wire_log)
    assert session.wait(30)
    when(lambda: session.status.state is State.QUENCH)
    sent = [said.text for said in list(twin.wire_log)[at:] if said.direction == "in" and "?" not in said.text]
    # a ramp may have been asked for in the very moment of the quench, before its state could be read
    assert [text for text in sent if text.upper().startswith("RAMP")][1:] == []
    assert session.status.jobs[-1].status is JobStatus.FAILED


def test_stop_ends_the_run_and_the_file_says_so(session, short_sweep, station):
    session.after_stop = ZERO
    session.submit(short_sweep)
    session.start()
    when(lambda: session.snapshot and session.snapshot.rows_total > 3)
    session.stop()
    assert session.wait(10)
    job = session.status.jobs[-1]
    assert job.status is JobStatus.ABORTED
    assert read(job.path).status == "aborted"
    assert station.rig.magnet.state in (MagnetState.HOLDING, MagnetState.AT_ZERO, MagnetState.PAUSED)
    assert abs(station.rig.magnet.field_T) < 1e-3


def test_hold_lets_the_run_wait_and_resume_loses_nothing(session, short_sweep, station):
    session.submit(short_sweep)
    session.start()
    when(lambda: session.snapshot and session.snapshot.rows_total > 3)
    session.hold()
    when(lambda: session.status.state is State.HOLDING)
    when(lambda: station.rig.magnet.state is not MagnetState.RAMPING)
    rows = read(session.status.running.path).rows
    time.sleep(0.2)
    assert read(session.status.running.path).rows <= rows + 1
    session.resume()
    assert session.wait(30)
    assert session.status.jobs[-1].status is JobStatus.FINISHED
    assert read(session.status.jobs[-1].path).rows == 54


def test_what_the_rig_cannot_do_is_refused_when_it_is_queued(session, short_sweep):
    short_sweep.field_list_T = "0, 6"
    with pytest.raises(ValueError, match="6"):
        session.submit(short_sweep)
    assert session.status.jobs == ()


def test_the_queue_is_ordered_and_jobs_are_removed(session, short_sweep):
    numbers = [session.submit(short_sweep).number for _ in range(3)]
    session.move(numbers[2], -2)
    session.remove(numbers[0])
    assert [job.number for job in session.status.jobs] == [numbers[2], numbers[1]]


def test_readings_are_there_when_nothing_runs(session):
    when(lambda: session.readings.temperature_K)
    assert session.readings.field_T is not None
    assert session.readings.level_xx is not None
    assert session.readings.faults == ()


def test_closing_during_a_run_holds_and_waits(station, short_sweep, tmp_path):
    session = Session(station, tmp_path, Settings())
    session.submit(short_sweep)
    session.start()
    when(lambda: session.snapshot and session.snapshot.rows_total > 3)
    session.close()
    assert session.status.jobs[-1].status is JobStatus.ABORTED
    assert not [t for t in threading.enumerate() if t.name.startswith(("worker", "supervisor", "live fit"))]


def test_other_settings_are_applied_to_what_is_shown(session, short_sweep):
    run(session, short_sweep)
    session.analyse_with(Settings(window_T=0.05, sample=session.settings.sample))
    when(lambda: session.snapshot.sweeps[0].fit.window_T[1] <= 0.05)


def test_replay_without_a_rig_works_and_measuring_is_refused(tmp_path, short_sweep):
    session = Session(None, tmp_path, Settings())
    with pytest.raises(ValueError, match="no rig"):
        session.submit(short_sweep)
    session.close()


@pytest.fixture
def slow_snapshot(station, monkeypatch):
    """Keep a run in its beginning: the station's snapshot waits until it is let go."""
    asked, go_on = threading.Event(), threading.Event()
    real = station.snapshot

    def snapshot():
        asked.set()
        assert go_on.wait(10)
        return real()

    monkeypatch.setattr(station, "snapshot", snapshot)
    yield asked, go_on
    go_on.set()


@pytest.mark.parametrize("word", ["stop", "close"])
def test_a_stop_or_close_while_a_run_begins_reaches_it(session, short_sweep, station, slow_snapshot, word):
    asked, go_on = slow_snapshot
    session.submit(short_sweep)
    session.start()
    assert asked.wait(10)
    session.remove(session.status.jobs[0].number)  # a running job stays in the list
    asker = threading.Thread(target=getattr(session, word))
    asker.start()
    time.sleep(0.05)
    go_on.set()
    assert session.wait(10)
    asker.join(10)
    (job,) = session.status.jobs
    assert job.status is JobStatus.ABORTED
    assert read(job.path).rows == 0
    assert not [s for s in station.rack.twins["magnet"].wire_log if s.direction == "in" and s.text == "RAMP"]


def test_a_hold_while_a_run_begins_reaches_it(session, short_sweep, slow_snapshot):
    asked, go_on = slow_snapshot
    session.submit(short_sweep)
    session.start()
    assert asked.wait(10)
    session.hold()
    go_on.set()
    time.sleep(0.3)
    assert session.is_running
    assert session.snapshot is None
    session.resume()
    assert session.wait(30)
    assert session.status.jobs[0].status is JobStatus.FINISHED


def test_an_error_while_starting_ends_the_run(session, short_sweep, station, monkeypatch, caplog):
    monkeypatch.setattr(station, "snapshot", lambda: {"odd": object()})
    session.submit(short_sweep)
    session.start()
    assert session.wait(10)
    assert session.status.jobs[0].status is JobStatus.FAILED
    assert session.status.state is State.FAILED
    assert list(session.data_folder.iterdir()) == []


@pytest.mark.parametrize("word", ["stop", "hold"])
def test_a_word_on_the_way_to_zero_keeps_the_magnet_and_the_queue_where_they_are(session, short_sweep, station, word):
    short_sweep.at_end = ZERO
    session.submit(short_sweep)
    session.submit(type(short_sweep)(field_list_T="0, 0.3", set_temperature=False))
    magnet = station.rig.magnet
    real = type(magnet).ramp_to

    def ramp_to(field_T, rate=None, *, interrupt=None, on_reading=None):
        if field_T == 0.0 and interrupt is not None and interrupt is not session._control.interrupt:
            getattr(session, word)()  # pressed while the shutdown goes to zero
        return real(magnet, field_T, rate, interrupt=interrupt, on_reading=on_reading)

    magnet.ramp_to = ramp_to
    session.start()
    assert session.wait(30)
    time.sleep(0.2)
    first, second = session.status.jobs
    assert first.status is JobStatus.ABORTED
    assert "where it is" in first.message
    assert second.status is JobStatus.QUEUED
    assert abs(magnet.field_T) > 0.05


def test_a_quench_seen_by_the_supervisor_alone_is_a_failure(session, short_sweep, station):
    session.submit(short_sweep)
    session.start()
    when(lambda: session.snapshot and session.snapshot.rows_total > 3)
    session._tripped(Quench("magnet: quench", instrument="magnet"))
    assert session.wait(10)
    job = session.status.jobs[0]
    assert job.status is JobStatus.FAILED
    assert "QUENCH" in job.message
    assert "QUENCH" in read(job.path).end["message"]
    session.hold()
    assert session.status.state is State.QUENCH


def test_a_hold_that_the_magnet_does_not_take_is_told(session, station):
    def silent():
        raise Timeout("magnet: no answer", instrument="magnet")

    station.rig.magnet.hold = silent
    session.hold()
    when(lambda: session.status.state is State.FAILED)
    assert "NOT taken" in session.status.sentence
    del station.rig.magnet.hold


def test_a_listener_that_fails_does_not_end_a_run(session, short_sweep):
    class Broken:
        def on_status(self, status):
            raise RuntimeError("wrapped C/C++ object has been deleted")

        on_readings = on_snapshot = on_status

    session.listen(Broken())
    assert run(session, short_sweep).status is JobStatus.FINISHED


def test_a_replay_of_a_file_with_a_jump_in_time_ends(session, short_sweep, tmp_path):
    job = run(session, short_sweep)
    loaded = load(job.path)
    loaded.columns["time_s"][20:] += 1e12
    second = Session(None, tmp_path, session.settings)
    second.replay_runs([loaded], 1e12)
    assert second.wait(20)
    assert second.snapshot.rows_total == 54
    second.close()


def test_the_supervisor_outlives_whatever_a_look_brings(session, station, monkeypatch):
    def odd():
        raise RuntimeError("odd")

    monkeypatch.setattr(session._supervisor, "look", odd)
    time.sleep(0.5)
    monkeypatch.undo()
    before = session.readings.time_s
    station.clock.advance(1.0)
    when(lambda: session.readings.time_s > before)


def test_the_sensitivity_is_chosen_before_a_sweep_where_that_is_asked_for(session, station):
    rig = station.rig
    rig.lockin_xx.sensitivity_V = 1.0
    rig.lockin_xy.sensitivity_V = 1.0
    sweep = FieldSweep(field_list_T="-0.1:0.1:9", set_temperature=False, field_rate_T_per_min=1.0, current_nA=150.0)
    sweep.auto_sensitivity = True
    job = run(session, sweep)
    assert job.status is JobStatus.FINISHED, job.message
    for lockin in rig.lockins:
        reading = lockin.read()
        assert max(abs(reading.x_V), abs(reading.y_V)) < lockin.sensitivity_V < 0.5
    assert all(int(row["flags"]) == 0 for row in load(job.path).rows())
