"""What becomes of the magnet when things go wrong beside it: a trip, a hold while nothing answers."""

import dataclasses
import threading
import time

import pytest

from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus, State
from analysis.live import Settings
from drivers.clock import SteppedClock
from drivers.simulated.twin import Fault
from procedures.field_sweep import FieldSweep
from tests.acquire.rigs import config_with
from tests.acquire.test_session import when


@pytest.fixture
def twin(station):
    return station.rack.twins["magnet"]


def orders(twin):
    return [said.text for said in list(twin.wire_log) if said.direction == "in" and not twin.asks(said.text)]


def test_a_trip_that_nobody_ramps_into_ends_the_run_as_failed_with_the_magnet_held(session, station, twin):
    """The run waits for a temperature that never settles: only the supervisor looks at the magnet."""
    session.submit(FieldSweep(temperature_K=30.0, temperature_dwell_s=36000, temperature_timeout_s=1e6))
    blocked = threading.Event()
    station.rig.thermometer.settle = lambda *_, interrupt, **__: not (blocked.set() or interrupt.wait(20))
    session.start()
    assert blocked.wait(10)
    twin.power_on()
    station.rig.magnet.power_cycled()  # as any question after the power would
    assert session.wait(10)
    job = session.status.jobs[-1]
    assert job.status is JobStatus.FAILED
    assert job.message.startswith("magnet: its power was off")
    assert "re-armed" in job.message
    assert session.status.state is State.FAILED
    assert "its power was off" in session.status.sentence
    assert orders(twin)[-1] == "PAUSE"


def test_a_trip_while_nothing_runs_is_shown(session, station, twin):
    twin.power_on()
    station.rig.magnet.power_cycled()
    when(lambda: session.status.state is State.FAILED)
    assert "re-armed" in session.status.sentence


@pytest.mark.parametrize("driver", ["ips120", "mercuryips"])
def test_a_run_waits_for_a_switch_that_is_warm_since_nobody_knows_when(config, tmp_path, driver):
    """Each `cusp run` opens the supply anew; it must not be refused for that."""
    chosen = config_with(config, driver)
    if driver == "mercuryips":
        entry = chosen.instruments["magnet"]
        entry = entry.model_copy(update={"settings": dataclasses.replace(entry.settings, switch_installed=True)})
        chosen = chosen.model_copy(update={"instruments": chosen.instruments | {"magnet": entry}})
    session = Session(Station(chosen, SteppedClock()), tmp_path, Settings(sample=config.sample))
    try:
        session.submit(FieldSweep(field_list_T="0:0.02:3", field_rate_T_per_min=1.0, set_temperature=False))
        session.start()
        assert session.wait(20)
        assert session.status.jobs[-1].status is JobStatus.FINISHED, session.status.jobs[-1].message
    finally:
        session.close()


def lose_and_find_again(station, twin):
    """Let the connection of the magnet be gone until the function that is returned is called."""
    library = station.rack.library
    address = next(address for address, there in library.twins.items() if there is twin)
    twin.faults.plan(Fault.DISCONNECT)
    del library.twins[address]
    return lambda: library.twins.update({address: twin})


def ramping_sweep():
    return FieldSweep(field_list_T="0, 1", shape="single", field_rate_T_per_min=0.1, set_temperature=False)


@pytest.mark.parametrize("word", ["hold", "stop"])
def test_a_hold_while_the_magnet_is_out_of_reach_reaches_it_afterwards(session, station, twin, word):
    magnet, coil = station.rig.magnet, station.rack.cryostat.coil
    find_again = None
    ramp_to, lost = magnet.ramp_to, threading.Event()

    def losing(field_T, *words, **more):
        nonlocal find_again
        if field_T == 1 and not lost.is_set():
            more["on_reading"] = lambda now_T: lose()
        return ramp_to(field_T, *words, **more)

    def lose():
        nonlocal find_again
        if not lost.is_set():
            find_again = lose_and_find_again(station, twin)
            lost.set()

    magnet.ramp_to = losing
    session.submit(ramping_sweep())
    session.start()
    assert lost.wait(10)
    time.sleep(0.1)
    getattr(session, word)()
    time.sleep(0.1)
    assert coil.ramping
    find_again()
    when(lambda: not coil.ramping)
    assert orders(twin)[-1] == "PAUSE"
    assert abs(coil.field_T) < 0.9
    session.stop()
    assert session.wait(10)


def test_a_connection_that_was_lost_while_nothing_ran_is_opened_again(session, short_sweep, station, twin):
    find_again = lose_and_find_again(station, twin)
    when(lambda: any("gone" in fault for fault in session.readings.faults))
    find_again()
    when(lambda: session.readings.field_T is not None and not session.readings.faults)
    session.submit(short_sweep)
    session.start()
    assert session.wait(30)
    assert session.status.jobs[-1].status is JobStatus.FINISHED, session.status.jobs[-1].message
