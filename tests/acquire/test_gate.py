"""A gate in the rig: reached at its rate before the first row, left there, and a leak ends the run."""

import math

import numpy as np
import pytest
from rich.console import Console

from acquire.config import ConfigError, parse
from acquire.journal import each_row
from acquire.report import table
from acquire.results import analyse_runs
from acquire.run import load
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus
from acquire.window.result import _lines
from analysis.live import LiveAnalysis, Settings, as_json
from analysis.row import COLUMNS, GATE, GATE_CURRENT
from drivers.clock import SteppedClock
from procedures.field_sweep import FieldSweep
from tests.acquire.conftest import ROOT

ENTRY = """  gate:
    driver: keithley2400
    address: GPIB0::24::INSTR
    voltage_max_V: 5.0
    ramp_rate_V_per_s: 0.5

sample:"""
TEXT = (ROOT / "config.yaml").read_text().replace("\nsample:", f"\n{ENTRY}")


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


def ungated():
    return FieldSweep(field_list_T="0:0.02:3", set_temperature=False, field_rate_T_per_min=1.0, current_nA=150.0)


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
    run(session, ungated())
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


def test_every_row_says_where_the_gate_stands_and_what_leaks(rig):
    station, session = rig
    station.rack.twins["gate"].gate.leak_ohm = 1e9
    path = run(session, gated(2.0)).path
    assert load(path).columns[GATE] == pytest.approx(np.full(10, 2.0))
    assert load(path).columns[GATE_CURRENT] == pytest.approx(np.full(10, 2e-9), rel=0.1)
    station.rig.gate.ramp_to(0.0)
    station.rig.gate.switch_off()
    off = load(run(session, ungated()).path)
    assert np.isnan(off.columns[GATE]).all()
    assert np.isnan(off.columns[GATE_CURRENT]).all()


def test_replayed_rows_and_results_are_those_of_the_run_to_the_last_bit(rig):
    _, session = rig
    seen, put = [], session.put
    session.put = lambda row: (seen.append(dict(row)), put(row))
    path = run(session, gated(1.25)).path
    live = as_json(session.snapshot.sweeps[0])
    assert live["gate_V"] == pytest.approx(1.25)
    assert repr(load(path).rows()) == repr(seen)  # nan is not nan
    assert all(tuple(row) == (*COLUMNS, GATE, GATE_CURRENT) for row in seen)
    session.clear()
    session.open_files([path])
    assert session.wait(30)
    assert as_json(session.snapshot.sweeps[0]) == live
    assert analyse_runs([load(path)], Settings()).as_json()[0]["gate_V"] == live["gate_V"]


def test_the_gate_is_shown_with_the_result(rig):
    _, session = rig
    run(session, gated(-1.5))
    assert _lines(session.snapshot.sweeps[0])[0][1] == "\N{MINUS SIGN}1.5 V"
    console = Console(record=True, width=120)
    console.print(table(session.snapshot))
    text = console.export_text()
    assert "gate (V)" in text
    assert "-1.5" in text


def test_a_rig_without_a_gate_writes_no_column_for_it(session, short_sweep):
    run(session, short_sweep)
    sweep = load(session.status.jobs[0].path)
    assert tuple(sweep.columns) == COLUMNS
    assert all(tuple(row) == COLUMNS for row in each_row(sweep.columns))
    assert as_json(session.snapshot.sweeps[0])["gate_V"] is None
    console = Console(record=True, width=120)
    console.print(table(session.snapshot))
    assert "gate" not in console.export_text()


def test_a_gate_that_moved_within_a_sweep_is_said():
    analysis = LiveAnalysis()
    for number in range(5):
        row = dict.fromkeys(COLUMNS, 1e-6 * (number + 1)) | {"sweep": 0, "branch": 0, "flags": 0}
        analysis.add({**row, GATE: math.nan if number == 0 else 0.5 * number})
    result = analysis.snapshot().sweeps[0]
    assert result.gate_V == pytest.approx(1.25)
    assert any("from 0.5 to 2 V" in remark.message for remark in result.remarks)


def test_a_gate_that_gives_a_current_is_refused():
    with pytest.raises(ConfigError, match="gate.function must be voltage"):
        parse(TEXT.replace("voltage_max_V: 5.0", "function: current"))


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
