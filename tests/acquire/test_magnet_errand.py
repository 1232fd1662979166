"""What a person may ask of the magnet beside a run."""

import pytest

from acquire.__main__ import main
from acquire.config import parse
from acquire.magnet_errand import ENTER, LEAVE, REARM
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus, State
from analysis.live import Settings
from drivers.clock import SteppedClock
from drivers.persistent_switch import SwitchState
from drivers.roles import MagnetState
from tests.acquire.conftest import ROOT
from tests.acquire.test_session import when

TEXT = (ROOT / "config.yaml").read_text()


def sent(station):
    return [
        said.text for said in station.rack.twins["magnet"].wire_log if said.direction == "in" and "?" not in said.text
    ]


@pytest.fixture
def switched(tmp_path):
    """A session on a magnet with a persistent switch, cold."""
    station = Station(parse(TEXT), SteppedClock(), open_now=False)
    twin = station.rack.twins["magnet"]
    twin.supply.install_switch(True)
    station._open_all()
    session = Session(station, tmp_path, Settings())
    yield session, station, twin
    session.close()
    station.close()


def do(session, word):
    session.do_errand(word)
    assert session.wait(30)


def test_the_persistent_mode_is_entered_and_left_only_when_asked(switched, short_sweep):
    session, station, twin = switched
    magnet = station.rig.magnet
    do(session, LEAVE)
    assert magnet.switch is SwitchState.WARM
    magnet.ramp_to(0.1, 1.0)
    do(session, ENTER)
    assert session.status.state is State.IDLE, session.status.sentence
    assert "persistent" in session.status.sentence
    assert magnet.switch is SwitchState.COLD
    assert magnet.magnet_field_T == pytest.approx(0.1, abs=1e-3)
    assert magnet.supply_field_T == pytest.approx(0, abs=1e-3)
    before = len(sent(station))
    session.submit(short_sweep)
    session.start()
    assert session.wait(30)
    assert session.status.jobs[-1].status is JobStatus.FAILED
    assert "switch" in session.status.jobs[-1].message
    assert not any(text.startswith(("PS", "RAMP")) for text in sent(station)[before:])
    do(session, LEAVE)
    assert magnet.switch is SwitchState.WARM
    assert magnet.supply_field_T == pytest.approx(0.1, abs=1e-3)


def test_a_stop_interrupts_and_says_where(switched):
    session, station, twin = switched
    do(session, LEAVE)
    station.rig.magnet.ramp_to(0.1, 1.0)
    session.do_errand(ENTER)
    session.stop()
    assert session.wait(30)
    assert "interrupted" in session.status.sentence or "persistent" in session.status.sentence


def test_after_a_quench_nothing_ramps_until_it_is_rearmed(session, station, short_sweep):
    magnet = station.rig.magnet
    magnet.ramp_to(0.1, 1.0)
    station.rack.cryostat.coil.quench()
    when(lambda: session.status.state is State.QUENCH)
    station.clock.advance(60)
    session.submit(short_sweep)
    session.start()
    assert session.wait(30)
    assert session.status.jobs[-1].status is JobStatus.FAILED
    do(session, REARM)
    assert "re-armed" in session.status.sentence
    assert magnet.state is not MagnetState.QUENCH
    session.submit(type(short_sweep)(field_list_T="-0.1:0.1:9", set_temperature=False, field_rate_T_per_min=1.0))
    session.start()
    assert session.wait(30)
    assert session.status.jobs[-1].status is JobStatus.FINISHED


def test_without_a_switch_it_is_refused(session):
    do(session, ENTER)
    assert session.status.state is State.FAILED
    assert "no persistent switch" in session.status.sentence


def test_nothing_is_done_while_something_runs(session, short_sweep):
    session.submit(short_sweep)
    session.start()
    with pytest.raises(ValueError, match="something runs"):
        session.do_errand(REARM)
    assert session.wait(30)


@pytest.mark.parametrize("word", ["state", "hold", "rearm"])
def test_the_command(word, capsys):
    assert main(["magnet", word, "--config", str(ROOT / "config.yaml")]) == 0
    assert "magnet: paused, 0 T" in capsys.readouterr().out
