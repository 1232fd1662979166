"""A gate in the rig: reached at its rate before the first row, left there, and a leak ends the run."""

import pytest

from acquire.config import ConfigError, parse
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus
from analysis.live import Settings
from drivers.clock import SteppedClock
from procedures.field_sweep import FieldSweep
from tests.acquire.conftest import ROOT

GATE = """  gate:
    driver: keithley2400
    address: GPIB0::24::INSTR
    voltage_max_V: 5.0
    ramp_rate_V_per_s: 0.5

sample:"""
TEXT = (ROOT / "config.yaml").read_text().replace("\nsample:", f"\n{GATE}")


@pytest.fixture
def rig(tmp_path):
    station = Station(parse(TEXT), SteppedClock())
    station.rig.gate.switch_on()
    session = Session(station, tmp_path, Settings())
    yield station, session
    session.close()
    station.close()


def gated(volts):
    sweep = FieldSweep(field_list_T="-0.02:0.02:5", set_temperature=False, field_rate_T_per_min=1.0, current_nA=150.0)
    sweep.set_gate, sweep.gate_V = True, volts
    return sweep


def run(session, sweep):
    session.submit(sweep)
    session.start()
    assert session.wait(30)
    return session.status.jobs[-1]


def test_the_gate_is_ramped_at_its_rate_and_left_there(rig):
    station, session = rig
    job = run(session, gated(2.0))
    assert job.status is JobStatus.FINISHED, job.message
    assert station.rig.gate.level == pytest.approx(2.0)
    levels = [float(said.text.rsplit(" ", 1)[1]) for said in station.rack.twins["gate"].wire_log
              if said.direction == "in" and ":SOUR:VOLT " in said.text.upper().replace("SOURCE", "SOUR")]  # fmt: skip
    assert max(abs(b - a) for a, b in zip([0.0, *levels], levels, strict=False)) <= 0.051
    run(session, FieldSweep(field_list_T="0:0.02:3", set_temperature=False, field_rate_T_per_min=1.0, current_nA=150.0))
    assert station.rig.gate.level == pytest.approx(2.0)


def test_a_gate_beyond_its_limit_is_refused_when_it_is_queued(rig):
    station, session = rig
    with pytest.raises(ValueError, match="level_V = 6"):
        session.submit(gated(6.0))


def test_a_leak_ends_the_run_before_a_row(rig):
    station, session = rig
    station.rack.twins["gate"].gate.leak_ohm = 1e6
    job = run(session, gated(2.0))
    assert job.status is JobStatus.FAILED
    assert "leak" in job.message
    assert session.snapshot is None or session.snapshot.rows_total == 0


def test_without_a_gate_it_is_said(session):
    with pytest.raises(ValueError, match="no gate in"):
        session.submit(gated(1.0))


def test_the_current_of_a_delta_rig_means_the_same_everywhere():
    text = (ROOT / "config.yaml").read_text()
    wrong = text.replace("driver: sr830\n    address: GPIB0::8::INSTR\n    oscillator_max_V: 1.0",
                         "driver: keithley6221\n    address: GPIB0::12::INSTR\n    equivalent_ohm: 1e5")  # fmt: skip
    assert wrong != text
    with pytest.raises(ConfigError, match="equivalent_ohm"):
        parse(wrong)
