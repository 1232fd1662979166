"""The 7265 and the 7270: the same words in two dialects."""

import pytest

from drivers.dsp7265 import DSP7265
from drivers.errors import DriverError, Garbled, LimitExceeded, Refused, Timeout
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders

END = {"dsp7265": b"\r\n", "dsp7270": b"\n\x00"}


@pytest.fixture(params=["dsp7265", "dsp7270"])
def rack(request):
    return make_rack(driver=request.param)


@pytest.fixture
def twin(rack):
    return rack.twins["lockin_xx"]


def test_the_dialogue_of_a_reading(rack, lockin):
    """X and Y in one transaction; alike twice, so that a third is not needed."""
    lockin.read()
    assert heard(rack, "lockin_xx")[-4:] == ["XY.", "XY.", "ST", "N"]


def test_the_dialogue_of_a_setting(rack, lockin):
    lockin.oscillator_V = 0.25
    lockin.sensitivity_V = 1e-3
    lockin.time_constant_s = 0.2
    lockin.filter_stages = 4
    lockin.frequency_Hz = 137.25
    time_constant = {"dsp7265": "TC 12", "dsp7270": "TC 13"}[lockin.driver_name]
    assert heard(rack, "lockin_xx")[-10:] == [
        "OA. 0.250000", "OA.", "SEN 18", "SEN", time_constant, "TC", "SLOPE 3", "SLOPE", "OF. 137.250", "FRQ.",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("sensitivity_V", 3e-3), ("time_constant_s", 0.3), ("oscillator_V", 5.1)])
def test_what_there_is_not_is_refused(rack, lockin, name, value):
    with pytest.raises(LimitExceeded, match=name):
        setattr(lockin, name, value)
    assert orders(rack, "lockin_xx") == []


def test_setters_of_pymeasure_are_refused(rack, lockin):
    """They clip; ours have the unit in the name."""
    with pytest.raises(Refused):
        lockin.voltage = 1.0
    assert orders(rack, "lockin_xx") == []
    assert lockin.voltage == lockin.oscillator_V


def test_a_current_input_is_refused_when_it_is_opened(rack, twin):
    twin.feed("IMODE 1")
    with pytest.raises(Refused, match="voltage mode"):
        open_driver(rack, "lockin_xx")


def test_overloads_and_a_lost_reference(rack, lockin, twin):
    settled_s = 10 * lockin.settling_time_s(1e-3)
    for volts, overload in ((1e-4, False), (7e-4, True), (3e-3, True), (1e-4, False), (2.0, True)):
        twin.source = lambda volts=volts: volts
        twin.step(rack.now())
        rack.clock.advance(settled_s)
        reading = lockin.read()  # full scale 0.5 mV
        assert (reading.overload, reading.unlocked, reading.status_lost) == (overload, False, False)
        assert reading.x_V == pytest.approx(min(volts, 1.5e-3), rel=1e-3)
    twin.feed("IE 2")
    twin.lock_to = None
    rack.clock.advance(1)
    assert lockin.read().unlocked


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.DELAY])
@pytest.mark.parametrize("skip", range(4))
def test_one_bad_reply_costs_one_reading_only(rack, lockin, twin, fault, skip):
    before = lockin.read()
    twin.faults.plan(fault, skip=skip, keep=1, seconds=3.0)
    with pytest.raises(DriverError, match="lockin_xx"):
        lockin.read()
    after = lockin.read()
    assert (after.overload, after.unlocked) == (before.overload, before.unlocked) == (False, False)


def test_a_reply_that_has_lost_a_byte_inside_is_outvoted(lockin, monkeypatch, rack):
    """-1.23E-04 without its minus, or 1.93E-04 for 1.23E-04, has the form of another number."""
    end = END[lockin.driver_name]
    for spoilt in (b"1.23E-04,4.5E-06", b"-1.93E-04,4.5E-06", b"-1.23E-03,4.5E-06"):
        whole = b"-1.23E-04,4.5E-06"
        for order in ([spoilt, whole, whole], [whole, spoilt, whole]):
            replies = iter([line + end for line in (*order, b"1", b"0")])
            monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, replies=replies, **__: next(replies))
            reading = lockin.read()
            assert (reading.x_V, reading.y_V) == (-1.23e-4, 4.5e-6)


def test_noise_alone_is_read_without_complaint():
    rack = make_rack(driver="dsp7265", noise_V_per_sqrtHz=1e-6)
    lockin = open_driver(rack, "lockin_xx")
    values = set()
    for _ in range(20):
        rack.clock.advance(1)
        values.add(lockin.read().x_V)
    assert len(values) == 20


@pytest.mark.parametrize(
    "reply", [b"1E-05,1.0E-05", b"1.0E-5,1.0E-05", b"12.0E-05,1.0E-05", b"1.0E-05", b"4.0E+00,0.0E+00"]
)
def test_what_has_not_the_form_of_two_voltages_is_refused(lockin, monkeypatch, reply):
    end = END[lockin.driver_name]
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: reply + end)
    with pytest.raises(Garbled):
        lockin.read()


def test_a_nul_after_each_number_is_no_part_of_it(monkeypatch):
    lockin = open_driver(make_rack(driver="dsp7265"), "lockin_xx")
    replies = iter([b"1.0E-05\x00,-2.0E-05\x00\r\n", b"1.0E-05,-2.0E-05\r\n", b"1\x00\r\n", b"0\r\n"])
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: next(replies))
    reading = lockin.read()
    assert (reading.x_V, reading.y_V, reading.overload) == (1e-5, -2e-5, False)
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: b"1.\x000E-05,1.0E-05\r\n")
    with pytest.raises(Garbled):
        lockin.read()


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.DELAY])
def test_a_7270_that_does_not_acknowledge_has_not_taken_it(fault):
    rack = make_rack(driver="dsp7270")
    lockin = open_driver(rack, "lockin_xx")
    rack.twins["lockin_xx"].faults.plan(fault, seconds=3.0)
    with pytest.raises(Timeout, match="SEN 20"):
        lockin.sensitivity_V = 5e-3
    lockin.sensitivity_V = 2e-3
    assert lockin.sensitivity_V == 2e-3


def test_a_late_reply_is_not_taken_for_an_acknowledgement():
    rack = make_rack(driver="dsp7270")
    lockin = open_driver(rack, "lockin_xx")
    lockin._write("SEN")
    with pytest.raises(Garbled, match="answer to something else"):
        lockin.sensitivity_V = 2e-3
    assert lockin.sensitivity_V == 2e-3
    assert lockin.time_constant_s == 0.1


@pytest.mark.parametrize("volts", [0, -1, 5.1])
def test_settings_out_of_reason_are_refused(volts):
    with pytest.raises(ValueError, match="oscillator_max_V"):
        DSP7265.Settings(oscillator_max_V=volts)
