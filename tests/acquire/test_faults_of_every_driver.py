"""What goes wrong on the wire of any instrument, of every driver in its role, while a run is under way."""

import numpy as np
import pytest

from acquire.config import load as load_config
from acquire.run import load
from acquire.status import JobStatus, State
from drivers.catalogue import DRIVERS
from drivers.clock import SteppedClock
from drivers.dsp_lock_in import DSPLockIn
from drivers.oxford_thermometer import OxfordThermometer
from drivers.simulated.twin import Fault
from drivers.srs_lock_in import SRSLockIn
from procedures.field_sweep import FieldSweep
from tests.acquire.conftest import ROOT
from tests.acquire.rigs import RUNNING, station_with
from tests.acquire.test_faults import after_rows, finished
from tests.drivers.magnets import hold_orders
from tests.drivers.rig import NAMES

POINTS, SPOILT_AFTER = 7, 4
SKIPS = [0, 1, 2, 3, 5, 7, 9]
IN_MULTIVU = ("ppms_magnet", "ppms_temperature")
"""Whose power is that of a computer; when that is off the connection is gone."""


@pytest.fixture
def station(driver, monkeypatch):
    opened = station_with(load_config(ROOT / "config.yaml"), driver, SteppedClock(), monkeypatch)
    yield opened
    opened.close()


@pytest.fixture
def twin(station, driver):
    return station.rack.twins[NAMES[driver]]


@pytest.fixture
def sweep():
    return FieldSweep(
        field_list_T=f"-0.02:0.02:{POINTS}", field_rate_T_per_min=1.0, set_temperature=False, current_nA=150.0
    )  # fmt: skip


def faults_happened(twin):
    return [said.text for said in list(twin.wire_log) if said.direction == "fault"]


def one_spoilt_reply(session, sweep, twin, fault, skip):
    rows = after_rows(session, SPOILT_AFTER, lambda: twin.faults.plan(fault, skip=skip, seconds=1.0))
    job = finished(session, sweep)
    assert job.status is JobStatus.FINISHED, job.message
    fields_T = [row["field_set_T"] for row in rows]
    assert len(fields_T) == 2 * POINTS == len(list(load(job.path).rows()))
    assert np.allclose(fields_T, fields_T[::-1])
    assert faults_happened(twin) == [fault.value]


def a_power_cycle(session, sweep, station, driver, twin, skip):
    if issubclass(DRIVERS[driver], SRSLockIn | DSPLockIn):
        twin.power_on()  # so that only the power can be seen, not what it changes
    elif issubclass(DRIVERS[driver], OxfordThermometer):
        station.rig.thermometer.start_ramp(4.2)  # with the loop open already there is nothing to be seen
    cycled = []
    rows = after_rows(session, SPOILT_AFTER, lambda: twin.faults.plan(Fault.POWER_CYCLE, skip=skip))
    twin.listener = lambda said: cycled.append(len(rows)) if said.direction == "fault" else None
    job = finished(session, sweep)
    assert cycled
    assert job.status is JobStatus.FAILED
    assert job.message.startswith(f"{NAMES[driver]}: ")
    assert len(rows) == cycled[0]
    assert session.status.state is State.FAILED


def a_silence(session, sweep, station, driver, twin):
    def fall_silent():
        for skip in range(1000):
            twin.faults.plan(Fault.DROP, skip=skip)

    rows = after_rows(session, SPOILT_AFTER, fall_silent)
    job = finished(session, sweep)
    assert job.status is JobStatus.FAILED
    assert job.message.startswith(f"{NAMES[driver]}: ")
    assert len(rows) == SPOILT_AFTER
    assert not station.rack.cryostat.coil.ramping
    magnet = station.rack.twins["magnet"]
    orders = [s.text for s in list(magnet.wire_log) if s.direction == "in" and not magnet.asks(s.text)]
    holds = hold_orders(driver) if NAMES[driver] == "magnet" else ["PAUSE"]
    assert not holds or orders[-1] in holds  # a PPMS at rest is told nothing


@pytest.mark.parametrize("driver", RUNNING)
def test_a_lost_reply_and_a_closed_connection_are_survived(session, sweep, twin):
    rows = after_rows(session, SPOILT_AFTER, lambda: twin.faults.plan(Fault.DROP))
    after_rows(session, SPOILT_AFTER + 3, lambda: twin.faults.plan(Fault.DISCONNECT, skip=1))
    job = finished(session, sweep)
    assert job.status is JobStatus.FINISHED, job.message
    assert len(rows) == 2 * POINTS == len(list(load(job.path).rows()))
    assert faults_happened(twin) == [Fault.DROP.value, Fault.DISCONNECT.value]


@pytest.mark.parametrize("driver", [driver for driver in RUNNING if driver not in IN_MULTIVU])
def test_a_power_cycle_is_noticed_before_the_next_row_is_used(session, sweep, station, driver, twin):
    a_power_cycle(session, sweep, station, driver, twin, skip=5)


@pytest.mark.parametrize("driver", RUNNING)
def test_a_silence_ends_the_run_with_the_name_and_the_magnet_holds(session, sweep, station, driver, twin):
    a_silence(session, sweep, station, driver, twin)


@pytest.mark.long
@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.DELAY, Fault.DISCONNECT])
@pytest.mark.parametrize("driver", RUNNING)
def test_one_spoilt_reply_anywhere_is_survived(session, sweep, twin, fault, skip):
    one_spoilt_reply(session, sweep, twin, fault, skip)


@pytest.mark.long
@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("driver", [driver for driver in RUNNING if driver not in IN_MULTIVU])
def test_a_power_cycle_anywhere_is_noticed(session, sweep, station, driver, twin, skip):
    a_power_cycle(session, sweep, station, driver, twin, skip)
