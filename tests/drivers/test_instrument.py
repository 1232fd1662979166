"""The strict layer, on an SR830 and its twin."""

import math
import random
import threading

import numpy as np
import pytest

from drivers.clock import Clock, SteppedClock
from drivers.errors import DriverError, Garbled, LimitExceeded, Lost, Refused, Timeout
from drivers.reply import Fields, Number, Whole
from drivers.simulated.twin import Fault
from drivers.sr830 import SR830
from tests.drivers.rig import INSTRUMENTS, heard, make_rack, open_driver, orders

NO_NUMBERS = [math.nan, math.inf, -math.inf, "1", "", None, True, False, 1j, [1.0], np.array([1.0, 2.0]), np.nan, b"1"]


@pytest.fixture
def rack():
    return make_rack()


def test_a_missing_instrument_is_named_with_its_address(rack):
    with pytest.raises(Lost, match=r"lockin_xx: cannot open GPIB0::30::INSTR.*config\.yaml") as caught:
        SR830("GPIB0::30::INSTR", name="lockin_xx", settings=SR830.Settings(), clock=rack.clock,
              visa_library=rack.library)  # fmt: skip
    assert caught.value.instrument == "lockin_xx"


def test_a_wrong_address_is_named():
    with pytest.raises(Lost, match="cannot open nowhere"):
        SR830("nowhere", name="xx", settings=SR830.Settings(), clock=SteppedClock(), visa_library=make_rack().library)


def test_another_instrument_at_the_address_is_named(rack):
    with pytest.raises(Lost, match=r"is no SR830, it says 'LSCI,MODEL336.*config\.yaml"):
        SR830(
            INSTRUMENTS["thermometer"][1], name="lockin_xx", settings=SR830.Settings(), clock=rack.clock,
            visa_library=rack.library, read_termination="\r\n",
        )  # fmt: skip


def test_a_silent_instrument_is_a_timeout_at_opening(rack):
    rack.twins["lockin_xx"].faults.plan(Fault.DROP)
    with pytest.raises(Timeout, match=r"no reply to '\*IDN\?' within 2 s at GPIB0::8::INSTR"):
        open_driver(rack, "lockin_xx")


def test_the_time_out_passes_on_the_clock(rack, lockin):
    before = rack.clock.now()
    rack.twins["lockin_xx"].faults.plan(Fault.DROP)
    with pytest.raises(Timeout):
        lockin.frequency_Hz  # noqa: B018
    assert rack.clock.now() - before == pytest.approx(2)


def test_a_closed_driver_says_so(lockin):
    lockin.close()
    with pytest.raises(Lost, match="lockin_xx: the connection to GPIB0::8::INSTR is gone"):
        lockin.read()


def test_a_disconnected_one_says_so_and_can_be_opened_again(rack, lockin):
    rack.twins["lockin_xx"].faults.plan(Fault.DISCONNECT)
    for _ in range(2):
        with pytest.raises(Lost):
            lockin.read()
    assert open_driver(rack, "lockin_xx").frequency_Hz == 137


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.DROP, Timeout), (Fault.GARBLE, Garbled), (Fault.CUT, Garbled), (Fault.DELAY, Timeout)]
)
def test_after_a_fault_the_next_reply_is_not_the_old_one(rack, lockin, fault, error):
    for _ in range(20):
        rack.twins["lockin_xx"].faults.plan(fault, keep=2, seconds=2.5)
        with pytest.raises(error) as caught:
            lockin.frequency_Hz  # noqa: B018
        assert str(caught.value).startswith("lockin_xx: ")
        assert lockin.sensitivity_V == 500e-6
        assert lockin.phase_deg == 0


def test_a_late_reply_is_not_taken_for_the_next_one(rack):
    """A socket hands the late reply over first; asking who it is finds the way past it."""
    magnet = open_driver(rack, "magnet", timeout_s=1)
    rack.twins["magnet"].faults.plan(Fault.DELAY, seconds=1.5)
    with pytest.raises(Timeout):
        magnet.query("COIL?", Number())
    assert magnet.query("CURR:LIMIT?", Number()) == 100


def test_an_old_reply_that_comes_again_is_seen_or_harmless(rack, lockin):
    assert lockin.filter_stages == 2
    rack.twins["lockin_xx"].faults.plan(Fault.REPEAT, skip=1)
    assert lockin.phase_deg == 0
    with pytest.raises(Garbled):
        lockin.read()


