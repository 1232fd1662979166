"""What happens on the wire while a run is under way, and what the run makes of it."""

import numpy as np
import pytest

from acquire.run import load
from acquire.status import JobStatus, State
from drivers.simulated.twin import Fault

INSTRUMENTS = ["lockin_xx", "lockin_xy", "magnet", "thermometer"]


def finished(session, procedure):
    session.submit(procedure)
    session.start()
    assert session.wait(30)
    return session.status.jobs[-1]


def after_rows(session, count, do):
    """Do something once when `count` rows have been stored."""
    put, seen = session.put, []

    def counting(row):
        put(row)
        seen.append(row)
        if len(seen) == count:
            do()

    session.put = counting
    return seen


@pytest.fixture
def twins(station):
    return station.rack.twins


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_closed_socket_is_opened_again_and_no_row_is_lost_or_doubled(session, short_sweep, twins, name, skip):
    rows = after_rows(session, 10, lambda: twins[name].faults.plan(Fault.DISCONNECT, skip=skip))
    job = finished(session, short_sweep)
    assert job.status is JobStatus.FINISHED, job.message
    assert len(rows) == len(list(load(job.path).rows())) == 54
    legs = [[r["field_set_T"] for r in rows if r["branch"] == branch] for branch in (0, 1)]
    assert all(np.all(np.diff(leg) * np.sign(leg[-1] - leg[0]) > 0) for leg in legs)
    assert "disconnect" in {said.text for said in twins[name].wire_log if said.direction == "fault"}


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("skip", [0, 1, 2, 5])
def test_a_power_cycle_is_noticed_before_the_next_row_is_used(session, short_sweep, twins, name, skip):
    if name == "lockin_xx":  # whose settings decide what a row means
        twins[name].power_on()
    rows = after_rows(session, 10, lambda: twins[name].faults.plan(Fault.POWER_CYCLE, skip=skip))
    cycled_after = []
    twins[name].listener = lambda said: cycled_after.append(len(rows)) if said.text == "power cycle" else None
    job = finished(session, short_sweep)
    assert job.status is JobStatus.FAILED
    assert job.message.startswith(f"{name}: ")
    assert "switched off and on" in job.message
    assert len(rows) == cycled_after[0]
    assert session.status.state is State.FAILED
    assert [said.text for said in twins["magnet"].wire_log if said.direction == "in" and "?" not in said.text][-1] == (
        "PAUSE"
    )


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_an_instrument_that_stays_away_ends_the_run_with_its_name(
    session, short_sweep, station, twins, name, monkeypatch
):
    monkeypatch.setattr("procedures.measurement.RECONNECT_S", 0.3)

    def unplug():
        twins[name].faults.plan(Fault.DISCONNECT)
        del station.rack.library.twins[next(a for a, t in station.rack.library.twins.items() if t is twins[name])]

    after_rows(session, 10, unplug)
    job = finished(session, short_sweep)
    assert job.status is JobStatus.FAILED
    assert job.message.startswith(f"{name}: ")


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_one_spoilt_reply_is_survived(session, short_sweep, twins, name, fault):
    rows = after_rows(session, 10, lambda: twins[name].faults.plan(fault))
    job = finished(session, short_sweep)
    assert job.status is JobStatus.FINISHED, job.message
    assert len(rows) == 54
