import pytest

from drivers.errors import Garbled, LimitExceeded, Refused
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders


@pytest.fixture
def rack():
    rack = make_rack(driver="keithley2182a", alone=True, noise_V_per_sqrtHz=0.0)
    rack.twins["voltmeter"].source = lambda: 1.234567e-5
    return rack


@pytest.fixture
def voltmeter(rack):
    return open_driver(rack, "voltmeter")


def test_a_voltage_is_read_and_asked_for_again(rack, voltmeter):
    assert voltmeter.voltage_V == 1.234567e-5
    assert heard(rack, "voltmeter")[-4:] == [":SENS:CHAN?", ":SENS:FUNC?", ":READ?", ":FETC?"]


def test_a_spoilt_reading_is_refused(rack, voltmeter):
    for fault in (Fault.CUT, Fault.GARBLE):
        rack.twins["voltmeter"].faults.plan(fault, skip=2, keep=6)
        with pytest.raises(Garbled):
            voltmeter.voltage_V  # noqa: B018
        assert voltmeter.voltage_V == 1.234567e-5


def test_the_range_is_one_of_those_that_there_are(rack, voltmeter):
    voltmeter.range_V = 0.01
    assert voltmeter.range_V == 0.01
    before = orders(rack, "voltmeter")
    for wrong in (0.02, 200.0, float("nan"), "0.1"):
        with pytest.raises(LimitExceeded):
            voltmeter.range_V = wrong
    assert orders(rack, "voltmeter") == before
    rack.twins["voltmeter"].source = lambda: 0.0121
    with pytest.raises(Refused, match="beyond its range"):
        voltmeter.voltage_V  # noqa: B018


@pytest.mark.parametrize(("line", "said"), [(":SENS:CHAN 2", "channel 2"), (":SENS:FUNC 'TEMP'", '"TEMP"')])
def test_what_is_not_the_voltage_of_channel_1_is_refused(rack, voltmeter, line, said):
    rack.twins["voltmeter"].feed(line)
    with pytest.raises(Refused, match=said):
        voltmeter.voltage_V  # noqa: B018


def test_the_noise_goes_with_the_root_of_the_integration():
    rack = make_rack(driver="keithley2182a", alone=True, noise_V_per_sqrtHz=1e-8)
    voltmeter = open_driver(rack, "voltmeter")
    scatter_V = []
    for cycles in (1.0, 25.0):
        voltmeter.line_cycles = cycles
        values = [voltmeter.voltage_V for _ in range(300)]
        scatter_V.append((sum(value**2 for value in values) / len(values)) ** 0.5)
    assert scatter_V[0] == pytest.approx(1e-8 / (2 * 0.02) ** 0.5, rel=0.15)
    assert scatter_V[0] / scatter_V[1] == pytest.approx(5.0, rel=0.2)