def test_too_long_a_reply_is_refused(rack, lockin, monkeypatch):
    monkeypatch.setattr(rack.twins["lockin_xx"], "_answer", lambda command: "1" * 10_000)
    with pytest.raises(Garbled, match="4096 bytes"):
        lockin.frequency_Hz  # noqa: B018


@pytest.mark.parametrize(
    "reply", ["١٢٣", "1e999", "nan", "inf", "", " ", "1 2", "1,2", "0x10", "1_0", "1e", "1.", "+", "1\x00"]
)
def test_what_python_takes_for_a_number_is_not_one(rack, lockin, monkeypatch, reply):
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: reply.encode() + b"\n")
    with pytest.raises(Garbled, match="lockin_xx: the reply"):
        lockin.frequency_Hz  # noqa: B018


def test_the_number_of_fields_is_checked():
    with pytest.raises(ValueError, match="has 3 fields, not 2"):
        Fields(Number(), Number()).parse("1,2,3")
    assert Fields(Whole(0, 1), Number()).parse("1,2.5e-03") == (1, 2.5e-3)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    "quantity", ["oscillator_V", "frequency_Hz", "time_constant_s", "sensitivity_V", "filter_stages"]
)
def test_what_is_no_number_in_range_is_refused_before_the_wire(rack, lockin, quantity, value):
    before = heard(rack, "lockin_xx")
    with pytest.raises(LimitExceeded, match=f"lockin_xx: {quantity} = .*nothing was sent"):
        setattr(lockin, quantity, value)
    assert heard(rack, "lockin_xx") == before


def test_ten_thousand_oscillator_values_never_leave_the_limits(rack):
    lockin, random_ = open_driver(rack, "lockin_xx", oscillator_max_V=1.0), random.Random(3)
    for _ in range(10_000):
        value = random_.choice([random_.uniform(-3, 3), 10 ** random_.uniform(-6, 6), -0.0, math.nan, math.inf, "0.5"])
        try:
            lockin.oscillator_V = value
        except LimitExceeded:
            pass
        else:
            assert 0.004 <= value <= 1
    sent = [float(line.removeprefix("SLVL")) for line in orders(rack, "lockin_xx")]
    assert 100 < len(sent) < 10_000
    assert 0.004 <= min(sent) <= max(sent) <= 1


def test_a_setting_that_was_not_taken_raises(rack, lockin, monkeypatch):
    monkeypatch.setattr(rack.twins["lockin_xx"], "changed", lambda head, key: rack.twins["lockin_xx"].power_on())
    with pytest.raises(Refused, match=r"oscillator_V = 0\.5 was sent as 'SLVL0\.500'.*front panel"):
        lockin.oscillator_V = 0.5


def test_pymeasures_own_setters_cannot_write(rack, lockin):
    """They clip: 12 V would become 5 V without a word."""
    before = heard(rack, "lockin_xx")
    for write in (lambda: setattr(lockin, "sine_voltage", 12), lockin.auto_gain, lockin.reset, lockin.clear):
        with pytest.raises(Refused, match="was not sent"):
            write()
    assert heard(rack, "lockin_xx") == before


def test_pymeasures_own_getters_are_strict(rack, lockin):
    assert lockin.harmonic == 1
    assert lockin.input_config == "A"
    rack.twins["lockin_xx"].faults.plan(Fault.GARBLE)
    with pytest.raises(Garbled):
        lockin.theta  # noqa: B018


def test_two_threads_on_one_instrument_never_swap_replies():
    rack = make_rack(Clock())
    lockin = open_driver(rack, "lockin_xx")
    wrong: list[object] = []

    def ask(quantity, expected):
        wrong.extend(got for _ in range(2500) if (got := getattr(lockin, quantity)) != expected)

    threads = [
        threading.Thread(target=ask, args=pair)
        for pair in (("frequency_Hz", 137), ("time_constant_s", 0.1), ("sensitivity_V", 500e-6), ("filter_stages", 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_every_error_names_its_instrument():
    assert issubclass(LimitExceeded, ValueError)
    assert DriverError("who: what", instrument="who").instrument == "who"
