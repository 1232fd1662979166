"""The simulated VISA library, used by pyvisa and by PyMeasure's own drivers as any other."""

import threading
import time

import pytest
import pyvisa
from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.ami import AMI430
from pymeasure.instruments.lakeshore import LakeShore3xx
from pymeasure.instruments.srs import SR830
from pyvisa.constants import StatusCode

from drivers.clock import Clock
from drivers.simulated.twin import Fault
from tests.drivers.rig import INSTRUMENTS, make_rack, still

XX, MAGNET, THERMOMETER = (INSTRUMENTS[name][1] for name in ("lockin_xx", "magnet", "thermometer"))


@pytest.fixture
def rack():
    return make_rack(cryostat=still())


def manager(rack):
    return pyvisa.ResourceManager(rack.library)


def test_resources_are_listed(rack):
    assert set(manager(rack).list_resources("?*")) == {address for _, address in INSTRUMENTS.values()}
    assert set(manager(rack).list_resources()) == {"GPIB0::8::INSTR", "GPIB0::9::INSTR"}


def test_two_racks_are_two_libraries(rack):
    other = make_rack()
    manager(rack).open_resource(XX).write("SLVL 0.5")
    assert manager(other).open_resource(XX).query("SLVL?") == "0.004\n"


def test_short_and_long_address(rack):
    assert "SR830" in manager(rack).open_resource("GPIB::8").query("*IDN?")


def test_an_unknown_address(rack):
    with pytest.raises(pyvisa.VisaIOError) as caught:
        manager(rack).open_resource("GPIB0::20::INSTR")
    assert caught.value.error_code == StatusCode.error_resource_not_found


def test_the_banner_comes_on_a_socket_only(rack):
    magnet = manager(rack).open_resource(MAGNET, read_termination="\r\n")
    assert magnet.read() == "American Magnetics Model 430 IP Interface"
    assert magnet.read() == "Hello."
    assert "MODEL 430" in magnet.query("*IDN?")
    assert "MODEL336" in manager(rack).open_resource(THERMOMETER, read_termination="\r\n").query("*IDN?")


def test_a_read_without_a_reply_times_out_on_the_clock(rack):
    lockin = manager(rack).open_resource(XX, timeout=700)
    before, wall = rack.clock.now(), time.monotonic()
    with pytest.raises(pyvisa.VisaIOError) as caught:
        lockin.query("NONSENSE?")
    assert caught.value.error_code == StatusCode.error_timeout
    assert rack.clock.now() - before == pytest.approx(0.7)
    assert time.monotonic() - wall < 0.5


def test_a_late_reply_is_waited_for(rack):
    lockin = manager(rack).open_resource(XX, timeout=1000)
    rack.twins["lockin_xx"].faults.plan(Fault.DELAY, seconds=0.8)
    assert "SR830" in lockin.query("*IDN?")


def test_clear_throws_away_what_waits(rack):
    lockin = manager(rack).open_resource(XX)
    lockin.write("*IDN?")
    assert lockin.read_stb() == 16
    lockin.clear()
    assert lockin.read_stb() == 0
    assert lockin.query("SENS?") == "16\n"  # 500 uV


def test_pieces_of_a_reply(rack):
    lockin = manager(rack).open_resource(XX)
    lockin.write("*IDN?")
    assert lockin.read_bytes(8) == b"Stanford"
    assert lockin.read_raw().endswith(b"ver1.07\n")


def test_a_closed_connection_is_lost(rack):
    magnet = manager(rack).open_resource(MAGNET, read_termination="\r\n")
    rack.twins["magnet"].faults.plan(Fault.DISCONNECT)
    magnet.write("*IDN?")
    magnet.read(), magnet.read()
    for fail in (magnet.read, lambda: magnet.write("*IDN?")):
        with pytest.raises(pyvisa.VisaIOError) as caught:
            fail()
        assert caught.value.error_code == StatusCode.error_connection_lost


def test_many_threads_each_with_its_session():
    rack = make_rack(Clock())
    wrong = []

    def ask(address, termination, word):
        resource = manager(rack).open_resource(address, read_termination=termination)
        while word not in resource.query("*IDN?"):
            pass
        wrong.extend(reply for _ in range(500) if word not in (reply := resource.query("*IDN?")))

    threads = [
        threading.Thread(target=ask, args=args)
        for args in (
            (XX, "\n", "SR830"),
            (XX, "\n", "SR830"),
            (MAGNET, "\r\n", "MODEL 430"),
            (THERMOMETER, "\r\n", "MODEL336"),
        )  # fmt: skip
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_pymeasures_own_sr830(rack):
    lockin = SR830(VISAAdapter(XX, visa_library=rack.library))
    assert "SR830" in lockin.id
    lockin.sine_voltage = 0.5
    lockin.time_constant = 0.3
    lockin.sensitivity = 2e-3
    assert (lockin.sine_voltage, lockin.time_constant, lockin.sensitivity) == (0.5, 0.3, 2e-3)
    rack.clock.advance(10)
    x, y = lockin.xy
    assert x == pytest.approx(lockin.x, rel=0.01)
    assert lockin.magnitude == pytest.approx(abs(complex(x, y)), rel=0.01)
    assert lockin.lia_status == 0
    assert (lockin.input_config, lockin.reference_source) == ("A", "Internal")
    assert (lockin.aux_in_1, lockin.aux_out_1, lockin.harmonic) == (0, 0, 1)


def test_pymeasures_own_ami430(rack):
    magnet = AMI430(VISAAdapter(MAGNET, visa_library=rack.library, read_termination="\n"))
    magnet.target_field = 0.1
    magnet.ramp_rate_field = 0.5
    assert magnet.target_field == 0.1
    assert magnet.ramp_rate_field[0] == 0.5
    magnet.ramp()
    assert magnet.magnet_status == "RAMPING"
    rack.clock.advance(15)
    assert magnet.magnet_status == "HOLDING"
    assert magnet.field == pytest.approx(0.1)
    assert magnet.magnet_current == pytest.approx(1.0)
    assert magnet.check_errors() == []


def test_pymeasures_own_lakeshore(rack):
    controller = LakeShore3xx(VISAAdapter(THERMOMETER, visa_library=rack.library, read_termination="\r\n"))
    assert controller.input_A.kelvin == pytest.approx(4.2, abs=0.01)
    controller.output_1.range = "medium"
    controller.output_1.setpoint = 6
    rack.clock.advance(200)
    assert controller.input_A.kelvin == pytest.approx(6, abs=0.02)
    assert controller.output_1.range == "medium"
    assert controller.output_1.output > 0
