import pytest
from pymeasure.instruments.oxfordinstruments import IPS120_10
from pymeasure.instruments.oxfordinstruments.base import OxfordVISAError

from drivers.clock import Clock
from drivers.simulated.cryostat import Cryostat, CryostatSettings
from drivers.simulated.ips120 import IPS120Twin
from drivers.simulated.library import SimulatedLibrary
from drivers.simulated.sample import Film
from drivers.simulated.server import Server


@pytest.fixture
def cryostat(still_cryostat):
    return still_cryostat


@pytest.fixture
def twin(clock, coil, cryostat):
    twin = IPS120Twin(clock, coil)
    twin.moment = cryostat.moment
    return twin


@pytest.fixture
def switched(twin):
    """With a cold switch, in remote, not clamped."""
    twin.install_switch()
    say(twin, "C3", "A0", "Q4", "T6", "J0.2")
    return twin


@pytest.fixture
def served():
    """QCoDeS sleeps by the wall, so this one's clock runs with it, fast."""
    clock = Clock(speed=100)
    cryostat = Cryostat(clock, Film(), CryostatSettings(trapped_flux_T=0.0))
    twin = IPS120Twin(clock, cryostat.coil)
    twin.moment = cryostat.moment
    twin.leave_warm()
    with Server({"magnet": twin}, clock) as server:
        yield twin, server.connections()[0]["resource"], clock


def say(twin, *lines):
    return [twin.feed(line) for line in lines]


def test_manners(twin):
    assert twin.feed("V").startswith("IPS120-10")
    assert twin.feed("X") == "X00A4C2H8M10P02"
    assert say(twin, "A0", "J1", "I1", "T1", "S1", "H1") == ["?A0", "?J1", "?I1", "?T1", "?S1", "?H1"]
    assert say(twin, "C3", "$J0.1", "R8", "J1.000000", "R8", "R5") == ["C", None, "R+0.100", "J", "R+1.000", "R+10.00"]
    assert twin.feed("Q4") is None
    assert say(twin, "J0.12345", "R8", "T0.1234", "R9") == ["J", "R+0.12345", "T", "R+0.12340"]
    assert say(twin, "@1R8", "@3R8", "@1$J0") == ["R+0.12345", None, None]
    assert say(twin, "R3", "R25", "A3", "B", "J", "Jx") == ["?R3", "?R25", "?A3", "?B", "?J", "?Jx"]


def test_polarity(twin, clock):
    say(twin, "C3", "A0", "T6", "J-0.1")
    assert twin.feed("X")[-3:] == "P42"
    say(twin, "A1")
    clock.advance(0.5)
    assert twin.feed("X")[-3:] == "P71"


def test_from_the_clamp_it_must_hold_first(twin):
    twin.feed("C3")
    assert say(twin, "A1", "A2", "A0", "A1") == ["?A1", "?A2", "A", "A"]


def test_ramps_voltage_and_limits(twin, clock, coil):
    say(twin, "C3", "A0", "T0.6", "J0.5", "A1")
    clock.advance(10)
    assert twin.feed("X") == "X00A1C3H8M11P02"
    assert say(twin, "R7", "R0", "R2", "R1") == ["R+0.100", "R+1.00", "R+1.00", "R+0.50"]
    twin.feed("A0")
    clock.advance(10)
    assert twin.feed("R7") == "R+0.100"
    twin.feed("A1")
    clock.advance(41)
    assert twin.feed("X") == "X00A1C3H8M10P02"
    assert twin.feed("A4") == "?A4"  # not at a current
    twin.feed("A2")
    clock.advance(51)
    assert twin.feed("X") == "X00A2C3H8M10P02"
    assert coil.current_A == 0
    assert say(twin, "J12.1", "T0", "J-12") == ["?J12.1", "?T0", "J"]


def test_the_switch(switched, clock, coil):
    assert switched.feed("X")[7:9] == "H0"
    say(switched, "H1")
    assert switched.feed("X")[7:9] == "H1"
    clock.advance(21)
    say(switched, "A1")
    clock.advance(3)
    assert coil.current_A == pytest.approx(2)
    say(switched, "H0")
    assert switched.feed("X")[7:9] == "H2"
    clock.advance(21)
    say(switched, "A2")
    clock.advance(3)
    assert say(switched, "R7", "R18", "R16") == ["R+0.00000", "R+0.20000", "R+2.0000"]
    assert switched.feed("H1") == "?H1"
    assert coil.current_A == pytest.approx(2)
    assert not coil.quenched
    say(switched, "A1")
    clock.advance(3)
    assert switched.feed("H1") == "H"
    clock.advance(21)
    assert not coil.quenched


