import itertools

import pytest

from drivers.errors import DriverError, Garbled, LimitExceeded, Lost
from drivers.simulated.twin import Fault
from drivers.sr860 import SR860, SR865A
from tests.drivers.rig import heard, make_rack, open_driver, orders


@pytest.fixture
def rack():
    return make_rack(driver="sr860")


def test_the_dialogue_of_a_reading(rack, lockin):
    lockin.read()
    assert heard(rack, "lockin_xx")[-2:] == ["SNAP? 0,1,2", "LIAS?"]


def test_the_dialogue_of_a_setting(rack, lockin):
    lockin.oscillator_V = 0.25
    lockin.sensitivity_V = 1e-3
    lockin.time_constant_s = 0.3
    lockin.filter_stages = 4
    lockin.input_range_V = 0.3
    lockin.frequency_Hz = 137.25
    assert heard(rack, "lockin_xx")[-12:] == [
        "SLVL 2.50e-01", "SLVL?", "SCAL 9", "SCAL?", "OFLT 11", "OFLT?", "OFSL 3", "OFSL?", "IRNG 1", "IRNG?",
        "FREQ 1.37250e+02", "FREQ?",
    ]  # fmt: skip


def test_the_amplitude_is_rounded_to_three_digits_as_the_instrument_does(rack, lockin):
    lockin.oscillator_V = 0.12345
    assert lockin.oscillator_V == 0.123
    rack.twins["lockin_xx"].feed("SLVL 0.12345")
    assert lockin.oscillator_V == 0.123


@pytest.mark.parametrize(
    ("name", "value"), [("sensitivity_V", 3e-3), ("time_constant_s", 0.2), ("input_range_V", 0.5), ("filter_stages", 5)]
)
def test_what_there_is_not_is_refused(rack, lockin, name, value):
    with pytest.raises(LimitExceeded, match=f"{name}"):
        setattr(lockin, name, value)
    assert orders(rack, "lockin_xx") == []


@pytest.mark.parametrize(
    ("bits", "overload", "unlocked"),
    [(0, 0, 0), (1, 1, 0), (2, 1, 0), (16, 1, 0), (64, 1, 0), (8, 0, 1), (128, 0, 0), (0x7F84, 0, 0)],
)
def test_status_bits(rack, lockin, bits, overload, unlocked):
    rack.twins["lockin_xx"]._status = bits
    reading = lockin.read()
    assert (reading.overload, reading.unlocked) == (overload, unlocked)
    again = lockin.read()
    assert (again.overload, again.unlocked) == (False, False)


def test_what_is_overloaded_now_can_be_asked_without_clearing(rack, lockin):
    rack.twins["lockin_xx"].source = lambda: 0.9
    rack.clock.advance(10)
    assert lockin.overload_now == lockin.overload_now == 1 + 16
    assert lockin.read().overload


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.DELAY])
def test_one_bad_reply_costs_one_reading_only(rack, lockin, fault):
    rack.twins["lockin_xx"].faults.plan(fault, keep=5, seconds=3.0)
    with pytest.raises(DriverError, match="SNAP"):
        lockin.read()
    assert not lockin.read().status_lost


def test_a_reading_whose_length_does_not_fit_is_refused_before_the_status_is_cleared(rack, lockin, monkeypatch):
    replies = iter([b"1e-06,1e-06,1e-06\n"])
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: next(replies))
    with pytest.raises(Garbled, match="length of X and Y"):
        lockin.read()
    assert "LIAS?" not in heard(rack, "lockin_xx")


def test_an_sr865a_is_no_sr860_and_goes_further():
    rack = make_rack(driver="sr865a")
    with pytest.raises(Lost, match="no SR860"):
        SR860(
            rack.addresses["lockin_xx"], name="xx", settings=SR860.Settings(), clock=rack.clock,
            visa_library=rack.library,
        )  # fmt: skip
    high = open_driver(rack, "lockin_xx")
    assert type(high) is SR865A
    high.frequency_Hz = 2e6
    assert high.frequency_Hz == 2e6
    with pytest.raises(LimitExceeded):
        open_driver(make_rack(driver="sr860"), "lockin_xx").frequency_Hz = 2e6


def test_the_tables_go_in_steps_of_a_few():
    assert all(1.9 < one / other < 2.6 for one, other in itertools.pairwise(SR860.FULL_SCALES_V))
    assert (len(SR860.FULL_SCALES_V), len(SR860.TIME_CONSTANTS)) == (28, 22)


@pytest.mark.parametrize("volts", [0, -1, 2.1])
def test_settings_out_of_reason_are_refused(volts):
    with pytest.raises(ValueError, match="oscillator_max_V"):
        SR860.Settings(oscillator_max_V=volts)
