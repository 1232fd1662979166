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
from drivers.roles import MagnetState
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