def test_a_switch_forced_open_against_the_currents_quenches(switched, clock, coil):
    say(switched, "H1")
    clock.advance(21)
    say(switched, "A1")
    clock.advance(3)
    say(switched, "H0")
    clock.advance(21)
    say(switched, "A2")
    clock.advance(3)
    assert switched.feed("H2") == "H"
    assert coil.quenched
    assert switched.feed("X").startswith("X10A2C7")
    assert say(switched, "A1", "H1") == ["?A1", "?H1"]
    assert switched.feed("A0") == "A"
    assert switched.feed("X").startswith("X10A0C7")
    clock.advance(30)
    assert switched.feed("A4") == "A"
    assert switched.feed("X").startswith("X00A4C3")


def test_a_power_cycle_clamps_and_goes_local(twin, clock, coil):
    say(twin, "C3", "A0", "T0.6", "J0.5", "A1")
    clock.advance(10)
    twin.power_on()
    assert twin.feed("X").startswith("X00A4C2")
    assert twin.feed("R8") == "R+0.000"
    clock.advance(60)
    assert coil.current_A == pytest.approx(0, abs=1e-6)


class TestPyMeasure:
    @pytest.fixture
    def ips(self, twin, clock, monkeypatch):
        for name, does in (("sleep", clock.advance), ("time", clock.now)):
            monkeypatch.setattr(f"pymeasure.instruments.oxfordinstruments.ips120_10.{name}", does)
        return IPS120_10("GPIB0::25::INSTR", visa_library=SimulatedLibrary({"GPIB0::25::INSTR": twin}, clock))

    def test_every_readable_parameter(self, ips):
        assert ips.version.startswith("IPS120-10")
        assert (ips.control_mode, ips.activity, ips.sweep_status) == ("LU", "clamp", "at rest")
        assert (ips.current_measured, ips.demand_current, ips.demand_field, ips.persistent_field) == (0, 0, 0, 0)
        assert (ips.current_setpoint, ips.field_setpoint, ips.field) == (0, 0, 0)
        assert ips.sweep_rate == pytest.approx(0.3)
        assert ips.switch_heater_status == 8

    def test_a_ramp_to_field_and_back(self, ips, twin, coil, clock):
        twin.install_switch()
        ips.enable_control()
        assert ips.switch_heater_enabled
        clock.advance(25)  # enable_control does not wait for the switch; going on at once quenches the magnet
        ips.set_field(0.25, sweep_rate=0.5)
        assert coil.current_A == pytest.approx(2.5)
        assert not ips.switch_heater_enabled  # it left it persistent
        assert (ips.demand_field, ips.field) == (0, 0.25)
        ips.set_field(0)
        assert coil.current_A == pytest.approx(0, abs=1e-9)
        assert not coil.quenched

    def test_what_is_refused_is_said(self, ips):
        with pytest.raises(OxfordVISAError, match="did not understand"):
            ips.field_setpoint = 1
        ips.control_mode = "RU"
        with pytest.raises(OxfordVISAError, match="did not understand"):
            ips.activity = "to setpoint"

    def test_over_a_serial_wire(self, twin, clock):
        library = SimulatedLibrary({"ASRL3::INSTR": twin}, clock)
        assert IPS120_10("ASRL3::INSTR", visa_library=library, clear_buffer=False).version.startswith("IPS120-10")


@pytest.mark.long
def test_qcodes_contrib_reads_every_parameter_and_ramps_to_field(served):
    contrib = pytest.importorskip("qcodes_contrib_drivers.drivers.OxfordInstruments.IPS120")
    twin, resource, clock = served
    contrib.OxfordInstruments_IPS120._address = None  # it does not construct with this QCoDeS otherwise
    ips = contrib.OxfordInstruments_IPS120("ips", resource, visalib="@py", use_gpib=True, number=1)
    try:
        read = {name: parameter() for name, parameter in ips.parameters.items() if parameter.gettable}
        assert read["remote_status"] == "Remote and unlocked"
        assert read["switch_heater"].startswith("On")
        assert (read["system_status"], read["polarity"][-25:]) == ("Normal", "Positive contactor closed")
        assert read["current_limit_upper"] == 120
        ips.sweeprate_field(0.6)
        ips.field_setpoint(0.2)
        ips.activity(1)
        for _ in range(100):
            clock.sleep(10)
            if ips.mode2() == "At rest":
                break
        assert ips.field() == pytest.approx(0.2)
        assert ips.system_status() == "Normal"
    finally:
        ips.close()
