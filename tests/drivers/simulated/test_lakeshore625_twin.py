import pytest
import pyvisa

from drivers.simulated.lakeshore625 import LakeShore625Twin
from tests.drivers.rig import make_rack


@pytest.fixture
def twin(clock, coil):
    return LakeShore625Twin(clock, coil)


def test_a_ramp_sets_out_at_once_and_says_when_it_is_done(twin, clock, coil):
    assert twin.feed("OPST?") == "6"
    twin.feed("RATE 0.1;SETI 1.5")
    assert twin.feed("OPST?") == "4"
    clock.advance(5)
    assert twin.feed("RDGI?;RDGF?;SETI?;RDGV?") == "+0.5000;+5.0000E-02;+1.5000;+0.5000"
    twin.feed("STOP")
    clock.advance(5)
    assert twin.feed("RDGI?;OPST?") == "+0.5000;6"
    twin.feed("SETF 0.1")
    clock.advance(5)
    assert coil.current_A == 1.0


def test_fields_are_in_gauss_with_a_constant_in_kilogauss(twin, clock):
    twin.feed("FLDS 1,1.0;RATE 0.1;SETF 1000")
    clock.advance(20)
    assert twin.feed("RDGI?;RDGF?;SETF?") == "+1.0000;+1.0000E+03;+1.000E+03"


def test_segments_hold_while_they_are_switched_on(twin, clock, coil):
    twin.feed("RSEGS 1,1,0.1;RSEGS 2,2,0.05;RSEG 1;SETI 2")
    assert twin.feed("RSEGS? 1;RSEG?") == "+1.0000,+0.1000;1"
    clock.advance(20)
    assert coil.current_A == pytest.approx(1.5)
    twin.feed("RATE 1;RSEG 0")
    clock.advance(0.2)
    assert coil.current_A == pytest.approx(1.7)


def test_limits(twin, clock, coil):
    twin.feed("*CLS;LIMIT 2,5,0.05;RATE 1;SETI 3")
    assert twin.feed("*ESR?;SETI?") == "16;+0.0000"
    twin.feed("SETI 2")
    clock.advance(10)
    assert coil.current_A == pytest.approx(0.5)
    twin.feed("QNCH 1,0.01;SETI 0")
    assert twin.feed("*ESR?;SETI?") == "16;+2.0000"  # faster than what it takes for a quench


def test_a_quench_stays_until_it_is_cleared(twin, clock, coil):
    twin.feed("SETI 2")
    clock.advance(10)
    coil.quench()
    clock.advance(30)
    assert twin.feed("ERST?") == "0,32,0"
    twin.feed("SETI 1")
    clock.advance(30)
    assert coil.current_A == pytest.approx(0, abs=1e-6)
    twin.feed("ERCL")
    assert twin.feed("ERST?") == "0,0,0"
    twin.feed("SETI 1")
    clock.advance(30)
    assert coil.current_A == 1


def test_without_quench_detection_it_says_nothing(twin, clock, coil):
    twin.feed("QNCH 0,1")
    coil.quench()
    assert twin.feed("ERST?") == "0,0,0"


def test_the_heater_compares_the_current_with_that_at_which_the_switch_was_cooled(clock, coil):
    twin = LakeShore625Twin(clock, coil, switch=True)
    assert twin.feed("PSHS?;PSH?;PSHIS?") == "1,35,20;0;+0.0000"
    twin.feed("PSH 1")
    assert twin.feed("PSH?;OPST?") == "2;2"
    twin.feed("SETI 1")
    assert twin.feed("SETI?") == "+0.0000"  # not while it warms
    clock.advance(20)
    assert twin.feed("PSH?") == "1"
    twin.feed("SETI 1")
    clock.advance(30)
    twin.feed("PSH 0")
    assert twin.feed("PSH?;PSHIS?") == "3;+1.0000"
    clock.advance(20)
    twin.feed("SETI 0")
    clock.advance(30)
    twin.feed("*CLS;PSH 1")
    assert twin.feed("PSH?;*ESR?") == "0;16"
    assert coil.current_A == 1
    twin.feed("PSH 99")
    assert coil.quenched


@pytest.mark.long
def test_the_driver_of_qcodes_contributors_can_talk_to_it(monkeypatch):
    contrib = pytest.importorskip("qcodes_contrib_drivers.drivers.Lakeshore.Model_625")
    rack = make_rack(driver="lakeshore625", alone=True)
    real = pyvisa.ResourceManager
    monkeypatch.setattr(pyvisa, "ResourceManager", lambda *_: real(rack.library))
    magnet = contrib.Lakeshore625("cusp_625", 0.1, 0.6, rack.addresses["magnet"], terminator="\r\n")
    try:
        assert magnet.current_limit() == 60.1
        assert magnet.field_ramp_rate() == pytest.approx(0.6)
        assert magnet.persistent_switch_heater() == "disabled"
        magnet.set_field(0.05, block=False)
        assert magnet.ramping_state() == "ramping"
        rack.clock.advance(10)
        assert magnet.ramping_state() == "not ramping"
        assert magnet.field() == pytest.approx(0.05)
        rack.cryostat.coil.quench()
        assert magnet.oer_quench() == "quench detected"
    finally:
        magnet.close()
