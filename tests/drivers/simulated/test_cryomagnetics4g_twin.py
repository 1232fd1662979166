import pytest
import pyvisa

from drivers.simulated.cryomagnetics4g import Cryomagnetics4GTwin
from drivers.simulated.cryostat import CryostatSettings
from tests.drivers.rig import make_rack


@pytest.fixture
def twin(clock, coil):
    return Cryomagnetics4GTwin(clock, coil)


def test_a_sweep_up_and_down(twin, clock, coil):
    assert twin.feed("SWEEP?;*STB?") == "Standby;2"
    twin.feed("RANGE 0 1;RATE 0 0.1;RATE 1 0.05;ULIM 2;SWEEP UP")
    assert twin.feed("SWEEP?;*STB?") == "sweep up;1"
    clock.advance(10)
    assert twin.feed("IMAG?;IOUT?") == "1.0000kG;1.0000kG"
    clock.advance(10)
    assert coil.current_A == pytest.approx(1.5)
    clock.advance(20)
    assert twin.feed("IMAG?;SWEEP?") == "2.0000kG;sweep up"  # it goes on sweeping at its limit
    twin.feed("SWEEP DOWN")
    clock.advance(5)
    twin.feed("SWEEP PAUSE")
    assert twin.feed("SWEEP?") == "sweep paused"
    clock.advance(50)
    assert coil.current_A == pytest.approx(1.75)
    twin.feed("SWEEP ZERO FAST")
    assert twin.feed("SWEEP?") == "zeroing"
    clock.advance(50)
    assert twin.feed("SWEEP?;IMAG?") == "Standby;0.0000kG"


def test_levels_are_said_in_the_units_that_are_set(twin, coil):
    twin.feed("UNITS G;ULIM 5")
    assert twin.feed("UNITS?;ULIM?") == "kG;5.0000kG"
    twin.feed("UNITS A;LLIM -1")
    assert twin.feed("UNITS?;ULIM?;LLIM?") == "A;5.0000A;-1.0000A"


def test_what_is_wrong_sets_a_bit_and_changes_nothing(twin):
    twin.feed("*CLS;ULIM 2")
    for wrong in ("ULIM 2000", "ULIM x", "LLIM 3", "RATE 0 0", "RATE 7 0.1", "RANGE 9 1", "SWEEP ASIDE", "UNITS F"):
        twin.feed(wrong)
        assert int(twin.feed("*ESR?")) & 48, wrong
    assert twin.feed("ULIM?;LLIM?") == "2.0000kG;0.0000kG"


def test_a_quench_stays_until_qreset(twin, clock, coil):
    twin.feed("ULIM 2;SWEEP UP")
    clock.advance(10)
    coil.quench()
    clock.advance(30)
    assert twin.feed("*STB?") == "4"
    twin.feed("SWEEP UP")
    clock.advance(30)
    assert coil.current_A == pytest.approx(0, abs=1e-6)
    twin.feed("QRESET")
    assert twin.feed("*STB?;SWEEP?") == "2;Standby"


def test_the_switch_heater(clock, coil):
    twin = Cryomagnetics4GTwin(clock, coil, switch=True)
    twin.feed("PSHTR ON")
    assert twin.feed("PSHTR?") == "1"
    clock.advance(20)
    twin.feed("RATE 0 0.1;ULIM 2;SWEEP UP")
    clock.advance(30)
    twin.feed("SWEEP PAUSE;PSHTR OFF")
    clock.advance(20)
    twin.feed("SWEEP ZERO")
    clock.advance(30)
    assert twin.feed("IMAG?;IOUT?") == "2.0000kG;0.0000kG"
    twin.power_on()
    assert twin.feed("IMAG?;PSHTR?;SWEEP?") == "2.0000kG;0;Standby"


def test_without_a_switch_there_is_nothing_to_heat(twin):
    twin.feed("*CLS;PSHTR ON")
    assert twin.feed("PSHTR?;*ESR?") == "0;16"


@pytest.mark.long
def test_qcodes_own_driver_can_talk_to_it(monkeypatch):
    qcodes = pytest.importorskip("qcodes.instrument_drivers.cryomagnetics")
    rack = make_rack(driver="cryomagnetics4g", alone=True, cryostat=CryostatSettings(trapped_flux_T=0.0))
    real = pyvisa.ResourceManager
    monkeypatch.setattr(pyvisa, "ResourceManager", lambda *_: real(rack.library))
    limits = {number: (20.0 * (number + 1), 0.1) for number in range(5)}
    magnet = qcodes.CryomagneticsModel4G("cusp_4g", rack.addresses["magnet"], limits, 0.1)
    try:
        assert magnet.units() == "kG"
        magnet.set_field(0.05, block=False)
        rack.clock.advance(10)
        assert magnet.field() == pytest.approx(0.5)  # in kG
        assert rack.cryostat.field_T == pytest.approx(0.05)
        magnet.zero_current()
        rack.clock.advance(10)
        assert rack.cryostat.field_T == 0
        assert magnet.magnet_operating_state().standby
    finally:
        magnet.close()
